"""Listens to the player, and hears where a phrase ends.

The rule kept here: a phrase ends after a silence, and silence counts only while no key is held and
the pedal is up. How long a silence it takes follows the player: slow playing is given more time.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from math import inf
from statistics import median

from performer.midi import AllNotesOff, Message, NoteOff, NoteOn, Sustain
from performer.notes import Note, Phrase, Span, on_grid

CHORD = 0.05  # seconds: onsets closer than this are one chord, not a rhythm
RHYTHM = 64  # notes, the latest, whose steps are the player's rhythm


@dataclass(frozen=True, slots=True)
class Silence:
    """How long a silence ends a phrase: a multiple of the player's own step, within bounds.

    With shortest = longest it is fixed.
    """

    steps: float = 2.5  # times the median inter-onset time
    shortest: float = 0.4  # seconds
    longest: float = 2.0

    @classmethod
    def fixed(cls, seconds: float) -> "Silence":
        """The same silence always."""
        return cls(shortest=seconds, longest=seconds)

    def after(self, onsets: Sequence[float]) -> float:
        """Seconds of silence that end a phrase with these onsets.

        Where nothing is known of the rhythm yet, the middle of the bounds.

        >>> Silence().after([0.0, 0.01, 0.51, 1.01])
        1.25
        >>> Silence().after([0.0])
        1.2
        """
        steps = [later - earlier for earlier, later in pairwise(onsets)]
        rhythm = [step for step in steps if step >= CHORD]
        if not rhythm:
            return (self.shortest + self.longest) / 2
        return min(max(self.steps * median(rhythm), self.shortest), self.longest)


class Ear:
    """Hears the player's messages and collects the phrase; knows what is held, and until when."""

    def __init__(self, silence: Silence) -> None:
        """An ear that has heard nothing yet."""
        self.silence = silence
        self._held: dict[tuple[int, int], tuple[int, float]] = {}  # key -> velocity, struck at
        self._notes: list[Note] = []
        self._pedal_channels: set[int] = set()  # channels whose pedal is down
        self._pedal_at = 0.0  # when the first of them went down
        self._pedal: list[Span] = []
        self._quiet_at = 0.0  # when the last key or pedal came up

    @property
    def has_phrase(self) -> bool:
        """True from the first note of a phrase on."""
        return bool(self._notes or self._held)

    @property
    def note_count(self) -> int:
        """Notes heard in this phrase so far, those still held among them."""
        return len(self._notes) + len(self._held)

    def known(self, at: float) -> tuple[tuple[Note, ...], tuple[Span, ...]]:
        """What will not change any more: the notes before the first key held, and the pedal."""
        first = min((struck_at for _, struck_at in self._held.values()), default=inf)
        down = [Span(self._pedal_at, at)] if self._pedal_channels else []
        notes = tuple(note for note in self._notes if note.start < first)
        return notes, (*self._pedal, *down)

    @property
    def ends_at(self) -> float | None:
        """When the phrase will have ended if nothing more is heard; None while it cannot end."""
        if not self._notes or self._held or self._pedal_channels:
            return None
        latest = sorted(note.start for note in self._notes[-RHYTHM:])
        return self._quiet_at + self.silence.after(latest)

    def hear(self, message: Message, at: float) -> None:
        """Take in one message of the player's."""
        match message:
            case NoteOn(channel, pitch, velocity):
                self._release(channel, pitch, at)  # a key struck twice was released between
                self._held[channel, pitch] = velocity, at
            case NoteOff(channel, pitch):
                self._release(channel, pitch, at)
            case Sustain(channel) as pedal:
                self._move_pedal(channel, pedal.is_down, at)
            case AllNotesOff(channel):
                for held_channel, pitch in tuple(self._held):
                    if held_channel == channel:
                        self._release(channel, pitch, at)
                self._move_pedal(channel, False, at)

    def take_phrase(self, at: float) -> Phrase:
        """The phrase heard up to now, keys still held ending now; the ear begins a new one.

        Raises ValueError where no note was heard.
        """
        held = [self._note(pitch, *struck, at) for (_, pitch), struck in self._held.items()]
        down = [Span(self._pedal_at, at)] if self._pedal_channels else []
        phrase = Phrase.of([*self._notes, *held], [*self._pedal, *down])
        still = {(note.pitch, on_grid(note.start)) for note in held}
        numbers = (n for n, note in enumerate(phrase.notes) if (note.pitch, note.start) in still)
        phrase = replace(phrase, held=tuple(numbers))
        self._held.clear()
        self._notes.clear()
        self._pedal.clear()
        self._pedal_at = at
        return phrase

    def _note(self, pitch: int, velocity: int, struck_at: float, at: float) -> Note:
        return Note(pitch, velocity, struck_at, max(at, struck_at))

    def _release(self, channel: int, pitch: int, at: float) -> None:
        struck = self._held.pop((channel, pitch), None)
        if struck is not None:
            self._notes.append(self._note(pitch, *struck, at))
            self._quiet_at = at

    def _move_pedal(self, channel: int, is_down: bool, at: float) -> None:
        was_down = bool(self._pedal_channels)
        (self._pedal_channels.add if is_down else self._pedal_channels.discard)(channel)
        if is_down and not was_down:
            self._pedal_at = at
        if was_down and not self._pedal_channels:
            self._pedal.append(Span(self._pedal_at, at))
            self._quiet_at = at
