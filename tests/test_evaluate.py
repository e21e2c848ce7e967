"""Models and baselines answer for the same notes, and the figures are what they say."""

import csv
import json
import wave
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from performer.codec import DURATION_EDGES, STEP_EDGES, WINDOW
from performer.taste import Taste
from tests.music import prepared
from trainer.baselines import Markov, best_order, bits_of, hits
from trainer.command_line import main
from trainer.dataset import Pieces
from trainer.evaluate import evaluate, extent, taste
from trainer.export import Config, export
from trainer.judging import QUICK, THOROUGH
from trainer.table import Asked, as_values, table
from trainer.works import excerpts, family_name, read_works


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = prepared(tmp_path_factory.mktemp("work"))
    export(Config(folder / "runs" / "model3", folder / "data", folder / "mine.onnx"))
    return folder


def test_the_report_holds_the_table_and_the_pictures(
    work: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trainer.evaluate.FEW", 1)  # sound takes long to make
    out = tmp_path / "report"
    lines = evaluate([work / "mine.onnx"], work / "data", work / "runs", out, lambda _: None)
    assert {(line.name, line.works) for line in lines} == {
        (name, works)
        for name in ("mine", "unigram", "Markov")
        for works in ("train", "valid", "test")
    }
    assert sorted(path.name for path in out.iterdir()) == [
        *("losses.png", "report.html", "roll-01.png", "sound", "table.csv", "table.md"),
    ]
    with (out / "table.csv").open(newline="") as rows:
        said = {(row["model"], row["works"]): row for row in csv.DictReader(rows)}
    mine = said["mine", "test"]
    assert (mine["parameters"], mine["remark"]) == ("8898", "1 x LSTM of 32")
    parts = [float(mine[name]) for name in ("total loss", "pitch", "step", "duration")]
    assert parts[0] == pytest.approx(0.05 * parts[1] + parts[2] + parts[3], rel=1e-5)
    assert float(mine["pitch bits"]) == pytest.approx(parts[1] / np.log(2), rel=1e-5)
    assert len({row["notes"] for key, row in said.items() if key[1] == "test"}) == 1
    page = (out / "report.html").read_text()
    assert page.count("data:image/png;base64,") == 2
    assert sorted(path.name for path in (out / "sound").iterdir()) == [
        *("01-as-composed.wav", "01-mine.wav"),
    ]
    assert all(f"sound/{path.name}" in page for path in (out / "sound").iterdir())
    assert "http" not in page


def test_the_file_is_judged_as_the_network_was(work: Path, tmp_path: Path) -> None:
    lines = table([work / "mine.onnx"], work / "data")
    (mine,) = (line for line in lines if (line.name, line.works) == ("mine", "test"))
    card, _ = export(Config(work / "runs" / "model3", work / "data", tmp_path / "again.onnx"))
    assert mine.losses == pytest.approx(card.losses, abs=1e-4)


def asked_of(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """All runs of five values in a sequence, and what followed."""
    runs = np.lib.stride_tricks.sliding_window_view(values, 6)
    return runs[:, :5], runs[:, 5]


def test_a_chain_foretells_what_always_follows() -> None:
    values = np.tile([0, 1, 2, 1], 50)
    chain = Markov.of(values, np.array([0]), size=3)
    last, true = asked_of(values)
    assert hits(chain.odds(last, 2), true, 1) == 1.0
    assert hits(chain.odds(last, 1), true, 1) < 0.8
    assert bits_of(chain.odds(last, 2), true) < 0.2
    assert bits_of(chain.odds(last, 0), true) == pytest.approx(1.5, abs=0.02)
    assert best_order(chain, last, true) >= 2


def test_a_chain_gives_odds_to_what_it_never_heard() -> None:
    chain = Markov.of(np.array([0, 1, 0, 1]), np.array([0]), size=4)
    for order in range(4):
        odds = chain.odds(np.array([[3, 3, 3, 2, 0]]), order)
        np.testing.assert_allclose(odds.sum(axis=1), 1)
        assert (odds > 0).all()


def test_witten_and_bells_odds_are_as_by_hand() -> None:
    chain = Markov.of(np.array([0, 0, 1, 0]), np.array([0]), size=2)
    unigram = np.array([3 + 2 * 0.5, 1 + 2 * 0.5]) / (4 + 2)
    np.testing.assert_allclose(chain.odds(np.array([[0]]), 0)[0], unigram)
    after_0 = (np.array([1, 1]) + 2 * unigram) / (2 + 2)
    np.testing.assert_allclose(chain.odds(np.array([[0]]), 1)[0], after_0)


def test_a_chain_does_not_remember_across_pieces() -> None:
    chain = Markov.of(np.array([0, 0, 0, 1, 1, 1]), np.array([0, 3]), size=2)
    only_0 = chain.odds(np.array([[0]]), 1)
    without = Markov.of(np.array([0, 0, 0]), np.array([0]), size=2).orders[1]
    assert chain.orders[1].codes.tolist() == [*without.codes.tolist(), 3]
    assert only_0[0, 0] > 0.8


def test_notes_are_turned_into_the_codecs_values() -> None:
    rows = np.array([[60 / 128, 0.0, 12.0], [127 / 128, 8.0, 0.0]], dtype=np.float32)
    values = as_values(rows)
    assert values["pitch"].tolist() == [60, 127]
    assert values["step"].tolist() == [0, len(STEP_EDGES) - 2]
    assert values["duration"].tolist() == [len(DURATION_EDGES) - 2, 0]


def test_hits_count_the_likeliest_few() -> None:
    odds = np.array([[0.5, 0.3, 0.2], [0.1, 0.2, 0.7]])
    assert hits(odds, np.array([1, 2]), 1) == 0.5
    assert hits(odds, np.array([1, 2]), 2) == 1.0


def test_what_stood_before_is_read_off_the_window(work: Path) -> None:
    music = Pieces.load(work / "data", "test")
    notes = Asked(*music.sample(10, seed=0))
    assert notes.before["pitch"].shape == (10, WINDOW)
    assert notes.true["pitch"].shape == (10,)


def test_the_command_passes_all_judgements(
    work: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trainer.page.SHOWN", 1)  # sound takes long to make
    arguments = [
        *("evaluate", str(work / "mine.onnx"), "--data", str(work / "data")),
        *("--runs", str(work / "runs"), "--out", str(tmp_path), "--quick", "--kind", "all"),
        *("--excerpts", "20", "--long", "0", "--on", "train"),
    ]
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 0, result.output
    assert "mine: AUC by descriptors, without velocity" in result.output
    with (tmp_path / "figures.csv").open(newline="") as rows:
        found = list(csv.DictReader(rows))
    subjects = {
        judgement: {row["subject"] for row in found if row["judgement"] == judgement}
        for judgement in ("foreseen", "told apart", "faults", "copying", "descriptors")
    }
    assert subjects == {
        "foreseen": {"mine", "unigram", "repeat-last", "Markov"},
        "told apart": {
            *("mine", "control: other real"),
            *("control: shuffled pitches", "control: shuffled times"),
        },
        "faults": {"mine", "as composed"},
        "copying": {"mine", "as composed", "between composers"},
        "descriptors": {"mine", "as composed"},
    }
    assert all(float(row["low"]) <= float(row["high"]) for row in found)
    real = {row["figure"]: float(row["value"]) for row in found if row["subject"] == "as composed"}
    assert real["longest"] == 99  # train works stand among train works
    assert len(json.loads((tmp_path / "figures.json").read_text())) == len(found)
    assert (tmp_path / "kept" / "continuations.sqlite").exists()
    page = (tmp_path / "report.html").read_text()
    assert all(f"<h2>{number}." in page for number in range(1, 5))
    with wave.open(str(tmp_path / "sound" / "01-mine.wav")) as sound:
        assert (sound.getnchannels(), sound.getframerate()) == (1, 24_000)
        frames = np.frombuffer(sound.readframes(sound.getnframes()), dtype="<i2")
    assert np.abs(frames).max() > 500


def test_too_few_works_are_said_in_one_sentence(work: Path, tmp_path: Path) -> None:
    arguments = ["evaluate", str(work / "mine.onnx"), "--data", str(work / "data")]
    result = CliRunner().invoke(main, [*arguments, "--out", str(tmp_path)])
    assert result.exit_code == 2
    assert "holds too few played test works" in result.output


def test_a_temperature_that_cannot_be_played_is_refused(work: Path, tmp_path: Path) -> None:
    arguments = ["evaluate", str(work / "mine.onnx"), "--out", str(tmp_path)]
    result = CliRunner().invoke(main, [*arguments, "--temperature", "0"])
    assert result.exit_code == 2
    assert "A temperature of 0 cannot be played" in result.output


def test_options_say_how_much_is_asked_and_how_it_is_played() -> None:
    none = dict.fromkeys(("excerpts", "school", "long", "bits_notes"))
    assert extent(True, none) == QUICK
    assert extent(False, {**none, "school": 0}) == replace(THOROUGH, school=0)
    own = {"temperature": 0.9, "top_p": 0.95, "pitch": 0.7, "rhythm": None, "dynamics": None}
    assert taste(own) == Taste(0.7, 0.9, 0.9, 0.95)


def test_excerpts_are_whole_and_follow_their_prompts(work: Path) -> None:
    works = read_works(work / "data", "train")
    asked = excerpts(works, 15)
    assert 15 <= len(asked) <= 20
    for ask in asked:
        assert (len(ask.prompt.notes), len(ask.real), ask.prompt.start) == (50, 100, 0)
        notes = ask.work.notes[ask.first : ask.first + 150]
        whole = [note.pitch for note in ask.prompt.notes] + ask.real[:, 1].tolist()
        assert whole == notes[:, 1].tolist()
        np.testing.assert_allclose(ask.real[:, 0], notes[50:, 0] - notes[0, 0], atol=1e-6)
    assert excerpts(works, 15, real=1_000) == []


@pytest.mark.parametrize("name", ["MozartWA", "Mozart, Wolfgang Amadeus", "Mozart"])
def test_a_composer_is_one_however_he_is_spelt(name: str) -> None:
    assert family_name(name) == "mozart"
