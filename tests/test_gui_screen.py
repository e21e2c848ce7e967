"""The window on a real screen, played with real keys and a real mouse, JACK ports behind it."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

import pytest

from gui.choices import NOBODY, Character, Choices, Memory, written
from performer import ports
from performer.messages import Player
from performer.midi import NoteOff, NoteOn, parse
from performer.process import VIRTUAL
from performer.take import read_take
from tests.fakes import write_trial_model
from tests.jack_server import on_jack

START = "from performer.command_line import main; main(prog_name='antiphon')"
PATIENCE = 60.0  # seconds that anything may take on a busy machine
OPENING = 2.0  # seconds in which the instrument opens its ports, and nobody disturbs it
TRIES = 3
ANSWERS = "30s"  # so long that no answer is over before the test is
SEED = 1
MIDDLE_C = 23.5 / 52  # of the keyboard's width
WIDTH, HEIGHT, MARGIN = 1000, 700, 10
FIRST_TAKE = 120, 165  # where it stands in the list

pytestmark = [
    pytest.mark.real_time,
    pytest.mark.timeout(300),
    pytest.mark.skipif(find_spec("PySide6") is None, reason="PySide6 is not installed"),
    pytest.mark.skipif(
        not (shutil.which("Xvfb") and shutil.which("xdotool")),
        reason="Xvfb and xdotool are not installed (Debian: apt install xvfb xdotool)",
    ),
]


@dataclass
class Listener:
    """Who hears what leaves by the instrument's port."""

    heard: list[bytes] = field(default_factory=list)

    def hear(self, data: bytes, _at: float) -> None:
        self.heard.append(data)

    @property
    def struck(self) -> list[int]:
        meant = (parse(data) for data in self.heard)
        return [message.pitch for message in meant if isinstance(message, NoteOn)]

    @property
    def hanging(self) -> set[int]:
        down: set[int] = set()
        for message in map(parse, self.heard):
            if isinstance(message, NoteOn):
                down.add(message.pitch)
            elif isinstance(message, NoteOff):
                down.discard(message.pitch)
        return down


@contextmanager
def screen() -> Iterator[str]:
    """A display of its own, that answers; skips where none will after some tries."""
    for _ in range(TRIES):
        with one_screen() as display:
            env = {**os.environ, "DISPLAY": display}
            asked = subprocess.run(["xdotool", "getmouselocation"], env=env, capture_output=True)
            if asked.returncode == 0:
                yield display
                return
    pytest.skip("no Xvfb of ours answers")


@contextmanager
def one_screen() -> Iterator[str]:
    """A display of its own, as its server names it."""
    reading, writing = os.pipe()
    size = f"{WIDTH}x{HEIGHT}x24"
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(writing), "-screen", "0", size, "-nolisten", "tcp"],
        pass_fds=[writing],
        stderr=subprocess.DEVNULL,
    )
    os.close(writing)
    try:
        with os.fdopen(reading) as told:
            yield f":{told.readline().strip()}"
    finally:
        server.terminate()
        server.wait()


def until(is_so: Callable[[], bool], what: str) -> None:
    give_up_at = time.monotonic() + PATIENCE
    while not is_so():
        assert time.monotonic() < give_up_at, f"waited in vain: {what}"
        time.sleep(0.05)


@dataclass(frozen=True)
class Opened:
    """The program with its window, and a hand that moves the mouse and the keys of its screen."""

    env: dict[str, str]
    process: "subprocess.Popen[bytes]"

    def hand(self, *words: object) -> str:
        command = ["xdotool", *(str(word) for word in words)]
        return subprocess.run(command, env=self.env, capture_output=True, text=True).stdout

    def close(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(PATIENCE) == 0


@contextmanager
def opened(env: dict[str, str], takes: Path) -> Iterator[Opened]:
    """The program, its window where we want it, its ports most probably open."""
    command = [sys.executable, "-c", START, "window", "--takes", str(takes)]
    with subprocess.Popen(command, env=env) as process:
        shown = Opened(env, process)
        try:
            until(lambda: bool(shown.hand("search", "--name", "^Antiphon$")), "the window")
            until(takes.exists, "the engine")
            time.sleep(OPENING)
            [window, *_] = shown.hand("search", "--name", "^Antiphon$").split()
            shown.hand("windowsize", "--sync", window, WIDTH, HEIGHT)
            shown.hand("windowmove", "--sync", window, 0, 0)
            yield shown
        finally:
            process.kill()


@on_jack
def test_what_is_played_on_a_real_screen_is_heard_answered_kept_and_there_again(
    tmp_path: Path,
) -> None:
    model = write_trial_model(tmp_path / "trial.onnx")
    takes, settings = tmp_path / "takes", tmp_path / "antiphon" / "window.json"
    settings.parent.mkdir(exist_ok=True)
    character = Character(length=ANSWERS)
    choices = Choices(NOBODY, VIRTUAL, str(model), character, seed=SEED, seed_is_kept=True)
    settings.write_text(written(Memory(choices)))
    shutil.rmtree(takes, ignore_errors=True)
    with screen() as display:
        env = {**os.environ, "DISPLAY": display, "XDG_CONFIG_HOME": str(tmp_path)}
        env.pop("QT_QPA_PLATFORM", None)
        with opened(env, takes) as shown:
            until(lambda: any("Antiphon out" in p for p in ports.input_names()), "the port")
            listener = Listener()
            name = ports.match("Antiphon out", ports.input_names())
            with closing(ports.open_input(name, listener.hear)):
                keys = WIDTH - 2 * MARGIN
                shown.hand("mousemove", MARGIN + round(keys * MIDDLE_C), HEIGHT - 40, "click", 1)
                until(lambda: listener.struck == [60], "the key that was clicked")
                for key in ("d", "g", "h"):
                    shown.hand("keydown", key, "sleep", 0.1, "keyup", key)
                until(lambda: listener.struck[:4] == [60, 64, 67, 69], "the keys that were typed")
                until(lambda: len(listener.struck) >= 8, "the answer")
                shown.close()  # in the middle of the answer
                until(lambda: not listener.hanging, "the keys released")
        [path] = takes.glob("*.mid")
        take = read_take(path)
        assert [note.pitch for note in take.notes(Player.HUMAN)] == [60, 64, 67, 69]
        assert len(take.notes(Player.MODEL)) >= 4
        with opened(env, takes) as shown:
            shown.hand("mousemove", *FIRST_TAKE, "click", 1)
            shown.hand("key", "Delete")
            until(lambda: not path.exists(), "the take in the list")
            shown.close()
    assert (takes / ".deleted" / path.name).exists()
