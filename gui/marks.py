"""How was it? Five buttons on the piano roll, for the answer that is heard or was heard last.

The rule kept here: a mark is asked for where there is an answer, and never in the way of playing;
it can be given while the answer still sounds, and given anew.
"""

from functools import partial

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QButtonGroup, QFrame, QHBoxLayout, QLabel, QPushButton, QWidget

from gui.words import say

MARKS = range(1, 6)


class Marks(QFrame):
    """A question, and five answers to it."""

    given = Signal(int)

    def __init__(self, parent: QWidget) -> None:
        """No mark is given yet."""
        super().__init__(parent)
        self.setObjectName("marks")
        row = QHBoxLayout(self)
        row.setContentsMargins(10, 5, 8, 5)
        row.setSpacing(3)
        question = QLabel(say("How was it?"))
        question.setProperty("quiet", True)
        row.addWidget(question)
        row.addSpacing(4)
        self._group = QButtonGroup(self)
        self._group.setExclusive(False)  # there may be none
        self.buttons = {mark: self._button(mark) for mark in MARKS}
        for button in self.buttons.values():
            row.addWidget(button)
        self.hide()

    def show_mark(self, mark: int | None) -> None:
        """Show the mark that was given, or none, and tell nobody."""
        for each, button in self.buttons.items():
            button.setChecked(each == mark)

    def _button(self, mark: int) -> QPushButton:
        button = QPushButton(str(mark))
        button.setObjectName("mark")
        button.setCheckable(True)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.setAccessibleName(say("{mark} of 5", mark=mark))
        button.setToolTip(
            say("What you think of this answer: 1 is poor, 5 is good. It is kept by your takes.")
        )
        button.clicked.connect(partial(self._give, mark))
        self._group.addButton(button)
        return button

    def _give(self, mark: int) -> None:
        self.show_mark(mark)
        self.given.emit(mark)
