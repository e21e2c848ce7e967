"""Teaches an ear what is better than what: a logistic regression on what a model knew.

The rules kept here: it is taught by pairs of versions of one continuation, of which one is better,
so that neither the piece nor its key can help; strength and calibration are chosen by works that
were kept from it, never by those that it is tested by. What comes out is one weight for each number
of an embedding, so that a score costs one product.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray
from sklearn.decomposition import PCA
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from threadpoolctl import threadpool_limits

from trainer.confidence import Measured, mean, weighted
from trainer.corruptions import PAIRS, REAL
from trainer.impressions import Listened
from trainer.judges import area, auc_of, folds

STRENGTHS = (1e-3, 1e-2, 1e-1)  # of the data against the wish for small weights
SHARES = (1 / 8, 1 / 4, 1 / 2, 1.0)  # of the works, for the learning curve
COMPONENTS = 64  # of the embeddings, by which other classifiers go
TRAITS = 16  # along which listeners may differ
LEAST_SPREAD = 1e-6
LEAST_FACTOR = 1e-6  # of odds that know nothing: calibration turns no ranking round
ROUNDS = 300

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
Numbers = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Lesson:
    """Prompts with all their versions."""

    names: tuple[str, ...]  # of the versions
    embeddings: Floats  # (prompts, versions, width)
    works: Numbers  # (prompts,)

    @classmethod
    def of(cls, heard: Sequence[Listened]) -> Self:
        """What a model made of the same versions of many prompts."""
        return cls(
            heard[0].names,
            np.stack([one.embeddings for one in heard]),
            np.array([one.work for one in heard], dtype=np.int64),
        )

    def only(self, chosen: NDArray[np.bool_]) -> Self:
        """Some of the prompts."""
        return type(self)(self.names, self.embeddings[chosen], self.works[chosen])

    @property
    def pairs(self) -> list[tuple[int, int]]:
        """The better and the worse version of each pair, by their numbers."""
        return [
            (self.names.index(better), self.names.index(worse))
            for better, worse in PAIRS
            if better in self.names and worse in self.names
        ]


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """A weight for each number of an embedding, and what is added."""

    weights: Doubles  # (width,)
    bias: float = 0.0

    def odds(self, embeddings: NDArray[np.floating]) -> Doubles:
        """(..., width) as (...,)."""
        return np.asarray(embeddings @ self.weights + self.bias, dtype=np.float64)

    def scaled(self, factor: float, bias: float) -> "Line":
        """The same ranking on another scale."""
        return Line(self.weights * factor, self.bias * factor + bias)


@dataclass(frozen=True, slots=True, eq=False)
class Traits:
    """Along what music differs most for a model: whitened principal components."""

    weights: Doubles  # (width, TRAITS)
    bias: Doubles  # (TRAITS,)

    @classmethod
    def of(cls, embeddings: Floats) -> Self:
        """Those of n embeddings (n, width), each number of which counts as much."""
        middle, spread = embeddings.mean(axis=0), np.maximum(embeddings.std(axis=0), LEAST_SPREAD)
        pool = PCA(min(TRAITS, embeddings.shape[1]), whiten=True, random_state=0)
        with threadpool_limits(1):
            pool.fit((embeddings - middle) / spread)
        basis = pool.components_.T / np.sqrt(pool.explained_variance_)
        weights = basis / spread[:, None]
        return cls(weights.astype(np.float64), -(middle @ weights + pool.mean_ @ basis))

    def of_each(self, embeddings: NDArray[np.floating]) -> Doubles:
        """(n, width) as (n, TRAITS)."""
        return np.asarray(embeddings @ self.weights + self.bias, dtype=np.float64)


def fitted(lesson: Lesson, strength: float) -> Line:
    """The line that ranks most pairs as they should be."""
    flat = lesson.embeddings.reshape(-1, lesson.embeddings.shape[-1])
    spread = np.maximum(flat.std(axis=0), LEAST_SPREAD)
    apart = np.concatenate(
        [
            (lesson.embeddings[:, better] - lesson.embeddings[:, worse]) / spread
            for better, worse in lesson.pairs
        ]
    )
    is_upright = np.arange(len(apart)) % 2 == 0  # half of them are asked the other way round
    ranks = LogisticRegression(C=strength, fit_intercept=False, max_iter=ROUNDS, tol=1e-3)
    with threadpool_limits(1):
        ranks.fit(np.where(is_upright[:, None], apart, -apart), is_upright)
    return Line(ranks.coef_[0] / spread)


def out_of_fold(lesson: Lesson, strength: float) -> Doubles:
    """The odds of every version by a line that has not heard its work, (prompts, versions)."""
    fold = folds(lesson.works)
    odds = np.zeros(lesson.embeddings.shape[:2])
    for number in range(int(fold.max()) + 1):
        line = fitted(lesson.only(fold != number), strength)
        odds[fold == number] = line.odds(lesson.embeddings[fold == number])
    return odds


def won(odds: Doubles, pair: tuple[int, int], works: Numbers) -> Measured:
    """The share of prompts in which the better version has the better odds; a tie counts half."""
    better, worse = odds[:, pair[0]], odds[:, pair[1]]
    return mean((better > worse) + 0.5 * (better == worse), works)


def all_won(lesson: Lesson, odds: Doubles) -> float:
    """The share of all pairs that are ranked as they should be."""
    return float(np.mean([won(odds, pair, lesson.works).value for pair in lesson.pairs]))


@dataclass(frozen=True, slots=True, eq=False)
class Taught:
    """A calibrated line, the strength that was chosen, and what each strength was worth."""

    line: Line
    strength: float
    tried: dict[float, float]  # strength -> share of pairs won by works kept away


def taught(lesson: Lesson, strengths: Sequence[float] = STRENGTHS) -> Taught:
    """The line of the strength that does best on works kept away, calibrated by those."""
    kept = {strength: out_of_fold(lesson, strength) for strength in strengths}
    tried = {strength: all_won(lesson, odds) for strength, odds in kept.items()}
    best = max(tried, key=lambda strength: (tried[strength], -strength))
    factor, bias = calibrated(lesson, kept[best])
    return Taught(fitted(lesson, best).scaled(factor, bias), best, tried)


def calibrated(lesson: Lesson, odds: Doubles) -> tuple[float, float]:
    """Factor and bias with which odds say how likely it is that a version is as composed.

    As many are as are not: what is composed counts for as much as all the rest (Platt, 1999).
    """
    plain = LogisticRegression(class_weight="balanced", C=1e3)
    is_real = real_ones(lesson)
    plain.fit(odds.reshape(-1, 1), is_real)
    return max(float(plain.coef_[0, 0]), LEAST_FACTOR), float(plain.intercept_[0])


def real_ones(lesson: Lesson) -> NDArray[np.bool_]:
    """Which versions are as composed, prompt by prompt, (prompts * versions,)."""
    return np.tile(np.array(lesson.names) == REAL, len(lesson.works))


def auc(lesson: Lesson, odds: Doubles, worse: str) -> Measured:
    """How well odds tell what was composed from one kind of version, over all prompts."""
    real, other = (odds[:, lesson.names.index(name)] for name in (REAL, worse))
    is_real = np.repeat([True, False], len(lesson.works))
    return auc_of(is_real, np.concatenate([real, other]), np.tile(lesson.works, 2))


def accuracy(lesson: Lesson, odds: Doubles) -> Measured:
    """The share of right verdicts, as composed or not, each side counting half."""
    is_real = real_ones(lesson)
    is_right = ((odds > 0).reshape(-1) == is_real).astype(np.float64)
    works = np.repeat(lesson.works, len(lesson.names))
    share = is_real.mean()
    weight = np.where(is_real, 0.5 / share, 0.5 / (1 - share))
    return mean(is_right * weight, works)


def miscalibration(lesson: Lesson, odds: Doubles, parts: int = 10) -> float:
    """How far scores are from how often they are right, on average over all versions."""
    is_real = real_ones(lesson)
    said = 1 / (1 + np.exp(-odds.reshape(-1)))
    weight = np.where(is_real, 1.0 / is_real.sum(), 1.0 / (~is_real).sum()) / 2
    part = np.minimum((said * parts).astype(int), parts - 1)
    apart = np.abs(np.bincount(part, weight * (said - is_real), parts))
    return float(apart.sum())


def curve(lesson: Lesson, strength: float, test: Lesson) -> list[tuple[int, float]]:
    """Works that it is taught by, and the share of test pairs that it then wins."""
    works = np.unique(lesson.works)
    shuffled = np.random.default_rng(0).permutation(works)
    points = []
    for share in SHARES:
        chosen = shuffled[: max(int(share * len(works)), 2)]
        line = fitted(lesson.only(np.isin(lesson.works, chosen)), strength)
        points.append((len(chosen), all_won(test, line.odds(test.embeddings))))
    return points


@dataclass(frozen=True, slots=True)
class Rival:
    """Another classifier: its AUC for as composed or not, and by how much it is better."""

    name: str
    auc: Measured
    ahead: Measured  # of the line


def rivals(lesson: Lesson, test: Lesson, line: Line) -> list[Rival]:
    """What other classifiers make of the same embeddings, on the same test works."""
    components = min(COMPONENTS, len(line.weights))
    pool = make_pipeline(StandardScaler(), PCA(components, random_state=0))
    flat, is_real = lesson.embeddings.reshape(-1, len(line.weights)), real_ones(lesson)
    known = pool.fit_transform(flat)
    asked = pool.transform(test.embeddings.reshape(-1, len(line.weights)))
    ours, is_test = line.odds(test.embeddings).reshape(-1), real_ones(test)
    works = np.repeat(test.works, len(test.names))
    found = []
    with threadpool_limits(1):
        for name, classifier in (
            (
                "logistic regression, each version alone",
                LogisticRegression(C=1e-3, max_iter=ROUNDS),
            ),
            ("boosted trees", HistGradientBoostingClassifier(max_iter=100, random_state=0)),
            ("support vectors (radial)", SVC(random_state=0)),
        ):
            classifier.set_params(class_weight="balanced").fit(known, is_real)
            said = (
                classifier.predict_proba(asked)[:, 1]
                if hasattr(classifier, "predict_proba")
                else classifier.decision_function(asked)
            )
            found.append(_rival(name, is_test, said, ours, works))
    return found


def _rival(
    name: str, is_real: NDArray[np.bool_], said: Doubles, ours: Doubles, works: Numbers
) -> Rival:
    def ahead(weights: Doubles) -> float:
        return area(is_real, said, weights) - area(is_real, ours, weights)

    return Rival(name, auc_of(is_real, said, works), weighted(ahead, works))
