"""Whatever is moved while it plays is heard at once, and leaves nothing hanging."""

from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import pytest

from performer.continuation import made_again, maker
from performer.improviser import Improviser
from performer.inbox import Scripted
from performer.length import Fixed, Limit
from performer.limits import Bounds
from performer.messages import (
    Again,
    Discard,
    Dropped,
    GoOn,
    HandOver,
    Heard,
    Hearing,
    Maker,
    Mode,
    ModelChanged,
    NewTake,
    Player,
    PlayPrompt,
    Quit,
    Retune,
    Stop,
    TakeEnded,
)
from performer.midi import NoteOn, note_off, note_on, parse
from performer.model import Model
from performer.notes import Note, Phrase, Span
from performer.phrase import Silence
from performer.refusal import Refusal
from performer.schedule import by_hand
from performer.session import GATHERING, Settings
from performer.take import read_take, write_take
from performer.taste import Taste
from performer.thought import Thought
from tests.fakes import (
    Metronome,
    Rehearsal,
    key,
    messages_by_model,
    pedal,
    phrase_of,
    rehearse,
    write_trial_model,
    write_trial_touch_model,
)

LONG = Fixed(Limit(seconds=30.0))
BEFORE = Retune(Taste(), Silence(), LONG, seed=0)
PHRASE = phrase_of(5)  # answered from 3.15 on
HEARD = 0.3  # seconds within which a setting that was moved is to be heard
LOW, HIGH = 48, 72


@dataclass
class Obedient(Metronome):
    """Plays high where its taste is another than at first."""

    step: float = 0.1
    duration: float = 0.35

    def next(self, thought: Thought) -> tuple[Note, Thought]:
        note, after = super().next(thought)
        return replace(note, pitch=LOW if thought.taste == Taste() else HIGH), after


def struck(rehearsal: Rehearsal) -> list[tuple[float, int]]:
    """When the model struck which key, on the engine's clock."""
    return [
        (told.message.due, told.message.data[1])
        for told in rehearsal.told
        if hasattr(told, "message") and told.message.by is Player.MODEL
        if isinstance(parse(told.message.data), NoteOn)
    ]


@pytest.mark.parametrize(
    "taste",
    [
        Taste(pitch=1.5),
        Taste(rhythm=0.5),
        Taste(dynamics=2.0),
        Taste(top_p=0.8),
        Taste(bounds=Bounds(lowest=40)),
        Taste(bounds=Bounds(highest=90)),
        Taste(bounds=Bounds(classes=frozenset({0, 4, 7}))),
        Taste(bounds=Bounds(longest=1.0)),
        Taste(bounds=Bounds(longest_silence=1.0)),
        Taste(bounds=Bounds(most_at_once=3)),
        Taste(density=2.0),
    ],
)
@pytest.mark.parametrize("mode", list(Mode))
def test_a_moved_taste_is_heard_at_once(taste: Taste, mode: Mode) -> None:
    to = replace(BEFORE, mode=mode)
    moved = replace(to, taste=taste, density=taste.density)
    script = [*PHRASE, (6.03, moved), (8.0, Quit())]
    rehearsal = rehearse(script, Obedient(), Settings(length=LONG, mode=mode), 0.01, is_last=False)
    notes = struck(rehearsal)
    first_high = next(at for at, pitch in notes if pitch == HIGH)
    assert 6.03 <= first_high <= 6.03 + HEARD
    assert all(pitch == (HIGH if at >= first_high else LOW) for at, pitch in notes)
    steps = [later - earlier for (earlier, _), (later, _) in pairwise(notes)]
    assert max(steps) < 0.2 + 1e-6  # one note's pause
    assert not rehearsal.output.hanging


def test_a_register_is_heard_at_once(improviser: Improviser) -> None:
    high = replace(BEFORE, taste=Taste(bounds=Bounds(lowest=84)))
    script = [*PHRASE, (8.0, high), (20.0, Quit())]
    rehearsal = rehearse(script, improviser, Settings(length=LONG), is_last=False)
    after = [pitch for at, pitch in struck(rehearsal) if at >= 8.0]
    assert after
    assert min(after) >= 84
    assert min(pitch for at, pitch in struck(rehearsal) if at < 8.0) < 84


def test_a_length_is_heard_at_once() -> None:
    shorter = replace(BEFORE, length=Fixed(Limit(seconds=2.0)))
    rehearsal = rehearse([*PHRASE, (6.03, shorter)], Obedient(), Settings(length=LONG))
    assert max(at for at, _ in struck(rehearsal)) < 6.03
    script = [*PHRASE, (5.0, BEFORE)]
    rehearsal = rehearse(script, Obedient(), Settings(length=Fixed(Limit(seconds=2.0))))
    assert max(at for at, _ in struck(rehearsal)) == pytest.approx(33.1, abs=0.1)


def test_a_silence_counts_at_once() -> None:
    sooner = replace(BEFORE, silence=Silence.fixed(0.1))
    rehearsal = rehearse([*PHRASE, (2.45, sooner)])
    assert struck(rehearsal)[0][0] == pytest.approx(2.5, abs=0.01)


def test_thru_is_off_at_once_for_what_is_struck_then_and_all_is_in_the_take() -> None:
    off = replace(BEFORE, is_thru=False)
    played = [*key(60, 1.0, 2.0), *key(64, 1.6, 1.9), *pedal(1.7, 1.8)]
    script = [(at, replace(heard, source="Piano")) for at, heard in played]  # type: ignore[type-var]
    rehearsal = rehearse([*script, (1.5, off), (2.1, Quit())], is_last=False)
    sounded = [(at, data[:2]) for at, data in rehearsal.output.sounded]
    assert sounded == [(1.0, b"\x90\x3c"), (2.0, b"\x80\x3c")]
    assert [note.pitch for note in rehearsal.notes(Player.HUMAN)] == [60, 64]


def test_the_keys_on_the_screen_sound_with_thru_off_too_since_nothing_else_sounds_them() -> None:
    settings = replace(Settings(), is_thru=False)
    rehearsal = rehearse([*key(60, 1.0, 2.0), (2.1, Quit())], settings=settings, is_last=False)
    assert [data for _, data in rehearsal.output.sounded] == [note_on(0, 60, 80), note_off(0, 60)]


def test_duet_is_a_duet_at_once_and_an_answer_an_answer() -> None:
    duet = replace(BEFORE, mode=Mode.DUET)
    script = [*PHRASE, (5.0, duet), *key(40, 5.2, 5.4), (6.0, BEFORE), *key(41, 6.2, 6.4)]
    rehearsal = rehearse([*script, (6.5, Quit())], Obedient(), Settings(length=LONG), is_last=False)
    (answered,) = rehearsal.take.answers
    assert answered.cut_at == pytest.approx(6.2 - 1.0)
    assert not rehearsal.output.hanging


# Another model


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> tuple[Improviser, Improviser]:
    folder = tmp_path_factory.mktemp("models")
    window, touch = write_trial_model(folder / "a.onnx"), write_trial_touch_model(folder / "b.onnx")
    return Improviser(Model.load(window)), Improviser(Model.load(touch))


@pytest.mark.parametrize("mode", list(Mode))
@pytest.mark.parametrize("order", [1, -1])
def test_another_model_goes_on_with_the_answer_and_all_is_made_again(
    two: tuple[Improviser, Improviser], order: int, mode: Mode, tmp_path: Path
) -> None:
    one, other = two[::order]
    script: list[Scripted] = [*PHRASE, *pedal(1.0, 2.0), (20.0, Stop()), (21.0, Quit())]
    if mode is Mode.DUET:
        script += [*phrase_of(20, at=4.0, step=0.4), *phrase_of(4, at=13.0)]
    settings = Settings(length=LONG, mode=mode)
    rehearsal = rehearse(
        script, one, settings, 0.03, is_last=False, successor=(8.0, other, maker(other))
    )
    assert ModelChanged(maker(other).model, maker(other).sha256) in rehearsal.told
    notes = [at for at, _ in struck(rehearsal)]
    assert max(later - earlier for earlier, later in pairwise(notes)) < 2.1
    (answered,) = rehearsal.take.answers
    assert [change.maker for change in answered.changes if change.maker] == [maker(other)]
    write_take(replace(rehearsal.take, maker=maker(one)), tmp_path / "take.mid")
    take = read_take(tmp_path / "take.mid")
    again = made_again(take, one, lambda _: other)
    assert messages_by_model(again) == messages_by_model(take)
    with pytest.raises(Refusal, match="played in this take too"):
        made_again(take, one)


def test_the_next_answer_says_who_made_it(two: tuple[Improviser, Improviser]) -> None:
    one, other = two
    script = [*PHRASE, *phrase_of(5, at=20.0), (30.0, Quit())]
    rehearsal = rehearse(script, one, is_last=False, successor=(15.0, other, maker(other)))
    assert [answered.maker for answered in rehearsal.take.answers] == [None, maker(other)]


def test_a_model_that_goes_while_it_thinks_leaves_it_to_the_next() -> None:
    successor = (3.3, Obedient(), Maker("other", ""))
    rehearsal = rehearse(PHRASE, Metronome(), thinking=0.5, successor=successor)
    assert struck(rehearsal)[0] == (pytest.approx(3.8 + GATHERING), LOW)


# Notes that are left out


def test_notes_left_out_because_they_were_late_are_told_and_not_made_again(
    improviser: Improviser, tmp_path: Path
) -> None:
    """The machine stands still for 1.5 s in the middle of an answer."""
    settings = Settings(length=Fixed(Limit(notes=60)), lookahead=3.0)
    rehearsal = rehearse(
        [*PHRASE, (30.0, Quit())], improviser, settings, is_last=False, stalls_at=6.0
    )
    dropped = [told.notes for told in rehearsal.told if isinstance(told, Dropped)]
    (answered,) = rehearsal.take.answers
    assert len(answered.left_out) == sum(dropped) > 0
    assert answered.sounded == len(rehearsal.notes(Player.MODEL))
    write_take(replace(rehearsal.take, maker=maker(improviser)), tmp_path / "take.mid")
    take = read_take(tmp_path / "take.mid")
    assert take.answers[0].left_out == answered.left_out
    again = messages_by_model(made_again(take, improviser))
    assert [m.data for m in again] == [m.data for m in messages_by_model(take)]


def test_a_key_held_at_hand_over_is_left_out_when_the_take_is_made_again(
    improviser: Improviser, tmp_path: Path
) -> None:
    held = [(1 + n / 100, Heard(note_on(0, 40 + n, 80), 1 + n / 100)) for n in range(50)]
    settings = Settings(length=Fixed(Limit(notes=40)))
    script = [*held, *pedal(1.2, 9.0), (2.0, HandOver()), (25.0, Quit())]
    rehearsal = rehearse(script, improviser, settings, is_last=False)
    write_take(replace(rehearsal.take, maker=maker(improviser)), tmp_path / "take.mid")
    take = read_take(tmp_path / "take.mid")
    assert messages_by_model(made_again(take, improviser)) == messages_by_model(take)
    assert not rehearsal.output.hanging


# Prompts and takes


PROMPT = Phrase.of([Note(60 + n, 80, 0.2 * n, 0.2 * n + 0.15) for n in range(5)], [Span(0.1, 0.5)])


def test_a_prompt_is_played_as_by_hand_and_answered_at_once() -> None:
    rehearsal = rehearse([(2.0, PlayPrompt(PROMPT)), (9.0, Quit())], is_last=False)
    played = [
        (told.message.due, told.message.data)
        for told in rehearsal.told
        if hasattr(told, "message") and told.message.by is Player.HUMAN
    ]
    assert played == by_hand(PROMPT, 2.0)
    assert struck(rehearsal)[0][0] == pytest.approx(2.95, abs=0.01)
    assert any(isinstance(told, Hearing) for told in rehearsal.told)


def test_a_prompt_gives_way_to_the_player_and_to_stop() -> None:
    script = [(2.0, PlayPrompt(PROMPT)), *key(48, 2.25, 2.4), (20.0, Quit())]
    rehearsal = rehearse(script, is_last=False)
    assert [note.pitch for note in rehearsal.notes(Player.HUMAN)] == [60, 61, 48]
    (answered,) = rehearsal.take.answers
    assert answered.heard.start == pytest.approx(0.25)
    stopped = rehearse([(2.0, PlayPrompt(PROMPT)), (2.25, Stop()), (20.0, Quit())], is_last=False)
    assert not stopped.notes(Player.MODEL)
    assert not stopped.output.hanging


@pytest.mark.parametrize("event", [NewTake(), Discard()])
def test_a_take_that_ends_ends_all_that_is_under_way(event: NewTake | Discard) -> None:
    script = [*PHRASE, (4.0, event), *key(72, 5.0, 5.2), (30.0, Quit())]
    rehearsal = rehearse(script, Metronome(duration=3.0), is_last=False)
    ended = TakeEnded(is_kept=isinstance(event, NewTake))
    before = rehearsal.told[: rehearsal.told.index(ended)]
    assert sum(hasattr(t, "message") and t.message.data[0] == 0x90 for t in before) == sum(
        hasattr(t, "message") and t.message.data[0] == 0x80 for t in before
    )
    assert len(rehearsal.take.answers) == 2
    assert not rehearsal.output.hanging


def test_in_a_new_take_no_other_answer_to_a_phrase_of_the_old_one_is_asked_for() -> None:
    script = [*PHRASE, (9.0, NewTake()), (10.0, Again()), (20.0, Quit())]
    asked = rehearse(script, is_last=False).asked
    assert not [request for at, request in asked if at >= 9.0 and isinstance(request, GoOn)]
