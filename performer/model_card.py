"""What a model says of itself: the words written inside its .onnx file.

The rule kept here: every field is plain text inside the file (ONNX `metadata_props`), so a model is
one file that describes itself, and the trainer that writes them shares this one list of them.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Self

from performer.taste import Taste

TASTE = ("pitch", "rhythm", "dynamics", "top_p")  # what a card says of it


LONGEST = 10_000  # characters of a field


def _words(told: Any) -> str:
    if not isinstance(told, str):
        raise TypeError
    return " ".join(told.split())  # one line, whatever it says


def _count(told: Any) -> int:
    if not isinstance(told, int) or not 0 <= told < 10**12:
        raise ValueError
    return told


def _taste(told: Any) -> Taste:
    return Taste(**told)


READ: dict[str, Callable[[Any], Any]] = {
    "window": _count,
    "features": lambda told: tuple(_words(feature) for feature in told),
    "parameters": _count,
    "losses": lambda told: {_words(name): float(loss) for name, loss in told.items()},
    "taste": _taste,
}  # the other fields are words


@dataclass(frozen=True, slots=True)
class ModelCard:
    """A model's own description; `losses` are those on the test works, by name."""

    name: str
    kind: str  # "reference", "flagship"
    codec: str
    window: int  # notes read at once, or remembered
    features: tuple[str, ...]
    training_corpus: str
    licence: str  # of the weights
    attribution: str
    date: str  # ISO 8601
    parameters: int
    losses: Mapping[str, float] = field(default_factory=dict)
    taste: Taste = Taste()  # with which it plays best, and on which the player's taste acts

    def to_metadata(self) -> dict[str, str]:
        """The card as an .onnx file's metadata: every value is JSON text."""
        taste = {name: getattr(self.taste, name) for name in TASTE}
        values = {**asdict(self), "taste": taste}
        return {key: json.dumps(value) for key, value in values.items()}

    @classmethod
    def from_metadata(cls, metadata: Mapping[str, str]) -> Self:
        """The card read back. Raises ValueError that names a field missing or unreadable."""
        values = {}
        for wanted in fields(cls):
            if wanted.name == "taste" and wanted.name not in metadata:
                continue  # a model from before models had one
            try:
                told = metadata[wanted.name]
                if len(told) > LONGEST:
                    raise ValueError
                read: Callable[[Any], Any] = READ.get(wanted.name, _words)
                values[wanted.name] = read(json.loads(told))
            except KeyError:
                raise ValueError(f"it does not say its {wanted.name}") from None
            except (ValueError, TypeError, AttributeError, RecursionError):
                raise ValueError(f"its {wanted.name} is not readable") from None
        return cls(**values)
