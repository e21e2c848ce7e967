"""An answer that would become poor, or a copy, goes on otherwise, in time, and is made again."""

import queue
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from performer import steering
from performer.choice import Critic, Opinion, heard, seeds
from performer.composer import Author, Composer
from performer.continuation import made_again, maker
from performer.critic import best_continued, critic_of, in_words
from performer.descriptors import Heard
from performer.improviser import Improviser
from performer.inbox import Scripted
from performer.length import Fixed, Limit
from performer.messages import (
    Care,
    Composed,
    Dropped,
    GoOn,
    Mode,
    Player,
    Quit,
    Quoted,
    Scored,
    TakeUp,
)
from performer.notes import Note, Phrase
from performer.scorer import WINDOW, Floats
from performer.session import Settings
from performer.steering import AHEAD, OTHERS, SOON, Course, steered
from performer.take import Take, read_take, write_take
from performer.taste import Taste
from performer.thought import Struck, Thought
from tests.fakes import Rehearsal, key, messages_by_model, phrase_of, rehearse
from tests.test_choice import OWN, Moody, Plain, played, thought
from tests.test_critic import PHRASE as SCALE
from tests.test_critic import improviser as improviser
from trainer.quotations import index_of

SECOND, THIRD, FOURTH = list(seeds(OWN, 4))[1:]
LONG = Fixed(Limit(notes=80))
CAREFUL = Settings(length=LONG, seed=OWN, best_of=4)
LOUD, SOFT = 500 * 100.0, 500 * 20.0  # what a seed of that velocity is worth


class Attentive(Moody):
    """One that listens, too."""

    def overhear(self, phrase: Phrase) -> bool:
        return True

    def hear(self, thought: Thought, struck: Sequence[Struck]) -> Thought:
        return thought


class Stern(Plain):
    """Likes what is loud, and nothing softer than a half."""

    def likeness(self, music: Sequence[Heard]) -> Floats:
        return super().likeness(music) - 64


class Content(Plain):
    """Finds everything good."""

    def odds(self, embeddings: Floats) -> Floats:
        return np.full(len(embeddings), 2.0, dtype=np.float32)


def loud_at(seed: int) -> Callable[[int], float]:
    return lambda other: LOUD if other == seed else SOFT


def after(improviser: Moody, notes: int, critic: Critic) -> tuple[Thought, Opinion]:
    """Where an answer stands after so many notes, and what is thought of it."""
    now, opinion = thought(), Opinion()
    for _ in range(notes):
        note, now = improviser.next(now)
        opinion = heard(opinion, now, note, critic)
    improviser.asked.clear()
    return now, opinion


def quotable(improviser: Moody, notes: int = 80) -> Critic:
    """A critic who knows the answer by its first seed as a piece."""
    return Critic(Stern(), index_of([played(improviser, OWN, notes)], ["Elise"], ["model"]))


def test_what_is_poor_goes_on_the_best_way() -> None:
    improviser, critic = Moody(loud_at(THIRD)), Critic(Stern())
    now, opinion = after(improviser, WINDOW, critic)
    assert steered(improviser, now, opinion, Care(4), critic) == THIRD
    assert len(improviser.asked) == 4 * AHEAD


def test_what_is_good_enough_goes_on_as_it_is_and_nothing_is_thought_of() -> None:
    improviser, critic = Moody(loud_at(OWN)), Critic(Stern())
    now, opinion = after(improviser, WINDOW, critic)
    assert steered(improviser, now, opinion, Care(4), critic) == OWN
    assert not improviser.asked


def test_the_first_thought_is_left_as_it_is() -> None:
    improviser, critic = Moody(loud_at(THIRD)), Critic(Stern())
    now, opinion = after(improviser, WINDOW, critic)
    assert steered(improviser, now, opinion, Care(1), critic) == OWN


@pytest.mark.parametrize(("notes", "seed"), [(0, OWN), (1, THIRD), (AHEAD, THIRD)])
def test_the_best_way_is_taken_as_far_as_there_was_time_to_think(notes: int, seed: int) -> None:
    improviser = Moody(loud_at(THIRD))
    critic = Critic(Stern())
    now, opinion = after(improviser, WINDOW, critic)
    has_time = lambda: len(improviser.asked) < 4 * notes  # noqa: E731
    assert steered(improviser, now, opinion, Care(4), critic, has_time) == seed


def test_what_is_about_to_quote_for_too_long_goes_on_otherwise() -> None:
    improviser = Moody(loud_at(OWN))
    critic = quotable(improviser)
    now, opinion = after(improviser, critic.most_quoted - 4, critic)
    assert steered(improviser, now, opinion, Care(1), critic) == SECOND
    assert steered(improviser, now, opinion, Care(1, may_quote=True), critic) == OWN


def test_the_best_way_on_is_taken_though_it_quotes_only_where_it_may() -> None:
    improviser, heard_first = Moody(loud_at(THIRD)), 30
    theme, ending = (played(improviser, seed, 60) for seed in (OWN, THIRD))
    piece = np.concatenate([theme[:heard_first], ending[heard_first:]])
    critic = Critic(Stern(), index_of([piece], ["Elise"], ["model"]))
    now, opinion = after(improviser, heard_first, critic)
    assert steered(improviser, now, opinion, Care(4), critic) != THIRD
    assert steered(improviser, now, opinion, Care(4, may_quote=True), critic) == THIRD


def test_a_copy_is_left_as_soon_as_it_is_known_for_one() -> None:
    improviser = Moody(loud_at(OWN))
    critic = quotable(improviser)
    now, opinion = after(improviser, critic.most_quoted + 2, critic)
    has_time = lambda: len(improviser.asked) < OTHERS * 8  # noqa: E731
    assert steered(improviser, now, opinion, Care(1), critic, has_time) == SECOND


def test_a_way_that_leaves_a_piece_too_late_is_a_copy() -> None:
    """The second way quotes on for a while before it leaves; the third leaves at once."""
    improviser, heard_first = Moody(loud_at(OWN)), 32
    theme, second = (played(improviser, seed, 80) for seed in (OWN, SECOND))
    late = np.concatenate([theme[:heard_first], second[heard_first : heard_first + 8]])
    critic = Critic(Stern(), index_of([theme, late], ["Elise", "Elise"], ["model"]), most_quoted=28)
    now, opinion = after(improviser, heard_first, critic)
    assert steered(improviser, now, opinion, Care(1), critic) == THIRD


def looked(critic: Critic) -> list[int]:
    """After which notes one looks ahead."""
    improviser, now, course, found = Moody(), thought(), Course(), []
    for index in range(100):
        note, now = improviser.next(now)
        course = course.after(note, now, critic)
        if course.is_at_a_fork:
            course = course.looked()
            found.append(index + 1)
    return found


def test_it_looks_ahead_once_in_so_many_notes_and_not_in_the_first_window() -> None:
    assert looked(Critic(Plain())) == list(range(WINDOW, 101, AHEAD))


def test_where_it_quotes_it_looks_ahead_more_often() -> None:
    assert looked(quotable(Moody(), 100)) == list(range(WINDOW, 101, SOON))


# On stage, in virtual time


class Tiring(Attentive):
    """Plays softly from the second window on, unless another seed wakes it."""

    def next(self, thought: Thought) -> tuple[Note, Thought]:
        note, after = super().next(thought)
        is_tired = thought.index >= WINDOW and thought.seed == OWN
        return replace(note, velocity=20 if is_tired else 100), after


def perform(
    improviser: Moody,
    settings: Settings = CAREFUL,
    thinking: float = 0.002,
    critic: Critic | None = None,
    script: Sequence[Scripted] = (),
) -> Rehearsal:
    played_by_hand = [*phrase_of(6), *script]
    return rehearse(
        played_by_hand, improviser, settings, thinking, critic=critic or Critic(Stern())
    )


def seeds_of(take: Take) -> list[tuple[int, int]]:
    """From which notes on an answer was drawn by which seeds."""
    (answer,) = take.answers
    changed = [(change.index, change.seed) for change in answer.changes if change.seed is not None]
    return [(0, answer.seed), *changed]


def test_what_becomes_poor_goes_on_better_and_the_take_says_from_where() -> None:
    rehearsal = perform(Tiring())
    heard_first = WINDOW + 2 * AHEAD
    assert seeds_of(rehearsal.take) == [(0, OWN), (heard_first, SECOND)]
    velocities = [note.velocity for note in rehearsal.notes(Player.MODEL)]
    assert velocities == [100] * WINDOW + [20] * 2 * AHEAD + [100] * (80 - heard_first)
    assert not [told for told in rehearsal.told if isinstance(told, Dropped)]


def test_the_first_thought_is_not_steered_on_stage() -> None:
    assert seeds_of(perform(Tiring(), replace(CAREFUL, best_of=1)).take) == [(0, OWN)]


def test_in_a_duet_the_players_keys_steer_and_nothing_else() -> None:
    cares = {mode: replace(CAREFUL, mode=mode, may_quote=True).care for mode in Mode}
    assert cares == {
        Mode.ANSWER: Care(4, may_quote=True),
        Mode.ENDLESS: Care(4, may_quote=True),
        Mode.DUET: Care(1, may_quote=True),
    }


def test_a_quotation_is_left_on_stage_and_told_where_it_may_go_on() -> None:
    critic = quotable(Attentive(loud_at(OWN)))
    first_thought = replace(CAREFUL, best_of=1)
    left = perform(Attentive(loud_at(OWN)), first_thought, critic=critic)
    ((_, first), (changed_at, other)) = seeds_of(left.take)
    assert first == OWN
    assert other in list(seeds(OWN, OTHERS))[1:]
    assert changed_at < critic.most_quoted + AHEAD
    assert not [told for told in left.told if isinstance(told, Quoted)]
    settings = replace(first_thought, may_quote=True)
    quoted = perform(Attentive(loud_at(OWN)), settings, critic=critic)
    assert seeds_of(quoted.take) == [(0, OWN)]
    (told,) = [told for told in quoted.told if isinstance(told, Quoted)]
    assert told.title == "Elise"
    assert told.notes > critic.most_quoted


def test_a_quotation_may_go_on_from_the_moment_that_is_set() -> None:
    critic = quotable(Attentive(loud_at(OWN)))
    settings = replace(CAREFUL, best_of=1)
    may = replace(settings, may_quote=True).as_retune
    assert seeds_of(perform(Attentive(), settings, critic=critic, script=[(5.0, may)]).take) == [
        (0, OWN)
    ]


def test_a_moved_setting_takes_what_was_steered_along_and_back() -> None:
    """What is composed anew from before the fork is steered anew, and written down once."""
    wild = replace(CAREFUL, taste=Taste(pitch=1.5)).as_retune
    for moment in np.arange(14.0, 17.0, 0.53):
        take = perform(Tiring(), script=[(float(moment), wild)]).take
        (answer,) = take.answers
        indices = [change.index for change in answer.changes]
        assert indices == sorted(set(indices))
        assert len(seeds_of(take)) == 2


def test_its_score_is_told_window_by_window_and_kept() -> None:
    settings = replace(CAREFUL, length=Fixed(Limit(notes=2 * WINDOW + 8)))
    rehearsal = perform(Attentive(loud_at(OWN)), settings, critic=Critic(Content()))
    (answer,) = rehearsal.take.answers
    onsets = [note.start for note in rehearsal.notes(Player.MODEL)]
    ends = [WINDOW, 2 * WINDOW, 2 * WINDOW + 8]
    assert [each.at for each in answer.curve] == [onsets[end - 1] for end in ends]
    assert {each.score for each in answer.curve} == {answer.score} == {0.881}
    told = [told for told in rehearsal.told if isinstance(told, Scored)]
    taken_from = 1.0  # the first note of all
    assert [each.at - taken_from for each in told] == pytest.approx(
        [onsets[end - 1] for end in (8, *ends[:2])]
    )


def test_without_an_ear_there_is_no_score() -> None:
    (answer,) = rehearse(phrase_of(6), Attentive(), CAREFUL).take.answers
    assert (answer.score, answer.curve) == (None, ())


@pytest.mark.parametrize("thinking", [0.004, 0.07, 0.3, 1.1])
def test_the_first_note_of_the_best_of_eight_comes_when_that_of_a_single_one_comes(
    thinking: float,
) -> None:
    def first(best_of: int) -> tuple[float, int]:
        improviser = Attentive()
        rehearsal = perform(improviser, replace(CAREFUL, best_of=best_of), thinking)
        sent = next(each.message for each in rehearsal.told if is_by_model(each))
        return sent.due, len(improviser.asked)

    (alone, thought_alone), (best, thought_best) = first(1), first(8)
    assert best == alone
    assert thought_best >= thought_alone


def is_by_model(told: object) -> bool:
    return getattr(getattr(told, "message", None), "by", None) is Player.MODEL


def test_the_slower_the_model_the_fewer_answers_are_thought_of() -> None:
    thought_of = []
    for thinking in (0.002, 0.02, 0.2):
        improviser = Attentive()
        perform(improviser, replace(CAREFUL, best_of=8), thinking)
        thought_of.append(len({seed for seed, index in improviser.asked if index == 0}))
    assert thought_of[0] == 8 > thought_of[1] > thought_of[2]


@pytest.mark.parametrize("thinking", [0.01, 0.1, 0.2])
def test_a_model_that_just_keeps_up_is_not_made_late_by_looking_ahead(thinking: float) -> None:
    rehearsal = perform(Tiring(), thinking=thinking)
    late = [each.lateness for each in rehearsal.told if is_by_model(each)]
    assert max(late) <= 0.03
    assert not [told for told in rehearsal.told if isinstance(told, Dropped)]


# With a real graph


@pytest.mark.parametrize("mode", [Mode.ANSWER, Mode.ENDLESS, Mode.DUET])
def test_what_was_steered_is_made_again_note_for_note(
    mode: Mode, improviser: Improviser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(steering, "FLOOR", np.inf)  # nothing is good enough
    settings = replace(CAREFUL, mode=mode, best_of=6, seed=9)
    wild = replace(settings, taste=Taste(rhythm=1.3)).as_retune
    script = [*phrase_of(6), (9.0, wild), *key(50, 25.0, 25.2), (26.0, Quit())]
    critic = critic_of(improviser.model)
    rehearsal = rehearse(script, improviser, settings, is_last=False, critic=critic)
    steered_at = [c.index for a in rehearsal.take.answers for c in a.changes if c.seed is not None]
    assert bool(steered_at) == (mode is not Mode.DUET)
    write_take(replace(rehearsal.take, maker=maker(improviser)), tmp_path / "take.mid")
    take = read_take(tmp_path / "take.mid")
    assert messages_by_model(made_again(take, improviser)) == messages_by_model(take)


def test_of_a_continuation_only_a_copy_is_composed_anew(
    improviser: Improviser, tmp_path: Path
) -> None:
    plain, _ = best_continued(
        SCALE, improviser, Taste(), OWN, LONG, critic_of(improviser.model), Care(1, True)
    )
    line = np.array([note.pitch for note in plain.notes(Player.MODEL)])
    index = index_of([line], ["Elise"], [improviser.model.sha256])
    critic = replace(critic_of(improviser.model), quotations=index)
    take, chosen = best_continued(SCALE, improviser, Taste(), OWN, LONG, critic, Care(1))
    assert chosen.opinion is not None
    assert chosen.opinion.quoted <= critic.most_quoted
    assert len(seeds_of(take)) > 1
    write_take(take, tmp_path / "take.mid")
    assert made_again(read_take(tmp_path / "take.mid"), improviser) == take
    told, quoting = best_continued(
        SCALE, improviser, Taste(), OWN, LONG, critic, Care(1, may_quote=True)
    )
    assert told.notes(Player.MODEL) == plain.notes(Player.MODEL)
    assert "notes in a row of Elise" in in_words(quoting, critic)


# The composer's thread


def test_where_there_was_no_time_to_look_ahead_it_does_so_at_the_next_note() -> None:
    improviser, said = Attentive(loud_at(THIRD)), []
    author = Author(improviser, said.append, Critic(Stern()), lambda: True, lambda: 0.0)
    author.do(TakeUp(1, thought()))
    at_forks = []
    for index in range(WINDOW + 2 * AHEAD):
        author.do(GoOn(1, said[-1].after, (), Care(4)))
        if author.rest is not None:
            at_forks.append(index + 2)
        if index + 2 == WINDOW + 3:
            author.look_ahead()
    assert at_forks == [*range(WINDOW, WINDOW + 4), *range(WINDOW + 3 + AHEAD, at_forks[-1] + 1)]


def test_a_note_that_is_asked_for_ends_the_looking_ahead() -> None:
    composed: queue.SimpleQueue[object] = queue.SimpleQueue()
    improviser = Attentive(lambda _: SOFT)
    composer = Composer(improviser, composed.put, Critic(Stern()))
    try:
        composer.ask(TakeUp(1, thought()))
        for _ in range(WINDOW - 1):
            composer.ask(GoOn(1, after_of(composed), (), Care(500)))
        last = after_of(composed)
        while len(improviser.asked) < WINDOW + 2 * AHEAD:
            time.sleep(0.0005)
        composer.ask(GoOn(1, last, (), Care(500)))
        after_of(composed)
        asked = len(improviser.asked)
    finally:
        composer.close()
    assert asked < WINDOW + 500 * AHEAD


def after_of(composed: "queue.SimpleQueue[object]") -> Thought:
    event = composed.get(timeout=5)
    assert isinstance(event, Composed)
    return event.after
