"""What is due when: the answer's keys, struck and released, and its pedal, at their moments.

The rules kept here: moments are absolute, so one late note delays no other; every key struck is
released exactly once, and before it is struck again; a note that comes too late to be music, or on
a key that the player holds, is left out whole, a release never.
"""

import heapq
from collections.abc import Container, Iterable
from copy import copy
from dataclasses import dataclass
from math import inf

from performer.midi import note_off, note_on, sustain
from performer.notes import Note, Phrase, on_grid
from performer.touch import DOWN, RENEWED, UP

TOO_LATE = 0.1  # seconds after which a note is no longer struck
AFTER_THE_KEYS = 0.04  # seconds: when the pedal goes down


@dataclass(frozen=True, slots=True)
class Strike:
    """A key of the answer to be struck, and when it was due."""

    pitch: int
    velocity: int
    due: float


@dataclass(frozen=True, slots=True)
class Lift:
    """A key of the answer to be released, and when that was due."""

    pitch: int
    due: float


@dataclass(frozen=True, slots=True)
class Tread:
    """The answer's pedal to be pressed or let go, and when that was due."""

    is_down: bool
    due: float


@dataclass(frozen=True, slots=True)
class Omission:
    """A key of the answer that was to be struck and is not: it came too late, or was taken."""

    pitch: int
    due: float
    is_late: bool


Stroke = Strike | Lift | Tread | Omission
LIFTING, LETTING_GO, STRIKING, PRESSING = range(4)  # the order of what is due at one moment


@dataclass(frozen=True, slots=True)
class Due:
    """A message, and when it is to be sent, on the engine's clock."""

    at: float
    message: bytes


@dataclass(frozen=True, slots=True)
class Expected:
    """All that will be sent in the next moments, in order, if nothing happens before."""

    due: tuple[Due, ...] = ()


class Schedule:
    """The answer's notes to come, and the keys that sound now."""

    def __init__(self) -> None:
        """An empty schedule: nothing is due and nothing sounds."""
        self.planned = 0  # strikes, releases and moves of the pedal, ever
        self._due: list[tuple[float, int, int, Note | None]] = []  # due, what, order, which note
        self._sounding: dict[int, Note] = {}  # pitch -> the note that holds the key
        self._pedal_is_down = False
        self._last_due = 0.0  # of all that was done

    @property
    def is_empty(self) -> bool:
        """True where nothing sounds and nothing is to come."""
        return not self._due and not self._sounding

    @property
    def next_due(self) -> float | None:
        """When the next key is to be struck or released."""
        return self._due[0][0] if self._due else None

    def add(self, note: Note) -> None:
        """Plan one note, its start and end in absolute seconds."""
        self._push(note.start, STRIKING, note)

    def add_pedal(self, move: int, at: float) -> None:
        """Plan what the pedal does from a note on that is struck at `at`: see `touch`.

        It is pressed a moment after the keys, as pianists do: so what sounded before is not caught.
        """
        if move in (UP, RENEWED):
            self._push(at, LETTING_GO)
        if move in (DOWN, RENEWED):
            self._push(on_grid(at + AFTER_THE_KEYS), PRESSING)

    def take_due(self, now: float, taken: Container[int] = ()) -> list[Stroke]:
        """All that is to be done by now, in order, off the keys that are taken; each given once."""
        strokes: list[Stroke] = []
        while self._due and self._due[0][0] <= now:
            due, what, _, note = heapq.heappop(self._due)
            if note is None:
                done = self._tread(what == PRESSING, due)
            elif what == LIFTING:
                done = self._lift(note, due)
            elif now - due > TOO_LATE or note.pitch in taken:
                strokes.append(Omission(note.pitch, due, now - due > TOO_LATE))
                continue
            else:
                done = self._strike(note, due)
            if done:
                self._last_due = due
            strokes += done
        return strokes

    def preview(self, seconds: float, taken: Container[int] = ()) -> list[Stroke]:
        """What is to be done next, and in the seconds after that, if nothing happens before."""
        if self.next_due is None:
            return []
        ahead = copy(self)
        ahead._due, ahead._sounding = list(self._due), dict(self._sounding)
        return ahead.take_due(self.next_due + seconds, taken)

    def release(self, pitch: int, at: float) -> list[Stroke]:
        """Let go of one key, if it sounds: somebody else wants it."""
        note = self._sounding.get(pitch)
        return [] if note is None else self._lift(note, max(at, note.start))

    def forget(self, since: int) -> None:
        """Forget what was planned since so much was planned; keys that sound are still let go."""
        self._due = [entry for entry in self._due if entry[1] == LIFTING or entry[2] < since]
        heapq.heapify(self._due)

    def release_all(self, now: float, is_whole: bool = False) -> list[Stroke]:
        """Forget all that is to come; release every key that sounds, and the pedal.

        Where it was played to its end, the pedal goes with the last key.
        """
        at = self._last_due if is_whole else now
        self._due.clear()
        lifts: list[Stroke] = [Lift(pitch, now) for pitch in self._sounding]
        self._sounding.clear()
        return [*lifts, *self._tread(False, at)]

    def _push(self, due: float, what: int, note: Note | None = None) -> None:
        heapq.heappush(self._due, (due, what, self.planned, note))
        self.planned += 1

    def _tread(self, is_down: bool, due: float) -> list[Stroke]:
        if is_down == self._pedal_is_down:
            return []
        self._pedal_is_down = is_down
        return [Tread(is_down, due)]

    def _strike(self, note: Note, due: float) -> list[Stroke]:
        before = self._sounding.get(note.pitch)
        released = self._lift(before, due) if before else []
        self._sounding[note.pitch] = note
        self._push(max(note.end, due), LIFTING, note)
        return [*released, Strike(note.pitch, note.velocity, due)]

    def _lift(self, note: Note, due: float) -> list[Stroke]:
        if self._sounding.get(note.pitch) is not note:
            return []  # the key was struck again meanwhile, and released for that
        del self._sounding[note.pitch]
        return [Lift(note.pitch, due)]


def as_message(stroke: Strike | Lift | Tread, channel: int) -> bytes:
    """The message that makes a stroke.

    >>> as_message(Strike(60, 80, due=1.0), channel=0).hex()
    '903c50'
    """
    match stroke:
        case Strike(pitch, velocity):
            return note_on(channel, pitch, velocity)
        case Lift(pitch):
            return note_off(channel, pitch)
        case Tread(is_down):
            return sustain(channel, 127 if is_down else 0)


def by_hand(phrase: Phrase, at: float = 0.0, channel: int = 0) -> list[tuple[float, bytes]]:
    """The messages of a player who plays a phrase, notes and pedal, from the moment `at` on."""
    later = at - phrase.start
    keys = strokes(note.shifted(later) for note in phrase.notes)
    feet = [
        Tread(is_down, on_grid(moment + later))
        for span in phrase.pedal
        for moment, is_down in ((span.start, True), (span.end, False))
    ]
    done = sorted([*keys, *feet], key=lambda stroke: stroke.due)
    return [
        (each.due, as_message(each, channel)) for each in done if not isinstance(each, Omission)
    ]


def strokes(
    notes: Iterable[Note], moves: Iterable[tuple[float, int]] = (), cut_at: float = inf
) -> list[Stroke]:
    """All strokes of some notes and moves of the pedal, in order, as if all had been on time.

    What was to come after `cut_at` is left out, and the pedal let go then.

    >>> strokes([Note(60, 80, 0.0, 2.0), Note(60, 90, 1.0, 1.5)])  # doctest: +NORMALIZE_WHITESPACE
    [Strike(pitch=60, velocity=80, due=0.0), Lift(pitch=60, due=1.0),
     Strike(pitch=60, velocity=90, due=1.0), Lift(pitch=60, due=1.5)]
    """
    schedule = Schedule()
    for note in notes:
        schedule.add(note)
    for at, move in moves:
        schedule.add_pedal(move, at)
    played: list[Stroke] = []
    while (due := schedule.next_due) is not None and due <= cut_at:
        played += schedule.take_due(due)
    return played + schedule.release_all(cut_at, is_whole=cut_at == inf)
