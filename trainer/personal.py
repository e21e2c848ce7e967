"""Shifts the shipped ear towards one listener, who has rated some music.

The rules kept here: the shipped score is where it begins, and it is left only as far as ratings
kept away agree, so that few or careless ratings change nothing, and none make it worse; below ten
nothing is tried at all. A mark is taken for how sure the listener is: 5 is a yes, 1 a no, 3
neither; of a pair it is the difference that is asked about.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LEAST_RATINGS = 10
RESTRAINTS = (1.0, 3.0, 10.0, 30.0, 100.0)  # how much each trait of a taste is held back
TRUST = 3.0  # how much the weight of the shipped score is held to what it is
FOLDS = 5
ROUNDS = 25
SIZES = 0.5 ** np.arange(12)  # of a step, the largest first that makes nothing worse
MOST = 30.0  # nats, beyond which odds are certainties
MARGIN = 1.0  # standard errors by which kept ratings must be better said
LEAST_ORDER = 0.02  # by which more pairs of kept ratings must be in the right order

Doubles = NDArray[np.float64]
Numbers = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Verdicts:
    """What was rated, as differences from nothing, or from the other of a pair."""

    prior: Doubles  # (n,) the shipped odds
    traits: Doubles  # (n, traits) what else the model knew, whitened
    is_single: NDArray[np.bool_]  # (n,) no pair: there a yes may be likelier than a no
    said: Doubles  # (n,) from 0, no, to 1, yes
    groups: Numbers  # (n,) verdicts about the same prompt

    def only(self, chosen: NDArray[np.bool_]) -> "Verdicts":
        """Some of them."""
        return Verdicts(
            self.prior[chosen],
            self.traits[chosen],
            self.is_single[chosen],
            self.said[chosen],
            self.groups[chosen],
        )


@dataclass(frozen=True, slots=True, eq=False)
class Leaning:
    """How a listener leans: the shipped odds times `trust`, and a weight for each trait."""

    trust: float
    weights: Doubles  # (traits,)
    bias: float

    def odds(self, prior: Doubles, traits: Doubles) -> Doubles:
        """The odds that the listener likes it, (n,)."""
        return np.asarray(self.trust * prior + traits @ self.weights + self.bias)


@dataclass(frozen=True, slots=True, eq=False)
class Personal:
    """What ratings made of the shipped score; `restraint` is None where it stayed as it was."""

    leaning: Leaning
    restraint: float | None
    ratings: int
    gain: float  # by which kept ratings are better said, in nats


def fitted(verdicts: Verdicts, restraint: float | None) -> Leaning:
    """The leaning that says the verdicts best, held back; with no traits where restraint is None.

    A logistic regression whose weights are drawn to those of the shipped score, by Newton's method.
    """
    count = len(verdicts.said)
    traits = verdicts.traits if restraint is not None else np.empty((count, 0))
    columns = np.column_stack([verdicts.prior, verdicts.is_single.astype(np.float64), traits])
    held = np.concatenate([[TRUST, 1e-2], np.full(traits.shape[1], restraint or 0.0)])
    home = np.concatenate([[1.0], np.zeros(1 + traits.shape[1])])
    weights = home
    for _ in range(ROUNDS):
        weights = _nearer(weights, columns, verdicts.said, held, home)
    whole = np.zeros(verdicts.traits.shape[1])
    whole[: traits.shape[1]] = weights[2:]
    return Leaning(float(weights[0]), whole, float(weights[1]))


def _nearer(
    weights: Doubles, columns: Doubles, said: Doubles, held: Doubles, home: Doubles
) -> Doubles:
    """One step of Newton's, or as much of it as makes nothing worse: far off it goes too far."""

    def cost(tried: Doubles) -> float:
        return float(surprise(columns @ tried, said).sum() + held @ (tried - home) ** 2 / 2)

    sure = 1 / (1 + np.exp(-np.clip(columns @ weights, -MOST, MOST)))
    slope = columns.T @ (sure - said) + held * (weights - home)
    bend = (columns * (sure * (1 - sure))[:, None]).T @ columns + np.diag(held)
    step = np.linalg.solve(bend, slope)
    tries = (weights - size * step for size in SIZES)
    return next((tried for tried in tries if cost(tried) <= cost(weights)), weights)


def kept_away(verdicts: Verdicts, restraint: float | None) -> Doubles:
    """The odds of each verdict by a leaning that did not know its prompt, (n,)."""
    groups = np.unique(verdicts.groups)
    fold = np.random.default_rng(0).permutation(len(groups)) % min(FOLDS, len(groups))
    of_verdict = fold[np.searchsorted(groups, verdicts.groups)]
    odds = np.zeros(len(verdicts.said))
    for number in range(int(fold.max()) + 1):
        ours, others = of_verdict == number, verdicts.only(of_verdict != number)
        leaning = fitted(others, restraint)
        said = leaning.odds(verdicts.prior[ours], verdicts.traits[ours])
        odds[ours] = np.where(verdicts.is_single[ours], said, said - leaning.bias)
    return odds


def surprise(odds: Doubles, said: Doubles) -> Doubles:
    """Nats that each verdict takes, (n,)."""
    return np.asarray(np.logaddexp(0, odds) - said * odds)


def personal(verdicts: Verdicts, restraints: Sequence[float] = RESTRAINTS) -> Personal:
    """The leaning that kept ratings vouch for; the shipped score where they vouch for none.

    They must be said better by more than chance, and be put in a better order, too.
    """
    count = len(verdicts.said)
    as_shipped = Personal(Leaning(1.0, np.zeros(verdicts.traits.shape[1]), 0.0), None, count, 0.0)
    if count < LEAST_RATINGS or len(np.unique(verdicts.groups)) < 2:
        return as_shipped
    plain = surprise(kept_away(verdicts, None), verdicts.said)
    kept = {restraint: kept_away(verdicts, restraint) for restraint in restraints}
    gains = {restraint: plain - surprise(odds, verdicts.said) for restraint, odds in kept.items()}
    best = max(gains, key=lambda restraint: gains[restraint].mean())
    gain = gains[best]
    order = concordance(kept[best], verdicts.said) - concordance(verdicts.prior, verdicts.said)
    if gain.mean() <= MARGIN * gain.std() / np.sqrt(count) or order <= LEAST_ORDER:
        return as_shipped
    return Personal(fitted(verdicts, best), best, count, float(gain.mean()))


def as_said(mark: float, is_pair: bool) -> float:
    """A mark as how sure the listener is.

    >>> as_said(5, False), as_said(3, False), as_said(0.5, True)
    (1.0, 0.5, 0.5)
    """
    return mark if is_pair else (mark - 1) / 4


def concordance(odds: Doubles, marks: Doubles) -> float:
    """The share of pairs of differently marked music that odds put in the order of the marks."""
    apart = np.sign(marks[:, None] - marks[None, :])
    ours = np.sign(odds[:, None] - odds[None, :])
    is_asked = apart > 0
    return float(((ours > 0) + 0.5 * (ours == 0))[is_asked].mean()) if is_asked.any() else 0.5
