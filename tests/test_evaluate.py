"""Models and baselines answer for the same notes, and the figures are what they say."""

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from click.testing import CliRunner

from performer.codec import DURATION_EDGES, STEP_EDGES, WINDOW
from tests.fakes import CARD
from tests.music import prepared
from trainer.baselines import Markov, best_order, bits_of, hits
from trainer.command_line import main
from trainer.dataset import Pieces
from trainer.evaluate import Asked, as_values, evaluate, prompts
from trainer.export import Config, export


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = prepared(tmp_path_factory.mktemp("work"))
    export(Config(folder / "runs" / "model3", folder / "data", folder / "mine.onnx"))
    return folder


def test_the_report_holds_the_table_and_the_pictures(work: Path, tmp_path: Path) -> None:
    out = tmp_path / "report"
    lines = evaluate([work / "mine.onnx"], work / "data", work / "runs", out, lambda _: None)
    assert {(line.name, line.works) for line in lines} == {
        (name, works)
        for name in ("mine", "unigram", "Markov")
        for works in ("train", "valid", "test")
    }
    assert sorted(path.name for path in out.iterdir()) == [
        *("losses.png", "report.html", "rolls.png", "table.csv", "table.md"),
    ]
    with (out / "table.csv").open(newline="") as rows:
        table = {(row["model"], row["works"]): row for row in csv.DictReader(rows)}
    mine = table["mine", "test"]
    assert (mine["parameters"], mine["remark"]) == ("8898", "1 x LSTM of 32")
    parts = [float(mine[name]) for name in ("total loss", "pitch", "step", "duration")]
    assert parts[0] == pytest.approx(0.05 * parts[1] + parts[2] + parts[3], rel=1e-5)
    assert float(mine["pitch bits"]) == pytest.approx(parts[1] / np.log(2), rel=1e-5)
    assert len({row["notes"] for key, row in table.items() if key[1] == "test"}) == 1
    page = (out / "report.html").read_text()
    assert page.count("data:image/png;base64,") == 2
    assert "http" not in page


def test_the_file_is_judged_as_the_network_was(work: Path, tmp_path: Path) -> None:
    lines = evaluate([work / "mine.onnx"], work / "data", work / "runs", tmp_path, lambda _: None)
    (mine,) = (line for line in lines if (line.name, line.works) == ("mine", "test"))
    card, _ = export(Config(work / "runs" / "model3", work / "data", tmp_path / "again.onnx"))
    assert mine.losses == pytest.approx(card.losses, abs=1e-4)


def test_prompts_are_beginnings_of_test_works(work: Path) -> None:
    (prompt, *_) = prompts(work / "data")
    assert len(prompt.phrase.notes) == 50
    assert prompt.phrase.start == 0
    assert prompt.real[0].start >= prompt.phrase.notes[-1].start


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


def test_a_model_of_another_kind_is_refused_in_one_sentence(work: Path, tmp_path: Path) -> None:
    model = onnx.load(work / "mine.onnx")
    onnx.helper.set_model_props(model, replace(CARD, kind="grand").to_metadata())
    path = tmp_path / "grand.onnx"
    onnx.save(model, path)
    arguments = ["evaluate", str(path), "--data", str(work / "data"), "--out", str(tmp_path)]
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 2
    assert "only reference models are judged here." in result.output
