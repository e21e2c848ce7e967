"""Figures of a few notes say what can be counted, and mean the same of eight notes as of more."""

import numpy as np
import pytest

from performer.descriptors import END, PITCH, START, VELOCITY, Heard
from performer.figures import FIGURES, figures, named
from tests.test_corruptions import music as random_music


def notes(pitches: list[int], step: float = 0.25, held: float = 0.2) -> Heard:
    start = step * np.arange(len(pitches))
    return np.stack([start, pitches, np.full(len(pitches), 64), start + held], axis=-1)


def test_a_scale_in_even_notes() -> None:
    said = dict(named(notes([60, 62, 64, 65, 67, 69, 71, 72])))
    assert said["one scale"] == 1.0
    assert said["keys at once"] == 1.0
    assert said["interval upwards"] == 1.0
    assert said["interval of a step"] == 1.0
    assert said["steps alike"] == said["held alike"] == 1.0
    assert said["same as before"] == said["in chords"] == 0.0
    assert said["classes alike"] == pytest.approx(1 / 28)  # the two Cs of all pairs of eight
    assert said["held over"] == 0.0


def test_the_harmonic_minor_is_a_scale_too() -> None:
    assert dict(named(notes([57, 59, 60, 62, 64, 65, 68, 69])))["one scale"] == 1.0


def test_chords_clash_in_semitones_and_have_voices() -> None:
    heard = notes([48, 60, 61, 48, 60, 61], held=0.9)
    heard[:, START] = [0, 0.01, 0.02, 1, 1.01, 1.02]
    heard[:, END] = heard[:, START] + 0.9
    said = dict(named(heard))
    assert said["in chords"] == pytest.approx(4 / 5)
    assert said["keys at once"] == 2.0
    assert said["semitones held"] == pytest.approx(4 / 6)
    assert said["seconds in chords"] == 0.5
    assert said["upper voice stays"] == said["lower voice stays"] == 1.0
    heard[5, PITCH] = 64
    moved = dict(named(heard))
    assert (moved["upper voice stays"], moved["lower voice stays"]) == (0.0, 1.0)
    assert said["chord step"] == pytest.approx(np.log10(0.98))


def test_a_figure_that_comes_again_is_noticed_in_another_key() -> None:
    said = dict(named(notes([60, 64, 67, 65, 50, 54, 57, 55])))
    assert said["three intervals again"] == pytest.approx(1 / 4)
    assert dict(named(notes([60, 64, 67, 65, 50, 57, 54, 55])))["three intervals again"] == 0.0


def test_a_key_struck_again_is_let_go_then() -> None:
    heard = notes([60, 64, 60, 64], held=9.0)
    ended = heard.copy()
    ended[:2, END] = heard[2:, START]
    assert np.array_equal(figures(heard), figures(ended))


def test_they_know_neither_how_loud_nor_when_nor_how_exactly_a_chord_is_struck() -> None:
    heard = random_music()
    other = heard.copy()
    other[:, VELOCITY] = 1
    other[:, [START, END]] += 2.0
    assert np.allclose(figures(heard), figures(other), atol=1e-5)
    chord = notes([60, 64, 67], held=0.5)
    chord[:, START], chord[:, END] = [0, 0.002, 0.022], 0.5
    exact = chord.copy()
    exact[:, START] = 0
    assert dict(named(chord))["steps alike"] == dict(named(exact))["steps alike"] == 1.0


@pytest.mark.parametrize("name", ["steps alike", "held alike", "classes alike", "intervals alike"])
def test_they_mean_the_same_of_few_notes_as_of_many(name: str) -> None:
    music = [random_music(seed) for seed in range(200)]
    few, many = (
        np.mean([dict(named(heard[:count]))[name] for heard in music]) for count in (9, 25)
    )
    assert few == pytest.approx(many, rel=0.15)


def test_of_one_note_there_is_nothing_to_say() -> None:
    assert figures(notes([60])).tolist() == [0.0] * FIGURES
    assert np.isfinite(figures(notes([60, 60]))).all()
    assert len(figures(notes([60, 60]))) == FIGURES
