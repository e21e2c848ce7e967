"""The room that the built-in piano stands in: a reverb.

A network of delays that feed one another, after Jot and Chaigne, "Digital delay networks for
designing artificial reverberators" (AES 1991): what comes out of eight delays is mixed so that no
energy is gained, grows a little weaker and duller, and goes in again.

The rule kept here: a room without depth leaves the sound as it is, to the last bit; and whatever is
played, it dies away.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

RATE = 48_000  # frames a second
DELAYS = np.array([1327, 1559, 1801, 2039, 2287, 2543, 2801, 3049])  # frames: primes
LONGEST = 4096  # frames that are remembered: a power of two above them
AT_ONCE = 1024  # frames, fewer than the shortest delay
DYING = 1.9  # seconds until a sound is 60 dB softer
WETTEST = 1.2  # of the dry sound, at full depth
MIXED = np.eye(8) - np.full((8, 8), 2 / 8)  # Householder's: it keeps the energy
SENT = np.array([1, -1, 1, 1, -1, 1, -1, -1]) / np.sqrt(8)
LEFT_AND_RIGHT = np.array([[1, 0, -1, 0, 1, 0, -1, 0], [0, 1, 0, -1, 0, 1, 0, -1]]) / 2

Sound = NDArray[np.float32]  # (frames, 2)


@dataclass(slots=True)
class Room:
    """What still sounds from the walls."""

    depth: float = 0.0  # from 0 to 1
    _walls: NDArray[np.float32] = field(
        default_factory=lambda: np.zeros((len(DELAYS), LONGEST), np.float32)
    )
    _now: int = 0  # frames since it was built
    _last: NDArray[np.float64] = field(default_factory=lambda: np.zeros((len(DELAYS), 1)))

    def around(self, dry: Sound) -> Sound:
        """The sound (frames, 2), and what the room adds to it."""
        if self.depth == 0:
            return dry
        parts = (dry[start : start + AT_ONCE] for start in range(0, len(dry), AT_ONCE))
        return np.concatenate([self._part(part) for part in parts]) if len(dry) else dry

    def silence(self) -> None:
        """Let nothing sound any more."""
        self._walls.fill(0)
        self._last.fill(0)

    def _part(self, dry: Sound) -> Sound:
        frames = self._now + np.arange(len(dry))
        come = np.take_along_axis(self._walls, (frames - DELAYS[:, None]) % LONGEST, axis=1)
        before = np.concatenate([self._last, come[:, :-1]], axis=1)
        self._last = come[:, -1:].astype(np.float64)
        dulled = (come + before) / 2 * GOES_ON
        self._walls[:, frames % LONGEST] = MIXED @ dulled + SENT[:, None] * dry.mean(axis=1)
        self._now += len(dry)
        wet = (LEFT_AND_RIGHT @ come).T
        return (dry + WETTEST * self.depth * wet).astype(np.float32)


GOES_ON = (10.0 ** (-3 * DELAYS / (DYING * RATE)))[:, None]  # how much of a sound comes back
