"""The engine's process, seen from outside: what is done where it dies."""

import os
import signal
from dataclasses import replace
from pathlib import Path

import pytest

from performer import process
from performer.bundled_prompt import bundled_prompt
from performer.length import parse_length
from performer.messages import ChangePorts, Mode, Retune, Trouble
from performer.phrase import Silence
from performer.process import NONE, SYNTH, VIRTUAL, Ended, Engine, Plan, Ready, Refused
from performer.session import Settings
from performer.taste import Taste
from tests.fakes import write_trial_model

PLAN = Plan(Path("model.onnx"), Settings(), Path("takes"), ("keyboard",), "synth 24:0")


def test_an_engine_started_again_plays_for_the_rest_of_the_time() -> None:
    assert process._rest_of(replace(PLAN, seconds=60.0), 25.0).seconds == 35.0
    assert process._rest_of(replace(PLAN, seconds=60.0), 70.0).seconds == 0.0
    assert process._rest_of(PLAN, 25.0).seconds is None


def test_a_prompt_is_played_again_only_where_nobody_else_plays() -> None:
    prompted = replace(PLAN, prompt=bundled_prompt())
    assert process._rest_of(prompted, 1.0).prompt is None
    assert process._rest_of(replace(prompted, inputs=()), 1.0).prompt is not None


def test_an_engine_started_again_is_set_as_it_was_last() -> None:
    slow = Silence.fixed(1.0), parse_length("3s")
    to = Retune(Taste(pitch=0.5), *slow, 7, Mode.DUET, 0.5, False, best_of=8)
    settings = Settings().retuned(to)
    assert settings.taste == Taste(pitch=0.5, density=0.5)
    assert (settings.silence, settings.length, settings.seed) == (to.silence, to.length, 7)
    assert (settings.mode, settings.is_thru, settings.best_of) == (Mode.DUET, False, 8)
    other = process._set_up(PLAN, Path("other.onnx"), ChangePorts(("organ", VIRTUAL), SYNTH))
    assert (other.model, other.inputs, other.output) == (Path("other.onnx"), ("organ",), SYNTH)
    assert other.is_virtual
    assert other.ports == ChangePorts(("organ", VIRTUAL), SYNTH)


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
