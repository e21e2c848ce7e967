"""The piano's 88 keys on the screen: they light up for both players, and can be played.

By mouse, the lower a key is struck the louder it is. By the computer's keys, the row of A S D F is
the white keys and the row above it the black ones, wherever the language puts its letters: it is
the place of a key that counts. The rule kept here: a key that went down on the screen comes up
again, whatever becomes of the mouse or the window.
"""

import sys
from collections.abc import Mapping
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QLocale, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFont,
    QKeyEvent,
    QLinearGradient,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from gui.look import DAY, Look, mixed
from gui.words import say
from performer.messages import Player

LOWEST, HIGHEST = 21, 108
OCTAVE = 12
BLACK = frozenset({1, 3, 6, 8, 10})
WHITE_KEYS = 52
FLATTEST = 13  # the keyboard's width, in its own height
MOST = 0.17  # of the window's height
BLACK_WIDTH, BLACK_HEIGHT = 0.6, 0.62  # of a white key
SOFTEST, LOUDEST = 24, 120  # velocities by mouse
LETTERS = "AWSEDFTGYHUJKOLP;"  # where they are on an American keyboard; semitones from C up
COMMANDS = "ZXCV"  # likewise: an octave down, up, softer, louder
PRINTED = {  # elsewhere: what stands there instead
    QLocale.Language.German: str.maketrans("YZ;", "ZYÖ"),
    QLocale.Language.French: str.maketrans("AZW;", "QWZM"),
}
EVDEV = (30, 17, 31, 18, 32, 33, 20, 34, 21, 35, 22, 36, 37, 24, 38, 25, 39)
OCTAVE_DOWN, OCTAVE_UP, SOFTER, LOUDER = "Z", "X", "C", "V"
EVDEV_COMMANDS = {44: OCTAVE_DOWN, 45: OCTAVE_UP, 46: SOFTER, 47: LOUDER}
MAC = (0, 13, 1, 14, 2, 3, 17, 5, 16, 4, 32, 38, 40, 31, 37, 35, 41)
MAC_COMMANDS = {6: OCTAVE_DOWN, 7: OCTAVE_UP, 8: SOFTER, 9: LOUDER}
X11 = 8  # what X11 adds to the numbers that the kernel gives the keys
FIRST_C, LOWEST_C, HIGHEST_C = 60, 24, 96
VELOCITIES = (32, 48, 64, 80, 96, 112)


@dataclass(frozen=True, slots=True)
class Typing:
    """How the computer's keys play: from which C up, and how hard."""

    lowest: int = FIRST_C
    velocity: int = 80

    def after(self, command: str) -> "Typing":
        """An octave lower or higher, softer or louder."""
        place = VELOCITIES.index(self.velocity)
        match command:
            case "Z":
                return Typing(max(self.lowest - OCTAVE, LOWEST_C), self.velocity)
            case "X":
                return Typing(min(self.lowest + OCTAVE, HIGHEST_C), self.velocity)
            case "C":
                return Typing(self.lowest, VELOCITIES[max(place - 1, 0)])
            case _:
                return Typing(self.lowest, VELOCITIES[min(place + 1, len(VELOCITIES) - 1)])


def place_of(event: QKeyEvent) -> int | str | None:
    """What a key of the computer's means by its place: semitones from C up, or a command."""
    if sys.platform == "darwin":
        code, notes, commands = event.nativeVirtualKey(), MAC, MAC_COMMANDS
    else:
        code, notes, commands = event.nativeScanCode(), EVDEV, EVDEV_COMMANDS
        code -= X11 if sys.platform == "linux" and code else 0
    if code == 0 and event.nativeScanCode() == 0:  # a key that no hand has pressed: by its letter
        return _by_letter(event.text().upper())
    if code in commands:
        return commands[code]
    return notes.index(code) if code in notes else None


def _by_letter(letter: str) -> int | str | None:
    if letter and letter in OCTAVE_DOWN + OCTAVE_UP + SOFTER + LOUDER:
        return letter
    return LETTERS.index(letter) if letter and letter in LETTERS else None


def _printed(text: str) -> str:
    """What stands on a key that types this; nothing where that cannot be said."""
    letter = text.upper()
    return letter if letter.isprintable() and len(letter) == 1 else ""


class Keyboard(QWidget):
    """88 keys."""

    struck = Signal(int, int)  # pitch, velocity
    released = Signal(int)  # pitch
    pedalled = Signal(bool)
    typing_changed = Signal()

    def __init__(self, language: QLocale.Language = QLocale.Language.English) -> None:
        """A keyboard with all keys up; the computer's keys are those of a language."""
        super().__init__()
        self.look: Look = DAY
        self.typing = Typing()
        self._lit: Mapping[int, tuple[Player, int]] = {}
        self._mouse: int | None = None  # the pitch that the mouse holds
        self._typed: dict[int, int] = {}  # semitones -> the pitch that the key holds
        printed = PRINTED.get(language, {})
        self._letters = list(LETTERS.translate(printed))
        self.commands = dict(zip(COMMANDS, COMMANDS.translate(printed), strict=True))
        self._pedal_is_down = False
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(say("Piano keyboard"))
        self.setAccessibleDescription(
            say("Played by mouse, or by the computer's keys: A S D F are white, W E T Y black.")
        )

    def sizeHint(self) -> QSize:  # noqa: N802
        """As it is in a window of the usual size."""
        return QSize(900, self.height_in(QSize(900, 600)))

    def height_in(self, window: QSize) -> int:
        """How high keys look natural, as far as a window has room for it."""
        natural = max(6 * self.fontMetrics().height(), round(window.width() / FLATTEST))
        return min(natural, round(window.height() * MOST))

    def show_look(self, look: Look) -> None:
        """By day or by night."""
        self.look = look
        self.update()

    def light(self, keys: Mapping[int, tuple[Player, int]]) -> None:
        """Light these keys: by pitch, for whom, and how hard."""
        if keys != self._lit:
            self._lit = keys
            self.update()

    # Played by the computer's keys

    def type_key(self, event: QKeyEvent) -> bool:
        """Play a key of the computer's; whether it is one that plays."""
        if event.modifiers() & (
            Qt.KeyboardModifier.ControlModifier
            | Qt.KeyboardModifier.AltModifier
            | Qt.KeyboardModifier.MetaModifier
        ):
            return False
        if event.key() == Qt.Key.Key_Shift:
            return self._type_pedal(event)
        place = place_of(event)
        if place is None:
            return False
        if event.isAutoRepeat():
            return True
        is_down = event.type() == QEvent.Type.KeyPress
        if isinstance(place, str):
            if is_down:
                self._command(place, event.text())
        elif is_down:
            self._learn(place, event.text())
            self._type_note(place)
        else:
            self._end_typed(place)
        return True

    def release_all(self) -> None:
        """Let go of all that is held on the screen."""
        self._move_mouse(None, 0)
        for place in tuple(self._typed):
            self._end_typed(place)
        if self._pedal_is_down:
            self._pedal_is_down = False
            self.pedalled.emit(False)

    def _type_pedal(self, event: QKeyEvent) -> bool:
        is_down = event.type() == QEvent.Type.KeyPress
        if not event.isAutoRepeat() and is_down != self._pedal_is_down:
            self._pedal_is_down = is_down
            self.pedalled.emit(is_down)
        return False  # Shift is still Shift

    def _type_note(self, place: int) -> None:
        pitch = self.typing.lowest + place
        if place not in self._typed and pitch <= HIGHEST:
            self._typed[place] = pitch
            self.struck.emit(pitch, self.typing.velocity)

    def _end_typed(self, place: int) -> None:
        if place in self._typed:
            self.released.emit(self._typed.pop(place))

    def _command(self, command: str, text: str) -> None:
        self.typing = self.typing.after(command)
        self.commands[command] = _printed(text) or self.commands[command]
        self.update()
        self.typing_changed.emit()

    def _learn(self, place: int, text: str) -> None:
        """What is printed on a key is known once it is typed."""
        letter = _printed(text)
        if letter and letter != self._letters[place]:
            self._letters[place] = letter
            self.update()

    # Played by mouse

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Strikes a key."""
        if event.button() is Qt.MouseButton.LeftButton:
            self._move_mouse(self._pitch_at(event.position()), self._velocity_at(event.position()))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Glides from key to key."""
        if self._mouse is not None:
            pitch = self._pitch_at(event.position())
            if pitch is not None and pitch != self._mouse:
                self._move_mouse(pitch, self._velocity_at(event.position()))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Releases the key."""
        if event.button() is Qt.MouseButton.LeftButton:
            self._move_mouse(None, 0)

    def _move_mouse(self, pitch: int | None, velocity: int) -> None:
        if self._mouse is not None:
            self.released.emit(self._mouse)
        self._mouse = pitch
        if pitch is not None:
            self.struck.emit(pitch, velocity)

    def _velocity_at(self, point: QPointF) -> int:
        pitch = self._pitch_at(point)
        is_black = pitch is not None and pitch % OCTAVE in BLACK
        depth = point.y() / (self.height() * (BLACK_HEIGHT if is_black else 1.0))
        return round(SOFTEST + (LOUDEST - SOFTEST) * min(max(depth, 0.0), 1.0))

    def _pitch_at(self, point: QPointF) -> int | None:
        for blacks_first in (True, False):
            for pitch in range(LOWEST, HIGHEST + 1):
                is_black = pitch % OCTAVE in BLACK
                if is_black == blacks_first and self._key(pitch).contains(point):
                    return pitch
        return None

    # Painting

    def _key(self, pitch: int) -> QRectF:
        width = self.width() / WHITE_KEYS
        whites = sum(1 for p in range(LOWEST, pitch) if p % OCTAVE not in BLACK)
        if pitch % OCTAVE in BLACK:
            left = whites * width - BLACK_WIDTH * width / 2
            return QRectF(left, 0, BLACK_WIDTH * width, BLACK_HEIGHT * self.height())
        return QRectF(whites * width, 0, width, self.height())

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802
        """The white keys, then the black ones upon them."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for is_black in (False, True):
            for pitch in range(LOWEST, HIGHEST + 1):
                if (pitch % OCTAVE in BLACK) == is_black:
                    self._paint_key(painter, pitch, self._key(pitch), is_black)

    def _paint_key(self, painter: QPainter, pitch: int, key: QRectF, is_black: bool) -> None:
        plain = self.look.ebony if is_black else self.look.ivory
        lit = self._lit.get(pitch)
        body = key.adjusted(0.5, -4, -0.5, -1)
        top, bottom = QColor(plain).darker(104), QColor(plain)
        if lit is not None:
            by, velocity = lit
            colour = mixed(plain, self.look.of(by), 0.55 + 0.45 * velocity / 127)
            top, bottom = colour, colour
        shades = QLinearGradient(key.topLeft(), key.bottomLeft())
        shades.setColorAt(0, top)
        shades.setColorAt(1, bottom)
        painter.setBrush(shades)
        painter.setPen(QPen(QColor(self.look.line if not is_black else "#000000"), 1))
        painter.drawRoundedRect(body, 3, 3)
        self._paint_names(painter, pitch, key, is_black, lit is not None)

    def _paint_names(
        self, painter: QPainter, pitch: int, key: QRectF, is_black: bool, is_lit: bool
    ) -> None:
        font = QFont(self.font())
        font.setPixelSize(max(round(min(key.width() * 0.62, self.fontMetrics().height())), 7))
        painter.setFont(font)
        place = pitch - self.typing.lowest
        paper = self.look.ebony if is_black else self.look.ivory
        ink = QColor("#ffffff") if is_lit or is_black else QColor("#7a7880")
        foot = key.adjusted(0, 0, 0, -4)
        if 0 <= place < len(self._letters):
            painter.setPen(ink if is_lit else mixed(paper, ink.name(), 0.9))
            where = foot.adjusted(0, 0, 0, 0 if is_black else -font.pixelSize() - 1)
            painter.drawText(
                where,
                Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignBottom,
                self._letters[place],
            )
        if pitch % OCTAVE == 0:
            painter.setPen(ink)
            painter.drawText(
                foot,
                Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignBottom,
                f"C{pitch // OCTAVE - 1}",
            )
