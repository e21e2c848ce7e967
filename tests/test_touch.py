"""How a note is written for a model that hears touch and pedal."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from performer.codec import DURATION_EDGES, STEP_EDGES
from performer.notes import Note, Phrase, Span
from performer.touch import (
    DOWN,
    DURATION,
    EXPRESSIVE,
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
    kind_of,
    pedal_between,
    phrase_tokens,
    tokens,
)

notes = st.lists(
    st.tuples(
        st.floats(0, 7.9),  # step
        st.integers(0, 127),
        st.integers(1, 127),
        st.floats(0.001, 11.9),  # duration
    ),
    min_size=1,
    max_size=30,
)


@given(notes)
def test_decoding_inverts_encoding_to_within_a_bin(played: list[tuple[float, ...]]) -> None:
    step, pitch, velocity, duration = (np.array(column) for column in zip(*played, strict=True))
    start = np.cumsum(step)
    written = tokens(start, pitch.astype(int), velocity.astype(int), duration, 0 * pitch)
    assert (written >= 0).all()
    assert (written < np.array(SIZES)).all()
    assert (written[:, PITCH] == pitch).all()
    assert (np.abs(written[:, VELOCITY] * VELOCITY_WIDTH - velocity) < VELOCITY_WIDTH).all()
    for part, values, edges in (
        (STEP, np.diff(start), STEP_EDGES),
        (DURATION, duration, DURATION_EDGES),
    ):
        index = written[1:, part] if part == STEP else written[:, part]
        assert (edges[index] <= values + 1e-9).all()
        assert (values < edges[index + 1] + 1e-9).all()
    assert written[0, STEP] == 0


def test_the_pedal_is_up_down_or_renewed_from_each_note_to_the_next() -> None:
    start = np.array([0.0, 1.0, 2.0, 3.0, 4.0])
    down_at, up_at = np.array([0.1, 2.2]), np.array([2.1, 3.5])
    said = pedal_between(start, down_at, up_at, 5.0)
    assert said.tolist() == [DOWN, DOWN, RENEWED, UP, UP]


def test_without_a_pedal_it_is_up() -> None:
    nothing = np.empty(0)
    assert pedal_between(np.array([0.0, 1.0]), nothing, nothing, 2.0).tolist() == [UP, UP]


def test_a_phrase_without_pedal_does_not_say_that_it_is_up() -> None:
    played = [Note(60, 80, 0.0, 0.5), Note(64, 80, 1.0, 1.5)]
    assert (phrase_tokens(Phrase.of(played))[:, PEDAL] == UNKNOWN_PEDAL).all()
    pedalled = Phrase.of(played, [Span(0.2, 1.4)])
    assert phrase_tokens(pedalled)[:, PEDAL].tolist() == [DOWN, UP]


def test_chords_struck_exactly_together_were_set_by_software() -> None:
    assert kind_of(np.array([0.0, 0.004, 1.0, 1.01])) == PERFORMED
    assert kind_of(np.array([0.0, 0.0, 1.0, 1.0])) == EXPRESSIVE
    assert kind_of(np.array([0.0])) == PERFORMED
