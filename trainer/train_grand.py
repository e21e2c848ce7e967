"""Trains the flagship, for as many sittings as it takes.

The rules kept here: all that decides a run stands in its `Config`, which is stored with it; after
every epoch (some 2**20 notes) a checkpoint holds all that goes on, the lanes and the memory too, so
a run that was stopped ends with the same weights as one that was not.

The rate of learning is constant, but for a short warming up, until the last part of the run, in
which it falls to nothing: so a run can be made longer after it has ended. It is taken up where the
rate began to fall. Pieces are transposed, hurried and the like but for the last tenth, in which
they are played as they stand, so that in the end tempi and keys are those that composers chose.
"""

import json
import math
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import click
import numpy as np
import torch
import torch.distributed as dist
from rich.console import Console
from torch import Tensor, nn

from performer.refusal import Refusal
from performer.touch import KINDS, PARTS, SCORE
from trainer import import_grand
from trainer.grand import Grand, Shape, State
from trainer.lanes import Lanes, Performance, Stretch, Variety, performances
from trainer.splits import TRAIN, VALID
from trainer.train import Workplace, progress, replaced, workplace_of

EPOCH = 1 << 20  # notes, about
WARMING = 200  # steps
CLIP = 1.0  # largest norm of a gradient
JUDGED = {"played": 1_500, "score": 300}  # notes of each valid piece, at most
JUDGED_STRETCH = 256
SHAPE, VARIETY = Shape(), Variety()


@dataclass(frozen=True, slots=True)
class Config:
    """All that decides a run."""

    shape: Shape = SHAPE
    notes: int = 100 * EPOCH  # to learn from, repetitions counted
    falling: float = 0.25  # the share of them in which the rate falls
    lanes: int = 64
    stretch: int = 128  # notes through which gradients go back
    rate: float = 2e-3  # of AdamW
    decay: float = 0.01  # of weights
    seed: int = 1
    bfloat16: bool = True
    kinds: tuple[str, ...] = KINDS
    variety: Variety = VARIETY
    settling: float = 0.1  # the share in which pieces are played as they stand, at the end
    origin: str = ""  # the exported flagship whose weights it begins with; none: with chance

    @classmethod
    def restored(cls, said: dict[str, Any]) -> "Config":
        """The configuration that was stored as a dictionary."""
        values = {
            "shape": Shape(**said["shape"]),
            "kinds": tuple(said["kinds"]),
            "variety": Variety(**said.get("variety", {})),
            "settling": said.get("settling", 0.0),
        }
        return cls(**said | values)

    @property
    def falls_at(self) -> int:
        """The note from which the rate falls."""
        return round(self.notes * (1 - self.falling))

    @property
    def settles_at(self) -> int:
        """The note from which pieces are played as they stand."""
        return round(self.notes * (1 - self.settling))

    def rate_at(self, step: int, notes: int) -> float:
        """The rate of learning at a step, so many notes on."""
        left = (self.notes - notes) / max(self.notes - self.falls_at, 1)
        return self.rate * min((step + 1) / WARMING, 1.0, max(left, 0.0))


@dataclass(slots=True)
class Run:
    """A run as it stands: the network, and all that is carried on."""

    network: Grand
    optimizer: torch.optim.Optimizer
    lanes: Lanes
    state: State
    step: int = 0
    notes: int = 0  # of all processes
    history: list[dict[str, Any]] = field(default_factory=list)


def train(config: Config, data: Path, out: Path, workplace: Workplace, console: Console) -> None:
    """Train to the end, from the last checkpoint in `out` if there is one.

    Raises Refusal where there is not enough music, or `out` holds a run of another configuration.
    """
    wanted = {KINDS.index(kind) for kind in config.kinds}
    pieces = [piece for piece in performances(data, TRAIN) if piece.kind in wanted]
    judged = performances(data, VALID)
    if not pieces:
        raise Refusal(f"{data} holds no music that is {' or '.join(config.kinds)}.")
    torch.manual_seed(config.seed)
    ours = range(workplace.rank, config.lanes, workplace.size)
    network = Grand(config.shape)
    if config.origin:
        network = import_grand.read(Path(config.origin), config.shape)
    network = network.to(workplace.device)
    run = Run(
        network,
        torch.optim.AdamW(
            network.parameters(), lr=config.rate, weight_decay=config.decay, betas=(0.9, 0.98)
        ),
        Lanes(pieces, ours, config.stretch, config.seed, config.variety),
        network.fresh(len(ours)),
    )
    resume(config, out, run, workplace)
    while run.notes < config.notes:
        began, before = time.perf_counter(), run.notes
        torch.manual_seed(config.seed * 1_000_003 + len(run.history))  # of dropout
        learnt = run_epoch(run, config, workplace, console)
        seconds = time.perf_counter() - began
        run.history.append(
            {
                "epoch": len(run.history) + 1,
                "notes": run.notes,
                "train": learnt,
                "valid": judge(run.network, judged, workplace.device, config.bfloat16),
                "seconds": round(seconds, 1),
                "notes_per_second": round((run.notes - before) / seconds),
            }
        )
        keep(config, out, run, workplace)
        if workplace.rank == 0:
            console.print(told(run.history[-1], config))


def run_epoch(run: Run, config: Config, workplace: Workplace, console: Console) -> dict[str, float]:
    """Some 2**20 notes, or what is left of them; the mean bits of each part."""
    until = min(run.notes + EPOCH, config.notes)
    sums, counts = torch.zeros(2, len(PARTS), device=workplace.device)
    began, first = time.perf_counter(), run.notes
    with progress(console, is_shown=workplace.rank == 0) as bar:
        task = bar.add_task("grand", total=until - first)
        while run.notes < until:
            nats, count = learn(run, config, workplace)
            sums += nats
            counts += count
            rate = (run.notes - first) / (time.perf_counter() - began)
            name = f"grand {run.notes / 1e6:.1f}M of {config.notes / 1e6:.0f}M notes, {rate:,.0f}/s"
            bar.update(task, completed=run.notes - first, description=name)
    if workplace.size > 1:
        dist.all_reduce(sums)
        dist.all_reduce(counts)
    return in_bits(sums, counts)


def learn(run: Run, config: Config, workplace: Workplace) -> tuple[Tensor, Tensor]:
    """One step: a stretch of all lanes. The sums of nats (5,) and the notes (5,)."""
    network, device = run.network, workplace.device
    if run.lanes.variety.is_wide and run.notes >= config.settles_at:
        run.lanes.settle()
    stretch = run.lanes.next()
    read, target, kind, begins, is_there = on_device(stretch, device)
    state = run.state.begun(begins, network.fresh(len(begins)))
    network.train()
    with torch.autocast(device.type, torch.bfloat16, enabled=config.bfloat16):
        moment, after = network(read, kind, state)
        nats, counts = network.losses(moment, target, is_there)
    run.optimizer.zero_grad()
    (nats / counts.clamp(min=1)).sum().backward()  # type: ignore[no-untyped-call]
    if workplace.size > 1:
        for gradient in (w.grad for w in network.parameters() if w.grad is not None):
            dist.all_reduce(gradient)
            gradient /= workplace.size
    nn.utils.clip_grad_norm_(network.parameters(), CLIP)
    for group in run.optimizer.param_groups:
        group["lr"] = config.rate_at(run.step, run.notes)
    run.optimizer.step()
    run.state = after.map(lambda tensor: tensor.detach())
    run.step += 1
    run.notes += config.lanes * config.stretch
    return nats.detach(), counts


def on_device(stretch: Stretch, device: torch.device) -> Iterator[Tensor]:
    """The arrays of a stretch as tensors."""
    arrays = (stretch.read, stretch.next, stretch.kind, stretch.begins, stretch.is_there)
    return (torch.from_numpy(np.ascontiguousarray(array)).to(device) for array in arrays)


@torch.no_grad()
def judge(
    network: Grand, pieces: list[Performance], device: torch.device, bfloat16: bool
) -> dict[str, dict[str, float]]:
    """The mean bits of each part on the beginnings of pieces, played ones and scores apart."""
    network.eval()
    said = {}
    for name, most in JUDGED.items():
        ours = [piece for piece in pieces if (piece.kind == SCORE) == (name == "score")]
        if ours:
            music = [(piece.tokens()[: most + 1], piece.kind) for piece in ours]
            with torch.autocast(device.type, torch.bfloat16, enabled=bfloat16):
                said[name] = in_bits(*surprise(network, music, device))
    return said


def surprise(
    network: Grand, music: list[tuple[np.ndarray, int]], device: torch.device
) -> tuple[Tensor, Tensor]:
    """The sums of nats (5,) over all pieces, side by side, and the notes (5,)."""
    longest = max(len(notes) for notes, _ in music)
    padded = np.zeros((len(music), longest, len(PARTS)), dtype=np.int64)
    is_there = np.zeros((len(music), longest), dtype=bool)
    for row, (notes, _) in enumerate(music):
        padded[row, : len(notes)] = notes
        is_there[row, : len(notes)] = True
    kind = torch.tensor([kind for _, kind in music], device=device)
    state = network.fresh(len(music))
    sums, counts = torch.zeros(2, len(PARTS), device=device)
    for first in range(0, longest - 1, JUDGED_STRETCH):
        last = min(first + JUDGED_STRETCH, longest - 1)
        read = torch.from_numpy(padded[:, first:last]).to(device)
        target = torch.from_numpy(padded[:, first + 1 : last + 1]).to(device)
        there = torch.from_numpy(is_there[:, first + 1 : last + 1]).to(device)
        moment, state = network(read, kind, state)
        nats, count = network.losses(moment, target, there)
        sums += nats
        counts += count
    return sums, counts


def in_bits(sums: Tensor, counts: Tensor) -> dict[str, float]:
    """Mean bits by part, and of all parts together."""
    bits = (sums / counts.clamp(min=1) / math.log(2)).tolist()
    said = dict(zip(PARTS, (round(part, 4) for part in bits), strict=True))
    return said | {"total": round(sum(bits), 4)}


def told(epoch: dict[str, Any], config: Config) -> str:
    """An epoch in a line."""
    valid = "; ".join(
        f"{name} " + ", ".join(f"{part} {bits:.3f}" for part, bits in parts.items())
        for name, parts in epoch["valid"].items()
    )
    return (
        f"{epoch['notes'] / 1e6:.1f}M of {config.notes / 1e6:.0f}M notes, "
        f"{epoch['notes_per_second']:,} a second; bits a note: "
        f"train {epoch['train']['total']:.3f}; valid {valid}"
    )


def keep(config: Config, out: Path, run: Run, workplace: Workplace) -> None:
    """Write the checkpoint and the metrics, each whole or not at all."""
    out.mkdir(parents=True, exist_ok=True)
    carried = {
        "visit": torch.from_numpy(run.lanes.visit),
        "at": torch.from_numpy(run.lanes.at),
        "state": [getattr(run.state, name) for name in State.__slots__],
    }
    replaced(out / f"carried{workplace.rank}.pt", carried | {"notes": run.notes})
    if workplace.rank:
        return
    whole = {
        "config": asdict(config),
        "network": run.network.state_dict(),
        "optimizer": run.optimizer.state_dict(),
        "step": run.step,
        "notes": run.notes,
        "history": run.history,
    }
    replaced(out / "checkpoint.pt", whole)
    if run.notes <= config.falls_at:
        replaced(out / "steady.pt", whole)
    (out / "metrics.jsonl").write_text("".join(json.dumps(e) + "\n" for e in run.history))
    (out / "config.json").write_text(json.dumps(asdict(config), indent=2) + "\n")


def resume(config: Config, out: Path, run: Run, workplace: Workplace) -> None:
    """Take up the run that `out` holds, if there is one.

    Raises Refusal where the folder holds a run of another configuration.
    """
    if not (out / "checkpoint.pt").exists():
        return
    kept = torch.load(out / "checkpoint.pt", weights_only=True, map_location="cpu")
    before = Config.restored(kept["config"])
    if asdict(before) | {"notes": 0} != asdict(config) | {"notes": 0}:
        raise Refusal(f"{out} holds a run of another configuration: name another with --out.")
    if before.notes != config.notes and kept["notes"] > before.falls_at:
        kept = torch.load(out / "steady.pt", weights_only=True, map_location="cpu")
    run.network.load_state_dict(kept["network"])
    run.optimizer.load_state_dict(kept["optimizer"])
    run.step, run.notes, run.history = kept["step"], kept["notes"], list(kept["history"])
    carried = torch.load(
        out / f"carried{workplace.rank}.pt", weights_only=True, map_location=workplace.device
    )
    if carried["notes"] == run.notes:
        if run.notes > config.settles_at:
            run.lanes.settle()
        run.lanes.restore(carried["visit"].cpu().numpy(), carried["at"].cpu().numpy())
        run.state = State(*carried["state"])
    else:  # taken up where the rate began to fall: the lanes go on with new pieces
        run.lanes.visit[:] = carried["visit"].cpu().numpy()


@click.command(epilog="\b\nExample:\n  antiphon-train grand --data data --notes 100")
@click.option("--data", type=click.Path(path_type=Path), default=Path("data"), show_default=True)
@click.option("--out", type=click.Path(path_type=Path), default=Path("runs/grand"))
@click.option(
    "--notes",
    type=click.FloatRange(min=0, min_open=True),
    default=100,
    show_default=True,
    help="Millions of notes to learn from. A run that has ended goes on with more.",
)
@click.option("--layers", type=click.IntRange(min=1), default=SHAPE.layers, show_default=True)
@click.option("--width", type=click.IntRange(min=1), default=SHAPE.width, show_default=True)
@click.option(
    "--memory",
    type=click.IntRange(min=0),
    default=SHAPE.memory,
    show_default=True,
    help="Earlier notes that are remembered.",
)
@click.option("--dropout", type=click.FloatRange(0, 0.9), default=SHAPE.dropout, show_default=True)
@click.option("--independent", is_flag=True, help="Heads that do not know of one another.")
@click.option("--no-skip", is_flag=True, help="The last note reaches the heads by the LSTM alone.")
@click.option("--plain", is_flag=True, help="Pieces as they stand: no transposing, no other tempo.")
@click.option(
    "--without-pedal",
    type=click.FloatRange(0, 1),
    default=VARIETY.without_pedal,
    show_default=True,
    help="Share of plays without pedal, their notes held as long as they sounded.",
)
@click.option("--kind", "kinds", type=click.Choice(KINDS), multiple=True, default=KINDS)
@click.option(
    "--from",
    "origin",
    type=click.Path(exists=True, dir_okay=False),
    default="",
    help="An exported flagship to go on from, such as exported_models/grand.onnx.",
)
@click.option(
    "--rate", type=click.FloatRange(0, 1, min_open=True), default=Config().rate, show_default=True
)
@click.option("--lanes", type=click.IntRange(min=1), default=64, show_default=True)
@click.option("--stretch", type=click.IntRange(min=2), default=128, show_default=True)
@click.option("--seed", type=click.IntRange(min=0), default=1, show_default=True)
@click.option("--float32", is_flag=True, help="No bfloat16: faster where a CPU does not know it.")
@click.option("--threads", type=click.IntRange(min=1), default=os.cpu_count() or 1)
def command(data: Path, out: Path, threads: int, **said: Any) -> None:
    """Train the flagship, for as many sittings as it takes."""
    console = Console(stderr=True, highlight=False)
    try:
        train(asked(said), data, out, workplace_of(threads), console)
    except KeyboardInterrupt:
        console.print("Stopped. The same command goes on from the last checkpoint.")
        sys.exit(130)
    finally:
        if dist.is_initialized():
            dist.destroy_process_group()


def asked(said: dict[str, Any]) -> Config:
    """The configuration that was asked for on the command line."""
    shape = Shape(
        layers=said["layers"],
        width=said["width"],
        memory=said["memory"],
        dropout=said["dropout"],
        is_chained=not said["independent"],
        skips=not said["no_skip"],
    )
    return Config(
        shape,
        round(said["notes"] * 1e6),
        lanes=said["lanes"],
        stretch=said["stretch"],
        rate=said["rate"],
        seed=said["seed"],
        bfloat16=not said["float32"],
        kinds=tuple(said["kinds"]),
        variety=Variety(not said["plain"], said["without_pedal"]),
        origin=said["origin"],
    )
