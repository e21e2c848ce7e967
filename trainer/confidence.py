"""Says how sure a figure is: another choice of works would have given another one.

The rule kept here: works are drawn, never notes or excerpts, since what comes from one work is
alike (the bootstrap by clusters; Efron and Tibshirani, An Introduction to the Bootstrap, 1993). The
works are drawn from a seed, so the same figures come out every time.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

DRAWS = 1_000
LEVEL = 95.0  # per cent of the draws that lie within the bounds
SEED = 0

Doubles = NDArray[np.float64]
Numbers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Measured:
    """A figure, and the bounds within which it would fall for 95 of 100 choices of works."""

    value: float
    low: float
    high: float


def draws_of_works(works: int) -> NDArray[np.int64]:
    """How often each work comes in each draw, (DRAWS, works)."""
    dice = np.random.default_rng(SEED)
    return dice.multinomial(works, np.full(works, 1 / works), size=DRAWS)


def bounded(value: float, drawn: Doubles) -> Measured:
    """A figure between the bounds of what came in the draws; a draw that says nothing is left out.

    >>> bounded(1.0, np.array([0.5, 1.5, np.nan]))
    Measured(value=1.0, low=0.525, high=1.475)
    """
    said = drawn[np.isfinite(drawn)]
    if not len(said):
        return Measured(value, value, value)
    low, high = np.percentile(said, [50 - LEVEL / 2, 50 + LEVEL / 2])
    return Measured(value, float(low), float(high))


def numbered(works: Sequence[int] | Numbers) -> Numbers:
    """The works that are there, numbered without gaps from 0."""
    return np.unique(np.asarray(works), return_inverse=True)[1].astype(np.int64)


def ratio(over: Doubles, under: Doubles, works: Sequence[int] | Numbers) -> Measured:
    """The sum of n values over the sum of n others (a mean, where these are 1).

    >>> ratio(np.array([1.0, 3.0]), np.ones(2), [7, 7])
    Measured(value=2.0, low=2.0, high=2.0)
    """
    owner = numbered(works)
    count = int(owner.max()) + 1 if len(owner) else 0
    if not count:
        return Measured(np.nan, np.nan, np.nan)
    sums = np.stack([np.bincount(owner, part, count) for part in (over, under)])  # (2, works)
    drawn = draws_of_works(count) @ sums.T  # (DRAWS, 2)
    with np.errstate(invalid="ignore", divide="ignore"):
        return bounded(float(over.sum() / under.sum()), drawn[:, 0] / drawn[:, 1])


def mean(values: Doubles, works: Sequence[int] | Numbers) -> Measured:
    """The mean of n values; those that are not a number say nothing."""
    is_said = np.isfinite(values)
    return ratio(values[is_said], np.ones(int(is_said.sum())), np.asarray(works)[is_said])


def weighted(statistic: Callable[[Doubles], float], works: Sequence[int] | Numbers) -> Measured:
    """Any statistic of n things that are each given a weight (n,)."""
    owner = numbered(works)
    drawn = draws_of_works(int(owner.max()) + 1).astype(np.float64)
    values = np.array([statistic(weights[owner]) for weights in drawn])
    return bounded(statistic(np.ones(len(owner))), values)
