"""Counts what no listener forgives: a note that hangs, a key hammered, a hole in the music.

The rule kept here: a fault is a note of which something plain is true; real music has some of each,
so they are counted in it too, and only what exceeds that speaks against a model.
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from performer.codec import DURATION_EDGES
from performer.limits import HIGHEST, LOWEST, PIANO, SHORTEST
from performer.notes import GRID
from trainer.confidence import Measured, ratio
from trainer.works import END, PITCH, START, Heard

OVER_AND_OVER = 4  # the same key so often in a row is a fault
HOLE = 2.0  # seconds in which no key is down
LONGEST_BINS = DURATION_EDGES[PIANO.longest >= DURATION_EDGES]
LAST_ALLOWED = float(LONGEST_BINS[-2])  # seconds: where the longest bin begins
POINT = 0.5 / GRID  # seconds: half a point of the grid on which all times lie

Truths = NDArray[np.bool_]


def over_and_over(heard: Heard) -> Truths:
    """Strikes of a key that was struck so often in a row already."""
    earlier = np.concatenate([np.full(OVER_AND_OVER - 1, np.nan), heard[:, PITCH]])
    runs = np.lib.stride_tricks.sliding_window_view(earlier, OVER_AND_OVER)
    return np.asarray((runs == runs[:, -1:]).all(axis=1))


def after_a_hole(heard: Heard) -> Truths:
    """Notes before which no key was down for so long."""
    silent_since = np.maximum.accumulate(heard[:, END])
    before = np.concatenate([heard[:1, START], silent_since[:-1]])
    return np.asarray(heard[:, START] - before > HOLE + POINT)


def at_the_clamp(heard: Heard) -> Truths:
    """Notes as short, or nearly as long, as a note of an answer can be."""
    held = heard[:, END] - heard[:, START]
    return (held <= SHORTEST + POINT) | (held >= LAST_ALLOWED - POINT)


def off_the_piano(heard: Heard) -> Truths:
    """Notes for which a piano has no key."""
    return np.asarray((heard[:, PITCH] < LOWEST) | (heard[:, PITCH] > HIGHEST))


def too_many(heard: Heard) -> Truths:
    """Strikes that put more keys down than there are fingers."""
    return np.asarray(_down(heard).sum(axis=1) >= PIANO.most_at_once)


def while_it_sounds(heard: Heard) -> Truths:
    """Strikes of a key that is still down."""
    same_key = heard[:, None, PITCH] == heard[None, :, PITCH]
    return np.asarray((_down(heard) & same_key).any(axis=1))


def _down(heard: Heard) -> Truths:
    """For each note, the notes before it that are still held, (n, n)."""
    earlier = np.tri(len(heard), k=-1, dtype=bool)
    return np.asarray(earlier & (heard[None, :, END] > heard[:, None, START] + POINT))


FAULTS: Mapping[str, Callable[[Heard], Truths]] = {
    "same key over and over": over_and_over,
    "silence over 2 s": after_a_hole,
    "duration at the clamp": at_the_clamp,
    "off the piano": off_the_piano,
    "more than 10 at once": too_many,
    "struck while it sounds": while_it_sounds,
}


def counts(heard: Heard) -> dict[str, int]:
    """How many notes have each fault."""
    return {name: int(found(heard).sum()) for name, found in FAULTS.items()}


def per_thousand(music: Sequence[Heard], works: Sequence[int]) -> dict[str, Measured]:
    """Faults in a thousand notes, of each kind and of all, of excerpts of some works."""
    found = [counts(heard) for heard in music]
    notes = np.array([len(heard) for heard in music], dtype=np.float64)
    kinds = {name: np.array([count[name] for count in found], dtype=np.float64) for name in FAULTS}
    kinds["all faults"] = np.sum(list(kinds.values()), axis=0)
    return {name: ratio(1_000 * many, notes, works) for name, many in kinds.items()}
