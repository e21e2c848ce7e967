"""A model is scored by its own scorer, the listener's before the shipped; another's is refused."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from performer import critic as critics
from performer.choice import Chosen, Critic, Opinion, seeds
from performer.command_line import main
from performer.continuation import continued, made_again
from performer.critic import best_continued, critic_of, in_words, own_scorer
from performer.improviser import Improviser
from performer.length import Fixed, Limit
from performer.messages import Care, Player
from performer.model import Model
from performer.notes import Note, Phrase
from performer.quotations import FILE
from performer.refusal import Refusal
from performer.scorer import PLAIN, ScorerCard, scorer_of
from performer.take import read_take, write_take
from performer.taste import Taste
from tests.fakes import write_trial_touch_model
from tests.test_trees import grown
from trainer.quotations import index_of
from trainer.scorer import Weights, write
from trainer.teaching import Kinds, Line, Traits
from trainer.trees import as_node

PHRASE = Phrase.of(Note(60 + n, 70, 0.3 * n, 0.3 * n + 0.2) for n in range(10))
LENGTH = Fixed(Limit(notes=25))


@pytest.fixture
def improviser(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Improviser:
    """A small flagship with a scorer and an index of quotations beside it."""
    monkeypatch.setattr(critics, "own_models", lambda: tmp_path / "own")
    improviser = Improviser(Model.load(write_trial_touch_model(tmp_path / "trial.onnx")))
    write_scorer(scorer_of(improviser.model.path), improviser.model.sha256, 1)
    index = index_of([np.arange(60)], ["a scale"], [improviser.model.sha256])
    (tmp_path / FILE).write_bytes(index.to_bytes())
    return improviser


def width() -> int:
    shape = (16, 16, 2 * 8)
    return 2 * sum(shape) + PLAIN


def write_scorer(path: Path, sha256: str, seed: int, kind: str = "shipped") -> None:
    dice = np.random.default_rng(seed)
    traits = Traits(dice.normal(size=(width(), 4)), dice.normal(size=4))
    names = ("pitch mean", "step mean", "dissonance")
    card = ScorerCard("trial", sha256, kind, "dice", "CC0-1.0", "2026-11-24", {}, names)
    trees = grown(3, seed, around=(62.0, -0.5, 0.2))
    worth, likeness = Line(dice.normal(size=5)), as_node(trees, "figures", "likeness")
    kinds = Kinds(0.1 * dice.normal(size=(width(), 5)), dice.normal(size=5), worth)
    write(Weights(kinds, traits, likeness), card, path)


def scores(improviser: Improviser, count: int) -> Chosen:
    critic = critic_of(improviser.model)
    return best_continued(PHRASE, improviser, Taste(), 3, LENGTH, critic, Care(count))[1]


def test_the_best_of_several_is_continued_and_can_be_made_again(improviser: Improviser) -> None:
    critic = critic_of(improviser.model)
    take, chosen = best_continued(PHRASE, improviser, Taste(), 3, LENGTH, critic, Care(6))
    assert len(chosen.scores) == 6
    assert chosen.opinion is not None
    alone = [
        best_continued(PHRASE, improviser, Taste(), seed, LENGTH, critic, Care(1))[1].opinion
        for seed in seeds(3, 6)
    ]
    assert chosen.opinion.likeness == max(one.likeness for one in alone if one and one.likeness)
    assert take.answers[0].seed == chosen.seed
    assert made_again(take, improviser) == take


def test_of_one_it_is_the_answer_that_comes_anyway(improviser: Improviser, tmp_path: Path) -> None:
    critic = critic_of(improviser.model)
    take, chosen = best_continued(PHRASE, improviser, Taste(), 3, LENGTH, critic, Care(1))
    (answer,) = take.answers
    assert chosen.opinion is not None
    assert answer.score == pytest.approx(chosen.opinion.score, abs=1e-3)
    plain = replace(take, answers=(replace(answer, score=None, curve=()),))
    assert plain == continued(PHRASE, improviser, Taste(), 3, LENGTH)
    write_take(take, tmp_path / "take.mid")
    assert read_take(tmp_path / "take.mid").answers == take.from_zero().answers


def test_a_listeners_own_scorer_comes_first(improviser: Improviser) -> None:
    before = scores(improviser, 3)
    write_scorer(own_scorer(improviser.model.sha256), improviser.model.sha256, 2, "personal")
    assert scores(improviser, 3).scores != before.scores


def test_without_a_scorer_or_with_another_models_there_is_nothing_to_choose_by(
    improviser: Improviser,
) -> None:
    path = scorer_of(improviser.model.path)
    write_scorer(path, "f" * 64, 1)
    with pytest.raises(Refusal, match="belongs to the model ffffffffffff"):
        critic_of(improviser.model)
    path.unlink()
    with pytest.raises(Refusal, match="has no scorer to choose by"):
        critic_of(improviser.model)


def test_without_an_index_of_quotations_it_is_scored_all_the_same(improviser: Improviser) -> None:
    (improviser.model.path.parent / FILE).unlink()
    assert critic_of(improviser.model).quotations is None


@pytest.mark.parametrize(
    ("chosen", "said"),
    [
        (Chosen(1, None, ()), "too short"),
        (Chosen(1, Opinion(odds=(0.0,)), (0.5,)), "score 0.50"),
        (Chosen(1, Opinion(odds=(0.0,)), (0.2, 0.5)), "score 0.50, chosen of 2 from 0.20 to 0.50"),
        (
            Chosen(1, replace(Opinion(odds=(0.0,)), quoted=40, title="Fuer Elise"), (0.5,)),
            "score 0.50; it quotes 40 notes in a row of Fuer Elise",
        ),
    ],
)
def test_an_opinion_is_one_line(chosen: Chosen, said: str) -> None:
    assert said in in_words(chosen, Critic(scorer=_Nobody()))


class _Nobody:
    def odds(self, embeddings: np.ndarray) -> np.ndarray:
        return embeddings[:, 0]

    def likeness(self, music: object) -> np.ndarray:
        return np.zeros(1)


def test_the_command_says_the_score(improviser: Improviser, tmp_path: Path) -> None:
    prompt = tmp_path / "prompt.mid"
    write_take(continued(PHRASE, improviser, Taste(), 1, LENGTH), prompt)
    arguments = ["continue", str(prompt), "--out", str(tmp_path / "answer.mid"), "--seed", "3"]
    arguments += ["--model", str(improviser.model.path), "--notes", "30"]
    said = CliRunner().invoke(main, [*arguments, "--best-of", "3", "--score"])
    assert said.exit_code == 0, said.output
    assert "score 0." in said.output
    assert "chosen of 3" in said.output
    scorer_of(improviser.model.path).unlink()
    refused = CliRunner().invoke(main, [*arguments, "--best-of", "3"])
    assert refused.exit_code == 2
    assert "has no scorer" in refused.output


def test_the_command_leaves_a_quotation_or_tells_it(improviser: Improviser, tmp_path: Path) -> None:
    prompt, out = tmp_path / "prompt.mid", tmp_path / "answer.mid"
    write_take(continued(PHRASE, improviser, Taste(), 1, LENGTH), prompt)
    arguments = ["continue", str(prompt), "--out", str(out), "--seed", "3", "--notes", "80"]
    arguments += ["--model", str(improviser.model.path)]
    assert CliRunner().invoke(main, arguments).exit_code == 0
    plain = read_take(out).notes(Player.MODEL)
    piece = np.array([note.pitch for note in plain])
    index = index_of([piece], ["Elise"], [improviser.model.sha256])
    (tmp_path / FILE).write_bytes(index.to_bytes())
    told = CliRunner().invoke(main, [*arguments, "--quoting", "tell"])
    assert "notes in a row of Elise" in told.output
    assert read_take(out).notes(Player.MODEL) == plain
    left = CliRunner().invoke(main, [*arguments, "--quoting", "avoid"])
    assert (left.exit_code, left.output) == (0, "")
    assert read_take(out).notes(Player.MODEL) != plain
