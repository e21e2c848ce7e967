"""How good an answer seems to the model's own ear, as a small curve over its notes.

The rule kept here: it is quiet. A thin line with a shade below and a number at its end, above the
notes, and nothing where there is no score; high is good.
"""

from collections.abc import Iterable

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from gui.look import mixed
from gui.paper import Ruling
from gui.state import Curve
from performer.messages import Scored

HIGH = 30.0  # pixels, from the worst to the best
DOT = 2.5  # pixels of radius
THIN = 1.5  # pixels
FAINT = 0.16  # how much of its colour there is below the line
AIR = 7.0  # pixels between the last dot and its number


def percent(score: float) -> str:
    """A score as it is shown.

    >>> percent(0.617)
    '62 %'
    """
    return f"{100 * score:.0f} %"


def paint(painter: QPainter, curves: Iterable[Curve], ruling: Ruling, left: float) -> None:
    """Paint the curves of some answers, those that are in sight."""
    painter.setFont(ruling.small_font)
    room = painter.fontMetrics().horizontalAdvance(percent(1.0)) + AIR
    first = left - room / ruling.zoom
    last = left + painter.clipBoundingRect().right() / ruling.zoom
    for curve in curves:
        if curve.scores[-1].at >= first and curve.start <= last:
            before = Scored(curve.start, curve.scores[0].score)
            points = [_point(scored, ruling, left) for scored in (before, *curve.scores)]
            _paint(painter, curve, points, ruling)


def _paint(painter: QPainter, curve: Curve, points: list[QPointF], ruling: Ruling) -> None:
    colour, foot = QColor(ruling.look.model), ruling.head + HIGH
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(mixed(ruling.look.roll, colour.name(), FAINT))
    ends = QPointF(points[-1].x(), foot), QPointF(points[0].x(), foot)
    painter.drawPolygon([*points, *ends])
    painter.setPen(QPen(colour, THIN))
    painter.drawPolyline(points)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colour)
    for point in points[1:]:
        painter.drawEllipse(point, DOT, DOT)
    painter.setPen(QColor(ruling.look.quiet))
    said = percent(curve.overall)
    high = painter.fontMetrics().height()
    last = points[-1]
    beside = QRectF(last.x() + AIR, last.y() - high / 2, 100, high)
    painter.drawText(beside, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, said)


def _point(scored: Scored, ruling: Ruling, left: float) -> QPointF:
    return QPointF(ruling.x(scored.at, left), ruling.head + HIGH * (1 - scored.score))
