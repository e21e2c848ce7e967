"""What bytes mean."""

import mido
from hypothesis import given
from hypothesis import strategies as st

from performer.midi import (
    AllNotesOff,
    NoteOff,
    NoteOn,
    Other,
    Sustain,
    note_off,
    note_on,
    parse,
    sustain,
)

channels, values = st.integers(0, 15), st.integers(0, 127)


@given(channels, values, st.integers(1, 127))
def test_a_key_struck_is_read_as_it_was_written(channel: int, pitch: int, velocity: int) -> None:
    assert parse(note_on(channel, pitch, velocity)) == NoteOn(channel, pitch, velocity)
    assert parse(note_off(channel, pitch)) == NoteOff(channel, pitch)
    assert parse(sustain(channel, pitch)) == Sustain(channel, pitch)


def test_a_note_on_of_velocity_zero_is_a_release() -> None:
    assert parse(note_on(5, 60, 0)) == NoteOff(5, 60)


def test_the_pedal_is_down_from_the_middle_of_its_way() -> None:
    assert not Sustain(0, 63).is_down
    assert Sustain(0, 64).is_down


def test_every_way_to_say_all_notes_off_is_understood() -> None:
    for controller in (120, 123, 124, 125, 126, 127):
        assert parse(bytes([0xB2, controller, 0])) == AllNotesOff(2)


def test_what_means_nothing_here_is_kept_as_it_came() -> None:
    for data in (b"\xe0\x00\x40", b"\xc3\x05", b"\xb0\x01\x10", b"\xf0\x7e\x01\xf7", b"\xf8"):
        assert parse(data) == Other(data)


def test_half_a_message_means_nothing() -> None:
    for data in (b"\xf0\x7e", b"\xf0\x7e\x90\xf7", b"\xf2\x01", b"\xf4", b"\xf7", b"\xfa\x00"):
        assert parse(data) is None


@given(st.binary(max_size=5))
def test_no_bytes_whatever_raise_and_what_has_a_meaning_can_be_written_down(data: bytes) -> None:
    if parse(data) is not None:
        assert bytes(mido.Message.from_bytes(data).bytes()) == data
