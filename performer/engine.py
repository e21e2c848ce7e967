"""The performance itself: one loop that waits, lets the session decide, and acts.

The rules kept here: this thread alone owns the session and the output; whatever ends the loop, the
keys and pedals come up before it is left.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from performer.messages import Effect, Event, GoOn, Overhear, Report, Request, Send, TakeUp, Trouble
from performer.refusal import Refusal
from performer.schedule import Expected
from performer.session import Session


class Waits(Protocol):
    """An inbox, of real or virtual time."""

    def now(self) -> float:
        """Seconds on the engine's clock."""

    def wait(self, until: float | None) -> Event | None:
        """The next event, or None at the moment `until`."""


class Sounds(Protocol):
    """Where messages go to be heard: a MIDI port or the synth."""

    def send(self, message: bytes) -> None:
        """Sound it now."""


@dataclass(frozen=True, slots=True)
class Sent:
    """A message that the engine sent, and how many seconds after it was due."""

    message: Send
    lateness: float


@dataclass(frozen=True, slots=True)
class Late:
    """How many seconds after it was due something of the answer's was played."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Hands:
    """All that the engine acts with."""

    output: Sounds
    ask: Callable[[Request], None]
    record: Callable[[Sent | Report], None]
    expect: Callable[[Expected], None] = lambda _: None  # said beforehand: what will be sent


def perform(session: Session, inbox: Waits, hands: Hands) -> None:
    """Hold the conversation until it is over; then every key and pedal is up."""
    expected = Expected()
    try:
        while not session.is_over:
            event = inbox.wait(session.wake_at)
            now = inbox.now()
            effects = session.wake(now) if event is None else session.handle(event, now)
            for effect in effects:
                _act(effect, inbox, hands)
            coming = session.expected
            if coming != expected:
                hands.expect(coming)
                expected = coming
    finally:
        for effect in session.close(inbox.now()):
            _act(effect, inbox, hands)


def _act(effect: Effect, inbox: Waits, hands: Hands) -> None:
    match effect:
        case Send(is_sounded=False):
            hands.record(Sent(effect, 0.0))
        case Send(data, due):
            try:
                hands.output.send(data)
            except Refusal as lost:
                hands.record(Trouble(str(lost)))
            hands.record(Sent(effect, inbox.now() - due))
        case TakeUp() | GoOn() | Overhear():
            hands.ask(effect)
        case report:
            hands.record(report)
