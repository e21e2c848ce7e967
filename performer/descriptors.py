"""What can be said of a stretch of music in figures: keys, rhythm, touch, chords, and what returns.

The rule kept here: a descriptor is a plain figure of one excerpt alone, and none is a mark: a
single note repeated has perfect scale consistency. They are there for a judge that learns which of
them give a model away, and to be shown beside those of real music.

What lies before the excerpt is not looked at, so its first step is no part of it.
"""

from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from performer.codec import DURATION_EDGES, STEP_EDGES, bins
from performer.notes import Note

START, PITCH, VELOCITY, END = range(4)  # columns of notes

TOGETHER = 0.03  # seconds within which notes are one chord
SHORTEST = 0.001  # seconds; what the logarithm of a time starts at
OCTAVE = 12
MAJOR = np.array([0, 2, 4, 5, 7, 9, 11])  # natural minor has the same keys
RUN = 3  # intervals, or steps, that make a figure
LAGS = (1, 2, 3, 4, 6, 8, 12, 16)  # notes after which something may return

Doubles = NDArray[np.float64]
Heard = Doubles  # (notes, 4): start, pitch, velocity, end; times in seconds, on the grid
Named = Iterator[tuple[str, float]]


def as_heard(notes: Sequence[Note]) -> Heard:
    """Notes as rows.

    >>> as_heard([Note(60, 80, 0.0, 0.5)]).tolist()
    [[0.0, 60.0, 80.0, 0.5]]
    """
    rows = [(note.start, note.pitch, note.velocity, note.end) for note in notes]
    return np.array(rows, dtype=np.float64).reshape(-1, 4)


def described(heard: Heard) -> dict[str, float]:
    """All descriptors of an excerpt, by name; those of touch begin with `velocity`."""
    return {
        name: value
        for part in (pitches, intervals, classes, steps, durations, velocities, chords, returns)
        for name, value in part(heard)
    }


def of_touch(names: Sequence[str]) -> NDArray[np.bool_]:
    """Which descriptors know how loud a note was."""
    return np.array([name.startswith("velocity") for name in names])


def table(music: Sequence[Heard]) -> tuple[list[str], Doubles]:
    """The names, and the (excerpts, descriptors) figures."""
    rows = [described(heard) for heard in music]
    return list(rows[0]), np.array([list(row.values()) for row in rows])


def pitches(heard: Heard) -> Named:
    """Where on the keyboard."""
    pitch = heard[:, PITCH]
    half = len(pitch) // 2
    yield from spread("pitch", pitch)
    yield "pitch lowest", pitch.min()
    yield "pitch highest", pitch.max()
    yield "pitch variety", len(np.unique(pitch)) / len(pitch)
    yield "pitch drift", pitch[half:].mean() - pitch[:half].mean()
    for lag in LAGS:
        yield f"pitch like {lag} before", likeness(pitch, lag)
        yield f"pitch same as {lag} before", share(pitch[lag:] == pitch[:-lag])


def intervals(heard: Heard) -> Named:
    """From each note to the next, and within the upper voice and the lower."""
    jumps = np.diff(heard[:, PITCH])
    size = np.abs(jumps)
    yield "interval size", size.mean()
    yield "interval deviation", jumps.std()
    yield "interval none", share(jumps == 0)
    yield "interval of a step", share((size > 0) & (size <= 2))
    yield "interval of a third", share((size == 3) | (size == 4))
    yield "interval of an octave", share(size == OCTAVE)
    yield "interval over an octave", share(size > OCTAVE)
    yield "interval upwards", share(jumps > 0)
    yield "interval turns", share(np.sign(jumps[1:]) != np.sign(jumps[:-1]))
    yield "interval variety", entropy(jumps)
    struck = beginnings(heard)
    for voice, ufunc in (("upper", np.maximum), ("lower", np.minimum)):
        line = np.diff(ufunc.reduceat(heard[:, PITCH], struck))
        yield f"{voice} voice leaps", float(np.abs(line).mean()) if len(line) else 0.0
        yield f"{voice} voice by step", share((np.abs(line) > 0) & (np.abs(line) <= 2))
        yield f"{voice} voice stays", share(line == 0)


def classes(heard: Heard) -> Named:
    """Which of the twelve keys of an octave."""
    pitch = heard[:, PITCH].astype(int)
    counts = np.bincount(pitch % OCTAVE, minlength=OCTAVE) / len(pitch)
    yield "classes variety", entropy(pitch % OCTAVE)
    yield "classes commonest", counts.max()
    yield "classes in one scale", max(counts[(MAJOR + key) % OCTAVE].sum() for key in range(OCTAVE))
    half = len(pitch) // 2
    first, second = (
        np.bincount(part % OCTAVE, minlength=OCTAVE) for part in (pitch[:half], pitch[half:])
    )
    yield "classes stay", cosine(first, second)


def steps(heard: Heard) -> Named:
    """From each onset to the next."""
    step = np.diff(heard[:, START])
    log = np.log10(np.maximum(step, SHORTEST))
    yield from spread("step", log)
    yield "step of nought", share(step == 0)
    yield "step under 10 ms", share(step < 0.010)
    yield "step under 30 ms", share(step < TOGETHER)
    yield "step under 100 ms", share(step < 0.100)
    yield "step over 1 s", share(step > 1.0)
    yield "step variety", entropy(bins(step, STEP_EDGES))
    apart = np.log10(np.maximum(np.diff(heard[beginnings(heard), START]), SHORTEST))
    yield from spread("chord step", apart)
    for lag in LAGS:
        yield f"chord step like {lag} before", likeness(apart, lag)
    change = np.abs(np.diff(apart))
    yield "chord step unchanged", share(change < 0.05)
    yield "chord step doubled", share(np.abs(change - np.log10(2)) < 0.05)


def durations(heard: Heard) -> Named:
    """How long keys are held."""
    held = np.maximum(heard[:, END] - heard[:, START], SHORTEST)
    log = np.log10(held)
    step = np.diff(heard[:, START])
    yield from spread("duration", log)
    yield "duration variety", entropy(bins(held, DURATION_EDGES))
    yield "duration shortest", log.min()
    yield "duration longest", log.max()
    yield "duration by pitch", correlation(log, heard[:, PITCH])
    yield "duration by step", correlation(log[:-1], np.log10(np.maximum(step, SHORTEST)))
    for lag in (1, 2, 4):
        yield f"duration like {lag} before", likeness(log, lag)
    together = np.flatnonzero(step < TOGETHER)
    apart = np.abs(log[together + 1] - log[together])
    yield "duration within chords", float(apart.mean()) if len(apart) else 0.0


def velocities(heard: Heard) -> Named:
    """How hard keys are struck."""
    velocity = heard[:, VELOCITY]
    yield from spread("velocity", velocity)
    yield "velocity softest", velocity.min()
    yield "velocity loudest", velocity.max()
    yield "velocity variety", entropy(velocity)
    yield "velocity change", np.abs(np.diff(velocity)).mean()
    yield "velocity unchanged", share(np.diff(velocity) == 0)
    yield "velocity by pitch", correlation(velocity, heard[:, PITCH])
    step = np.diff(heard[:, START])
    yield "velocity by step", correlation(velocity[1:], np.log10(np.maximum(step, SHORTEST)))
    held = np.log10(np.maximum(heard[:, END] - heard[:, START], SHORTEST))
    yield "velocity by duration", correlation(velocity, held)
    for lag in (1, 2, 3, 4, 8):
        yield f"velocity like {lag} before", likeness(velocity, lag)
    together = np.flatnonzero(step < TOGETHER)
    apart = np.abs(np.diff(velocity))[together]
    yield "velocity within chords", float(apart.mean()) if len(apart) else 0.0


def chords(heard: Heard) -> Named:
    """What sounds together."""
    struck = beginnings(heard)
    sizes = np.diff(np.append(struck, len(heard)))
    yield "chords size", sizes.mean()
    yield "chords largest", sizes.max()
    yield "chords of one", share(sizes == 1)
    yield "chords of two", share(sizes == 2)
    yield "chords of four or more", share(sizes >= 4)
    yield "chords change size", share(np.diff(sizes) != 0)
    spans = np.maximum.reduceat(heard[:, PITCH], struck) - np.minimum.reduceat(
        heard[:, PITCH], struck
    )
    yield "chords width", float(spans[sizes > 1].mean()) if (sizes > 1).any() else 0.0
    within = np.diff(heard[:, PITCH])[np.diff(heard[:, START]) < TOGETHER]
    for name, wanted in (
        ("second", (1, 2)),
        ("third", (3, 4)),
        ("fourth", (5, 5)),
        ("fifth", (7, 7)),
        ("octave", (12, 12)),
    ):
        yield f"chords {name}s", share((within >= wanted[0]) & (within <= wanted[1]))
    down = sounding(heard)
    yield "polyphony", down.mean()
    yield "polyphony most", down.max()
    yield "polyphony of one", share(down == 1)
    yield "dissonance", dissonance(heard)


def returns(heard: Heard) -> Named:
    """What is heard again."""
    jumps = np.diff(heard[:, PITCH]).astype(int)
    onsets = beginnings(heard)
    upper = np.diff(np.maximum.reduceat(heard[:, PITCH], onsets)).astype(int)
    rhythm = np.round(8 * np.log2(np.maximum(np.diff(heard[onsets, START]), SHORTEST))).astype(int)
    yield "returns triples", heard_again(jumps, RUN)
    yield "returns fives", heard_again(jumps, 5)
    yield "returns pitches", heard_again(heard[:, PITCH].astype(int), RUN)
    yield "returns upper", heard_again(upper, RUN)
    yield "returns rhythm", heard_again(rhythm, RUN)
    yield "returns longest", longest_return(jumps) / len(jumps)


# Small measures


def spread(name: str, values: Doubles) -> Named:
    """Where values lie and how widely."""
    low, middle, high = np.percentile(values, [10, 50, 90]) if len(values) else (0.0, 0.0, 0.0)
    yield f"{name} mean", float(values.mean()) if len(values) else 0.0
    yield f"{name} deviation", float(values.std()) if len(values) else 0.0
    yield f"{name} low", float(low)
    yield f"{name} middle", float(middle)
    yield f"{name} high", float(high)


def share(true: NDArray[np.bool_]) -> float:
    """The share of what is true."""
    return int(np.count_nonzero(true)) / len(true) if len(true) else 0.0


def entropy(values: NDArray[np.number]) -> float:
    """Bits to say which value it is.

    >>> entropy(np.array([1, 1, 2, 2]))
    1.0
    """
    counts = np.unique(values, return_counts=True)[1]
    odds = counts / counts.sum()
    return float(-(odds * np.log2(odds)).sum()) + 0.0


def correlation(one: Doubles, other: Doubles) -> float:
    """Pearson's, and 0 where one of both does not vary."""
    if len(one) < 3:
        return 0.0
    one, other = one - one.mean(), other - other.mean()
    spreads = np.sqrt([one @ one, other @ other])
    if spreads.min() < 1e-9 * len(one) ** 0.5:
        return 0.0
    return float(one @ other / spreads.prod())


def likeness(values: Doubles, lag: int) -> float:
    """How values go with those `lag` places before."""
    return correlation(values[lag:], values[:-lag])


def cosine(one: NDArray[np.integer], other: NDArray[np.integer]) -> float:
    """The cosine between two counts."""
    length = np.linalg.norm(one) * np.linalg.norm(other)
    return float(one @ other / length) if length else 0.0


def beginnings(heard: Heard) -> NDArray[np.int64]:
    """The first note of each chord."""
    return np.flatnonzero(np.diff(heard[:, START], prepend=-np.inf) > TOGETHER)


def sounding(heard: Heard) -> NDArray[np.int64]:
    """How many keys are down just after each is struck."""
    start, end = heard[:, START], heard[:, END]
    order = np.arange(len(heard))
    struck = order[None, :] <= order[:, None]
    is_down = struck & (end[None, :] > start[:, None])
    return np.asarray(np.maximum(is_down.sum(axis=1), 1), dtype=np.int64)


def dissonance(heard: Heard) -> float:
    """The share of clashes among all notes struck and the keys that are held down meanwhile."""
    start, end, pitch = heard[:, START], heard[:, END], heard[:, PITCH]
    earlier = np.tri(len(heard), k=-1, dtype=bool)
    is_held = earlier & (end[None, :] > start[:, None] + TOGETHER)
    clashes = np.isin((pitch[:, None] - pitch[None, :]) % OCTAVE, (1, 2, 10, 11))
    return share(clashes[is_held])


def heard_again(values: NDArray[np.integer], run: int) -> float:
    """The share of runs of values that were heard before within the excerpt.

    >>> heard_again(np.array([1, 2, 3, 9, 1, 2]), 2)
    0.2
    """
    if len(values) < run:
        return 0.0
    there = np.lib.stride_tricks.sliding_window_view(values, run)
    counts = Counter(map(tuple, there.tolist()))
    return (counts.total() - len(counts)) / counts.total()


def longest_return(values: NDArray[np.integer]) -> int:
    """The longest run of values that comes twice, overlapping or not.

    >>> longest_return(np.array([1, 2, 3, 9, 1, 2, 3]))
    3
    """
    longest = 0
    for lag in range(1, len(values)):
        same = np.concatenate([[False], values[lag:] == values[:-lag], [False]])
        bounds = np.flatnonzero(~same)
        longest = max(longest, int(np.diff(bounds).max()) - 1)
    return longest
