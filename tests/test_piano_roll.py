"""Takes drawn, however short or long."""

import pytest

from performer.messages import Maker, Player
from performer.midi import note_off, note_on
from performer.piano_roll import MOST_LINES, drawn
from performer.take import Recorded, Take


def take_of(seconds: float) -> Take:
    ends = (0.0, note_on(0, 60, 80)), (seconds, note_off(0, 60))
    return Take(Maker("fake", ""), tuple(Recorded(at, Player.HUMAN, data) for at, data in ends), ())


def test_every_second_is_marked_and_every_fifth_is_named() -> None:
    roll = drawn(take_of(11.5))
    assert roll.count("stroke=") == 12
    assert [n for n in range(12) if f">{n} s<" in roll] == [0, 5, 10]


@pytest.mark.parametrize("seconds", [0.0, 0.001, 3600.0, 1e7])
def test_a_take_of_any_length_is_drawn(seconds: float) -> None:
    roll = drawn(take_of(seconds))
    assert roll.count('rx="1.5"') == 1
    assert 1 <= roll.count("stroke=") <= MOST_LINES + 1
