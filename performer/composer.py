"""The improviser in a thread of its own, so that thinking never delays a key.

The rule kept here: a request goes in, an event comes out in the inbox, and nothing is kept between.
The same `compose` serves virtual time, without a thread.
"""

import queue
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

from performer.messages import Composed, ComposingFailed, GoOn, Overhear, Request, TakeUp
from performer.notes import Note, Phrase
from performer.thought import Thought


class Improvises(Protocol):
    """Whoever can say the next note of a thought, and listens before."""

    def overhear(self, phrase: Phrase) -> None:
        """Listen to what the player has played so far."""

    def next(self, thought: Thought) -> tuple[Note, Thought]:
        """The next note, and the thought after it."""


def compose(improviser: Improvises, request: Request) -> Composed | ComposingFailed | None:
    """The note that a request asks for, or why there is none; nothing where none is asked for."""
    match request:
        case Overhear(notes, pedal):
            with suppress(Exception):  # what fails here fails again, and is told, at the answer
                improviser.overhear(Phrase.of(notes, pedal))
            return None
        case TakeUp(turn, phrase, taste, seed, at):
            thought = Thought.on(phrase, taste, seed, turn, at)
        case GoOn(turn, thought):
            pass
    try:
        note, after = improviser.next(thought)
    except Exception as reason:  # whatever a model does, the performance goes on
        return ComposingFailed(turn, f"The answer ends here: {reason}")
    return Composed(turn, note, after)


class Composer:
    """A thread that composes what is asked for, in order."""

    def __init__(
        self, improviser: Improvises, put: Callable[[Composed | ComposingFailed], None]
    ) -> None:
        """Start the thread; what it composes is given to `put`."""
        self._requests: queue.SimpleQueue[Request | None] = queue.SimpleQueue()
        self._thread = threading.Thread(
            target=self._work, args=(improviser, put), name="composer", daemon=True
        )
        self._thread.start()

    def ask(self, request: Request) -> None:
        """Ask for a note; returns at once."""
        self._requests.put(request)

    def close(self) -> None:
        """Let the thread end after the note it is at."""
        self._requests.put(None)
        self._thread.join(timeout=2)

    def _work(
        self, improviser: Improvises, put: Callable[[Composed | ComposingFailed], None]
    ) -> None:
        while (request := self._requests.get()) is not None:
            composed = compose(improviser, request)
            if composed is not None:
                put(composed)
