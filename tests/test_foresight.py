"""The best answer is known when the turn passes, and nothing is where something else came."""

import queue
import time
from collections.abc import Sequence
from dataclasses import replace

import pytest

from performer.choice import LEAST_SCORED, Critic, seeds
from performer.composer import Author, Composer
from performer.foresight import OPENING, READY, SLACK, Foreseen, as_foreseen, foresee
from performer.messages import Composed, GoOn, Mode, Overhear, Request, TakeUp
from performer.notes import Note, Phrase
from performer.phrase import Silence, SoFar
from performer.session import Session, Settings
from performer.taste import Taste
from performer.thought import Struck, Thought
from tests.fakes import Metronome, Unhurried, key, phrase_of, rehearse
from tests.test_choice import Moody, Plain

PHRASE = Phrase.of([Note(60, 80, 0.0, 0.5), Note(62, 80, 0.5, 0.9)])
EXPECTED = Thought.on(PHRASE, Taste(), 5, 3, 2.0)
FORESEEN = Foreseen(EXPECTED, 77, 4)


def test_the_best_of_all_is_foreseen_where_there_is_time() -> None:
    foreseen = foresee(Moody(), EXPECTED, 8, Critic(Plain()), lambda: True)
    assert foreseen.seed == list(seeds(5, 8))[-1]
    assert foreseen.compared == 8


def test_the_best_is_foreseen_as_far_as_there_is_time_to_think_of_all() -> None:
    improviser = Moody()
    foreseen = foresee(
        improviser, EXPECTED, 8, Critic(Plain()), lambda: len(improviser.asked) < 8 * LEAST_SCORED
    )
    assert foreseen.compared == 8
    assert foreseen.seed == list(seeds(5, 8))[-1]
    assert len(improviser.asked) == 8 * LEAST_SCORED


def test_what_is_taken_up_as_expected_has_the_seed_that_was_found() -> None:
    taken = as_foreseen(replace(EXPECTED, taken_at=2.0 + SLACK / 2), FORESEEN)
    assert taken.seed == 77


@pytest.mark.parametrize(
    "other",
    [
        {"taken_at": 2.0 - 2 * SLACK},
        {"taken_at": None},
        {"turn": 4},
        {"seed": 6},
        {"taste": Taste(pitch=0.5)},
        {"phrase": Phrase.of([Note(60, 80, 0.0, 0.5)])},
        {"index": 1},
    ],
)
def test_where_something_else_came_nothing_was_foreseen(other: dict[str, object]) -> None:
    wanted = replace(EXPECTED, **other)  # type: ignore[arg-type]
    assert as_foreseen(wanted, FORESEEN) is wanted


class Attentive(Moody):
    """One that listens, too."""

    def overhear(self, phrase: Phrase) -> bool:
        return True

    def hear(self, thought: Thought, struck: Sequence[Struck]) -> Thought:
        return thought


def test_the_composer_thinks_in_the_silence_and_takes_up_the_best() -> None:
    heard: queue.SimpleQueue[object] = queue.SimpleQueue()
    improviser = Attentive()
    composer = Composer(improviser, heard.put, Critic(Plain()))
    so_far = SoFar(PHRASE.notes, (), ())
    try:
        composer.ask(Overhear(so_far, EXPECTED, 8))
        while len(improviser.asked) < 8 * OPENING.notes + READY:  # it has chosen
            time.sleep(0.001)
        composer.ask(TakeUp(3, replace(EXPECTED, taken_at=2.01)))
        composed = heard.get(timeout=5)
        composer.ask(TakeUp(4, replace(EXPECTED, turn=4)))
        other = heard.get(timeout=5)
    finally:
        composer.close()
    assert isinstance(composed, Composed)
    assert composed.after.seed == list(seeds(5, 8))[-1]
    assert isinstance(other, Composed)
    assert other.after.seed == 5


def test_a_note_that_is_asked_for_ends_the_thinking() -> None:
    heard: queue.SimpleQueue[object] = queue.SimpleQueue()
    improviser = Attentive()
    composer = Composer(improviser, heard.put, Critic(Plain()))
    try:
        composer.ask(Overhear(SoFar(PHRASE.notes, (), ()), EXPECTED, 64))
        while not improviser.asked:
            time.sleep(0.0005)
        composer.ask(TakeUp(4, replace(EXPECTED, turn=4)))
        composed = heard.get(timeout=5)
        thought_of = len(improviser.asked)
    finally:
        composer.close()
    assert isinstance(composed, Composed)
    assert thought_of < 64 * OPENING.notes


def expected_of(told: list[tuple[float, Request]]) -> list[Thought]:
    return [
        request.expected
        for _, request in told
        if isinstance(request, Overhear) and request.expected
    ]


def test_what_is_expected_is_what_is_taken_up() -> None:
    settings = Settings(best_of=8, seed=9)
    rehearsal = rehearse(phrase_of(6), settings=settings)
    (taken,) = (request for _, request in rehearsal.asked if isinstance(request, TakeUp))
    last = expected_of(rehearsal.asked)[-1]
    assert as_foreseen(taken.thought, Foreseen(last, 77, 8)).seed == 77


def test_an_answer_says_the_seed_with_which_it_was_played() -> None:
    class Chooser(Metronome):
        def next(self, thought: Thought) -> tuple[Note, Thought]:
            note, after = super().next(thought)
            return note, replace(after, seed=77)

    rehearsal = rehearse(phrase_of(6), Chooser(), Settings(best_of=8, seed=9))
    assert [answer.seed for answer in rehearsal.take.answers] == [77]


def test_nothing_is_expected_while_keys_are_held_or_in_a_duet() -> None:
    rehearsal = rehearse([*phrase_of(6), *key(30, 0.5, 9.0)], settings=Settings(best_of=8))
    assert not [one for one in expected_of(rehearsal.asked) if one.taken_at and one.taken_at < 9.0]
    duet = rehearse(phrase_of(6), settings=Settings(best_of=8, mode=Mode.DUET))
    assert not expected_of(duet.asked)


def test_without_foresight_it_is_taken_up_as_it_is() -> None:
    assert as_foreseen(EXPECTED, None) is EXPECTED


def answered(author: Author, said: list[Composed], first: Thought, notes: int) -> list[Note]:
    """The first notes of an answer, asked for one by one."""
    author.do(TakeUp(3, first))
    for _ in range(notes - 1):
        after = said[-1].after
        author.do(GoOn(3, after.changed(after.taste, after.earliest)))
    return [composed.note for composed in said]


@pytest.mark.parametrize("best_of", [1, 8])
def test_the_first_notes_are_known_before_they_are_asked_for(best_of: int) -> None:
    said: list[Composed] = []
    improviser = Attentive()
    author = Author(improviser, said.append, Critic(Plain()), lambda: True, lambda: 0.0)  # type: ignore[arg-type]
    author.do(Overhear(SoFar(PHRASE.notes, (), ()), EXPECTED, best_of))
    author.look_ahead()
    thought_of = len(improviser.asked)
    notes = answered(author, said, EXPECTED, READY)
    assert len(improviser.asked) == thought_of
    answered(author, said, said[-1].after, 1)
    assert len(improviser.asked) == thought_of + 1
    later, seed = Attentive(), said[0].after.seed
    anew: list[Composed] = []
    unready = Author(later, anew.append, None, lambda: True, lambda: 0.0)  # type: ignore[arg-type]
    assert answered(unready, anew, replace(EXPECTED, seed=seed), READY) == notes


def test_it_begins_to_think_when_it_must_and_not_while_the_player_may_play_on() -> None:
    attentive = Attentive()
    slow = Unhurried(attentive, thinking=0.01)
    author = Author(slow, lambda _: None, Critic(Plain()), lambda: True, lambda: slow.at)
    for turn in (3, 4):
        attentive.asked.clear()
        taken_at = slow.at + 10.0
        expected = replace(EXPECTED, turn=turn, taken_at=taken_at)
        author.do(Overhear(SoFar(PHRASE.notes, (), ()), expected, 8))
        assert not attentive.asked
        assert author.rest is not None
        slow.at += author.rest
        began_at = slow.at
        author.look_ahead()
        assert author.rest is None
        assert len({seed for seed, _ in attentive.asked}) == 8
        assert slow.at <= taken_at
    assert slow.at - began_at > (taken_at - began_at) / 2  # it takes most of the time it has left


@pytest.mark.parametrize("other", [{"taken_at": 2.01}, {"taste": Taste(pitch=0.5)}, {"turn": 4}])
def test_where_something_else_is_asked_for_it_is_composed(other: dict[str, object]) -> None:
    said: list[Composed] = []
    improviser = Attentive()
    author = Author(improviser, said.append, None, lambda: True, lambda: 0.0)  # type: ignore[arg-type]
    author.do(Overhear(SoFar(PHRASE.notes, (), ()), EXPECTED))
    author.look_ahead()
    thought_of = len(improviser.asked)
    author.do(TakeUp(3, replace(EXPECTED, **other)))  # type: ignore[arg-type]
    assert len(improviser.asked) == thought_of + 1


def test_a_turn_that_the_silence_ends_is_dated_from_its_end() -> None:
    session = Session(Settings(silence=Silence.fixed(0.5)))
    for at, event in key(60, 1.0, 1.5):
        session.handle(event, at)
    assert session.wake_at == pytest.approx(2.0)
    (request,) = [effect for effect in session.wake(2.07) if isinstance(effect, TakeUp)]
    assert request.thought.taken_at == 2.0
