"""One rates blind, in an order of one's own, stops when one likes, and is never asked twice."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from performer.improviser import Improviser
from performer.notes import Note, Phrase, Span
from performer.ratings import Rated, ratings, read
from performer.scorer import WINDOW
from trainer.impressions import some
from trainer.lanes import performance
from trainer.rate import (
    BEFORE,
    HIGH,
    WIDE,
    Question,
    Sitting,
    both_ways,
    in_context,
    picture,
    questions,
    sit,
)
from trainer.works import Work

PROMPT = Phrase.of(Note(50 + n, 70, 0.2 * n, 0.2 * n + 0.1) for n in range(12))


def rated(seed: int) -> Rated:
    dice = np.random.default_rng(seed)
    return Rated(
        PROMPT,
        tuple(
            Note(int(dice.integers(40, 90)), 70, round(3 + 0.2 * n, 3), round(3.1 + 0.2 * n, 3))
            for n in range(10)
        ),
    )


PAIRS = [(rated(2 * n), rated(2 * n + 1)) for n in range(6)]


def sitting(
    folder: Path, says: Callable[[int], str], who: str = "ada"
) -> tuple[Sitting, list[Rated]]:
    """A listener who says what is foreseen, and all that was brought to the ear."""
    heard: list[Rated] = []
    asked: list[str] = []

    def asks(place: str, answers: Sequence[str]) -> str:
        asked.append(place)
        said = says(len(asked))
        assert said in answers
        return said

    return Sitting(who, folder, heard.append, asks), heard


def names(asked: Sequence[Question]) -> list[tuple[str, ...]]:
    return [question.names for question in asked]


def test_everything_is_rated_once_and_kept_with_its_music(tmp_path: Path) -> None:
    now, heard = sitting(tmp_path, lambda _: "4")
    assert sit(now, list(questions(PAIRS, False, "ada"))) == 12
    assert len(heard) == len(ratings(tmp_path)) == 12
    assert {one.what for one in ratings(tmp_path)} == {one.what for pair in PAIRS for one in pair}
    assert read(tmp_path, PAIRS[0][1].what).answer == PAIRS[0][1].answer


def test_one_stops_and_goes_on_where_one_was(tmp_path: Path) -> None:
    asked = list(questions(PAIRS, False, "ada"))
    now, heard = sitting(tmp_path, lambda number: "q" if number == 5 else "2")
    assert sit(now, asked) == 4
    again, later = sitting(tmp_path, lambda _: "3")
    assert sit(again, asked) == 8
    assert later[0].what == heard[-1].what
    assert {one.what for one in later}.isdisjoint({one.what for one in heard[:4]})


def test_another_listener_is_asked_everything_in_another_order(tmp_path: Path) -> None:
    now, _ = sitting(tmp_path, lambda _: "4")
    sit(now, list(questions(PAIRS, False, "ada")))
    bob, _ = sitting(tmp_path, lambda _: "1", "bob")
    assert sit(bob, list(questions(PAIRS, False, "bob"))) == 12
    orders = [names(list(questions(PAIRS, False, who))) for who in ("ada", "bob", "ada")]
    assert orders[0] == orders[2]
    assert orders[0] != orders[1]
    assert sorted(orders[0]) == sorted(orders[1])


def test_what_is_not_rated_is_asked_again_another_time(tmp_path: Path) -> None:
    asked = list(questions(PAIRS[:2], False, "ada"))
    now, heard = sitting(
        tmp_path, lambda number: "s" if number == 1 else "r" if number == 2 else "5"
    )
    assert sit(now, asked) == 3
    assert len(heard) == 5
    again, later = sitting(tmp_path, lambda _: "5")
    assert sit(again, asked) == 1
    assert later[0].what == heard[0].what


def test_in_pairs_either_may_come_first_and_the_better_is_told(tmp_path: Path) -> None:
    many = [(rated(2 * n), rated(2 * n + 1)) for n in range(40)]
    real_first = [
        q.names[0] == pair[0].what
        for q in questions(many, True, "ada")
        for pair in many
        if pair[0].what in q.names
    ]
    assert 8 < sum(real_first) < 32
    answers = {1: "a", 2: "b", 3: "="}
    now, heard = sitting(tmp_path, answers.__getitem__)
    asked = list(questions(PAIRS[:3], True, "ada"))
    assert sit(now, asked) == 3
    assert [one.mark for one in ratings(tmp_path)] == [1.0, 0.0, 0.5]
    assert [(one.what, one.against) for one in ratings(tmp_path)] == names(asked)
    assert len(heard) == 6


def test_a_rating_is_heard_with_the_end_of_its_prompt() -> None:
    music = Rated(PROMPT, rated(0).answer, (Span(3.5, 4.0),))
    phrase = in_context(music)
    assert len(phrase.notes) == BEFORE + 10
    assert phrase.start == 0.0
    first = PROMPT.notes[-BEFORE].start
    assert phrase.notes[BEFORE].start == pytest.approx(3.0 - first)
    assert phrase.pedal == (Span(3.5 - first, 4.0 - first),)


def test_a_picture_shows_what_is_rated_after_what_was_before() -> None:
    lines = picture(rated(3))
    assert len(lines) <= HIGH
    assert {len(line) for line in lines} == {WIDE}
    columns = [[line[at] for line in lines] for at in range(WIDE)]
    dots = [at for at in range(WIDE) if "·" in columns[at]]
    bars = [at for at in range(WIDE) if "█" in columns[at]]
    assert dots
    assert max(dots) < min(bars)


def test_a_prompt_is_continued_both_ways_equally_long(improviser: Improviser) -> None:
    dice = np.random.default_rng(0)
    start = np.round(np.cumsum(dice.choice([0.1, 0.2, 0.35], 200)), 3)
    columns = [start, start + 0.15, dice.integers(40, 90, 200), dice.integers(30, 100, 200)]
    pedal = (Span(0.0, 500.0),)
    work = Work(0, "a work", "nobody", performance("a", "performed", columns, None), pedal)
    (ask,) = some([work], 1)
    composed, generated = both_ways(improviser, ask)
    assert len(composed.answer) == len(generated.answer) == WINDOW
    assert composed.answer[0].start == generated.answer[0].start > ask.prompt.notes[-1].start
    assert composed.answer != generated.answer
    assert composed.pedal[0].start == composed.answer[0].start
    assert all(span.start < span.end for span in (*composed.pedal, *generated.pedal))
