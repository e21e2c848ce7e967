"""A quotation is heard in any key, while it lasts, and by its title; what is common quotes none."""

from pathlib import Path

import numpy as np
import pytest

from performer.quotations import RUN, Quotations, Quoting, read_quotations
from performer.refusal import Refusal
from trainer.quotations import MOST_OWNERS, index_of

SHA = "a" * 64
LATE = 24  # notes by which a quotation may seem shorter than it is: one run in four is known


def line(seed: int, notes: int = 400) -> np.ndarray:
    return np.random.default_rng(seed).integers(30, 90, notes)


def pieces(*lines: np.ndarray) -> Quotations:
    return index_of(lines, [f"piece {number}" for number in range(len(lines))], [SHA])


def heard(index: Quotations, pitches: np.ndarray) -> list[Quoting]:
    quoting, after = Quoting(), []
    for pitch in pitches.tolist():
        quoting = index.after(quoting, pitch)
        after.append(quoting)
    return after


@pytest.mark.parametrize("shift", [-7, 0, 5])
def test_a_quotation_is_heard_in_any_key_and_told_by_its_title(shift: int) -> None:
    index = pieces(line(0), line(1), line(2))
    last = heard(index, np.concatenate([line(9, 30), line(1)[100:180] + shift]))[-1]
    assert 80 - LATE <= last.notes <= 81
    assert index.title(last) == "piece 1"


def test_it_seems_never_longer_than_it_is() -> None:
    index = pieces(line(0), line(1))
    for notes, quoting in enumerate(heard(index, line(0)), start=1):
        assert quoting.notes <= notes


def test_what_is_new_quotes_nothing() -> None:
    index = pieces(line(0), line(1))
    assert all(quoting.notes == 0 for quoting in heard(index, line(5)))
    assert index.title(Quoting()) is None


def test_a_quotation_ends_where_the_music_goes_on_otherwise() -> None:
    after = heard(pieces(line(0)), np.concatenate([line(0)[:100], line(8, 100)]))
    assert after[99].notes > 0
    assert after[-1].notes == 0


def test_going_over_from_one_piece_to_another_begins_anew() -> None:
    index = pieces(line(0), line(1))
    after = heard(index, np.concatenate([line(0)[:100], line(1)[:60]]))
    assert after[-1].notes <= 61
    assert index.title(after[-1]) == "piece 1"


def test_what_many_pieces_share_quotes_none_of_them_and_breaks_no_quotation() -> None:
    scale = 40 + np.arange(RUN + 30) % 3
    works = [np.concatenate([line(seed, 60), scale]) for seed in range(MOST_OWNERS + 1)]
    alone = heard(pieces(*works), scale)
    assert all(quoting.notes == 0 for quoting in alone)
    piece = np.concatenate([line(20), scale, line(21)])
    assert heard(pieces(*works, piece), piece)[-1].notes > len(piece) - LATE


def test_a_short_piece_is_no_trouble() -> None:
    index = pieces(line(0)[:5], line(1))
    assert len(index.titles) == 2
    assert heard(index, line(1))[-1].piece == 1


def test_the_index_is_read_back_as_it_was(tmp_path: Path) -> None:
    index = pieces(line(0), line(1))
    path = tmp_path / "quotations.npz"
    path.write_bytes(index.to_bytes())
    back = read_quotations(path, SHA)
    assert (back.marks == index.marks).all()
    assert (back.owners == index.owners).all()
    assert (back.titles, back.models) == (index.titles, index.models)


def test_the_index_of_another_model_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "quotations.npz"
    path.write_bytes(pieces(line(0)).to_bytes())
    with pytest.raises(Refusal, match="says nothing of the model bbbbbbbbbbbb"):
        read_quotations(path, "b" * 64)


@pytest.mark.parametrize("data", [b"", b"no index", b"PK\x03\x04 cut short"])
def test_what_is_no_index_is_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "quotations.npz"
    path.write_bytes(data)
    with pytest.raises(Refusal, match="no index of quotations"):
        read_quotations(path, SHA)
    with pytest.raises(Refusal, match="cannot be read"):
        read_quotations(tmp_path / "nowhere.npz", SHA)
