"""The conversation: who listens, who plays, and when the turn passes.

The rules kept here: it decides and never acts. An event and the time go in, effects come out; it
reads no clock, starts no thread, opens no file and rolls no die. What was asked for in an earlier
turn is ignored when it comes. Every key struck, by either player, is released exactly once. What it
sent itself and hears at once through a loop of cables was not played.

In a duet there are no turns: once a few notes were played the model plays along, and whatever the
player strikes takes effect at once, on all that is not yet played.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Self

from performer.answer import Answer, Heeded, Manner, Place
from performer.length import Length, Like, Limit
from performer.messages import (
    Again,
    Care,
    Composed,
    ComposingFailed,
    Discard,
    Dropped,
    Effect,
    Event,
    HandOver,
    Heard,
    Hearing,
    LastPhrase,
    Maker,
    Mode,
    ModelChanged,
    ModelTakenUp,
    NewTake,
    Overhear,
    Panic,
    Player,
    PlayPrompt,
    Quit,
    Remark,
    Retune,
    Send,
    Slept,
    State,
    Stop,
    TakeEnded,
    ToCome,
    TooSlow,
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
    parse,
    sustain,
)
from performer.notes import Note, Phrase, Span, on_grid
from performer.pace import Pace, Verdict
from performer.phrase import Ear, Silence
from performer.schedule import (
    Due,
    Expected,
    Omission,
    Schedule,
    Strike,
    Stroke,
    Tread,
    as_message,
    by_hand,
)
from performer.taste import Taste
from performer.thought import Struck, Thought

NOTHING = 0, False  # notes overheard, and whether all keys were up then
OVERHEARD = 3  # notes after which the model is let listen on while keys are held
JOINED = 4  # notes of the player's after which the model plays along in a duet
PATIENCE = 8.0  # seconds of the player's silence for which the model goes on alone
PROMPT = "prompt"  # whose keys are those of a phrase that is played by itself
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
GATHERING = 0.003  # seconds from the first note composed to its strike: its chord comes along
FORESEEABLE = 0.05  # seconds after the next stroke for which it is said beforehand what comes
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
    mode: Mode = Mode.ANSWER
    is_thru: bool = True  # what the player plays is sent to the output
    best_of: int = 1  # answers that are thought of in the silence before the best is played
    may_quote: bool = False  # what is about to quote a piece for too long is not composed anew

    @property
    def as_retune(self) -> Retune:
        """What sets a conversation to be held like this."""
        taste, silence, length = self.taste, self.silence, self.length
        return Retune(
            taste,
            silence,
            length,
            self.seed,
            self.mode,
            taste.density,
            self.is_thru,
            self.best_of,
            self.may_quote,
        )

    def retuned(self, to: Retune) -> Self:
        """The same, held otherwise."""
        return replace(
            self,
            taste=replace(to.taste, density=to.density),
            silence=to.silence,
            length=to.length,
            seed=to.seed,
            mode=to.mode,
            is_thru=to.is_thru,
            best_of=to.best_of,
            may_quote=to.may_quote,
        )

    @property
    def care(self) -> Care:
        """How an answer is thought over; in a duet the player's keys do that."""
        return Care(1 if self.mode is Mode.DUET else self.best_of, self.may_quote)


@dataclass(frozen=True, slots=True)
class Hold:
    """Something that the player holds down: on which keyboard, whether the output knows, since."""

    source: str
    is_sounded: bool
    since: float


class Session:
    """One conversation between a player and a model, on one clock."""

    def __init__(self, settings: Settings) -> None:
        """A conversation that waits for its first note."""
        self.settings = settings
        self._ear = Ear(settings.silence)
        self._schedule = Schedule()
        self._pace = Pace(settings.lookahead)
        self._maker: Maker | None = None  # who composes; None: who did when it began
        self._answer: Answer | None = None
        self._last: Heeded | None = None  # the phrase that was answered last
        self._turn = 0
        self._channel = 0  # the player's latest
        self._keys: dict[tuple[int, int], Hold] = {}  # (channel, pitch)
        self._pedals: dict[int, Hold] = {}  # by channel
        self._played_at = 0.0  # when the player last did something with a key
        self._prompt: deque[tuple[float, bytes]] = deque()  # what is still to be played by itself
        self._sent: deque[tuple[float, bytes]] = deque(maxlen=ECHOES)  # when, what
        self._overheard = NOTHING  # of the phrase, by the model
        self._to_come: tuple[Note, ...] = ()  # as it was told last
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
        is_idle = self._answer is None and not self._ear.has_phrase and not self._prompt
        return self._is_closed or (self._is_last and is_idle)

    @property
    def wake_at(self) -> float | None:
        """When something is due even if nothing happens; None if it waits for an event."""
        moments = [self._prompt[0][0] if self._prompt else None]
        if self._answer is None:
            moments.append(self._ear.ends_at)
        else:
            moments += [self._schedule.next_due, self._compose_at]
        return min((moment for moment in moments if moment is not None), default=None)

    @property
    def expected(self) -> Expected:
        """What will be sent next, and in the moment after that, if nothing happens before."""
        answer = self._answer
        if answer is None:
            return Expected()
        strokes = self._schedule.preview(FORESEEABLE, self._taken(answer))
        messages = ((stroke.due, self._message(stroke, answer)) for stroke in strokes)
        return Expected(tuple(Due(at, message) for at, message in messages if message))

    def handle(self, event: Event, now: float) -> list[Effect]:
        """What is to be done because of an event."""
        effects = list(self._because_of(event, now))
        if self._answer is not None:  # a flood of events must not keep its notes waiting
            effects += self._because_of_time(now)
        return self._remembered(effects, now)

    def wake(self, now: float) -> list[Effect]:
        """What is to be done because of the time."""
        return self._remembered(list(self._because_of_time(now)), now)

    def close(self, now: float) -> list[Effect]:
        """End the conversation: every key and pedal comes up."""
        self._is_closed = True
        effects = [*self._end_answer(now), *self._release_player(now)]
        return self._remembered(effects, now)

    def _because_of(self, event: Event, now: float) -> Iterator[Effect]:
        match event:
            case Heard(data):
                message = parse(data)
                if message is not None and not self._is_echo(message, event):
                    yield from self._interrupt_prompt(message, now)
                    yield from self._hear(message, event, now)
            case Unplugged(source, at):
                yield from self._let_go(source, at, now)
            case Composed(turn) if turn == self._turn and self._answer is not None:
                yield from self._plan(event, self._answer, now)
            case ComposingFailed(turn, reason) if turn == self._turn:
                yield Trouble(reason)
                yield from self._end_answer(now)
            case HandOver() if self._ear.has_phrase:
                yield from self._take_turn(now)
            case Stop():
                yield from self._end_prompt(now)
                yield from self._end_answer(now)
            case Retune():
                yield from self._retune(event, now)
            case ModelTakenUp(maker):
                yield from self._follow(maker)
            case Again() if self._last is not None and not self._ear.has_phrase:
                yield from self._end_answer(now)
                yield from self._take_up(self._last, now)
            case Panic():
                yield from self._end_prompt(now)
                yield from self._end_answer(now)
                yield from self._release_player(now)
                for channel in CHANNELS:
                    self._ear.hear(AllNotesOff(channel), now)
                yield from (Send(data, now, Player.HUMAN) for data in SILENCE_ALL)
            case PlayPrompt(phrase):
                yield from self._forget(now)
                self._prompt.extend(by_hand(phrase, on_grid(now)))
            case _:
                yield from self._turn_the_page(event, now)

    def _turn_the_page(self, event: Event, now: float) -> Iterator[Effect]:
        """What ends all that was under way."""
        match event:
            case Slept():
                yield from self._forget(now)
            case NewTake() | Discard():
                yield from self._forget(now)
                self._last = None  # it is no longer in the take
                yield TakeEnded(isinstance(event, NewTake))
            case LastPhrase():
                self._is_last = True
            case Quit():
                yield from self.close(now)

    def _because_of_time(self, now: float) -> Iterator[Effect]:
        yield from self._play_prompt(now)
        answer = self._answer
        if answer is None:
            if self._ear.ends_at is not None and self._ear.ends_at <= now and not self._prompt:
                yield from self._take_turn(now, self._ear.ends_at)
            return
        yield from self._play(self._schedule.take_due(now, self._taken(answer)), answer)
        yield from answer.pass_by(now)
        if self._compose_at is not None and self._compose_at <= now:
            yield from self._ask(answer, now)
        if answer.is_whole and self._schedule.is_empty:
            yield from self._end_answer(now)

    def _remembered(self, effects: list[Effect], now: float) -> list[Effect]:
        """The effects, and what is to come if that is something else now; what is sent may echo."""
        sent = (each for each in effects if isinstance(each, Send) and each.is_sounded)
        self._sent.extend((now, each.data) for each in sent)
        notes = tuple(each.note for each in self._answer.to_come) if self._answer else ()
        if notes == self._to_come:
            return effects
        self._to_come = notes
        return [*effects, ToCome(notes)]

    # The player

    def _hear(self, message: Message, heard: Heard, now: float) -> Iterator[Effect]:
        is_duet = self.settings.mode is Mode.DUET
        if isinstance(message, AllNotesOff) or (isinstance(message, NoteOn) and not is_duet):
            yield from self._end_answer(now)
        if isinstance(message, NoteOn | NoteOff):
            self._played_at = heard.at
        yield from self._thru(message, heard)
        if isinstance(message, NoteOn) and self._answer is not None:
            self._hear_along(message, heard, self._answer, now)
            return
        self._ear.hear(message, heard.at)
        if self._answer is not None or not self._ear.has_phrase:
            return
        if is_duet and self._ear.note_count >= JOINED:
            yield from self._take_turn(heard.at)
            return
        if isinstance(message, NoteOff | Sustain | AllNotesOff):
            yield from self._overhear(heard.at)
        yield Hearing(self._ear.note_count, self._ear.ends_at)

    def _hear_along(self, message: NoteOn, heard: Heard, answer: Answer, now: float) -> None:
        """The player's key counts at once: what is composed and not yet played is composed anew."""
        if answer.began_at is None:
            return
        at = on_grid(on_grid(heard.at) - answer.began_at)
        struck = Struck(message.pitch, message.velocity, at, self._ear.has_pedal_down)
        answer.strike(struck)
        self._go_back(answer, now)

    def _overhear(self, at: float) -> Iterator[Effect]:
        """Let the model listen while the player plays: a few notes at a time, and to the last."""
        before, notes, is_quiet = self._overheard, self._ear.note_count, self._ear.is_quiet
        if notes >= before[0] + OVERHEARD or (is_quiet and before != (notes, True)):
            self._overheard = notes, is_quiet
            yield Overhear(self._ear.so_far(at), self._expected(at), self.settings.best_of)

    def _expected(self, at: float) -> Thought | None:
        """What will be taken up if nothing more is heard; None where that is open."""
        ends_at, settings = self._ear.ends_at, self.settings
        if ends_at is None or settings.mode is Mode.DUET:
            return None
        phrase = self._ear.so_far(at).phrase
        return Thought.on(phrase, settings.taste, settings.seed, self._turn + 1, on_grid(ends_at))

    def _thru(self, message: Message, heard: Heard) -> Iterator[Effect]:
        has_no_sound = heard.source in ("", PROMPT)  # the screen, and what is played by itself
        at, is_sounded = heard.at, self.settings.is_thru or has_no_sound
        match message:
            case NoteOn(channel, pitch):
                if (channel, pitch) in self._keys:
                    yield self._release(channel, pitch, at)
                if self._answer is not None and self._answer.channel == channel:
                    yield from self._give_up(self._answer, pitch, at)
                self._keys[channel, pitch] = Hold(heard.source, is_sounded, at)
                self._channel = channel
            case NoteOff(channel, pitch):
                if (channel, pitch) not in self._keys:
                    return  # released already
                hold = self._keys.pop((channel, pitch))
                at, is_sounded = max(at, hold.since), hold.is_sounded
            case Sustain(channel) if message.is_down:
                self._pedals[channel] = Hold(heard.source, is_sounded, at)
            case Sustain(channel) if channel in self._pedals:
                is_sounded = self._pedals.pop(channel).is_sounded
            case AllNotesOff(channel):
                yield from self._release_player(at, channel)
        yield Send(heard.data, at, Player.HUMAN, is_sounded)

    def _give_up(self, answer: Answer, pitch: int, at: float) -> Iterator[Effect]:
        """A key that the answer holds is let go of for the player."""
        lifted = self._schedule.release(pitch, at)
        for lift in lifted:
            answer.give_up(pitch, lift.due)
        yield from self._play(lifted, answer)

    def _is_echo(self, message: Message, heard: Heard) -> bool:
        """True where it was sent a moment ago and comes back; a release does no harm twice."""
        if not heard.source or isinstance(message, NoteOff):
            return False
        for sent in self._sent:
            if sent[1] == heard.data and 0 <= heard.at - sent[0] <= ECHO:
                self._sent.remove(sent)
                return True
        expected = (each for each in self.expected.due if each.at <= heard.at)
        return any(each.message == heard.data for each in expected)  # it sounds already

    def _let_go(self, source: str, at: float, now: float) -> Iterator[Effect]:
        """Release what is held on a keyboard that has gone, as its player would have."""
        keys = sorted(key for key, hold in self._keys.items() if hold.source == source)
        pedals = sorted(channel for channel, hold in self._pedals.items() if hold.source == source)
        releases = [*(note_off(*key) for key in keys), *(sustain(each, 0) for each in pedals)]
        for data in releases:
            message = parse(data)
            if message is not None:
                yield from self._hear(message, Heard(data, at, source), now)

    def _forget(self, now: float) -> Iterator[Effect]:
        """Begin a new turn, with every key and pedal up and nothing heard."""
        self._prompt.clear()
        yield from self._end_answer(now)
        yield from self._release_player(now)
        self._ear, self._overheard = Ear(self.settings.silence), NOTHING
        yield Turned(State.LISTENING)

    def _release_player(self, at: float, only: int | None = None) -> Iterator[Effect]:
        for channel, pitch in sorted(self._keys):
            if only in (None, channel):
                yield self._release(channel, pitch, at)
        for channel in sorted(self._pedals):
            if only in (None, channel):
                is_sounded = self._pedals.pop(channel).is_sounded
                yield Send(sustain(channel, 0), at, Player.HUMAN, is_sounded)

    def _release(self, channel: int, pitch: int, at: float) -> Send:
        hold = self._keys.pop((channel, pitch))  # it may have been struck by another hand, later
        return Send(note_off(channel, pitch), max(at, hold.since), Player.HUMAN, hold.is_sounded)

    # A phrase that is played by itself

    def _play_prompt(self, now: float) -> Iterator[Effect]:
        if not self._prompt or self._prompt[0][0] > now:
            return
        while self._prompt and self._prompt[0][0] <= now:
            at, data = self._prompt.popleft()
            message = parse(data)
            if message is not None:
                yield from self._hear(message, Heard(data, at, PROMPT), now)
        if not self._prompt and self._answer is None and self._ear.has_phrase:
            yield from self._take_turn(now)

    def _interrupt_prompt(self, message: Message, now: float) -> Iterator[Effect]:
        """A key that the player strikes ends it: that is another phrase."""
        if self._prompt and isinstance(message, NoteOn):
            yield from self._end_prompt(now)

    def _end_prompt(self, now: float) -> Iterator[Effect]:
        if self._prompt:
            self._prompt.clear()
            yield from self._let_go(PROMPT, now, now)
            self._ear.forget(now)
            self._overheard = NOTHING

    # The answer

    def _take_turn(self, now: float, decided_at: float | None = None) -> Iterator[Effect]:
        """Answer; where the silence decided it, as of its moment, however late one is woken."""
        phrase = self._ear.take_phrase(now)
        self._overheard = NOTHING
        at = now if decided_at is None else decided_at
        yield from self._take_up(Heeded(phrase, Span(phrase.start, on_grid(at))), now)

    def _take_up(self, heeded: Heeded, now: float) -> Iterator[Effect]:
        self._turn += 1
        self._last, self._played_at = heeded, now
        settings, maker = self.settings, self._maker
        is_along = settings.mode is Mode.DUET
        begin = Thought.along if is_along else Thought.on
        taken_up = heeded.phrase, settings.taste, settings.seed, self._turn, heeded.heard.end
        place = Place(begin(*taken_up), maker, self._schedule.planned)
        answer = Answer(heeded, self._limit(heeded.phrase), self._channel, place, maker)
        if is_along:
            answer.began_at = answer.composed_to = on_grid(now)
        self._answer = answer
        yield Turned(self.state)
        if not is_along:
            yield from self._ask(answer, now)

    def _limit(self, phrase: Phrase) -> Limit:
        if self.settings.mode is Mode.ANSWER:
            return self.settings.length.limit(phrase)
        return Limit()

    def _retune(self, to: Retune, now: float) -> Iterator[Effect]:
        """Hold the conversation otherwise; what is composed and not yet played is composed anew."""
        before = self.settings
        self.settings = before.retuned(to)
        self._ear.silence = to.silence
        if to.mode is not before.mode:
            self._played_at = now  # the patience of a duet begins
        answer = self._answer
        if answer is None:
            return
        limit = self._limit(answer.heeded.phrase)
        is_other = self.settings.taste != before.taste
        if answer.began_at is None and (is_other or to.mode is not before.mode):
            yield from self._end_answer(now)
            yield from self._take_up(answer.heeded, now)
        elif answer.began_at is None:
            answer.limit = limit
        elif is_other or limit != answer.limit:
            answer.limit = limit
            self._go_back(answer, now)

    def _follow(self, maker: Maker) -> Iterator[Effect]:
        """Another model composes from now on, from the last note composed."""
        self._maker, self._pace = maker, Pace(self.settings.lookahead)
        yield ModelChanged(maker.model, maker.sha256)
        if self._answer is not None:
            self._turn += 1
            self._answer.go_on()

    def _go_back(self, answer: Answer, now: float) -> None:
        """Compose anew what is not yet played."""
        self._turn += 1  # what is being composed is no longer wanted
        self._schedule.forget(answer.base.planned)
        answer.go_back(now)

    def _plan(self, composed: Composed, answer: Answer, now: float) -> Iterator[Effect]:
        if answer.asked is not None:
            self._pace.took(now - answer.asked.at)
        index = composed.after.index - 1
        if not answer.limit.allows(composed.note, index):
            answer.is_whole, answer.asked = True, None
            return
        if answer.began_at is None:
            answer.began_at = on_grid(now + GATHERING)
            yield Turned(State.ANSWERING)
        note = composed.note.shifted(answer.began_at)
        self._schedule.add(note)
        if composed.after.pedal is not None:
            self._schedule.add_pedal(composed.after.pedal, note.start)
        answer.plan(composed, note, self._schedule.planned)

    @property
    def _compose_at(self) -> float | None:
        if self._answer is None or self._answer.place is None or self._answer.is_whole:
            return None
        return self._answer.composed_to - self._pace.lookahead

    def _ask(self, answer: Answer, now: float) -> Iterator[Effect]:
        if self._is_left_alone(now):
            answer.is_whole = True
            return
        if answer.began_at is not None:
            yield from self._keep_pace(answer, answer.began_at, now)
        manner = Manner(self.settings.taste, self._taken(answer), self._maker, self.settings.care)
        yield answer.request(self._turn, manner, now)

    def _is_left_alone(self, now: float) -> bool:
        """True where the player of a duet has not played for long."""
        is_duet = self.settings.mode is Mode.DUET
        return is_duet and not self._keys and now - self._played_at > PATIENCE

    def _keep_pace(self, answer: Answer, began_at: float, now: float) -> Iterator[Effect]:
        """What cannot be composed before it is due is made to come later."""
        if now + self._pace.soonest > answer.composed_to:
            answer.earliest = max(answer.earliest, on_grid(now + self._pace.soonest - began_at))
        if answer.has_gone_back:
            return
        match self._pace.ask(answer.composed_to - now):
            case Verdict.SLOW:
                yield Remark("The model is slow on this machine: it thinks further ahead now.")
            case Verdict.TOO_SLOW:
                yield TooSlow()

    def _taken(self, answer: Answer) -> frozenset[int]:
        """The pitches that the player holds where the answer plays."""
        return frozenset(pitch for channel, pitch in self._keys if channel == answer.channel)

    def _play(self, strokes: list[Stroke], answer: Answer) -> Iterator[Effect]:
        late = 0
        for stroke in strokes:
            match stroke:
                case Omission(pitch, is_late=is_late):
                    answer.come_due(pitch, is_struck=False)
                    late += is_late
                case Strike(pitch):
                    answer.come_due(pitch, is_struck=True)
            message = self._message(stroke, answer)
            if message is not None:
                yield Send(message, stroke.due, Player.MODEL)
        if late:
            yield Dropped(late)

    def _message(self, stroke: Stroke, answer: Answer) -> bytes | None:
        """What makes a stroke; None where nothing does: of two feet, the player's own rules."""
        if isinstance(stroke, Omission):
            return None
        if isinstance(stroke, Tread) and answer.channel in self._pedals:
            return None
        return as_message(stroke, answer.channel)

    def _end_answer(self, now: float) -> Iterator[Effect]:
        answer = self._answer
        if answer is None:
            return
        is_cut = not (answer.is_whole and self._schedule.is_empty)
        yield from self._play(self._schedule.release_all(now, not is_cut), answer)
        self._answer = None
        answered = answer.ended(on_grid(now) if is_cut else None)
        if answered is not None:
            yield answered
        self._turn += 1
        yield Turned(State.LISTENING)
