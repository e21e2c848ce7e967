"""One exported network: a file that is loaded, checked, and asked for the next note's scores.

The rule kept here: a model file is data from anywhere and is trusted with nothing. It is refused,
with one sentence that says why, before it can play a note unless it is whole, self-contained, and
speaks this program's codec. This is the one file that knows onnxruntime.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import onnxruntime as ort

from performer.codec import CODEC, DURATION_EDGES, FEATURES, PITCHES, STEP_EDGES, WINDOW, Floats
from performer.model_card import ModelCard
from performer.refusal import Refusal

LARGEST = 200 * 1024 * 1024  # bytes of a model file
HEADS = {
    "pitch_logits": PITCHES,
    "step_logits": len(STEP_EDGES) - 1,
    "duration_logits": len(DURATION_EDGES) - 1,
}  # outputs that are read, and how many scores each has


@dataclass(frozen=True, slots=True)
class Scores:
    """What a model says of the next note: log-odds, one array an attribute."""

    pitch: Floats  # (128,)
    step: Floats  # (97,)
    duration: Floats  # (82,)


class Model:
    """A loaded model: its card, the fingerprint of its file, and the next note's scores."""

    def __init__(self, path: Path, card: ModelCard, sha256: str, graph: ort.InferenceSession):
        """Use `Model.load`."""
        self.path = path
        self.card = card
        self.sha256 = sha256
        self._graph = graph

    @classmethod
    def load(cls, path: Path) -> Self:
        """Load and check a model file. Raises Refusal with a sentence for the player."""
        data = _read(path)
        try:
            graph = _graph(data)
            card = ModelCard.from_metadata(graph.get_modelmeta().custom_metadata_map)
            _check_fit(card, graph)
        except ValueError as reason:
            raise Refusal(f"{path} cannot be played: {reason}.") from None
        model = cls(path, card, hashlib.sha256(data).hexdigest(), graph)
        model.scores(np.zeros((WINDOW, len(FEATURES)), dtype=np.float32))  # warm for the first note
        return model

    def scores(self, window: Floats) -> Scores:
        """The scores of the next note after a (25, 3) window. Raises Refusal if it fails."""
        try:
            outputs = self._graph.run(list(HEADS), {"window": window[None]})
        except Exception as reason:  # onnxruntime's exceptions share no narrower class
            raise Refusal(f"{self.path} failed while playing: {_first_line(reason)}") from None
        if any(np.isnan(output).any() for output in outputs):
            raise Refusal(f"{self.path} failed while playing: it said what is not a number.")
        return Scores(*(output[0] for output in outputs))


def _read(path: Path) -> bytes:
    try:
        size = path.stat().st_size
        if size > LARGEST:
            raise Refusal(f"{path} is {size >> 20} MB large, more than any model of ours.")
        return path.read_bytes()
    except OSError as reason:
        raise Refusal(f"The model {path} cannot be read: {reason.strerror}.") from None


def _graph(data: bytes) -> ort.InferenceSession:
    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1  # a note is too small to share
    options.log_severity_level = 4
    try:
        return ort.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    except Exception as reason:  # onnxruntime's exceptions share no narrower class
        raise ValueError(
            f"it is no whole, self-contained ONNX file ({_first_line(reason)})"
        ) from None


def _check_fit(card: ModelCard, graph: ort.InferenceSession) -> None:
    if card.codec != CODEC:
        raise ValueError(
            f"it was made for the codec {card.codec!r}, and this program has {CODEC!r}"
        )
    inputs = {tensor.name: tensor for tensor in graph.get_inputs()}
    outputs = {tensor.name: tensor for tensor in graph.get_outputs()}
    if set(inputs) != {"window"} or inputs["window"].shape[1:] != [WINDOW, len(FEATURES)]:
        raise ValueError(f"it does not read a window of {WINDOW} notes by {len(FEATURES)} features")
    for head, size in HEADS.items():
        if head not in outputs or outputs[head].shape[1:] != [size]:
            raise ValueError(f"it has no output {head!r} of {size} scores")


def _first_line(reason: Exception) -> str:
    return str(reason).strip().splitlines()[0][:200] if str(reason).strip() else repr(reason)
