"""Plays with a model that reads the last notes: one of the reference models.

The rule kept here: what must not be is masked before it is drawn; see `improviser`.

The pitch is drawn a little cooler than the rest: at the same temperature pitches wander off within
a hundred notes. With it, continuations of 100 notes were nearest to real valid works in step, share
of chords, spread of pitch and size of intervals.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from performer.codec import (
    DURATION_EDGES,
    FEATURES,
    PITCHES,
    STEP_EDGES,
    WINDOW,
    Floats,
    row,
    seconds_in_bin,
    slid,
    window,
)
from performer.limits import SHORTEST, untaken
from performer.model import Model
from performer.notes import Note, Phrase, on_grid
from performer.sampling import draw
from performer.thought import BY_THE_PLACE, Dynamics, Struck, Thought, WindowMind

PITCH_SHARE = 0.8  # of the pitch's temperature
HEADS = {
    "pitch_logits": PITCHES,
    "step_logits": len(STEP_EDGES) - 1,
    "duration_logits": len(DURATION_EDGES) - 1,
}  # outputs that are read, and how many scores each has


@dataclass(frozen=True, slots=True)
class WindowPlayer:
    """Plays with one model."""

    model: Model

    def scores(self, rows: Floats) -> dict[str, Floats]:
        """The log-odds of the next note after a (25, 3) window, by head. Raises Refusal."""
        outputs = self.model.run(list(HEADS), {"window": rows[None]})
        return {head: output[0] for head, output in zip(HEADS, outputs, strict=True)}

    def warm_up(self) -> None:
        """Say a note that nobody hears, so that the first one heard comes as quickly as others."""
        self.scores(np.zeros((WINDOW, len(FEATURES)), dtype=np.float32))

    def overhear(self, _phrase: Phrase) -> bool:
        """Nothing: a window is read in no time."""
        return True

    def hear(self, thought: Thought, struck: Sequence[Struck]) -> Thought:
        """The thought that has heard what the player struck while it played. Raises Refusal."""
        for each in struck:
            thought = self._heard_along(thought, each)
        return thought

    def next(self, thought: Thought) -> tuple[Note, Thought]:
        """The next note of the answer, and the thought after it. Raises Refusal, ValueError."""
        mind, taste = self._mind(thought), thought.taste
        scores = self.scores(mind.rows)
        for_step, in_step, for_pitch, for_duration, in_duration, for_velocity = thought.numbers(6)

        step_bin = draw(scores["step_logits"], taste.rhythm, taste.top_p, for_step, thought.steps)
        step = on_grid(seconds_in_bin(step_bin, STEP_EDGES, in_step))
        free = thought.pitches
        if step == 0:
            free = untaken(free, thought.chord)
        pitch = draw(
            scores["pitch_logits"], PITCH_SHARE * taste.pitch, taste.top_p, for_pitch, free
        )
        duration_bin = draw(
            scores["duration_logits"],
            taste.rhythm,
            taste.top_p,
            for_duration,
            taste.bounds.durations,
        )
        duration = max(seconds_in_bin(duration_bin, DURATION_EDGES, in_duration), SHORTEST)
        dynamics = mind.dynamics.moved(for_velocity, taste.dynamics)

        is_first = thought.index == 0 and not thought.is_along
        onset = 0.0 if is_first else on_grid(thought.onset + step)
        note = Note(pitch, round(dynamics.now), onset, on_grid(onset + duration))
        rows = slid(mind.rows, row(note.pitch, step, note.duration))
        return note, thought.after(note, step, WindowMind(rows, dynamics))

    def next_of_each(self, thoughts: Sequence[Thought]) -> list[tuple[Note, Thought]]:
        """The next note of each of some answers, and the thought after it, one by one."""
        return [self.next(thought) for thought in thoughts]

    def _heard_along(self, thought: Thought, struck: Struck) -> Thought:
        """The thought after a key that the player struck: the model says how long it is held."""
        mind, step = self._mind(thought), thought.step_to(struck)
        scores = self.scores(mind.rows)["duration_logits"]
        which, where = thought.numbers(2, BY_THE_PLACE)
        duration = seconds_in_bin(draw(scores, 1.0, 1.0, which), DURATION_EDGES, where)
        rows = slid(mind.rows, row(struck.pitch, step, on_grid(duration)))
        dynamics = replace(mind.dynamics, now=struck.velocity)
        return thought.having_heard(struck, WindowMind(rows, dynamics))

    def _mind(self, thought: Thought) -> WindowMind:
        if isinstance(thought.mind, WindowMind):
            return thought.mind
        return WindowMind(window(thought.phrase.notes), Dynamics.of(thought.phrase))
