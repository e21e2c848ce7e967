"""How a note is written for a model that hears touch and pedal too: the codec `touch-1`.

The rule kept here: as in `codec`, trainer and performer share this file, and decoding inverts
encoding to within a bin. A note is five small integers: step and duration in the bins of `codec`,
pitch, velocity in 32 bins, and what the sustain pedal does from this note until the next: it is up,
it is down, or it was lifted and is down again.
"""

import numpy as np
from numpy.typing import NDArray

from performer.codec import DURATION_EDGES, PITCHES, STEP_EDGES, bins
from performer.notes import GRID, Phrase
from performer.signature import Signature

CODEC = "touch-1"
PARTS = ("step", "pitch", "velocity", "duration", "pedal")
STEP, PITCH, VELOCITY, DURATION, PEDAL = range(len(PARTS))
STEPS, DURATIONS = len(STEP_EDGES) - 1, len(DURATION_EDGES) - 1
VELOCITIES, VELOCITY_WIDTH = 32, 4  # bins, and velocities in each
CHORD_STEPS = 6  # bins of step that are together: under 30 ms
UP, DOWN, RENEWED = range(3)
PEDALS = 3
SIZES = (STEPS, PITCHES, VELOCITIES, DURATIONS, PEDALS)
UNKNOWN_VELOCITY, UNKNOWN_PEDAL = VELOCITIES, PEDALS  # read, never said

KINDS = ("performed", "expressive", "score")  # what kind of source a note came from
PERFORMED, EXPRESSIVE, SCORE = range(len(KINDS))
EARLY = 64  # notes from a phrase's first on, by which what it is read as is decided
SET_BY_SOFTWARE = 0.25  # share of steps that are exactly 0; human playing has 0.03

LANES, LATE, LATER = "lanes", "late", "later"  # sizes that differ from run to run
MOST_LATE = 256  # late notes that a model can be given

Tokens = NDArray[np.int64]

CARRIED = {
    "hidden": (LANES, None, None),  # layers, cells
    "cell": (LANES, None, None),
    "tail": (LANES, None, None),  # the notes before, as the model knows them
    "key": (LANES, None, None),  # of the moment now
    "last": (LANES, 1),  # pitch; -1 before the first note
    "late_keys": (LANES, None, LATE, None),  # of the moments before each late note
    "late_values": (LANES, None, LATE, None),  # of each late note
    "late_pitches": (LANES, LATE),
    "late_intervals": (LANES, LATE),
}  # from note to note by each lane: the LSTM's state, and the memory of the late notes
EARLIER = {
    "keys": (None, None, None),
    "values": (None, None, None),
    "pitches": (None,),  # -1 where there is none
    "intervals": (None,),
}  # the memory of the notes before those, of all lanes alike
SIGNATURE = Signature(
    inputs={
        "note": (LANES, len(PARTS)),  # the last one
        "kind": (1,),
        "numbers": (LANES, len(PARTS)),  # evenly between 0 and 1
        "temperatures": (LANES, len(PARTS)),
        "top_p": (LANES, len(PARTS)),
        "allowed": (LANES, sum(SIZES)),
        "allowed_in_chord": (LANES, PITCHES),  # pitches, where the step is one within a chord
        "forced": (LANES, len(PARTS)),  # -1 where a part is drawn
        **CARRIED,
        **EARLIER,
    },
    outputs={
        "next_note": (LANES, len(PARTS)),
        "log_odds": (LANES, len(PARTS)),
        "context": (LANES, None),
        **{
            f"next_{name}": tuple(LATER if size == LATE else size for size in shape)
            for name, shape in CARRIED.items()
        },
    },
    carried=CARRIED,
    remembered=EARLIER,
)


def tokens(
    start: NDArray[np.floating],
    pitch: NDArray[np.integer],
    velocity: NDArray[np.integer],
    duration: NDArray[np.floating],
    pedal: NDArray[np.integer],
) -> Tokens:
    """Columns of n notes in the order of their onsets, in seconds, as (n, 5) integers."""
    return np.stack(
        [
            bins(np.diff(start, prepend=start[:1]), STEP_EDGES),
            np.asarray(pitch, dtype=np.int64),
            np.asarray(velocity, dtype=np.int64) // VELOCITY_WIDTH,
            bins(duration, DURATION_EDGES),
            np.asarray(pedal, dtype=np.int64),
        ],
        axis=-1,
    )


def pedal_between(
    start: NDArray[np.floating],
    down_at: NDArray[np.floating],
    up_at: NDArray[np.floating],
    end: float,
) -> NDArray[np.int64]:
    """What the pedal does from each of n onsets until the next, and from the last until `end`.

    `down_at` and `up_at` are the moments of m spans in order, none overlapping another.
    """
    moments = np.append(start, end)  # (n + 1,)
    if not len(down_at):
        return np.zeros(len(start), dtype=np.int64)
    last = np.searchsorted(down_at, moments, side="left") - 1  # the span begun before each moment
    is_down = (last >= 0) & (up_at[np.maximum(last, 0)] >= moments)
    is_renewed = is_down[1:] & is_down[:-1] & (last[1:] > last[:-1])
    return np.where(is_renewed, RENEWED, is_down[1:].astype(np.int64))


def kind_of(start: NDArray[np.floating]) -> int:
    """What a live player's phrase is read as, and what one is read as that software set."""
    steps = np.diff(start)
    is_set = len(steps) > 0 and float(np.mean(steps == 0)) > SET_BY_SOFTWARE
    return EXPRESSIVE if is_set else PERFORMED


def kind_of_phrase(phrase: Phrase) -> int:
    """What a phrase is read as: that is decided early, and does not change as it grows."""
    return kind_of(np.array([note.start for note in phrase.notes[:EARLY]]))


def phrase_tokens(phrase: Phrase) -> Tokens:
    """The (n, 5) integers of a phrase; the pedal is unknown where it was never used.

    Where it is used late for the first time, it is unknown until then: what was heard stays so.
    """
    notes = phrase.notes
    start = np.array([note.start for note in notes])
    spans = sorted((span.start, span.end) for span in phrase.pedal)
    written = tokens(
        start,
        np.array([note.pitch for note in notes]),
        np.array([note.velocity for note in notes]),
        np.array([note.duration for note in notes]),
        pedal_between(
            start,
            np.array([down for down, _ in spans]),
            np.array([up for _, up in spans]),
            phrase.end,
        ),
    )
    written[:, STEP] = bins(_on_grid(np.diff(start, prepend=start[:1])), STEP_EDGES)
    written[:, DURATION] = bins(
        _on_grid(np.array([note.duration for note in notes])), DURATION_EDGES
    )
    before = int(np.searchsorted(start, spans[0][0])) - 1 if spans else len(notes)
    written[: before if before >= EARLY or not spans else 0, PEDAL] = UNKNOWN_PEDAL
    return written


def _on_grid(seconds: NDArray[np.floating]) -> NDArray[np.float64]:
    """Spans as whole milliseconds: wherever a phrase lies in time, it is read the same."""
    return np.round(seconds * GRID) / GRID
