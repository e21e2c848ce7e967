"""Whole pieces, side by side."""

from pathlib import Path

import numpy as np
import pytest

from performer.touch import (
    DURATION,
    EXPRESSIVE,
    PEDAL,
    PERFORMED,
    PITCH,
    SCORE,
    STEP,
    UNKNOWN_PEDAL,
    UNKNOWN_VELOCITY,
    VELOCITY,
    Tokens,
)
from tests.music import QUIET, melody, write_midi
from trainer.lanes import (
    HIGHEST,
    LOWEST,
    Lanes,
    Performance,
    Variety,
    guessed,
    performance,
    performances,
)
from trainer.prepare import prepare


def piece(
    count: int = 300, kind: str = "performed", seed: int = 1, step: float = 0.2
) -> Performance:
    dice = np.random.default_rng(seed)
    start = np.round(np.cumsum(np.full(count, step)), 3)
    columns = [start, start + 0.15, dice.integers(40, 80, count), dice.integers(40, 90, count)]
    spans = [start[::4] + 0.05, start[::4] + 0.5]
    return performance(f"piece {seed}", kind, columns, spans)


def test_on_one_piano_a_key_struck_again_ends_and_a_doubled_note_is_one() -> None:
    start = np.array([0.0, 0.0, 0.5, 1.0])
    end = np.array([2.0, 1.0, 0.8, 1.5])
    found = performance(
        "p", "score", [start, end, np.array([60, 60, 64, 60]), np.full(4, 70)], None
    )
    assert found.pitch.tolist() == [60, 64, 60]
    assert found.end.tolist() == [1.0, 0.8, 1.5]
    assert not found.has_dynamics
    assert not found.has_pedal


def test_what_a_source_does_not_know_is_not_learnt_from_it() -> None:
    score = piece(kind="score").tokens()
    assert (score[:, VELOCITY] == UNKNOWN_VELOCITY).all()
    assert (score[:, PEDAL] == UNKNOWN_PEDAL).all()
    played = piece().tokens()
    assert (played[:, VELOCITY] < UNKNOWN_VELOCITY).all()
    assert (played[:, PEDAL] < UNKNOWN_PEDAL).all()


def test_without_its_pedal_a_note_is_held_as_long_as_it_sounded() -> None:
    ours = piece()
    assert (ours.sounding >= ours.end).all()
    assert ours.sounding[0] == pytest.approx(0.7)  # let go at 0.35, the pedal at 0.7
    music = ours.played_anew(np.random.default_rng(1), Variety(without_pedal=1.0))
    assert (music[:, PEDAL] == UNKNOWN_PEDAL).all()


def test_every_play_is_another_and_stays_on_the_piano() -> None:
    ours = piece()
    plays = [ours.played_anew(np.random.default_rng(n), Variety()) for n in range(20)]
    firsts = {int(play[0, PITCH]) for play in plays}
    assert len(firsts) > 5
    assert all(play[:, PITCH].min() >= LOWEST and play[:, PITCH].max() <= HIGHEST for play in plays)
    intervals = {tuple(np.diff(play[:, PITCH])) for play in plays}
    assert len(intervals) == 1  # a performed piece keeps its order


def test_settled_lanes_begin_anew_and_play_pieces_as_they_stand() -> None:
    whole = piece().tokens()
    lanes = Lanes([piece()], range(4), 32, seed=5, variety=Variety(without_pedal=0.0))

    def stands(row: int, read: Tokens) -> bool:
        ours = read[row][:, PITCH : DURATION + 1]
        return any(
            (whole[n : n + 32, PITCH : DURATION + 1] == ours).all() for n in range(len(whole) - 31)
        )

    assert not any(stands(row, lanes.next().read) for row in range(4))
    lanes.settle()
    stretch = lanes.next()
    assert stretch.begins.all()
    assert all(stands(row, stretch.read) for row in range(4))


def test_only_chords_set_by_software_are_loosened() -> None:
    def zeros(kind: str) -> list[int]:
        start = np.repeat(np.arange(100) * 0.5, 3)
        pitch = np.tile([48, 60, 67], 100)
        dice = np.random.default_rng(0)
        columns = [start, start + 0.3, pitch, dice.integers(40, 90, 300)]
        ours = performance("p", kind, columns, None)
        plays = (ours.played_anew(np.random.default_rng(n), Variety()) for n in range(12))
        return [int((play[:, STEP] == 0).sum()) for play in plays]

    assert min(zeros("expressive")) < 150 < max(zeros("expressive"))
    assert min(zeros("performed")) > 150


def test_stretches_of_a_lane_follow_without_a_gap() -> None:
    lanes = Lanes([piece()], range(1), 32, seed=5, variety=Variety(False, without_pedal=0.0))
    whole = piece().tokens()
    first = lanes.next()
    assert first.begins.all()
    at = next(n for n in range(len(whole)) if (whole[n : n + 32] == first.read[0]).all())
    for number in range(1, 3):
        stretch = lanes.next()
        if stretch.begins[0]:
            break
        begin = at + 32 * number
        count = int(stretch.is_there[0].sum())
        assert (stretch.read[0, :count] == whole[begin : begin + count]).all()
        assert (stretch.next[0, :count] == whole[begin + 1 : begin + count + 1]).all()


def test_lanes_that_are_restored_go_on_as_they_would_have() -> None:
    pieces = [piece(seed=seed, kind=kind) for seed, kind in enumerate(("performed", "score"))]
    first = Lanes(pieces, range(4), 16, seed=3)
    for _ in range(30):
        first.next()
    second = Lanes(pieces, range(4), 16, seed=3)
    second.restore(first.visit, first.at)
    for _ in range(30):
        one, other = first.next(), second.next()
        assert (one.read == other.read).all()
        assert (one.begins == other.begins).all()


def test_the_kind_of_an_unknown_piece_is_guessed() -> None:
    start, pitch = np.arange(100) * 0.2, np.full(100, 60)
    loud = np.tile([40, 80], 50)
    together = np.repeat(start[::2], 2)
    assert guessed([start, start, pitch, np.full(100, 64)]) == "score"
    assert guessed([start, start, pitch, loud]) == "performed"
    assert guessed([together, start, pitch, loud]) == "expressive"


def test_kinds_are_mixed() -> None:
    pieces = [piece(seed=1), piece(seed=2, kind="expressive"), piece(seed=3, kind="score")]
    lanes = Lanes(pieces, range(64), 16, seed=3)
    assert set(lanes.next().kind.tolist()) == {PERFORMED, EXPRESSIVE, SCORE}


def test_prepared_music_is_read(tmp_path: Path) -> None:
    write_midi(tmp_path / "midi" / "a.mid", melody(1, 90))
    write_midi(tmp_path / "midi" / "short.mid", melody(2, 10))
    prepare([tmp_path / "midi"], tmp_path / "data", 1, QUIET)
    found = [p for split in ("train", "valid", "test") for p in _there(tmp_path / "data", split)]
    assert [len(p) for p in found] == [90]


def _there(data: Path, split: str) -> list[Performance]:
    from performer.refusal import Refusal

    try:
        return performances(data, split)
    except Refusal:
        return []
