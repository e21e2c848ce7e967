"""The stage box: what it lets go of when an engine dies, and whom it serves then."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from performer import priority
from performer.cables import Plug, Plugged
from performer.engine import Late
from performer.messages import Heard, Report, Trouble, Unplugged
from performer.midi import note_off, note_on, sustain
from performer.ports import PortError
from performer.schedule import Due, Expected
from performer.stage_box import GONE, End, Line, StageBox, line, serve
from tests.test_cables import PIANO, SYNTH, FakePanel

PATIENCE = 10.0  # seconds


@pytest.fixture(autouse=True)
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tests' own threads keep their priority, and their memory is tidied up."""
    monkeypatch.setattr(priority, "ask", lambda: priority.Priority.ORDINARY)
    monkeypatch.setattr(signal, "signal", lambda *_: None)  # not for a thread


class Engine:
    """What an engine does with its line."""

    def __init__(self, end: End) -> None:
        self.heard: list[Heard | Unplugged] = []
        self.told: list[Report | Late] = []
        self.has_lost = threading.Event()
        self.end = end
        self.line = Line(end, self.heard.append, self.told.append, self.has_lost.set)

    def die(self) -> None:
        self.end.outgoing.close()  # the other end is read by a thread, which sees that


@contextmanager
def served(engines: int) -> Iterator[tuple[FakePanel, list[End]]]:
    panel = FakePanel()
    ends, ours = zip(*(line() for _ in range(engines)), strict=True)
    box = threading.Thread(target=serve, args=(ours, panel), daemon=True)
    box.start()
    try:
        yield panel, list(ends)
    finally:
        for end in ends:
            end.outgoing.close()
        box.join(PATIENCE)
    assert not box.is_alive()


def until(is_so: object) -> None:
    give_up_at = time.monotonic() + PATIENCE
    while not is_so():  # type: ignore[operator]
        assert time.monotonic() < give_up_at
        time.sleep(0.002)


def test_what_an_engine_left_down_is_released_and_nothing_else() -> None:
    with served(2) as (panel, (end, _)):  # another engine may come, so nothing is put away
        engine = Engine(end)
        engine.line.plug(Plug((), SYNTH))
        played = [note_on(0, 60, 80), note_on(2, 64, 80), note_off(0, 60), sustain(2, 127)]
        for message in played:
            engine.line.send(message)
        engine.die()
        until(lambda: len(panel.opened[0].sent) > len(played) + 1)
        assert panel.opened[0].sent[: len(played) + 2] == [
            *played,
            note_off(2, 64),
            sustain(2, 0),
        ]
        assert set(panel.opened[0].sent[len(played) :]) == {note_off(2, 64), sustain(2, 0)}
    assert panel.opened[0].is_closed


def test_the_next_engine_finds_everything_plugged_in() -> None:
    with served(2) as (panel, (first, second)):
        wish = Plug((PIANO,), SYNTH)
        before = Engine(first)
        before.line.plug(wish)
        before.die()
        after = Engine(second)
        assert after.line.plug(wish) == Plugged((PIANO,), SYNTH)
        after.line.begin(0.0)
        after.line.send(note_on(0, 60, 80))
        keyboard, synth = panel.opened
        until(lambda: synth.sent == [note_on(0, 60, 80)])
        keyboard.hear(note_on(0, 62, 80), 1.5)
        until(lambda: after.heard == [Heard(note_on(0, 62, 80), 1.5, PIANO)])
        assert before.heard == []


def test_what_is_expected_is_played_though_the_engine_does_not_come() -> None:
    with served(1) as (panel, (end,)):
        engine = Engine(end)
        engine.line.plug(Plug((), SYNTH))
        origin = time.perf_counter()
        engine.line.begin(origin)
        strike, other = Due(0.05, note_on(0, 60, 80)), Due(0.06, note_on(0, 64, 80))
        engine.line.expect(Expected((strike, other, Due(3600.0, note_off(0, 60)))))
        until(lambda: len(panel.opened[0].sent) == 2)
        assert time.perf_counter() - origin >= other.at
        assert engine.line.expects(strike)
        engine.line.send(strike.message)
        until(lambda: len(engine.told) == 2)
        assert all(isinstance(told, Late) and told.seconds >= 0 for told in engine.told)
        engine.line.expect(Expected())
        until(lambda: len(panel.opened[0].sent) > 2)
        engine.die()
        until(lambda: len(panel.opened[0].sent) > 3)
        assert panel.opened[0].sent[:4] == [
            strike.message,
            other.message,
            note_off(0, 64),  # was never asked for
            note_off(0, 60),  # the engine has gone
        ]


def test_nothing_is_heard_before_the_clock_begins() -> None:
    with served(1) as (panel, (end,)):
        engine = Engine(end)
        engine.line.plug(Plug((PIANO,), None))
        panel.opened[0].hear(note_on(0, 60, 80), 1.0)
        engine.line.begin(2.0)
        engine.line.plug(Plug((PIANO,), None))  # answered after all before it
        panel.opened[0].hear(note_on(0, 62, 80), 5.0)
        until(lambda: engine.heard)
        assert engine.heard == [Heard(note_on(0, 62, 80), 3.0, PIANO)]


def test_what_cannot_be_plugged_in_is_one_sentence() -> None:
    with served(1) as (_, (end,)), pytest.raises(PortError, match="not there"):
        Engine(end).line.plug(Plug((), "Harp"))


def test_what_is_unplugged_is_heard_and_told() -> None:
    with served(1) as (panel, (end,)):
        engine = Engine(end)
        engine.line.plug(Plug((PIANO,), None))
        engine.line.begin(0.0)
        panel.plugged.remove(PIANO)
        until(lambda: engine.heard and engine.told)
        assert isinstance(engine.heard[0], Unplugged)
        assert isinstance(engine.told[0], Trouble)


def test_an_engine_whose_stage_box_has_gone_is_told_so() -> None:
    with served(1) as (_, (end,)):
        engine = Engine(end)
    assert engine.has_lost.wait(PATIENCE)
    with pytest.raises(PortError, match=GONE):
        engine.line.send(note_on(0, 60, 80))
    with pytest.raises(PortError, match=GONE):
        engine.line.plug(Plug((), None))


@pytest.mark.real_time
def test_the_process_goes_with_the_last_engine_and_not_before() -> None:
    box = StageBox(2)
    pid = box._process.pid
    assert pid is not None
    box.let_go()
    engine = Engine(box.next_end)
    engine.line.plug(Plug((), None))
    for ending in (signal.SIGTERM, signal.SIGINT):
        os.kill(pid, ending)
    assert engine.line.plug(Plug((), None)) == Plugged((), None)
    box.dismiss()
    assert box._process.exitcode == 0
