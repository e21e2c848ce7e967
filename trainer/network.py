"""The three reference models: an LSTM that reads a window of notes and says the next one.

The rule kept here: the parameter counts are exactly the reference's, 8,898, 84,354 and 215,938:
one bias vector a gate (torch has two; the second stays zero and is not counted), and three dense
heads on the last hidden state.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, mse_loss, relu

from performer.codec import FEATURES, PITCHES

PITCH_WEIGHT = 0.05  # of the pitch's cross-entropy in the total loss
PRESSURE = 10.0  # on predictions below zero: no step and no duration is negative


@dataclass(frozen=True, slots=True)
class Shape:
    """How many layers of how many cells."""

    layers: int
    width: int


SHAPES = {"model1": Shape(1, 128), "model2": Shape(2, 128), "model3": Shape(1, 32)}


@dataclass(frozen=True, slots=True)
class Prediction:
    """What the network says of the next note."""

    pitch: Tensor  # (batch, 128) logits
    step: Tensor  # (batch,) seconds
    duration: Tensor  # (batch,) seconds


@dataclass(frozen=True, slots=True)
class Losses:
    """The loss and its parts, each a scalar."""

    total: Tensor
    pitch: Tensor
    step: Tensor
    duration: Tensor


class Reference(nn.Module):
    """One of the reference models."""

    def __init__(self, shape: Shape) -> None:
        """Weights drawn by torch's global generator."""
        super().__init__()
        self.lstm = nn.LSTM(len(FEATURES), shape.width, shape.layers, batch_first=True)
        self.pitch = nn.Linear(shape.width, PITCHES)
        self.step = nn.Linear(shape.width, 1)
        self.duration = nn.Linear(shape.width, 1)
        for name, bias in self.lstm.named_parameters():
            if name.startswith("bias_hh"):
                nn.init.zeros_(bias)
                bias.requires_grad_(False)

    def forward(self, window: Tensor) -> Prediction:  # (batch, 25, 3)
        """The next note after each window."""
        hidden, _ = self.lstm(window)  # (batch, 25, width)
        return self.heads(hidden[:, -1])

    def heads(self, hidden: Tensor) -> Prediction:  # (batch, width)
        """What is said from a hidden state, computed in full precision."""
        with torch.autocast(hidden.device.type, enabled=False):
            full = hidden.float()
            return Prediction(
                self.pitch(full), self.step(full).squeeze(-1), self.duration(full).squeeze(-1)
            )

    @property
    def parameter_count(self) -> int:
        """Parameters that are trained."""
        return sum(weights.numel() for weights in self.parameters() if weights.requires_grad)


def losses(predicted: Prediction, target: Tensor) -> Losses:  # target: (batch, 3)
    """The reference's loss against the next note, a row of pitch / 128, step and duration."""
    pitch = cross_entropy(predicted.pitch, (target[:, 0] * PITCHES).round().long())
    step = _error(predicted.step, target[:, 1])
    duration = _error(predicted.duration, target[:, 2])
    return Losses(PITCH_WEIGHT * pitch + step + duration, pitch, step, duration)


def _error(predicted: Tensor, target: Tensor) -> Tensor:
    """The mean squared error, and the pressure towards values above zero."""
    return mse_loss(predicted, target) + PRESSURE * relu(-predicted).mean()
