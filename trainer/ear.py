"""A judge that listens: a small network that hears an excerpt forwards and backwards.

The rules kept here: it is taught by thousands of excerpts of train works, on one side as the
composer went on, on the other as the model did, and is asked about test works only; with a few
hundred it is no judge, and flatters. It goes by the notes as they are, not by what we thought of
measuring. It hears every excerpt in another key and at another pace each time, so that it cannot
learn them by heart; and it is as good as it was on works of its own that were kept from it.
"""

import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits

from performer.codec import PITCHES
from trainer.judges import Trial, Verdict, area, auc_of
from trainer.works import END, PITCH, START, VELOCITY, Heard

OCTAVE = 12
SHORTEST = 0.001  # seconds; what the logarithm of a time starts at
TRANSPOSED = 6  # semitones up or down, at most
QUICKER = 0.15  # of the logarithm (base 10) of all times, up or down, at most
LOUDER = 10.0  # velocity up or down, at most
KEPT = 8  # one work in so many is kept to choose the best network by

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Schooling:
    """How the judge is taught."""

    width: int = 64  # cells in each direction
    epochs: int = 16
    lanes: int = 64  # excerpts heard at a time
    rate: float = 2e-3
    dropout: float = 0.2
    seed: int = 0


class Ear(nn.Module):
    """A bidirectional GRU over embedded keys, intervals and plain times; one score an excerpt."""

    def __init__(self, width: int, dropout: float) -> None:
        """Weights drawn by torch's global generator."""
        super().__init__()
        self.key = nn.Embedding(PITCHES, 24)
        self.degree = nn.Embedding(OCTAVE, 8)
        self.interval = nn.Embedding(2 * PITCHES, 24)
        self.drop = nn.Dropout(dropout)
        self.gru = nn.GRU(24 + 8 + 24 + 6, width, batch_first=True, bidirectional=True)
        self.says = nn.Sequential(
            nn.Linear(4 * width, width), nn.ReLU(), nn.Dropout(dropout), nn.Linear(width, 1)
        )

    def forward(self, pitch: Tensor, plain: Tensor) -> Tensor:
        """How generated excerpts seem, (lanes,), by (lanes, notes) and (lanes, notes, 6)."""
        jump = torch.diff(pitch, dim=1, prepend=pitch[:, :1])
        heard = torch.cat(
            [
                self.key(pitch),
                self.degree(pitch % OCTAVE),
                self.interval(jump + PITCHES),
                plain,
            ],
            dim=-1,
        )
        inner, _ = self.gru(self.drop(heard))  # (lanes, notes, 2 * width)
        whole = torch.cat([inner.mean(dim=1), inner.amax(dim=1)], dim=-1)
        score: Tensor = self.says(whole).squeeze(-1)
        return score


def plain(heard: Floats, with_touch: bool) -> Floats:
    """What is heard besides keys, of (lanes, notes, 4): (lanes, notes, 6), each about 0 to 1 wide.

    The first step is not there: it belongs to what came before.
    """
    step = np.diff(heard[..., START], axis=1, prepend=heard[:, :1, START])
    held = heard[..., END] - heard[..., START]
    loud = heard[..., VELOCITY] / 64 - 1 if with_touch else np.zeros_like(step)
    change = np.diff(loud, axis=1, prepend=loud[:, :1])
    return np.stack(
        [
            np.log10(np.maximum(step, SHORTEST)) + 1,
            step < 1.5 * SHORTEST,
            np.log10(np.maximum(held, SHORTEST)) + 0.5,
            np.clip(step, 0, 2),
            loud,
            2 * change,
        ],
        axis=-1,
    ).astype(np.float32)


def another(heard: Floats, dice: np.random.Generator) -> Floats:
    """The same excerpts (lanes, notes, 4), each in another key, pace and loudness."""
    lanes = (len(heard), 1)
    other = heard.copy()
    shift = dice.integers(-TRANSPOSED, TRANSPOSED + 1, lanes)
    other[..., PITCH] = np.clip(heard[..., PITCH] + shift, 0, PITCHES - 1)
    other[..., VELOCITY] = np.clip(
        heard[..., VELOCITY] + dice.uniform(-LOUDER, LOUDER, lanes), 1, 127
    )
    pace = 10 ** dice.uniform(-QUICKER, QUICKER, lanes)
    other[..., START] *= pace
    other[..., END] *= pace
    return other


def scores(ear: Ear, heard: Floats, with_touch: bool) -> NDArray[np.float64]:
    """How generated excerpts (n, notes, 4) seem, (n,)."""
    ear.eval()
    with torch.no_grad():
        said = [
            ear(*tensors(part, with_touch)) for part in np.array_split(heard, 1 + len(heard) // 256)
        ]
    return torch.cat(said).numpy().astype(np.float64)


def tensors(heard: Floats, with_touch: bool) -> tuple[Tensor, Tensor]:
    """Excerpts as a network hears them."""
    return (
        torch.from_numpy(heard[..., PITCH].astype(np.int64)),
        torch.from_numpy(plain(heard, with_touch)),
    )


def stacked(music: list[Heard]) -> Floats:
    """Excerpts of equal length as (n, notes, 4), each from 0."""
    whole = np.stack(music).astype(np.float64)
    zero = whole[:, :1, START].copy()
    whole[..., START] -= zero
    whole[..., END] -= zero
    return whole.astype(np.float32)


def taught(
    trial: Trial, with_touch: bool, schooling: Schooling, tell: Callable[[int], None]
) -> Ear:
    """The judge that a trial of train works teaches; `tell` hears of each epoch."""
    torch.manual_seed(schooling.seed)
    dice = np.random.default_rng(schooling.seed)
    ear = Ear(schooling.width, schooling.dropout)
    heard = stacked(list(trial.music))
    is_kept = _kept(trial)
    own = np.flatnonzero(~is_kept)
    rounds = schooling.epochs * -(-len(own) // schooling.lanes)
    optimizer = torch.optim.AdamW(ear.parameters(), schooling.rate, weight_decay=1e-2)
    decay = torch.optim.lr_scheduler.OneCycleLR(optimizer, schooling.rate, total_steps=rounds)
    best, best_area = copy.deepcopy(ear.state_dict()), -1.0
    for epoch in range(schooling.epochs):
        ear.train()
        for lanes in _lanes(own, schooling.lanes, dice):
            said = ear(*tensors(another(heard[lanes], dice), with_touch))
            wanted = torch.from_numpy(trial.is_generated[lanes].astype(np.float32))
            optimizer.zero_grad()
            loss: Tensor = binary_cross_entropy_with_logits(said, wanted)
            loss.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(ear.parameters(), 1.0)
            optimizer.step()
            decay.step()
        now = area(
            trial.is_generated[is_kept],
            scores(ear, heard[is_kept], with_touch),
            np.ones(int(is_kept.sum())),
        )
        if now > best_area:
            best, best_area = copy.deepcopy(ear.state_dict()), now
        tell(epoch + 1)
    ear.load_state_dict(best)
    return ear


def _kept(trial: Trial) -> NDArray[np.bool_]:
    """The excerpts of every so manieth work."""
    works = np.unique(trial.works)
    return np.isin(trial.works, works[KEPT // 2 :: KEPT] if len(works) > KEPT else works[:1])


def _lanes(
    own: NDArray[np.int64], count: int, dice: np.random.Generator
) -> Iterator[NDArray[np.int64]]:
    shuffled = dice.permutation(own)
    for first in range(0, len(own), count):
        yield shuffled[first : first + count]


def judged(
    school: Trial,
    trial: Trial,
    with_touch: bool,
    schooling: Schooling,
    tell: Callable[[int], None],
) -> Verdict:
    """Taught by one trial (train works), asked in another (test works): can it tell?"""
    ear = taught(school, with_touch, schooling, tell)
    said = scores(ear, stacked(list(trial.music)), with_touch)
    sides = int(trial.is_generated.sum())
    return Verdict(
        auc_of(trial.is_generated, said, trial.works), min(sides, len(trial.music) - sides)
    )
