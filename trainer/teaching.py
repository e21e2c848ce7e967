"""Teaches an ear what is better than what: a logistic regression on what a model knew.

The rules kept here: it learns which kind of version it hears, as composed, or played, or spoilt in
one way or another, since what is wrong with a weak model is not what is wrong with shuffled notes;
and then what each kind is worth, by pairs of versions of one continuation, of which one is better,
so that neither the piece nor its key can help. Worths, strength and calibration are chosen by works
that were kept from it, never by those that it is tested by. A score costs two products.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.decomposition import PCA
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.svm import SVC
from threadpoolctl import threadpool_limits

from performer.scorer import PLAIN
from trainer.confidence import Measured, mean
from trainer.corruptions import PAIRS, REAL, weight
from trainer.impressions import Listened
from trainer.judges import auc_of, folds

STRENGTHS = (0.03, 0.1, 0.3, 1.0)  # of the data against the wish for small weights
WORTHS = 10.0  # the same, for what kinds are worth
SHARES = (1 / 8, 1 / 4, 1 / 2, 1.0)  # of the works, for the learning curve
TRAITS = 16  # along which listeners may differ
LEAST_SPREAD = 1e-6
LEAST_FACTOR = 1e-6  # of odds that know nothing: calibration turns no ranking round
ROUNDS = 300
TREES = 40

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


@dataclass(frozen=True, slots=True, eq=False)
class Kinds:
    """Which kind of version music seems to be, and what each is worth."""

    weights: Doubles  # (width, kinds)
    bias: Doubles  # (kinds,)
    worth: Line  # of how likely each kind is

    def likely(self, embeddings: NDArray[np.floating]) -> Doubles:
        """How likely music is each kind, (..., width) as (..., kinds)."""
        said = embeddings @ self.weights + self.bias
        odds = np.exp(said - said.max(axis=-1, keepdims=True))
        return np.asarray(odds / odds.sum(axis=-1, keepdims=True), dtype=np.float64)

    def odds(self, embeddings: NDArray[np.floating]) -> Doubles:
        """(..., width) as (...,)."""
        return self.worth.odds(self.likely(embeddings))


class Classifier(Protocol):
    """Whatever of scikit-learn's learns kinds."""

    def fit(self, known: Doubles, kind: Numbers) -> object:
        """Learn from (n, figures)."""

    def predict_proba(self, known: Doubles) -> Doubles:
        """How likely each kind is, (n, kinds)."""


@dataclass(frozen=True, slots=True, eq=False)
class Scale:
    """What kinds are told by: the traits and the plain numbers of embeddings, each as wide."""

    traits: Traits
    middle: Doubles  # (TRAITS + PLAIN,)
    spread: Doubles  # (TRAITS + PLAIN,)

    @classmethod
    def of(cls, lesson: Lesson, traits: Traits) -> Self:
        """As wide as they are in a lesson."""
        bare = cls(traits, np.zeros(1), np.ones(1)).of_each(lesson.embeddings)
        flat = bare.reshape(-1, bare.shape[-1])
        return cls(traits, flat.mean(axis=0), np.maximum(flat.std(axis=0), LEAST_SPREAD))

    def of_each(self, embeddings: NDArray[np.floating]) -> Doubles:
        """(..., width) as (..., TRAITS + PLAIN)."""
        known = [self.traits.of_each(embeddings), embeddings[..., -PLAIN:]]
        return np.asarray((np.concatenate(known, axis=-1) - self.middle) / self.spread)

    def unfolded(self, weights: Doubles, bias: Doubles) -> tuple[Doubles, Doubles]:
        """Weights (TRAITS + PLAIN, kinds) as those of an embedding, and what is added."""
        bare = weights / self.spread[:, None]
        count = self.traits.weights.shape[1]
        whole = self.traits.weights @ bare[:count]
        whole[-PLAIN:] += bare[count:]
        return whole, bias - self.middle @ bare + self.traits.bias @ bare[:count]


def logistic(strength: float) -> Callable[[], LogisticRegression]:
    """The classifier that ships, not yet taught."""
    return lambda: LogisticRegression(C=strength, max_iter=ROUNDS, tol=1e-3)


def told(lesson: Lesson, scale: Scale, classifier: Classifier) -> Classifier:
    """The classifier, taught which kind each version is."""
    known = scale.of_each(lesson.embeddings)
    with threadpool_limits(1):
        classifier.fit(known.reshape(-1, known.shape[-1]), kinds_of(lesson))
    return classifier


def kinds_of(lesson: Lesson) -> Numbers:
    """The kind of each version, prompt by prompt, (prompts * versions,)."""
    return np.tile(np.arange(len(lesson.names)), len(lesson.works))


def likely(lesson: Lesson, scale: Scale, classifier: Classifier) -> Doubles:
    """How likely each version is each kind, (prompts, versions, kinds)."""
    known = scale.of_each(lesson.embeddings)
    with threadpool_limits(1):
        said = classifier.predict_proba(known.reshape(-1, known.shape[-1]))
    return said.reshape(*known.shape[:2], -1)


def out_of_fold(lesson: Lesson, traits: Traits, make: Callable[[], Classifier]) -> Doubles:
    """The same by a classifier that has not heard the work, (prompts, versions, kinds)."""
    fold = folds(lesson.works)
    said = np.zeros((*lesson.embeddings.shape[:2], len(lesson.names)))
    for number in range(int(fold.max()) + 1):
        others = lesson.only(fold != number)
        scale = Scale.of(others, traits)
        ours = lesson.only(fold == number)
        said[fold == number] = likely(ours, scale, told(others, scale, make()))
    return said


def ranked(lesson: Lesson, known: Doubles, strength: float) -> Line:
    """The line of (prompts, versions, n) numbers that ranks most pairs as they should be."""
    spread = np.maximum(known.reshape(-1, known.shape[-1]).std(axis=0), LEAST_SPREAD)
    apart = [(known[:, better] - known[:, worse]) / spread for better, worse in lesson.pairs]
    counts = [weight(lesson.names[better], lesson.names[worse]) for better, worse in lesson.pairs]
    whole = np.concatenate(apart)
    is_upright = np.arange(len(whole)) % 2 == 0  # half of them are asked the other way round
    ranks = LogisticRegression(C=strength, fit_intercept=False, max_iter=ROUNDS, tol=1e-3)
    with threadpool_limits(1):
        ranks.fit(
            np.where(is_upright[:, None], whole, -whole),
            is_upright,
            np.repeat(counts, len(known)),
        )
    return Line(ranks.coef_[0] / spread)


def won(odds: Doubles, pair: tuple[int, int], works: Numbers) -> Measured:
    """The share of prompts in which the better version has the better odds; a tie counts half."""
    better, worse = odds[:, pair[0]], odds[:, pair[1]]
    return mean((better > worse) + 0.5 * (better == worse), works)


def all_won(lesson: Lesson, odds: Doubles) -> Measured:
    """The share of all pairs that are ranked as they should be."""
    return mean(shares_won(lesson, odds), lesson.works)


def shares_won(lesson: Lesson, odds: Doubles) -> Doubles:
    """The same of each prompt, (prompts,)."""
    better, worse = (odds[:, list(side)] for side in zip(*lesson.pairs, strict=True))
    return np.asarray(((better > worse) + 0.5 * (better == worse)).mean(axis=1))


@dataclass(frozen=True, slots=True, eq=False)
class Taught:
    """What was learnt, the strength that was chosen, and what each strength was worth."""

    kinds: Kinds
    traits: Traits
    strength: float
    tried: dict[float, float]  # strength -> share of pairs won by works kept away


def taught(lesson: Lesson, strengths: Sequence[float] = STRENGTHS) -> Taught:
    """What the strength that does best on works kept away learns, calibrated by those."""
    traits = Traits.of(lesson.embeddings.reshape(-1, lesson.embeddings.shape[-1]))
    kept = {strength: out_of_fold(lesson, traits, logistic(strength)) for strength in strengths}
    worths = {strength: ranked(lesson, said, WORTHS) for strength, said in kept.items()}
    odds = {strength: worths[strength].odds(said) for strength, said in kept.items()}
    tried = {strength: all_won(lesson, said).value for strength, said in odds.items()}
    best = max(tried, key=lambda strength: (tried[strength], -strength))
    scale, plain = Scale.of(lesson, traits), logistic(best)()
    told(lesson, scale, plain)
    worth = worths[best].scaled(*calibrated(lesson, odds[best]))
    weights, bias = scale.unfolded(plain.coef_.T, plain.intercept_)
    return Taught(Kinds(weights, bias, worth), traits, best, tried)


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
        learnt = taught(lesson.only(np.isin(lesson.works, chosen)), (strength,))
        won_by_it = all_won(test, learnt.kinds.odds(test.embeddings))
        points.append((len(chosen), won_by_it.value))
    return points


@dataclass(frozen=True, slots=True)
class Rival:
    """Another way to learn: the share of pairs that it wins, and by how much it is better."""

    name: str
    won: Measured
    ahead: Measured  # of what ships


def rivals(lesson: Lesson, test: Lesson, learnt: Taught) -> list[Rival]:
    """What others make of the same embeddings, on the same test works."""
    scale = Scale.of(lesson, learnt.traits)
    known, asked = scale.of_each(lesson.embeddings), scale.of_each(test.embeddings)
    ours = shares_won(test, learnt.kinds.odds(test.embeddings))
    found = {
        "a line that ranks pairs": ranked(lesson, known, STRENGTHS[0]).odds(asked),
        "support vectors (radial), as composed or not": _by_support_vectors(lesson, known, asked),
        "boosted trees, which kind it is": _by_trees(lesson, test, scale),
    }
    return [_rival(name, test, odds, ours) for name, odds in found.items()]


def _by_support_vectors(lesson: Lesson, known: Doubles, asked: Doubles) -> Doubles:
    vectors = SVC(class_weight="balanced", random_state=0)
    with threadpool_limits(1):
        vectors.fit(known.reshape(-1, known.shape[-1]), real_ones(lesson))
        said = vectors.decision_function(asked.reshape(-1, asked.shape[-1]))
    return np.asarray(said.reshape(asked.shape[:2]))


def _by_trees(lesson: Lesson, test: Lesson, scale: Scale) -> Doubles:
    def trees() -> HistGradientBoostingClassifier:
        return HistGradientBoostingClassifier(max_iter=TREES, random_state=0)

    worth = ranked(lesson, out_of_fold(lesson, scale.traits, trees), WORTHS)
    return worth.odds(likely(test, scale, told(lesson, scale, trees())))


def _rival(name: str, test: Lesson, odds: Doubles, ours: Doubles) -> Rival:
    theirs = shares_won(test, odds)
    return Rival(name, mean(theirs, test.works), mean(theirs - ours, test.works))
