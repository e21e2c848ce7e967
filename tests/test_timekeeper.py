"""What is played before the engine comes to send it, and what is taken back."""

from collections import Counter
from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as some

from performer.midi import NoteOn, note_off, note_on, parse, sustain
from performer.notes import Note
from performer.schedule import Due, Omission, Schedule, as_message
from performer.sounding import Sounding
from performer.timekeeper import Played, Timekeeper

STRIKE, OTHER = note_on(0, 60, 80), note_on(0, 60, 90)


@dataclass
class Synth:
    heard: list[bytes] = field(default_factory=list)
    sounding: Sounding = field(default_factory=Sounding)

    def send(self, message: bytes) -> None:
        self.heard.append(message)
        self.sounding.follow(message)


def begun(*due: Due) -> tuple[Synth, Timekeeper]:
    synth = Synth()
    keeper = Timekeeper(synth.send)
    keeper.expect(due)
    return synth, keeper


def test_it_plays_at_the_moment_and_what_is_sent_then_is_not_sent_twice() -> None:
    synth, keeper = begun(Due(1.0, STRIKE), Due(1.5, note_off(0, 60)))
    assert keeper.next_due == 1.0
    assert keeper.wake(0.999) == []
    assert keeper.wake(1.002) == [Played(Due(1.0, STRIKE), 1.002 - 1.0)]
    assert keeper.pass_on(STRIKE, 1.003) == []
    keeper.expect([Due(1.5, note_off(0, 60))])
    assert synth.heard == [STRIKE]
    keeper.wake(1.5)
    assert synth.heard == [STRIKE, note_off(0, 60)]
    keeper.pass_on(note_off(0, 60), 1.6)
    keeper.pass_on(note_off(0, 60), 1.6)
    assert synth.heard == [STRIKE, note_off(0, 60), note_off(0, 60)]


def test_what_the_engine_sends_first_is_not_played_again() -> None:
    synth, keeper = begun(Due(1.0, STRIKE))
    assert keeper.pass_on(STRIKE, 1.001) == [Played(Due(1.0, STRIKE), 1.001 - 1.0)]
    assert keeper.wake(1.002) == []
    assert synth.heard == [STRIKE]


def test_what_is_sent_before_its_moment_is_not_late() -> None:
    synth, keeper = begun(Due(1.0, STRIKE))
    assert keeper.pass_on(STRIKE, 0.96) == []  # the player's, who strikes the same key as hard
    assert synth.heard == [STRIKE]


def test_what_is_not_sent_after_all_is_taken_back() -> None:
    pedal = sustain(0, 127)
    synth, keeper = begun(Due(1.0, STRIKE), Due(1.0, pedal), Due(2.0, OTHER))
    keeper.wake(1.0)
    keeper.expect([])
    assert synth.heard == [STRIKE, pedal, note_off(0, 60), sustain(0, 0)]
    assert keeper.next_due is None


def test_a_player_who_takes_the_key_meanwhile_keeps_it() -> None:
    synth, keeper = begun(Due(1.0, STRIKE))
    keeper.wake(1.0)
    keeper.pass_on(OTHER, 1.003)  # the player's, before the engine gave up its own
    keeper.expect([])
    assert synth.heard == [STRIKE, note_off(0, 60), OTHER]


def test_what_is_long_over_is_left_to_the_engine() -> None:
    synth, keeper = begun(Due(1.0, STRIKE), Due(1.2, OTHER))
    assert keeper.wake(1.25) == [Played(Due(1.2, OTHER), 1.25 - 1.2)]
    assert synth.heard == [OTHER]


NOTES = some.lists(
    some.tuples(
        some.integers(60, 63), some.floats(0.0, 0.3), some.floats(0.03, 0.5), some.integers(0, 2)
    ),
    min_size=1,
    max_size=30,
)


@given(NOTES, some.lists(some.floats(0.0, 0.03), min_size=40), some.none() | some.floats(0.0, 4.0))
def test_a_late_engine_is_heard_on_time_and_nothing_hangs(
    notes: list[tuple[int, float, float, int]], late: list[float], cut_at: float | None
) -> None:
    """An engine that comes late every time plays notes and moves a pedal, and may be cut short."""
    schedule, onset = Schedule(), 0.0
    for pitch, step, held, move in notes:
        onset += step
        schedule.add(Note(pitch, 80, onset, onset + held))
        schedule.add_pedal(move, onset)
    synth, sent = Synth(), Synth()
    keeper, turn = Timekeeper(synth.send), 0
    on_time: list[Played] = []

    def expect() -> None:
        strokes = schedule.preview(0.05)
        keeper.expect(
            [Due(s.due, as_message(s, 0)) for s in strokes if not isinstance(s, Omission)]
        )

    expect()
    now = -1.0
    while not schedule.is_empty or now < 0:
        due = schedule.next_due
        comes_at = 0.0 if due is None else max(due, now) + late[turn % len(late)]
        turn += 1
        is_cut = due is None or (cut_at is not None and comes_at >= cut_at)
        now = max(now, cut_at) if is_cut and cut_at is not None else comes_at
        while keeper.next_due is not None and keeper.next_due <= now:
            on_time += keeper.wake(keeper.next_due)
        strokes = schedule.release_all(now) if is_cut else schedule.take_due(now)
        for stroke in strokes:
            if not isinstance(stroke, Omission):
                keeper.pass_on(as_message(stroke, 0), now)
                sent.send(as_message(stroke, 0))
        expect()
    assert synth.sounding.is_silent
    assert sent.sounding.is_silent
    assert all(played.lateness == 0 for played in on_time)
    struck = Counter(message for message in sent.heard if isinstance(parse(message), NoteOn))
    heard = Counter(message for message in synth.heard if isinstance(parse(message), NoteOn))
    assert struck <= heard
    assert cut_at is not None or struck == heard
