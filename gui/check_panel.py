"""The check as a panel: is everything there, and is this machine quick enough to play on?

The rule kept here: every figure is the check's own; the panel only sets it out, each with its
verdict in a word and a colour, and what to do where it is no good.
"""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QGridLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from gui.errands import Checked, Finding
from gui.look import Look
from gui.words import say

SECONDS = 20.0  # that are measured


class CheckPanel(QDialog):
    """Measures, and shows what was found."""

    asked = Signal(float)  # seconds

    def __init__(self, parent: QWidget, look: Look) -> None:
        """A panel that has measured nothing yet."""
        super().__init__(parent)
        self.look = look
        self.setWindowTitle(say("Check"))
        self.resize(680, 400)
        self.said = QLabel()
        self.said.setWordWrap(True)
        self.waiting = QProgressBar()
        self.waiting.setRange(0, 0)
        self.waiting.setTextVisible(False)
        self.waiting.setAccessibleName(say("It is being measured"))
        self.found = QScrollArea()
        self.found.setWidgetResizable(True)
        self.found.setAccessibleName(say("What was found"))
        self.again = QPushButton(say("Measure again"))
        self.again.clicked.connect(self.measure)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.addButton(self.again, QDialogButtonBox.ButtonRole.ActionRole)
        buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.setContentsMargins(18, 18, 18, 14)
        column.setSpacing(12)
        for widget in (self.said, self.waiting, self.found, buttons):
            column.addWidget(widget)

    def measure(self) -> None:
        """Ask for the measuring, and wait."""
        self.said.setText(say("Measuring, for half a minute or so: keys, notes, models, sound."))
        self.waiting.show()
        self.again.setEnabled(False)
        self.asked.emit(SECONDS)

    def show_findings(self, checked: Checked) -> None:
        """Set out what was found."""
        self.waiting.hide()
        self.again.setEnabled(True)
        verdicts = [finding.verdict for finding in checked.findings]
        if "trouble" in verdicts:
            self.said.setText(say("Something is not as it should be; what to do stands beside it."))
        elif "playable" in verdicts:
            self.said.setText(say("It can be played; what could be better stands beside it."))
        else:
            self.said.setText(say("All is well."))
        page = QWidget()
        grid = QGridLayout(page)
        grid.setColumnStretch(2, 1)
        grid.setHorizontalSpacing(18)
        grid.setVerticalSpacing(10)
        for row, finding in enumerate(checked.findings):
            self._place(grid, row, finding)
        grid.setRowStretch(len(checked.findings), 1)
        self.found.setWidget(page)

    def show_failure(self, sentence: str) -> None:
        """Say why nothing was measured."""
        self.waiting.hide()
        self.again.setEnabled(True)
        self.said.setText(sentence)

    def _place(self, grid: QGridLayout, row: int, finding: Finding) -> None:
        colours = {"good": self.look.human, "playable": self.look.thinking}
        verdict = QLabel(say(finding.verdict))
        verdict.setStyleSheet(
            f"color: {colours.get(finding.verdict, self.look.recording)}; font-weight: 600"
        )
        what = QLabel(finding.what)
        found = QLabel(f"{finding.found}. {finding.to_do}".strip())
        found.setWordWrap(True)
        found.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        for column, label in enumerate((verdict, what, found)):
            grid.addWidget(label, row, column, Qt.AlignmentFlag.AlignTop)
