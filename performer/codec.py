"""How a note is written for a model to read, and read back from what a model says.

The rule kept here: trainer and performer share this one file, so what is trained and what is played
cannot disagree; a model names the codec that it was made with, and no other codec plays it.

The codec `window25-1`: a model reads the last 25 notes, each a row of pitch / 128, step and
duration, and says the next note as scores over 128 pitches and over bins of step and of duration.
The bins are narrow where the ear is: 5 ms (10 ms for durations) at the short end, 6 % apart beyond.
Where there are fewer than 25 notes yet, rows of zeros stand before them, in training as in playing.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from performer.notes import GRID, Note, on_grid
from performer.signature import Signature

CODEC = "window25-1"
WINDOW = 25  # notes that a model of this codec reads
FEATURES = ("pitch/128", "step", "duration")
PITCHES = 128
LONGEST_STEP = 8.0  # seconds; longer ones are read as this
LONGEST_DURATION = 12.0

Floats = NDArray[np.float32]


def _edges(width: float, even: int, longest: float, bins: int) -> NDArray[np.float64]:
    """The bins + 1 edges: `even` bins of one width from zero, then evenly apart by ratio."""
    return np.concatenate(
        [width * np.arange(even), np.geomspace(width * even, longest, bins - even + 1)]
    )


STEP_EDGES = _edges(0.005, 16, LONGEST_STEP, 97)  # seconds, 97 bins
DURATION_EDGES = _edges(0.010, 12, LONGEST_DURATION, 82)  # seconds, 82 bins

SIGNATURE = Signature(
    inputs={"window": (None, WINDOW, len(FEATURES))},
    outputs={
        "pitch_logits": (None, PITCHES),
        "step_logits": (None, len(STEP_EDGES) - 1),
        "duration_logits": (None, len(DURATION_EDGES) - 1),
    },
)


def bins(seconds: NDArray[np.floating], edges: NDArray[np.float64]) -> NDArray[np.int64]:
    """The bin that holds each value; what lies outside all bins falls into the nearest.

    >>> bins(np.array([-1.0, 0.0, 0.012, 99.0]), STEP_EDGES)
    array([ 0,  0,  2, 96])
    """
    inner = np.searchsorted(edges, seconds, side="right") - 1
    return np.clip(inner, 0, len(edges) - 2).astype(np.int64)


def seconds_in_bin(index: int, edges: NDArray[np.float64], part: float) -> float:
    """The value that lies at `part` (0 to 1) of the way through a bin: nothing sounds like a grid.

    The lowest bin stands for together, or as short as can be: it is read as its lower edge.

    >>> seconds_in_bin(2, STEP_EDGES, 0.5)
    0.0125
    """
    low, high = float(edges[index]), float(edges[index + 1])
    return low if index == 0 else low + part * (high - low)


def features(
    pitch: NDArray[np.number], step: NDArray[np.number], duration: NDArray[np.number]
) -> Floats:
    """Columns of n notes, times in seconds, as the (n, 3) rows that a model reads."""
    return np.stack(
        [
            pitch / PITCHES,
            np.clip(step, 0.0, LONGEST_STEP),
            np.clip(duration, 0.0, LONGEST_DURATION),
        ],
        axis=-1,
    ).astype(np.float32)


def row(pitch: int, step: float, duration: float) -> Floats:
    """One note as the (3,) row that a model reads."""
    return features(np.array(pitch), np.array(step), np.array(duration))


def window(notes: Sequence[Note]) -> Floats:
    """The last 25 notes as the (25, 3) rows that a model reads; the first note of all has step 0.

    >>> window([Note(64, 80, 1.0, 1.5)])[-1].tolist()
    [0.5, 0.0, 0.5]
    """
    last = notes[-WINDOW:]
    before = notes[-WINDOW - 1 : -WINDOW] or last[:1]
    starts = np.array([note.start for note in (*before, *last)])
    rows = features(
        np.array([note.pitch for note in last]),
        np.round(np.diff(starts) * GRID) / GRID,
        np.array([on_grid(note.duration) for note in last]),
    )
    return np.pad(rows, ((WINDOW - len(last), 0), (0, 0)))


def slid(rows: Floats, newest: Floats) -> Floats:
    """The (25, 3) window one note later: the oldest row gone, the newest added."""
    return np.concatenate([rows[1:], newest[None]])
