"""Keeps the take: listens to all that the engine does, and writes it down at the end.

The rule kept here: recording is always on, and never in the way; a message is kept with the moment
at which it was struck or due, not with that at which the machine got round to it.
"""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from performer.engine import Sent
from performer.messages import Answered, Maker, ModelChanged, Report
from performer.refusal import Refusal
from performer.take import Recorded, Take, write_take


class Recorder:
    """Collects one take."""

    def __init__(self, maker: Maker) -> None:
        """A recorder of what one model and its player play."""
        self._maker = self._now_by = maker
        self._messages: list[Recorded] = []
        self._answers: list[Answered] = []

    def hear(self, what: Sent | Report) -> None:
        """Keep what belongs to the take."""
        match what:
            case Sent(message):
                self._messages.append(Recorded(message.due, message.by, message.data))
            case Answered():
                self._answers.append(what)
            case ModelChanged(name, sha256):
                self._now_by = Maker(name, sha256)

    @property
    def take(self) -> Take:
        """The take so far, from its first message on."""
        in_time = sorted(self._messages, key=lambda message: message.at)
        return Take(self._maker, tuple(in_time), tuple(self._answers)).from_zero()

    def turn_over(self) -> Take:
        """The take so far; another begins."""
        take = self.take
        self._maker, self._messages, self._answers = self._now_by, [], []
        return take


def folder_for_takes(path: Path) -> Path:
    """The folder, made and tried. Raises Refusal where nothing can be written into it."""
    trial = path / ".antiphon"
    try:
        path.mkdir(parents=True, exist_ok=True)
        trial.write_bytes(b"")
        trial.unlink()
    except OSError as reason:
        raise Refusal(
            f"Takes cannot be kept in {path}: {reason.strerror}. Choose a folder with --takes."
        ) from None
    return path


def keep(take: Take, folder: Path, now: Callable[[], datetime] = datetime.now) -> Path:
    """Write a take under the date and time, beside any other of the same second; say where.

    Raises Refusal where it cannot be written.
    """
    name = f"{now():%Y-%m-%d %H-%M-%S}"
    names = (f"{name}{suffix}.mid" for suffix in ("", *(f" ({n})" for n in range(2, 10_000))))
    path = next(folder / name for name in names if not (folder / name).exists())
    write_take(take, path)
    return path
