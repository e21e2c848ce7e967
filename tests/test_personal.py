"""A taste is learnt from ratings where there is one; where there is none nothing is made worse."""

import numpy as np
import pytest

from trainer.personal import (
    LEAST_RATINGS,
    Verdicts,
    concordance,
    fitted,
    personal,
)

TRAITS = 8


def verdicts(count: int, seed: int = 0, taste: float = 2.0, trust: float = 0.0) -> Verdicts:
    """What a listener says who likes the first trait so much, and trusts the prior so much."""
    dice = np.random.default_rng(seed)
    prior, traits = dice.normal(size=count), dice.normal(size=(count, TRAITS))
    liking = taste * traits[:, 0] + trust * prior + dice.normal(0, 0.5, count)
    said = np.clip(np.round(2 + liking) / 4, 0, 1)
    return Verdicts(prior, traits, np.ones(count, dtype=bool), said, np.arange(count) // 2)


def agreement(shift: float, count: int, **listener: float) -> tuple[float, float]:
    """How well the shipped score and the personal one order ratings that neither knew."""
    learnt = personal(verdicts(count, int(shift), **listener))
    asked = verdicts(300, 999, **listener)
    ours = learnt.leaning.odds(asked.prior, asked.traits)
    return concordance(asked.prior, asked.said), concordance(ours, asked.said)


def test_below_ten_ratings_nothing_is_tried() -> None:
    learnt = personal(verdicts(LEAST_RATINGS - 1))
    assert learnt.restraint is None
    assert learnt.leaning.trust == 1.0
    assert not learnt.leaning.weights.any()


@pytest.mark.parametrize("count", [30, 100])
def test_a_known_taste_is_learnt_by_thirty_ratings(count: int) -> None:
    before, after = np.array([agreement(seed, count) for seed in range(5)]).mean(axis=0)
    assert before < 0.6
    assert after > 0.8


def test_where_the_listener_agrees_with_the_score_it_is_not_made_worse() -> None:
    changes = [
        np.subtract(*agreement(seed, count, taste=0.0, trust=2.0)[::-1])
        for seed in range(6)
        for count in (10, 30, 100)
    ]
    assert min(changes) > -0.03


def test_ratings_by_dice_change_nothing() -> None:
    changed = 0
    for seed in range(10):
        dice = np.random.default_rng(seed)
        some = verdicts(40, seed)
        noise = Verdicts(some.prior, some.traits, some.is_single, dice.random(40), some.groups)
        changed += personal(noise).restraint is not None
    assert changed <= 2


def test_pairs_teach_the_same_and_have_no_bias() -> None:
    some = verdicts(200, taste=2.0)
    left, right = some.only(np.arange(200) < 100), some.only(np.arange(200) >= 100)
    better = (left.said > right.said) + 0.5 * (left.said == right.said)
    paired = Verdicts(
        left.prior - right.prior,
        left.traits - right.traits,
        np.zeros(100, dtype=bool),
        better.astype(np.float64),
        left.groups,
    )
    leaning = fitted(paired, 3.0)
    assert leaning.bias == pytest.approx(0.0)
    assert leaning.weights[0] > 3 * np.abs(leaning.weights[1:]).max()


def test_a_taste_is_learnt_beside_a_score_that_is_very_sure() -> None:
    some = verdicts(100, taste=3.0)
    sure = Verdicts(8 * some.prior, some.traits, some.is_single, some.said, some.groups)
    asked = verdicts(300, 999, taste=3.0)
    leaning = personal(sure).leaning
    assert concordance(leaning.odds(8 * asked.prior, asked.traits), asked.said) > 0.8


def test_held_back_enough_it_stays_where_it_was() -> None:
    leaning = fitted(verdicts(50, taste=0.0, trust=1.0), 1e9)
    assert np.abs(leaning.weights).max() < 1e-6


def test_concordance_asks_only_about_what_was_marked_apart() -> None:
    marks = np.array([1.0, 2.0, 2.0])
    assert concordance(np.array([0.0, 1.0, 2.0]), marks) == 1.0
    assert concordance(np.array([2.0, 1.0, 0.0]), marks) == 0.0
    assert concordance(np.zeros(3), marks) == 0.5
    assert concordance(np.arange(3.0), np.ones(3)) == 0.5
