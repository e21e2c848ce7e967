"""The stagehand's errands, done in this process, with an output that only remembers."""

import threading
import time
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pretty_midi
import pytest

from gui.choices import Character
from gui.errands import (
    AnswerKept,
    Opened,
    OpenTake,
    PlayBack,
    PlaybackBegan,
    Rate,
    ReadTakes,
    TakesRead,
    ThinkAgain,
    Told,
    WriteBindings,
    WriteNotes,
    WriteSound,
    Written,
)
from gui.stagehand import _others, _sound, _write, listed, ratings_beside, scene_of
from gui.state import sounds_from
from gui.takes import facts
from performer.bindings import Action, Bindings, Controller
from performer.messages import Player
from performer.midi import note_off, note_on
from performer.ratings import Rated, Rating, add, ratings
from performer.refusal import Refusal
from performer.settings_file import read_bindings
from performer.take import read_take, write_take
from tests.fakes import Listener, phrase_of, rehearse, write_trial_model


@pytest.fixture
def take(tmp_path: Path) -> Path:
    path = tmp_path / "Tuesday.mid"
    write_take(rehearse(phrase_of(4)).take, path)
    return path


def done(errand: object) -> Told:
    [*_, last] = all_told(errand)
    return last


def all_told(errand: object) -> list[Told]:
    told: list[Told] = []
    _write(errand, told.append)  # type: ignore[arg-type]
    return told


def test_the_list_of_takes_is_the_latest_first_and_knows_no_other_files(take: Path) -> None:
    later = take.with_name("Wednesday.mid")
    later.write_bytes(take.read_bytes())
    take.with_name("symphony.mid").write_bytes(b"MThd of somebody else's")
    read = done(ReadTakes(take.parent))
    assert isinstance(read, TakesRead)
    assert {listed.path.stem for listed in read.takes} == {"Tuesday", "Wednesday"}
    assert read.takes[0].changed_at >= read.takes[1].changed_at
    assert read.takes[0].human == 4
    assert read.takes[0].model > 0


def test_the_list_shows_the_score_that_a_take_keeps(take: Path) -> None:
    assert listed(take).score is None
    recorded = read_take(take)
    scored = tuple(replace(answer, score=0.25) for answer in recorded.answers)
    take.unlink()
    write_take(replace(recorded, answers=scored), take)
    assert listed(take).score == 0.25


def test_a_mid_that_does_not_say_how_it_was_made_is_a_take_without_a_model(take: Path) -> None:
    file = pretty_midi.PrettyMIDI()
    voice = pretty_midi.Instrument(0)
    voice.notes = [pretty_midi.Note(80, 60, 0.5, 1.0), pretty_midi.Note(80, 64, 1.0, 1.5)]
    file.instruments.append(voice)
    foreign = take.with_name("sketch.mid")
    file.write(str(foreign))
    opened = done(OpenTake(foreign))
    assert isinstance(opened, Opened)
    assert [played.note.pitch for played in opened.scene.notes] == [60, 64]
    seen = listed(foreign)
    assert (seen.human, seen.model, seen.maker, seen.answers) == (2, 0, "", 0)
    assert facts(seen, datetime(2001, 1, 1)).endswith(" · 0:01 · 2")


def test_an_opened_take_is_seen_as_it_was_played(take: Path) -> None:
    opened = done(OpenTake(take))
    assert isinstance(opened, Opened)
    recorded = read_take(take)
    for player in Player:
        seen = [played.note for played in opened.scene.notes if played.by is player]
        assert sorted(seen, key=lambda note: note.start) == list(recorded.notes(player))
    assert opened.scene.answers == recorded.answers


def test_an_answer_alone_is_exported(take: Path) -> None:
    out = take.with_name("answer.mid")
    assert done(WriteNotes(take, out, Player.MODEL)) == Written(out)
    exported = read_take(out)
    assert exported.notes(Player.HUMAN) == ()
    assert exported.notes(Player.MODEL) == read_take(take).notes(Player.MODEL)


def test_the_sound_of_a_take_is_written(take: Path) -> None:
    pytest.importorskip("tinysoundfont")
    assert done(WriteSound(take, take.with_suffix(".wav"))) == Written(take.with_suffix(".wav"))
    assert take.with_suffix(".wav").stat().st_size > 100_000


def test_another_answer_stands_beside_the_first_to_the_same_phrase(take: Path) -> None:
    model = write_trial_model(take.with_name("trial.onnx"))
    kept = [done(ThinkAgain(take, 0, str(model), Character(), seed)) for seed in (1, 2)]
    names = ["Tuesday, answer 2.mid", "Tuesday, answer 3.mid"]
    assert kept == [AnswerKept(take.with_name(name)) for name in names]
    first, second = (read_take(take.with_name(name)) for name in names)
    phrase = [note.pitch for note in read_take(take).notes(Player.HUMAN)]
    for other in (first, second):
        assert [note.pitch for note in other.notes(Player.HUMAN)] == phrase
    assert first.notes(Player.MODEL) != second.notes(Player.MODEL)


def test_a_take_without_an_answer_has_no_other(take: Path) -> None:
    write_take(replace(read_take(take), answers=()), take)
    with pytest.raises(Refusal, match="no answer"):
        done(ThinkAgain(take, -1, "", Character(), 1))


def test_a_mark_is_written_down_beside_the_takes_and_stands_in_their_list(take: Path) -> None:
    exchange = scene_of(read_take(take)).exchange(0)
    assert exchange is not None
    takes, beside = take.parent / "takes", take.parent / "ratings"
    takes.mkdir()
    take.rename(takes / take.name)
    for mark in (2, 4):  # who thinks again is believed
        assert all_told(Rate(beside, exchange, mark)) == []
    assert [rating.mark for rating in ratings(beside)] == [2, 4]
    read = done(ReadTakes(takes))
    assert isinstance(read, TakesRead)
    assert [each.mark for each in read.takes] == [4.0]


def test_somebody_elses_mark_is_not_mine(take: Path) -> None:
    exchange = scene_of(read_take(take)).exchange(0)
    assert exchange is not None
    rated = Rated(exchange.phrase, exchange.answer, exchange.pedal)
    add(ratings_beside(take.parent), Rating.now("somebody else", rated.what, 1), [rated])
    read = done(ReadTakes(take.parent))
    assert isinstance(read, TakesRead)
    assert [each.mark for each in read.takes] == [None]


def test_what_pedals_and_keys_do_is_written_down(tmp_path: Path) -> None:
    bindings = Bindings({Controller(67): Action.STOP})
    assert all_told(WriteBindings(tmp_path / "settings.toml", bindings)) == []
    assert read_bindings(tmp_path / "settings.toml") == bindings


def test_what_is_played_back_is_all_let_go_of_when_it_is_hushed() -> None:
    output, told = Listener(time.perf_counter), list[Told]()
    hushed = threading.Event()
    sounds = ((0.0, note_on(0, 60, 80)), (30.0, note_off(0, 60)))
    playing = threading.Thread(
        target=_sound, args=(PlayBack(7, "none", sounds), output, hushed, told.append)
    )
    playing.start()
    while not output.sounded:
        time.sleep(0.005)
    hushed.set()
    playing.join(timeout=5)
    assert not playing.is_alive()
    assert bytes([0xB0, 123, 0]) in [data for _, data in output.sounded]
    assert isinstance(told[0], PlaybackBegan)
    assert told[0].number == 7


def test_what_is_played_back_sounds_at_its_moments(take: Path) -> None:
    scene = scene_of(read_take(take))
    sounds = tuple(sound for sound in sounds_from(scene, 0.0) if sound[0] < 0.7)
    output, told = Listener(time.perf_counter), list[Told]()
    hushed = threading.Event()
    threading.Timer(1.0, hushed.set).start()
    _sound(PlayBack(1, "none", sounds), output, hushed, told.append)
    assert isinstance(told[0], PlaybackBegan)
    played = [(at - told[0].at, data) for at, data in output.sounded][: len(sounds)]
    assert [data for _, data in played] == [data for _, data in sounds]
    assert all(0.0 <= at - due < 0.25 for (at, _), (due, _) in zip(played, sounds, strict=True))


def test_our_own_ports_and_the_systems_loop_are_no_instruments() -> None:
    assert _others(("Antiphon in", "Midi Through 14:0", "Piano 20:0")) == ("Piano 20:0",)
