"""The piano roll: both players' notes as they are played, on paper that moves.

The rule kept here: what is over is drawn once, on sheets of paper that are kept; a frame lays the
sheets side by side and adds only what sounds now. So a take of an hour moves as smoothly as one of
a minute.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from math import ceil, floor

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QContextMenuEvent,
    QFocusEvent,
    QFont,
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

from gui.look import DAY, SHADES, Look, mixed
from gui.state import Pedalled, Played, Scene
from gui.words import clock, say
from performer.messages import Player

OCTAVE = 12
BLACK = frozenset({1, 3, 6, 8, 10})
LOWEST, HIGHEST = 21, 109  # the piano's keys, and one above
USUAL = (36, 96)  # the range that is shown even where less was played
SHEET = 512  # pixels across
SPARE_SHEETS = 6  # that are kept beside those in sight
PRESENT = 0.8  # where in the picture the present moment stands
NARROWEST, WIDEST, USUAL_ZOOM = 0.2, 800.0, 110.0  # pixels a second
ROUND = 2.0  # pixels at the corners of a note
KEYS = 38  # pixels: how wide the keys at the left edge are
LEAST_WIDTH = 2.0  # pixels of the shortest note
FAINT, OUTLINE = 0.2, 0.65  # how much of their colour notes to come have, inside and around
SECONDS_APART = 70.0  # pixels between two lines of time, at least
SPANS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800)  # seconds between two lines of time
CLICK = 4  # pixels that a mouse may move and still click
KEY_STEP = 0.25  # of the picture's width: how far an arrow key scrolls
ZOOM_STEP = 1.25


@dataclass(slots=True)
class _Sheets:
    """The paper: notes that are over, drawn once for one zoom, size, range and look."""

    drawn: dict[int, QPixmap] = field(default_factory=dict)  # by number, from time zero on
    notes: dict[int, list[Played]] = field(default_factory=dict)  # by the sheets they stand on
    pedal: dict[int, list[Pedalled]] = field(default_factory=dict)
    known: tuple[Played, ...] = ()  # those that have been given a place
    known_pedal: int = 0
    keys: QPixmap | None = None

    def clear(self) -> None:
        """Take new paper."""
        for pile in (self.drawn, self.notes, self.pedal):
            pile.clear()
        self.known, self.known_pedal, self.keys = (), 0, None


class PianoRoll(QWidget):
    """Shows a scene at a moment, follows it, and scrolls back through it."""

    asked_to_hear = Signal(float)  # from which moment of the take
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
        self._sheets = _Sheets()
        self._pressed: QPointF | None = None
        self._pressed_left = 0.0
        self._is_dragged = False
        self._is_tabbed = False
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setMinimumSize(160, 120)
        self.setAccessibleName(say("Piano roll"))
        self.setToolTip(say("Click to hear from there. Turn the wheel to scroll, Ctrl to zoom."))

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
            self._sheets.clear()
            self._take, self._range = take, USUAL
        self._scene, self._now, self._playing_at = scene, now, playing_at
        self._widen()

    def show_look(self, look: Look) -> None:
        """By day or by night."""
        self.look = look
        self._sheets.clear()
        self.update()

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
            self._sheets.clear()
            self.update()

    def sizeHint(self) -> QSize:  # noqa: N802
        """Room enough to see something."""
        return QSize(640, 320)

    # Painting

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802
        """One frame."""
        painter = QPainter(self)
        left = self._left_edge()
        self._draw_new()
        painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_Source)
        for number in self._numbers(left):
            x = self._x(number * SHEET / self._zoom, left)
            painter.drawPixmap(QPointF(round(x), 0), self._sheet(number))
        painter.drawPixmap(0, 0, self._keys())
        painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_SourceOver)
        painter.setClipRect(self.rect().adjusted(KEYS, 0, 0, 0))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        now = self._now()
        self._paint_to_come(painter, left, now)
        self._paint_sounding(painter, left, now)
        self._paint_present(painter, left, now)
        painter.setClipping(False)
        if self._is_tabbed and self.hasFocus():
            painter.setPen(QPen(QColor(self.look.human), 2))
            painter.drawRect(self.rect().adjusted(1, 1, -1, -1))

    def _paint_sounding(self, painter: QPainter, left: float, now: float) -> None:
        painter.setPen(Qt.PenStyle.NoPen)
        for key in self._scene.sounding:
            rect = self._rect(key.pitch, key.start, max(now, key.start), left)
            painter.setBrush(self.look.shade(key.by, key.velocity))
            painter.drawRoundedRect(rect, ROUND, ROUND)
            head = QRectF(rect.right() - 2, rect.top() - 1, 4, rect.height() + 2)
            painter.fillRect(head, QColor(self.look.of(key.by)))
        for by, since in self._scene.pedal_down:
            painter.fillRect(self._pedal_rect(by, since, now, left), self._pedal_colour(by))

    def _paint_to_come(self, painter: QPainter, left: float, now: float) -> None:
        """Outlines, hardly filled: each is still to be played, and may yet be thought of anew."""
        for note in self._scene.to_come:
            rect = self._rect(note.pitch, max(note.start, now), max(note.end, now), left)
            if rect.left() < self.width():
                colour = self.look.shade(Player.MODEL, note.velocity)
                painter.setPen(QPen(mixed(self.look.roll, colour.name(), OUTLINE), 1))
                painter.setBrush(mixed(self.look.roll, colour.name(), FAINT))
                painter.drawRoundedRect(rect.adjusted(0.5, 0.5, -0.5, -0.5), ROUND, ROUND)

    def _paint_present(self, painter: QPainter, left: float, now: float) -> None:
        if self._scene.has_notes and self._scene.is_ready:
            self._paint_moment(painter, self._x(now, left), self.look.turn(self._scene.turn))
        playing_at = self._playing_at()
        if playing_at is not None:
            self._paint_moment(painter, self._x(playing_at, left), self.look.recording)

    def _paint_moment(self, painter: QPainter, x: float, colour: str) -> None:
        """A line with a head, as on a tape."""
        painter.fillRect(QRectF(x - 0.75, 0, 1.5, self.height()), QColor(colour))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(colour))
        head = (QPointF(x - 5, 0), QPointF(x + 5, 0), QPointF(x, 7))
        painter.drawPolygon(head)

    def _keys(self) -> QPixmap:
        """The keys along the left edge, drawn once for a range, size and look."""
        if self._sheets.keys is None:
            ratio = self.devicePixelRatioF()
            keys = QPixmap(ceil(KEYS * ratio), ceil(self.height() * ratio))
            keys.setDevicePixelRatio(ratio)
            keys.fill(QColor(self.look.roll))
            with QPainter(keys) as painter:
                whole = QRectF(0, self._head, KEYS, self.height() - self._head - self._foot)
                painter.fillRect(whole, QColor(self.look.ivory))
                for pitch in range(*self._range):
                    self._paint_key(painter, pitch)
                self._paint_octaves(painter)
                painter.fillRect(QRectF(KEYS - 1, 0, 1, self.height()), QColor(self.look.line))
            self._sheets.keys = keys
        return self._sheets.keys

    def _paint_key(self, painter: QPainter, pitch: int) -> None:
        row = QRectF(0, self._y(pitch), KEYS, self._row)
        is_black = pitch % OCTAVE in BLACK
        if is_black:
            short = row.adjusted(0, 0, -0.5 * KEYS, -0.5)
            painter.fillRect(short, mixed(self.look.ivory, self.look.ebony, 0.75))
        if pitch % OCTAVE in (0, 5):  # below C and F two white keys meet
            painter.fillRect(QRectF(0, row.bottom() - 1, KEYS, 1), QColor(self.look.line))

    def _paint_octaves(self, painter: QPainter) -> None:
        painter.setFont(self._small_font())
        painter.setPen(mixed(self.look.ivory, self.look.ebony, 0.7))
        foot = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignBottom
        for pitch in range(*self._range):
            if pitch % OCTAVE == 0:
                name = QRectF(0, self._y(pitch) - self._row, KEYS - 4, 2 * self._row)
                painter.drawText(name, foot, f"C{pitch // OCTAVE - 1}")

    # The sheets

    def _numbers(self, left: float) -> range:
        first = floor(left * self._zoom / SHEET)
        return range(first, ceil((left * self._zoom + self.width()) / SHEET) + 1)

    def _sheet(self, number: int) -> QPixmap:
        drawn = self._sheets.drawn
        if number not in drawn:
            in_sight = self.width() // SHEET + 2
            while len(drawn) >= in_sight + SPARE_SHEETS:
                del drawn[next(iter(drawn))]
            drawn[number] = self._blank(number)
            self._ink(number, self._sheets.notes.get(number, []))
            self._ink_pedal(number, self._sheets.pedal.get(number, []))
        return drawn[number]

    def _draw_new(self) -> None:
        """Gives what has ended since a place, and adds it to the sheets that are drawn."""
        sheets, scene = self._sheets, self._scene
        new: dict[int, list[Played]] = {}
        for played in scene.notes[len(sheets.known) :]:
            for number in self._spanned(played.note.start, played.note.end):
                new.setdefault(number, []).append(played)
        for number, notes in new.items():
            sheets.notes.setdefault(number, []).extend(notes)
            if number in sheets.drawn:
                self._ink(number, notes)
        for each in scene.pedal[sheets.known_pedal :]:
            for number in self._spanned(each.span.start, each.span.end):
                sheets.pedal.setdefault(number, []).append(each)
                if number in sheets.drawn:
                    self._ink_pedal(number, [each])
        sheets.known, sheets.known_pedal = scene.notes, len(scene.pedal)

    def _spanned(self, start: float, end: float) -> range:
        """The numbers of the sheets on which something from `start` to `end` is seen."""
        across = SHEET / self._zoom  # seconds
        last = max(end, start + LEAST_WIDTH / self._zoom)
        return range(floor(start / across), floor(last / across) + 1)

    def _blank(self, number: int) -> QPixmap:
        ratio = self.devicePixelRatioF()
        sheet = QPixmap(ceil(SHEET * ratio), ceil(self.height() * ratio))
        sheet.setDevicePixelRatio(ratio)
        sheet.fill(QColor(self.look.roll))
        with QPainter(sheet) as painter:
            self._paint_rows(painter)
            self._paint_times(painter, number)
        return sheet

    def _paint_rows(self, painter: QPainter) -> None:
        low, high = self._range
        for pitch in range(low, high):
            row = QRectF(0, self._y(pitch), SHEET, self._row)
            if pitch % OCTAVE in BLACK:
                painter.fillRect(row, QColor(self.look.black_row))
            if pitch % OCTAVE == 0:
                painter.fillRect(QRectF(0, row.bottom() - 1, SHEET, 1), QColor(self.look.beat))

    def _paint_times(self, painter: QPainter, number: int) -> None:
        apart = next((span for span in SPANS if span * self._zoom >= SECONDS_APART), SPANS[-1])
        began = self._scene.began_at or 0.0
        start = number * SHEET / self._zoom
        first = floor((start - began) / apart) - 1
        painter.setFont(self._small_font())
        for line in range(max(first, 0), first + ceil(SHEET / self._zoom / apart) + 3):
            x = (began + line * apart - start) * self._zoom
            painter.fillRect(QRectF(x, 0, 1, self.height()), QColor(self.look.beat))
            painter.setPen(QColor(self.look.quiet))
            painter.drawText(
                QPointF(x + 4, painter.fontMetrics().ascent() + 3), clock(line * apart)
            )

    def _ink(self, number: int, notes: list[Played]) -> None:
        left = number * SHEET / self._zoom
        by_shade: dict[tuple[Player, int], list[QRectF]] = {}
        for played in notes:
            note = played.note
            rect = self._rect(note.pitch, note.start, note.end, left)
            by_shade.setdefault((played.by, note.velocity * SHADES // 128), []).append(rect)
        with QPainter(self._sheets.drawn[number]) as painter:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            for (by, shade), rects in by_shade.items():
                painter.setBrush(self.look.shade(by, (2 * shade + 1) * 64 // SHADES))
                self._draw_notes(painter, rects)

    def _draw_notes(self, painter: QPainter, rects: list[QRectF]) -> None:
        """Round where that can be seen; all the small ones in one go."""
        is_round = self._row > 2 * ROUND
        painter.drawRects([rect for rect in rects if not (is_round and rect.width() > 3 * ROUND)])
        for rect in rects:
            if is_round and rect.width() > 3 * ROUND:
                painter.drawRoundedRect(rect, ROUND, ROUND)

    def _ink_pedal(self, number: int, pedal: list[Pedalled]) -> None:
        left = number * SHEET / self._zoom
        with QPainter(self._sheets.drawn[number]) as painter:
            for each in pedal:
                rect = self._pedal_rect(each.by, each.span.start, each.span.end, left)
                painter.fillRect(rect, self._pedal_colour(each.by))

    # Where things are

    @property
    def _row(self) -> float:
        low, high = self._range
        return (self.height() - self._head - self._foot) / (high - low)

    @property
    def _head(self) -> float:
        return self.fontMetrics().height() + 4.0  # where the times stand

    @property
    def _foot(self) -> float:
        return 12.0  # where the pedals stand

    def _y(self, pitch: int) -> float:
        return self._head + (self._range[1] - 1 - pitch) * self._row

    def _x(self, moment: float, left: float) -> float:
        return (moment - left) * self._zoom

    def _moment(self, x: float) -> float:
        return self._left_edge() + x / self._zoom

    def _left_edge(self) -> float:
        if self._left is not None:
            return self._left
        began = self._scene.began_at or 0.0
        now = self._now() if self._scene.has_notes else 0.0
        edge = now - PRESENT * self.width() / self._zoom
        return max(edge, began - (KEYS + 0.03 * self.width()) / self._zoom)

    def _rect(self, pitch: int, start: float, end: float, left: float) -> QRectF:
        width = max((end - start) * self._zoom, LEAST_WIDTH)
        gap = 1.0 if self._row > 4 else 0.0
        return QRectF(self._x(start, left), self._y(pitch), width, max(self._row - gap, 1.0))

    def _pedal_rect(self, by: Player, start: float, end: float, left: float) -> QRectF:
        top = self.height() - self._foot + (1 if by is Player.HUMAN else 6)
        return QRectF(self._x(start, left), top, max((end - start) * self._zoom, 1), 4)

    def _pedal_colour(self, by: Player) -> QColor:
        return mixed(self.look.roll, self.look.of(by), 0.55)

    def _small_font(self) -> QFont:
        font = QFont(self.font())
        font.setPointSizeF(font.pointSizeF() * 0.85)
        return font

    def _widen(self) -> None:
        """Shows all octaves that were played; paper for other octaves is new paper."""
        new = [played.note.pitch for played in self._scene.notes[len(self._sheets.known) :]]
        pitches = [
            *new,
            *(key.pitch for key in self._scene.sounding),
            *(note.pitch for note in self._scene.to_come),
        ]
        low = min((pitch // OCTAVE * OCTAVE for pitch in pitches), default=USUAL[0])
        high = max(((pitch // OCTAVE + 1) * OCTAVE for pitch in pitches), default=USUAL[1])
        wider = (
            max(min(low, self._range[0]), LOWEST),
            min(max(high, self._range[1]), HIGHEST),
        )
        if wider != self._range:
            self._range = wider
            self._sheets.clear()

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
        left = self._left_edge() + pixels / self._zoom
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
        self._pressed_left = self._left_edge()

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
        if self._pressed is not None and not self._is_dragged and self._scene.has_notes:
            moment = self._moment(event.position().x())
            if moment < self._scene.last_at:
                self.asked_to_hear.emit(max(moment, self._scene.began_at or 0.0))
        self._pressed = None

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:  # noqa: N802
        """What can be done with what was played there."""
        if self._scene.has_notes:
            self.asked_for_menu.emit(self._moment(event.pos().x()), event.globalPos())

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        """Arrows scroll, plus and minus zoom, Home and End go to the ends."""
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
        """Another size is other paper."""
        self._sheets.clear()
        super().resizeEvent(event)
        self.resized.emit()
