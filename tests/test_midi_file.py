"""Strikes and releases, paired as they were meant."""

import io
from collections.abc import Sequence

import mido
import pytest

from performer.midi_file import read_midi_file

QUARTER = 480


def read(*tracks: Sequence[mido.Message | mido.MetaMessage]) -> list[tuple[int, float, float]]:
    file = mido.MidiFile(ticks_per_beat=QUARTER)
    file.tracks = [mido.MidiTrack(track) for track in tracks]
    data = io.BytesIO()
    file.save(file=data)
    found = [
        (note.pitch, round(note.start, 3), round(note.end, 3))
        for voice in read_midi_file(data.getvalue()).instruments
        for note in voice.notes
    ]
    return sorted(found, key=lambda note: (note[1], note[0]))


def on(pitch: int, wait: int) -> mido.Message:
    return mido.Message("note_on", note=pitch, velocity=70, time=wait)


def off(pitch: int, wait: int) -> mido.Message:
    return mido.Message("note_off", note=pitch, time=wait)


def test_a_key_struck_again_while_it_sounds_keeps_its_own_release() -> None:
    played = [on(60, 0), on(60, 480), off(60, 10), off(60, 470)]
    assert read(played) == [(60, 0.0, 0.5), (60, 0.5, 1.0)]


def test_and_so_for_a_chain_of_them() -> None:
    played = [on(60, 0), on(60, 480), off(60, 10), on(60, 470), off(60, 10), off(60, 470)]
    assert read(played) == [(60, 0.0, 0.5), (60, 0.5, 1.0), (60, 1.0, 1.5)]


def test_a_key_let_go_less_often_than_struck_is_left_as_it_is() -> None:
    played = [on(60, 0), on(60, 480), off(60, 480)]
    assert read(played) == [(60, 0.0, 1.0), (60, 0.5, 1.0)]


def test_keys_and_channels_are_told_apart() -> None:
    other = mido.Message("note_on", channel=1, note=60, velocity=70, time=0)
    end = mido.Message("note_off", channel=1, note=60, time=480)
    played = [on(60, 0), other, on(62, 240), off(60, 240), end, off(62, 0)]
    assert sorted(read(played)) == [(60, 0.0, 0.5), (60, 0.0, 1.0), (62, 0.25, 1.0)]


@pytest.mark.filterwarnings("ignore:Tempo")
def test_a_tempo_on_a_later_track_counts() -> None:
    slow = [mido.MetaMessage("set_tempo", tempo=1_000_000, time=480)]
    played = [on(60, 0), off(60, 480), on(62, 0), off(62, 480)]
    assert read([], played, slow) == [(60, 0.0, 0.5), (62, 0.5, 1.5)]
