"""A model file is trusted with nothing."""

import hashlib
import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from performer import onnx_file
from performer.codec import window
from performer.improviser import Improviser
from performer.messages import Trouble
from performer.model import MEMORY, Model, _graph
from performer.model_card import ModelCard
from performer.notes import Note
from performer.refusal import Refusal
from performer.window_player import WindowPlayer
from tests.fakes import CARD, phrase_of, rehearse, write_trial_model


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


def with_a_strange_operator_within(path: Path) -> None:
    """In what is done only if, where nobody looks."""
    model = onnx.load(path)
    within = onnx.helper.make_graph(
        [onnx.helper.make_node("Steal", [], ["stolen"], domain="strange.operators")], "it", [], []
    )
    model.graph.node.append(
        onnx.helper.make_node("If", ["never"], ["x"], then_branch=within, else_branch=within)
    )
    onnx.save(model, path)


def with_an_operator_of_its_own(path: Path) -> None:
    model = onnx.load(path)
    model.functions.add().name = "Steal"
    onnx.save(model, path)


def with_a_tensor_that_is_larger_than_it_looks(path: Path) -> None:
    model = onnx.load(path)
    model.graph.initializer.add(data_type=1, name="huge", dims=[1 << 20, 1 << 20])
    onnx.save(model, path)


def with_a_tensor_made_while_it_plays(path: Path) -> None:
    model = onnx.load(path)
    shape = onnx.numpy_helper.from_array(np.array([1 << 28]), "shape")
    made = onnx.helper.make_node("ConstantOfShape", ["where"], ["made"])
    cast = onnx.helper.make_node("ReduceMax", ["made"], ["zero"], keepdims=0)
    # its size is known only when it plays: so many as the shape says, once for the window
    seen = onnx.helper.make_node("Shape", ["window"], ["seen"], start=0, end=1)
    where = onnx.helper.make_node("Mul", ["seen", "shape"], ["where"])
    scores = next(each for each in model.graph.node if each.output[0] == "step_logits")
    scores.output[0] = "before"
    model.graph.initializer.append(shape)
    add = onnx.helper.make_node("Add", ["before", "zero"], ["step_logits"])
    model.graph.node.extend([seen, where, made, cast, add])
    onnx.save(model, path)


def with_a_loop_that_never_ends(path: Path) -> None:
    model = onnx.load(path)
    helper, floats, truth = onnx.helper, onnx.TensorProto.FLOAT, onnx.TensorProto.BOOL
    body = helper.make_graph(
        [
            helper.make_node("Identity", ["goes_on"], ["goes_on_"]),
            helper.make_node("Add", ["sum", "sum"], ["sum_"]),
        ],
        "body",
        [
            helper.make_tensor_value_info("turn", onnx.TensorProto.INT64, []),
            helper.make_tensor_value_info("goes_on", truth, []),
            helper.make_tensor_value_info("sum", floats, []),
        ],
        [
            helper.make_tensor_value_info("goes_on_", truth, []),
            helper.make_tensor_value_info("sum_", floats, []),
        ],
    )
    scores = next(each for each in model.graph.node if each.output[0] == "step_logits")
    scores.output[0] = "before"
    model.graph.initializer.extend(
        onnx.numpy_helper.from_array(np.array(value, kind), name)
        for name, value, kind in (
            ("turns", 1 << 60, np.int64),
            ("yes", True, np.bool_),
            ("none", 0.0, np.float32),
        )
    )
    loop = helper.make_node("Loop", ["turns", "yes", "none"], ["summed"], body=body)
    add = helper.make_node("Add", ["before", "summed"], ["step_logits"])
    model.graph.node.extend([loop, add])
    onnx.save(model, path)


def with_a_weight_that_is_infinite(path: Path) -> None:
    with_a_weight(path, np.inf)


def with_a_weight_that_is_no_number(path: Path) -> None:
    with_a_weight(path, np.nan)


def with_a_weight(path: Path, value: float) -> None:
    model = onnx.load(path)
    spoilt = next(
        weight for weight in model.graph.initializer if weight.name == "step_logits_weight"
    )
    weights = onnx.numpy_helper.to_array(spoilt).copy()
    weights[:, 0] = value
    spoilt.CopyFrom(onnx.numpy_helper.from_array(weights, spoilt.name))
    onnx.save(model, path)


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda path: path.write_bytes(b""), "no whole ONNX file"),
        (lambda path: path.write_text("not a model"), "no whole ONNX file"),
        (cut_short, "no whole ONNX file"),
        (reaching_outside, "keeps its numbers in another file"),
        (with_a_strange_operator, "not ONNX's own, of 'strange.operators'"),
        (with_a_strange_operator_within, "not ONNX's own, of 'strange.operators'"),
        (with_an_operator_of_its_own, "brings operators of its own"),
        (with_a_tensor_that_is_larger_than_it_looks, "more numbers than any model"),
        (with_a_tensor_made_while_it_plays, "failed while playing"),
        (with_a_weight_that_is_infinite, "said what is not a number"),
        (with_metadata(name=json.dumps("[" * 50_000)), "its name is not readable"),
        (with_metadata(features="[" * 5_000), "its features is not readable"),
        (with_metadata(parameters=json.dumps("many")), "its parameters is not readable"),
        (with_metadata(losses=json.dumps([1])), "its losses is not readable"),
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


def test_a_first_note_that_never_comes_is_waited_for_no_longer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("performer.model.FIRST_STEP", 1.0)
    path = write_trial_model(tmp_path / "trial.onnx")
    with_a_loop_that_never_ends(path)
    with pytest.raises(Refusal, match="its first note does not come"):
        Improviser(Model.load(path))


def test_all_models_together_use_only_so_much_memory() -> None:
    assert MEMORY <= 512 * 1024 * 1024


@settings(max_examples=100)
@given(st.data())
def test_a_file_with_bytes_changed_is_looked_through_to_its_end(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    whole = write_trial_model(tmp_path_factory.getbasetemp() / "whole.onnx").read_bytes()
    mutated = bytearray(whole)
    for _ in range(data.draw(st.integers(1, 8))):
        at = data.draw(st.one_of(st.integers(0, 300), st.integers(0, len(whole) - 1)))
        mutated[at] = data.draw(st.integers(0, 255))
    with suppress(ValueError):
        onnx_file.check(bytes(mutated))


def test_what_no_number_is_ends_the_answer_and_not_the_performance(tmp_path: Path) -> None:
    path = write_trial_model(tmp_path / "trial.onnx")
    improviser = Improviser(Model.load(path))
    with_a_weight(path, np.nan)
    data = path.read_bytes()
    improviser.model._graph = _graph(data)  # it goes wrong later than the first note
    rehearsal = rehearse(phrase_of(3), improviser)
    told = [what for what in rehearsal.told if isinstance(what, Trouble)]
    assert "said what is not a number" in told[0].sentence
    assert not rehearsal.output.hanging


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
