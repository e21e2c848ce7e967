"""Plays with a model that hears touch and pedal: the flagship.

The rules kept here: what must not be is masked before it is drawn; see `improviser`. The graph says
one note a run, reproducible from the random numbers that it is given, or one of each of several
ways to go on. What was heard already is not heard twice: the memories after the latest notes are
kept, which saves time and changes nothing.

How long a key will be held that is not let go yet nobody knows: the model itself says, and not less
than it has been held. Of a key held through many notes that is settled when a few have followed, by
the phrase alone; so what was heard after it stays heard, and little is left to do at takeover.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import inf

import numpy as np
from numpy.typing import NDArray

from performer.codec import DURATION_EDGES, STEP_EDGES, bins, seconds_in_bin
from performer.limits import SHORTEST, untaken
from performer.memory import Arrays, Memory, are_of_one_past, side_by_side
from performer.model import Model
from performer.notes import Note, Phrase, on_grid
from performer.thought import BY_THE_PHRASE, BY_THE_PLACE, Struck, Thought, TouchMind
from performer.touch import (
    CARRIED,
    CHORD_STEPS,
    DOWN,
    DURATION,
    EARLIER,
    EXPRESSIVE,
    LANES,
    LATE,
    PARTS,
    PEDAL,
    PERFORMED,
    PITCH,
    RENEWED,
    SIZES,
    STEP,
    UNKNOWN_PEDAL,
    UP,
    VELOCITY,
    VELOCITY_WIDTH,
    Tokens,
    kind_of_phrase,
    phrase_tokens,
)

FREE = np.full(len(PARTS), -1)  # no part is forced
ANYTHING = tuple(np.ones(size, dtype=bool) for size in SIZES)
UNMOVED, UNMOVED_IN_CHORDS = 0.52, 0.88  # shares of velocities within a bin, on train works
REMEMBERED = 48  # memories kept, of the latest notes heard
SETTLED = 6  # notes that follow a key that is held before it is settled how long that will be
A_FEW = 4  # notes overheard at a time
LATE_HEARD, LATE_SAID = 32, 160  # late notes of a memory that are put to the earlier ones


@dataclass(frozen=True, slots=True, eq=False)
class Wish:
    """How the next note is to be drawn: by default, as learnt."""

    numbers: tuple[float, ...]  # (5,) evenly between 0 and 1
    temperatures: tuple[float, ...] = (1.0,) * len(PARTS)
    top_p: tuple[float, ...] = (1.0,) * len(PARTS)
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
class _ToHear:
    """A phrase that is to be heard."""

    tokens: Tokens  # (n, 5); a key still held is as long as it is held for at least
    kind: int
    seeds: Mapping[int, tuple[int, ...]]  # number of a note still held -> of how long it will be
    settled: int  # the first whose length not even the phrase settles, or as many as there are

    @classmethod
    def of(cls, phrase: Phrase, seed: tuple[int, ...] = ()) -> "_ToHear":
        """What is to be heard of a phrase; a seed for what the phrase alone does not settle."""
        tokens, last = phrase_tokens(phrase), len(phrase.notes) - 1
        seeds = {}
        for index in phrase.held:
            seeds[index] = (*seed, index, BY_THE_PHRASE)
            if last - index >= SETTLED:
                seeds[index] = (index, BY_THE_PHRASE)
                least = phrase.notes[index + SETTLED].start - phrase.notes[index].start
                tokens[index, DURATION] = _duration_bin(least)
        open_ones = (index for index in phrase.held if last - index < SETTLED)
        return cls(tokens, kind_of_phrase(phrase), seeds, min(open_ones, default=last + 1))

    @property
    def questions(self) -> Tokens:
        """The tokens, marked where the model is asked."""
        marked = self.tokens.copy()
        asked = list(self.seeds)
        marked[asked, DURATION] = -1 - marked[asked, DURATION]
        return marked


@dataclass(frozen=True, slots=True, eq=False)
class _Heard:
    """Notes that were heard, all but the last of which stand in the memories' latest."""

    questions: Tokens  # (n, 5) as they were to be heard
    tokens: Tokens  # (n, 5) as they were: with what the model said where it was asked
    kind: int
    memories: tuple[Memory, ...]

    def of(self, wanted: _ToHear) -> "_Heard | None":
        """What is of use of it for what is to be heard; None where nothing is."""
        questions = wanted.questions
        most = min(len(self.questions), wanted.settled + 1, len(questions))
        is_same = (questions[: most - 1] == self.questions[: most - 1]).all(axis=1)
        fed = most - 1 if is_same.all() else int(np.argmin(is_same))
        was_asked = fed < wanted.settled and (questions[fed] == self.questions[fed]).all()
        if fed in wanted.seeds and not was_asked:
            fed -= 1
        back = len(self.tokens) - 1 - fed
        if self.kind != wanted.kind or fed <= 0 or back >= len(self.memories):
            return None
        tokens = np.concatenate([self.tokens[:fed], wanted.tokens[fed : fed + 1]])
        if fed in wanted.seeds:
            tokens[fed] = self.tokens[fed]
        memories = self.memories[: len(self.memories) - back]
        return _Heard(questions[: fed + 1], tokens, self.kind, memories)


class TouchPlayer:
    """Plays with one model."""

    def __init__(self, model: Model) -> None:
        """A player that has heard nothing yet."""
        self._model = model
        self._outputs = ["next_note", "log_odds", "context", *(f"next_{name}" for name in CARRIED)]
        self._heard: _Heard | None = None
        self._along: tuple[Thought, tuple[Struck, ...], Thought] | None = None  # from, what, to

    @property
    def fresh(self) -> Memory:
        """The memory before the first note."""
        sizes = {LANES: 1, LATE: 0}
        empty: dict[str, NDArray[np.generic]] = {
            name: np.zeros(
                [sizes[size] if isinstance(size, str) else size for size in shape], dtype
            )
            for name, (shape, dtype) in self._model.inputs.items()
            if name in CARRIED or name in EARLIER
        }
        for name in ("pitches", "last"):
            empty[name][:] = -1
        earlier, lanes = ({name: empty[name] for name in names} for names in (EARLIER, CARRIED))
        return Memory(earlier, lanes)

    def warm_up(self) -> None:
        """Say a note that nobody hears, so that the first one heard comes as quickly as others."""
        self.said(np.zeros(len(PARTS), dtype=np.int64), PERFORMED, self.fresh, HEARING)

    def said(self, note: Tokens, kind: int, memory: Memory, wish: Wish) -> Said:
        """The note that follows a note (5,) that is heard. Raises Refusal where the model fails."""
        (said,) = self.said_of_each([note], kind, [memory], [wish], LATE_HEARD)
        return said

    def said_of_each(
        self,
        notes: Sequence[Tokens],
        kind: int,
        memories: Sequence[Memory],
        wishes: Sequence[Wish],
        most_late: int = LATE_SAID,
    ) -> list[Said]:
        """The note that follows each of some notes (5,), in one run. The memories have one past.

        From so many late notes on a memory is settled. Raises Refusal where the model fails.
        """
        earlier = memories[0].earlier
        inputs = self.inputs(notes, kind, memories, wishes)
        drawn, log_odds, context, *state = self._model.run(self._outputs, inputs)
        lanes = dict(zip(CARRIED, state, strict=True))
        after = [Memory(earlier, lanes, lane) for lane in range(len(notes))]
        if after[0].late >= most_late:
            after = [memory.settled() for memory in after]
        return [Said(*each) for each in zip(drawn, log_odds, after, context, strict=True)]

    def inputs(
        self,
        notes: Sequence[Tokens],
        kind: int,
        memories: Sequence[Memory],
        wishes: Sequence[Wish],
    ) -> Arrays:
        """What the graph is given: a lane for each of some notes (5,)."""
        return {
            "note": np.stack(notes),
            "kind": np.array([kind]),
            "numbers": np.array([wish.numbers for wish in wishes], dtype=np.float32),
            "temperatures": np.array([wish.temperatures for wish in wishes], dtype=np.float32),
            "top_p": np.array([wish.top_p for wish in wishes], dtype=np.float32),
            "allowed": np.stack([np.concatenate(wish.allowed) for wish in wishes]),
            "allowed_in_chord": np.stack([wish.in_chord for wish in wishes]),
            "forced": np.stack([wish.forced for wish in wishes]),
            **side_by_side(memories),
            **memories[0].earlier,
        }

    def overhear(self, phrase: Phrase) -> bool:
        """Listen while the player plays, a few notes at a time; whether that was all.

        What was heard here need not be heard at takeover.
        """
        wanted = _ToHear.of(phrase)
        return self._listen(wanted, wanted.settled, A_FEW)

    def hear(self, thought: Thought, struck: Sequence[Struck]) -> Thought:
        """The thought that has heard what the player struck while it played. Raises Refusal."""
        now, known = thought, 0
        if self._along is not None:
            since, earlier, then = self._along
            if _is_same(since, thought) and earlier == tuple(struck[: len(earlier)]):
                now, known = then, len(earlier)
        for each in struck[known:]:
            now = self._heard_along(now, each)
        self._along = thought, tuple(struck), now
        return now.changed(thought.taste, thought.earliest, thought.taken)

    def next(self, thought: Thought) -> tuple[Note, Thought]:
        """The next note of the answer, and the thought after it. Raises Refusal."""
        (after,) = self.next_of_each([thought])
        return after

    def next_of_each(self, thoughts: Sequence[Thought]) -> list[tuple[Note, Thought]]:
        """The next note of each of some answers, and the thought after it. Raises Refusal.

        Those that go on from the same past are played in one run.
        """
        minds = [self._mind(thought) for thought in thoughts]
        if not are_of_one_past([mind.memory for mind in minds]):
            return [self.next(thought) for thought in thoughts]
        numbers = [thought.numbers(len(PARTS) + 3) for thought in thoughts]
        said = self.said_of_each(
            [mind.last for mind in minds],
            minds[0].kind,
            [mind.memory for mind in minds],
            [self._wish(*each) for each in zip(thoughts, minds, numbers, strict=True)],
        )
        return [self._noted(*each) for each in zip(thoughts, minds, numbers, said, strict=True)]

    def _noted(
        self, thought: Thought, mind: TouchMind, numbers: Sequence[float], said: Said
    ) -> tuple[Note, Thought]:
        """What was said as a note, and the thought after it."""
        in_step, in_velocity, in_duration = numbers[len(PARTS) :]
        step = on_grid(seconds_in_bin(int(said.note[STEP]), STEP_EDGES, in_step))
        duration = seconds_in_bin(int(said.note[DURATION]), DURATION_EDGES, in_duration)
        velocity = _velocity(mind, said.note, in_velocity)
        onset = self._onset(thought, step)
        end = on_grid(onset + max(duration, SHORTEST))
        note = Note(int(said.note[PITCH]), velocity, onset, end)
        last = said.note
        if mind.pedal is None:
            last = _with_pedal(last, UNKNOWN_PEDAL)
        after = TouchMind(
            said.memory,
            last,
            mind.kind,
            velocity,
            (*((key, until) for key, until in mind.held if until > onset), (note.pitch, end)),
            None if mind.pedal is None else int(last[PEDAL]),
            said.context,
            said.log_odds,
        )
        return note, thought.after(note, step, after)

    def _onset(self, thought: Thought, step: float) -> float:
        """The next onset on the answer's clock, which begins with its first note."""
        is_first = thought.index == 0 and not thought.is_along
        return 0.0 if is_first else on_grid(thought.onset + step)

    def _mind(self, thought: Thought) -> TouchMind:
        return thought.mind if isinstance(thought.mind, TouchMind) else self._taken_up(thought)

    def _heard_along(self, thought: Thought, struck: Struck) -> Thought:
        """The thought after a key that the player struck: the model says how long it is held."""
        mind = self._mind(thought)
        is_down = struck.is_pedalled or mind.pedal in (DOWN, RENEWED)
        pedal = None if mind.pedal is None else DOWN if is_down else UP
        asked = np.array(
            [
                _step_bin(thought.step_to(struck)),
                struck.pitch,
                struck.velocity // VELOCITY_WIDTH,
                -1,
                pedal or UP,
            ]
        )
        numbers = thought.numbers(len(PARTS), BY_THE_PLACE)
        wish = Wish(numbers, forced=asked)
        (said,) = self.said_of_each([mind.last], mind.kind, [mind.memory], [wish])
        after = replace(
            mind,
            memory=said.memory,
            last=_with_pedal(said.note, UNKNOWN_PEDAL if pedal is None else pedal),
            velocity=struck.velocity,
            pedal=pedal,
        )
        return thought.having_heard(struck, after)

    def _taken_up(self, thought: Thought) -> TouchMind:
        """The mind that has heard the phrase."""
        wanted = _ToHear.of(thought.phrase, (thought.seed, thought.turn))
        self._listen(wanted, len(wanted.tokens))
        assert self._heard is not None
        last = self._heard.tokens[-1]
        has_pedal = last[PEDAL] != UNKNOWN_PEDAL
        return TouchMind(
            self._heard.memories[-1],
            last,
            wanted.kind,
            thought.phrase.notes[-1].velocity,
            pedal=int(last[PEDAL]) if has_pedal else None,
        )

    def _listen(self, wanted: _ToHear, until: int, most: float = inf) -> bool:
        """Hear the first `until` notes, at most so many more than were heard; whether that is all.

        The last of them is known then, and not yet in the memory. A key still held is given the
        duration that the model itself would give it, and not less than it has been held for.
        """
        known = self._heard.of(wanted) if self._heard else None
        heard = known or _Heard(wanted.questions[:1], wanted.tokens[:1], wanted.kind, (self.fresh,))
        begin, memories = len(heard.tokens), heard.memories
        end = int(max(begin, min(until, begin + most)))
        tokens = np.concatenate([heard.tokens, wanted.tokens[begin:end]])
        for index in range(begin, end):
            seed = wanted.seeds.get(index)
            wish = HEARING if seed is None else self._asking(tokens[index], seed)
            said = self.said(tokens[index - 1], wanted.kind, memories[-1], wish)
            if seed is not None:
                tokens[index, DURATION] = said.note[DURATION]
            memories = (*memories[1 - REMEMBERED :], said.memory)
        self._heard = _Heard(wanted.questions[:end], tokens, wanted.kind, memories)
        return end >= until

    def _asking(self, note: Tokens, seed: tuple[int, ...]) -> Wish:
        """Asks for the duration of a note that is still held."""
        dice = np.random.default_rng(seed)
        longer = np.arange(SIZES[DURATION]) >= note[DURATION]
        asked = np.where(np.arange(len(PARTS)) == DURATION, -1, note)
        asked[PEDAL] = min(asked[PEDAL], DOWN)
        allowed = tuple(longer if part == DURATION else all_ for part, all_ in enumerate(ANYTHING))
        return Wish(tuple(dice.random(len(PARTS))), allowed=allowed, forced=asked)

    def _wish(self, thought: Thought, mind: TouchMind, numbers: Sequence[float]) -> Wish:
        """How the next note of a thought is to be drawn."""
        base, taste = self._model.card.taste, thought.taste
        top_p = min(base.top_p, taste.top_p)
        forced = FREE
        bounds = taste.bounds
        soon = thought.steps
        with_fingers = soon & _has_fingers(thought, mind)
        if thought.index == 0 and thought.taken_at is not None:
            waited = on_grid(thought.taken_at - thought.phrase.notes[-1].start)
            forced = np.where(np.arange(len(PARTS)) == STEP, _step_bin(waited), FREE)
        return Wish(
            tuple(numbers[: len(PARTS)]),
            (
                base.rhythm * taste.rhythm,
                base.pitch * taste.pitch,
                base.dynamics * taste.dynamics,
                taste.rhythm,
                1.0,
            ),
            (top_p, top_p, top_p, taste.top_p, top_p),  # rare durations are the long ones
            (
                with_fingers if with_fingers.any() else soon,
                thought.pitches,
                ANYTHING[VELOCITY],
                bounds.durations,
                ANYTHING[PEDAL],
            ),
            untaken(thought.pitches, thought.chord),
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


def _is_same(one: Thought, other: Thought) -> bool:
    """True where both have heard and said the same."""
    return (
        one.phrase is other.phrase
        and one.mind is other.mind
        and (one.seed, one.turn, one.index) == (other.seed, other.turn, other.index)
    )


def _with_pedal(note: Tokens, pedal: int) -> Tokens:
    return np.where(np.arange(len(PARTS)) == PEDAL, pedal, note)


def _step_bin(seconds: float) -> int:
    return int(bins(np.array([seconds]), STEP_EDGES)[0])


def _duration_bin(seconds: float) -> int:
    return int(bins(np.array([on_grid(seconds)]), DURATION_EDGES)[0])


def _has_fingers(thought: Thought, mind: TouchMind) -> NDArray[np.bool_]:
    """The steps after which there is a finger left to strike with."""
    until = sorted(end for _, end in mind.held if end > thought.onset)
    most = thought.taste.bounds.most_at_once
    if len(until) < most:
        return ANYTHING[STEP]
    return np.asarray(STEP_EDGES[:-1] >= until[len(until) - most] - thought.onset)
