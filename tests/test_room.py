"""The piano's room: nothing where it has no depth, and a sound that dies away where it has."""

import wave
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from performer.midi import note_off, note_on
from performer.room import RATE, Room
from performer.synth import render


def struck(seconds: float) -> np.ndarray:
    """One click, and silence after it."""
    sound = np.zeros((round(seconds * RATE), 2), np.float32)
    sound[0] = 1.0
    return sound


def loudness(sound: np.ndarray) -> float:
    """In dB."""
    return float(10 * np.log10(np.mean(sound.astype(np.float64) ** 2) + 1e-20))


def test_a_room_without_depth_leaves_the_sound_as_it_is() -> None:
    sound = np.random.default_rng(1).normal(0, 0.1, (500, 2)).astype(np.float32)
    assert Room().around(sound) is sound


def test_a_room_answers_after_the_sound_and_the_deeper_the_louder() -> None:
    shallow, deep = (Room(depth).around(struck(0.5)) for depth in (0.2, 1.0))
    assert loudness(deep[10:1000]) < -150
    assert loudness(deep[2000:]) - loudness(shallow[2000:]) == pytest.approx(14, abs=0.1)


def test_what_sounds_in_a_room_dies_away() -> None:
    heard = Room(1.0).around(struck(6.0))
    seconds = [loudness(heard[n * RATE : (n + 1) * RATE]) for n in range(5)]
    assert all(later < earlier - 25 for earlier, later in pairwise(seconds))


def test_left_and_right_are_not_the_same() -> None:
    heard = Room(1.0).around(struck(1.0))[2000:]
    assert abs(np.corrcoef(heard[:, 0], heard[:, 1])[0, 1]) < 0.3


def test_it_sounds_the_same_however_much_is_asked_for_at_once() -> None:
    sound = np.random.default_rng(2).normal(0, 0.1, (5000, 2)).astype(np.float32)
    room = Room(0.7)
    parts = [room.around(sound[start : start + 240]) for start in range(0, 5000, 240)]
    np.testing.assert_allclose(np.concatenate(parts), Room(0.7).around(sound), atol=1e-6)


def test_silence_is_silence_in_a_room_too() -> None:
    room = Room(1.0)
    room.around(struck(0.2))
    room.silence()
    assert not room.around(np.zeros((9000, 2), np.float32)).any()


def played(wav: Path, depth: int) -> np.ndarray:
    """A short note of the built-in piano, and what sounds a while after it."""
    pytest.importorskip("tinysoundfont")
    events = [(0.0, bytes([0xB0, 91, depth])), (0.0, note_on(0, 72, 100)), (0.1, note_off(0, 72))]
    render(events, wav, tail=1.5)
    with wave.open(str(wav)) as sound:
        return np.frombuffer(sound.readframes(sound.getnframes()), np.int16).astype(np.float32)


def test_the_built_in_piano_stands_in_the_room(tmp_path: Path) -> None:
    dry, wet = (played(tmp_path / "note.wav", depth)[2 * RATE :] for depth in (0, 127))
    assert loudness(wet) > loudness(dry) + 10
