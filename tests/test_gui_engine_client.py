"""The engine's client, and an evening, with an engine that only remembers what it was told."""

from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from gui.choices import Character, Choices
from gui.engine_client import EngineClient, settings
from gui.state import Begun, News, Over, Plugged, Saved
from performer.engine import Sent
from performer.length import Fixed, Limit
from performer.messages import Heard, Mode, Player, PlayPrompt, Quit, Retune, Send, Trouble
from performer.midi import note_off, note_on
from performer.notes import Note, Phrase
from performer.process import SYNTH, Ended, Kept, Plan, PortsChanged, Ready, Refused
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
        self.client = EngineClient(
            self.heard.append, self._begin, lambda: self.time, lambda: WALL + self.time
        )

    def _begin(self, plan: Plan) -> FakeEngine:
        self.engines.append(FakeEngine(plan))
        return self.engines[-1]

    def tells(self, *news: EngineNews) -> None:
        self.engines[-1].to_tell.extend(news)
        self.client.fetch()


@pytest.fixture
def stage() -> Stage:
    return Stage()


WALL = 1_700_000_000.0  # how much more the clock on the wall says
PLAN = Plan(Path("trial.onnx"), Settings(), Path("takes"), (), SYNTH)
READY = Ready("trial", (), "synth", zero_at=WALL + 100.0)


def test_a_key_on_the_screen_is_heard_at_its_moment_on_the_engines_clock(stage: Stage) -> None:
    stage.client.begin(PLAN)
    stage.tells(READY)
    stage.time += 2.5
    stage.client.strike(60, 90)
    assert stage.engines[0].told == [Heard(note_on(0, 60, 90), 2.5)]


def test_a_window_that_hears_late_that_the_engine_is_ready_knows_its_clock_all_the_same(
    stage: Stage,
) -> None:
    stage.client.begin(PLAN)
    stage.time = 103.0
    stage.tells(READY)
    assert stage.client.now() == pytest.approx(3.0)


def test_another_engine_has_a_clock_of_its_own(stage: Stage) -> None:
    stage.client.begin(PLAN)
    stage.tells(READY)
    stage.time = 110.0
    stage.tells(replace(READY, zero_at=WALL + 109.0))  # it died, and was begun again
    assert stage.client.now() == pytest.approx(1.0)


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
    assert stage.heard[-2:] == [Saved("take.mid"), Over()]


def test_an_engine_that_cannot_begin_says_why_when_it_is_over(stage: Stage) -> None:
    stage.client.begin(PLAN)
    stage.tells(Refused("The port is busy."), Ended())
    assert stage.heard == [Over("The port is busy.")]
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
    assert stage.heard[-2:] == [Saved("take.mid"), Over()]
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
    character = Character(0.6, 0.7, 0.8, 0.9, "30notes", 1.5, mode="duet", density=0.5)
    chosen = settings(Choices(character=character, seed=5, is_thru=False))
    assert (chosen.mode, chosen.is_thru, chosen.taste.density) == (Mode.DUET, False, 0.5)
    taste = chosen.taste
    assert (taste.pitch, taste.rhythm, taste.dynamics, taste.top_p) == (0.6, 0.7, 0.8, 0.9)
    assert chosen.length == Fixed(Limit(notes=30))
    assert chosen.silence.after([0.0, 0.5]) == 1.5
    assert chosen.seed == 5
    assert settings(Choices()).silence.after([0.0, 0.4, 0.8]) == pytest.approx(1.0)


def test_all_that_is_chosen_crosses_to_the_engine(stage: Stage) -> None:
    stage.client.begin(PLAN)
    stage.tells(READY)
    chosen = settings(
        Choices(character=Character(mode="endless", density=2.0, best_of=4), is_thru=False)
    )
    stage.client.retune(chosen)
    [told] = stage.engines[0].told
    tuned = chosen.taste, chosen.silence, chosen.length, chosen.seed
    assert told == Retune(*tuned, Mode.ENDLESS, 2.0, False, 4)


def test_a_prompt_waits_for_an_engine_that_can_play_it(stage: Stage) -> None:
    prompt = PlayPrompt(Phrase((Note(60, 80, 0.0, 1.0),)))
    stage.client.begin(PLAN)
    stage.client.tell_when_ready(prompt)
    assert stage.engines[0].told == []
    stage.tells(READY)
    assert stage.engines[0].told == [prompt]


def test_other_ports_and_a_take_that_is_kept_are_told_while_the_engine_plays_on(
    stage: Stage,
) -> None:
    stage.client.begin(PLAN)
    stage.tells(READY, PortsChanged(("Piano",), "Synth"), Kept(Path("take.mid"), None))
    assert stage.heard[1:] == [Plugged(("Piano",), "Synth"), Saved("take.mid")]
    assert stage.client.is_running
