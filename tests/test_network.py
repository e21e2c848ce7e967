"""The reference models are what the reference says, to the last parameter."""

import numpy as np
import onnx
import pytest
import torch
from numpy.typing import NDArray
from onnx import numpy_helper

from performer.codec import DURATION_EDGES, STEP_EDGES
from tests.music import rows
from trainer.calibration import Calibration
from trainer.dataset import Pieces
from trainer.graph import written
from trainer.network import SHAPES, Prediction, Reference, losses

Array = NDArray[np.floating]


@pytest.mark.parametrize(
    ("name", "count"), [("model1", 84_354), ("model2", 215_938), ("model3", 8_898)]
)
def test_the_parameter_counts_are_exactly_the_references(name: str, count: int) -> None:
    assert Reference(SHAPES[name]).parameter_count == count


def test_the_second_bias_stays_zero_while_it_learns() -> None:
    network = Reference(SHAPES["model2"])
    optimizer = torch.optim.Adam(
        [weights for weights in network.parameters() if weights.requires_grad], lr=0.1
    )
    losses(network(torch.rand(4, 25, 3)), torch.rand(4, 3)).total.backward()
    optimizer.step()
    second = [bias for name, bias in network.named_parameters() if "bias_hh" in name]
    assert len(second) == 2
    assert all(not bias.any() for bias in second)


def test_a_prediction_below_zero_is_pressed_upwards() -> None:
    pitch, target = torch.zeros(1, 128), torch.tensor([[60 / 128, 0.5, 0.5]])
    below = losses(Prediction(pitch, torch.tensor([-0.1]), torch.tensor([0.5])), target)
    assert float(below.step) == pytest.approx(0.6**2 + 10 * 0.1)
    assert float(below.duration) == 0
    assert float(below.total) == pytest.approx(0.05 * np.log(128) + 0.36 + 1.0, abs=1e-5)


def constants(network: Reference) -> dict[str, Array]:
    """The weights as they stand in the exported file."""
    means = np.linspace(0.1, 1.0, 50)
    odds = {
        "step": Calibration.of(means, means, STEP_EDGES),
        "duration": Calibration.of(means, means, DURATION_EDGES),
    }
    model = onnx.load_from_string(written(network, odds).SerializeToString())
    return {each.name: numpy_helper.to_array(each) for each in model.graph.initializer}


def sigmoid(values: Array) -> Array:
    return 1 / (1 + np.exp(-values))


def lstm_step(
    weights: dict[str, Array], layer: int, note: Array, state: tuple[Array, Array]
) -> tuple[Array, Array]:
    """One step of an LSTM by the book, with ONNX's order of gates: input, output, forget, cell."""
    hidden, cell = state
    input_bias, recurrent_bias = np.split(weights[f"bias_{layer}"][0], 2)
    gates = (
        weights[f"input_{layer}"][0] @ note
        + weights[f"recurrent_{layer}"][0] @ hidden
        + input_bias
        + recurrent_bias
    )
    let_in, let_out, keep, new = np.split(gates, 4)
    cell = sigmoid(keep) * cell + sigmoid(let_in) * np.tanh(new)
    return sigmoid(let_out) * np.tanh(cell), cell


def heard(weights: dict[str, Array], window: Array, layers: int) -> Array:
    sequence = list(window.astype(np.float64))
    for layer in range(layers):
        width = weights[f"recurrent_{layer}"].shape[-1]
        state = (np.zeros(width), np.zeros(width))
        states = [state := lstm_step(weights, layer, note, state) for note in sequence]
        sequence = [hidden for hidden, _ in states]
    return sequence[-1]


@pytest.mark.parametrize("name", list(SHAPES))
def test_steps_and_loss_by_hand_from_the_exported_weights_agree_with_torch(name: str) -> None:
    torch.manual_seed(3)
    network = Reference(SHAPES[name])
    music = Pieces.of(rows(1, 60), np.array([60]))
    windows, targets = music.windows(np.array([30, 45]), np.array([25, 25]))
    weights = constants(network)

    last = np.stack([heard(weights, window, SHAPES[name].layers) for window in windows])
    logits, step, duration = (
        last @ weights[f"{head}_weight"].T + weights[f"{head}_bias"]
        for head in ("pitch", "step", "duration")
    )
    true = np.round(targets[:, 0] * 128).astype(int)
    pitch_loss = np.mean(np.log(np.exp(logits).sum(axis=1)) - logits[[0, 1], true])
    step_loss, duration_loss = (
        np.mean((said[:, 0] - truth) ** 2) + 10 * np.mean(np.maximum(-said[:, 0], 0))
        for said, truth in ((step, targets[:, 1]), (duration, targets[:, 2]))
    )

    with torch.no_grad():
        predicted = network(torch.from_numpy(windows))
        parts = losses(predicted, torch.from_numpy(targets))
    np.testing.assert_allclose(predicted.pitch, logits, atol=1e-5)
    np.testing.assert_allclose(predicted.step, step[:, 0], atol=1e-5)
    np.testing.assert_allclose(predicted.duration, duration[:, 0], atol=1e-5)
    total = 0.05 * pitch_loss + step_loss + duration_loss
    np.testing.assert_allclose(
        [parts.pitch, parts.step, parts.duration, parts.total],
        [pitch_loss, step_loss, duration_loss, total],
        atol=1e-5,
    )


def test_one_step_of_torchs_own_lstm_is_the_one_by_hand() -> None:
    network = Reference(SHAPES["model3"])
    note = rows(2, 1)[0]
    with torch.no_grad():
        output, _ = network.lstm(torch.from_numpy(note)[None, None])
    by_hand, _ = lstm_step(constants(network), 0, note, (np.zeros(32), np.zeros(32)))
    np.testing.assert_allclose(output[0, 0], by_hand, atol=1e-5)
