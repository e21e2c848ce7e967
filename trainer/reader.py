"""Reads one MIDI file into columns of notes, or says in a few words why it cannot be read.

The rule kept here: a file may be anything at all. Files are read in processes of their own, each
file within bounds of time and memory; a process that goes beyond them, or dies of its file, is
ended and replaced, and costs that file alone.
"""

import multiprocessing
import signal
import time
import warnings
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from performer.midi import PEDAL_DOWN, SUSTAIN
from performer.midi_file import read_midi_file
from performer.refusal import Refusal

LARGEST = 20 * 1024 * 1024  # bytes of a file
MEMORY = 3 * 1024**3  # bytes of address space for a reading process
LONGEST = 120.0  # seconds to read one file
LONGEST_PIECE = 24 * 3600.0  # seconds of music

NOTE = np.dtype(
    [
        ("track", "<i2"),
        ("program", "u1"),
        ("pitch", "u1"),
        ("velocity", "u1"),
        ("start", "<f8"),
        ("end", "<f8"),
    ]
)
PEDAL = np.dtype([("track", "<i2"), ("start", "<f8"), ("end", "<f8")])


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """What a file holds: notes in the order in which models read them, and the pedal's spans."""

    notes: NDArray[np.void]  # (notes,) of NOTE
    pedal: NDArray[np.void]  # (spans,) of PEDAL


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a file cannot be read, in words that complete `this file ...`."""

    reason: str


def read(data: bytes) -> Piece | Problem:
    """The notes of all instruments but drums together, in seconds by the file's tempo map."""
    if not data:
        return Problem("is empty")
    if not data.startswith(b"MThd"):
        return Problem("is not a MIDI file")
    if len(data) > LARGEST:
        return Problem(f"is larger than {LARGEST >> 20} MB")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of oddities that do not concern the notes
            file = read_midi_file(data)
        return _piece([voice for voice in file.instruments if not voice.is_drum])
    except MemoryError:
        return Problem(f"needs more than {MEMORY >> 30} GB of memory to be read")
    except Exception as broken:  # a broken file trips the parser in any way
        return Problem(f"is broken ({_first_line(broken)})")


def read_all(
    files: Iterable[Path], processes: int, longest: float = LONGEST
) -> Iterator[tuple[Path, Piece | Problem]]:
    """Read files in several processes; each result as soon as it is there, in any order."""
    waiting = iter(files)
    workers = [_Worker(longest) for _ in range(processes)]
    try:
        for worker in workers:
            worker.await_start()
        busy = [worker for worker in workers if worker.begin(next(waiting, None))]
        while busy:
            ready = wait([worker.answers for worker in busy], timeout=0.2)
            for worker in [one for one in busy if one.answers in ready or one.is_late]:
                yield worker.path, worker.finish()
                if not worker.begin(next(waiting, None)):
                    busy.remove(worker)
    finally:
        for worker in workers:
            worker.end()


class _Worker:
    """A process that reads one file at a time."""

    def __init__(self, longest: float) -> None:
        self._longest = longest
        self._start()

    def _start(self) -> None:
        context = multiprocessing.get_context("spawn")
        self.answers, theirs = context.Pipe()
        self._process: BaseProcess = context.Process(target=_serve, args=(theirs,), daemon=True)
        self._process.start()
        theirs.close()

    def await_start(self) -> None:
        """Wait until the process can read: one that cannot even start is not a file's fault."""
        try:
            self.answers.recv()
        except (EOFError, OSError):
            raise Refusal("No process can be started to read files: is memory short?") from None

    def begin(self, path: Path | None) -> bool:
        """Begin with a file; False where there is none left."""
        if path is None:
            return False
        self.path = path
        self._late_at = time.monotonic() + self._longest
        with suppress(OSError):  # a process that is gone says so when it is asked what came of it
            self.answers.send(path)
        return True

    @property
    def is_late(self) -> bool:
        """True where the file has taken too long."""
        return time.monotonic() > self._late_at

    def finish(self) -> Piece | Problem:
        """What came of the file; the process is replaced where it died or is late."""
        try:
            if self.answers.poll():
                answer: Piece | Problem = self.answers.recv()
                return answer
            problem = Problem(f"takes longer than {self._longest:.0f} s to be read")
        except (EOFError, OSError):
            problem = Problem("ended the process that read it")
        self.end()
        self._start()
        self.await_start()
        return problem

    def end(self) -> None:
        """End the process, whatever it is doing."""
        self._process.kill()
        self._process.join()
        self.answers.close()


def _serve(requests: "Connection[Any, Any]") -> None:
    """Read the files that are asked for until nobody asks any more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that asks
    _bound_memory()
    with suppress(EOFError, OSError):
        requests.send("ready")
        while True:
            requests.send(_read_file(requests.recv()))


def _read_file(path: Path) -> Piece | Problem:
    try:
        return read(path.read_bytes())
    except OSError as reason:
        return Problem(f"cannot be read ({reason.strerror})")


def _bound_memory() -> None:
    try:
        import resource
    except ImportError:  # Windows bounds no process of its own accord
        return
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


def _piece(voices: list[Any]) -> Piece | Problem:
    notes = np.array(
        [
            (track, voice.program, note.pitch, note.velocity, note.start, note.end)
            for track, voice in enumerate(voices)
            for note in voice.notes
        ],
        dtype=NOTE,
    )
    if not len(notes):
        return Problem("has no notes")
    end = float(notes["end"].max())
    if not (notes["start"].min() >= 0 and end < LONGEST_PIECE):
        return Problem("has impossible times")
    pedal = [(track, *span) for track, voice in enumerate(voices) for span in _pedal(voice, end)]
    order = np.lexsort((notes["velocity"], notes["end"], notes["pitch"], notes["start"]))
    return Piece(notes[order], np.array(pedal, dtype=PEDAL))


def _pedal(voice: Any, end: float) -> Iterator[tuple[float, float]]:
    """The spans in which a voice's sustain pedal is down; one never released lasts to the end."""
    down_at = None
    for change in sorted(voice.control_changes, key=lambda change: change.time):
        if change.number != SUSTAIN:
            continue
        if change.value >= PEDAL_DOWN and down_at is None:
            down_at = change.time
        elif change.value < PEDAL_DOWN and down_at is not None:
            yield down_at, change.time
            down_at = None
    if down_at is not None and down_at < end:
        yield down_at, end


def _first_line(reason: Exception) -> str:
    lines = str(reason).strip().splitlines()
    return f"{type(reason).__name__}: {lines[0][:120]}" if lines else type(reason).__name__
