"""What sounds on an instrument, by what was sent to it."""

from performer.midi import note_on, sustain
from performer.sounding import Sounding


def test_all_notes_off_on_one_channel_leaves_the_others_sounding() -> None:
    sounding = Sounding()
    for message in (note_on(0, 60, 80), note_on(1, 64, 80), b"\xb0\x7b\x00"):
        sounding.follow(message)
    assert not sounding.is_silent
    assert sounding.releases() == [b"\x81\x40\x40"]
    assert sounding.is_silent


def test_a_pedal_is_let_go_of_once() -> None:
    sounding = Sounding()
    sounding.follow(sustain(2, 127))
    assert sounding.releases() == [sustain(2, 0)]
    assert sounding.releases() == []
