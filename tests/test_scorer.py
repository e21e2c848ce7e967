"""A scorer learns what is better, says so from its file, and belongs to one model."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from performer.descriptors import PITCH, Heard, as_heard, table
from performer.figures import figures
from performer.notes import Note
from performer.refusal import Refusal
from performer.scorer import (
    PLAIN,
    RARE,
    WINDOW,
    Impression,
    Scorer,
    ScorerCard,
    best,
    embedded,
    scorer_of,
)
from tests.test_trees import grown
from trainer.corruptions import CORRUPTIONS, GRAND, REAL, REFERENCE, TASTES
from trainer.impressions import Listened
from trainer.scorer import Weights, told_apart, write
from trainer.teaching import (
    Kinds,
    Lesson,
    Line,
    Scale,
    Traits,
    all_won,
    auc,
    calibrated,
    curve,
    likely,
    logistic,
    miscalibration,
    out_of_fold,
    ranked,
    rivals,
    taught,
    told,
    won,
)
from trainer.trees import as_node

SHA = "c" * 64
NAMED = ("pitch mean", "dissonance")
CARD = ScorerCard("trial", SHA, "shipped", "made up", "CC0-1.0", "2026-11-24", {"AUC": 0.9}, NAMED)
TREES = grown(2, around=(60.0, 0.2))
TREES_NODE = as_node(TREES, "figures", "likeness")
NAMES = (REAL, GRAND, REFERENCE, *CORRUPTIONS)
WORTH = dict(zip(NAMES, (4.0, 3.0, 1.5, 2.5, 1.5, 0.0, 0.0, 0.0, 0.0), strict=True))
WIDTH = 12
TRAITS = Traits.of(np.random.default_rng(2).normal(3, 2, (50, WIDTH)).astype(np.float32))


def kinds(seed: int = 0, bias: float = 0.3) -> Kinds:
    dice = np.random.default_rng(seed)
    worth = Line(dice.normal(size=3), bias)
    return Kinds(dice.normal(size=(WIDTH, 3)), dice.normal(size=3), worth)


def music(seed: int = 0, notes: int = 40) -> Heard:
    dice = np.random.default_rng(seed)
    start = np.cumsum(dice.choice([0.0, 0.1, 0.2], notes))
    pitch, loud = dice.integers(50, 80, notes), dice.integers(30, 110, notes)
    return np.stack([start, pitch, loud, start + dice.choice([0.1, 0.3], notes)], axis=-1)


def lesson(seed: int, prompts: int = 60, noise: float = 1.0, worth: float = 1.0) -> Lesson:
    """Embeddings whose first number is how good a version is; the rest is the work's own."""
    dice = np.random.default_rng(seed)
    places = dice.normal(0, 5, (prompts, 1, WIDTH)) * (np.arange(WIDTH) > 0)
    own = dice.normal(0, noise, (prompts, len(NAMES), WIDTH))
    own[..., 0] += worth * np.array([WORTH[name] for name in NAMES])
    works = np.repeat(np.arange(prompts // 2), 2)[:prompts]
    return Lesson(NAMES, (places + own).astype(np.float32), works)


def test_an_impression_is_a_window_of_what_was_known_how_likely_it_was_and_the_notes() -> None:
    dice = np.random.default_rng(0)
    contexts = dice.normal(size=(40, 6)).astype(np.float32)
    log_odds = dice.normal(-2, 2, (40, 5)).astype(np.float32)
    impression = Impression()
    for context, odds in zip(contexts, log_odds, strict=True):
        impression = impression.after(context, odds)
    embedding = impression.embedding(music())
    mean, last, *likely, seen = np.split(embedding, [6, 12, 16, 20, 24, 28])
    window = log_odds[-WINDOW:, :4]
    assert len(embedding) == 12 + PLAIN
    assert len(impression.contexts) == WINDOW
    assert np.allclose(mean, contexts[-WINDOW:].mean(axis=0), atol=1e-6)
    assert np.array_equal(last, contexts[-1])
    wanted = (
        window.mean(axis=0),
        window.std(axis=0),
        np.median(window, axis=0),
        (window < RARE).mean(axis=0),
    )
    assert np.allclose(likely, wanted, atol=1e-6)
    assert np.array_equal(seen, figures(music()[-WINDOW:]))
    assert np.array_equal(embedded(contexts, log_odds, music()), embedding)


def test_it_learns_what_is_better_whatever_the_piece() -> None:
    test = lesson(1)
    odds = taught(lesson(0, prompts=200)).kinds.odds(test.embeddings)
    assert all_won(test, odds).value > 0.8
    assert won(odds, (NAMES.index(REAL), NAMES.index("one note")), test.works).value > 0.95


def test_it_learns_what_is_better_where_that_is_not_more_of_anything() -> None:
    """The worst lie on both sides of what is good: no line ranks them all."""
    sides = np.array([0.0, 0.5, 2.0, 0.5, 1.0, 4.0, -4.0, 4.0, -4.0])
    known, test = lesson(0, prompts=200, worth=0.0), lesson(1, worth=0.0)
    for each in (known, test):
        each.embeddings[..., 0] += sides
    learnt = taught(known)
    line = ranked(known, known.embeddings, 0.1)
    assert all_won(test, learnt.kinds.odds(test.embeddings)).value > 0.75
    assert all_won(test, line.odds(test.embeddings)).value < 0.65


def test_what_everybody_hears_is_worth_more_to_it_than_the_rest() -> None:
    known = np.tile(np.array([0.0, 1.0, 0.1]), (20, 1))[..., None]  # not all can be ranked rightly
    trio = Lesson((REAL, GRAND, REFERENCE), known.astype(np.float32), np.arange(20))
    odds = ranked(trio, known, 1.0).odds(known)
    assert won(odds, (1, 2), trio.works).value == 1.0
    assert won(odds, (0, 1), trio.works).value == 0.0


def test_where_there_is_nothing_to_learn_nothing_is_claimed() -> None:
    learnt = taught(lesson(0, worth=0.0))
    assert all(abs(share - 0.5) < 0.08 for share in learnt.tried.values())
    odds = learnt.kinds.odds(lesson(1, worth=0.0).embeddings)
    assert abs(auc(lesson(1, worth=0.0), odds, GRAND).value - 0.5) < 0.12


def test_works_that_are_judged_were_never_heard() -> None:
    noise = lesson(0, prompts=8, worth=0.0)  # can be learnt by heart only
    traits = Traits.of(noise.embeddings.reshape(-1, WIDTH))
    scale, plain = Scale.of(noise, traits), logistic(100.0)
    by_heart = likely(noise, scale, told(noise, scale, plain()))
    assert share_known(by_heart) > 0.35
    assert share_known(out_of_fold(noise, traits, plain)) < 0.25


def share_known(said: np.ndarray) -> float:
    """The share of versions that are taken for what they are."""
    return float(np.mean(said.argmax(axis=-1) == np.arange(len(NAMES))))


def test_its_certainty_is_as_often_right() -> None:
    known = lesson(0, prompts=400)
    learnt = taught(known)
    test = lesson(1, prompts=400)
    odds = learnt.kinds.odds(test.embeddings)
    assert miscalibration(test, odds) < 0.05
    assert miscalibration(test, 8 * odds) > 0.08


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


def test_others_are_compared_on_the_same_works() -> None:
    known, test = lesson(0, worth=2.0), lesson(1, worth=2.0)
    learnt = taught(known)
    ours = all_won(test, learnt.kinds.odds(test.embeddings)).value
    for rival in rivals(known, test, learnt):
        assert rival.ahead.low <= rival.ahead.value <= rival.ahead.high
        assert rival.won.value - rival.ahead.value == pytest.approx(ours)


def test_temperatures_are_put_in_order_by_a_judge_that_knows_the_notes_alone() -> None:
    """One plays scales where the composer does not; the other plays as the composer does."""
    names = (REAL, GRAND, *TASTES)
    heard = []
    for seed in range(40):
        played = [music(seed + 100 * number, WINDOW) for number in range(len(names))]
        played[-1][:, PITCH] = 50 + np.arange(WINDOW)
        nothing = np.zeros((len(names), WINDOW, 2), np.float16)
        odds = np.zeros((len(names), WINDOW - 1, 5), np.float32)
        heard.append(Listened(seed // 2, names, np.stack(played), nothing, odds))
    found = told_apart(heard, names[1:])
    assert found[names[-1]].value > 0.95
    assert found[GRAND].value < 0.75


def test_the_file_says_what_the_regression_says(tmp_path: Path) -> None:
    path = tmp_path / "scorer" / "trial.onnx"
    weights = Weights(kinds(), TRAITS, TREES_NODE)
    write(weights, CARD, path)
    scorer = Scorer.load(path, SHA)
    asked = np.random.default_rng(1).normal(size=(5, WIDTH)).astype(np.float32)
    assert np.allclose(scorer.odds(asked), kinds().odds(asked), atol=1e-5)
    assert scorer.card == CARD


def test_a_listeners_leaning_is_added_to_what_is_worth_most(tmp_path: Path) -> None:
    leaning = np.random.default_rng(3).normal(size=len(TRAITS.bias))
    write(Weights(kinds(), TRAITS, TREES_NODE, leaning), CARD, tmp_path / "trial.onnx")
    asked = np.random.default_rng(1).normal(size=(5, WIDTH)).astype(np.float32)
    said = Scorer.load(tmp_path / "trial.onnx", SHA).odds(asked)
    assert np.allclose(said, kinds().odds(asked) + TRAITS.of_each(asked) @ leaning, atol=1e-4)


def test_traits_are_what_differs_most_each_as_wide_as_the_others(tmp_path: Path) -> None:
    dice = np.random.default_rng(0)
    told = dice.normal(size=(400, 1)) @ dice.normal(size=(1, WIDTH))
    embeddings = (5 + told + 0.1 * dice.normal(size=(400, WIDTH))).astype(np.float32)
    traits = Traits.of(embeddings)
    said = traits.of_each(embeddings)
    assert np.allclose(said.mean(axis=0), 0, atol=1e-3)
    assert np.allclose(said.std(axis=0), 1, atol=0.02)
    assert abs(np.corrcoef(said[:, 0], told[:, 0])[0, 1]) > 0.98
    write(Weights(kinds(), traits, TREES_NODE), CARD, tmp_path / "trial.onnx")
    read = Scorer.load(tmp_path / "trial.onnx", SHA)
    assert np.allclose(read.traits(embeddings[:5]), said[:5], atol=1e-3)


def test_likeness_goes_by_the_figures_that_the_card_names(tmp_path: Path) -> None:
    path = tmp_path / "trial.onnx"
    write(Weights(kinds(), TRAITS, TREES_NODE), CARD, path)
    music = [
        as_heard([Note(60 + up, 64, 0.2 * n, 0.2 * n + 0.1) for n in range(9)]) for up in (-1, 2)
    ]
    names, all_figures = table(music)
    wanted = TREES.decision_function(all_figures[:, [names.index(name) for name in NAMED]])
    assert Scorer.load(path, SHA).likeness(music) == pytest.approx(wanted, abs=1e-5)
    assert wanted[0] != wanted[1]
    unknown = replace(CARD, descriptors=("pitch mean", "charm"))
    with pytest.raises(Refusal, match="figures that are not known"):
        write(Weights(kinds(), TRAITS, TREES_NODE), unknown, path)


def test_a_scorer_of_another_model_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "trial.onnx"
    write(Weights(kinds(), TRAITS, TREES_NODE), CARD, path)
    with pytest.raises(Refusal, match="belongs to the model cccccccccccc, and dddddddddddd"):
        Scorer.load(path, "d" * 64)


def test_what_is_no_scorer_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "trial.onnx"
    with pytest.raises(Refusal, match="cannot be read"):
        Scorer.load(path, SHA)
    path.write_bytes(b"no graph")
    with pytest.raises(Refusal, match="cannot score: it is no whole"):
        Scorer.load(path, SHA)
    write(Weights(kinds(), TRAITS, TREES_NODE), CARD, path)
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
        write(Weights(kinds(bias=float("nan")), TRAITS, TREES_NODE), broken, path)
    assert not list(tmp_path.iterdir())
