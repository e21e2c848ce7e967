"""What the model's own ear thinks is seen, a quotation is said, and marks are given by the keys."""

from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import pytest

if find_spec("PySide6") is None:
    pytest.skip("PySide6 is not installed: pip install 'antiphon[gui]'", allow_module_level=True)

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from gui.choices import Character
from gui.curves import HIGH
from gui.engine_client import settings
from gui.errands import AnswerKept, Opened, Rate, RateTake, ReadTakes, TakesRead, ThinkAgain
from gui.look import DAY
from gui.piano_roll import PianoRoll
from gui.stagehand import listed, ratings_beside, scene_of
from gui.state import Curve, Scene
from performer.critic import best_continued, critic_of
from performer.engine import Sent
from performer.improviser import Improviser
from performer.length import Fixed, Limit
from performer.messages import Answered, Care, Player, Quoted, Retune, Scored, Send
from performer.midi import note_on
from performer.notes import Span
from performer.ratings import ratings
from performer.session import Settings
from performer.take import read_take, write_take
from performer.taste import Taste
from tests.fakes import Metronome, phrase_of, rehearse
from tests.test_critic import improviser as improviser
from tests.test_gui_stagehand import all_told
from tests.test_gui_window import Stage
from tests.test_gui_window import stage as stage
from tests.test_gui_window import stages as stages
from tests.test_gui_window import take as take

GOOD, POOR = Scored(2.0, 0.75), Scored(4.0, 0.25)
ANSWER = Answered(1, Span(0.0, 1.0), Taste(), 0, Limit(), 0, 1.5, 50, None)


def test_the_scores_of_an_answer_under_way_are_its_curve() -> None:
    scene = Scene(answer_began_at=1.0).after(GOOD).after(POOR)
    assert scene.curves == (Curve(1.0, (GOOD, POOR), 0.25),)


def test_an_answer_that_has_ended_keeps_its_curve_and_the_next_has_its_own() -> None:
    ended = replace(ANSWER, score=0.5, curve=(GOOD, POOR))
    begun = Sent(Send(note_on(0, 60, 80), 8.0, Player.MODEL), 0.0)
    scene = Scene(answer_began_at=1.0).after(GOOD).after(ended).after(begun)
    assert scene.curves == (Curve(1.5, (GOOD, POOR), 0.5),)
    scored = Scored(9.0, 0.4)
    assert scene.after(scored).curves[1] == Curve(8.0, (scored,), 0.4)


def test_where_a_take_says_one_number_it_stands_at_the_beginning() -> None:
    scene = Scene().after(replace(ANSWER, score=0.6)).after(ANSWER)
    assert scene.curves == (Curve(1.5, (Scored(1.5, 0.6),), 0.6),)


def test_a_good_score_stands_high_and_a_poor_one_low(qtbot: QtBot) -> None:
    roll = PianoRoll()
    qtbot.addWidget(roll)
    roll.resize(600, 300)
    heard = Scene(True, began_at=0.0, last_at=5.0, answer_began_at=1.0, scores=(GOOD, POOR))
    assert dots(roll, replace(heard, scores=())) == []
    (good_x, good_y), (poor_x, poor_y) = dots(roll, heard)
    assert good_x < poor_x
    assert poor_y - good_y == pytest.approx(HIGH / 2, abs=1.5)


def dots(roll: PianoRoll, scene: Scene) -> list[tuple[int, int]]:
    """The middles of the discs in the model's colour, from left to right."""
    roll.show_scene(scene, lambda: 5.0)
    roll.set_zoom(80.0)
    image = roll.grab().toImage()
    colour, found = QColor(DAY.model).rgb(), []
    for at in (GOOD, POOR):
        x = round(roll.ruling.x(at.at, roll.left_edge))
        column = [y for y in range(image.height()) if image.pixel(x, y) == colour]
        if column:
            found.append((x, sum(column) // len(column)))
    return found


def test_the_number_stands_in_the_status_line_too(stage: Stage) -> None:
    stage.plays(60, Player.MODEL)
    assert "Score" not in stage.window.lateness.text()
    stage.tells(GOOD)
    assert "Score 75 %" in stage.window.lateness.text()


def test_a_quotation_is_said_by_its_title(stage: Stage) -> None:
    stage.tells(Quoted("F\u00fcr Elise", 33))
    assert stage.window.bar.sentence.text() == "It quotes 33 notes of F\u00fcr Elise."


def test_whether_it_may_quote_is_chosen_and_heard(stage: Stage) -> None:
    assert not settings(stage.evening.memory.choices).may_quote
    stage.window.controls.quoting.click()
    stage.wait(1.0)
    assert settings(stage.evening.memory.choices).may_quote
    assert [told.may_quote for told in stage.engine.told if isinstance(told, Retune)] == [True]


@pytest.mark.parametrize("mark", [1, 5])
def test_the_answer_in_sight_is_given_a_mark_by_the_keys(
    stage: Stage, take: Path, mark: int
) -> None:
    alt = Qt.KeyboardModifier.AltModifier
    QTest.keyClick(stage.window, Qt.Key.Key_0 + mark, alt)
    assert stage.errands(Rate) == []  # there is none yet
    stage.is_told(Opened(take, scene_of(rehearse(phrase_of(4)).take)))
    QTest.keyClick(stage.window, Qt.Key.Key_0 + mark, alt)
    [errand] = stage.errands(Rate)
    assert isinstance(errand, Rate)
    assert errand.mark == mark
    assert stage.window.marks.buttons[mark].isChecked()


def test_the_take_that_is_chosen_in_the_list_is_given_a_mark_by_the_keys(
    stage: Stage, take: Path
) -> None:
    stage.is_told(TakesRead((listed(take),)))
    takes = stage.window.takes
    takes.list.setCurrentRow(0)
    stage.is_told(Opened(take, scene_of(rehearse(phrase_of(4)).take)))
    stage.window.roll.setFocus()
    stage.type(Qt.Key.Key_4)
    assert stage.errands(RateTake) == []
    takes.list.setFocus()
    stage.type(Qt.Key.Key_4, takes.list)
    assert stage.errands(RateTake) == [RateTake(take.parent.with_name("ratings"), take, 4)]
    assert isinstance(stage.stagehand.errands[-1], ReadTakes)
    assert stage.window.marks.buttons[4].isChecked()


def test_the_menu_of_a_take_offers_the_marks(stage: Stage, take: Path) -> None:
    menu = stage.window._take_menu(take)
    [marks] = [action.menu() for action in menu.actions() if action.text() == "How was it?"]
    assert [action.text() for action in marks.actions()] == [f"{n} of 5" for n in range(1, 6)]
    marks.actions()[1].trigger()
    [errand] = stage.errands(RateTake)
    assert isinstance(errand, RateTake)
    assert errand.mark == 2
    assert stage.errands(Rate) == []


def test_another_answer_is_the_best_of_as_many_as_are_wished_and_has_a_score(
    take: Path, improviser: Improviser
) -> None:
    wish = ThinkAgain(
        take, 0, str(improviser.model.path), Character(best_of=4, length="32notes"), 3
    )
    (kept,) = all_told(wish)
    assert isinstance(kept, AnswerKept)
    ((answer,), critic) = read_take(kept.path).answers, critic_of(improviser.model)
    before = read_take(take)
    best, chosen = best_continued(
        before.phrase(before.answers[0]),
        improviser,
        Taste(),
        3,
        Fixed(Limit(notes=32)),
        critic,
        Care(4),
    )
    assert (answer.seed, answer.score) == (chosen.seed, best.answers[0].score)
    assert len(chosen.scores) == 4
    assert scene_of(read_take(kept.path)).curves


def test_every_answer_of_a_take_is_given_its_mark_and_the_list_says_so(take: Path) -> None:
    script = [*phrase_of(3, at=0.5), *phrase_of(4, at=10.0)]
    played = rehearse(script, Metronome(), Settings(length=Fixed(Limit(notes=5)))).take
    assert len(played.answers) == 2
    write_take(played, take)
    beside = ratings_beside(take.parent)
    assert all_told(RateTake(beside, take, 3)) == []
    assert [rating.mark for rating in ratings(beside)] == [3, 3]
    (read,) = all_told(ReadTakes(take.parent))
    assert isinstance(read, TakesRead)
    assert [each.mark for each in read.takes] == [3.0]
