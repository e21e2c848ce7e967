"""What was said stays said: the table only grows, may be torn or merged, and keeps its music."""

from pathlib import Path

import pytest

from performer.notes import Note, Phrase, Span
from performer.ratings import (
    MUSIC,
    TABLE,
    Rated,
    Rating,
    add,
    keep,
    latest,
    merge,
    ratings,
    read,
)
from performer.refusal import Refusal

PROMPT = Phrase.of([Note(60, 80, 0.0, 0.4), Note(64, 70, 0.5, 0.9)], [Span(0.1, 0.8)])


def rated(pitch: int = 67, at: float = 1.0) -> Rated:
    notes = (Note(pitch, 66, at, at + 0.25), Note(pitch + 3, 64, at + 0.25, at + 0.75))
    return Rated(PROMPT, notes, (Span(at + 0.1, at + 0.6),))


def rating(who: str = "ada", when: int = 1, what: str = "x", mark: float = 4) -> Rating:
    return Rating(who, f"2026-11-24T20:00:{when:02}+00:00", what, mark)


def test_the_table_only_grows(tmp_path: Path) -> None:
    add(tmp_path, rating(mark=2))
    before = (tmp_path / TABLE).read_bytes()
    add(tmp_path, rating(when=2, mark=5))
    after = (tmp_path / TABLE).read_bytes()
    assert after.startswith(before)
    assert ratings(tmp_path) == [rating(mark=2), rating(when=2, mark=5)]


def test_who_thinks_again_is_taken_at_the_last_word() -> None:
    verdicts = [rating(when=2, mark=5), rating(when=1, mark=2), rating("bob", 1, mark=1)]
    assert {(one.who, one.mark) for one in latest(verdicts)} == {("ada", 5), ("bob", 1)}


def test_names_and_commas_and_pairs_are_kept(tmp_path: Path) -> None:
    pair = Rating('Zoë, "the ear"', "2026-11-24T20:00:00+00:00", "x", 0.5, "y")
    add(tmp_path, pair)
    assert ratings(tmp_path) == [pair]


@pytest.mark.parametrize("mark", [0, 6, float("nan")])
def test_a_mark_that_there_is_none_of_is_refused(mark: float) -> None:
    with pytest.raises(ValueError, match="a mark of"):
        rating(mark=mark)


def test_a_torn_line_costs_no_other(tmp_path: Path) -> None:
    add(tmp_path, rating())
    with (tmp_path / TABLE).open("a") as table:
        table.write("bob,2026-11-24T20")
    add(tmp_path, rating(when=3))
    assert ratings(tmp_path) == [rating(), rating(when=3)]


def test_there_are_no_ratings_before_the_first(tmp_path: Path) -> None:
    assert ratings(tmp_path / "nowhere") == []


def test_what_is_rated_is_known_by_its_notes_alone() -> None:
    assert rated(at=1.0).what == rated(at=4.0).what
    assert rated(67).what != rated(68).what


def test_the_music_is_kept_and_read_back(tmp_path: Path) -> None:
    music = rated()
    add(tmp_path, rating(what=music.what), [music])
    assert read(tmp_path, music.what) == music


def test_music_that_was_changed_since_is_refused(tmp_path: Path) -> None:
    music, other = rated(), rated(50)
    keep(tmp_path, other)
    (tmp_path / MUSIC / f"{other.what}.mid").rename(tmp_path / MUSIC / f"{music.what}.mid")
    with pytest.raises(Refusal, match="changed since it was rated"):
        read(tmp_path, music.what)
    with pytest.raises(Refusal, match="cannot be read"):
        read(tmp_path, "nothing")


def test_what_two_people_said_is_put_together_once(tmp_path: Path) -> None:
    ours, theirs, music = tmp_path / "ours", tmp_path / "theirs", rated()
    add(ours, rating())
    add(theirs, rating())
    add(theirs, rating("bob", 5, music.what), [music])
    assert merge(ours, [theirs]) == 1
    assert merge(ours, [theirs]) == 0
    assert ratings(ours) == [rating(), rating("bob", 5, music.what)]
    assert read(ours, music.what) == music


def test_what_is_rated_does_not_say_who_played_it(tmp_path: Path) -> None:
    keep(tmp_path, rated())
    (path,) = (tmp_path / MUSIC).iterdir()
    assert b"grand" not in path.read_bytes()
