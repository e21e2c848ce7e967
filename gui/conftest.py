"""The doctests of the screen are run where there is Qt to run them with."""

from importlib.util import find_spec

collect_ignore_glob = [] if find_spec("PySide6") else ["[!cs]*.py", "command.py", "controls.py"]
