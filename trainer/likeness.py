"""Tells what a model plays from what composers wrote, so that the likest of several is played.

The rule kept here: it goes by plain figures of the notes, those of `descriptors` that know nothing
of touch, and is taught by train works, as composed and as the model continues them; so what it
chooses can be judged by works that it never heard.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from performer.descriptors import of_touch, table
from performer.improviser import Improviser
from performer.taste import Taste
from trainer.confidence import Measured
from trainer.continuations import Manner, name_of, play
from trainer.judges import auc_of, folds
from trainer.teaching import LEAST_SPREAD, Line
from trainer.works import (
    ANSWER_NOTES,
    PROMPT_NOTES,
    Excerpt,
    Heard,
    Work,
    excerpt,
)

SEED = 1
DRAWN = 5  # seed of the places from which music is taken
STRENGTH = 1e-2

Doubles = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Likeness:
    """A weight for each figure, and how well it tells works that were kept from it."""

    names: tuple[str, ...]  # of the figures
    line: Line
    auc: Measured


def prompts(works: Sequence[Work], count: int) -> list[Excerpt]:
    """So many prompts and what truly followed, one of each work, from anywhere in it."""
    whole = PROMPT_NOTES + ANSWER_NOTES
    long_enough = [work for work in works if len(work.performance) >= whole]
    dice = np.random.default_rng(DRAWN)
    order, places = dice.permutation(len(long_enough)), dice.random(len(long_enough))
    return [
        excerpt(
            long_enough[at],
            int(places[at] * (len(long_enough[at].performance) - whole + 1)),
            ANSWER_NOTES,
        )
        for at in order[:count]
    ]


def continued(improviser: Improviser, asked: Sequence[Excerpt], folder: Path) -> Iterator[Heard]:
    """How a model goes on, from the folder where it is there. Raises Refusal."""
    folder.mkdir(parents=True, exist_ok=True)
    for ask in asked:
        told = f"{improviser.model.sha256} {SEED} {ANSWER_NOTES} {name_of(ask.prompt)}"
        path = folder / f"{hashlib.sha256(told.encode()).hexdigest()[:32]}.npy"
        if not path.exists():
            answer = play(improviser, ask.prompt, Manner(Taste(), SEED, ANSWER_NOTES))
            np.save(path.with_suffix(".part.npy"), answer.notes)
            path.with_suffix(".part.npy").replace(path)
        yield np.load(path)


def taught(real: Sequence[Heard], played: Sequence[Heard], works: NDArray[np.int64]) -> Likeness:
    """What tells the first from the second, excerpt by excerpt of the same works."""
    names, figures = table([*real, *played])
    is_used = ~of_touch(names)
    known, is_real = figures[:, is_used], np.repeat([True, False], [len(real), len(played)])
    owner = np.tile(works, 2)
    odds, fold = np.zeros(len(known)), folds(owner)
    for number in range(int(fold.max()) + 1):
        ours = fold == number
        odds[ours] = _fitted(known[~ours], is_real[~ours]).odds(known[ours])
    told = tuple(np.array(names)[is_used].tolist())
    return Likeness(told, _fitted(known, is_real), auc_of(is_real, odds, owner))


def _fitted(known: Doubles, is_real: NDArray[np.bool_]) -> Line:
    middle, spread = known.mean(axis=0), np.maximum(known.std(axis=0), LEAST_SPREAD)
    plain = LogisticRegression(C=STRENGTH, max_iter=500)
    plain.fit((known - middle) / spread, is_real)
    weights = plain.coef_[0] / spread
    return Line(weights, float(plain.intercept_[0] - middle @ weights))
