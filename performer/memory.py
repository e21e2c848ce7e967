"""What a model that hears touch and pedal remembers of the music so far.

The rule kept here: a memory is a value. What was played long ago is kept apart from the late notes,
is shared by all who go on from there, and is never written into; so the memories of many notes, and
of many ways to go on, take little room, and several ways can be played in one run.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Arrays = Mapping[str, NDArray[np.generic]]
EARLIER_OF = {
    "keys": "late_keys",
    "values": "late_values",
    "pitches": "late_pitches",
    "intervals": "late_intervals",
}


@dataclass(frozen=True, slots=True, eq=False)
class Memory:
    """What was known after a note, in one lane of a run."""

    earlier: Arrays  # by the names of `touch.EARLIER`: of all lanes alike
    lanes: Arrays  # by the names of `touch.CARRIED`: of each lane
    lane: int = 0

    @property
    def late(self) -> int:
        """How many notes are late ones."""
        return int(self.lanes["late_pitches"].shape[1])

    def settled(self) -> "Memory":
        """The same with the late notes put to the earlier ones, the earliest of which are lost."""
        earlier = {
            name: _pushed(self.earlier[name], self.lanes[late][self.lane])
            for name, late in EARLIER_OF.items()
        }
        lanes = {name: each[self.lane : self.lane + 1] for name, each in self.lanes.items()}
        for late in EARLIER_OF.values():
            axis = 2 if lanes[late].ndim == 4 else 1
            lanes[late] = np.take(lanes[late], [], axis=axis)
        return Memory(earlier, lanes)


def are_of_one_past(memories: Sequence[Memory]) -> bool:
    """True where several can be played in one run."""
    first = memories[0]
    return all(each.earlier is first.earlier and each.late == first.late for each in memories)


def side_by_side(memories: Sequence[Memory]) -> Arrays:
    """Several memories of one past as the lanes of one run."""
    lanes = memories[0].lanes
    is_whole = all(each.lanes is lanes for each in memories) and [
        each.lane for each in memories
    ] == list(range(len(lanes["last"])))
    if is_whole:
        return lanes
    return {
        name: np.concatenate([each.lanes[name][each.lane : each.lane + 1] for each in memories])
        for name in lanes
    }


def _pushed(earlier: NDArray[np.generic], late: NDArray[np.generic]) -> NDArray[np.generic]:
    """(..., notes, n) or (notes,) with later ones at the end, as many as there were."""
    axis = 1 if earlier.ndim == 3 else 0
    whole = np.concatenate([earlier, late], axis=axis)
    count = earlier.shape[axis]
    return np.ascontiguousarray(whole[:, -count:] if axis else whole[-count:])
