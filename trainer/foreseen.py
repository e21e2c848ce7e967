"""How well is the next note foreseen: bits for each of its parts, by models and by baselines.

The rules kept here: all answer for the same notes in the same bins, each knowing what came before
in the same work and nothing after; what a source does not say (velocity, pedal) is nobody's
question. The baselines heard train works of the same kinds; their order was chosen on valid works.

A model is asked through its exported file. What is said of a note by a model of each codec is one
function (`ASKED`): a path and works go in, and bits by part come out.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from performer import codec, touch
from performer.codec import WINDOW, Floats, features
from performer.model import Model
from performer.touch import DURATION, PARTS, PITCH, SIZES, STEP, Tokens
from performer.touch_player import TouchPlayer
from performer.window_player import HEADS
from trainer.baselines import LONGEST, Doubles, Markov, RepeatLast, Symbols, best_order
from trainer.confidence import Measured, mean
from trainer.export_grand import log_odds
from trainer.works import Heard, Work

AT_ONCE = 1_000
ORDER_NOTES = 8_000  # of valid works, by which the order of a chain is chosen
NOBODY = np.nan  # bits of what is not said or not known
HEAD_OF = dict(zip((PITCH, STEP, DURATION), HEADS, strict=True))


@dataclass(frozen=True, slots=True, eq=False)
class Foreseen:
    """Bits for each part of n notes, and how many pitches were as likely as the true one."""

    bits: Doubles  # (n, 5) by touch.PARTS; NOBODY where nothing is said
    rank: Doubles  # (n,) of the pitch, from 0; NOBODY where it is not told


@dataclass(frozen=True, slots=True, eq=False)
class Questions:
    """The notes that all are asked about: those of some works that have a whole window before."""

    works: Sequence[Work]
    most: int  # notes of a work

    @property
    def music(self) -> Iterator[Tokens]:
        """The (notes, 5) integers of each work."""
        return (work.performance.tokens()[: WINDOW + self.most] for work in self.works)

    @property
    def true(self) -> Tokens:
        """The (n, 5) notes that came."""
        none = np.empty((0, len(PARTS)), dtype=np.int64)
        return np.concatenate([none, *(tokens[WINDOW:] for tokens in self.music)])

    @property
    def before(self) -> Tokens:
        """The (n, LONGEST, 5) notes before each."""
        none = np.empty((0, LONGEST, len(PARTS)), dtype=np.int64)
        return np.concatenate([none, *(earlier(tokens) for tokens in self.music)])

    @property
    def owner(self) -> Symbols:
        """The (n,) numbers of their works."""
        counts = [max(len(tokens) - WINDOW, 0) for tokens in self.music]
        return np.repeat([work.number for work in self.works], counts).astype(np.int64)


def earlier(tokens: Tokens) -> Tokens:
    """The last few notes before each note that has a window before it, (n, LONGEST, 5)."""
    if len(tokens) <= WINDOW:
        return np.empty((0, LONGEST, len(PARTS)), dtype=np.int64)
    runs = np.lib.stride_tricks.sliding_window_view(tokens[:-1], LONGEST, axis=0)
    return np.asarray(runs[WINDOW - LONGEST :].transpose(0, 2, 1))


def unknown_left_out(bits: Doubles, true: Tokens) -> Doubles:
    """The same bits (n, 5) without those of what the source does not say."""
    return np.where(true < np.array(SIZES), bits, NOBODY)


# Models


def by_window(path: Path, questions: Questions) -> Foreseen:
    """What a model says that reads the last 25 notes. Raises Refusal."""
    model = Model.load(path)
    said = [
        _window_bits(model, windows, true)
        for work, tokens in zip(questions.works, questions.music, strict=True)
        for windows, true in _parts(rows_of(work)[: len(tokens)], tokens)
    ]
    return joined(said)


def rows_of(work: Work) -> Floats:
    """A work as the (notes, 3) rows that a window model reads."""
    music = work.performance
    step = np.diff(music.start, prepend=music.start[:1])
    return features(music.pitch, step, music.end - music.start)


def _parts(rows: Floats, tokens: Tokens) -> Iterator[tuple[Floats, Tokens]]:
    """Windows (n, 25, 3) and the notes (n, 5) that follow, some at a time."""
    if len(rows) <= WINDOW:
        return
    windows = np.lib.stride_tricks.sliding_window_view(rows[:-1], WINDOW, axis=0)
    for first in range(0, len(windows), AT_ONCE):
        some = windows[first : first + AT_ONCE].transpose(0, 2, 1)
        true = tokens[WINDOW + first : WINDOW + first + AT_ONCE]
        yield np.ascontiguousarray(some), true


def _window_bits(model: Model, windows: Floats, true: Tokens) -> Foreseen:
    outputs = model.run(list(HEADS), {"window": windows})
    odds = dict(zip(HEADS, map(softmax, outputs), strict=True))
    bits = np.full(true.shape, NOBODY)
    for part, head in HEAD_OF.items():
        bits[:, part] = bits_said(odds[head], true[:, part])
    return Foreseen(bits, rank_of(odds[HEAD_OF[PITCH]], true[:, PITCH]))


def by_touch(path: Path, questions: Questions) -> Foreseen:
    """What a model says that carries its memory along: it hears each work from its first note."""
    player = TouchPlayer(Model.load(path))
    none = np.empty((0, len(PARTS)))
    bits = [
        -log_odds(player, tokens, work.performance.kind)[WINDOW - 1 :] / np.log(2)
        for work, tokens in zip(questions.works, questions.music, strict=True)
        if len(tokens) > WINDOW
    ]
    said = unknown_left_out(np.concatenate([none, *bits]), questions.true)
    return Foreseen(said, np.full(len(said), NOBODY))


ASKED: Mapping[str, Callable[[Path, Questions], Foreseen]] = {
    codec.CODEC: by_window,
    touch.CODEC: by_touch,
}


def asked(path: Path, questions: Questions) -> Foreseen:
    """What any exported model says. Raises Refusal."""
    return ASKED[Model.load(path).card.codec](path, questions)


def softmax(scores: NDArray[np.floating]) -> Doubles:
    """Scores as odds."""
    odds = np.exp(scores.astype(np.float64) - scores.max(axis=-1, keepdims=True))
    return np.asarray(odds / odds.sum(axis=-1, keepdims=True))


def bits_said(odds: Doubles, true: Symbols) -> Doubles:
    """Bits to say which of the values came, by the (n, size) odds given to them."""
    return np.asarray(-np.log2(odds[np.arange(len(true)), true]))


def rank_of(odds: Doubles, true: Symbols) -> Doubles:
    """How many other values were as likely as the one that came, or likelier."""
    own = odds[np.arange(len(true)), true]
    return np.asarray((odds >= own[:, None]).sum(axis=1) - 1.0)


def joined(parts: Sequence[Foreseen]) -> Foreseen:
    """Answers one after the other."""
    return Foreseen(
        np.concatenate([np.empty((0, len(PARTS))), *(part.bits for part in parts)]),
        np.concatenate([np.empty(0), *(part.rank for part in parts)]),
    )


# Baselines


@dataclass(frozen=True, slots=True, eq=False)
class Baseline:
    """Something that gives odds to the next value of a part, by the values of that part before."""

    name: str
    remark: str
    odds: tuple[Callable[[Symbols], Doubles] | None, ...]  # by part; None: it never heard any

    def foresees(self, before: Tokens, true: Tokens) -> Foreseen:
        """What it says of n notes, (n, 5), after (n, LONGEST, 5)."""
        said = [
            self._some(before[first : first + AT_ONCE], true[first : first + AT_ONCE])
            for first in range(0, len(true), AT_ONCE)
        ]
        return joined(said)

    def _some(self, before: Tokens, true: Tokens) -> Foreseen:
        bits = np.full(true.shape, NOBODY)
        rank = np.full(len(true), NOBODY)
        for part, odds_of in enumerate(self.odds):
            known = np.flatnonzero(true[:, part] < SIZES[part])
            if odds_of is None or not len(known):
                continue
            odds = odds_of(before[known, :, part])
            bits[known, part] = bits_said(odds, true[known, part])
            if part == PITCH:
                rank = rank_of(odds, true[:, PITCH])
        return Foreseen(bits, rank)


def baselines(train: Sequence[Work], valid: Sequence[Work]) -> list[Baseline]:
    """Unigram, repeat-last, and a Markov chain of the best order for each part."""
    music = [work.performance.tokens() for work in train]
    ours = [_values(music, part) for part in range(len(PARTS))]
    trial = Questions(valid, max(ORDER_NOTES // max(len(valid), 1), 1))
    before, true = trial.before, trial.true
    unigram: list[Callable[[Symbols], Doubles] | None] = []
    again: list[Callable[[Symbols], Doubles] | None] = []
    markov: list[Callable[[Symbols], Doubles] | None] = []
    told = []
    for part, (values, firsts) in enumerate(ours):
        if not len(values):
            for said in (unigram, again, markov):
                said.append(None)
            continue
        chain = Markov.of(values, firsts, SIZES[part])
        known = true[:, part] < SIZES[part]
        order = best_order(chain, before[known, :, part], true[known, part]) if known.any() else 1
        unigram.append(_of_order(chain, 0))
        again.append(RepeatLast.of(values, firsts, SIZES[part]).odds)
        markov.append(_of_order(chain, order))
        told.append(f"{PARTS[part]} {order}")
    return [
        Baseline("unigram", "how often each value comes", tuple(unigram)),
        Baseline("repeat-last", "the last value again, as often as that comes", tuple(again)),
        Baseline("Markov", f"values remembered: {', '.join(told)}", tuple(markov)),
    ]


def _of_order(chain: Markov, order: int) -> Callable[[Symbols], Doubles]:
    return lambda before: chain.odds(before, order)


def _values(music: Sequence[Tokens], part: int) -> tuple[Symbols, Symbols]:
    """One part of all works that say it, one after the other, and where each begins."""
    columns = [tokens[:, part] for tokens in music]
    known = [column for column in columns if (column < SIZES[part]).all()]
    lengths = np.array([len(column) for column in known], dtype=np.int64)
    return np.concatenate([np.empty(0, dtype=np.int64), *known]), np.cumsum(lengths) - lengths


# Figures


def figures(said: Foreseen, owner: Symbols) -> dict[str, Measured]:
    """Mean bits by part, with bounds; of all parts that are said; and hits of the pitch."""
    told = {
        f"{part} bits": mean(said.bits[:, number], owner)
        for number, part in enumerate(PARTS)
        if np.isfinite(said.bits[:, number]).any()
    }
    for name, parts in TOTALS.items():
        if all(f"{PARTS[part]} bits" in told for part in parts):
            told[name] = mean(said.bits[:, parts].sum(axis=1), owner)
    if np.isfinite(said.rank).any():
        for tries in (1, 5):
            told[f"pitch top {tries}"] = mean((said.rank < tries).astype(np.float64), owner)
    return told


TOTALS = {
    "bits without touch": [STEP, PITCH, DURATION],
    "bits a note": [STEP, PITCH, touch.VELOCITY, DURATION],
    "bits with pedal": [STEP, PITCH, touch.VELOCITY, DURATION, touch.PEDAL],
}


def as_tokens(heard: Heard) -> Tokens:
    """Played notes as integers, the pedal unknown."""
    start, pitch, velocity, end = heard.T
    unknown = np.full(len(heard), touch.UNKNOWN_PEDAL)
    return touch.tokens(start, pitch.astype(int), velocity.astype(int), end - start, unknown)
