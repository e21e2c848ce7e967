"""The paper of the piano roll: what is over is drawn once, on sheets that are laid side by side.

The rule kept here: a frame draws only so much, and the next ones draw the rest. So neither a take
of an hour nor another zoom makes the picture stumble.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from math import ceil, floor

from PySide6.QtCore import QPointF, QRectF, QSizeF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPixmap

from gui.ledger import Ledger, Mark, span
from gui.look import SHADES, Look, mixed
from gui.state import Played, Scene
from gui.words import clock
from performer.messages import Player

OCTAVE = 12
BLACK = frozenset({1, 3, 6, 8, 10})
SHEET = 512  # pixels across
SPARE_SHEETS = 6  # that are kept beside those in sight
WORK = 1200  # notes that are drawn in one frame, at most
PLACED = 2  # notes that are given a place in the time in which one is drawn
PIXELS = 1000  # of a sheet that is begun, in that time
ROUND = 2.0  # pixels at the corners of a note
LEAST_WIDTH = 2.0  # pixels of the shortest note
FOOT = 12.0  # pixels at the foot, where the pedals stand
PEDAL = 4.0  # pixels: how thick a pedal's band is
PEDAL_SHADE = 0.55  # of the player's colour
SMALL = 0.85  # of the font: the times
SECONDS_APART = 70.0  # pixels between two lines of time, at least
SPANS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800)  # seconds between two lines of time


@dataclass(frozen=True, slots=True)
class Ruling:
    """How moments and pitches lie on the paper, in pixels, and how it looks."""

    zoom: float  # pixels a second
    height: int
    low: int  # the lowest pitch
    high: int  # the highest, and one more
    began: float  # the moment at which time is counted from
    font: QFont
    look: Look
    ratio: float  # the screen's own pixels to one of these

    @property
    def head(self) -> float:
        """How high the times stand."""
        return QFontMetricsF(self.font).height() + 4.0

    @property
    def row(self) -> float:
        """How high a pitch is."""
        return (self.height - self.head - FOOT) / (self.high - self.low)

    @property
    def bar(self) -> float:
        """How high a note is: a row, but for a gap where there is room for one."""
        return max(self.row - (1.0 if self.row > 4 else 0.0), 1.0)

    @property
    def small_font(self) -> QFont:
        """For times and octaves."""
        font = QFont(self.font)
        font.setPointSizeF(font.pointSizeF() * SMALL)
        return font

    def y(self, pitch: int) -> float:
        """Where a pitch's row begins."""
        return self.head + (self.high - 1 - pitch) * self.row

    def x(self, moment: float, left: float) -> float:
        """Where a moment is, `left` being the moment at the left edge."""
        return (moment - left) * self.zoom

    def rect(self, pitch: int, start: float, end: float, left: float) -> QRectF:
        """Where a note stands."""
        width = max((end - start) * self.zoom, LEAST_WIDTH)
        return QRectF(self.x(start, left), self.y(pitch), width, self.bar)

    def rects(self, notes: Iterable[Played], left: float) -> list[QRectF]:
        """Where many notes stand: what they share is worked out once."""
        zoom, row, bar, top = self.zoom, self.row, self.bar, self.y(0)
        return [
            QRectF(
                (note.start - left) * zoom,
                top - note.pitch * row,
                max((note.end - note.start) * zoom, LEAST_WIDTH),
                bar,
            )
            for note in (played.note for played in notes)
        ]

    def pedal_rect(self, by: Player, start: float, end: float, left: float) -> QRectF:
        """Where a pedal's band stands: the player's above the model's."""
        top = self.height - FOOT + (1 if by is Player.HUMAN else 2 + PEDAL)
        return QRectF(self.x(start, left), top, max((end - start) * self.zoom, 1), PEDAL)

    def pedal_colour(self, by: Player) -> QColor:
        """A pedal's colour."""
        return mixed(self.look.roll, self.look.of(by), PEDAL_SHADE)

    def blank(self, width: int) -> QPixmap:
        """A sheet without a mark on it."""
        size = QSizeF(width, self.height) * self.ratio
        sheet = QPixmap(ceil(size.width()), ceil(size.height()))
        sheet.setDevicePixelRatio(self.ratio)
        sheet.fill(QColor(self.look.roll))
        return sheet


@dataclass(slots=True)
class Sheet:
    """A piece of the paper, and what is still to be drawn on it."""

    picture: QPixmap
    to_draw: deque[Mark]


class Paper:
    """What is over, drawn."""

    def __init__(self) -> None:
        """Nothing has been played."""
        self.ledger = Ledger()
        self._sheets: dict[int, Sheet] = {}  # by number, from time zero on
        self._ruling: Ruling | None = None
        self._rows = QPixmap()
        self._room = 0  # sheets that are in sight
        self._placed = 0  # notes, since the last frame
        self._to_do = WORK

    def forget(self) -> None:
        """Another take."""
        self.ledger = Ledger()
        self._sheets.clear()

    def take_in(self, scene: Scene) -> None:
        """Give a place to what has ended since, or to a good part of it."""
        new = self.ledger.take_in(scene, PLACED * WORK)
        self._placed = len(new)
        if self._ruling is not None and self._sheets:
            self._hand_out(self._ruling, new)

    def lay(self, ruling: Ruling, numbers: range) -> Iterable[tuple[int, QPixmap]]:
        """The sheets of these numbers, as far as they are drawn; a good part further than before.

        Sheets that are not drawn yet are blank.
        """
        if ruling != self._ruling:
            self._sheets.clear()
            self._ruling, self._rows = ruling, _rows(ruling)
        self._room = len(numbers)
        self._to_do, self._placed = WORK - self._placed // PLACED, 0
        return [(number, self._drawn(ruling, number)) for number in numbers]

    def is_finished(self, scene: Scene) -> bool:
        """Whether the next frame would draw no more than this one."""
        return self._to_do > 0 and self.ledger.has_all(scene)

    def _hand_out(self, ruling: Ruling, marks: Iterable[Mark]) -> None:
        """What is new is to be drawn on the sheets that are there."""
        across, least = SHEET / ruling.zoom, LEAST_WIDTH / ruling.zoom  # seconds
        for mark in marks:
            start, end = span(mark)
            for number in range(floor(start / across), floor(max(end, start + least) / across) + 1):
                if number in self._sheets:
                    self._sheets[number].to_draw.append(mark)

    def _drawn(self, ruling: Ruling, number: int) -> QPixmap:
        if self._to_do <= 0:
            return self._sheets[number].picture if number in self._sheets else self._rows
        sheet = self._sheets.get(number) or self._new(ruling, number)
        count = min(self._to_do, len(sheet.to_draw))
        marks = [sheet.to_draw.popleft() for _ in range(count)]
        if marks:
            _draw(sheet.picture, ruling, marks, number * SHEET / ruling.zoom)
            self._to_do -= len(marks)
        return sheet.picture

    def _new(self, ruling: Ruling, number: int) -> Sheet:
        while len(self._sheets) >= self._room + SPARE_SHEETS:
            del self._sheets[next(iter(self._sheets))]
        picture = QPixmap(self._rows)
        start, end = (n * SHEET / ruling.zoom for n in (number, number + 1))
        _draw_times(picture, ruling, start)
        marks = self.ledger.between(start - LEAST_WIDTH / ruling.zoom, end)
        self._sheets[number] = sheet = Sheet(picture, deque(marks))
        self._to_do -= SHEET * ruling.height // PIXELS
        return sheet


def _rows(ruling: Ruling) -> QPixmap:
    """The rows of the pitches: what is alike on all sheets."""
    sheet, look = ruling.blank(SHEET), ruling.look
    row, top = ruling.row, ruling.y(0)
    with QPainter(sheet) as painter:
        for pitch in range(ruling.low, ruling.high):
            rect = QRectF(0, top - pitch * row, SHEET, row)
            if pitch % OCTAVE in BLACK:
                painter.fillRect(rect, QColor(look.black_row))
            if pitch % OCTAVE == 0:
                painter.fillRect(QRectF(0, rect.bottom() - 1, SHEET, 1), QColor(look.beat))
    return sheet


def _draw_times(sheet: QPixmap, ruling: Ruling, start: float) -> None:
    apart = next((span for span in SPANS if span * ruling.zoom >= SECONDS_APART), SPANS[-1])
    first = floor((start - ruling.began) / apart) - 1
    last = first + ceil(SHEET / ruling.zoom / apart) + 3
    with QPainter(sheet) as painter:
        painter.setFont(ruling.small_font)
        painter.setPen(QColor(ruling.look.quiet))
        ascent = painter.fontMetrics().ascent()
        for line in range(max(first, 0), last):
            x = ruling.x(ruling.began + line * apart, start)
            painter.fillRect(QRectF(x, 0, 1, ruling.height), QColor(ruling.look.beat))
            painter.drawText(QPointF(x + 4, ascent + 3), clock(line * apart))


def _draw(sheet: QPixmap, ruling: Ruling, marks: Iterable[Mark], left: float) -> None:
    by_shade: dict[tuple[Player, int], list[Played]] = {}
    with QPainter(sheet) as painter:
        for mark in marks:
            if isinstance(mark, Played):
                shade = mark.note.velocity * SHADES // 128
                by_shade.setdefault((mark.by, shade), []).append(mark)
            else:
                rect = ruling.pedal_rect(mark.by, mark.span.start, mark.span.end, left)
                painter.fillRect(rect, ruling.pedal_colour(mark.by))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for (by, shade), notes in by_shade.items():
            painter.setBrush(ruling.look.shade(by, (2 * shade + 1) * 64 // SHADES))
            _draw_notes(painter, ruling.rects(notes, left), ruling.row > 2 * ROUND)


def _draw_notes(painter: QPainter, rects: list[QRectF], is_round: bool) -> None:
    """Round where that can be seen; all the small ones in one go."""
    large = [rect for rect in rects if rect.width() > 3 * ROUND] if is_round else []
    for rect in large:
        painter.drawRoundedRect(rect, ROUND, ROUND)
    painter.drawRects([rect for rect in rects if rect.width() <= 3 * ROUND] if large else rects)
