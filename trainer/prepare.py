"""Reads folders of MIDI files into tables of notes, and sets whole works aside to judge by.

The rules kept here: no file stops it; what cannot be read is named with its reason. What was read
is kept by the file's content, so a run that was stopped goes on where it was, and one that has
nothing to do does nothing. The same files give the same tables, however often it was stopped.

What it writes: `notes.parquet`, a row a note; `pedal.parquet`, a row for each time that the sustain
pedal was down; `pieces.parquet`, a row a piece, with its split; `problems.csv`; and for training
the rows that models read, `SPLIT.npy`, with `SPLIT_lengths.npy`, the notes of each piece.
"""

import csv
import hashlib
import json
import os
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import click
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
)

from performer.codec import FEATURES, Floats, features
from performer.refusal import Refusal
from trainer.reader import Piece, Problem, read_all
from trainer.splits import SPLITS, runs, split, works

VERSION = 2  # of what is written; another reads everything anew
CATALOGUE, MANIFEST = "catalogue.csv", "manifest.csv"
ENDINGS = {".mid", ".midi", ".kar", ".rmi"}
READ = "read"  # the folder of what was read, a file a piece
AT_ONCE = 1 << 18  # notes in memory at a time while tables are written

NOTES = pa.schema(
    {
        "piece": pa.dictionary(pa.int32(), pa.string()),
        "track": pa.int16(),  # the instrument's number in the file, drums not counted
        "program": pa.uint8(),  # General MIDI
        "pitch": pa.uint8(),
        "step": pa.float32(),  # seconds since the onset before; of the first since the start
        "duration": pa.float32(),
        "velocity": pa.uint8(),
        "start": pa.float64(),  # seconds by the tempo map
        "end": pa.float64(),
    }
)
PEDAL = pa.schema(
    {
        "piece": pa.dictionary(pa.int32(), pa.string()),
        "track": pa.int16(),
        "start": pa.float64(),
        "end": pa.float64(),
    }
)


@dataclass(frozen=True, slots=True)
class Config:
    """All that decides what is made."""

    folders: tuple[str, ...]
    version: int = VERSION


@dataclass(frozen=True, slots=True)
class Source:
    """A file, and what a catalogue says of it; empty where it says nothing."""

    path: Path
    piece: str  # its name: the path inside its folder
    split: str = ""
    set: str = ""
    kind: str = ""
    composer: str = ""
    title: str = ""
    licence: str = ""
    attribution: str = ""


SAID = ("split", "set", "kind", "composer", "title", "licence", "attribution")


@dataclass(frozen=True, slots=True)
class Summary:
    """What came of it."""

    pieces: int
    notes: int
    problems: int
    seconds: float  # that this run took
    notes_read: int  # in this run


def prepare(folders: Sequence[Path], out: Path, processes: int, console: Console) -> Summary:
    """Prepare all music in some folders, going on from what is there already.

    Raises Refusal where there is no music.
    """
    began = time.perf_counter()
    sources = found(folders)
    if not sources:
        raise Refusal(f"There are no MIDI files in {', '.join(map(str, folders))}.")
    (out / READ).mkdir(parents=True, exist_ok=True)
    contents = {source.piece: fingerprint(source.path) for source in sources}
    done = digest(Config(tuple(map(str, folders))), sources, contents)
    if is_prepared(out, done):
        told = json.loads((out / "prepared.json").read_text())["summary"]
        return Summary(**told, seconds=time.perf_counter() - began, notes_read=0)
    notes_read = read_missing(sources, contents, out / READ, processes, console)
    pieces, problems = sorted_out(sources, contents, out / READ)
    if not pieces:
        raise Refusal(f"None of the {len(sources)} files can be read: {out}/problems.csv says why.")
    with console.status("Writing the tables"):
        notes = write_tables(pieces, contents, out)
    told = {"pieces": len(pieces), "notes": notes, "problems": len(problems)}
    record = {"config": asdict(Config(tuple(map(str, folders)))), "digest": done, "summary": told}
    replaced(out / "prepared.json", (json.dumps(record, indent=2) + "\n").encode())
    return Summary(**told, seconds=time.perf_counter() - began, notes_read=notes_read)


def found(folders: Sequence[Path]) -> list[Source]:
    """The files of some folders: those of a catalogue in its order, then all others by name."""
    sources = []
    for folder in folders:
        if not folder.is_dir():
            raise Refusal(f"{folder} is no folder.")
        within = f"{folder}/" if len(folders) > 1 else ""
        said = catalogued(folder)
        others = sorted(
            name
            for path in folder.rglob("*")
            if path.suffix.lower() in ENDINGS and path.is_file()
            if (name := path.relative_to(folder).as_posix()) not in said
        )
        told = described(folder)
        for name in (*said, *others):
            words = said.get(name) or told.get(name, {})
            sources.append(Source(folder / name, within + name, **words))
    return sources


def catalogued(folder: Path) -> dict[str, dict[str, str]]:
    """What a folder's catalogue says of each file. Raises Refusal where it cannot be read."""
    said = {}
    for row in rows(folder / CATALOGUE, needed="path"):
        words = {name: row.get(name) or "" for name in SAID}
        if words["split"] not in ("", *SPLITS):
            raise Refusal(f"{folder / CATALOGUE} names a split {words['split']!r}, none of ours.")
        said[row["path"]] = words
    return said


def described(folder: Path) -> dict[str, dict[str, str]]:
    """Composers and titles by file, where the folder was filled by `antiphon-train scrape`."""
    return {
        row["file"]: {"composer": row.get("composer") or "", "title": row.get("title") or ""}
        for row in rows(folder / MANIFEST, needed="file")
    }


def rows(path: Path, needed: str) -> Iterator[dict[str, str]]:
    """The rows of a table, if it is there. Raises Refusal where it lacks the needed column."""
    if not path.exists():
        return
    with path.open(newline="", encoding="utf-8", errors="replace") as lines:
        for row in csv.DictReader(lines):
            if not row.get(needed):
                raise Refusal(f"{path} has a row without a {needed}: mend or remove it.")
            yield row


def fingerprint(path: Path) -> str:
    """The SHA-256 of a file; of one that cannot be opened, of its name."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return hashlib.sha256(str(path).encode()).hexdigest()


def digest(config: Config, sources: Sequence[Source], contents: Mapping[str, str]) -> str:
    """What stands for all that decides what is made."""
    whole = [asdict(config), [[asdict(one), contents[one.piece]] for one in sources]]
    return hashlib.sha256(json.dumps(whole, default=str).encode()).hexdigest()


def is_prepared(out: Path, done: str) -> bool:
    """True where just this was made before."""
    try:
        made = json.loads((out / "prepared.json").read_text())
    except (FileNotFoundError, json.JSONDecodeError):
        return False
    return bool(made["digest"] == done)


def read_missing(
    sources: Sequence[Source],
    contents: Mapping[str, str],
    kept: Path,
    processes: int,
    console: Console,
) -> int:
    """Read what is not yet read, each content once; the notes read."""
    missing: dict[Path, str] = {}
    for source in sources:
        content = contents[source.piece]
        if not any((kept / (content + end)).exists() for end in (".npz", ".problem")):
            missing.setdefault(source.path, content)
    notes = 0
    with progress(console) as bar:
        task = bar.add_task("Reading", total=len(missing), notes=0)
        for path, result in read_all(missing, processes):
            keep(result, kept / missing[path])
            notes += len(result.notes) if isinstance(result, Piece) else 0
            bar.update(task, advance=1, notes=notes)
    return notes


def keep(result: Piece | Problem, place: Path) -> None:
    """Keep what came of a file, whole or not at all."""
    match result:
        case Problem(reason):
            replaced(place.with_suffix(".problem"), reason.encode())
        case Piece(notes, pedal):
            trial = place.with_suffix(".part")
            with trial.open("wb") as file:
                np.savez_compressed(file, notes=notes, pedal=pedal)
            trial.replace(place.with_suffix(".npz"))


def kept_piece(kept: Path, content: str) -> Piece:
    """What was read of a content."""
    with np.load(kept / f"{content}.npz") as arrays:
        return Piece(arrays["notes"], arrays["pedal"])


def sorted_out(
    sources: Sequence[Source], contents: Mapping[str, str], kept: Path
) -> tuple[list[Source], list[tuple[str, str]]]:
    """The pieces, and the problems, which are also written down.

    Each content is taken once, but for what a catalogue gives a split: its word stands.
    """
    pieces, problems = [], []
    first: dict[str, str] = {}
    for source in sources:
        content = contents[source.piece]
        problem = kept / f"{content}.problem"
        if content in first and not source.split:
            problems.append((source.piece, f"is the same as {first[content]}"))
        elif problem.exists():
            problems.append((source.piece, problem.read_text()))
        else:
            first.setdefault(content, source.piece)
            pieces.append(source)
    with (kept.parent / "problems.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerows([("piece", "problem"), *problems])
    return pieces, problems


def write_tables(pieces: Sequence[Source], contents: Mapping[str, str], out: Path) -> int:
    """Write all tables from what was read; the notes in them."""

    def each() -> Iterator[Piece]:
        return (kept_piece(out / READ, contents[piece.piece]) for piece in pieces)

    lengths, seconds, found_runs = [], [], []
    for piece in each():
        lengths.append(len(piece.notes))
        seconds.append(float(piece.notes["end"].max()))
        found_runs.append(runs(piece.notes["pitch"], piece.notes["start"]))
    sides = split([piece.split for piece in pieces], lengths, works(found_runs))
    write_pieces(pieces, sides, lengths, seconds, out)
    write_notes(pieces, each(), out)
    write_pedal(pieces, each(), out)
    for side in SPLITS:
        write_rows(side, each(), sides, lengths, out)
    return sum(lengths)


def write_pieces(
    pieces: Sequence[Source],
    sides: Sequence[str],
    lengths: Sequence[int],
    seconds: Sequence[float],
    out: Path,
) -> None:
    """A row a piece."""
    said = {name: [getattr(piece, name) or None for piece in pieces] for name in SAID[1:]}
    texts = {name: pa.array(words, pa.string()) for name, words in said.items()}
    names = pa.array([piece.piece for piece in pieces])
    columns = {"piece": names, "split": pa.array(sides), **texts}
    written = pa.table({**columns, "notes": lengths, "seconds": seconds})
    trial = out / "pieces.part"
    pq.write_table(written, trial)
    trial.replace(out / "pieces.parquet")


def write_notes(pieces: Sequence[Source], read: Iterator[Piece], out: Path) -> None:
    """A row a note."""
    names = [piece.piece for piece in pieces]
    with Table(out / "notes.parquet", NOTES, names) as table:
        for index, piece in enumerate(read):
            notes = piece.notes
            times = {"step": steps(notes["start"]), "duration": notes["end"] - notes["start"]}
            table.add(index, {name: notes[name] for name in notes.dtype.names or ()} | times)


def write_pedal(pieces: Sequence[Source], read: Iterator[Piece], out: Path) -> None:
    """A row for each span of the sustain pedal."""
    names = [piece.piece for piece in pieces]
    with Table(out / "pedal.parquet", PEDAL, names) as table:
        for index, piece in enumerate(read):
            table.add(index, {name: piece.pedal[name] for name in piece.pedal.dtype.names or ()})


class Table:
    """A Parquet file that is written piece by piece, and is there whole or not at all."""

    def __init__(self, path: Path, schema: pa.Schema, pieces: Sequence[str]) -> None:
        """A table of some pieces."""
        self._path, self._trial = path, path.with_suffix(".part")
        self._schema = schema
        self._pieces = pa.array(pieces, pa.string())
        self._writer = pq.ParquetWriter(self._trial, schema, compression="zstd")
        self._waiting: list[pa.Table] = []

    def __enter__(self) -> "Table":
        """Begin."""
        return self

    def add(self, piece: int, columns: Mapping[str, np.ndarray]) -> None:
        """Add the rows of a piece."""
        count = len(columns["track"])
        owner = pa.DictionaryArray.from_arrays(np.full(count, piece, np.int32), self._pieces)
        arrays = [
            owner
            if field.name == "piece"
            else pa.array(columns[field.name].astype(field.type.to_pandas_dtype()))
            for field in self._schema
        ]
        self._waiting.append(pa.Table.from_arrays(arrays, schema=self._schema))
        if sum(map(len, self._waiting)) >= AT_ONCE:
            self._write()

    def _write(self) -> None:
        if self._waiting:
            self._writer.write_table(pa.concat_tables(self._waiting))
            self._waiting = []

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Put it into its place, unless something went wrong."""
        if kind is None:
            self._write()
        self._writer.close()
        if kind is None:
            self._trial.replace(self._path)


def steps(start: np.ndarray) -> np.ndarray:
    """Seconds from each onset to the next; of the first, since the start of the piece."""
    return np.diff(start, prepend=0.0)


def read_rows(notes: np.ndarray) -> Floats:
    """The (notes, 3) rows that a model reads."""
    return features(notes["pitch"], steps(notes["start"]), notes["end"] - notes["start"])


def write_rows(
    side: str, read: Iterator[Piece], sides: Sequence[str], lengths: Sequence[int], out: Path
) -> None:
    """The rows that a model reads, of all pieces of a split, one after the other on disk."""
    ours = np.array([length for length, of in zip(lengths, sides, strict=True) if of == side], int)
    trial = out / f"{side}.part"
    shape = (int(ours.sum()), len(FEATURES))
    written = np.lib.format.open_memmap(trial, mode="w+", dtype=np.float32, shape=shape)
    at = 0
    for piece, of in zip(read, sides, strict=True):
        if of == side:
            written[at : at + len(piece.notes)] = read_rows(piece.notes)
            at += len(piece.notes)
    written.flush()
    np.save(out / f"{side}_lengths.npy", ours)
    trial.replace(out / f"{side}.npy")


def replaced(path: Path, content: bytes) -> None:
    """Write beside the place and move it there."""
    trial = path.with_suffix(".part")
    trial.write_bytes(content)
    trial.replace(path)


def progress(console: Console) -> Progress:
    """The line that shows how far the reading has come."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[notes]:,} notes"),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )


@click.command(epilog="\b\nExample:\n  antiphon-train prepare midi --out data")
@click.argument(
    "folders", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="DIR..."
)
@click.option("--out", type=click.Path(path_type=Path), required=True, help="The folder to fill.")
@click.option(
    "--processes",
    type=click.IntRange(min=1),
    default=os.cpu_count() or 1,
    help="That read at the same time. Default: one a processor.",
)
def command(folders: tuple[Path, ...], out: Path, processes: int) -> None:
    """Read MIDI files into tables of notes, split by work."""
    console = Console(stderr=True, highlight=False)
    try:
        summary = prepare(folders, out, processes, console)
    except KeyboardInterrupt:
        console.print("Stopped. The same command goes on from here.")
        sys.exit(130)
    click.echo(f"{summary.notes:,} notes of {summary.pieces:,} pieces are in {out}")
    if summary.problems:
        click.echo(f"{summary.problems} files are left out: {out / 'problems.csv'} says why")
    if summary.notes_read:
        rate = summary.notes_read / summary.seconds
        click.echo(f"{summary.seconds:.1f} s, {rate:,.0f} notes a second")
    else:
        click.echo("nothing was left to read")
