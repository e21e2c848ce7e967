"""Faults are counted exactly, on notes made up to have them."""

import numpy as np

from trainer.faults import FAULTS, counts, per_thousand
from trainer.works import Heard

CLEAN = [(0.5 * place, 60 + place % 7, 80, 0.5 * place + 0.4) for place in range(40)]


def heard(*notes: tuple[float, int, int, float]) -> Heard:
    return np.array(notes, dtype=np.float64)


def found(*notes: tuple[float, int, int, float]) -> dict[str, int]:
    return {name: many for name, many in counts(heard(*notes)).items() if many}


def test_clean_music_has_none() -> None:
    assert found(*CLEAN) == {}


def test_the_fourth_strike_in_a_row_is_too_much() -> None:
    row = [(0.5 * place, 60, 80, 0.5 * place + 0.4) for place in range(6)]
    assert found(*row) == {"same key over and over": 3}
    assert found(*row[:3]) == {}
    assert found(*row[:3], (1.5, 61, 80, 1.9), (2.0, 60, 80, 2.4)) == {}


def test_silence_is_from_the_last_release_of_all() -> None:
    assert found((0.0, 60, 80, 0.5), (2.6, 62, 80, 3.0)) == {"silence over 2 s": 1}
    assert found((0.0, 60, 80, 0.6), (2.6, 62, 80, 3.0)) == {}
    assert found((0.0, 48, 80, 2.0), (0.5, 60, 80, 0.6), (2.7, 62, 80, 3.0)) == {}


def test_notes_as_short_or_as_long_as_can_be_are_at_the_clamp() -> None:
    assert found((0.0, 60, 80, 0.03), (0.5, 62, 80, 0.53)) == {"duration at the clamp": 2}
    assert found((0.0, 60, 80, 0.032), (0.5, 62, 80, 3.9)) == {}
    assert found((0.0, 60, 80, 4.0)) == {"duration at the clamp": 1}


def test_keys_that_no_piano_has() -> None:
    assert found((0.0, 20, 80, 0.4), (0.5, 109, 80, 0.9)) == {"off the piano": 2}
    assert found((0.0, 21, 80, 0.4), (0.5, 108, 80, 0.9)) == {}


def test_the_eleventh_finger() -> None:
    hands = [(0.01 * place, 50 + place, 80, 1.0) for place in range(12)]
    assert found(*hands) == {"more than 10 at once": 2}
    assert found(*hands[:10], (1.0, 70, 80, 1.4)) == {}


def test_a_key_struck_while_it_sounds() -> None:
    assert found((0.0, 60, 80, 1.0), (0.5, 60, 80, 1.5)) == {"struck while it sounds": 1}
    assert found((0.0, 60, 80, 0.5), (0.5, 60, 80, 1.5)) == {}


def test_they_are_told_by_the_thousand() -> None:
    spoilt = heard((0.0, 20, 80, 0.4), *CLEAN[1:])
    told = per_thousand([spoilt, heard(*CLEAN)], [1, 2])
    assert told["off the piano"].value == 1_000 / 80
    assert told["all faults"].value == 1_000 / 80
    assert (told["off the piano"].low, told["off the piano"].high) == (0.0, 25.0)
    assert set(told) == {*FAULTS, "all faults"}
