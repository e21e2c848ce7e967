"""The conversation, in virtual time: no clock is waited for, and every run is the same."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from performer.inbox import Scripted
from performer.length import parse_length
from performer.messages import (
    Answered,
    Composed,
    ComposingFailed,
    Dropped,
    GoOn,
    HandOver,
    Heard,
    Player,
    Quit,
    Send,
    State,
    Stop,
    TakeUp,
    Trouble,
    Turned,
)
from performer.midi import note_off, note_on
from performer.notes import Note
from performer.phrase import Silence
from performer.session import GATHERING, Session, Settings
from tests.fakes import Broken, Metronome, key, pedal, phrase_of, rehearse

FIVE = phrase_of(5)  # starts at 1.0 s, the last key is up at 2.4 s
SILENCE = 2.5 * 0.3


def test_a_phrase_is_answered_after_the_silence() -> None:
    rehearsal = rehearse(FIVE)
    answer = rehearsal.notes(Player.MODEL)
    assert len(rehearsal.notes(Player.HUMAN)) == 5
    assert answer[0].start == pytest.approx(1.4 + SILENCE, abs=0.005)  # the take begins at 1.0
    assert [note.pitch for note in answer] == [60 + n % 12 for n in range(len(answer))]


def test_the_answer_is_in_time_whatever_the_thinking_takes() -> None:
    rehearsal = rehearse(FIVE, Metronome(step=0.25), thinking=0.2)
    onsets = [note.start for note in rehearsal.notes(Player.MODEL)]
    steps = {round(later - earlier, 3) for earlier, later in pairwise(onsets)}
    assert steps == {0.25}


@pytest.mark.parametrize(
    ("length", "notes"), [("like", 8), ("3s", 12), ("1s", 4), ("7notes", 7), ("1notes", 1)]
)
def test_an_answer_is_as_long_as_asked(length: str, notes: int) -> None:
    rehearsal = rehearse(FIVE, settings=Settings(length=parse_length(length)))
    assert len(rehearsal.notes(Player.MODEL)) == notes


def test_an_endless_answer_goes_on_until_it_is_stopped() -> None:
    script = [*FIVE, (100.0, Stop()), (101.0, Quit())]
    rehearsal = rehearse(script, settings=Settings(length=parse_length("endless")), is_last=False)
    answer = rehearsal.notes(Player.MODEL)
    assert len(answer) == pytest.approx((100 - 3.15) / 0.25, abs=2)
    assert rehearsal.output.hanging == set()


def test_a_key_struck_during_the_answer_makes_it_give_way_at_once() -> None:
    rehearsal = rehearse([*FIVE, *key(48, 4.0, 4.2), *key(50, 4.4, 4.6)], Metronome(duration=3.0))
    first, second = [told for told in rehearsal.told if isinstance(told, Answered)]
    assert first.cut_at == 4.0
    assert second.heard.start == 4.0
    released = [at for at, data in rehearsal.output.sounded if data[0] == 0x80 and at == 4.0]
    assert len(released) == first.notes  # all of them were still sounding
    assert rehearsal.output.hanging == set()


def test_the_answer_is_silent_before_the_players_key_sounds() -> None:
    rehearsal = rehearse([*FIVE, *key(48, 4.0, 4.2)], Metronome(duration=3.0))
    at_once = [data for at, data in rehearsal.output.sounded if at == 4.0]
    assert at_once[-1] == note_on(0, 48, 80)


def test_what_the_player_plays_sounds_at_once_on_its_channel() -> None:
    rehearsal = rehearse([*key(60, 1.0, 2.0, channel=3), *pedal(1.2, 1.8, channel=3)])
    heard = [(at, data[0] & 0x0F) for at, data in rehearsal.output.sounded if at <= 2.0]
    assert heard == [(1.0, 3), (1.2, 3), (1.8, 3), (2.0, 3)]


def test_the_answer_sounds_on_the_players_channel() -> None:
    rehearsal = rehearse(key(60, 1.0, 1.5, channel=3))
    assert {data[0] & 0x0F for _, data in rehearsal.output.sounded} == {3}


def test_other_messages_pass_as_they_came() -> None:
    bend = Heard(b"\xe0\x00\x50", 1.1)
    rehearsal = rehearse([*key(60, 1.0, 1.5), (1.1, bend)])
    assert (1.1, bend.data) in rehearsal.output.sounded


def test_broken_bytes_are_not_passed_on() -> None:
    rehearsal = rehearse([*key(60, 1.0, 1.5), (1.1, Heard(b"\x90\x3c", 1.1))])
    assert b"\x90\x3c" not in [data for _, data in rehearsal.output.sounded]


def test_a_phrase_of_one_note_is_answered() -> None:
    rehearsal = rehearse(key(60, 1.0, 1.5))
    assert len(rehearsal.notes(Player.MODEL)) == 8  # two seconds of it


def test_silence_alone_is_no_phrase() -> None:
    rehearsal = rehearse([(1.0, Heard(b"\xfe", 1.0)), (60.0, Quit())], is_last=False)
    assert not rehearsal.notes(Player.MODEL)


def test_the_player_can_hand_over_with_a_key_still_held() -> None:
    script = [*key(72, 1.0, 9.0), (2.0, HandOver())]
    rehearsal = rehearse(script)
    assert rehearsal.notes(Player.MODEL)[0].start == pytest.approx(1.0, abs=0.01)
    assert rehearsal.output.hanging == set()


def test_a_key_that_the_player_holds_is_left_to_the_player() -> None:
    script = [*key(61, 1.0, 9.0), (2.0, HandOver())]
    rehearsal = rehearse(script, Metronome(first_pitch=60))
    struck = [data[1] for _, data in rehearsal.output.sounded if data[0] == 0x90]
    assert struck.count(61) == 1
    assert {60, 62} <= set(struck)
    assert rehearsal.output.hanging == set()


def test_a_key_that_the_player_holds_on_another_channel_is_free() -> None:
    script = [*key(61, 0.5, 9.0, channel=1), *key(60, 1.0, 1.2), (2.0, HandOver())]
    rehearsal = rehearse(script, Metronome(first_pitch=60))
    assert 61 in [note.pitch for note in rehearsal.notes(Player.MODEL)]


def test_a_failure_of_an_earlier_turn_ends_nothing() -> None:
    session = Session(Settings())
    for at, event in key(60, 0.0, 0.5):
        session.handle(event, at)
    (asked,) = [effect for effect in session.wake(3.0) if isinstance(effect, TakeUp)]
    assert session.handle(ComposingFailed(asked.turn - 1, "it is too late"), 3.001) == []
    assert session.state is State.THINKING


def test_work_asked_for_in_an_earlier_turn_is_ignored() -> None:
    session = Session(Settings())
    for at, event in key(60, 0.0, 0.5):
        session.handle(event, at)
    asked = [effect for effect in session.wake(3.0) if isinstance(effect, TakeUp)]
    stale = Composed(asked[0].turn, Note(64, 80, 0.0, 1.0), asked[0].thought)
    session.handle(Heard(note_on(0, 62, 80), 3.001), 3.001)
    assert session.handle(stale, 3.002) == []


def test_a_note_thought_of_in_an_earlier_turn_does_not_begin_the_next_answer() -> None:
    script = [*FIVE, *key(48, 3.2, 3.3)]  # struck while the first answer is being thought of
    rehearsal = rehearse(script, settings=Settings(silence=Silence.fixed(0.5)), thinking=1.5)
    taken_up = [at for at, request in rehearsal.asked if isinstance(request, TakeUp)]
    (answered,) = [told for told in rehearsal.told if isinstance(told, Answered)]
    assert taken_up == [pytest.approx(2.9), pytest.approx(3.8)]
    assert answered.began_at == pytest.approx(3.8 + 1.5 + GATHERING)


def test_nothing_is_composed_further_ahead_than_the_lookahead() -> None:
    rehearsal = rehearse(
        FIVE, Metronome(step=0.2), Settings(lookahead=0.5, length=parse_length("20s"))
    )
    (answered,) = [told for told in rehearsal.told if isinstance(told, Answered)]
    ahead = [
        answered.began_at + request.thought.onset - at
        for at, request in rehearsal.asked
        if isinstance(request, GoOn)
    ]
    assert len(ahead) == 100
    assert max(ahead) == pytest.approx(0.5, abs=0.001)


def test_a_model_that_fails_ends_the_answer_with_a_sentence() -> None:
    rehearsal = rehearse([*FIVE, (20.0, Quit())], Broken(), is_last=False)
    assert any(isinstance(told, Trouble) for told in rehearsal.told)
    turns = [told.state for told in rehearsal.told if isinstance(told, Turned)]
    assert turns == [State.THINKING, State.LISTENING]


def test_all_notes_off_from_the_keyboard_silences_both() -> None:
    silence = Heard(b"\xb0\x7b\x00", 4.0)
    script = [*FIVE, (4.0, silence), (30.0, Quit())]
    rehearsal = rehearse(script, Metronome(duration=5.0), is_last=False)
    assert max(at for at, _ in rehearsal.output.sounded) == 4.0
    assert rehearsal.output.hanging == set()


def test_whatever_ends_the_session_no_key_and_no_pedal_stays_down() -> None:
    script = [(1.0, Heard(note_on(0, 60, 80), 1.0)), *pedal(1.1, 99.0), (2.0, Quit())]
    rehearsal = rehearse(script, is_last=False)
    assert rehearsal.output.hanging == set()
    assert rehearsal.output.sounded[-1] == (2.0, b"\xb0\x40\x00")


def test_a_stall_of_the_machine_brings_no_burst() -> None:
    session = Session(Settings(lookahead=5.0, length=parse_length("endless")))
    for at, event in key(60, 0.0, 0.1):
        session.handle(event, at)
    (asked,) = [effect for effect in session.wake(2.0) if isinstance(effect, TakeUp)]
    thought, metronome = asked.thought, Metronome(0.1)
    for _ in range(20):
        note, thought = metronome.next(thought)
        session.handle(Composed(asked.turn, note, thought), 2.0)
        session.wake(2.0 + GATHERING)
    after = session.wake(3.45)
    assert sum(isinstance(each, Send) and each.data[0] == 0x90 for each in after) == 1
    assert Dropped(13) in after


def test_an_hour_is_the_same_every_run() -> None:
    def hour() -> list[tuple[float, bytes]]:
        script = [event for n in range(300) for event in phrase_of(6, at=1.0 + 12.0 * n)]
        return rehearse(script).output.sounded

    once = hour()
    assert once[-1][0] > 3590
    assert once == hour()


@st.composite
def playing(draw: st.DrawFn) -> list[Scripted]:
    """Anything that a player with ten fingers, a pedal and bad manners may do."""
    script: list[Scripted] = []
    for _ in range(draw(st.integers(1, 25))):
        at = draw(st.integers(0, 20_000)) / 1000
        script += draw(
            st.sampled_from(
                [
                    key(draw(st.integers(58, 63)), at, at + draw(st.integers(0, 3000)) / 1000),
                    pedal(at, at + 0.5),
                    [(at, HandOver())],
                    [(at, Stop())],
                    [(at, Heard(b"\xb0\x7b\x00", at))],
                    [(at, Heard(note_off(0, 60), at))],
                    [(at, Heard(note_on(0, 61, 1), at))],
                ]
            )
        )
    return script


@settings(max_examples=200)
@given(playing(), st.floats(0.001, 1.5), st.floats(0.05, 4.0), st.integers(0, 25_000))
def test_whatever_is_played_every_key_comes_up_and_every_note_is_kept(
    script: list[Scripted], thinking: float, duration: float, end_ms: int
) -> None:
    rehearsal = rehearse(
        [*script, (end_ms / 1000, Quit())],
        Metronome(step=0.1, duration=round(duration, 3), first_pitch=55),
        Settings(silence=Silence.fixed(0.4)),
        thinking,
        is_last=False,
    )
    by_player = [
        t for t in rehearsal.told if hasattr(t, "message") and t.message.by is Player.HUMAN
    ]
    struck = sum(
        isinstance(event, Heard) and event.data[0] == 0x90
        for at, event in script
        if at < end_ms / 1000
    )
    assert sum(sent.message.data[0] == 0x90 for sent in by_player) >= struck
    balance: dict[tuple[Player, bytes], int] = {}
    for sent in rehearsal.told:
        if hasattr(sent, "message") and sent.message.data[0] in (0x80, 0x90):
            key_of = sent.message.by, sent.message.data[1:2]
            balance[key_of] = balance.get(key_of, 0) + (1 if sent.message.data[0] == 0x90 else -1)
            assert balance[key_of] in (0, 1)
    assert not any(balance.values())
