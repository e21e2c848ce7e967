"""Any MIDI file, read so that every strike of a key ends where that key was let go.

The rule kept here: pretty_midi reads the file, and two things are put right before it does. A key
struck again while it still sounds is released at that moment, and the release that was the earlier
strike's is left out; pretty_midi would end both strikes at the first release, which leaves of the
second a few milliseconds. And a tempo written on a later track counts for the whole file.
"""

import io
from collections import Counter
from typing import TYPE_CHECKING

import mido

if TYPE_CHECKING:
    from pretty_midi import PrettyMIDI

Key = tuple[int, int]  # channel, pitch
NO_KEY = (-1, -1)


def read_midi_file(data: bytes) -> "PrettyMIDI":
    """The file of some bytes. Raises whatever the parsers do, where it is broken."""
    import pretty_midi  # slow to load, and few sessions read a file

    file = mido.MidiFile(file=io.BytesIO(data))
    file.tracks = [mended(track) for track in file.tracks]
    later = [tempi(track) for track in file.tracks[1:]]
    if any(later):
        file.tracks[0] = mido.merge_tracks([file.tracks[0], *later])
    return pretty_midi.PrettyMIDI(mido_object=file)


def mended(track: mido.MidiTrack) -> mido.MidiTrack:
    """The same music, no key struck while it is held.

    A key that is let go less often than it is struck is left as it is: nobody can say which strike
    a release was meant for.
    """
    told = _let_go_as_often(track)
    held: Counter[Key] = Counter()
    written = mido.MidiTrack()
    waited = 0  # ticks since the last message written
    for message in track:
        waited += message.time
        key = _key(message)
        if key in told and _strikes(message):
            if held[key]:
                written.append(mido.Message("note_off", channel=key[0], note=key[1], time=waited))
                waited = 0
            held[key] += 1
        elif key in told:
            held[key] = max(held[key] - 1, 0)
            if held[key]:
                continue  # the release of a strike that has been released
        written.append(message.copy(time=waited))
        waited = 0
    return written


def _let_go_as_often(track: mido.MidiTrack) -> set[Key]:
    """The keys that are let go as often as they are struck."""
    strikes: Counter[Key] = Counter()
    releases: Counter[Key] = Counter()
    for message in track:
        key = _key(message)
        if key != NO_KEY:
            (strikes if _strikes(message) else releases)[key] += 1
    return {key for key, count in strikes.items() if releases[key] >= count}


def _key(message: mido.Message) -> Key:
    is_note = message.type in ("note_on", "note_off")
    return (message.channel, message.note) if is_note else NO_KEY


def tempi(track: mido.MidiTrack) -> mido.MidiTrack:
    """The changes of tempo alone, each at its moment."""
    written = mido.MidiTrack()
    waited = 0
    for message in track:
        waited += message.time
        if message.type == "set_tempo":
            written.append(message.copy(time=waited))
            waited = 0
    return written


def _strikes(message: mido.Message) -> bool:
    return bool(message.type == "note_on" and message.velocity > 0)
