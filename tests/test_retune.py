"""Settings moved while an answer sounds, another answer, and panic."""

from dataclasses import replace
from pathlib import Path

import pytest

from performer.continuation import made_again
from performer.improviser import Improviser
from performer.length import Fixed, Length, Like, Limit
from performer.messages import Again, GoOn, Panic, Player, Retune, Stop, TakeUp
from performer.midi import NoteOff, NoteOn, Sustain, parse
from performer.notes import Note
from performer.phrase import Silence
from performer.session import Settings
from performer.take import Maker, Take, read_take, write_take
from performer.taste import Taste
from tests.fakes import (
    Rehearsal,
    key,
    messages_by_model,
    pedal,
    phrase_of,
    rehearse,
)

WILD = Taste(1.5, 1.4, 1.3, 0.9)
SETTINGS = Settings(length=Fixed(Limit(seconds=6.0)), seed=7)
PHRASE = [*phrase_of(6), *pedal(1.1, 2.9)]  # ends at 2.7, and is taken up at about 3.65


def retuned(taste: Taste = WILD, length: Length = SETTINGS.length, silence: float = 0.5) -> Retune:
    return Retune(taste, Silence.fixed(silence), length, seed=7)


def kept(rehearsal: Rehearsal, improviser: Improviser, path: Path) -> Take:
    maker = Maker(improviser.model.card.name, improviser.model.sha256)
    write_take(replace(rehearsal.take, maker=maker), path)
    return read_take(path)


def test_what_is_composed_and_not_yet_played_is_composed_anew(improviser: Improviser) -> None:
    rehearsal = rehearse([*PHRASE, (6.0, retuned())], improviser, SETTINGS)
    later = [r for at, r in rehearsal.asked if at >= 6.0 and isinstance(r, GoOn)]
    began = rehearsal.take.answers[0].began_at + 1.0  # takes begin with their first message
    struck = [note for note in rehearsal.notes(Player.MODEL) if note.start + 1.0 <= 6.0]
    assert later[0].thought.index == len(struck)
    assert all(request.thought.taste == WILD for request in later)
    assert later[0].thought.onset == pytest.approx(struck[-1].start + 1.0 - began, abs=0.002)


def test_notes_after_a_change_are_not_late(improviser: Improviser) -> None:
    rehearsal = rehearse([*PHRASE, (6.0, retuned())], improviser, SETTINGS)
    notes = [note.start + 1.0 for note in rehearsal.notes(Player.MODEL)]
    assert min(at for at in notes if at > 6.0) < 8.5
    assert rehearsal.output.hanging == set()


def test_a_take_with_changes_is_made_again(improviser: Improviser, tmp_path: Path) -> None:
    tamer = Taste(0.5, 0.6, 0.7, 1.0)
    script = [*PHRASE, (5.0, retuned()), (5.02, retuned(tamer)), (7.1, retuned(WILD))]
    take = kept(rehearse(script, improviser, SETTINGS), improviser, tmp_path / "take.mid")
    assert len(take.answers[0].changes) == 2  # the first two came before the same note
    assert messages_by_model(made_again(take, improviser)) == messages_by_model(take)


def test_a_change_before_the_first_note_begins_the_answer_anew(improviser: Improviser) -> None:
    rehearsal = rehearse([*PHRASE, (4.0, retuned())], improviser, SETTINGS, thinking=1.5)
    (answered,) = rehearsal.take.answers
    assert answered.taste == WILD
    assert 0 not in [change.index for change in answered.changes]
    assert rehearsal.notes(Player.MODEL)


def test_silence_and_length_change_from_the_next_phrase_on() -> None:
    script = [
        (0.5, retuned(Taste(), Fixed(Limit(notes=3)), silence=1.5)),
        *key(60, 1.0, 1.2),
        *key(62, 2.0, 2.2),
    ]
    rehearsal = rehearse(script)
    (taken_up,) = [at for at, request in rehearsal.asked if isinstance(request, TakeUp)]
    assert taken_up == pytest.approx(2.2 + 1.5)
    assert len(rehearsal.notes(Player.MODEL)) == 3


def test_another_answer_is_another_and_to_the_same_phrase(
    improviser: Improviser, tmp_path: Path
) -> None:
    rehearsal = rehearse([*PHRASE, (6.0, Again())], improviser, SETTINGS)
    first, second = (r for _, r in rehearsal.asked if isinstance(r, TakeUp))
    assert first.phrase == second.phrase
    assert first.turn != second.turn
    take = kept(rehearsal, improviser, tmp_path / "take.mid")
    assert len(take.answers) == 2
    assert messages_by_model(made_again(take, improviser)) == messages_by_model(take)
    one, other = (_from(take, answer.began_at) for answer in take.answers)
    assert [note.pitch for note in one][:8] != [note.pitch for note in other][:8]


def _from(take: Take, began_at: float) -> list[Note]:
    return [note for note in take.notes(Player.MODEL) if note.start >= began_at]


def test_another_answer_waits_for_no_new_phrase() -> None:
    rehearsal = rehearse([*PHRASE, (3.2, Again())])
    assert len([r for _, r in rehearsal.asked if isinstance(r, TakeUp)]) == 1
    after_stop = rehearse([*PHRASE, (4.5, Stop()), (6.0, Again())])
    assert len([r for _, r in after_stop.asked if isinstance(r, TakeUp)]) == 2


def test_panic_silences_every_channel_and_ends_the_answer() -> None:
    script = [*PHRASE, (5.0, Panic()), *key(72, 7.0, 7.5)]
    rehearsal = rehearse(script, settings=Settings(length=Like()))
    at_once = [data for at, data in rehearsal.output.sounded if at == 5.0]
    assert {data[0] & 0xF for data in at_once if data[0] & 0xF0 == 0xB0} == set(range(16))
    assert rehearsal.output.hanging == set()
    between = [data for at, data in rehearsal.output.sounded if 5.0 < at < 7.0]
    assert not any(isinstance(parse(data), NoteOn) for data in between)
    assert not any(isinstance(parse(data), NoteOff | Sustain) for data in between)
