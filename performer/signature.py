"""What a model of some codec reads and says: the names and shapes of its graph.

The rule kept here: a codec and its signature stand together; a file that does not fit is refused.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

Shape = tuple[int | str | None, ...]  # None: the model's own size; a name: another in every run


@dataclass(frozen=True, slots=True)
class Signature:
    """Inputs and outputs by name; the inputs whose next values are outputs `next_NAME`.

    What is remembered is read too, and whoever runs the graph adds to it.
    """

    inputs: Mapping[str, Shape]
    outputs: Mapping[str, Shape]
    carried: Mapping[str, Shape] = field(default_factory=dict)
    remembered: Mapping[str, Shape] = field(default_factory=dict)
