"""What the screen shows, as a value: played like a piece, and asserted like one."""

from dataclasses import replace

from gui.state import Begun, Over, Pedalled, Played, Plugged, Scene, sounds_from
from performer.engine import Late, Sent
from performer.messages import (
    Dropped,
    Hearing,
    ModelChanged,
    Player,
    Send,
    State,
    TakeEnded,
    ToCome,
    Trouble,
    Turned,
)
from performer.midi import note_off, note_on, sustain
from performer.notes import Note, Span
from tests.fakes import key, pedal, phrase_of, rehearse

FIRST = 0.5  # seconds
YOU, MODEL = Player.HUMAN, Player.MODEL


def sent(data: bytes, at: float, by: Player = YOU) -> Sent:
    return Sent(Send(data, at, by), 0.0)


def scene(*news: object) -> Scene:
    now = Scene().after(Begun("trial", ("piano",), "synth"))
    for each in news:
        now = now.after(each)  # type: ignore[arg-type]
    return now


def test_a_key_sounds_from_its_strike_to_its_release() -> None:
    struck = scene(sent(note_on(0, 60, 80), 1.0))
    assert struck.lit() == {60: (YOU, 80)}
    assert struck.notes == ()
    released = struck.after(sent(note_off(0, 60), 1.5))
    assert released.lit() == {}
    assert released.notes == (Played(YOU, Note(60, 80, 1.0, 1.5)),)


def test_a_scene_is_never_changed() -> None:
    before = scene()
    before.after(sent(note_on(0, 60, 80), 1.0))
    assert before == scene()


def test_the_same_key_of_both_players_is_two_notes() -> None:
    both = scene(sent(note_on(0, 60, 80), 1.0), sent(note_on(0, 60, 50), 1.2, MODEL))
    mine = both.after(sent(note_off(0, 60), 1.5))
    assert mine.lit() == {60: (MODEL, 50)}
    assert [played.by for played in mine.notes] == [YOU]


def test_a_key_struck_again_ends_the_note_before() -> None:
    again = scene(sent(note_on(0, 60, 80), 1.0), sent(note_on(0, 60, 90), 2.0))
    assert again.notes == (Played(YOU, Note(60, 80, 1.0, 2.0)),)
    assert again.lit() == {60: (YOU, 90)}


def test_the_pedal_is_a_span() -> None:
    down = scene(sent(sustain(0, 127), 1.0), sent(sustain(0, 100), 1.1))
    assert down.pedal_down == ((YOU, 1.0),)
    assert down.after(sent(sustain(0, 0), 2.0)).pedal == (Pedalled(YOU, Span(1.0, 2.0)),)


def test_the_silence_that_ends_a_phrase_runs_down_from_the_last_release() -> None:
    waiting = scene(sent(note_on(0, 60, 80), 1.0), sent(note_off(0, 60), 2.0), Hearing(1, 3.0))
    assert waiting.silence_left(2.0) == (1.0, 1.0)
    assert waiting.silence_left(2.5) == (0.5, 0.5)
    assert waiting.silence_left(9.0) == (0.0, 0.0)


def test_the_models_releases_do_not_prolong_the_silence() -> None:
    waiting = scene(
        sent(note_on(0, 72, 80), 0.5, MODEL),
        sent(note_on(0, 60, 80), 1.0),
        sent(note_off(0, 60), 2.0),
        sent(note_off(0, 72), 2.5, MODEL),
        Hearing(1, 3.0),
    )
    assert waiting.silence_left(2.5) == (0.5, 0.5)


def test_nothing_runs_down_while_a_key_is_held_or_the_model_plays() -> None:
    held = scene(sent(note_on(0, 60, 80), 1.0), Hearing(1, None))
    assert held.silence_left(2.0) is None
    assert held.after(Hearing(1, 3.0)).after(Turned(State.ANSWERING)).silence_left(2.0) is None


def test_the_last_and_the_worst_lateness_are_seen() -> None:
    late = scene(sent(note_on(0, 60, 80), 1.0, YOU), Late(0.003), Late(0.001)).lateness
    assert (late.last, late.worst, late.notes) == (0.001, 0.003, 2)


def test_a_take_begins_empty_and_counts_from_its_first_note() -> None:
    played = scene(sent(note_on(0, 60, 80), 5.0))
    assert played.running(7.5) == 2.5
    assert not scene().has_notes
    new = played.after(Over()).after(Begun("trial", (), "synth"))
    assert not new.has_notes
    assert new.take == played.take + 1


def test_when_the_engine_ends_no_key_is_left_lit() -> None:
    ended = scene(
        sent(note_on(0, 60, 80), 1.0), sent(sustain(0, 127), 1.0), Turned(State.ANSWERING)
    ).after(Over())
    assert ended.lit() == {}
    assert ended.pedal_down == ()
    assert ended.turn is State.LISTENING
    assert not ended.is_ready


def test_settings_change_unnoticed_only_where_nobody_plays() -> None:
    assert scene().is_idle
    assert not scene(sent(note_on(0, 60, 80), 1.0)).is_idle
    assert not scene(Hearing(3, 2.0)).is_idle
    assert not scene(Turned(State.THINKING)).is_idle
    assert not scene(sent(sustain(0, 127), 1.0)).is_idle


def test_a_trouble_is_remembered_until_the_next_one() -> None:
    assert scene(Trouble("A port has gone.")).trouble == "A port has gone."


def test_a_whole_conversation_is_seen_as_it_was_recorded() -> None:
    rehearsal = rehearse([*phrase_of(4), *key(72, FIRST, 0.9), *pedal(1.0, 2.0)])
    seen = scene(*rehearsal.told)
    for player in Player:
        notes = sorted((p.note for p in seen.notes if p.by is player), key=lambda n: n.start)
        recorded = [(n.pitch, round(n.start + FIRST, 3)) for n in rehearsal.notes(player)]
        assert sorted((n.pitch, round(n.start, 3)) for n in notes) == sorted(recorded)
    assert seen.answers
    assert seen.is_idle


def test_what_is_heard_from_a_moment_on_leaves_no_key_down() -> None:
    shown = replace(
        scene(),
        notes=(Played(YOU, Note(60, 80, 1.0, 2.0)), Played(MODEL, Note(64, 70, 3.0, 4.0))),
        pedal=(Pedalled(YOU, Span(2.5, 3.5)),),
    )
    assert sounds_from(shown, 3.0) == (
        (0.0, note_on(0, 64, 70)),
        (0.0, sustain(0, 127)),
        (0.5, sustain(0, 0)),
        (1.0, note_off(0, 64)),
    )


def test_what_is_to_come_is_shown_until_it_is_something_else() -> None:
    notes = (Note(64, 70, 3.0, 4.0), Note(67, 70, 3.5, 4.0))
    thought = scene(ToCome(notes))
    assert thought.to_come == notes
    assert thought.after(ToCome(notes[1:])).to_come == notes[1:]
    assert thought.after(Over()).to_come == ()


def test_a_take_that_ends_leaves_an_empty_one_to_the_same_instrument() -> None:
    played = scene(sent(note_on(0, 60, 80), 5.0), ModelChanged("other", ""), Turned(State.THINKING))
    new = played.after(TakeEnded(True))
    assert (new.take, new.is_ready, new.has_notes) == (played.take + 1, True, False)
    assert new.begun.model == "other"
    assert new.turn is State.LISTENING


def test_what_is_plugged_in_while_one_plays_is_said_from_then_on() -> None:
    begun = scene(sent(note_on(0, 60, 80), 5.0), Plugged(("Pads",), "Synth"))
    assert (begun.begun.inputs, begun.begun.output) == (("Pads",), "Synth")
    assert begun.has_notes


def test_notes_that_were_left_out_are_counted() -> None:
    assert scene(Dropped(2), Dropped(1)).lateness.left_out == 3


def test_an_exchange_is_a_phrase_and_its_own_answer() -> None:
    rehearsal = rehearse([*phrase_of(4), *phrase_of(3, at=20.0)])
    seen = scene(*rehearsal.told)
    for number, answered in enumerate(seen.answers):
        exchange = seen.exchange(number)
        assert exchange is not None
        assert len(exchange.phrase.notes) == (4, 3)[number]
        assert len(exchange.answer) == answered.sounded
        assert exchange.answer[0].start >= answered.began_at
