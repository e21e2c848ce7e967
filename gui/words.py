"""The words on the screen, in the player's language where there is a translation.

The rule kept here: every word that a player reads goes through `say`, whole sentences with named
gaps, so that a translator may put them into another order.
"""

from collections.abc import Mapping

from PySide6.QtCore import QCoreApplication, QLibraryInfo, QLocale, QObject, QTranslator

from gui.german import GERMAN

CONTEXT = "window"
LANGUAGES = {QLocale.Language.German: GERMAN}


class Translation(QTranslator):
    """The window's sentences in one language."""

    def __init__(self, sentences: Mapping[str, str], parent: QObject) -> None:
        """A translation by these sentences; what it lacks stays English."""
        super().__init__(parent)
        self._sentences = sentences

    def translate(
        self,
        context: str,
        source: str,
        disambiguation: str | None = None,
        n: int = -1,
    ) -> str | None:  # None: Qt may look elsewhere
        """A sentence in that language."""
        return self._sentences.get(source) if context == CONTEXT else None

    def isEmpty(self) -> bool:  # noqa: N802
        """Whether it translates nothing."""
        return not self._sentences


def speak(app: QCoreApplication, language: QLocale.Language) -> None:
    """Let the window speak a language from now on, where it knows it; Qt's own dialogs too."""
    if language in LANGUAGES:
        dialogs = QTranslator(app)
        place = QLibraryInfo.path(QLibraryInfo.LibraryPath.TranslationsPath)
        if dialogs.load(QLocale(language), "qtbase", "_", place):
            app.installTranslator(dialogs)
        app.installTranslator(Translation(LANGUAGES[language], app))


def say(sentence: str, **gaps: object) -> str:
    """A sentence in the player's language, its gaps filled.

    >>> say("{count} notes", count=3)
    '3 notes'
    """
    translated = QCoreApplication.translate(CONTEXT, sentence)
    return translated.format(**gaps) if gaps else translated


def clock(seconds: float) -> str:
    """A running time as it stands on a tape recorder.

    >>> clock(75.4), clock(3700)
    ('1:15', '1:01:40')
    """
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
