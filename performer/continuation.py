"""Answers without a performance: a phrase from disk is continued as fast as the model can.

The rule kept here: the notes come from the very improviser that plays live, and a take made here,
or on stage, can be made again from what it says of itself.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from math import inf

from performer.improviser import Improviser
from performer.length import Length, Limit
from performer.messages import Answered, Change, Player
from performer.midi import Sustain, parse
from performer.notes import Note, Phrase, Span
from performer.prompt import as_played
from performer.refusal import Refusal
from performer.take import Maker, Recorded, Take, played
from performer.taste import Taste
from performer.thought import RETOLD, Struck, Thought

TURN, CHANNEL = 1, 0  # of the only answer

Moves = list[tuple[float, int]]  # when, and what the pedal does from then on


def maker(improviser: Improviser) -> Maker:
    """Who made a take: the model's name and fingerprint."""
    return Maker(improviser.model.card.name, improviser.model.sha256)


def continued(
    phrase: Phrase, improviser: Improviser, taste: Taste, seed: int, length: Length
) -> Take:
    """A phrase and its answer, which begins where the phrase ends. Raises Refusal, ValueError."""
    limit = length.limit(phrase)
    thought = Thought.on(phrase, taste, seed, TURN, phrase.end)
    return taken_down(thought, limit, improviser.thoughts(thought, limit), maker(improviser))


def taken_down(
    first: Thought, limit: Limit, thoughts: Iterable[tuple[Note, Thought]], by: Maker
) -> Take:
    """A phrase and an answer that begins where it ends, each note with the thought after it.

    Where the seed became another, the take says so.
    """
    phrase = first.phrase
    notes: list[Note] = []
    moves: Moves = []
    changes: list[Change] = []
    seed = first.seed
    for note, after in thoughts:
        if after.seed != seed:
            seed = after.seed
            changes.append(Change(len(notes), after.taste, after.earliest, seed=seed))
        _place(note, after, phrase.end, notes, moves)
    answered = Answered(
        first.turn,
        Span(phrase.start, phrase.end),
        first.taste,
        first.seed,
        limit,
        CHANNEL,
        phrase.end,
        len(notes),
        None,
        changes=tuple(changes),
    )
    messages = [
        *as_played(phrase, phrase.start),
        *played(notes, Player.MODEL, CHANNEL, moves),
    ]
    return Take(by, _in_time(messages), (answered,))


def made_again(
    take: Take, improviser: Improviser, other: Callable[[Maker], Improviser] | None = None
) -> Take:
    """The same take, each answer composed anew from what the take says of it.

    `other` finds whoever else played in it. Raises Refusal where a model is another, or the take no
    longer holds what was heard.
    """
    band = Band({take.maker: _checked(improviser, take.maker)}, other)
    messages = [message for message in take.messages if message.by is Player.HUMAN]
    for answered in take.answers:
        messages += _again(take, answered, band)
    return replace(take, messages=_in_time(messages))


@dataclass(frozen=True, slots=True)
class Band:
    """All who played in a take, as far as they were found."""

    found: dict[Maker, Improviser]
    other: Callable[[Maker], Improviser] | None = field(default=None)

    def player(self, by: Maker) -> Improviser:
        """The one who played. Raises Refusal where only another is there."""
        if by not in self.found:
            if self.other is None:
                raise Refusal(f"The model {by.model!r} played in this take too, and is not here.")
            self.found[by] = _checked(self.other(by), by)
        return self.found[by]


def _checked(improviser: Improviser, by: Maker) -> Improviser:
    if maker(improviser) != by:
        raise Refusal(
            f"The take was made by the model {by.model!r} with the fingerprint "
            f"{by.sha256[:12]}, and {improviser.model.path} is another."
        )
    return improviser


def _again(take: Take, answered: Answered, band: Band) -> list[Recorded]:
    """The messages of one answer of a take."""
    notes: list[Note] = []
    moves: Moves = []
    for note, after in _thoughts(take, answered, band):
        _place(note, after, answered.began_at, notes, moves)
    cut_at = inf if answered.cut_at is None else answered.cut_at
    given_up = dict(answered.given_up)
    sounded = [
        replace(note, end=max(min(note.end, cut_at, given_up.get(number, inf)), note.start))
        for number, note in enumerate(notes)
        if number not in answered.left_out
    ]
    messages = played(sounded, Player.MODEL, answered.channel, moves, cut_at)
    return _without_feet(messages, take, answered)


def _place(note: Note, after: Thought, began_at: float, notes: list[Note], moves: Moves) -> None:
    placed = note.shifted(began_at)
    notes.append(placed)
    if after.pedal is not None:
        moves.append((placed.start, after.pedal))


def _thoughts(take: Take, answered: Answered, band: Band) -> Iterator[tuple[Note, Thought]]:
    """The notes of an answer, each with the thought after it, as they came."""
    begin = Thought.along if answered.is_along else Thought.on
    heard_to = answered.heard.end
    thought = begin(take.phrase(answered), answered.taste, answered.seed, answered.turn, heard_to)
    changes = {change.index: change for change in answered.changes}
    improviser = band.player(answered.maker or take.maker)
    story: list[Note | Struck] = []
    for index in range(answered.notes):
        change = changes.get(index)
        if change is not None:
            if change.maker is not None:
                improviser = band.player(change.maker)
                thought = thought.anew(story[-RETOLD:], heard_to)
            thought = _changed(thought, change, improviser)
            story += change.struck
        note, thought = improviser.next(thought)
        story.append(note)
        yield note, thought


def _changed(thought: Thought, change: Change, improviser: Improviser) -> Thought:
    changed = thought.changed(change.taste, change.earliest, change.taken)
    if change.seed is not None:
        changed = replace(changed, seed=change.seed)
    return improviser.hear(changed, change.struck) if change.struck else changed


def _without_feet(messages: tuple[Recorded, ...], take: Take, answered: Answered) -> list[Recorded]:
    """The messages, without the pedal where the player's own foot was on it."""
    by_foot = [
        (message.at, move.is_down)
        for message in take.messages
        if message.by is Player.HUMAN
        and isinstance(move := parse(message.data), Sustain)
        and move.channel == answered.channel
    ]

    def is_down(at: float) -> bool:
        return next((down for moved, down in reversed(by_foot) if moved < at), False)

    return [
        message
        for message in messages
        if not (isinstance(parse(message.data), Sustain) and is_down(message.at))
    ]


def _in_time(messages: list[Recorded]) -> tuple[Recorded, ...]:
    return tuple(sorted(messages, key=lambda message: message.at))
