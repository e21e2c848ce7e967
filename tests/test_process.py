"""The engine's process, seen from outside: what is done where it dies."""

import os
import signal
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from performer import process
from performer.bundled_prompt import bundled_prompt
from performer.messages import Trouble
from performer.midi import NoteOff, Sustain, parse
from performer.ports import PortError
from performer.process import NONE, Ended, Engine, Plan, Ready, Refused, release_all
from performer.session import Settings
from tests.fakes import write_trial_model

PLAN = Plan(Path("model.onnx"), Settings(), Path("takes"), ("keyboard",), "synth 24:0")


@dataclass
class FakePort:
    sent: list[bytes] = field(default_factory=list)
    is_closed: bool = False

    def send(self, message: bytes) -> None:
        self.sent.append(message)

    def close(self) -> None:
        self.is_closed = True


def test_what_an_engine_left_down_is_released_whoever_struck_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    port = FakePort()
    monkeypatch.setattr(process, "open_output", lambda name: port)
    release_all("synth", [0, 5])
    meant = [parse(message) for message in port.sent]
    for channel in (0, 5):
        assert Sustain(channel, 0) in meant
        released = {
            each.pitch for each in meant if isinstance(each, NoteOff) and each.channel == channel
        }
        assert released == set(range(128))
    assert port.is_closed


def test_an_output_that_has_gone_too_is_no_further_trouble(monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(name: str) -> FakePort:
        raise PortError("it has gone")

    monkeypatch.setattr(process, "open_output", gone)
    release_all("synth", [0])


def test_an_engine_started_again_plays_for_the_rest_of_the_time() -> None:
    assert process._rest_of(replace(PLAN, seconds=60.0), 25.0).seconds == 35.0
    assert process._rest_of(replace(PLAN, seconds=60.0), 70.0).seconds == 0.0
    assert process._rest_of(PLAN, 25.0).seconds is None


def test_a_prompt_is_played_again_only_where_nobody_else_plays() -> None:
    prompted = replace(PLAN, prompt=bundled_prompt())
    assert process._rest_of(prompted, 1.0).prompt is None
    assert process._rest_of(replace(prompted, inputs=()), 1.0).prompt is not None


def test_an_engine_that_cannot_begin_is_not_started_again(tmp_path: Path) -> None:
    engine = Engine(replace(PLAN, takes=tmp_path, inputs=(), output=NONE))
    told = [news for news in engine.news(0.05) if news is not None]
    assert len(told) == 1
    assert isinstance(told[0], Refused)


@pytest.mark.real_time
def test_an_engine_that_is_killed_is_started_again_until_it_has_no_lives_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "LIVES", 1)
    model = write_trial_model(tmp_path / "trial.onnx")
    virtual = replace(PLAN, model=model, takes=tmp_path, inputs=(), output=NONE, seconds=600.0)
    engine = Engine(virtual)
    told = []
    for news in engine.news(0.05):
        if isinstance(news, Ready):
            assert engine._process.pid is not None
            os.kill(engine._process.pid, signal.SIGKILL)
        if news is not None:
            told.append(type(news))
    assert [kind for kind in told if kind in (Ready, Trouble, Refused, Ended)] == [
        Ready,
        Trouble,
        Ready,
        Refused,
    ]
