"""Real ports and real sound, through a JACK server with no sound card: the one file that waits."""

import os
import subprocess
import sys
import time
import wave
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from performer import ports
from performer.midi import note_off, note_on
from performer.ports import PortError, match
from performer.synth import open_synth
from tests.jack_server import jack, led_to, started, stopped

__all__ = ["jack"]  # the fixture

pytestmark = [pytest.mark.real_time, pytest.mark.usefixtures("jack")]

SYSEX = b"\xf0\x7d" + bytes(n % 128 for n in range(1021)) + b"\xf7"


@dataclass
class Listener:
    """What came in, and when."""

    messages: list[bytes] = field(default_factory=list)
    moments: list[float] = field(default_factory=list)

    def hear(self, message: bytes, at: float) -> None:
        self.messages.append(message)
        self.moments.append(at)

    def await_messages(self, count: int) -> list[bytes]:
        """All that came, as soon as there are so many; at most two seconds later."""
        give_up_at = time.perf_counter() + 2.0
        while len(self.messages) < count and time.perf_counter() < give_up_at:
            time.sleep(0.005)
        return self.messages


@pytest.fixture
def listener() -> Listener:
    return Listener()


@pytest.fixture
def keyboard(listener: Listener) -> Iterator[ports.OutputPort]:
    """A port that plays to our virtual input, whose messages the listener hears."""
    heard = ports.open_virtual_input(listener.hear)
    keyboard = ports.open_output(match("ANTIPHON IN", ports.output_names()))
    with closing(heard), closing(keyboard):
        yield keyboard


def test_what_is_played_is_heard_whole_and_in_order(
    keyboard: ports.OutputPort, listener: Listener
) -> None:
    played = [
        note_on(0, 60, 64),
        SYSEX,
        bytes([0xB3, 64, 127]),
        bytes([0xCF, 5]),
        bytes([0xE0, 1, 100]),
        bytes([0x90, 60, 0]),  # as it came: what it means is decided elsewhere
        bytes([0xFA]),
        *(
            note_on(1, key, 90) for key in range(128)
        ),  # one status throughout, written out each time
    ]
    for message in played:
        keyboard.send(message)
    assert listener.await_messages(len(played)) == played


def test_clock_and_active_sensing_are_not_heard(
    keyboard: ports.OutputPort, listener: Listener
) -> None:
    for message in (b"\xf8", b"\xfe", b"\xf1\x03", note_off(0, 60)):
        keyboard.send(message)
    listener.await_messages(1)
    assert listener.messages == [note_off(0, 60)]


def test_a_message_is_stamped_when_it_comes(keyboard: ports.OutputPort, listener: Listener) -> None:
    played_at = []
    for _ in range(50):
        played_at.append(time.perf_counter())
        keyboard.send(note_on(0, 60, 64))
        time.sleep(0.005)
    listener.await_messages(50)
    late = np.subtract(listener.moments, played_at)
    assert late.min() > 0.0
    assert np.median(late) < 0.05  # seconds; JACK's period is 2.7 ms, on a machine that is free


def test_our_virtual_output_is_heard_by_whoever_listens(listener: Listener) -> None:
    with closing(ports.open_virtual_output()) as ours:
        name = match("antiphon out", ports.input_names())
        with closing(ports.open_input(name, listener.hear)):
            ours.send(note_on(0, 60, 64))
            assert listener.await_messages(1) == [note_on(0, 60, 64)]


def test_a_port_that_comes_back_is_played_again(listener: Listener) -> None:
    heard = ports.open_virtual_input(lambda message, at: None)
    with closing(ports.open_output(match("antiphon in", ports.output_names()))) as keyboard:
        heard.close()
        with closing(ports.open_virtual_input(listener.hear)):
            keyboard.plug_in(match("antiphon in", ports.output_names()))
            keyboard.send(note_on(0, 60, 64))
            assert listener.await_messages(1) == [note_on(0, 60, 64)]


def test_a_port_that_comes_back_is_heard_again(listener: Listener) -> None:
    ours = ports.open_virtual_output()
    with closing(
        ports.open_input(match("antiphon out", ports.input_names()), listener.hear)
    ) as ear:
        ours.close()
        with pytest.raises(PortError, match="not there"):
            ear.plug_in(ear.name)
        with closing(ports.open_virtual_output()) as ours:
            ear.plug_in(match("antiphon out", ports.input_names()))
            ours.send(note_on(0, 60, 64))
            assert listener.await_messages(1) == [note_on(0, 60, 64)]


def test_two_ports_at_once_each_hear_their_own(
    keyboard: ports.OutputPort, listener: Listener
) -> None:
    other = Listener()
    ours = ports.open_virtual_output()
    theirs = ports.open_input(match("antiphon out", ports.input_names()), other.hear)
    with closing(ours), closing(theirs):
        for key in range(100):
            keyboard.send(note_on(0, key, 64))
            ours.send(note_on(1, key, 64))
        assert listener.await_messages(100) == [note_on(0, key, 64) for key in range(100)]
        assert other.await_messages(100) == [note_on(1, key, 64) for key in range(100)]


def test_names_come_and_go_with_the_ports() -> None:
    with closing(ports.open_virtual_input(print)), closing(ports.open_virtual_output()):
        assert any("Antiphon in" in name for name in ports.output_names())
        assert any("Antiphon out" in name for name in ports.input_names())
    assert not any("Antiphon in" in name for name in ports.output_names())
    assert not any("Antiphon out" in name for name in ports.input_names())


def test_a_port_that_vanishes_between_listing_and_opening_is_named() -> None:
    with closing(ports.open_virtual_input(print)):
        name = match("antiphon in", ports.output_names())
    with pytest.raises(PortError, match=r"Antiphon in.* is not there"):
        ports.open_output(name)


def play_until_it_ends(port: ports.OutputPort) -> None:
    give_up_at = time.perf_counter() + 2.0
    while time.perf_counter() < give_up_at:
        port.send(note_on(0, 60, 64))
        time.sleep(0.001)


def test_a_port_that_vanishes_while_it_is_played_is_named() -> None:
    heard = ports.open_virtual_input(lambda message, at: None)
    with closing(ports.open_output(match("antiphon in", ports.output_names()))) as keyboard:
        keyboard.send(note_on(0, 60, 64))
        heard.close()
        with pytest.raises(PortError, match=r"Antiphon in.* has gone"):
            play_until_it_ends(keyboard)


def test_an_input_closes_under_a_storm_of_messages() -> None:
    for _ in range(10):
        heard = ports.open_virtual_input(lambda message, at: None)
        with closing(ports.open_output(match("antiphon in", ports.output_names()))) as keyboard:
            for _ in range(1000):
                keyboard.send(note_on(0, 60, 64))
            before = time.perf_counter()
            heard.close()
            assert time.perf_counter() - before < 0.5


def outlive_a_server() -> None:
    """Run in a process of its own: what goes wrong here ends the process."""
    with led_to(f"antiphon-dying-{os.getpid()}") as name:
        server = started(name)
        ours = (ports.open_virtual_input(print), ports.open_virtual_output())
        stopped(server)
        assert ports.input_names() == ports.output_names() == ()
        with pytest.raises(PortError, match=r"Antiphon out.* has gone"):
            play_until_it_ends(ours[1])
        server = started(name)
        try:
            for port in ours:
                port.close()
            with closing(ports.open_virtual_output()):
                assert match("antiphon out", ports.input_names())
        finally:
            stopped(server)


def test_a_server_that_dies_is_an_error_and_the_next_one_is_played() -> None:
    alone = "from tests.test_real_ports import outlive_a_server; outlive_a_server()"
    ran = subprocess.run([sys.executable, "-c", alone], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr


def recorded(path: Path, seconds: int) -> "subprocess.Popen[bytes]":
    """Begins to record what Antiphon sends to the sound card."""
    names = subprocess.run(["jack_lsp"], capture_output=True, text=True, check=True).stdout
    (port,) = (name for name in names.split() if "Antiphon" in name and name.endswith("0"))
    command = ["jack_rec", "-f", str(path), "-d", str(seconds), "-b", "16", port]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def test_the_synth_sounds_on_a_real_device(tmp_path: Path) -> None:
    with closing(open_synth()) as synth:
        recorder = recorded(tmp_path / "sound.wav", seconds=2)
        time.sleep(0.5)
        synth.send(note_on(0, 69, 100))
        assert recorder.wait(10) == 0
    with wave.open(str(tmp_path / "sound.wav")) as file:
        sound = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2") / 32768
    assert np.abs(sound).max() > 0.02
    assert np.argmax(np.abs(np.fft.rfft(sound))) * 48_000 / len(sound) == pytest.approx(
        440, rel=0.01
    )
