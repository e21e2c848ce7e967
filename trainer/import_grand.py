"""Reads an exported flagship back into torch, so that learning can go on from the file that ships.

The rule kept here: what is read says what the file says. Weights that were written as whole numbers
of eight bits come back as the real numbers these stand for, no better.
"""

from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import numpy_helper

from performer.model import Model
from performer.refusal import Refusal
from performer.touch import CODEC, PARTS
from trainer.grand import TAIL, Grand, Shape
from trainer.graph import Array

QUANTIZED = "_quantized"


def read(path: Path, shape: Shape) -> Grand:
    """The network of an exported flagship, which must be of the given shape but for its memory.

    Raises Refusal where the file is no model, another kind of one, or of another shape.
    """
    if Model.load(path).card.codec != CODEC:
        raise Refusal(f"{path} is no flagship: only one of its kind can be gone on from.")
    network = Grand(shape)
    try:
        weights = {
            name: torch.from_numpy(np.array(value, dtype=np.float32))
            for name, value in _weights(_constants(path), shape.layers).items()
        }
        network.load_state_dict(weights)
    except (KeyError, RuntimeError):
        raise Refusal(
            f"{path} has another shape than this run: leave its sizes as they ship."
        ) from None
    return network


def _constants(path: Path) -> dict[str, Array]:
    """All that the graph holds, by the names that `grand_graph` gave."""
    stored = {each.name: numpy_helper.to_array(each) for each in onnx.load(path).graph.initializer}
    for name in [name for name in stored if name.endswith(QUANTIZED)]:
        whole, own = stored.pop(name), name.removesuffix(QUANTIZED)
        of_scale = name if f"{name}_scale" in stored else own  # of a bias, or of weights
        middle, scale = (stored[f"{of_scale}_{what}"] for what in ("zero_point", "scale"))
        stored[own] = (whole.astype(np.float32) - middle) * scale
    return stored


def _weights(constants: dict[str, Array], layers: int) -> dict[str, Array]:
    """The weights, by the names that torch gives them: what `grand_graph.weights` undoes."""
    bias = constants["heard_bias"]
    own: dict[str, Array] = {
        "interval.weight": constants["interval_embedding"],
        "kind.weight": constants["kind_embedding"],
        "norm.weight": constants["norm_scale"],
        "norm.bias": constants["norm_bias"],
        "heard.weight": np.concatenate(
            np.split(constants["heard_weight"].T, TAIL, axis=1)[::-1], axis=0
        ),
        "heard.bias": np.concatenate([bias, np.zeros((TAIL - 1) * bias.size, bias.dtype)]),
    }
    for name in ("value", "felt", "mixing"):
        own |= {f"{name}.{kind}": constants[f"{name}_{kind}"].T for kind in ("weight", "bias")}
    for layer in range(layers):
        own |= {
            f"lstm.weight_ih_l{layer}": constants[f"input_{layer}_weight"].T,
            f"lstm.bias_ih_l{layer}": constants[f"input_{layer}_bias"],
            f"lstm.weight_hh_l{layer}": constants[f"recurrent_{layer}_weight"].T,
            f"lstm.bias_hh_l{layer}": constants[f"recurrent_{layer}_bias"],
        }
    for part, name in enumerate(PARTS):
        own[f"parts.{part}.weight"] = constants[f"{name}_embedding"]
        for link in ("before", "says"):
            for kind in ("weight", "bias"):
                own[f"{link}.{part}.{kind}"] = constants[f"{name}_{link}_{kind}"].T
        for earlier in range(part):
            own[f"links.{part}.{earlier}.weight"] = constants[f"{name}_link_{PARTS[earlier]}"]
    return own
