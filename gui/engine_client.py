"""The engine, as the window sees it: events go in, what it tells comes out, and nobody waits.

The rules kept here: the engine is a process of its own, so however long the screen takes, no note
moves. What it tells is fetched when the window has time for it. Where the engine has to be begun
anew, for another model or port, what is played meanwhile is kept and handed to the next one.
"""

from collections.abc import Callable, Iterator
from time import perf_counter
from typing import Protocol

from gui.choices import Choices
from gui.state import Begun, News, Over
from performer.engine import Sent
from performer.length import parse_length
from performer.messages import (
    Answered,
    Event,
    Heard,
    Hearing,
    Player,
    Quit,
    Remark,
    Retune,
    Trouble,
    Turned,
)
from performer.midi import NoteOn, note_off, note_on, parse, sustain
from performer.phrase import Silence
from performer.process import Engine, Kept, Plan, Ready, Refused
from performer.process import News as EngineNews
from performer.session import Settings

ENDING = 6.0  # seconds that an engine is given to keep its take
VOLUME = 7  # controller
CONTROL, PROGRAM = 0xB0, 0xC0


class Plays(Protocol):
    """An engine that was begun."""

    def tell(self, event: Event) -> None:
        """Let something happen in it."""

    def news(self, pause: float) -> Iterator[EngineNews | None]:
        """All that it tells; None when it is silent for `pause`; ends with it."""


def settings(choices: Choices) -> Settings:
    """What the player has chosen, as the engine understands it."""
    character = choices.character
    silence = Silence.fixed(character.silence) if character.silence else Silence()
    return Settings(character.taste, silence, parse_length(character.length), choices.seed)


class EngineClient:
    """One engine after the other, one at a time."""

    def __init__(
        self,
        hear: Callable[[News], None],
        begin: Callable[[Plan], Plays] = Engine,
        clock: Callable[[], float] = perf_counter,
    ) -> None:
        """A client that gives all that engines tell to `hear`."""
        self._hear = hear
        self._begin = begin
        self._clock = clock
        self._engine: Plays | None = None
        self._news: Iterator[EngineNews | None] = iter(())
        self._origin: float | None = None  # the zero of the engine's clock, on ours
        self._kept: str | None = None
        self._refused: str | None = None
        self._next: Plan | None = None
        self._waiting: list[bytes] = []  # played while no engine was ready
        self.plan: Plan | None = None

    @property
    def is_running(self) -> bool:
        """True from the beginning of an engine until its last word."""
        return self._engine is not None

    @property
    def is_ready(self) -> bool:
        """True where what is played now sounds."""
        return self._origin is not None

    def now(self) -> float:
        """Seconds on the engine's clock."""
        return 0.0 if self._origin is None else self._clock() - self._origin

    def begin(self, plan: Plan) -> None:
        """Begin an engine; where one plays, it keeps its take first."""
        if self._engine is not None:
            self._next = plan
            self.tell(Quit())
            return
        self.plan, self._kept, self._refused, self._origin = plan, None, None, None
        self._engine = self._begin(plan)
        self._news = self._engine.news(0)

    def end(self) -> None:
        """Let the engine keep its take and go, and begin no other."""
        self._next = None
        self.tell(Quit())

    def tell(self, event: Event) -> None:
        """Let something happen in the engine, if there is one."""
        if self._engine is not None:
            self._engine.tell(event)

    def strike(self, pitch: int, velocity: int) -> None:
        """The player strikes a key on the screen."""
        self.play(note_on(0, pitch, velocity))

    def release(self, pitch: int) -> None:
        """The player releases a key on the screen."""
        self.play(note_off(0, pitch))

    def press_pedal(self, is_down: bool) -> None:
        """The player moves the pedal on the screen."""
        self.play(sustain(0, 127 if is_down else 0))

    def choose_instrument(self, program: int) -> None:
        """Another sound on the output."""
        self.play(bytes([PROGRAM, program]))

    def set_volume(self, volume: int) -> None:
        """Louder or softer on the output."""
        self.play(bytes([CONTROL, VOLUME, volume]))

    def retune(self, to: Settings) -> None:
        """Hold the conversation otherwise from now on; what is not yet played, too."""
        self.tell(Retune(to.taste, to.silence, to.length, to.seed))

    def play(self, data: bytes) -> None:
        """A message as from a keyboard, at this very moment."""
        if self.is_ready:
            self.tell(Heard(data, self.now()))
        else:
            self._waiting.append(data)

    def fetch(self) -> None:
        """Hand over all that was told by now; returns at once."""
        for told in self._news:
            if told is None:
                return
            self._set_clock(told)
            self._pass_on(told)
        self._over()

    def end_and_wait(self) -> None:
        """Let the engine keep its take, and return when it has; only to be called at the end."""
        self.end()
        until = self._clock() + ENDING
        if self._engine is None:
            return
        for told in self._engine.news(0.05):
            if told is not None:
                self._pass_on(told)
            elif self._clock() > until:
                break
        self._over()

    def _pass_on(self, told: EngineNews) -> None:
        match told:
            case Ready(model, inputs, output, priority):
                self._hear(Begun(model, inputs, output, priority))
                waiting, self._waiting = self._waiting, []
                for data in waiting:
                    self.play(data)
            case Refused(sentence):
                self._refused = sentence
            case Kept(take):
                self._kept = str(take)
            case Sent() | Turned() | Hearing() | Answered() | Trouble() | Remark():
                self._hear(told)

    def _set_clock(self, told: EngineNews) -> None:
        """What is told comes a little after it happened: the earliest zero is the truest."""
        match told:
            case Ready():
                self._origin = self._clock()
            case Sent(message, lateness) if self._origin is not None:
                self._origin = min(self._origin, self._clock() - message.due - lateness)

    def _over(self) -> None:
        if self._engine is None:
            return
        self._engine, self._news, self._origin = None, iter(()), None
        self._hear(Over(self._kept, self._refused))
        if self._next is not None:
            plan, self._next = self._next, None
            self.begin(plan)


def is_answer(news: News) -> bool:
    """Whether a note of the model's was struck."""
    match news:
        case Sent(message):
            is_note = isinstance(parse(message.data), NoteOn)
            return is_note and message.by is Player.MODEL
        case _:
            return False
