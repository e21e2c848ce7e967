"""Where everything that happens arrives, one thing at a time, in real time or in virtual time.

The rule kept here: the engine waits here and nowhere else, and reads the time here and nowhere
else. The virtual inbox jumps to the next moment at which something happens, so an hour of music
passes in milliseconds and is the same every run. Either may be given a script: events that happen
by themselves at their moments, as a player's would.

A machine that was suspended, or a program that was stopped, goes on as if no time had passed, or as
if it had all passed at once. Neither is music: it is said as an event before all others.
"""

import heapq
import queue
import sys
import time
from collections.abc import Callable, Iterable
from itertools import count

from performer.messages import Event, Slept

STANDSTILL = 2.0  # seconds that nothing can be late but by a machine that stood still

Scripted = tuple[float, Event]  # when it happens, in seconds on the engine's clock


def _seconds_asleep() -> float:
    """Seconds, from some moment on, in which the machine was suspended; 0 where none can tell."""
    if sys.platform == "linux":
        awake = time.clock_gettime(time.CLOCK_MONOTONIC)
        return time.clock_gettime(time.CLOCK_BOOTTIME) - awake
    if sys.platform == "darwin":  # there, the other clock stops
        return time.clock_gettime(time.CLOCK_MONOTONIC) - time.perf_counter()
    return 0.0


class Inbox:
    """Real time: seconds since the inbox was made, which is when the take begins."""

    def __init__(
        self, script: Iterable[Scripted] = (), asleep: Callable[[], float] = _seconds_asleep
    ) -> None:
        """An inbox whose clock starts now."""
        self._queue: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self._script = sorted(script, key=lambda scripted: scripted[0], reverse=True)
        self._put_off: list[Event] = []
        self._asleep = asleep
        self._slept = asleep()
        self.origin = time.perf_counter()

    def now(self) -> float:
        """Seconds since the take began."""
        return time.perf_counter() - self.origin

    def put(self, event: Event) -> None:
        """Something happens now; may be called from any thread."""
        self._queue.put(event)

    def wait(self, until: float | None) -> Event | None:
        """The next event, or None at the moment `until` where nothing happens before."""
        if self._put_off:
            return self._put_off.pop()
        scripted_at = self._script[-1][0] if self._script else None
        moments = [moment for moment in (until, scripted_at) if moment is not None]
        began = self.now()
        timeout = max(min(moments) - began, 0) if moments else None
        event = self._next(timeout, scripted_at)
        stood_still = self._stood_still(began, timeout)
        if stood_still is None:
            return event
        if event is not None:
            self._put_off.append(event)
        return stood_still

    def _next(self, timeout: float | None, scripted_at: float | None) -> Event | None:
        try:
            return self._queue.get(timeout=timeout)
        except queue.Empty:
            if scripted_at is not None and scripted_at <= self.now():
                return self._script.pop()[1]
            return None

    def _stood_still(self, began: float, timeout: float | None) -> Slept | None:
        """That the machine stood still while one waited, if it did."""
        before, self._slept = self._slept, self._asleep()
        late = 0.0 if timeout is None else self.now() - began - timeout
        seconds = max(late, self._slept - before)
        return Slept(seconds) if seconds > STANDSTILL else None


class VirtualInbox:
    """Virtual time: it stands still while one acts, and jumps while one waits."""

    def __init__(self, script: Iterable[Scripted] = ()) -> None:
        """An inbox at time zero."""
        self._order = count()
        self._events = [(at, next(self._order), event) for at, event in script]
        heapq.heapify(self._events)
        self._now = 0.0

    def now(self) -> float:
        """Seconds of virtual time since the take began."""
        return self._now

    def put(self, event: Event, delay: float = 0.0) -> None:
        """Something happens, now or after a delay."""
        heapq.heappush(self._events, (self._now + delay, next(self._order), event))

    def wait(self, until: float | None) -> Event | None:
        """The next event, or None at the moment `until` where nothing happens before.

        Raises RuntimeError where nothing would ever happen again.
        """
        if self._events and (until is None or self._events[0][0] <= until):
            at, _, event = heapq.heappop(self._events)
            self._now = max(self._now, at)
            return event
        if until is None:
            raise RuntimeError("nothing is scripted and nothing is due: time would stand still")
        self._now = max(self._now, until)
        return None
