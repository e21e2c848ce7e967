"""The one who improvises: takes up a phrase and continues it, one note at a time.

The rule kept here: a thought goes in, a note and the next thought come out, and nothing is kept
between. Times run from the answer's first note. What must not be is masked before it is drawn: a
silence of over two seconds, a key held for over four, a pitch off the piano's 88 keys, a key struck
twice in one chord.
"""

from collections.abc import Iterator

import numpy as np

from performer.codec import DURATION_EDGES, PITCHES, STEP_EDGES, seconds_in_bin
from performer.length import Limit
from performer.model import Model
from performer.notes import Note, on_grid
from performer.sampling import draw
from performer.thought import Thought

LOWEST, HIGHEST = 21, 108  # the piano's keys
LONGEST_SILENCE = 2.0  # seconds between two onsets within an answer
LONGEST, SHORTEST = 4.0, 0.03  # seconds for which a key is held

ON_THE_PIANO = (np.arange(PITCHES) >= LOWEST) & (np.arange(PITCHES) <= HIGHEST)
SOON_ENOUGH = STEP_EDGES[1:] <= LONGEST_SILENCE
SHORT_ENOUGH = DURATION_EDGES[1:] <= LONGEST


class Improviser:
    """Continues phrases with one model."""

    def __init__(self, model: Model) -> None:
        """An improviser that plays `model`."""
        self.model = model

    def next(self, thought: Thought) -> tuple[Note, Thought]:
        """The next note of the answer, and the thought after it. Raises Refusal, ValueError."""
        scores, taste = self.model.scores(thought.rows), thought.taste
        for_step, in_step, for_pitch, for_duration, in_duration, for_velocity = thought.numbers(6)

        step_bin = draw(scores.step, taste.rhythm, taste.top_p, for_step, SOON_ENOUGH)
        step = on_grid(seconds_in_bin(step_bin, STEP_EDGES, in_step))
        free = ON_THE_PIANO.copy()
        if step == 0:
            free[list(thought.chord)] = False
        pitch = draw(scores.pitch, taste.pitch, taste.top_p, for_pitch, free)
        duration_bin = draw(scores.duration, taste.rhythm, taste.top_p, for_duration, SHORT_ENOUGH)
        duration = max(seconds_in_bin(duration_bin, DURATION_EDGES, in_duration), SHORTEST)
        dynamics = thought.dynamics.moved(for_velocity, taste.dynamics)

        onset = 0.0 if thought.index == 0 else on_grid(thought.onset + step)
        note = Note(pitch, round(dynamics.now), onset, on_grid(onset + duration))
        return note, thought.after(note, step, dynamics)

    def answer(self, thought: Thought, limit: Limit) -> Iterator[Note]:
        """All the notes of an answer, one by one, as far as the limit allows."""
        while True:
            note, after = self.next(thought)
            if not limit.allows(note, thought.index):
                return
            yield note
            thought = after
