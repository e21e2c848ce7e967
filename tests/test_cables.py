"""Cables pulled out and put back; with a panel of our own, at which nobody waits."""

import queue
import threading
from dataclasses import dataclass, field

import pytest

from performer.cables import LOOKING, TO_BE_SURE, Cables, NotPlugged, Output, Plug, Plugged
from performer.inbox import Inbox
from performer.messages import Heard, Remark, Report, Trouble, Unplugged
from performer.midi import note_off, note_on, sustain
from performer.ports import VIRTUAL, Hear, PortError, TooLong

PIANO, SYNTH = "Piano:MIDI 1 20:0", "Synth:MIDI 1 24:0"


@dataclass
class FakePort:
    name: str
    panel: "FakePanel"
    hear: Hear = lambda data, at: None
    sent: list[bytes] = field(default_factory=list)
    is_closed: bool = False
    is_out: bool = False  # pulled out once, until it is plugged in again
    is_worn_out: bool = False  # cannot be plugged in again

    def send(self, message: bytes) -> None:
        if self.is_out or (self.name not in self.panel.plugged and self.name != VIRTUAL):
            raise PortError("gone")
        if len(message) > 12_000:
            raise TooLong("A MIDI message of 20000 bytes is too long for a port.")
        self.sent.append(message)

    def plug_in(self, name: str) -> None:
        if self.is_worn_out or name not in self.panel.plugged:
            raise PortError("not there")
        self.name, self.is_out = name, False

    def close(self) -> None:
        self.is_closed = True


@dataclass
class FakePanel:
    """What is plugged in, and every port that was opened."""

    plugged: set[str] = field(default_factory=lambda: {PIANO, SYNTH})
    opened: list[FakePort] = field(default_factory=list)

    def inputs(self) -> tuple[str, ...]:
        return tuple(sorted(self.plugged))

    outputs = inputs

    def open_input(self, name: str, hear: Hear) -> FakePort:
        if name not in self.plugged and name != VIRTUAL:
            raise PortError("not there")
        self.opened.append(FakePort(name, self, hear))
        return self.opened[-1]

    def open_output(self, name: str) -> FakePort:
        return self.open_input(name, lambda data, at: None)


@dataclass
class Stage:
    panel: FakePanel = field(default_factory=FakePanel)
    told: list[Report] = field(default_factory=list)
    inbox: Inbox = field(default_factory=Inbox)

    def __post_init__(self) -> None:
        self.cables = Cables(self.panel, self.told.append)

    def listening(self, *names: str) -> "Stage":
        self.cables.listen_to(names, self.inbox)
        return self

    def playing(self) -> Output:
        return self.cables.play_to(SYNTH)

    def unplug(self, name: str) -> None:
        self.panel.plugged.remove(name)
        for port in self.panel.opened:
            port.is_out |= port.name == name
        self.cables.look()


def test_what_a_keyboard_plays_arrives_with_its_name_and_its_moment() -> None:
    stage = Stage().listening(PIANO)
    stage.panel.opened[0].hear(note_on(0, 60, 80), stage.inbox.origin + 1.5)
    assert stage.inbox.wait(0.0) == Heard(note_on(0, 60, 80), 1.5, PIANO)


def test_a_keyboard_that_is_unplugged_is_let_go_of_and_said_once() -> None:
    stage = Stage().listening(PIANO)
    stage.unplug(PIANO)
    stage.cables.look()
    event = stage.inbox.wait(0.0)
    assert isinstance(event, Unplugged)
    assert event.source == PIANO
    assert stage.inbox.wait(0.0) is None
    assert stage.told == [Trouble(f'"{PIANO}" was unplugged. It is heard as soon as it is back.')]


def test_a_keyboard_plugged_in_again_under_another_number_is_heard_again() -> None:
    stage = Stage().listening(PIANO)
    stage.unplug(PIANO)
    stage.panel.plugged.add("Piano:MIDI 1 28:0")
    stage.cables.look()
    (port,) = stage.panel.opened
    assert port.name == "Piano:MIDI 1 28:0"
    stage.inbox.wait(0.0)
    port.hear(note_on(0, 60, 80), stage.inbox.origin)
    assert stage.inbox.wait(0.0) == Heard(note_on(0, 60, 80), 0.0, PIANO)
    assert isinstance(stage.told[-1], Remark)


def test_a_keyboard_that_another_looks_like_is_not_taken_for_it() -> None:
    stage = Stage().listening(PIANO)
    stage.unplug(PIANO)
    stage.panel.plugged.add("Piano 2:MIDI 1 28:0")
    stage.cables.look()
    assert stage.panel.opened[0].name == PIANO
    assert not any(isinstance(told, Remark) for told in stage.told)


def test_two_keyboards_come_and_go_by_themselves() -> None:
    stage = Stage().listening(PIANO, SYNTH)
    stage.unplug(PIANO)
    assert [cable.is_in for cable in stage.cables._inputs] == [False, True]


def test_an_instrument_that_is_unplugged_is_missed_by_nobody_and_said_once() -> None:
    stage = Stage()
    output = stage.playing()
    stage.panel.plugged.remove(SYNTH)
    for _ in range(3):
        output.send(note_on(0, 60, 80))
    stage.cables.look()
    assert stage.told == [Trouble(f'"{SYNTH}" has gone. It is played again as soon as it is back.')]


def test_an_instrument_missed_from_two_sides_at_once_is_said_once() -> None:
    stage = Stage()
    output = stage.playing()
    output._lose()  # by whoever plays, and
    output._lose()  # by whoever looks
    assert len(stage.told) == 1


def test_a_message_that_no_port_takes_is_left_out_and_the_next_is_played() -> None:
    stage = Stage()
    output = stage.playing()
    output.send(b"\xf0" + bytes(20_000) + b"\xf7")
    output.send(note_on(0, 60, 80))
    assert stage.panel.opened[0].sent == [note_on(0, 60, 80)]
    assert "too long" in str(stage.told)


def test_an_instrument_that_comes_back_is_released_of_what_sounded_and_played_again() -> None:
    stage = Stage()
    output = stage.playing()
    for message in (note_on(0, 60, 80), note_on(1, 64, 80), note_off(1, 64), sustain(0, 127)):
        output.send(message)
    stage.unplug(SYNTH)
    output.send(note_off(0, 60))  # nobody hears it
    stage.panel.plugged.add("Synth:MIDI 1 99:0")
    stage.cables.look()
    output.send(note_on(0, 67, 80))
    (port,) = stage.panel.opened
    released = [note_off(0, 60), note_off(1, 64)]  # the second may have been lost on the way
    assert port.sent[4:] == [*released, sustain(0, 0), note_on(0, 67, 80)]
    assert isinstance(stage.told[-1], Remark)


def test_an_instrument_that_comes_back_twice_is_released_of_what_was_played_since() -> None:
    stage = Stage()
    output = stage.playing()
    for pitch in (60, 62):
        output.send(note_on(0, pitch, 80))
        output.send(sustain(pitch - 60, 127))
        stage.unplug(SYNTH)
        stage.panel.plugged.add(SYNTH)
        stage.cables.look()
    (port,) = stage.panel.opened
    assert port.sent[2:4] == [note_off(0, 60), sustain(0, 0)]
    assert port.sent[6:] == [note_off(0, 62), sustain(2, 0)]


def test_an_instrument_that_was_unplugged_unplayed_is_plugged_in_again() -> None:
    stage = Stage()
    output = stage.playing()
    stage.unplug(SYNTH)
    stage.panel.plugged.add(SYNTH)
    stage.cables.look()
    output.send(note_on(0, 60, 80))
    assert stage.panel.opened[0].sent == [note_on(0, 60, 80)]


def test_a_cable_that_cannot_be_plugged_in_again_is_replaced() -> None:
    stage = Stage().listening(PIANO)
    output = stage.playing()
    for name in (PIANO, SYNTH):
        stage.unplug(name)
    for port in stage.panel.opened:
        port.is_worn_out = True
    stage.panel.plugged |= {PIANO, SYNTH}
    stage.cables.look()
    output.send(note_on(0, 60, 80))
    keyboard, synth, new_keyboard, new_synth = stage.panel.opened
    assert keyboard.is_closed
    assert synth.is_closed
    assert not new_keyboard.is_closed
    assert new_synth.sent == [note_on(0, 60, 80)]


def test_a_port_that_goes_again_while_it_is_opened_is_looked_for_again() -> None:
    stage = Stage().listening(PIANO)
    stage.unplug(PIANO)
    seen = stage.panel.inputs
    stage.panel.inputs = lambda: (PIANO,)  # type: ignore[method-assign]
    stage.cables.look()
    stage.panel.inputs = seen  # type: ignore[method-assign]
    stage.panel.plugged.add(PIANO)
    stage.cables.look()
    assert isinstance(stage.told[-1], Remark)


def test_the_cables_are_looked_at_often_enough_and_all_pulled_out_at_the_end() -> None:
    assert LOOKING <= 0.5  # seconds; found again within 2 s
    stage = Stage().listening(PIANO)
    stage.playing()
    stage.cables.watch(stage.inbox)
    stage.cables.close()
    assert all(port.is_closed for port in stage.panel.opened)


def test_what_is_played_next_is_in_before_what_was_is_out_and_nothing_is_left_sounding() -> None:
    stage = Stage()
    stage.panel.plugged.add("Organ")
    stage.playing().send(note_on(0, 60, 80))
    stage.cables.send(sustain(3, 127))
    assert stage.cables.plug(Plug((), "Organ"), stage.inbox) == Plugged((), "Organ")
    synth, organ = stage.panel.opened
    assert synth.sent[2:] == [note_off(0, 60), sustain(3, 0)]
    assert synth.is_closed
    stage.cables.send(note_on(0, 64, 80))
    assert organ.sent == [note_on(0, 64, 80)]
    assert not organ.is_closed


def test_a_message_sent_to_what_was_just_left_sounds_nowhere() -> None:
    stage = Stage()
    left = stage.playing()
    stage.cables.plug(Plug((), None), stage.inbox)
    left.send(note_on(0, 60, 80))
    assert stage.panel.opened[0].sent == []


def test_other_keyboards_are_listened_to_and_those_that_stay_are_not_plugged_in_anew() -> None:
    stage = Stage().listening(PIANO, SYNTH)
    stage.panel.plugged.add("Organ")
    stage.cables.plug(Plug((SYNTH, "Organ"), None), stage.inbox)
    piano, synth, organ = stage.panel.opened
    assert (piano.is_closed, synth.is_closed, organ.is_closed) == (True, False, False)
    left = stage.inbox.wait(0.0)
    assert isinstance(left, Unplugged)
    assert left.source == PIANO
    organ.hear(note_on(0, 60, 80), stage.inbox.origin)
    assert stage.inbox.wait(0.0) == Heard(note_on(0, 60, 80), 0.0, "Organ")


@pytest.mark.parametrize("wish", [Plug((PIANO, "Harp"), SYNTH), Plug((SYNTH,), "Harp")])
def test_where_something_is_not_there_all_stays_as_it_was(wish: Plug) -> None:
    stage = Stage().listening(PIANO)
    stage.playing().send(note_on(0, 60, 80))
    with pytest.raises(PortError):
        stage.cables.plug(wish, stage.inbox)
    piano, synth, *others = stage.panel.opened
    assert not piano.is_closed
    assert not synth.is_closed
    assert all(port.is_closed for port in others)
    stage.cables.send(note_on(0, 64, 80))
    assert synth.sent == [note_on(0, 60, 80), note_on(0, 64, 80)]


def test_what_stays_plugged_in_goes_on_sounding() -> None:
    stage = Stage()
    stage.playing().send(note_on(0, 60, 80))
    stage.cables.plug(Plug((PIANO,), SYNTH), stage.inbox)
    assert stage.panel.opened[0].sent == [note_on(0, 60, 80)]


def test_ports_of_our_own_are_not_looked_for_among_others() -> None:
    stage = Stage()
    stage.cables.plug(Plug((VIRTUAL,), VIRTUAL), stage.inbox)
    stage.cables.look()
    stage.cables.send(note_on(0, 60, 80))
    assert stage.told == []
    assert stage.panel.opened[1].sent == [note_on(0, 60, 80)]


def test_wishes_are_fulfilled_by_the_thread_that_looks() -> None:
    stage, done = Stage(), queue.SimpleQueue[Plugged | NotPlugged]()
    threads: list[str] = []

    def note(what: Plugged | NotPlugged) -> None:
        threads.append(threading.current_thread().name)
        done.put(what)

    stage.cables.watch(stage.inbox)
    stage.cables.ask(Plug((), "Harp"), note)
    stage.cables.ask(Plug((), SYNTH), note)
    assert done.get(timeout=5) == NotPlugged("not there")
    assert done.get(timeout=5) == Plugged((), SYNTH)
    stage.cables.close()
    assert threads == ["cables"] * 2


def test_all_that_sounds_is_released_and_nothing_else() -> None:
    stage = Stage()
    output = stage.playing()
    for message in (note_on(0, 60, 80), note_on(0, 62, 80), note_off(0, 62), sustain(5, 127)):
        output.send(message)
    stage.cables.release()
    stage.cables.release()
    assert stage.panel.opened[0].sent[4:] == [note_off(0, 60), sustain(5, 0)] * TO_BE_SURE
