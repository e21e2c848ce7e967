"""Whether the model keeps up with its own music, and what is done where it does not.

The rule kept here: nobody hears it stumble. A note is never asked for earlier than it can be there;
where that often costs time, one thinks further ahead; where even that does not help, it is said,
once, that a smaller model would do better.
"""

from collections import deque
from enum import Enum
from statistics import median

TOLERATED = 0.03  # seconds that a note may come late
TIMED = 5  # notes, the latest, by which it is judged what one costs
JUDGED = 16  # requests, the latest, by which it is judged whether the model keeps up
BEHIND = 6  # of these that may be behind
FAR = 4.0  # seconds, the most that is thought ahead
FURTHER = 4.0  # times as far


class Verdict(Enum):
    """What was found just now about a model that is slow."""

    SLOW = "it thinks further ahead from now on"
    TOO_SLOW = "and still it does not keep up"


class Pace:
    """How far ahead a model is to think, by how long it takes."""

    def __init__(self, lookahead: float) -> None:
        """The pace of a model of which nothing is known yet."""
        self.lookahead = lookahead  # seconds
        self._took: deque[float] = deque(maxlen=TIMED)
        self._behind: deque[bool] = deque(maxlen=JUDGED)
        self._found: set[Verdict] = set()

    def took(self, seconds: float) -> None:
        """A note was there so long after it was asked for."""
        self._took.append(seconds)

    @property
    def soonest(self) -> float:
        """Seconds from now before which a note asked for now is not to come."""
        return (median(self._took) if self._took else 0.0) - TOLERATED

    def ask(self, ahead: float) -> Verdict | None:
        """A note is asked for while there are notes for `ahead` seconds: what that shows."""
        self._behind.append(ahead < self.soonest)
        if sum(self._behind) <= BEHIND:
            return None
        self._behind.clear()
        verdict = Verdict.TOO_SLOW if Verdict.SLOW in self._found else Verdict.SLOW
        if verdict in self._found:
            return None
        self._found.add(verdict)
        if verdict is Verdict.SLOW:
            self.lookahead = max(self.lookahead, min(FURTHER * self.lookahead, FAR))
        return verdict
