"""A scorer learns what is better, says so from its file, and belongs to one model."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from performer.descriptors import as_heard
from performer.notes import Note
from performer.refusal import Refusal
from performer.scorer import (
    WINDOW,
    Impression,
    Scorer,
    ScorerCard,
    as_score,
    best,
    embedded,
    scorer_of,
)
from trainer.corruptions import CORRUPTIONS, GRAND, REAL, REFERENCE
from trainer.scorer import Weights, write
from trainer.teaching import (
    Lesson,
    Line,
    Traits,
    all_won,
    auc,
    calibrated,
    curve,
    fitted,
    miscalibration,
    rivals,
    taught,
    won,
)

SHA = "c" * 64
NAMED = ("pitch mean", "dissonance")
CARD = ScorerCard("trial", SHA, "shipped", "made up", "CC0-1.0", "2026-11-24", {"AUC": 0.9}, NAMED)
FIGURES = Line(np.array([0.5, -2.0]), 1.0)
NAMES = (REAL, GRAND, REFERENCE, *CORRUPTIONS)
WORTH = dict(zip(NAMES, (4.0, 3.0, 1.5, 2.5, 1.5, 0.0, 0.0, 0.0, 0.0), strict=True))
WIDTH = 12
TRAITS = Traits.of(np.random.default_rng(2).normal(3, 2, (50, WIDTH)).astype(np.float32))


def lesson(seed: int, prompts: int = 60, noise: float = 1.0, worth: float = 1.0) -> Lesson:
    """Embeddings whose first number is how good a version is; each work has its own place."""
    dice = np.random.default_rng(seed)
    places = dice.normal(0, 5, (prompts, 1, WIDTH))
    own = dice.normal(0, noise, (prompts, len(NAMES), WIDTH))
    own[..., 0] += worth * np.array([WORTH[name] for name in NAMES])
    works = np.repeat(np.arange(prompts // 2), 2)[:prompts]
    return Lesson(NAMES, (places + own).astype(np.float32), works)


def test_an_impression_keeps_the_mean_and_the_last_of_a_window_and_how_likely_it_was() -> None:
    dice = np.random.default_rng(0)
    contexts, log_odds = (dice.normal(size=(40, size)).astype(np.float32) for size in (6, 5))
    impression = Impression()
    for context, odds in zip(contexts, log_odds, strict=True):
        impression = impression.after(context, odds)
    mean, last, likely = np.split(impression.embedding, [6, 12])
    assert len(impression.contexts) == WINDOW
    assert np.allclose(mean, contexts[-WINDOW:].mean(axis=0), atol=1e-6)
    assert np.array_equal(last, contexts[-1])
    assert np.allclose(likely, log_odds[-WINDOW:, :4].mean(axis=0), atol=1e-6)
    assert np.allclose(embedded(contexts, log_odds), impression.embedding)
    assert embedded(np.stack([contexts] * 2), np.stack([log_odds] * 2)).shape == (2, 16)


def test_it_learns_what_is_better_whatever_the_piece() -> None:
    line = fitted(lesson(0, prompts=200), 0.1)
    test = lesson(1)
    odds = line.odds(test.embeddings)
    assert all_won(test, odds) > 0.8
    assert won(odds, (NAMES.index(REAL), NAMES.index("one note")), test.works).value > 0.95
    assert np.abs(line.weights[0]) > 3 * np.abs(line.weights[1:]).max()


def test_where_there_is_nothing_to_learn_nothing_is_claimed() -> None:
    learnt = taught(lesson(0, worth=0.0))
    assert all(abs(share - 0.5) < 0.08 for share in learnt.tried.values())
    odds = learnt.line.odds(lesson(1, worth=0.0).embeddings)
    assert abs(auc(lesson(1, worth=0.0), odds, GRAND).value - 0.5) < 0.12


def test_works_that_are_judged_were_never_heard() -> None:
    noise = lesson(0, prompts=8, worth=0.0)  # can be learnt by heart only
    assert taught(noise, strengths=(1.0,)).tried[1.0] < 0.64
    assert all_won(noise, fitted(noise, 1.0).odds(noise.embeddings)) > 0.68


def test_its_certainty_is_as_often_right() -> None:
    known = lesson(0, prompts=400)
    learnt = taught(known)
    test = lesson(1, prompts=400)
    assert miscalibration(test, learnt.line.odds(test.embeddings)) < 0.12
    sure = learnt.line.scaled(8.0, 0.0)
    assert miscalibration(test, sure.odds(test.embeddings)) > 0.12


def test_calibration_changes_no_ranking() -> None:
    known = lesson(0)
    odds = known.embeddings[..., 0].astype(np.float64)
    factor, _ = calibrated(known, odds)
    assert factor > 0


def test_more_works_help_until_they_do_not() -> None:
    points = curve(lesson(0, prompts=200), 0.01, lesson(1))
    works, shares = zip(*points, strict=True)
    assert works == (12, 25, 50, 100)
    assert shares[-1] > shares[0] - 0.02


def test_another_classifier_is_compared_on_the_same_works() -> None:
    known, test = lesson(0, worth=2.0), lesson(1, worth=2.0)
    line = taught(known).line
    for rival in rivals(known, test, line):
        assert rival.ahead.low <= rival.ahead.value <= rival.ahead.high
        ours = rival.auc.value - rival.ahead.value
        assert 0.5 < ours <= 1.0


def test_the_file_says_what_the_regression_says(tmp_path: Path) -> None:
    line = Line(np.random.default_rng(0).normal(size=12), 0.3)
    path = tmp_path / "scorer" / "trial.onnx"
    write(Weights(line, TRAITS, FIGURES), CARD, path)
    scorer = Scorer.load(path, SHA)
    asked = np.random.default_rng(1).normal(size=(5, 12)).astype(np.float32)
    assert np.allclose(scorer.odds(asked), line.odds(asked), atol=1e-5)
    assert scorer.card == CARD
    impression = Impression((asked[0, :4], asked[1, :4]), (asked[0, 4:9], asked[1, 4:9]))
    wanted = as_score(float(line.odds(impression.embedding)))
    assert scorer.score(impression) == pytest.approx(wanted, abs=1e-5)
    assert 0 <= wanted <= 1


def test_traits_are_what_differs_most_each_as_wide_as_the_others(tmp_path: Path) -> None:
    dice = np.random.default_rng(0)
    told = dice.normal(size=(400, 1)) @ dice.normal(size=(1, WIDTH))
    embeddings = (5 + told + 0.1 * dice.normal(size=(400, WIDTH))).astype(np.float32)
    traits = Traits.of(embeddings)
    said = traits.of_each(embeddings)
    assert np.allclose(said.mean(axis=0), 0, atol=1e-3)
    assert np.allclose(said.std(axis=0), 1, atol=0.02)
    assert abs(np.corrcoef(said[:, 0], told[:, 0])[0, 1]) > 0.98
    write(Weights(Line(np.ones(WIDTH)), traits, FIGURES), CARD, tmp_path / "trial.onnx")
    read = Scorer.load(tmp_path / "trial.onnx", SHA)
    assert np.allclose(read.traits(embeddings[:5]), said[:5], atol=1e-3)


def test_likeness_goes_by_the_figures_that_the_card_names(tmp_path: Path) -> None:
    path = tmp_path / "trial.onnx"
    write(Weights(Line(np.ones(12)), TRAITS, FIGURES), CARD, path)
    music = [
        as_heard([Note(60 + up, 64, 0.2 * n, 0.2 * n + 0.1) for n in range(9)]) for up in (0, 5)
    ]
    assert Scorer.load(path, SHA).likeness(music) == pytest.approx([31.0, 33.5], abs=1e-3)
    unknown = replace(CARD, descriptors=("pitch mean", "charm"))
    with pytest.raises(Refusal, match="figures that are not known"):
        write(Weights(Line(np.ones(12)), TRAITS, FIGURES), unknown, path)


def test_a_scorer_of_another_model_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "trial.onnx"
    write(Weights(Line(np.ones(12)), TRAITS, FIGURES), CARD, path)
    with pytest.raises(Refusal, match="belongs to the model cccccccccccc, and dddddddddddd"):
        Scorer.load(path, "d" * 64)


def test_what_is_no_scorer_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "trial.onnx"
    with pytest.raises(Refusal, match="cannot be read"):
        Scorer.load(path, SHA)
    path.write_bytes(b"no graph")
    with pytest.raises(Refusal, match="cannot score: it is no whole"):
        Scorer.load(path, SHA)
    write(Weights(Line(np.ones(12)), TRAITS, FIGURES), CARD, path)
    with pytest.raises(Refusal, match="does not fit"):
        Scorer.load(path, SHA).odds(np.zeros((1, 10), np.float32))


def test_a_card_that_is_not_whole_is_refused() -> None:
    told = CARD.to_metadata()
    assert ScorerCard.from_metadata(told) == CARD
    del told["sha256"]
    with pytest.raises(ValueError, match="does not say"):
        ScorerCard.from_metadata(told)


def test_the_best_candidate_is_none_that_quotes() -> None:
    assert best([0.1, 2.0, 0.5], [False, False, False]) == 1
    assert best([0.1, 2.0, 0.5], [False, True, False]) == 2
    assert best([0.1, 2.0, 0.5], [True, True, True]) == 1
    assert best([1.0, 1.0], [False, False]) == 0


def test_a_scorer_lies_beside_its_model_where_no_model_is_looked_for() -> None:
    place = scorer_of(Path("models/grand.onnx"))
    assert place == Path("models/scorer/grand.onnx")
    assert place not in Path("models").glob("*.onnx")


def test_a_scorer_is_not_left_behind_that_says_otherwise(tmp_path: Path) -> None:
    path = tmp_path / "trial.onnx"
    broken = replace(CARD, sha256=SHA)
    with pytest.raises(Refusal, match="not written"):
        write(Weights(Line(np.full(12, 1e30), float("nan")), TRAITS, FIGURES), broken, path)
    assert not list(tmp_path.iterdir())
