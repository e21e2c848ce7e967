"""Spoilt music is spoilt in one way only, and nothing but the music gives it away."""

import numpy as np
import pytest

from trainer.corruptions import (
    CORRUPTIONS,
    GRAND,
    PAIRS,
    REAL,
    REFERENCE,
    corrupted,
    matched,
    weight,
)
from trainer.works import END, PITCH, START, VELOCITY, Heard


def music(seed: int = 0, notes: int = 25) -> Heard:
    dice = np.random.default_rng(seed)
    start = 3.0 + np.cumsum(dice.choice([0.1, 0.2, 0.4], notes))
    pitch, velocity = dice.integers(40, 90, notes), dice.integers(30, 110, notes)
    return np.stack([start, pitch, velocity, start + dice.choice([0.1, 0.3], notes)], axis=-1)


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_a_spoilt_version_is_as_long_begins_together_and_stays_on_the_piano(name: str) -> None:
    real = music()
    spoilt = corrupted(real, np.random.default_rng(1))[name]
    assert spoilt.shape == real.shape
    assert spoilt[0, START] == real[0, START]
    assert (spoilt[:, VELOCITY] == real[:, VELOCITY]).all()
    assert spoilt[:, PITCH].min() >= 21
    assert spoilt[:, PITCH].max() <= 108
    assert not np.array_equal(spoilt, real)


def test_each_corruption_leaves_the_rest_alone() -> None:
    real = music()
    spoilt = corrupted(real, np.random.default_rng(1))
    for name in set(CORRUPTIONS) - {"times shuffled"}:
        assert np.array_equal(spoilt[name][:, [START, END]], real[:, [START, END]])
    assert np.array_equal(spoilt["times shuffled"][:, PITCH], real[:, PITCH])
    assert sorted(spoilt["pitches shuffled"][:, PITCH]) == sorted(real[:, PITCH])


def test_corruptions_are_graded() -> None:
    real = music(notes=400)
    spoilt = corrupted(real, np.random.default_rng(1))
    missed = {
        name: float(np.mean(other[:, PITCH] != real[:, PITCH])) for name, other in spoilt.items()
    }
    assert 0.06 < missed["a wrong note in eight"] < 0.2
    assert 0.25 < missed["a wrong note in three"] < 0.42
    assert len(set(spoilt["one note"][:, PITCH])) == 1


def test_all_versions_are_made_as_loud_and_as_even() -> None:
    real, other = music(0), music(1, notes=40)
    other[:, PITCH] = 40 + np.arange(40)
    other[:, VELOCITY] = np.where(np.arange(40) % 2, 100, 90)
    made = matched(other, real)
    assert made.shape == real.shape
    assert made[0, START] == real[0, START]
    assert np.allclose(np.diff(made[:, START]), np.diff(other[:25, START]))
    assert abs(made[:, VELOCITY].mean() - real[:, VELOCITY].mean()) < 2
    assert abs(made[:, VELOCITY].std() - real[:, VELOCITY].std()) < 2
    assert np.allclose(made[:, END] - made[:, START], other[:25, END] - other[:25, START])


def test_a_version_sounds_as_on_a_piano_a_key_struck_again_ends() -> None:
    real, other = music(0), music(1)
    other[1, [START, PITCH]] = other[0, START] + 0.05, other[0, PITCH]
    made = matched(other, real)
    assert made[0, END] == pytest.approx(made[1, START])


def test_chords_are_written_from_the_lowest_key_up() -> None:
    real, other = music(0), music(1)
    other[1, [START, PITCH]], other[0, PITCH] = (other[0, START], 41), 80
    assert matched(other, real)[:2, PITCH].tolist() == [41, 80]


def test_what_has_one_loudness_gets_the_mean_of_the_real_one() -> None:
    real, other = music(0), music(1)
    other[:, VELOCITY] = 64
    assert set(matched(other, real)[:, VELOCITY]) == {np.round(real[:, VELOCITY].mean())}


def test_what_everybody_hears_counts_for_more() -> None:
    assert weight(GRAND, REFERENCE) > weight(GRAND, "temperature 0.5") > weight(REAL, GRAND)
    assert weight(REAL, "temperature 0.5") == weight(REFERENCE, "one note") == weight(REAL, GRAND)


def test_the_order_goes_from_the_composer_down_to_noise() -> None:
    assert (REAL, GRAND) in PAIRS
    assert (GRAND, REFERENCE) in PAIRS
    assert (REFERENCE, "pitches shuffled") in PAIRS
    assert (REAL, "a wrong note in eight") in PAIRS
    assert ("a wrong note in eight", "a wrong note in three") in PAIRS
    assert (GRAND, "temperature 0.75") in PAIRS
    assert ("temperature 0.5", "temperature 1.5") in PAIRS
    assert not any((worse, better) in PAIRS for better, worse in PAIRS)
    assert not any({better, worse} == {"one note", "random walk"} for better, worse in PAIRS)
