"""How an answer is to be drawn: the settings that a player turns.

The rule kept here: a taste that exists is playable; whatever cannot be played is refused with a
sentence when it is made.
"""

import math
from dataclasses import dataclass
from typing import Self

HOTTEST = 5.0  # above this the odds are flat: noise, not taste
PITCH_SHARE = 0.8  # of one temperature for all: at 1, pitches wander off within a hundred notes


@dataclass(frozen=True, slots=True)
class Taste:
    """Temperatures of pitch, rhythm and dynamics (1: as learnt), and top-p over pitch and rhythm.

    Raises ValueError, with a sentence for the player, for a value that cannot be played.
    """

    pitch: float = 1.0
    rhythm: float = 1.0
    dynamics: float = 1.0
    top_p: float = 1.0

    def __post_init__(self) -> None:
        """Refuse what cannot be played."""
        for temperature in (self.rhythm, self.dynamics, self.pitch):
            if not 0 < temperature <= HOTTEST or math.isnan(temperature):
                raise ValueError(
                    f"a temperature of {temperature:g} cannot be played: "
                    f"choose one above 0 and up to {HOTTEST:g}, 1 being as learnt"
                )
        if not 0 < self.top_p <= 1:
            raise ValueError(f"a top-p of {self.top_p:g} cannot be played: choose above 0, up to 1")

    @classmethod
    def of(cls, temperature: float, top_p: float) -> Self:
        """One temperature for all three, the pitch's being a little cooler.

        At 1 the models' continuations of 100 notes were nearest to real valid works in step, share
        of chords, spread of pitch and size of intervals.
        """
        return cls(PITCH_SHARE * temperature, temperature, temperature, top_p)
