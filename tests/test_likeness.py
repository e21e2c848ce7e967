"""What tells a model from composers is learnt from both, and tried on works kept away."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from performer.choice import Critic
from performer.descriptors import Heard, table
from performer.improviser import Improviser
from performer.model import Model
from performer.notes import Note, Phrase
from tests.fakes import write_trial_touch_model
from tests.test_choice import Plain
from trainer.best_of import BEST, PLAYED, SINGLE, WORST, Candidates, kept
from trainer.lanes import performance
from trainer.likeness import WAYS, Compared, compared, continued, prompts, taught
from trainer.works import Excerpt, Work, as_heard


def music(seed: int, spread: int) -> Heard:
    dice = np.random.default_rng(seed)
    pitch = 60 + np.cumsum(dice.integers(-spread, spread + 1, 30)) % 24
    return as_heard([Note(int(p), 70, 0.2 * n, 0.2 * n + 0.1) for n, p in enumerate(pitch)])


def pairs(spread: int, other: int, apart: int = 0) -> list[Compared]:
    """What a composer wrote, and two things that a model played instead, of each of 15 works."""
    found = []
    for work in range(30):
        ask = replace(asked(1)[0], real=music(work, spread))
        ask = replace(ask, work=replace(ask.work, number=work // 2))
        played = [music(100 + apart + 2 * work + way, other) for way in (0, 1)]
        found.append(compared(ask, np.stack(played)))
    return found


def test_what_differs_is_told_on_works_kept_away() -> None:
    names, figures = table([music(99, 1), music(98, 7)])
    likeness = taught(names, pairs(1, 7))
    assert likeness.auc.value > 0.9
    places = [names.index(name) for name in likeness.names]
    like, unlike = likeness.trees.decision_function(figures[:, places])
    assert like > unlike
    assert not any(name.startswith("velocity") for name in likeness.names)


def test_where_there_is_no_difference_none_is_claimed() -> None:
    names, _ = table([music(0, 4)])
    assert abs(taught(names, pairs(4, 4)).auc.value - 0.5) < 0.25


def test_openings_are_told_too() -> None:
    ask = replace(asked(1)[0], real=music(0, 4))
    told = compared(ask, np.stack([music(1, 4)]))
    names, (opening, whole) = table([music(0, 4)[:25], music(0, 4)])
    assert told.real.shape == (1, len(names))  # of 30 notes, 25 are heard
    assert np.allclose(told.real[0], opening)
    assert not np.allclose(told.real[0], whole)


def test_longer_works_give_more_excerpts() -> None:
    def work(number: int, notes: int) -> Work:
        start = 0.2 * np.arange(notes)
        columns = [start, start + 0.1, np.full(notes, 60), np.full(notes, 50)]
        return Work(number, "a", "b", performance("a", "performed", columns, None), ())

    found = prompts([work(0, 149), work(1, 150), work(2, 300), work(3, 5000)])
    assert [ask.work.number for ask in found] == [1] + [2] * 3 + [3] * 8


def asked(count: int) -> list[Excerpt]:
    start = np.arange(0.0, 4.0, 0.2)
    columns = [start, start + 0.1, np.full(20, 60), np.arange(40, 60)]
    work = Work(0, "a work", "nobody", performance("a", "performed", columns, None), ())
    phrases = [
        Phrase.of([Note(60 + n, 70, 0.0, 0.1), Note(62, 60, 0.2, 0.4)]) for n in range(count)
    ]
    return [Excerpt(work, 0, phrase, np.zeros((0, 4))) for phrase in phrases]


@pytest.fixture(scope="module")
def improviser(tmp_path_factory: pytest.TempPathFactory) -> Improviser:
    path = write_trial_touch_model(tmp_path_factory.mktemp("models") / "trial.onnx")
    return Improviser(Model.load(path))


def test_what_was_played_is_kept(improviser: Improviser, tmp_path: Path) -> None:
    (first,) = continued(improviser, asked(1), tmp_path)
    assert first.shape == (WAYS, 100, 4)
    (path,) = tmp_path.iterdir()
    np.save(path, first + 1)
    (again,) = continued(improviser, asked(1), tmp_path)
    assert np.array_equal(again, first + 1)


def test_the_likest_is_the_best_and_single_draws_are_the_first(
    improviser: Improviser, tmp_path: Path
) -> None:
    (found,) = kept(improviser, Critic(Plain()), asked(1), 3, tmp_path)
    loud = found.music[:, :, 2].mean(axis=1)
    assert np.allclose(found.likeness, loud, atol=1e-3)
    chosen = Candidates(found.music, np.array([0.5, 2.0, -1.0]), found.played).chosen()
    assert np.array_equal(chosen[PLAYED], found.played)
    for name, place in ((SINGLE, 0), (BEST, 1), (WORST, 2)):
        assert np.allclose(chosen[name], found.music[place])
