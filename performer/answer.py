"""The answer under way: what is composed, what was played, and where to go on from.

The rules kept here: what was composed and not yet played can be forgotten, and is composed again
from where the last note that came due left it; and all that made a note another than the thought
before it would have made it is written down, so that the answer can be made again.
"""

from collections import deque
from dataclasses import dataclass, field, replace

from performer.length import Limit
from performer.messages import (
    Answered,
    Care,
    Change,
    Composed,
    Estimate,
    GoOn,
    Maker,
    Quoted,
    Scored,
    TakeUp,
)
from performer.notes import Note, Phrase, Span, on_grid
from performer.taste import Taste
from performer.thought import RETOLD, Struck, Thought


@dataclass(frozen=True, slots=True)
class Heeded:
    """A phrase that is answered: itself, and when it was heard."""

    phrase: Phrase
    heard: Span


@dataclass(frozen=True, slots=True)
class Place:
    """Where an answer has come to, in whose mind, and all that was planned by then."""

    thought: Thought
    by: Maker | None
    planned: int = 0


@dataclass(frozen=True, slots=True)
class Planned:
    """A note that was composed: what the player struck before it, itself, and where it leads."""

    struck: tuple[Struck, ...]
    note: Note  # on the engine's clock
    after: Place
    estimate: Estimate


@dataclass(frozen=True, slots=True)
class Asked:
    """What is being composed: after what of the player's, by whom, since when."""

    struck: tuple[Struck, ...]
    by: Maker | None
    seed: int
    at: float


@dataclass(frozen=True, slots=True)
class Manner:
    """How the next note is to be composed."""

    taste: Taste
    taken: frozenset[int]  # pitches that the player holds
    by: Maker | None
    care: Care


@dataclass(slots=True)
class Answer:
    """The answer under way, on the engine's clock."""

    heeded: Heeded
    limit: Limit
    channel: int
    base: Place  # after the last note that came due
    maker: Maker | None  # with whom it began
    began_at: float | None = None  # None while its first note is thought of
    turn: int = field(init=False)
    place: Place | None = field(init=False)  # from which to go on; None while a note is composed
    first: Thought = field(init=False)
    asked: Asked | None = None
    struck: tuple[Struck, ...] = ()  # by the player, since the base
    to_come: deque[Planned] = field(default_factory=deque)
    told: deque[Note | Struck] = field(default_factory=lambda: deque(maxlen=RETOLD))
    changes: list[Change] = field(default_factory=list)
    curve: list[Scored] = field(default_factory=list)
    last: Scored | None = None  # of all notes that came due
    overall: float | None = None
    quotes: Quoted | None = None  # told last
    earliest: float = 0.0  # seconds from where it began before which nothing more may come
    composed_to: float = 0.0  # the onset of the last note composed
    came_due: int = 0  # notes
    left_out: list[int] = field(default_factory=list)
    given_up: list[tuple[int, float]] = field(default_factory=list)
    holding: dict[int, int] = field(default_factory=dict)  # pitch -> the note that was struck last
    is_whole: bool = False  # the last note was composed
    has_gone_back: bool = False  # it cannot be ahead of its music yet

    def __post_init__(self) -> None:
        """It begins where it is put."""
        self.first, self.turn, self.place = self.base.thought, self.base.thought.turn, self.base

    def request(self, turn: int, manner: Manner, now: float) -> TakeUp | GoOn:
        """Ask for the next note; there is a place to go on from."""
        assert self.place is not None
        thought, by = self.place.thought, self.place.by
        if manner.by != by:
            thought = thought.anew(self._story, self.heeded.heard.end)
        earliest = max(self.earliest, thought.earliest)
        wanted = thought.changed(manner.taste, earliest, manner.taken)
        self.changes = [change for change in self.changes if change.index < thought.index]
        is_other = (thought.taste, thought.taken) != (manner.taste, manner.taken)
        if is_other or earliest > thought.earliest or self.struck or manner.by != by:
            self._write_down(thought.index, earliest, manner, manner.by != by)
        self.asked, self.place = Asked(self.struck, manner.by, wanted.seed, now), None
        self.has_gone_back = False
        if thought.index == 0 and not self.struck:
            return TakeUp(turn, wanted)
        return GoOn(turn, wanted, self.struck, manner.care)

    def plan(self, composed: Composed, note: Note, planned: int) -> None:
        """A note that was asked for is planned, so much having been planned then."""
        assert self.asked is not None
        self.place = Place(composed.after, self.asked.by, planned)
        if not self.to_come and self.base.thought.index == 0:  # the best of several has its own
            self.first = replace(self.first, seed=composed.after.seed)
        elif composed.after.seed != self.asked.seed:
            self._write_down_seed(composed.after)
        self.to_come.append(Planned(self.asked.struck, note, self.place, composed.estimate))
        self.composed_to, self.asked = note.start, None

    def pass_by(self, now: float) -> list[Scored | Quoted]:
        """What is due by now is behind it: it will not be composed again. What to tell of it."""
        news: list[Scored | Quoted] = []
        while self.to_come and self.to_come[0].note.start <= now:
            planned = self.to_come.popleft()
            self.told.extend([*planned.struck, self._told(planned.note)])
            self.base, self.struck = planned.after, ()
            news += self._judged(planned.note.start, planned.estimate)
        return news

    def _judged(self, at: float, estimate: Estimate) -> list[Scored | Quoted]:
        """A score is told as soon as there is one, and then window by window; a title once."""
        news: list[Scored | Quoted] = []
        is_first, self.overall = self.overall is None, estimate.overall
        self.last = None if estimate.score is None else Scored(at, estimate.score)
        if self.last is not None and estimate.is_full:
            self.curve.append(self.last)
        if self.last is not None and (estimate.is_full or is_first):
            news.append(self.last)
        quotes, before = estimate.quotes, self.quotes
        if quotes is not None and (before is None or before.title != quotes.title):
            self.quotes = quotes
            news.append(quotes)
        return news

    def go_back(self, now: float) -> None:
        """Forget what is not yet due, and go on from there; nothing may come before now."""
        assert self.began_at is not None
        self.to_come.clear()
        self.place, self.asked, self.is_whole = self.base, None, False
        self.has_gone_back = True
        self.earliest = on_grid(now - self.began_at)
        self.composed_to = self.began_at + self.base.thought.onset

    def go_on(self) -> None:
        """Go on from the last note composed: what is being composed is no longer wanted."""
        if not self.is_whole:
            self.place, self.asked = self.to_come[-1].after if self.to_come else self.base, None

    def come_due(self, pitch: int, is_struck: bool) -> None:
        """The next note came due, and was struck or left out."""
        if is_struck:
            self.holding[pitch] = self.came_due
        else:
            self.left_out.append(self.came_due)
        self.came_due += 1

    def give_up(self, pitch: int, at: float) -> None:
        """The player took a key that it held."""
        self.given_up.append((self.holding[pitch], on_grid(at)))

    def strike(self, struck: Struck) -> None:
        """The player struck a key."""
        self.struck = (*self.struck, struck)

    def ended(self, cut_at: float | None) -> Answered | None:
        """All that it takes to make it again; None where it never began."""
        if self.began_at is None:
            return None
        changes = [change for change in self.changes if change.index < self.came_due]
        if self.struck:  # they belong to no phrase
            first = self.first
            changes.append(Change(self.came_due, first.taste, 0.0, struck=self.struck))
        return Answered(
            self.turn,
            self.heeded.heard,
            self.first.taste,
            self.first.seed,
            self.limit,
            self.channel,
            self.began_at,
            self.came_due,
            cut_at,
            self.heeded.phrase.held,
            tuple(changes),
            tuple(self.left_out),
            tuple(self.given_up),
            self.first.is_along,
            self.maker,
            self.overall,
            self._whole_curve,
        )

    @property
    def _whole_curve(self) -> tuple[Scored, ...]:
        """With what was thought of the notes since the last window, where they were enough."""
        is_open = self.last is not None and self.last not in self.curve
        return (*self.curve, self.last) if self.last and is_open else tuple(self.curve)

    @property
    def _story(self) -> list[Note | Struck]:
        """What was played since the phrase, up to where it goes on from, on its own clock."""
        story = list(self.told)
        for planned in self.to_come:
            story += [*planned.struck, self._told(planned.note)]
        return story[-RETOLD:]

    def _told(self, note: Note) -> Note:
        assert self.began_at is not None
        return note.shifted(-self.began_at)

    def _write_down(self, index: int, earliest: float, manner: Manner, is_by_other: bool) -> None:
        by = manner.by if is_by_other else None
        self.changes.append(Change(index, manner.taste, earliest, manner.taken, self.struck, by))

    def _write_down_seed(self, after: Thought) -> None:
        """The note before `after` was drawn by another seed than was asked for."""
        index = after.index - 1
        if not self.changes or self.changes[-1].index != index:
            self.changes.append(Change(index, after.taste, after.earliest, after.taken))
        self.changes[-1] = replace(self.changes[-1], seed=after.seed)
