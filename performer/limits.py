"""What an answer must not be, whatever a model says: the register, the key, how long, how many.

The rule kept here: these are masks, laid on before a value is drawn, never repairs after it; and
bounds that exist leave something to draw: what cannot be played is refused with a sentence.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from performer.codec import DURATION_EDGES, LONGEST_DURATION, LONGEST_STEP, PITCHES, STEP_EDGES

LOWEST, HIGHEST = 21, 108  # the piano's keys
OCTAVE = 12
SHORTEST = 0.03  # seconds for which a key is held
MOST_SOUNDING = 64  # keys at once that anybody may ask for

TONICS = {"c": 0, "d": 2, "e": 4, "f": 5, "g": 7, "a": 9, "b": 11}
SIGNS = {"": 0, "#": 1, "b": -1}
SCALES = {
    "major": (0, 2, 4, 5, 7, 9, 11),
    "minor": (0, 2, 3, 5, 7, 8, 10, 11),  # with its leading note
    "pentatonic": (0, 2, 4, 7, 9),
    "chromatic": tuple(range(OCTAVE)),
}
EVERY_CLASS = frozenset(range(OCTAVE))


@dataclass(frozen=True, slots=True)
class Bounds:
    """Within which an answer stays. Raises ValueError where nothing is left to play."""

    lowest: int = LOWEST  # pitch
    highest: int = HIGHEST
    classes: frozenset[int] = EVERY_CLASS  # pitch classes, C being 0
    longest: float = 4.0  # seconds for which a key is held
    longest_silence: float = 2.0  # seconds between two onsets
    most_at_once: int = 10  # keys held at a time

    def __post_init__(self) -> None:
        """Refuse what cannot be played."""
        if not self.pitches.any():
            raise ValueError("no key of the piano is left: widen the register or the scale")
        if not SHORTEST <= self.longest <= LONGEST_DURATION:
            raise ValueError(
                f"a longest note of {self.longest:g} s cannot be played: "
                f"choose {SHORTEST:g} to {LONGEST_DURATION:g}"
            )
        if not STEP_EDGES[1] <= self.longest_silence <= LONGEST_STEP:
            raise ValueError(
                f"a longest silence of {self.longest_silence:g} s cannot be kept: "
                f"choose {STEP_EDGES[1]:g} to {LONGEST_STEP:g}"
            )
        if not 1 <= self.most_at_once <= MOST_SOUNDING:
            raise ValueError(
                f"{self.most_at_once} keys at once cannot be played: choose 1 to {MOST_SOUNDING}"
            )

    @property
    def pitches(self) -> NDArray[np.bool_]:
        """The pitches that may sound, (128,); not to be written into."""
        return _within(max(self.lowest, LOWEST), min(self.highest, HIGHEST), self.classes)

    @property
    def durations(self) -> NDArray[np.bool_]:
        """The bins of duration that are not too long, (82,)."""
        return _or_the_first(DURATION_EDGES[1:] <= self.longest)

    def steps(self, wait: float) -> NDArray[np.bool_]:
        """The bins of step that end before too long a silence, and `wait` seconds on or later."""
        is_late_enough = STEP_EDGES[1:] > min(wait, STEP_EDGES[-2])
        is_soon = (STEP_EDGES[1:] <= self.longest_silence) & is_late_enough
        return np.asarray(is_soon if is_soon.any() else np.cumsum(is_late_enough) == 1)


@lru_cache
def _within(lowest: int, highest: int, classes: frozenset[int]) -> NDArray[np.bool_]:
    pitch = np.arange(PITCHES)
    is_there = (pitch >= lowest) & (pitch <= highest)
    within = np.asarray(is_there & np.isin(pitch % OCTAVE, list(classes)))
    within.flags.writeable = False
    return within


PIANO = Bounds()


def untaken(pitches: NDArray[np.bool_], chord: Iterable[int]) -> NDArray[np.bool_]:
    """The pitches that a chord may still have; where none is left, it may double one."""
    left = pitches.copy()
    left[list(chord)] = False
    return left if left.any() else pitches


def _or_the_first(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    return mask if mask.any() else np.arange(len(mask)) == 0


def parse_scale(text: str) -> frozenset[int]:
    """The pitch classes of a scale as a musician names it.

    Raises ValueError, with a sentence for the player, for anything else.

    >>> sorted(parse_scale("D major"))
    [1, 2, 4, 6, 7, 9, 11]
    >>> sorted(parse_scale("Bb pentatonic"))
    [0, 2, 5, 7, 10]
    """
    words = re.fullmatch(r"([a-g])([#b]?)(?:\s+(\w+))?", text.strip().lower())
    scale = SCALES.get(words[3] or "major") if words else None
    if words is None or scale is None:
        raise ValueError(
            f"{text!r} is no scale: say for example 'C', 'F# minor' or 'Bb pentatonic'"
        )
    tonic = TONICS[words[1]] + SIGNS[words[2]]
    return frozenset((tonic + degree) % OCTAVE for degree in scale)


def parse_register(text: str) -> tuple[int, int]:
    """The lowest and the highest pitch, as MIDI numbers or as names (C4 is 60).

    >>> parse_register("48-84"), parse_register("C3-C6")
    ((48, 84), (48, 84))
    """
    ends = text.split("-")
    if len(ends) != 2:
        raise ValueError(f"{text!r} is no register: say for example C3-C6 or 48-84")
    low, high = (parse_key(end.strip()) for end in ends)
    return low, high


def parse_key(text: str) -> int:
    """The pitch of a key, as a MIDI number or as a name (C4 is 60). Raises ValueError."""
    named = re.fullmatch(r"([a-g])([#b]?)(\d)", text.lower())
    if named:
        return TONICS[named[1]] + SIGNS[named[2]] + OCTAVE * (int(named[3]) + 1)
    if text.isdecimal():
        return int(text)
    raise ValueError(f"{text!r} is no key: say for example C4, F#3 or 60")
