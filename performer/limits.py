"""What an answer must not be, whatever a model says.

The rule kept here: these are masks, laid on before a value is drawn, never repairs after it.
"""

import numpy as np

from performer.codec import PITCHES

LOWEST, HIGHEST = 21, 108  # the piano's keys
LONGEST_SILENCE = 2.0  # seconds between two onsets within an answer
LONGEST, SHORTEST = 4.0, 0.03  # seconds for which a key is held
MOST_AT_ONCE = 10  # keys held at a time

ON_THE_PIANO = (np.arange(PITCHES) >= LOWEST) & (np.arange(PITCHES) <= HIGHEST)
