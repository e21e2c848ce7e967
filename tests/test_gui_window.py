"""The window offscreen: what each control does to the engine, and what it shows of it."""

import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from importlib.util import find_spec
from pathlib import Path

import pytest

if find_spec("PySide6") is None:
    pytest.skip("PySide6 is not installed: pip install 'antiphon[gui]'", allow_module_level=True)

import shiboken6
from PySide6.QtCore import QEvent, QLocale, QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QAccessible, QColor, QDragEnterEvent, QDropEvent, QKeyEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QComboBox,
    QDialog,
    QLabel,
    QListView,
    QProgressBar,
    QWidget,
)
from pytestqt.qtbot import QtBot

from gui.banner import RedLight, Sign
from gui.bindings_panel import BindingsPanel
from gui.check_panel import CheckPanel
from gui.choices import NOBODY, Character, Choices, Memory
from gui.engine_client import settings
from gui.errands import (
    AnswerKept,
    Check,
    Checked,
    Errand,
    Failed,
    Finding,
    Hush,
    Listed,
    ModelsRead,
    Opened,
    OpenTake,
    PlayBack,
    PlaybackBegan,
    PlaybackEnded,
    PortsSeen,
    Rate,
    ReadTakes,
    TakesRead,
    ThinkAgain,
    WriteBindings,
)
from gui.evening import Evening
from gui.keyboard import Keyboard
from gui.look import DAY, NIGHT, Look
from gui.piano_roll import KEYS, PianoRoll
from gui.screenshots import GERMAN_SPOKEN, PSEUDO, speaking, written
from gui.stagehand import listed, scene_of
from gui.takes import facts
from gui.window import SMALLEST, USUAL, Window
from performer.bindings import Action, Bind, Bindings, Controller, Done, Key, Learn, Learnt
from performer.engine import Late, Sent
from performer.length import Fixed, Limit
from performer.messages import (
    Again,
    Answered,
    ChangeModel,
    ChangePorts,
    Dropped,
    HandOver,
    Heard,
    Hearing,
    Mode,
    ModelChanged,
    NewTake,
    Panic,
    Player,
    PlayPrompt,
    Quit,
    Remark,
    Retune,
    Send,
    State,
    Stop,
    TakeEnded,
    ToCome,
    Trouble,
    Turned,
)
from performer.midi import note_off, note_on
from performer.notes import Note
from performer.process import NONE, VIRTUAL, Ended, Kept, Plan, PortsChanged, Ready, Refused
from performer.process import Told as EngineEvent
from performer.take import write_take
from tests.fakes import CARD, phrase_of, rehearse
from tests.gui_fakes import FakeEngine, FakeStagehand

NO_PORTS = PortsSeen((), ())
READY = Ready("trial", ("Piano",), "the built-in piano", zero_at=100.0)


class Stage:
    """A window with nothing behind it but what the test tells it."""

    def __init__(
        self, takes: Path, memory: Memory | None = None, ports: PortsSeen = NO_PORTS
    ) -> None:
        self.time = 100.0
        self.engines: list[FakeEngine] = []
        self.stagehand = FakeStagehand(to_tell=[ports])
        self.saved: list[Memory] = []
        self.evening = Evening(
            replace(memory or Memory(), takes=str(takes)),
            self.stagehand,
            self._begin,
            lambda: self.time,
            lambda: self.time,
            takes.with_name("settings.toml"),
        )
        self.window = Window(
            self.evening, lambda evening: self.saved.append(evening.memory), lambda: 0.42
        )
        self.window.show()
        self.window.open()
        self.window._frames.stop()  # the test says when a frame is
        self.window.activateWindow()
        QTest.qWaitForWindowActive(self.window)

    def _begin(self, plan: Plan) -> FakeEngine:
        self.engines.append(FakeEngine(plan))
        return self.engines[-1]

    @property
    def engine(self) -> FakeEngine:
        return self.engines[-1]

    def tells(self, *news: object) -> None:
        self.engine.to_tell.extend(news)  # type: ignore[arg-type]
        self.window.tick()

    def is_told(self, *told: object) -> None:
        self.stagehand.to_tell.extend(told)  # type: ignore[arg-type]
        self.window.tick()

    def wait(self, seconds: float) -> None:
        self.time += seconds
        self.window.tick()

    def plays(self, pitch: int, by: Player = Player.HUMAN, at: float = 0.0) -> None:
        self.time = max(self.time, 100.0 + at + 0.2)
        self.tells(
            Sent(Send(note_on(0, pitch, 80), at, by), 0.001),
            Sent(Send(note_off(0, pitch), at + 0.2, by), 0.0),
        )

    def errands(self, kind: type[Errand]) -> list[Errand]:
        return [errand for errand in self.stagehand.errands if isinstance(errand, kind)]

    def type(self, key: Qt.Key, on: QWidget | None = None) -> None:
        QTest.keyClick(on or self.window.roll, key)


@pytest.fixture
def stages(qapp: QApplication, qtbot: QtBot) -> Iterator[Callable[..., Stage]]:
    """Whatever goes wrong in Qt's own calls of ours makes the test fail."""
    qapp.setStyle("Fusion")
    opened: list[Stage] = []

    def open_stage(takes: Path, memory: Memory | None = None, ports: PortsSeen = NO_PORTS) -> Stage:
        opened.append(Stage(takes, memory, ports))
        return opened[-1]

    yield open_stage
    for stage in opened:
        stage.window.stop()
        shiboken6.delete(stage.window)


@pytest.fixture
def stage(stages: Callable[..., Stage], tmp_path: Path) -> Stage:
    stage = stages(tmp_path / "takes")
    stage.window.tick()
    stage.tells(READY)
    return stage


@pytest.fixture
def take(tmp_path: Path) -> Path:
    path = tmp_path / "takes" / "Tuesday.mid"
    path.parent.mkdir(exist_ok=True)
    write_take(rehearse(phrase_of(4)).take, path)
    return path


# Playing


def test_a_computers_key_strikes_and_releases_a_note(stage: Stage) -> None:
    stage.type(Qt.Key.Key_A)
    assert stage.engine.heard == [note_on(0, 60, 80), note_off(0, 60)]


def test_octave_and_touch_are_keys_too(stage: Stage) -> None:
    for key in (Qt.Key.Key_Z, Qt.Key.Key_V, Qt.Key.Key_V, Qt.Key.Key_W):
        stage.type(key)
    assert stage.engine.heard == [note_on(0, 49, 112), note_off(0, 49)]
    assert "112" in stage.window.typing.text()


@pytest.mark.skipif(sys.platform != "linux", reason="the numbers of keys are Linux's")
def test_what_is_printed_on_a_key_is_known_once_it_is_typed(stage: Stage) -> None:
    press, nothing = QEvent.Type.KeyPress, Qt.KeyboardModifier.NoModifier
    assert stage.window.typing.text().startswith("Z X octave")
    for key, number, text in ((Qt.Key.Key_Y, 52, "y"), (Qt.Key.Key_Z, 29, "z")):
        event = QKeyEvent(press, key, nothing, number, 0, 0, text)
        QApplication.sendEvent(stage.window.roll, event)
    assert stage.window.typing.text().startswith("Y X octave")
    assert stage.engine.heard == [note_on(0, 56, 80)]  # by its place, whatever it is called
    assert stage.window.keyboard._letters[8] == "Z"


def test_a_german_keyboard_has_its_own_letters_from_the_start(qapp: QApplication) -> None:
    keyboard = Keyboard(QLocale.Language.German)
    assert "".join(keyboard._letters) == "AWSEDFTGZHUJKOLPÖ"
    assert list(keyboard.commands.values()) == ["Y", "X", "C", "V"]


def test_a_held_key_keeps_its_pitch_when_the_octave_changes(stage: Stage) -> None:
    QTest.keyPress(stage.window.roll, Qt.Key.Key_A)
    stage.type(Qt.Key.Key_X)
    QTest.keyRelease(stage.window.roll, Qt.Key.Key_A)
    assert stage.engine.heard == [note_on(0, 60, 80), note_off(0, 60)]


def test_a_key_that_repeats_by_itself_is_one_long_note(stage: Stage) -> None:
    press, release = QEvent.Type.KeyPress, QEvent.Type.KeyRelease
    for kind, repeats in ((press, False), (release, True), (press, True), (release, False)):
        event = QKeyEvent(kind, Qt.Key.Key_A, Qt.KeyboardModifier.NoModifier, "a", repeats)
        QApplication.sendEvent(stage.window.roll, event)
        stage.wait(0.1)
    assert stage.engine.heard == [note_on(0, 60, 80), note_off(0, 60)]


def test_where_one_writes_the_keys_write(stage: Stage) -> None:
    stage.window.controls.seed.setFocus()
    stage.type(Qt.Key.Key_A, stage.window.controls.seed)
    assert stage.engine.heard == []


def test_shift_is_the_pedal(stage: Stage) -> None:
    QTest.keyPress(stage.window.roll, Qt.Key.Key_Shift)
    QTest.keyRelease(stage.window.roll, Qt.Key.Key_Shift)
    assert stage.engine.heard == [bytes([0xB0, 64, 127]), bytes([0xB0, 64, 0])]


def test_the_lower_a_key_is_clicked_the_louder_it_is(stage: Stage) -> None:
    keyboard = stage.window.keyboard
    middle_c = round(23.5 * keyboard.width() / 52)
    for y in (0.7, 0.99):
        where = QPoint(middle_c, round(y * keyboard.height()))
        QTest.mouseClick(keyboard, Qt.MouseButton.LeftButton, pos=where)
    struck = [data for data in stage.engine.heard if data[0] == 0x90]
    assert [data[1] for data in struck] == [60, 60]
    assert 80 < struck[0][2] < struck[1][2] <= 120


def test_the_mouse_glides_from_key_to_key_and_leaves_none_down(stage: Stage) -> None:
    keyboard = stage.window.keyboard
    key = keyboard.width() / 52
    y = keyboard.height() - 3
    QTest.mousePress(keyboard, Qt.MouseButton.LeftButton, pos=QPoint(round(23.5 * key), y))
    QTest.mouseMove(keyboard, QPoint(round(24.5 * key), y))
    QTest.mouseRelease(keyboard, Qt.MouseButton.LeftButton, pos=QPoint(round(24.5 * key), y))
    played = [(data[0] & 0xF0, data[1]) for data in stage.engine.heard]
    assert played == [(0x90, 60), (0x80, 60), (0x90, 62), (0x80, 62)]


def test_every_pitch_is_where_its_key_is_painted(stage: Stage) -> None:
    keyboard = stage.window.keyboard
    for pitch in range(21, 109):
        key = keyboard._key(pitch)
        foot = key.center()
        foot.setY(key.bottom() - 1)
        assert keyboard._pitch_at(foot) == pitch


def test_panic_stops_everything_and_lets_go_of_what_the_screen_holds(stage: Stage) -> None:
    QTest.keyPress(stage.window.roll, Qt.Key.Key_A)
    stage.window.banner.panic.click()
    assert note_off(0, 60) in stage.engine.heard
    assert Panic() in stage.engine.told
    assert stage.errands(Hush)


# The sign


def test_the_sign_says_whose_turn_it_is(stage: Stage) -> None:
    sign = stage.window.banner.sign
    assert sign.word == "Listening"
    stage.tells(Turned(State.THINKING))
    assert sign.word == "Thinking"
    stage.tells(Turned(State.ANSWERING))
    assert sign.word == "Answering"
    assert sign.accessibleName() == "Answering"


def test_the_sign_counts_the_silence_down(stage: Stage) -> None:
    stage.plays(60)
    stage.tells(Hearing(1, 1.2))
    assert stage.window.banner.sign.remark == "The answer comes in 1.0 s"
    stage.wait(0.5)
    assert stage.window.banner.sign.remark == "The answer comes in 0.5 s"


def test_before_the_engine_is_ready_nothing_is_promised(
    stages: Callable[..., Stage], tmp_path: Path
) -> None:
    stage = stages(tmp_path)
    stage.window.tick()
    assert stage.window.banner.sign.word == "One moment"


def test_enter_hands_over_and_escape_stops(stage: Stage) -> None:
    stage.type(Qt.Key.Key_Return)
    stage.type(Qt.Key.Key_Escape)
    assert stage.engine.told == [HandOver(), Stop()]


def test_buttons_that_would_do_nothing_cannot_be_pressed(stage: Stage) -> None:
    banner = stage.window.banner
    assert not banner.answer.isEnabled()
    assert not banner.stop.isEnabled()
    assert not banner.keep.isEnabled()
    stage.plays(60)
    stage.tells(Hearing(1, 9.0))
    assert banner.answer.isEnabled()
    assert banner.keep.isEnabled()
    stage.tells(Turned(State.ANSWERING))
    assert banner.stop.isEnabled()


def test_the_red_light_is_on_while_there_is_a_take(stage: Stage) -> None:
    assert not stage.window.banner.light.is_on
    stage.plays(60)
    stage.wait(65.0)
    assert stage.window.banner.light.is_on
    assert stage.window.banner.time.text() == "1:05"


def test_keys_light_up_for_whoever_plays(stage: Stage) -> None:
    stage.tells(Sent(Send(note_on(0, 64, 80), 0.0, Player.MODEL), 0.0))
    assert stage.window.keyboard._lit == {64: (Player.MODEL, 80)}


# Settings


def settled(stage: Stage) -> list[EngineEvent]:
    """All that the engine was told but for its tuning, once a choice has stood still."""
    stage.wait(1.0)
    return [event for event in stage.engine.told if not isinstance(event, Retune)]


def tuned(stage: Stage) -> Retune:
    """How the engine was set to go on, last."""
    stage.wait(0.1)
    return [event for event in stage.engine.told if isinstance(event, Retune)][-1]


def test_the_knob_makes_all_three_wilder(stage: Stage) -> None:
    stage.window.controls.knob.setValue(100)
    taste = tuned(stage).taste
    assert (taste.pitch, taste.rhythm, taste.dynamics) == (2.0, 2.0, 2.0)


@pytest.mark.parametrize("name", ["pitch", "rhythm", "dynamics"])
def test_each_attribute_has_a_temperature_of_its_own(stage: Stage, name: str) -> None:
    getattr(stage.window.controls, name).setValue(0)
    taste = tuned(stage).taste
    assert getattr(taste, name) == 0.5
    assert sorted([taste.pitch, taste.rhythm, taste.dynamics]) == [0.5, 1.0, 1.0]


def test_top_p_length_silence_and_seed_reach_the_engine(stage: Stage) -> None:
    controls = stage.window.controls
    controls.top_p.setValue(80)
    controls.length.setCurrentIndex(controls.length.findData("32notes"))
    controls.length.activated.emit(0)
    controls.silence.setValue(12)
    controls.seed.setValue(77)
    told = tuned(stage)
    assert told.taste.top_p == 0.8
    assert told.length == Fixed(Limit(notes=32))
    assert told.silence.after([0.0]) == 1.2
    assert told.seed == 77
    assert controls.seed_is_kept.isChecked()


def pick(menu: QComboBox, data: object) -> None:
    menu.setCurrentIndex(menu.findData(data))
    menu.activated.emit(menu.currentIndex())


def test_key_register_and_voices_bound_the_answer(stage: Stage) -> None:
    controls = stage.window.controls
    assert not controls.scale.isEnabled()
    pick(controls.tonic, "D")
    assert controls.scale.isEnabled()
    pick(controls.scale, "pentatonic")
    pick(controls.register, "C3-C6")
    pick(controls.voices, 2)
    bounds = tuned(stage).taste.bounds
    assert bounds.classes == {2, 4, 6, 9, 11}
    assert (bounds.lowest, bounds.highest, bounds.most_at_once) == (48, 84, 2)


def test_everything_that_the_menus_offer_can_be_played(stage: Stage) -> None:
    controls = stage.window.controls
    for menu in (controls.tonic, controls.scale, controls.register, controls.voices):
        for n in range(menu.count()):
            pick(menu, menu.itemData(n))
            assert stage.evening.memory.choices.character.taste


def test_a_moved_knob_reaches_the_engine_while_it_answers(stage: Stage) -> None:
    stage.tells(Turned(State.ANSWERING))
    stage.window.controls.knob.setValue(90)
    assert tuned(stage).taste.pitch > 1.5
    assert Quit() not in stage.engine.told


def test_a_knob_being_turned_does_not_flood_the_engine(stage: Stage) -> None:
    for place in range(50, 80):
        stage.window.controls.knob.setValue(place)
        stage.wait(0.016)
    last = tuned(stage)
    told = [event for event in stage.engine.told if isinstance(event, Retune)]
    assert len(told) < 15
    assert last.taste == stage.evening.memory.choices.character.taste


def test_a_knob_that_is_not_moved_tells_nothing(stage: Stage) -> None:
    stage.wait(5.0)
    assert stage.engine.told == []


def test_another_model_is_taken_up_while_it_answers_and_the_take_goes_on(stage: Stage) -> None:
    stage.is_told(ModelsRead((("model3", CARD),), ()))
    stage.plays(60)
    stage.tells(Turned(State.ANSWERING))
    pick(stage.window.controls.model, "model3")
    [told] = settled(stage)
    assert isinstance(told, ChangeModel)
    assert told.path.stem == "model3"
    stage.tells(ModelChanged("model3", ""))
    assert stage.evening.scene.has_notes
    stage.tells(Turned(State.LISTENING))
    assert "model3" in stage.window.lateness.text()


def test_leafing_through_the_models_takes_up_only_the_last(stage: Stage) -> None:
    stage.is_told(ModelsRead((("model1", CARD), ("model3", CARD)), ()))
    for model in ("model1", "model3"):
        pick(stage.window.controls.model, model)
        stage.wait(0.1)
    assert [told.path.stem for told in settled(stage) if isinstance(told, ChangeModel)] == [
        "model3"
    ]
    assert settled(stage) == settled(stage)  # and only once


@pytest.mark.parametrize("mode", list(Mode))
def test_each_mode_is_a_button(stage: Stage, mode: Mode) -> None:
    for each in (*(other for other in Mode if other is not mode), mode):
        stage.window.controls.modes.buttons[each].click()
        stage.wait(0.1)
    assert tuned(stage).mode is mode
    assert stage.window.controls.modes.buttons[mode].isChecked()


def test_what_a_mode_does_not_heed_cannot_be_moved(stage: Stage) -> None:
    controls = stage.window.controls
    enabled = {}
    for mode, button in controls.modes.buttons.items():
        button.click()
        enabled[mode] = (controls.length.isEnabled(), controls.silence.isEnabled())
    assert enabled == {
        Mode.ANSWER: (True, True),
        Mode.ENDLESS: (False, True),
        Mode.DUET: (False, False),
    }


def test_in_a_duet_the_sign_does_not_speak_of_turns(stage: Stage) -> None:
    stage.window.controls.modes.buttons[Mode.DUET].click()
    stage.plays(60)
    stage.tells(Hearing(1, 9.0))
    assert "joins in" in stage.window.banner.sign.remark
    stage.tells(Turned(State.ANSWERING))
    assert stage.window.banner.sign.word == "Playing along"


def test_how_many_answers_are_thought_of_reaches_the_engine(stage: Stage) -> None:
    controls = stage.window.controls
    assert controls.thought_said.text() == "best of 8"
    controls.thought.setValue(0)
    assert tuned(stage).best_of == 1
    assert controls.thought_said.text() == "the first"


def test_density_and_thru_reach_the_engine(stage: Stage) -> None:
    controls = stage.window.controls
    controls.density.setValue(0)
    assert tuned(stage).density == 0.25
    controls.density.setValue(50)
    controls.thru.click()
    told = tuned(stage)
    assert (told.density, told.is_thru) == (1.0, False)


def test_what_is_turned_while_the_engine_begins_is_told_when_it_is_ready(
    stages: Callable[..., Stage], tmp_path: Path
) -> None:
    stage = stages(tmp_path)
    stage.window.tick()
    stage.window.controls.knob.setValue(100)
    stage.wait(1.0)
    assert stage.engine.told == []
    stage.tells(READY)
    assert tuned(stage).taste.pitch == 2.0


def test_another_answer_can_be_had_once_there_was_one(stage: Stage) -> None:
    again = stage.window.banner.again
    assert not again.isEnabled()
    stage.plays(60)
    stage.tells(Turned(State.ANSWERING))
    assert again.isEnabled()
    again.click()
    assert Again() in stage.engine.told
    stage.tells(Turned(State.LISTENING), Hearing(1, None))
    assert not again.isEnabled()


def test_a_preset_is_one_choice(stage: Stage) -> None:
    preset = stage.window.controls.preset
    preset.setCurrentIndex(1)
    preset.activated.emit(1)
    assert stage.evening.memory.choices.character == Character(0.75, 0.75, 0.8, 0.9)


def test_instrument_and_volume_go_to_the_output_at_once(stage: Stage) -> None:
    controls = stage.window.controls
    controls.instrument.setCurrentIndex(controls.instrument.findData(11))
    controls.instrument.activated.emit(0)
    controls.volume.setValue(60)
    controls.reverb.setValue(40)
    coloured = [bytes([0xC0, 11]), bytes([0xB0, 7, 60]), bytes([0xB0, 91, 40])]
    assert stage.engine.heard == coloured
    assert settled(stage) == [event for event in stage.engine.told if isinstance(event, Heard)]


def test_another_output_and_another_take_have_the_same_colour(stage: Stage) -> None:
    stage.window.controls.volume.setValue(60)
    stage.tells(PortsChanged(("Piano",), "Synth"))
    stage.tells(TakeEnded(True))
    assert stage.engine.heard == [bytes([0xB0, 7, 60])] * 3


def test_what_was_chosen_is_there_the_next_evening(
    stages: Callable[..., Stage], tmp_path: Path
) -> None:
    choices = Choices(character=Character(1.5, 1.5, 1.5, 0.9, "8s", 1.2), volume=50, instrument=6)
    stage = stages(tmp_path, Memory(choices))
    controls = stage.window.controls
    assert controls.knob.value() == 79
    assert controls.length.currentData() == "8s"
    assert controls.silence.value() == 12
    assert controls.volume.value() == 50
    assert controls.instrument.currentData() == 6
    stage.window.tick()
    stage.tells(READY)
    assert stage.engine.heard == [bytes([0xC0, 6]), bytes([0xB0, 7, 50])]
    stage.engine.to_tell.append(Ended())
    stage.window.close()
    assert stage.saved[-1].choices.character == choices.character


# Ports and models


def test_a_keyboard_that_is_plugged_in_is_listened_to(stage: Stage) -> None:
    stage.is_told(PortsSeen(("Piano",), ("Synth",)))
    assert settled(stage) == [ChangePorts(("Piano",), "synth")]
    menu = stage.window.controls.keyboard
    assert [menu.itemText(n) for n in range(menu.count())] == [
        "Every keyboard",
        "No keyboard",
        "Piano",
    ]


def test_the_first_engine_listens_to_what_is_plugged_in(
    stages: Callable[..., Stage], tmp_path: Path
) -> None:
    stage = stages(tmp_path, None, PortsSeen(("Piano", "Pads"), ()))
    stage.window.tick()
    assert [engine.plan.inputs for engine in stage.engines] == [("Piano", "Pads")]


def test_a_machine_that_does_not_say_what_is_plugged_in_is_played_on_all_the_same(
    stages: Callable[..., Stage], tmp_path: Path
) -> None:
    stage = stages(tmp_path)
    stage.stagehand.to_tell.clear()
    stage.wait(1.0)
    assert stage.engines == []
    stage.wait(3.0)
    assert len(stage.engines) == 1


def test_a_keyboard_that_is_unplugged_is_left_to_the_engine(stage: Stage) -> None:
    stage.is_told(PortsSeen(("Piano",), ()))
    before = settled(stage)
    stage.is_told(PortsSeen((), ()))
    assert settled(stage) == before


def test_a_model_that_has_gone_is_said_and_the_old_one_plays_on(stage: Stage) -> None:
    stage.evening.choose(replace(stage.evening.memory.choices, model="gone"))
    stage.wait(1.0)
    assert "gone" in stage.window.bar.sentence.text()
    assert settled(stage) == []
    stage.window.bar.act.click()
    assert stage.evening.memory.choices.model == ""


def test_nobody_is_listened_to_where_that_is_chosen(
    stages: Callable[..., Stage], tmp_path: Path
) -> None:
    stage = stages(tmp_path, Memory(Choices(keyboard=NOBODY)), PortsSeen(("Piano",), ()))
    stage.window.tick()
    assert stage.engine.plan.inputs == ()


def test_an_output_that_is_not_there_is_waited_for(
    stages: Callable[..., Stage], tmp_path: Path
) -> None:
    stage = stages(tmp_path, Memory(Choices(output="Synth")))
    stage.window.tick()
    assert stage.engine.plan.output == "synth"
    assert stage.window.controls.output.currentText() == "Synth (not there)"
    stage.tells(READY)
    stage.is_told(PortsSeen((), ("Synth",)))
    assert settled(stage) == [ChangePorts((), "Synth")]
    assert stage.window.controls.output.currentText() == "Synth"


def test_a_test_sound_can_be_asked_for_where_it_can_be_heard(stage: Stage) -> None:
    controls = stage.window.controls
    assert controls.test.isEnabled()
    controls.test.click()
    [playing] = stage.errands(PlayBack)
    assert isinstance(playing, PlayBack)
    assert len([data for _, data in playing.sounds if data[0] == 0x90]) == 4
    controls.show_choices(Choices(output=NONE))
    assert not controls.test.isEnabled()


def test_the_status_line_says_what_is_heard_and_how_late_it_is(stage: Stage) -> None:
    stage.wait(0.1)
    assert "hears Piano" in stage.window.lateness.text()
    stage.tells(Late(0.0042))
    assert "the worst 4.2 ms" in stage.window.lateness.text()
    assert "load 42 %" in stage.window.lateness.text()
    stage.tells(Dropped(3))
    assert "3 left out" in stage.window.lateness.text()


def test_a_daw_gets_ports_of_our_own(stage: Stage) -> None:
    output = stage.window.controls.output
    output.setCurrentIndex(output.findData(VIRTUAL))
    output.activated.emit(0)
    assert settled(stage) == [ChangePorts((VIRTUAL,), VIRTUAL)]


def test_each_models_card_is_its_tip(stage: Stage) -> None:
    stage.is_told(ModelsRead((("trial", CARD),), ()))
    model = stage.window.controls.model
    tip = model.itemData(model.findData("trial"), Qt.ItemDataRole.ToolTipRole)
    assert "random weights" in tip
    pick(model, "trial")
    assert model.toolTip() == tip
    assert "1.9" in tip


def test_a_model_that_is_broken_is_said(stage: Stage) -> None:
    stage.is_told(ModelsRead((), ("mine.onnx cannot be played.",)))
    assert stage.window.bar.sentence.text() == "mine.onnx cannot be played."


# Pedals and keys


def test_a_pedal_is_learnt_by_touching_it(stage: Stage) -> None:
    stage.window._open_bindings()
    [panel] = stage.window.findChildren(BindingsPanel)
    panel.learn[Action.HAND_OVER].click()
    assert stage.engine.told == [Learn()]
    assert panel.bound[Action.HAND_OVER].text() == "touch it now"
    stage.tells(Learnt(Controller(67)))
    bound = Bindings({Controller(67): Action.HAND_OVER})
    assert stage.engine.told == [Learn(), Bind(bound)]
    [errand] = stage.errands(WriteBindings)
    assert isinstance(errand, WriteBindings)
    assert errand.bindings == bound
    assert panel.bound[Action.HAND_OVER].text() == "pedal or knob (controller 67)"
    panel.forget[Action.HAND_OVER].click()
    assert stage.engine.told[-1] == Bind(Bindings())


def test_who_closes_the_panel_no_longer_teaches(stage: Stage) -> None:
    stage.window._open_bindings()
    [panel] = stage.window.findChildren(BindingsPanel)
    panel.learn[Action.STOP].click()
    panel.reject()
    stage.tells(Learnt(Key(21)))
    assert stage.engine.told == [Learn(), Learn(False)]


def test_what_a_pedal_sets_is_shown_by_the_controls_and_not_told_back(stage: Stage) -> None:
    now = settings(stage.evening.memory.choices)
    taste = replace(now.taste, pitch=1.5, rhythm=1.5, dynamics=1.5)
    to = Retune(taste, now.silence, now.length, now.seed, Mode.DUET)
    stage.tells(Done(Action.MODE, to))
    stage.wait(0.5)
    controls = stage.window.controls
    assert controls.modes.buttons[Mode.DUET].isChecked()
    assert controls.knob.value() == 79
    assert stage.engine.told == []


def test_what_is_bound_is_bound_the_next_evening(
    stages: Callable[..., Stage], tmp_path: Path
) -> None:
    (tmp_path / "settings.toml").write_text('[hands]\nstop = "key A0"\n')
    stage = stages(tmp_path / "takes")
    stage.window.tick()
    assert stage.engine.plan.bindings.control_of(Action.STOP) == Key(21)


def test_settings_that_cannot_be_read_are_said_and_one_plays_all_the_same(
    stages: Callable[..., Stage], tmp_path: Path
) -> None:
    (tmp_path / "settings.toml").write_text("[hands\n")
    stage = stages(tmp_path / "takes")
    assert "settings.toml" in stage.window.bar.sentence.text()
    stage.window.tick()
    assert len(stage.engines) == 1


# Trouble


def test_an_engine_that_cannot_begin_is_tried_again_only_when_asked(
    stages: Callable[..., Stage], tmp_path: Path
) -> None:
    stage = stages(tmp_path)
    stage.window.tick()
    stage.tells(Refused("The port is busy."), Ended())
    stage.wait(5.0)
    assert len(stage.engines) == 1
    assert stage.window.bar.sentence.text() == "The port is busy."
    assert stage.window.banner.sign.word == "Not playing"
    stage.window.bar.act.click()
    stage.window.tick()
    assert len(stage.engines) == 2


def test_an_engine_that_dies_while_it_plays_begins_again_by_itself(stage: Stage) -> None:
    stage.tells(Refused("The engine stopped unexpectedly."), Ended())
    stage.window.tick()
    assert len(stage.engines) == 2
    assert stage.window.bar.isVisible()


def test_what_the_player_has_closed_is_not_said_again(stage: Stage) -> None:
    stage.tells(Trouble("A port has gone."))
    stage.window.bar.close_.click()
    stage.tells(Trouble("A port has gone."))
    assert not stage.window.bar.isVisible()
    stage.tells(Trouble("Another has gone."))
    assert stage.window.bar.isVisible()


def test_a_folder_that_takes_cannot_be_kept_in_is_said(
    stages: Callable[..., Stage], tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    stage = stages(tmp_path / "file" / "takes")
    stage.window.tick()
    assert "cannot be kept" in stage.window.bar.sentence.text()
    assert stage.window.bar.act.text() == "Choose a folder…"
    assert stage.engines == []
    stage.evening.choose_folder(tmp_path / "takes")
    stage.window.tick()
    assert len(stage.engines) == 1


def test_a_recovered_take_is_said_and_looked_for(stage: Stage) -> None:
    before = len(stage.errands(ReadTakes))
    stage.tells(Remark("A take that was cut short is recovered."))
    assert stage.window.bar.isVisible()
    assert len(stage.errands(ReadTakes)) == before + 1


# Takes


def test_a_take_is_kept_and_shown_until_the_next_note(stage: Stage, take: Path) -> None:
    stage.plays(60)
    stage.window.banner.keep.click()
    assert NewTake() in stage.engine.told
    stage.tells(TakeEnded(True), Kept(take, None))
    assert stage.evening.opened is not None
    assert len(stage.evening.shown.notes) == 1
    assert ReadTakes(take.parent) in stage.stagehand.errands
    assert len(stage.engines) == 1
    assert not stage.window.banner.light.is_on
    stage.plays(62, at=5.0)
    assert stage.evening.opened is None
    assert [played.note.pitch for played in stage.evening.shown.notes] == [62]


def test_a_take_that_is_kept_late_does_not_hide_the_next(stage: Stage, take: Path) -> None:
    stage.plays(60)
    stage.window.banner.keep.click()
    stage.tells(TakeEnded(True))
    stage.plays(62, at=5.0)
    stage.tells(Kept(take, None))
    assert stage.evening.opened is None
    assert ReadTakes(take.parent) in stage.stagehand.errands


def test_a_discarded_take_can_be_had_back(stage: Stage, take: Path) -> None:
    stage.plays(60)
    stage.window.banner.discard.click()
    stage.tells(TakeEnded(True), Kept(take, None))
    assert not take.exists()
    stage.window.bar.act.click()
    assert take.exists()


def test_only_the_take_that_was_thrown_away_is(stage: Stage, take: Path) -> None:
    other = take.with_name("Wednesday.mid")
    other.write_bytes(take.read_bytes())
    stage.plays(60)
    stage.window.banner.keep.click()
    stage.tells(TakeEnded(True))
    stage.plays(62, at=5.0)
    stage.window.banner.discard.click()
    stage.tells(TakeEnded(True))
    stage.tells(Kept(take, None), Kept(other, None))
    assert take.exists()
    assert not other.exists()


def test_where_a_take_could_not_be_kept_nothing_else_is_thrown_away(
    stage: Stage, take: Path
) -> None:
    stage.plays(60)
    stage.window.banner.discard.click()
    stage.tells(TakeEnded(True), Trouble("The disk is full."))
    stage.plays(62, at=5.0)
    stage.window.banner.keep.click()
    stage.tells(TakeEnded(True), Kept(take, None))
    assert take.exists()


def test_a_take_that_comes_back_takes_the_place_of_no_other(stage: Stage, take: Path) -> None:
    stage.evening.delete(take)
    take.write_bytes(b"another")
    stage.window.bar.act.click()
    assert take.read_bytes() == b"another"
    assert take.with_name("Tuesday (2).mid").exists()


def test_a_take_in_the_list_is_opened_played_and_stopped(stage: Stage, take: Path) -> None:
    stage.is_told(TakesRead((listed(take),)))
    stage.window.takes.list.setCurrentRow(0)
    assert stage.errands(OpenTake) == [OpenTake(take)]
    stage.is_told(Opened(take, scene_of(rehearse(phrase_of(4)).take)))
    stage.window.takes.play.click()
    [playing] = stage.errands(PlayBack)
    assert isinstance(playing, PlayBack)
    assert (0.0, note_on(0, 60, 80)) in playing.sounds
    stage.is_told(PlaybackBegan(playing.number, stage.time))
    stage.wait(0.1)
    assert stage.window.keyboard._lit == {60: (Player.HUMAN, 80)}
    assert stage.window.takes.play.text() == "Stop"
    stage.window.takes.play.click()
    stage.window.tick()
    assert stage.errands(Hush)
    assert stage.window.takes.play.text() == "Play"


def test_a_take_that_is_not_open_yet_is_heard_as_soon_as_it_is(stage: Stage, take: Path) -> None:
    stage.is_told(TakesRead((listed(take),)))
    stage.window.takes.list.setCurrentRow(0)
    stage.window.takes.list.itemActivated.emit(stage.window.takes.list.item(0))
    assert stage.errands(PlayBack) == []
    stage.is_told(Opened(take, scene_of(rehearse(phrase_of(4)).take)))
    assert len(stage.errands(PlayBack)) == 1
    stage.is_told(Opened(take, scene_of(rehearse(phrase_of(4)).take)))
    assert len(stage.errands(PlayBack)) == 1


def test_two_answers_are_compared_by_choosing_the_other_while_one_plays(
    stage: Stage, take: Path
) -> None:
    scene = scene_of(rehearse(phrase_of(4)).take)
    stage.is_told(Opened(take, scene))
    stage.evening.play_back(0.0)
    stage.is_told(PlaybackBegan(1, stage.time))
    stage.wait(0.7)
    other = take.with_name("Tuesday, answer 2.mid")
    stage.is_told(Opened(other, scene))
    [_, second] = stage.errands(PlayBack)
    assert isinstance(second, PlayBack)
    struck = [data[1] for _, data in second.sounds if data[0] == 0x90]
    assert struck[0] == 63  # the phrase's notes at 0, 0.3 and 0.6 s were heard before
    stage.is_told(PlaybackBegan(2, stage.time))
    assert stage.evening.playing_at() == pytest.approx(0.7)


def test_one_goes_back_and_forth_between_two_takes_at_the_same_moment(
    stage: Stage, take: Path
) -> None:
    scene = scene_of(rehearse(phrase_of(4)).take)
    other = take.with_name("Tuesday, answer 2.mid")
    compare = stage.window.takes.compare
    stage.is_told(Opened(take, scene))
    assert not compare.isEnabled()
    stage.is_told(Opened(other, scene))
    compare.click()
    assert stage.errands(OpenTake) == [OpenTake(take)]
    stage.is_told(Opened(take, scene))
    stage.type(Qt.Key.Key_B)  # no more than a note
    compare.click()
    assert stage.errands(OpenTake) == [OpenTake(take), OpenTake(other)]


# What one thinks of it


def test_a_mark_is_given_to_the_answer_that_was_heard(stage: Stage, take: Path) -> None:
    marks = stage.window.marks
    assert not marks.isVisible()
    played = rehearse([*phrase_of(4), *phrase_of(3, at=20.0)]).take
    stage.is_told(Opened(take, scene_of(played)))
    assert marks.isVisible()
    marks.buttons[4].click()
    [errand] = stage.errands(Rate)
    assert isinstance(errand, Rate)
    assert (errand.mark, errand.folder) == (4, take.parent.with_name("ratings"))
    assert errand.exchange == scene_of(played).exchange(1)
    stage.evening.play_back(0.0)
    stage.is_told(PlaybackBegan(1, stage.time))
    assert not marks.buttons[4].isChecked()  # now the first is heard
    marks.buttons[2].click()
    assert stage.errands(Rate)[-1].exchange == scene_of(played).exchange(0)  # type: ignore[union-attr]
    stage.evening.hush()
    stage.wait(0.1)
    assert marks.buttons[4].isChecked()


def test_a_mark_given_while_it_answers_is_written_down_when_it_has(stage: Stage) -> None:
    told = rehearse(phrase_of(4)).told
    end = next(n for n, news in enumerate(told) if isinstance(news, Answered))
    stage.tells(*told[:end])
    stage.window.marks.buttons[5].click()
    assert stage.errands(Rate) == []
    stage.tells(*told[end:])
    [errand] = stage.errands(Rate)
    assert isinstance(errand, Rate)
    assert errand.mark == 5
    assert len(errand.exchange.phrase.notes) == 4
    assert stage.window.marks.buttons[5].isChecked()


def test_a_silent_window_plays_nothing_when_a_take_is_chosen(stage: Stage, take: Path) -> None:
    stage.is_told(Opened(take, scene_of(rehearse(phrase_of(4)).take)))
    assert stage.errands(PlayBack) == []


def test_the_end_of_an_earlier_playback_does_not_end_the_one_that_follows(stage: Stage) -> None:
    stage.plays(60)
    stage.evening.play_back(0.0)
    stage.evening.play_back(0.0)
    stage.is_told(PlaybackEnded(1), PlaybackBegan(2, stage.time))
    assert stage.evening.playing_at() == 0.0


def test_a_click_on_the_roll_plays_from_there(stage: Stage) -> None:
    for n in range(4):
        stage.plays(60 + n, at=float(n))
    stage.wait(4.0)
    roll = stage.window.roll
    x = round(roll.ruling.x(1.5, roll.left_edge))
    QTest.mouseClick(roll, Qt.MouseButton.LeftButton, pos=QPoint(x, 100))
    [playing] = stage.errands(PlayBack)
    assert isinstance(playing, PlayBack)
    struck = [data[1] for _, data in playing.sounds if data[0] == 0x90]
    assert struck == [62, 63]


def test_another_answer_is_asked_for_with_what_is_chosen_now(stage: Stage, take: Path) -> None:
    stage.is_told(TakesRead((listed(take),)))
    stage.window.takes.list.setCurrentRow(0)
    stage.window.controls.knob.setValue(100)
    stage.window.takes.another.click()
    [errand] = stage.errands(ThinkAgain)
    assert isinstance(errand, ThinkAgain)
    assert (errand.take, errand.character.pitch) == (take, 2.0)
    assert not stage.window.takes.another.isEnabled()
    stage.is_told(AnswerKept(take))
    assert stage.window.takes.another.isEnabled()
    assert OpenTake(take) in stage.stagehand.errands


def test_any_phrase_of_a_take_can_be_answered_once_more(stage: Stage, take: Path) -> None:
    played = rehearse([*phrase_of(4), *phrase_of(4, at=20.0)]).take
    stage.is_told(Opened(take, scene_of(played)))
    for moment in (played.answers[0].began_at, 19.5):
        menu = stage.window._roll_menu(moment)
        next(action for action in menu.actions() if "Another" in action.text()).trigger()
    answers = [errand.answer for errand in stage.errands(ThinkAgain)]  # type: ignore[union-attr]
    assert answers == [0, 1]


def test_what_is_being_played_is_answered_again_by_the_engine_alone(stage: Stage) -> None:
    stage.plays(60)
    assert not [a for a in stage.window._roll_menu(0.0).actions() if "Another" in a.text()]


def test_a_renamed_take_keeps_its_star(stage: Stage, take: Path) -> None:
    stage.evening.star(take)
    stage.evening.rename(take, "Wed/nes:day")
    assert (take.parent / "Wednesday.mid").exists()
    assert stage.evening.memory.stars == {"Wednesday.mid"}


def test_a_name_of_which_nothing_is_left_changes_nothing(stage: Stage, take: Path) -> None:
    stage.evening.rename(take, '..//:*?"..')
    assert take.exists()


def test_a_name_that_is_taken_is_not_taken_again(stage: Stage, take: Path) -> None:
    other = take.with_name("Other.mid")
    other.write_bytes(b"other")
    stage.evening.rename(take, "Other")
    assert take.exists()
    assert other.read_bytes() == b"other"
    assert stage.window.bar.isVisible()


def test_a_take_is_dragged_out_as_a_file(stage: Stage, take: Path) -> None:
    stage.is_told(TakesRead((listed(take),)))
    dragged = stage.window.takes.list.mimeData([stage.window.takes.list.item(0)])
    assert [url.toLocalFile() for url in dragged.urls()] == [str(take)]


def test_a_file_is_played_to_the_engine_as_the_player_would(stage: Stage, take: Path) -> None:
    stage.window.play_file(take)
    [told] = stage.engine.told
    assert isinstance(told, PlayPrompt)
    assert told.phrase.notes[0].pitch == 60


def dropped(window: Window, path: Path) -> bool:
    """Whether the window takes a file that is drawn over it, and lets it be dropped there."""
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path))])
    action, button = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton
    no_key = Qt.KeyboardModifier.NoModifier
    over = QDragEnterEvent(QPoint(300, 300), action, mime, button, no_key)
    QApplication.sendEvent(window, over)
    if over.isAccepted():
        QApplication.sendEvent(window, QDropEvent(QPointF(300, 300), action, mime, button, no_key))
    return over.isAccepted()


def test_a_file_that_is_dropped_on_the_window_is_played(stage: Stage, take: Path) -> None:
    assert dropped(stage.window, take)
    assert [type(told) for told in stage.engine.told] == [PlayPrompt]
    (take.parent / "words.txt").write_text("hello")
    assert not dropped(stage.window, take.parent / "words.txt")


def test_the_minuet_is_played_at_the_first_evening_by_one_button(
    stages: Callable[..., Stage], tmp_path: Path
) -> None:
    stage = stages(tmp_path)
    stage.window.tick()
    stage.window.help.try_it.click()
    assert stage.engine.told == []
    stage.tells(READY)
    assert [type(told) for told in stage.engine.told] == [PlayPrompt]


def test_a_file_that_is_no_phrase_is_said(stage: Stage, tmp_path: Path) -> None:
    (tmp_path / "x.mid").write_bytes(b"hello")
    stage.window.play_file(tmp_path / "x.mid")
    assert "is not a MIDI file" in stage.window.bar.sentence.text()


def test_an_errand_that_failed_is_said(stage: Stage) -> None:
    stage.is_told(Failed("The disk is full."))
    assert stage.window.bar.sentence.text() == "The disk is full."


@pytest.mark.parametrize(
    ("by", "order"),
    [("when", "cab"), ("name", "abc"), ("score", "bca"), ("mark", "acb"), ("length", "bac")],
)
def test_takes_are_sorted_as_one_likes(stage: Stage, take: Path, by: str, order: str) -> None:
    seen = replace(listed(take), score=None, mark=None)
    a = replace(seen, path=take.with_name("a.mid"), changed_at=2.0, seconds=5.0, mark=4.0)
    b = replace(seen, path=take.with_name("b.mid"), changed_at=1.0, seconds=9.0, score=0.9)
    c = replace(seen, path=take.with_name("c.mid"), changed_at=3.0, seconds=1.0, score=0.4, mark=2)
    stage.is_told(TakesRead((c, a, b)))
    pick(stage.window.takes.order, by)
    takes = stage.window.takes.list
    assert "".join(takes.item(n).text() for n in range(takes.count())) == order


def test_an_order_is_offered_where_there_is_something_to_go_by(stage: Stage, take: Path) -> None:
    order = stage.window.takes.order
    seen = listed(take)

    def offered() -> list[str]:
        view = order.view()
        assert isinstance(view, QListView)
        return [order.itemData(n) for n in range(order.count()) if not view.isRowHidden(n)]

    stage.is_told(TakesRead((seen,)))
    assert offered() == ["when", "name", "length"]
    stage.is_told(TakesRead((replace(seen, score=0.5),)))
    assert offered() == ["when", "name", "length", "score"]


def test_a_take_says_its_score_and_its_mark(take: Path) -> None:
    said = facts(replace(listed(take), score=0.81, mark=4.0), datetime.now())
    assert "81 %" in said
    assert "4 of 5" in said


# The window itself


def test_all_controls_are_in_sight_in_a_window_of_the_usual_size(stage: Stage) -> None:
    stage.window.resize(USUAL)
    QApplication.processEvents()
    for area in (stage.window.controls, stage.window.controls.sound):
        assert area.verticalScrollBar().maximum() == 0


@pytest.mark.parametrize("letters", [1, 1.5])
@pytest.mark.parametrize("speech", ["", GERMAN_SPOKEN, PSEUDO])
def test_in_a_small_window_no_word_is_cut_off(
    stages: Callable[..., Stage], tmp_path: Path, qapp: QApplication, speech: str, letters: float
) -> None:
    with speaking(qapp, speech), written(qapp, letters):
        window = stages(tmp_path).window
        window.resize(SMALLEST * letters)
        QTest.qWait(50)  # until all is laid out
        assert window.size() == SMALLEST * letters
        words = [
            each
            for each in window.findChildren(QWidget)
            if isinstance(each, QAbstractButton | QLabel | Sign)
            if each.isVisibleTo(window) and each is not window.lateness
        ]
        cut = [each for each in words if not fits(each)]
        assert cut == []


def fits(widget: QWidget) -> bool:
    """Whether what is written on a widget has its room."""
    needed, size = widget.minimumSizeHint(), widget.size()
    return needed.width() <= size.width() and needed.height() <= size.height()


def test_the_check_shows_every_finding_with_its_verdict(stage: Stage) -> None:
    stage.window._open_check()
    assert stage.errands(Check) == [Check(20.0)]
    [panel] = stage.window.findChildren(CheckPanel)
    found = (
        Finding("sound", "the built-in piano", "good", ""),
        Finding("a note of grand", "90 ms", "trouble", "Choose a smaller model."),
    )
    stage.is_told(Checked(found))
    words = " ".join(label.text() for label in panel.findChildren(QLabel))
    assert "the built-in piano" in words
    assert "Choose a smaller model." in words
    assert "not as it should be" in panel.said.text()


def test_a_check_that_fails_says_why(stage: Stage) -> None:
    stage.window._open_check()
    [panel] = stage.window.findChildren(CheckPanel)
    stage.is_told(Failed("The check did not come to an end: why."))
    assert panel.said.text() == "The check did not come to an end: why."


def test_the_help_comes_back_when_it_is_asked_for(stage: Stage) -> None:
    stage.plays(60)
    stage.window._show_help()
    stage.wait(1.0)
    assert stage.window.help.isVisible()
    stage.plays(62)
    assert not stage.window.help.isVisible()
    stage.window._show_help()
    stage.type(Qt.Key.Key_Escape)
    assert not stage.window.help.isVisible()


def test_closing_keeps_the_take_and_what_was_chosen(stage: Stage, take: Path) -> None:
    stage.plays(60)
    stage.tells(Turned(State.ANSWERING))
    stage.engine.to_tell.extend([Kept(take, None), Ended()])
    stage.window.close()
    assert Quit() in stage.engine.told
    assert take.exists()
    assert stage.stagehand.has_left
    assert stage.saved[-1].place


def test_the_help_is_there_at_first_and_goes_with_the_first_note(stage: Stage) -> None:
    assert stage.window.help.isVisible()
    stage.plays(60)
    assert not stage.window.help.isVisible()
    stage.plays(64, Player.MODEL, 1.0)
    assert stage.evening.memory.has_played


def test_what_is_played_back_stays_in_sight(stage: Stage, take: Path) -> None:
    roll = stage.window.roll
    stage.is_told(Opened(take, scene_of(rehearse(phrase_of(40)).take)))
    roll.set_zoom(300.0)
    roll.look_at_start()
    stage.evening.play_back(0.0)
    stage.is_told(PlaybackBegan(1, stage.time))
    for _ in range(60):
        stage.wait(0.1)
        at = stage.evening.playing_at()
        assert at is not None
        assert KEYS < roll.ruling.x(at, roll.left_edge) < roll.width()
    stage.type(Qt.Key.Key_Home, roll)
    left = roll.left_edge
    stage.wait(2.0)
    assert roll.left_edge == left  # who has scrolled away stays there


def test_scrolled_back_the_roll_stays_there_while_the_take_goes_on(stage: Stage) -> None:
    for n in range(30):
        stage.plays(60 + n % 12, at=float(n))
    stage.wait(30.0)
    roll = stage.window.roll
    stage.type(Qt.Key.Key_Home, roll)
    left = roll.left_edge
    stage.plays(64, at=30.0)
    stage.wait(3.0)
    assert roll.left_edge == left
    assert stage.window.to_present.isVisible()
    stage.window.to_present.click()
    assert roll.follows
    assert not stage.window.to_present.isVisible()


def test_a_note_that_ends_is_added_to_the_paper_that_is_drawn_once(stage: Stage) -> None:
    roll = stage.window.roll
    stage.plays(60, at=0.0)
    roll.grab()
    stage.plays(67, at=0.3)
    stage.wait(0.5)
    picture = roll.grab().toImage()
    middle = roll.ruling.rect(67, 0.3, 0.5, roll.left_edge).center().toPoint()
    assert picture.pixelColor(middle).name() == roll.look.shade(Player.HUMAN, 84).name()
    assert roll._paper.ledger.notes == 2
    assert len(roll._paper.ledger.between(0.0, 1.0)) == 2


@pytest.mark.parametrize("look", [DAY, NIGHT], ids=["day", "night"])
def test_notes_to_come_are_drawn_faint_beyond_the_present(stage: Stage, look: Look) -> None:
    roll = stage.window.roll
    roll.show_look(look)
    stage.plays(60)
    stage.wait(1.0)
    now = stage.evening.now()
    stage.tells(ToCome((Note(72, 127, now + 0.1, now + 0.4),)))
    middle = roll.ruling.rect(72, now + 0.1, now + 0.4, roll.left_edge).center().toPoint()
    seen, full = roll.grab().toImage().pixelColor(middle), look.shade(Player.MODEL, 127)
    assert seen.name() not in (full.name(), QColor(look.roll).name())
    assert abs(seen.red() - QColor(look.roll).red()) < abs(seen.red() - full.red())
    stage.tells(ToCome(()))
    assert roll.grab().toImage().pixelColor(middle).name() == QColor(look.roll).name()


@pytest.mark.parametrize("look", [DAY, NIGHT], ids=["day", "night"])
def test_both_players_are_told_apart_on_the_roll(stage: Stage, look: Look) -> None:
    stage.window.roll.show_look(look)
    stage.tells(
        Sent(Send(note_on(0, 60, 127), 0.0, Player.HUMAN), 0.0),
        Sent(Send(note_on(0, 72, 127), 0.0, Player.MODEL), 0.0),
        Sent(Send(note_off(0, 60), 1.0, Player.HUMAN), 0.0),
        Sent(Send(note_off(0, 72), 1.0, Player.MODEL), 0.0),
    )
    stage.wait(1.5)
    roll = stage.window.roll
    picture = roll.grab().toImage()
    for pitch, by in ((60, Player.HUMAN), (72, Player.MODEL)):
        middle = roll.ruling.rect(pitch, 0.0, 1.0, roll.left_edge).center().toPoint()
        assert picture.pixelColor(middle).name() == look.shade(by, 124).name()


def test_every_control_has_a_name_and_a_tip(stage: Stage) -> None:
    controls = stage.window.controls
    for name in (
        *("preset", "save_preset", "forget_preset", "knob", "more", "pitch", "rhythm", "dynamics"),
        *("thought", "density", "thru", "reverb"),
        *(
            "tonic",
            "register",
            "voices",
            "top_p",
            "model",
            "length",
            "silence",
            "keyboard",
            "output",
            "test",
            "instrument",
        ),
        *("volume", "seed", "seed_is_kept"),
    ):
        widget = getattr(controls, name)
        assert widget.accessibleName(), name
        assert widget.toolTip(), name
        assert widget.focusPolicy() & Qt.FocusPolicy.TabFocus, name


def show_everything(stage: Stage, take: Path) -> None:
    """All that can be in sight at once, and every panel."""
    stage.plays(60)
    stage.tells(Turned(State.ANSWERING))
    stage.is_told(TakesRead((listed(take),)), Opened(take, scene_of(rehearse(phrase_of(4)).take)))
    window = stage.window
    window.controls.more.setChecked(True)
    window.bar.say("Something is wrong.", "Try again", lambda: None)
    window._show_help()
    window._open_bindings()
    window._open_check()


def said_of(widget: QWidget) -> str:
    """What a screen reader says where one comes upon a widget."""
    seen = QAccessible.queryAccessibleInterface(widget)
    return "" if seen is None else seen.text(QAccessible.Text.Name)


def test_a_screen_reader_finds_a_name_for_everything(stage: Stage, take: Path) -> None:
    show_everything(stage, take)
    shown = [
        widget
        for panel in (stage.window, *stage.window.findChildren(QDialog))
        for widget in panel.findChildren(QWidget)
        if widget.isVisibleTo(panel) and not widget.objectName().startswith("qt_")  # Qt's own parts
    ]
    reached = [each for each in shown if each.focusPolicy() & Qt.FocusPolicy.TabFocus]
    painted = (Sign, RedLight, Keyboard, PianoRoll, QProgressBar)
    assert len(reached) > 50
    nameless = [each for each in (*reached, *shown) if not said_of(each)]
    assert [each for each in nameless if each in reached or isinstance(each, painted)] == []


def test_the_tab_key_goes_from_the_sign_to_the_takes_to_the_roll_to_the_controls(
    stage: Stage, take: Path
) -> None:
    show_everything(stage, take)
    for panel in stage.window.findChildren(QDialog):
        panel.reject()
    window = stage.window
    window.activateWindow()
    window.banner.again.setFocus()
    reached: list[QWidget] = []
    while (widget := QApplication.focusWidget()) is not None and widget not in reached:
        reached.append(widget)
        QTest.keyClick(widget, Qt.Key.Key_Tab)
    controls = window.controls
    stops = (
        *(window.banner.stop, window.banner.discard, window.bar.act, window.takes.list),
        *(window.takes.play, window.takes.another, controls.keyboard, controls.output),
        *(controls.test, controls.thru, window.roll, window.help.try_it, window.to_present),
        *(controls.preset, controls.knob, controls.more, controls.pitch, controls.top_p),
        *(controls.model, controls.length, controls.voices, controls.seed, controls.seed_is_kept),
    )
    assert [widget for widget in reached if widget in stops] == list(stops)


def test_who_has_written_a_number_plays_on(stage: Stage) -> None:
    seed, roll = stage.window.controls.seed, stage.window.roll
    seed.setFocus()
    seed.selectAll()
    for key in (Qt.Key.Key_4, Qt.Key.Key_2, Qt.Key.Key_Return):
        stage.type(key, seed)
    assert tuned(stage).seed == 42
    assert roll.hasFocus()
    seed.setFocus()
    stage.type(Qt.Key.Key_Escape, seed)
    assert roll.hasFocus()
    assert stage.engine.told[-1] == Stop()


def test_the_space_bar_plays_what_is_in_sight_and_stops_it(stage: Stage) -> None:
    stage.plays(60)
    stage.wait(1.0)
    stage.type(Qt.Key.Key_Space)
    [playing] = stage.errands(PlayBack)
    assert isinstance(playing, PlayBack)
    stage.is_told(PlaybackBegan(playing.number, stage.time))
    stage.type(Qt.Key.Key_Space)
    assert len(stage.errands(Hush)) == 1
    assert stage.evening.playback is None


def test_no_sound_is_a_choice_too(stages: Callable[..., Stage], tmp_path: Path) -> None:
    stage = stages(tmp_path, Memory(Choices(output=NONE)))
    stage.window.tick()
    assert stage.engine.plan.output == NONE


def test_a_take_in_the_list_says_its_length_and_who_played(take: Path) -> None:
    seen = listed(take)
    assert isinstance(seen, Listed)
    assert (seen.human, seen.answers, seen.maker) == (4, 1, "fake")
