"""An ear of its own: scores what a model plays, while it plays it.

The rules kept here: it goes by what the model knew before each note anyway, by how likely each was
to it, and by a few figures of the notes that cost a fraction of one; the same few lines make an
impression of notes here and where scorers are taught. A scorer belongs to one model, whose
fingerprint it names, and refuses every other.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from performer.descriptors import Heard, described, table
from performer.figures import FIGURES, figures
from performer.model import Graph, graph_of
from performer.refusal import Refusal
from performer.touch import PEDAL

WINDOW = 25  # notes that are scored together
RARE = -3.0  # nats, below which a part of a note was a surprise
PLAIN = 4 * PEDAL + FIGURES  # numbers of an embedding that are not the model's own, the last ones
LARGEST = 4 * 1024 * 1024  # bytes of a scorer's file
FOLDER = "scorer"  # beside the models
THREE_NOTES = np.array([[0.0, 60, 64, 0.1], [0.2, 62, 64, 0.3], [0.4, 64, 64, 0.5]])  # to try out

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Impression:
    """What a model knew before each of the latest notes, and how likely each was to it."""

    contexts: tuple[Floats, ...] = ()  # (width,) each, at most WINDOW
    log_odds: tuple[Floats, ...] = ()  # (5,) each, by `touch.PARTS`

    def after(self, context: Floats, log_odds: Floats) -> "Impression":
        """The impression one note later."""
        return Impression((*self.contexts, context)[-WINDOW:], (*self.log_odds, log_odds)[-WINDOW:])

    def embedding(self, heard: Heard) -> Floats:
        """All that is scored by, (2 * width + PLAIN,), with the notes themselves."""
        return embedded(np.stack(self.contexts), np.stack(self.log_odds), heard)


def embedded(
    contexts: NDArray[np.floating], log_odds: NDArray[np.floating], heard: Heard
) -> Floats:
    """The mean and the last of some contexts, how likely notes were, and the notes in figures.

    (n, width), (n, 5), and (n, 4) as (2 * width + PLAIN,).
    """
    last = contexts[-WINDOW:]
    mean = last.mean(axis=0, dtype=np.float32)
    likely = _likely(log_odds[-WINDOW:, :PEDAL])
    return np.concatenate([mean, last[-1], likely, figures(heard[-WINDOW:])]).astype(np.float32)


def _likely(log_odds: NDArray[np.floating]) -> NDArray[np.floating]:
    """Mean, spread, and middle of each part's log-odds, and the share of surprises, (4 * parts,).

    What is foreseen all the time is as telling as what is never.
    """
    mean = log_odds.sum(axis=0) / len(log_odds)
    spread = np.sqrt(((log_odds - mean) ** 2).sum(axis=0) / len(log_odds))
    middle = np.sort(log_odds, axis=0)[len(log_odds) // 2]
    surprises = np.count_nonzero(log_odds < RARE, axis=0) / len(log_odds)
    return np.concatenate([mean, spread, middle, surprises])


@dataclass(frozen=True, slots=True)
class ScorerCard:
    """What a scorer says of itself; its figures are those on the test works, by name."""

    model: str
    sha256: str  # of the model's file
    kind: str  # "shipped" or "personal"
    taught_by: str
    licence: str
    date: str  # ISO 8601
    figures: Mapping[str, float]
    descriptors: tuple[str, ...] = ()  # by which it tells the model from a composer

    def to_metadata(self) -> dict[str, str]:
        """The card as an .onnx file's metadata: every value is JSON text."""
        return {key: json.dumps(value) for key, value in asdict(self).items()}

    @classmethod
    def from_metadata(cls, metadata: Mapping[str, str]) -> Self:
        """The card read back. Raises ValueError where it is not whole."""
        try:
            told = {each.name: json.loads(metadata[each.name]) for each in fields(cls)}
            return cls(**{**told, "descriptors": tuple(told["descriptors"])})
        except (KeyError, ValueError, TypeError):
            raise ValueError("it does not say what it scores") from None


class Scorer:
    """A loaded scorer."""

    def __init__(self, card: ScorerCard, graph: Graph) -> None:
        """Use `Scorer.load`."""
        self.card = card
        self._graph = graph

    @classmethod
    def load(cls, path: Path, sha256: str) -> Self:
        """The scorer at a path, for the model of a fingerprint. Raises Refusal for any other."""
        try:
            graph = _graph(path)
            card = ScorerCard.from_metadata(graph.get_modelmeta().custom_metadata_map)
        except OSError as reason:
            raise Refusal(f"The scorer {path} cannot be read: {reason.strerror}.") from None
        except ValueError as reason:
            raise Refusal(f"{path} cannot score: {reason}.") from None
        if not set(card.descriptors) <= set(described(THREE_NOTES)):
            raise Refusal(f"{path} cannot score: it goes by figures that are not known here.")
        if card.sha256 != sha256:
            raise Refusal(
                f"{path} belongs to the model {card.sha256[:12]}, and {sha256[:12]} is another: "
                "fit it anew with antiphon-train scorer fit."
            )
        return cls(card, graph)

    def odds(self, embeddings: Floats) -> Floats:
        """How good (n, 2 * width + PLAIN) impressions seem, (n,): the odds in nats, for ranking.

        Raises Refusal where the model knows otherwise much than the scorer.
        """
        return self._said("odds", embeddings, self._no_figures(len(embeddings)))[:, 0]

    def traits(self, embeddings: Floats) -> Floats:
        """Along what music differs, whitened, (n, traits): what a listener's taste goes by."""
        return self._said("traits", embeddings, self._no_figures(len(embeddings)))

    def likeness(self, music: Sequence[Heard]) -> Floats:
        """How like a composer's some answers are, (n,): the odds against the model itself."""
        names, figures = table(music)
        place = {name: number for number, name in enumerate(names)}
        wanted = figures[:, [place[name] for name in self.card.descriptors]].astype(np.float32)
        nothing = np.zeros((len(music), self._width), dtype=np.float32)
        return self._said("likeness", nothing, wanted)[:, 0]

    def _no_figures(self, count: int) -> Floats:
        return np.zeros((count, len(self.card.descriptors)), dtype=np.float32)

    @property
    def _width(self) -> int:
        return int(self._graph.get_inputs()[0].shape[1])

    def _said(self, output: str, embeddings: Floats, figures: Floats) -> Floats:
        try:
            (said,) = self._graph.run([output], {"embedding": embeddings, "figures": figures})
        except Exception:  # onnxruntime's exceptions share no narrower class
            raise Refusal("The scorer does not fit what the model knows.") from None
        return np.asarray(said, dtype=np.float32)


def as_score(odds: float) -> float:
    """Odds as a number between 0 and 1.

    >>> as_score(0.0)
    0.5
    """
    return float(1 / (1 + np.exp(-odds)))


def scorer_of(model: Path) -> Path:
    """Where the scorer of a model lies."""
    return model.parent / FOLDER / model.name


def best(odds: Sequence[float], is_copy: Sequence[bool]) -> int:
    """The number of the best of some candidates: none that quotes too long, where there is one."""
    return max(range(len(odds)), key=lambda number: (not is_copy[number], odds[number], -number))


def _graph(path: Path) -> Graph:
    if path.stat().st_size > LARGEST:
        raise ValueError("it is larger than any scorer of ours")
    return graph_of(path.read_bytes())
