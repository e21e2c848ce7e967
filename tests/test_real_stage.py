"""What a stage brings, on real ports and in real time: floods, half messages, a foot on a pedal.

For longer than a test may take: `python -m performer.bench_stage`.
"""

import threading
import time
from pathlib import Path

import pytest

from performer.bench_stage import OURS, flooded, stage, waited
from performer.bindings import Action, Bindings, Controller, Done, Learn, Learnt
from performer.messages import Quit
from performer.midi import note_off, note_on
from performer.phrase import Silence
from performer.process import Engine, News, Plan, Ready
from performer.session import Settings
from tests.fakes import write_trial_model
from tests.jack_server import on_jack

pytestmark = [pytest.mark.real_time, pytest.mark.timeout(300)]

PEDAL = bytes([0xB0, 67, 127])


@on_jack
def test_a_keyboard_that_floods_loses_no_key_and_leaves_none_hanging(tmp_path: Path) -> None:
    """A thousand messages a second, half messages among them, and one of a megabyte."""
    model = write_trial_model(tmp_path / "trial.onnx")
    with stage() as on:
        into = flooded(on, model, 3.0, seed=1)
    assert into.played > 5
    assert (into.lost, into.hanging) == (0, 0)
    assert into.kept == into.played


@on_jack
def test_a_pedal_hands_over_and_another_is_learnt(tmp_path: Path) -> None:
    model = write_trial_model(tmp_path / "trial.onnx")
    bindings = Bindings({Controller(67): Action.HAND_OVER})
    settings = Settings(silence=Silence.fixed(60.0), seed=3)
    told: list[News] = []
    with stage() as on:
        plan = Plan(model, settings, tmp_path, (on.input_name,), on.output_name, bindings=bindings)
        engine = Engine(plan)
        listening = threading.Thread(target=lambda: told.extend(filter(None, engine.news(0.02))))
        listening.start()
        assert waited(lambda: any(isinstance(news, Ready) for news in told))
        on.keyboard.send(note_on(0, 60, OURS))
        on.keyboard.send(note_off(0, 60))
        on.keyboard.send(PEDAL)
        assert waited(lambda: len(on.synth.strikes) > 1), "an answer"
        assert Done(Action.HAND_OVER) in told
        engine.tell(Learn())

        def is_learnt() -> bool:
            on.keyboard.send(bytes([0xB0, 20, 100]))
            time.sleep(0.1)
            return Learnt(Controller(20)) in told

        assert waited(is_learnt)
        engine.tell(Quit())
        listening.join(20)
    assert on.synth.sounding.is_silent
