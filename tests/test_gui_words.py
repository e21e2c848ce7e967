"""Every sentence of the window is known to the translations, and its gaps stay where they are."""

import ast
import re
from importlib.util import find_spec
from pathlib import Path

import pytest

if find_spec("PySide6") is None:
    pytest.skip("PySide6 is not installed: pip install 'antiphon[gui]'", allow_module_level=True)

from PySide6.QtCore import QCoreApplication, QLocale, QTranslator
from PySide6.QtWidgets import QApplication

import gui
from gui.choices import PRESETS
from gui.controls import INSTRUMENTS
from gui.german import GERMAN
from gui.words import say, speak

VERDICTS = ("good", "playable", "trouble")
SCALES = ("Major", "Minor", "Pentatonic")


def said() -> set[str]:
    """All that is written out in a call of `say`, and the names that lie in tables."""
    calls = (
        node
        for path in Path(gui.__file__).parent.glob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "say"
    )
    words = {call.args[0].value for call in calls if isinstance(call.args[0], ast.Constant)}
    tables = {name for name, _ in PRESETS} | {name for _, name in INSTRUMENTS}
    return {str(word) for word in words} | tables | set(VERDICTS) | set(SCALES)


def test_german_knows_every_sentence_and_no_other() -> None:
    assert set(GERMAN) == said()


@pytest.mark.parametrize("sentence", sorted(GERMAN))
def test_a_translated_sentence_has_the_same_gaps(sentence: str) -> None:
    def gaps(text: str) -> list[str]:
        return sorted(re.findall(r"{(\w+)}", text))

    assert gaps(GERMAN[sentence]) == gaps(sentence)


def test_the_window_speaks_german_where_the_system_does() -> None:
    patch = pytest.MonkeyPatch()
    patch.setenv("QT_QPA_PLATFORM", "offscreen")
    app = QApplication.instance() or QApplication([])
    patch.undo()
    speak(app, QLocale.Language.German)
    try:
        assert say("{count} notes", count=3) == "3 Töne"
        assert say("Not translated") == "Not translated"
        assert QCoreApplication.translate("QPlatformTheme", "Cancel") == "Abbrechen"  # Qt's own
    finally:
        for translation in app.findChildren(QTranslator):
            app.removeTranslator(translation)
            translation.setParent(None)
    assert say("Listening") == "Listening"


def test_another_language_is_spoken_in_english() -> None:
    app = QApplication.instance()
    assert app is not None
    speak(app, QLocale.Language.Hebrew)
    assert say("Listening") == "Listening"
