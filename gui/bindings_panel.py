"""Pedals, buttons and keys of the player's keyboard that do something else than sound.

The rule kept here: one learns by touching. What is touched next is bound, and does nothing else
that once; what is bound is said in the words in which it stands in the settings file.
"""

from collections.abc import Mapping
from functools import partial

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QGridLayout,
    QLabel,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from gui.words import say
from performer.bindings import Action, Bindings, Controller, Key


class BindingsPanel(QDialog):
    """What each control does, and a way to teach it."""

    asked_to_learn = Signal(object)  # Action, or None: no more
    asked_to_forget = Signal(object)  # Action

    def __init__(self, parent: QWidget, bindings: Bindings) -> None:
        """A panel that shows what is bound."""
        super().__init__(parent)
        self.setWindowTitle(say("Pedals and keys"))
        self.learn: Mapping[Action, QPushButton] = {each: QPushButton() for each in Action}
        self.forget: Mapping[Action, QToolButton] = {each: QToolButton() for each in Action}
        self.bound: Mapping[Action, QLabel] = {each: QLabel() for each in Action}
        said = QLabel(say("Choose Learn, then touch the pedal, knob or key that shall do it."))
        said.setWordWrap(True)
        grid = QGridLayout()
        grid.setColumnStretch(1, 1)
        grid.setHorizontalSpacing(16)
        for row, action in enumerate(Action):
            self._place(grid, row, action)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.setContentsMargins(18, 18, 18, 14)
        column.setSpacing(14)
        column.addWidget(said)
        column.addLayout(grid)
        column.addWidget(buttons)
        self.finished.connect(lambda _: self.asked_to_learn.emit(None))
        self.show_bindings(bindings)

    def show_bindings(self, bindings: Bindings, learning: Action | None = None) -> None:
        """What is bound, and for which action something is to be touched."""
        for action in Action:
            control = bindings.control_of(action)
            is_learning = action is learning
            self.bound[action].setText(
                say("touch it now") if is_learning else control_said(control)
            )
            self.forget[action].setEnabled(control is not None)
            self.learn[action].setText(say("Never mind") if is_learning else say("Learn"))

    def _place(self, grid: QGridLayout, row: int, action: Action) -> None:
        learn, forget = self.learn[action], self.forget[action]
        learn.setCheckable(False)
        learn.setAutoDefault(False)
        learn.setAccessibleName(say("Learn: {what}", what=action_said(action)))
        forget.setText("✕")
        forget.setAccessibleName(say("Forget: {what}", what=action_said(action)))
        forget.setToolTip(say("Let nothing do this any more."))
        learn.clicked.connect(partial(self._ask, action))
        forget.clicked.connect(partial(self.asked_to_forget.emit, action))
        self.bound[action].setProperty("quiet", True)
        for column, widget in enumerate(
            (QLabel(action_said(action)), self.bound[action], learn, forget)
        ):
            grid.addWidget(widget, row, column)

    def _ask(self, action: Action) -> None:
        is_waiting = self.learn[action].text() == say("Never mind")
        self.asked_to_learn.emit(None if is_waiting else action)


def action_said(action: Action) -> str:
    """What a control may do, in the window's words."""
    match action:
        case Action.HAND_OVER:
            return say("Answer now")
        case Action.STOP:
            return say("Stop")
        case Action.AGAIN:
            return say("Another answer")
        case Action.PANIC:
            return say("Panic")
        case Action.MODE:
            return say("The next of answer, endless, duet")
        case Action.TEMPERATURE:
            return say("Tame to wild")


def control_said(control: Controller | Key | None) -> str:
    """A control in the window's words."""
    match control:
        case Controller(number):
            return say("pedal or knob (controller {number})", number=number)
        case Key():
            return say("key {name}", name=str(control).removeprefix("key "))
        case None:
            return say("nothing yet")
