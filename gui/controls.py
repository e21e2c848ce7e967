"""The controls: what one chooses, in a musician's words.

The rule kept here: a control shows what is chosen and tells when a hand moves it; it changes
nothing by itself. Every control has a name that a screen reader reads, a tip, and the Tab key's way
to it.
"""

import math
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial

from PySide6.QtCore import QRectF, QSignalBlocker, QSize, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import (
    QButtonGroup,
    QCheckBox,
    QComboBox,
    QDial,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QSlider,
    QSpinBox,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from gui.choices import (
    BEST_OF,
    DENSEST,
    EVERY,
    LARGEST_SEED,
    LEAST_TOP_P,
    LENGTHS,
    LONGEST_SILENCE,
    LOUDEST,
    NOBODY,
    PRESETS,
    REGISTERS,
    SHORTEST_SILENCE,
    SPARSEST,
    TAMEST,
    TONICS,
    VOICES,
    WILDEST,
    Character,
    Choices,
)
from gui.look import DAY, Look
from gui.words import say
from performer.messages import Mode
from performer.model_card import ModelCard
from performer.process import NONE, VIRTUAL
from performer.shelf import PREFERRED

SILENT = (NONE, VIRTUAL)  # outputs on which a test could not be heard here
STEPS = 100  # of the knob and the temperatures
START, SWEEP = 225.0, 270.0  # degrees: where the knob begins, and how far it turns
PERCENT = 100
TENTHS = 10
INSTRUMENTS = (  # General MIDI programs that answer like a keyboard
    (0, "Grand piano"),
    (1, "Bright piano"),
    (4, "Electric piano"),
    (6, "Harpsichord"),
    (8, "Celesta"),
    (11, "Vibraphone"),
    (12, "Marimba"),
    (19, "Church organ"),
    (24, "Guitar"),
    (46, "Harp"),
    (48, "Strings"),
    (52, "Choir"),
    (73, "Flute"),
)


def temperature(place: int, least: float = TAMEST, most: float = WILDEST) -> float:
    """The temperature (or density) at a place of the knob: the ends lie as far from 1.

    >>> temperature(0), temperature(50), temperature(100)
    (0.5, 1.0, 2.0)
    """
    heat: float = least * (most / least) ** (place / STEPS)
    return round(heat, 3)


def place_of(heat: float, least: float = TAMEST, most: float = WILDEST) -> int:
    """The knob's place for a temperature (or density).

    >>> place_of(1.0)
    50
    """
    return round(STEPS * math.log(heat / least) / math.log(most / least))


class Modes(QWidget):
    """How the two play together: one of three, side by side."""

    chosen = Signal(str)

    def __init__(self) -> None:
        """None is chosen yet."""
        super().__init__()
        self.buttons = {
            Mode.ANSWER: _mode(say("Answer"), say("You play, it answers, in turn.")),
            Mode.ENDLESS: _mode(say("Endless"), say("It goes on until you strike a key.")),
            Mode.DUET: _mode(say("Duet"), say("It plays along while you play.")),
        }
        group = QButtonGroup(self)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        for mode, button in self.buttons.items():
            group.addButton(button)
            row.addWidget(button, 1)
            button.clicked.connect(partial(self.chosen.emit, mode.value))

    def show_mode(self, mode: Mode) -> None:
        """Show which is chosen, and tell nobody."""
        self.buttons[mode].setChecked(True)


class Knob(QDial):
    """One large knob from tame to wild."""

    def __init__(self) -> None:
        """A knob that stands in the middle."""
        super().__init__()
        self.look: Look = DAY
        self.setRange(0, STEPS)
        self.setSingleStep(2)
        self.setPageStep(10)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def sizeHint(self) -> QSize:  # noqa: N802
        """Large."""
        size = round(6.2 * self.fontMetrics().height())
        return QSize(size, size)

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        """As large."""
        return self.sizeHint()

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802
        """A ring that fills as it gets wilder, and a pointer."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        size = min(self.width(), self.height()) - 14
        ring = QRectF((self.width() - size) / 2, (self.height() - size) / 2, size, size)
        share = self.value() / STEPS
        self._paint_arc(painter, ring, 1.0, self.look.line)
        self._paint_arc(painter, ring, share, self.look.model)
        inner = ring.adjusted(11, 11, -11, -11)
        painter.setPen(QPen(QColor(self.look.human if self.hasFocus() else self.look.line), 2))
        painter.setBrush(QColor(self.look.raised))
        painter.drawEllipse(inner)
        painter.translate(inner.center())
        painter.rotate(SWEEP * (share - 0.5))
        painter.setPen(
            QPen(QColor(self.look.text), 3, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap)
        )
        radius = inner.width() / 2
        painter.drawLine(0, round(-radius * 0.5), 0, round(-radius * 0.85))

    def _paint_arc(self, painter: QPainter, ring: QRectF, share: float, colour: str) -> None:
        pen = QPen(QColor(colour), 6, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap)
        painter.setPen(pen)
        painter.drawArc(ring, round(16 * START), round(-16 * SWEEP * share))


class Controls(QScrollArea):
    """All that can be chosen."""

    chosen = Signal(object)  # Choices
    asked_for_test_sound = Signal()
    asked_to_save_preset = Signal()
    asked_to_forget_preset = Signal(str)

    def __init__(self) -> None:
        """Controls that show what is chosen at first."""
        super().__init__()
        self.choices = Choices()
        self._own_presets: tuple[tuple[str, Character], ...] = ()
        self._make_character()
        self._make_answer()
        self._make_bounds()
        self._make_sound()
        self._make_seed()
        column = QWidget()
        layout = QVBoxLayout(column)
        layout.setContentsMargins(12, 10, 12, 10)
        layout.setSpacing(6)
        self._place(layout)
        self.sound = self._placed_sound()
        layout.addStretch(1)
        _scrolling(self, column)
        self._connect()
        self.show_choices(self.choices)

    # Making

    def _make_character(self) -> None:
        self.preset = _menu(say("Preset"), say("A whole way of answering, by its name."))
        self.save_preset = _small_button("+", say("Keep this way of answering under a name."))
        self.forget_preset = _small_button("-", say("Forget this preset of yours."))
        self.knob = Knob()
        _name(self.knob, say("Tame to wild"), say("How far the answer strays from the expected."))
        self.tame, self.wild = _quiet(say("tame")), _quiet(say("wild"))
        self.more = QToolButton()
        self.more.setCheckable(True)
        name = say("Pitch, rhythm, dynamics")
        self.more.setText(f"{name}  ▾")
        _name(self.more, name, say("Turn each of them apart from the others."))
        self.pitch = _slider(say("Pitch"), say("Tame keeps to the key, wild leaves it."))
        self.rhythm = _slider(say("Rhythm"), say("Tame keeps the beat, wild plays around it."))
        self.dynamics = _slider(say("Dynamics"), say("Tame plays evenly, wild from p to f."))
        self.top_p = _slider(
            say("Choice"),
            say("How many of the likely notes are considered: all, or only the best."),
        )
        self.top_p.setRange(round(PERCENT * LEAST_TOP_P), PERCENT)

    def _make_answer(self) -> None:
        self.modes = Modes()
        self.model = _menu(say("Model"), say("Who answers."))
        self.length = _menu(say("Length"), say("How long an answer is."))
        for length in LENGTHS:
            self.length.addItem(_length_said(length), length)
        self.silence = _slider(
            say("Silence"),
            say("How long you pause before it answers; left: it follows your tempo."),
        )
        self.silence.setRange(round(TENTHS * SHORTEST_SILENCE) - 1, round(TENTHS * LONGEST_SILENCE))
        self.silence_said = _quiet("")
        self.thought = _slider(
            say("Thought"),
            say("Left it plays its first thought, right the best of eight; it costs you no time."),
        )
        self.thought.setRange(0, len(BEST_OF) - 1)
        self.thought.setPageStep(1)
        self.thought_said = _quiet("")
        self.density = _slider(
            say("Density"), say("Left it leaves room, right it fills it; in the middle as learnt.")
        )

    def _make_bounds(self) -> None:
        self.tonic = _menu(say("Key"), say("The answer stays in this key."))
        self.tonic.addItem(say("Any"), "")
        for tonic in TONICS:
            self.tonic.addItem(tonic.replace("#", "♯").replace("b", "♭"), tonic)
        self.scale = _menu(say("Scale"), say("The scale of that key."))
        for scale, name in (("major", "Major"), ("minor", "Minor"), ("pentatonic", "Pentatonic")):
            self.scale.addItem(say(name), scale)
        for menu in (self.tonic, self.scale):
            menu.setMinimumContentsLength(4)
        self.register = _menu(say("Register"), say("Where on the piano the answer stays."))
        self.register.addItem(say("Whole piano"), "")
        for register in REGISTERS:
            self.register.addItem(register.replace("-", " \N{EN DASH} "), register)
        self.voices = _menu(say("Voices"), say("How many keys the answer holds at once, at most."))
        for voices in VOICES:
            self.voices.addItem(str(voices), voices)

    def _make_sound(self) -> None:
        self.keyboard = _menu(say("Keyboard"), say("What Antiphon listens to."))
        self.output = _menu(say("Sound"), say("Where the music is heard."))
        self.test = QPushButton(say("Test"))
        _name(self.test, say("Test sound"), say("Four notes: do you hear them?"))
        self.quoting = QCheckBox(say("It may quote: the title is shown"))
        _name(
            self.quoting,
            self.quoting.text(),
            say("Off, what is about to quote a piece it learnt from for long is composed anew."),
        )
        self.thru = QCheckBox(say("My keyboard sounds here too"))
        _name(
            self.thru, self.thru.text(), say("Take it off where your keyboard has its own sound.")
        )
        self.instrument = _menu(say("Instrument"), say("The sound of both players."))
        for program, name in INSTRUMENTS:
            self.instrument.addItem(say(name), program)
        for menu in (self.keyboard, self.output, self.instrument):
            menu.setMinimumContentsLength(8)
        self.volume = _slider(say("Volume"), say("How loud both players are."))
        self.volume.setRange(0, LOUDEST)
        self.reverb = _slider(say("Reverb"), say("How large the room is that both play in."))
        self.reverb.setRange(0, LOUDEST)

    def _make_seed(self) -> None:
        self.seed = QSpinBox()
        self.seed.setRange(0, LARGEST_SEED)
        self.seed.setKeyboardTracking(False)
        self.seed.setButtonSymbols(QSpinBox.ButtonSymbols.NoButtons)
        _name(self.seed, say("Seed"), say("The same seed and the same phrase: the same answer."))
        self.seed_is_kept = QCheckBox(say("keep"))
        _name(
            self.seed_is_kept, say("Keep the seed"), say("Do not draw another seed for each take.")
        )

    def _place(self, column: QVBoxLayout) -> None:
        column.addWidget(self.modes)
        column.addLayout(_beside(self.preset, self.save_preset, self.forget_preset))
        column.addWidget(self._placed_knob())
        column.addWidget(self.more, 0, Qt.AlignmentFlag.AlignHCenter)
        self.apart = QWidget()
        apart = _form(self.apart, (self.pitch, self.rhythm, self.dynamics, self.top_p))
        apart.setContentsMargins(0, 0, 0, 0)
        self.apart.setVisible(False)
        column.addWidget(self.apart)
        answer = QWidget()
        _form(
            answer,
            (
                *(self.model, self.thought, self.length, self.silence, self.density),
                *(self.tonic, self.register, self.voices),
            ),
            says={1: self.thought_said, 3: self.silence_said, 5: self.scale},
        )
        column.addWidget(answer)
        column.addWidget(self.quoting)
        column.addWidget(_rule())
        chance = QHBoxLayout()
        chance.addWidget(_quiet(say("Seed")))
        chance.addWidget(self.seed, 1)
        chance.addWidget(self.seed_is_kept)
        column.addLayout(chance)

    def _placed_sound(self) -> QScrollArea:
        """What is played on and heard: it stands beside the takes, in sight where there is room."""
        content = QWidget()
        column = QVBoxLayout(content)
        column.setContentsMargins(10, 6, 10, 10)
        column.setSpacing(6)
        fields = QWidget()
        _form(
            fields,
            (self.keyboard, self.output, self.instrument, self.volume, self.reverb),
            says={1: self.test},
        )
        column.addWidget(fields)
        column.addWidget(self.thru)
        area = _scrolling(QScrollArea(), content)
        area.setSizeAdjustPolicy(QScrollArea.SizeAdjustPolicy.AdjustToContents)
        area.setMinimumWidth(content.minimumSizeHint().width())
        return area

    def _placed_knob(self) -> QWidget:
        desk = QWidget()
        desk.setLayoutDirection(Qt.LayoutDirection.LeftToRight)
        knob = QHBoxLayout(desk)
        knob.setContentsMargins(0, 0, 0, 0)
        knob.addStretch(1)
        for widget, where in (
            (self.tame, Qt.AlignmentFlag.AlignBottom),
            (self.knob, Qt.AlignmentFlag.AlignCenter),
            (self.wild, Qt.AlignmentFlag.AlignBottom),
        ):
            knob.addWidget(widget, 0, where)
        knob.addStretch(1)
        return desk

    def _connect(self) -> None:
        self.knob.valueChanged.connect(
            lambda place: self._choose_character(
                self.choices.character.as_wild_as(temperature(place))
            )
        )
        self.more.toggled.connect(self._open_more)
        for slider, named in (
            (self.pitch, "pitch"),
            (self.rhythm, "rhythm"),
            (self.dynamics, "dynamics"),
        ):
            slider.valueChanged.connect(self._turner(named))
        self.top_p.valueChanged.connect(
            lambda percent: self._choose_character(
                replace(self.choices.character, top_p=percent / PERCENT)
            )
        )
        self.density.valueChanged.connect(
            lambda place: self._choose_character(
                replace(self.choices.character, density=temperature(place, SPARSEST, DENSEST))
            )
        )
        self.thought.valueChanged.connect(
            lambda place: self._choose_character(
                replace(self.choices.character, best_of=BEST_OF[place])
            )
        )
        self.modes.chosen.connect(
            lambda mode: self._choose_character(replace(self.choices.character, mode=mode))
        )
        for menu in (self.length, self.tonic, self.scale, self.register, self.voices):
            menu.activated.connect(self._choose_from_menus)
        self.silence.valueChanged.connect(self._choose_silence)
        self.preset.activated.connect(self._choose_preset)
        self.save_preset.clicked.connect(self.asked_to_save_preset)
        self.forget_preset.clicked.connect(
            lambda: self.asked_to_forget_preset.emit(self.preset.currentText())
        )
        self._connect_sound()

    def _connect_sound(self) -> None:
        self.model.activated.connect(
            lambda: self._choose(replace(self.choices, model=self.model.currentData()))
        )
        self.keyboard.activated.connect(
            lambda: self._choose(replace(self.choices, keyboard=self.keyboard.currentData()))
        )
        self.output.activated.connect(
            lambda: self._choose(replace(self.choices, output=self.output.currentData()))
        )
        self.instrument.activated.connect(
            lambda: self._choose(replace(self.choices, instrument=self.instrument.currentData()))
        )
        self.volume.valueChanged.connect(
            lambda volume: self._choose(replace(self.choices, volume=volume))
        )
        self.reverb.valueChanged.connect(
            lambda reverb: self._choose(replace(self.choices, reverb=reverb))
        )
        self.thru.toggled.connect(
            lambda is_thru: self._choose(replace(self.choices, is_thru=is_thru))
        )
        self.quoting.toggled.connect(lambda may: self._choose(replace(self.choices, may_quote=may)))
        self.seed.valueChanged.connect(
            lambda seed: self._choose(replace(self.choices, seed=seed, seed_is_kept=True))
        )
        self.seed_is_kept.toggled.connect(
            lambda is_kept: self._choose(replace(self.choices, seed_is_kept=is_kept))
        )
        self.test.clicked.connect(self.asked_for_test_sound)

    # Showing

    def show_choices(self, choices: Choices) -> None:
        """Show what is chosen, and tell nobody."""
        self.choices = choices
        character = choices.character
        for slider, value in (
            (self.knob, place_of(character.wildness)),
            (self.pitch, place_of(character.pitch)),
            (self.rhythm, place_of(character.rhythm)),
            (self.dynamics, place_of(character.dynamics)),
            (self.top_p, round(PERCENT * character.top_p)),
            (self.silence, round(TENTHS * character.silence) or self.silence.minimum()),
            (self.thought, BEST_OF.index(character.best_of)),
            (self.density, place_of(character.density, SPARSEST, DENSEST)),
            (self.volume, choices.volume),
            (self.reverb, choices.reverb),
            (self.seed, choices.seed),
        ):
            with QSignalBlocker(slider):
                slider.setValue(value)
        for menu, data in (
            (self.length, character.length),
            (self.tonic, character.tonic),
            (self.scale, character.scale),
            (self.register, character.register),
            (self.voices, character.voices),
            (self.instrument, choices.instrument),
            (self.model, choices.model),
            (self.keyboard, choices.keyboard),
            (self.output, choices.output),
        ):
            menu.setCurrentIndex(menu.findData(data))
        for box, is_on in (
            (self.seed_is_kept, choices.seed_is_kept),
            (self.thru, choices.is_thru),
            (self.quoting, choices.may_quote),
        ):
            with QSignalBlocker(box):
                box.setChecked(is_on)
        self._show_what_counts(choices)
        best_of = character.best_of
        self.thought_said.setText(
            say("the first") if best_of == 1 else say("best of {count}", count=best_of)
        )
        self.silence_said.setText(
            f"{character.silence:.1f} s" if character.silence else say("follows you")
        )
        self._show_preset()

    def _show_what_counts(self, choices: Choices) -> None:
        """A control that would change nothing cannot be moved."""
        mode = Mode(choices.character.mode)
        self.modes.show_mode(mode)
        self.scale.setEnabled(bool(choices.character.tonic))
        self.length.setEnabled(mode is Mode.ANSWER)
        self.thought.setEnabled(mode is not Mode.DUET)
        self.silence.setEnabled(mode is not Mode.DUET)
        self.test.setEnabled(choices.output not in SILENT)
        card = self.model.currentData(Qt.ItemDataRole.ToolTipRole)
        self.model.setToolTip(card or say("Who answers."))

    def show_presets(self, own: tuple[tuple[str, Character], ...]) -> None:
        """Offer these presets of the player's, after those that came with it."""
        self._own_presets = own
        self.preset.clear()
        for name, character in (*((say(name), each) for name, each in PRESETS), *own):
            self.preset.addItem(name, character)
        self._show_preset()

    def show_models(self, cards: Iterable[tuple[str, ModelCard]]) -> None:
        """Offer these models; each one's card is its tip."""
        self.model.clear()
        tip = Qt.ItemDataRole.ToolTipRole
        self.model.addItem(say("The best there is"), "")
        for name, card in cards:
            self.model.addItem(name, name)
            self.model.setItemData(self.model.count() - 1, card_said(card), tip)
        best = next((n for n in map(self.model.findData, PREFERRED) if n >= 0), -1)
        self.model.setItemData(0, self.model.itemData(best, tip), tip)
        self.model.setCurrentIndex(max(self.model.findData(self.choices.model), 0))
        self._show_what_counts(self.choices)

    def show_ports(self, inputs: tuple[str, ...], outputs: Iterable[tuple[str, str]]) -> None:
        """Offer these inputs, and these outputs by what they are called and what they are."""
        names = [(say("Every keyboard"), EVERY), (say("No keyboard"), NOBODY)]
        names += [(name, name) for name in inputs]
        _fill(self.keyboard, names, self.choices.keyboard)
        _fill(self.output, outputs, self.choices.output)

    def show_look(self, look: Look) -> None:
        """By day or by night."""
        self.knob.look = look
        self.knob.update()

    def _show_preset(self) -> None:
        characters = [self.preset.itemData(n) for n in range(self.preset.count())]
        now = self.choices.character
        place = characters.index(now) if now in characters else -1
        self.preset.setCurrentIndex(place)
        self.preset.setPlaceholderText(say("Your own mixture"))
        self.forget_preset.setEnabled(place >= len(PRESETS))
        self.save_preset.setEnabled(place < 0)

    # Choosing

    def _choose(self, choices: Choices) -> None:
        if choices != self.choices:
            self.show_choices(choices)
            self.chosen.emit(choices)

    def _choose_character(self, character: Character) -> None:
        self._choose(replace(self.choices, character=character))

    def _choose_from_menus(self) -> None:
        self._choose_character(
            replace(
                self.choices.character,
                length=self.length.currentData(),
                tonic=self.tonic.currentData(),
                scale=self.scale.currentData(),
                register=self.register.currentData(),
                voices=self.voices.currentData(),
            )
        )

    def _choose_silence(self, tenths: int) -> None:
        seconds = 0.0 if tenths == self.silence.minimum() else tenths / TENTHS
        self._choose_character(replace(self.choices.character, silence=seconds))

    def _choose_preset(self) -> None:
        self._choose_character(self.preset.currentData())

    def _turner(self, named: str) -> Callable[[int], None]:
        def turn(place: int) -> None:
            heat = temperature(place)
            now = self.choices.character
            match named:
                case "pitch":
                    self._choose_character(replace(now, pitch=heat))
                case "rhythm":
                    self._choose_character(replace(now, rhythm=heat))
                case _:
                    self._choose_character(replace(now, dynamics=heat))

        return turn

    def _open_more(self, is_open: bool) -> None:
        self.apart.setVisible(is_open)
        self.more.setText(f"{self.more.accessibleName()}  {'▴' if is_open else '▾'}")


def card_said(card: ModelCard) -> str:
    """A model's card as one reads it in a tip."""
    lines = [
        f"<b>{card.name}</b>",
        say("Learnt from: {corpus}", corpus=card.training_corpus),
        say("{count} parameters, made on {date}", count=f"{card.parameters:,}", date=card.date),
        say("Licence: {licence}", licence=card.licence),
    ]
    total = card.losses.get("total")
    if total is not None:
        lines.append(say("Loss on music it has never seen: {loss}", loss=f"{total:.4f}"))
    return "<br>".join(lines)


def _length_said(length: str) -> str:
    match length:
        case "like":
            return say("As long as I played")
        case notes if notes.endswith("notes"):
            return say("{count} notes", count=notes.removesuffix("notes"))
        case seconds:
            return say("{count} seconds", count=seconds.removesuffix("s"))


def _scrolling(area: QScrollArea, content: QWidget) -> QScrollArea:
    """As wide as its content in any language; scrolled where it is higher than there is room."""
    area.setWidgetResizable(True)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    area.setWidget(content)
    bar = area.verticalScrollBar().sizeHint().width()
    area.setMinimumWidth(content.minimumSizeHint().width() + bar)
    return area


def _fill(menu: QComboBox, items: Iterable[tuple[str, str]], chosen: str) -> None:
    """A menu that keeps what was chosen, even where it is not there just now."""
    items = list(items)
    if chosen not in [data for _, data in items]:
        items.append((say("{name} (not there)", name=chosen), chosen))
    if items == [(menu.itemText(n), menu.itemData(n)) for n in range(menu.count())]:
        return
    menu.clear()
    for name, data in items:
        menu.addItem(name, data)
    menu.setCurrentIndex(menu.findData(chosen))


def _name(widget: QWidget, name: str, tip: str) -> None:
    widget.setAccessibleName(name)
    widget.setToolTip(tip)


def _menu(name: str, tip: str) -> QComboBox:
    menu = QComboBox()
    menu.setMinimumContentsLength(8)
    menu.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    _name(menu, name, tip)
    return menu


def _mode(name: str, tip: str) -> QPushButton:
    button = QPushButton(name)
    button.setCheckable(True)
    button.setObjectName("mode")
    _name(button, name, tip)
    return button


def _slider(name: str, tip: str) -> QSlider:
    slider = QSlider(Qt.Orientation.Horizontal)
    slider.setRange(0, STEPS)
    slider.setLayoutDirection(Qt.LayoutDirection.LeftToRight)  # more is to the right, as on a desk
    _name(slider, name, tip)
    return slider


def _small_button(sign: str, tip: str) -> QToolButton:
    button = QToolButton()
    button.setText(sign)
    _name(button, tip, tip)
    return button


def _quiet(text: str) -> QLabel:
    label = QLabel(text)
    label.setProperty("quiet", True)
    return label


def _rule() -> QWidget:
    rule = QWidget()
    rule.setFixedHeight(6)
    return rule


def _beside(first: QWidget, *others: QWidget) -> QHBoxLayout:
    row = QHBoxLayout()
    row.setSpacing(4)
    row.addWidget(first, 1)
    for widget in others:
        row.addWidget(widget)
    return row


def _form(
    parent: QWidget, fields: Iterable[QWidget], says: dict[int, QWidget] | None = None
) -> QGridLayout:
    """Each field beside its name; and behind some, what they say."""
    grid = QGridLayout(parent)
    grid.setContentsMargins(0, 4, 0, 0)
    grid.setHorizontalSpacing(8)
    grid.setVerticalSpacing(4)
    grid.setColumnStretch(1, 1)
    for row, widget in enumerate(fields):
        label = _quiet(widget.accessibleName())
        label.setBuddy(widget)
        grid.addWidget(label, row, 0)
        said = (says or {}).get(row)
        grid.addWidget(widget, row, 1, 1, 1 if said else 2)
        if said:
            grid.addWidget(said, row, 2)
    return grid
