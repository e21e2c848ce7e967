"""Continuing a phrase, one note at a time."""

from itertools import pairwise
from statistics import fmean

import numpy as np
import pytest

from performer.codec import Floats, window
from performer.improviser import Improviser
from performer.length import Limit
from performer.limits import HIGHEST, LOWEST, SHORTEST, Bounds
from performer.model import Model
from performer.notes import Note, Phrase
from performer.taste import Taste
from performer.thought import Thought
from performer.window_player import HEADS
from tests.fakes import CARD, write_trial_model

PHRASE = Phrase.of(Note(60 + n, 60 + 5 * (n % 4), 0.3 * n, 0.3 * n + 0.25) for n in range(8))
ONE_NOTE = Phrase.of([Note(60, 80, 0.0, 0.5)])


@pytest.fixture(scope="module")
def improviser(tmp_path_factory: pytest.TempPathFactory) -> Improviser:
    path = tmp_path_factory.mktemp("models") / "trial.onnx"
    return Improviser(Model.load(write_trial_model(path)))


class Insistent:
    """A model that wants one chord of one key."""

    card = CARD

    def run(self, _outputs: list[str], _inputs: dict[str, Floats]) -> list[Floats]:
        heads = [np.zeros((1, size), dtype=np.float32) for size in HEADS.values()]
        heads[0][0, 60] = heads[1][0, 0] = 50.0
        return heads


def answer(
    improviser: Improviser, seed: int = 1, phrase: Phrase = PHRASE, **taste: float
) -> list[Note]:
    thought = Thought.on(phrase, Taste(**taste), seed, turn=1)
    return list(improviser.answer(thought, Limit(notes=300)))


def test_the_same_seed_gives_the_same_answer_and_another_another(improviser: Improviser) -> None:
    assert answer(improviser, seed=1) == answer(improviser, seed=1)
    assert answer(improviser, seed=1) != answer(improviser, seed=2)


def test_going_back_to_a_thought_goes_on_as_before(improviser: Improviser) -> None:
    thought = Thought.on(PHRASE, Taste(), 1, 1)
    for _ in range(10):
        _, thought = improviser.next(thought)
    assert improviser.next(thought)[0] == improviser.next(thought)[0]


def test_an_answer_begins_at_zero_and_goes_forward(improviser: Improviser) -> None:
    onsets = [note.start for note in answer(improviser)]
    assert onsets[0] == 0.0
    assert onsets == sorted(onsets)


def test_what_must_not_be_is_never_drawn(improviser: Improviser) -> None:
    notes = answer(improviser, pitch=5.0, rhythm=5.0, dynamics=5.0)
    assert all(LOWEST <= note.pitch <= HIGHEST for note in notes)
    assert all(1 <= note.velocity <= 127 for note in notes)
    assert all(SHORTEST - 1e-9 <= note.duration <= Bounds().longest for note in notes)
    onsets = [note.start for note in notes]
    steps = [later - earlier for earlier, later in pairwise(onsets)]
    assert max(steps) <= Bounds().longest_silence
    assert len({(note.start, note.pitch) for note in notes}) == len(notes)


def test_a_chord_strikes_no_key_twice() -> None:
    thought, notes = Thought.on(PHRASE, Taste(), 1, 1), []
    for _ in range(8):
        note, thought = Improviser(Insistent()).next(thought)
        notes.append(note)
    assert {note.start for note in notes} == {0.0}
    assert len({note.pitch for note in notes}) == 8


def test_every_note_is_read_before_the_next_is_thought_of(improviser: Improviser) -> None:
    thought = Thought.on(PHRASE, Taste(), 1, 1)
    for _ in range(3):
        step_from = thought.onset
        note, after = improviser.next(thought)
        pitch, step, duration = after.mind.rows[-1].tolist()
        assert pitch == pytest.approx(note.pitch / 128)
        assert duration == pytest.approx(note.duration)
        if thought.index:
            assert step == pytest.approx(note.start - step_from, abs=1e-6)
        before = thought.mind.rows if thought.mind else window(PHRASE.notes)
        assert np.array_equal(after.mind.rows[:-1], before[1:])
        thought = after


def test_another_turn_is_another_answer(improviser: Improviser) -> None:
    first, second = (Thought.on(PHRASE, Taste(), 1, turn) for turn in (1, 3))
    limit = Limit(notes=20)
    assert list(improviser.answer(first, limit)) != list(improviser.answer(second, limit))


def test_a_phrase_of_one_note_is_continued(improviser: Improviser) -> None:
    notes = answer(improviser, phrase=ONE_NOTE)
    assert len({note.pitch for note in notes}) > 5


def test_the_answer_is_as_loud_as_the_player(improviser: Improviser) -> None:
    for loudness in (40, 100):
        phrase = Phrase.of(Note(60 + n, loudness, 0.3 * n, 0.3 * n + 0.2) for n in range(8))
        velocities = [note.velocity for note in answer(improviser, phrase=phrase)]
        assert fmean(velocities) == pytest.approx(loudness, abs=3)
        assert len(set(velocities)) > 5


def test_without_temperature_in_the_dynamics_the_velocity_settles(improviser: Improviser) -> None:
    velocities = [note.velocity for note in answer(improviser, dynamics=0.01)]
    assert max(velocities[20:]) - min(velocities[20:]) <= 2


def test_a_colder_pitch_is_a_tamer_choice(improviser: Improviser) -> None:
    def pitches(temperature: float) -> int:
        return len({note.pitch for note in answer(improviser, pitch=temperature)})

    assert pitches(0.1) < pitches(1.0) < pitches(5.0)
