"""What was played, by its place in time: found again without a look at all the rest.

The rule kept here: a note is given its place once, whatever is looked for later, and however near.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from itertools import chain
from math import floor

from gui.state import Pedalled, Played, Scene
from performer.messages import Player

Mark = Played | Pedalled  # what has ended, and lies on paper

STRETCH = 4.0  # seconds of a take that are looked up together


def span(mark: Mark) -> tuple[float, float]:
    """From when to when it lasted."""
    lasted = mark.note if isinstance(mark, Played) else mark.span
    return lasted.start, lasted.end


@dataclass(slots=True)
class Ledger:
    """The notes and pedals of one take."""

    notes: int = 0  # of a scene's, that have a place
    pedals: int = 0
    begun: defaultdict[int, list[Mark]] = field(default_factory=lambda: defaultdict(list))
    held: defaultdict[int, list[Mark]] = field(default_factory=lambda: defaultdict(list))

    def take_in(self, scene: Scene, most: int) -> list[Mark]:
        """Give a place to what has ended since, so many marks at most; which ones."""
        pedals = scene.pedal[self.pedals : self.pedals + most]
        notes = scene.notes[self.notes : self.notes + most - len(pedals)]
        self.pedals, self.notes = self.pedals + len(pedals), self.notes + len(notes)
        marks: list[Mark] = [*pedals, *notes]
        for mark in marks:
            start, end = span(mark)
            first, last = floor(start / STRETCH), floor(end / STRETCH)
            self.begun[first].append(mark)
            for later in range(first + 1, last + 1):
                self.held[later].append(mark)
        return marks

    def has_all(self, scene: Scene) -> bool:
        """Whether all that has ended in a scene has its place."""
        return (self.notes, self.pedals) == (len(scene.notes), len(scene.pedal))

    def between(self, start: float, end: float) -> list[Mark]:
        """All that stands between two moments, and perhaps what stands just beside."""
        first, last = floor(start / STRETCH), floor(end / STRETCH)
        begun = (self.begun.get(n, ()) for n in range(first, last + 1))
        return [*self.held.get(first, ()), *chain.from_iterable(begun)]

    def lit_at(self, moment: float) -> dict[int, tuple[Player, int]]:
        """The keys that were down at a moment: by pitch, whose, and how hard."""
        return {
            mark.note.pitch: (mark.by, mark.note.velocity)
            for mark in self.between(moment, moment)
            if isinstance(mark, Played) and mark.note.start <= moment < mark.note.end
        }
