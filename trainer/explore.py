"""Shows what the music is made of before anything learns from it: one page to read or to print.

The rules kept here: every note counts, none is sampled. One pass over the notes sorts them into
narrow bins, so that memory does not grow with the corpus, and densities, shares and distances are
all read off these counts (seaborn's kernel densities take minutes for millions of notes, and one
width of kernel for peaks of all widths; a Gaussian drawn over narrow bins takes milliseconds).
Times stand on a scale of doublings, as note values do, and a time of exactly zero, which has no
place there, is counted apart. The same data gives the same files, byte for byte.
"""

import base64
import html
import io
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

import click
import matplotlib
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LinearSegmentedColormap, Normalize
from matplotlib.figure import Figure
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from performer.refusal import Refusal

# What prepare writes: two tables and their columns.
NOTES, PIECES = "notes.parquet", "pieces.parquet"
PIECE, PITCH, STEP, DURATION, VELOCITY = "piece", "pitch", "step", "duration", "velocity"
START, END = "start", "end"
SPLIT, KIND, SET, COMPOSER, TITLE = "split", "kind", "set", "composer", "title"
CATALOGUED = (SPLIT, KIND, SET, COMPOSER, TITLE)
HUMAN = ("performed", "expressive")  # kinds
TRAIN, VALID, TEST = "train", "valid", "test"

UNSTATED = "not stated"
AT_ONCE = 1 << 18  # notes in memory at a time
LIKED_NOTES = 500  # of a sample piece: enough to see, few enough to print
TOO_LONG = 10_000  # notes by which a piece counts as further off if no picture can hold it
NEAR = 50  # pieces of about that size, among which the sample is chosen

Counts = NDArray[np.int64]
Doubles = NDArray[np.float64]

# Okabe and Ito's colours, which colour-blind eyes tell apart; lines differ in stroke too.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
STROKES: tuple[Any, ...] = (
    "-",
    (0, (5, 1.5)),
    (0, (6, 1.5, 1, 1.5)),
    (0, (1, 1)),
    (0, (3, 1)),
    (0, (8, 2)),
)
PALE, INK = "#d9d9d9", "#333333"
LOUDNESS = LinearSegmentedColormap.from_list("loudness", ["#cfe3f1", "#0072b2", "#00243b"])
STYLE: dict[Any, Any] = {
    "font.size": 10,
    "axes.titlesize": 11,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "legend.frameon": False,
    "figure.dpi": 200,
}
WIDTH = 7.2  # inches, the text width of a printed page

ROW_SECONDS, MOST_ROWS = 30.0, 5  # of a piano roll
BLACK_KEYS = (1, 3, 6, 8, 10)
OCTAVE = 12
MOST_COMPOSERS = 20
BLINK = 0.02  # seconds: no finger holds a key for less
NARROW = 8.0  # doublings of time; beyond, only 1, 10, 100 are named
TRACE = 0.0005  # of the notes, at each end of an axis, may lie beyond a picture


@dataclass(frozen=True, slots=True)
class Axis:
    """A property of notes, cut into narrow bins; times in doublings of a second (log2)."""

    name: str
    unit: str
    low: float
    width: float  # of a bin
    bins: int
    kernel: float  # standard deviation of the Gaussian that smooths a density, on the axis
    grain: float = 0.0  # seconds by which a time is uncertain however short it is
    is_time: bool = False

    @property
    def middles(self) -> Doubles:
        """The middle of each bin, on the axis."""
        return np.asarray(self.low + self.width * (np.arange(self.bins) + 0.5), np.float64)

    @property
    def points(self) -> Doubles:
        """Where densities are drawn: close enough for a smooth line."""
        return self.middles if self.is_time else np.arange(1025) / 8 - 0.5

    @property
    def values(self) -> Doubles:
        """The middle of each bin as a value: a MIDI number, or seconds."""
        values: Doubles = np.exp2(self.middles) if self.is_time else self.middles
        return values

    def cells(self, values: Doubles) -> Counts:
        """Where each value is counted: 0 if missing, 1 if a time of exactly zero, else 2 + bin."""
        with np.errstate(divide="ignore", invalid="ignore"):
            places = np.log2(values) if self.is_time else values
            found = np.floor((places - self.low) / self.width)
        is_zero = self.is_time & (values == 0)
        is_missing = ~np.isfinite(found) & ~is_zero
        inner = np.clip(np.where(is_missing | is_zero, 0, found), 0, self.bins - 1)
        cells = np.where(is_zero, 1, np.where(is_missing, 0, 2 + inner))
        return cells.astype(np.int64)


TICK = 0.0006  # seconds, half of what common files count in: else each tick is a peak
AXES = (
    Axis(PITCH, "pitch", -0.5, 1.0, 128, 0.7),
    Axis(STEP, "seconds since the onset before", -14.0, 1 / 64, 64 * 31, 1 / 16, TICK, True),
    Axis(DURATION, "seconds that a key is held", -14.0, 1 / 64, 64 * 31, 1 / 16, TICK, True),
    Axis(VELOCITY, "velocity", -0.5, 1.0, 128, 1.0),
)


@cache
def kernels(axis: Axis) -> Doubles:
    """The Gaussian around the middle of each bin, drawn at each point: (points, bins), area 1.

    That of a time is wider at the short end, where the file's own ticks would show as peaks.
    """
    grain = axis.grain / axis.values / np.log(2) if axis.is_time else 0.0  # doublings
    widths = np.hypot(axis.kernel, np.broadcast_to(grain, axis.bins))
    distances = (axis.points[:, None] - axis.middles) / widths
    return np.asarray(np.exp(-0.5 * distances**2) / (widths * np.sqrt(2 * np.pi)))


@dataclass(frozen=True, slots=True, eq=False)
class Spread:
    """How the values of some notes lie on an axis."""

    axis: Axis
    cells: Counts  # (2 + bins,): missing, exactly zero, then the bins

    @property
    def notes(self) -> int:
        """Notes whose value is known."""
        return int(self.cells[1:].sum())

    @property
    def missing(self) -> int:
        """Notes without a value, or with a negative time."""
        return int(self.cells[0])

    @property
    def zero_share(self) -> float:
        """The part of the notes whose time is exactly zero."""
        return float(self.cells[1]) / max(self.notes, 1)

    @property
    def density(self) -> Doubles:
        """Part of the notes by unit of the axis, at its points; the area lacks the exact zeros."""
        return np.asarray(kernels(self.axis) @ self.cells[2:].astype(np.float64)) / max(
            self.notes, 1
        )

    @property
    def cumulative(self) -> Doubles:
        """The part of the notes up to zero (first) and up to each bin: (1 + bins,)."""
        return np.cumsum(self.cells[1:]) / max(self.notes, 1)

    def quantile(self, part: float) -> float:
        """The value below which this part of the notes lies, without the exact zeros."""
        heaped = np.cumsum(self.cells[2:])
        if heaped[-1] == 0:
            return float("nan")
        return float(self.axis.values[np.searchsorted(heaped, part * heaped[-1])])

    def part_below(self, value: float) -> float:
        """The part of the notes below a value, exact zeros among them."""
        below = self.axis.values < value
        return float(self.cells[1] + self.cells[2:][below].sum()) / max(self.notes, 1)

    def ks(self, other: "Spread") -> float:
        """Kolmogorov and Smirnov's distance: the widest gap of the cumulated shares, 0 to 1."""
        return float(np.abs(self.cumulative - other.cumulative).max())

    def wasserstein(self, other: "Spread") -> float:
        """By how much a note's value must change on average to turn one into the other."""
        values = np.concatenate([[0.0], self.axis.values])
        gaps = np.abs(self.cumulative - other.cumulative)
        return float((gaps[:-1] * np.diff(values)).sum())


@dataclass(frozen=True, slots=True, eq=False)
class Corpus:
    """The pieces with what was counted of them, and the counts of their notes."""

    pieces: pd.DataFrame  # a row a piece: what is catalogued, then notes, velocities, seconds
    groups: pd.DataFrame  # a row a group: split and kind
    counts: dict[str, Counts]  # by axis, (groups, 2 + bins)
    missing: dict[str, int]  # by column of the notes

    def spread(self, axis: Axis, **of: str) -> Spread:
        """The notes of all groups, or of those with this split or this kind."""
        is_asked = np.ones(len(self.groups), dtype=bool)
        for column, name in of.items():
            is_asked &= (self.groups[column] == name).to_numpy()
        return Spread(axis, self.counts[axis.name][is_asked].sum(axis=0))

    @property
    def notes(self) -> int:
        """All notes."""
        return int(self.pieces["notes"].sum())

    def notes_by(self, column: str) -> pd.Series:
        """Notes by what stands in a column of the pieces, most first; only where there are any."""
        by_name = self.pieces.groupby(column)["notes"].sum()
        ordered = by_name.sort_index().sort_values(ascending=False, kind="stable")
        return ordered[ordered > 0]


def read(data: Path, advance: Callable[[float], None]) -> Corpus:
    """Count a prepared corpus in one pass; `advance` hears which part of it has been read.

    Raises Refusal where there is none.
    """
    pieces = read_pieces(data)
    groups = pieces[[SPLIT, KIND]].drop_duplicates().sort_values([SPLIT, KIND], ignore_index=True)
    group_of = pd.MultiIndex.from_frame(groups).get_indexer(
        pd.MultiIndex.from_frame(pieces[[SPLIT, KIND]])
    )
    counts = {axis.name: np.zeros((len(groups), 2 + axis.bins), np.int64) for axis in AXES}
    notes = np.zeros(len(pieces), np.int64)
    heard = np.zeros((len(pieces), 2 + AXES[3].bins), dtype=bool)  # velocities
    seconds = np.zeros(len(pieces))
    table = opened(data / NOTES)
    missing = dict.fromkeys(table.schema_arrow.names, 0)
    for batch in table.iter_batches(AT_ONCE):
        for name, column in zip(batch.schema.names, batch.columns, strict=True):
            missing[name] += absent(column)
        of_piece = places(batch.column(PIECE), pieces.index, data)
        notes += np.bincount(of_piece, minlength=len(pieces))
        for axis in AXES:
            values = doubles(batch.column(axis.name))
            cells = group_of[of_piece] * (2 + axis.bins) + axis.cells(values)
            counted = np.bincount(cells, minlength=counts[axis.name].size)
            counts[axis.name] += counted.reshape(counts[axis.name].shape)
        np.fmax.at(seconds, of_piece, doubles(batch.column(END)))
        heard[of_piece, AXES[3].cells(doubles(batch.column(VELOCITY)))] = True
        advance(len(batch) / table.metadata.num_rows)
    measured = pieces.assign(notes=notes, velocities=heard[:, 2:].sum(axis=1), seconds=seconds)
    if notes.sum() == 0:
        raise Refusal(f"{data} holds no notes: give antiphon-train prepare some MIDI files.")
    return Corpus(measured, groups, counts, missing)


def opened(path: Path) -> pq.ParquetFile:
    """A table of prepared notes. Raises Refusal where it is missing or is none."""
    try:
        table = pq.ParquetFile(path)
    except FileNotFoundError:
        raise Refusal(
            f"{path.parent} holds no prepared music: run antiphon-train prepare."
        ) from None
    except pa.ArrowInvalid:
        raise Refusal(f"{path} cannot be read: run antiphon-train prepare again.") from None
    lacking = {PIECE, *(axis.name for axis in AXES), START, END} - set(table.schema_arrow.names)
    if lacking:
        raise Refusal(
            f"{path} lacks {', '.join(sorted(lacking))}: run antiphon-train prepare again."
        )
    return table


def read_pieces(data: Path) -> pd.DataFrame:
    """The table of pieces, by piece; what a catalogue would say is `not stated` without one."""
    try:
        table = pd.read_parquet(data / PIECES)
    except FileNotFoundError:
        raise Refusal(f"{data} holds no prepared music: run antiphon-train prepare.") from None
    except pa.ArrowInvalid:
        raise Refusal(
            f"{data / PIECES} cannot be read: run antiphon-train prepare again."
        ) from None
    pieces = table.set_index(PIECE)
    return pd.DataFrame({name: stated(pieces, name) for name in CATALOGUED}, index=pieces.index)


def stated(pieces: pd.DataFrame, name: str) -> "pd.Series | str":
    """A column, with a word for what is not stated in it."""
    if name not in pieces:
        return UNSTATED
    column = pieces[name].astype(object).where(pieces[name].notna(), "").astype(str).str.strip()
    return column.replace("", UNSTATED)


def absent(column: pa.Array) -> int:
    """How many values of a column are missing."""
    is_absent = pc.is_null(column, nan_is_null=pa.types.is_floating(column.type))
    return int(pc.sum(is_absent).as_py() or 0)


def doubles(column: pa.Array) -> Doubles:
    """A column of numbers, NaN where one is missing."""
    return np.asarray(column.cast(pa.float64()).to_numpy(zero_copy_only=False))


def places(column: pa.Array, pieces: pd.Index, data: Path) -> Counts:
    """Where each note's piece stands among the pieces."""
    if not pa.types.is_dictionary(column.type):
        column = column.dictionary_encode()
    found = pieces.get_indexer(pd.Index(column.dictionary.to_pylist()))
    of_piece = found[column.indices.to_numpy(zero_copy_only=False).astype(np.int64)]
    if (of_piece < 0).any():
        raise Refusal(f"{data / PIECES} lacks a piece of the notes: run antiphon-train prepare.")
    return np.asarray(of_piece, dtype=np.int64)


# The sample piece


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """One piece, to look at closely."""

    name: str
    title: str
    notes: pd.DataFrame

    def spread(self, axis: Axis) -> Spread:
        """How its notes lie on an axis."""
        cells = axis.cells(self.notes[axis.name].to_numpy(np.float64, na_value=np.nan))
        return Spread(axis, np.bincount(cells, minlength=2 + axis.bins))


def chosen(corpus: Corpus, asked: str | None) -> str:
    """The piece whose name or title holds these words; without them, one that is good to look at.

    Good to look at is a human's playing before a score, some 500 notes long, short enough for one
    picture, and of such the one with the richest dynamics. Raises Refusal unless one piece fits.
    """
    pieces = corpus.pieces[corpus.pieces["notes"] > 0]
    if asked is None:
        is_human = pieces[KIND].isin(HUMAN)
        liked = pieces[is_human] if is_human.any() else pieces
        distance = (liked["notes"] - LIKED_NOTES).abs()
        distance += np.where(liked["seconds"] > MOST_ROWS * ROW_SECONDS, TOO_LONG, 0)
        near = liked.loc[distance.sort_index().sort_values(kind="stable").index[:NEAR]]
        return str(near["velocities"].idxmax())
    if asked in pieces.index:
        return asked
    texts = (pieces.index.astype(str) + " " + pieces[TITLE]).str.lower()
    fitting = [
        piece for piece, text in zip(pieces.index, texts, strict=True) if asked.lower() in text
    ]
    if len(fitting) == 1:
        return str(fitting[0])
    if not fitting:
        raise Refusal(f"No piece is called {asked}: give a part of a file's name or of a title.")
    raise Refusal(
        f"{len(fitting)} pieces are called {asked}, such as {fitting[0]}: give more of it."
    )


def read_sample(data: Path, corpus: Corpus, piece: str) -> Sample:
    """The notes of one piece, by onset."""
    columns = [PITCH, STEP, DURATION, VELOCITY, START, END]
    notes = pq.read_table(data / NOTES, columns=columns, filters=[(PIECE, "=", piece)]).to_pandas()
    row = corpus.pieces.loc[piece]
    named = [text for text in (str(row[COMPOSER]), str(row[TITLE])) if text != UNSTATED]
    return Sample(piece, ": ".join(named) or Path(piece).stem, notes.sort_values([START, PITCH]))


# The pictures


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """A drawing with its words."""

    name: str  # of its file, without .png
    caption: str
    alt: str  # what it shows, for those who cannot see it
    figure: Figure

    @property
    def png(self) -> bytes:
        """The drawing as a file."""
        file = io.BytesIO()
        self.figure.savefig(file, format="png", metadata={"Software": None})
        return file.getvalue()


def pitch_name(pitch: int) -> str:
    """A C by its octave.

    >>> pitch_name(60)
    'C4'
    """
    return f"C{pitch // OCTAVE - 1}"


def time_name(seconds: float) -> str:
    """A time as one says it.

    >>> time_name(0.01), time_name(1.0), time_name(0.4876)
    ('10 ms', '1 s', '488 ms')
    """
    return f"{seconds:.3g} s" if seconds >= 1 else f"{seconds * 1000:.3g} ms"


def percent(part: float) -> str:
    """A part of one as a percentage; a trace is told from none.

    >>> percent(0.5123), percent(0.0), percent(0.0001)
    ('51.2 %', '0 %', '<0.1 %')
    """
    if 0 < part < 0.0005:
        return "<0.1 %"
    return f"{100 * part:.1f} %" if part else "0 %"


def limits(axis: Axis, spreads: Iterable[Spread]) -> tuple[float, float]:
    """The part of an axis that holds all but a trace of the notes of each."""
    ends = []
    for spread in spreads:
        heaped = np.cumsum(spread.cells[2:])
        traces = (TRACE * heaped[-1], (1 - TRACE) * heaped[-1])
        ends += list(np.searchsorted(heaped, traces)) if heaped[-1] else []
    middles = axis.middles[ends] if ends else axis.middles
    margin = 4 * axis.kernel
    return float(middles.min() - margin), float(middles.max() + margin)


def axis_name(axis: Axis) -> str:
    """What an axis measures, and how."""
    return f"{axis.unit}, logarithmic" if axis.is_time else axis.unit


def show_axis(axes: Axes, axis: Axis, ends: tuple[float, float]) -> None:
    """Ticks that a musician reads, between two ends."""
    if axis.is_time:
        decades = [10.0**power for power in range(-4, 5)]
        is_narrow = ends[1] - ends[0] < NARROW
        named = [tick * times for tick in decades for times in ((1, 3) if is_narrow else (1,))]
        named = [tick for tick in named if ends[0] <= np.log2(tick) <= ends[1]]
        minor = np.log2([tick * times for tick in decades for times in range(2, 10)])
        axes.set_xticks(list(np.log2(named)), [time_name(tick) for tick in named])
        axes.set_xticks(minor[(ends[0] <= minor) & (minor <= ends[1])], minor=True)
    elif axis.name == PITCH:
        octaves = range(0, 128, OCTAVE)
        axes.set_xticks(octaves, [pitch_name(pitch) for pitch in octaves])
    else:
        axes.set_xticks(range(0, 129, 16))
    axes.set_xlim(*ends)


def zeros_beside(figure: Figure, spread: Spread) -> tuple[Axes | None, Axes]:
    """Room for the bars of exact zeros, where there are any, and for the rest beside it."""
    if not spread.cells[1]:
        return None, figure.add_subplot()
    left, right = figure.subplots(1, 2, width_ratios=[1, 4])
    return left, right


def draw_zeros(axes: Axes, parts: dict[str, float]) -> None:
    """A bar for the share of exact zeros in each."""
    for place, part in enumerate(parts.values()):
        colour = COLOURS[place % len(COLOURS)]
        axes.bar(place, 100 * part, width=0.7, color=colour)
        label = percent(part).removesuffix(" %")
        axes.text(place, 100 * part, label, ha="center", va="bottom", fontsize=9, color=INK)
    axes.set_xticks([])
    axes.set_xlim(-0.6, max(len(parts), 2) - 0.4)
    axes.set_ylim(0, max(100 * max(parts.values()), 1) * 1.15)
    axes.set_title("exactly 0")
    axes.set_ylabel("% of notes")


def density_label(axis: Axis) -> str:
    """What the height of a density means."""
    unit = {PITCH: "semitone", VELOCITY: "step of velocity"}.get(axis.name, "doubling of time")
    return f"% of notes per {unit}"


def densities(axis: Axis, whole: Spread, kinds: dict[str, Spread]) -> Picture:
    """The kernel density of an axis: the whole corpus as a shape, each kind as a line."""
    figure = Figure(figsize=(WIDTH, 3.4), layout="constrained")
    left, axes = zeros_beside(figure, whole)
    axes.fill_between(axis.points, 100 * whole.density, color=PALE, lw=0, label="all notes")
    lines = kinds if len(kinds) > 1 else {"all notes": whole}
    for place, (kind, spread) in enumerate(list(lines.items())[: len(COLOURS)]):
        (line,) = axes.plot(axis.points, 100 * spread.density, color=COLOURS[place], lw=1.6)
        line.set_linestyle(STROKES[place])
        line.set_label(kind if len(kinds) > 1 else "_")
    show_axis(axes, axis, limits(axis, [whole, *kinds.values()]))
    axes.set_ylim(bottom=0)
    axes.set_xlabel(axis_name(axis))
    axes.set_title(f"{axis.name} of {whole.notes:,} notes")
    axes.set_ylabel(density_label(axis))
    axes.legend(loc="upper right")
    if left is not None:
        draw_zeros(left, {kind: spread.zero_share for kind, spread in lines.items()})
    zeros = f" {percent(whole.zero_share)} are exactly zero." if axis.is_time else ""
    middle = ", ".join(f"{kind} {value_name(axis, s.quantile(0.5))}" for kind, s in lines.items())
    return Picture(
        f"density_{axis.name}",
        f"Kernel density of {axis.name} over all {whole.notes:,} notes (Gaussian of "
        f"{kernel_name(axis)}).{zeros}",
        f"Curves of {axis.name} by kind of source. Medians: {middle}.{zeros}",
        figure,
    )


def kernel_name(axis: Axis) -> str:
    """The width of the smoothing, in words."""
    if axis.is_time:
        return f"{100 * (2**axis.kernel - 1):.1f} % of the time and {1000 * axis.grain:.1f} ms"
    return f"{axis.kernel:.1f} {'semitones' if axis.name == PITCH else 'steps of velocity'}"


def value_name(axis: Axis, value: float) -> str:
    """A value of an axis with its unit."""
    if np.isnan(value):
        return "none"
    return time_name(value) if axis.is_time else f"{value:.0f}"


def sample_distributions(sample: Sample) -> Picture:
    """Pitch, step and duration of one piece, as bars."""
    figure = Figure(figsize=(WIDTH, 5.0), layout="constrained")
    panels = figure.subplot_mosaic("pp;sd")
    for name, axis, colour in zip("psd", AXES, COLOURS, strict=False):
        draw_bars(panels[name], sample.spread(axis), colour)
    panels["p"].set_title(f"pitch in {shortened(sample.title, 70)}")
    step, duration = sample.spread(AXES[1]), sample.spread(AXES[2])
    return Picture(
        "sample_distributions",
        f"Pitch, step and duration of the {len(sample.notes):,} notes of {sample.title}. "
        "Times on a logarithmic scale; a pale bar holds those of exactly zero.",
        f"Three bar charts. The median pitch is {sample.notes[PITCH].median():.0f}, the median "
        f"step {value_name(step.axis, step.quantile(0.5))} beside {percent(step.zero_share)} of "
        f"exactly zero, the median duration {value_name(duration.axis, duration.quantile(0.5))}.",
        figure,
    )


def draw_bars(axes: Axes, spread: Spread, colour: str) -> None:
    """A bar a semitone, or six bars a doubling of time, and one for the exact zeros."""
    axis = spread.axis
    together = round(1 / 6 / axis.width) if axis.is_time else 1
    whole = axis.bins - axis.bins % together
    bars = spread.cells[2 : 2 + whole].reshape(-1, together).sum(axis=1)
    width = together * axis.width
    lefts = axis.low + width * np.arange(len(bars))
    used = np.flatnonzero(bars)
    axes.bar(lefts[used], bars[used], width=width, align="edge", color=colour, lw=0)
    low, high = limits(axis, [spread])
    low, high = low - width / 2, high + width / 2
    show_axis(axes, axis, (low, high))
    if spread.cells[1]:
        zero, room = low - (high - low) / 16, (high - low) / 8
        axes.bar(zero, spread.cells[1], width=room / 2, color=PALE, ec=colour)
        axes.text(zero, spread.cells[1], "0", ha="center", va="bottom", color=INK)
        axes.set_xlim(low - room, high)
    axes.set_ylim(0, 1.1 * max(bars.max(), spread.cells[1], 1))
    axes.set_title(axis.name)
    axes.set_xlabel(axis_name(axis))
    axes.set_ylabel("notes")


def piano_roll(sample: Sample) -> Picture:
    """The keys of one piece over time, bars as long as the notes, louder ones darker."""
    notes = sample.notes.dropna(subset=[PITCH, START, END])
    begin = float(notes[START].min())
    seconds = max(float(notes[END].max()) - begin, 1.0)
    rows = int(np.ceil(seconds / ROW_SECONDS))
    row = seconds / rows if rows <= MOST_ROWS else ROW_SECONDS
    rows = min(rows, MOST_ROWS)
    figure = Figure(figsize=(WIDTH, 0.9 + 1.55 * rows), layout="constrained")
    panels = figure.subplots(rows, 1, squeeze=False)[:, 0]
    shades = Normalize(1, 127)
    for place, axes in enumerate(panels):
        draw_roll(axes, notes, begin, (row * place, row * (place + 1)), shades)
    panels[-1].set_xlabel("time, seconds")
    key = figure.colorbar(
        ScalarMappable(shades, LOUDNESS), ax=list(panels), aspect=12 * rows, pad=0.01
    )
    key.set_label("velocity")
    key.set_ticks([1, 32, 64, 96, 127])
    is_whole = seconds <= MOST_ROWS * ROW_SECONDS
    part = f"{seconds:.0f} s" if is_whole else f"the first {row * rows:.0f} of {seconds:.0f} s"
    panels[0].set_title(shortened(sample.title, 80))
    return Picture(
        "sample_piano_roll",
        f"Piano roll of {sample.title}: {part}. Each bar is as long as its key is held, "
        "and the darker, the louder.",
        f"{len(notes):,} notes between pitch {notes[PITCH].min():.0f} and "
        f"{notes[PITCH].max():.0f}, velocities {notes[VELOCITY].min():.0f} to "
        f"{notes[VELOCITY].max():.0f}.",
        figure,
    )


def draw_roll(
    axes: Axes, notes: pd.DataFrame, begin: float, window: tuple[float, float], shades: Normalize
) -> None:
    """One row of a piano roll: the notes that sound between two moments."""
    starts, ends = notes[START] - begin, notes[END] - begin
    seen = notes[(starts < window[1]) & (ends >= window[0])]
    low, high = notes[PITCH].min() - 2, notes[PITCH].max() + 2
    for pitch in range(int(low), int(high) + 1):
        if pitch % OCTAVE in BLACK_KEYS:
            axes.axhspan(pitch - 0.5, pitch + 0.5, color="#f3f3f3", lw=0)
    shortest = (window[1] - window[0]) / 500  # a bar that print can show
    left = seen[START] - begin
    axes.barh(
        seen[PITCH],
        (seen[END] - seen[START]).clip(lower=shortest),
        left=left,
        height=0.9,
        color=LOUDNESS(shades(seen[VELOCITY].fillna(64))),
        lw=0,
    )
    octaves = [pitch for pitch in range(0, 128, OCTAVE) if low <= pitch <= high]
    axes.set_yticks(octaves, [pitch_name(pitch) for pitch in octaves])
    axes.grid(axis="y", color=PALE, lw=0.6)
    axes.set_axisbelow(True)
    axes.set_xlim(*window)
    axes.set_ylim(low, high)


def counts(corpus: Corpus) -> Picture:
    """How many notes come from each set, kind and composer."""
    figure = Figure(figsize=(WIDTH, 4.6), layout="constrained")
    sets, kinds, composers = (corpus.notes_by(column) for column in (SET, KIND, COMPOSER))
    first = composers.head(MOST_COMPOSERS)
    panels = figure.subplot_mosaic(
        "sc;kc", height_ratios=[len(sets) + 1, len(kinds) + 1], width_ratios=[1, 1.15]
    )
    by = (("set", sets), ("kind", kinds), ("composer", first))
    for (name, notes), colour in zip(by, COLOURS, strict=False):
        draw_counts(panels[name[0]], notes, colour)
        panels[name[0]].set_title(f"notes by {name}")
    if len(composers) > len(first):
        panels["c"].set_title(f"first {len(first)} composers")
    return Picture(
        "counts",
        f"Notes by set, kind and composer as the catalogue spells them: {len(composers):,} "
        f"spellings in all.",
        "Bars: "
        + "; ".join(f"{name} {notes:,}" for name, notes in (*sets.items(), *kinds.items())),
        figure,
    )


def draw_counts(axes: Axes, notes: pd.Series, colour: str) -> None:
    """A bar for each name, the number at its end."""
    rows = np.arange(len(notes))
    axes.barh(rows, notes, color=colour, height=0.75)
    for row, number in zip(rows, notes, strict=True):
        axes.text(number, float(row), f" {number:,}", va="center", fontsize=8, color=INK)
    axes.set_yticks(rows, [shortened(str(name)) for name in notes.index])
    axes.tick_params(axis="y", length=0, labelsize=9)
    axes.invert_yaxis()
    axes.set_xlim(0, 1.3 * max(notes.max(), 1))
    axes.set_xticks([])
    axes.spines["bottom"].set_visible(False)


def shortened(name: str, longest: int = 26) -> str:
    """A name that fits beside a bar."""
    return name if len(name) <= longest else name[: longest - 1] + "…"


def comparison(corpus: Corpus) -> Picture:
    """What training hears and what it is judged by, one over the other."""
    figure = Figure(figsize=(WIDTH, 5.6), layout="constrained")
    for axes, axis in zip(figure.subplots(2, 2).flat, AXES, strict=True):
        train, test = (corpus.spread(axis, split=split) for split in (TRAIN, TEST))
        axes.fill_between(axis.points, 100 * train.density, color=PALE, lw=0, label="train")
        axes.plot(axis.points, 100 * test.density, color=COLOURS[1], lw=1.4, label="test")
        show_axis(axes, axis, limits(axis, [train, test]))
        axes.set_ylim(bottom=0)
        axes.set_title(f"{axis.name}   (KS {train.ks(test):.3f})")
        axes.set_ylabel(density_label(axis))
        if axis.is_time:
            zeros = f"train {percent(train.zero_share)}, test {percent(test.zero_share)}"
            axes.set_xlabel(f"exactly 0: {zeros}")
    figure.axes[0].legend(loc="upper left")
    distances = ", ".join(
        f"{axis.name} {corpus.spread(axis, split=TRAIN).ks(corpus.spread(axis, split=TEST)):.3f}"
        for axis in AXES
    )
    return Picture(
        "train_and_test",
        "Train works (grey) and test works (red line), and under the times the share of exact "
        "zeros in train | test. KS: the widest gap between the two, 0 for the same, 1 for apart.",
        f"Four pairs of densities. KS distances: {distances}.",
        figure,
    )


# The page


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under headings, the first cell of each a name."""

    caption: str
    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def as_html(self) -> str:
        """The table, scrolled sideways where a screen is too narrow."""
        head = "".join(f'<th scope="col">{html.escape(text)}</th>' for text in self.headings)
        body = "\n".join(
            f'<tr><th scope="row">{html.escape(first)}</th>'
            + "".join(f"<td>{html.escape(text)}</td>" for text in rest)
            + "</tr>"
            for first, *rest in self.rows
        )
        return (
            '<div class="wide"><table>'
            f"<caption><span>{html.escape(self.caption)}</span></caption>\n"
            f"<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody></table></div>"
        )


def kinds_table(corpus: Corpus) -> Table:
    """What tells one kind of source from another."""
    kinds = corpus.notes_by(KIND).index
    rows = [kind_row(corpus, str(kind), kind=str(kind)) for kind in kinds]
    rows += [kind_row(corpus, "all")] if len(rows) > 1 else []
    return Table(
        "The kinds of source. Medians of times leave out the exact zeros; "
        "flat pieces have one velocity throughout.",
        ("kind", "pieces", "notes", "step 0", "step", "duration", "velocity 5-95 %", "flat pieces"),
        tuple(rows),
    )


def kind_row(corpus: Corpus, name: str, **of: str) -> tuple[str, ...]:
    """A row of the table of kinds."""
    _, step, duration, velocity = (corpus.spread(axis, **of) for axis in AXES)
    pieces = corpus.pieces[corpus.pieces["notes"] > 0]
    for column, value in of.items():
        pieces = pieces[pieces[column] == value]
    return (
        name,
        f"{len(pieces):,}",
        f"{pieces['notes'].sum():,}",
        percent(step.zero_share),
        value_name(step.axis, step.quantile(0.5)),
        value_name(duration.axis, duration.quantile(0.5)),
        f"{velocity.quantile(0.05):.0f}-{velocity.quantile(0.95):.0f}",
        percent(float((pieces["velocities"] <= 1).mean())),
    )


def findings(corpus: Corpus) -> list[str]:
    """What stands out, in sentences."""
    kinds = [str(kind) for kind in corpus.notes_by(KIND).index]
    steps = {kind: corpus.spread(AXES[1], kind=kind) for kind in kinds}
    durations = {kind: corpus.spread(AXES[2], kind=kind) for kind in kinds}
    together = by_kind({kind: spread.zero_share for kind, spread in steps.items()})
    short = by_kind({kind: spread.part_below(BLINK) for kind, spread in durations.items()})
    pieces = corpus.pieces[corpus.pieces["notes"] > 0]
    flat = float((pieces["velocities"] <= 1).mean())
    said = [
        f"Notes struck exactly together with the one before: {together}.",
        f"Keys held for less than {time_name(BLINK)}: {short}.",
        f"Pieces with one velocity throughout: {percent(flat)}.",
    ]
    if can_compare(corpus):
        pairs = [[corpus.spread(axis, split=side) for side in (TRAIN, TEST)] for axis in AXES]
        widest = max(pairs, key=lambda pair: pair[0].ks(pair[1]))
        distance = widest[0].ks(widest[1])
        said.append(f"Train and test differ most in {widest[0].axis.name} (KS {distance:.3f}).")
    return said


def by_kind(parts: dict[str, float]) -> str:
    """A percentage for each kind, in words."""
    return ", ".join(f"{percent(part)} ({kind})" for kind, part in parts.items())


def count_table(corpus: Corpus, column: str) -> Table:
    """Pieces, notes and splits by set, kind or composer."""
    names = list(corpus.notes_by(column).index)
    shown = names[:MOST_COMPOSERS]
    split = corpus.pieces.pivot_table(
        index=column, columns=SPLIT, values="notes", aggfunc="count", fill_value=0
    )
    splits = ordered_splits(corpus)
    rows = []
    for name in shown:
        pieces = corpus.pieces[corpus.pieces[column] == name]
        by_split = (f"{split.loc[name].get(one, 0):,}" for one in splits)
        rows.append((str(name), f"{len(pieces):,}", f"{pieces['notes'].sum():,}", *by_split))
    more = f" (the first {len(shown)} of {len(names)})" if len(names) > len(shown) else ""
    return Table(
        f"Pieces and notes by {column}{more}.",
        (column, "pieces", "notes", *(f"{name} pieces" for name in splits)),
        tuple(rows),
    )


def ordered_splits(corpus: Corpus) -> list[str]:
    """The splits there are: train, valid, test, then any other."""
    order = {TRAIN: 0, VALID: 1, TEST: 2}
    return sorted(corpus.pieces[SPLIT].unique(), key=lambda name: (order.get(name, 3), name))


def missing_table(corpus: Corpus) -> Table:
    """Missing values by column, and times that cannot be."""
    rows = [("notes", name, f"{number:,}") for name, number in corpus.missing.items()]
    for name in CATALOGUED:
        unstated = int((corpus.pieces[name] == UNSTATED).sum())
        rows.append(("pieces", name, f"{unstated:,}"))
    empty = int((corpus.pieces["notes"] == 0).sum())
    rows.append(("pieces", "any note", f"{empty:,}"))
    for axis in AXES:
        spread = corpus.spread(axis)
        if axis.is_time:
            negative = spread.missing - corpus.missing[axis.name]
            rows.append(("notes", f"{axis.name} below zero", f"{negative:,}"))
    return Table("Missing and impossible values.", ("table", "column", "values"), tuple(rows))


def distance_table(corpus: Corpus) -> Table:
    """How far test works, and valid works as a yardstick, are from train works."""
    units = {PITCH: "semitones", VELOCITY: "steps"}
    others = [split for split in (TEST, VALID) if split in ordered_splits(corpus)]
    rows = []
    for kind in (None, *corpus.notes_by(KIND).index):
        of = {} if kind is None else {KIND: str(kind)}
        for axis in AXES:
            cells: list[str] = []
            for other in others:
                train = corpus.spread(axis, split=TRAIN, **of)
                compared = corpus.spread(axis, split=other, **of)
                cells += distance_cells(train, compared, units.get(axis.name, "ms"))
            rows.append((axis.name, kind or "all", *cells))
    headings = [f"{name} {other}" for other in others for name in ("KS", "Wasserstein")]
    return Table(
        "Distance from the train works. KS: the widest gap of the cumulated shares, 0 to 1. "
        "Wasserstein: by how much a note would have to change on average. "
        "A handful of works is far from the rest by chance: see the counts above.",
        ("of", "kind", *headings),
        tuple(rows),
    )


def distance_cells(train: Spread, other: Spread, unit: str) -> tuple[str, str]:
    """Both distances, where there are notes on both sides."""
    if not train.notes or not other.notes:
        return "no notes", ""
    moved = train.wasserstein(other) * (1000 if unit == "ms" else 1)
    return f"{train.ks(other):.3f}", f"{moved:.1f} {unit}"


CSS = """
body { margin: 0 auto; max-width: 54rem; padding: 1rem; color: #222; background: #fff;
       font: 1rem/1.5 system-ui, sans-serif; }
h1, h2 { line-height: 1.2; } h2 { margin-top: 2.5rem; }
figure, .wide { margin: 1.5rem 0; } figure .wide { margin: 0; } .wide { overflow-x: auto; }
img { display: block; width: 100%; min-width: 34rem; height: auto; }
figcaption, caption { color: #444; font-size: .9rem; text-align: left; padding: .3rem 0; }
caption span { display: inline-block; position: sticky; left: 0; max-width: 88vw; }
table { border-collapse: collapse; font-size: .9rem; font-variant-numeric: tabular-nums; }
th, td { padding: .25rem .6rem; border-bottom: 1px solid #ddd; text-align: right;
         white-space: nowrap; }
th:first-child { text-align: left; } thead th { border-bottom: 2px solid #888; }
@media print { body { max-width: none; } figure, tr { break-inside: avoid; }
               img { min-width: 0; } }
"""


def as_html(picture: Picture, png: bytes) -> str:
    """A picture inside the page."""
    content = base64.b64encode(png).decode("ascii")
    return (
        f'<figure><div class="wide"><img alt="{html.escape(picture.alt)}" '
        f'src="data:image/png;base64,{content}"></div>'
        f"<figcaption>{html.escape(picture.caption)}</figcaption></figure>"
    )


def page(sections: Iterable[tuple[str, Iterable[str]]]) -> str:
    """The whole page: headings and what stands under each."""
    body = "\n".join(
        f"<h2>{html.escape(heading)}</h2>\n" + "\n".join(parts) for heading, parts in sections
    )
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>What the music is made of</title>
<style>{CSS}</style>
</head>
<body>
<h1>What the music is made of</h1>
{body}
</body>
</html>
"""


@dataclass(frozen=True, slots=True)
class Config:
    """What a report is made from."""

    data: Path
    out: Path
    piece: str | None = None


def explore(config: Config, progress: Progress) -> Path:
    """Write the page and its pictures; the page's path. Raises Refusal where there is no music."""
    reading = progress.add_task("reading notes", total=1.0)
    corpus = read(config.data, lambda part: progress.advance(reading, part))
    sample = read_sample(config.data, corpus, chosen(corpus, config.piece))
    written: dict[str, str] = {}
    config.out.mkdir(parents=True, exist_ok=True)
    with matplotlib.rc_context(STYLE):
        drawings = pictures(corpus, sample)
        for draw in progress.track(drawings, description="drawing"):
            picture = draw()
            png = picture.png
            replaced(config.out / f"{picture.name}.png", png)
            written[picture.name] = as_html(picture, png)
    path = config.out / "index.html"
    replaced(path, page(sections(corpus, written)).encode("utf-8"))
    return path


def pictures(corpus: Corpus, sample: Sample) -> list[Callable[[], Picture]]:
    """All pictures, yet to be drawn."""
    kinds = [str(kind) for kind in corpus.notes_by(KIND).index]
    drawings: list[Callable[[], Picture]] = [
        partial(sample_distributions, sample),
        partial(piano_roll, sample),
        partial(counts, corpus),
    ]
    for axis in AXES:
        spreads = {kind: corpus.spread(axis, kind=kind) for kind in kinds}
        drawings.append(partial(densities, axis, corpus.spread(axis), spreads))
    if can_compare(corpus):
        drawings.append(partial(comparison, corpus))
    return drawings


def can_compare(corpus: Corpus) -> bool:
    """True where there are train works and test works."""
    return {TRAIN, TEST} <= set(corpus.notes_by(SPLIT).index)


def sections(corpus: Corpus, drawn: dict[str, str]) -> list[tuple[str, list[str]]]:
    """The page's headings and what stands under each."""
    pieces = int((corpus.pieces["notes"] > 0).sum())
    lead = f"<p>{pieces:,} pieces, {corpus.notes:,} notes. Every note counts; none is sampled.</p>"
    told = "".join(f"<li>{html.escape(said)}</li>" for said in findings(corpus))
    compared = ["<p>There are no test works to compare the train works with.</p>"]
    if can_compare(corpus):
        compared = [drawn["train_and_test"], distance_table(corpus).as_html()]
    tables = [count_table(corpus, column).as_html() for column in (SET, KIND, COMPOSER)]
    return [
        ("The corpus", [lead, f"<ul>{told}</ul>", kinds_table(corpus).as_html()]),
        ("One piece", [drawn["sample_distributions"], drawn["sample_piano_roll"]]),
        ("Every note", [drawn[f"density_{axis.name}"] for axis in AXES]),
        ("Where it comes from", [drawn["counts"], *tables]),
        ("Train and test", compared),
        ("What is missing", [missing_table(corpus).as_html()]),
    ]


def replaced(path: Path, content: bytes) -> None:
    """Write beside the place and move it there."""
    trial = path.with_suffix(".part")
    trial.write_bytes(content)
    trial.replace(path)


@click.command(epilog="\b\nExample:\n  antiphon-train explore data --out report")
@click.argument("data", type=click.Path(path_type=Path))
@click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), required=True, help="A folder."
)
@click.option("--piece", help="The sample: part of a file's name or a title.")
def command(data: Path, out: Path, piece: str | None) -> None:
    """Draw what is in the prepared music: one HTML page and its pictures."""
    console = Console(stderr=True, highlight=False)
    try:
        with progress_on(console) as progress:
            path = explore(Config(data, out, piece), progress)
    except KeyboardInterrupt:
        console.print("Stopped. The same command draws it all.")
        sys.exit(130)
    click.echo(f"{path}: open it in a browser")


def progress_on(console: Console) -> Progress:
    """The line that shows how far it has come."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )
