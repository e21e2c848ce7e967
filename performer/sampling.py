"""Drawing one value from a model's scores: how tame, how wild, and what is not allowed.

The rule kept here: no randomness of its own. The random number comes in as an argument, so the same
number always draws the same value; limits are masks before the draw, never repairs after it.
"""

import numpy as np
from numpy.typing import NDArray


def draw(
    scores: NDArray[np.floating],
    temperature: float,
    top_p: float,
    number: float,
    allowed: NDArray[np.bool_] | None = None,
) -> int:
    """The index drawn by `number` (0 <= number < 1) from n scores (unnormalised logarithms).

    `temperature` > 0 flattens (above 1) or sharpens (below 1) the odds; `top_p` keeps the likeliest
    values that together hold that share of them, at least one (nucleus sampling, Holtzman et al.,
    2020). Raises ValueError where no allowed score is a finite number.

    >>> draw(np.log([0.1, 0.6, 0.3]), 1.0, 1.0, 0.65)
    1
    >>> draw(np.log([0.1, 0.6, 0.3]), 1.0, 1.0, 0.65, np.array([True, False, True]))
    2
    """
    odds = _odds(np.asarray(scores, dtype=np.float64), temperature, allowed)
    if top_p < 1.0:
        odds = _nucleus(odds, top_p)
    heights = np.cumsum(odds)
    drawn = int(np.searchsorted(heights, number * heights[-1], side="right"))
    return min(drawn, int(np.flatnonzero(odds)[-1]))


def _odds(
    scores: NDArray[np.float64], temperature: float, allowed: NDArray[np.bool_] | None
) -> NDArray[np.float64]:
    if allowed is not None:
        scores = np.where(allowed, scores, -np.inf)
    highest = scores.max()  # NaN where any is NaN
    if not np.isfinite(highest):
        raise ValueError("the model's scores are not finite numbers")
    odds: NDArray[np.float64] = np.exp((scores - highest) / temperature)
    return odds


def _nucleus(odds: NDArray[np.float64], top_p: float) -> NDArray[np.float64]:
    likeliest = np.argsort(-odds, kind="stable")
    shares = np.cumsum(odds[likeliest]) / odds.sum()
    kept = likeliest[: int(np.searchsorted(shares, top_p)) + 1]
    nucleus = np.zeros_like(odds)
    nucleus[kept] = odds[kept]
    return nucleus
