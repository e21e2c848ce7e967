"""Phrases, and the grid they lie on."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from performer.notes import Note, Phrase, Span, on_grid


def test_a_phrase_needs_a_note() -> None:
    with pytest.raises(ValueError, match="at least one note"):
        Phrase.of([])


def test_a_phrase_is_in_order_whatever_order_it_came_in() -> None:
    high, low, late = Note(72, 80, 0.0, 1.0), Note(48, 80, 0.0, 2.0), Note(50, 80, 1.0, 1.5)
    phrase = Phrase.of([late, high, low], [Span(1.0, 2.0), Span(0.0, 0.5)])
    assert phrase.notes == (low, high, late)
    assert phrase.pedal == (Span(0.0, 0.5), Span(1.0, 2.0))
    assert (phrase.start, phrase.end, phrase.seconds) == (0.0, 2.0, 2.0)


@given(st.floats(0, 1e5))
def test_what_is_on_the_grid_stays_there(seconds: float) -> None:
    assert on_grid(on_grid(seconds)) == on_grid(seconds)
    assert abs(on_grid(seconds) - seconds) <= 0.000501
