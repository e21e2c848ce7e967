"""The music that models are judged by: whole works, and excerpts of them with what came before.

The rules kept here: a work is all of its editions, found by what they share, so that no fold and no
draw has one of them on each side. Notes are read as one pianist plays them, as the models learnt.
Excerpts follow from the works and their number alone; works set by software keep chords struck
exactly together.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from performer.descriptors import END as END
from performer.descriptors import PITCH as PITCH
from performer.descriptors import START as START
from performer.descriptors import VELOCITY as VELOCITY
from performer.descriptors import Heard as Heard
from performer.descriptors import as_heard as as_heard
from performer.notes import GRID, Note, Phrase, Span, on_grid
from performer.touch import SCORE
from trainer.lanes import Performance, performances
from trainer.splits import runs, works

PROMPT_NOTES, ANSWER_NOTES = 50, 100
CLOSEST = 10  # notes from one excerpt to the next of the same work, at least


@dataclass(frozen=True, slots=True, eq=False)
class Work:
    """One edition or performance of a work."""

    number: int  # the same for all editions
    title: str
    composer: str  # a family name
    performance: Performance
    pedal: tuple[Span, ...]

    @property
    def is_played(self) -> bool:
        """True where a pianist's touch is in it."""
        return self.performance.kind != SCORE

    @property
    def notes(self) -> Heard:
        """The (notes, 4) notes."""
        music = self.performance
        return np.stack(
            [
                np.round(music.start * GRID) / GRID,
                music.pitch.astype(np.float64),
                music.velocity.astype(np.float64),
                np.round(music.end * GRID) / GRID,
            ],
            axis=-1,
        )


@dataclass(frozen=True, slots=True, eq=False)
class Excerpt:
    """Some notes of a work, and those that truly followed; from 0 at the first onset."""

    work: Work
    first: int  # number of its first note in the work
    prompt: Phrase
    real: Heard  # (notes, 4)


def as_notes(heard: Heard) -> list[Note]:
    """Rows as notes."""
    return [
        Note(int(pitch), int(velocity), start, end)
        for start, pitch, velocity, end in heard.tolist()
    ]


def read_works(data: Path, split: str) -> list[Work]:
    """All works of a split that `prepare` wrote. Raises Refusal where there are none."""
    music = performances(data, split)
    told = pd.read_parquet(data / "pieces.parquet").set_index("piece")
    pedal = spans_by_piece(data / "pedal.parquet")
    owner: dict[int, int] = {}
    for number, editions in enumerate(works([runs(one.pitch, one.start) for one in music])):
        owner |= dict.fromkeys(editions, number)
    return [
        Work(
            owner[place],
            str(told.loc[one.piece, "title"] or Path(one.piece).stem),
            family_name(str(told.loc[one.piece, "composer"] or "")),
            one,
            pedal.get(one.piece, ()) if one.kind != SCORE else (),
        )
        for place, one in enumerate(music)
    ]


def spans_by_piece(path: Path) -> dict[str, tuple[Span, ...]]:
    """The spans of each piece's pedal, whichever track moves it."""
    table = pd.read_parquet(path, columns=["piece", "start", "end"])
    return {
        str(piece): joined(spans["start"].to_numpy(), spans["end"].to_numpy())
        for piece, spans in table.groupby("piece", observed=True)
    }


def joined(down_at: np.ndarray, up_at: np.ndarray) -> tuple[Span, ...]:
    """Spans in order, those that overlap taken for one.

    >>> joined(np.array([0.0, 1.0, 5.0]), np.array([2.0, 3.0, 6.0]))
    (Span(start=0.0, end=3.0), Span(start=5.0, end=6.0))
    """
    order = np.argsort(down_at)
    starts, ends = down_at[order], np.maximum.accumulate(up_at[order])
    begins = np.append(True, starts[1:] > ends[:-1])
    return tuple(
        Span(float(start), float(end))
        for start, end in zip(starts[begins], ends[np.append(begins[1:], True)], strict=True)
    )


def family_name(composer: str) -> str:
    """The name under which collections that spell it otherwise agree.

    >>> [family_name(name) for name in ("BeethovenLv", "Beethoven, Ludwig van", "Fauré, Gabriel")]
    ['beethoven', 'beethoven', 'faure']
    """
    family = re.split("[,-]", composer)[0]
    bare = re.sub(r"(?<=[a-z])[A-Z]{1,3}[a-z]?$", "", family)
    plain = unicodedata.normalize("NFKD", bare).encode("ascii", "ignore").decode()
    return plain.lower().strip()


def played(works: Sequence[Work]) -> list[Work]:
    """The works in which a pianist's touch is."""
    return [work for work in works if work.is_played]


def excerpts(works: Sequence[Work], count: int, real: int = ANSWER_NOTES) -> list[Excerpt]:
    """About so many excerpts, at even distances; fewer where the works are too short for them.

    `real` notes follow each prompt.
    """
    whole = PROMPT_NOTES + real
    apart = distance([len(work.performance) - whole for work in works], count)
    return [
        excerpt(work, first, real)
        for work in works
        for first in range(0, len(work.performance) - whole + 1, apart)
    ]


def distance(room: Sequence[int], count: int) -> int:
    """Notes from one excerpt to the next, so that there are at least so many where that can be.

    `room` is how far the last excerpt of each work may stand from its beginning.

    >>> distance([100, -5], 3), distance([100], 1_000)
    (50, 10)
    """
    for apart in range(max(CLOSEST, *room, 0), CLOSEST, -1):
        if sum(far // apart + 1 for far in room if far >= 0) >= count:
            return apart
    return CLOSEST


def excerpt(work: Work, first: int, real: int) -> Excerpt:
    """A prompt from note number `first`, and what truly followed."""
    notes = work.notes[first : first + PROMPT_NOTES + real]
    zero = notes[0, START]
    notes[:, [START, END]] = np.round((notes[:, [START, END]] - zero) * GRID) / GRID
    asked = as_notes(notes[:PROMPT_NOTES])
    until = on_grid(asked[-1].start)
    pedal = within(work.pedal, zero, until)
    return Excerpt(work, first, Phrase.of(asked, pedal), notes[PROMPT_NOTES:])


def within(pedal: Sequence[Span], zero: float, until: float) -> Iterator[Span]:
    """The spans between `zero` and `until` seconds later, counted from `zero`.

    >>> list(within([Span(0.0, 2.0), Span(5.0, 9.0)], 1.0, 5.0))
    [Span(start=0.0, end=1.0), Span(start=4.0, end=5.0)]
    """
    for span in pedal:
        start, end = max(span.start - zero, 0.0), min(span.end - zero, until)
        if start < end:
            yield Span(start, end)
