"""A window holds notes of one piece, and is completed as the instrument completes a phrase."""

from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from performer.codec import WINDOW, features, window
from performer.notes import Note, in_order
from tests.music import pieces_of, write_data
from trainer.dataset import SHORTENED, Pieces


@given(st.lists(st.integers(1, 60), min_size=1, max_size=6), st.integers(1, WINDOW))
def test_no_window_straddles_two_pieces(lengths: list[int], kept: int) -> None:
    pieces = pieces_of(*lengths)
    nexts = np.arange(len(pieces.rows))
    windows, targets = pieces.windows(nexts, np.full(len(nexts), kept))
    ends = np.cumsum(lengths)
    for index, read in enumerate(windows[..., 0]):
        piece = int(np.searchsorted(ends, index, side="right"))
        first = ends[piece] - lengths[piece]
        expected = np.arange(max(first, index - kept), index) + 1
        assert read[read > 0].tolist() == expected.tolist()
        assert not read[: WINDOW - len(expected)].any()
        assert targets[index, 0] == index + 1


def test_a_shortened_window_is_what_the_instrument_gives_for_a_phrase() -> None:
    dice = np.random.default_rng(0)
    starts = np.cumsum(dice.integers(0, 900, 40)) / 1000
    notes = in_order(
        Note(int(pitch), 64, float(start), round(float(start) + 0.25, 3))
        for pitch, start in zip(dice.integers(30, 90, 40), starts, strict=True)
    )
    onsets = np.array([note.start for note in notes])
    pieces = Pieces.of(
        features(
            np.array([note.pitch for note in notes]),
            np.diff(onsets, prepend=0.0),
            np.array([note.duration for note in notes]),
        ),
        np.array([len(notes)]),
    )
    for kept in (1, 2, 24):
        windows, _ = pieces.windows(np.array([30]), np.array([kept]))
        np.testing.assert_allclose(windows[0], window(notes[30 - kept : 30]), atol=1e-6)
    windows, _ = pieces.windows(np.array([10, 30]), np.array([WINDOW, WINDOW]))
    np.testing.assert_allclose(windows[0], window(notes[:10]), atol=1e-6)
    np.testing.assert_allclose(windows[1], window(notes[:30]), atol=1e-6)


def test_only_notes_that_follow_another_are_drawn_and_one_window_in_eight_is_short() -> None:
    pieces = pieces_of(1, 2, 50, 1, 30)
    nexts, kept = pieces.draw(20_000, np.random.default_rng(1))
    assert pieces.before(nexts).min() == 1
    assert set(nexts.tolist()) == set(range(84)) - {0, 1, 3, 53, 54}
    short = kept[kept < WINDOW]
    assert abs(len(short) / len(kept) - 1 / SHORTENED) < 0.01
    assert set(short.tolist()) == set(range(1, WINDOW))


def test_models_are_judged_by_the_same_full_windows_every_time() -> None:
    pieces = pieces_of(40, 10, 40)
    windows, targets = pieces.sample(12, seed=0)
    again, _ = pieces.sample(12, seed=0)
    assert np.array_equal(windows, again)
    assert windows[..., 0].all()
    assert len(np.unique(targets[:, 0])) == 12
    assert len(pieces.sample(100, seed=0)[0]) == 15 + 15


def test_music_stays_on_disk(tmp_path: Path) -> None:
    assert isinstance(Pieces.load(write_data(tmp_path), "train").rows, np.memmap)
