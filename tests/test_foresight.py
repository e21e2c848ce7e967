"""The best answer is known when the turn passes, and nothing is where something else came."""

from dataclasses import replace

import pytest

from performer.choice import Critic, seeds
from performer.foresight import OPENING, SLACK, Foreseen, as_foreseen, foresee
from performer.notes import Note, Phrase
from performer.taste import Taste
from performer.thought import Thought
from tests.test_choice import Moody, Plain

PHRASE = Phrase.of([Note(60, 80, 0.0, 0.5), Note(62, 80, 0.5, 0.9)])
EXPECTED = Thought.on(PHRASE, Taste(), 5, 3, 2.0)
FORESEEN = Foreseen(EXPECTED, 77, 4)


def test_the_best_of_all_is_foreseen_where_there_is_time() -> None:
    foreseen = foresee(Moody(), EXPECTED, 8, Critic(Plain()), lambda: True)
    assert foreseen.seed == list(seeds(5, 8))[-1]
    assert foreseen.compared == 8


def test_of_those_there_is_time_for_the_best_is_foreseen() -> None:
    improviser = Moody()
    whole = 3 * int(OPENING.notes)
    foreseen = foresee(
        improviser, EXPECTED, 8, Critic(Plain()), lambda: len(improviser.asked) < whole + 5
    )
    assert foreseen.compared == 3
    assert foreseen.seed == list(seeds(5, 8))[2]
    assert len(improviser.asked) == whole + 5


def test_what_is_taken_up_as_expected_has_the_seed_that_was_found() -> None:
    taken = as_foreseen(replace(EXPECTED, taken_at=2.0 + SLACK / 2), FORESEEN)
    assert taken.seed == 77


@pytest.mark.parametrize(
    "other",
    [
        {"taken_at": 2.0 - 2 * SLACK},
        {"taken_at": None},
        {"turn": 4},
        {"seed": 6},
        {"taste": Taste(pitch=0.5)},
        {"phrase": Phrase.of([Note(60, 80, 0.0, 0.5)])},
        {"index": 1},
    ],
)
def test_where_something_else_came_nothing_was_foreseen(other: dict[str, object]) -> None:
    wanted = replace(EXPECTED, **other)  # type: ignore[arg-type]
    assert as_foreseen(wanted, FORESEEN) is wanted


def test_without_foresight_it_is_taken_up_as_it_is() -> None:
    assert as_foreseen(EXPECTED, None) is EXPECTED
