"""Listeners made up for trial: does an ear learn the taste of one who rates ten, thirty, a hundred?

The rule kept here: a made-up listener has a known taste, is noisy, and gives marks from 1 to 5 that
are equally frequent; what is learnt is tried on ratings of other prompts, beside the shipped score.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trainer.corruptions import matched
from trainer.impressions import Listened, spoilt
from trainer.personal import Verdicts, as_said, concordance, personal
from trainer.teaching import Kinds, Traits
from trainer.works import PITCH, START, Excerpt

COUNTS = (10, 30, 100)  # ratings
DRAWS = 20
NOISE = 0.7  # beside a taste whose two sides have 1 each
HELD = 1 / 3  # of the prompts, by which it is tried
SHORTEST = 0.01  # seconds

Doubles = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Pool:
    """Music that may be rated, and what there is to like about it."""

    embeddings: NDArray[np.float32]  # (n, width)
    likings: Doubles  # (n,) of the one who favours what is slow and low
    groups: NDArray[np.int64]  # (n,) prompts

    @classmethod
    def of(cls, asked: Sequence[Excerpt], heard: Sequence[Listened]) -> "Pool":
        """Continuations as composed and spoilt."""
        rows, traits, groups = [], [], []
        for number, (ask, what) in enumerate(zip(asked, heard, strict=True)):
            versions = {what.names[0]: ask.real, **spoilt(ask)}
            for name, music in versions.items():
                notes = matched(music, ask.real)
                steps = np.maximum(np.diff(notes[:, START]), SHORTEST)
                rows.append(what.embeddings[what.names.index(name)])
                traits.append((np.log(steps).mean(), -notes[:, PITCH].mean()))
                groups.append(number)
        told = np.array(traits)
        likings = ((told - told.mean(axis=0)) / told.std(axis=0)).sum(axis=1)
        return cls(np.stack(rows), likings, np.array(groups))


@dataclass(frozen=True, slots=True)
class Learnt:
    """After so many ratings: how well each score orders other ratings, and the worst change."""

    ratings: int
    shipped: float
    personal: float
    possible: float  # by the taste itself, without the noise
    worst: float  # of the changes, over all draws


def tried(pool: Pool, kinds: Kinds, traits: Traits, agrees: bool) -> list[Learnt]:
    """What is learnt of one who favours slow and low; or, as a control, agrees with the score."""
    prior, known = kinds.odds(pool.embeddings), traits.of_each(pool.embeddings)
    taste = 2 * prior if agrees else pool.likings
    found = {
        count: [_once(pool, prior, known, taste, count, draw) for draw in range(DRAWS)]
        for count in COUNTS
    }
    return [_summed(count, np.array(rows)) for count, rows in found.items()]


def _summed(count: int, rows: Doubles) -> Learnt:
    """The means of (draws, 3) shares, and the worst change."""
    shipped, ours, possible = rows.mean(axis=0).tolist()
    return Learnt(count, shipped, ours, possible, float((rows[:, 1] - rows[:, 0]).min()))


def _once(
    pool: Pool, prior: Doubles, known: Doubles, taste: Doubles, count: int, draw: int
) -> tuple[float, float, float]:
    """How well the shipped, the personal, and the true taste order ratings kept away."""
    dice = np.random.default_rng(draw)
    felt = taste + dice.normal(0, NOISE, len(taste))
    marks = 1 + np.searchsorted(np.quantile(felt, [0.2, 0.4, 0.6, 0.8]), felt).astype(np.float64)
    prompts = dice.permutation(np.unique(pool.groups))
    is_held = np.isin(pool.groups, prompts[: int(HELD * len(prompts))])
    rated = dice.choice(np.flatnonzero(~is_held), count, replace=False)
    said = np.array([as_said(mark, is_pair=False) for mark in marks[rated]])
    verdicts = Verdicts(
        prior[rated], known[rated], np.ones(count, dtype=bool), said, pool.groups[rated]
    )
    leaning = personal(verdicts).leaning
    odds = (prior, leaning.odds(prior, known), taste)
    shipped, ours, possible = (concordance(each[is_held], marks[is_held]) for each in odds)
    return shipped, ours, possible
