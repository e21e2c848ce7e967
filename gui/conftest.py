"""The doctests of the screen are run where there is Qt to run them with."""

from importlib.util import find_spec
from pathlib import Path

PURE = ("choices.py", "ledger.py", "state.py")
SCREEN = [path.name for path in Path(__file__).parent.glob("*.py") if path.name not in PURE]

collect_ignore = SCREEN if find_spec("PySide6") is None else []
