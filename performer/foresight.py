"""Thinks of several answers in the silence before the turn passes, and knows the best by then.

The rules kept here: what is foreseen is the thought that will be taken up if nothing more is heard;
where something else comes, what was foreseen is nothing. What comes of it is a seed, and the first
notes as they would be composed then, so the answer can be made again. No note is begun that would
not be there before the turn passes: so it waits for none.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from performer.choice import Critic, Improvises, Wanted, choose
from performer.length import Limit
from performer.notes import Note
from performer.thought import Thought

READY = 8  # notes that are composed before they are asked for: a chord, and what follows
OPENING = Limit(notes=25)  # of each answer that is thought of
SLACK = 0.05  # seconds by which the turn may pass sooner or later than was foreseen


class Spare:
    """The time before a moment: whether it is enough for one note more, by what one took so far."""

    def __init__(self, until: float, now: Callable[[], float], takes: float) -> None:
        """The time until a moment on a clock, one note taking so many seconds."""
        self._until, self._now = until, now
        self._began_at = self.asked_at = now()  # for the first time, and for the last
        self._notes = 0  # begun
        self.takes = takes  # seconds, the longest

    def is_enough(self) -> bool:
        """Whether a note that is begun now is there in time; asked before every note."""
        at = self._now()
        self.takes = max(self.takes, at - self.asked_at)
        self.asked_at = at
        self._notes += 1
        return at + self.takes < self._until

    @property
    def mean(self) -> float:
        """Seconds that a note took so far."""
        return (self.asked_at - self._began_at) / max(self._notes - 1, 1)


@dataclass(frozen=True, slots=True, eq=False)
class Foreseen:
    """What will be taken up, with which seed it is best, and of how many that is the best."""

    expected: Thought
    seed: int
    compared: int


def foresee(
    improviser: Improvises,
    expected: Thought,
    count: int,
    critic: Critic,
    has_time: Callable[[], bool],
    is_wanted: Callable[[], bool] = lambda: True,
) -> Foreseen:
    """The best of so many openings, as far as there is time for them. Raises Refusal."""
    chosen = choose(improviser, expected, Wanted(count, OPENING), critic, has_time, is_wanted)
    return Foreseen(expected, chosen.seed, len(chosen.scores))


class Opening:
    """The first notes of an answer, composed before they are asked for: so they are there at once.

    They are those that would be composed then, since all that decides a note is in its thought.
    """

    def __init__(self) -> None:
        """None is composed yet."""
        self._known: list[tuple[Thought, Note, Thought]] = []  # before, the note, after

    def compose(
        self, improviser: Improvises, expected: Thought, has_time: Callable[[], bool]
    ) -> None:
        """Compose as many as there is time for, and no more than a few. Raises Refusal."""
        self._known = []
        while len(self._known) < READY and has_time():
            before = self._known[-1][2] if self._known else expected
            self._known.append((before, *improviser.next(before)))

    def recall(self, wanted: Thought) -> tuple[Note, Thought] | None:
        """The note that follows a thought, and the thought after it, where they are known."""
        for before, note, after in self._known:
            if _is_same(wanted, before):
                return note, after
        return None

    def forget(self) -> None:
        """Somebody else will compose."""
        self._known = []


def _is_same(wanted: Thought, known: Thought) -> bool:
    others = (name for name in Thought.__slots__ if name != "mind")
    is_same_mind = wanted.mind is known.mind
    return is_same_mind and all(getattr(wanted, name) == getattr(known, name) for name in others)


def as_foreseen(wanted: Thought, foreseen: Foreseen | None) -> Thought:
    """What is taken up, with the seed that was found best for it; as it is where it is another."""
    if foreseen is None or not _is_expected(wanted, foreseen.expected):
        return wanted
    return replace(wanted, seed=foreseen.seed)


def _is_expected(wanted: Thought, expected: Thought) -> bool:
    if wanted.taken_at is None or expected.taken_at is None:
        return False
    return (
        wanted.index == 0
        and wanted.mind is None
        and abs(wanted.taken_at - expected.taken_at) <= SLACK
        and (wanted.seed, wanted.turn, wanted.taste)
        == (expected.seed, expected.turn, expected.taste)
        and wanted.phrase == expected.phrase
    )
