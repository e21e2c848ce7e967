"""Can a judge tell what a model played from what the composer wrote?

The rules kept here: a judge never hears a work by which it is judged, in any edition; it is given
as much real music as generated; and it answers for every excerpt once. The figure is the area under
the ROC curve: the odds that of one real and one generated excerpt it picks the right one; 0.5 is a
judge who cannot tell, 1.0 one who always can.

This judge goes by descriptors: it is boosted trees (Friedman, 2001), the strongest judge that a few
hundred excerpts can teach.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier
from threadpoolctl import threadpool_limits

from performer.descriptors import of_touch, table
from trainer.confidence import Measured, numbered, weighted
from trainer.works import END, PITCH, START, Heard

FOLDS = 5
SEED = 0
TOLD = 8  # telltales that are named

Doubles = NDArray[np.float64]
Truths = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Trial:
    """Excerpts of which half are real, and the work that each continues."""

    music: Sequence[Heard]
    is_generated: Truths  # (n,)
    works: NDArray[np.int64]  # (n,)

    @classmethod
    def of(
        cls,
        real: Sequence[Heard],
        generated: Sequence[Heard],
        real_works: Sequence[int],
        generated_works: Sequence[int] | None = None,
    ) -> "Trial":
        """Real and generated excerpts, which continue the same works unless it is said."""
        return cls(
            [*real, *generated],
            np.repeat([False, True], [len(real), len(generated)]),
            np.array([*real_works, *(generated_works or real_works)], dtype=np.int64),
        )


@dataclass(frozen=True, slots=True)
class Telltale:
    """A descriptor, how well it tells alone, and its mean on both sides."""

    name: str
    auc: float  # below 0.5: generated excerpts have less of it
    real: float
    generated: float


@dataclass(frozen=True, slots=True)
class Verdict:
    """How well a judge tells, and the descriptors that tell most."""

    auc: Measured
    excerpts: int  # on each side, fewer where they differ
    telltales: tuple[Telltale, ...] = ()


def folds(works: NDArray[np.int64], excerpts: int = FOLDS) -> NDArray[np.int64]:
    """The fold of each excerpt: whole works, the largest first into the smallest fold.

    >>> folds(np.array([7, 7, 7, 8, 9, 9]), 2).tolist()
    [0, 0, 0, 1, 1, 1]
    """
    owner = numbered(works)
    sizes = np.bincount(owner)
    filled = np.zeros(min(excerpts, len(sizes)), dtype=np.int64)
    place = np.zeros(len(sizes), dtype=np.int64)
    for work in np.argsort(-sizes, kind="stable"):
        place[work] = filled.argmin()
        filled[place[work]] += sizes[work]
    return place[owner]


def area(is_generated: Truths, scores: Doubles, weights: Doubles) -> float:
    """The odds that a generated thing has the higher score; a tie counts half.

    >>> area(np.array([False, False, True]), np.array([0.1, 0.7, 0.7]), np.ones(3))
    0.75
    """
    order = np.unique(scores, return_inverse=True)[1]
    generated = np.bincount(order, weights * is_generated)
    real = np.bincount(order, weights * ~is_generated)
    below = np.cumsum(real) - real / 2
    pairs = generated.sum() * real.sum()
    return float(generated @ below / pairs) if pairs else float("nan")


def auc_of(is_generated: Truths, scores: Doubles, works: NDArray[np.int64]) -> Measured:
    """The area under the ROC curve, with its bounds."""
    return weighted(lambda weights: area(is_generated, scores, weights), works)


@dataclass(frozen=True, slots=True, eq=False)
class Judge:
    """A jury of boosted trees: one for each fold, that has not heard the works of that fold."""

    trees: tuple[HistGradientBoostingClassifier, ...]
    names: tuple[str, ...]
    is_used: Truths  # (descriptors,)
    fold_of_work: dict[int, int]

    @classmethod
    def taught(cls, trial: Trial, with_touch: bool) -> "Judge":
        """Taught by a trial, with or without the descriptors that know how loud a note was."""
        names, figures = table(trial.music)
        return cls.taught_by(names, figures, trial, with_touch)

    @classmethod
    def taught_by(
        cls, names: Sequence[str], figures: Doubles, trial: Trial, with_touch: bool
    ) -> "Judge":
        """Taught by the (n, descriptors) figures of a trial."""
        used = np.ones(len(names), dtype=bool) if with_touch else ~of_touch(names)
        fold = folds(trial.works)
        with threadpool_limits(1):  # so few excerpts make two threads wait for each other
            trees = tuple(
                _trees().fit(figures[fold != number][:, used], trial.is_generated[fold != number])
                for number in range(int(fold.max()) + 1)
            )
        return cls(
            trees,
            tuple(np.array(names)[used]),
            used,
            dict(zip(trial.works.tolist(), fold.tolist(), strict=True)),
        )

    def scores(self, figures: Doubles, works: NDArray[np.int64]) -> Doubles:
        """How generated n excerpts of the same works seem, by (n, descriptors) figures."""
        fold = np.array([self.fold_of_work[work] for work in works.tolist()])
        said = np.zeros(len(works))
        with threadpool_limits(1):
            for number, trees in enumerate(self.trees):
                ours = fold == number
                if ours.any():
                    said[ours] = trees.predict_proba(figures[ours][:, self.is_used])[:, 1]
        return said


def telltales(names: Sequence[str], figures: Doubles, is_generated: Truths) -> tuple[Telltale, ...]:
    """The descriptors that tell most, each alone; the most telling first."""
    ones = np.ones(len(figures))
    areas = np.array([area(is_generated, column, ones) for column in figures.T])
    return tuple(
        Telltale(
            names[place],
            float(areas[place]),
            float(figures[~is_generated, place].mean()),
            float(figures[is_generated, place].mean()),
        )
        for place in np.argsort(-np.abs(areas - 0.5), kind="stable")[:TOLD]
    )


def _trees() -> HistGradientBoostingClassifier:
    return HistGradientBoostingClassifier(
        learning_rate=0.06,
        max_iter=200,
        max_leaf_nodes=12,
        min_samples_leaf=15,
        l2_regularization=1.0,
        max_features=0.3,
        early_stopping=False,
        random_state=SEED,
    )


def judged(trial: Trial, with_touch: Sequence[bool]) -> list[Verdict]:
    """Can it tell, with touch or without? No tree judges a work that it has heard."""
    names, figures = table(trial.music)
    return [_verdict(names, figures, trial, touch) for touch in with_touch]


def _verdict(names: Sequence[str], figures: Doubles, trial: Trial, with_touch: bool) -> Verdict:
    judge = Judge.taught_by(names, figures, trial, with_touch)
    used = judge.is_used
    sides = int(trial.is_generated.sum())
    return Verdict(
        auc_of(trial.is_generated, judge.scores(figures, trial.works), trial.works),
        min(sides, len(trial.music) - sides),
        telltales(np.array(names)[used].tolist(), figures[:, used], trial.is_generated),
    )


# Controls


def shuffled_pitches(heard: Heard, dice: np.random.Generator) -> Heard:
    """The same rhythm, the same keys, in another order."""
    other = heard.copy()
    other[:, PITCH] = dice.permutation(heard[:, PITCH])
    return other


def shuffled_times(heard: Heard, dice: np.random.Generator) -> Heard:
    """The same keys in the same order, their steps and durations in another."""
    other = heard.copy()
    order = dice.permutation(np.arange(1, len(heard)))
    steps = np.diff(heard[:, START])[order - 1]
    held = (heard[:, END] - heard[:, START])[np.append(0, order)]
    other[1:, START] = heard[0, START] + np.cumsum(steps)
    other[:, END] = other[:, START] + held
    return other
