"""Notes and phrases: what both players say to each other.

The rule kept here: a phrase is never empty, its notes stand in the order of their onsets (and from
the lowest pitch up within a chord), and all of its times lie on the take's grid of one millisecond,
so that a phrase written to a .mid and read back is the same phrase.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Self

GRID = 1000  # points of time in a second; one tick of a take is one of them


def on_grid(seconds: float) -> float:
    """The nearest moment on the take's grid.

    >>> on_grid(1.23449)
    1.234
    """
    return round(seconds * GRID) / GRID


@dataclass(frozen=True, slots=True)
class Note:
    """One struck key: pitch and velocity as MIDI numbers, start and end in seconds."""

    pitch: int
    velocity: int
    start: float
    end: float

    @property
    def duration(self) -> float:
        """Seconds for which the key is held."""
        return self.end - self.start

    def shifted(self, seconds: float) -> "Note":
        """The same note, later by so many seconds (earlier if negative), on the grid.

        >>> Note(60, 80, 0.0, 0.5).shifted(1.0)
        Note(pitch=60, velocity=80, start=1.0, end=1.5)
        """
        return Note(
            self.pitch, self.velocity, on_grid(self.start + seconds), on_grid(self.end + seconds)
        )


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of time in seconds, such as the pedal held down from `start` to `end`."""

    start: float
    end: float


def in_order(notes: Iterable[Note]) -> tuple[Note, ...]:
    """The notes by onset, chords from the lowest pitch up: the order in which models read them."""
    return tuple(sorted(notes, key=lambda note: (note.start, note.pitch, note.end)))


def as_sounded(notes: Iterable[Note]) -> tuple[Note, ...]:
    """Notes as a piano sounds them: a key that is struck again ends then.

    >>> as_sounded([Note(60, 80, 0.0, 2.0), Note(60, 80, 1.0, 1.5)])[0]
    Note(pitch=60, velocity=80, start=0.0, end=1.0)
    """
    struck: dict[int, float] = {}  # pitch -> when it is struck next
    sounded = []
    for note in reversed(in_order(notes)):
        sounded.append(replace(note, end=min(note.end, struck.get(note.pitch, note.end))))
        struck[note.pitch] = note.start
    return tuple(reversed(sounded))


@dataclass(frozen=True, slots=True)
class Phrase:
    """What one player said in one turn: at least one note, and the spans of the sustain pedal."""

    notes: tuple[Note, ...]
    pedal: tuple[Span, ...] = ()
    held: tuple[int, ...] = ()  # the notes, by number, whose keys were not let go yet

    @classmethod
    def of(cls, notes: Iterable[Note], pedal: Iterable[Span] = ()) -> Self:
        """A phrase from notes in any order and at any times, put in order and on the grid.

        Raises ValueError where there is no note.
        """
        gridded = in_order(note.shifted(0.0) for note in notes)
        if not gridded:
            raise ValueError("a phrase needs at least one note")
        spans = (Span(on_grid(span.start), on_grid(span.end)) for span in pedal)
        return cls(gridded, tuple(sorted(spans, key=lambda span: span.start)))

    @property
    def start(self) -> float:
        """The first onset, in seconds."""
        return self.notes[0].start

    @property
    def end(self) -> float:
        """The last release of a key, in seconds."""
        return max(note.end for note in self.notes)

    @property
    def seconds(self) -> float:
        """From the first onset to the last release."""
        return self.end - self.start

    @property
    def steps(self) -> tuple[float, ...]:
        """Seconds from each onset to the next: one fewer than there are notes.

        >>> Phrase.of([Note(60, 80, 0, 1), Note(64, 80, 0.5, 1)]).steps
        (0.5,)
        """
        return tuple(
            on_grid(later.start - earlier.start) for earlier, later in pairwise(self.notes)
        )
