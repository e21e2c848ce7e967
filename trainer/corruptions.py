"""Spoils real music by degrees, so that an ear can learn what is better than what.

The rules kept here: every version of a continuation has as many notes as the composer's, begins at
the same moment, is as loud on the whole and as even; so nothing tells them apart but the music.
`PAIRS` says which version is to be ranked above which.
"""

from collections.abc import Callable, Mapping
from itertools import combinations

import numpy as np

from performer.limits import HIGHEST, LOWEST
from performer.notes import as_sounded
from performer.taste import Taste
from trainer.judges import shuffled_pitches, shuffled_times
from trainer.works import END, PITCH, START, VELOCITY, Heard, as_heard, as_notes

REAL, GRAND, REFERENCE = "as composed", "flagship", "reference"
WRONG = (-2, -1, 1, 2)  # semitones by which a wrong note misses
STRIDE = 4  # semitones of a random walk's step, at most

Change = Callable[[Heard, np.random.Generator], Heard]


def wrong_notes(share: float) -> Change:
    """Some notes miss their key by a semitone or two."""

    def change(heard: Heard, dice: np.random.Generator) -> Heard:
        other = heard.copy()
        missed = dice.random(len(heard)) < share
        other[:, PITCH] += missed * dice.choice(WRONG, len(heard))
        return on_the_piano(other)

    return change


def one_note(heard: Heard, dice: np.random.Generator) -> Heard:
    """The first key, over and over, in the rhythm of the whole."""
    other = heard.copy()
    other[:, PITCH] = heard[0, PITCH]
    return other


def random_walk(heard: Heard, dice: np.random.Generator) -> Heard:
    """The same rhythm on keys that wander."""
    other = heard.copy()
    strides = dice.integers(-STRIDE, STRIDE + 1, len(heard) - 1)
    other[1:, PITCH] = heard[0, PITCH] + np.cumsum(strides)
    return on_the_piano(other)


CORRUPTIONS: Mapping[str, Change] = {
    "a wrong note in eight": wrong_notes(1 / 8),
    "a wrong note in three": wrong_notes(1 / 3),
    "times shuffled": shuffled_times,
    "pitches shuffled": shuffled_pitches,
    "random walk": random_walk,
    "one note": one_note,
}
NOISE = ("times shuffled", "pitches shuffled", "random walk", "one note")
TASTES: Mapping[str, Taste] = {
    f"temperature {warm:g}": Taste.of(warm, 1.0) for warm in (0.75, 0.5, 1.5, 2.0)
}  # of the flagship, which plays best at 1; from the likest to a composer's down, as a judge says
CHAINS = (
    *((REAL, GRAND, REFERENCE, noise) for noise in NOISE),
    (REAL, GRAND, *TASTES),
    (*(REAL, *CORRUPTIONS)[:3], "pitches shuffled"),
)  # each from the best to the worst; what stands in no chain together is not compared
PAIRS = tuple(
    dict.fromkeys(pair for chain in CHAINS for pair in combinations(chain, 2))
)  # the better and the worse
COARSE, WARMTH = 5.0, 3.0  # what a pair of these counts in what is taught, of others 1


def weight(better: str, worse: str) -> float:
    """How much a pair counts: more where everybody hears it, and where few pairs say it."""
    if worse == REFERENCE:
        return COARSE
    return WARMTH if worse in TASTES and better != REAL else 1.0


def on_the_piano(heard: Heard) -> Heard:
    """The same notes, those off the piano an octave further in."""
    other = heard.copy()
    other[:, PITCH] += 12 * (heard[:, PITCH] < LOWEST) - 12 * (heard[:, PITCH] > HIGHEST)
    return other


def corrupted(real: Heard, dice: np.random.Generator) -> dict[str, Heard]:
    """All corruptions of a continuation, by name."""
    return {name: change(real, dice) for name, change in CORRUPTIONS.items()}


def matched(heard: Heard, real: Heard) -> Heard:
    """The same notes as a piano sounds them, begun with the real ones, as loud and as even."""
    other = as_heard(as_sounded(as_notes(heard[: len(real)])))
    other[:, [START, END]] += real[0, START] - heard[0, START]
    velocity, spread = other[:, VELOCITY], other[:, VELOCITY].std()
    evenly = (velocity - velocity.mean()) / spread if spread else np.zeros(len(other))
    wanted = real[:, VELOCITY].mean() + real[:, VELOCITY].std() * evenly
    other[:, VELOCITY] = np.clip(np.round(wanted), 1, 127)
    return other
