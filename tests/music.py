"""Music for the trainer's tests: short, made up, and the same every time."""

from collections.abc import Sequence
from pathlib import Path

import mido
import numpy as np
import torch
from rich.console import Console

from performer.codec import Floats, features
from trainer.dataset import Pieces
from trainer.prepare import prepare
from trainer.train import Config, Workplace, train

QUIET = Console(quiet=True)
torch.set_num_threads(1)  # so small a network makes two threads wait for each other


def write_midi(path: Path, pitches: Sequence[int], ticks: int = 240, **meta: int) -> Path:
    """A .mid of one voice: a note every so many ticks (480 a quarter), each half as long."""
    track = mido.MidiTrack()
    for kind, tempo in meta.items():
        track.append(mido.MetaMessage(f"set_{kind}", tempo=tempo))
    for index, pitch in enumerate(pitches):
        wait = ticks - ticks // 2 if index else 0
        track.append(mido.Message("note_on", note=pitch, velocity=64, time=wait))
        track.append(mido.Message("note_off", note=pitch, velocity=0, time=ticks // 2))
    path.parent.mkdir(parents=True, exist_ok=True)
    mido.MidiFile(tracks=[track], ticks_per_beat=480).save(path)
    return path


def melody(seed: int, notes: int = 60) -> list[int]:
    """Some keys in the middle of the piano."""
    return [int(pitch) for pitch in np.random.default_rng(seed).integers(48, 84, notes)]


def rows(seed: int, notes: int) -> Floats:
    """Random notes as the rows that a model reads."""
    dice = np.random.default_rng(seed)
    return features(
        dice.integers(40, 90, notes), dice.exponential(0.2, notes), dice.exponential(0.4, notes)
    )


def write_data(folder: Path, pieces: int = 6, notes: int = 60) -> Path:
    """Prepared music as training reads it: the three splits."""
    folder.mkdir(parents=True, exist_ok=True)
    for seed, split in enumerate(("train", "valid", "test")):
        np.save(folder / f"{split}.npy", rows(seed, pieces * notes))
        np.save(folder / f"{split}_lengths.npy", np.full(pieces, notes))
    return folder


def prepared(folder: Path) -> Path:
    """A small library, prepared, and a run of model3 that has learnt from it a little."""
    for number in range(12):
        write_midi(
            folder / "midi" / f"{number:02}.mid", melody(number, notes=160), ticks=120 + 40 * number
        )
    prepare([folder / "midi"], folder / "data", 1, QUIET)
    config = Config("model3", epochs=2, windows=640)
    train(
        config, folder / "data", folder / "runs" / "model3", Workplace(torch.device("cpu")), QUIET
    )
    return folder


def pieces_of(*lengths: int) -> Pieces:
    """Pieces of so many notes each, in which no two notes are the same."""
    total = sum(lengths)
    numbered = np.stack([np.arange(1, total + 1)] * 3, axis=-1).astype(np.float32)
    return Pieces.of(numbered, np.array(lengths))
