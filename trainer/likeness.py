"""Tells what a model plays from what composers wrote, so that the likest of several is played.

The rule kept here: it goes by plain figures of the notes, those of `descriptors` that know nothing
of touch, and is taught by train works, as composed and as the model continues them; so what it
chooses can be judged by works that it never heard. It hears as much at a time as the instrument
asks it about: an opening, what an answer is steered by, a whole answer.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import GradientBoostingClassifier

from performer.choice import abreast, seeds
from performer.descriptors import of_touch, table
from performer.improviser import Improviser
from performer.length import Limit
from performer.notes import Note, as_sounded
from performer.taste import Taste
from performer.thought import Thought
from trainer.confidence import Measured
from trainer.continuations import name_of, turn_of
from trainer.judges import auc_of, folds
from trainer.works import ANSWER_NOTES, PROMPT_NOTES, Excerpt, Work, as_heard, excerpt

SEED = 1
DRAWN = 11  # seed of the places from which music is taken
PLACES, APART = 8, 50  # excerpts of a work at most, and notes of it for each
WAYS = 4  # in which each is continued
FOLDS = 4  # of the works, to find out how well works kept away are told
LENGTHS = (25, 50, ANSWER_NOTES)  # notes

Doubles = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Likeness:
    """Trees over some figures, and how well such tell works that were kept from them."""

    names: tuple[str, ...]  # of the figures
    trees: GradientBoostingClassifier
    auc: Measured  # of whole answers


@dataclass(frozen=True, slots=True, eq=False)
class Compared:
    """A composer's continuation and a model's, in figures, by how much of them is heard."""

    real: Doubles  # (lengths, figures)
    played: Doubles  # (ways, lengths, figures)
    work: int


def prompts(works: Sequence[Work], places: int = PLACES) -> list[Excerpt]:
    """Prompts and what truly followed, from anywhere in each work; more of the longer ones."""
    dice = np.random.default_rng(DRAWN)
    chosen = []
    for work in works:
        room = len(work.performance) - PROMPT_NOTES - ANSWER_NOTES + 1
        if room > 0:
            count = min(places, max(room // APART, 1))
            chosen += [
                excerpt(work, int(place), ANSWER_NOTES) for place in dice.integers(room, size=count)
            ]
    return chosen


def continued(improviser: Improviser, asked: Iterable[Excerpt], folder: Path) -> Iterator[Doubles]:
    """How a model goes on, (ways, notes, 4), from the folder where it is there. Raises Refusal."""
    folder.mkdir(parents=True, exist_ok=True)
    for ask in asked:
        told = f"{improviser.model.sha256} {SEED} {ANSWER_NOTES} {WAYS} {name_of(ask.prompt)}"
        path = folder / f"{hashlib.sha256(told.encode()).hexdigest()[:32]}.npy"
        if not path.exists():
            np.save(path.with_suffix(".part.npy"), _continued(improviser, ask))
            path.with_suffix(".part.npy").replace(path)
        yield np.load(path)


def _continued(improviser: Improviser, ask: Excerpt) -> Doubles:
    turn = turn_of(ask.prompt)
    thoughts = [Thought.on(ask.prompt, Taste(), seed, turn) for seed in seeds(SEED, WAYS)]
    answers: list[list[Note]] = [[] for _ in thoughts]
    for lane, note, _ in abreast(improviser, thoughts, Limit(notes=ANSWER_NOTES)):
        answers[lane].append(note)
    return np.stack([as_heard(as_sounded(answer)) for answer in answers])


def compared(ask: Excerpt, played: Doubles) -> Compared:
    """The figures of an excerpt, and of what a model played instead, (ways, notes, 4)."""
    lengths = [length for length in LENGTHS if length <= len(ask.real)] or [len(ask.real)]
    music = [heard[:length] for heard in (ask.real, *played) for length in lengths]
    figures = table(music)[1].reshape(1 + len(played), len(lengths), -1)
    return Compared(figures[0], figures[1:], ask.work.number)


def taught(names: Sequence[str], heard: Sequence[Compared]) -> Likeness:
    """What tells the first from the second, by the names of all figures."""
    is_used = ~of_touch(names)
    works = np.array([each.work for each in heard])
    fold = folds(works, FOLDS)
    odds, is_real, owner = [], [], []
    for number in range(int(fold.max()) + 1):
        ours = [each for each, its in zip(heard, fold, strict=True) if its == number]
        others = [each for each, its in zip(heard, fold, strict=True) if its != number]
        trees = _fitted(others, is_used)
        for each in ours:
            whole = np.stack([each.real[-1], *each.played[:, -1]])[:, is_used]
            odds += trees.decision_function(whole).tolist()
            is_real += [True] + [False] * len(each.played)
            owner += [each.work] * len(whole)
    auc = auc_of(np.array(is_real), np.array(odds), np.array(owner))
    return Likeness(tuple(np.array(names)[is_used].tolist()), _fitted(heard, is_used), auc)


def _fitted(heard: Sequence[Compared], is_used: NDArray[np.bool_]) -> GradientBoostingClassifier:
    """Trees; in all, what composers wrote weighs as much as what the model played."""
    real = np.concatenate([each.real for each in heard])
    played = np.concatenate([each.played.reshape(-1, len(is_used)) for each in heard])
    is_real = np.repeat([True, False], [len(real), len(played)])
    trees = GradientBoostingClassifier(
        learning_rate=0.08,
        n_estimators=300,
        max_depth=None,
        max_leaf_nodes=12,
        min_samples_leaf=15,
        max_features=0.2,
        subsample=0.5,
        random_state=SEED,
    )
    weights = np.where(is_real, len(played) / len(real), 1.0)
    figures = np.concatenate([real, played])[:, is_used].astype(np.float32)
    return trees.fit(figures, is_real, sample_weight=weights)
