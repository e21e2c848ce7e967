"""Of several answers the best is played, in the time there is, and none that quotes too long."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest

from performer.choice import LEAST_SCORED, Chosen, Critic, Wanted, choose, seeds
from performer.descriptors import VELOCITY, Heard, as_heard
from performer.figures import FIGURES, figures
from performer.length import Limit
from performer.memory import Memory
from performer.notes import Note, Phrase
from performer.scorer import WINDOW, Floats
from performer.taste import Taste
from performer.thought import Thought, TouchMind
from tests.fakes import OneByOne
from trainer.quotations import index_of

PHRASE = Phrase.of([Note(60, 80, 0.0, 0.5)])
OWN = 5


class Moody(OneByOne):
    """Plays as well as its seed is large, on keys of its own; remembers what it was asked."""

    def __init__(self, worth: Callable[[int], float] = float) -> None:
        self.worth = worth
        self.asked: list[tuple[int, int]] = []

    def next(self, thought: Thought) -> tuple[Note, Thought]:
        self.asked.append((thought.seed, thought.index))
        dice = np.random.default_rng((thought.seed, thought.index))
        onset = round(0.25 * thought.index, 3)
        loud = int(self.worth(thought.seed)) // 500
        note = Note(int(dice.integers(30, 90)), loud, onset, onset + 0.2)
        known = np.array([0.0 if thought.index == 0 else self.worth(thought.seed)], np.float32)
        mind = TouchMind(Memory({}, {}), np.zeros(5, dtype=np.int64), 0, 70, context=known)
        return note, thought.after(note, 0.25, mind)


class Plain:
    """Takes the mean of what was known for the odds, and how loud it is for the likeness."""

    def odds(self, embeddings: Floats) -> Floats:
        return embeddings[:, 0]

    def likeness(self, music: Sequence[Heard]) -> Floats:
        return np.array([heard[:, VELOCITY].mean() for heard in music], dtype=np.float32)


def thought() -> Thought:
    return Thought.on(PHRASE, Taste(), OWN, 1)


def chosen(
    improviser: Moody, count: int = 4, notes: int = 50, critic: Critic | None = None
) -> Chosen:
    limit = Limit(notes=notes)
    return choose(improviser, thought(), Wanted(count, limit), critic or Critic(Plain()))


def test_the_best_is_chosen_and_told_by_its_seed() -> None:
    worst_first, best_second = list(seeds(OWN, 4)), list(seeds(OWN, 4))[1]
    choice = chosen(Moody(lambda seed: 3_000.0 if seed == best_second else 1.0))
    assert choice.seed == best_second
    assert choice.opinion is not None
    assert choice.opinion.mean == 3_000.0
    assert len(choice.scores) == 4
    assert worst_first[0] == OWN


def test_the_score_goes_by_the_latest_notes_too() -> None:
    heard: list[Floats] = []

    class Attentive(Plain):
        def odds(self, embeddings: Floats) -> Floats:
            heard.append(embeddings[0, -FIGURES:])
            return super().odds(embeddings)

    opinion = chosen(Moody(), count=1, notes=2 * WINDOW, critic=Critic(Attentive())).opinion
    assert opinion is not None
    for seen, last in zip(heard, (WINDOW, 2 * WINDOW), strict=True):
        assert np.array_equal(seen, figures(as_heard(opinion.said[last - WINDOW : last])))


def test_one_candidate_is_what_would_have_been_played_anyway() -> None:
    assert chosen(Moody(), count=1).seed == OWN


def test_of_equals_the_first_is_played() -> None:
    assert chosen(Moody(lambda _: 1.0)).seed == OWN


def test_what_was_known_before_the_first_note_counts_for_nothing() -> None:
    choice = chosen(Moody(lambda _: 2.0), notes=LEAST_SCORED)
    assert choice.opinion is not None
    assert choice.opinion.odds == (2.0,)


def test_an_answer_is_scored_window_by_window_to_its_end() -> None:
    whole = chosen(Moody(lambda _: 2.0), notes=2 * WINDOW).opinion
    longer = chosen(Moody(lambda _: 2.0), notes=2 * WINDOW + LEAST_SCORED).opinion
    shorter = chosen(Moody(lambda _: 2.0), notes=2 * WINDOW + LEAST_SCORED - 1).opinion
    assert [len(one.odds) for one in (whole, longer, shorter) if one] == [2, 3, 2]


def test_too_short_an_answer_has_no_score_and_is_played_as_it_is() -> None:
    choice = chosen(Moody(), notes=LEAST_SCORED - 1)
    assert choice.seed == OWN
    assert choice.scores == ()
    assert choice.opinion is not None
    assert choice.opinion.score is None


@pytest.mark.parametrize(("notes", "compared"), [(0, 0), (7, 0), (8, 8), (11, 8), (1000, 8)])
def test_it_thinks_as_long_as_there_is_time_and_no_longer(notes: int, compared: int) -> None:
    improviser = Moody()

    def has_time() -> bool:
        return len(improviser.asked) < 8 * notes

    wanted = Wanted(8, Limit(notes=12))
    choice = choose(improviser, thought(), wanted, Critic(Plain()), has_time)
    assert len(improviser.asked) == 8 * min(notes, 12)
    assert len(choice.scores) == compared
    assert choice.seed == list(seeds(OWN, 8))[max(compared - 1, 0)]


@pytest.mark.parametrize("notes", [0, 1, 12])
def test_what_is_no_longer_wanted_is_neither_thought_of_nor_compared(notes: int) -> None:
    improviser = Moody()
    choice = choose(
        improviser,
        thought(),
        Wanted(8, Limit(notes=12)),
        Critic(Plain()),
        is_wanted=lambda: len(improviser.asked) < 8 * notes,
    )
    assert len(improviser.asked) == 8 * notes
    assert (choice.seed, choice.scores) == (OWN, ())


def test_an_answer_that_quotes_too_long_is_not_chosen() -> None:
    improviser = Moody()
    best = list(seeds(OWN, 4))[-1]
    line = played(Moody(), best, 50)
    index = index_of([line], ["Fuer Elise"], ["model"])
    critic = Critic(Plain(), index, most_quoted=32)
    choice = chosen(improviser, critic=critic)
    assert choice.seed == list(seeds(OWN, 4))[-2]
    alone = choose(improviser, replace(thought(), seed=best), Wanted(1, Limit(notes=50)), critic)
    assert alone.opinion is not None
    assert alone.opinion.quoted > 32
    assert alone.opinion.title == "Fuer Elise"
    assert alone.seed == best
    patient = Critic(Plain(), index, most_quoted=60)
    assert chosen(improviser, critic=patient).seed == best


def played(improviser: Moody, seed: int, notes: int) -> np.ndarray:
    now, pitches = replace(thought(), seed=seed), []
    for _ in range(notes):
        note, now = improviser.next(now)
        pitches.append(note.pitch)
    return np.array(pitches)
