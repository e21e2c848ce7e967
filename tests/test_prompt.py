"""Phrases from files, whatever is in them."""

from pathlib import Path

import mido
import pretty_midi
import pytest
from hypothesis import given
from hypothesis import strategies as st

from performer.bundled_prompt import bundled_prompt
from performer.inbox import VirtualInbox
from performer.midi import parse
from performer.notes import Note, Phrase, Span
from performer.phrase import Ear, Silence
from performer.prompt import MOST_NOTES, as_heard, read_messages, read_phrase
from performer.refusal import Refusal


def written(path: Path, notes: int = 3, is_drum: bool = False) -> Path:
    file = pretty_midi.PrettyMIDI()
    voice = pretty_midi.Instrument(0, is_drum=is_drum)
    voice.notes = [pretty_midi.Note(80, 60 + n % 12, 1 + n / 4, 1.2 + n / 4) for n in range(notes)]
    voice.control_changes = [
        pretty_midi.ControlChange(64, 127, 1.0),
        pretty_midi.ControlChange(64, 0, 1.5),
    ]
    file.instruments.append(voice)
    file.write(str(path))
    return path


def test_a_file_is_read_from_its_first_note(tmp_path: Path) -> None:
    phrase = read_phrase(written(tmp_path / "a.mid"))
    assert [(note.pitch, note.start) for note in phrase.notes] == [(60, 0.0), (61, 0.25), (62, 0.5)]
    assert phrase.pedal == (Span(0.0, 0.5),)


def test_only_the_first_notes_are_read_if_asked(tmp_path: Path) -> None:
    assert len(read_phrase(written(tmp_path / "a.mid", 50), notes=7).notes) == 7


def test_what_is_no_phrase_is_refused_with_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "empty.mid").write_bytes(b"")
    (tmp_path / "text.mid").write_text("no music here")
    whole = written(tmp_path / "whole.mid").read_bytes()
    (tmp_path / "cut.mid").write_bytes(whole[:-30])
    (tmp_path / "header.mid").write_bytes(whole[:14])
    written(tmp_path / "silent.mid", 0)
    written(tmp_path / "drums.mid", is_drum=True)
    names = ("empty", "text", "cut", "header", "silent", "drums", "missing")
    for name in names:
        with pytest.raises(Refusal) as refusal:
            read_phrase(tmp_path / f"{name}.mid")
        assert f"{name}.mid" in str(refusal.value)
        assert "\n" not in str(refusal.value)


def test_a_file_that_counts_frames_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "film.mid")
    data = bytearray(path.read_bytes())
    data[12:14] = b"\xe7\x28"  # 40 ticks in each of 25 frames
    path.write_bytes(data)
    for read in (read_phrase, read_messages):
        with pytest.raises(Refusal, match=r"film\.mid counts time in frames"):
            read(path)


def test_a_phrase_of_200_000_notes_was_surely_not_meant(tmp_path: Path) -> None:
    track = mido.MidiTrack()
    for _ in range(200_000):
        track.append(mido.Message("note_on", note=60, velocity=80, time=10))
        track.append(mido.Message("note_on", note=60, velocity=0, time=10))
    mido.MidiFile(tracks=[track]).save(tmp_path / "long.mid")
    with pytest.raises(Refusal, match="200,000 notes"):
        read_phrase(tmp_path / "long.mid")
    assert MOST_NOTES < 200_000


def test_a_prompt_is_heard_as_it_was_played() -> None:
    phrase = Phrase.of([Note(60, 80, 0.0, 0.5), Note(64, 70, 0.25, 1.0)], [Span(0.1, 0.9)])
    ear = Ear(Silence())
    inbox = VirtualInbox(as_heard(phrase, at=2.0))
    while inbox.now() < 3.0:
        event = inbox.wait(3.0)
        if event is not None:
            ear.hear(parse(event.data), event.at)
    heard = ear.take_phrase(3.0)
    assert heard.notes == tuple(note.shifted(2.0) for note in phrase.notes)
    assert heard.pedal == (Span(2.1, 2.9),)


def test_the_bundled_prompt_is_playable_by_two_hands() -> None:
    phrase = bundled_prompt()
    assert len(phrase.notes) == 47
    assert 10 < phrase.seconds < 15
    assert all(36 <= note.pitch <= 84 and 40 <= note.velocity <= 100 for note in phrase.notes)
    assert len({note.velocity for note in phrase.notes}) > 10
    assert max(phrase.steps) < Silence().after([note.start for note in phrase.notes])


def test_every_message_of_a_file_is_read_at_its_moment(tmp_path: Path) -> None:
    messages = read_messages(written(tmp_path / "a.mid"))
    assert [at for at, data in messages if data[0] == 0x90 and data[2]] == pytest.approx(
        [1, 1.25, 1.5], abs=0.003
    )


@given(st.binary(max_size=200))
def test_no_bytes_whatever_raise_anything_but_a_sentence(
    tmp_path_factory: pytest.TempPathFactory, data: bytes
) -> None:
    path = tmp_path_factory.mktemp("fuzz") / "fuzz.mid"
    path.write_bytes(b"MThd" + data)
    for read in (read_phrase, read_messages):
        try:
            read(path)
        except Refusal:
            continue
