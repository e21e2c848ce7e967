"""Where an improvisation stands: a value that can be kept, returned to, and thought on from.

The rule kept here: all that decides the next note is in it, the random numbers too, which follow
from (seed, turn, number of the note) alone. So an answer can be made again, note for note.

What a model remembers of the music is its mind. There is none before the first note: the model
then hears the phrase.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from statistics import NormalDist, fmean, pstdev
from typing import Self

import numpy as np
from numpy.typing import NDArray

from performer.codec import Floats
from performer.notes import Note, Phrase
from performer.taste import Taste
from performer.touch import Tokens

WANDER = 0.7  # how much of a velocity's distance from the mean the next one keeps
LEAST_SPREAD = 6.0  # velocity; no player is more even than this
SOFTEST, LOUDEST = 16, 120
NORMAL = NormalDist()
TOGETHER = 0.03  # seconds: onsets closer than this are one chord


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
class WindowMind:
    """What a model reads that knows the last notes alone; it does not say how loud a note is.

    So the velocity wanders around that of the player's phrase, as widely as the player's did.
    """

    rows: Floats  # (25, 3)
    dynamics: Dynamics


@dataclass(frozen=True, slots=True, eq=False)
class TouchMind:
    """What a model carries along that hears touch and pedal, and the last note, not yet heard."""

    memory: Mapping[str, NDArray[np.generic]]  # by the names of the graph's inputs
    last: Tokens  # (5,)
    kind: int  # of source, as which the music is read
    velocity: int  # of the last note
    held: tuple[tuple[int, float], ...] = ()  # (pitch, until when), on the answer's clock
    pedal: int | None = None  # what it does from the last note on; None: it is left alone


@dataclass(frozen=True, slots=True, eq=False)
class Thought:
    """What is continued and how, how far it has come, and the model's mind."""

    phrase: Phrase
    taste: Taste
    seed: int
    turn: int
    taken_at: float | None = None  # when the answer begins, on the phrase's clock; None: it may say
    index: int = 0  # number of the next note
    onset: float = 0.0  # seconds from the answer's first onset to the last note's
    chord: frozenset[int] = frozenset()  # pitches struck together with the last note
    earliest: float = 0.0  # seconds from the answer's first onset before which no note may come
    mind: WindowMind | TouchMind | None = None

    @classmethod
    def on(
        cls, phrase: Phrase, taste: Taste, seed: int, turn: int, taken_at: float | None = None
    ) -> Self:
        """The thought with which a phrase is taken up."""
        return cls(phrase, taste, seed, turn, taken_at)

    def changed(self, taste: Taste, earliest: float) -> Self:
        """The same thought in another taste, from a later moment on."""
        return replace(self, taste=taste, earliest=earliest)

    @property
    def pedal(self) -> int | None:
        """What the pedal does from the last note on; None: it is left alone."""
        return self.mind.pedal if isinstance(self.mind, TouchMind) else None

    def numbers(self, count: int) -> tuple[float, ...]:
        """The random numbers, evenly between 0 and 1, that belong to the next note."""
        dice = np.random.default_rng((self.seed, self.turn, self.index))
        return tuple(float(number) for number in dice.random(count))

    def after(self, note: Note, step: float, mind: WindowMind | TouchMind) -> Self:
        """The thought after a note that came `step` seconds after the one before."""
        return replace(
            self,
            index=self.index + 1,
            onset=note.start,
            chord=(self.chord if step < TOGETHER else frozenset()) | {note.pitch},
            mind=mind,
        )
