"""Decides which pieces are learnt from and which are kept to judge by.

The rule kept here: no work stands on both sides. Pieces that share many runs of intervals in their
upper voice are taken for one work, in whatever key, edition or tempo, and go to one side together.
A catalogue's word stands; what it does not know goes with what it resembles.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

TRAIN, VALID, TEST = "train", "valid", "test"
SPLITS = (TRAIN, VALID, TEST)
RUN = 12  # intervals
TOGETHER = 0.05  # seconds within which notes are one chord, of which the highest is heard
SHARED = 0.2  # of the runs of the smaller of two pieces: they are one work
COMMON = 20  # pieces: a run in more than these is a scale or an exercise, no theme
KEPT = 0.05  # of the notes, for valid and for test each
LARGEST_KEPT = 0.1  # of the notes: the largest work that is taken away from train


def runs(pitch: NDArray[np.integer], start: NDArray[np.floating]) -> NDArray[np.uint64]:
    """The distinct runs of intervals of the upper voice, as numbers; times in ascending order.

    Intervals know nothing of the key; the upper voice is the highest note of each chord.
    """
    if len(pitch) == 0:
        return np.empty(0, dtype=np.uint64)
    chords = np.flatnonzero(np.diff(start, prepend=-np.inf) > TOGETHER)
    intervals = np.diff(np.maximum.reduceat(pitch.astype(np.int64), chords))
    if len(intervals) < RUN:
        return np.empty(0, dtype=np.uint64)
    there = np.lib.stride_tricks.sliding_window_view(intervals, RUN)  # (runs, RUN)
    moving = there[np.count_nonzero(there, axis=1) * 2 > RUN]  # a note repeated is no theme
    factors = np.array([pow(1_000_003, place, 1 << 64) for place in range(RUN)], dtype=np.uint64)
    return np.unique(((moving.astype(np.uint64) + np.uint64(128)) * factors).sum(axis=1))


def works(pieces: Sequence[NDArray[np.uint64]]) -> list[list[int]]:
    """The pieces, by their runs, grouped into works: lists of indices, in order."""
    shared = _shared(pieces)
    leaders = list(range(len(pieces)))

    def leader(piece: int) -> int:
        while leaders[piece] != piece:
            leaders[piece] = piece = leaders[leaders[piece]]
        return piece

    for (one, other), count in shared.items():
        if count >= SHARED * min(len(pieces[one]), len(pieces[other])):
            leaders[max(leader(one), leader(other))] = min(leader(one), leader(other))
    groups: dict[int, list[int]] = {}
    for piece in range(len(pieces)):
        groups.setdefault(leader(piece), []).append(piece)
    return list(groups.values())


def _shared(pieces: Sequence[NDArray[np.uint64]]) -> Counter[tuple[int, int]]:
    """How many runs each two pieces share, runs common to many pieces left out."""
    owners = np.repeat(np.arange(len(pieces)), [len(piece) for piece in pieces])
    _, numbers, counts = np.unique(
        np.concatenate([*pieces, np.empty(0, dtype=np.uint64)]),
        return_inverse=True,
        return_counts=True,
    )
    is_telling = (counts > 1) & (counts <= COMMON)
    there = np.flatnonzero(is_telling[numbers])
    there = there[np.argsort(numbers[there], kind="stable")]
    ends = np.flatnonzero(np.diff(numbers[there])) + 1
    shared: Counter[tuple[int, int]] = Counter()
    for group in np.split(owners[there], ends):
        shared.update(combinations(group.tolist(), 2))
    return shared


def split(known: Sequence[str], notes: Sequence[int], groups: Iterable[Sequence[int]]) -> list[str]:
    """The split of each piece: what is `known` of it ("" for nothing), else that of its work.

    Unknown works fill test, then valid, each to 5 % of all notes and with one work at least where
    there are three, in an order that depends on the pieces alone; the rest is for train.
    """
    splits = list(known)
    unknown = []
    for group in groups:
        said = [known[piece] for piece in group if known[piece]]
        for piece in group:
            splits[piece] = known[piece] or (max(said, key=SPLITS.index) if said else "")
        if not said:
            unknown.append(group)
    sizes = [sum(notes[piece] for piece in group) for group in unknown]
    for group, side in zip(unknown, _sides(sizes, sum(notes), set(known)), strict=True):
        for piece in group:
            splits[piece] = side
    return splits


def _sides(sizes: Sequence[int], total: int, known: set[str]) -> list[str]:
    """A side for each unknown work, of so many notes."""
    sides = [TRAIN] * len(sizes)
    shuffled = sorted(range(len(sizes)), key=lambda work: _dice(work, sizes[work]))
    for side, others in ((TEST, 2), (VALID, 1)):  # sides that must find a work still
        free = [work for work in shuffled if sides[work] == TRAIN]
        small = [work for work in free if sizes[work] <= LARGEST_KEPT * total]
        if not small and side not in known:
            small = sorted(free, key=lambda work: sizes[work])[:1]
        kept = 0
        for work in small[: max(len(free) - others, 0)]:
            if kept >= KEPT * total:
                break
            sides[work] = side
            kept += sizes[work]
    return sides


def _dice(work: int, size: int) -> bytes:
    return hashlib.sha256(f"{work} {size}".encode()).digest()
