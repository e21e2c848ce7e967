"""What an answer must not be, whatever a model says.

The rule kept here: these are masks, laid on before a value is drawn, never repairs after it.
"""

import numpy as np
from numpy.typing import NDArray

from performer.codec import PITCHES, STEP_EDGES

LOWEST, HIGHEST = 21, 108  # the piano's keys
LONGEST_SILENCE = 2.0  # seconds between two onsets within an answer
LONGEST, SHORTEST = 4.0, 0.03  # seconds for which a key is held
MOST_AT_ONCE = 10  # keys held at a time

ON_THE_PIANO = (np.arange(PITCHES) >= LOWEST) & (np.arange(PITCHES) <= HIGHEST)


def soon_enough(wait: float) -> NDArray[np.bool_]:
    """The bins of step that end before too long a silence, and after at least `wait` seconds."""
    late_enough = STEP_EDGES[1:] > wait
    soon = (STEP_EDGES[1:] <= LONGEST_SILENCE) & late_enough
    return soon if soon.any() else np.cumsum(late_enough) == 1  # the first that is late enough
