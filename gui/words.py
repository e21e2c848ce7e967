"""The words on the screen, in the player's language where there is a translation.

The rule kept here: every word that a player reads goes through `say`, whole sentences with named
gaps, so that a translator may put them into another order.
"""

from PySide6.QtCore import QCoreApplication

CONTEXT = "window"


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
