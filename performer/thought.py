"""Where an improvisation stands: a value that can be kept, returned to, and thought on from.

The rule kept here: all that decides the next note is in it, the random numbers too, which follow
from (seed, turn, number of the note) alone. So an answer can be made again, note for note.

A model of this codec does not say how loud: the velocity wanders around that of the player's
phrase, as widely as the player's did.
"""

from dataclasses import dataclass, replace
from statistics import NormalDist, fmean, pstdev
from typing import Self

import numpy as np

from performer.codec import Floats, row, slid, window
from performer.notes import Note, Phrase
from performer.taste import Taste

WANDER = 0.7  # how much of a velocity's distance from the mean the next one keeps
LEAST_SPREAD = 6.0  # velocity; no player is more even than this
SOFTEST, LOUDEST = 16, 120
NORMAL = NormalDist()


@dataclass(frozen=True, slots=True)
class Dynamics:
    """The velocities of the phrase (mean and standard deviation), and where they stand now."""

    mean: float
    spread: float
    now: float

    @classmethod
    def of(cls, phrase: Phrase) -> Self:
        """The dynamics of what the player played."""
        velocities = [note.velocity for note in phrase.notes]
        return cls(fmean(velocities), max(pstdev(velocities), LEAST_SPREAD), velocities[-1])

    def moved(self, number: float, temperature: float) -> Self:
        """One note on, by a random `number` (0 < number < 1): a first-order autoregression."""
        fresh = self.spread * temperature * (1 - WANDER**2) ** 0.5 * NORMAL.inv_cdf(number)
        now = self.mean + WANDER * (self.now - self.mean) + fresh
        return replace(self, now=min(max(now, SOFTEST), LOUDEST))


@dataclass(frozen=True, slots=True, eq=False)
class Thought:
    """The window that the model reads next, the dynamics, and how the answer is to be drawn."""

    rows: Floats  # (25, 3)
    dynamics: Dynamics
    taste: Taste
    seed: int
    turn: int
    index: int = 0  # number of the next note
    onset: float = 0.0  # seconds from the answer's first onset to the last note's
    chord: frozenset[int] = frozenset()  # pitches struck at that onset

    @classmethod
    def on(cls, phrase: Phrase, taste: Taste, seed: int, turn: int) -> Self:
        """The thought with which a phrase is taken up."""
        return cls(window(phrase.notes), Dynamics.of(phrase), taste, seed, turn)

    def numbers(self, count: int) -> tuple[float, ...]:
        """The random numbers, evenly between 0 and 1, that belong to the next note."""
        dice = np.random.default_rng((self.seed, self.turn, self.index))
        return tuple(float(number) for number in dice.random(count))

    def after(self, note: Note, step: float, dynamics: Dynamics) -> Self:
        """The thought after a note that came `step` seconds after the one before."""
        return replace(
            self,
            rows=slid(self.rows, row(note.pitch, step, note.duration)),
            dynamics=dynamics,
            index=self.index + 1,
            onset=note.start,
            chord=(self.chord if step == 0 else frozenset()) | {note.pitch},
        )
