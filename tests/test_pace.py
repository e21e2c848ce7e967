"""A model that is too slow is noticed, and never heard to stumble."""

from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import pytest

from performer.continuation import made_again, maker
from performer.improviser import Improviser
from performer.length import Fixed, Limit
from performer.messages import Dropped, Maker, Mode, Player, Remark, TooSlow, Trouble
from performer.midi import NoteOn, parse
from performer.notes import Note
from performer.pace import FAR, JUDGED, Pace, Verdict
from performer.session import Settings
from performer.take import read_take, write_take
from performer.thought import Thought
from tests.fakes import Metronome, Rehearsal, messages_by_model, phrase_of, rehearse

SETTINGS = Settings(length=Fixed(Limit(seconds=30.0)))


@dataclass
class Patient(Metronome):
    """Wants a note every `step` seconds, and waits for as long as it is told to."""

    def next(self, thought: Thought) -> tuple[Note, Thought]:
        onset = round(max(thought.onset + self.step, thought.earliest), 3) if thought.index else 0.0
        note = Note(60 + thought.index % 12, 70, onset, round(onset + self.duration, 3))
        return note, replace(thought, index=thought.index + 1, onset=onset)


def lateness(rehearsal: Rehearsal) -> list[float]:
    return [
        told.lateness
        for told in rehearsal.told
        if hasattr(told, "message") and told.message.by is Player.MODEL
        if isinstance(parse(told.message.data), NoteOn)
    ]


def test_a_model_that_keeps_up_is_not_called_slow() -> None:
    rehearsal = rehearse(phrase_of(5), Patient(0.1), SETTINGS, thinking=0.01)
    assert not [told for told in rehearsal.told if isinstance(told, Remark | Trouble | TooSlow)]
    assert max(lateness(rehearsal)) < 1e-6


def test_a_model_that_is_made_to_think_again_is_not_called_slow() -> None:
    """As in a duet, by every key of the player's."""
    duet = replace(SETTINGS, mode=Mode.DUET)
    rehearsal = rehearse(phrase_of(100, step=0.11), Patient(0.3), duet, thinking=0.01)
    assert not [told for told in rehearsal.told if isinstance(told, Remark | TooSlow)]


def test_one_that_is_often_late_thinks_further_ahead_and_each_is_said_once() -> None:
    pace = Pace(0.5)
    verdicts = []
    for _ in range(3 * JUDGED):
        pace.took(0.2)
        verdicts.append(pace.ask(0.1))
    assert [verdict for verdict in verdicts if verdict] == [Verdict.SLOW, Verdict.TOO_SLOW]
    assert pace.lookahead == 2.0


def test_nothing_is_thought_too_far_ahead() -> None:
    pace = Pace(3.0)
    pace.took(1.0)
    for _ in range(JUDGED):
        pace.ask(0.0)
    assert pace.lookahead == FAR


def test_a_model_too_slow_plays_slower_says_so_and_never_stumbles() -> None:
    rehearsal = rehearse(phrase_of(5), Patient(0.1), SETTINGS, thinking=0.25)
    remarks = [told for told in rehearsal.told if isinstance(told, Remark | TooSlow | Trouble)]
    assert [type(told) for told in remarks] == [Remark, TooSlow]
    assert not [told for told in rehearsal.told if isinstance(told, Dropped)]
    assert max(lateness(rehearsal)) <= 0.1
    onsets = [note.start for note in rehearsal.notes(Player.MODEL)]
    steps = [later - earlier for earlier, later in pairwise(onsets)][8:]
    assert max(steps) - min(steps) < 0.06
    assert not rehearsal.output.hanging


def test_with_a_smaller_model_it_is_quick_again() -> None:
    quick = (12.0, Patient(0.1), Maker("small", ""))
    rehearsal = rehearse(phrase_of(5), Patient(0.1), SETTINGS, thinking=0.05, successor=quick)
    assert max(lateness(rehearsal)) < 0.1


def test_what_one_model_took_is_not_held_against_the_next() -> None:
    """That one is not asked for its notes further ahead, nor said to be slow as well."""
    quick = (15.0, Patient(0.1), Maker("small", ""))
    rehearsal = rehearse(phrase_of(5), Patient(0.1), SETTINGS, thinking=0.25, successor=quick)
    remarks = [told for told in rehearsal.told if isinstance(told, Remark | TooSlow)]
    assert [type(told) for told in remarks] == [Remark, TooSlow] * 2


@pytest.mark.parametrize("thinking", [0.08, 0.4])
def test_what_a_slow_model_played_is_made_again(
    thinking: float, improviser: Improviser, tmp_path: Path
) -> None:
    rehearsal = rehearse(phrase_of(8), improviser, SETTINGS, thinking)
    assert max(lateness(rehearsal)) <= 0.1
    write_take(replace(rehearsal.take, maker=maker(improviser)), tmp_path / "take.mid")
    take = read_take(tmp_path / "take.mid")
    assert messages_by_model(made_again(take, improviser)) == messages_by_model(take)
