"""A model file is trusted with nothing."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest

from performer.codec import window
from performer.improviser import Improviser
from performer.model import Model
from performer.model_card import ModelCard
from performer.notes import Note
from performer.refusal import Refusal
from performer.window_player import WindowPlayer
from tests.fakes import CARD, write_trial_model


def test_a_whole_model_is_played(tmp_path: Path) -> None:
    path = write_trial_model(tmp_path / "trial.onnx")
    model = Model.load(path)
    scores = WindowPlayer(model).scores(window([Note(60, 80, 0.0, 1.0)]))
    assert model.card == CARD
    assert model.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert [score.shape for score in scores.values()] == [(128,), (97,), (82,)]


def test_a_card_is_read_as_it_was_written() -> None:
    assert ModelCard.from_metadata(CARD.to_metadata()) == CARD


def reaching_outside(path: Path) -> None:
    onnx.save(
        onnx.load(path),
        path,
        save_as_external_data=True,
        location="elsewhere.bin",
        size_threshold=0,
    )


def cut_short(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-2000])


def with_metadata(**changes: str | None) -> Callable[[Path], None]:
    def change(path: Path) -> None:
        metadata = {**CARD.to_metadata(), **{k: v for k, v in changes.items() if v is not None}}
        for key in (key for key, value in changes.items() if value is None):
            del metadata[key]
        write_trial_model(path, metadata=metadata)

    return change


def with_output_renamed(path: Path) -> None:
    model = onnx.load(path)
    model.graph.node[-1].output[0] = model.graph.output[-1].name = "something_else"
    onnx.save(model, path)


def with_a_strange_operator(path: Path) -> None:
    model = onnx.load(path)
    model.graph.node[0].domain = "strange.operators"
    onnx.save(model, path)


def with_a_weight_that_is_no_number(path: Path) -> None:
    model = onnx.load(path)
    spoilt = next(
        weight for weight in model.graph.initializer if weight.name == "step_logits_weight"
    )
    weights = onnx.numpy_helper.to_array(spoilt).copy()
    weights[0, 0] = np.nan
    spoilt.CopyFrom(onnx.numpy_helper.from_array(weights, spoilt.name))
    onnx.save(model, path)


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda path: path.write_bytes(b""), "no whole, self-contained ONNX file"),
        (lambda path: path.write_text("not a model"), "no whole, self-contained ONNX file"),
        (cut_short, "no whole, self-contained ONNX file"),
        (reaching_outside, "no whole, self-contained ONNX file"),
        (with_a_strange_operator, "no whole, self-contained ONNX file"),
        (with_output_renamed, "has no output 'duration_logits'"),
        (with_a_weight_that_is_no_number, "said what is not a number"),
        (with_metadata(codec=None), "does not say its codec"),
        (with_metadata(codec=json.dumps("quantum-7")), "codec 'quantum-7'"),
        (with_metadata(losses="{"), "its losses is not readable"),
        (lambda path: path.unlink(), "cannot be read: No such file"),
    ],
)
def test_a_file_that_cannot_be_trusted_is_refused_with_a_sentence(
    tmp_path: Path, spoil: Callable[[Path], object], sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_trial_model(tmp_path / "trial.onnx")
    spoil(path)
    monkeypatch.chdir(tmp_path)  # where a file that reaches outside would find its data
    with pytest.raises(Refusal) as refusal:
        Improviser(Model.load(path))
    assert sentence in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_a_file_larger_than_any_model_is_not_even_read(tmp_path: Path) -> None:
    path = tmp_path / "huge.onnx"
    with path.open("wb") as file:
        file.truncate(300 * 1024 * 1024)
    with pytest.raises(Refusal, match="300 MB"):
        Model.load(path)


def test_a_model_of_another_window_is_refused(tmp_path: Path) -> None:
    path = write_trial_model(tmp_path / "trial.onnx", replace(CARD, window=25))
    model = onnx.load(path)
    model.graph.input[0].type.tensor_type.shape.dim[1].dim_value = 30
    onnx.save(model, path)
    with pytest.raises(Refusal):
        Model.load(path)


def test_the_same_window_gives_the_same_scores(tmp_path: Path) -> None:
    model = Model.load(write_trial_model(tmp_path / "trial.onnx"))
    player, rows = WindowPlayer(model), window([Note(60, 80, 0.0, 1.0)])
    first, second = (player.scores(rows)["pitch_logits"] for _ in range(2))
    assert np.array_equal(first, second)
