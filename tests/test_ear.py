"""A judge that listens is taught by train works, and asked about works that it never heard."""

import numpy as np
import torch

from tests.test_judges import metronome, music
from trainer import ear
from trainer.ear import Schooling
from trainer.judges import Trial
from trainer.works import END, PITCH, START, VELOCITY

SHORT = Schooling(width=16, epochs=5, lanes=8, rate=1e-2, dropout=0.0)


def trial(first: int, count: int, made: object = metronome) -> Trial:
    works = [first + number % 10 for number in range(count)]
    generated = [made(first + 5_000 + seed) for seed in range(count)]  # type: ignore[operator]
    return Trial.of([music(first + seed) for seed in range(count)], generated, works)


def test_it_tells_a_metronome_from_music_and_says_how_far_it_is() -> None:
    torch.set_num_threads(1)
    epochs: list[int] = []
    verdict = ear.judged(trial(0, 64), trial(1_000, 30), False, SHORT, epochs.append)
    assert verdict.auc.value > 0.95
    assert verdict.excerpts == 30
    assert epochs == [1, 2, 3, 4, 5]


def test_without_touch_it_is_deaf_to_loudness() -> None:
    heard = ear.stacked([music(0), music(1)])
    louder = heard.copy()
    louder[..., VELOCITY] += 20
    np.testing.assert_array_equal(ear.plain(heard, False), ear.plain(louder, False))
    assert (ear.plain(heard, True) != ear.plain(louder, True)).any()


def test_an_excerpt_is_the_same_wherever_it_begins() -> None:
    later = music(0)
    later[:, [START, END]] += 100.0
    np.testing.assert_allclose(ear.stacked([later]), ear.stacked([music(0)]), atol=1e-5)


def test_another_key_and_pace_is_the_same_music() -> None:
    heard = ear.stacked([music(0), music(1)])
    other = ear.another(heard, np.random.default_rng(0))
    shift = other[..., PITCH] - heard[..., PITCH]
    assert (shift == shift[:, :1]).all()
    pace = np.diff(other[..., START]) / np.diff(heard[..., START])
    np.testing.assert_allclose(pace, np.broadcast_to(pace[:, :1], pace.shape), rtol=1e-3)
    assert not np.allclose(pace[0, 0], pace[1, 0])
    held = (other[..., END] - other[..., START]) / (heard[..., END] - heard[..., START])
    np.testing.assert_allclose(held, np.broadcast_to(pace[:, :1], held.shape), rtol=1e-2)


def test_the_same_lesson_makes_the_same_judge() -> None:
    torch.set_num_threads(1)
    short = Schooling(width=8, epochs=1, lanes=16)
    heard = ear.stacked([music(3)])
    one, other = (
        ear.scores(ear.taught(trial(0, 20), True, short, lambda _: None), heard, True)
        for _ in range(2)
    )
    assert one == other


def test_works_kept_from_it_teach_it_nothing() -> None:
    lesson = trial(0, 40)
    is_kept = ear._kept(lesson)
    assert 0 < is_kept.sum() < len(is_kept) / 2
    assert not set(lesson.works[is_kept]) & set(lesson.works[~is_kept])
