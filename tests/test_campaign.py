"""A short campaign, every time; a long one with `python -m tests.campaign`."""

import tracemalloc
from collections.abc import Iterator

import pytest

from performer import bench_stage, schedule
from performer.engine import Sent
from performer.messages import Player, Send
from performer.midi import note_on
from performer.recorder import Recorder
from tests import campaign
from tests.campaign import Keys, play, play_again, play_bytes, soak_endless, soak_evening


@pytest.mark.parametrize("number", range(60))
def test_a_session_full_of_faults_loses_nothing_and_leaves_no_key_down(number: int) -> None:
    play(number)


@pytest.mark.parametrize("number", range(12))
def test_whatever_is_played_in_whichever_mode_is_made_again_from_its_take(number: int) -> None:
    play_again(number)


@pytest.mark.parametrize("number", range(3))
def test_bytes_of_any_kind_break_nothing_and_leave_no_key_down(number: int) -> None:
    play_bytes(number)


def test_hours_of_one_answer_are_in_time_to_the_microsecond() -> None:
    soaked = soak_endless(0.5)
    assert soaked.notes > 6000
    assert soaked.drift == 0


@pytest.fixture
def short_takes(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Takes of seconds, and memory as Python knows it: other tests leave theirs to the system."""
    monkeypatch.setattr(campaign, "A_TAKE", 15.0)
    monkeypatch.setattr(bench_stage, "WARM", 60.0)
    campaign.small_models()
    tracemalloc.start()
    monkeypatch.setattr(campaign, "memory_of", lambda _: tracemalloc.get_traced_memory()[0] / 2**20)
    yield
    tracemalloc.stop()


@pytest.mark.usefixtures("short_takes")
def test_hours_of_playing_are_kept_take_by_take() -> None:
    soaked = soak_evening(0.12)
    assert soaked.kept == soaked.struck > 100
    assert soaked.notes > 100
    assert soaked.growth < 1.0  # MB


# What the campaign would notice


def test_a_note_that_is_planned_a_millisecond_late_is_noticed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    really = schedule.Schedule.add

    def add(self: schedule.Schedule, note: schedule.Note) -> None:
        really(self, note.shifted(0.001 if note.start > 60.0 else 0.0))

    monkeypatch.setattr(schedule.Schedule, "add", add)
    assert soak_endless(0.05).drift == 1000


@pytest.mark.usefixtures("short_takes")
def test_memory_that_is_never_given_back_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    hoard: list[bytes] = []
    really = Recorder.turn_over

    def turn_over(self: Recorder) -> object:
        hoard.append(bytes(range(256)) * 4096)  # a megabyte
        return really(self)

    monkeypatch.setattr(Recorder, "turn_over", turn_over)
    assert soak_evening(0.12).growth > bench_stage.GROWTH


def test_a_key_struck_twice_or_released_twice_is_noticed() -> None:
    keys, strike = Keys(), Sent(Send(note_on(0, 60, 80), 0.0, Player.MODEL), 0.0)
    keys.hear(strike)
    with pytest.raises(AssertionError, match="struck twice"):
        keys.hear(strike)
    release = Sent(Send(note_on(0, 60, 0), 0.0, Player.MODEL), 0.0)
    keys.hear(release)
    with pytest.raises(KeyError):
        keys.hear(release)
