"""The improviser in a thread of its own, so that thinking never delays a key.

The rule kept here: a request goes in, an event comes out in the inbox, and what is kept between, an
opinion of the answer, only ever leads to another seed, which the event tells. A note that is asked
for makes all that was asked before out of date: that is not composed any more. The same `Author`
serves virtual time, without a thread.
"""

import queue
import threading
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Protocol

from performer import choice
from performer.choice import Critic
from performer.foresight import OPENING, READY, Foreseen, Opening, Spare, as_foreseen, foresee
from performer.messages import (
    Care,
    Composed,
    ComposingFailed,
    GoOn,
    Maker,
    ModelTakenUp,
    Overhear,
    Request,
    TakeUp,
)
from performer.notes import Phrase
from performer.scorer import Floats
from performer.steering import OTHERS, Course, steered
from performer.thought import Struck, Thought, TouchMind

REMEMBERED = 64  # notes, the latest, of which it is known how the answer had gone by then
BREATH = 0.005  # seconds in which the next note may be asked for before one thinks ahead
AMPLY = 1.5  # of the time that thinking takes is left for it before a turn passes,
MOMENT = 0.05  # and seconds more
PATIENCE = 0.03  # seconds that one who asks for it then may have to wait at most


class Improvises(choice.Improvises, Protocol):
    """Whoever can say the next notes of thoughts, and listens before and meanwhile."""

    def overhear(self, phrase: Phrase) -> bool:
        """Listen for a moment to what the player has played so far; whether that was all."""

    def hear(self, thought: Thought, struck: Sequence[Struck]) -> Thought:
        """The thought that has heard what the player struck while it played."""


def compose(improviser: Improvises, request: TakeUp | GoOn) -> Composed | ComposingFailed:
    """The note that a request asks for, or why there is none."""
    match request:
        case TakeUp(turn, thought):
            struck: tuple[Struck, ...] = ()
        case GoOn(turn, thought, struck, _):
            pass
    try:
        note, after = improviser.next(improviser.hear(thought, struck) if struck else thought)
    except Exception as reason:  # whatever a model does, the performance goes on
        return ComposingFailed(turn, f"The answer ends here: {reason}")
    return Composed(turn, note, after)


def overhear(improviser: Improvises, request: Overhear) -> bool:
    """Listen for a moment; whether that was all that there is to hear."""
    with suppress(Exception):  # what fails here fails again, and is told, at the answer
        return improviser.overhear(request.so_far.phrase)
    return True


@dataclass(frozen=True, slots=True)
class _Fork:
    """Where an answer may be steered."""

    thought: Thought
    course: Course
    care: Care


class Author:
    """Does what is asked, one thing at a time; thinks on while nothing is asked."""

    def __init__(
        self,
        improviser: Improvises,
        put: Callable[[Composed | ComposingFailed | ModelTakenUp], None],
        critic: Critic | None,
        is_idle: Callable[[], bool],
        now: Callable[[], float],
    ) -> None:
        """One who gives to `put` what is composed; `is_idle` says whether nothing else is asked."""
        self._improviser, self._put, self._critic = improviser, put, critic
        self._is_idle, self._now = is_idle, now
        self._takes = 0.0  # seconds that a note took, or a few that were heard
        self._takes_a_lane = 0.0  # that a note of one took where several were thought of
        self._compares = 0.0  # that it took to compare them
        self._foreseen: Foreseen | None = None
        self._opening = Opening()
        self._courses: deque[tuple[Floats | None, Course]] = deque(maxlen=REMEMBERED)
        self._fork: _Fork | None = None
        self._coming: Overhear | None = None  # what will be taken up if nothing more is heard
        self._steered: tuple[Floats | None, int] | None = None  # from where, with which seed

    def give_way(self, successor: "Successor") -> None:
        """Another improviser composes from now on."""
        self._improviser, self._critic = successor.improviser, successor.critic
        self._foreseen = self._fork = self._coming = self._steered = None
        self._opening.forget()
        self._courses.clear()
        self._put(ModelTakenUp(successor.maker))

    def do(self, request: Request) -> None:
        """Do what is asked."""
        self._fork = self._coming = None
        match request:
            case Overhear():
                while not self._overhear(request) and self._is_idle():
                    pass  # a few notes at a time: nobody who asks for a note is kept waiting
                self._coming = request
            case TakeUp(turn, thought):
                wanted = as_foreseen(thought, self._foreseen)
                self._compose(TakeUp(turn, wanted), Course(), Care())
            case GoOn(_, thought, _, care):
                course = self._course_at(thought)
                self._compose(replace(request, thought=self._as_steered(request)), course, care)

    @property
    def rest(self) -> float | None:
        """Seconds, if nothing is asked meanwhile, until it is time to look ahead; None: never.

        Before a turn passes it begins no sooner than it must: the player most often plays on.
        """
        if self._fork is not None:
            return BREATH
        if self._coming is None or self._coming.expected is None:
            return None
        taken_at = self._coming.expected.taken_at
        if taken_at is None:
            return None
        opening = self._lane() * OPENING.notes * self._coming.best_of
        takes = opening + self._compares + READY * self._takes
        return max(taken_at - AMPLY * takes - MOMENT - self._now(), BREATH)

    def look_ahead(self) -> None:
        """Think about what comes, until something is asked for."""
        coming, self._coming = self._coming, None
        if self._fork is not None:
            self._steer()
        elif coming is not None and coming.expected is not None:
            self._foresee(coming.expected, coming.best_of)
            self._open(coming.expected)

    def _steer(self) -> None:
        """Think about how the answer is to go on."""
        fork, critic, self._fork = self._fork, self._critic, None
        abreast = OTHERS if self._takes <= 0 else int(PATIENCE / self._takes)
        if fork is None or critic is None or abreast < 2:
            return
        thought, opinion = fork.thought, fork.course.opinion
        with suppress(Exception):  # what fails here leaves the answer as it goes
            seed = steered(
                self._improviser, thought, opinion, fork.care, critic, self._is_idle, abreast
            )
            self._steered = _place_of(thought), seed
            if self._is_idle() or seed != thought.seed:  # else there was no time: at the next note
                self._courses.append((_place_of(thought), fork.course.looked()))

    def _compose(self, request: TakeUp | GoOn, course: Course, care: Care) -> None:
        composed: Composed | ComposingFailed | None = self._recalled(request)
        if composed is None:
            began_at = self._now()
            composed = compose(self._improviser, request)
            self._takes = self._now() - began_at
        if isinstance(composed, Composed) and self._critic is not None:
            with suppress(Exception):  # nobody's opinion keeps a note from being played
                composed = self._followed(composed, course, care, self._critic)
        self._put(composed)

    def _recalled(self, request: TakeUp | GoOn) -> Composed | None:
        if isinstance(request, GoOn) and request.struck:
            return None
        known = self._opening.recall(request.thought)
        return None if known is None else Composed(request.turn, *known)

    def _followed(self, composed: Composed, course: Course, care: Care, critic: Critic) -> Composed:
        """What was composed, with what is to be told of it; its course is remembered."""
        course = course.after(composed.note, composed.after, critic)
        if course.is_at_a_fork:
            self._fork = _Fork(composed.after, course, care)
        self._courses.append((_place_of(composed.after), course))
        return replace(composed, estimate=course.estimate(critic))

    def _course_at(self, thought: Thought) -> Course:
        """How the answer had gone by then; nothing is known where another model composed it."""
        place = _place_of(thought)
        known = (course for at, course in reversed(self._courses) if at is place)
        return next(known, Course())

    def _as_steered(self, request: GoOn) -> Thought:
        thought = request.thought
        if self._steered is None or request.struck or self._steered[0] is not _place_of(thought):
            return thought
        return replace(thought, seed=self._steered[1])

    def _overhear(self, request: Overhear) -> bool:
        began_at = self._now()
        is_all = overhear(self._improviser, request)
        self._takes = max(self._takes, self._now() - began_at)
        return is_all

    def _foresee(self, expected: Thought, best_of: int) -> None:
        """Think of several answers, until something else is asked for, or the turn is to pass."""
        if self._critic is None or best_of < 2 or expected.taken_at is None:
            return
        until = expected.taken_at - READY * self._takes - self._compares
        lanes = self._lanes(until - self._now(), best_of)
        spare = Spare(until, self._now, self._takes_a_lane * lanes / 2)
        with suppress(Exception):  # what fails here fails again, and is told, at the answer
            self._foreseen = foresee(
                self._improviser,
                expected,
                lanes,
                self._critic,
                spare.is_enough,
                self._is_idle,
            )
            if self._foreseen.compared == lanes:  # what was broken off says too little
                self._takes_a_lane = spare.mean / lanes
                self._compares = self._now() - spare.asked_at

    def _lanes(self, seconds: float, best_of: int) -> int:
        """How many openings can be thought of in some seconds; always two, to find out anew."""
        opening = self._lane() * OPENING.notes
        return best_of if opening <= 0 else max(min(best_of, int(seconds / opening)), 2)

    def _lane(self) -> float:
        """Seconds that a note of one of several answers takes; at first, a guess."""
        return self._takes_a_lane or self._takes / 2

    def _open(self, expected: Thought) -> None:
        """Compose the first notes of the answer, as far as there is time."""
        if expected.taken_at is None:
            return
        spare = Spare(expected.taken_at, self._now, self._takes)
        with suppress(Exception):  # as above
            self._opening.compose(
                self._improviser,
                as_foreseen(expected, self._foreseen),
                lambda: self._is_idle() and spare.is_enough(),
            )
        self._takes = spare.takes


def _place_of(thought: Thought) -> Floats | None:
    """What was known before its last note, by which a thought is known again: its memory is large.

    None where nothing was.
    """
    return thought.mind.context if isinstance(thought.mind, TouchMind) else None


@dataclass(frozen=True, slots=True)
class Successor:
    """Another improviser, who composes from now on."""

    improviser: Improvises
    maker: Maker
    critic: Critic | None


class Composer:
    """A thread that composes what is asked for last."""

    def __init__(
        self,
        improviser: Improvises,
        put: Callable[[Composed | ComposingFailed | ModelTakenUp], None],
        critic: Critic | None = None,
        now: Callable[[], float] = lambda: 0.0,
    ) -> None:
        """Start the thread; what it composes is given to `put`. A critic chooses among answers.

        `now` is the engine's clock; where it stands still, no turn is ever about to pass.
        """
        self._requests: queue.SimpleQueue[Request | Successor | None] = queue.SimpleQueue()
        self._author = Author(improviser, put, critic, self._requests.empty, now)
        self._thread = threading.Thread(target=self._work, name="composer", daemon=True)
        self._thread.start()

    def ask(self, request: Request) -> None:
        """Ask for a note; returns at once."""
        self._requests.put(request)

    def give_way(self, improviser: Improvises, maker: Maker, critic: Critic | None = None) -> None:
        """Let another improviser compose from now on; the session is told when."""
        self._requests.put(Successor(improviser, maker, critic))

    def close(self) -> None:
        """Let the thread end after the note it is at."""
        self._requests.put(None)
        self._thread.join(timeout=2)

    def _work(self) -> None:
        while (request := self._latest(self._next())) is not None:
            if isinstance(request, Successor):
                self._author.give_way(request)
            else:
                self._author.do(request)

    def _next(self) -> Request | Successor | None:
        """What is asked for next; where that takes a moment, one thinks meanwhile."""
        rest = self._author.rest
        if rest is not None:
            with suppress(queue.Empty):
                return self._requests.get(timeout=rest)
            self._author.look_ahead()
        return self._requests.get()

    def _latest(self, request: Request | Successor | None) -> Request | Successor | None:
        """What is to be done of all that waits: what is out of date is left out."""
        while isinstance(request, TakeUp | GoOn | Overhear) and not self._requests.empty():
            later = self._requests.get()
            if isinstance(later, Overhear) and not isinstance(request, Overhear):
                continue  # while a note is asked for there is nothing to overhear
            request = later
        return request
