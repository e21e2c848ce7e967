"""A piano of our own: sound where no synth is plugged in, and a take as a .wav.

The rule kept here: what is heard live and what is rendered to a file come from the same instrument
at the same gain. The audio thread waits for nobody: a sender only adds its message to a queue that
needs no lock, and the audio thread takes out what is there before it renders the next few
milliseconds.

The sounds are those of the SoundFont that pretty_midi carries, played by TinySoundFont, which has
no reverb, and no sustain pedal: both are ours.
"""

import os
import wave
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from time import perf_counter
from typing import Any, Protocol

import numpy as np

from performer import midi
from performer.quiet import quiet
from performer.refusal import Refusal
from performer.room import Room

RATE = 48_000  # frames a second
CHANNELS = 2  # of sound: left, right
FRAME = 4 * CHANNELS  # bytes, as 32-bit floats
GAIN = 2.0  # dB: ten keys at the top of the keyboard, struck as hard as can be, reach 0.91 of full
VOICES = 256  # that sound at once; the oldest ends where there would be more
BLOCK = 240  # frames, 5 ms: what is rendered to a file in one go, at most
UNHEARD = 4096  # messages waiting: nobody takes them any more
PERIODS = 2  # the halves of the audio buffer: one sounds while the other is filled
SLACK = 0.25  # of a period, in which a device may ask a little early or late

DRUMS, DRUM_BANK, PIANO = 9, 128, 0  # channel, bank, program
SOUNDFONT = "TimGM6mb.sf2"
RESET_CONTROLLERS, REVERB = 121, 91
LARGEST = 127  # value of a controller

Blocks = Generator[memoryview, int, None]


class SynthError(Refusal):
    """No sound can be made: what is wrong and what to do, in a sentence for the player."""


class Device(Protocol):
    """What plays blocks of sound: it asks for so many frames, and is given them."""

    def start(self, blocks: Blocks, /) -> None:
        """Begins to ask, in a thread of its own."""

    def close(self) -> None:
        """Asks no more."""


@dataclass(slots=True)
class Service:
    """How the audio device was served: how many blocks, and how often it had run dry before."""

    blocks: int = 0
    dry: int = 0
    _lasts_until: float = 0.0  # what it was given last, by `time.perf_counter()`

    def serve(self, frames: int, now: float) -> None:
        """It asks for so many frames now; its buffer holds `PERIODS` blocks like that.

        Only the last wait counts: no device's clock is ours, and it gains or loses in the long run.
        """
        self.dry += self.blocks > 0 and now > self._lasts_until
        self.blocks += 1
        self._lasts_until = now + (PERIODS + SLACK) * frames / RATE


@dataclass(frozen=True, slots=True)
class Synth:
    """The instrument as an output port: it is sent messages, and sounds until it is closed."""

    _device: Device
    _waiting: deque[bytes]
    service: Service
    name: str = "synth"

    def send(self, message: bytes) -> None:
        """Plays one message with the next block; broken ones and those without sound are dropped.

        Raises SynthError where the audio device has stopped.
        """
        if len(self._waiting) >= UNHEARD:
            raise SynthError("The sound device has stopped: plug it in, then choose it again.")
        self._waiting.append(message)

    def close(self) -> None:
        """Silences it and gives the audio device back."""
        self._device.close()


def open_synth(buffer_ms: int = 10) -> Synth:
    """The synth on the default audio device, through a buffer of so many milliseconds.

    Raises SynthError where there is no audio device, or no instrument.
    """
    return play_on(_audio_device(buffer_ms))


def play_on(device: Device) -> Synth:
    """The synth on a device that is open. Raises SynthError where there is no instrument."""
    waiting: deque[bytes] = deque()
    service = Service()
    blocks = _blocks(_piano(), waiting, service)
    next(blocks)
    device.start(blocks)
    return Synth(device, waiting, service)


def render(events: Sequence[tuple[float, bytes]], path: Path, tail: float = 2.0) -> float:
    """Plays messages, each at its seconds from zero, into a .wav; returns its length in seconds.

    48 kHz, stereo, 16 bits; each message falls on its very frame, and `tail` seconds follow the
    last. The file appears when it is whole. Raises SynthError without an instrument, and
    Refusal where it cannot be written.
    """
    piano = _piano()
    frame = 0
    with _whole_file(path) as sound:
        for seconds, message in sorted(events, key=lambda event: event[0]):
            frame += _write(sound, piano, max(0, round(seconds * RATE) - frame))
            piano.obey(message)
        frame += _write(sound, piano, round(tail * RATE))
    return frame / RATE


@dataclass(slots=True)
class _Hands:
    """The keys and the pedal of one channel."""

    down: list[int] = field(default_factory=list)  # struck and not yet released
    sustained: list[int] = field(default_factory=list)  # released, held by the pedal
    pedal_is_down: bool = False


@dataclass(frozen=True, slots=True)
class _Piano:
    """TinySoundFont with a sustain pedal: obeys messages, and fills blocks with sound."""

    _sounds: Any  # tinysoundfont.Synth
    _hands: tuple[_Hands, ...] = field(
        default_factory=lambda: tuple(_Hands() for _ in range(16))  # by channel
    )
    _room: Room = field(default_factory=Room)

    def obey(self, message: bytes) -> None:
        """Does what a message says; one that is broken, or says nothing about sound, is ignored."""
        match midi.parse(message):
            case midi.NoteOn(channel, pitch, velocity):
                self._strike(channel, pitch, velocity)
            case midi.NoteOff(channel, pitch):
                self._release(channel, pitch)
            case midi.Sustain(channel) as pedal:
                self._move_pedal(channel, pedal.is_down)
            case midi.AllNotesOff(channel) if message[1] == midi.ALL_SOUND_OFF:
                self._silence(channel)
            case midi.AllNotesOff(channel):
                for pitch in tuple(self._hands[channel].down):
                    self._release(channel, pitch)
            case midi.Other(data):
                self._colour(data)

    def block(self, frames: int) -> memoryview:
        """The next so many frames, interleaved, as bytes of 32-bit floats."""
        filled: memoryview = self._sounds.generate_simple(
            frames, memoryview(bytearray(frames * FRAME))
        )
        if self._room.depth == 0:
            return filled
        dry = np.frombuffer(filled, np.float32).reshape(-1, CHANNELS)
        return memoryview(self._room.around(dry).tobytes())

    def _strike(self, channel: int, pitch: int, velocity: int) -> None:
        """A key whose string the pedal holds is damped first: the same string sounds once."""
        hands = self._hands[channel]
        while pitch in hands.sustained:
            hands.sustained.remove(pitch)
            self._sounds.noteoff(channel, pitch)
        hands.down.append(pitch)
        self._sounds.noteon(channel, pitch, velocity)

    def _release(self, channel: int, pitch: int) -> None:
        hands = self._hands[channel]
        if pitch not in hands.down:
            return
        hands.down.remove(pitch)
        if hands.pedal_is_down:
            hands.sustained.append(pitch)
        else:
            self._sounds.noteoff(channel, pitch)

    def _move_pedal(self, channel: int, is_down: bool) -> None:
        hands = self._hands[channel]
        hands.pedal_is_down = is_down
        if not is_down:
            for pitch in hands.sustained:
                self._sounds.noteoff(channel, pitch)
            hands.sustained.clear()

    def _silence(self, channel: int) -> None:
        self._hands[channel].down.clear()
        self._hands[channel].sustained.clear()
        self._sounds.sounds_off(channel)
        self._room.silence()

    def _colour(self, data: bytes) -> None:
        """Program, pitch bend and the controllers; a program that is not there changes nothing."""
        channel = data[0] & 0x0F
        match data[0] & 0xF0, *data[1:]:
            case 0xC0, program:
                with suppress(RuntimeError):
                    self._sounds.program_change(channel, program, channel == DRUMS)
            case 0xE0, low, high:
                self._sounds.pitchbend(channel, low | high << 7)
            case 0xB0, controller, value:
                if controller == RESET_CONTROLLERS:
                    self._move_pedal(channel, is_down=False)
                if controller == REVERB:
                    self._room.depth = value / LARGEST
                self._sounds.control_change(channel, controller, value)


def _piano() -> _Piano:
    """A grand piano on every channel, drums on the tenth."""
    try:
        import tinysoundfont  # here, not above: it is wanted only where there is sound
    except ImportError:
        raise SynthError(
            "The synth is not installed: type pip install --no-deps tinysoundfont."
        ) from None
    sounds = tinysoundfont.Synth(GAIN, RATE)
    soundfont = sounds.sfload(str(_soundfont()), max_voices=VOICES)
    for channel in range(16):
        is_drums = channel == DRUMS
        sounds.program_select(channel, soundfont, DRUM_BANK if is_drums else 0, PIANO, is_drums)
    return _Piano(sounds)


def _soundfont() -> Path:
    """Where pretty_midi keeps its SoundFont; found without importing it, which takes a second."""
    package = find_spec("pretty_midi")
    if package is None or package.origin is None:
        raise SynthError("The synth has no sounds: type pip install pretty_midi.")
    return Path(package.origin).with_name(SOUNDFONT)


def _blocks(piano: _Piano, waiting: deque[bytes], service: Service) -> Blocks:
    """Runs in the audio thread: is sent a number of frames, yields as many."""
    frames = yield memoryview(b"")
    while True:
        service.serve(frames, perf_counter())
        for _ in range(len(waiting)):
            piano.obey(waiting.popleft())
        frames = yield piano.block(frames)


def _audio_device(buffer_ms: int) -> Device:
    """The default device of the first system of sound that has one; silence does not count."""
    import miniaudio  # here, not above: a render needs none

    with quiet():
        for backend in miniaudio.Backend:
            if backend is miniaudio.Backend.NULL or not miniaudio.is_backend_enabled(backend):
                continue
            with suppress(miniaudio.MiniaudioError):
                device: Device = miniaudio.PlaybackDevice(
                    output_format=miniaudio.SampleFormat.FLOAT32,
                    nchannels=CHANNELS,
                    sample_rate=RATE,
                    buffersize_msec=max(1, buffer_ms // PERIODS),  # of one period
                    callback_periods=PERIODS,
                    backends=[backend],
                    app_name="Antiphon",
                )
                return device
    raise SynthError("There is no sound device: plug one in, or play to a MIDI port instead.")


@contextmanager
def _whole_file(path: Path) -> Iterator[wave.Wave_write]:
    """A .wav that has its name only when it is written to the end."""
    part = path.with_name(path.name + ".part")
    try:
        with part.open("wb") as file, wave.open(file) as sound:
            sound.setnchannels(CHANNELS)
            sound.setsampwidth(2)
            sound.setframerate(RATE)
            yield sound
        os.replace(part, path)
    except OSError as reason:
        raise Refusal(f"{path} cannot be written: {reason.strerror}.") from None
    finally:
        part.unlink(missing_ok=True)


def _write(sound: wave.Wave_write, piano: _Piano, frames: int) -> int:
    """Writes so many frames, block by block, so that an hour takes no more memory than a note."""
    for start in range(0, frames, BLOCK):
        block = np.frombuffer(piano.block(min(BLOCK, frames - start)), dtype=np.float32)
        sound.writeframesraw((np.clip(block, -1.0, 1.0) * 32767.0).astype("<i2").tobytes())
    return frames
