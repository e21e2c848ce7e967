"""What a model played is kept, is not played twice, and is forgotten when it plays otherwise."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np

from performer.length import Limit
from performer.notes import Note, Phrase
from performer.taste import Taste
from performer.thought import Thought
from trainer.continuations import Kept, Manner, name_of

PHRASES = [Phrase.of([Note(60 + place, 80, 0.0, 0.5)]) for place in range(3)]
MANNER = Manner(Taste(), seed=1, notes=4)


class Whistler:
    """Plays the random numbers that it is given, from a key of its own, and counts its answers."""

    def __init__(self, lowest: int = 60, fingerprint: str = "w") -> None:
        self.model = SimpleNamespace(sha256=fingerprint)
        self.lowest, self.answers = lowest, 0

    def thoughts(self, thought: Thought, limit: Limit) -> Iterator[tuple[Note, Thought]]:
        self.answers += 1
        for index in range(int(limit.notes)):
            thought = replace(thought, index=index)
            (number,) = thought.numbers(1)
            yield Note(self.lowest + int(12 * number), 80, index / 8, index / 8 + 0.123), thought


def played(kept: Kept, whistler: Whistler, manner: Manner = MANNER) -> list[list[list[float]]]:
    answers = kept.continued(whistler, PHRASES, manner)  # type: ignore[arg-type]
    return [answer.notes.tolist() for answer in answers]


def test_nothing_is_played_twice_but_the_first_which_is_checked(tmp_path: Path) -> None:
    whistler = Whistler()
    first = played(Kept(tmp_path / "kept"), whistler)
    assert whistler.answers == 3
    assert played(Kept(tmp_path / "kept"), whistler) == first
    assert whistler.answers == 4


def test_a_run_that_was_stopped_goes_on(tmp_path: Path) -> None:
    whistler = Whistler()
    next(Kept(tmp_path / "kept").continued(whistler, PHRASES, MANNER))  # type: ignore[arg-type]
    assert len(played(Kept(tmp_path / "kept"), whistler)) == 3
    assert whistler.answers == 1 + 1 + 2


def test_each_prompt_has_numbers_of_its_own_and_each_seed(tmp_path: Path) -> None:
    kept = Kept(tmp_path / "kept")
    one = played(kept, Whistler())
    assert one[0] != one[1]
    other = played(kept, Whistler(), replace(MANNER, seed=2))
    assert one[0] != other[0]


def test_another_taste_length_or_model_is_another_answer(tmp_path: Path) -> None:
    kept, whistler = Kept(tmp_path / "kept"), Whistler()
    played(kept, whistler)
    for manner in (replace(MANNER, taste=Taste(top_p=0.9)), replace(MANNER, notes=5)):
        before = whistler.answers
        played(kept, whistler, manner)
        assert whistler.answers == before + 3
    other = Whistler(lowest=30, fingerprint="x")
    assert played(kept, other)[0][0][1] < 60


def test_a_model_that_plays_otherwise_now_is_asked_anew(tmp_path: Path) -> None:
    kept = Kept(tmp_path / "kept")
    before = played(kept, Whistler())
    changed = Whistler(lowest=61)
    after = played(kept, changed)
    assert [[pitch for _, pitch, _, _ in answer] for answer in after] == [
        [pitch + 1 for _, pitch, _, _ in answer] for answer in before
    ]
    assert changed.answers == 4


def test_a_prompts_name_knows_its_pedal() -> None:
    phrase = PHRASES[0]
    pedalled = Phrase.of(phrase.notes, [SimpleNamespace(start=0.0, end=0.3)])  # type: ignore[list-item]
    assert name_of(phrase) == name_of(Phrase.of(phrase.notes))
    assert len({name_of(phrase), name_of(pedalled), name_of(PHRASES[1])}) == 3


def test_times_are_kept_to_the_millisecond(tmp_path: Path) -> None:
    first = played(Kept(tmp_path / "kept"), Whistler())
    again = played(Kept(tmp_path / "kept"), Whistler())
    assert first == again
    assert np.isclose(again[0][1][3], 0.248)
