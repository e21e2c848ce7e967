"""A judge tells a metronome from music, and music from music not at all."""

import numpy as np
import pytest

from performer.descriptors import described, heard_again
from trainer.confidence import bounded, mean, ratio
from trainer.judges import (
    Trial,
    area,
    auc_of,
    folds,
    judged,
    shuffled_pitches,
    shuffled_times,
)
from trainer.works import END, PITCH, START, Heard

WORKS = 12


def music(seed: int, notes: int = 100) -> Heard:
    """A walk over the white keys, in uneven steps, with a figure that returns."""
    dice = np.random.default_rng(seed)
    white = np.array([0, 2, 4, 5, 7, 9, 11])
    walk = 21 + np.cumsum(dice.choice([-2, -1, 1, 2], notes))
    walk[10:14] = walk[40:44] = walk[70:74] = walk[0] + np.array([0, 2, 1, 3])
    place = np.clip(walk, 7, 42)
    pitch = 12 * (place // 7) + white[place % 7] + 24
    start = np.cumsum(dice.choice([0.12, 0.24, 0.48], notes) * dice.normal(1, 0.03, notes))
    velocity = np.clip(64 + np.cumsum(dice.normal(0, 2, notes)), 20, 110).round()
    return np.stack([start, pitch, velocity, start + dice.uniform(0.1, 0.4, notes)], axis=-1)


def metronome(seed: int) -> Heard:
    """The keys of music, every one exactly half a second after the last."""
    heard = music(seed)
    held = heard[:, END] - heard[:, START]
    heard[:, START] = 0.5 * np.arange(len(heard))
    heard[:, END] = heard[:, START] + held
    return heard


def trial_of(generated: list[Heard]) -> Trial:
    works = [number % WORKS for number in range(len(generated))]
    return Trial.of([music(seed) for seed in range(len(generated))], generated, works)


def test_a_judge_tells_a_metronome_from_music_and_says_by_what() -> None:
    (verdict,) = judged(trial_of([metronome(1_000 + seed) for seed in range(48)]), [False])
    assert verdict.auc.value > 0.97
    assert verdict.excerpts == 48
    assert any("step" in tell.name or "rhythm" in tell.name for tell in verdict.telltales)


def test_a_judge_does_not_tell_music_from_other_music() -> None:
    for verdict in judged(trial_of([music(1_000 + seed) for seed in range(60)]), [True, False]):
        assert verdict.auc.low < 0.5 < verdict.auc.high or 0.35 < verdict.auc.value < 0.65


def test_without_touch_a_judge_is_deaf_to_loudness() -> None:
    loud = [music(1_000 + seed) for seed in range(48)]
    for heard in loud:
        heard[:, 2] = 127
    with_touch, without = judged(trial_of(loud), [True, False])
    assert with_touch.auc.value > 0.97
    assert 0.3 < without.auc.value < 0.7


def test_no_work_is_on_both_sides_of_a_fold() -> None:
    works = np.array([3, 3, 9, 9, 9, 4, 5, 6, 7, 8, 3])
    fold = folds(works)
    assert all(len(set(fold[works == work])) == 1 for work in works)
    assert len(set(fold)) == 5


def test_a_judge_that_learnt_a_works_sign_has_no_use_for_it() -> None:
    """Each work has a key of its own, real or not: a judge that heard it could tell, none does."""
    real, generated = ([music(seed) for seed in range(first, first + 48)] for first in (0, 500))
    for number, heard in enumerate([*real, *generated]):
        heard[:, PITCH] = 30 + number % 12 * 4 + (number >= 48) * 2 * (number % 2)
    works = [number % WORKS for number in range(48)]
    (verdict,) = judged(Trial.of(real, generated, works), [False])
    assert verdict.auc.value < 0.9


def test_the_area_is_the_odds_of_picking_the_right_one() -> None:
    is_generated = np.array([True, True, False, False])
    ones = np.ones(4)
    assert area(is_generated, np.array([0.9, 0.8, 0.2, 0.1]), ones) == 1.0
    assert area(is_generated, np.array([0.1, 0.2, 0.8, 0.9]), ones) == 0.0
    assert area(is_generated, np.array([0.9, 0.1, 0.5, 0.5]), ones) == 0.5
    assert area(is_generated, np.array([0.9, 0.1, 0.5, 0.5]), np.array([3, 1, 1, 1.0])) == 0.75
    assert area(is_generated, np.array([0.9, 0.5, 0.5, 0.5]), ones) == 0.75


def test_bounds_are_wider_where_works_are_fewer() -> None:
    dice = np.random.default_rng(0)
    is_generated, scores = dice.random(200) < 0.5, dice.random(200)
    few = auc_of(is_generated, scores, np.arange(200) % 4)
    many = auc_of(is_generated, scores, np.arange(200))
    assert few.value == many.value
    assert many.low < many.value < many.high
    by_work = mean(np.repeat([0.0, 1.0], 100), np.repeat([0, 1], 100))
    by_note = mean(np.repeat([0.0, 1.0], 100), np.arange(200))
    assert (by_work.low, by_work.high) == (0.0, 1.0)
    assert 0.4 < by_note.low < 0.5 < by_note.high < 0.6


def test_a_ratio_is_of_sums_and_what_says_nothing_is_left_out() -> None:
    assert ratio(np.array([1.0, 0.0]), np.array([1.0, 9.0]), [1, 2]).value == pytest.approx(0.1)
    assert mean(np.array([1.0, np.nan, 3.0]), [1, 1, 1]).value == 2.0
    assert bounded(0.5, np.array([np.nan])).low == 0.5


def test_shuffled_music_is_the_same_notes_in_another_order() -> None:
    heard, dice = music(0), np.random.default_rng(0)
    other = shuffled_pitches(heard, dice)
    assert sorted(other[:, PITCH]) == sorted(heard[:, PITCH])
    assert (other[:, PITCH] != heard[:, PITCH]).any()
    assert (other[:, START] == heard[:, START]).all()
    other = shuffled_times(heard, dice)
    assert (other[:, PITCH] == heard[:, PITCH]).all()
    np.testing.assert_allclose(
        sorted(np.diff(other[:, START])), sorted(np.diff(heard[:, START])), atol=1e-9
    )
    assert (np.diff(other[:, START]) != np.diff(heard[:, START])).any()


def test_what_returns_is_found_in_another_key() -> None:
    figure = np.array([0, 4, 2, 7, 5])
    twice = np.concatenate([figure, 20 + figure])
    jumps = np.diff(twice)
    assert heard_again(jumps, 3) == pytest.approx(2 / 7)
    assert heard_again(np.diff(figure), 3) == 0.0


def test_descriptors_say_what_can_be_counted() -> None:
    start = np.repeat([0.0, 0.5, 1.0, 1.5], 2)
    pitch = np.tile([60, 67], 4)
    heard = np.stack([start, pitch, np.full(8, 80.0), start + 0.25], axis=-1)
    said = described(heard)
    assert said["chords size"] == 2
    assert said["chords fifths"] == 1.0
    assert said["polyphony most"] == 2
    assert said["step of nought"] == pytest.approx(4 / 7)
    assert said["chord step mean"] == pytest.approx(np.log10(0.5))
    assert said["duration mean"] == pytest.approx(np.log10(0.25))
    assert said["classes variety"] == 1.0
    assert said["velocity unchanged"] == 1.0
    assert said["upper voice stays"] == 1.0
    assert said["dissonance"] == 0.0
    assert all(np.isfinite(value) for value in said.values())
