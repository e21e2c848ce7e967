"""MIDI messages: what the bytes on the wire mean, and the bytes that mean it.

The rule kept here: a note-on of velocity 0 is a note-off, decided here and nowhere else; a message
that is broken or only half there has no meaning (None), and never raises.
"""

from dataclasses import dataclass

NOTE_OFF, NOTE_ON, CONTROL_CHANGE = 0x80, 0x90, 0xB0
SUSTAIN, ALL_SOUND_OFF, ALL_NOTES_OFF = 64, 120, 123  # controller numbers
PEDAL_DOWN = 64  # controller values from here up mean that the pedal is down
DATA_BYTES = {0x80: 2, 0x90: 2, 0xA0: 2, 0xB0: 2, 0xC0: 1, 0xD0: 1, 0xE0: 2}  # by kind of message
SYSEX = 0xF0
SYSTEM_DATA_BYTES = {0xF1: 1, 0xF2: 2, 0xF3: 1, 0xF6: 0} | dict.fromkeys(
    (0xF8, 0xFA, 0xFB, 0xFC, 0xFE, 0xFF), 0
)  # the others mean nothing


@dataclass(frozen=True, slots=True)
class NoteOn:
    """A key struck: channel 0 to 15, pitch 0 to 127, velocity 1 to 127."""

    channel: int
    pitch: int
    velocity: int


@dataclass(frozen=True, slots=True)
class NoteOff:
    """A key released; the velocity of the release is kept for the synth."""

    channel: int
    pitch: int
    velocity: int = 64


@dataclass(frozen=True, slots=True)
class Sustain:
    """The sustain pedal moved to a value of 0 to 127."""

    channel: int
    value: int

    @property
    def is_down(self) -> bool:
        """True where the dampers are off the strings."""
        return self.value >= PEDAL_DOWN


@dataclass(frozen=True, slots=True)
class AllNotesOff:
    """Every key of a channel released at once."""

    channel: int


@dataclass(frozen=True, slots=True)
class Other:
    """A whole message that means nothing to the conversation and is passed on as it came."""

    data: bytes


Message = NoteOn | NoteOff | Sustain | AllNotesOff | Other


def parse(data: bytes) -> Message | None:
    """What one complete message means; None where the bytes are no whole message.

    >>> parse(bytes([0x93, 60, 0]))
    NoteOff(channel=3, pitch=60, velocity=64)
    >>> parse(b"") is parse(bytes([0x90, 60])) is None
    True
    """
    if not data or data[0] < NOTE_OFF:
        return None
    if data[0] >= SYSEX:
        return Other(data) if _is_whole(data) else None
    kind, channel, values = data[0] & 0xF0, data[0] & 0x0F, data[1:]
    if len(values) != DATA_BYTES[kind] or max(values) > 127:
        return None
    match kind:
        case 0x90 if values[1] > 0:
            return NoteOn(channel, values[0], values[1])
        case 0x90:
            return NoteOff(channel, values[0])
        case 0x80:
            return NoteOff(channel, values[0], values[1])
        case 0xB0 if values[0] == SUSTAIN:
            return Sustain(channel, values[1])
        case 0xB0 if values[0] == ALL_SOUND_OFF or values[0] >= ALL_NOTES_OFF:
            return AllNotesOff(channel)  # 124 to 127 change the mode, which releases all keys too
        case _:
            return Other(data)


def _is_whole(data: bytes) -> bool:
    """True for one system message from its first byte to its last."""
    kind, values = data[0], data[1:]
    if kind == SYSEX:
        return values.endswith(b"\xf7") and values[:-1].isascii()  # below 128
    return len(values) == SYSTEM_DATA_BYTES.get(kind) and values.isascii()


def note_on(channel: int, pitch: int, velocity: int) -> bytes:
    """The bytes that strike a key."""
    return bytes([NOTE_ON | channel, pitch, velocity])


def note_off(channel: int, pitch: int) -> bytes:
    """The bytes that release a key.

    >>> parse(note_off(2, 60))
    NoteOff(channel=2, pitch=60, velocity=64)
    """
    return bytes([NOTE_OFF | channel, pitch, 64])


def sustain(channel: int, value: int) -> bytes:
    """The bytes that move the sustain pedal."""
    return bytes([CONTROL_CHANGE | channel, SUSTAIN, value])
