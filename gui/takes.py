"""The list of takes: what was played on other evenings, and a minute ago.

The rule kept here: a take is a .mid in a folder, and its name is the file's; nothing is lost by a
slip of the hand, for what is deleted lies in a folder of its own until it is wanted back.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from pathlib import Path

from PySide6.QtCore import (
    QDate,
    QLocale,
    QMimeData,
    QModelIndex,
    QPersistentModelIndex,
    QRect,
    QSize,
    Qt,
    QUrl,
    Signal,
)
from PySide6.QtGui import QColor, QFont, QPainter
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLabel,
    QListView,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from gui.curves import percent
from gui.errands import Listed
from gui.look import DAY, Look, mixed
from gui.words import clock, say

TAKE = Qt.ItemDataRole.UserRole
STAR = Qt.ItemDataRole.UserRole + 1
DELETED = ".deleted"  # the folder, beside the takes, where deleted ones lie
FORBIDDEN = frozenset('/\\:*?"<>|')  # in a file's name, on one system or another
NAME_OF_THE_UNNAMED, UNNAMED = "%Y-%m-%d %H-%M-%S", 19  # and how long it is
AIR = 6  # pixels around a take's lines
ORDERS: dict[str, Callable[[Listed], tuple[float, str]]] = {
    "when": lambda take: (-take.changed_at, ""),
    "name": lambda take: (0.0, take.path.stem.casefold()),
    "length": lambda take: (-take.seconds, ""),
    "score": lambda take: (-(take.score or 0.0), ""),
    "mark": lambda take: (-(take.mark or 0.0), ""),
}


def title(path: Path) -> str:
    """A take's name; one that nobody has named is called by its day and hour.

    >>> title(Path("Tuesday.mid")), title(Path("2026-11-24 23-31-43, answer 2.mid"))
    ('Tuesday', 'Nov 24, 23:31, answer 2')
    """
    try:
        moment = datetime.strptime(path.stem[:UNNAMED], NAME_OF_THE_UNNAMED)
    except ValueError:
        return path.stem
    day = QLocale().toString(QDate(moment.year, moment.month, moment.day), say("MMM d"))
    return f"{day}, {moment:%H:%M}{path.stem[UNNAMED:]}"


def facts(take: Listed, today: datetime) -> str:
    """A take in a line: when, how long, by which model, how good, who played how much."""
    made = datetime.fromtimestamp(take.changed_at)
    when = f"{made:%H:%M}" if made.date() == today.date() else f"{made:%Y-%m-%d}"
    score = "" if take.score is None else percent(take.score)
    mark = "" if take.mark is None else say("{mark} of 5", mark=f"{take.mark:.2g}")
    notes = f"{take.human} + {take.model}" if take.maker else str(take.human)
    told = (when, clock(take.seconds), take.maker, score, mark, notes)
    return " · ".join(part for part in told if part)


def in_order(takes: Iterable[Listed], by: str) -> list[Listed]:
    """The takes in an order of `ORDERS`; those of which nothing is known come last."""
    return sorted(takes, key=ORDERS[by])


def delete(take: Path) -> Path:
    """Put a take where it is out of the way; where that is. Raises OSError."""
    bin_ = take.parent / DELETED
    bin_.mkdir(exist_ok=True)
    return take.rename(_free(bin_ / take.name))


def restore(deleted: Path) -> Path:
    """Put a deleted take back; where it is now. Raises OSError."""
    return deleted.rename(_free(deleted.parent.parent / deleted.name))


def _free(place: Path) -> Path:
    """That place, or one beside it where something lies there already."""
    others = (place.with_name(f"{place.stem} ({n}){place.suffix}") for n in range(2, 10_000))
    return next(each for each in (place, *others) if not each.exists())


def rename(take: Path, name: str) -> Path:
    """Give a take another name; where it is now. Raises OSError, also where the name is taken."""
    letters = (letter for letter in name if letter.isprintable() and letter not in FORBIDDEN)
    clean = "".join(letters).strip().strip(".")
    place = take.with_name(f"{clean or take.stem}{take.suffix}")
    if place != take and place.exists():
        raise FileExistsError(place)
    return take.rename(place)


class _Lines(QStyledItemDelegate):
    """Paints a take: its name, and its facts beneath."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.look: Look = DAY

    def sizeHint(  # noqa: N802
        self, option: QStyleOptionViewItem, _index: QModelIndex | QPersistentModelIndex
    ) -> QSize:
        return QSize(120, 2 * option.fontMetrics.height() + 2 * AIR + 2)

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        rect: QRect = option.rect
        state: QStyle.StateFlag = option.state
        painter.save()
        if state & QStyle.StateFlag.State_Selected:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(mixed(self.look.panel, self.look.human, 0.2))
            painter.drawRoundedRect(rect.adjusted(2, 1, -2, -1), 6, 6)
        room = rect.adjusted(AIR + 4, AIR, -AIR - 4, -AIR)
        self._line(painter, room, str(index.data()), Qt.AlignmentFlag.AlignTop, is_name=True)
        take = index.data(TAKE)
        if isinstance(take, Listed):
            said = facts(take, datetime.now())
            self._line(painter, room, said, Qt.AlignmentFlag.AlignBottom, is_name=False)
        painter.restore()

    def _line(
        self, painter: QPainter, room: QRect, text: str, where: Qt.AlignmentFlag, is_name: bool
    ) -> None:
        font = QFont(painter.font())
        font.setWeight(QFont.Weight.DemiBold if is_name else QFont.Weight.Normal)
        font.setPointSizeF(font.pointSizeF() * (1.0 if is_name else 0.88))
        painter.save()
        painter.setFont(font)
        painter.setPen(QColor(self.look.text if is_name else self.look.quiet))
        short = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, room.width())
        painter.drawText(room, where | Qt.AlignmentFlag.AlignLeading, short)
        painter.restore()


class _List(QListWidget):
    """A list out of which takes are dragged as files."""

    def mimeData(self, items: Sequence[QListWidgetItem]) -> QMimeData:  # noqa: N802
        data = QMimeData()
        data.setUrls([QUrl.fromLocalFile(str(item.data(TAKE).path)) for item in items])
        return data


class Takes(QWidget):
    """The takes, and what can be done with the one that is chosen."""

    chosen = Signal(object)  # Path
    asked_to_play = Signal(object)  # Path
    asked_for_another = Signal(object)  # Path
    asked_to_compare = Signal()
    asked_for_menu = Signal(object, object)  # Path, where (QPoint)

    def __init__(self) -> None:
        """An empty list."""
        super().__init__()
        self.list = _List()
        self._lines = _Lines(self.list)
        self.list.setItemDelegate(self._lines)
        self.list.setDragEnabled(True)
        self.list.setDragDropMode(QListWidget.DragDropMode.DragOnly)
        self.list.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.list.setAccessibleName(say("Takes"))
        self.list.setToolTip(
            say("Drag a take into a DAW or a folder. While one plays, choose another to compare.")
        )
        self.title = QLabel(say("Takes"))
        self.title.setProperty("title", True)
        self.order = QComboBox()
        for order, name in zip(
            ORDERS,
            (say("Latest"), say("Name"), say("Longest"), say("Score"), say("Your mark")),
            strict=True,
        ):
            self.order.addItem(name, order)
        self.order.setAccessibleName(say("Order of the takes"))
        self.order.setToolTip(say("Which takes stand first."))
        self._is_thinking = False
        self._takes: tuple[Listed, ...] = ()
        self._stars: frozenset[str] = frozenset()
        self.empty = QLabel(say("All that you play is kept here."))
        self.empty.setProperty("quiet", True)
        self.empty.setWordWrap(True)
        self.play = QPushButton(say("Play"))
        self.play.setToolTip(say("Hear the take that is chosen (Enter in the list)."))
        self.another = QPushButton(say("Another answer"))
        self.another.setToolTip(say("Let the model answer the same phrase once more."))
        self.compare = QPushButton(say("A/B"))
        self.compare.setAccessibleName(say("Compare"))
        self.compare.setToolTip(
            say("Back to the take chosen before, at the same moment (Ctrl+B): which is better?")
        )
        self.more = QToolButton()
        self.more.setText("⋯")
        self.more.setAccessibleName(say("More"))
        self.more.setToolTip(say("Rename, star, export, delete."))
        self._place()
        self._connect()
        self._show_what_is_possible()

    def _place(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(10, 10, 10, 10)
        head = QHBoxLayout()
        head.addWidget(self.title, 1)
        head.addWidget(self.order)
        column.addLayout(head)
        column.addWidget(self.empty)
        column.addWidget(self.list, 1)
        row = QHBoxLayout()
        row.setSpacing(4)
        row.addWidget(self.play, 1)
        row.addWidget(self.compare)
        row.addWidget(self.more)
        column.addLayout(row)
        column.addWidget(self.another)

    def _connect(self) -> None:
        self.list.currentItemChanged.connect(self._choose)
        self.list.itemActivated.connect(lambda item: self.asked_to_play.emit(item.data(TAKE).path))
        self.list.customContextMenuRequested.connect(
            lambda point: self._open_menu(self.list.viewport().mapToGlobal(point))
        )
        self.order.activated.connect(lambda _: self.show_takes(self._takes, self._stars))
        self.play.clicked.connect(lambda: self.asked_to_play.emit(self.current))
        self.another.clicked.connect(lambda: self.asked_for_another.emit(self.current))
        self.compare.clicked.connect(self.asked_to_compare)
        self.more.clicked.connect(
            lambda: self._open_menu(self.more.mapToGlobal(self.more.rect().bottomLeft()))
        )

    @property
    def current(self) -> Path | None:
        """The take that is chosen."""
        item = self.list.currentItem()
        if item is None:
            return None
        take: Listed = item.data(TAKE)
        return take.path

    def show_takes(self, takes: Iterable[Listed], stars: frozenset[str]) -> None:
        """Show these, starred ones marked; the one that was chosen stays so, and nobody is told."""
        self._takes, self._stars = tuple(takes), stars
        current = self.current
        self.list.blockSignals(True)
        self.list.clear()
        for take in in_order(self._takes, self.order.currentData()):
            is_starred = take.path.name in stars
            item = QListWidgetItem(("★ " if is_starred else "") + title(take.path))
            item.setData(TAKE, take)
            item.setData(STAR, is_starred)
            item.setToolTip(f"{take.path.stem}\n{facts(take, datetime.now())}")
            self.list.addItem(item)
            if take.path == current:
                self.list.setCurrentItem(item)
        self.list.blockSignals(False)
        self._offer("score", any(take.score is not None for take in self._takes))
        self._offer("mark", any(take.mark is not None for take in self._takes))
        self._show_what_is_possible()

    def _offer(self, order: str, is_offered: bool) -> None:
        """An order is offered where there is something to go by."""
        view = self.order.view()
        assert isinstance(view, QListView)
        view.setRowHidden(self.order.findData(order), not is_offered)

    def choose(self, path: Path | None) -> None:
        """Mark this one, and tell nobody."""
        self.list.blockSignals(True)
        self.list.setCurrentRow(-1)
        for row in range(self.list.count()):
            if self.list.item(row).data(TAKE).path == path:
                self.list.setCurrentRow(row)
        self.list.blockSignals(False)
        self._show_what_is_possible()

    def show_comparable(self, is_comparable: bool) -> None:
        """Whether there is another take to go back to."""
        self.compare.setEnabled(is_comparable)

    def show_thinking(self, is_thinking: bool) -> None:
        """Whether a model is thinking of another answer."""
        self._is_thinking = is_thinking
        self.another.setText(say("Thinking…") if is_thinking else say("Another answer"))
        self._show_what_is_possible()

    def show_playing(self, is_playing: bool) -> None:
        """Whether a take is being heard."""
        self.play.setText(say("Stop") if is_playing else say("Play"))
        self.play.setEnabled(is_playing or self.current is not None)

    def show_look(self, look: Look) -> None:
        """By day or by night."""
        self._lines.look = look
        self.list.viewport().update()

    def _choose(self) -> None:
        self._show_what_is_possible()
        if self.current is not None:
            self.chosen.emit(self.current)

    def _open_menu(self, where: object) -> None:
        if self.current is not None:
            self.asked_for_menu.emit(self.current, where)

    def _show_what_is_possible(self) -> None:
        self.empty.setVisible(self.list.count() == 0)
        item = self.list.currentItem()
        for widget in (self.play, self.more):
            widget.setEnabled(item is not None)
        has_answer = item is not None and item.data(TAKE).answers > 0
        self.another.setEnabled(has_answer and not self._is_thinking)
