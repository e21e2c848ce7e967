"""Phrases from .mid files: what a player might have played, read from disk.

The rule kept here: whatever the file is, out comes a phrase, or one sentence that says why not.
"""

import io
import warnings
from collections.abc import Iterable
from itertools import accumulate
from pathlib import Path
from typing import Any

import mido

from performer.messages import Heard, Player
from performer.midi import PEDAL_DOWN, SUSTAIN
from performer.midi_file import read_midi_file
from performer.notes import Note, Phrase, Span, in_order
from performer.refusal import Refusal
from performer.schedule import by_hand
from performer.take import Recorded

MOST_NOTES = 100_000  # a phrase longer than this was surely not meant
LARGEST = 20 * 1024 * 1024  # bytes
HEAD = 14  # bytes of a file's header; from the thirteenth on it says how time is counted


def read_phrase(path: Path, notes: int | None = None) -> Phrase:
    """The notes of a .mid, all instruments but drums together; the first so many if asked.

    Times run from the first note. Raises Refusal with a sentence for the player.
    """
    _check_head(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of a file's oddities that do not concern a phrase
            file = read_midi_file(path.read_bytes())
    except Exception:  # a broken file trips the parser in any way
        raise Refusal(f"{path} is no whole MIDI file.") from None
    voices = [voice for voice in file.instruments if not voice.is_drum]
    found = [
        Note(note.pitch, max(note.velocity, 1), note.start, note.end)
        for voice in voices
        for note in voice.notes
    ]
    return _phrase(path, found, _pedal(voices), notes)


def read_messages(path: Path) -> list[tuple[float, bytes]]:
    """Every message of a .mid and its moment in seconds, by the file's tempo. Raises Refusal."""
    _check_head(path)
    try:
        file = mido.MidiFile(file=io.BytesIO(path.read_bytes()), clip=True)
        delta = [(message.time, message) for message in file]
    except Exception:  # a broken file trips the parser in any way
        raise Refusal(f"{path} is no whole MIDI file.") from None
    moments = accumulate(time for time, _ in delta)
    return [
        (at, bytes(message.bytes()))
        for at, (_, message) in zip(moments, delta, strict=True)
        if not message.is_meta
    ]


def as_played(phrase: Phrase, at: float = 0.0) -> list[Recorded]:
    """The messages of a player who plays a phrase, notes and pedal, from the moment `at` on."""
    return [Recorded(moment, Player.HUMAN, data) for moment, data in by_hand(phrase, at)]


def as_heard(phrase: Phrase, at: float = 0.0) -> list[tuple[float, Heard]]:
    """The same as a script for an inbox."""
    return [(message.at, Heard(message.data, message.at)) for message in as_played(phrase, at)]


def _check_head(path: Path) -> None:
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            head = file.read(HEAD)
    except OSError as reason:
        raise Refusal(f"{path} cannot be read: {reason.strerror}.") from None
    if size == 0:
        raise Refusal(f"{path} is empty.")
    if head[:4] != b"MThd":
        raise Refusal(f"{path} is not a MIDI file.")
    if head[12:13] >= b"\x80":
        raise Refusal(f"{path} counts time in frames of a film: save it with beats.")
    if size > LARGEST:
        raise Refusal(f"{path} is {size >> 20} MB large: give a .mid of a phrase or a piece.")


def _phrase(path: Path, found: list[Note], pedal: Iterable[Span], most: int | None) -> Phrase:
    if not found:
        raise Refusal(f"{path} has no notes to continue.")
    if most is None and len(found) > MOST_NOTES:
        raise Refusal(
            f"{path} has {len(found):,} notes, too many for a phrase: "
            "say with --prompt-notes how many of them to take."
        )
    kept = in_order(found)[:most]
    start, end = kept[0].start, max(note.end for note in kept)
    spans = (Span(max(span.start, start), min(span.end, end)) for span in pedal)
    return Phrase.of(
        (note.shifted(-start) for note in kept),
        (Span(span.start - start, span.end - start) for span in spans if span.start < span.end),
    )


def _pedal(voices: Iterable[Any]) -> list[Span]:
    moves = sorted(
        (change.time, change.value >= PEDAL_DOWN)
        for voice in voices
        for change in voice.control_changes
        if change.number == SUSTAIN
    )
    spans, down_at = [], None
    for at, is_down in moves:
        if is_down and down_at is None:
            down_at = at
        elif not is_down and down_at is not None:
            spans.append(Span(down_at, at))
            down_at = None
    return spans
