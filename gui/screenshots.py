"""Pictures of the window, as it is: for the README, and to look at while one works on it.

usage: python -m gui.screenshots FOLDER

The rule kept here: what is seen is the real window, fed with a real take by the flagship; only the
engine is one that tells what happened instead of doing it, so that no port or sound is needed. What
a screen of twice the pixels shows is taken in a process of its own, since Qt asks but once.
"""

import os
import re
import subprocess
import sys
import tempfile
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from time import sleep

from PySide6.QtCore import QSize, Qt, QTranslator
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QApplication, QDialog, QWidget

from gui.choices import DAY, NIGHT, Character, Choices, Memory
from gui.errands import (
    Check,
    Checked,
    Errand,
    Finding,
    Listed,
    ModelsRead,
    Opened,
    OpenTake,
    PortsSeen,
    ReadModels,
    ReadTakes,
    TakesRead,
    Told,
)
from gui.evening import Evening
from gui.german import GERMAN
from gui.stagehand import listed, read_models, scene_of
from gui.window import Window
from gui.words import CONTEXT, Translation
from performer.bundled_prompt import bundled_prompt
from performer.critic import best_continued, critic_of
from performer.engine import Late, Sent
from performer.improviser import Improviser
from performer.length import Like
from performer.messages import (
    Care,
    Hearing,
    Mode,
    Player,
    Send,
    State,
    ToCome,
    Trouble,
    Turned,
)
from performer.midi import NoteOn, parse
from performer.model import Model
from performer.notes import Phrase, Span
from performer.process import News, Plan, Ready
from performer.process import Told as EngineEvent
from performer.session import Settings
from performer.shelf import find_model
from performer.take import Take, write_take
from performer.taste import Taste

MODEL = "grand"
SEED = 4
BEGAN = 100.0  # on the clock
LATENESS, LOAD = 0.0002, 0.21  # seconds; of a machine that does nothing else
SETTLING = 0.05  # seconds that a layout is given
PIANO = "Digital Piano MIDI 1"
QUIET = "There is no sound device: plug one in, or play to a MIDI port instead."
DENSE = "QT_SCALE_FACTOR"  # Qt's variable: pixels of the screen to one of the window's
BAR, PEDALLED = 1.56, 1.3  # seconds of the minuet's bars, and how long the pedal is down in each
FINDINGS = (
    Finding("keys and notes", "12 rounds, the worst 0.4 ms late", "good", ""),
    Finding("a note of grand", "1.1 ms, the worst of 400 3.0 ms", "good", ""),
    Finding("sound", "the built-in piano, 11 ms behind", "good", ""),
    Finding(
        *("priority", "the system grants none", "playable"),
        "Join the group audio, and log in again.",
    ),
)
TAKES = (("Minuet, with an answer", 4.0), ("Tuesday, late", None), ("After supper", 5.0))


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


@dataclass(frozen=True, slots=True)
class Prompted:
    """What a stagehand has ready."""

    takes: tuple[Listed, ...]
    models: ModelsRead
    opened: Opened


class Prepared:
    """A stagehand who has everything ready."""

    def __init__(self, ready: Prompted) -> None:
        """With these takes and models."""
        self._ready = ready
        self._told: list[Told] = [PortsSeen((PIANO,), (PIANO,))]

    def ask(self, errand: Errand) -> None:
        """Have it done at once."""
        match errand:
            case ReadModels():
                self._told.append(self._ready.models)
            case ReadTakes():
                self._told.append(TakesRead(self._ready.takes))
            case OpenTake():
                self._told.append(self._ready.opened)
            case Check():
                self._told.append(Checked(FINDINGS))

    def told(self) -> Iterator[Told]:
        """What was done."""
        told, self._told = self._told, []
        return iter(told)

    def leave(self) -> None:
        """Go home."""


class Pseudo(QTranslator):
    """A language that nobody speaks, from right to left: each letter becomes a Hebrew one."""

    def translate(
        self, context: str, source: str, disambiguation: str | None = None, n: int = -1
    ) -> str | None:
        """The sentence in that language, its gaps left alone."""
        if context != CONTEXT:
            return None
        parts = re.split(r"({\w+})", source)
        return "".join(each if each.startswith("{") else _hebrew(each) for each in parts)

    def isEmpty(self) -> bool:  # noqa: N802
        """It translates everything."""
        return False


def _hebrew(text: str) -> str:
    alef = ord("\N{HEBREW LETTER ALEF}")
    return "".join(
        chr(alef + ord(letter.lower()) % 27) if letter.isalpha() else letter for letter in text
    )


@dataclass(frozen=True, slots=True)
class Shot:
    """One picture: its name and size, and how far the take has come by then."""

    name: str
    size: tuple[int, int] = (1280, 800)
    is_night: bool = False
    until: float = 0.0
    state: State = State.LISTENING
    tells: tuple[News, ...] = ()
    tells_then: tuple[News, ...] = ()  # after the take has come so far
    is_open: bool = False  # pitch, rhythm, dynamics apart
    is_take_open: bool = False
    speech: str = ""  # another than English
    mode: Mode = Mode.ANSWER
    zoom: float = 1.0
    letters: float = 1.0  # times the usual font
    opens: str = ""  # a panel, by the window's method
    is_dense: bool = False  # on a screen of twice the pixels


ANSWERING = Shot("answering", until=19.3, state=State.ANSWERING, zoom=0.45)
PSEUDO, GERMAN_SPOKEN = "pseudo", "german"
SMALL = (900, 600)
SHOTS = (
    Shot("first-run"),
    ANSWERING,
    replace(ANSWERING, name="answering-night", is_night=True),
    Shot("listening", until=8.2),
    Shot("counting-down", until=12.65, tells_then=(Hearing(47, 13.4),), zoom=0.6),
    replace(ANSWERING, name="small", size=SMALL),
    Shot("controls-night", until=8.2, is_night=True, is_open=True),
    Shot("trouble", tells=(Trouble(QUIET),)),
    Shot("takes", until=12.0, is_take_open=True),
    replace(ANSWERING, name="duet", mode=Mode.DUET),
    replace(ANSWERING, name="4k", size=(3840, 2160), zoom=1.6),
    replace(ANSWERING, name="4k-dense", size=(1920, 1080), zoom=0.8, is_dense=True),
    replace(ANSWERING, name="right-to-left", speech=PSEUDO),
    replace(ANSWERING, name="right-to-left-small", speech=PSEUDO, size=SMALL, is_open=True),
    replace(ANSWERING, name="german-small", speech=GERMAN_SPOKEN, size=SMALL, is_open=True),
    replace(ANSWERING, name="german", speech=GERMAN_SPOKEN),
    replace(ANSWERING, name="large-letters", letters=1.5, size=(1600, 1000)),
    replace(ANSWERING, name="large-letters-small", letters=1.5, size=SMALL),
    Shot("check", opens="_open_check", until=8.2),
    Shot("pedals-and-keys", opens="_open_bindings", until=8.2, is_night=True),
)


def shoot(shot: Shot, take: Take, ready: Prompted, to: Path) -> None:
    """Take one picture."""
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    with speaking(app, shot.speech), written(app, shot.letters):
        time, engine = [BEGAN], Staged()
        window = _window(shot, ready, engine, lambda: time[0], to)
        engine.to_tell.extend(shot.tells)
        engine.to_tell.append(Ready(MODEL, (PIANO,), "the built-in piano", "real-time", BEGAN))
        window.tick()
        window.tick()
        engine.to_tell.extend([*_news(take, shot), *shot.tells_then])
        time[0] += shot.until
        window.tick()
        if shot.is_take_open:
            window.takes.list.setCurrentRow(0)
            window.tick()
            window.marks.show_mark(4)
        _opened(window, shot).grab().save(str(to / f"{shot.name}.png"))
        window.stop()
        window.deleteLater()
        app.processEvents()


def _opened(window: Window, shot: Shot) -> QWidget:
    """What is to be seen: the window, or its panel, laid out and painted."""
    if shot.opens:
        getattr(window, shot.opens)()
    for _ in range(6):
        QApplication.processEvents()
        sleep(SETTLING)
        window.tick()
    return window.findChildren(QDialog)[-1] if shot.opens else window


@contextmanager
def speaking(app: QApplication, speech: str) -> Iterator[None]:
    """In German, or in the language that nobody speaks."""
    translators = {PSEUDO: Pseudo(), GERMAN_SPOKEN: Translation(GERMAN, app)}
    if speech in translators:
        app.installTranslator(translators[speech])
    if speech == PSEUDO:
        app.setLayoutDirection(Qt.LayoutDirection.RightToLeft)
    try:
        yield
    finally:
        for translator in translators.values():
            app.removeTranslator(translator)
            translator.setParent(None)
        app.setLayoutDirection(Qt.LayoutDirection.LeftToRight)


@contextmanager
def written(app: QApplication, letters: float) -> Iterator[None]:
    """In letters of another size."""
    usual, large = app.font(), QFont(app.font())
    large.setPointSizeF(usual.pointSizeF() * letters)
    app.setFont(large)
    try:
        yield
    finally:
        app.setFont(usual)


def _window(
    shot: Shot, ready: Prompted, engine: Staged, clock: Callable[[], float], to: Path
) -> Window:
    character = Character(mode=shot.mode.value)
    memory = Memory(
        Choices(character=character, seed=SEED, seed_is_kept=True),
        takes=str(to),
        has_played=shot.until > 0,
        look=NIGHT if shot.is_night else DAY,
    )

    def begin(_plan: Plan) -> Staged:
        return engine

    there = ready if shot.until else replace(ready, takes=())
    evening = Evening(memory, Prepared(there), begin, clock, clock, to / "settings.toml")
    window = Window(evening, lambda _: None, lambda: LOAD)
    window.show()
    window.open()
    window.resize(QSize(*shot.size))
    window.controls.more.setChecked(shot.is_open)
    window.roll.zoom_by(shot.zoom)
    return window


def _news(take: Take, shot: Shot) -> Iterator[News]:
    if shot.until == 0:
        return
    yield Turned(shot.state)
    heard = 0
    for message in take.messages:
        if message.at < shot.until:
            is_mine = message.by is Player.HUMAN and isinstance(parse(message.data), NoteOn)
            heard += is_mine
            yield Sent(Send(message.data, message.at, message.by), 0.0)
            if message.by is Player.MODEL:
                yield Late(LATENESS)
    yield from (each for answer in take.answers for each in answer.curve if each.at < shot.until)
    if shot.state is State.LISTENING:
        yield Hearing(heard, None)
        return
    ahead = shot.until + Settings().lookahead
    notes = (note for note in take.notes(Player.MODEL) if shot.until <= note.start < ahead)
    yield ToCome(tuple(notes))


def _ready(take: Take) -> Prompted:
    with tempfile.TemporaryDirectory() as shelf:
        takes = []
        for name, mark in TAKES:
            path = Path(shelf) / f"{name}.mid"
            write_take(take, path)
            takes.append(replace(listed(path), mark=mark))
    return Prompted(tuple(takes), read_models(), Opened(takes[0].path, scene_of(take)))


def main(folder: str) -> None:
    """Take all pictures."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    to = Path(folder)
    to.mkdir(parents=True, exist_ok=True)
    app = QApplication.instance() or QApplication([])
    assert isinstance(app, QApplication)
    app.setStyle("Fusion")
    improviser = Improviser(Model.load(find_model(MODEL)))
    critic, like = critic_of(improviser.model), Like()
    prompt = _pedalled(bundled_prompt())
    take, _ = best_continued(prompt, improviser, Taste(), SEED, like, critic, Care())
    take = take.from_zero()
    ready = _ready(take)
    is_dense = DENSE in os.environ
    for shot in SHOTS:
        if shot.is_dense == is_dense:
            shoot(shot, take, ready, to)
            print(to / f"{shot.name}.png", flush=True)
    if not is_dense:
        subprocess.run(
            [sys.executable, "-m", "gui.screenshots", folder],
            env={**os.environ, DENSE: "2"},
            check=True,
        )


def _pedalled(phrase: Phrase) -> Phrase:
    """The phrase as one plays it who has a pedal: down in every bar."""
    bars = range(round(phrase.seconds / BAR))
    return replace(phrase, pedal=tuple(Span(n * BAR, n * BAR + PEDALLED) for n in bars))


if __name__ == "__main__":
    main(*sys.argv[1:])
