"""What listeners thought of music: a table that is only ever added to.

The rules kept here: a line says who, when, what (a hash of the notes) and the mark, and is never
changed; who thinks again adds a line, and the latest counts. The music itself lies beside the
table, by its hash, so tables of several people are merged by putting their lines and files
together. What is rated does not say who played it.
"""

import csv
import hashlib
import io
import json
import os
from collections.abc import Iterable
from dataclasses import astuple, dataclass, fields, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from performer.messages import Player
from performer.notes import Note, Phrase, Span, on_grid
from performer.prompt import as_played
from performer.refusal import Refusal
from performer.take import Maker, Take, read_take, write_take

LOWEST_MARK, HIGHEST_MARK = 1, 5
DOWN, UP = 1, 5  # what a thumb means
TABLE, MUSIC = "ratings.csv", "music"  # in the folder of ratings
NOBODY = Maker("untold", "")  # who played what is rated


@dataclass(frozen=True, slots=True)
class Rating:
    """One verdict: a mark from 1 to 5, or of a pair, whether the first was better (1, 0, 0.5)."""

    who: str
    when: str  # ISO 8601, UTC
    what: str  # hash of the notes
    mark: float
    against: str = ""  # hash of the other, in a pair

    def __post_init__(self) -> None:
        """Refuse a mark that there is none of."""
        lowest, highest = (0, 1) if self.against else (LOWEST_MARK, HIGHEST_MARK)
        if not lowest <= self.mark <= highest:
            raise ValueError(f"a mark of {self.mark:g} is none: {lowest} to {highest} are")

    @classmethod
    def now(cls, who: str, what: str, mark: float, against: str = "") -> Self:
        """A verdict passed at this moment."""
        return cls(who, datetime.now(UTC).isoformat(), what, mark, against)


COLUMNS = tuple(each.name for each in fields(Rating))


@dataclass(frozen=True, slots=True)
class Rated:
    """Music that is rated: what was played before it, and itself, on one clock."""

    prompt: Phrase
    answer: tuple[Note, ...]
    pedal: tuple[Span, ...] = ()  # of the answer

    @property
    def what(self) -> str:
        """The hash of the answer's notes: the same whatever it is called and when it begins."""
        first = self.answer[0].start
        told = [
            (note.pitch, note.velocity, *(on_grid(at - first) for at in (note.start, note.end)))
            for note in self.answer
        ]
        return hashlib.sha256(json.dumps(told).encode()).hexdigest()[:24]


def add(folder: Path, rating: Rating, music: Iterable[Rated] = ()) -> None:
    """Add a verdict to the table of a folder, and the music it is about. Raises Refusal."""
    path = folder / TABLE
    for rated in music:
        keep(folder, rated)
    line = io.StringIO()
    rows = csv.writer(line, lineterminator="\n")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with path.open("a+b") as table:
            table.seek(0, os.SEEK_END)
            if table.tell() == 0:
                rows.writerow(COLUMNS)
            elif _is_torn(path):
                line.write("\n")  # what a crash cut short stays a line of its own
            rows.writerow(astuple(rating))
            table.write(line.getvalue().encode())
            table.flush()
            os.fsync(table.fileno())
    except OSError as reason:
        raise Refusal(f"{path} cannot be written: {reason.strerror}.") from None


def _is_torn(path: Path) -> bool:
    return not path.read_bytes().endswith(b"\n")


def ratings(folder: Path) -> list[Rating]:
    """All verdicts of a folder in the order of their moments; what is no line is left out."""
    path = folder / TABLE
    try:
        lines = list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))
    except FileNotFoundError:
        return []
    except OSError as reason:
        raise Refusal(f"{path} cannot be read: {reason.strerror}.") from None
    return sorted((one for line in lines if (one := _read(line))), key=lambda one: one.when)


def _read(line: dict[str, str]) -> Rating | None:
    try:
        against = line["against"] or ""
        return Rating(line["who"], line["when"], line["what"], float(line["mark"]), against)
    except (ValueError, TypeError, KeyError):
        return None


def latest(verdicts: Iterable[Rating]) -> list[Rating]:
    """The last verdict of everyone on everything."""
    last = {(one.who, one.what, one.against): one for one in sorted(verdicts, key=_when)}
    return list(last.values())


def merge(folder: Path, others: Iterable[Path]) -> int:
    """Take in the verdicts and the music of other folders; how many were new. Raises Refusal."""
    known, new = set(ratings(folder)), 0
    for other in others:
        for rating in ratings(other):
            if rating not in known:
                named = (rating.what, rating.against)
                music = [
                    read(other, what) for what in named if what and _place(other, what).exists()
                ]
                add(folder, rating, music)
                known.add(rating)
                new += 1
    return new


def keep(folder: Path, rated: Rated) -> None:
    """Lay music beside the table, under its hash. Raises Refusal."""
    path = _place(folder, rated.what)
    if path.exists():
        return
    answer = Phrase.of(rated.answer, rated.pedal)
    messages = [
        *as_played(rated.prompt, rated.prompt.start),
        *(replace(each, by=Player.MODEL) for each in as_played(answer, answer.start)),
    ]
    write_take(Take(NOBODY, tuple(sorted(messages, key=lambda each: each.at)), ()), path)


def read(folder: Path, what: str) -> Rated:
    """The music of a hash. Raises Refusal where it is not there, or was changed."""
    path = _place(folder, what)
    take = read_take(path)
    prompt, answer = take.notes(Player.HUMAN), take.notes(Player.MODEL)
    if not prompt or not answer:
        raise Refusal(f"{path} holds no music that was rated.")
    rated = Rated(Phrase.of(prompt, take.pedal(Player.HUMAN)), answer, take.pedal(Player.MODEL))
    if rated.what != what:
        raise Refusal(f"{path} was changed since it was rated.")
    return rated


def _place(folder: Path, what: str) -> Path:
    return folder / MUSIC / f"{what}.mid"


def _when(rating: Rating) -> str:
    return rating.when
