"""Measures speed: of a note, for every model, and of the workshop: where the time goes.

The rule kept here: machines differ, so what counts are the ratios within one run; whatever is
compared is measured one after the other, on the same music, and at rest.
"""

import io
import multiprocessing
import shutil
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import click
import mido
import numpy as np
import pretty_midi
import torch
from rich.console import Console

from performer.bundled_prompt import bundled_prompt
from performer.codec import WINDOW
from performer.improviser import Improviser
from performer.length import Limit
from performer.model import Model
from performer.shelf import models
from performer.taste import Taste
from performer.thought import Thought
from performer.touch import PERFORMED, phrase_tokens
from performer.touch_player import HEARING, TouchPlayer
from trainer.dataset import Pieces
from trainer.network import SHAPES, Prediction, Reference, losses
from trainer.prepare import found, prepare
from trainer.reader import read
from trainer.splits import TRAIN
from trainer.train import Config

FILES = 200  # that are read
BATCHES = 40
SLOW = "model2"
STRETCH = 64  # notes that the other way of training reads on end
LARGER = 8  # times as much music, to see whether memory grows
PLAYED = 1_000  # notes of each model
HEARD_ANEW = 20  # windows

Batches = Iterator[tuple[torch.Tensor, torch.Tensor]]


@contextmanager
def measured(into: dict[str, float], name: str) -> Iterator[None]:
    """Add the seconds that something takes."""
    began = time.perf_counter()
    yield
    into[name] = into.get(name, 0.0) + time.perf_counter() - began


def bench_notes(say: Callable[[str], None]) -> None:
    """What a note costs on one thread, and what it would cost to hear the window before it anew."""
    phrase = bundled_prompt()
    for name, path in models().items():
        improviser = Improviser(Model.load(path))
        notes = improviser.answer(Thought.on(phrase, Taste(), 1, 1), Limit(notes=PLAYED + 1))
        next(notes)  # hears the phrase
        costs = np.array([cost_of(partial(next, notes)) for _ in range(PLAYED)])
        p50, p99 = np.percentile(costs, (50, 99))
        told = f"a note of {name}: median {p50:.2f} ms, p99 {p99:.2f}, of {PLAYED} on one thread"
        if isinstance(player := improviser.player, TouchPlayer):
            tokens = phrase_tokens(phrase)[:WINDOW]

            def anew(player: TouchPlayer = player, tokens: np.ndarray = tokens) -> None:
                memory = player.fresh
                for note in tokens:
                    memory = player.said(note, PERFORMED, memory, HEARING).memory

            window = float(np.median([cost_of(anew) for _ in range(HEARD_ANEW)]))
            told += f"; its state carried on, not {WINDOW} notes heard anew: {window:.1f} ms"
        else:
            told += f"; the window of {WINDOW} notes is heard anew each time"
        say(told)


def cost_of(work: Callable[[], object]) -> float:
    """Milliseconds that something takes."""
    began = time.perf_counter()
    work()
    return 1000 * (time.perf_counter() - began)


def sample(folder: Path, into: Path) -> None:
    """Some files of a folder, evenly chosen."""
    sources = found([folder])
    for number, source in enumerate(sources[:: max(len(sources) // FILES, 1)]):
        shutil.copy(source.path, into / f"{number:05}.mid")


def bench_prepare(folder: Path, say: Callable[[str], None]) -> None:
    """Notes a second with one process and two, and where the time goes."""
    rates = {}
    for processes in (1, 2):
        with tempfile.TemporaryDirectory() as out:
            summary = prepare([folder], Path(out), processes, Console(quiet=True))
        rates[processes] = summary.notes / summary.seconds
        say(f"prepare, {processes} process(es): {rates[processes]:,.0f} notes/s")
    say(f"two processes are {rates[2] / rates[1]:.2f} times as fast as one")
    spent: dict[str, float] = {}
    for path in sorted(folder.iterdir()):
        data = path.read_bytes()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with measured(spent, "bytes to messages (mido)"):
                mido.MidiFile(file=io.BytesIO(data))
            with measured(spent, "the same, and messages to notes (pretty_midi)"):
                pretty_midi.PrettyMIDI(io.BytesIO(data))
        with measured(spent, "the same, and notes to columns in order"):
            read(data)
    whole = max(spent.values())
    for name, seconds in spent.items():
        say(f"  {name}: {seconds / whole:.0%} of the reading")


def bench_training(pieces: Pieces, say: Callable[[str], None]) -> None:
    """Notes a second, in windows as the reference does it, and along the pieces.

    Along the pieces a note is read once instead of 25 times, but the state then holds all notes
    before and not the last 25, so the losses are not the same ones: it would be another model, and
    the references are defined by their window. Only the first layer's products with the notes could
    be shared between windows, and with three features they are nothing.
    """
    torch.manual_seed(0)
    network = Reference(SHAPES[SLOW])
    optimizer = torch.optim.Adam(network.parameters(), fused=True)
    config = Config(SLOW)
    dice = np.random.default_rng(0)
    ways: dict[str, tuple[Batches, Callable[[torch.Tensor], Prediction]]] = {
        "in windows": (batches_of_windows(pieces, config, dice), network),
        "along": (batches_along(pieces, config, dice), partial(on_end, network)),
    }
    rates = {}
    for name, (batches, asked) in ways.items():
        began, notes = time.perf_counter(), 0
        for rows, targets in batches:
            with torch.autocast("cpu", torch.bfloat16):
                predicted = asked(rows)
            optimizer.zero_grad()
            losses(predicted, targets).total.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            notes += len(targets)
        rates[name] = notes / (time.perf_counter() - began)
        say(f"training {SLOW} {name}: {rates[name]:,.0f} notes/s")
    say(f"along the pieces is {rates['along'] / rates['in windows']:.1f} times as fast")


def batches_of_windows(pieces: Pieces, config: Config, dice: np.random.Generator) -> Batches:
    """Windows and the notes after them."""
    for _ in range(BATCHES):
        windows, targets = pieces.windows(*pieces.draw(config.batch, dice))
        yield torch.from_numpy(windows), torch.from_numpy(targets)


def batches_along(pieces: Pieces, config: Config, dice: np.random.Generator) -> Batches:
    """Stretches of pieces, and the note after each of their notes."""
    for _ in range(BATCHES):
        firsts = dice.integers(len(pieces.rows) - STRETCH - 1, size=config.batch)
        places = firsts[:, None] + np.arange(STRETCH)  # (batch, stretch)
        rows, targets = pieces.rows[places], pieces.rows[places + 1].reshape(-1, 3)
        yield torch.from_numpy(np.asarray(rows)), torch.from_numpy(np.asarray(targets))


def on_end(network: Reference, rows: torch.Tensor) -> Prediction:
    """What the network says after each note of each stretch, its state carried along."""
    hidden, _ = network.lstm(rows)  # (batch, stretch, width)
    return network.heads(hidden.reshape(-1, hidden.shape[-1]))


def memory_of_training(data: Path) -> int:
    """Bytes that a process holds of its own after some batches; what is mapped is not its own."""
    pieces = Pieces.load(data, TRAIN)
    network = Reference(SHAPES["model3"])
    for rows, targets in batches_of_windows(pieces, Config("model3"), np.random.default_rng(0)):
        losses(network(rows), targets).total.backward()  # type: ignore[no-untyped-call]
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * int(next(line.split()[1] for line in lines if line.startswith("RssAnon")))


def bench_memory(data: Path, say: Callable[[str], None]) -> None:
    """Memory with the music as it is, and with several times as much."""
    if not Path("/proc/self/status").exists():
        say("memory is only measured on Linux")
        return
    with tempfile.TemporaryDirectory() as larger:
        for name in (f"{TRAIN}.npy", f"{TRAIN}_lengths.npy"):
            music = np.load(data / name)
            np.save(Path(larger) / name, np.concatenate([music] * LARGER))
        sizes = {}
        for times, folder in ((1, data), (LARGER, Path(larger))):
            with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
                sizes[times] = pool.submit(memory_of_training, folder).result()
    say(f"training holds {sizes[1] >> 20} MB, with {LARGER} times the music {sizes[LARGER] >> 20}")


@click.command(epilog="\b\nExample:\n  antiphon-train bench midi")
@click.argument("folder", type=click.Path(path_type=Path), metavar="DIR")
def command(folder: Path) -> None:
    """Measure what a note costs, and the workshop's speed on a folder of MIDI files."""
    torch.set_num_threads(1)
    bench_notes(click.echo)
    with tempfile.TemporaryDirectory() as place:
        files, data = Path(place) / "midi", Path(place) / "data"
        files.mkdir()
        sample(folder, files)
        bench_prepare(files, click.echo)
        prepare([files], data, 1, Console(quiet=True))
        bench_training(Pieces.load(data, TRAIN), click.echo)
        bench_memory(data, click.echo)
