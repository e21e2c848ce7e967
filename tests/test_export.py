"""An exported file says what the network says, and says what it is."""

from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from click.testing import CliRunner
from onnx import numpy_helper

from performer.codec import CODEC, DURATION_EDGES, STEP_EDGES, bins
from performer.model import Model
from performer.refusal import Refusal
from tests.music import prepared, rows
from trainer.calibration import GROUPS, Calibration
from trainer.command_line import main
from trainer.export import Config, asked, counted, disagreement, export, placed, trained
from trainer.graph import written
from trainer.network import SHAPES, Reference


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return prepared(tmp_path_factory.mktemp("work"))


def test_an_exported_run_plays_and_says_what_it_is(work: Path, tmp_path: Path) -> None:
    out = tmp_path / "mine.onnx"
    card, difference = export(Config(work / "runs" / "model3", work / "data", out))
    model = Model.load(out)
    assert model.card == card
    assert (card.name, card.kind, card.codec, card.parameters) == (
        *("mine", "reference", CODEC, 8_898),
    )
    assert card.training_corpus.startswith("10 pieces with 1,600 notes; no work")
    assert (card.licence, card.attribution) == ("not stated", "not stated")
    assert set(card.losses) == {"total", "pitch", "step", "duration"}
    assert difference <= 1e-4
    text = out.with_suffix(".md").read_text()
    assert "| parameters | 8,898 |" in text
    assert f"| loss on test works: total | {card.losses['total']:.4f} |" in text
    assert [path.name for path in sorted(tmp_path.iterdir())] == ["mine.md", "mine.onnx"]


def test_the_best_weights_are_exported(work: Path, tmp_path: Path) -> None:
    out = tmp_path / "mine.onnx"
    export(Config(work / "runs" / "model3", work / "data", out))
    best = torch.load(work / "runs" / "model3" / "best.pt", weights_only=True)["network"]
    constants = {
        each.name: numpy_helper.to_array(each) for each in onnx.load(out).graph.initializer
    }
    np.testing.assert_array_equal(constants["pitch_weight"], best["pitch.weight"])


def any_odds(network: Reference, data: Path) -> dict[str, Calibration]:
    """Odds that differ much from group to group, so that no shift among them goes unseen."""
    dice = np.random.default_rng(4)
    return {
        head: Calibration(odds.middles, dice.dirichlet(np.ones(odds.odds.shape[1]), len(odds.odds)))
        for head, odds in counted(network, data).items()
    }


def test_a_file_that_disagrees_is_not_left_behind(work: Path, tmp_path: Path) -> None:
    network, _ = trained(work / "runs" / "model3")
    odds = any_odds(network, work / "data")
    out = tmp_path / "mine.onnx"
    out.write_bytes(b"an older file")
    for disturbed in ("recurrent_0", "pitch_bias", "step_weight", "step_odds", "duration_lefts"):
        model = written(network, odds)
        constant = next(each for each in model.graph.initializer if each.name == disturbed)
        values = numpy_helper.to_array(constant) + np.float32(0.01)
        constant.CopyFrom(numpy_helper.from_array(values, disturbed))
        with pytest.raises(Refusal, match="was not written: the exported graph differs"):
            placed(model, out, network, odds, work / "data")
        assert out.read_bytes() == b"an older file"
        assert list(tmp_path.iterdir()) == [out]


def test_a_network_that_says_nan_is_not_exported(work: Path, tmp_path: Path) -> None:
    network, _ = trained(work / "runs" / "model3")
    odds = counted(network, work / "data")
    with torch.no_grad():
        network.pitch.bias[0] = torch.nan
    with pytest.raises(Refusal, match="differs from the network by nan"):
        placed(written(network, odds), tmp_path / "mine.onnx", network, odds, work / "data")


@pytest.mark.parametrize("name", list(SHAPES))
def test_every_shape_is_written_with_plain_operators_in_one_file(
    name: str, work: Path, tmp_path: Path
) -> None:
    torch.manual_seed(5)
    network = Reference(SHAPES[name])
    odds = any_odds(network, work / "data")
    model = written(network, odds)
    assert [(opset.domain, opset.version) for opset in model.opset_import] == [("", 17)]
    assert all(node.domain == "" for node in model.graph.node)
    assert not any(each.external_data for each in model.graph.initializer)
    path = tmp_path / "random.onnx"
    path.write_bytes(model.SerializeToString())
    assert disagreement(path, network, odds, work / "data") <= 1e-4


def test_a_network_that_always_says_the_same_can_be_exported(work: Path, tmp_path: Path) -> None:
    network = Reference(SHAPES["model3"])
    with torch.no_grad():
        network.step.weight.zero_()
    odds = counted(network, work / "data")
    assert len(odds["step"].middles) == 1
    path = tmp_path / "flat.onnx"
    path.write_bytes(written(network, odds).SerializeToString())
    assert disagreement(path, network, odds, work / "data") <= 1e-4


def test_odds_follow_the_prediction_and_leave_nothing_impossible() -> None:
    dice = np.random.default_rng(0)
    predicted = dice.uniform(0.05, 2.0, 50_000)
    true = predicted * dice.lognormal(0, 0.2, 50_000)
    odds = Calibration.of(predicted, true, STEP_EDGES)
    assert odds.odds.shape == (GROUPS, 97)
    asked_of = np.array([-1.0, 0.1, 0.5, 1.5, 99.0])
    scores = odds.scores(asked_of)
    np.testing.assert_allclose(np.exp(scores).sum(axis=1), 1)
    assert np.isfinite(scores).all()
    likeliest = STEP_EDGES[scores.argmax(axis=1)]
    np.testing.assert_allclose(likeliest[1:4], asked_of[1:4], rtol=0.35)
    of_all = np.bincount(bins(true, STEP_EDGES), minlength=97) / len(true)
    own = scores_of(odds, predicted, true)
    assert own.mean() > np.log(of_all[bins(true, STEP_EDGES)]).mean() + 0.5


def scores_of(odds: Calibration, predicted: np.ndarray, true: np.ndarray) -> np.ndarray:
    return odds.scores(predicted)[np.arange(len(true)), bins(true, STEP_EDGES)]


def test_what_lies_between_two_groups_counts_for_both() -> None:
    predicted = np.repeat([1.0, 1.5, 2.0], [40, 20, 40])
    odds = Calibration.of(predicted, predicted, STEP_EDGES, groups=2)
    assert odds.middles.tolist() == [1.0, 2.0]
    low, between, high = bins(np.array([1.0, 1.5, 2.0]), STEP_EDGES)
    np.testing.assert_allclose(odds.odds[:, between], odds.odds[::-1, between])
    assert odds.odds[0, low] > odds.odds[0, between] > odds.odds[0, high]


def test_between_two_groups_the_odds_go_over_without_a_jump() -> None:
    odds = Calibration(np.array([1.0, 2.0]), np.array([[0.9, 0.1], [0.1, 0.9]]))
    np.testing.assert_allclose(
        np.exp(odds.scores(np.array([0.0, 1.0, 1.25, 1.5, 2.0, 9.0])))[:, 0],
        [0.9, 0.9, 0.7, 0.5, 0.1, 0.1],
    )


def test_networks_are_asked_in_parts_as_in_one() -> None:
    torch.manual_seed(1)
    network = Reference(SHAPES["model3"])
    windows = rows(0, 2_100 * 25).reshape(-1, 25, 3)
    with torch.no_grad():
        whole = network(torch.from_numpy(windows))
    parts = asked(network, windows)
    np.testing.assert_allclose(parts.pitch, whole.pitch, atol=1e-5)
    np.testing.assert_allclose(parts.duration, whole.duration, atol=1e-5)


def test_a_folder_without_a_run_is_refused_in_one_sentence(work: Path, tmp_path: Path) -> None:
    arguments = ["export", str(tmp_path), "--data", str(work / "data"), "--out", "model.onnx"]
    result = CliRunner().invoke(main, arguments)
    assert (result.exit_code, result.output) == (
        2,
        f"antiphon-train: {tmp_path} holds no trained network: run antiphon-train train.\n",
    )


def test_every_bin_of_a_duration_has_odds(work: Path) -> None:
    network, _ = trained(work / "runs" / "model3")
    assert counted(network, work / "data")["duration"].odds.shape[1] == len(DURATION_EDGES) - 1
