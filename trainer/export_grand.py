"""Makes a trained flagship into the one file that the instrument plays.

The rule kept here: as in `export`, no file is left behind that disagrees with the network it was
made from: the exported graph and torch hear the same real music note by note, and what they say of
it may differ by no more than whole numbers of eight bits do, which its weights become.
"""

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pyarrow.parquet as pq
import torch
from onnxruntime.quantization import CalibrationDataReader, QuantType, quantize_static

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
from trainer.train_grand import JUDGED, judge, surprise
from trainer.train_grand import Config as Learning

TOLERANCE = 0.02  # nats of a part of a note
IN_EIGHT_BITS = ["Gemm"]  # operators that multiply whole numbers of eight bits
COMPARED, COMPARED_NOTES = 3, 200  # pieces, and notes of each
LISTENED = 12  # pieces, by which it is found out how large the numbers are that are multiplied
REMEMBERED = 1024  # notes, in the file; learning remembers fewer, to be quick


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
        network.shape = replace(learning.shape, memory=max(learning.shape.memory, REMEMBERED))
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
        write_in_eight_bits(model, trial, performances(data, TRAIN))
        difference = disagreement(trial, trained.network, judged)
        if not difference <= TOLERANCE:
            raise Refusal(
                f"{out} was not written: the exported graph differs from the network by "
                f"{difference:.1e} nats, and {TOLERANCE:.0e} is the most that is allowed."
            )
        trial.replace(out)
        text = as_markdown(card, trained, difference)
        out.with_suffix(".md").write_text(text, encoding="utf-8")
    finally:
        trial.unlink(missing_ok=True)
    return card, difference


def write_in_eight_bits(model: onnx.ModelProto, path: Path, music: Sequence[Performance]) -> None:
    """Write a graph whose products are of whole numbers, their scales found by hearing some music.

    Scales are settled beforehand, not by the numbers of a run: so no lane of a run hears another.
    Seven bits of a weight's eight are used: on processors without VNNI sums of full ones overflow.
    """
    onnx.save(model, path)
    logging.getLogger().addFilter(_is_no_advice)
    try:
        quantize_static(
            model,
            path,
            Hearing(TouchPlayer(Model.load(path)), music),
            op_types_to_quantize=IN_EIGHT_BITS,
            per_channel=True,
            reduce_range=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            extra_options={"OpTypesToExcludeOutputQuantization": IN_EIGHT_BITS},
        )
    finally:
        logging.getLogger().removeFilter(_is_no_advice)


class Hearing(CalibrationDataReader):  # type: ignore[misc]  # onnxruntime says nothing of types
    """What a graph is given while it hears some music."""

    def __init__(self, player: TouchPlayer, music: Sequence[Performance]) -> None:
        """Pieces from all over the music, as many as are enough."""
        every = max(len(music) // LISTENED, 1)
        self._inputs = self._heard(player, music[::every][:LISTENED])

    def get_next(self) -> Mapping[str, np.ndarray] | None:
        """The inputs of the next run; None at the end."""
        return next(self._inputs, None)

    def _heard(
        self, player: TouchPlayer, music: Sequence[Performance]
    ) -> Iterator[Mapping[str, np.ndarray]]:
        for piece in music:
            memory = player.fresh
            for note in piece.tokens()[:COMPARED_NOTES]:
                yield player.inputs([note], piece.kind, [memory], [HEARING])
                memory = player.said(note, piece.kind, memory, HEARING).memory


def _is_no_advice(record: logging.LogRecord) -> bool:
    """It advises to fold a graph first that has nothing to be folded."""
    return "pre-processing" not in record.getMessage()


def described(
    trained: Trained,
    judged: Sequence[Performance],
    data: Path,
    name: str,
    taste: Taste,
    licence: str | None,
) -> ModelCard:
    """The model's card; its losses are bits a note on the test works, played ones if there are."""
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
        window=trained.network.shape.memory,
        features=PARTS,
        training_corpus=corpus_sentence(learnt),
        licence=licence or (SHARE_ALIKE if all(p["licence"] for p in learnt) else UNSTATED),
        attribution=named(piece["attribution"] for piece in learnt) or UNSTATED,
        date=date.today().isoformat(),
        parameters=trained.network.parameter_count,
        losses=tested(trained.network, judged),
        taste=taste,
    )


def tested(network: Grand, judged: Sequence[Performance]) -> dict[str, float]:
    """Bits a note on the beginnings of test works, by part."""
    bits = judge(network, list(judged), torch.device("cpu"), bfloat16=False)
    return bits.get("played") or bits["score"]


def as_markdown(card: ModelCard, trained: Trained, difference: float) -> str:
    """The card for people: figures, music, how it learnt, and its limits."""
    figures = "".join(f"| {part} | {bits:.3f} |\n" for part, bits in card.losses.items())
    learning, shape = trained.learning, trained.network.shape
    return CARD.format(
        card=card,
        shape=shape,
        learning=learning,
        figures=figures,
        millions=trained.notes / 1e6,
        share=round(100 * learning.falling),
        settling=round(100 * learning.settling),
        judged=JUDGED["played"],
        difference=difference,
        without_pedal=round(100 * learning.variety.without_pedal),
    )


CARD = """# {card.name}

A recurrent network that plays with touch and pedal: {shape.layers} LSTM layers of {shape.width}
cells, beside them a memory of the last {shape.memory} notes, and five heads in a chain: step,
pitch, velocity, duration and pedal. The file is self-contained and says a note a run, or one
of each of several answers; `antiphon models` lists it.

| bits a note on unseen played works | |
| --- | --- |
{figures}
{card.parameters:,} parameters. The figures are means over the first {judged:,} notes of each test
work that a pianist played, each part knowing the ones before it. File and torch differ by
{difference:.1e} nats at most. `antiphon-train evaluate` measures all else; README.md shows it.

It plays best with the temperatures {card.taste.pitch:g} for pitch, {card.taste.rhythm:g} for rhythm
and {card.taste.dynamics:g} for dynamics, and top-p {card.taste.top_p:g}, chosen on valid works: a
player's 1 means these.

## Music

{card.training_corpus} Drums are left out; all instruments are read as one piano.

Licence of the weights: {card.licence}. Attribution: {card.attribution}. Made on {card.date}.

## How it learnt

From {millions:.1f} million notes, repetitions counted: {learning.lanes} pieces side by side,
gradients through {learning.stretch} notes, the state and a memory of {learning.shape.memory} notes
carried on. AdamW at {learning.rate:g}, falling to nothing in the last {share} % of the run, seed
{learning.seed}. Every play was another: transposed, quicker or slower, louder or softer; chords
that software had set were loosened in half the plays; in the last {settling} % of the run pieces
were played as they stand. In {without_pedal} % of the plays of
music with pedal, the pedal was dropped and the notes held as long as they had sounded. Of scores,
whose velocities mean nothing, no touch was learnt.
"""


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
