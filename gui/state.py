"""What the screen shows, as a value: who plays, what was played, what sounds now.

The rule kept here: a scene is never changed; each thing that the engine tells makes the next one.
It knows no Qt and no clock. Moments are seconds on the engine's clock, which starts with the take.
"""

from dataclasses import dataclass, replace
from math import inf
from typing import Self

from performer.bindings import Done, Learnt
from performer.engine import Late, Sent
from performer.messages import (
    Answered,
    Dropped,
    Hearing,
    ModelChanged,
    Player,
    Report,
    Scored,
    State,
    TakeEnded,
    ToCome,
    Trouble,
    Turned,
)
from performer.midi import AllNotesOff, NoteOff, NoteOn, Sustain, parse, sustain
from performer.notes import Note, Phrase, Span, in_order
from performer.schedule import Omission, as_message, strokes

RESTS_AFTER = 12.0  # seconds without a note, after which the picture no longer needs to move
NOTHING = Hearing(0, None)


@dataclass(frozen=True, slots=True)
class Played:
    """A note that has ended, and whose it was."""

    by: Player
    note: Note


@dataclass(frozen=True, slots=True)
class Sounding:
    """A key that is down now."""

    by: Player
    channel: int
    pitch: int
    velocity: int
    start: float

    def ended(self, at: float) -> Played:
        """The note that it was."""
        return Played(self.by, Note(self.pitch, self.velocity, self.start, max(at, self.start)))


@dataclass(frozen=True, slots=True)
class Pedalled:
    """The pedal held down, and by whom."""

    by: Player
    span: Span


@dataclass(frozen=True, slots=True)
class Lateness:
    """How late the answer's messages left, in seconds: the last, the worst, and how many."""

    last: float = 0.0
    worst: float = 0.0
    notes: int = 0
    left_out: int = 0  # because they came too late

    def after(self, seconds: float) -> Self:
        """With one note more."""
        return replace(self, last=seconds, worst=max(self.worst, seconds), notes=self.notes + 1)


@dataclass(frozen=True, slots=True)
class Begun:
    """An engine plays, and a take begins: with which model, from where to where."""

    model: str
    inputs: tuple[str, ...]
    output: str
    priority: str = ""  # that the system grants the engine


@dataclass(frozen=True, slots=True)
class Plugged:
    """What is heard and played from now on."""

    inputs: tuple[str, ...]
    output: str


@dataclass(frozen=True, slots=True)
class Saved:
    """A take that has ended lies in this file."""

    take: str


@dataclass(frozen=True, slots=True)
class Over:
    """The engine has ended: why it could not go on, if so."""

    refused: str | None = None


@dataclass(frozen=True, slots=True)
class Exchange:
    """A phrase, and the answer to it."""

    phrase: Phrase
    answer: tuple[Note, ...]
    pedal: tuple[Span, ...]  # of the answer


@dataclass(frozen=True, slots=True)
class Curve:
    """How good an answer seems to the model's own ear: moment by moment, and altogether."""

    start: float  # when the answer began
    scores: tuple[Scored, ...]  # at least one
    overall: float


NOT_BEGUN = Begun("", (), "")
News = Report | Sent | Late | Begun | Plugged | Learnt | Done | Saved | Over


@dataclass(frozen=True, slots=True)
class Scene:
    """All that there is to see of the take that is being played."""

    is_ready: bool = False
    begun: Begun = NOT_BEGUN
    take: int = 0  # how many were begun
    turn: State = State.LISTENING
    hearing: Hearing = NOTHING
    released_at: float = 0.0  # when the player last let go of a key or the pedal
    notes: tuple[Played, ...] = ()  # in the order in which they ended
    sounding: tuple[Sounding, ...] = ()
    to_come: tuple[Note, ...] = ()  # the model's, composed and not yet begun
    pedal: tuple[Pedalled, ...] = ()
    pedal_down: tuple[tuple[Player, float], ...] = ()  # by whom, since when
    answers: tuple[Answered, ...] = ()
    answer_began_at: float | None = None  # of the one under way: its first note
    scores: tuple[Scored, ...] = ()  # likewise
    lateness: Lateness = Lateness()
    struck: tuple[int, int] = (0, 0)  # notes of the player's, of the model's
    began_at: float | None = None  # the first note
    last_at: float = 0.0  # the latest message
    trouble: str | None = None

    def after(self, news: News) -> "Scene":
        """The scene once this has happened."""
        match news:
            case Sent(message):
                return self._sent(message.data, message.due, message.by)
            case Late(seconds):
                return replace(self, lateness=self.lateness.after(seconds))
            case Turned(state):
                return replace(self, turn=state, hearing=NOTHING)
            case Hearing():
                return replace(self, hearing=news)
            case Answered():
                answers = (*self.answers, news)
                return replace(self, answers=answers, answer_began_at=None, scores=())
            case Scored():
                return replace(self, scores=(*self.scores, news))
            case Trouble(sentence):
                return replace(self, trouble=sentence)
            case Over(refused):
                ended = replace(self.released(self.last_at), is_ready=False, to_come=())
                return replace(ended, turn=State.LISTENING, trouble=refused or self.trouble)
            case Begun():
                return Scene(True, news, self.take + 1, trouble=self.trouble)
            case TakeEnded():
                return Scene(True, self.begun, self.take + 1, trouble=self.trouble)
            case ToCome(notes):
                return replace(self, to_come=notes)
            case _:
                return self._set_up(news)

    def _set_up(self, news: News) -> "Scene":
        """The scene with who plays, and what is played on, as it is from now on."""
        match news:
            case ModelChanged(name):
                return replace(self, begun=replace(self.begun, model=name))
            case Plugged(inputs, output):
                return replace(self, begun=replace(self.begun, inputs=inputs, output=output))
            case Dropped(notes):
                late = replace(self.lateness, left_out=self.lateness.left_out + notes)
                return replace(self, lateness=late)
            case _:
                return self

    @property
    def is_idle(self) -> bool:
        """True where nobody plays: the moment at which a setting can change unnoticed."""
        is_listening = self.turn is State.LISTENING and self.hearing.notes == 0
        return is_listening and not self.sounding and not self.pedal_down

    @property
    def has_notes(self) -> bool:
        """True from the take's first note on."""
        return self.began_at is not None

    @property
    def can_answer_again(self) -> bool:
        """True where there is a phrase to which another answer can be had."""
        is_answering = self.turn is not State.LISTENING
        return self.is_ready and (is_answering or (bool(self.answers) and not self.hearing.notes))

    def moves(self, now: float) -> bool:
        """Whether the picture changes by itself."""
        return self.has_notes and (not self.is_idle or now - self.last_at < RESTS_AFTER)

    def running(self, now: float) -> float:
        """Seconds since the take's first note."""
        return 0.0 if self.began_at is None else max(now - self.began_at, 0.0)

    def silence_left(self, now: float) -> tuple[float, float] | None:
        """Seconds until the phrase has ended, and what share of the silence that is.

        None while a key is held, or nothing was played.
        """
        ends_at = self.hearing.ends_at
        if ends_at is None or self.turn is not State.LISTENING:
            return None
        whole = max(ends_at - self.released_at, 1e-6)
        left = min(max(ends_at - now, 0.0), whole)
        return left, left / whole

    def lit(self) -> dict[int, tuple[Player, int]]:
        """The keys that are down: by pitch, whose, and how hard."""
        return {key.pitch: (key.by, key.velocity) for key in self.sounding}

    def answer_at(self, moment: float) -> int | None:
        """Which answer, by number, belongs to what was played at a moment; None before the first.

        An answer's phrase belongs to it.
        """
        begun = [n for n, answer in enumerate(self.answers) if answer.heard.start <= moment]
        return begun[-1] if begun else None

    @property
    def score(self) -> float | None:
        """What the model's own ear thinks of the answer that is heard, or was heard last."""
        if self.scores:
            return self.scores[-1].score
        return self.answers[-1].score if self.answers else None

    @property
    def curves(self) -> tuple[Curve, ...]:
        """What the model's own ear thinks of each answer, where it has heard it.

        A take that says no more than one number an answer has it where the answer begins.
        """
        curves = [
            Curve(each.began_at, each.curve or (Scored(each.began_at, each.score),), each.score)
            for each in self.answers
            if each.score is not None
        ]
        if self.scores and self.answer_began_at is not None:
            curves.append(Curve(self.answer_began_at, self.scores, self.scores[-1].score))
        return tuple(curves)

    def exchange(self, answer: int) -> "Exchange | None":
        """What one answer had heard and what it was; None where either is missing."""
        told = self.answers[answer]
        ends = [each.began_at for each in self.answers if each.began_at > told.began_at]
        span = Span(told.began_at, min(ends, default=inf))
        heard = self._notes_of(Player.HUMAN, told.heard)
        played = self._notes_of(Player.MODEL, span)
        if not heard or not played:
            return None
        return Exchange(
            Phrase.of(heard, self._pedal_of(Player.HUMAN, told.heard)),
            in_order(played),
            self._pedal_of(Player.MODEL, span),
        )

    def _notes_of(self, by: Player, span: Span) -> list[Note]:
        return [
            each.note
            for each in self.notes
            if each.by is by and span.start <= each.note.start < span.end
        ]

    def _pedal_of(self, by: Player, span: Span) -> tuple[Span, ...]:
        return tuple(
            each.span
            for each in self.pedal
            if each.by is by and span.start <= each.span.start < span.end
        )

    def _sent(self, data: bytes, at: float, by: Player) -> "Scene":
        scene = replace(self, last_at=max(self.last_at, at))
        match parse(data):
            case NoteOn(channel, pitch, velocity):
                return scene._struck(Sounding(by, channel, pitch, velocity, at))
            case NoteOff(channel, pitch):
                return scene._released(by, channel, pitch, at)
            case Sustain() as pedal:
                return scene._moved_pedal(by, pedal.is_down, at)
            case AllNotesOff():
                return scene.released(at, by)
            case _:
                return scene

    def _struck(self, key: Sounding) -> "Scene":
        is_model = key.by is Player.MODEL
        human, model = self.struck
        is_first = is_model and self.answer_began_at is None
        return replace(
            self._released(key.by, key.channel, key.pitch, key.start),
            sounding=(*(k for k in self.sounding if not _same(k, key)), key),
            struck=(human + (not is_model), model + is_model),
            began_at=key.start if self.began_at is None else self.began_at,
            answer_began_at=key.start if is_first else self.answer_began_at,
        )

    def _released(self, by: Player, channel: int, pitch: int, at: float) -> "Scene":
        up = Sounding(by, channel, pitch, 0, at)
        ended = tuple(key.ended(at) for key in self.sounding if _same(key, up))
        if not ended:
            return self
        return replace(
            self,
            sounding=tuple(key for key in self.sounding if not _same(key, up)),
            notes=(*self.notes, *ended),
            released_at=at if by is Player.HUMAN else self.released_at,
        )

    def _moved_pedal(self, by: Player, is_down: bool, at: float) -> "Scene":
        since = dict(self.pedal_down).get(by)
        others = tuple(each for each in self.pedal_down if each[0] is not by)
        if is_down:
            return replace(self, pedal_down=(*others, (by, at if since is None else since)))
        if since is None:
            return self
        return replace(
            self,
            pedal=(*self.pedal, Pedalled(by, Span(since, at))),
            pedal_down=others,
            released_at=at if by is Player.HUMAN else self.released_at,
        )

    def released(self, at: float, only: Player | None = None) -> "Scene":
        """With every key and pedal up, or those of one player."""
        scene: Scene = self
        for key in self.sounding:
            if only in (None, key.by):
                scene = scene._released(key.by, key.channel, key.pitch, at)
        for by, _ in self.pedal_down:
            if only in (None, by):
                scene = scene._moved_pedal(by, False, at)
        return scene


def _same(one: Sounding, other: Sounding) -> bool:
    return (one.by, one.channel, one.pitch) == (other.by, other.channel, other.pitch)


def sounds_from(scene: Scene, at: float) -> tuple[tuple[float, bytes], ...]:
    """All that sounds in a scene from a moment on: messages, and their seconds from there."""
    notes = in_order(each.note for each in scene.notes if each.note.start >= at)
    sounds = [
        (stroke.due - at, as_message(stroke, channel=0))
        for stroke in strokes(notes)
        if not isinstance(stroke, Omission)
    ]
    for each in scene.pedal:
        if each.span.end > at:
            sounds.append((max(each.span.start - at, 0.0), sustain(0, 127)))
            sounds.append((each.span.end - at, sustain(0, 0)))
    return tuple(sorted(sounds, key=lambda sound: sound[0]))
