"""What an answer must not be, whatever a model says."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from performer.codec import STEP_EDGES
from performer.improviser import Improviser
from performer.length import Limit
from performer.limits import PIANO, Bounds, parse_register, parse_scale, untaken
from performer.model import Model
from performer.notes import Note, Phrase
from performer.taste import Taste
from performer.thought import Thought
from tests.fakes import write_trial_touch_model

PHRASE = Phrase.of(Note(60 + n, 60 + 5 * (n % 4), 0.3 * n, 0.3 * n + 0.25) for n in range(8))


def answer(improviser: Improviser, bounds: Bounds) -> list[Note]:
    taste = Taste(2.0, 2.0, 2.0, 1.0, bounds)
    return list(improviser.answer(Thought.on(PHRASE, taste, 1, 1), Limit(notes=120)))


def test_an_answer_stays_in_its_scale_and_register(improviser: Improviser) -> None:
    classes = parse_scale("F# minor")
    notes = answer(improviser, Bounds(lowest=50, highest=70, classes=classes))
    assert all(50 <= note.pitch <= 70 and note.pitch % 12 in classes for note in notes)
    assert len({note.pitch for note in notes}) > 8


def test_an_answer_keeps_to_the_longest_note_and_silence(improviser: Improviser) -> None:
    notes = answer(improviser, Bounds(longest=0.5, longest_silence=0.3))
    assert max(note.duration for note in notes) <= 0.5 + 1e-9
    assert max(later.start - earlier.start for earlier, later in pairwise(notes)) <= 0.3 + 1e-9


def test_one_key_left_is_played_over_and_over(improviser: Improviser) -> None:
    assert {note.pitch for note in answer(improviser, Bounds(lowest=60, highest=60))} == {60}


def test_no_more_keys_at_once_than_allowed(tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("models") / "trial.onnx"
    improviser = Improviser(Model.load(write_trial_touch_model(path)))
    notes = answer(improviser, Bounds(most_at_once=2, longest=1.0))
    for index, note in enumerate(notes):
        assert sum(one.end > note.start + 1e-9 for one in notes[:index]) < 2


@pytest.mark.parametrize(
    "bounds",
    [
        {"lowest": 80, "highest": 70},
        {"lowest": 61, "highest": 61, "classes": frozenset({0})},
        {"classes": frozenset()},
        {"longest": 0.0},
        {"longest": 99.0},
        {"longest_silence": 0.001},
        {"most_at_once": 0},
    ],
)
def test_bounds_that_leave_nothing_are_refused_with_a_sentence(bounds: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"choose|widen"):
        Bounds(**bounds)  # type: ignore[arg-type]


@given(st.floats(-1, 20))
def test_there_is_always_a_step_to_take_and_none_too_early(wait: float) -> None:
    steps = PIANO.steps(wait)
    assert steps.any()
    assert (STEP_EDGES[1:][steps] > min(wait, STEP_EDGES[-2])).all()


def test_a_chord_that_has_every_key_may_double_one() -> None:
    only = np.arange(128) == 60
    assert untaken(only, [60]).tolist() == only.tolist()
    assert not untaken(np.arange(128) < 90, [60])[60]


@pytest.mark.parametrize("text", ["H major", "C sharp", "", "C major minor", "c7"])
def test_what_is_no_scale_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no scale"):
        parse_scale(text)


@pytest.mark.parametrize("text", ["C3", "C3-", "low-high", "C3-C4-C5"])
def test_what_is_no_register_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="say for example"):
        parse_register(text)
