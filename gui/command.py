"""`antiphon window`: opens the window, and closes it properly.

The rule kept here: what was chosen is written down where the system keeps such things, whole or not
at all; Ctrl-C in the terminal closes the window as a click would.
"""

import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import platformdirs

from gui.choices import Memory, remembered, written
from gui.stagehand import Stagehand
from performer.refusal import Refusal
from performer.take import write_whole

if TYPE_CHECKING:
    from gui.evening import Evening


def memory_file() -> Path:
    """Where the window keeps what was chosen."""
    return platformdirs.user_config_path("antiphon", appauthor=False) / "window.json"


def read_memory(path: Path) -> Memory:
    """What was chosen the last time; the first choices where there was none."""
    try:
        return remembered(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError):
        return Memory()


def open_window(takes: Path | None = None) -> int:
    """Open the window, and return the exit status once it is closed."""
    stagehand = Stagehand()  # first: it looks at the ports while the rest is loaded
    from PySide6.QtCore import QLocale
    from PySide6.QtGui import QIcon
    from PySide6.QtWidgets import QApplication

    from gui.evening import Evening
    from gui.look import ICON
    from gui.window import Window, machine_load
    from gui.words import speak

    app = QApplication.instance() or QApplication(sys.argv[:1])
    assert isinstance(app, QApplication)
    app.setApplicationName("Antiphon")
    app.setWindowIcon(QIcon(ICON))
    app.setStyle("Fusion")
    speak(app, QLocale.system().language())
    path = memory_file()
    evening = Evening(read_memory(path), stagehand)
    if takes is not None:
        evening.choose_folder(takes)

    def save(evening: "Evening") -> None:
        try:
            write_whole(path, written(evening.memory).encode())
        except Refusal as refusal:
            evening.warned.emit(str(refusal), "", None)

    window = Window(evening, save, machine_load)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: window.close())
    window.show()
    window.open()
    return app.exec()
