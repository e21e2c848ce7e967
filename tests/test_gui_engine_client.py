"""The engine's client, and an evening, with an engine that only remembers what it was told."""

from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from gui.choices import Character, Choices
from gui.engine_client import EngineClient, settings
from gui.state import Begun, News, Over
from performer.engine import Sent
from performer.length import Fixed, Limit
from performer.messages import Heard, Player, Quit, Send, Trouble
from performer.midi import note_off, note_on
from performer.process import SYNTH, Ended, Kept, Plan, Ready, Refused
from performer.process import News as EngineNews
from performer.session import Settings
from tests.gui_fakes import FakeEngine


@dataclass
class Stage:
    """A client, the engines that it began, what it heard, and its clock."""

    engines: list[FakeEngine] = field(default_factory=list)
    heard: list[News] = field(default_factory=list)
    time: float = 100.0

    def __post_init__(self) -> None:
        self.client = EngineClient(self.heard.append, self._begin, lambda: self.time)

    def _begin(self, plan: Plan) -> FakeEngine:
        self.engines.append(FakeEngine(plan))
        return self.engines[-1]

    def tells(self, *news: EngineNews) -> None:
        self.engines[-1].to_tell.extend(news)
        self.client.fetch()


@pytest.fixture
def stage() -> Stage:
    return Stage()


PLAN = Plan(Path("trial.onnx"), Settings(), Path("takes"), (), SYNTH)
READY = Ready("trial", (), "synth")


def test_a_key_on_the_screen_is_heard_at_its_moment_on_the_engines_clock(stage: Stage) -> None:
    stage.client.begin(PLAN)
    stage.tells(READY)
    stage.time += 2.5
    stage.client.strike(60, 90)
    assert stage.engines[0].told == [Heard(note_on(0, 60, 90), 2.5)]


def test_the_clocks_agree_better_the_sooner_something_is_told(stage: Stage) -> None:
    stage.client.begin(PLAN)
    stage.time = 100.3  # the engine's clock began 0.3 s ago, but nobody said so
    stage.tells(READY)
    assert stage.client.now() == 0.0
    stage.time = 101.0
    stage.tells(Sent(Send(note_on(0, 60, 80), 0.9, Player.HUMAN), 0.05))
    assert stage.client.now() == pytest.approx(0.95)


def test_no_moment_lies_before_the_engines_own(stage: Stage) -> None:
    stage.client.begin(PLAN)
    stage.tells(READY)
    stage.time = 101.0
    stage.tells(Sent(Send(note_on(0, 60, 80), 0.2, Player.HUMAN), 0.05))  # told late
    assert stage.client.now() == 1.0


def test_what_is_played_before_the_engine_is_ready_is_played_to_it_then(stage: Stage) -> None:
    stage.client.begin(PLAN)
    stage.client.strike(60, 90)
    stage.client.release(60)
    assert stage.engines[0].told == []
    stage.tells(READY)
    assert [event.data for event in stage.engines[0].told if isinstance(event, Heard)] == [
        note_on(0, 60, 90),
        note_off(0, 60),
    ]


def test_what_was_played_to_one_engine_is_not_played_to_the_next(stage: Stage) -> None:
    stage.client.begin(PLAN)
    stage.client.strike(60, 90)
    stage.tells(READY)
    stage.client.begin(PLAN)
    stage.tells(Ended())
    stage.tells(READY)
    assert stage.engines[1].told == []


def test_a_new_plan_waits_until_the_take_is_kept(stage: Stage) -> None:
    stage.client.begin(PLAN)
    stage.tells(READY)
    other = replace(PLAN, output="none")
    stage.client.begin(other)
    assert stage.engines[0].told == [Quit()]
    assert len(stage.engines) == 1
    stage.tells(Kept(Path("take.mid"), None), Ended())
    assert [engine.plan for engine in stage.engines] == [PLAN, other]
    assert stage.heard[-1] == Over("take.mid")


def test_an_engine_that_cannot_begin_says_why_when_it_is_over(stage: Stage) -> None:
    stage.client.begin(PLAN)
    stage.tells(Refused("The port is busy."), Ended())
    assert stage.heard == [Over(None, "The port is busy.")]
    assert not stage.client.is_running


def test_what_the_engine_tells_is_passed_on_in_order(stage: Stage) -> None:
    stage.client.begin(PLAN)
    sent = Sent(Send(note_on(0, 60, 80), 0.0, Player.HUMAN), 0.0)
    stage.tells(READY, sent, Trouble("A port has gone."))
    assert stage.heard == [Begun("trial", (), "synth"), sent, Trouble("A port has gone.")]


def test_at_the_end_the_client_waits_for_the_take(stage: Stage) -> None:
    stage.client.begin(PLAN)
    stage.tells(READY)
    stage.engines[0].to_tell.extend([Kept(Path("take.mid"), None), Ended()])
    stage.client.end_and_wait()
    assert stage.heard[-1] == Over("take.mid")
    assert stage.engines[0].told == [Quit()]


def test_an_engine_that_never_ends_is_not_waited_for_forever(stage: Stage) -> None:
    stage.client.begin(PLAN)

    def impatient() -> float:
        stage.time += 1.0
        return stage.time

    stage.client._clock = impatient
    stage.client.end_and_wait()
    assert not stage.client.is_running


def test_what_is_chosen_is_what_the_engine_is_set_to() -> None:
    chosen = settings(Choices(character=Character(0.6, 0.7, 0.8, 0.9, "30notes", 1.5), seed=5))
    taste = chosen.taste
    assert (taste.pitch, taste.rhythm, taste.dynamics, taste.top_p) == (0.6, 0.7, 0.8, 0.9)
    assert chosen.length == Fixed(Limit(notes=30))
    assert chosen.silence.after([0.0, 0.5]) == 1.5
    assert chosen.seed == 5
    assert settings(Choices()).silence.after([0.0, 0.4, 0.8]) == pytest.approx(1.0)
