"""How a note is written for a model."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from performer.codec import (
    DURATION_EDGES,
    LONGEST_DURATION,
    LONGEST_STEP,
    STEP_EDGES,
    WINDOW,
    bins,
    row,
    seconds_in_bin,
    slid,
    window,
)
from performer.notes import Note, on_grid

parts = st.floats(0, 0.999)


@given(st.integers(0, 96), parts)
def test_a_step_drawn_in_a_bin_is_read_as_that_bin(index: int, part: float) -> None:
    assert bins(np.array([seconds_in_bin(index, STEP_EDGES, part)]), STEP_EDGES) == [index]


@given(st.integers(0, 81), parts)
def test_a_duration_drawn_in_a_bin_is_read_as_that_bin(index: int, part: float) -> None:
    assert bins(np.array([seconds_in_bin(index, DURATION_EDGES, part)]), DURATION_EDGES) == [index]


@given(st.floats(0, 20))
def test_a_step_is_read_back_to_within_its_bin(step: float) -> None:
    (index,) = bins(np.array([step]), STEP_EDGES)
    read = seconds_in_bin(int(index), STEP_EDGES, 0.5)
    assert abs(read - min(step, LONGEST_STEP)) <= STEP_EDGES[index + 1] - STEP_EDGES[index]


def test_the_bins_are_fine_where_the_ear_is_fine() -> None:
    assert len(STEP_EDGES) == 98
    assert len(DURATION_EDGES) == 83
    assert np.allclose(np.diff(STEP_EDGES[:17]), 0.005)
    assert np.allclose(np.diff(DURATION_EDGES[:13]), 0.010)
    for edges, even in ((STEP_EDGES, 16), (DURATION_EDGES, 12)):
        ratios = edges[even + 1 :] / edges[even:-1]
        assert ratios.min() > 1.05
        assert ratios.max() < 1.07
    assert STEP_EDGES[-1] == LONGEST_STEP
    assert DURATION_EDGES[-1] == LONGEST_DURATION


def test_a_short_phrase_is_completed_by_rows_of_zeros_in_front() -> None:
    rows = window([Note(64, 80, 1.0, 1.5), Note(96, 80, 1.25, 1.5)])
    assert rows.shape == (WINDOW, 3)
    assert not rows[:-2].any()
    assert rows[-2:].tolist() == [[0.5, 0.0, 0.5], [0.75, 0.25, 0.25]]


def test_a_long_phrase_gives_its_last_notes_with_their_true_steps() -> None:
    notes = [Note(60, 80, n * (n + 1) / 100, n * (n + 1) / 100 + 0.1) for n in range(40)]
    rows = window(notes)
    steps = [2 * n / 100 for n in range(15, 40)]
    assert np.allclose(rows[:, 1], steps, atol=1e-6)


@given(st.lists(st.integers(0, 900), min_size=1, max_size=40), st.integers(0, 100_000))
def test_when_a_phrase_was_played_makes_no_difference(steps: list[int], later: int) -> None:
    onsets = np.cumsum(steps)
    early = [Note(60, 80, on / 1000, (on + 77) / 1000) for on in onsets]
    late = [Note(60, 80, (on + later) / 1000, (on + later + 77) / 1000) for on in onsets]
    assert (window(early) == window(late)).all()


def test_sliding_on_is_reading_one_note_more() -> None:
    notes = [Note(60 + n, 80, on_grid(0.3 * n), on_grid(0.3 * n + 0.2)) for n in range(30)]
    newest = row(89, 0.3, 0.2)
    assert np.allclose(slid(window(notes[:-1]), newest), window(notes))
