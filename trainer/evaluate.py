"""Compares exported models: by figures on works they never heard, and by what they play.

The rule kept here: what is judged is the exported file that plays, through the instrument's own
improviser, and real music stands beside it in every table. A loss does not choose a model, so five
judgements are passed, and for the same prompts the page shows, and lets one hear, how each goes on.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import click
from rich.console import Console

from performer.improviser import Improviser
from performer.model import Model
from performer.refusal import Refusal
from performer.taste import Taste
from trainer import curves, page, table
from trainer.continuations import Manner, play
from trainer.judging import (
    ALL,
    JUDGEMENTS,
    PLAYED,
    QUICK,
    SEED,
    THOROUGH,
    Brief,
    Extent,
    Figure,
    Judged,
    Player,
    judge,
)
from trainer.page import Section
from trainer.splits import SPLITS, TEST
from trainer.table import Row, as_markdown
from trainer.works import ANSWER_NOTES, PROMPT_NOTES, Excerpt, excerpts, read_works

FEW = 3  # prompts of a short report
PARTS = ("pitch", "rhythm", "dynamics")  # that have a temperature of their own
SUMMED_UP = ("all faults", "99th percentile")
LOSSES = (
    "Losses as in training: 0.05 \u00d7 pitch + step + duration. Bits say how well a note was "
    "foreseen; a window model's step and duration bits come from odds that were counted on train "
    "works. All lines of the same works are judged by the same windows."
)


def evaluate(
    models: Sequence[Path], data: Path, runs: Path, out: Path, say: Callable[[str], None]
) -> list[Row]:
    """Write a short report, of the losses and of what they play; its lines.

    Raises Refusal where models or music are missing.
    """
    say("asking the models and the baselines")
    rows = table.table(models, data)
    out.mkdir(parents=True, exist_ok=True)
    say("letting them play")
    asked = excerpts(read_works(data, TEST), FEW)
    players = [performed(path, asked) for path in models]
    chapters = [*losses(rows, runs, out), heard(asked, players, out, FEW)]
    write(out, rows, chapters, [])
    return rows


def performed(path: Path, asked: Sequence[Excerpt]) -> Player:
    """What a model plays, at the instrument's own settings. Raises Refusal."""
    improviser, manner = Improviser(Model.load(path)), Manner(Taste(), SEED, ANSWER_NOTES)
    return Player(path.stem, path, [play(improviser, ask.prompt, manner) for ask in asked], [])


def heard(asked: Sequence[Excerpt], players: Sequence[Player], out: Path, count: int) -> Section:
    """The chapter of the same prompts."""
    text = f"Blue: {PROMPT_NOTES} notes of a work. Red: {ANSWER_NOTES} more."
    return Section("The same prompts", text, "".join(page.prompts(asked, players, out, count)))


def losses(rows: Sequence[Row], runs: Path, out: Path) -> list[Section]:
    """The chapters of the losses: the table, and how they fell."""
    head, *lines = [table.COLUMNS, *(table.cells(row) for row in rows)]
    chapters = [Section("Losses", LOSSES, page.plain_table(head, lines))]
    if learnt := curves.histories(runs):
        drawn = page.as_png(curves.drawn(learnt))
        (out / "losses.png").write_bytes(drawn)
        caption = "Valid works drawn whole, train windows dotted"
        chapters.append(Section("Losses by epoch", "", page.picture(caption, drawn)))
    return chapters


def write(
    out: Path, rows: Sequence[Row], chapters: Sequence[Section], figures: Sequence[Figure]
) -> None:
    """Put a report into a folder."""
    files = {"report.html": page.whole(chapters)}
    if rows:
        files |= {"table.md": as_markdown(rows), "table.csv": table.as_csv(rows)}
    if figures:
        files |= {"figures.csv": page.as_csv(figures), "figures.json": page.as_json(figures)}
    for name, text in files.items():
        (out / name).write_text(text, encoding="utf-8")


def evaluate_all(brief: Brief, runs: Path, out: Path, console: Console) -> Judged:
    """Pass the judgements asked for and write a report; the whole one, where all are.

    Raises Refusal where models or music are missing.
    """
    out.mkdir(parents=True, exist_ok=True)
    judged = judge(brief, console)
    if brief.only != JUDGEMENTS:
        write(out, [], page.sections(judged.figures), judged.figures)
        return judged
    console.print("Drawing and sounding the same prompts")
    seen_and_heard = heard(judged.asked, judged.players, out, page.SHOWN)
    console.print("Asking for the losses")
    rows = table.table(brief.models, brief.data)
    chapters = [
        *page.sections(judged.figures),
        seen_and_heard,
        *losses(rows, runs, out),
    ]
    write(out, rows, chapters, judged.figures)
    return judged


@click.command(
    epilog="\b\nExamples:\n"
    "  antiphon-train evaluate exported_models/*.onnx --out report\n"
    "  antiphon-train evaluate exported_models/*.onnx --out report --quick\n"
    "  antiphon-train evaluate mine.onnx --out tried --on valid --only 'told apart' --top-p 0.95"
)
@click.argument(
    "models", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="MODEL..."
)
@click.option("--data", type=click.Path(path_type=Path), default=Path("data"), show_default=True)
@click.option("--runs", type=click.Path(path_type=Path), default=Path("runs"), show_default=True)
@click.option("--out", type=click.Path(path_type=Path), required=True, help="The report's folder.")
@click.option(
    "--kept",
    type=click.Path(path_type=Path),
    help="Where continuations are kept, to go on from.  [default: kept/ in the report's folder]",
)
@click.option(
    "--kind",
    type=click.Choice([PLAYED, ALL]),
    default=PLAYED,
    show_default=True,
    help="Judge by works that a pianist played, or by all.",
)
@click.option(
    "--on",
    type=click.Choice(SPLITS),
    default=TEST,
    show_default=True,
    help="Works to judge by; choose a temperature on valid.",
)
@click.option("--quick", is_flag=True, help="A few minutes: fewer excerpts, no judge that listens.")
@click.option(
    "--only",
    multiple=True,
    type=click.Choice(JUDGEMENTS),
    help="Pass this judgement only, and draw and sound nothing; may be given more than once.",
)
@click.option("--excerpts", type=click.IntRange(min=20), help="Excerpts a side.")
@click.option(
    "--school",
    type=click.IntRange(min=0),
    help="Excerpts a side that teach the judge that listens; 0: no such judge.",
)
@click.option("--long", type=click.IntRange(min=0), help="Continuations of 1,000 notes.")
@click.option("--bits-notes", type=click.IntRange(min=1), help="Notes of each work to foresee.")
@click.option("--temperature", type=float, default=1.0, show_default=True)
@click.option("--top-p", type=float, default=1.0, show_default=True)
@click.option("--pitch", type=float, help="Temperature of the pitch alone.")
@click.option("--rhythm", type=float, help="Temperature of the rhythm alone.")
@click.option("--dynamics", type=float, help="Temperature of the dynamics alone.")
@click.option("--seed", type=click.IntRange(min=0), default=SEED, show_default=True)
def command(
    models: tuple[Path, ...],
    data: Path,
    runs: Path,
    out: Path,
    kept: Path | None,
    kind: str,
    on: str,
    quick: bool,
    only: tuple[str, ...],
    seed: int,
    **said: float | None,
) -> None:
    """Compare exported models (.onnx), by five judgements and by what they play."""
    console = Console(stderr=True, highlight=False)
    brief = Brief(
        models,
        data,
        kept or out / "kept",
        extent(quick, said),
        on,
        kind,
        taste(said),
        seed,
        only or JUDGEMENTS,
    )
    try:
        judged = evaluate_all(brief, runs, out, console)
    except KeyboardInterrupt:
        console.print("Stopped. The same command goes on from here.")
        raise SystemExit(130) from None
    click.echo(summary(judged.figures))
    click.echo(f"{out / 'report.html'} shows it all")


def extent(quick: bool, said: Mapping[str, float | None]) -> Extent:
    """How much is asked, by what the command line says."""
    names = {"excerpts": "excerpts", "school": "school", "long": "long", "bits_notes": "notes"}
    wished = {ours: int(said[name] or 0) for name, ours in names.items() if said[name] is not None}
    return replace(QUICK if quick else THOROUGH, **wished)


def taste(said: Mapping[str, float | None]) -> Taste:
    """How prompts are to be continued, by what the command line says. Raises Refusal."""
    whole = said["temperature"] or 0.0
    pitch, rhythm, dynamics = (whole if own is None else own for own in map(said.get, PARTS))
    try:
        return Taste(pitch, rhythm, dynamics, said["top_p"] or 0.0)
    except ValueError as reason:
        sentence = str(reason)
        raise Refusal(f"{sentence[0].upper()}{sentence[1:]}.") from None


def summary(figures: Sequence[Figure]) -> str:
    """The figures that stand for all, as lines."""
    lines = [
        f"{one.subject}: {one.name}, {page.written(one.measured)}"
        for one in figures
        if one.judgement == "told apart"
        or (one.judgement == "foreseen" and one.name.startswith("bits"))
        or (one.judgement in ("faults", "copying") and one.name in SUMMED_UP)
    ]
    return "\n".join(lines)
