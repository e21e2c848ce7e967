"""The window with the real engine and the real stagehand behind it, over real queues."""

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import pytest

if find_spec("PySide6") is None:
    pytest.skip("PySide6 is not installed: pip install 'antiphon[gui]'", allow_module_level=True)

import shiboken6
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from gui.choices import NOBODY, Character, Choices, Memory
from gui.evening import Evening
from gui.stagehand import Stagehand
from gui.window import Window
from performer.messages import Mode, Player, State
from performer.process import NONE
from performer.take import read_take
from tests.fakes import CARD, write_trial_model

LONGEST = 100.0  # seconds that a machine under load may take
ANSWERS = "30s"  # so long that no answer is over before the test is, whatever was left out as late
SEED = 1

pytestmark = pytest.mark.real_time


def wait_until(happens: Callable[[], bool]) -> None:
    until = time.monotonic() + LONGEST
    while not happens():
        assert time.monotonic() < until, "it never happened"
        QTest.qWait(10)


@pytest.fixture
def window(tmp_path: Path, qapp: QApplication) -> Iterator[Window]:
    model = str(write_trial_model(tmp_path / "trial.onnx"))
    character = Character(length=ANSWERS)
    choices = Choices(NOBODY, NONE, model, character, seed=SEED, seed_is_kept=True)
    memory = Memory(choices, takes=str(tmp_path / "takes"))
    evening = Evening(memory, Stagehand(), settings_file=tmp_path / "settings.toml")
    window = Window(evening, lambda _: None, lambda: None)
    window.show()
    window.open()
    yield window
    window.close()
    shiboken6.delete(window)


def play(window: Window) -> None:
    for key in "adgh":
        QTest.keyPress(window.roll, key)
        QTest.qWait(60)
        QTest.keyRelease(window.roll, key)


def test_five_notes_are_played_on_the_screen_answered_kept_and_heard_again(window: Window) -> None:
    evening = window.evening
    wait_until(lambda: evening.scene.is_ready)
    window.activateWindow()
    play(window)
    wait_until(lambda: evening.scene.turn is State.ANSWERING)
    wait_until(lambda: evening.scene.struck[1] >= 3)
    window.banner.keep.click()  # in the middle of the answer
    wait_until(lambda: len(evening.takes.takes) == 1)
    [kept] = evening.takes.takes
    take = read_take(kept.path)
    assert [note.pitch for note in take.notes(Player.HUMAN)] == [60, 64, 67, 69]
    assert len(take.notes(Player.MODEL)) >= 3
    assert take.answers[0].cut_at is not None
    window.takes.list.setCurrentRow(0)
    evening.play_back(0.0)
    wait_until(lambda: evening.playing_at() is not None)
    wait_until(lambda: evening.playback is None)
    evening.another_answer(kept.path)
    wait_until(lambda: len(evening.takes.takes) == 2)


def test_another_model_and_another_take_cost_no_engine(window: Window, tmp_path: Path) -> None:
    evening = window.evening
    other = str(write_trial_model(tmp_path / "other.onnx", replace(CARD, name="other")))
    wait_until(lambda: evening.scene.is_ready)
    engine = evening.client._engine
    window.activateWindow()
    window.controls.modes.buttons[Mode.ENDLESS].click()
    play(window)
    wait_until(lambda: evening.scene.struck[1] >= 2)
    evening.choose(replace(evening.memory.choices, model=other))
    wait_until(lambda: evening.scene.begun.model == "other")
    struck = evening.scene.struck[1]
    wait_until(lambda: evening.scene.struck[1] >= struck + 3)  # it goes on with the answer
    wait_until(lambda: bool(evening.scene.to_come))
    window.banner.discard.click()
    wait_until(lambda: (evening.folder / ".deleted").is_dir())
    assert not evening.scene.has_notes
    window.bar.act.click()
    [path] = evening.folder.glob("*.mid")
    assert [note.pitch for note in read_take(path).notes(Player.HUMAN)] == [60, 64, 67, 69]
    assert evening.client._engine is engine


def test_closing_in_the_middle_of_an_answer_keeps_it(window: Window) -> None:
    evening = window.evening
    wait_until(lambda: evening.scene.is_ready)
    window.activateWindow()
    play(window)
    wait_until(lambda: evening.scene.struck[1] >= 2)
    window.close()
    [path] = evening.folder.glob("*.mid")
    assert len(read_take(path).notes(Player.MODEL)) >= 2


def test_a_window_that_hangs_delays_no_note(window: Window) -> None:
    evening = window.evening
    wait_until(lambda: evening.scene.is_ready)
    window.activateWindow()
    play(window)
    wait_until(lambda: evening.scene.turn is State.ANSWERING)
    before = evening.scene.lateness.notes
    time.sleep(2.0)
    QTest.qWait(50)
    assert evening.scene.lateness.notes > before
    assert evening.scene.lateness.worst < 0.1
