"""Windows of music to learn from: 25 notes, and the one that follows.

The rules kept here: no window straddles two pieces; where a window has fewer notes, rows of zeros
stand before them, just as the instrument completes a short phrase. The rows stay on disk and are
mapped into memory, so training needs no more memory for a larger corpus.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from performer.codec import FEATURES, WINDOW, Floats

SHORTENED = 8  # one window in so many loses its oldest notes, so that short phrases are learnt too
STEP = FEATURES.index("step")


@dataclass(frozen=True, slots=True, eq=False)
class Pieces:
    """The notes of all pieces of a split, one after the other."""

    rows: Floats  # (notes, 3)
    firsts: NDArray[np.int64]  # (pieces,) the index of each piece's first note

    @classmethod
    def of(cls, rows: Floats, lengths: NDArray[np.int64]) -> Self:
        """Pieces of so many notes each."""
        return cls(rows, np.cumsum(lengths) - lengths)

    @classmethod
    def load(cls, data: Path, split: str) -> Self:
        """A split that `prepare` wrote."""
        rows = np.load(data / f"{split}.npy", mmap_mode="r")
        return cls.of(rows, np.load(data / f"{split}_lengths.npy"))

    @property
    def can_teach(self) -> bool:
        """True where any note follows another."""
        return len(self.rows) > len(self.firsts)

    def before(self, notes: NDArray[np.int64]) -> NDArray[np.int64]:
        """How many notes of its own piece come before each of some notes."""
        return notes - self.firsts[np.searchsorted(self.firsts, notes, side="right") - 1]

    def windows(self, nexts: NDArray[np.int64], kept: NDArray[np.int64]) -> tuple[Floats, Floats]:
        """The (n, 25, 3) windows before the notes `nexts`, and these (n, 3) notes themselves.

        Of each window the latest `kept` notes are read, or fewer where the piece has not more.
        """
        age = np.arange(WINDOW, 0, -1)  # notes before the next one
        places = nexts[:, None] - age  # (n, 25)
        oldest = np.minimum(kept, self.before(nexts))  # (n,)
        is_there = age <= oldest[:, None]
        windows = np.where(is_there[..., None], self.rows[np.maximum(places, 0)], np.float32(0))
        first = (age == oldest[:, None]) & (oldest < WINDOW)[:, None]
        windows[first, STEP] = 0.0  # the first note of a phrase follows none
        return windows, np.asarray(self.rows[nexts])

    def draw(
        self, count: int, dice: np.random.Generator
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Notes to predict (any but the first of a piece), and how many notes to read before."""
        nexts = np.empty(0, dtype=np.int64)
        while len(nexts) < count:
            drawn = dice.integers(len(self.rows), size=count)
            nexts = np.concatenate([nexts, drawn[self.before(drawn) > 0]])[:count]
        is_short = dice.integers(SHORTENED, size=count) == 0
        return nexts, np.where(is_short, dice.integers(1, WINDOW, size=count), WINDOW)

    def sample(self, count: int, seed: int) -> tuple[Floats, Floats]:
        """The same full windows every time, to judge by: at most so many, without repetition."""
        notes = np.arange(len(self.rows))
        full = notes[self.before(notes) >= WINDOW]
        chosen = np.sort(np.random.default_rng(seed).permutation(full)[:count])
        return self.windows(chosen, np.full(len(chosen), WINDOW))
