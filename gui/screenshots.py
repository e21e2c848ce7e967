"""Pictures of the window, as it is: for the README, and to look at while one works on it.

usage: python -m gui.screenshots FOLDER

The rule kept here: what is seen is the real window, fed with a real take by a model of ours; only
the engine is one that tells what happened instead of doing it, so that no port or sound is needed.
"""

import os
import sys
import tempfile
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from time import sleep

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QApplication

from gui.choices import DAY, NIGHT, Memory
from gui.errands import (
    Errand,
    Listed,
    ModelsRead,
    PortsSeen,
    ReadModels,
    ReadTakes,
    TakesRead,
    Told,
)
from gui.evening import Evening
from gui.stagehand import listed, read_models
from gui.window import Window
from performer.bundled_prompt import bundled_prompt
from performer.continuation import continued
from performer.engine import Sent
from performer.improviser import Improviser
from performer.length import Like
from performer.messages import Hearing, Player, Send, State, Trouble, Turned
from performer.midi import NoteOn, parse
from performer.model import Model
from performer.process import News, Plan, Ready
from performer.process import Told as EngineEvent
from performer.shelf import find_model
from performer.take import Take, write_take
from performer.taste import Taste

SEED = 4
LOAD = 0.21  # of a machine that does nothing else
SETTLING = 0.05  # seconds that a layout is given
QUIET = "There is no sound device: plug one in, or play to a MIDI port instead."


class Staged:
    """An engine that tells what it is given to tell."""

    def __init__(self) -> None:
        """An engine that is ready."""
        self.to_tell: deque[News] = deque()

    def tell(self, event: EngineEvent) -> None:
        """Do nothing."""

    def news(self, pause: float) -> Iterator[News | None]:
        """What it was given."""
        while True:
            yield self.to_tell.popleft() if self.to_tell else None


class Prepared:
    """A stagehand who has everything ready."""

    def __init__(self, takes: tuple[Listed, ...], models: ModelsRead) -> None:
        """With these takes and models."""
        self._takes, self._models = takes, models
        self._told: list[Told] = [PortsSeen(("Digital Piano MIDI 1",), ("Digital Piano MIDI 1",))]

    def ask(self, errand: Errand) -> None:
        """Have it done at once."""
        match errand:
            case ReadModels():
                self._told.append(self._models)
            case ReadTakes():
                self._told.append(TakesRead(self._takes))

    def told(self) -> Iterator[Told]:
        """What was done."""
        told, self._told = self._told, []
        return iter(told)

    def leave(self) -> None:
        """Go home."""


@dataclass(frozen=True, slots=True)
class Shot:
    """One picture: its name and size, and how far the take has come by then."""

    name: str
    size: tuple[int, int] = (1240, 780)
    is_night: bool = False
    until: float = 0.0
    state: State = State.LISTENING
    tells: tuple[News, ...] = ()
    is_open: bool = False  # pitch, rhythm, dynamics apart
    is_mirrored: bool = False
    zoom: float = 1.0


SHOTS = (
    Shot("first-run"),
    Shot("answering", until=19.0, state=State.ANSWERING, zoom=0.35),
    Shot("answering-night", until=19.0, state=State.ANSWERING, is_night=True, zoom=0.35),
    Shot("listening", until=8.2),
    Shot("small", size=(900, 600), until=16.0, state=State.ANSWERING),
    Shot("controls-night", until=8.2, is_night=True, is_open=True),
    Shot("trouble", tells=(Trouble(QUIET),)),
    Shot("4k", size=(3840, 2160), until=19.0, state=State.ANSWERING),
    Shot("right-to-left", until=16.0, state=State.ANSWERING, is_mirrored=True),
)


def shoot(shot: Shot, take: Take, takes: tuple[Listed, ...], models: ModelsRead, to: Path) -> None:
    """Take one picture."""
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    mirrored = Qt.LayoutDirection.RightToLeft
    app.setLayoutDirection(mirrored if shot.is_mirrored else Qt.LayoutDirection.LeftToRight)
    time = [100.0]
    engine = Staged()
    look = NIGHT if shot.is_night else DAY
    memory = Memory(takes=str(to), has_played=shot.until > 0, look=look)
    evening = Evening(memory, Prepared(takes, models), _beginner(engine), lambda: time[0])
    window = Window(evening, lambda _: None, lambda: LOAD)
    window.show()
    window.open()
    window.resize(QSize(*shot.size))
    window.controls.more.setChecked(shot.is_open)
    window.roll.zoom_by(shot.zoom)
    engine.to_tell.extend(shot.tells)
    engine.to_tell.append(Ready("model2", ("Digital Piano MIDI 1",), "the built-in piano"))
    window.tick()
    window.tick()
    engine.to_tell.extend(_news(take, shot))
    time[0] += shot.until
    window.tick()
    for _ in range(6):
        app.processEvents()
        sleep(SETTLING)
        window.tick()
    window.grab().save(str(to / f"{shot.name}.png"))
    window.stop()
    window.deleteLater()
    app.processEvents()


def _beginner(engine: Staged) -> Callable[[Plan], Staged]:
    return lambda plan: engine


def _news(take: Take, shot: Shot) -> Iterator[News]:
    if shot.until == 0:
        return
    yield Turned(shot.state)
    heard = 0
    for message in take.messages:
        if message.at < shot.until:
            is_mine = message.by is Player.HUMAN and isinstance(parse(message.data), NoteOn)
            heard += is_mine
            lateness = 0.0002 if message.by is Player.MODEL else 0.0
            yield Sent(Send(message.data, message.at, message.by), lateness)
    if shot.state is State.LISTENING:
        yield Hearing(heard, None)


def main(folder: str) -> None:
    """Take all pictures."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    to = Path(folder)
    to.mkdir(parents=True, exist_ok=True)
    app = QApplication.instance() or QApplication([])
    assert isinstance(app, QApplication)
    app.setStyle("Fusion")
    improviser = Improviser(Model.load(find_model("model2")))
    take = continued(bundled_prompt(), improviser, Taste(), SEED, Like()).from_zero()
    with tempfile.TemporaryDirectory() as shelf:
        names = ("Minuet, with an answer", "Tuesday, late", "2026-11-24 20-26-03")
        paths = [Path(shelf) / f"{name}.mid" for name in names]
        for path in paths:
            write_take(take, path)
        takes = tuple(replace(listed(path), maker="model2") for path in paths)
    for shot in SHOTS:
        shoot(shot, take, takes, read_models(), to)
        print(to / f"{shot.name}.png")


if __name__ == "__main__":
    main(*sys.argv[1:])
