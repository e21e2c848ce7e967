"""The ear that a model listens to itself with: its scorer, and what it learnt from.

The rule kept here: a listener's own scorer comes before the one that ships; what belongs to another
model is not used, and without a scorer there is nothing to choose by.
"""

from dataclasses import replace
from pathlib import Path

from performer.choice import Chosen, Critic, Wanted, choose
from performer.continuation import TURN, continued
from performer.improviser import Improviser
from performer.length import Length
from performer.model import Model
from performer.notes import Phrase
from performer.quotations import FILE, Quotations, read_quotations
from performer.refusal import Refusal
from performer.scorer import FOLDER, Scorer, scorer_of
from performer.shelf import own_models
from performer.take import Take
from performer.taste import Taste
from performer.thought import Thought

SCORE_DIGITS = 3  # that a take keeps
NAMED = 16  # characters of a fingerprint by which a listener's own scorer is called


def own_scorer(sha256: str) -> Path:
    """Where a listener's own scorer of a model lies."""
    return own_models() / FOLDER / f"{sha256[:NAMED]}.onnx"


def critic_of(model: Model) -> Critic:
    """The critic of a model. Raises Refusal where it has no scorer."""
    return Critic(_scorer(model), _quotations(model))


def critic_or_none(model: Model) -> Critic | None:
    """The critic of a model; None where it has no scorer, so that the first thought is played."""
    try:
        return critic_of(model)
    except Refusal:
        return None


def _scorer(model: Model) -> Scorer:
    for path in (own_scorer(model.sha256), scorer_of(model.path)):
        if path.exists():
            return Scorer.load(path, model.sha256)
    raise Refusal(
        f"The model {model.card.name!r} has no scorer to choose by: play grand, or fit one with "
        "antiphon-train scorer fit."
    )


def _quotations(model: Model) -> Quotations | None:
    try:
        return read_quotations(model.path.parent / FILE, model.sha256)
    except Refusal:  # a model that says nothing of what it learnt from plays all the same
        return None


def best_continued(
    phrase: Phrase,
    improviser: Improviser,
    taste: Taste,
    seed: int,
    length: Length,
    critic: Critic,
    count: int,
) -> tuple[Take, Chosen]:
    """A phrase and the best of so many answers, as its take. Raises Refusal, ValueError."""
    thought = Thought.on(phrase, taste, seed, TURN, phrase.end)
    chosen = choose(improviser, thought, Wanted(count, length.limit(phrase)), critic)
    take = continued(phrase, improviser, taste, chosen.seed, length)
    score = chosen.opinion.score if chosen.opinion else None
    said = None if score is None else round(score, SCORE_DIGITS)
    return replace(take, answers=tuple(replace(each, score=said) for each in take.answers)), chosen


def in_words(chosen: Chosen, critic: Critic) -> str:
    """What is thought of an answer, in one line."""
    opinion = chosen.opinion
    if opinion is None or opinion.score is None:
        return "too short for a score"
    said = f"score {opinion.score:.2f}"
    if len(chosen.scores) > 1:
        low, high = min(chosen.scores), max(chosen.scores)
        said += f", chosen of {len(chosen.scores)} from {low:.2f} to {high:.2f}"
    if opinion.quoted > critic.most_quoted:
        said += f"; it quotes {opinion.quoted} notes in a row of {opinion.title}"
    return said
