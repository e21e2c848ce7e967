"""The commands, as they are typed."""

import json
from pathlib import Path

import pretty_midi
import pytest
from click.testing import CliRunner, Result

from performer.command_line import main
from performer.take import read_take
from tests.fakes import write_trial_model


@pytest.fixture
def model(tmp_path: Path) -> str:
    return str(write_trial_model(tmp_path / "trial.onnx"))


def antiphon(*words: object) -> Result:
    return CliRunner().invoke(main, [str(word) for word in words])


def prompt(path: Path, notes: int = 5) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    file = pretty_midi.PrettyMIDI()
    voice = pretty_midi.Instrument(0)
    voice.notes = [pretty_midi.Note(80, 60 + n % 24, n / 4, n / 4 + 0.2) for n in range(notes)]
    file.instruments.append(voice)
    file.write(str(path))
    return path


def answer_of(path: Path) -> list[tuple[int, int, float, float]]:
    voice = pretty_midi.PrettyMIDI(str(path)).instruments[-1]
    assert voice.name == "Antiphon"
    return [(note.pitch, note.velocity, note.start, note.end) for note in voice.notes]


def test_a_phrase_is_continued_into_a_take_with_both_players(tmp_path: Path, model: str) -> None:
    out = tmp_path / "out.mid"
    result = antiphon(
        "continue", prompt(tmp_path / "p.mid"), "--out", out, "--model", model, "--notes", 20
    )
    assert result.exit_code == 0, result.output
    player, answer = pretty_midi.PrettyMIDI(str(out)).instruments
    assert (player.name, len(player.notes)) == ("Player", 5)
    assert (answer.name, len(answer.notes)) == ("Antiphon", 20)


def test_a_take_is_made_again_from_itself_alone(tmp_path: Path, model: str) -> None:
    first, second = tmp_path / "first.mid", tmp_path / "second.mid"
    common = ("--model", model)
    taste = ("--temperature", 0.8, "--top-p", 0.9, "--seed", 5, "--seconds", 6)
    antiphon("continue", prompt(tmp_path / "p.mid"), "--out", first, *taste, *common)
    result = antiphon("continue", "--like", first, "--out", second, *common)
    assert result.exit_code == 0, result.output
    assert answer_of(first) == answer_of(second)
    assert first.read_bytes() == second.read_bytes()


def test_another_seed_is_another_answer(tmp_path: Path, model: str) -> None:
    phrase = prompt(tmp_path / "p.mid")
    for seed in (1, 2):
        out = tmp_path / f"{seed}.mid"
        antiphon("continue", phrase, "--out", out, "--model", model, "--seed", seed)
    assert answer_of(tmp_path / "1.mid") != answer_of(tmp_path / "2.mid")


def test_a_folder_of_phrases_survives_a_bad_file(tmp_path: Path, model: str) -> None:
    for name in ("a", "b", "inner/a"):
        prompt(tmp_path / "in" / f"{name}.mid")
    (tmp_path / "in" / "bad.MID").write_text("no music")
    out = tmp_path / "out"
    result = antiphon("continue", tmp_path / "in", "--out", out, "--model", model, "--notes", 5)
    assert result.exit_code == 1
    assert "bad.MID" in result.output
    assert "3 continued" in result.output
    assert "1 skipped" in result.output
    written = sorted(str(path.relative_to(out)) for path in out.rglob("*.mid"))
    assert written == ["a.mid", "b.mid", "inner/a.mid"]


def test_the_answer_can_be_had_alone_and_as_sound(tmp_path: Path, model: str) -> None:
    out = tmp_path / "out.mid"
    antiphon(
        *("continue", prompt(tmp_path / "p.mid"), "--out", out, "--model", model),
        *("--notes", 3, "--answer-only", "--wav"),
    )
    assert len(pretty_midi.PrettyMIDI(str(out)).instruments) == 1
    assert out.with_suffix(".wav").stat().st_size > 100_000


def test_only_the_first_notes_are_heard_if_asked(tmp_path: Path, model: str) -> None:
    out = tmp_path / "out.mid"
    phrase = prompt(tmp_path / "p.mid", 50)
    antiphon("continue", phrase, "--out", out, "--model", model, "--prompt-notes", 7)
    assert len(pretty_midi.PrettyMIDI(str(out)).instruments[0].notes) == 7


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("play", "--temperature", "0"), "a temperature of 0 cannot be played"),
        (("play", "--temperature", "-1"), "a temperature of -1 cannot be played"),
        (("play", "--temperature", "nan"), "a temperature of nan cannot be played"),
        (("play", "--temperature", "warm"), "'warm' is not a number"),
        (("play", "--top-p", "1.5"), "a top-p of 1.5 cannot be played"),
        (("play", "--length", "long"), "'long' is no length"),
        (("play", "--silence", "0"), "a silence of 0 s cannot be waited for"),
        (("play", "--for", "inf"), "inf is no length of time"),
        (("play", "--in", "no such keyboard"), "no such keyboard"),
        (("play", "--out", "no such synth"), "no such synth"),
        (("play", "--model", "no such model"), "There is no model 'no such model'"),
        (("play", "--prompt", "missing.mid"), "missing.mid cannot be read"),
        (("continue", "--out", "x.mid"), "give prompts to continue, or a take"),
        (("continue", "missing.mid", "--out", "x.mid", "--model", "m.onnx"), "m.onnx"),
        (("continue", "--like", "missing.mid", "--out", "x.mid"), "missing.mid"),
        (("render", "missing.mid", "--out", "x.wav"), "missing.mid"),
        (("draw", "missing.mid", "--out", "x.svg"), "missing.mid"),
    ],
)
def test_bad_input_gets_one_sentence_and_status_2(words: tuple[str, ...], sentence: str) -> None:
    result = antiphon(*words)
    assert result.exit_code == 2
    assert sentence in result.output
    assert "Traceback" not in result.output


def test_a_folder_for_takes_that_cannot_be_written_is_refused(tmp_path: Path, model: str) -> None:
    (tmp_path / "file").write_text("")
    result = antiphon("play", "--takes", tmp_path / "file" / "takes", "--model", model)
    assert result.exit_code == 2
    assert "--takes" in result.output


@pytest.mark.parametrize("command", ["play", "continue", "ports", "models", "render", "draw"])
def test_every_command_shows_an_example(command: str) -> None:
    assert f"antiphon {command}" in antiphon(command, "--help").output.split("Example:")[1]


def test_ports_and_models_can_be_read_by_programs() -> None:
    assert set(json.loads(antiphon("ports", "--json").stdout)) == {"inputs", "outputs"}
    for card in json.loads(antiphon("models", "--json").stdout).values():
        assert card["codec"] in ("window25-1", "touch-1")
        assert 0 < card["taste"]["top_p"] <= 1


def test_a_take_is_drawn_with_every_note(tmp_path: Path, model: str) -> None:
    take, picture = tmp_path / "take.mid", tmp_path / "take.svg"
    antiphon("continue", prompt(tmp_path / "p.mid"), "--out", take, "--model", model, "--notes", 9)
    assert antiphon("draw", take, "--out", picture).exit_code == 0
    assert picture.read_text().count("fill-opacity") == 5 + 9
    assert read_take(take).answers


def test_a_file_is_rendered_to_sound(tmp_path: Path) -> None:
    out = tmp_path / "out.wav"
    assert antiphon("render", prompt(tmp_path / "p.mid"), "--out", out).exit_code == 0
    assert out.stat().st_size > 100_000
