"""What the window says when something is wrong, and the three sentences of help at the beginning.

The rule kept here: one sentence says what is wrong, one button does the one thing that helps.
"""

from collections.abc import Callable

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFont
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from gui.words import say

LARGER = 1.15  # times the usual font: what one reads first


class Bar(QFrame):
    """A sentence across the window, and a button; hidden where all is well."""

    def __init__(self) -> None:
        """Nothing is wrong."""
        super().__init__()
        self.setObjectName("bar")
        self.sentence = QLabel()
        self.sentence.setWordWrap(True)
        self.sentence.setTextFormat(Qt.TextFormat.PlainText)
        self.act = QPushButton()
        self.close_ = _closer()
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 6, 6, 6)
        row.addWidget(self.sentence, 1)
        row.addWidget(self.act)
        row.addWidget(self.close_)
        self._closed = ""  # the sentence that the player does not want to read again
        self._does: Callable[[], None] | None = None
        self.act.clicked.connect(self._do)
        self.close_.clicked.connect(self._close)
        self.hide()

    def say(self, sentence: str, act: str = "", does: Callable[[], None] | None = None) -> None:
        """Say what is wrong, and offer what helps; what was just closed is not said again."""
        if sentence in ("", self._closed):
            self.hide()
            return
        self._closed = ""
        self.sentence.setText(sentence)
        self.setAccessibleName(sentence)
        self.act.setText(act)
        self.act.setVisible(does is not None)
        self._does = does
        self.show()

    def _close(self) -> None:
        self._closed = self.sentence.text()
        self.hide()

    def _do(self) -> None:
        self.hide()
        if self._does is not None:
            self._does()


class Help(QFrame):
    """Three sentences, and a phrase to try; it goes away with the first note."""

    asked_to_try = Signal()

    def __init__(self, parent: QWidget) -> None:
        """The help, over the piano roll."""
        super().__init__(parent)
        self.setObjectName("help")
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 20, 24, 22)
        column.setSpacing(14)
        for number, sentence in enumerate(
            (
                say("Play a few notes: on your keyboard, on the keys below, or with A S D F."),
                say("Pause, and Antiphon answers."),
                say("Strike a key whenever you want the turn back."),
            ),
            start=1,
        ):
            column.addLayout(_step(number, sentence))
        self.try_it = QPushButton(say("Let me hear it first"))
        self.try_it.setObjectName("primary")
        self.try_it.setToolTip(say("A minuet is played to it, and it answers."))
        self.try_it.clicked.connect(self.asked_to_try)
        self.close_ = _closer()
        self.close_.clicked.connect(self.hide)
        row = QHBoxLayout()
        row.addWidget(self.try_it)
        row.addStretch(1)
        row.addWidget(self.close_)
        column.addSpacing(4)
        column.addLayout(row)
        self.setAccessibleName(say("Help"))


def _closer() -> QToolButton:
    button = QToolButton()
    button.setText("✕")
    button.setAccessibleName(say("Close"))
    button.setToolTip(say("Close"))
    return button


def _step(number: int, sentence: str) -> QHBoxLayout:
    disc, words = QLabel(str(number)), QLabel(sentence)
    disc.setObjectName("step")
    disc.setAlignment(Qt.AlignmentFlag.AlignCenter)
    font = QFont(words.font())
    font.setPointSizeF(font.pointSizeF() * LARGER)
    words.setFont(font)
    words.setWordWrap(True)
    row = QHBoxLayout()
    row.setSpacing(14)
    row.addWidget(disc, 0, Qt.AlignmentFlag.AlignTop)
    row.addWidget(words, 1)
    return row
