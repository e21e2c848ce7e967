"""A short campaign, every time; a long one with `python -m tests.campaign`."""

import pytest

from tests.campaign import play, play_again, play_bytes


@pytest.mark.parametrize("number", range(60))
def test_a_session_full_of_faults_loses_nothing_and_leaves_no_key_down(number: int) -> None:
    play(number)


@pytest.mark.parametrize("number", range(12))
def test_whatever_is_played_in_whichever_mode_is_made_again_from_its_take(number: int) -> None:
    play_again(number)


@pytest.mark.parametrize("number", range(3))
def test_bytes_of_any_kind_break_nothing_and_leave_no_key_down(number: int) -> None:
    play_bytes(number)
