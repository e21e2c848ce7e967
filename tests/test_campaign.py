"""A short campaign, every time; a long one with `python -m tests.campaign`."""

import pytest

from tests.campaign import play


@pytest.mark.parametrize("number", range(60))
def test_a_session_full_of_faults_loses_nothing_and_leaves_no_key_down(number: int) -> None:
    play(number)
