"""Listens to the player, and hears where a phrase ends.

The rule kept here: a phrase ends after a silence, and silence counts only while no key is held and
the pedal is up. How long a silence it takes follows the player: slow playing is given more time.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from performer.midi import AllNotesOff, Message, NoteOff, NoteOn, Sustain
from performer.notes import Note, Phrase, Span, in_order, on_grid

CHORD = 0.05  # seconds: onsets closer than this are one chord, not a rhythm
RHYTHM = 64  # notes, the latest, whose steps are the player's rhythm
LONG = 32  # notes that are struck while a key is held, after which it is of no matter how long


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


@dataclass(frozen=True, slots=True)
class SoFar:
    """What was played of a phrase so far: its notes in any order, and the pedal's spans.

    A key still held ends now; it is open how long it will be held. So it is, for good, where one
    was held through very many notes: a model that heard them would have to hear them all again.
    """

    notes: tuple[Note, ...]
    open: tuple[Note, ...]  # of these
    pedal: tuple[Span, ...]

    @property
    def phrase(self) -> Phrase:
        """As a phrase. Raises ValueError where no note was played."""
        if not self.notes:
            raise ValueError("a phrase needs at least one note")
        notes = in_order(self.notes)
        still = set(self.open)
        spans = (Span(max(span.start, notes[0].start), span.end) for span in self.pedal)
        return Phrase(
            notes,
            tuple(span for span in spans if span.start < span.end),
            tuple(number for number, note in enumerate(notes) if note in still),
        )


@dataclass(frozen=True, slots=True)
class _Held:
    """A key that is held: how loud, since when, and how many keys were struck before."""

    velocity: int
    struck_at: float
    number: int


class Ear:
    """Hears the player's messages and collects the phrase; knows what is held, and until when."""

    def __init__(self, silence: Silence) -> None:
        """An ear that has heard nothing yet."""
        self.silence = silence
        self._held: dict[tuple[int, int], _Held] = {}  # (channel, pitch)
        self._struck = 0  # keys, ever
        self._notes: list[Note] = []
        self._long: list[Note] = []  # those of them that were held through very many
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

    @property
    def is_quiet(self) -> bool:
        """True while no key is held and the pedal is up."""
        return not self._held and not self._pedal_channels

    @property
    def has_pedal_down(self) -> bool:
        """True while the pedal is down, on any channel."""
        return bool(self._pedal_channels)

    def so_far(self, at: float) -> SoFar:
        """What was heard of the phrase up to now."""
        held = [_note(pitch, held, at) for (_, pitch), held in self._held.items()]
        down = [Span(self._pedal_at, on_grid(at))] if self._pedal_channels else []
        return SoFar((*self._notes, *held), (*self._long, *held), (*self._pedal, *down))

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
                self._held[channel, pitch] = _Held(velocity, at, self._struck)
                self._struck += 1
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
        phrase = self.so_far(at).phrase
        self.forget(at)
        return phrase

    def forget(self, at: float) -> None:
        """Begin a new phrase; a pedal that is down stays down."""
        self._held.clear()
        self._notes.clear()
        self._long.clear()
        self._pedal.clear()
        self._pedal_at = on_grid(at)

    def _release(self, channel: int, pitch: int, at: float) -> None:
        held = self._held.pop((channel, pitch), None)
        if held is not None:
            note = _note(pitch, held, at)
            self._notes.append(note)
            if self._struck - held.number > LONG:
                self._long.append(note)
            self._quiet_at = at

    def _move_pedal(self, channel: int, is_down: bool, at: float) -> None:
        was_down = bool(self._pedal_channels)
        (self._pedal_channels.add if is_down else self._pedal_channels.discard)(channel)
        if is_down and not was_down:
            self._pedal_at = on_grid(at)
        if was_down and not self._pedal_channels:
            self._pedal.append(Span(self._pedal_at, on_grid(at)))
            self._quiet_at = at


def _note(pitch: int, held: _Held, at: float) -> Note:
    start = on_grid(held.struck_at)
    return Note(pitch, held.velocity, start, max(on_grid(at), start))
