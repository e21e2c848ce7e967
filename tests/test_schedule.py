"""What is due when."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from performer.notes import Note
from performer.schedule import (
    AFTER_THE_KEYS,
    TOO_LATE,
    Lift,
    Omission,
    Schedule,
    Strike,
    Stroke,
    Tread,
    strokes,
)
from performer.touch import DOWN, RENEWED, UP

times = st.integers(0, 3000).map(lambda ms: ms / 1000)
notes = st.builds(
    lambda pitch, start, length: Note(pitch, 64, start, round(start + length, 3)),
    st.integers(60, 64),
    times,
    times,
)


def test_a_late_note_delays_no_other() -> None:
    schedule = Schedule()
    schedule.add(Note(60, 80, 1.0, 1.2))
    schedule.add(Note(62, 80, 1.5, 1.7))
    assert schedule.take_due(1.05) == [Strike(60, 80, 1.0)]
    assert schedule.next_due == 1.2
    assert schedule.take_due(1.5) == [Lift(60, 1.2), Strike(62, 80, 1.5)]


def test_a_note_too_late_to_be_music_is_left_out_whole() -> None:
    schedule = Schedule()
    schedule.add(Note(60, 80, 1.0, 1.5))
    assert schedule.take_due(1.0 + TOO_LATE + 0.001) == [Omission(60, 1.0, is_late=True)]
    assert schedule.is_empty


def test_a_note_that_is_only_just_in_time_is_struck() -> None:
    schedule = Schedule()
    schedule.add(Note(60, 80, 1.0, 1.5))
    schedule.add(Note(62, 80, 0.0, 1.5))
    assert schedule.take_due(TOO_LATE) == [Strike(62, 80, 0.0)]


def test_going_back_forgets_what_was_planned_since_and_lets_go_of_what_sounds() -> None:
    schedule = Schedule()
    for start in (1.0, 4.0, 2.0):
        schedule.add(Note(60, 80, start, start + 0.5))
    assert schedule.take_due(1.0) == [Strike(60, 80, 1.0)]
    since = schedule.planned
    for start in (1.1, 3.0, 1.2):
        schedule.add(Note(62, 80, start, start + 0.1))
        schedule.add_pedal(RENEWED, start)
    schedule.forget(since)
    due = []
    while (at := schedule.next_due) is not None:
        due += schedule.take_due(at)
    assert due == [
        Lift(60, 1.5),
        Strike(60, 80, 2.0),
        Lift(60, 2.5),
        Strike(60, 80, 4.0),
        Lift(60, 4.5),
    ]


def test_a_key_given_up_is_not_released_before_it_was_struck() -> None:
    schedule = Schedule()
    schedule.add(Note(60, 80, 1.0, 1.5))
    schedule.take_due(1.02)
    assert schedule.release(60, 0.99) == [Lift(60, 1.0)]  # the player struck it before, told later


def test_a_key_struck_again_as_it_is_let_go_is_let_go_first() -> None:
    assert strokes([Note(60, 80, 0.0, 1.0), Note(60, 90, 1.0, 2.0), Note(64, 70, 0.5, 1.0)])[
        2:5
    ] == [
        Lift(60, 1.0),
        Lift(64, 1.0),
        Strike(60, 90, 1.0),
    ]


def test_a_note_on_a_key_that_is_taken_is_left_out_whole() -> None:
    schedule = Schedule()
    schedule.add(Note(60, 80, 1.0, 1.5))
    schedule.add(Note(62, 80, 1.0, 1.5))
    taken = schedule.take_due(1.0, {60})
    assert taken == [Omission(60, 1.0, is_late=False), Strike(62, 80, 1.0)]
    assert schedule.take_due(2.0) == [Lift(62, 1.5)]


def test_a_key_that_somebody_else_wants_is_released_at_once_and_once() -> None:
    schedule = Schedule()
    schedule.add(Note(60, 80, 1.0, 1.5))
    schedule.take_due(1.0)
    assert schedule.release(60, 1.2) == [Lift(60, 1.2)]
    assert schedule.release(60, 1.3) == schedule.take_due(2.0) == []
    assert schedule.is_empty


def test_a_release_is_never_too_late() -> None:
    schedule = Schedule()
    schedule.add(Note(60, 80, 1.0, 1.5))
    schedule.take_due(1.0)
    assert schedule.take_due(99.0) == [Lift(60, 1.5)]


def test_after_a_stall_there_is_no_burst() -> None:
    schedule = Schedule()
    for n in range(20):
        schedule.add(Note(60 + n, 80, 0.1 * n, 0.1 * n + 0.05))
    struck = [stroke for stroke in schedule.take_due(1.95) if isinstance(stroke, Strike)]
    assert [stroke.pitch for stroke in struck] == [79]


def test_releasing_all_forgets_what_was_to_come() -> None:
    schedule = Schedule()
    schedule.add(Note(60, 80, 0.5, 5.0))
    schedule.add(Note(62, 80, 1.0, 5.0))
    schedule.take_due(0.5)
    assert schedule.release_all(0.7) == [Lift(60, 0.7)]
    assert schedule.is_empty
    assert schedule.take_due(9.0) == []


@given(st.lists(notes), st.lists(times))
def test_every_key_struck_is_released_once_before_it_is_struck_again(
    planned: list[Note], moments: list[float]
) -> None:
    schedule = Schedule()
    for note in planned:
        schedule.add(note)
    played = [stroke for now in sorted(moments) for stroke in schedule.take_due(now)]
    played += schedule.release_all(99.0)
    sounding: Counter[int] = Counter()
    for stroke in played:
        assert not isinstance(stroke, Tread)
        if isinstance(stroke, Omission):
            continue
        sounding[stroke.pitch] += 1 if isinstance(stroke, Strike) else -1
        assert sounding[stroke.pitch] in (0, 1)
    assert not any(sounding.values())


@given(st.lists(notes))
def test_all_strokes_of_some_notes_come_in_order(planned: list[Note]) -> None:
    played = strokes(planned)
    assert [stroke.due for stroke in played] == sorted(stroke.due for stroke in played)
    assert sum(isinstance(stroke, Strike) for stroke in played) == len(planned)


def test_the_pedal_goes_down_a_moment_after_the_keys_and_up_before_them() -> None:
    schedule = Schedule()
    for start, move in ((1.0, DOWN), (2.0, RENEWED), (3.0, UP)):
        schedule.add(Note(60, 80, start, start + 0.5))
        schedule.add_pedal(move, start)
    played: list[Stroke] = []
    while (due := schedule.next_due) is not None:
        played += schedule.take_due(due)
    treads = [stroke for stroke in played if isinstance(stroke, Tread)]
    down, again = 1.0 + AFTER_THE_KEYS, 2.0 + AFTER_THE_KEYS
    assert treads == [Tread(True, down), Tread(False, 2.0), Tread(True, again), Tread(False, 3.0)]
    assert played.index(Tread(False, 2.0)) < played.index(Strike(60, 80, 2.0))


def test_a_pedal_that_is_down_already_is_not_pressed_again() -> None:
    schedule = Schedule()
    for start in (1.0, 1.5, 2.0):
        schedule.add_pedal(DOWN, start)
    assert schedule.take_due(9.0) == [Tread(True, 1.0 + AFTER_THE_KEYS)]


def test_the_pedal_comes_up_with_all_else() -> None:
    schedule = Schedule()
    schedule.add(Note(60, 80, 1.0, 3.0))
    schedule.add_pedal(DOWN, 1.0)
    for now in (1.0, 1.5):
        schedule.take_due(now)
    assert schedule.release_all(2.0) == [Lift(60, 2.0), Tread(False, 2.0)]
    assert schedule.release_all(2.5) == []


def test_an_answer_that_was_played_to_its_end_lets_the_pedal_go_with_its_last_key() -> None:
    schedule = Schedule()
    schedule.add(Note(60, 80, 1.0, 3.0))
    schedule.add_pedal(DOWN, 1.0)
    for now in (1.0, 1.5, 3.001):
        schedule.take_due(now)
    assert schedule.release_all(3.002, is_whole=True) == [Tread(False, 3.0)]
