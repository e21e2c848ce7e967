"""Makes the index by which the instrument hears that it quotes a piece it learnt from.

The rule kept here: the index is made of the very works that a model learnt from, and names the
models; what stands in more than a few works is common property and quotes none of them.
"""

from collections.abc import Sequence
from pathlib import Path

import click
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from performer.model import Model
from performer.quotations import COMMON, FILE, RUN, Quotations, is_held, marks_of
from performer.shelf import SHIPPED
from performer.take import write_whole
from trainer.lanes import performances
from trainer.splits import TRAIN

MOST_OWNERS = 8  # pieces; a run in more than these is a scale, a trill or an exercise


def index_of(
    lines: Sequence[NDArray[np.integer]], titles: Sequence[str], models: Sequence[str]
) -> Quotations:
    """The index of pieces, given by their pitches in the order in which a model reads them."""
    marks, owners = [], []
    for number, line in enumerate(lines):
        found = held(line)
        marks.append(found)
        owners.append(np.full(len(found), number, dtype=np.uint16))
    return _without_common(
        np.concatenate([*marks, np.empty(0, dtype=np.uint32)]),
        np.concatenate([*owners, np.empty(0, dtype=np.uint16)]),
        Quotations(np.empty(0, np.uint32), np.empty(0, np.uint16), tuple(titles), tuple(models)),
    )


def held(line: NDArray[np.integer]) -> NDArray[np.uint32]:
    """The different runs of a piece that the index holds."""
    jumps = np.diff(line)
    if len(jumps) < RUN:
        return np.empty(0, dtype=np.uint32)
    marks = marks_of(np.lib.stride_tricks.sliding_window_view(jumps, RUN))
    return np.unique(marks[is_held(marks)])


def _without_common(
    marks: NDArray[np.uint32], owners: NDArray[np.uint16], of: Quotations
) -> Quotations:
    """The index with one line for each run that too many share."""
    order = np.lexsort((owners, marks))
    marks, owners = marks[order], owners[order]
    _, firsts, counts = np.unique(marks, return_index=True, return_counts=True)
    many = np.repeat(counts, counts)
    is_kept = many <= MOST_OWNERS
    is_kept[firsts] = True
    owners = np.where(many > MOST_OWNERS, COMMON, owners).astype(np.uint16)
    return Quotations(marks[is_kept], owners[is_kept], of.titles, of.models)


def library(data: Path) -> tuple[list[NDArray[np.int64]], list[str]]:
    """The pitches and the titles of all pieces that were learnt from. Raises Refusal."""
    told = pd.read_parquet(data / "pieces.parquet").set_index("piece")
    music = performances(data, TRAIN)
    names = [told.loc[one.piece] for one in music]
    titles = [
        ", ".join(part for part in (row["composer"], row["title"]) if part) or str(row.name)
        for row in names
    ]
    return [one.pitch for one in music], titles


@click.command(
    epilog="\b\nExample:\n  antiphon-train quotations exported_models/*.onnx --data data"
)
@click.argument(
    "models", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="MODEL..."
)
@click.option("--data", type=click.Path(path_type=Path), default=Path("data"), show_default=True)
@click.option(
    "--out", type=click.Path(path_type=Path), default=SHIPPED / FILE, help="Where it is written."
)
def command(models: tuple[Path, ...], data: Path, out: Path) -> None:
    """Index the pieces that models learnt from, so that they can hear themselves quote."""
    fingerprints = [Model.load(path).sha256 for path in models]
    lines, titles = library(data)
    index = index_of(lines, titles, fingerprints)
    written = index.to_bytes()
    write_whole(out, written)
    click.echo(
        f"{out}: {len(index.marks):,} runs of {len(titles):,} pieces, {len(written) / 1e6:.1f} MB"
    )
