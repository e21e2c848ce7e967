"""Answers without a performance: a phrase from disk is continued as fast as the model can.

The rule kept here: the notes come from the very improviser that plays live, and a take made here,
or on stage, can be made again from what it says of itself.
"""

from collections.abc import Iterator
from dataclasses import replace
from math import inf

from performer.improviser import Improviser
from performer.length import Length
from performer.messages import Answered, Player
from performer.notes import Note, Phrase, Span
from performer.prompt import as_played
from performer.refusal import Refusal
from performer.take import Maker, Recorded, Take, played
from performer.taste import Taste
from performer.thought import Thought

TURN, CHANNEL = 1, 0  # of the only answer


def maker(improviser: Improviser) -> Maker:
    """Who made a take: the model's name and fingerprint."""
    return Maker(improviser.model.card.name, improviser.model.sha256)


def continued(
    phrase: Phrase, improviser: Improviser, taste: Taste, seed: int, length: Length
) -> Take:
    """A phrase and its answer, which begins where the phrase ends. Raises Refusal, ValueError."""
    limit = length.limit(phrase)
    heard = Span(phrase.start, phrase.end)
    answered = Answered(TURN, heard, taste, seed, limit, CHANNEL, phrase.end, 0, None)
    notes, moves = _answer(phrase, answered, improviser)
    answered = replace(answered, notes=len(notes))
    messages = [
        *as_played(phrase, phrase.start),
        *played(notes, Player.MODEL, CHANNEL, moves),
    ]
    return Take(maker(improviser), _in_time(messages), (answered,))


def made_again(take: Take, improviser: Improviser) -> Take:
    """The same take, each answer composed anew from what the take says of it.

    Raises Refusal where the model is another, or the take no longer holds what was heard.
    """
    if maker(improviser) != take.maker:
        raise Refusal(
            f"The take was made by the model {take.maker.model!r} with the fingerprint "
            f"{take.maker.sha256[:12]}, and {improviser.model.path} is another."
        )
    messages = [message for message in take.messages if message.by is Player.HUMAN]
    for answered in take.answers:
        notes, moves = _answer(take.phrase(answered), answered, improviser)
        cut_at = inf if answered.cut_at is None else answered.cut_at
        messages += played(notes, Player.MODEL, answered.channel, moves, cut_at)
    return replace(take, messages=_in_time(messages))


def _answer(
    phrase: Phrase, answered: Answered, improviser: Improviser
) -> tuple[list[Note], list[tuple[float, int]]]:
    """The notes of an answer, and what the pedal does from when on."""
    thought = Thought.on(phrase, answered.taste, answered.seed, answered.turn, answered.heard.end)
    notes: list[Note] = []
    moves: list[tuple[float, int]] = []
    for note, after in _thoughts(improviser, thought, answered):
        placed = note.shifted(answered.began_at)
        if answered.cut_at is not None:
            if len(notes) == answered.notes:
                break
            placed = replace(placed, end=min(placed.end, answered.cut_at))
        notes.append(placed)
        if after.pedal is not None:
            moves.append((placed.start, after.pedal))
    return notes, moves


def _thoughts(
    improviser: Improviser, thought: Thought, answered: Answered
) -> Iterator[tuple[Note, Thought]]:
    """The notes of an answer, each with the thought after it, in the tastes in which they came."""
    changes = list(answered.changes)
    while True:
        while changes and changes[0].index == thought.index:
            change = changes.pop(0)
            thought = thought.changed(change.taste, change.earliest)
        note, after = improviser.next(thought)
        if not answered.limit.allows(note, thought.index):
            return
        yield note, after
        thought = after


def _in_time(messages: list[Recorded]) -> tuple[Recorded, ...]:
    return tuple(sorted(messages, key=lambda message: message.at))
