"""The line in the terminal: what it says is so."""

from io import StringIO

import pytest
from rich.console import Console

from performer.bindings import Action, Done
from performer.engine import Late, Sent
from performer.length import Like, Limit
from performer.messages import (
    Answered,
    Dropped,
    Mode,
    ModelChanged,
    Player,
    Quoted,
    Retune,
    Send,
    State,
    Turned,
)
from performer.midi import note_on
from performer.notes import Span
from performer.phrase import Silence
from performer.play import Screen
from performer.process import Refused
from performer.refusal import Refusal
from performer.taste import Taste


@pytest.fixture
def paper() -> StringIO:
    return StringIO()


@pytest.fixture
def screen(paper: StringIO) -> Screen:
    return Screen(Console(file=paper, width=100), Mode.DUET)


def test_the_line_says_who_plays_and_in_which_mode(screen: Screen) -> None:
    assert str(screen.__rich__()).split()[:2] == ["listening", "duet"]
    screen.take_in(Turned(State.ANSWERING))
    to = Retune(Taste(), Silence(), Like(), 0, mode=Mode.ENDLESS)
    screen.take_in(Done(next(iter(Action)), to))
    assert str(screen.__rich__()).split()[:2] == ["answering", "endless"]


def test_the_line_says_how_late_and_how_many_were_left_out(screen: Screen) -> None:
    screen.take_in(Sent(Send(note_on(0, 60, 80), 1.0, Player.MODEL), 0.0))
    screen.take_in(Late(0.0123))
    assert "Antiphon 1 notes  lateness 12.3 ms, worst 12.3 ms" in str(screen.__rich__())
    assert "left out" not in str(screen.__rich__())
    screen.take_in(Dropped(2))
    screen.take_in(Dropped(1))
    assert str(screen.__rich__()).endswith("3 left out")


def test_an_answer_is_told_by_the_notes_that_sounded(screen: Screen, paper: StringIO) -> None:
    answered = Answered(1, Span(0, 1), Taste(), 0, Limit(), 0, 1.0, 9, None, left_out=(3, 4))
    screen.take_in(answered)
    assert paper.getvalue() == "Answered with 7 notes.\n"


def test_a_score_and_a_quotation_are_told(screen: Screen, paper: StringIO) -> None:
    screen.take_in(Quoted("Elise", 33))
    screen.take_in(Answered(1, Span(0, 1), Taste(), 0, Limit(), 0, 1.0, 50, None, score=0.617))
    assert paper.getvalue().splitlines() == [
        "It quotes 33 notes in a row of Elise.",
        "Answered with 50 notes, score 0.62.",
    ]


def test_another_model_is_told_by_name(screen: Screen, paper: StringIO) -> None:
    screen.take_in(ModelChanged("model2", "abc"))
    assert paper.getvalue() == "model2 plays from now on.\n"


def test_an_engine_that_refuses_ends_it(screen: Screen) -> None:
    with pytest.raises(Refusal, match="There is no model"):
        screen.take_in(Refused("There is no model."))
