"""Whole pieces to learn from, played side by side in lanes, a stretch of notes at a time.

The rules kept here: a lane plays one piece from where it begins to its end, then another; its
stretches follow one another without a gap, so a network's state can be carried along. What a lane
plays follows from (seed, lane, number of the piece) alone.

Each time a piece is played it is another: transposed, quicker or slower, louder or softer; of music
set by software, whose chords are struck exactly together, half the plays are loosened, since no
live player is ever exactly together; and of music with pedal, one play in four has none, its notes
held as long as they sounded, since not every player has a pedal.
"""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from performer.refusal import Refusal
from performer.touch import (
    KINDS,
    PARTS,
    PEDAL,
    PERFORMED,
    SCORE,
    UNKNOWN_PEDAL,
    UNKNOWN_VELOCITY,
    VELOCITY,
    Tokens,
    kind_of,
    pedal_between,
    tokens,
)

SHARES = (0.2, 0.4, 0.4)  # of lanes that play performed, expressive, score
LOWEST, HIGHEST = 21, 108  # the piano's keys
TRANSPOSED = 6  # semitones up or down, at most
SLOWEST, QUICKEST = 0.8, 1.25  # times the duration of everything
LOUDER = 8  # velocity up or down, at most
LOOSENED = 0.015  # seconds that a note of a chord may be late
EVEN = 2.0  # a standard deviation of velocity below this is no dynamics
SHORTEST_PIECE = 32  # notes


@dataclass(frozen=True, slots=True)
class Variety:
    """How a piece is changed each time that it is played."""

    is_wide: bool = True  # transposed, quicker or slower, louder or softer, loosened
    without_pedal: float = 0.25  # the share of plays


@dataclass(frozen=True, slots=True, eq=False)
class Performance:
    """A piece as one pianist plays it: notes by onset, none sounding twice at once."""

    piece: str
    kind: int
    start: NDArray[np.float64]  # (notes,) seconds
    pitch: NDArray[np.int64]
    velocity: NDArray[np.int64]
    end: NDArray[np.float64]
    sounding: NDArray[np.float64]  # until when each sounds, the pedal down
    pedal: NDArray[np.int64]  # see touch.pedal_between
    has_dynamics: bool
    has_pedal: bool

    def __len__(self) -> int:
        """The number of notes."""
        return len(self.start)

    def tokens(self) -> Tokens:
        """The (notes, 5) integers, as they stand in the source."""
        return self._known(
            tokens(self.start, self.pitch, self.velocity, self.end - self.start, self.pedal),
            self.has_pedal,
        )

    def played_anew(self, dice: np.random.Generator, variety: Variety) -> Tokens:
        """The (notes, 5) integers of one of its many possible plays, some of them without pedal."""
        shift, pace, louder, loosened = 0, 1.0, 0, False
        if variety.is_wide:
            low, high = int(self.pitch.min()), int(self.pitch.max())
            lowest = max(-TRANSPOSED, min(LOWEST - low, 0))
            highest = min(TRANSPOSED, max(HIGHEST - high, 0))
            shift = int(dice.integers(lowest, highest + 1))
            pace = np.exp(dice.uniform(np.log(SLOWEST), np.log(QUICKEST)))
            louder = int(dice.integers(-LOUDER, LOUDER + 1))
            loosened = self.kind != PERFORMED and dice.random() < 0.5
        has_pedal = self.has_pedal and dice.random() >= variety.without_pedal
        start, end = self.start * pace, (self.end if has_pedal else self.sounding) * pace
        if loosened:
            late = dice.uniform(0, LOOSENED, len(start))
            start, end = start + late, end + late
        order = np.lexsort((self.pitch, start))
        return self._known(
            tokens(
                start[order],
                self.pitch[order] + shift,
                np.clip(self.velocity[order] + louder, 1, 127),
                (end - start)[order],
                self.pedal[order],
            ),
            has_pedal,
        )

    def _known(self, written: Tokens, has_pedal: bool) -> Tokens:
        if not self.has_dynamics:
            written[:, VELOCITY] = UNKNOWN_VELOCITY
        if not has_pedal:
            written[:, PEDAL] = UNKNOWN_PEDAL
        return written


def performances(data: Path, split: str) -> list[Performance]:
    """The pieces of a split that `prepare` wrote. Raises Refusal where there are none."""
    try:
        pieces = pq.read_table(data / "pieces.parquet").to_pylist()
    except FileNotFoundError:
        raise Refusal(f"{data} holds no prepared music: run antiphon-train prepare.") from None
    wanted = {piece["piece"]: piece for piece in pieces if piece["split"] == split}
    pedal = _by_piece(data / "pedal.parquet", ["start", "end"], set(wanted))
    notes = _by_piece(data / "notes.parquet", ["start", "end", "pitch", "velocity"], set(wanted))
    found = [
        performance(name, wanted[name]["kind"] or guessed(columns), columns, pedal.get(name))
        for name, columns in notes.items()
    ]
    long_enough = [one for one in found if len(one) >= SHORTEST_PIECE]
    if not long_enough:
        raise Refusal(f"{data} holds no piece to {split} with: prepare more pieces.")
    return long_enough


def _by_piece(path: Path, columns: list[str], wanted: set[str]) -> dict[str, list[np.ndarray]]:
    """Columns of each wanted piece, whose rows stand together."""
    table = pq.read_table(path, columns=["piece", *columns])
    if not len(table):
        return {}
    piece = table["piece"].combine_chunks()
    names = piece.dictionary.to_pylist()
    owner = piece.indices.to_numpy()
    bounds = np.flatnonzero(np.diff(owner)) + 1
    values = [table[column].to_numpy() for column in columns]
    return {
        names[owner[first]]: [value[first:last] for value in values]
        for first, last in zip([0, *bounds], [*bounds, len(owner)], strict=True)
        if names[owner[first]] in wanted
    }


def guessed(columns: list[np.ndarray]) -> str:
    """The kind of a piece of which no catalogue says it."""
    start, velocity = columns[0], columns[3]
    return KINDS[SCORE if float(velocity.std()) < EVEN else kind_of(np.sort(start))]


def performance(
    piece: str, kind: str, columns: list[np.ndarray], pedal: list[np.ndarray] | None
) -> Performance:
    """A piece's notes on one piano: a key struck again ends, doubled notes are one."""
    start, end, pitch, velocity = (np.asarray(column) for column in columns)
    start = np.round(start, 3)  # what a take can say
    order = np.lexsort((-end, pitch, start))
    start, end, pitch, velocity = start[order], end[order], pitch[order], velocity[order]
    by_key = np.lexsort((start, pitch))
    is_same_key = np.diff(pitch[by_key]) == 0
    is_double = np.zeros(len(start), dtype=bool)
    is_double[by_key[1:]] = is_same_key & (np.diff(start[by_key]) == 0)
    kept = by_key[~is_double[by_key]]
    is_same_key = np.diff(pitch[kept]) == 0
    until = np.append(np.where(is_same_key, start[kept][1:], np.inf), np.inf)
    end[kept] = np.minimum(end[kept], until)
    single = ~is_double
    down_at, up_at = _merged(pedal) if pedal else (np.empty(0), np.empty(0))
    sounding = _sustained(end, down_at, up_at)
    sounding[kept] = np.minimum(sounding[kept], until)
    start, end, pitch, velocity = start[single], end[single], pitch[single], velocity[single]
    has_pedal = len(down_at) > 0
    which = KINDS.index(kind)
    return Performance(
        piece,
        which,
        start,
        pitch.astype(np.int64),
        velocity.astype(np.int64),
        end,
        sounding[single],
        pedal_between(start, down_at, up_at, float(end.max())),
        has_dynamics=which != SCORE and float(velocity.std()) >= EVEN,
        has_pedal=which != SCORE and has_pedal,
    )


def _merged(spans: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """The pedal's spans of all tracks as those of one pedal, in order."""
    order = np.argsort(spans[0])
    down_at, up_at = spans[0][order], np.maximum.accumulate(spans[1][order])
    begins = np.append(True, down_at[1:] > up_at[:-1])
    ends = np.append(begins[1:], True)
    return down_at[begins], up_at[ends]


def _sustained(end: np.ndarray, down_at: np.ndarray, up_at: np.ndarray) -> np.ndarray:
    """Until when notes sound that are let go at `end`."""
    if not len(down_at):
        return end.copy()
    last = np.searchsorted(down_at, end, side="right") - 1
    return np.where(last >= 0, np.maximum(end, up_at[np.maximum(last, 0)]), end)


@dataclass(frozen=True, slots=True, eq=False)
class Stretch:
    """What all lanes play next: a note, and the note that follows it, for each lane and moment."""

    read: Tokens  # (lanes, notes, 5)
    next: Tokens  # (lanes, notes, 5)
    kind: Tokens  # (lanes,)
    begins: NDArray[np.bool_]  # (lanes,) where a piece begins: nothing is carried into it
    is_there: NDArray[np.bool_]  # (lanes, notes) False past the end of a piece


class Lanes:
    """Pieces side by side; what is played goes on from stretch to stretch."""

    def __init__(
        self,
        pieces: list[Performance],
        lanes: range,
        notes: int,
        seed: int,
        variety: Variety = Variety(),
    ) -> None:
        """Some lanes (by number) of an ensemble, each a stretch of so many notes at a time."""
        self.variety = variety
        self._of_kind = [[p for p in pieces if p.kind == kind] for kind in range(len(KINDS))]
        has_any = np.array([bool(ours) for ours in self._of_kind])
        shares = np.array(SHARES) * has_any
        self._shares = shares / shares.sum()
        self._lanes, self._notes, self._seed = lanes, notes, seed
        self.visit = np.full(len(lanes), -1)  # number of the piece that each lane plays
        self.at = np.zeros(len(lanes), dtype=np.int64)  # next note of it
        self._music: list[tuple[Tokens, int]] = [(np.empty((0, len(PARTS)), int), 0)] * len(lanes)

    def restore(self, visit: NDArray[np.int64], at: NDArray[np.int64]) -> None:
        """Go on from where another ensemble of the same lanes stood."""
        self.visit[:], self.at[:] = visit, at
        for row in range(len(self._lanes)):
            if self.visit[row] >= 0:
                self._music[row] = self._play(row)[:2]

    def settle(self) -> None:
        """Play pieces as they stand from now on; every lane begins another."""
        self.variety = replace(self.variety, is_wide=False)
        self._music = [(music[:0], kind) for music, kind in self._music]

    def _play(self, row: int) -> tuple[Tokens, int, int]:
        """The piece that a lane plays now: its notes, its kind, and where it is taken up."""
        dice = np.random.default_rng((self._seed, self._lanes[row], int(self.visit[row])))
        kind = int(dice.choice(len(KINDS), p=self._shares))
        piece = self._of_kind[kind][dice.integers(len(self._of_kind[kind]))]
        music = piece.played_anew(dice, self.variety)
        from_start = dice.random() < 0.5
        first = 0 if from_start else int(dice.integers(max(len(music) - self._notes, 1)))
        return music, kind, first

    def next(self) -> Stretch:
        """The next stretch."""
        shape = (len(self._lanes), self._notes + 1, len(PARTS))
        notes = np.zeros(shape, dtype=np.int64)
        kinds = np.zeros(shape[0], dtype=np.int64)
        begins = np.zeros(shape[0], dtype=bool)
        is_there = np.zeros((shape[0], self._notes), dtype=bool)
        for row in range(shape[0]):
            if self.at[row] + 1 >= len(self._music[row][0]):
                self.visit[row] += 1
                music, kind, first = self._play(row)
                self._music[row], self.at[row], begins[row] = (music, kind), first, True
            music, kinds[row] = self._music[row]
            ours = music[self.at[row] : self.at[row] + self._notes + 1]
            notes[row, : len(ours)] = ours
            is_there[row, : len(ours) - 1] = True
            self.at[row] += self._notes
        return Stretch(notes[:, :-1], notes[:, 1:], kinds, begins, is_there)
