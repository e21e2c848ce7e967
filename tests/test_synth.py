"""The piano as it sounds: rendered, and measured as an ear would."""

import importlib.util
import subprocess
import sys
import tracemalloc
import wave
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from performer import synth
from performer.midi import note_off, note_on, sustain
from performer.refusal import Refusal
from performer.synth import PERIODS, Blocks, Service, Synth, SynthError, play_on, render

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("tinysoundfont") is None,
    reason="the synth is not installed (pip install --no-deps tinysoundfont)",
)

RATE = 48_000
C4, A4 = 60, 69
SILENT = 1e-3  # of full scale
Sound = NDArray[np.float64]
Event = tuple[float, bytes]


@pytest.fixture
def wav(tmp_path: Path) -> Path:
    return tmp_path / "take.wav"


def read(path: Path) -> Sound:
    """The file as (frames, 2) between -1 and 1."""
    with wave.open(str(path)) as sound:
        assert (sound.getframerate(), sound.getnchannels(), sound.getsampwidth()) == (RATE, 2, 2)
        frames = np.frombuffer(sound.readframes(sound.getnframes()), dtype="<i2")
    return frames.reshape(-1, 2) / 32768.0


def heard(path: Path, *events: Event, tail: float = 2.0) -> Sound:
    render(events, path, tail)
    return read(path)


def loudness(sound: Sound, start: float, end: float) -> float:
    part = sound[round(start * RATE) : round(end * RATE)]
    return float(np.sqrt(np.mean(part**2)))


def chord(pitches: Iterable[int], velocity: int = 100, at: float = 0.0) -> list[Event]:
    return [(at, note_on(0, pitch, velocity)) for pitch in pitches]


@pytest.mark.parametrize(("pitch", "hertz"), [(57, 220.0), (A4, 440.0), (84, 1046.5)])
def test_a_note_sounds_at_its_pitch(wav: Path, pitch: int, hertz: float) -> None:
    sound = heard(wav, (0.0, note_on(0, pitch, 90)))
    spectrum = np.abs(np.fft.rfft(sound[:, 0]))
    assert np.argmax(spectrum) * RATE / len(sound) == pytest.approx(hertz, rel=0.01)


def test_before_its_first_note_a_take_is_silent_and_the_note_comes_when_due(wav: Path) -> None:
    sound = heard(wav, (0.7531, note_on(0, C4, 100)))
    began_at = np.argmax(np.abs(sound).max(axis=1) > SILENT) / RATE
    assert 0.0 <= began_at - 0.7531 < 0.005


def test_messages_out_of_order_are_played_in_order(wav: Path) -> None:
    note = [(0.2, note_on(0, C4, 100)), (0.4, note_off(0, C4))]
    assert np.array_equal(heard(wav, *note), heard(wav, *reversed(note)))


def test_a_harder_stroke_is_louder(wav: Path) -> None:
    strokes = [
        loudness(heard(wav, (0.0, note_on(0, C4, velocity))), 0.0, 0.5)
        for velocity in (20, 60, 100, 127)
    ]
    assert strokes == sorted(strokes)
    assert strokes[-1] > 4 * strokes[0]


def test_a_key_released_falls_silent(wav: Path) -> None:
    sound = heard(wav, (0.0, note_on(0, C4, 100)), (0.3, note_off(0, C4)))
    assert loudness(sound, 0.1, 0.3) > 0.02
    assert loudness(sound, 0.8, 1.2) < SILENT


def test_a_stroke_of_velocity_zero_is_a_release(wav: Path) -> None:
    sound = heard(wav, (0.0, note_on(0, C4, 100)), (0.3, note_on(0, C4, 0)))
    assert loudness(sound, 0.8, 1.2) < SILENT


def test_the_pedal_holds_a_released_key_until_it_comes_up(wav: Path) -> None:
    sound = heard(
        wav,
        (0.0, sustain(0, 127)),
        (0.0, note_on(0, C4, 100)),
        (0.2, note_off(0, C4)),
        (1.0, sustain(0, 0)),
    )
    assert loudness(sound, 0.6, 1.0) > 0.01
    assert loudness(sound, 1.5, 1.9) < SILENT


def test_the_pedal_coming_up_leaves_a_key_that_is_held(wav: Path) -> None:
    sound = heard(wav, (0.0, sustain(0, 127)), (0.0, note_on(0, C4, 100)), (0.3, sustain(0, 0)))
    assert loudness(sound, 0.8, 1.2) > 0.01


def test_one_key_struck_over_and_over_on_the_pedal_leaves_nothing_hanging(wav: Path) -> None:
    strokes = [
        (0.1 * n + held, message)
        for n in range(8)
        for held, message in ((0.0, note_on(0, C4, 100)), (0.05, note_off(0, C4)))
    ]
    sound = heard(wav, (0.0, sustain(0, 127)), *strokes, (1.0, sustain(0, 0)))
    assert loudness(sound, 1.5, 1.9) < SILENT


def test_a_string_struck_again_on_the_pedal_does_not_sound_twice(wav: Path) -> None:
    stroke = (0.0, sustain(0, 127)), (0.0, note_on(0, C4, 100)), (0.01, note_off(0, C4))
    again = [(0.02 + at, data) for at, data in stroke]
    more = [(0.04 + at, data) for at, data in stroke]
    once, thrice = heard(wav, *stroke), heard(wav, *stroke, *again, *more)
    assert loudness(thrice, 0.8, 1.2) < 1.2 * loudness(once, 0.8, 1.2)


def test_two_strokes_of_one_key_need_two_releases(wav: Path) -> None:
    twice = [(0.0, note_on(0, C4, 100)), (0.1, note_on(0, C4, 100)), (0.3, note_off(0, C4))]
    assert loudness(heard(wav, *twice), 0.8, 1.2) > 0.01
    assert loudness(heard(wav, *twice, (0.4, note_off(0, C4))), 0.9, 1.3) < SILENT


def test_all_notes_off_releases_every_key_but_leaves_them_to_the_pedal(wav: Path) -> None:
    off = (0.3, bytes([0xB0, 123, 0]))
    assert loudness(heard(wav, *chord((48, 60, 64)), off), 0.8, 1.2) < SILENT
    on_pedal = [(0.0, sustain(0, 127)), *chord((48, 60, 64)), off]
    assert loudness(heard(wav, *on_pedal), 0.8, 1.2) > 0.01
    assert loudness(heard(wav, *on_pedal, (0.5, sustain(0, 0))), 1.0, 1.4) < SILENT


def test_all_sound_off_is_silence_at_once_pedal_or_not(wav: Path) -> None:
    off = (0.3, bytes([0xB0, 120, 0]))
    sound = heard(wav, (0.0, sustain(0, 127)), *chord((48, 60, 64)), off)
    assert loudness(sound, 0.35, 1.0) < SILENT


def test_controllers_reset_lifts_the_pedal(wav: Path) -> None:
    held = [(0.0, sustain(0, 127)), (0.0, note_on(0, C4, 100)), (0.2, note_off(0, C4))]
    assert loudness(heard(wav, *held, (0.3, bytes([0xB0, 121, 0]))), 0.8, 1.2) < SILENT


def test_a_channel_keeps_its_own_pedal_and_keys(wav: Path) -> None:
    sound = heard(wav, (0.0, sustain(1, 127)), (0.0, note_on(0, C4, 100)), (0.2, note_off(0, C4)))
    assert loudness(sound, 0.7, 1.0) < SILENT


def test_volume_and_pitch_bend_and_program_are_obeyed(wav: Path) -> None:
    a4 = (0.0, note_on(0, A4, 90))
    plain = heard(wav, a4)
    assert loudness(heard(wav, (0.0, bytes([0xB0, 7, 20])), a4), 0.0, 1.0) < 0.5 * loudness(
        plain, 0.0, 1.0
    )
    bent = np.abs(np.fft.rfft(heard(wav, (0.0, bytes([0xE0, 0, 96])), a4)[:, 0]))
    assert np.argmax(bent) * RATE / len(plain) == pytest.approx(466.2, rel=0.01)  # a semitone up
    assert not np.array_equal(heard(wav, (0.0, bytes([0xC0, 19])), a4), plain)


@pytest.mark.parametrize("lowest", [28, 55, 72])
def test_ten_loud_notes_do_not_clip_and_use_the_room_there_is(wav: Path, lowest: int) -> None:
    peak = np.abs(heard(wav, *chord(range(lowest, lowest + 20, 2), 120))).max()
    assert 0.3 < peak < 0.95


def test_broken_and_strange_messages_change_nothing(wav: Path) -> None:
    strange = [
        *(b"", b"\x90", b"\x90\x3c", b"\x3c\x40", b"\xc0\x7f\x01"),  # broken
        *(b"\xf0\x01\xf7", b"\xf8", b"\xa0\x3c\x40", b"\xd0\x40"),  # without sound
    ]
    note = (0.1, note_on(0, C4, 100))
    assert np.array_equal(heard(wav, *((0.0, data) for data in strange), note), heard(wav, note))


def test_a_render_says_its_length_and_the_file_has_it(wav: Path) -> None:
    seconds = render([(1.5, note_on(0, C4, 100))], wav, tail=0.25)
    assert seconds == 1.75 == len(read(wav)) / RATE


def test_a_render_of_nothing_is_its_tail(wav: Path) -> None:
    assert render([], wav, tail=0.5) == 0.5
    assert not read(wav).any()


def test_a_render_cut_short_leaves_the_old_file_and_no_other(
    wav: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    render([], wav, tail=0.5)

    def full_disk(*_: object) -> int:
        raise OSError("no space left")

    monkeypatch.setattr(synth, "_write", full_disk)
    with pytest.raises(Refusal, match="cannot be written"):
        render([], wav, tail=2.0)
    assert len(read(wav)) == RATE // 2
    assert list(wav.parent.iterdir()) == [wav]


def test_a_long_render_takes_no_more_memory_than_a_short_one(wav: Path) -> None:
    tracemalloc.start()
    render([(0.0, note_on(0, C4, 100))], wav, tail=60.0)  # 11.5 MB of sound
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1_000_000


@dataclass
class FakeDevice:
    """Stands for the sound card: asks for sound when the test says so."""

    blocks: Blocks | None = None
    closed: list[bool] = field(default_factory=list)

    def start(self, blocks: Blocks) -> None:
        self.blocks = blocks

    def close(self) -> None:
        self.closed.append(True)

    def ask(self, seconds: float = 0.01) -> Sound:
        assert self.blocks is not None
        block = self.blocks.send(round(seconds * RATE))
        return np.frombuffer(block, dtype=np.float32).reshape(-1, 2).astype(np.float64)


def play(live: Synth, notes: int) -> None:
    for _ in range(notes):
        live.send(note_on(0, C4, 90))


def test_live_a_message_sounds_with_the_next_block() -> None:
    device = FakeDevice()
    live = play_on(device)
    assert not device.ask().any()
    live.send(note_on(0, C4, 100))
    assert np.abs(device.ask()).max() > SILENT


def test_live_and_rendered_are_the_same_sound(wav: Path) -> None:
    device = FakeDevice()
    live = play_on(device)
    for pitch in (48, 60, 64):
        live.send(note_on(0, pitch, 100))
    rendered = heard(wav, *chord((48, 60, 64)), tail=0.5)
    alive = np.concatenate([device.ask(0.005) for _ in range(100)])
    assert np.abs(alive - rendered).max() < 2e-4


def test_live_broken_messages_are_dropped_and_the_sound_goes_on() -> None:
    device = FakeDevice()
    live = play_on(device)
    for data in (b"", b"\x90\x3c", b"\x90\x3c\xff", b"\xf0\x01\xf7", b"\xfe", note_on(0, C4, 90)):
        live.send(data)
    assert np.abs(device.ask()).max() > SILENT


def test_live_a_device_that_stopped_asking_is_an_error_and_not_a_leak() -> None:
    live = play_on(FakeDevice())
    with pytest.raises(SynthError, match="has stopped"):
        play(live, notes=10_000)


BLOCK = 0.005  # seconds


def served(*moments: float) -> int:
    """How often the device ran dry that asked for a block at these moments."""
    service = Service()
    for moment in moments:
        service.serve(round(BLOCK * RATE), moment)
    return service.dry


def test_live_a_device_that_is_served_in_time_never_runs_dry() -> None:
    assert served(*(n * BLOCK for n in range(1000))) == 0
    assert served(*((n + 0.9 * (n % 2)) * BLOCK for n in range(1000))) == 0


def test_live_a_device_that_waits_longer_than_its_buffer_lasts_has_run_dry_once() -> None:
    waited = 10 * BLOCK + (PERIODS + 0.5) * BLOCK
    assert served(*(n * BLOCK for n in range(10)), waited, waited + BLOCK) == 1


def test_live_a_device_whose_clock_is_slow_has_not_run_dry() -> None:
    slow = [n * BLOCK * 1.01 for n in range(1000)]
    assert served(*slow, slow[-1] + (PERIODS + 0.5) * BLOCK) == 1


def test_live_it_is_counted_how_a_device_is_served() -> None:
    device = FakeDevice()
    live = play_on(device)
    for _ in range(3):
        device.ask()
    assert live.service.blocks == 3


def test_live_closing_gives_the_device_back() -> None:
    device = FakeDevice()
    play_on(device).close()
    assert device.closed == [True]


def test_without_tinysoundfont_one_sentence_says_what_to_type(
    wav: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "tinysoundfont", None)
    with pytest.raises(SynthError, match="pip install --no-deps tinysoundfont"):
        render([], wav)


def test_without_the_soundfont_one_sentence_says_what_to_type(
    wav: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(synth, "find_spec", lambda _: None)
    with pytest.raises(SynthError, match="pip install pretty_midi"):
        render([], wav)


def test_a_machine_with_nothing_but_silence_has_no_sound_device(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import miniaudio

    monkeypatch.setattr(
        miniaudio, "is_backend_enabled", lambda backend: backend is miniaudio.Backend.NULL
    )
    with pytest.raises(SynthError, match="no sound device"):
        synth.open_synth()


def test_the_synth_costs_nothing_until_it_sounds() -> None:
    slow = "{'miniaudio', 'tinysoundfont', 'pretty_midi', 'pyaudio', 'rtmidi'}"
    asked = f"import sys, performer.synth; print({slow} & set(sys.modules))"
    ran = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert ran.stdout == "set()\n"
