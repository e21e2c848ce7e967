"""The piano roll: both players' notes as they are played, on paper that moves.

The rule kept here: what is over lies on paper that is drawn once; a frame lays its sheets side by
side and adds only what sounds now. So a take of an hour moves as smoothly as one of a minute.
"""

from collections.abc import Callable
from math import ceil, floor

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QContextMenuEvent,
    QFocusEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPixmap,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from gui import curves
from gui.look import DAY, Look, mixed
from gui.paper import BLACK, FOOT, OCTAVE, ROUND, SHEET, Paper, Ruling
from gui.state import Scene
from gui.words import say
from performer.messages import Player

LOWEST, HIGHEST = 21, 109  # the piano's keys, and one above
USUAL = (36, 96)  # the range that is shown even where less was played
PAGE = 0.95  # of the picture's width: where a page ends that is played back
PRESENT = 0.8  # where in the picture the present moment stands
NARROWEST, WIDEST, USUAL_ZOOM = 0.2, 800.0, 110.0  # pixels a second
KEYS = 38  # pixels: how wide the keys at the left edge are
FAINT, OUTLINE = 0.2, 0.65  # how much of their colour notes to come have, inside and around
CLICK = 4  # pixels that a mouse may move and still click
KEY_STEP = 0.25  # of the picture's width: how far an arrow key scrolls
ZOOM_STEP = 1.25


class PianoRoll(QWidget):
    """Shows a scene at a moment, follows it, and scrolls back through it."""

    asked_to_hear = Signal(float)  # from which moment of the take
    asked_to_hush = Signal()
    asked_for_menu = Signal(float, object)  # at which moment, and where (QPoint)
    moved = Signal(bool)  # whether it follows the present
    resized = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        """A roll on which nothing was played yet."""
        super().__init__(parent)
        self.look: Look = DAY
        self._scene = Scene()
        self._take: tuple[int, float | None] = (-1, None)
        self._now: Callable[[], float] = lambda: 0.0
        self._zoom = self._live_zoom = USUAL_ZOOM
        self._range = USUAL
        self._left: float | None = None  # seconds at the left edge; None: it follows the present
        self._playing_at: Callable[[], float | None] = lambda: None
        self._heard_to: float | None = None  # the moment that was heard when it was last shown
        self._paper = Paper()
        self._ranged = 0  # notes whose octaves are shown
        self._keys: tuple[Ruling, QPixmap] | None = None
        self._pressed: QPointF | None = None
        self._pressed_left = 0.0
        self._is_dragged = False
        self._is_tabbed = False
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setMinimumSize(160, 120)
        self.setAccessibleName(say("Piano roll"))
        self.setToolTip(
            say("Click to hear from there, right-click for more; the wheel scrolls, Ctrl zooms.")
        )

    # What it shows

    def show_scene(
        self,
        scene: Scene,
        now: Callable[[], float],
        playing_at: Callable[[], float | None] = lambda: None,
    ) -> None:
        """Show this scene, the present moment being `now()` on its clock."""
        take = (id(scene) if scene.take == 0 else scene.take, scene.began_at)
        if take != self._take:
            self._paper.forget()
            self._take, self._range, self._ranged = take, USUAL, 0
        self._scene, self._now, self._playing_at = scene, now, playing_at
        self._widen()
        self._paper.take_in(scene)
        self._turn_the_page()

    def show_look(self, look: Look) -> None:
        """By day or by night."""
        self.look = look
        self.update()

    @property
    def is_finished(self) -> bool:
        """Whether all that is in sight was drawn in the last frame."""
        return self._paper.is_finished(self._scene)

    def lit_at(self, moment: float) -> dict[int, tuple[Player, int]]:
        """The keys that were down at a moment of what is shown."""
        return self._paper.ledger.lit_at(moment)

    @property
    def ruling(self) -> Ruling:
        """How moments and pitches lie in the picture."""
        began = self._scene.began_at or 0.0
        low, high = self._range
        ratio = self.devicePixelRatioF()
        return Ruling(self._zoom, self.height(), low, high, began, self.font(), self.look, ratio)

    @property
    def follows(self) -> bool:
        """True where the present moment stays in sight."""
        return self._left is None

    def follow(self) -> None:
        """Back to the present, as near as it was seen before."""
        self.set_zoom(self._live_zoom)
        self._look_from(None)

    def look_at_start(self) -> None:
        """To the first note."""
        self._look_from((self._scene.began_at or 0.0) - 30 / self._zoom)

    def show_whole(self) -> None:
        """All of the take at once."""
        began = self._scene.began_at or 0.0
        seconds = max(self._scene.last_at - began, 1.0)
        room = self.width() - KEYS
        self.set_zoom(min(0.94 * room / seconds, USUAL_ZOOM))
        self._look_from(began - (KEYS + 0.03 * room) / self._zoom)

    def zoom_by(self, factor: float, around: float | None = None) -> None:
        """Nearer or farther; the moment at `around` (pixels from the left) stays where it is."""
        x = PRESENT * self.width() if around is None else around
        moment = self._moment(x)
        self.set_zoom(self._zoom * factor)
        if self.follows:
            self._live_zoom = self._zoom
        if self._left is not None:
            self._look_from(moment - x / self._zoom)

    def set_zoom(self, pixels_a_second: float) -> None:
        """So many pixels a second."""
        zoom = min(max(pixels_a_second, NARROWEST), WIDEST)
        if zoom != self._zoom:
            self._zoom = zoom
            self.update()

    def sizeHint(self) -> QSize:  # noqa: N802
        """Room enough to see something."""
        return QSize(640, 320)

    # Painting

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802
        """One frame."""
        painter = QPainter(self)
        ruling, left, now = self.ruling, self.left_edge, self._now()
        painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_Source)
        for number, sheet in self._paper.lay(ruling, self._numbers(left)):
            x = ruling.x(number * SHEET / self._zoom, left) * ruling.ratio
            painter.drawPixmap(QPointF(round(x) / ruling.ratio, 0), sheet)
        painter.drawPixmap(0, 0, self._drawn_keys(ruling))
        painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_SourceOver)
        painter.setClipRect(self.rect().adjusted(KEYS, 0, 0, 0))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._paint_to_come(painter, ruling, left, now)
        self._paint_sounding(painter, ruling, left, now)
        curves.paint(painter, self._scene.curves, ruling, left)
        self._paint_present(painter, ruling, left, now)
        painter.setClipping(False)
        if self._is_tabbed and self.hasFocus():
            painter.setPen(QPen(QColor(self.look.human), 2))
            painter.drawRect(self.rect().adjusted(1, 1, -1, -1))

    def _paint_sounding(self, painter: QPainter, ruling: Ruling, left: float, now: float) -> None:
        painter.setPen(Qt.PenStyle.NoPen)
        for key in self._scene.sounding:
            rect = ruling.rect(key.pitch, key.start, max(now, key.start), left)
            painter.setBrush(self.look.shade(key.by, key.velocity))
            painter.drawRoundedRect(rect, ROUND, ROUND)
            head = QRectF(rect.right() - 2, rect.top() - 1, 4, rect.height() + 2)
            painter.fillRect(head, QColor(self.look.of(key.by)))
        for by, since in self._scene.pedal_down:
            rect = ruling.pedal_rect(by, since, now, left)
            painter.fillRect(rect, ruling.pedal_colour(by))

    def _paint_to_come(self, painter: QPainter, ruling: Ruling, left: float, now: float) -> None:
        """Outlines, hardly filled: each is still to be played, and may yet be thought of anew."""
        for note in self._scene.to_come:
            rect = ruling.rect(note.pitch, max(note.start, now), max(note.end, now), left)
            if rect.left() < self.width():
                colour = self.look.shade(Player.MODEL, note.velocity)
                painter.setPen(QPen(mixed(self.look.roll, colour.name(), OUTLINE), 1))
                painter.setBrush(mixed(self.look.roll, colour.name(), FAINT))
                painter.drawRoundedRect(rect.adjusted(0.5, 0.5, -0.5, -0.5), ROUND, ROUND)

    def _paint_present(self, painter: QPainter, ruling: Ruling, left: float, now: float) -> None:
        if self._scene.has_notes and self._scene.is_ready:
            self._paint_moment(painter, ruling.x(now, left), self.look.turn(self._scene.turn))
        playing_at = self._playing_at()
        if playing_at is not None:
            self._paint_moment(painter, ruling.x(playing_at, left), self.look.recording)

    def _paint_moment(self, painter: QPainter, x: float, colour: str) -> None:
        """A line with a head, as on a tape."""
        painter.fillRect(QRectF(x - 0.75, 0, 1.5, self.height()), QColor(colour))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(colour))
        head = (QPointF(x - 5, 0), QPointF(x + 5, 0), QPointF(x, 7))
        painter.drawPolygon(head)

    def _drawn_keys(self, ruling: Ruling) -> QPixmap:
        """The keys along the left edge, drawn once for a ruling."""
        if self._keys is None or self._keys[0] != ruling:
            self._keys = ruling, _keys(ruling)
        return self._keys[1]

    # Where things are

    @property
    def left_edge(self) -> float:
        """The moment at the left edge."""
        if self._left is not None:
            return self._left
        began = self._scene.began_at or 0.0
        now = self._now() if self._scene.has_notes else 0.0
        edge = now - PRESENT * self.width() / self._zoom
        return max(edge, began - (KEYS + 0.03 * self.width()) / self._zoom)

    def _moment(self, x: float) -> float:
        return self.left_edge + x / self._zoom

    def _numbers(self, left: float) -> range:
        """Which sheets are in sight."""
        first = floor(left * self._zoom / SHEET)
        return range(first, ceil((left * self._zoom + self.width()) / SHEET) + 1)

    def _widen(self) -> None:
        """Shows all octaves that were played."""
        new = [played.note.pitch for played in self._scene.notes[self._ranged :]]
        self._ranged = len(self._scene.notes)
        pitches = [
            *new,
            *(key.pitch for key in self._scene.sounding),
            *(note.pitch for note in self._scene.to_come),
        ]
        low = min((pitch // OCTAVE * OCTAVE for pitch in pitches), default=USUAL[0])
        high = max(((pitch // OCTAVE + 1) * OCTAVE for pitch in pitches), default=USUAL[1])
        self._range = (
            max(min(low, self._range[0]), LOWEST),
            min(max(high, self._range[1]), HIGHEST),
        )

    def _turn_the_page(self) -> None:
        """What is played back stays in sight, unless one has scrolled away from it."""
        before, self._heard_to = self._heard_to, self._playing_at()
        if before is None or self._heard_to is None or self._left is None:
            return
        edge = self._moment(PAGE * self.width())
        if before <= edge < self._heard_to:
            self._look_from(self._heard_to - 2 * KEYS / self._zoom)

    # The hand

    def _look_from(self, left: float | None) -> None:
        if left is not None:
            left = max(left, (self._scene.began_at or 0.0) - 0.5 * self.width() / self._zoom)
            last = max(self._scene.last_at, self._now() if self._scene.is_ready else 0.0)
            left = min(left, last - 0.1 * self.width() / self._zoom)
        was_following, self._left = self.follows, left
        if was_following != self.follows:
            self.moved.emit(self.follows)
        self.update()

    def _scroll(self, pixels: float) -> None:
        if not self._scene.has_notes:
            return
        left = self.left_edge + pixels / self._zoom
        is_at_present = (
            self._scene.is_ready
            and pixels > 0
            and left >= self._now() - PRESENT * self.width() / self._zoom
        )
        self._look_from(None if is_at_present else left)

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802
        """Scrolls; with Ctrl it zooms."""
        turned = event.angleDelta()
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.zoom_by(ZOOM_STEP ** (turned.y() / 120), event.position().x())
        else:
            pixels = event.pixelDelta()
            along = pixels.x() or pixels.y() or turned.x() or turned.y()
            self._scroll(-along)
        event.accept()

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """The beginning of a click, or of pulling the paper along."""
        if event.button() is not Qt.MouseButton.LeftButton:
            return
        self._pressed, self._is_dragged = event.position(), False
        self._pressed_left = self.left_edge

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Pulls the paper along."""
        if self._pressed is None or not self._scene.has_notes:
            return
        pulled = event.position().x() - self._pressed.x()
        if self._is_dragged or abs(pulled) > CLICK:
            self._is_dragged = True
            self._look_from(self._pressed_left - pulled / self._zoom)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """A click asks to hear from there."""
        if self._pressed is not None and not self._is_dragged:
            self._hear_from(event.position().x())
        self._pressed = None

    def _hear_from(self, x: float) -> None:
        moment = self._moment(x)
        if self._scene.has_notes and moment < self._scene.last_at:
            self.asked_to_hear.emit(max(moment, self._scene.began_at or 0.0))

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:  # noqa: N802
        """What can be done with what was played there."""
        if self._scene.has_notes:
            self.asked_for_menu.emit(self._moment(event.pos().x()), event.globalPos())

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        """Arrows scroll, plus and minus zoom, Home and End go to the ends, the space bar plays."""
        step = KEY_STEP * self.width()
        match event.key():
            case Qt.Key.Key_Left:
                self._scroll(-step)
            case Qt.Key.Key_Right:
                self._scroll(step)
            case Qt.Key.Key_Plus | Qt.Key.Key_Equal:
                self.zoom_by(ZOOM_STEP)
            case Qt.Key.Key_Minus:
                self.zoom_by(1 / ZOOM_STEP)
            case Qt.Key.Key_Home:
                self.look_at_start()
            case Qt.Key.Key_End:
                self.follow()
            case Qt.Key.Key_Space if self._playing_at() is not None:
                self.asked_to_hush.emit()
            case Qt.Key.Key_Space:
                self._hear_from(KEYS)
            case _:
                super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:  # noqa: N802
        """A frame shows where one is, to those who go by the keys."""
        self._is_tabbed = event.reason() in (
            Qt.FocusReason.TabFocusReason,
            Qt.FocusReason.BacktabFocusReason,
        )
        super().focusInEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """What lies upon the roll finds its place anew."""
        super().resizeEvent(event)
        self.resized.emit()


def _keys(ruling: Ruling) -> QPixmap:
    keys, look = ruling.blank(KEYS), ruling.look
    with QPainter(keys) as painter:
        whole = QRectF(0, ruling.head, KEYS, ruling.height - ruling.head - FOOT)
        painter.fillRect(whole, QColor(look.ivory))
        for pitch in range(ruling.low, ruling.high):
            _paint_key(painter, ruling, pitch)
        _paint_octaves(painter, ruling)
        painter.fillRect(QRectF(KEYS - 1, 0, 1, ruling.height), QColor(look.line))
    return keys


def _paint_key(painter: QPainter, ruling: Ruling, pitch: int) -> None:
    row, look = QRectF(0, ruling.y(pitch), KEYS, ruling.row), ruling.look
    if pitch % OCTAVE in BLACK:
        short = row.adjusted(0, 0, -0.5 * KEYS, -0.5)
        painter.fillRect(short, mixed(look.ivory, look.ebony, 0.75))
    if pitch % OCTAVE in (0, 5):  # below C and F two white keys meet
        painter.fillRect(QRectF(0, row.bottom() - 1, KEYS, 1), QColor(look.line))


def _paint_octaves(painter: QPainter, ruling: Ruling) -> None:
    painter.setFont(ruling.small_font)
    painter.setPen(mixed(ruling.look.ivory, ruling.look.ebony, 0.7))
    foot = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignBottom
    for pitch in range(ruling.low, ruling.high):
        if pitch % OCTAVE == 0:
            name = QRectF(0, ruling.y(pitch) - ruling.row, KEYS - 4, 2 * ruling.row)
            painter.drawText(name, foot, f"C{pitch // OCTAVE - 1}")
