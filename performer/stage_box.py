"""The stage box: where all cables are plugged in, a process of its own that outlives the engine.

The rules kept here: whatever ends the engine, no key is left sounding. Its line falls, the stage
box sees that and lets go of what was struck and not released; the next engine finds all cables
plugged in. The engine has no port of its own: JACK makes everyone who listens to a program that was
killed wait for half a second and longer, and whoever would release its keys then, too. The stage
box does nothing that could kill it: no model, no files, no screen.

What crosses a line is a frozen value, or the bytes of one message. Lines are pipes that both ends
read without pause: the stage box sends on what it is given, the engine puts it in its inbox.
"""

import multiprocessing
import queue
import signal
import threading
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from time import perf_counter
from typing import Any

from performer import priority
from performer.cables import Cables, NotPlugged, Panel, Plug, Plugged
from performer.engine import Late
from performer.messages import Heard, Report, Unplugged
from performer.ports import Lookout, PortError
from performer.schedule import Due, Expected
from performer.timekeeper import Played, Timekeeper

PLUGGING = 15.0  # seconds that opening ports may take; JACK takes five where it is ill
GONE = "The program that holds the MIDI ports has stopped: start Antiphon again."


@dataclass(frozen=True, slots=True)
class Begin:
    """The clock began: what is played from now on is heard."""

    origin: float  # by `time.perf_counter()`, which all programs of one machine share


@dataclass(frozen=True, slots=True)
class End:
    """One end of a line."""

    incoming: "Connection[Any, Any]"
    outgoing: "Connection[Any, Any]"

    def close(self) -> None:
        """Let it fall."""
        self.incoming.close()
        self.outgoing.close()


def line() -> tuple[End, End]:
    """Both ends of a new line: the engine's and the stage box's."""
    (from_box, to_engine), (from_engine, to_box) = (
        multiprocessing.Pipe(duplex=False) for _ in range(2)
    )
    return End(from_box, to_box), End(from_engine, to_engine)


class StageBox:
    """The process, seen from where engines are started: it serves so many, one after the other."""

    def __init__(self, engines: int) -> None:
        """Start it."""
        lines = [line() for _ in range(engines)]
        self._ends = [end for end, _ in lines]  # of the engines to come
        ours = [end for _, end in lines]
        self._process = multiprocessing.get_context("spawn").Process(
            target=serve, args=(ours,), name="stage box"
        )
        self._process.start()
        for end in ours:
            end.close()

    @property
    def next_end(self) -> End:
        """The line of the next engine: hand it to its process, then `let_go` of it here."""
        return self._ends[0]

    def let_go(self) -> None:
        """Leave the line to the engine's process alone: it falls where that process ends."""
        self._ends.pop(0).close()

    def dismiss(self, seconds: float = 5.0) -> None:
        """There will be no engine any more; returns once all cables are put away."""
        while self._ends:
            self.let_go()
        self._process.join(seconds)


class Line:
    """The engine's side of its line: an instrument that is played, and ears."""

    def __init__(
        self,
        end: End,
        put: Callable[[Heard | Unplugged], None],
        tell: Callable[[Report | Late], None],
        lost: Callable[[], None],
    ) -> None:
        """A line of which nothing is heard before it begins; `lost` is called where it falls."""
        self._end = end
        self._put = put
        self._tell = tell
        self._lost = lost
        self._answers: queue.SimpleQueue[Plugged | NotPlugged] = queue.SimpleQueue()
        self._expected = Expected()
        self._sending = threading.Lock()
        threading.Thread(target=self._listen, name="line", daemon=True).start()

    def send(self, message: bytes) -> None:
        """Play one message; returns at once. Raises PortError where nobody is there any more."""
        self._write(message)

    def plug(self, wish: Plug) -> Plugged:
        """What is plugged in once it is as wished. Raises PortError: then all is as it was."""
        self._write(wish)
        try:
            answer = self._answers.get(timeout=PLUGGING)
        except queue.Empty:
            raise PortError("The MIDI ports do not answer: start your MIDI system again.") from None
        if isinstance(answer, NotPlugged):
            raise PortError(answer.sentence)
        return answer

    def expect(self, expected: Expected) -> None:
        """Play this at its moments, if it is not said otherwise; returns at once.

        Nothing is expected of a line that has fallen.
        """
        self._expected = expected
        with suppress(PortError):
            self._write(expected)

    def expects(self, due: Due) -> bool:
        """Whether somebody keeps time for this, and tells how late it was."""
        return due in self._expected.due

    def begin(self, origin: float) -> None:
        """From now on hear what is played."""
        self._write(Begin(origin))

    def _write(self, what: bytes | Plug | Begin | Expected) -> None:
        try:
            with self._sending:
                self._end.outgoing.send(what)
        except OSError:
            raise PortError(GONE) from None

    def _listen(self) -> None:
        priority.ask()
        with suppress(EOFError, OSError):
            while True:
                self._hear(self._end.incoming.recv())
        self._answers.put(NotPlugged(GONE))
        self._lost()

    def _hear(self, told: Heard | Unplugged | Report | Plugged | NotPlugged | Played) -> None:
        match told:
            case Played(_, lateness):
                self._tell(Late(lateness))
            case Heard() | Unplugged():
                self._put(told)
            case Plugged() | NotPlugged():
                self._answers.put(told)
            case report:
                self._tell(report)


class _Engine:
    """The engine that is served now, as the stage box sees it: ears, once its clock has begun."""

    def __init__(self) -> None:
        """There is none yet."""
        self.origin = 0.0
        self._end: End | None = None
        self._has_begun = False
        self._sending = threading.Lock()

    def now(self) -> float:
        """Seconds on its clock."""
        return perf_counter() - self.origin

    def come(self, end: End) -> None:
        """Another engine is served from now on."""
        self._end, self._has_begun = end, False

    def begin(self, origin: float) -> None:
        """Its clock has begun."""
        self.origin, self._has_begun = origin, True

    def put(self, event: Heard | Unplugged) -> None:
        """Let it hear, if it can."""
        if self._has_begun:
            self.tell(event)

    def tell(self, what: Heard | Unplugged | Report | Plugged | NotPlugged | Played) -> None:
        """Say something to it; where it has gone nobody minds."""
        if self._end is None:
            return
        with suppress(OSError), self._sending:
            self._end.outgoing.send(what)


class Clockwork:
    """A timekeeper that runs in a thread of its own; it may be called from any."""

    def __init__(
        self,
        send: Callable[[bytes], None],
        now: Callable[[], float],
        tell: Callable[[Played], None],
    ) -> None:
        """It runs from now on; what it plays is told."""
        self._keeper = Timekeeper(send)
        self._now, self._tell = now, tell
        self._changed = threading.Condition()
        self._is_over = False
        self._thread = threading.Thread(target=self._run, name="clockwork", daemon=True)
        self._thread.start()

    def expect(self, due: Sequence[Due]) -> None:
        """As a timekeeper does."""
        with self._changed:
            self._keeper.expect(due)
            self._changed.notify()

    def pass_on(self, message: bytes) -> None:
        """As a timekeeper does."""
        with self._changed:
            self._told(self._keeper.pass_on(message, self._now()))

    def forget(self) -> None:
        """As a timekeeper does."""
        with self._changed:
            self._keeper.forget()

    def close(self) -> None:
        """Run no more."""
        with self._changed:
            self._is_over = True
            self._changed.notify()
        self._thread.join()

    def _run(self) -> None:
        priority.ask()
        with self._changed:
            while not self._is_over:
                due = self._keeper.next_due
                self._changed.wait(None if due is None else max(due - self._now(), 0.0))
                self._told(self._keeper.wake(self._now()))

    def _told(self, played: Iterable[Played]) -> None:
        for each in played:
            self._tell(each)


def serve(ends: Sequence[End], panel: Panel | None = None) -> None:
    """Serve one engine after the other, as long as there is one; then put the cables away."""
    for ending in (signal.SIGINT, signal.SIGTERM):  # it goes when the last engine has gone
        signal.signal(ending, signal.SIG_IGN)
    panel = panel or Lookout()
    engine = _Engine()
    cables = Cables(panel, engine.tell)
    cables.watch(engine)
    with priority.undisturbed():
        clockwork = Clockwork(cables.send, engine.now, engine.tell)
        for end in ends:
            engine.come(end)
            with suppress(EOFError, OSError):
                while True:
                    _do(end.incoming.recv(), cables, engine, clockwork)
            clockwork.forget()
            cables.release()
        clockwork.close()
    cables.close()
    if isinstance(panel, Lookout):
        panel.close()


def _do(
    asked: bytes | Plug | Begin | Expected, cables: Cables, engine: _Engine, clockwork: Clockwork
) -> None:
    match asked:
        case Plug():
            cables.ask(asked, engine.tell)
        case Begin(origin):
            engine.begin(origin)
        case Expected(due):
            clockwork.expect(due)
        case message:
            clockwork.pass_on(message)
