"""What goes wrong on a stage, in virtual time: cables come out, loops howl, the machine sleeps."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from performer.inbox import Scripted
from performer.messages import (
    Heard,
    LastPhrase,
    Player,
    Quit,
    Send,
    Slept,
    State,
    ToCome,
    Turned,
    Unplugged,
)
from performer.midi import NoteOff, NoteOn, note_off, note_on, parse, sustain
from performer.phrase import Silence
from performer.session import Session, Settings
from performer.take import read_take, write_take
from tests.fakes import Metronome, Rehearsal, key, phrase_of, rehearse


def held(pitch: int, at: float, on: str = "keyboard") -> Scripted:
    return at, Heard(note_on(0, pitch, 80), at, on)


def unplugged(at: float, source: str = "keyboard") -> Scripted:
    return at, Unplugged(source, at)


def played_by_hand(rehearsal: Rehearsal) -> list[tuple[float, bytes]]:
    return [(m.at, m.data) for m in rehearsal.take.messages if m.by is Player.HUMAN]


def test_a_keyboard_unplugged_lets_go_of_its_keys_and_its_phrase_is_answered() -> None:
    rehearsal = rehearse([held(60, 1.0), held(64, 1.1), unplugged(1.5)])
    assert played_by_hand(rehearsal)[2:] == [(0.5, note_off(0, 60)), (0.5, note_off(0, 64))]
    assert rehearsal.notes(Player.MODEL)
    assert not rehearsal.output.hanging


def test_a_keyboard_unplugged_lets_go_of_its_pedal() -> None:
    pressed = (1.2, Heard(sustain(0, 127), 1.2, "keyboard"))
    rehearsal = rehearse([held(60, 1.0), pressed, unplugged(1.5)])
    assert played_by_hand(rehearsal)[-1] == (0.5, sustain(0, 0))
    assert rehearsal.notes(Player.MODEL)


def test_of_two_keyboards_the_one_that_stays_goes_on() -> None:
    script = [held(60, 1.0, "left"), held(72, 1.1, "right"), unplugged(1.5, "left")]
    script.append((2.0, Heard(note_off(0, 72), 2.0, "right")))
    by_hand = played_by_hand(rehearse(script))
    assert by_hand[2:] == [(0.5, note_off(0, 60)), (1.0, note_off(0, 72))]


def test_a_keyboard_unplugged_in_the_middle_of_an_answer_does_not_end_it() -> None:
    script = [*phrase_of(5), unplugged(3.6)]
    assert rehearse(script).notes(Player.MODEL) == rehearse(phrase_of(5)).notes(Player.MODEL)


def test_its_own_output_come_back_through_a_loop_is_not_heard_as_the_player() -> None:
    session = Session(Settings(silence=Silence.fixed(0.5)))
    struck = Heard(note_on(0, 60, 80), 1.0, "loop")
    assert [effect for effect in session.handle(struck, 1.0) if hasattr(effect, "data")]
    echo = Heard(struck.data, 1.02, "loop")
    assert session.handle(echo, 1.02) == []


def test_of_what_was_sent_once_only_one_is_an_echo() -> None:
    session = Session(Settings(silence=Silence.fixed(0.5)))
    session.handle(Heard(note_on(0, 60, 80), 1.0, "loop"), 1.0)
    assert session.handle(Heard(note_on(0, 60, 80), 1.01, "loop"), 1.01) == []
    assert session.handle(Heard(note_on(0, 60, 80), 1.02, "loop"), 1.02) != []


def test_a_loop_does_not_interrupt_the_answer() -> None:
    without = rehearse(phrase_of(5))
    echoes = [
        (m.at + 1.0 + 0.02, Heard(m.data, m.at + 1.0 + 0.02, "loop"))
        for m in without.take.messages
        if m.by is Player.MODEL
    ]
    looped = rehearse([*phrase_of(5), (2.4, LastPhrase()), *echoes], is_last=False)
    assert looped.notes(Player.MODEL) == without.notes(Player.MODEL)
    assert looped.notes(Player.HUMAN) == without.notes(Player.HUMAN)


def test_what_comes_later_than_an_echo_is_the_player() -> None:
    twice = [held(60, 1.0), (1.02, Heard(note_off(0, 60), 1.02, "keyboard")), held(60, 1.04)]
    rehearsal = rehearse([*twice, unplugged(1.2)])
    assert len(rehearsal.notes(Player.HUMAN)) == 2


def test_what_was_struck_before_the_like_of_it_was_sent_is_no_echo() -> None:
    session = Session(Settings(silence=Silence.fixed(0.5)))
    session.handle(Heard(note_on(0, 60, 80), 1.0, "left"), 1.01)
    assert session.handle(Heard(note_on(0, 60, 80), 1.005, "right"), 1.011) != []


def test_what_did_not_sound_has_no_echo() -> None:
    session = Session(Settings(silence=Silence.fixed(0.5), is_thru=False))
    session.handle(Heard(note_on(0, 60, 80), 1.0, "left"), 1.0)
    assert session.handle(Heard(note_on(0, 60, 80), 1.01, "right"), 1.01) != []


def sends(session: Session, data: bytes, at: float, now: float, on: str = "left") -> list[Send]:
    return [each for each in session.handle(Heard(data, at, on), now) if isinstance(each, Send)]


def test_a_release_that_was_stamped_too_early_comes_with_its_strike() -> None:
    session = Session(Settings())
    sends(session, note_on(0, 60, 80), 1.05, now=1.06)
    (release,) = sends(session, note_off(0, 60), 1.04, now=1.07, on="right")
    assert (release.data, release.due) == (note_off(0, 60), 1.05)


def test_a_key_struck_by_a_second_hand_is_released_between() -> None:
    session = Session(Settings())
    sends(session, note_on(0, 60, 80), 1.0, now=1.0)
    again = sends(session, note_on(0, 60, 70), 1.5, now=1.5, on="right")
    assert [each.data for each in again] == [note_off(0, 60), note_on(0, 60, 70)]


def test_all_notes_off_on_one_channel_lets_the_others_sound() -> None:
    session = Session(Settings())
    for channel in (0, 1):
        sends(session, note_on(channel, 60, 80), 1.0, now=1.0)
        sends(session, sustain(channel, 127), 1.0, now=1.0)
    off = sends(session, b"\xb1\x7b\x00", 2.0, now=2.0)
    assert [each.data for each in off] == [note_off(1, 60), sustain(1, 0), b"\xb1\x7b\x00"]


def test_a_pedal_pressed_where_it_did_not_sound_is_let_go_of_there() -> None:
    session = Session(Settings(is_thru=False))
    sends(session, sustain(0, 127), 1.0, now=1.0)
    session.handle(Settings().as_retune, 1.5)
    (release,) = sends(session, sustain(0, 0), 2.0, now=2.0)
    assert not release.is_sounded


def test_a_machine_that_slept_begins_a_new_turn_with_every_key_up() -> None:
    script = [held(60, 1.0), (1.5, Slept(100.0)), *phrase_of(3, at=5.0)]
    rehearsal = rehearse(script)
    assert (1.5, note_off(0, 60)) in [(at, data) for at, data in rehearsal.output.sounded]
    assert rehearsal.take.answers[0].heard.start == pytest.approx(4.0)  # the take begins at 1.0


def test_a_machine_that_slept_in_the_middle_of_an_answer_ends_it() -> None:
    rehearsal = rehearse([*phrase_of(5), (4.0, Slept(100.0))])
    assert max(at for at, _ in rehearsal.output.sounded) == 4.0
    assert not rehearsal.output.hanging
    assert rehearsal.told[-2:] == [Turned(State.LISTENING), ToCome(())]


ODD = (
    b"\x90\x3c",  # half a message
    b"\x40\x40",  # running status, which no driver passes on like that
    b"\xfe",  # active sensing
    b"\xf8",  # clock
    b"\xf6",  # tune request
    b"\xf2\x01\x02",  # song position
    b"\xf0\x7d\x01\xf7",
)


def test_a_keyboard_that_floods_keeps_no_note_of_the_answer_waiting(tmp_path: Path) -> None:
    """A thousand messages a second, a tenth of them broken or odd, and none of them a note."""
    wheel = (bytes([0xE0, n % 128, 64]) for n in range(20_000))
    sent = [ODD[n // 10 % len(ODD)] if n % 10 == 0 else data for n, data in enumerate(wheel)]
    flood = [(1.0 + n / 1000, data) for n, data in enumerate(sent)]
    heard = [(at, Heard(data, at, "keyboard")) for at, data in flood]
    rehearsal = rehearse([*phrase_of(5), *heard, (21.0, Quit())], is_last=False)
    assert rehearsal.notes(Player.MODEL) == rehearse(phrase_of(5)).notes(Player.MODEL)
    assert sum(data[0] == 0xE0 for _, data in rehearsal.output.sounded) == 18_000  # passed on
    write_take(rehearsal.take, tmp_path / "take.mid")
    kept = read_take(tmp_path / "take.mid")
    assert all(kept.notes(player) == rehearsal.notes(player) for player in Player)
    assert sum(message.data[0] == 0xE0 for message in kept.messages) == 18_000


def test_a_flood_of_notes_ends_with_every_key_up() -> None:
    flood: list[Scripted] = []
    for n in range(2000):
        at = 1.0 + n / 500
        flood += [
            held(n % 128, at),
            (at + 0.001, Heard(note_off(0, n % 128), at + 0.001, "keyboard")),
        ]
    rehearsal = rehearse([*flood, (30.0, Quit())], is_last=False)
    assert len(rehearsal.notes(Player.HUMAN)) == 2000
    assert not rehearsal.output.hanging


def test_what_is_broken_or_endless_neither_stops_nor_enters_the_take() -> None:
    sysex = b"\xf0" + bytes(1_000_000) + b"\xf7"
    odd = [b"", b"\x90", b"\x90\x3c", b"\xf0\x01", b"\x40\x40", b"\xf4", b"\xff\x01", sysex]
    script = [*phrase_of(5), *((1.05, Heard(data, 1.05, "keyboard")) for data in odd)]
    rehearsal = rehearse(script)
    assert rehearsal.notes(Player.MODEL) == rehearse(phrase_of(5)).notes(Player.MODEL)
    assert {m.data for m in rehearsal.take.messages if m.data[0] >= 0xF0} == {sysex}


@st.composite
def on_two_keyboards(draw: st.DrawFn) -> list[Scripted]:
    script: list[Scripted] = []
    for _ in range(draw(st.integers(1, 25))):
        at = draw(st.integers(0, 10_000)) / 1000
        source = draw(st.sampled_from(["left", "right"]))
        pitch = draw(st.integers(58, 61))
        script += draw(
            st.sampled_from(
                [
                    [
                        held(pitch, at, source),
                        (at + 0.2, Heard(note_off(0, pitch), at + 0.2, source)),
                    ],
                    [held(pitch, at, source)],
                    [(at, Heard(sustain(0, 127), at, source))],
                    [unplugged(at, source)],
                    [(at, Slept(5.0))],
                    key(pitch, at, at + 0.3),
                ]
            )
        )
    return script


@settings(max_examples=150)
@given(on_two_keyboards(), st.floats(0.001, 1.0))
def test_whatever_comes_out_every_key_comes_up(script: list[Scripted], thinking: float) -> None:
    rehearsal = rehearse(
        [*script, (15.0, Quit())],
        Metronome(step=0.1, duration=0.3, first_pitch=55),
        Settings(silence=Silence.fixed(0.4)),
        thinking,
        is_last=False,
    )
    down: set[tuple[Player, int]] = set()
    for sent in rehearsal.told:
        if not hasattr(sent, "message"):
            continue
        match parse(sent.message.data):
            case NoteOn(_, pitch):
                assert (sent.message.by, pitch) not in down
                down.add((sent.message.by, pitch))
            case NoteOff(_, pitch):
                down.remove((sent.message.by, pitch))
    assert not down
