"""Makes a trained network into the one file that the instrument plays: a self-describing .onnx.

The rule kept here: no file is left behind that disagrees with the network it was made from. The
exported graph and torch are asked the same about real music, and beyond a difference of 1e-4
there is no export. The weights are the run's best by the loss on valid works, not its last.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

import click
import numpy as np
import onnx
import pyarrow.parquet as pq
import torch
from numpy.typing import NDArray

from performer.codec import CODEC, DURATION_EDGES, FEATURES, STEP_EDGES, WINDOW, Floats
from performer.model_card import ModelCard
from performer.refusal import Refusal
from performer.taste import Taste
from trainer.calibration import GROUPS, Calibration
from trainer.dataset import Pieces
from trainer.graph import written
from trainer.network import SHAPES, Reference
from trainer.splits import TEST, TRAIN
from trainer.train import JUDGED, judge
from trainer.train import Config as Learning

TOLERANCE = 1e-4
COUNTED = 200_000  # train windows by which the odds of step and duration are counted, at most
COMPARED = 2_000  # windows on which torch and the exported file are compared
AT_ONCE = 2_000
EDGES = {"step": STEP_EDGES, "duration": DURATION_EDGES}
PARTS = ("total", "pitch", "step", "duration")
UNSTATED = "not stated"
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
    network, learning = trained(config.run)
    calibrations = counted(network, config.data)
    judged = [torch.from_numpy(part) for part in pieces(config.data, TEST).sample(JUDGED, seed=0)]
    if not len(judged[0]):
        raise Refusal(f"{config.data} holds no test work of over {WINDOW} notes: prepare more.")
    test = judge(network, judged, torch.device("cpu"))
    card = described(config, network.parameter_count, test)
    model = written(network, calibrations)
    onnx.helper.set_model_props(model, card.to_metadata())
    difference = placed(model, config.out, network, calibrations, config.data)
    history = (config.run / "metrics.jsonl").read_text().splitlines()
    text = as_markdown(card, learning, [json.loads(line) for line in history], difference)
    config.out.with_suffix(".md").write_text(text, encoding="utf-8")
    return card, difference


def is_flagship(run: Path) -> bool:
    """True where a run trains the flagship."""
    path = run / "config.json"
    return path.exists() and "shape" in json.loads(path.read_text())


def placed(
    model: onnx.ModelProto,
    out: Path,
    network: Reference,
    calibrations: Mapping[str, Calibration],
    data: Path,
) -> float:
    """Put a model into its place if it says what the network says; the largest difference.

    Raises Refusal, and leaves what was there before, if it does not.
    """
    out.parent.mkdir(parents=True, exist_ok=True)
    trial = out.with_suffix(".part")
    trial.write_bytes(model.SerializeToString())
    try:
        difference = disagreement(trial, network, calibrations, data)
        if not difference <= TOLERANCE:
            raise Refusal(
                f"{out} was not written: the exported graph differs from the network "
                f"by {difference:.1e}, and {TOLERANCE:.0e} is the most that is allowed."
            )
        trial.replace(out)
    finally:
        trial.unlink(missing_ok=True)
    return difference


def trained(run: Path) -> tuple[Reference, Learning]:
    """The best network of a run, and how it learnt. Raises Refusal where there is none."""
    try:
        best = torch.load(run / "best.pt", weights_only=True, map_location="cpu")
    except FileNotFoundError:
        raise Refusal(f"{run} holds no trained network: run antiphon-train train.") from None
    learning = Learning(**best["config"])
    network = Reference(SHAPES[learning.name])
    network.load_state_dict(best["network"])
    return network.eval(), learning


def pieces(data: Path, split: str) -> Pieces:
    """A split of the prepared music. Raises Refusal where there is none."""
    try:
        music = Pieces.load(data, split)
    except FileNotFoundError:
        raise Refusal(f"{data} holds no prepared music: run antiphon-train prepare.") from None
    if not music.can_teach:
        raise Refusal(f"{data} holds too little music for {split}: prepare more pieces.")
    return music


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
    music = pieces(data, TRAIN)
    windows, targets = drawn(music, min(COUNTED, len(music.rows)), seed=1)
    predicted = asked(network, windows)
    return {
        head: Calibration.of(getattr(predicted, head), targets[:, FEATURES.index(head)], edges)
        for head, edges in EDGES.items()
    }


def drawn(music: Pieces, count: int, seed: int) -> tuple[Floats, Floats]:
    """Windows as they occur in training, short ones too, and the notes that follow them."""
    return music.windows(*music.draw(count, np.random.default_rng(seed)))


def disagreement(
    path: Path, network: Reference, calibrations: Mapping[str, Calibration], data: Path
) -> float:
    """The largest difference between the file and the network on real windows.

    Compared are the pitches' logits, the means, and the odds of step and duration, these with what
    the histograms say of the file's own means.
    """
    import onnxruntime as ort

    windows, _ = drawn(pieces(data, TEST), COMPARED, seed=2)
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


def described(config: Config, parameters: int, losses: dict[str, float]) -> ModelCard:
    """The model's card."""
    catalogue = pq.read_table(config.data / "pieces.parquet").to_pylist()
    learnt = [piece for piece in catalogue if piece["split"] == TRAIN]
    are_licensed = all(piece["licence"] for piece in learnt)
    return ModelCard(
        name=config.out.stem,
        kind="reference",
        codec=CODEC,
        window=WINDOW,
        features=FEATURES,
        training_corpus=corpus_sentence(learnt),
        licence=config.licence or (SHARE_ALIKE if are_licensed else UNSTATED),
        attribution=named(piece["attribution"] for piece in learnt) or UNSTATED,
        date=date.today().isoformat(),
        parameters=parameters,
        losses={part: round(loss, 4) for part, loss in losses.items()},
    )


def corpus_sentence(learnt: Sequence[Mapping[str, Any]]) -> str:
    """What a network learnt from, in one sentence."""
    sets = named(piece["set"] for piece in learnt)
    notes = sum(piece["notes"] for piece in learnt)
    of = f" of {sets}" if sets else ""
    return (
        f"{len(learnt):,} pieces with {notes:,} notes{of}; "
        "no work that the model is judged by is among them."
    )


def named(words: Iterable[str | None]) -> str:
    """The different words, in order."""
    return "; ".join(sorted({word for word in words if word}))


def as_markdown(
    card: ModelCard, learning: Learning, history: Sequence[Mapping[str, Any]], difference: float
) -> str:
    """The card for people: figures, music, how it learnt, and its limits."""
    best = min(history, key=lambda epoch: epoch["valid"]["total"])
    layers, width = SHAPES[learning.name].layers, SHAPES[learning.name].width
    figures = "".join(
        f"| loss on test works: {part} | {card.losses[part]:.4f} |\n" for part in PARTS
    )
    return CARD.format(
        **asdict(card),
        layers=layers,
        width=width,
        figures=figures,
        judged=JUDGED,
        difference=difference,
        learning=learning,
        best=best,
        epochs=len(history),
        precision="bfloat16 where it multiplies matrices" if learning.bfloat16 else "float32",
        clipping=f"gradients clipped at {learning.clip:g}" if learning.clip else "no clipping",
        counted=COUNTED,
        groups=GROUPS,
    )


CARD = """# {name}

A recurrent network that reads the last {window} notes and says the next: {layers} LSTM layer(s) of
{width} cells, and a dense head each for pitch, step (seconds since the onset before) and duration.
The file is self-contained; `antiphon models` lists it, `antiphon play --model {name}` plays it.

| figure | |
| --- | --- |
| parameters | {parameters:,} |
{figures}| largest difference from torch on real music | {difference:.1e} |

The losses are means over at most {judged:,} windows of test works, the same for every model: the
total is 0.05 x pitch (cross-entropy, nats) + step + duration (squared errors, s^2, with a pressure
of 10 on negative predictions).

## Music

{training_corpus} Drums are left out; steps over 8 s and durations over 12 s are read as these.

Licence of the weights: {licence}. Attribution: {attribution}. Made on {date}.

## How it learnt

{epochs} epochs of {learning.windows:,} windows drawn afresh, batches of {learning.batch}, Adam at
{learning.rate}, {clipping}, seed {learning.seed}, {precision}. The weights are those after epoch
{best[epoch]}, the best by the loss on valid works ({best[valid][total]:.4f}), not the last.
One window in eight has lost its oldest notes, so that phrases of 1 to 24 notes are known.

A predicted mean alone lets the rhythm collapse, so the file also says odds for step and duration:
histograms of what truly followed such predictions, in {groups} groups, counted on at most
{counted:,} windows of train works. They are constants of the graph and not among the parameters.

## Limits

It remembers {window} notes and nothing before; it hears neither velocity nor pedal, and says
neither. It predicts pitch, step and duration apart, so they agree only through what was played.
It knows no other music than that above, and no style by name.
"""


@click.command(epilog="\b\nExample:\n  antiphon-train export runs/model2 --out model2.onnx")
@click.argument("run", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), required=True, help="The .onnx file.")
@click.option("--data", type=click.Path(path_type=Path), default=Path("data"), show_default=True)
@click.option(
    "--taste",
    type=(float, float, float, float),
    default=(1.0, 1.0, 1.0, 1.0),
    metavar="PITCH RHYTHM DYNAMICS TOP_P",
    help="With which the flagship plays best: temperatures and top-p.",
)
@click.option("--licence", help="Of the weights. Default: what the pieces' licences allow.")
def command(
    run: Path, out: Path, data: Path, taste: tuple[float, float, float, float], licence: str | None
) -> None:
    """Export a run's best network as an .onnx file, with a model card beside it."""
    if is_flagship(run):
        from trainer import export_grand

        grand, apart = export_grand.export(run, data, out, Taste(*taste), licence)
        click.echo(f"{out}: {grand.parameters:,} parameters, {apart:.1e} nats from torch")
        return
    card, difference = export(Config(run, data, out, licence))
    click.echo(f"{out}: {card.parameters:,} parameters, loss {card.losses['total']:.4f} on test")
    click.echo(f"largest difference between torch and the file: {difference:.1e}")
