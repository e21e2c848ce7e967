"""All of the workshop in one command: a folder of MIDI files becomes a model of your own.

The rule kept here: it does nothing itself. Each stage is the one that can be called alone, with
figures that suit a shelf of pieces rather than a library; stopped and called again, it goes on.
"""

import json
import os
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np
import torch
from rich.console import Console

from performer.refusal import Refusal
from performer.shelf import own_models
from trainer.evaluate import evaluate
from trainer.export import Config as Export
from trainer.export import export
from trainer.prepare import Summary, prepare
from trainer.splits import TEST, TRAIN
from trainer.table import Row, as_markdown
from trainer.train import CLIP, Workplace, train
from trainer.train import Config as Learning

SHAPE = "model1"  # of a network for a shelf of pieces
EPOCHS, PATIENCE = 30, 5
MOST_WINDOWS = 100_000  # an epoch


@dataclass(frozen=True, slots=True)
class Plan:
    """What is made from what, and where."""

    folders: Sequence[Path]
    name: str
    shape: str = SHAPE
    epochs: int = EPOCHS

    @property
    def work(self) -> Path:
        """Where the stages leave what they made."""
        return own_models().parent / "training" / self.name

    @property
    def model(self) -> Path:
        """The new entry on the shelf of models."""
        return own_models() / f"{self.name}.onnx"


def make(plan: Plan, console: Console) -> tuple[Summary, list[Row]]:
    """Prepare, train, export and evaluate. Raises Refusal where a stage cannot be done."""
    if not re.fullmatch(r"[\w-]+", plan.name):
        raise Refusal(f"{plan.name!r} is no name for a model: use letters, digits, - and _.")
    data = plan.work / "data"
    console.print(f"Reading {', '.join(map(str, plan.folders))}")
    summary = prepare(plan.folders, data, os.cpu_count() or 1, console)
    runs = plan.work / json.loads((data / "prepared.json").read_text())["digest"][:12]  # its own
    run = runs / plan.name
    notes = int(np.load(data / f"{TRAIN}_lengths.npy").sum())
    windows = min(max(notes, 1), MOST_WINDOWS)
    learning = Learning(plan.shape, plan.epochs, windows, patience=PATIENCE, clip=CLIP)
    console.print(f"Learning from {notes:,} notes")
    train(learning, data, run, Workplace(torch.device("cpu")), console)
    console.print("Exporting")
    export(Export(run, data, plan.model))
    rows = evaluate([plan.model], data, runs, plan.work / "report", console.print)
    return summary, rows


@click.command(epilog="\b\nExample:\n  antiphon-train model my_midi_files --name mine")
@click.argument(
    "folders", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="DIR..."
)
@click.option("--name", required=True, help="What the model is to be called.")
@click.option("--epochs", type=click.IntRange(min=1), default=EPOCHS, show_default=True)
def command(folders: tuple[Path, ...], name: str, epochs: int) -> None:
    """Make a model of your own from folders of MIDI files, in minutes for some 20 pieces."""
    console = Console(stderr=True, highlight=False)
    torch.set_num_threads(1)
    plan = Plan(folders, name, epochs=epochs)
    try:
        summary, rows = make(plan, console)
    except KeyboardInterrupt:
        console.print("Stopped. The same command goes on from here.")
        sys.exit(130)
    click.echo(f"{summary.pieces:,} pieces, {summary.notes:,} notes, {summary.problems} left out")
    click.echo(as_markdown([row for row in rows if row.works == TEST]))
    click.echo(f"The model: {plan.model}")
    click.echo(f"Its report: {plan.work / 'report' / 'report.html'}")
    click.echo(f"Play it: antiphon play --model {name}")
