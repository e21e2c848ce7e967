"""Hears an answer quote a piece that the model learnt from, and says which.

The rule kept here: intervals know nothing of the key, so a quotation is heard in any transposition;
what many pieces share, a scale or a trill, quotes none of them. No music stands in the index: of
one run of intervals in four it holds a number, and the piece it came from, which is enough to
follow a long quotation and too little to play it.

Which runs are held follows from the runs themselves, so both sides choose the same: numbers by
multiply-shift over vectors (Dietzfelbinger, 1996), and those that divide by four are kept.
"""

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from performer.refusal import Refusal

RUN = 16  # intervals that are heard together
ONE_IN = 4  # runs, of which one is held
UNHEARD = 8  # notes that may have been quoted before the first run that is held
SEED = 7  # of the factors
COMMON = np.iinfo(np.uint16).max  # owner of what many pieces share: it quotes nobody
LOWEST_JUMP = -128  # semitones; keeps what is summed from being negative
FILE = "quotations.npz"

_FACTORS = np.random.default_rng(SEED).integers(1, 2**63, RUN + 1, dtype=np.uint64) * np.uint64(2)
_FACTORS += np.uint64(1)

Marks = NDArray[np.uint32]
Owners = NDArray[np.uint16]


def marks_of(jumps: NDArray[np.integer]) -> Marks:
    """A number for each of n runs of intervals, (n, RUN)."""
    shifted = (jumps.astype(np.int64) - LOWEST_JUMP).astype(np.uint64)
    summed = (shifted * _FACTORS[:RUN]).sum(axis=1, dtype=np.uint64) + _FACTORS[RUN]
    return np.asarray(summed >> np.uint64(32), dtype=np.uint32)


def is_held(marks: Marks) -> NDArray[np.bool_]:
    """Which runs the index holds, where their piece is one that was learnt from."""
    return np.asarray(marks % ONE_IN == 0)


@dataclass(frozen=True, slots=True)
class Quoting:
    """How an answer stands towards the pieces: which it has been quoting, and since which note."""

    pitches: tuple[int, ...] = ()  # the last ones, as many as a run has
    heard: int = 0  # notes
    since: Mapping[int, int] = field(default_factory=dict)  # piece -> the first note quoted
    known: int = 0  # notes, when the last run that is held was heard

    @property
    def notes(self) -> int:
        """How many notes in a row are quoted now, of the piece quoted longest; 0 for none."""
        return self.known - min(self.since.values()) if self.since else 0

    @property
    def at_most(self) -> int:
        """How many they may be: a few more before, and on until a run that is held says otherwise.

        Nine in ten began no earlier than that.
        """
        return self.heard - min(self.since.values()) + UNHEARD if self.since else 0

    @property
    def piece(self) -> int | None:
        """The piece quoted longest, by its number."""
        return min(self.since, key=lambda piece: (self.since[piece], piece), default=None)


@dataclass(frozen=True, slots=True, eq=False)
class Quotations:
    """Numbers of the runs of all pieces that some models learnt from."""

    marks: Marks  # (m,) ascending
    owners: Owners  # (m,) pieces by their number, or COMMON
    titles: tuple[str, ...]  # of the pieces
    models: tuple[str, ...]  # fingerprints of the models that learnt from them

    def after(self, quoting: Quoting, pitch: int) -> Quoting:
        """How it stands after one more note."""
        pitches = (*quoting.pitches, pitch)[-RUN - 1 :]
        heard = quoting.heard + 1
        if len(pitches) <= RUN:
            return Quoting(pitches, heard, quoting.since, quoting.known)
        (mark,) = marks_of(np.diff(pitches)[None])
        if mark % ONE_IN:
            return Quoting(pitches, heard, quoting.since, quoting.known)
        low, high = np.searchsorted(self.marks, [mark, int(mark) + 1])
        owners = set(self.owners[low:high].tolist())
        if COMMON in owners:
            return Quoting(pitches, heard, quoting.since, heard)
        since = {owner: quoting.since.get(owner, heard - RUN - 1) for owner in owners}
        return Quoting(pitches, heard, since, heard)

    def title(self, quoting: Quoting) -> str | None:
        """The title of the piece that is quoted."""
        return None if quoting.piece is None else self.titles[quoting.piece]

    def to_bytes(self) -> bytes:
        """The index as a file; the marks as what each is more than the one before."""
        told = json.dumps({"titles": self.titles, "models": self.models}, ensure_ascii=False)
        file = io.BytesIO()
        np.savez_compressed(
            file,
            apart=np.diff(self.marks, prepend=np.uint32(0)).view(np.uint8).reshape(-1, 4).T,
            owners=self.owners.view(np.uint8).reshape(-1, 2).T,
            told=np.frombuffer(told.encode(), dtype=np.uint8),
        )
        return file.getvalue()

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """The index read back. Raises ValueError where it is none."""
        try:
            with np.load(io.BytesIO(data), allow_pickle=False) as file:
                apart, owners, told = (file[name] for name in ("apart", "owners", "told"))
            facts = json.loads(told.tobytes())
            return cls(
                np.cumsum(_joined(apart, np.uint32), dtype=np.uint32),
                _joined(owners, np.uint16),
                tuple(facts["titles"]),
                tuple(facts["models"]),
            )
        except Exception as reason:  # a broken file trips numpy in any way
            raise ValueError("it is no index of quotations") from reason


def read_quotations(path: Path, sha256: str) -> Quotations:
    """The index at a path, for the model of a fingerprint. Raises Refusal where it is another's."""
    try:
        index = Quotations.from_bytes(path.read_bytes())
    except OSError as reason:
        raise Refusal(f"{path} cannot be read: {reason.strerror}.") from None
    except ValueError as reason:
        raise Refusal(f"{path} cannot be used: {reason}.") from None
    if sha256 not in index.models:
        raise Refusal(
            f"{path} says nothing of the model {sha256[:12]}: "
            "make it again with antiphon-train quotations."
        )
    return index


def _joined(halves: NDArray[np.uint8], dtype: type) -> NDArray[Any]:
    """Numbers whose bytes stood apart, (bytes, n)."""
    return np.ascontiguousarray(halves.T).view(dtype)[:, 0]
