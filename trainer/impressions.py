"""What a model makes of music as composed, spoilt, and played by models: what scorers learn from.

The rules kept here: one prompt has all its versions, and the model has heard the prompt before
each of them; a version is heard note by note, by the exported file that plays. What was heard is
kept by the models' fingerprints and the prompt, so a run can be stopped, and goes on from there.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from performer.improviser import Improviser
from performer.length import Limit
from performer.memory import Memory
from performer.notes import on_grid
from performer.scorer import WINDOW, embedded
from performer.taste import Taste
from performer.thought import Thought
from performer.touch import (
    PEDAL,
    UNKNOWN_PEDAL,
    UNKNOWN_VELOCITY,
    VELOCITY,
    Tokens,
    kind_of,
    phrase_tokens,
    tokens,
)
from performer.touch_player import HEARING, TouchPlayer, Wish
from trainer import works
from trainer.continuations import name_of, turn_of
from trainer.corruptions import REAL, corrupted, matched
from trainer.works import END, PITCH, PROMPT_NOTES, START, Excerpt, Heard, Work, as_heard, excerpt

SEED = 3
FORM = "2"  # of what is kept: another, and all is heard anew

Halves = NDArray[np.float16]


@dataclass(frozen=True, slots=True, eq=False)
class Listened:
    """What a model knew after each note of each version of a continuation."""

    work: int
    names: tuple[str, ...]
    music: NDArray[np.float64]  # (versions, WINDOW, 4) notes
    contexts: Halves  # (versions, WINDOW, width)
    log_odds: NDArray[np.float32]  # (versions, WINDOW - 1, 5) of all notes but the first

    @property
    def embeddings(self) -> NDArray[np.float32]:
        """(versions, 2 * width + PLAIN)."""
        parts = zip(self.contexts.astype(np.float32), self.log_odds, self.music, strict=True)
        return np.stack([embedded(*each) for each in parts])

    def to_file(self, path: Path) -> None:
        """Keep it, whole or not at all."""
        part = path.with_suffix(".part.npz")
        path.parent.mkdir(parents=True, exist_ok=True)
        np.savez(
            part,
            work=self.work,
            names=np.array(self.names),
            music=self.music,
            contexts=self.contexts,
            log_odds=self.log_odds,
        )
        part.replace(path)

    @classmethod
    def from_file(cls, path: Path) -> "Listened":
        """The same, read back."""
        with np.load(path) as file:
            names = tuple(file["names"].tolist())
            parts = (file[name] for name in ("music", "contexts", "log_odds"))
            return cls(int(file["work"]), names, *parts)


def some(pieces: Sequence[Work], count: int, seed: int = SEED) -> list[Excerpt]:
    """So many excerpts, one of each work as far as they go, from anywhere in it."""
    dice = np.random.default_rng(seed)
    whole = PROMPT_NOTES + WINDOW
    long_enough = [piece for piece in pieces if len(piece.performance) >= whole]
    chosen: list[Work] = []
    while long_enough and len(chosen) < count:
        chosen += [long_enough[place] for place in dice.permutation(len(long_enough))]
    return [
        excerpt(piece, int(dice.integers(len(piece.performance) - whole + 1)), WINDOW)
        for piece in chosen[:count]
    ]


@dataclass(frozen=True, slots=True)
class Playing:
    """A model that goes on from a prompt, and in which taste."""

    improviser: Improviser
    taste: Taste = Taste()


@dataclass(frozen=True, slots=True)
class Listener:
    """The model that listens, and those that play to it."""

    improviser: Improviser
    players: Mapping[str, Playing]
    kept: Path

    def heard(self, asked: Sequence[Excerpt]) -> Iterator[Listened]:
        """What it makes of each excerpt's versions, from the folder where it is there."""
        for ask in asked:
            path = self.kept / f"{self._key(ask)}.npz"
            if not path.exists():
                self._listen(ask).to_file(path)
            yield Listened.from_file(path)

    def _key(self, ask: Excerpt) -> str:
        players = [
            (name, playing.improviser.model.sha256, repr(playing.taste))
            for name, playing in self.players.items()
        ]
        told = (FORM, self.improviser.model.sha256, players, name_of(ask.prompt))
        return hashlib.sha256(repr(told).encode()).hexdigest()[:32]

    def _listen(self, ask: Excerpt) -> Listened:
        player = self.improviser.player
        assert isinstance(player, TouchPlayer)
        versions = self.versions(ask)
        prompt = phrase_tokens(ask.prompt)
        kind = kind_of(np.array([note.start for note in ask.prompt.notes]))
        memory = player.fresh
        for note in prompt[:-1]:
            memory = player.said(note, kind, memory, HEARING).memory
        heard = [
            listened(player, np.concatenate([prompt[-1:], written]), kind, memory)
            for written in (as_tokens(version, ask) for version in versions.values())
        ]
        contexts, log_odds = (np.stack(part) for part in zip(*heard, strict=True))
        music = np.stack(list(versions.values()))
        halves = contexts.astype(np.float16)
        return Listened(ask.work.number, tuple(versions), music, halves, log_odds)

    def versions(self, ask: Excerpt) -> dict[str, Heard]:
        """The continuation as composed, as models play it, and spoilt."""
        versions = {
            REAL: ask.real,
            **{name: played(playing, ask) for name, playing in self.players.items()},
            **spoilt(ask),
        }
        return {name: matched(version, ask.real) for name, version in versions.items()}


def spoilt(ask: Excerpt) -> dict[str, Heard]:
    """The composer's continuation, corrupted in every way; the same each time."""
    return corrupted(ask.real, np.random.default_rng((SEED, int(name_of(ask.prompt)[:8], 16))))


def played(playing: Playing, ask: Excerpt) -> Heard:
    """How a model goes on, at the moment at which the composer did."""
    at = on_grid(ask.real[0, START])
    thought = Thought.on(ask.prompt, playing.taste, SEED, turn_of(ask.prompt), at)
    return as_heard(list(playing.improviser.answer(thought, Limit(notes=WINDOW))))


def as_tokens(heard: Heard, ask: Excerpt) -> Tokens:
    """A version as a model reads it after the prompt, (WINDOW, 5); the pedal is the work's own."""
    whole = np.concatenate([as_heard(ask.prompt.notes[-1:]), heard])
    first = ask.first + PROMPT_NOTES
    pedal = ask.work.performance.pedal[first - 1 : first - 1 + len(whole)]
    written = tokens(
        whole[:, START],
        whole[:, PITCH].astype(np.int64),
        whole[:, works.VELOCITY].astype(np.int64),
        whole[:, END] - whole[:, START],
        pedal,
    )[1:]
    if not ask.prompt.pedal:
        written[:, PEDAL] = UNKNOWN_PEDAL
    if not ask.work.performance.has_dynamics:
        written[:, VELOCITY] = UNKNOWN_VELOCITY
    return written


def listened(
    player: TouchPlayer, music: Tokens, kind: int, memory: Memory
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """What is known after each note (n, 5) but the first, and the log-odds of those after it.

    The first is heard, but it belongs to what came before.
    """
    memory = player.said(music[0], kind, memory, HEARING).memory
    contexts, log_odds = [], []
    for place, note in enumerate(music[1:], start=1):
        following = music[place + 1] if place + 1 < len(music) else None
        wish = HEARING if following is None else Wish(HEARING.numbers, forced=following)
        said = player.said(note, kind, memory, wish)
        memory = said.memory
        contexts.append(said.context)
        if following is not None:
            log_odds.append(said.log_odds)
    return np.stack(contexts), np.stack(log_odds)
