"""What is due when: the answer's keys, struck and released at their moments.

The rules kept here: moments are absolute, so one late note delays no other; every key struck is
released exactly once, and before it is struck again; a note that comes too late to be music is left
out whole, a release never.
"""

import heapq
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import count

from performer.notes import Note

TOO_LATE = 0.1  # seconds after which a note is no longer struck


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


Stroke = Strike | Lift


class Schedule:
    """The answer's notes to come, and the keys that sound now."""

    def __init__(self) -> None:
        """An empty schedule: nothing is due and nothing sounds."""
        self._order = count()
        self._due: list[tuple[float, int, int, Note]] = []  # due, 0 lift or 1 strike, order, note
        self._sounding: dict[int, Note] = {}  # pitch -> the note that holds the key
        self.dropped = 0  # notes left out because they came too late

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
        heapq.heappush(self._due, (note.start, 1, next(self._order), note))

    def take_due(self, now: float) -> list[Stroke]:
        """All that is to be done by now, in order; each is given out once."""
        strokes: list[Stroke] = []
        while self._due and self._due[0][0] <= now:
            due, is_strike, _, note = heapq.heappop(self._due)
            if not is_strike:
                strokes += self._lift(note, due)
            elif now - due > TOO_LATE:
                self.dropped += 1
            else:
                strokes += self._strike(note, due)
        return strokes

    def release_all(self, now: float) -> list[Stroke]:
        """Forget all that is to come; release every key that sounds."""
        self._due.clear()
        lifts: list[Stroke] = [Lift(pitch, now) for pitch in self._sounding]
        self._sounding.clear()
        return lifts

    def _strike(self, note: Note, due: float) -> list[Stroke]:
        before = self._sounding.get(note.pitch)
        released = self._lift(before, due) if before else []
        self._sounding[note.pitch] = note
        heapq.heappush(self._due, (max(note.end, due), 0, next(self._order), note))
        return [*released, Strike(note.pitch, note.velocity, due)]

    def _lift(self, note: Note, due: float) -> list[Stroke]:
        if self._sounding.get(note.pitch) is not note:
            return []  # the key was struck again meanwhile, and released for that
        del self._sounding[note.pitch]
        return [Lift(note.pitch, due)]


def strokes(notes: Iterable[Note]) -> list[Stroke]:
    """All strokes of some notes, in order, as if they had been played on time.

    >>> strokes([Note(60, 80, 0.0, 2.0), Note(60, 90, 1.0, 1.5)])  # doctest: +NORMALIZE_WHITESPACE
    [Strike(pitch=60, velocity=80, due=0.0), Lift(pitch=60, due=1.0),
     Strike(pitch=60, velocity=90, due=1.0), Lift(pitch=60, due=1.5)]
    """
    schedule = Schedule()
    for note in notes:
        schedule.add(note)
    played: list[Stroke] = []
    while (due := schedule.next_due) is not None:
        played += schedule.take_due(due)
    return played
