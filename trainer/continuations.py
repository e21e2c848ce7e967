"""Lets models continue real prompts, and keeps what they played, so that a run can be stopped.

The rules kept here: what is judged is what plays, note for note: the performer's own improviser,
with the exported file. A continuation belongs to the model's fingerprint, the taste, the seed and
the prompt; it is kept as soon as it is made. What was kept is trusted only while the model still
plays it: the first is made again each time, and where it comes out otherwise (the program has
changed), all of that model's are forgotten.
"""

import hashlib
import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from performer.improviser import Improviser
from performer.length import Limit
from performer.notes import GRID, Phrase, as_sounded
from performer.take import facts_of_taste
from performer.taste import Taste
from performer.thought import Thought
from trainer.works import END, START, Heard, as_heard

LEFT_ALONE = -1  # of the pedal: the model does not say
TURNS = 2**31  # a prompt's turn is below this

TABLE = """create table if not exists continuations (
    model text, taste text, seed integer, notes integer, prompt text, music blob,
    primary key (model, taste, seed, notes, prompt))"""


@dataclass(frozen=True, slots=True, eq=False)
class Continuation:
    """What was played: notes from 0 at the first onset, and the pedal from each note on."""

    notes: Heard  # (n, 4)
    pedal: NDArray[np.int64]  # (n,), as in performer.touch, or LEFT_ALONE

    def to_bytes(self) -> bytes:
        """All of it as whole numbers, times in milliseconds."""
        rows = np.column_stack([self.notes, self.pedal])
        rows[:, [START, END]] *= GRID
        return np.round(rows).astype("<i4").tobytes()

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """The same, read back."""
        rows = np.frombuffer(data, dtype="<i4").reshape(-1, 5)
        notes = rows[:, :4].astype(np.float64)
        notes[:, [START, END]] /= GRID
        return cls(notes, rows[:, 4].astype(np.int64))


@dataclass(frozen=True, slots=True)
class Manner:
    """How prompts are to be continued."""

    taste: Taste
    seed: int
    notes: int


def name_of(phrase: Phrase) -> str:
    """The same for the same music, whatever it is called."""
    told = json.dumps(
        [
            [(note.pitch, note.velocity, note.start, note.end) for note in phrase.notes],
            [(span.start, span.end) for span in phrase.pedal],
        ]
    )
    return hashlib.sha256(told.encode()).hexdigest()


def turn_of(phrase: Phrase) -> int:
    """The turn whose random numbers go on from a prompt, and from no other."""
    return int(name_of(phrase), 16) % TURNS


def play(improviser: Improviser, phrase: Phrase, manner: Manner) -> Continuation:
    """What follows a phrase. Each prompt has random numbers of its own. Raises Refusal."""
    thought = Thought.on(phrase, manner.taste, manner.seed, turn_of(phrase))
    answer = [
        (note, LEFT_ALONE if after.pedal is None else after.pedal)
        for note, after in improviser.thoughts(thought, Limit(notes=manner.notes))
    ]  # without the thoughts, each of which holds a memory
    sounded = as_sounded(note for note, _ in answer)  # what is judged is what is heard
    return Continuation(as_heard(sounded), np.array([pedal for _, pedal in answer], dtype=np.int64))


class Kept:
    """The continuations of all models, in one file."""

    def __init__(self, path: Path) -> None:
        """The file, made where it is missing."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = sqlite3.connect(path, timeout=60)
        self._file.execute(TABLE)

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def continued(
        self, improviser: Improviser, phrases: Sequence[Phrase], manner: Manner
    ) -> Iterator[Continuation]:
        """What a model plays after each phrase, from the file where it is there. Raises Refusal."""
        self._check(improviser, phrases, manner)
        for phrase in phrases:
            kept = self._find(improviser, phrase, manner)
            if kept is None:
                kept = play(improviser, phrase, manner)
                self._keep(improviser, phrase, manner, kept)
            yield kept

    def _check(self, improviser: Improviser, phrases: Iterable[Phrase], manner: Manner) -> None:
        """Forget all that a model played, unless it still plays the first of it."""
        for phrase in phrases:
            kept = self._find(improviser, phrase, manner)
            if kept is not None:
                if kept.to_bytes() != play(improviser, phrase, manner).to_bytes():
                    with self._file:
                        self._file.execute(
                            "delete from continuations where model = ?", [improviser.model.sha256]
                        )
                return

    def _find(self, improviser: Improviser, phrase: Phrase, manner: Manner) -> Continuation | None:
        found = self._file.execute(
            "select music from continuations "
            "where model = ? and taste = ? and seed = ? and notes = ? and prompt = ?",
            _key(improviser, phrase, manner),
        ).fetchone()
        return Continuation.from_bytes(found[0]) if found else None

    def _keep(
        self, improviser: Improviser, phrase: Phrase, manner: Manner, played: Continuation
    ) -> None:
        with self._file:
            self._file.execute(
                "insert or replace into continuations values (?, ?, ?, ?, ?, ?)",
                [*_key(improviser, phrase, manner), played.to_bytes()],
            )


def _key(improviser: Improviser, phrase: Phrase, manner: Manner) -> list[str | int]:
    taste = json.dumps(facts_of_taste(manner.taste), sort_keys=True)
    return [improviser.model.sha256, taste, manner.seed, manner.notes, name_of(phrase)]
