"""The improviser in a thread of its own, so that thinking never delays a key.

The rule kept here: a request goes in, an event comes out in the inbox, and nothing is kept between.
A note that is asked for makes all that was asked before out of date: that is not composed any more.
The same `compose` serves virtual time, without a thread.
"""

import queue
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

from performer.choice import Critic
from performer.foresight import Foreseen, as_foreseen, foresee
from performer.messages import (
    Composed,
    ComposingFailed,
    GoOn,
    Maker,
    ModelTakenUp,
    Overhear,
    Request,
    TakeUp,
)
from performer.notes import Note, Phrase
from performer.thought import Struck, Thought


class Improvises(Protocol):
    """Whoever can say the next note of a thought, and listens before and meanwhile."""

    def overhear(self, phrase: Phrase) -> bool:
        """Listen for a moment to what the player has played so far; whether that was all."""

    def hear(self, thought: Thought, struck: Sequence[Struck]) -> Thought:
        """The thought that has heard what the player struck while it played."""

    def next(self, thought: Thought) -> tuple[Note, Thought]:
        """The next note, and the thought after it."""


def compose(improviser: Improvises, request: TakeUp | GoOn) -> Composed | ComposingFailed:
    """The note that a request asks for, or why there is none."""
    match request:
        case TakeUp(turn, thought):
            struck: tuple[Struck, ...] = ()
        case GoOn(turn, thought, struck):
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
class _Successor:
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
    ) -> None:
        """Start the thread; what it composes is given to `put`. A critic chooses among answers."""
        self._requests: queue.SimpleQueue[Request | _Successor | None] = queue.SimpleQueue()
        self._improviser = improviser
        self._critic = critic
        self._foreseen: Foreseen | None = None
        self._put = put
        self._thread = threading.Thread(target=self._work, name="composer", daemon=True)
        self._thread.start()

    def ask(self, request: Request) -> None:
        """Ask for a note; returns at once."""
        self._requests.put(request)

    def give_way(self, improviser: Improvises, maker: Maker, critic: Critic | None = None) -> None:
        """Let another improviser compose from now on; the session is told when."""
        self._requests.put(_Successor(improviser, maker, critic))

    def close(self) -> None:
        """Let the thread end after the note it is at."""
        self._requests.put(None)
        self._thread.join(timeout=2)

    def _work(self) -> None:
        while (request := self._latest(self._requests.get())) is not None:
            match request:
                case _Successor(improviser, maker, critic):
                    self._improviser, self._critic, self._foreseen = improviser, critic, None
                    self._put(ModelTakenUp(maker))
                case Overhear():
                    while not overhear(self._improviser, request) and self._requests.empty():
                        pass  # a few notes at a time: nobody who asks for a note is kept waiting
                    self._foresee(request)
                case TakeUp(turn, thought):
                    wanted = as_foreseen(thought, self._foreseen)
                    self._put(compose(self._improviser, TakeUp(turn, wanted)))
                case _:
                    self._put(compose(self._improviser, request))

    def _foresee(self, request: Overhear) -> None:
        """Think of several answers, until something else is asked for."""
        if request.expected is None or self._critic is None or request.best_of < 2:
            return
        with suppress(Exception):  # what fails here fails again, and is told, at the answer
            self._foreseen = foresee(
                self._improviser,
                request.expected,
                request.best_of,
                self._critic,
                self._requests.empty,
            )

    def _latest(self, request: Request | _Successor | None) -> Request | _Successor | None:
        """What is to be done of all that waits: what is out of date is left out."""
        while isinstance(request, TakeUp | GoOn | Overhear) and not self._requests.empty():
            later = self._requests.get()
            if isinstance(later, Overhear) and not isinstance(request, Overhear):
                continue  # while a note is asked for there is nothing to overhear
            request = later
        return request
