"""The paper of the piano roll: much is drawn in parts, and no frame does more than another."""

import sys
from collections.abc import Callable
from importlib.util import find_spec
from types import FrameType
from typing import Any

import pytest

if find_spec("PySide6") is None:
    pytest.skip("PySide6 is not installed: pip install 'antiphon[gui]'", allow_module_level=True)

from PySide6.QtGui import QPixmap
from PySide6.QtWidgets import QApplication

from gui.bench import MINUTE, NOTES_A_SECOND, RATE, Session, long_take, messages
from gui.piano_roll import PianoRoll
from gui.state import Scene

HALF_AN_HOUR = 30 * MINUTE
FRAMES = 2 * RATE  # two seconds
MUCH = 200_000  # steps of the interpreter, some ten milliseconds


@pytest.fixture
def roll(qapp: QApplication) -> PianoRoll:
    roll = PianoRoll()
    roll.resize(720, 420)
    return roll


def work_of(does: Callable[[], object]) -> int:
    """How many steps of the interpreter something takes: the same on the busiest machine."""
    steps = 0

    def count(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal steps
        frame.f_trace_opcodes = True
        steps += event == "opcode"
        return count

    before = sys.gettrace()
    sys.settrace(count)
    try:
        does()
    finally:
        sys.settrace(before)
    return steps


def works_until_finished(roll: PianoRoll, scene: Scene) -> list[int]:
    """How many steps each frame takes until all is drawn."""
    picture, works = QPixmap(roll.size()), []

    def frame() -> None:
        roll.show_scene(scene, lambda: scene.last_at)
        roll.render(picture)

    frame()
    while not roll.is_finished:
        works.append(work_of(frame))
    return works


def test_a_whole_take_is_drawn_in_parts_and_then_all_of_it(roll: PianoRoll) -> None:
    scene = long_take()
    roll.show_scene(scene, lambda: scene.last_at)
    roll.show_whole()
    works = works_until_finished(roll, scene)
    assert 5 < len(works) < 20
    assert max(works) < MUCH
    sheets = roll._paper._sheets.values()
    assert roll._paper.ledger.notes == len(scene.notes)
    assert not any(sheet.to_draw for sheet in sheets)


def test_another_zoom_begins_anew_and_comes_to_an_end(roll: PianoRoll) -> None:
    scene = long_take()
    roll.show_scene(scene, lambda: scene.last_at)
    for zoom in (1.0, 0.5):
        roll.set_zoom(zoom)
        works = works_until_finished(roll, scene)
        assert 0 < len(works) < 20
        assert max(works) < MUCH


def test_playing_on_costs_the_same_after_half_an_hour_as_at_the_beginning(roll: PianoRoll) -> None:
    session, picture = Session(roll, messages(HALF_AN_HOUR)), QPixmap(roll.size())

    def play() -> None:
        for _ in range(FRAMES):
            session.frame(1 / RATE, picture)

    while session.now < MINUTE:
        session.frame(1.0, picture)
    early = work_of(play)
    while session.now < HALF_AN_HOUR - MINUTE:
        session.frame(1.0, picture)
    late = work_of(play)
    assert len(session.scene.notes) > 25 * MINUTE * NOTES_A_SECOND
    assert late < 1.1 * early
