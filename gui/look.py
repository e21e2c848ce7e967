"""How it looks: the colours by day and by night, and the shape of the controls.

The rule kept here: the player is blue and the model orange, everywhere and always, in tones that
colour-blind eyes tell apart (Okabe and Ito, 2008); sizes follow the font that the system asks for.
"""

from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QGuiApplication, QPalette

from gui import choices
from performer.messages import Player, State

SHADES = 16  # of a note's colour, from the softest to the loudest
ARROW = Path(__file__).with_name("arrow.svg").as_posix()  # of a menu
ICON = Path(__file__).with_name("icon.svg").as_posix()
SOFTEST_SHADE = 0.38  # how much of its colour the softest note keeps


@dataclass(frozen=True, slots=True)
class Look:
    """The colours of one scheme."""

    window: str
    panel: str
    raised: str
    line: str
    text: str
    quiet: str  # text that waits to be looked for
    roll: str
    black_row: str
    beat: str  # the lines of the seconds
    human: str
    model: str
    thinking: str
    recording: str
    warning: str
    on_colour: str  # text on one of the colours
    ivory: str
    ebony: str

    def of(self, player: Player) -> str:
        """A player's colour."""
        return self.human if player is Player.HUMAN else self.model

    def turn(self, state: State) -> str:
        """The colour of whose turn it is."""
        match state:
            case State.LISTENING:
                return self.human
            case State.THINKING:
                return self.thinking
            case State.ANSWERING:
                return self.model

    def shade(self, player: Player, velocity: int) -> QColor:
        """A note's colour: the harder it was struck, the fuller."""
        strength = SOFTEST_SHADE + (1 - SOFTEST_SHADE) * velocity / 127
        return mixed(self.roll, self.of(player), strength)


DAY = Look(
    window="#f3f2ef",
    panel="#fbfaf8",
    raised="#ffffff",
    line="#d8d5cf",
    text="#1c1c1e",
    quiet="#66646a",
    roll="#fdfcfa",
    black_row="#f4f2ee",
    beat="#e6e3dd",
    human="#0072b2",
    model="#c85200",
    thinking="#6b5b00",
    recording="#c62828",
    warning="#fff0c2",
    on_colour="#ffffff",
    ivory="#ffffff",
    ebony="#26262a",
)
NIGHT = Look(
    window="#17181b",
    panel="#1e2024",
    raised="#2a2d33",
    line="#383b42",
    text="#eeeef0",
    quiet="#a3a5ad",
    roll="#121316",
    black_row="#17191c",
    beat="#25272c",
    human="#56b4e9",
    model="#ff9a3c",
    thinking="#e8d44d",
    recording="#ff5a52",
    warning="#4a3c10",
    on_colour="#101114",
    ivory="#e9e7e2",
    ebony="#1b1c20",
)


def mixed(one: str, other: str, share: float) -> QColor:
    """A colour between two: `share` of the other."""
    a, b = QColor(one), QColor(other)
    return QColor.fromRgbF(
        a.redF() + (b.redF() - a.redF()) * share,
        a.greenF() + (b.greenF() - a.greenF()) * share,
        a.blueF() + (b.blueF() - a.blueF()) * share,
    )


def look_of(chosen: str) -> Look:
    """By day or by night, as it is chosen, or as the system has it."""
    if chosen != choices.SYSTEM:
        return NIGHT if chosen == choices.NIGHT else DAY
    is_dark = QGuiApplication.styleHints().colorScheme() is Qt.ColorScheme.Dark
    return NIGHT if is_dark else DAY


def palette(look: Look) -> QPalette:
    """The look as Qt's own widgets understand it."""
    colours = {
        QPalette.ColorRole.Window: look.window,
        QPalette.ColorRole.WindowText: look.text,
        QPalette.ColorRole.Base: look.raised,
        QPalette.ColorRole.AlternateBase: look.panel,
        QPalette.ColorRole.Text: look.text,
        QPalette.ColorRole.PlaceholderText: look.quiet,
        QPalette.ColorRole.Button: look.raised,
        QPalette.ColorRole.ButtonText: look.text,
        QPalette.ColorRole.ToolTipBase: look.raised,
        QPalette.ColorRole.ToolTipText: look.text,
        QPalette.ColorRole.Highlight: look.human,
        QPalette.ColorRole.HighlightedText: look.on_colour,
        QPalette.ColorRole.Link: look.human,
        QPalette.ColorRole.Accent: look.human,
    }
    made = QPalette()
    for role, colour in colours.items():
        made.setColor(role, QColor(colour))
    for role in (
        QPalette.ColorRole.Text,
        QPalette.ColorRole.ButtonText,
        QPalette.ColorRole.WindowText,
    ):
        made.setColor(QPalette.ColorGroup.Disabled, role, mixed(look.window, look.quiet, 0.6))
    return made


def style(look: Look) -> str:
    """The look as a style sheet: flat, round, one line thick."""
    return f"""
    QMainWindow, QDialog {{ background: {look.window}; }}
    QFrame#panel {{ background: {look.panel}; border: 1px solid {look.line};
        border-radius: 8px; }}
    QScrollArea, QScrollArea > QWidget > QWidget {{ background: transparent; border: none; }}
    QLabel[quiet="true"] {{ color: {look.quiet}; }}
    QLabel[title="true"] {{ font-weight: 600; }}
    QToolTip {{ background: {look.raised}; color: {look.text}; border: 1px solid {look.line};
        padding: 5px; }}
    QPushButton, QToolButton {{ background: {look.raised}; color: {look.text};
        border: 1px solid {look.line}; border-radius: 6px; padding: 4px 10px; }}
    QToolButton {{ padding: 4px 6px; }}
    QPushButton:hover, QToolButton:hover {{ border-color: {look.human}; }}
    QPushButton:pressed, QToolButton:pressed, QToolButton:checked {{
        background: {mixed(look.raised, look.human, 0.22).name()}; }}
    QPushButton#primary {{ background: {look.human}; color: {look.on_colour};
        border-color: {look.human}; padding: 6px 16px; }}
    QLabel#step {{ background: {look.human}; color: {look.on_colour}; font-weight: 600;
        border-radius: 11px; min-width: 22px; min-height: 22px; }}
    QFrame#marks {{ background: {look.raised}; border: 1px solid {look.line};
        border-radius: 8px; }}
    QPushButton#mark {{ padding: 2px 8px; }}
    QPushButton#mark:checked {{ background: {look.model}; color: {look.on_colour};
        border-color: {look.model}; }}
    QPushButton#mode {{ border-radius: 0; margin-left: -1px; padding: 5px 4px; }}
    QPushButton#mode:checked {{ background: {look.human}; color: {look.on_colour};
        border-color: {look.human}; }}
    QPushButton:focus, QToolButton:focus {{
        border: 2px solid {look.human}; padding: 3px 9px; }}
    QToolButton:focus {{ padding: 3px 5px; }}
    QPushButton:disabled, QToolButton:disabled {{
        color: {mixed(look.window, look.quiet, 0.6).name()}; }}
    QListView {{ background: transparent; border: none; outline: none; }}
    QStatusBar {{ background: {look.window}; color: {look.quiet}; }}
    QStatusBar::item {{ border: none; }}
    QSplitter::handle {{ background: transparent; }}
    QFrame#bar {{ background: {look.warning}; border: 1px solid {look.line};
        border-radius: 8px; }}
    QFrame#help {{ background: {look.raised}; border: 1px solid {look.line};
        border-radius: 12px; }}
    QSlider::groove:horizontal {{ height: 4px; border-radius: 2px; background: {look.line}; }}
    QSlider::sub-page:horizontal {{ height: 4px; border-radius: 2px; background: {look.model}; }}
    QSlider::handle:horizontal {{ width: 14px; height: 14px; margin: -6px 0; border-radius: 8px;
        background: {look.raised}; border: 1px solid {look.quiet}; }}
    QSlider::sub-page:horizontal:disabled {{ background: {look.line}; }}
    QSlider::handle:horizontal:disabled {{ background: {look.panel};
        border-color: {look.line}; }}
    QSlider::handle:horizontal:focus {{ border: 2px solid {look.human}; }}
    QSlider:horizontal {{ min-height: 20px; }}
    QComboBox {{ background: {look.raised}; color: {look.text};
        border: 1px solid {look.line}; border-radius: 6px; padding: 3px 8px; }}
    QComboBox:hover {{ border-color: {look.human}; }}
    QComboBox:focus {{ border: 2px solid {look.human}; padding: 2px 7px; }}
    QComboBox:disabled {{ color: {mixed(look.window, look.quiet, 0.6).name()}; }}
    QComboBox::drop-down {{ border: none; width: 20px; }}
    QComboBox::down-arrow {{ image: url("{ARROW}"); width: 10px; height: 10px; }}
    QCheckBox:focus {{ color: {look.human}; }}
    QScrollBar:vertical {{ width: 10px; background: transparent; }}
    QScrollBar::handle:vertical {{ background: {look.line}; border-radius: 4px;
        min-height: 24px; margin: 1px; }}
    QScrollBar::add-line, QScrollBar::sub-line {{ height: 0; }}
    QMenu {{ background: {look.raised}; color: {look.text}; border: 1px solid {look.line};
        padding: 4px; }}
    QMenu::item {{ padding: 5px 18px; border-radius: 4px; }}
    QMenu::item:selected {{ background: {look.human}; color: {look.on_colour}; }}
    QMenu::item:disabled {{ color: {look.quiet}; }}
    QMenuBar {{ background: {look.window}; color: {look.text}; }}
    QMenuBar::item:selected {{ background: {look.raised}; }}
    """
