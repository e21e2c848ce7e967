"""A planted copy is found, in whatever key, and is as long as it was planted."""

import numpy as np
import pytest

from trainer.copying import Library, Runs, longest_shared
from trainer.works import Heard


def heard(pitch: np.ndarray) -> Heard:
    start = 0.2 * np.arange(len(pitch))
    return np.stack([start, pitch, np.full(len(pitch), 80.0), start + 0.1], axis=-1)


def line(seed: int, notes: int = 300) -> np.ndarray:
    return np.random.default_rng(seed).integers(30, 90, notes)


def library(*lines: np.ndarray, composers: tuple[int, ...] = ()) -> Library:
    by = np.array(composers or range(len(lines)))
    return Library(Runs.of(lines), by, tuple("abcdefgh"[: by.max() + 1]))


@pytest.mark.parametrize("notes", [2, 9, 33, 64, 65, 99])
def test_a_planted_copy_is_found_in_another_key(notes: int) -> None:
    own = line(7, 100)
    theme = line(1)[100 : 100 + notes] + 5
    own[: len(theme)] = theme
    (longest,) = longest_shared([heard(own)], library(line(0), line(1)))
    assert notes - 1 <= longest <= notes + 1


def test_what_is_new_shares_but_a_run_or_two_of_chance() -> None:
    longest = longest_shared([heard(line(seed, 100)) for seed in range(5)], library(line(9)))
    assert (longest <= 3).all()


def test_each_excerpt_is_measured_alone() -> None:
    works = library(line(0), line(1))
    copies = [heard(line(0)[:40]), heard(line(5, 100)), heard(line(1)[50:150])]
    longest = longest_shared(copies, works)
    assert longest.tolist()[::2] == [39, 99]
    assert longest[1] <= 3


def test_no_run_goes_on_from_one_work_into_the_next() -> None:
    jumps = np.concatenate([np.diff(line(0))[-19:], np.diff(line(1))[:19]])
    across = np.cumsum(np.append(60, jumps))
    (longest,) = longest_shared([heard(across)], library(line(0), line(1)))
    assert 19 <= longest <= 20


def test_a_composers_own_works_can_be_left_out() -> None:
    works = library(line(0), line(1), line(0)[:120], composers=(0, 1, 0))
    copy = heard(line(0)[:100])
    assert longest_shared([copy, copy], works, ["b", None]).tolist() == [99, 99]
    (without,) = longest_shared([copy], works, ["a"])
    assert without <= 3
    both = library(line(0), line(0), composers=(0, 1))
    assert longest_shared([copy], both, ["a"]).tolist() == [99]
    assert longest_shared([copy], works, ["nobody"]).tolist() == [99]


def test_a_slow_search_finds_the_same() -> None:
    dice = np.random.default_rng(3)
    train = [dice.integers(60, 63, 80) for _ in range(3)]
    asked = [dice.integers(60, 63, 40) for _ in range(4)]

    def runs(pitch: np.ndarray, length: int) -> set[tuple[int, ...]]:
        jumps = np.diff(pitch).tolist()
        return {tuple(jumps[at : at + length]) for at in range(len(jumps) - length + 1)}

    slow = [
        max(n for n in range(1, 40) if any(runs(own, n) & runs(work, n) for work in train))
        for own in asked
    ]
    assert longest_shared([heard(own) for own in asked], library(*train)).tolist() == slow
