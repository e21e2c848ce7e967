"""The journal: a take is written down while it is played, so that a crash costs a beat at most.

The rules kept here: whoever plays only puts, and a thread of its own writes, a fifth of a second
later at most; lines are only ever added, so whatever ends the machine, all but the last line can be
read back. A journal is locked while it is written: one that is not belongs to a take that was cut
short, which is made a .mid at the next start.
"""

import json
import math
import os
import queue
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from time import monotonic
from typing import IO, Any

from performer.engine import Sent
from performer.messages import Answered, Player, Report, Trouble
from performer.midi import NoteOff, NoteOn, Sustain, note_off, parse, sustain
from performer.recorder import keep
from performer.refusal import Refusal
from performer.take import BROKEN, LONGEST, Maker, Recorded, Take, answer_from, facts_of

if sys.platform != "win32":
    import fcntl

FORMAT = "antiphon journal 1"
ENDING = ".journal"
PAUSE = 0.2  # seconds between two writings


class Journal:
    """The journal of one take: begins with its first message, and is torn up once it is kept."""

    def __init__(
        self,
        maker: Maker,
        folder: Path,
        tell: Callable[[Report], None],
        now: Callable[[], datetime] = datetime.now,
    ) -> None:
        """A journal of what one model and its player will play; nothing is written yet."""
        self._began = now()
        self._path = folder / f".{self._began:%Y-%m-%d %H-%M-%S.%f} {os.getpid()}{ENDING}"
        self._tell = tell
        head = {"format": FORMAT, "model": maker.model, "sha256": maker.sha256}
        self._head = _line({**head, "began": self._began.isoformat()})
        self._lines: queue.SimpleQueue[Sent | Answered | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._write_on, name="journal", daemon=True)
        self._thread.start()

    def hear(self, what: Sent | Report) -> None:
        """Put down what belongs to the take; returns at once."""
        if isinstance(what, Sent | Answered):
            self._lines.put(what)

    def close(self) -> None:
        """Write what is left to write, as far as it can be written."""
        self._lines.put(None)
        self._thread.join(timeout=5)

    def forget(self) -> None:
        """Tear it up: the take is kept."""
        self.close()
        self._path.unlink(missing_ok=True)

    def _write_on(self) -> None:
        first = self._lines.get()
        if first is None:
            return
        waiting, is_last, is_told = self._head + _line(_fact(first)), False, False
        file: _Whole | None = None
        while not is_last:
            more, is_last = self._heard_meanwhile()
            waiting += more
            try:
                file = file or _Whole(self._path)
                file.append(waiting)
                waiting = b""
            except OSError as reason:
                if not is_told:
                    self._tell(Trouble(_cannot(self._path, reason)))
                is_told = True
        if file is not None:
            file.close()

    def _heard_meanwhile(self) -> tuple[bytes, bool]:
        """The lines of the next fifth of a second, and whether they are the last."""
        lines: list[bytes] = []
        deadline = monotonic() + PAUSE
        while (left := deadline - monotonic()) > 0:
            try:
                what = self._lines.get(timeout=left)
            except queue.Empty:
                break
            if what is None:
                return b"".join(lines), True
            lines.append(_line(_fact(what)))
        return b"".join(lines), False


class _Whole:
    """A file that only ever holds whole lines, locked while it is open."""

    def __init__(self, path: Path) -> None:
        """Begin a file."""
        self._file = path.open("ab", buffering=0)
        if sys.platform != "win32":
            fcntl.flock(self._file, fcntl.LOCK_EX)

    def append(self, lines: bytes) -> None:
        """Add lines, and have them on the disk. Raises OSError, and adds none, where it is full."""
        whole = self._file.tell()
        left = memoryview(lines)
        try:
            while left:
                left = left[self._file.write(left) :]
            os.fsync(self._file.fileno())
        except OSError:
            with suppress(OSError):
                self._file.truncate(whole)
                self._file.seek(whole)
            raise

    def close(self) -> None:
        """Let go of it."""
        self._file.close()


def recover(folder: Path) -> list[Path]:
    """Make .mid files of all journals in a folder that nobody writes any more; say where they are.

    One that cannot be kept yet stays for the next time.
    """
    kept = []
    for path in sorted(folder.glob(f".*{ENDING}")):
        with suppress(OSError, Refusal):
            with path.open("rb") as file:
                if _is_being_written(path, file):
                    continue
                began, take = read(file.read())
                if take.messages:
                    kept.append(keep(take.from_zero(), folder, began))
            path.unlink()
    return kept


def read(journal: bytes) -> tuple[Callable[[], datetime], Take]:
    """When a take began, and all of it that can be read; a line that is broken is left out."""
    maker, began = Maker("unknown", ""), datetime.now()
    messages: list[Recorded] = []
    answers: list[Answered] = []
    for line in journal.split(b"\n"):
        with suppress(*BROKEN):
            match json.loads(line):
                case {"format": str(), "model": str(model), "sha256": str(sha256), "began": when}:
                    maker, began = Maker(model, sha256), datetime.fromisoformat(when)
                case [at, by, data]:
                    messages.append(_recorded(at, by, data))
                case {"turn": int()} as facts:
                    answers.append(answer_from(facts))
    messages.sort(key=lambda message: message.at)
    return lambda: began, Take(maker, (*messages, *_releases(messages)), tuple(answers))


def _recorded(at: float, by: str, data: str) -> Recorded:
    message = bytes.fromhex(data)
    if not (math.isfinite(at) and abs(at) < LONGEST) or parse(message) is None:
        raise ValueError("a broken line")
    return Recorded(float(at), Player(by), message)


def _releases(messages: list[Recorded]) -> Iterator[Recorded]:
    """What lets go, with the last message, of all that still sounded then."""
    sounding: dict[tuple[Player, bytes], None] = {}
    for message in messages:
        match parse(message.data):
            case NoteOn(channel, pitch):
                sounding[message.by, note_off(channel, pitch)] = None
            case NoteOff(channel, pitch):
                sounding.pop((message.by, note_off(channel, pitch)), None)
            case Sustain(channel) as pedal if pedal.is_down:
                sounding[message.by, sustain(channel, 0)] = None
            case Sustain(channel):
                sounding.pop((message.by, sustain(channel, 0)), None)
    for by, release in sounding:
        yield Recorded(messages[-1].at, by, release)


def _is_being_written(path: Path, file: IO[bytes]) -> bool:
    try:
        if sys.platform == "win32":
            path.rename(path)  # refused where anybody has it open to write
        else:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    return False


def _fact(what: Sent | Answered) -> Any:
    match what:
        case Sent(message):
            return [message.due, message.by.value, message.data.hex()]
        case answer:
            return facts_of(answer)


def _line(fact: Any) -> bytes:
    return json.dumps(fact).encode() + b"\n"


def _cannot(path: Path, reason: OSError) -> str:
    return (
        f"The take cannot be written down while it is played, in {path.parent}: "
        f"{reason.strerror}. Make room: until then a crash would lose it."
    )
