"""Turns a predicted mean into odds, so that the rhythm lives: what truly followed such predictions.

The rule kept here: nothing is learnt but counting. The means that a trained network predicted on
train works are cut into groups of equal size, and each group keeps a histogram of what truly came.
Between the middles of two groups the odds go over from one histogram to the other.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from performer.codec import bins

GROUPS = 32  # fewer are coarse, more are noise: 16 and 64 both cost more bits on valid works
PRIOR = 20.0  # notes' worth of the histogram of all groups, mixed into each
LEAST = 1e-6  # odds of a bin that never came: nothing is impossible

Doubles = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Calibration:
    """Odds over bins, given a predicted mean."""

    middles: Doubles  # (groups,) seconds, ascending: the middle of each group's predictions
    odds: Doubles  # (groups, bins), each row sums to 1

    @classmethod
    def of(
        cls,
        predicted: NDArray[np.floating],
        true: NDArray[np.floating],
        edges: Doubles,
        groups: int = GROUPS,
    ) -> Self:
        """Count n predictions and what truly came, both in seconds.

        Each counts for the two groups between whose middles its prediction lies, by nearness.
        """
        quantiles = (np.arange(groups) + 0.5) / groups
        middles = np.unique(np.quantile(predicted.astype(np.float64), quantiles))
        true_bins = bins(true, edges)
        all_odds = np.bincount(true_bins, minlength=len(edges) - 1) / len(true) + LEAST
        counts = np.tile(PRIOR * all_odds, (len(middles), 1))
        left, right, share = _between(predicted, middles)
        np.add.at(counts, (left, true_bins), 1 - share)
        np.add.at(counts, (right, true_bins), share)
        return cls(middles, counts / counts.sum(axis=1, keepdims=True))

    def scores(self, predicted: NDArray[np.floating]) -> Doubles:
        """The (n, bins) log-probabilities, given n predicted means."""
        left, right, share = _between(predicted, self.middles)
        share = share[:, None]
        scores: Doubles = np.log((1 - share) * self.odds[left] + share * self.odds[right])
        return scores


def _between(
    predicted: NDArray[np.floating], middles: Doubles
) -> tuple[NDArray[np.int64], NDArray[np.int64], Doubles]:
    """The groups on both sides of each prediction, and how far it lies towards the right one."""
    place = np.interp(predicted, middles, np.arange(len(middles)))
    left = np.floor(place).astype(np.int64)
    return left, np.minimum(left + 1, len(middles) - 1), place - left


def bits(scores: NDArray[np.floating], true: NDArray[np.floating], edges: Doubles) -> float:
    """Mean bits to say which bin n values fell into, by their (n, bins) log-probabilities."""
    of_true = scores[np.arange(len(true)), bins(true, edges)]
    return float(-of_true.mean() / np.log(2))
