"""Ratings of a known taste make a scorer of one's own; careless ones leave the shipped one."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from performer.descriptors import as_heard
from performer.figures import FIGURES, figures
from performer.improviser import Improviser
from performer.model import Model
from performer.notes import Note, Phrase
from performer.ratings import Rated, Rating, add, ratings
from performer.refusal import Refusal
from performer.scorer import Scorer, ScorerCard, scorer_of
from performer.touch_player import TouchPlayer
from tests.fakes import write_trial_touch_model
from tests.test_trees import grown
from trainer.own_scorer import embedding_of, make, read_back, verdicts
from trainer.personal import concordance
from trainer.scorer import Weights, write
from trainer.teaching import Kinds, Line, Traits
from trainer.trees import as_node

TREES = as_node(grown(1), "figures", "likeness")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small flagship whose shipped scorer knows nothing."""
    path = write_trial_touch_model(tmp_path_factory.mktemp("models") / "trial.onnx")
    improviser = Improviser(Model.load(path))
    assert isinstance(improviser.player, TouchPlayer)
    heard = np.stack([embedding_of(improviser.player, music(seed)) for seed in range(40)])
    names = ("dissonance",)
    card = ScorerCard("trial", improviser.model.sha256, "shipped", "none", "CC0-1.0", "", {}, names)
    dice = np.random.default_rng(0)
    kinds = Kinds(dice.normal(0, 0.01, (heard.shape[1], 4)), np.zeros(4), Line(dice.normal(size=4)))
    write(Weights(kinds, Traits.of(heard), TREES), card, scorer_of(path))
    return path


def music(seed: int) -> Rated:
    """Low or high, and otherwise by dice."""
    dice = np.random.default_rng(seed)
    prompt = Phrase.of(Note(60, 70, 0.2 * n, 0.2 * n + 0.1) for n in range(3 + seed % 4))
    lowest = 40 if is_low(seed) else 75
    answer = tuple(
        Note(
            int(dice.integers(lowest, lowest + 12)),
            70,
            round(2 + 0.2 * n, 3),
            round(2.1 + 0.2 * n, 3),
        )
        for n in range(8)
    )
    return Rated(prompt, answer)


def is_low(seed: int) -> bool:
    return bool(np.random.default_rng((seed, 1)).random() < 0.5)


def rate(folder: Path, count: int, mark_of: Callable[[int], int]) -> None:
    for seed in range(count):
        rated = music(seed)
        when = f"2026-11-24T20:{seed // 60:02}:{seed % 60:02}"
        add(folder, Rating("ada", when, rated.what, mark_of(seed)), [rated])


def test_a_taste_for_low_notes_is_learnt(model: Path, tmp_path: Path) -> None:
    rate(tmp_path, 40, lambda seed: 5 if is_low(seed) else 1)
    out = tmp_path / "own.onnx"
    learnt = make(model, tmp_path, "ada", out)
    assert learnt.restraint is not None
    improviser = Improviser(Model.load(model))
    own = Scorer.load(out, improviser.model.sha256)
    assert own.card.kind == "personal"
    assert isinstance(improviser.player, TouchPlayer)
    heard = np.stack([embedding_of(improviser.player, music(seed)) for seed in range(100, 130)])
    marks = np.array([float(is_low(seed)) for seed in range(100, 130)])
    shipped = Scorer.load(scorer_of(model), improviser.model.sha256)
    ours = concordance(own.odds(heard).astype(np.float64), marks)
    assert ours > 0.9
    assert ours > concordance(shipped.odds(heard).astype(np.float64), marks)


def test_careless_ratings_leave_the_shipped_scorer(model: Path, tmp_path: Path) -> None:
    dice = np.random.default_rng(5)
    rate(tmp_path, 20, lambda _: int(dice.integers(1, 6)))
    out = tmp_path / "own.onnx"
    out.write_bytes(b"of before")
    assert make(model, tmp_path, None, out).restraint is None
    assert not out.exists()


def test_a_few_ratings_are_too_few(model: Path, tmp_path: Path) -> None:
    rate(tmp_path, 9, lambda _: 3)
    with pytest.raises(Refusal, match="holds 9 ratings: from 10 on"):
        make(model, tmp_path, None, tmp_path / "own.onnx")
    with pytest.raises(Refusal, match="holds 0 ratings"):
        make(model, tmp_path, "bob", tmp_path / "own.onnx")


def test_what_was_rated_is_heard_by_its_own_notes(model: Path) -> None:
    player = Improviser(Model.load(model)).player
    assert isinstance(player, TouchPlayer)
    seen = embedding_of(player, music(0))[-FIGURES:]
    assert np.array_equal(seen, figures(as_heard(music(0).answer)))


def test_pairs_are_differences_and_prompts_are_groups(model: Path, tmp_path: Path) -> None:
    one, other = music(0), music(4)
    add(tmp_path, Rating("ada", "2026-11-24T20:00:00", one.what, 1.0, other.what), [one, other])
    add(tmp_path, Rating("ada", "2026-11-24T20:00:01", other.what, 4), [other])
    improviser = Improviser(Model.load(model))
    shipped = Scorer.load(scorer_of(model), improviser.model.sha256)
    assert isinstance(improviser.player, TouchPlayer)

    told = verdicts(ratings(tmp_path), tmp_path, improviser.player, shipped)
    odds = shipped.odds(np.stack([embedding_of(improviser.player, each) for each in (one, other)]))
    assert told.prior == pytest.approx([odds[0] - odds[1], odds[1]], abs=1e-4)
    assert told.said.tolist() == [1.0, 0.75]
    assert told.is_single.tolist() == [False, True]
    assert told.groups[0] == told.groups[1]


def test_a_file_is_read_back_as_what_it_was(tmp_path: Path) -> None:
    dice = np.random.default_rng(0)
    kinds = Kinds(dice.normal(size=(6, 3)), dice.normal(size=3), Line(dice.normal(size=3), 0.5))
    traits = Traits.of(dice.normal(size=(30, 6)).astype(np.float32))
    card = ScorerCard("trial", "a", "shipped", "", "", "", {}, ("dissonance",))
    leaning = dice.normal(size=len(traits.bias))
    weights = Weights(kinds, traits, TREES, leaning)
    write(weights, card, tmp_path / "scorer.onnx")
    back = read_back(tmp_path / "scorer.onnx")
    asked = dice.normal(size=(5, 6))
    assert back.odds(asked) == pytest.approx(weights.odds(asked), rel=1e-5)
    assert back.leaning == pytest.approx(leaning)
    assert back.traits.weights == pytest.approx(traits.weights, rel=1e-5)
    assert back.likeness == TREES
