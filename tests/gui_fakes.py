"""What the window is tested with: an engine and a stagehand who only remember, and a clock."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

from gui.errands import Errand, Told
from performer.messages import Heard
from performer.process import Ended, Plan
from performer.process import News as EngineNews
from performer.process import Told as EngineEvent


@dataclass
class FakeEngine:
    """An engine that remembers its plan and what it was told."""

    plan: Plan
    told: list[EngineEvent] = field(default_factory=list)
    to_tell: deque[EngineNews] = field(default_factory=deque)

    @property
    def heard(self) -> list[bytes]:
        """The messages that it heard from the screen."""
        return [event.data for event in self.told if isinstance(event, Heard)]

    def tell(self, event: EngineEvent) -> None:
        self.told.append(event)

    def news(self, pause: float) -> Iterator[EngineNews | None]:
        while True:
            if not self.to_tell:
                yield None
            elif isinstance(self.to_tell[0], Ended):
                return
            else:
                yield self.to_tell.popleft()


@dataclass
class FakeStagehand:
    """A stagehand who remembers the errands, and tells what the test gives."""

    errands: list[Errand] = field(default_factory=list)
    to_tell: list[Told] = field(default_factory=list)
    has_left: bool = False

    def ask(self, errand: Errand) -> None:
        self.errands.append(errand)

    def told(self) -> Iterator[Told]:
        told, self.to_tell = self.to_tell, []
        return iter(told)

    def leave(self) -> None:
        self.has_left = True
