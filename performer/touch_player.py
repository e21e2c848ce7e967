"""Plays with a model that hears touch and pedal: the flagship.

The rules kept here: what must not be is masked before it is drawn; see `improviser`. The graph says
one note a run, reproducible from the random numbers that it is given. What was heard already is not
heard twice: the memories after the latest notes are kept, which saves time and changes nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from performer.codec import DURATION_EDGES, STEP_EDGES, bins, seconds_in_bin
from performer.limits import SHORTEST, untaken
from performer.model import Model
from performer.notes import Note, Phrase, on_grid
from performer.thought import Thought, TouchMind
from performer.touch import (
    CHORD_STEPS,
    DOWN,
    DURATION,
    EXPRESSIVE,
    PARTS,
    PEDAL,
    PERFORMED,
    PITCH,
    SIZES,
    STATE,
    STEP,
    UNKNOWN_PEDAL,
    VELOCITY,
    VELOCITY_WIDTH,
    Tokens,
    kind_of,
    phrase_tokens,
)

FREE = np.full(len(PARTS), -1)  # no part is forced
ANYTHING = tuple(np.ones(size, dtype=bool) for size in SIZES)
UNMOVED, UNMOVED_IN_CHORDS = 0.52, 0.88  # shares of velocities within a bin, on train works
REMEMBERED = 16  # memories kept, of the latest notes heard

Memory = Mapping[str, NDArray[np.generic]]


@dataclass(frozen=True, slots=True, eq=False)
class Wish:
    """How the next note is to be drawn: by default, as learnt."""

    numbers: tuple[float, ...]  # (5,) evenly between 0 and 1
    temperatures: tuple[float, ...] = (1.0,) * len(PARTS)
    top_p: float = 1.0
    allowed: tuple[NDArray[np.bool_], ...] = ANYTHING  # of each part
    in_chord: NDArray[np.bool_] = field(
        default_factory=lambda: ANYTHING[PITCH]
    )  # pitches that a chord may still have
    forced: NDArray[np.int64] = field(default_factory=lambda: FREE)


HEARING = Wish((0.0,) * len(PARTS))  # nothing is wished for: a note is only heard


@dataclass(frozen=True, slots=True, eq=False)
class Said:
    """What the graph says after a note."""

    note: Tokens  # (5,) the next one
    log_odds: NDArray[np.float32]  # (5,) nats: how likely each part was, as learnt
    memory: Memory
    context: NDArray[np.float32]  # (n,) all that was known before it was said


@dataclass(frozen=True, slots=True, eq=False)
class _Heard:
    """Notes that were heard, and the memories after the last of them."""

    tokens: Tokens  # (n, 5)
    kind: int
    memories: tuple[Memory, ...]  # the last stands after the last note

    def first_of(self, tokens: Tokens, kind: int) -> tuple[int, Memory] | None:
        """How many of the first of some notes are remembered, and the memory after these."""
        both = min(len(tokens), len(self.tokens))
        is_same = (tokens[:both] == self.tokens[:both]).all(axis=1)
        same = both if is_same.all() else int(np.argmin(is_same))
        back = len(self.tokens) - same
        if kind != self.kind or back >= len(self.memories):
            return None
        return same, self.memories[len(self.memories) - 1 - back]


class TouchPlayer:
    """Plays with one model."""

    def __init__(self, model: Model) -> None:
        """A player that has heard nothing yet."""
        self._model = model
        self._outputs = ["next_note", "log_odds", "context", *(f"next_{name}" for name in STATE)]
        self._heard: _Heard | None = None

    @property
    def fresh(self) -> Memory:
        """The memory before the first note."""
        memory: dict[str, NDArray[np.generic]] = {
            name: np.zeros(shape, dtype)
            for name, (shape, dtype) in self._model.inputs.items()
            if name in STATE
        }
        for name in ("pitches", "last"):
            memory[name][:] = -1
        return memory

    def warm_up(self) -> None:
        """Say a note that nobody hears, so that the first one heard comes as quickly as others."""
        self.said(np.zeros(len(PARTS), dtype=np.int64), PERFORMED, self.fresh, HEARING)

    def said(self, note: Tokens, kind: int, memory: Memory, wish: Wish) -> Said:
        """The note that follows a note (5,). Raises Refusal where the model fails."""
        inputs = {
            "note": note,
            "kind": np.array([kind]),
            "numbers": np.array(wish.numbers, dtype=np.float32),
            "temperatures": np.array(wish.temperatures, dtype=np.float32),
            "top_p": np.array([wish.top_p], dtype=np.float32),
            "allowed": np.concatenate(wish.allowed),
            "allowed_in_chord": wish.in_chord,
            "forced": wish.forced,
            **memory,
        }
        drawn, log_odds, context, *state = self._model.run(self._outputs, inputs)
        return Said(drawn, log_odds, dict(zip(STATE, state, strict=True)), context[0])

    def overhear(self, phrase: Phrase) -> None:
        """Listen while the player plays: what was heard here need not be heard at takeover."""
        self._listen(phrase_tokens(phrase), _kind(phrase), {})

    def next(self, thought: Thought) -> tuple[Note, Thought]:
        """The next note of the answer, and the thought after it. Raises Refusal."""
        mind = thought.mind if isinstance(thought.mind, TouchMind) else self._taken_up(thought)
        *numbers, in_step, in_velocity, in_duration = thought.numbers(len(PARTS) + 3)
        said = self.said(mind.last, mind.kind, mind.memory, self._wish(thought, mind, numbers))
        step = on_grid(seconds_in_bin(int(said.note[STEP]), STEP_EDGES, in_step))
        duration = seconds_in_bin(int(said.note[DURATION]), DURATION_EDGES, in_duration)
        velocity = _velocity(mind, said.note, in_velocity)
        onset = self._onset(thought, step)
        end = on_grid(onset + max(duration, SHORTEST))
        note = Note(int(said.note[PITCH]), velocity, onset, end)
        last = said.note
        if mind.pedal is None:
            last = np.where(np.arange(len(PARTS)) == PEDAL, UNKNOWN_PEDAL, last)
        after = TouchMind(
            said.memory,
            last,
            mind.kind,
            velocity,
            (*((key, until) for key, until in mind.held if until > onset), (note.pitch, end)),
            None if mind.pedal is None else int(last[PEDAL]),
        )
        return note, thought.after(note, step, after)

    def _onset(self, thought: Thought, step: float) -> float:
        """The next onset on the answer's clock, which begins with its first note."""
        return 0.0 if thought.index == 0 else on_grid(thought.onset + step)

    def _taken_up(self, thought: Thought) -> TouchMind:
        """The mind that has heard the phrase."""
        phrase = thought.phrase
        kind = _kind(phrase)
        tokens = phrase_tokens(phrase)
        held = {
            index: np.random.default_rng((thought.seed, thought.turn, index, 1))
            for index in phrase.held
        }
        tokens, memory = self._listen(tokens, kind, held)
        has_pedal = tokens[-1, PEDAL] != UNKNOWN_PEDAL
        return TouchMind(
            memory,
            tokens[-1],
            kind,
            phrase.notes[-1].velocity,
            pedal=int(tokens[-1, PEDAL]) if has_pedal else None,
        )

    def _listen(
        self, tokens: Tokens, kind: int, held: Mapping[int, np.random.Generator]
    ) -> tuple[Tokens, Memory]:
        """Hear all notes but the last, and the memory then.

        A key still held is given the duration that the model itself would give it, and not less
        than it has been held for.
        """
        tokens = tokens.copy()
        most = max(min([*held, len(tokens)]) - 1, 0)  # notes that may be heard without a question
        known = self._heard.first_of(tokens[:most], kind) if self._heard else None
        begin, memory = known or (0, self.fresh)
        memories = [memory]
        for index in range(begin + 1, len(tokens)):
            wish = self._asking(tokens[index], held[index]) if index in held else HEARING
            said = self.said(tokens[index - 1], kind, memory, wish)
            if index in held:
                tokens[index, DURATION] = said.note[DURATION]
            memory = said.memory
            memories = [*memories[1 - REMEMBERED :], memory]
        self._heard = _Heard(tokens[:-1], kind, tuple(memories))
        return tokens, memory

    def _asking(self, note: Tokens, dice: np.random.Generator) -> Wish:
        """Asks for the duration of a note that is still held."""
        longer = np.arange(SIZES[DURATION]) >= note[DURATION]
        asked = np.where(np.arange(len(PARTS)) == DURATION, -1, note)
        asked[PEDAL] = min(asked[PEDAL], DOWN)
        allowed = tuple(longer if part == DURATION else all_ for part, all_ in enumerate(ANYTHING))
        return Wish(tuple(dice.random(len(PARTS))), allowed=allowed, forced=asked)

    def _wish(self, thought: Thought, mind: TouchMind, numbers: list[float]) -> Wish:
        """How the next note of a thought is to be drawn."""
        base, taste = self._model.card.taste, thought.taste
        step = base.rhythm * taste.rhythm
        forced = FREE
        bounds = taste.bounds
        soon = bounds.steps(thought.earliest - thought.onset)
        with_fingers = soon & _has_fingers(thought, mind)
        if thought.index == 0 and thought.taken_at is not None:
            waited = thought.taken_at - thought.phrase.notes[-1].start
            forced = np.where(np.arange(len(PARTS)) == STEP, _step_bin(waited), FREE)
        return Wish(
            tuple(numbers),
            (step, base.pitch * taste.pitch, base.dynamics * taste.dynamics, step, 1.0),
            min(base.top_p, taste.top_p),
            (
                with_fingers if with_fingers.any() else soon,
                bounds.pitches,
                ANYTHING[VELOCITY],
                bounds.durations,
                ANYTHING[PEDAL],
            ),
            untaken(bounds.pitches, thought.chord),
            forced,
        )


def _velocity(mind: TouchMind, note: Tokens, number: float) -> int:
    """The velocity that lies at `number` (0 to 1) of the way through its bin.

    Of music that software set, a velocity whose bin stays has often not moved at all.
    """
    bin_ = int(note[VELOCITY])
    if mind.kind == EXPRESSIVE and bin_ == mind.velocity // VELOCITY_WIDTH:
        share = UNMOVED_IN_CHORDS if note[STEP] < CHORD_STEPS else UNMOVED
        if number < share:
            return mind.velocity
        number = (number - share) / (1 - share)
    return max(int((bin_ + number) * VELOCITY_WIDTH), 1)


def _kind(phrase: Phrase) -> int:
    return kind_of(np.array([note.start for note in phrase.notes]))


def _step_bin(seconds: float) -> int:
    return int(bins(np.array([seconds]), STEP_EDGES)[0])


def _has_fingers(thought: Thought, mind: TouchMind) -> NDArray[np.bool_]:
    """The steps after which there is a finger left to strike with."""
    until = sorted(end for _, end in mind.held if end > thought.onset)
    most = thought.taste.bounds.most_at_once
    if len(until) < most:
        return ANYTHING[STEP]
    return np.asarray(STEP_EDGES[:-1] >= until[len(until) - most] - thought.onset)
