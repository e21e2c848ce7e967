"""Does it help to choose? The best of several continuations beside single ones, before a judge.

The rules kept here: all are judged as models are (see `judges`), on the same prompts of works that
nobody learnt from; single draws are the first candidates of the very same choice. What would be
played is chosen as on stage, an opening first and then a little at a time; the best and the worst
of whole answers are judged too: a choice that means something must make the worst easier to tell.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import click
import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track

from performer.choice import Critic, Wanted, seeds, thought_through
from performer.critic import as_on_stage, critic_of
from performer.improviser import Improviser
from performer.length import Limit
from performer.messages import Care
from performer.model import Model
from performer.notes import as_sounded
from performer.taste import Taste
from performer.thought import Thought
from trainer import judges
from trainer.continuations import name_of, turn_of
from trainer.judges import Trial
from trainer.page import written
from trainer.splits import TEST
from trainer.works import ANSWER_NOTES, Excerpt, Heard, as_heard, excerpts, played, read_works

SEED = 1
SINGLE, PLAYED, BEST, WORST = "single draws", "as played", "the best", "the worst"


@dataclass(frozen=True, slots=True, eq=False)
class Candidates:
    """Some continuations of one prompt, and what was thought of them."""

    music: NDArray[np.float32]  # (candidates, notes, 4)
    likeness: NDArray[np.float32]  # (candidates,)
    played: NDArray[np.float32]  # (notes, 4) what the instrument would play

    def chosen(self) -> dict[str, Heard]:
        """The first, what would be played, and of the whole candidates the best and the worst."""
        chosen = {
            SINGLE: self.music[0],
            PLAYED: self.played,
            BEST: self.music[self.likeness.argmax()],
            WORST: self.music[self.likeness.argmin()],
        }
        return {name: music.astype(np.float64) for name, music in chosen.items()}


def continued(improviser: Improviser, critic: Critic, ask: Excerpt, count: int) -> Candidates:
    """So many continuations of a prompt, each thought through to its end."""
    turn, wanted = turn_of(ask.prompt), Wanted(count, Limit(notes=ANSWER_NOTES))
    thoughts = [Thought.on(ask.prompt, Taste(), seed, turn) for seed in seeds(SEED, count)]
    opinions = thought_through(improviser, thoughts, wanted, critic)
    music = [as_heard(as_sounded(opinion.said)) for opinion in opinions]
    likeness = [opinion.likeness or 0.0 for opinion in opinions]
    _, answer = as_on_stage(improviser, thoughts[0], wanted.limit, Care(count), critic)
    played_on = as_heard(as_sounded([note for note, _, _ in answer]))
    return Candidates(
        np.stack(music).astype(np.float32),
        np.array(likeness, dtype=np.float32),
        played_on.astype(np.float32),
    )


def kept(
    improviser: Improviser, critic: Critic, asked: Sequence[Excerpt], count: int, folder: Path
) -> Iterator[Candidates]:
    """The same, from the folder where they are there."""
    folder.mkdir(parents=True, exist_ok=True)
    for ask in asked:
        told = (improviser.model.sha256, getattr(critic.scorer, "card", None), count)
        name = hashlib.sha256(f"{told!r} {name_of(ask.prompt)}".encode()).hexdigest()[:32]
        path = folder / f"{name}.npz"
        if not path.exists():
            found = continued(improviser, critic, ask, count)
            np.savez(path.with_suffix(".part.npz"), **asdict(found))
            path.with_suffix(".part.npz").replace(path)
        with np.load(path) as file:
            yield Candidates(file["music"], file["likeness"], file["played"])


@click.command(
    epilog="\b\nExample:\n  antiphon-train best-of exported_models/grand.onnx --data data"
)
@click.argument("model", type=click.Path(path_type=Path))
@click.option("--data", type=click.Path(path_type=Path), default=Path("data"), show_default=True)
@click.option("--excerpts", "count", type=click.IntRange(min=20), default=150, show_default=True)
@click.option("--best-of", "of", type=click.IntRange(min=2), default=8, show_default=True)
@click.option(
    "--kept",
    "folder",
    type=click.Path(path_type=Path),
    default=Path("chosen"),
    show_default=True,
    help="Where what was played is kept, to go on from.",
)
def command(model: Path, data: Path, count: int, of: int, folder: Path) -> None:
    """Judge the best of several continuations beside single ones."""
    console = Console(stderr=True, highlight=False)
    improviser = Improviser(Model.load(model))
    critic = critic_of(improviser.model)
    asked = excerpts(played(read_works(data, TEST)), count)
    found = list(
        track(
            kept(improviser, critic, asked, of, folder),
            f"Playing each prompt {of} times",
            total=len(asked),
            console=console,
        )
    )
    works = [ask.work.number for ask in asked]
    for name in (SINGLE, PLAYED, BEST, WORST):
        trial = Trial.of([ask.real for ask in asked], [one.chosen()[name] for one in found], works)
        with_touch, without = judges.judged(trial, [True, False])
        click.echo(
            f"{name} (of {of}): AUC by descriptors {written(without.auc)} without, "
            f"{written(with_touch.auc)} with velocity"
        )
