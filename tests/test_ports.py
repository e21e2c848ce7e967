"""What a port is called, and what a port does when it goes away; with a fake in rtmidi's place."""

import os
import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from performer import ports
from performer.jack import running_server
from performer.ports import InputPort, OutputPort, PortError, found_again, match
from performer.quiet import quiet

THERE = ("Nord Grand:MIDI 1 20:0", "Digital Piano:MIDI 1 24:0", "Digital Keyboard:MIDI 1 28:0")
NOTE_ON = b"\x90\x3c\x40"


@dataclass
class FakeMidi:
    """Stands for rtmidi.MidiIn and MidiOut: the ports it lists, and all that it was told."""

    listed: list[str] = field(default_factory=lambda: ["piano"])
    told: list[object] = field(default_factory=list)
    is_deleted: bool = False
    seconds_to_close: float = 0.0

    def get_ports(self) -> list[str]:
        self.told.append("looked")
        return self.listed

    def send_message(self, message: bytes) -> None:
        self.told.append(message)

    def cancel_callback(self) -> None:
        self.told.append("detached")

    def set_callback(self, on_message: object) -> None:
        self.told.append(on_message)

    def close_port(self) -> None:
        self.told.append("unplugged")

    def open_port(self, index: int, own_name: str) -> None:
        self.told.append(f"plugged into {self.listed[index]}")

    def delete(self) -> None:
        time.sleep(self.seconds_to_close)
        self.told.append("closed")
        self.is_deleted = True


def output_to(midi: FakeMidi, server: str | None = None) -> OutputPort:
    client = ports._Client(midi, server)
    return OutputPort("piano", client, lambda: client.lists("piano"))


def play(port: OutputPort, notes: int, apart: float = 0.01) -> None:
    for _ in range(notes):
        port.send(NOTE_ON)
        time.sleep(apart)


def test_a_name_given_in_full_is_meant_even_where_others_contain_it() -> None:
    assert match("Piano", ["Piano 2", "Piano"]) == "Piano"


def test_of_two_keyboards_of_one_make_the_number_tells_which() -> None:
    assert match("Piano 24:0", ["Piano 20:0", "Piano 24:0"]) == "Piano 24:0"


def test_a_part_of_a_name_will_do_in_any_case() -> None:
    assert match("nord", THERE) == THERE[0]


def test_a_keyboard_plugged_in_again_is_found_under_its_new_number() -> None:
    assert match("Digital Piano:MIDI 1 96:0", THERE) == THERE[1]


def test_a_part_that_fits_two_ports_names_both() -> None:
    with pytest.raises(PortError, match=r"Digital Piano:MIDI 1 24:0.*Digital Keyboard"):
        match("digital", THERE)


def test_a_name_that_fits_no_port_says_what_there_is() -> None:
    with pytest.raises(PortError, match=r'no MIDI port named "organ".*Nord Grand'):
        match("organ", THERE)


def test_a_name_where_there_are_no_ports_says_so() -> None:
    with pytest.raises(PortError, match="none at all"):
        match("organ", [])


def test_without_any_midi_there_are_no_ports_and_no_errors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "APIS", ())
    assert ports.input_names() == ports.output_names() == ()


def test_without_any_midi_opening_a_port_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "APIS", ())
    with pytest.raises(PortError, match="no MIDI that answers"):
        ports.open_output("piano")


def test_on_windows_a_virtual_port_is_refused_with_what_to_do(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("sys.platform", "win32")
    for open_virtual in (ports.open_virtual_output, lambda: ports.open_virtual_input(print)):
        with pytest.raises(PortError, match="install loopMIDI"):
            open_virtual()


def test_what_is_played_goes_out_at_once_and_in_order() -> None:
    midi = FakeMidi()
    port = output_to(midi)
    for key in range(3):
        port.send(bytes([0x90, key, 64]))
    assert midi.told == ["looked", *(bytes([0x90, key, 64]) for key in range(3))]


def test_a_port_that_goes_is_missed_within_half_a_second() -> None:
    midi = FakeMidi()
    port = output_to(midi)
    port.send(NOTE_ON)
    midi.listed.clear()
    with pytest.raises(PortError, match='"piano" has gone'):
        play(port, notes=50)
    with pytest.raises(PortError):
        port.send(NOTE_ON)


def test_nothing_more_than_jack_can_hold_is_sent_to_a_server_that_died(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ports, "running_server", lambda: None)
    monkeypatch.setattr(ports, "LOOKING", 1e9)  # seconds: it was seen a moment ago
    midi = FakeMidi()
    port = output_to(midi, server="7")
    with pytest.raises(PortError):
        play(port, notes=10_000, apart=0.0)
    assert 100 < midi.told.count(NOTE_ON) * (len(NOTE_ON) + ports.OVERHEAD) < 16_384


def test_a_busy_output_looks_whether_it_is_there_now_and_then_and_not_each_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ports, "LOOKING", 1e9)  # seconds: for how much was sent alone
    midi = FakeMidi()
    play(output_to(midi), notes=10_000, apart=0.0)
    sent = 10_000 * (len(NOTE_ON) + ports.OVERHEAD)
    assert midi.told.count("looked") == pytest.approx(sent / ports.UNSEEN, abs=1.5)


def test_an_input_that_is_plugged_in_again_is_heard_again() -> None:
    midi, on_message = FakeMidi(), ports._stamping(print)
    port = InputPort("keyboard", ports._Client(midi, None), on_message)
    port.plug_in("piano")
    assert [each for each in midi.told if each != "looked"] == [
        "unplugged",
        "plugged into piano",
        "detached",
        on_message,
    ]


def test_an_output_that_is_plugged_in_elsewhere_is_looked_for_there() -> None:
    midi = FakeMidi(["piano", "piano 28:0"])
    port = output_to(midi)
    port.plug_in("piano 28:0")
    midi.listed.remove("piano")
    port.send(NOTE_ON)
    assert midi.told[-1] == NOTE_ON
    midi.listed[:] = ["piano"]
    with pytest.raises(PortError, match="piano 28:0"):
        play(port, notes=50)


def test_of_two_that_look_like_the_one_that_went_neither_is_taken() -> None:
    alike = ["Piano:MIDI 1 28:0", "Piano:MIDI 1 32:0"]
    assert found_again("Piano:MIDI 1 20:0", alike) is None
    assert found_again("Piano:MIDI 1 32:0", alike) == alike[1]


def test_a_message_is_stamped_before_it_is_handed_over_and_handed_over_whole() -> None:
    heard: list[tuple[bytes, float, float]] = []

    def hear(data: bytes, at: float) -> None:
        heard.append((data, at, time.perf_counter()))

    before = time.perf_counter()
    ports._stamping(hear)(([0x90, 60, 64], 0.0), None)
    ((data, at, handed_over_at),) = heard
    assert data == NOTE_ON
    assert before <= at <= handed_over_at


def test_what_belonged_to_a_server_that_died_is_never_freed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    midi = FakeMidi()
    monkeypatch.setattr(ports, "running_server", lambda: "another")
    output_to(midi, server="7").close()
    assert midi.told == []


def test_a_message_too_long_for_rtmidi_is_refused() -> None:
    with pytest.raises(PortError, match="too long"):
        output_to(FakeMidi()).send(b"\xf0" + bytes(20_000) + b"\xf7")


def test_a_closed_output_closes_once_and_plays_no_more() -> None:
    midi = FakeMidi()
    port = output_to(midi)
    port.close()
    port.close()
    assert midi.told == ["closed"]
    with pytest.raises(PortError):
        port.send(NOTE_ON)


def test_a_closing_input_hears_no_more_before_it_closes() -> None:
    midi = FakeMidi()
    port = InputPort("keyboard", ports._Client(midi, None), ports._stamping(print))
    port.close()
    port.close()
    assert midi.told == ["detached", "closed"]


def test_a_driver_that_does_not_close_is_left_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "CLOSING", 0.05)
    client = ports._Client(FakeMidi(seconds_to_close=0.5), None)
    before = time.perf_counter()
    InputPort("keyboard", client, ports._stamping(print)).close()
    assert time.perf_counter() - before < 0.4


SOCKETS = """Num       RefCount Protocol Flags    Type St Inode Path
00000000a: 00000003 00000000 00000000 0001 03 13740 /dev/shm/jack_default_1000_0
00000000b: 00000002 00000000 00010000 0001 01 12611 /dev/shm/jack_default_1000_0
00000000c: 00000002 00000000 00010000 0001 01 12612 /dev/shm/jack_other_1000_0
00000000d: 00000002 00000000 00010000 0001 01 12613 /run/dbus/system_bus_socket
"""


@pytest.mark.parametrize(
    ("name", "mark"), [(None, "12611"), ("other", "12612"), ("third", None), ("oth", None)]
)
def test_the_jack_server_is_the_one_that_listens_under_the_name_asked_for(
    name: str | None, mark: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "unix").write_text(SOCKETS)
    monkeypatch.delenv("JACK_DEFAULT_SERVER", raising=False)
    if name is not None:
        monkeypatch.setenv("JACK_DEFAULT_SERVER", name)
    assert running_server(tmp_path / "unix") == mark


def test_where_sockets_are_not_listed_no_jack_server_runs(tmp_path: Path) -> None:
    assert running_server(tmp_path / "missing") is None


def test_libraries_are_silenced_only_while_it_is_asked_for(
    capfd: pytest.CaptureFixture[str],
) -> None:
    with quiet():
        os.write(2, b"ALSA lib conf.c:5180: error evaluating name")
    os.write(2, b"ours")
    assert capfd.readouterr().err == "ours"
