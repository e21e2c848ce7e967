"""The settings file: read or refused with one sentence, and written with what else is in it."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from hypothesis import given, settings
from hypothesis import strategies as st

from performer import command_line, ports, settings_file
from performer.bindings import Action, Bindings, Controller, Key
from performer.midi import note_on
from performer.ports import Hear
from performer.refusal import Refusal
from performer.settings_file import read_bindings, write_bindings

WHOLE = """\
# mine
[hands]
hand-over = "controller 66"  # the middle pedal
panic = 'key A0'
passed-on = true
"""
BOUND = Bindings({Controller(66): Action.HAND_OVER, Key(21): Action.PANIC}, is_passed_on=True)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "antiphon" / "settings.toml"


def written(path: Path, text: str | bytes) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def test_where_there_is_no_file_nothing_is_bound(path: Path) -> None:
    assert read_bindings(path) == Bindings()


def test_a_file_is_read(path: Path) -> None:
    assert read_bindings(written(path, WHOLE)) == BOUND
    assert (
        read_bindings(written(path, b"\xef\xbb\xbf" + WHOLE.replace("\n", "\r\n").encode()))
        == BOUND
    )
    assert read_bindings(written(path, "")) == Bindings()


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("hands = 3", r"line 1: \[hands\] has to be a table"),
        ("[hands]\nstop\n", "at line 2.*Correct it there"),
        ("\n[feet]\n", r'line 2: "feet" is not known: there is only \[hands\]'),
        (
            '[hands]\nhandover = "key C8"',
            'line 2: "handover" is not known: there is hand-over, stop',
        ),
        (
            '[hands]\n\nstop = "pedal 3"',
            "line 3: stop = 'pedal 3' is no control: write for example",
        ),
        ('[hands]\nstop = "key H8"', "line 2: stop = 'H8' is no key: say for example"),
        ("[hands]\nstop = 67", "line 2: stop is a control in quotation marks"),
        (
            '[hands]\nstop = "key 9"\npanic = "key 9"',
            "line 3: panic and stop are both done by key 9",
        ),
        ('[hands]\npassed-on = "yes"', "line 2: passed-on is true or false"),
        (b"\xff\xfe", r"not text \(UTF-8\). Correct the file, or delete it."),
        ("#" * 100_000, "too large to be settings"),
        ("a" + ".a" * 20_000 + " = 1", "too large to be settings"),
        ("a = " + "[" * 5000, "nested too deeply|TOML"),
    ],
)
def test_a_file_that_is_wrong_is_refused_with_its_name_the_place_and_the_remedy(
    path: Path, text: str | bytes, sentence: str
) -> None:
    with pytest.raises(Refusal, match=sentence) as refusal:
        read_bindings(written(path, text))
    assert str(path) in str(refusal.value)
    assert "\n" not in str(refusal.value)
    assert refusal.value.args[0].endswith(".")


def test_a_folder_in_its_place_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refusal, match="cannot be read: Is a directory"):
        read_bindings(tmp_path)


def is_read_or_refused(path: Path) -> bool:
    try:
        return isinstance(read_bindings(path), Bindings)
    except Refusal as refusal:
        return "\n" not in str(refusal)


@settings(max_examples=300)
@given(st.one_of(st.binary(max_size=200), st.text(max_size=200).map(str.encode)))
def test_whatever_is_in_it_it_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, data: bytes
) -> None:
    path = tmp_path_factory.mktemp("settings") / "settings.toml"
    path.write_bytes(data)
    assert is_read_or_refused(path)


@settings(max_examples=300)
@given(st.data())
def test_a_file_with_bytes_changed_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    mutated = bytearray(WHOLE.encode())
    for _ in range(data.draw(st.integers(1, 4))):
        mutated[data.draw(st.integers(0, len(mutated) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.mktemp("settings") / "settings.toml"
    path.write_bytes(mutated)
    assert is_read_or_refused(path)


def test_what_is_written_is_read_again(path: Path) -> None:
    write_bindings(path, BOUND)
    assert read_bindings(path) == BOUND
    assert path.read_text().startswith("# Antiphon's settings")


def test_writing_leaves_all_else_as_it_was(path: Path) -> None:
    written(path, WHOLE)
    write_bindings(path, read_bindings(path).bound(Action.STOP, Key(108)).without(Action.PANIC))
    text = path.read_text()
    assert text.startswith('# mine\n[hands]\nhand-over = "controller 66"  # the middle pedal\n')
    assert 'stop = "key C8"' in text
    assert "panic" not in text
    assert read_bindings(path).is_passed_on


def test_a_file_that_is_wrong_is_not_written_over(path: Path) -> None:
    written(path, "[hands]\nstop = 3")
    with pytest.raises(Refusal):
        write_bindings(path, BOUND)
    assert path.read_text() == "[hands]\nstop = 3"


def test_where_it_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Refusal, match=r"cannot be (written|read)"):
        write_bindings(tmp_path / "file" / "settings.toml", BOUND)


# The command


def bind(path: Path, *words: str, monkeypatch: pytest.MonkeyPatch) -> Result:
    monkeypatch.setattr(settings_file, "settings_path", lambda: path)
    return CliRunner().invoke(command_line.main, ["bind", *words])


def test_the_command_binds_says_and_removes(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert bind(path, "stop", "--to", "key c8", monkeypatch=monkeypatch).exit_code == 0
    assert "stop            key C8" in bind(path, monkeypatch=monkeypatch).stdout
    assert bind(path, "stop", "--remove", monkeypatch=monkeypatch).exit_code == 0
    assert "stop            -" in bind(path, monkeypatch=monkeypatch).stdout


@pytest.mark.parametrize("words", [["sing"], ["stop", "--to", "elbow"]])
def test_the_command_refuses_what_it_does_not_know(
    path: Path, words: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert bind(path, *words, monkeypatch=monkeypatch).exit_code == 2


class Touched:
    def close(self) -> None:
        pass


def test_the_command_learns_by_touching(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def open_input(name: str, hear: Hear) -> Touched:
        for data in (b"\xe0\x00\x40", b"\xb0\x43\x00", b"\xb0\x43\x7f", note_on(0, 21, 80)):
            hear(data, 0.0)
        return Touched()

    monkeypatch.setattr(ports, "input_names", lambda: ("Midi Through", "Piano"))
    monkeypatch.setattr(ports, "open_input", open_input)
    assert bind(path, "hand-over", monkeypatch=monkeypatch).exit_code == 0
    assert read_bindings(path).control_of(Action.HAND_OVER) == Controller(67)


def test_the_command_does_not_wait_for_ever(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command_line, "TOUCHING", 0.01)
    monkeypatch.setattr(ports, "input_names", lambda: ("Piano",))
    monkeypatch.setattr(ports, "open_input", lambda name, hear: Touched())
    assert "Nothing was touched" in bind(path, "stop", monkeypatch=monkeypatch).output
    monkeypatch.setattr(ports, "input_names", lambda: ())
    assert "no MIDI input" in bind(path, "stop", monkeypatch=monkeypatch).output
