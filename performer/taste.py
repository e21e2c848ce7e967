"""How an answer is to be drawn: the settings that a player turns.

The rule kept here: a taste that exists is playable; whatever cannot be played is refused with a
sentence when it is made.
"""

import math
from dataclasses import dataclass
from typing import Self

from performer.limits import PIANO, Bounds

HOTTEST = 5.0  # above this the odds are flat: noise, not taste
SPARSEST, DENSEST = 0.1, 4.0


@dataclass(frozen=True, slots=True)
class Taste:
    """Temperatures of pitch, rhythm and dynamics (1: as the model plays best), top-p, density.

    Raises ValueError, with a sentence for the player, for a value that cannot be played.
    """

    pitch: float = 1.0
    rhythm: float = 1.0
    dynamics: float = 1.0
    top_p: float = 1.0
    bounds: Bounds = PIANO
    density: float = 1.0  # of its onsets; below 1 it waits longer between them, above 1 less long

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
        if not SPARSEST <= self.density <= DENSEST:
            raise ValueError(
                f"a density of {self.density:g} cannot be played: "
                f"choose {SPARSEST:g} to {DENSEST:g}, 1 being as learnt"
            )

    @classmethod
    def of(
        cls, temperature: float, top_p: float, bounds: Bounds = PIANO, density: float = 1.0
    ) -> Self:
        """One temperature for all three."""
        return cls(temperature, temperature, temperature, top_p, bounds, density)
