"""What is seen of a few notes at a glance, while they are played: figures for the ear that scores.

The rules kept here: they cost a fraction of a note, so they can be asked for after every one; and
they mean the same of eight notes as of twenty-five: likeness is a share of pairs. How loud a note
is they do not know, nor anything that software does to chords: onsets of one chord are one.

What lies before the notes is not looked at, so their first step is no part of it.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from performer.descriptors import (
    END,
    MAJOR,
    OCTAVE,
    PITCH,
    SHORTEST,
    START,
    TOGETHER,
    Doubles,
    Heard,
    Named,
    correlation,
    share,
)

HARMONIC = np.array([0, 2, 3, 5, 7, 8, 11])  # the harmonic minor
SCALES = np.array(
    [
        np.isin(np.arange(OCTAVE), (kind + key) % OCTAVE)
        for kind in (MAJOR, HARMONIC)
        for key in range(OCTAVE)
    ],
    dtype=np.float64,
)  # (24, OCTAVE)
NEAR = 8  # notes within which a clash is noticed, though it was let go
EQUAL = 0.05  # of the logarithm (base 10) of two times that are taken for one
OVERHELD = 0.3  # of the same, by which a key is held into the next note
WIDEST = 256  # more than any interval, both ways


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """Some notes, and what is asked about them more than once."""

    pitch: Doubles  # (n,)
    apart: Doubles  # (n, n) semitones from the row's note up to the column's
    is_later: NDArray[np.bool_]  # (n, n) the column's note than the row's
    is_down: NDArray[np.bool_]  # (n, n) the row's key, when the column's is struck later
    held: Doubles  # (n,) logarithms of how long keys are held, until they are struck again
    jump: Doubles  # (n - 1,) semitones from each to the next
    step: Doubles  # (n - 1,) logarithms of the times between onsets, chords taken for one
    is_within: NDArray[np.bool_]  # (n - 1,) a chord
    beginnings: NDArray[np.int64]  # of the chords

    @classmethod
    def of(cls, heard: Heard) -> Self:
        """At least two notes, in the order of their onsets."""
        start, pitch, end = heard[:, START], heard[:, PITCH], heard[:, END]
        order = np.arange(len(heard))
        is_later = order > order[:, None]
        apart = pitch - pitch[:, None]
        again = np.where((apart == 0) & is_later, start, np.inf).min(axis=1)
        end = np.minimum(end, again)
        step = changes(start)
        is_within = step < TOGETHER
        return cls(
            pitch,
            apart,
            is_later,
            is_later & (end[:, None] > start),
            np.log10(np.maximum(end - start, SHORTEST)),
            changes(pitch),
            np.log10(np.maximum(step, TOGETHER)),
            is_within,
            np.concatenate([[0], 1 + np.flatnonzero(~is_within)]),
        )


def figures(heard: Heard) -> NDArray[np.float32]:
    """All figures of some notes, (FIGURES,); nought where there are fewer than two."""
    if len(heard) < 2:
        return np.zeros(FIGURES, dtype=np.float32)
    return np.array([value for _, value in named(heard)], dtype=np.float32)


def named(heard: Heard) -> Named:
    """The same by name, of two notes or more."""
    seen = Seen.of(heard)
    for part in (harmony, melody, voices, rhythm, durations):
        yield from part(seen)


def harmony(seen: Seen) -> Named:
    """What sounds together, and near each other."""
    together = 1 + np.count_nonzero(seen.is_down, axis=0)
    semitones = seen.apart.astype(np.int64) % OCTAVE
    clashes = (semitones == 1) | (semitones == OCTAVE - 1)
    order = np.arange(len(seen.pitch))
    is_near = seen.is_later & (order - order[:, None] <= NEAR)
    classes = np.bincount(seen.pitch.astype(np.int64) % OCTAVE, minlength=OCTAVE)
    within = seen.jump[seen.is_within]
    yield "keys at once", mean(together)
    yield "one key at once", share(together == 1)
    yield "semitones held", share(clashes[seen.is_down])
    yield "semitones near", share(clashes[is_near])
    yield "one scale", (SCALES @ classes).max() / len(seen.pitch)
    yield "classes alike", pairs(semitones == 0)
    yield "seconds in chords", share((within == 1) | (within == 2))


def melody(seen: Seen) -> Named:
    """From each note to the next, and what comes again."""
    size = np.abs(seen.jump)
    yield "pitch", mean(seen.pitch)
    yield "pitch spread", deviation(seen.pitch)
    yield "pitch like before", correlation(seen.pitch[1:], seen.pitch[:-1])
    yield "same as before", share(seen.jump == 0)
    yield "same as two before", share(seen.apart.diagonal(2) == 0)
    yield "interval size", mean(size)
    yield "interval of a step", share((size > 0) & (size <= 2))
    yield "interval of a third", share((size == 3) | (size == 4))
    yield "interval upwards", share(seen.jump > 0)
    yield "intervals alike", alike(seen.jump, 0.5)
    two = seen.jump[1:] + WIDEST * seen.jump[:-1]
    yield "two intervals again", again(two)
    yield "three intervals again", again(two[1:] + WIDEST**2 * seen.jump[:-2])


def voices(seen: Seen) -> Named:
    """The highest notes of the chords, and the lowest."""
    upper = changes(np.maximum.reduceat(seen.pitch, seen.beginnings))
    lower = changes(np.minimum.reduceat(seen.pitch, seen.beginnings))
    yield "upper voice stays", share(upper == 0)
    yield "lower voice stays", share(lower == 0)
    yield "upper voice alike", alike(upper[1:] + WIDEST * upper[:-1], 0.5)


def rhythm(seen: Seen) -> Named:
    """From each onset to the next."""
    apart = seen.step[~seen.is_within]
    yield "in chords", share(seen.is_within)
    yield "steps alike", alike(seen.step, EQUAL)
    yield "chord step", mean(apart)
    yield "chord step spread", deviation(apart)
    yield "chord steps alike", alike(apart, EQUAL)
    yield "step after high", correlation(seen.pitch[:-1], seen.step)


def durations(seen: Seen) -> Named:
    """How long keys are held."""
    change = np.abs(changes(seen.held))
    yield "held", mean(seen.held)
    yield "held spread", deviation(seen.held)
    yield "held alike", alike(seen.held, EQUAL)
    yield "held like before", correlation(seen.held[1:], seen.held[:-1])
    yield "held otherwise", mean(change)
    yield "held otherwise in chords", mean(change[seen.is_within])
    yield "held over", share(seen.held[:-1] - seen.step > OVERHELD)


# Small measures


def pairs(is_alike: NDArray[np.bool_]) -> float:
    """The share of pairs of different things that are alike, by a symmetric (n, n) table."""
    count = len(is_alike)
    return (int(np.count_nonzero(is_alike)) - count) / (count * (count - 1)) if count > 1 else 0.0


def alike(values: Doubles, nearer: float) -> float:
    """The share of pairs of values that lie nearer than so much.

    >>> alike(np.array([1.0, 1.0, 2.0]), 0.5)
    0.3333333333333333
    """
    return pairs(np.abs(values - values[:, None]) < nearer)


def again(values: Doubles) -> float:
    """The share of values that were there before, of those that could have been.

    >>> again(np.array([1.0, 2.0, 1.0]))
    0.5
    """
    ordered = np.sort(values)
    return share(ordered[1:] == ordered[:-1])


def mean(values: NDArray[np.number]) -> float:
    """The mean, and 0 of nothing; quicker than numpy's."""
    return float(values.sum()) / len(values) if len(values) else 0.0


def deviation(values: Doubles) -> float:
    """The standard deviation, and 0 of nothing; quicker than numpy's."""
    other = values - mean(values)
    return (float(other @ other) / len(values)) ** 0.5 if len(values) else 0.0


def changes(values: Doubles) -> Doubles:
    """From each value to the next."""
    return values[1:] - values[:-1]


FIGURES = len(list(named(np.array([[0.0, 60, 64, 0.1], [0.2, 62, 64, 0.3]]))))
