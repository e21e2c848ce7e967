"""The window: everything on one page, from the sign at the top to the keys at the bottom.

The rule kept here: the window decides nothing about music. It paints the evening as it stands,
sixty times a second at most and only what changed, and hands on what a hand does. Nothing waits.
"""

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

import platformdirs
from PySide6.QtCore import QByteArray, QEvent, QObject, QPoint, QSize, Qt, QTimer, QUrl
from PySide6.QtGui import (
    QActionGroup,
    QCloseEvent,
    QDesktopServices,
    QDragEnterEvent,
    QDropEvent,
    QGuiApplication,
    QKeyEvent,
    QKeySequence,
    QResizeEvent,
)
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractSpinBox,
    QApplication,
    QFileDialog,
    QFrame,
    QHBoxLayout,
    QInputDialog,
    QLabel,
    QLineEdit,
    QMainWindow,
    QMenu,
    QMenuBar,
    QPushButton,
    QSizePolicy,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from gui.banner import Banner
from gui.bindings_panel import BindingsPanel
from gui.check_panel import CheckPanel
from gui.choices import DAY, NIGHT, PRESETS, SYSTEM, Character, Choices
from gui.controls import Controls
from gui.curves import percent
from gui.errands import Check, WriteNotes, WriteSound
from gui.evening import Evening
from gui.keyboard import Keyboard
from gui.look import Look, look_of, palette, style
from gui.marks import MARKS, Marks
from gui.notices import Bar, Help
from gui.piano_roll import KEYS, PianoRoll
from gui.takes import Takes
from gui.words import say
from performer.bundled_prompt import bundled_prompt
from performer.messages import Mode, Player
from performer.process import NONE, SYNTH, VIRTUAL
from performer.prompt import read_phrase
from performer.refusal import Refusal

FRAME = 16  # milliseconds: sixty frames a second
SMALLEST, USUAL = QSize(900, 600), QSize(1280, 800)
MARGIN = 10
SAVING = 2000  # milliseconds between a choice and its being written down
MIDI_FILES = "MIDI (*.mid *.midi)"
KEYS_OF_MARKS = [getattr(Qt.Key, f"Key_{mark}") for mark in MARKS]


class Window(QMainWindow):
    """The instrument on the screen."""

    def __init__(
        self,
        evening: Evening,
        save: Callable[[Evening], None],
        load: Callable[[], float | None],
    ) -> None:
        """A window on an evening; `save` is called when there is something to remember."""
        super().__init__()
        self.evening, self._save, self._load = evening, save, load
        _dress(look_of(evening.memory.look))  # first: what is made then has its size
        self.setWindowTitle("Antiphon")
        self.setMinimumSize(SMALLEST)
        self.resize(USUAL)
        self.setAcceptDrops(True)
        language = QGuiApplication.inputMethod().locale().language()
        self.banner, self.roll, self.keyboard = Banner(), PianoRoll(), Keyboard(language)
        self.controls, self.takes, self.bar = Controls(), Takes(), Bar()
        self.help = Help(self.roll)
        self.to_present = QPushButton(say("Back to now"), self.roll)
        self.marks = Marks(self.roll)
        self.lateness, self.typing = QLabel(), QLabel()
        self._place()
        self._make_menus()
        self._connect()
        self._saving = QTimer(self, interval=SAVING, singleShot=True)
        self._saving.timeout.connect(lambda: self._save(self.evening))
        self._frames = QTimer(self, interval=FRAME, timerType=Qt.TimerType.PreciseTimer)
        self._frames.timeout.connect(self.tick)
        self._was_moving = False
        self._asked = self.evening.in_question  # which answer marks are shown of
        self.show_look()

    # Making

    def _place(self) -> None:
        self.splitter = QSplitter(Qt.Orientation.Horizontal)
        self.splitter.setHandleWidth(MARGIN)
        self.left, self.right = self._left_side(), _panel(self.controls)
        for panel in (self.left, _panel(self.roll), self.right):
            self.splitter.addWidget(panel)
        self.splitter.setStretchFactor(1, 1)
        self.splitter.setChildrenCollapsible(False)
        self.splitter.setSizes([236, 784, 262])
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(MARGIN, MARGIN, MARGIN, 0)
        column.setSpacing(MARGIN)
        column.addWidget(self.banner)
        column.addWidget(self.bar)
        column.addWidget(self.splitter, 1)
        column.addWidget(self.keyboard)
        self.setCentralWidget(page)
        policy = self.lateness.sizePolicy()
        policy.setHorizontalPolicy(QSizePolicy.Policy.Ignored)  # it is cut short, not in the way
        self.lateness.setSizePolicy(policy)
        self.statusBar().addWidget(self.lateness, 1)
        self.statusBar().addPermanentWidget(self.typing)
        self.statusBar().setContentsMargins(MARGIN, 0, MARGIN, 0)
        self.statusBar().setSizeGripEnabled(False)
        if self.layoutDirection() is Qt.LayoutDirection.RightToLeft:
            self._mirror()
        self.to_present.hide()
        self.help.setVisible(not self.evening.memory.has_played)

    def _left_side(self) -> QWidget:
        """The takes, and beneath them what one plays on."""
        side = QWidget()
        column = QVBoxLayout(side)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(MARGIN)
        column.addWidget(_panel(self.takes), 1)
        column.addWidget(_panel(self.controls.sound))
        return side

    def _mirror(self) -> None:
        """What Qt leaves undone where one reads from right to left."""
        self.splitter.setContentsMargins(0, 0, 1, 0)  # it places its parts a pixel too far
        flush = (
            Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignAbsolute
        )  # whatever it begins with
        self.lateness.setAlignment(flush | Qt.AlignmentFlag.AlignVCenter)

    def _make_menus(self) -> None:
        take = self.menuBar().addMenu(say("Take"))
        self._add(take, say("Open a .mid as a phrase…"), self._ask_for_phrase, "Ctrl+O")
        self._add(take, say("Play the minuet to it"), self._try_minuet, "Ctrl+M")
        take.addSeparator()
        self._add(take, say("Another answer"), self.evening.answer_again, "Ctrl+R")
        self._add(take, say("Compare with the take before"), self.evening.compare, "Ctrl+B")
        self._add(take, say("Keep this take, begin a new one"), self.evening.keep, "Ctrl+S")
        self._add(take, say("Folder for takes…"), self._ask_for_folder)
        self._add(take, say("Show the folder"), self._show_folder)
        self._add_marks(take, self._rate, "Alt+")
        take.addSeparator()
        self._add(take, say("Quit"), self.close, "Ctrl+Q")
        view = self.menuBar().addMenu(say("View"))
        self._add(view, say("Nearer"), partial(self.roll.zoom_by, 1.25), "Ctrl++")
        self._add(view, say("Farther"), partial(self.roll.zoom_by, 0.8), "Ctrl+-")
        self._add(view, say("The whole take"), self.roll.show_whole, "Ctrl+0")
        self._add(view, say("Back to now"), self._to_present, "Ctrl+N")
        view.addSeparator()
        self._add_shown(view, say("Takes and sound"), self.left, "Ctrl+1")
        self._add_shown(view, say("Controls"), self.right, "Ctrl+2")
        self._add(view, say("Whole screen"), self._whole_screen, "F11")
        view.addSeparator()
        self._add_looks(view)
        aid = self.menuBar().addMenu(say("Help"))
        self._add(aid, say("Three sentences"), self._show_help, "F1")
        self._add(aid, say("Pedals and keys…"), self._open_bindings)
        self._add(aid, say("Check this machine…"), self._open_check)

    def _add_marks(self, menu: QMenu, give: Callable[[int], object], keys: str = "") -> None:
        """A menu of marks; where they have keys, each is its own number's."""
        marks = menu.addMenu(say("How was it?"))
        for mark in MARKS:
            shortcut = f"{keys}{mark}" if keys else ""
            self._add(marks, say("{mark} of 5", mark=mark), partial(give, mark), shortcut)

    def _add_looks(self, view: QMenu) -> None:
        looks = QActionGroup(self)
        for name, look in (
            (say("Light or dark as the system"), SYSTEM),
            (say("Light"), DAY),
            (say("Dark"), NIGHT),
        ):
            action = view.addAction(name)
            action.setCheckable(True)
            action.setChecked(look == self.evening.memory.look)
            action.triggered.connect(partial(self._choose_look, look))
            looks.addAction(action)

    def _add(self, menu: QMenu, name: str, does: Callable[[], object], keys: str = "") -> None:
        action = menu.addAction(name)
        action.setShortcut(QKeySequence(keys))
        action.triggered.connect(lambda _: does())

    def _add_shown(self, menu: QMenu, name: str, panel: QWidget, keys: str) -> None:
        action = menu.addAction(name)
        action.setCheckable(True)
        action.setChecked(True)
        action.setShortcut(QKeySequence(keys))
        action.toggled.connect(panel.setVisible)

    def _connect(self) -> None:
        evening, banner = self.evening, self.banner
        banner.asked_for_answer.connect(evening.answer_now)
        banner.asked_for_another.connect(evening.answer_again)
        banner.asked_to_stop.connect(evening.stop)
        banner.panicked.connect(self._panic)
        banner.asked_to_keep.connect(evening.keep)
        banner.asked_to_discard.connect(evening.discard)
        self.keyboard.struck.connect(evening.client.strike)
        self.keyboard.released.connect(evening.client.release)
        self.keyboard.pedalled.connect(evening.client.press_pedal)
        self.keyboard.typing_changed.connect(self._show_typing)
        self.roll.asked_to_hear.connect(evening.play_back)
        self.roll.asked_to_hush.connect(evening.hush)
        self.roll.asked_for_menu.connect(lambda at, where: self._roll_menu(at).exec(where))
        self.roll.resized.connect(self._place_on_roll)
        self.roll.moved.connect(lambda follows: self.to_present.setVisible(not follows))
        self.to_present.clicked.connect(self._to_present)
        self.marks.given.connect(evening.rate)
        self.help.asked_to_try.connect(self._try_minuet)
        self.controls.chosen.connect(self._choose)
        self.controls.asked_for_test_sound.connect(evening.test_sound)
        self.controls.asked_to_save_preset.connect(self._save_preset)
        self.controls.asked_to_forget_preset.connect(self._forget_preset)
        self._connect_takes()
        self._connect_evening()
        QGuiApplication.styleHints().colorSchemeChanged.connect(lambda: self.show_look())

    def _connect_takes(self) -> None:
        self.takes.chosen.connect(self.evening.open_take)
        self.takes.asked_to_play.connect(self._play_take)
        self.takes.asked_for_another.connect(self.evening.another_answer)
        self.takes.asked_for_menu.connect(self._open_take_menu)
        self.takes.asked_to_compare.connect(self.evening.compare)

    def _connect_evening(self) -> None:
        evening = self.evening
        evening.warned.connect(self.bar.say)
        evening.ports_seen.connect(self._show_ports)
        evening.models_read.connect(self._show_models)
        evening.takes_read.connect(self._show_takes)
        evening.take_opened.connect(self._show_opened)
        evening.folder_wanted.connect(self._want_folder)
        evening.choices_changed.connect(lambda: self.controls.show_choices(evening.memory.choices))
        evening.heard_answer.connect(self._save_soon)
        evening.thinking.connect(self.takes.show_thinking)

    # Going on

    def open(self) -> None:
        """Show everything as it was left, and begin."""
        memory = self.evening.memory
        self.controls.show_choices(memory.choices)
        self.controls.show_presets(memory.presets)
        self._show_ports()
        self._show_typing()
        self.restoreGeometry(QByteArray.fromBase64(memory.place.encode()))
        self.evening.open()
        app = QApplication.instance()
        if app is not None:
            app.installEventFilter(self)
        self.roll.setFocus()
        self._frames.start()

    def stop(self) -> None:
        """Paint no more, and let go of every key on the screen."""
        self._frames.stop()
        app = QApplication.instance()
        if app is not None:
            app.removeEventFilter(self)
        self.keyboard.release_all()

    def tick(self) -> None:
        """One frame: take in what was told, repaint what it changed."""
        before, struck = self.evening.shown, self.evening.scene.struck
        self.evening.go_on()
        live, shown = self.evening.scene, self.evening.shown
        now = self.evening.client.now()
        mode = Mode(self.evening.memory.choices.character.mode)
        self.banner.show_scene(live, now, mode, self.evening.is_halted)
        playing_at = self.evening.playing_at()
        self.keyboard.light(self.roll.lit_at(playing_at) if playing_at is not None else live.lit())
        self.takes.show_playing(self.evening.playback is not None)
        is_moving = playing_at is not None or (shown is live and live.moves(now))
        if is_moving or self._was_moving or shown is not before or not self.roll.is_finished:
            self.roll.show_scene(shown, self.evening.now, self.evening.playing_at)
            self.roll.update()
        self._was_moving = is_moving
        self.takes.show_comparable(self.evening.compared is not None)
        self._show_marks()
        self._show_status()
        if live.struck > struck:
            self.help.hide()

    def _show_marks(self) -> None:
        is_rateable = self.evening.is_rateable
        if is_rateable != self.marks.isVisibleTo(self.roll):
            self.marks.setVisible(is_rateable)
            self._place_on_roll()
        asked = self.evening.in_question
        if asked != self._asked:
            self._asked = asked
            self.marks.show_mark(self.evening.given)

    def _show_status(self) -> None:
        parts = (self._status(), self._score()) if self.evening.scene.is_ready else ()
        said = " · ".join(part for part in parts if part)
        if said != self.lateness.text():
            self.lateness.setText(said)
            self.lateness.setToolTip(said)

    def _status(self) -> str:
        begun, late = self.evening.scene.begun, self.evening.scene.lateness
        if late.notes == 0:
            inputs = ", ".join(begun.inputs) or say("the keys on the screen")
            return say(
                "{model} · hears {inputs} · sounds on {output}",
                model=begun.model,
                inputs=inputs,
                output=begun.output,
            )
        said = say(
            "{model} · last note {last} ms late, the worst {worst} ms",
            model=begun.model,
            last=f"{1000 * late.last:.1f}",
            worst=f"{1000 * late.worst:.1f}",
        )
        load = self._load()
        busy = "" if load is None else say("load {percent} %", percent=round(100 * load))
        lost = say("{count} left out", count=late.left_out) if late.left_out else ""
        return " · ".join(part for part in (said, lost, busy, begun.priority) if part)

    def _score(self) -> str:
        score = self.evening.scene.score
        return "" if score is None else f"{say('Score')} {percent(score)}"

    def _show_typing(self) -> None:
        down, up, softer, louder = self.keyboard.commands.values()
        self.typing.setText(
            say(
                "{down} {up} octave · {softer} {louder} touch: {touch} · Shift pedal",
                down=down,
                up=up,
                softer=softer,
                louder=louder,
                touch=self.keyboard.typing.velocity,
            )
        )

    def show_look(self) -> None:
        """By day or by night."""
        look = look_of(self.evening.memory.look)
        _dress(look)
        for widget in (self.banner, self.roll, self.keyboard, self.controls, self.takes):
            widget.show_look(look)

    # What the hand does

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:  # noqa: N802
        """Keys of the computer's play, wherever the focus is, but where one writes."""
        if event.type() in (QEvent.Type.KeyPress, QEvent.Type.KeyRelease):
            return self._on_key(event)
        if event.type() is QEvent.Type.ApplicationDeactivate:
            self.keyboard.release_all()
        return False

    def _on_key(self, event: QEvent) -> bool:
        focus = QApplication.focusWidget()
        is_elsewhere = QApplication.activePopupWidget() or QApplication.activeModalWidget()
        if not isinstance(event, QKeyEvent) or is_elsewhere or isinstance(focus, QMenuBar):
            return False
        is_pressed = event.type() is QEvent.Type.KeyPress
        if isinstance(focus, QLineEdit | QAbstractSpinBox):
            return is_pressed and self._ends_writing(event)
        return (is_pressed and self._commands(event)) or self.keyboard.type_key(event)

    def _ends_writing(self, event: QKeyEvent) -> bool:
        """Who has written what was to be written plays on."""
        match event.key():
            case Qt.Key.Key_Return | Qt.Key.Key_Enter:
                self.roll.setFocus()
            case Qt.Key.Key_Escape:
                self.roll.setFocus()
                self._stop()
            case _:
                return False
        return True

    def _commands(self, event: QKeyEvent) -> bool:
        focus = QApplication.focusWidget()
        is_control = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
        match event.key():
            case Qt.Key.Key_Escape if is_control:
                self._panic()
            case Qt.Key.Key_Escape:
                self._stop()
            case Qt.Key.Key_Return | Qt.Key.Key_Enter if focus is not self.takes.list:
                if isinstance(focus, QAbstractButton):
                    focus.click()
                else:
                    self.evening.answer_now()
            case key if focus is self.takes.list and key in KEYS_OF_MARKS:
                self._rate_chosen(KEYS_OF_MARKS.index(key) + 1)
            case Qt.Key.Key_F2 if self.takes.current is not None:
                self._rename(self.takes.current)
            case Qt.Key.Key_Delete if focus is self.takes.list and self.takes.current is not None:
                self.evening.delete(self.takes.current)
            case _:
                return False
        return True

    def _stop(self) -> None:
        self.help.hide()
        self.evening.stop()

    def _rate(self, mark: int) -> None:
        if self.evening.is_rateable:
            self.marks.buttons[mark].click()

    def _rate_chosen(self, mark: int) -> None:
        if self.takes.current is not None:
            self._rate_take(self.takes.current, mark)

    def _rate_take(self, path: Path, mark: int) -> None:
        self.evening.rate_take(path, mark)
        self.marks.show_mark(self.evening.given)

    def _panic(self) -> None:
        self.keyboard.release_all()
        self.evening.panic()

    def _to_present(self) -> None:
        self.evening.show_live()
        self.roll.follow()
        self.roll.setFocus()

    def _try_minuet(self) -> None:
        self.evening.play_prompt(bundled_prompt())

    def _choose(self, choices: Choices) -> None:
        self.evening.choose(choices)
        self._save_soon()

    def _choose_look(self, look: str) -> None:
        self.evening.choose_look(look)
        self.show_look()
        self._save_soon()

    def _save_soon(self) -> None:
        self._saving.start()

    def _whole_screen(self) -> None:
        if self.isFullScreen():
            self.showNormal()
        else:
            self.showFullScreen()

    def _show_help(self) -> None:
        self._place_on_roll()
        self.help.show()
        self.help.raise_()

    def _open_bindings(self) -> None:
        panel = BindingsPanel(self, self.evening.bindings)
        panel.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        panel.asked_to_learn.connect(self.evening.learn)
        panel.asked_to_forget.connect(self.evening.forget)
        shown = self.evening.bindings_changed.connect(
            lambda: panel.show_bindings(self.evening.bindings, self.evening.learning)
        )
        panel.finished.connect(lambda _: self.evening.bindings_changed.disconnect(shown))
        panel.show()

    def _open_check(self) -> None:
        panel = CheckPanel(self, look_of(self.evening.memory.look))
        panel.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        panel.asked.connect(lambda seconds: self.evening.ask(Check(seconds)))
        self.evening.checked.connect(panel.show_findings)
        self.evening.failed.connect(panel.show_failure)
        panel.show()
        panel.measure()

    # Presets

    def _save_preset(self) -> None:
        name, is_given = QInputDialog.getText(
            self, say("Preset"), say("What shall this way of answering be called?")
        )
        if not is_given or not name.strip() or name in [preset for preset, _ in PRESETS]:
            return
        character = self.evening.memory.choices.character
        self._remember_presets(self.evening.memory.with_preset(name.strip(), character).presets)

    def _forget_preset(self, name: str) -> None:
        self._remember_presets(self.evening.memory.without_preset(name).presets)

    def _remember_presets(self, presets: tuple[tuple[str, Character], ...]) -> None:
        self.evening.keep_presets(presets)
        self.controls.show_presets(self.evening.memory.presets)
        self._save_soon()

    # Phrases and takes

    def _ask_for_phrase(self) -> None:
        name, _ = QFileDialog.getOpenFileName(self, say("A phrase to answer"), "", MIDI_FILES)
        if name:
            self.play_file(Path(name))

    def play_file(self, path: Path) -> None:
        """Play a .mid as the player would, and have it answered."""
        try:
            self.evening.play_prompt(read_phrase(path))
        except Refusal as refusal:
            self.bar.say(str(refusal))

    def _ask_for_folder(self) -> None:
        name = QFileDialog.getExistingDirectory(self, say("Where takes are kept"))
        if name:
            self.evening.choose_folder(Path(name))
            self._save_soon()

    def _want_folder(self, sentence: str) -> None:
        self.bar.say(sentence, say("Choose a folder…"), self._ask_for_folder)

    def _show_folder(self) -> None:
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(self.evening.folder)))

    def _play_take(self, path: Path) -> None:
        if self.evening.playback is not None:
            self.evening.hush()
        else:
            self.evening.play_take(path)

    def _open_take_menu(self, path: Path, where: QPoint) -> None:
        self._take_menu(path).exec(where)

    def _take_menu(self, path: Path) -> QMenu:
        menu = QMenu(self)
        is_starred = path.name in self.evening.memory.stars
        self._add(menu, say("Rename…"), partial(self._rename, path), "F2")
        star = say("Take the star away") if is_starred else say("Star")
        self._add(menu, star, partial(self._star, path))
        self._add_marks(menu, partial(self._rate_take, path))
        menu.addSeparator()
        for name, only in (
            (say("Export .mid…"), None),
            (say("Export .mid, answers only…"), Player.MODEL),
        ):
            self._add(menu, name, partial(self._export_notes, path, only))
        self._add(menu, say("Export .wav…"), partial(self._export_sound, path))
        menu.addSeparator()
        self._add(menu, say("Delete"), partial(self.evening.delete, path), "Del")
        return menu

    def _roll_menu(self, moment: float) -> QMenu:
        """What can be done with what was played at a moment of the take in sight."""
        menu = QMenu(self)
        self._add(menu, say("Hear from here"), partial(self.evening.play_back, moment))
        opened, answer = self.evening.opened, self.evening.shown.answer_at(moment)
        if opened is not None and answer is not None:
            another = partial(self.evening.another_answer, opened.path, answer)
            self._add(menu, say("Another answer to this phrase"), another)
        self._add(menu, say("The whole take"), self.roll.show_whole)
        return menu

    def _rename(self, path: Path) -> None:
        name, is_given = QInputDialog.getText(
            self, say("Rename"), say("A name for this take:"), text=path.stem
        )
        if is_given and name.strip():
            self.evening.rename(path, name)
            self._save_soon()

    def _star(self, path: Path) -> None:
        self.evening.star(path)
        self._save_soon()

    def _export_notes(self, path: Path, only: Player | None) -> None:
        given = str(platformdirs.user_music_path() / path.name)
        name, _ = QFileDialog.getSaveFileName(self, say("Export"), given, MIDI_FILES)
        if name:
            self.evening.ask(WriteNotes(path, Path(name), only))

    def _export_sound(self, path: Path) -> None:
        given = str(platformdirs.user_music_path() / path.with_suffix(".wav").name)
        name, _ = QFileDialog.getSaveFileName(self, say("Export"), given, "WAV (*.wav)")
        if name:
            self.evening.ask(WriteSound(path, Path(name)))

    # What is told

    def _show_ports(self) -> None:
        outputs = [(say("Built-in piano"), SYNTH)]
        outputs += [(name, name) for name in self.evening.ports.outputs]
        outputs += [(say("A DAW, by ports of our own"), VIRTUAL), (say("No sound"), NONE)]
        self.controls.show_ports(self.evening.ports.inputs, outputs)

    def _show_models(self) -> None:
        self.controls.show_models(self.evening.models.cards)
        if self.evening.models.broken:
            self.bar.say(self.evening.models.broken[0])

    def _show_takes(self) -> None:
        opened = self.evening.opened
        self.takes.show_takes(self.evening.takes.takes, self.evening.memory.stars)
        self.takes.choose(None if opened is None else opened.path)

    def _show_opened(self) -> None:
        opened = self.evening.opened
        self.takes.choose(None if opened is None else opened.path)
        self.roll.show_scene(self.evening.shown, self.evening.now, self.evening.playing_at)
        if opened is None:
            self.roll.follow()
        else:
            self.roll.show_whole()
            self.help.hide()
        self.to_present.setVisible(opened is not None)

    # The window itself

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:  # noqa: N802
        """A .mid may be dropped."""
        if _dropped(event) is not None:
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:  # noqa: N802
        """It is played, and answered."""
        path = _dropped(event)
        if path is not None:
            self.play_file(path)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """The keys keep the proportions of keys."""
        super().resizeEvent(event)
        self.keyboard.setFixedHeight(self.keyboard.height_in(event.size()))

    def _place_on_roll(self) -> None:
        """The help in the middle, the way back in the corner."""
        room = self.roll.size() - QSize(MARGIN, MARGIN)
        size = self.help.sizeHint().boundedTo(room)
        size.setWidth(min(max(size.width(), 420), room.width()))
        size.setHeight(max(self.help.heightForWidth(size.width()), size.height()))
        self.help.resize(size)
        middle = self.roll.rect().center() - self.help.rect().center()
        self.help.move(middle)
        self.marks.adjustSize()
        left = min(KEYS + MARGIN, self.roll.width() - self.marks.width() - MARGIN)
        self.marks.move(max(left, 0), self.roll.height() - self.marks.height() - 20)
        button = self.to_present.sizeHint()
        self.to_present.resize(button)
        self.to_present.move(
            self.roll.width() - button.width() - MARGIN, self.roll.height() - button.height() - 20
        )

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802
        """Nothing is lost: the take is kept first, whoever plays."""
        self.stop()
        self.hide()
        self.evening.close()
        place = self.saveGeometry().toBase64().data()
        self.evening.remember_place(bytes(place).decode())
        self._save(self.evening)
        event.accept()


def _dress(look: Look) -> None:
    """All that Qt paints by itself, by day or by night."""
    app = QApplication.instance()
    if isinstance(app, QApplication) and app.styleSheet() != style(look):
        app.setPalette(palette(look))
        app.setStyleSheet(style(look))


def _panel(content: QWidget) -> QFrame:
    frame = QFrame()
    frame.setObjectName("panel")
    layout = QHBoxLayout(frame)
    layout.setContentsMargins(1, 1, 1, 1)
    layout.addWidget(content)
    return frame


def machine_load() -> float | None:
    """How busy the machine is, 1 being all it can do; None where it does not say so."""
    cores = os.cpu_count()
    return os.getloadavg()[0] / cores if hasattr(os, "getloadavg") and cores else None


def _dropped(event: QDropEvent) -> Path | None:
    """The .mid that is dropped, if it is one."""
    paths = [Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()]
    midi = [path for path in paths if path.suffix.lower() in (".mid", ".midi")]
    return midi[0] if midi else None
