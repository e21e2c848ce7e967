"""Trains one of the reference models, and can be stopped at any moment and go on from there.

The rule kept here: all that decides a run stands in its `Config`, which is stored with it; an epoch
draws its windows from (seed, epoch) alone, and a checkpoint is written after each, so a run that
was stopped ends on the CPU with the same weights, bit for bit, as one that was not.

With `torchrun` the same command trains in several processes: each computes its share of every
batch, and the gradients are those of the whole.
"""

import json
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import click
import numpy as np
import torch
import torch.distributed as dist
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
)
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from performer.refusal import Refusal
from trainer.dataset import Pieces
from trainer.network import SHAPES, Losses, Reference, losses
from trainer.splits import TRAIN, VALID

JUDGED = 20_000  # windows by which each epoch is judged, the same for every model
JUDGED_AT_ONCE = 2_000
CLIP = 1.0  # two batches in a hundred have a larger gradient, some ten times as large
HEADS = ("total", "pitch", "step", "duration")


@dataclass(frozen=True, slots=True)
class Config:
    """All that decides a run."""

    name: str
    epochs: int = 50
    windows: int = 300_000  # drawn afresh each epoch
    batch: int = 64
    rate: float = 0.005  # of Adam
    seed: int = 1
    patience: int | None = None  # epochs without a better validation loss before it stops
    bfloat16: bool = True
    clip: float | None = None  # largest norm of a gradient


@dataclass(frozen=True, slots=True)
class Workplace:
    """Where the run computes: the device, and this process's place among all."""

    device: torch.device
    rank: int = 0
    size: int = 1


def train(config: Config, data: Path, out: Path, workplace: Workplace, console: Console) -> None:
    """Train to the end, from the last checkpoint in `out` if there is one.

    Raises Refusal where there is not enough music, or `out` holds a run of another configuration.
    """
    train_pieces = Pieces.load(data, TRAIN)
    judged = [torch.from_numpy(part) for part in Pieces.load(data, VALID).sample(JUDGED, seed=0)]
    if not train_pieces.can_teach or not len(judged[0]):
        raise Refusal(f"{data} holds too little music to learn from: prepare more pieces.")
    torch.manual_seed(config.seed)
    network = Reference(SHAPES[config.name]).to(workplace.device)
    optimizer = torch.optim.Adam(
        [weights for weights in network.parameters() if weights.requires_grad],
        lr=config.rate,
        fused=True,
    )
    history = resumed(config, out, network, optimizer)
    trained: nn.Module = DistributedDataParallel(network) if workplace.size > 1 else network
    for epoch in range(len(history), config.epochs):
        if is_stale(history, config.patience):
            break
        began = time.perf_counter()
        batches = shuffled(train_pieces, config, epoch, workplace)
        learnt = run_epoch(trained, optimizer, batches, config, workplace, epoch, console)
        valid = judge(network, judged, workplace.device)
        seconds = time.perf_counter() - began
        history.append(
            {
                "epoch": epoch + 1,
                "train": learnt,
                "valid": valid,
                "seconds": round(seconds, 1),
                "notes_per_second": round(config.windows / seconds),
            }
        )
        if workplace.rank == 0:
            keep(config, out, network, optimizer, history)
            console.print(
                f"{config.name} epoch {epoch + 1}: train {learnt['total']:.4f}, "
                f"valid {valid['total']:.4f}, {history[-1]['notes_per_second']:,} notes/s"
            )


def shuffled(
    pieces: Pieces, config: Config, epoch: int, workplace: Workplace
) -> Iterator[tuple[Tensor, Tensor]]:
    """This process's share of every batch of an epoch."""
    dice = np.random.default_rng((config.seed, epoch))
    nexts, kept = pieces.draw(config.windows, dice)
    for start in range(0, config.windows - workplace.size + 1, config.batch):  # no share is empty
        mine = slice(start + workplace.rank, start + config.batch, workplace.size)
        windows, targets = pieces.windows(nexts[mine], kept[mine])
        yield (
            torch.from_numpy(windows).to(workplace.device),
            torch.from_numpy(targets).to(workplace.device),
        )


def run_epoch(
    network: nn.Module,
    optimizer: torch.optim.Optimizer,
    batches: Iterator[tuple[Tensor, Tensor]],
    config: Config,
    workplace: Workplace,
    epoch: int,
    console: Console,
) -> dict[str, float]:
    """One pass over an epoch's batches; the mean losses."""
    count = 0
    sums = torch.zeros(len(HEADS), device=workplace.device)
    with progress(console, is_shown=workplace.rank == 0) as bar:
        whole = -(-config.windows // config.batch)
        task = bar.add_task(f"{config.name} epoch {epoch + 1}/{config.epochs}", total=whole)
        for windows, targets in batches:
            with torch.autocast(workplace.device.type, torch.bfloat16, enabled=config.bfloat16):
                predicted = network(windows)  # windows: (batch, 25, 3)
            parts = losses(predicted, targets)
            optimizer.zero_grad()
            parts.total.backward()  # type: ignore[no-untyped-call]
            if config.clip is not None:
                nn.utils.clip_grad_norm_(network.parameters(), config.clip)
            optimizer.step()
            sums += stacked(parts)
            count += 1
            bar.advance(task)
    if workplace.size > 1:
        dist.all_reduce(sums)
    return named(sums / (count * workplace.size))


@torch.no_grad()
def judge(network: nn.Module, judged: list[Tensor], device: torch.device) -> dict[str, float]:
    """The mean losses on fixed windows, in full precision."""
    windows, targets = judged
    sums = torch.zeros(len(HEADS), device=device)
    for start in range(0, len(windows), JUDGED_AT_ONCE):
        part = slice(start, start + JUDGED_AT_ONCE)
        parts = losses(network(windows[part].to(device)), targets[part].to(device))
        sums += stacked(parts) * len(windows[part])
    return named(sums / len(windows))


def resumed(
    config: Config, out: Path, network: nn.Module, optimizer: torch.optim.Optimizer
) -> list[dict[str, Any]]:
    """The history of the run so far, its weights loaded; empty for a new run.

    Raises Refusal where the folder holds a run of another configuration.
    """
    path = out / "checkpoint.pt"
    if not path.exists():
        return []
    checkpoint = torch.load(path, weights_only=True, map_location="cpu")
    mine = asdict(config) | {"epochs": 0, "patience": None}
    if checkpoint["config"] | {"epochs": 0, "patience": None} != mine:
        raise Refusal(f"{out} holds a run of another configuration: name another with --out.")
    network.load_state_dict(checkpoint["network"])
    optimizer.load_state_dict(checkpoint["optimizer"])
    return list(checkpoint["history"])


def keep(
    config: Config,
    out: Path,
    network: nn.Module,
    optimizer: torch.optim.Optimizer,
    history: list[dict[str, Any]],
) -> None:
    """Write the checkpoint, the best weights so far, and the metrics, each whole or not at all."""
    out.mkdir(parents=True, exist_ok=True)
    best = min(history, key=lambda epoch: epoch["valid"]["total"])
    if best is history[-1]:
        replaced(out / "best.pt", {"config": asdict(config), "network": network.state_dict()})
    lines = "".join(json.dumps(epoch) + "\n" for epoch in history)
    (out / "metrics.jsonl").write_text(lines)
    (out / "config.json").write_text(json.dumps(asdict(config), indent=2) + "\n")
    checkpoint = {
        "config": asdict(config),
        "network": network.state_dict(),
        "optimizer": optimizer.state_dict(),
        "history": history,
    }
    replaced(out / "checkpoint.pt", checkpoint)


def replaced(path: Path, content: dict[str, Any]) -> None:
    """Save beside the place and move it there."""
    trial = path.with_suffix(".part")
    torch.save(content, trial)
    trial.replace(path)


def is_stale(history: list[dict[str, Any]], patience: int | None) -> bool:
    """True where the validation loss has not become better for too long."""
    if patience is None or not history:
        return False
    best = min(history, key=lambda epoch: epoch["valid"]["total"])
    return bool(len(history) - best["epoch"] >= patience)


def stacked(parts: Losses) -> Tensor:
    """The losses as one (4,) vector."""
    return torch.stack([parts.total, parts.pitch, parts.step, parts.duration]).detach()


def named(values: Tensor) -> dict[str, float]:
    """The (4,) vector by name."""
    return dict(zip(HEADS, values.tolist(), strict=True))


def progress(console: Console, is_shown: bool) -> Progress:
    """The line that shows how far an epoch has come."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=not (is_shown and console.is_terminal),
    )


def workplace_of(threads: int) -> Workplace:
    """The GPU where there is one, else the CPU; one process of several under `torchrun`."""
    torch.set_num_threads(threads)
    rank, size = int(os.environ.get("RANK", "0")), int(os.environ.get("WORLD_SIZE", "1"))
    local = int(os.environ.get("LOCAL_RANK", "0"))
    has_gpu = torch.cuda.is_available()
    if size > 1:
        dist.init_process_group("nccl" if has_gpu else "gloo")
    return Workplace(torch.device(f"cuda:{local}" if has_gpu else "cpu"), rank, size)


@click.command(epilog="\b\nExample:\n  antiphon-train train model2 --data data --epochs 50")
@click.argument("name", type=click.Choice(list(SHAPES)))
@click.option("--data", type=click.Path(path_type=Path), default=Path("data"), show_default=True)
@click.option("--out", type=click.Path(path_type=Path), help="Default: runs/NAME.")
@click.option("--epochs", type=click.IntRange(min=1), default=50, show_default=True)
@click.option("--windows", type=click.IntRange(min=1), default=300_000, show_default=True)
@click.option("--seed", type=click.IntRange(min=0), default=1, show_default=True)
@click.option("--patience", type=click.IntRange(min=1), help="Stop after so many epochs no better.")
@click.option(
    "--clip",
    type=click.FloatRange(min=0, min_open=True),
    default=CLIP,
    show_default=True,
    help="Largest norm of a gradient; without it a run of 50 epochs has diverged.",
)
@click.option("--float32", is_flag=True, help="No bfloat16: faster where a CPU does not know it.")
@click.option(
    "--threads",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="Threads of a CPU; for networks so small more help little.",
)
def command(
    name: str,
    data: Path,
    out: Path | None,
    epochs: int,
    windows: int,
    seed: int,
    patience: int | None,
    clip: float,
    float32: bool,
    threads: int,
) -> None:
    """Train a reference model: model1, model2 or model3."""
    if not (data / "train.npy").exists():
        raise Refusal(f"{data} holds no prepared music: run antiphon-train prepare.")
    config = Config(
        name, epochs, windows, seed=seed, patience=patience, bfloat16=not float32, clip=clip
    )
    console = Console(stderr=True, highlight=False)
    try:
        train(config, data, out or Path("runs") / name, workplace_of(threads), console)
    except KeyboardInterrupt:
        console.print("Stopped. The same command goes on from the last whole epoch.")
        sys.exit(130)
    finally:
        if dist.is_initialized():
            dist.destroy_process_group()
