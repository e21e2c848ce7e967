"""The engine, as the window sees it: events go in, what it tells comes out, and nobody waits.

The rules kept here: the engine is a process of its own, so however long the screen takes, no note
moves. What it tells is fetched when the window has time for it. What is played before an engine is
ready is kept, and played to it then.
"""

from collections.abc import Callable, Iterator
from time import perf_counter, time
from typing import Protocol

from gui.choices import Choices
from gui.state import Begun, News, Over, Plugged, Saved
from performer.engine import Sent
from performer.length import parse_length
from performer.messages import Heard, Mode, Player, Quit
from performer.midi import NoteOn, note_off, note_on, parse, sustain
from performer.phrase import Silence
from performer.process import Ended, Engine, Kept, Plan, PortsChanged, Ready, Refused
from performer.process import News as EngineNews
from performer.process import Told as EngineEvent
from performer.session import Settings
from performer.stage import SetUp

ENDING = 6.0  # seconds that an engine is given to keep its take
VOLUME, REVERB = 7, 91  # controllers
CONTROL, PROGRAM = 0xB0, 0xC0


class Plays(Protocol):
    """An engine that was begun."""

    def tell(self, event: EngineEvent) -> None:
        """Let something happen in it."""

    def news(self, pause: float) -> Iterator[EngineNews | None]:
        """All that it tells; None when it is silent for `pause`; ends with it."""


def settings(choices: Choices) -> Settings:
    """What the player has chosen, as the engine understands it."""
    character = choices.character
    silence = Silence.fixed(character.silence) if character.silence else Silence()
    return Settings(
        character.taste,
        silence,
        parse_length(character.length),
        choices.seed,
        mode=Mode(character.mode),
        is_thru=choices.is_thru,
        best_of=character.best_of,
        may_quote=choices.may_quote,
    )


class EngineClient:
    """One engine after the other, one at a time."""

    def __init__(
        self,
        hear: Callable[[News], None],
        begin: Callable[[Plan], Plays] = Engine,
        clock: Callable[[], float] = perf_counter,
        wall_clock: Callable[[], float] = time,
    ) -> None:
        """A client that gives all that engines tell to `hear`."""
        self._hear = hear
        self._begin = begin
        self._clock, self._wall_clock = clock, wall_clock
        self._engine: Plays | None = None
        self._news: Iterator[EngineNews | None] = iter(())
        self._origin: float | None = None  # the zero of the engine's clock, on ours
        self._refused: str | None = None
        self._next: Plan | None = None
        self._waiting: list[bytes | EngineEvent] = []  # what happened while no engine was ready

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
        self._refused = self._origin = None
        self._engine = self._begin(plan)
        self._news = self._engine.news(0)

    def end(self) -> None:
        """Let the engine keep its take and go, and begin no other."""
        self._next = None
        self.tell(Quit())

    def tell(self, event: EngineEvent) -> None:
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

    def tell_when_ready(self, event: EngineEvent) -> None:
        """Let something happen in the engine as soon as it plays."""
        if self.is_ready:
            self.tell(event)
        else:
            self._waiting.append(event)

    def choose_instrument(self, program: int) -> None:
        """Another sound on the output."""
        self.play(bytes([PROGRAM, program]))

    def set_volume(self, volume: int) -> None:
        """Louder or softer on the output."""
        self.play(bytes([CONTROL, VOLUME, volume]))

    def set_reverb(self, depth: int) -> None:
        """A larger or a smaller room, where the output has one."""
        self.play(bytes([CONTROL, REVERB, depth]))

    def retune(self, to: Settings) -> None:
        """Hold the conversation otherwise from now on; what is not yet played, too."""
        self.tell(to.as_retune)

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
            case Ready(model, inputs, output, priority, zero_at):
                self._origin = self._clock() - (self._wall_clock() - zero_at)
                self._hear(Begun(model, inputs, output, priority))
                waiting, self._waiting = self._waiting, []
                for each in waiting:
                    self.play(each) if isinstance(each, bytes) else self.tell(each)
            case PortsChanged(inputs, output):
                self._hear(Plugged(inputs, output))
            case Kept(take):
                self._hear(Saved(str(take)))
            case Refused(sentence):
                self._refused = sentence
            case SetUp() | Ended():
                pass  # for the engine's own side
            case _:
                self._hear(told)

    def _over(self) -> None:
        if self._engine is None:
            return
        self._engine, self._news, self._origin = None, iter(()), None
        self._hear(Over(self._refused))
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
