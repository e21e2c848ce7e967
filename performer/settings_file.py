"""The settings file: what the player's pedals and keys do, as text that can be read and edited.

The rule kept here: a file that is wrong is refused with one sentence that names the file, the line
and the remedy; it is never guessed at, and never written over by itself. What is written leaves
comments, order and all else in the file as the player left them, which is why tomlkit writes it;
reading needs no more than Python's own tomllib.
"""

import re
import tomllib
from pathlib import Path
from typing import Any

import platformdirs

from performer.bindings import Action, Bindings, Control, parse_control
from performer.refusal import Refusal

TABLE = "hands"
PASSED_ON = "passed-on"
LARGEST = 8_192  # bytes; at worst reading takes as long as the square of it
PREAMBLE = """\
# Antiphon's settings: what pedals, controllers and keys do but for music.
# A control is "controller 67" (any pedal, button or knob) or "key C8"; `antiphon bind` finds out.
# Set passed-on = true to hear bound controls as music, too.
"""


def settings_path() -> Path:
    """Where the settings are."""
    return platformdirs.user_config_path("antiphon", appauthor=False) / "settings.toml"


def read_bindings(path: Path) -> Bindings:
    """What the file says; nothing is bound where there is none. Raises Refusal."""
    try:
        text = _text(path)
    except FileNotFoundError:
        return Bindings()
    except (OSError, ValueError) as reason:
        why = reason.strerror if isinstance(reason, OSError) else reason
        raise Refusal(
            f"The settings in {path} cannot be read: {why}. Correct the file, or delete it."
        ) from None
    try:
        facts = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError, ValueError) as reason:
        raise Refusal(
            f"{path} is no TOML: {_said(reason)}. Correct it there, or delete it."
        ) from None
    try:
        return _bindings(facts)
    except _Wrong as wrong:
        where = _line_of(text, wrong.key)
        raise Refusal(f"{path}{where}: {wrong}. Correct it there, or delete the line.") from None


def write_bindings(path: Path, bindings: Bindings) -> None:
    """Put the bindings into the file, and leave all else as it is. Raises Refusal."""
    import tomlkit  # here, not above: only a hand that binds something waits for it
    import tomlkit.exceptions

    read_bindings(path)  # what is wrong is not written over
    try:
        document = tomlkit.parse(_text(path)) if path.exists() else tomlkit.parse(PREAMBLE)
        hands = document.setdefault(TABLE, tomlkit.table())
        for action in Action:
            control = bindings.control_of(action)
            if control is not None:
                hands[action.value] = str(control)
            elif action.value in hands:
                del hands[action.value]
        if bindings.is_passed_on or PASSED_ON in hands:
            hands[PASSED_ON] = bindings.is_passed_on
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(path.name + ".part")
        part.write_text(tomlkit.dumps(document), encoding="utf-8")
        part.replace(path)
    except OSError as reason:
        raise Refusal(f"The settings cannot be written to {path}: {reason.strerror}.") from None
    except tomlkit.exceptions.TOMLKitError as reason:
        raise Refusal(f"{path} cannot be written to: {reason}. Delete it.") from None


class _Wrong(Exception):
    """What is wrong with what a key says."""

    def __init__(self, key: str, what: str) -> None:
        super().__init__(what)
        self.key = key


def _text(path: Path) -> str:
    """The text. Raises OSError, ValueError."""
    with path.open("rb") as file:
        data = file.read(LARGEST + 1)
    if len(data) > LARGEST:
        raise ValueError("it is too large to be settings")
    try:
        return data.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError:
        raise ValueError("it is not text (UTF-8)") from None


def _bindings(facts: dict[str, Any]) -> Bindings:
    for table in facts:
        if table != TABLE:
            raise _Wrong(table, f'"{table}" is not known: there is only [{TABLE}]')
    hands = facts.get(TABLE, {})
    if not isinstance(hands, dict):
        raise _Wrong(TABLE, f"[{TABLE}] has to be a table")
    is_passed_on = hands.pop(PASSED_ON, False)
    if not isinstance(is_passed_on, bool):
        raise _Wrong(PASSED_ON, f"{PASSED_ON} is true or false")
    controls: dict[Control, Action] = {}
    for name, said in hands.items():
        action, control = _action(name), _control(name, said)
        if control in controls:
            other = controls[control].value
            raise _Wrong(name, f"{name} and {other} are both done by {control}")
        controls[control] = action
    return Bindings(controls, is_passed_on)


def _action(name: str) -> Action:
    try:
        return Action(name)
    except ValueError:
        known = ", ".join(action.value for action in Action)
        raise _Wrong(name, f'"{name}" is not known: there is {known} and {PASSED_ON}') from None


def _control(name: str, said: object) -> Control:
    if not isinstance(said, str):
        raise _Wrong(name, f'{name} is a control in quotation marks, such as "controller 67"')
    try:
        return parse_control(said)
    except ValueError as reason:
        raise _Wrong(name, f"{name} = {reason}") from None


def _said(reason: Exception) -> str:
    """What the reader says, as the end of a sentence."""
    if isinstance(reason, RecursionError):
        return "it is nested too deeply"
    said = re.sub(r"\s+", " ", str(reason)).strip().rstrip(".")
    return said[:1].lower() + said[1:200]


def _line_of(text: str, key: str) -> str:
    """Where a key stands, if it stands in a line of its own."""
    bare = re.compile(rf"\s*\[?\s*[\"']?{re.escape(key)}\b")
    for number, line in enumerate(text.splitlines(), 1):
        if bare.match(line):
            return f", line {number}"
    return ""
