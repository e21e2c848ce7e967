"""Thinks of several answers before one sounds, and plays the best.

The rules kept here: all are thought of side by side, a note of each in one run of the model, as
long as there is time, and no longer: before every note it asks, and what it has by then is
compared, if that is still wanted. The first candidate is what would have been played anyway. A
candidate is a seed, so that whatever is chosen is made again from the seed alone; and one that
quotes a piece for too long is never chosen where there is another.

The best is the likest to a composer's, by the plain figures of its notes: of whole answers that are
chosen so of eight, a judge taught by other works tells 0.85, of single ones 0.90, of the unlikest
0.95, and 0.80 of answers as they are played, which go on the best of eight ways again and again
(`antiphon-train best-of`). To choose by the score helped nothing: among the answers of one model it
knows no better from worse.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from performer.descriptors import Heard, as_heard
from performer.length import Limit
from performer.notes import Note, as_sounded
from performer.quotations import Quotations, Quoting
from performer.scorer import WINDOW, Floats, Impression, as_score, best
from performer.thought import Thought, TouchMind

STRIDE = 7919  # from one candidate's seed to the next
SEEDS = 2**31
MOST_QUOTED = 32  # notes in a row; one real excerpt in a hundred has more of another piece
LEAST_SCORED = 8  # notes, below which there is no score


class Improvises(Protocol):
    """Whoever can say the next note of a thought, or of each of several."""

    def next(self, thought: Thought) -> tuple[Note, Thought]:
        """The next note, and the thought after it."""

    def next_of_each(self, thoughts: Sequence[Thought]) -> Sequence[tuple[Note, Thought]]:
        """The next note of each, and the thoughts after them."""


class Scores(Protocol):
    """Whoever can say how good impressions seem, and how like a composer's notes are."""

    def odds(self, embeddings: Floats) -> Floats:
        """How good (n, width) impressions seem, (n,)."""

    def likeness(self, music: Sequence[Heard]) -> Floats:
        """How like a composer's some answers are, (n,)."""


@dataclass(frozen=True, slots=True)
class Critic:
    """The ear that scores, and the memory that hears quotations, where there is one."""

    scorer: Scores
    quotations: Quotations | None = None
    most_quoted: int = MOST_QUOTED


@dataclass(frozen=True, slots=True)
class Wanted:
    """How many answers are thought of, and how far each is compared."""

    count: int
    limit: Limit


@dataclass(frozen=True, slots=True)
class Opinion:
    """What the critic thinks of an answer, as far as it has come."""

    impression: Impression = field(default_factory=Impression)
    said: tuple[Note, ...] = ()
    odds: tuple[float, ...] = ()  # after every window of notes
    quoting: Quoting = field(default_factory=Quoting)
    likeness: float | None = None  # of all notes, once it is concluded
    quoted: int = 0  # the most notes in a row
    title: str | None = None  # of the piece quoted most

    @property
    def notes(self) -> int:
        """How many notes it is about."""
        return len(self.said)

    @property
    def mean(self) -> float | None:
        """The mean odds so far; None before there are any."""
        return sum(self.odds) / len(self.odds) if self.odds else None

    @property
    def score(self) -> float | None:
        """The same from 0 to 1."""
        return None if self.mean is None else as_score(self.mean)


@dataclass(frozen=True, slots=True)
class Chosen:
    """The seed to play with, the opinion of what it plays, and all the candidates' scores."""

    seed: int
    opinion: Opinion | None  # None where there was no time for any
    scores: tuple[float, ...]  # of those that were compared, in the order of thinking


def seeds(first: int, count: int) -> Iterator[int]:
    """The seeds of candidates; the first is the player's own."""
    return ((first + number * STRIDE) % SEEDS for number in range(count))


def heard(opinion: Opinion, after: Thought, note: Note, critic: Critic) -> Opinion:
    """The opinion one note later. What a model knew before its first note was the phrase's."""
    mind = after.mind
    impression = opinion.impression
    if isinstance(mind, TouchMind) and mind.context is not None and opinion.notes:
        impression = impression.after(mind.context, mind.log_odds)
    quoting, quoted, title = opinion.quoting, opinion.quoted, opinion.title
    if critic.quotations is not None:
        quoting = critic.quotations.after(quoting, note.pitch)
        if quoting.notes > quoted:
            quoted, title = quoting.notes, critic.quotations.title(quoting)
    said = (*opinion.said, note)
    after_it = Opinion(impression, said, opinion.odds, quoting, None, quoted, title)
    is_full = len(said) % WINDOW == 0 and impression.contexts
    return _with_odds(after_it, critic) if is_full else after_it


def scored(opinion: Opinion, critic: Critic) -> Opinion:
    """The opinion of an answer with a score of its last notes too, where they are enough."""
    if opinion.notes % WINDOW < LEAST_SCORED or not opinion.impression.contexts:
        return opinion
    return _with_odds(opinion, critic)


def concluded(opinion: Opinion, critic: Critic) -> Opinion:
    """The opinion of an answer that is whole: with a score of its last notes, and its likeness.

    Where there are too few notes for either, there is none.
    """
    if opinion.notes < LEAST_SCORED or not opinion.impression.contexts:
        return opinion
    likeness = likeness_of(opinion.said, critic)
    return replace(scored(opinion, critic), likeness=likeness)


def likeness_of(notes: Sequence[Note], critic: Critic) -> float:
    """How like a composer's some notes are."""
    return float(critic.scorer.likeness([as_heard(as_sounded(notes))])[0])


def choose(
    improviser: Improvises,
    thought: Thought,
    wanted: Wanted,
    critic: Critic,
    has_time: Callable[[], bool] = lambda: True,
    is_wanted: Callable[[], bool] = lambda: True,
) -> Chosen:
    """The best of some answers to a thought that has not begun. Raises Refusal, ValueError."""
    candidates = list(seeds(thought.seed, wanted.count))
    thoughts = [replace(thought, seed=seed) for seed in candidates]
    opinions = thought_through(improviser, thoughts, wanted, critic, has_time, is_wanted)
    compared = [
        (seed, opinion, opinion.likeness, opinion.score)
        for seed, opinion in zip(candidates, opinions, strict=True)
        if opinion.likeness is not None and opinion.score is not None
    ]
    if not compared:
        return Chosen(thought.seed, opinions[0] if opinions[0].notes else None, ())
    copies = [opinion.quoted > critic.most_quoted for _, opinion, _, _ in compared]
    place = best([likeness for _, _, likeness, _ in compared], copies)
    seed, opinion, _, _ = compared[place]
    return Chosen(seed, opinion, tuple(score for _, _, _, score in compared))


def thought_through(
    improviser: Improvises,
    thoughts: Sequence[Thought],
    wanted: Wanted,
    critic: Critic,
    has_time: Callable[[], bool] = lambda: True,
    is_wanted: Callable[[], bool] = lambda: True,
) -> list[Opinion]:
    """The opinions of some answers, as far as there was time to think of all of them.

    What is no longer wanted is not concluded.
    """
    opinions = [Opinion() for _ in thoughts]
    goes_on = lambda: is_wanted() and has_time()  # noqa: E731
    for lane, note, after in abreast(improviser, thoughts, wanted.limit, goes_on):
        opinions[lane] = heard(opinions[lane], after, note, critic)
    return [concluded(opinion, critic) if is_wanted() else opinion for opinion in opinions]


def abreast(
    improviser: Improvises,
    thoughts: Sequence[Thought],
    limit: Limit,
    goes_on: Callable[[], bool] = lambda: True,
) -> Iterator[tuple[int, Note, Thought]]:
    """The notes of some answers, side by side: of which it is, the note, and the thought after."""
    going_on = dict(enumerate(thoughts))
    while going_on and goes_on():
        said = improviser.next_of_each(list(going_on.values()))
        for lane, (note, after) in zip(list(going_on), said, strict=True):
            thought = going_on.pop(lane)
            if limit.allows(note, thought.index):
                yield lane, note, after
                if after.index < limit.notes:
                    going_on[lane] = after


def _with_odds(opinion: Opinion, critic: Critic) -> Opinion:
    embedding = opinion.impression.embedding(as_heard(opinion.said[-WINDOW:]))
    return replace(opinion, odds=(*opinion.odds, float(critic.scorer.odds(embedding[None])[0])))
