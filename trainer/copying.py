"""Finds what was learnt by heart: the longest run of intervals that stands in a training work too.

The rules kept here: intervals know nothing of the key, so a copy is found in any transposition; all
notes count, in the order in which a model reads them. Real music shares runs too, scales and
repeated notes above all, so the same is measured between real works by different composers.

Runs of every length are compared by numbers that stand for them (64 bits; by doubling, after Karp,
Miller and Rosenberg, 1972). Two runs whose length is a power of two cover any run between.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from trainer.works import PITCH, Heard, Work

LARGEST_INTERVAL = 128
POWERS = 10  # runs of up to 2 ** POWERS - 1 intervals are told apart
APART = np.uint64(0x9E3779B97F4A7C15)  # an odd number without pattern (the golden ratio's)
FACTOR_1, FACTOR_2 = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)

Marks = NDArray[np.uint64]
Numbers = NDArray[np.int64]


def scrambled(values: Marks) -> Marks:
    """Other numbers for other values, without pattern (SplitMix64's last steps)."""
    values = (values ^ (values >> np.uint64(30))) * FACTOR_1
    values = (values ^ (values >> np.uint64(27))) * FACTOR_2
    return np.asarray(values ^ (values >> np.uint64(31)))


def paired(left: Marks, right: Marks) -> Marks:
    """A number for two runs, one after the other."""
    return scrambled(left * APART + scrambled(right + APART))


@dataclass(frozen=True, slots=True, eq=False)
class Runs:
    """The intervals of many pieces, one after the other, and numbers for their runs."""

    doubled: tuple[Marks, ...]  # by power of two: the run from each place
    room: Numbers  # (n,) intervals from each place to the end of its piece
    owner: Numbers  # (n,) the piece at each place, by its number among those given

    @classmethod
    def of(cls, lines: Sequence[NDArray[np.number]]) -> Self:
        """The pitches of many pieces."""
        jumps = [np.diff(line).astype(np.int64) for line in lines]
        lengths = np.array([len(line) for line in jumps], dtype=np.int64)
        whole = np.concatenate([*jumps, np.empty(0, dtype=np.int64)])
        doubled = [scrambled((whole + LARGEST_INTERVAL).astype(np.uint64) + APART)]
        for power in range(POWERS - 1):
            doubled.append(paired(doubled[-1], _later(doubled[-1], 1 << power)))
        ends = np.repeat(np.cumsum(lengths), lengths)
        return cls(
            tuple(doubled),
            ends - np.arange(len(whole)),
            np.repeat(np.arange(len(lines)), lengths),
        )

    def marks(self, length: int) -> tuple[Marks, Numbers]:
        """A number for each run of so many intervals within one piece, and where it begins."""
        power = length.bit_length() - 1
        places = np.flatnonzero(self.room >= length)
        shorter = self.doubled[power]
        return paired(shorter[places], shorter[places + length - (1 << power)]), places


def _later(marks: Marks, by: int) -> Marks:
    return np.concatenate([marks[by:], np.zeros(min(by, len(marks)), dtype=np.uint64)])


@dataclass(frozen=True, slots=True, eq=False)
class Library:
    """Works that something may be copied from."""

    runs: Runs
    composers: Numbers  # (works,) numbers of their composers
    names: tuple[str, ...]  # of the composers

    @classmethod
    def of(cls, works: Sequence[Work]) -> Self:
        """Whole works."""
        names, composers = np.unique([work.composer for work in works], return_inverse=True)
        runs = Runs.of([work.performance.pitch for work in works])
        return cls(runs, composers.astype(np.int64), tuple(names.tolist()))

    def number(self, composer: str | None) -> int:
        """The number of a composer; -1 for one of whom there is nothing here."""
        return self.names.index(composer) if composer in self.names else -1

    def holds(self, marks: Marks, length: int, barred: Numbers) -> NDArray[np.bool_]:
        """Which of n runs stand in a work that is not by a composer who is barred (n,)."""
        known, places = self.runs.marks(length)
        if not len(known):
            return np.zeros(len(marks), dtype=bool)
        by = self.composers[self.runs.owner[places]]
        order = np.lexsort((by, known))
        known, by = known[order], by[order]
        first = np.searchsorted(known, marks)
        last = np.searchsorted(known, marks, side="right") - 1
        is_there = last >= first
        first, last = np.minimum(first, len(known) - 1), np.maximum(last, 0)
        return np.asarray(is_there & ((by[first] != barred) | (by[last] != barred)))


def longest_shared(
    music: Sequence[Heard], library: Library, without: Sequence[str | None] | None = None
) -> Numbers:
    """For each of n excerpts, the longest run of intervals that stands in a library too, (n,).

    Works by the composer of whom it is to do `without` are left out of the library. A run that is
    shared shares all shorter ones, so lengths are searched by halving, for all excerpts at once.
    """
    runs = Runs.of([heard[:, PITCH] for heard in music])
    barred = np.array([library.number(name) for name in without or [None] * len(music)])
    low = np.zeros(len(music), dtype=np.int64)  # shared
    high = np.array([len(heard) for heard in music], dtype=np.int64)  # not shared
    while (high - low > 1).any():
        asked = (low + high) // 2
        shared = np.zeros(len(music), dtype=bool)
        for length in np.unique(asked[high - low > 1]).tolist():
            marks, places = runs.marks(length)
            owner = runs.owner[places]
            ours = (asked[owner] == length) & (high - low > 1)[owner]
            held = library.holds(marks[ours], length, barred[owner[ours]])
            shared[owner[ours][held]] = True
        low, high = np.where(shared, asked, low), np.where(shared, high, asked)
    return low
