"""Endless answers and duets: playing on, and playing at the same time."""

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from performer.codec import STEP_EDGES
from performer.continuation import made_again, maker
from performer.improviser import Improviser
from performer.inbox import Scripted
from performer.length import Fixed, Limit
from performer.messages import (
    Answered,
    GoOn,
    Heard,
    Mode,
    Player,
    Quit,
    Retune,
    State,
    Stop,
    TakeUp,
    ToCome,
    Turned,
)
from performer.midi import NoteOn, note_off, note_on, parse
from performer.notes import Note, Phrase, on_grid
from performer.phrase import Silence
from performer.session import JOINED, PATIENCE, Session, Settings
from performer.take import Take, read_take, write_take
from performer.taste import Taste
from performer.thought import TOGETHER, YIELD, Struck, Thought
from tests.fakes import Metronome, Rehearsal, key, messages_by_model, pedal, phrase_of, rehearse

DUET = Settings(mode=Mode.DUET, seed=3)
ENDLESS = Settings(mode=Mode.ENDLESS, length=Fixed(Limit(notes=3)))


def kept(rehearsal: Rehearsal, improviser: Improviser, path: Path) -> Take:
    write_take(replace(rehearsal.take, maker=maker(improviser)), path)
    return read_take(path)


def overlaps(rehearsal: Rehearsal) -> list[tuple[Note, Note]]:
    """Where both hold the same key at the same time."""
    return [
        (one, other)
        for one in rehearsal.notes(Player.MODEL)
        for other in rehearsal.notes(Player.HUMAN)
        if one.pitch == other.pitch and one.start < other.end and other.start < one.end
    ]


def moody_player(seconds: float, at: float = 1.0) -> list[Scripted]:
    """Chords, runs, a pedal and pauses: all that a duet must bear."""
    script: list[Scripted] = []
    n = 0
    while at < seconds:
        n += 1
        held = 0.05 + 0.17 * (n % 7)
        for pitch in range(55 + 5 * n % 24, 55 + 5 * n % 24 + 3 * (1 + n % 3), 3):
            script += key(pitch, round(at + 0.003 * (pitch % 3), 3), round(at + held, 3))
        if n % 6 == 0:
            script += pedal(round(at + 0.05, 3), round(at + 1.1, 3))
        at = round(at + (0.11, 0.11, 0.42, 0.25, 1.7)[n % 5], 3)
    return script


# Endless


def test_endless_goes_on_whatever_the_length_until_a_key_is_struck() -> None:
    script = [*phrase_of(5), *key(40, 60.0, 60.1), (60.2, Quit())]
    rehearsal = rehearse(script, settings=ENDLESS, is_last=False)
    (answered,) = rehearsal.take.answers
    assert answered.notes == pytest.approx((60 - 3.15) / 0.25, abs=2)
    assert answered.cut_at == pytest.approx(59.0)  # the take begins at 1.0
    assert not rehearsal.output.hanging


def test_endless_goes_on_until_it_is_stopped() -> None:
    rehearsal = rehearse([*phrase_of(5), (30.0, Stop()), (31.0, Quit())], settings=ENDLESS)
    assert max(at for at, _ in rehearsal.output.sounded) == 30.0


def test_an_answer_made_endless_while_it_sounds_goes_on_and_made_finite_again_ends() -> None:
    five = Fixed(Limit(seconds=5.0))
    to = Retune(Taste(), Silence(), five, 0, mode=Mode.ENDLESS)
    script = [*phrase_of(5), (5.0, to), (20.0, replace(to, mode=Mode.ANSWER)), (40.0, Quit())]
    rehearsal = rehearse(script, settings=Settings(length=five), is_last=False)
    last = rehearsal.notes(Player.MODEL)[-1].start + 1.0
    assert last == pytest.approx(20.0, abs=0.3)
    assert rehearsal.take.answers[0].cut_at is None


# Duet


def test_in_a_duet_the_model_plays_while_the_player_plays() -> None:
    rehearsal = rehearse(phrase_of(40), settings=DUET)
    during = [note for note in rehearsal.notes(Player.MODEL) if note.start < 11.0]
    assert len(during) > 10
    (answered,) = rehearsal.take.answers
    assert answered.is_along
    assert answered.began_at == pytest.approx(0.3 * (JOINED - 1))
    assert not rehearsal.output.hanging


def test_a_duet_goes_on_through_the_players_silence_and_then_ends_gently() -> None:
    rehearsal = rehearse([*phrase_of(10), (60.0, Quit())], settings=DUET, is_last=False)
    last = rehearsal.notes(Player.MODEL)[-1]
    assert PATIENCE < last.start - 2.9 < PATIENCE + 1.0
    assert rehearsal.take.answers[0].cut_at is None
    turns = [told for told in rehearsal.told if isinstance(told, Turned)]
    assert turns == [Turned(State.ANSWERING), Turned(State.LISTENING)]


def test_after_a_duet_the_next_one_begins_from_what_is_played_then() -> None:
    script = [*phrase_of(6), *phrase_of(6, at=30.0), (31.5, Quit())]
    first, second = rehearse(script, settings=DUET, is_last=False).take.answers
    assert second.heard.start == pytest.approx(29.0)
    assert second.began_at == pytest.approx(29.0 + 0.3 * (JOINED - 1))
    assert first.notes > 10


def test_the_model_is_never_on_a_key_that_the_player_holds(improviser: Improviser) -> None:
    rehearsal = rehearse([*moody_player(20.0), (25.0, Quit())], improviser, DUET, is_last=False)
    assert len(rehearsal.notes(Player.MODEL)) > 20
    assert not overlaps(rehearsal)
    assert not rehearsal.output.hanging


def test_keys_that_the_player_holds_are_not_drawn(improviser: Improviser) -> None:
    held = [*range(21, 60), *range(61, 109)]  # all but one
    script = [(1.0, Heard(note_on(0, pitch, 80), 1.0)) for pitch in held]
    script += [*phrase_of(1, at=2.0), (6.0, Quit())]
    rehearsal = rehearse(script, improviser, DUET, is_last=False)
    drawn = {note.pitch for note in rehearsal.notes(Player.MODEL)}
    assert drawn == {60}


def test_a_player_who_strikes_a_key_that_the_model_holds_gets_it() -> None:
    script = [*phrase_of(4), *key(64, 3.0, 3.5), (5.0, Quit())]
    rehearsal = rehearse(script, Metronome(0.5, 4.0, first_pitch=62), DUET, is_last=False)
    on_64 = [
        (at, data)
        for at, data in rehearsal.output.sounded
        if data[1:2] == b"\x40" and 2.0 < at < 3.6
    ]
    assert on_64[1:] == [
        (3.0, note_off(0, 64)),
        (3.0, note_on(0, 64, 80)),
        (3.5, note_off(0, 64)),
    ]
    assert not rehearsal.output.hanging


def test_the_players_key_counts_at_once(improviser: Improviser) -> None:
    rehearsal = rehearse([*phrase_of(30), (9.0, Quit())], improviser, DUET, is_last=False)
    for at in (1.0 + 0.3 * n for n in range(JOINED, 26)):
        asked = [r for when, r in rehearsal.asked if abs(when - at) < 1e-6]
        (request,) = [r for r in asked if isinstance(r, GoOn) and r.struck]
        began_at = rehearsal.take.answers[0].began_at + 1.0
        assert request.struck[-1].at == on_grid(at - began_at)
        assert request.thought.earliest >= request.struck[-1].at


def test_nothing_comes_late_or_bunched_when_the_player_interferes(improviser: Improviser) -> None:
    rehearsal = rehearse([*moody_player(20.0), (21.0, Quit())], improviser, DUET, thinking=0.004)
    late = [
        told.lateness
        for told in rehearsal.told
        if hasattr(told, "lateness") and isinstance(parse(told.message.data), NoteOn)
    ]
    assert max(late) < 0.02


def test_a_duet_is_made_again(improviser: Improviser, tmp_path: Path) -> None:
    to = Retune(Taste(1.4), Silence(), Fixed(Limit(seconds=3.0)), 9, Mode.DUET, density=0.6)
    script = [*moody_player(25.0), (9.777, to), (13.0, replace(to, mode=Mode.ANSWER))]
    script += [(16.0, replace(to, mode=Mode.DUET)), (40.0, Quit())]
    rehearsal = rehearse(script, improviser, DUET, thinking=0.0047, is_last=False)
    take = kept(rehearsal, improviser, tmp_path / "take.mid")
    assert len(take.answers) >= 2
    assert sum(len(change.struck) for answer in take.answers for change in answer.changes) > 50
    assert messages_by_model(made_again(take, improviser)) == messages_by_model(take)


def onsets_per_second(improviser: Improviser, step: float, density: float = 1.0) -> float:
    """The model's, chords once, beside a player who strikes a key every `step` seconds."""
    settings = replace(DUET, taste=Taste(density=density))
    script = [*phrase_of(int(13 / step), step=step), (14.0, Quit())]
    rehearsal = rehearse(script, improviser, settings, is_last=False)
    onsets = [note.start for note in rehearsal.notes(Player.MODEL) if 2 < note.start < 12]
    return sum(later - earlier > 0.03 for earlier, later in pairwise(onsets)) / 10


def test_a_duet_yields_to_a_busy_player(improviser: Improviser) -> None:
    busy = onsets_per_second(improviser, 0.1)
    assert 0.2 < busy < 1 / (YIELD * 10) + 0.1
    assert onsets_per_second(improviser, 0.6) > 1.3 * busy


def test_a_duet_is_as_dense_as_asked(improviser: Improviser) -> None:
    sparse, dense = (onsets_per_second(improviser, 0.3, density) for density in (0.3, 4.0))
    assert dense > 1.3 * sparse


def test_the_model_rests_the_longer_the_busier_the_player() -> None:
    def rest(step: float, density: float = 1.0) -> float:
        notes = [Note(60, 80, step * n, step * n + 0.1) for n in range(40)]
        begun = Thought.along(Phrase.of(notes), Taste(density=density), 1, 1, 39 * step)
        spoken = begun.after(Note(60, 80, 0.0, 1.0), 1.0, None)  # type: ignore[arg-type]
        return float(STEP_EDGES[:-1][spoken.steps & (STEP_EDGES[:-1] >= TOGETHER)].min())

    assert rest(2.0) < rest(0.5) < rest(0.25) < rest(0.12)
    assert rest(0.25, density=2.0) < rest(0.25) < rest(0.25, density=0.5)


def test_what_is_drawn_follows_from_what_was_heard_and_when(improviser: Improviser) -> None:
    thought = Thought.along(_phrase(), Taste(), seed=1, turn=1, taken_at=2.0)
    struck = [Struck(60, 80, 0.1), Struck(67, 70, 0.3, is_pedalled=True)]

    def then(struck: list[Struck]) -> tuple[Note, ...]:
        now = improviser.hear(thought, struck)
        return tuple(improviser.answer(now, Limit(notes=8)))

    once = then(struck)
    then(struck[:1])
    assert then(struck) == once
    assert len({once, then([replace(struck[0], pitch=90), struck[1]]), then(struck[1:])}) == 3


def test_the_players_notes_are_heard_one_by_one_whether_at_once_or_not(
    improviser: Improviser,
) -> None:
    thought = Thought.along(_phrase(), Taste(), seed=1, turn=1, taken_at=2.0)
    struck = [Struck(60 + n, 80, 0.1 * n) for n in range(5)]
    at_once = improviser.next(improviser.hear(thought, struck))
    for count in range(1, 6):
        step_by_step = improviser.next(improviser.hear(thought, struck[:count]))
    assert step_by_step[0] == at_once[0]


def _phrase() -> Phrase:
    return Phrase.of([Note(60 + n, 80, 0.4 * n, 0.4 * n + 0.3) for n in range(5)])


# Notes to come


def test_what_is_to_come_is_told_whole_at_each_change() -> None:
    rehearsal = rehearse(phrase_of(5), settings=Settings(length=Fixed(Limit(notes=6))))
    told = [each.notes for each in rehearsal.told if isinstance(each, ToCome)]
    assert told[-1] == ()
    assert max(map(len, told)) == 3  # half a second of it
    began = rehearsal.take.answers[0].began_at + 1.0
    struck = [note.start for notes in told for note in notes]
    assert sorted(set(struck)) == pytest.approx([began + 0.25 * n for n in range(6)])


def test_a_stop_leaves_nothing_to_come() -> None:
    rehearsal = rehearse([*phrase_of(5), (4.0, Stop()), (5.0, Quit())], is_last=False)
    assert [each for each in rehearsal.told if isinstance(each, ToCome)][-1] == ToCome(())


def test_the_first_request_of_a_duet_takes_up_the_phrase() -> None:
    session = Session(DUET)
    effects = []
    for at, event in phrase_of(JOINED):
        effects += session.handle(event, at)
    (request,) = [effect for effect in effects if isinstance(effect, TakeUp)]
    assert [note.pitch for note in request.phrase.notes] == [60, 61, 62, 63]
    assert request.phrase.held == (3,)
    assert not any(isinstance(effect, Answered) for effect in effects)
