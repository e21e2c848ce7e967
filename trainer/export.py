"""Makes a trained network into the one file that the instrument plays: a self-describing .onnx.

The rule kept here: no file is left behind that disagrees with the network it was made from. The
exported graph and torch are asked the same about real music, and beyond a difference of 1e-4
there is no export. The weights are the run's best by the loss on valid works, not its last.
"""

import json
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import click
import numpy as np
import onnx
import pandas as pd
import torch
from numpy.typing import NDArray

from performer.codec import CODEC, DURATION_EDGES, FEATURES, STEP_EDGES, WINDOW, Floats
from performer.model_card import ModelCard
from performer.refusal import Refusal
from trainer.calibration import Calibration
from trainer.dataset import Pieces
from trainer.graph import written
from trainer.network import SHAPES, Reference
from trainer.train import JUDGED, judge

TOLERANCE = 1e-4
COUNTED = 200_000  # train windows by which the odds of step and duration are counted
COMPARED = 2_000  # windows on which torch and the exported file are compared
AT_ONCE = 2_000
EDGES = {"step": STEP_EDGES, "duration": DURATION_EDGES}
SHARE_ALIKE = "CC-BY-SA-4.0"  # the only licence that all of the corpus's licences allow together


@dataclass(frozen=True, slots=True)
class Config:
    """What an export is made from."""

    run: Path
    data: Path
    out: Path
    licence: str | None = None  # of the weights


@dataclass(frozen=True, slots=True, eq=False)
class Predicted:
    """What a network says of n windows."""

    pitch: Floats  # (n, 128) logits
    step: Floats  # (n,) seconds
    duration: Floats  # (n,) seconds


def export(config: Config) -> tuple[ModelCard, float]:
    """Write the .onnx and its card; the card, and the largest difference from torch.

    Raises Refusal where there is nothing to export or the file would disagree with the network.
    """
    network, name = trained(config.run)
    calibrations = counted(network, config.data)
    judged = [torch.from_numpy(part) for part in pieces(config.data, "test").sample(JUDGED, seed=0)]
    test = judge(network, judged, torch.device("cpu"))
    card = described(config, name, network.parameter_count, test)
    model = written(network, calibrations)
    onnx.helper.set_model_props(model, card.to_metadata())
    config.out.parent.mkdir(parents=True, exist_ok=True)
    trial = config.out.with_suffix(".part")
    trial.write_bytes(model.SerializeToString())
    try:
        difference = disagreement(trial, network, calibrations, config.data)
        if not difference <= TOLERANCE:
            raise Refusal(
                f"{config.out} was not written: the exported graph differs from the network "
                f"by {difference:.1e}, and {TOLERANCE:.0e} is the most that is allowed."
            )
        trial.replace(config.out)
    finally:
        trial.unlink(missing_ok=True)
    history = (config.run / "metrics.jsonl").read_text().splitlines()
    text = as_markdown(card, [json.loads(line) for line in history], difference)
    config.out.with_suffix(".md").write_text(text, encoding="utf-8")
    return card, difference


def trained(run: Path) -> tuple[Reference, str]:
    """The best network of a run, and its name. Raises Refusal where there is none."""
    try:
        best = torch.load(run / "best.pt", weights_only=True)
    except FileNotFoundError:
        raise Refusal(f"{run} holds no trained network: run antiphon-train train.") from None
    name = best["config"]["name"]
    network = Reference(SHAPES[name])
    network.load_state_dict(best["network"])
    return network.eval(), name


def pieces(data: Path, split: str) -> Pieces:
    """A split of the prepared music. Raises Refusal where there is none."""
    try:
        return Pieces.load(data, split)
    except FileNotFoundError:
        raise Refusal(f"{data} holds no prepared music: run antiphon-train prepare.") from None


@torch.no_grad()
def asked(network: Reference, windows: Floats) -> Predicted:
    """What a network says of (n, 25, 3) windows, in full precision."""
    parts = [
        network(torch.from_numpy(windows[start : start + AT_ONCE]))
        for start in range(0, len(windows), AT_ONCE)
    ]
    return Predicted(
        *(
            np.concatenate([getattr(part, head).numpy() for part in parts])
            for head in ("pitch", "step", "duration")
        )
    )


def counted(network: Reference, data: Path) -> dict[str, Calibration]:
    """The odds of step and duration, counted on train works."""
    windows, targets = drawn(pieces(data, "train"), COUNTED, seed=1)
    predicted = asked(network, windows)
    return {
        head: Calibration.of(getattr(predicted, head), targets[:, FEATURES.index(head)], edges)
        for head, edges in EDGES.items()
    }


def drawn(music: Pieces, count: int, seed: int) -> tuple[Floats, Floats]:
    """Windows as they occur in training, short ones too, and the notes that follow them."""
    return music.windows(*music.draw(count, np.random.default_rng(seed)))


def disagreement(
    path: Path, network: Reference, calibrations: dict[str, Calibration], data: Path
) -> float:
    """The largest difference between the file and the network on real windows.

    Of the pitches' logits and the means; and of the odds of step and duration from what `scores`
    says of the file's own means.
    """
    import onnxruntime as ort

    windows, _ = drawn(pieces(data, "test"), COMPARED, seed=2)
    graph = ort.InferenceSession(path.read_bytes(), providers=["CPUExecutionProvider"])
    names = [output.name for output in graph.get_outputs()]
    said = dict(zip(names, graph.run(names, {"window": windows}), strict=True))
    predicted = asked(network, windows)
    differences = [
        said["pitch_logits"] - predicted.pitch,
        said["step"] - predicted.step,
        said["duration"] - predicted.duration,
        *(
            np.exp(said[f"{head}_logits"]) - np.exp(calibration.scores(said[head]))
            for head, calibration in calibrations.items()
        ),
    ]
    return float(np.max([largest(difference) for difference in differences]))


def largest(difference: NDArray[np.floating]) -> float:
    """The largest magnitude; NaN where there is any."""
    return float(np.abs(difference).max())


def described(config: Config, name: str, parameters: int, losses: dict[str, float]) -> ModelCard:
    """The model's card."""
    catalogue = pd.read_parquet(config.data / "pieces.parquet").fillna("")
    learnt = catalogue[catalogue["split"] == "train"]
    are_licensed = bool((learnt["licence"] != "").all())
    return ModelCard(
        name=config.out.stem,
        kind="reference",
        codec=CODEC,
        window=WINDOW,
        features=FEATURES,
        training_corpus=corpus_sentence(learnt, name),
        licence=config.licence or (SHARE_ALIKE if are_licensed else "not stated"),
        attribution="; ".join(sorted(set(learnt["attribution"]) - {""})) or "not stated",
        date=date.today().isoformat(),
        parameters=parameters,
        losses={head: round(loss, 4) for head, loss in losses.items()},
    )


def corpus_sentence(learnt: pd.DataFrame, name: str) -> str:
    """What a network learnt from, in one sentence."""
    sets = sorted(set(learnt["set"]) - {""})
    return (
        f"{name} learnt from {len(learnt):,} pieces, {learnt['notes'].sum():,} notes"
        + (f", of {', '.join(sets)}" if sets else "")
        + ", split by work from those that it is judged by."
    )


def as_markdown(card: ModelCard, history: list[dict[str, object]], difference: float) -> str:
    """The card for people: figures, data, how it was trained, and its limits."""
    return f"""# {card.name}

A recurrent network that reads {card.window} notes and says the next one.

| figure | |
| --- | --- |
| parameters | {card.parameters:,} |
"""


@click.command(epilog="\b\nExample:\n  antiphon-train export runs/model2 --out model2.onnx")
@click.argument("run", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), required=True, help="The .onnx file.")
@click.option("--data", type=click.Path(path_type=Path), default=Path("data"), show_default=True)
@click.option("--licence", help="Of the weights. Default: what the pieces' licences allow.")
def command(run: Path, out: Path, data: Path, licence: str | None) -> None:
    """Export a run's best network as an .onnx file, with a model card beside it."""
    card, difference = export(Config(run, data, out, licence))
    click.echo(f"{out}: {card.parameters:,} parameters, loss {card.losses['total']:.4f} on test")
    click.echo(f"largest difference between torch and the file: {difference:.1e}")
