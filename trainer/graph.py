"""Writes a trained network down as an ONNX graph that anyone can read.

The rule kept here: only operators that every ONNX runtime has had for years, one file, no data
outside it. The graph is text below; the weights are its constants, in ONNX's order of gates.
"""

from collections.abc import Mapping

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper

from performer.codec import DURATION_EDGES, FEATURES, PITCHES, STEP_EDGES, WINDOW
from trainer.calibration import Calibration
from trainer.network import Reference

IR_VERSION, OPSET = 8, 17
ONNX_GATES = (0, 3, 1, 2)  # of torch's input, forget, cell, output: input, output, forget, cell

WHOLE = """
<ir_version: {ir_version}, opset_import: ["": {opset}]>
reference (float[batch, {window}, {features}] window) => (
    float[batch, {pitches}] pitch_logits, float[batch] step, float[batch] duration,
    float[batch, {steps}] step_logits, float[batch, {durations}] duration_logits
) {{
    sequence_0 = Transpose<perm = [1, 0, 2]>(window)
    {layers}
    heard = Squeeze(hidden_{last}, axis_0)
    pitch_logits = Gemm<transB = 1>(heard, pitch_weight, pitch_bias)
    {rhythm}
}}
"""
LAYER = """
    all_{layer}, hidden_{layer} = LSTM<hidden_size = {width}>(
        sequence_{layer}, input_{layer}, recurrent_{layer}, bias_{layer})
    sequence_{next} = Squeeze(all_{layer}, axis_1)
"""
RHYTHM = """
    {head}_column = Gemm<transB = 1>(heard, {head}_weight, {head}_bias)
    {head} = Squeeze({head}_column, axis_1)
    {head}_past = Sub({head}_column, {head}_lefts)
    {head}_ways = Div({head}_past, {head}_gaps)
    {head}_passed = Clip({head}_ways, nought, unit)
    {head}_place = ReduceSum({head}_passed, axis_1)
    {head}_signed = Sub({head}_place, {head}_groups)
    {head}_far = Abs({head}_signed)
    {head}_closeness = Sub(unit, {head}_far)
    {head}_shares = Relu({head}_closeness)
    {head}_odds_now = MatMul({head}_shares, {head}_odds)
    {head}_logits = Log({head}_odds_now)
"""

Array = NDArray[np.generic]


def written(network: Reference, calibrations: Mapping[str, Calibration]) -> onnx.ModelProto:
    """The network and the odds of step and duration as one model."""
    lstm = network.lstm
    layers = (
        LAYER.format(layer=layer, next=layer + 1, width=lstm.hidden_size)
        for layer in range(lstm.num_layers)
    )
    text = WHOLE.format(
        ir_version=IR_VERSION,
        opset=OPSET,
        window=WINDOW,
        features=len(FEATURES),
        pitches=PITCHES,
        steps=len(STEP_EDGES) - 1,
        durations=len(DURATION_EDGES) - 1,
        layers="".join(layers),
        last=lstm.num_layers - 1,
        rhythm="".join(RHYTHM.format(head=head) for head in calibrations),
    )
    model = onnx.parser.parse_model(text)
    constants = _shared() | _lstm(network) | _heads(network)
    for head, calibration in calibrations.items():
        constants |= _odds(head, calibration)
    model.graph.initializer.extend(
        numpy_helper.from_array(np.ascontiguousarray(value), name)
        for name, value in constants.items()
    )
    onnx.checker.check_model(model, full_check=True)
    return model


def _shared() -> dict[str, Array]:
    return {
        "axis_0": np.array([0]),
        "axis_1": np.array([1]),
        "nought": np.array(0, np.float32),
        "unit": np.array(1, np.float32),
    }


def _lstm(network: Reference) -> dict[str, Array]:
    weights = {name: value.detach().numpy() for name, value in network.lstm.named_parameters()}
    constants: dict[str, Array] = {}
    for layer in range(network.lstm.num_layers):
        biases = (gates(weights[f"bias_{kind}_l{layer}"]) for kind in ("ih", "hh"))
        constants |= {
            f"input_{layer}": gates(weights[f"weight_ih_l{layer}"])[None],
            f"recurrent_{layer}": gates(weights[f"weight_hh_l{layer}"])[None],
            f"bias_{layer}": np.concatenate(list(biases))[None],
        }
    return constants


def gates(stacked: Array) -> Array:  # (4 * width, ...)
    """Torch's gates in ONNX's order."""
    gates = np.split(stacked, 4)
    return np.concatenate([gates[gate] for gate in ONNX_GATES])


def _heads(network: Reference) -> dict[str, Array]:
    heads = {"pitch": network.pitch, "step": network.step, "duration": network.duration}
    return {
        f"{head}_{kind}": values.detach().numpy()
        for head, dense in heads.items()
        for kind, values in dense.named_parameters()
    }


def _odds(head: str, calibration: Calibration) -> dict[str, Array]:
    middles = calibration.middles
    return {
        f"{head}_lefts": middles[:-1].astype(np.float32),
        f"{head}_gaps": np.diff(middles).astype(np.float32),
        f"{head}_groups": np.arange(len(middles), dtype=np.float32),
        f"{head}_odds": calibration.odds.astype(np.float32),
    }
