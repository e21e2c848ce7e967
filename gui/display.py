"""Whether a window can be opened here at all.

The rule kept here: it is tried out, in a process that may fail, before the instrument depends on
it: where Qt finds a display it cannot open, it ends the whole program without a word to catch.
"""

import os
import subprocess
import sys
from importlib.util import find_spec

TRIAL = "from PySide6.QtWidgets import QApplication; QApplication([])"
LONGEST = 20  # seconds that the trial may take
OTHERWISE = "antiphon play needs no window."


def why_there_is_none() -> str | None:
    """Why no window can be opened, in a sentence for the player; None where one can be."""
    if find_spec("PySide6") is None:
        return f"The window needs PySide6: type pip install 'antiphon[gui]'. {OTHERWISE}"
    if sys.platform != "linux" or os.environ.get("QT_QPA_PLATFORM"):
        return None
    if not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        return f"There is no display to open a window on. {OTHERWISE}"
    return _tried()


def _tried() -> str | None:
    try:
        trial = subprocess.run(
            [sys.executable, "-c", TRIAL], capture_output=True, text=True, timeout=LONGEST
        )
    except subprocess.TimeoutExpired:
        return f"The display does not answer. {OTHERWISE}"
    if trial.returncode == 0:
        return None
    if "could not connect" in trial.stderr:
        return f"The display cannot be reached. {OTHERWISE}"
    said = [line for line in trial.stderr.splitlines() if line.strip()]
    reason = next((line for line in said if line.startswith("ImportError")), "Qt does not start")
    return f"No window opens here ({reason}): type ./debian-packages.sh play. {OTHERWISE}"
