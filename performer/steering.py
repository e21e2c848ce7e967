"""Listens to an answer while it goes on, and lets it go on the best of several ways.

The rules kept here: it thinks ahead from the last note that was handed on, and only while no other
is asked for, so no note waits for it. Only a seed comes of it, with which the answer goes on; a
take says where, so the answer can be made again. It looks ahead once in so many notes at most, and
never before the first window is full: the beginning was chosen by foresight.

What is poor is told by likeness, as in `choice`. Of what composers wrote, fifty notes at a time,
one stretch in five lies below the floor; of what the flagship plays by itself, nearly all: so the
best of several ways is taken again and again, and what is as good as that is left as it is.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from performer.choice import Critic, Improvises, Opinion, heard, likeness_of, scored, seeds
from performer.length import Limit
from performer.messages import Care, Estimate, Quoted
from performer.notes import Note
from performer.scorer import WINDOW, as_score, best
from performer.thought import Thought

AHEAD = 12  # notes that are thought ahead, and from one look ahead to the next at least,
SOON = 4  # or so many where a piece is quoted
RECENT = 50  # notes, the latest, that are judged together
FLOOR = 0.9  # likeness
OTHERS = 16  # ways to go on among which one is sought that quotes no more
SCORE_DIGITS = 3  # that a take keeps


@dataclass(frozen=True, slots=True)
class Course:
    """How an answer has gone so far, and when it was last looked ahead."""

    opinion: Opinion = field(default_factory=Opinion)
    looked_at: int = 0  # notes that there were then

    def after(self, note: Note, thought: Thought, critic: Critic) -> "Course":
        """The course one note later."""
        return replace(self, opinion=heard(self.opinion, thought, note, critic))

    def looked(self) -> "Course":
        """The course when one looks ahead from here."""
        return replace(self, looked_at=self.opinion.notes)

    @property
    def is_at_a_fork(self) -> bool:
        """True where it is time to look ahead."""
        opinion = self.opinion
        least = AHEAD if opinion.quoting.piece is None else SOON
        return opinion.notes >= WINDOW and opinion.notes - self.looked_at >= least

    def estimate(self, critic: Critic) -> Estimate:
        """What is to be told of it."""
        opinion = scored(self.opinion, critic)
        is_full = opinion.notes % WINDOW == 0
        overall, score = opinion.score, None
        if opinion.odds and (is_full or len(opinion.odds) > len(self.opinion.odds)):
            score = round(as_score(opinion.odds[-1]), SCORE_DIGITS)
        overall = None if overall is None else round(overall, SCORE_DIGITS)
        return Estimate(score, overall, is_full, quotes(opinion, critic))


def quotes(opinion: Opinion, critic: Critic) -> Quoted | None:
    """What an answer has quoted for too long."""
    if opinion.title is None or opinion.quoted <= critic.most_quoted:
        return None
    return Quoted(opinion.title, opinion.quoted)


def thoughts(
    improviser: Improvises, thought: Thought, limit: Limit, care: Care, critic: Critic
) -> Iterator[tuple[Note, Thought, Course]]:
    """The notes of an answer that is steered, as far as the limit allows.

    Each with the thought after it, which says by which seed it was drawn, and the course so far.
    """
    course = Course()
    while True:
        note, after = improviser.next(thought)
        if not limit.allows(note, thought.index):
            return
        course = course.after(note, after, critic)
        yield note, after, course
        thought = after
        if course.is_at_a_fork:
            course = course.looked()
            seed = steered(improviser, thought, course.opinion, care, critic)
            thought = replace(thought, seed=seed)


def steered(
    improviser: Improvises,
    thought: Thought,
    opinion: Opinion,
    care: Care,
    critic: Critic,
    has_time: Callable[[], bool] = lambda: True,
    abreast: int = OTHERS,
) -> int:
    """The seed with which an answer is to go on from a thought. Raises Refusal, ValueError.

    Of at most so many ways it thinks side by side. The seed is the thought's own where that is good
    enough, or there is no time to know better; the first that is no copy where only that is wanted;
    where all are copies, the shortest, or one that was not tried.
    """
    is_poor = care.best_of > 1 and _recent(opinion, critic) < FLOOR
    is_quoting = not care.may_quote and opinion.quoting.piece is not None
    if not (is_poor or is_quoting):
        return thought.seed
    most = max(care.best_of, OTHERS) if is_quoting else care.best_of
    *candidates, untried = seeds(thought.seed, min(most, abreast) + 1)
    thoughts = [replace(thought, seed=seed) for seed in candidates]
    ways = _ahead(improviser, thoughts, opinion, critic, has_time)
    if ways[0].notes == opinion.notes:
        return thought.seed
    copies = [_is_copy(way, care, critic) for way in ways]
    if all(copies):
        lengths = [way.quoting.at_most for way in ways]
        return candidates[lengths.index(min(lengths))] if min(lengths) < max(lengths) else untried
    if not is_poor:
        return candidates[copies.index(False)]
    return candidates[best([_recent(way, critic) for way in ways], copies)]


def _is_copy(way: Opinion, care: Care, critic: Critic) -> bool:
    longest = max(way.quoted, way.quoting.at_most)
    return not care.may_quote and longest > critic.most_quoted


def _recent(opinion: Opinion, critic: Critic) -> float:
    return likeness_of(opinion.said[-RECENT:], critic)


def _ahead(
    improviser: Improvises,
    thoughts: Sequence[Thought],
    opinion: Opinion,
    critic: Critic,
    has_time: Callable[[], bool],
) -> list[Opinion]:
    """The opinions of some ways to go on, so many notes on, or as far as there was time."""
    opinions = [replace(opinion, quoted=0)] * len(thoughts)
    for _ in range(AHEAD):
        if not has_time():
            break
        said = improviser.next_of_each(thoughts)
        thoughts = [after for _, after in said]
        opinions = [
            heard(way, after, note, critic)
            for way, (note, after) in zip(opinions, said, strict=True)
        ]
    return opinions
