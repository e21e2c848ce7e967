"""Compares exported models: by figures on works they never heard, and by what they play.

The rule kept here: all models answer for the same notes, drawn once and for all, and beside them
stand baselines that answer for the same notes too. What is judged is the exported file that plays,
not the network it came from. A loss does not choose a model, so the report also shows, for the same
prompts, how each goes on, and how the composer went on.
"""

import base64
import csv
import html
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import click
import numpy as np
import onnx
import onnxruntime as ort
import pyarrow.parquet as pq
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from rich.console import Console

from performer.codec import (
    DURATION_EDGES,
    PITCHES,
    STEP_EDGES,
    WINDOW,
    Floats,
    bins,
)
from performer.improviser import Improviser
from performer.length import Limit
from performer.model import Model
from performer.model_card import ModelCard
from performer.notes import Note, Phrase
from performer.refusal import Refusal
from performer.taste import Taste
from performer.thought import Thought
from trainer import curves
from trainer.baselines import LONGEST, Doubles, Markov, Symbols, best_order, bits_of, hits
from trainer.dataset import Pieces
from trainer.export import pieces
from trainer.network import Prediction, losses
from trainer.splits import SPLITS, TEST, TRAIN, VALID
from trainer.train import JUDGED

AT_ONCE = 1_000
PROMPTS, PROMPT_NOTES, ANSWER_NOTES = 3, 50, 100
SEED, TURN = 1, 1
LOSSES = ("total", "duration", "pitch", "step")  # in the order of the reference's table
SIZES = {"pitch": PITCHES, "step": len(STEP_EDGES) - 1, "duration": len(DURATION_EDGES) - 1}


@dataclass(frozen=True, slots=True)
class Likelihoods:
    """How well notes were foreseen."""

    top_1: float  # share of pitches that were the likeliest
    top_5: float
    pitch_bits: float
    step_bits: float
    duration_bits: float

    @property
    def note_bits(self) -> float:
        """Bits for all of a note."""
        return self.pitch_bits + self.step_bits + self.duration_bits


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the table."""

    name: str
    works: str  # train, valid or test
    notes: int  # that it was judged by
    foreseen: Likelihoods
    remark: str
    parameters: int | None = None  # baselines have none
    losses: Mapping[str, float] = field(default_factory=dict)  # as in training


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """The notes that all are judged by, and what stood before them."""

    windows: Floats  # (n, 25, 3)
    targets: Floats  # (n, 3)

    @property
    def before(self) -> dict[str, Symbols]:
        """The (n, 25) values before, by attribute, as the numbers of pitches and bins."""
        return as_values(self.windows)

    @property
    def true(self) -> dict[str, Symbols]:
        """The (n,) values that came."""
        return as_values(self.targets)


def as_values(rows: Floats) -> dict[str, Symbols]:
    """Rows that a model reads, as the numbers of pitches and bins."""
    return {
        "pitch": np.round(rows[..., 0] * PITCHES).astype(np.int64),
        "step": bins(rows[..., 1], STEP_EDGES),
        "duration": bins(rows[..., 2], DURATION_EDGES),
    }


def judged(path: Path, asked: Mapping[str, Asked]) -> list[Row]:
    """The lines of one exported model. Raises Refusal where it is none of these."""
    card = Model.load(path).card
    if card.kind != "reference":
        raise Refusal(
            f"{path} is of the kind {card.kind!r}: only reference models are judged here."
        )
    graph = ort.InferenceSession(path.read_bytes(), providers=["CPUExecutionProvider"])
    remark = shape(path)
    return [
        row_of(card, remark, works, notes, answers(graph, notes.windows))
        for works, notes in asked.items()
    ]


def answers(graph: ort.InferenceSession, windows: Floats) -> dict[str, Floats]:
    """All that a graph says after (n, 25, 3) windows, by output."""
    names = [output.name for output in graph.get_outputs()]
    parts = [
        graph.run(names, {"window": windows[start : start + AT_ONCE]})
        for start in range(0, len(windows), AT_ONCE)
    ]
    return {
        name: np.concatenate(said)
        for name, said in zip(names, zip(*parts, strict=True), strict=True)
    }


def row_of(
    card: ModelCard, remark: str, works: str, notes: Asked, said: Mapping[str, Floats]
) -> Row:
    """The line of a model on some works."""
    predicted = Prediction(
        *(torch.from_numpy(said[head]) for head in ("pitch_logits", "step", "duration"))
    )
    parts = losses(predicted, torch.from_numpy(notes.targets))
    return Row(
        card.name,
        works,
        len(notes.targets),
        foreseen({head: softmax(said[f"{head}_logits"]) for head in SIZES}, notes),
        remark,
        card.parameters,
        {part: float(getattr(parts, part)) for part in LOSSES},
    )


def softmax(scores: Floats) -> Doubles:
    """Scores as odds."""
    odds = np.exp(scores.astype(np.float64) - scores.max(axis=-1, keepdims=True))
    normal: Doubles = odds / odds.sum(axis=-1, keepdims=True)
    return normal


def foreseen(odds: Mapping[str, Doubles], notes: Asked) -> Likelihoods:
    """How well notes were foreseen by the odds given to each attribute."""
    true = notes.true
    return Likelihoods(
        hits(odds["pitch"], true["pitch"], 1),
        hits(odds["pitch"], true["pitch"], 5),
        *(bits_of(odds[head], true[head]) for head in SIZES),
    )


def shape(path: Path) -> str:
    """How many layers of how many cells an exported network has."""
    layers = [node for node in onnx.load(path).graph.node if node.op_type == "LSTM"]
    widths = {
        attribute.i
        for node in layers
        for attribute in node.attribute
        if attribute.name == "hidden_size"
    }
    return f"{len(layers)} x LSTM of {'/'.join(map(str, sorted(widths)))}"


def baselines(train: Pieces, asked: Mapping[str, Asked]) -> list[Row]:
    """The lines of unigram and Markov chains; the order is the best on valid works."""
    values = as_values(np.asarray(train.rows))
    chains = {head: Markov.of(values[head], train.firsts, size) for head, size in SIZES.items()}
    valid = asked[VALID]
    before, true = valid.before, valid.true
    orders = {head: best_order(chain, before[head], true[head]) for head, chain in chains.items()}
    said = ", ".join(f"{head} {order}" for head, order in orders.items())
    kinds = {
        "unigram": (dict.fromkeys(chains, 0), "how often each value comes"),
        "Markov": (orders, f"values remembered (best of 1 to {LONGEST}): {said}"),
    }
    return [
        Row(
            name,
            works,
            len(notes.targets),
            foreseen(chain_odds(chains, notes, remembered), notes),
            remark,
        )
        for name, (remembered, remark) in kinds.items()
        for works, notes in asked.items()
    ]


def chain_odds(
    chains: Mapping[str, Markov], notes: Asked, remembered: Mapping[str, int]
) -> dict[str, Doubles]:
    """The odds that chains give."""
    before = notes.before
    return {head: chain.odds(before[head], remembered[head]) for head, chain in chains.items()}


# Tables

COLUMNS = (
    *("model", "works", "parameters", "notes", "total loss", "duration", "pitch", "step"),
    *("top 1", "top 5", "pitch bits", "step bits", "duration bits", "bits a note", "remark"),
)


def values(row: Row) -> list[str | int | float | None]:
    """A line in full precision, in the order of the columns."""
    seen = row.foreseen
    return [
        *(row.name, row.works, row.parameters, row.notes),
        *(row.losses.get(part) for part in LOSSES),
        *(seen.top_1, seen.top_5),
        *(seen.pitch_bits, seen.step_bits, seen.duration_bits, seen.note_bits),
        row.remark,
    ]


def cells(row: Row) -> list[str]:
    """A line as it is read."""
    return [written(name, value) for name, value in zip(COLUMNS, values(row), strict=True)]


def written(column: str, value: str | int | float | None) -> str:
    """A figure as it is read."""
    match value:
        case None:
            return ""
        case float() if column.startswith("top"):
            return f"{value:.1%}"
        case float() if "bits" in column:
            return f"{value:.2f}"
        case float():
            return f"{value:.4f}"
        case int():
            return f"{value:,}"
        case text:
            return text


def as_markdown(rows: Sequence[Row]) -> str:
    """The table as Markdown."""
    lines = [COLUMNS, ["---"] * len(COLUMNS), *(cells(row) for row in rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def as_csv(rows: Sequence[Row]) -> str:
    """The table as CSV, in full precision."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerows([COLUMNS, *(values(row) for row in rows)])
    return text.getvalue()


def as_html(rows: Sequence[Row], pictures: Mapping[str, bytes]) -> str:
    """One page that needs nothing beside it: the table, and pictures (PNG) by their captions."""
    head = "".join(f"<th>{html.escape(name)}</th>" for name in COLUMNS)
    body = "\n".join(
        "<tr>" + "".join(f"<td>{html.escape(text)}</td>" for text in cells(row)) + "</tr>"
        for row in rows
    )
    figures = "\n".join(
        f'<figure><img alt="{html.escape(caption)}" src="data:image/png;base64,'
        f'{base64.b64encode(picture).decode()}"><figcaption>{html.escape(caption)}</figcaption>'
        "</figure>"
        for caption, picture in pictures.items()
    )
    return PAGE.format(head=head, body=body, figures=figures)


PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Models compared</title>
<style>
body {{ font: 15px/1.5 sans-serif; color: #333; max-width: 1200px; margin: 2em auto }}
table {{ border-collapse: collapse; font-size: 13px }}
th, td {{ padding: .3em .6em; border-bottom: 1px solid #ddd; white-space: nowrap }}
th, td {{ text-align: right }}
th:first-child, td:first-child, th:last-child, td:last-child {{ text-align: left }}
img {{ max-width: 100% }}
figure {{ margin: 2em 0 }}
.wide {{ overflow-x: auto }}
</style>
<h1>Models compared</h1>
<p>Losses as in training: 0.05 &times; pitch + step + duration. Bits say how well a note was
foreseen: the fewer, the better; a model's step and duration bits come from odds that were counted
on train works. All lines of the same works are judged by the same notes.</p>
<div class="wide"><table>
<thead><tr>{head}</tr></thead>
<tbody>
{body}
</tbody>
</table></div>
{figures}
</html>
"""


# What they play


@dataclass(frozen=True, slots=True)
class Prompt:
    """The beginning of a piece, and how it truly goes on; from 0 at the first onset."""

    title: str
    phrase: Phrase
    real: tuple[Note, ...]


def prompts(data: Path) -> list[Prompt]:
    """The beginnings of some test works, one of each kind first."""
    catalogue = pq.read_table(data / "pieces.parquet").to_pylist()
    long_enough = [
        piece for piece in catalogue if piece["split"] == TEST and piece["notes"] >= PROMPT_NOTES
    ]
    first_of_kind = {piece["kind"]: piece for piece in reversed(long_enough)}
    chosen = [*first_of_kind.values(), *long_enough]
    distinct = {piece["piece"]: piece for piece in chosen}
    return [read_prompt(data, piece) for piece in list(distinct.values())[:PROMPTS]]


def read_prompt(data: Path, piece: Mapping[str, str]) -> Prompt:
    """The beginning of one piece."""
    columns = ["pitch", "velocity", "start", "end"]
    filters = [("piece", "=", piece["piece"])]
    rows = pq.read_table(data / "notes.parquet", columns=columns, filters=filters).to_pylist()
    notes = [Note(*(row[name] for name in columns)) for row in rows]
    notes = [note.shifted(-notes[0].start) for note in notes[: PROMPT_NOTES + ANSWER_NOTES]]
    title = piece["title"] or Path(piece["piece"]).stem
    return Prompt(title, Phrase.of(notes[:PROMPT_NOTES]), tuple(notes[PROMPT_NOTES:]))


def continued(path: Path, prompt: Prompt) -> list[Note]:
    """How a model goes on from the last onset of a prompt."""
    thought = Thought.on(prompt.phrase, Taste(), SEED, TURN)
    last = prompt.phrase.notes[-1].start
    improviser = Improviser(Model.load(path))
    answer = list(improviser.answer(thought, Limit(notes=ANSWER_NOTES)))
    return [note.shifted(last + prompt.phrase.steps[-1]) for note in answer]


def rolls(models: Sequence[Path], asked: Sequence[Prompt]) -> Figure:
    """A piano roll for each prompt and model; first how the composer went on."""
    names = ["as composed", *(path.stem for path in models)]
    figure = Figure(figsize=(3.6 * len(names), 2.6 * len(asked)), layout="constrained")
    panels = figure.subplots(len(asked), len(names), squeeze=False, sharey="row")
    for row, prompt in zip(panels, asked, strict=True):
        goes_on = [prompt.real, *(continued(path, prompt) for path in models)]
        for panel, name, notes in zip(row, names, goes_on, strict=True):
            draw_notes(panel, prompt.phrase.notes, "#0072b2")
            draw_notes(panel, notes, "#d55e00")
            panel.set_title(name, loc="left", fontsize="small")
            panel.spines[["top", "right"]].set_visible(False)
        row[0].set_ylabel(prompt.title[:32], fontsize="small")
    for panel in panels[-1]:
        panel.set_xlabel("seconds")
    return figure


def draw_notes(panel: Axes, notes: Sequence[Note], colour: str) -> None:
    """Notes as bars."""
    panel.barh(
        [note.pitch for note in notes],
        [note.duration for note in notes],
        left=[note.start for note in notes],
        height=1.0,
        color=colour,
    )


def as_png(figure: Figure) -> bytes:
    """A figure as the bytes of a picture."""
    picture = io.BytesIO()
    figure.savefig(picture, dpi=150, metadata={"Software": None})
    return picture.getvalue()


def evaluate(
    models: Sequence[Path], data: Path, runs: Path, out: Path, say: Callable[[str], None]
) -> list[Row]:
    """Write the report; its lines. Raises Refusal where models or music are missing."""
    music = {works: pieces(data, works) for works in SPLITS}
    asked = {works: Asked(*notes.sample(JUDGED, seed=0)) for works, notes in music.items()}
    for works, notes in asked.items():
        if not len(notes.targets):
            raise Refusal(f"{data} holds no {works} work of over {WINDOW} notes: prepare more.")
    lines = []
    for path in models:
        say(f"asking {path.stem}")
        lines += judged(path, asked)
    say("asking the baselines")
    lines += baselines(music[TRAIN], asked)
    lines.sort(key=lambda row: SPLITS[::-1].index(row.works))
    say("letting them play")
    pictures = {}
    if asked_to_play := prompts(data):
        pictures["rolls.png"] = as_png(rolls(models, asked_to_play))
    if learnt := curves.histories(runs):
        pictures["losses.png"] = as_png(curves.drawn(learnt))
    out.mkdir(parents=True, exist_ok=True)
    for name, picture in pictures.items():
        (out / name).write_bytes(picture)
    captions = {CAPTIONS[name]: picture for name, picture in pictures.items()}
    for name, text in (
        ("table.md", as_markdown(lines)),
        ("table.csv", as_csv(lines)),
        ("report.html", as_html(lines, captions)),
    ):
        (out / name).write_text(text, encoding="utf-8")
    return lines


CAPTIONS = {
    "rolls.png": f"The same {PROMPT_NOTES} notes of test works (blue), and how each goes on",
    "losses.png": "Losses by epoch: valid works drawn whole, train windows dotted",
}


@click.command(epilog="\b\nExample:\n  antiphon-train evaluate exported_models/*.onnx --out report")
@click.argument(
    "models", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="MODEL..."
)
@click.option("--data", type=click.Path(path_type=Path), default=Path("data"), show_default=True)
@click.option("--runs", type=click.Path(path_type=Path), default=Path("runs"), show_default=True)
@click.option("--out", type=click.Path(path_type=Path), required=True, help="The report's folder.")
def command(models: tuple[Path, ...], data: Path, runs: Path, out: Path) -> None:
    """Compare exported models (.onnx), by figures and by what they play."""
    console = Console(stderr=True, highlight=False)
    lines = evaluate(models, data, runs, out, console.print)
    click.echo(as_markdown([row for row in lines if row.works == TEST]))
    click.echo(f"{out / 'report.html'} shows it all")
