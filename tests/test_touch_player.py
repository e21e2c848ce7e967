"""Continuing a phrase with a model that hears touch and pedal."""

from collections.abc import Iterator
from itertools import islice, pairwise
from pathlib import Path

import numpy as np
import onnx
import pytest

from performer.improviser import Improviser
from performer.length import Limit
from performer.limits import HIGHEST, LOWEST, SHORTEST, Bounds
from performer.model import Model
from performer.notes import Note, Phrase, Span
from performer.refusal import Refusal
from performer.taste import Taste
from performer.thought import Thought, TouchMind
from performer.touch import DURATION, PARTS, PERFORMED, PITCH, SIZES, STEP, phrase_tokens
from performer.touch_player import A_FEW, HEARING, LATE_SAID, TouchPlayer, Wish
from performer.window_player import WindowPlayer
from tests.fakes import write_trial_touch_model

NOTES = [Note(60 + n % 12, 60 + 5 * (n % 4), 0.3 * n, 0.3 * n + 0.25) for n in range(40)]
LONG = Limit(notes=1000)
PHRASE = Phrase.of(NOTES[:8])
PEDALLED = Phrase.of(NOTES[:8], [Span(0.1, 1.0), Span(1.3, 2.0)])


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_trial_touch_model(tmp_path_factory.mktemp("models") / "grand.onnx")


@pytest.fixture
def improviser(path: Path) -> Iterator[Improviser]:
    return Improviser(Model.load(path))


def thought(phrase: Phrase = PHRASE, seed: int = 1, **taste: float) -> Thought:
    return Thought.on(phrase, Taste(**taste), seed, turn=1)


def answer(improviser: Improviser, phrase: Phrase = PHRASE, **taste: float) -> list[Note]:
    return list(improviser.answer(thought(phrase, **taste), Limit(notes=200)))


def overhear(player: TouchPlayer | WindowPlayer, phrase: Phrase) -> None:
    while not player.overhear(phrase):
        pass


def counted(model: Model) -> list[int]:
    """Grows with every run of the graph from now on."""
    runs: list[int] = []
    run = model.run
    model.run = lambda outputs, inputs: runs.append(1) or run(outputs, inputs)  # type: ignore
    return runs


def test_the_same_seed_gives_the_same_answer_and_another_another(improviser: Improviser) -> None:
    limit = Limit(notes=30)
    first, again, other = (list(improviser.answer(thought(seed=seed), limit)) for seed in (1, 1, 2))
    assert first == again != other


def test_going_back_to_a_thought_goes_on_as_before(improviser: Improviser) -> None:
    now = thought()
    for _ in range(10):
        _, now = improviser.next(now)
    first, after = improviser.next(now)
    improviser.next(after)
    assert improviser.next(now)[0] == first


def test_what_must_not_be_is_never_drawn(improviser: Improviser) -> None:
    notes = answer(improviser, pitch=5.0, rhythm=5.0, dynamics=5.0)
    assert all(LOWEST <= note.pitch <= HIGHEST for note in notes)
    assert all(1 <= note.velocity <= 127 for note in notes)
    assert all(SHORTEST - 1e-9 <= note.duration <= Bounds().longest for note in notes)
    steps = [later.start - earlier.start for earlier, later in pairwise(notes)]
    assert min(steps) >= 0
    assert max(steps) <= Bounds().longest_silence
    for index, note in enumerate(notes):
        earlier = notes[max(index - 40, 0) : index]
        assert sum(one.end > note.start for one in earlier) < Bounds().most_at_once
        together = [one.pitch for one in earlier if note.start - one.start < 0.005]
        assert note.pitch not in together


def test_what_was_overheard_changes_nothing(path: Path) -> None:
    deaf, listening = (Improviser(Model.load(path)) for _ in range(2))
    phrase = Phrase.of(NOTES)
    for count in (16, 24, 39):
        overhear(listening.player, Phrase.of(NOTES[:count]))
    assert answer(listening, phrase) == answer(deaf, phrase)


def test_what_was_overheard_is_not_heard_again(path: Path) -> None:
    model = Model.load(path)
    player = TouchPlayer(model)
    overhear(player, Phrase.of(NOTES[:39]))
    runs = counted(model)
    player.next(thought(Phrase.of(NOTES)))
    assert len(runs) <= 3


def test_it_listens_for_a_moment_only(path: Path) -> None:
    model = Model.load(path)
    player = TouchPlayer(model)
    runs = counted(model)
    assert not player.overhear(Phrase.of(NOTES))
    assert len(runs) == A_FEW


def test_a_phrase_that_was_not_the_one_overheard_is_heard_anew(path: Path) -> None:
    deaf, listening = (Improviser(Model.load(path)) for _ in range(2))
    overhear(listening.player, Phrase.of([*NOTES[:10], Note(99, 99, 3.0, 3.1)]))
    assert answer(listening, Phrase.of(NOTES)) == answer(deaf, Phrase.of(NOTES))


def test_a_key_still_held_is_given_a_duration_by_the_model_and_none_shorter(path: Path) -> None:
    from dataclasses import replace

    player = TouchPlayer(Model.load(path))
    held = replace(PHRASE, held=(6, 7))
    short = phrase_tokens(PHRASE)
    completed = set()
    for seed in range(8):
        player.next(thought(held, seed=seed))
        assert player._heard is not None
        tokens = player._heard.tokens
        assert (tokens[:6] == short[:6]).all()
        assert (tokens[6:, DURATION] >= short[6:, DURATION]).all()
        assert (np.delete(tokens, DURATION, axis=1) == np.delete(short, DURATION, axis=1)).all()
        completed.add(tuple(tokens[6:, DURATION]))
    assert len(completed) > 4


def test_the_answer_pedals_where_the_player_did(improviser: Improviser) -> None:
    for phrase, pedals in ((PHRASE, False), (PEDALLED, True)):
        moves = {after.pedal for _, after in improviser.thoughts(thought(phrase), Limit(notes=60))}
        assert (moves != {None}) == pedals


def test_the_first_step_is_the_silence_that_was_heard(improviser: Improviser) -> None:
    late = Thought.on(PHRASE, Taste(), 1, 1, taken_at=PHRASE.notes[-1].start + 1.7)
    note, after = improviser.next(late)
    assert note.start == 0
    assert isinstance(after.mind, TouchMind)
    assert after.mind.last[STEP] == 80 or 1.6 < _seconds(after.mind.last[STEP]) < 1.8


def _seconds(step_bin: int) -> float:
    from performer.codec import STEP_EDGES

    return float(STEP_EDGES[step_bin])


def test_a_forced_part_is_taken_as_it_is_and_its_odds_are_said(path: Path) -> None:
    player = TouchPlayer(Model.load(path))
    forced = np.array([3, 64, 10, 20, 1])
    wish = Wish((0.5,) * len(PARTS), forced=forced)
    said = player.said(np.zeros(len(PARTS), dtype=np.int64), PERFORMED, player.fresh, wish)
    assert (said.note == forced).all()
    assert (said.log_odds < 0).all()


def test_odds_sum_to_one_over_every_pitch(path: Path) -> None:
    player = TouchPlayer(Model.load(path))
    nothing, total = np.zeros(len(PARTS), dtype=np.int64), 0.0
    memory = player.said(nothing, PERFORMED, player.fresh, HEARING).memory
    for pitch in range(SIZES[PITCH]):
        forced = np.array([3, pitch, 10, 20, 1])
        wish = Wish(HEARING.numbers, forced=forced)
        total += float(np.exp(player.said(nothing, PERFORMED, memory, wish).log_odds[PITCH]))
    assert total == pytest.approx(1.0, abs=1e-3)


def test_top_p_and_temperature_tame(improviser: Improviser) -> None:
    def pitches(**taste: float) -> int:
        return len({note.pitch for note in answer(improviser, **taste)})

    assert pitches(top_p=0.1) < pitches()
    assert pitches(pitch=0.05) < pitches()


def test_a_memory_that_is_not_carried_on_is_refused(path: Path, tmp_path: Path) -> None:
    model = onnx.load(path)
    growing = next(node for node in model.graph.node if "next_tail" in node.output)
    growing.op_type = "Identity"  # the oldest is not forgotten
    del growing.input[1:]
    output = next(output for output in model.graph.output if output.name == "next_tail")
    output.type.tensor_type.shape.dim[1].dim_value = 3
    onnx.save(model, tmp_path / "odd.onnx")
    with pytest.raises(Refusal, match="cannot be played: it does not carry on its 'tail'"):
        Model.load(tmp_path / "odd.onnx")


def test_several_ways_to_go_on_take_one_run_a_note_and_none_hears_another(path: Path) -> None:
    model = Model.load(path)
    improviser = Improviser(model)
    thoughts = [thought(seed=seed) for seed in range(5)]
    alone = [list(islice(improviser.thoughts(one, LONG), LATE_SAID)) for one in thoughts]
    overhear(improviser.player, PHRASE)
    runs = counted(model)
    for index in range(LATE_SAID):
        told = improviser.next_of_each(thoughts)
        assert [note for note, _ in told] == [one[index][0] for one in alone]
        thoughts = [after for _, after in told]
    together = LATE_SAID - (len(PHRASE.notes) - 1)  # each has earlier notes of its own then
    assert len(runs) == together + len(thoughts) * (LATE_SAID - together)


def test_ways_to_go_on_that_have_heard_other_music_are_told_apart(improviser: Improviser) -> None:
    phrases = [PHRASE, PEDALLED, Phrase.of(NOTES[:6])]
    thoughts = [thought(phrase) for phrase in phrases]
    alone = [improviser.next(one)[0] for one in thoughts]
    assert [note for note, _ in improviser.next_of_each(thoughts)] == alone


@pytest.mark.parametrize("order", [[2, 1, 0], [1, 2], [0, 0, 2], [2, 0, 1, 1]])
def test_each_way_goes_on_from_its_own_past_in_whatever_order(
    improviser: Improviser, order: list[int]
) -> None:
    thoughts = [thought(seed=seed) for seed in range(3)]
    for _ in range(3):  # what is said is remembered when the next is asked for
        thoughts = [after for _, after in improviser.next_of_each(thoughts)]
    wanted = [thoughts[lane] for lane in order]
    for (note, after), (alone, after_it) in zip(
        improviser.next_of_each(wanted), map(improviser.next, wanted), strict=True
    ):
        assert note == alone
        assert isinstance(after.mind, TouchMind)
        assert isinstance(after_it.mind, TouchMind)
        assert np.allclose(after.mind.context, after_it.mind.context, atol=1e-6)


@pytest.mark.parametrize("often", [1, 7])
def test_when_late_notes_become_earlier_ones_changes_nothing(path: Path, often: int) -> None:
    player = TouchPlayer(Model.load(path))
    music = phrase_tokens(Phrase.of(NOTES * 2))

    def heard(most_late: int) -> list[np.ndarray]:
        memory, known = player.fresh, []
        for note in music:
            (said,) = player.said_of_each([note], PERFORMED, [memory], [HEARING], most_late)
            memory = said.memory
            known.append(said.context)
        return known

    assert np.allclose(heard(often), heard(1000), atol=1e-5)


def test_music_set_by_software_keeps_its_velocity_more_often_than_a_live_player(
    improviser: Improviser,
) -> None:
    def unmoved(step: float) -> float:
        notes = [Note(60 + n, 64, step * (n // 2), step * (n // 2) + 0.2) for n in range(8)]
        live = [Note(n.pitch, 64, n.start + 0.007 * i, n.end) for i, n in enumerate(notes)]
        counts = []
        for played in (notes, live):
            answered = answer(improviser, Phrase.of(played), dynamics=0.3)
            counts.append(sum(a.velocity == b.velocity for a, b in pairwise(answered)))
        return counts[0] / max(counts[1], 1)

    assert unmoved(0.3) > 1.5
