"""The window offscreen: what each control does to the engine, and what it shows of it."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import pytest

if find_spec("PySide6") is None:
    pytest.skip("PySide6 is not installed: pip install 'antiphon[gui]'", allow_module_level=True)

import shiboken6
from PySide6.QtCore import QEvent, QPoint, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractSlider,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QLabel,
    QListWidget,
    QWidget,
)

from gui.check_panel import CheckPanel
from gui.choices import NOBODY, Character, Choices, Memory
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
    ReadTakes,
    TakesRead,
    ThinkAgain,
)
from gui.evening import Evening
from gui.look import DAY, NIGHT, Look
from gui.stagehand import listed, scene_of
from gui.window import Window
from performer.engine import Sent
from performer.length import Fixed, Limit
from performer.messages import (
    Again,
    HandOver,
    Hearing,
    Panic,
    Player,
    Quit,
    Remark,
    Retune,
    Send,
    State,
    Stop,
    Trouble,
    Turned,
)
from performer.midi import note_off, note_on
from performer.process import NONE, VIRTUAL, Ended, Kept, Plan, Ready, Refused
from performer.take import write_take
from tests.fakes import CARD, phrase_of, rehearse
from tests.gui_fakes import FakeEngine, FakeStagehand

NO_PORTS = PortsSeen((), ())
READY = Ready("trial", ("Piano",), "the built-in piano")


@pytest.fixture(scope="session")
def app() -> QApplication:
    patch = pytest.MonkeyPatch()
    patch.setenv("QT_QPA_PLATFORM", "offscreen")
    app = QApplication.instance() or QApplication([])
    patch.undo()
    assert isinstance(app, QApplication)
    app.setStyle("Fusion")
    return app


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
def stages(app: QApplication) -> Iterator[Callable[..., Stage]]:
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


def settled(stage: Stage) -> Plan:
    """The plan of the engine that plays once a choice has stood still."""
    stage.wait(1.0)
    stage.tells(Ended())
    stage.tells(READY)
    return stage.engine.plan


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


def test_another_model_waits_until_nobody_plays(stage: Stage) -> None:
    stage.tells(Turned(State.ANSWERING))
    stage.evening.choose(replace(stage.evening.memory.choices, model="model3"))
    stage.wait(5.0)
    assert Quit() not in stage.engine.told
    stage.tells(Turned(State.LISTENING))
    stage.wait(0.1)
    assert Quit() in stage.engine.told
    assert settled(stage).model.stem == "model3"


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
    assert stage.engine.heard == [bytes([0xC0, 11]), bytes([0xB0, 7, 60])]
    stage.wait(2.0)
    assert Quit() not in stage.engine.told


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
    assert settled(stage).inputs == ("Piano",)
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
    settled(stage)
    stage.is_told(PortsSeen((), ()))
    stage.wait(2.0)
    assert Quit() not in stage.engine.told


def test_a_model_that_has_gone_is_said_and_the_old_one_plays_on(stage: Stage) -> None:
    stage.evening.choose(replace(stage.evening.memory.choices, model="gone"))
    stage.wait(1.0)
    assert "gone" in stage.window.bar.sentence.text()
    assert Quit() not in stage.engine.told
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
    assert settled(stage).output == "Synth"
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
    stage.tells(Sent(Send(note_on(0, 64, 80), 0.0, Player.MODEL), 0.0042))
    assert "of the worst 4.2 ms" in stage.window.lateness.text()
    assert "load 42 %" in stage.window.lateness.text()


def test_a_daw_gets_ports_of_our_own(stage: Stage) -> None:
    output = stage.window.controls.output
    output.setCurrentIndex(output.findData(VIRTUAL))
    output.activated.emit(0)
    plan = settled(stage)
    assert (plan.output, plan.is_virtual) == (VIRTUAL, True)


def test_each_models_card_is_its_tip(stage: Stage) -> None:
    stage.is_told(ModelsRead((("trial", CARD),), ()))
    model = stage.window.controls.model
    tip = model.itemData(model.findData("trial"), Qt.ItemDataRole.ToolTipRole)
    assert "random weights" in tip
    assert "1.9" in tip


def test_a_model_that_is_broken_is_said(stage: Stage) -> None:
    stage.is_told(ModelsRead((), ("mine.onnx cannot be played.",)))
    assert stage.window.bar.sentence.text() == "mine.onnx cannot be played."


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
    stage.tells(Kept(take, None), Ended())
    assert stage.evening.opened is not None
    assert stage.evening.shown.notes
    assert ReadTakes(take.parent) in stage.stagehand.errands
    stage.tells(READY)
    assert stage.evening.shown.notes
    stage.plays(62)
    assert stage.evening.opened is None


def test_a_take_without_a_note_is_no_take(stage: Stage, take: Path) -> None:
    stage.tells(Kept(take, None), Ended())
    assert not take.exists()


def test_a_discarded_take_can_be_had_back(stage: Stage, take: Path) -> None:
    stage.plays(60)
    stage.window.banner.discard.click()
    stage.tells(Kept(take, None), Ended())
    assert not take.exists()
    stage.window.bar.act.click()
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
    x = round(roll._x(1.5, roll._left_edge()))
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
    stage.is_told(AnswerKept(take))
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
    stage.tells(Ended())
    prompt = stage.engine.plan.prompt
    assert prompt is not None
    assert prompt.notes[0].pitch == 60


def test_after_a_prompt_the_engine_listens_again(stage: Stage, take: Path) -> None:
    stage.window.play_file(take)
    stage.tells(Ended())
    stage.tells(READY, Ended())
    stage.window.tick()
    assert len(stage.engines) == 3
    assert stage.engine.plan.prompt is None


def test_a_file_that_is_no_phrase_is_said(stage: Stage, tmp_path: Path) -> None:
    (tmp_path / "x.mid").write_bytes(b"hello")
    stage.window.play_file(tmp_path / "x.mid")
    assert "is not a MIDI file" in stage.window.bar.sentence.text()


def test_an_errand_that_failed_is_said(stage: Stage) -> None:
    stage.is_told(Failed("The disk is full."))
    assert stage.window.bar.sentence.text() == "The disk is full."


# The window itself


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


def test_scrolled_back_the_roll_stays_there_while_the_take_goes_on(stage: Stage) -> None:
    for n in range(30):
        stage.plays(60 + n % 12, at=float(n))
    stage.wait(30.0)
    roll = stage.window.roll
    stage.type(Qt.Key.Key_Home, roll)
    left = roll._left_edge()
    stage.plays(64, at=30.0)
    stage.wait(3.0)
    assert roll._left_edge() == left
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
    middle = roll._rect(67, 0.3, 0.5, roll._left_edge()).center().toPoint()
    assert picture.pixelColor(middle).name() == roll.look.shade(Player.HUMAN, 84).name()
    placed = [played for notes in roll._sheets.notes.values() for played in notes]
    assert len(placed) == len(set(placed)) == 2


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
        middle = roll._rect(pitch, 0.0, 1.0, roll._left_edge()).center().toPoint()
        assert picture.pixelColor(middle).name() == look.shade(by, 124).name()


def test_every_control_has_a_name_and_a_tip(stage: Stage) -> None:
    controls = stage.window.controls
    for name in (
        *("preset", "save_preset", "forget_preset", "knob", "more", "pitch", "rhythm", "dynamics"),
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


def test_a_screen_reader_finds_a_name_for_everything_that_can_be_reached(stage: Stage) -> None:
    nameless = [
        widget
        for kind in (QAbstractButton, QComboBox, QAbstractSlider, QAbstractSpinBox, QListWidget)
        for widget in stage.window.findChildren(kind)
        if widget.isVisibleTo(stage.window)
        and widget.focusPolicy() is not Qt.FocusPolicy.NoFocus
        and not widget.objectName().startswith("qt_")  # parts of Qt's own controls
        and not (widget.accessibleName() or getattr(widget, "text", str)())
    ]
    assert nameless == []


def test_no_sound_is_a_choice_too(stages: Callable[..., Stage], tmp_path: Path) -> None:
    stage = stages(tmp_path, Memory(Choices(output=NONE)))
    stage.window.tick()
    assert stage.engine.plan.output == NONE


def test_a_take_in_the_list_says_its_length_and_who_played(take: Path) -> None:
    seen = listed(take)
    assert isinstance(seen, Listed)
    assert (seen.human, seen.answers, seen.maker) == (4, 1, "fake")
