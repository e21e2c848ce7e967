"""What sounds on an instrument: which keys and pedals were put down and not yet let go of.

The rule kept here: it knows what was sent and nothing else, so what it lets go of is never what
somebody else plays on the same instrument.
"""

from performer.midi import AllNotesOff, NoteOff, NoteOn, Sustain, note_off, parse, sustain


class Sounding:
    """The keys and pedals that are down."""

    def __init__(self) -> None:
        """Nothing sounds."""
        self._keys: set[tuple[int, int]] = set()  # (channel, pitch)
        self._pedals: set[int] = set()  # channels

    @property
    def is_silent(self) -> bool:
        """True where no key is down; a pedal alone makes no sound."""
        return not self._keys

    def follow(self, message: bytes) -> None:
        """A message was sent."""
        match parse(message):
            case NoteOn(channel, pitch):
                self._keys.add((channel, pitch))
            case NoteOff(channel, pitch):
                self._keys.discard((channel, pitch))
            case Sustain(channel) as pedal:
                (self._pedals.add if pedal.is_down else self._pedals.discard)(channel)
            case AllNotesOff(channel):
                self._keys = {key for key in self._keys if key[0] != channel}

    def releases(self) -> list[bytes]:
        """The messages that let go of all of it, which is then down no more.

        >>> sounding = Sounding()
        >>> for message in (b"\\x90\\x3c\\x40", b"\\x90\\x40\\x40", b"\\x80\\x3c\\x40"):
        ...     sounding.follow(message)
        >>> sounding.releases(), sounding.releases()
        ([b'\\x80@@'], [])
        """
        keys, pedals = sorted(self._keys), sorted(self._pedals)
        self._keys.clear()
        self._pedals.clear()
        return [*(note_off(*key) for key in keys), *(sustain(channel, 0) for channel in pedals)]
