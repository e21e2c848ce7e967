"""Compares exported models by their losses on works that they never heard.

The rule kept here: all models answer for the same windows, drawn once and for all, and beside them
stand baselines that answer for the same notes too. What is judged is the exported file that plays,
not the network it came from. A model that does not read windows has no such loss.
"""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import onnx
import torch

from performer import codec
from performer.codec import DURATION_EDGES, PITCHES, STEP_EDGES, WINDOW, Floats, bins
from performer.model import Model
from performer.model_card import ModelCard
from performer.refusal import Refusal
from trainer.baselines import LONGEST, Doubles, Markov, Symbols, best_order, bits_of, hits
from trainer.dataset import Pieces
from trainer.export import pieces
from trainer.foreseen import softmax
from trainer.network import Prediction, losses
from trainer.splits import SPLITS, TRAIN, VALID
from trainer.train import JUDGED

AT_ONCE = 1_000
LOSSES = ("total", "duration", "pitch", "step")  # in the order of the reference's table
SIZES = {"pitch": PITCHES, "step": len(STEP_EDGES) - 1, "duration": len(DURATION_EDGES) - 1}
SAID = ("pitch_logits", "step", "duration", "step_logits", "duration_logits")


@dataclass(frozen=True, slots=True)
class Likelihoods:
    """How well notes were foreseen."""

    top_1: float  # share of pitches that were the likeliest
    top_5: float
    pitch_bits: float
    step_bits: float
    duration_bits: float

    @property
    def note_bits(self) -> float:
        """Bits for all of a note."""
        return self.pitch_bits + self.step_bits + self.duration_bits


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the table."""

    name: str
    works: str  # train, valid or test
    notes: int  # that it was judged by
    foreseen: Likelihoods
    remark: str
    parameters: int | None = None  # baselines have none
    losses: Mapping[str, float] = field(default_factory=dict)  # as in training


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """The notes that all are judged by, and what stood before them."""

    windows: Floats  # (n, 25, 3)
    targets: Floats  # (n, 3)

    @property
    def before(self) -> dict[str, Symbols]:
        """The (n, 25) values before, by attribute, as the numbers of pitches and bins."""
        return as_values(self.windows)

    @property
    def true(self) -> dict[str, Symbols]:
        """The (n,) values that came."""
        return as_values(self.targets)


def as_values(rows: Floats) -> dict[str, Symbols]:
    """Rows that a model reads, as the numbers of pitches and bins."""
    return {
        "pitch": np.round(rows[..., 0] * PITCHES).astype(np.int64),
        "step": bins(rows[..., 1], STEP_EDGES),
        "duration": bins(rows[..., 2], DURATION_EDGES),
    }


def table(models: Sequence[Path], data: Path) -> list[Row]:
    """The lines of all models that read windows, and of the baselines.

    Raises Refusal where models or music are missing.
    """
    music = {works: pieces(data, works) for works in SPLITS}
    asked = {works: Asked(*notes.sample(JUDGED, seed=0)) for works, notes in music.items()}
    for works, notes in asked.items():
        if not len(notes.targets):
            raise Refusal(f"{data} holds no {works} work of over {WINDOW} notes: prepare more.")
    rows = [row for path in models for row in judged(path, asked)]
    rows += baselines(music[TRAIN], asked)
    return sorted(rows, key=lambda row: SPLITS[::-1].index(row.works))


def judged(path: Path, asked: Mapping[str, Asked]) -> list[Row]:
    """The lines of one exported model; none where it does not read windows. Raises Refusal."""
    model = Model.load(path)
    if model.card.codec != codec.CODEC:
        return []
    remark = shape(path)
    return [
        row_of(model.card, remark, works, notes, answers(model, notes.windows))
        for works, notes in asked.items()
    ]


def answers(model: Model, windows: Floats) -> dict[str, Floats]:
    """All that a model says after (n, 25, 3) windows, by output."""
    parts = [
        model.run(list(SAID), {"window": windows[start : start + AT_ONCE]})
        for start in range(0, len(windows), AT_ONCE)
    ]
    return {
        name: np.concatenate(said)
        for name, said in zip(SAID, zip(*parts, strict=True), strict=True)
    }


def row_of(
    card: ModelCard, remark: str, works: str, notes: Asked, said: Mapping[str, Floats]
) -> Row:
    """The line of a model on some works."""
    predicted = Prediction(
        *(torch.from_numpy(said[head]) for head in ("pitch_logits", "step", "duration"))
    )
    parts = losses(predicted, torch.from_numpy(notes.targets))
    return Row(
        card.name,
        works,
        len(notes.targets),
        foreseen({head: softmax(said[f"{head}_logits"]) for head in SIZES}, notes),
        remark,
        card.parameters,
        {part: float(getattr(parts, part)) for part in LOSSES},
    )


def foreseen(odds: Mapping[str, Doubles], notes: Asked) -> Likelihoods:
    """How well notes were foreseen by the odds given to each attribute."""
    true = notes.true
    return Likelihoods(
        hits(odds["pitch"], true["pitch"], 1),
        hits(odds["pitch"], true["pitch"], 5),
        *(bits_of(odds[head], true[head]) for head in SIZES),
    )


def shape(path: Path) -> str:
    """How many layers of how many cells an exported network has."""
    layers = [node for node in onnx.load(path).graph.node if node.op_type == "LSTM"]
    widths = {
        attribute.i
        for node in layers
        for attribute in node.attribute
        if attribute.name == "hidden_size"
    }
    return f"{len(layers)} x LSTM of {'/'.join(map(str, sorted(widths)))}"


def baselines(train: Pieces, asked: Mapping[str, Asked]) -> list[Row]:
    """The lines of unigram and Markov chains; the order is the best on valid works."""
    values = as_values(np.asarray(train.rows))
    chains = {head: Markov.of(values[head], train.firsts, size) for head, size in SIZES.items()}
    valid = asked[VALID]
    before, true = valid.before, valid.true
    orders = {head: best_order(chain, before[head], true[head]) for head, chain in chains.items()}
    said = ", ".join(f"{head} {order}" for head, order in orders.items())
    kinds = {
        "unigram": (dict.fromkeys(chains, 0), "how often each value comes"),
        "Markov": (orders, f"values remembered (best of 1 to {LONGEST}): {said}"),
    }
    return [
        Row(
            name,
            works,
            len(notes.targets),
            foreseen(chain_odds(chains, notes, remembered), notes),
            remark,
        )
        for name, (remembered, remark) in kinds.items()
        for works, notes in asked.items()
    ]


def chain_odds(
    chains: Mapping[str, Markov], notes: Asked, remembered: Mapping[str, int]
) -> dict[str, Doubles]:
    """The odds that chains give."""
    before = notes.before
    return {head: chain.odds(before[head], remembered[head]) for head, chain in chains.items()}


# Tables

COLUMNS = (
    *("model", "works", "parameters", "notes", "total loss", "duration", "pitch", "step"),
    *("top 1", "top 5", "pitch bits", "step bits", "duration bits", "bits a note", "remark"),
)


def values(row: Row) -> list[str | int | float | None]:
    """A line in full precision, in the order of the columns."""
    seen = row.foreseen
    return [
        *(row.name, row.works, row.parameters, row.notes),
        *(row.losses.get(part) for part in LOSSES),
        *(seen.top_1, seen.top_5),
        *(seen.pitch_bits, seen.step_bits, seen.duration_bits, seen.note_bits),
        row.remark,
    ]


def cells(row: Row) -> list[str]:
    """A line as it is read."""
    return [written(name, value) for name, value in zip(COLUMNS, values(row), strict=True)]


def written(column: str, value: str | int | float | None) -> str:
    """A figure as it is read."""
    match value:
        case None:
            return ""
        case float() if column.startswith("top"):
            return f"{value:.1%}"
        case float() if "bits" in column:
            return f"{value:.2f}"
        case float():
            return f"{value:.4f}"
        case int():
            return f"{value:,}"
        case text:
            return text


def as_markdown(rows: Sequence[Row]) -> str:
    """The table as Markdown."""
    lines = [COLUMNS, ["---"] * len(COLUMNS), *(cells(row) for row in rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def as_csv(rows: Sequence[Row]) -> str:
    """The table as CSV, in full precision."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerows([COLUMNS, *(values(row) for row in rows)])
    return text.getvalue()
