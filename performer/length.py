"""How long an answer may be: like the phrase, so many seconds, so many notes, or endless.

The rule kept here: an answer ends between two notes, and the first note always belongs to it.
"""

import math
from dataclasses import dataclass

from performer.notes import Note, Phrase

SHORTEST_LIKE = 2.0  # seconds that are answered even to a single short note


@dataclass(frozen=True, slots=True)
class Limit:
    """The most seconds (from the answer's first onset to its last) and the most notes."""

    seconds: float = math.inf
    notes: float = math.inf

    def allows(self, note: Note, index: int) -> bool:
        """Whether note number `index`, starting so long after the answer began, still belongs."""
        return index == 0 or (note.start < self.seconds and index < self.notes)


@dataclass(frozen=True, slots=True)
class Like:
    """As long as the phrase that is answered."""

    def limit(self, phrase: Phrase) -> Limit:
        """The phrase's own seconds, or two where it was shorter."""
        return Limit(seconds=max(phrase.seconds, SHORTEST_LIKE))

    def __str__(self) -> str:
        """As it is written on the command line."""
        return "like"


@dataclass(frozen=True, slots=True)
class Fixed:
    """Always the same limit, whatever the phrase was; with none at all, endless."""

    of: Limit = Limit()

    def limit(self, _phrase: Phrase) -> Limit:
        """The limit itself."""
        return self.of

    def __str__(self) -> str:
        """As it is written on the command line."""
        if self.of.notes < math.inf:
            return f"{self.of.notes:.0f}notes"
        return f"{self.of.seconds:g}s" if self.of.seconds < math.inf else "endless"


Length = Like | Fixed


def parse_length(text: str) -> Length:
    """Read a length as a player writes it.

    Raises ValueError, with a sentence for the player, for anything else.

    >>> [str(parse_length(text)) for text in ("like", "endless", "8s", "12.5 s", "30notes")]
    ['like', 'endless', '8s', '12.5s', '30notes']
    """
    match text.strip().lower().replace(" ", ""):
        case "like":
            return Like()
        case "endless":
            return Fixed()
        case words if words.endswith("notes") and words[:-5].isdecimal() and int(words[:-5]) > 0:
            return Fixed(Limit(notes=int(words[:-5])))
        case words if words.endswith("s") and _is_seconds(words[:-1]):
            return Fixed(Limit(seconds=float(words[:-1])))
    raise ValueError(f"{text!r} is no length: say like, endless, or for example 8s or 30notes")


def _is_seconds(text: str) -> bool:
    try:
        return 0 < float(text) < math.inf
    except ValueError:
        return False
