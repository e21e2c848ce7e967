"""The conversation: who listens, who plays, and when the turn passes.

The rules kept here: it decides and never acts. An event and the time go in, effects come out; it
reads no clock, starts no thread, opens no file and rolls no die. What was asked for in an earlier
turn is ignored when it comes. Every key struck, by either player, is released exactly once. What it
sent itself and hears at once through a loop of cables was not played.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from performer.length import Length, Like, Limit
from performer.messages import (
    Again,
    Answered,
    Change,
    Composed,
    ComposingFailed,
    Effect,
    Event,
    GoOn,
    HandOver,
    Heard,
    Hearing,
    LastPhrase,
    Overhear,
    Panic,
    Player,
    Quit,
    Retune,
    Send,
    Slept,
    State,
    Stop,
    TakeUp,
    Trouble,
    Turned,
    Unplugged,
)
from performer.midi import (
    AllNotesOff,
    Message,
    NoteOff,
    NoteOn,
    Sustain,
    note_off,
    note_on,
    parse,
    sustain,
)
from performer.notes import Phrase, Span, on_grid
from performer.phrase import Ear, Silence
from performer.schedule import Lift, Schedule, Strike, Stroke, Tread
from performer.taste import Taste
from performer.thought import Thought

OVERHEARD = 16  # notes after which the model is let listen on
CHANNELS = range(16)
ALL_SOUND_OFF, ALL_NOTES_OFF = 120, 123  # controllers
SILENCE_ALL = tuple(
    data
    for channel in CHANNELS
    for data in (
        sustain(channel, 0),
        bytes([0xB0 | channel, ALL_NOTES_OFF, 0]),
        bytes([0xB0 | channel, ALL_SOUND_OFF, 0]),
    )
)
ECHO = 0.03  # seconds within which what is heard may be what was just sent
ECHOES = 256  # messages sent that may yet come back


@dataclass(frozen=True, slots=True)
class Settings:
    """How the conversation is held."""

    taste: Taste = Taste()
    silence: Silence = Silence()
    length: Length = Like()
    seed: int = 0
    lookahead: float = 0.5  # seconds: how far ahead of the present the answer is composed


@dataclass(frozen=True, slots=True)
class Heeded:
    """A phrase that is answered: itself, and when it was heard."""

    phrase: Phrase
    heard: Span


@dataclass(frozen=True, slots=True)
class Planned:
    """A note that was composed: when it is due, the thought after it, all that was planned then."""

    due: float
    after: Thought
    planned: int


@dataclass(slots=True)
class Answer:
    """The answer under way: what it answers, and how far it has come."""

    turn: int
    phrase: Phrase
    heard: Span
    taste: Taste  # with which it began
    seed: int
    limit: Limit
    channel: int
    began_at: float | None = None  # when its first note was due; None while it is thought of
    struck: int = 0
    composed_to: float = 0.0  # the onset of the last note composed
    thought: Thought | None = None  # from which to go on; None while a note is being composed
    played: Planned | None = None  # the last note that was due
    to_come: deque[Planned] = field(default_factory=deque)
    changes: list[Change] = field(default_factory=list)
    is_whole: bool = False  # the last note was composed
    left_to_player: set[int] = field(default_factory=set)  # pitches due while the player held them


class Session:
    """One conversation between a player and a model, on one clock."""

    def __init__(self, settings: Settings) -> None:
        """A conversation that waits for its first note."""
        self.settings = settings
        self._ear = Ear(settings.silence)
        self._schedule = Schedule()
        self._answer: Answer | None = None
        self._last: Heeded | None = None  # the phrase that was answered last
        self._turn = 0
        self._channel = 0  # the player's latest
        self._keys: dict[tuple[int, int], str] = {}  # (channel, pitch) held -> on which keyboard
        self._pedals: dict[int, str] = {}  # channel whose pedal is down -> on which keyboard
        self._sent: deque[tuple[float, bytes]] = deque(maxlen=ECHOES)  # when, what
        self._overheard = 0  # notes of the phrase that the model was let hear
        self._is_last = False  # nothing more will be played
        self._is_closed = False

    @property
    def state(self) -> State:
        """Whose turn it is."""
        if self._answer is None:
            return State.LISTENING
        return State.THINKING if self._answer.began_at is None else State.ANSWERING

    @property
    def is_over(self) -> bool:
        """True where nothing more will happen: closed, or the last phrase was answered."""
        is_idle = self._answer is None and not self._ear.has_phrase
        return self._is_closed or (self._is_last and is_idle)

    @property
    def dropped(self) -> int:
        """Notes of answers that were left out because they came too late."""
        return self._schedule.dropped

    @property
    def wake_at(self) -> float | None:
        """When something is due even if nothing happens; None if it waits for an event."""
        if self._answer is None:
            return self._ear.ends_at
        moments = (self._schedule.next_due, self._compose_at)
        return min((moment for moment in moments if moment is not None), default=None)

    def handle(self, event: Event, now: float) -> list[Effect]:
        """What is to be done because of an event."""
        effects = list(self._because_of(event, now))
        if self._answer is not None:  # a flood of events must not keep its notes waiting
            effects += self._because_of_time(now)
        self._remember(effects, now)
        return effects

    def wake(self, now: float) -> list[Effect]:
        """What is to be done because of the time."""
        effects = list(self._because_of_time(now))
        self._remember(effects, now)
        return effects

    def close(self, now: float) -> list[Effect]:
        """End the conversation: every key and pedal comes up."""
        self._is_closed = True
        return [*self._end_answer(now), *self._release_player(now)]

    def _because_of(self, event: Event, now: float) -> Iterator[Effect]:
        match event:
            case Heard(data):
                message = parse(data)
                if message is not None and not self._is_echo(message, event):
                    yield from self._hear(message, event, now)
            case Unplugged(source, at):
                yield from self._let_go(source, at, now)
            case Slept():
                yield from self._forget(now)
            case Composed(turn) if turn == self._turn and self._answer is not None:
                yield from self._plan(event, self._answer, now)
            case ComposingFailed(turn, reason) if turn == self._turn:
                yield Trouble(reason)
                yield from self._end_answer(now)
            case HandOver() if self._ear.has_phrase:
                yield from self._take_turn(now)
            case Stop():
                yield from self._end_answer(now)
            case Retune():
                yield from self._retune(event, now)
            case Again() if self._last is not None and not self._ear.has_phrase:
                yield from self._end_answer(now)
                yield from self._take_up(self._last)
            case Panic():
                yield from self._end_answer(now)
                yield from self._release_player(now)
                yield from (Send(data, now, Player.HUMAN) for data in SILENCE_ALL)
            case LastPhrase():
                self._is_last = True
            case Quit():
                yield from self.close(now)

    def _because_of_time(self, now: float) -> Iterator[Effect]:
        answer = self._answer
        if answer is None:
            if self._ear.ends_at is not None and self._ear.ends_at <= now:
                yield from self._take_turn(now)
            return
        yield from self._play(self._schedule.take_due(now), answer)
        while answer.to_come and answer.to_come[0].due <= now:
            answer.played = answer.to_come.popleft()
        if self._compose_at is not None and self._compose_at <= now:
            yield from self._ask(answer)
        if answer.is_whole and self._schedule.is_empty:
            yield from self._end_answer(now)

    # The player

    def _hear(self, message: Message, heard: Heard, now: float) -> Iterator[Effect]:
        if isinstance(message, NoteOn | AllNotesOff) and self._answer is not None:
            yield from self._end_answer(now)
        yield from self._thru(message, heard)
        self._ear.hear(message, heard.at)
        if isinstance(message, NoteOff):
            yield from self._overhear(heard.at)
        if not isinstance(message, Sustain) or self._ear.has_phrase:
            yield Hearing(self._ear.note_count, self._ear.ends_at)

    def _overhear(self, at: float) -> Iterator[Effect]:
        """Let the model listen while the player plays, a few notes at a time."""
        if self._ear.note_count >= self._overheard + OVERHEARD:
            self._overheard = self._ear.note_count
            yield Overhear(*self._ear.known(at))

    def _thru(self, message: Message, heard: Heard) -> Iterator[Effect]:
        at = heard.at
        match message:
            case NoteOn(channel, pitch):
                if (channel, pitch) in self._keys:
                    yield Send(note_off(channel, pitch), at, Player.HUMAN)
                self._keys[channel, pitch] = heard.source
                self._channel = channel
            case NoteOff(channel, pitch):
                if (channel, pitch) not in self._keys:
                    return  # released already
                del self._keys[channel, pitch]
            case Sustain(channel) if message.is_down:
                self._pedals[channel] = heard.source
            case Sustain(channel):
                self._pedals.pop(channel, None)
            case AllNotesOff(channel):
                yield from self._release_player(at, channel)
        yield Send(heard.data, at, Player.HUMAN)

    def _is_echo(self, message: Message, heard: Heard) -> bool:
        """True where it was sent a moment ago and comes back; a release does no harm twice."""
        if not heard.source or isinstance(message, NoteOff):
            return False
        for sent in self._sent:
            if sent[1] == heard.data and 0 <= heard.at - sent[0] <= ECHO:
                self._sent.remove(sent)
                return True
        return False

    def _remember(self, effects: Iterable[Effect], now: float) -> None:
        self._sent.extend((now, effect.data) for effect in effects if isinstance(effect, Send))

    def _let_go(self, source: str, at: float, now: float) -> Iterator[Effect]:
        """Release what is held on a keyboard that has gone, as its player would have."""
        keys = sorted(key for key, held_on in self._keys.items() if held_on == source)
        pedals = sorted(channel for channel, held_on in self._pedals.items() if held_on == source)
        releases = [*(note_off(*key) for key in keys), *(sustain(each, 0) for each in pedals)]
        for data in releases:
            message = parse(data)
            if message is not None:
                yield from self._hear(message, Heard(data, at, source), now)

    def _forget(self, now: float) -> Iterator[Effect]:
        """Begin a new turn, with every key and pedal up and nothing heard."""
        yield from self._end_answer(now)
        yield from self._release_player(now)
        self._ear, self._overheard = Ear(self.settings.silence), 0
        yield Turned(State.LISTENING)

    def _release_player(self, at: float, only: int | None = None) -> Iterator[Effect]:
        for channel, pitch in sorted(self._keys):
            if only in (None, channel):
                del self._keys[channel, pitch]
                yield Send(note_off(channel, pitch), at, Player.HUMAN)
        for channel in sorted(self._pedals):
            if only in (None, channel):
                del self._pedals[channel]
                yield Send(sustain(channel, 0), at, Player.HUMAN)

    # The answer

    def _take_turn(self, now: float) -> Iterator[Effect]:
        phrase = self._ear.take_phrase(now)
        self._overheard = 0
        yield from self._take_up(Heeded(phrase, Span(phrase.start, on_grid(now))))

    def _take_up(self, heeded: Heeded) -> Iterator[Effect]:
        self._turn += 1
        self._last = heeded
        settings, phrase, heard = self.settings, heeded.phrase, heeded.heard
        self._answer = Answer(
            self._turn,
            phrase,
            heard,
            settings.taste,
            settings.seed,
            settings.length.limit(phrase),
            self._channel,
        )
        yield Turned(State.THINKING)
        yield TakeUp(self._turn, phrase, settings.taste, settings.seed, heard.end)

    def _retune(self, to: Retune, now: float) -> Iterator[Effect]:
        """Hold the conversation otherwise; what is composed and not yet played is composed anew."""
        before = self.settings
        self.settings = replace(
            before, taste=to.taste, silence=to.silence, length=to.length, seed=to.seed
        )
        self._ear.silence = to.silence
        answer = self._answer
        if answer is None or to.taste == before.taste:
            return
        if answer.began_at is None or answer.played is None:
            yield from self._end_answer(now)
            yield from self._take_up(Heeded(answer.phrase, answer.heard))
            return
        self._turn += 1  # what is being composed is no longer wanted
        self._schedule.forget(answer.played.planned)
        answer.to_come.clear()
        earliest = on_grid(now - answer.began_at)
        answer.thought = answer.played.after.changed(to.taste, earliest)
        answer.changes.append(Change(answer.thought.index, to.taste, earliest))
        answer.composed_to = answer.began_at + answer.thought.onset
        answer.is_whole = False

    def _plan(self, composed: Composed, answer: Answer, now: float) -> Iterator[Effect]:
        index = composed.after.index - 1
        if not answer.limit.allows(composed.note, index):
            answer.is_whole = True
        else:
            if answer.began_at is None:
                answer.began_at = on_grid(now)
                yield Turned(State.ANSWERING)
            note = composed.note.shifted(answer.began_at)
            self._schedule.add(note)
            if composed.after.pedal is not None:
                self._schedule.add_pedal(composed.after.pedal, note.start)
            answer.to_come.append(Planned(note.start, composed.after, self._schedule.planned))
            answer.composed_to, answer.thought = note.start, composed.after

    @property
    def _compose_at(self) -> float | None:
        if self._answer is None or self._answer.thought is None or self._answer.is_whole:
            return None
        return self._answer.composed_to - self.settings.lookahead

    def _ask(self, answer: Answer) -> Iterator[Effect]:
        if answer.thought is not None:
            yield GoOn(self._turn, answer.thought)
            answer.thought = None

    def _play(self, strokes: list[Stroke], answer: Answer) -> Iterator[Effect]:
        for stroke in strokes:
            match stroke:
                case Strike(pitch, velocity, due):
                    answer.struck += 1
                    if (answer.channel, pitch) in self._keys:
                        answer.left_to_player.add(pitch)
                    else:
                        yield Send(note_on(answer.channel, pitch, velocity), due, Player.MODEL)
                case Tread(is_down, due):
                    if answer.channel not in self._pedals:  # there the player's own foot rules
                        pedal = sustain(answer.channel, 127 if is_down else 0)
                        yield Send(pedal, due, Player.MODEL)
                case Lift(pitch) if pitch in answer.left_to_player:
                    answer.left_to_player.remove(pitch)
                case Lift(pitch, due):
                    yield Send(note_off(answer.channel, pitch), due, Player.MODEL)

    def _end_answer(self, now: float) -> Iterator[Effect]:
        answer = self._answer
        if answer is None:
            return
        is_cut = not (answer.is_whole and self._schedule.is_empty)
        yield from self._play(self._schedule.release_all(now), answer)
        self._answer = None
        if answer.began_at is not None:
            yield Answered(
                answer.turn,
                answer.heard,
                answer.taste,
                answer.seed,
                answer.limit,
                answer.channel,
                answer.began_at,
                answer.struck,
                on_grid(now) if is_cut else None,
                answer.phrase.held,
                tuple(answer.changes),
            )
        self._turn += 1
        yield Turned(State.LISTENING)
