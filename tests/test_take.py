"""Takes: written, read back, and made again."""

import json
from dataclasses import replace
from pathlib import Path

import mido
import pretty_midi
import pytest

from performer.continuation import continued, made_again
from performer.improviser import Improviser
from performer.inbox import Scripted
from performer.length import Fixed, Like, Limit
from performer.messages import HandOver, Heard, Player
from performer.midi import note_off, note_on, sustain
from performer.notes import Note, Phrase, Span
from performer.recorder import folder_for_takes, keep
from performer.refusal import Refusal
from performer.session import Settings
from performer.take import Maker, Recorded, Take, read_take, write_take, write_whole
from performer.taste import Taste
from tests.fakes import (
    Metronome,
    Rehearsal,
    key,
    messages_by_model,
    pedal,
    phrase_of,
    rehearse,
)


def performed(improviser: Improviser, script: list[Scripted]) -> Rehearsal:
    length = Fixed(Limit(seconds=8.0))  # the first answer is cut long before
    settings = Settings(Taste(0.8, 0.9, 1.1, 0.95), length=length, seed=42)
    rehearsal = rehearse(script, improviser, settings)
    object.__setattr__(
        rehearsal.take, "maker", Maker(improviser.model.card.name, improviser.model.sha256)
    )
    return rehearsal


OFF_THE_GRID = [
    *phrase_of(5, at=1.00047, step=0.30013),
    *pedal(1.1004, 2.0006),
    *key(40, 5.00077, 5.5),
    *key(43, 5.6, 9.0, channel=0),
    (6.20049, HandOver()),
]


def test_a_take_is_read_as_it_was_written(improviser: Improviser, tmp_path: Path) -> None:
    take = performed(improviser, OFF_THE_GRID).take
    write_take(take, tmp_path / "take.mid")
    again = read_take(tmp_path / "take.mid")
    assert (again.maker, again.answers) == (take.maker, take.answers)
    for player in Player:
        mine, read = ([m for m in t.messages if m.by is player] for t in (take, again))
        assert read == mine


def test_a_take_is_made_again_note_for_note_from_itself(
    improviser: Improviser, tmp_path: Path
) -> None:
    take = performed(improviser, OFF_THE_GRID).take
    assert len(take.answers) == 2
    assert take.answers[0].cut_at is not None
    write_take(take, tmp_path / "take.mid")
    again = made_again(read_take(tmp_path / "take.mid"), improviser)
    assert messages_by_model(again) == messages_by_model(take)
    assert len(again.notes(Player.MODEL)) > 5
    assert again.notes(Player.HUMAN) == take.notes(Player.HUMAN)


def test_a_continuation_is_made_again_too(improviser: Improviser, tmp_path: Path) -> None:
    phrase = Phrase.of([Note(60, 80, 0.0, 0.5), Note(64, 70, 0.4, 1.0)], [Span(0.1, 0.9)])
    take = continued(phrase, improviser, Taste(), 3, Fixed(Limit(notes=50)))
    assert len(take.notes(Player.MODEL)) == 50
    write_take(take, tmp_path / "take.mid")
    assert made_again(read_take(tmp_path / "take.mid"), improviser) == take


def test_other_programs_read_the_true_times(improviser: Improviser, tmp_path: Path) -> None:
    take = performed(improviser, OFF_THE_GRID).take
    write_take(take, tmp_path / "take.mid")
    file = pretty_midi.PrettyMIDI(str(tmp_path / "take.mid"))
    assert [voice.name for voice in file.instruments] == ["Player", "Antiphon"]
    for voice, player in zip(file.instruments, Player, strict=True):
        read = sorted((note.start, note.pitch, note.velocity) for note in voice.notes)
        mine = sorted((note.start, note.pitch, note.velocity) for note in take.notes(player))
        assert len(read) == len(mine)
        for (start, *what), (my_start, *my_what) in zip(read, mine, strict=True):
            assert start == pytest.approx(my_start, abs=0.0005)
            assert what == my_what
    assert len(file.instruments[0].control_changes) == 2


def test_a_take_begins_with_its_first_message() -> None:
    assert rehearse(phrase_of(3, at=250.0)).take.messages[0].at == 0.0


def test_a_take_by_another_model_is_not_made_again(improviser: Improviser) -> None:
    take = rehearse(phrase_of(3)).take
    with pytest.raises(Refusal, match="another"):
        made_again(take, improviser)


def test_the_answer_can_be_written_alone(improviser: Improviser, tmp_path: Path) -> None:
    phrase = Phrase.of([Note(60, 80, 0.0, 0.5)])
    take = continued(phrase, improviser, Taste(), 3, Like())
    write_take(take, tmp_path / "answer.mid", only=Player.MODEL)
    (voice,) = pretty_midi.PrettyMIDI(str(tmp_path / "answer.mid")).instruments
    assert voice.name == "Antiphon"


def test_a_system_message_that_no_file_can_hold_costs_no_other(tmp_path: Path) -> None:
    system = [b"\xf6", b"\xf2\x01\x02", b"\xf3\x05", b"\xfa", b"\xff", b"\xf0\x7d\xf7"]
    take = rehearse([*phrase_of(3), *((1.1, Heard(data, 1.1, "piano")) for data in system)]).take
    assert {message.data for message in take.messages} > set(system)
    write_take(take, tmp_path / "take.mid")
    kept = read_take(tmp_path / "take.mid").messages
    assert kept == tuple(each for each in take.messages if each.data not in system[:-1])


NONSENSE = [
    *(("began_at", value) for value in ("1", None, float("nan"), 1e300, [])),
    *(("cut_at", value) for value in ([], "1", float("inf"))),
    *(("turn", value) for value in ("1", -1, 1.5, None)),
    *(("channel", value) for value in (16, -1, "0", 0.5)),
    ("heard", [0, "1"]),
    ("heard", [float("nan"), 1]),
    ("seed", "1"),
    ("notes", -1),
    ("limit", {"seconds": "1", "notes": None}),
    ("limit", {"seconds": None, "notes": -1}),
    ("held", ["1"]),
    ("left_out", [None]),
    ("given_up", [[0, "1"]]),
    ("given_up", [["0", 1.0]]),
    ("changes", [{"note": "1", "from": 0.0}]),
    ("changes", [{"note": 1, "from": None}]),
    ("changes", [{"note": 1, "from": 0.0, "taken": [128]}]),
    ("changes", [{"note": 1, "from": 0.0, "struck": [[60, "1", 0.0, 0]]}]),
    ("changes", [{"note": 1, "from": 0.0, "struck": [[60, 80, "0", 0]]}]),
    ("score", []),
    ("model", 3),
    ("bounds", {"lowest": 21, "classes": [0, None]}),
    ("curve", [[1.0, None]]),
    ("curve", [["1", 0.5]]),
    ("changes", [{"note": 1, "from": 0.0, "seed": "1"}]),
]


@pytest.mark.parametrize(("key_", "value"), NONSENSE)
def test_a_take_that_says_nonsense_of_an_answer_is_refused(
    key_: str, value: object, tmp_path: Path
) -> None:
    write_take(rehearse(phrase_of(3)).take, tmp_path / "take.mid")
    file = mido.MidiFile(tmp_path / "take.mid", charset="utf-8")
    said = [message for message in file.tracks[0] if message.type == "text"][-1]
    said.text = json.dumps({**json.loads(said.text), "sha256": "", key_: value})
    file.save(tmp_path / "take.mid")
    with pytest.raises(Refusal, match="changed since"):
        read_take(tmp_path / "take.mid")


def spoilt(path: Path) -> Path:
    file = mido.MidiFile(path)
    file.tracks[0] = mido.MidiTrack(m for m in file.tracks[0] if m.type != "text")
    file.save(path)
    return path


def test_what_is_no_take_is_refused_with_a_sentence(tmp_path: Path) -> None:
    take = rehearse(phrase_of(3)).take
    write_take(take, tmp_path / "take.mid")
    (tmp_path / "cut.mid").write_bytes((tmp_path / "take.mid").read_bytes()[:-40])
    (tmp_path / "text.mid").write_text("no music")
    mido.MidiFile().save(tmp_path / "other.mid")
    for name in ("cut.mid", "text.mid", "other.mid", "missing.mid"):
        with pytest.raises(Refusal) as refusal:
            read_take(tmp_path / name)
        assert name in str(refusal.value)
    with pytest.raises(Refusal, match="changed since"):
        read_take(spoilt(tmp_path / "take.mid"))


def by_hand(*moves: tuple[float, bytes]) -> Take:
    return Take(
        Maker("fake", ""), tuple(Recorded(at, Player.HUMAN, data) for at, data in moves), ()
    )


def test_one_key_on_two_channels_is_two_keys() -> None:
    take = by_hand(
        (0.0, note_on(0, 60, 80)),
        (0.1, note_on(1, 60, 70)),
        (0.2, note_off(1, 60)),
        (0.5, note_off(0, 60)),
    )
    assert take.notes(Player.HUMAN) == (Note(60, 80, 0.0, 0.5), Note(60, 70, 0.1, 0.2))


def test_a_pedal_that_comes_up_twice_was_down_once() -> None:
    moves = ((0.0, 127), (0.2, 100), (0.5, 0), (0.7, 0), (0.9, 64))
    take = by_hand(*((at, sustain(0, value)) for at, value in moves))
    assert take.pedal(Player.HUMAN) == (Span(0.0, 0.5), Span(0.9, 0.9))


def test_a_take_that_begins_later_is_moved_with_all_that_is_said_of_it() -> None:
    take = rehearse([*phrase_of(3, at=100.0), *key(60, 103.0, 103.5)], Metronome(duration=2.0)).take
    answer = replace(take.answers[0], given_up=((0, 7.5),), cut_at=8.0)
    later = replace(take, answers=(answer,), messages=take.messages[2:]).from_zero()
    start = take.messages[2].at
    assert start > 0
    (moved,) = later.answers
    assert moved.given_up == ((0, pytest.approx(7.5 - start)),)
    assert moved.cut_at == pytest.approx(8.0 - start)
    assert moved.began_at == pytest.approx(answer.began_at - start)


def test_a_disk_that_fills_up_leaves_the_file_that_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write(path: Path, data: bytes) -> None:
        with path.open("wb") as file:
            file.write(data[:3])
        raise OSError(28, "No space left on device")

    write_whole(tmp_path / "take.mid", b"all of it")
    monkeypatch.setattr(Path, "write_bytes", write)
    with pytest.raises(Refusal, match="No space left"):
        write_whole(tmp_path / "take.mid", b"something else")
    assert [path.name for path in tmp_path.iterdir()] == ["take.mid"]
    assert (tmp_path / "take.mid").read_bytes() == b"all of it"


def test_takes_of_one_second_stand_beside_each_other(tmp_path: Path) -> None:
    take = rehearse(phrase_of(3)).take
    assert len({keep(take, tmp_path) for _ in range(3)}) == 3
    assert len(list(tmp_path.glob("*.mid"))) == 3


def test_a_folder_that_cannot_be_written_is_refused_before_playing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(Refusal, match="--takes"):
        folder_for_takes(tmp_path / "file" / "takes")
