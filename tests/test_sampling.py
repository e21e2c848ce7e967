"""Drawing one value from scores."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from performer.sampling import draw
from performer.taste import Taste

SCORES = np.log([0.1, 0.6, 0.3])
EVENLY = (np.arange(1000) + 0.5) / 1000


def shares(temperature: float, top_p: float = 1.0) -> list[float]:
    drawn = [draw(SCORES, temperature, top_p, number) for number in EVENLY]
    return [drawn.count(value) / len(drawn) for value in range(3)]


def test_at_temperature_one_the_odds_are_as_learnt() -> None:
    assert shares(1.0) == pytest.approx([0.1, 0.6, 0.3])


def test_a_temperature_takes_the_odds_to_its_power() -> None:
    odds = np.array([0.1, 0.6, 0.3]) ** 2
    assert shares(0.5) == pytest.approx(list(odds / odds.sum()), abs=0.002)


def test_the_coldest_draw_is_the_likeliest() -> None:
    assert shares(0.01) == [0.0, 1.0, 0.0]


def test_top_p_keeps_the_likeliest_that_hold_the_share() -> None:
    assert shares(1.0, top_p=0.5) == [0.0, 1.0, 0.0]
    assert shares(1.0, top_p=0.8) == pytest.approx([0.0, 2 / 3, 1 / 3], abs=0.002)


@given(
    st.lists(st.floats(-50, 50), min_size=2, max_size=30),
    st.floats(0.05, 5),
    st.floats(0.01, 1),
    st.floats(0, 1, exclude_max=True),
    st.data(),
)
def test_what_is_not_allowed_is_never_drawn(
    scores: list[float], temperature: float, top_p: float, number: float, data: st.DataObject
) -> None:
    allowed = np.array(
        data.draw(st.lists(st.booleans(), min_size=len(scores), max_size=len(scores)).filter(any))
    )
    assert allowed[draw(np.array(scores), temperature, top_p, number, allowed)]


@pytest.mark.parametrize("scores", [[np.nan, 1.0], [np.inf, 1.0], [-np.inf, -np.inf]])
def test_scores_that_are_no_numbers_are_refused(scores: list[float]) -> None:
    with pytest.raises(ValueError, match="not finite"):
        draw(np.array(scores), 1.0, 1.0, 0.5)


@pytest.mark.parametrize("temperature", [0.0, -1.0, float("nan"), float("inf"), 5.1])
def test_a_temperature_that_cannot_be_played_is_refused(temperature: float) -> None:
    with pytest.raises(ValueError, match="cannot be played"):
        Taste.of(temperature, 1.0)


@pytest.mark.parametrize("top_p", [0.0, -0.1, 1.1, float("nan")])
def test_a_top_p_that_cannot_be_played_is_refused(top_p: float) -> None:
    with pytest.raises(ValueError, match="top-p"):
        Taste.of(1.0, top_p)


def test_one_temperature_serves_all() -> None:
    taste = Taste.of(1.2, 0.9)
    assert taste.pitch == taste.rhythm == taste.dynamics == 1.2
    assert taste.top_p == 0.9
