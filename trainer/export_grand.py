"""Makes a trained flagship into the one file that the instrument plays.

The rule kept here: as in `export`, no file is left behind that disagrees with the network it was
made from: the exported graph and torch hear the same real music note by note, and what they say of
it may differ by no more than half precision does.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pyarrow.parquet as pq
import torch

from performer.model import Model
from performer.model_card import ModelCard
from performer.refusal import Refusal
from performer.taste import Taste
from performer.touch import CODEC, KINDS, PARTS, SIZES
from performer.touch_player import HEARING, TouchPlayer, Wish
from trainer.export import SHARE_ALIKE, UNSTATED, corpus_sentence, named
from trainer.grand import Grand
from trainer.grand_graph import written
from trainer.lanes import Performance, performances
from trainer.splits import TEST, TRAIN
from trainer.train_grand import Config as Learning
from trainer.train_grand import surprise

TOLERANCE = 0.02  # nats of a part of a note: the file keeps its weights at half precision
COMPARED, COMPARED_NOTES = 3, 200  # pieces, and notes of each


@dataclass(frozen=True, slots=True)
class Trained:
    """A trained flagship, how it learnt, and how many notes it has learnt from."""

    network: Grand
    learning: Learning
    notes: int
    history: Sequence[Mapping[str, Any]]

    @classmethod
    def load(cls, run: Path) -> "Trained":
        """The network of a run, as it stands. Raises Refusal where there is none."""
        try:
            kept = torch.load(run / "checkpoint.pt", weights_only=True, map_location="cpu")
        except FileNotFoundError:
            raise Refusal(f"{run} holds no trained network: run antiphon-train train.") from None
        learning = Learning.restored(kept["config"])
        network = Grand(learning.shape)
        network.load_state_dict(kept["network"])
        return cls(network.eval(), learning, kept["notes"], kept["history"])


def export(
    run: Path, data: Path, out: Path, taste: Taste, licence: str | None = None
) -> tuple[ModelCard, float]:
    """Write the .onnx; its card, and the largest difference from torch in nats.

    Raises Refusal where there is nothing to export or the file would disagree with the network.
    """
    trained = Trained.load(run)
    judged = performances(data, TEST)
    card = described(trained, judged, data, out.stem, taste, licence)
    model = written(trained.network)
    onnx.helper.set_model_props(model, card.to_metadata())
    trial = out.with_name(f".{out.name}.part")
    out.parent.mkdir(parents=True, exist_ok=True)
    try:
        trial.write_bytes(model.SerializeToString())
        difference = disagreement(trial, trained.network, judged)
        if not difference <= TOLERANCE:
            raise Refusal(
                f"{out} was not written: the exported graph differs from the network by "
                f"{difference:.1e} nats, and {TOLERANCE:.0e} is the most that is allowed."
            )
        trial.replace(out)
    finally:
        trial.unlink(missing_ok=True)
    return card, difference


def described(
    trained: Trained,
    judged: Sequence[Performance],
    data: Path,
    name: str,
    taste: Taste,
    licence: str | None,
) -> ModelCard:
    """The model's card; its losses are bits a note on the played test works, by torch."""
    catalogue = pq.read_table(data / "pieces.parquet").to_pylist()
    wanted = {KINDS.index(kind) for kind in trained.learning.kinds}
    learnt = [
        piece
        for piece in catalogue
        if piece["split"] == TRAIN and KINDS.index(piece["kind"] or "score") in wanted
    ]
    return ModelCard(
        name=name,
        kind="flagship",
        codec=CODEC,
        window=trained.learning.shape.memory,
        features=PARTS,
        training_corpus=corpus_sentence(learnt),
        licence=licence or (SHARE_ALIKE if all(p["licence"] for p in learnt) else UNSTATED),
        attribution=named(piece["attribution"] for piece in learnt) or UNSTATED,
        date=date.today().isoformat(),
        parameters=trained.network.parameter_count,
        losses={},
        taste=taste,
    )


def disagreement(path: Path, network: Grand, judged: Sequence[Performance]) -> float:
    """The largest difference in nats between what the file and torch say of real music."""
    player = TouchPlayer(Model.load(path))
    largest = 0.0
    for piece in judged[:COMPARED]:
        music = piece.tokens()[:COMPARED_NOTES]
        with torch.no_grad():
            nats, counts = surprise(network, [(music, piece.kind)], torch.device("cpu"))
        said = log_odds(player, music, piece.kind)
        ours = -np.where(music[1:] < np.array(SIZES), said, 0.0).sum(axis=0)
        apart = np.abs(ours - nats.numpy()) / np.maximum(counts.numpy(), 1)
        largest = max(largest, float(apart.max()))
    return largest


def log_odds(player: TouchPlayer, music: np.ndarray, kind: int) -> np.ndarray:
    """What a file says, note by note, of music (n, 5) that it is made to play: (n - 1, 5) nats.

    Where a part is unknown, what it says means nothing.
    """
    memory, said = player.fresh, []
    for note, following in pairwise(music):
        heard = player.said(note, kind, memory, Wish(HEARING.numbers, forced=following))
        memory = heard.memory
        said.append(heard.log_odds)
    return np.array(said)
