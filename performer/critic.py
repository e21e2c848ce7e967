"""The ear that a model listens to itself with: its scorer, and what it learnt from.

The rule kept here: a listener's own scorer comes before the one that ships; what belongs to another
model is not used, and without a scorer there is nothing to choose by.
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from performer.choice import Chosen, Critic, Improvises, Opinion, Wanted, choose, concluded
from performer.continuation import TURN, maker, taken_down
from performer.foresight import OPENING
from performer.improviser import Improviser
from performer.length import Length, Limit
from performer.messages import Care, Player, Scored
from performer.model import Model
from performer.notes import Note, Phrase
from performer.quotations import FILE, Quotations, read_quotations
from performer.refusal import Refusal
from performer.scorer import FOLDER, WINDOW, Scorer, as_score, scorer_of
from performer.shelf import own_models
from performer.steering import SCORE_DIGITS, Course, quotes, thoughts
from performer.take import Take
from performer.taste import Taste
from performer.thought import Thought

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


def as_on_stage(
    improviser: Improvises, thought: Thought, limit: Limit, care: Care, critic: Critic
) -> tuple[Chosen, Iterator[tuple[Note, Thought, Course]]]:
    """The best of some openings, and the answer that goes on from it and is steered."""
    opening = replace(limit, notes=min(limit.notes, OPENING.notes))
    chosen = choose(improviser, thought, Wanted(care.best_of, opening), critic)
    best = replace(thought, seed=chosen.seed)
    return chosen, thoughts(improviser, best, limit, care, critic)


def best_continued(
    phrase: Phrase,
    improviser: Improviser,
    taste: Taste,
    seed: int,
    length: Length,
    critic: Critic,
    care: Care,
) -> tuple[Take, Chosen]:
    """A phrase and its answer, chosen and steered as on stage. Raises Refusal, ValueError."""
    limit = length.limit(phrase)
    thought = Thought.on(phrase, taste, seed, TURN, phrase.end)
    chosen, answer = as_on_stage(improviser, thought, limit, care, critic)
    course = Course()

    def steps() -> Iterator[tuple[Note, Thought]]:
        nonlocal course
        for note, after, now in answer:
            course = now
            yield note, after  # kept by nobody: a thousand memories are more than a model may take

    first = replace(thought, seed=chosen.seed)
    take = taken_down(first, limit, steps(), maker(improviser))
    opinion = concluded(course.opinion, critic)
    return _with_scores(take, opinion), replace(chosen, opinion=opinion)


def _with_scores(take: Take, opinion: Opinion) -> Take:
    """A take of one answer, with what is thought of it."""
    if opinion.score is None:
        return take
    begun = [note.start for note in take.notes(Player.MODEL)]
    curve = tuple(
        Scored(begun[min(WINDOW * number, len(begun)) - 1], round(as_score(odds), SCORE_DIGITS))
        for number, odds in enumerate(opinion.odds, start=1)
    )
    (answer,) = take.answers
    score = round(opinion.score, SCORE_DIGITS)
    return replace(take, answers=(replace(answer, score=score, curve=curve),))


def in_words(chosen: Chosen, critic: Critic) -> str:
    """What is thought of an answer, in one line."""
    opinion = chosen.opinion
    if opinion is None or opinion.score is None:
        return "too short for a score"
    said = f"score {opinion.score:.2f}"
    if len(chosen.scores) > 1:
        low, high = min(chosen.scores), max(chosen.scores)
        said += f", chosen of {len(chosen.scores)} from {low:.2f} to {high:.2f}"
    quoted = quotes(opinion, critic)
    if quoted is not None:
        said += f"; it quotes {quoted.notes} notes in a row of {quoted.title}"
    return said
