"""Where an improvisation stands: a value that can be kept, returned to, and thought on from.

The rule kept here: all that decides the next note is in it, the random numbers too, which follow
from (seed, turn, number of the note) alone. So an answer can be made again, note for note. Where
the player plays meanwhile, the player's notes count as well.

What a model remembers of the music is its mind. There is none before the first note: the model
then hears the phrase.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from math import inf
from statistics import NormalDist, fmean, pstdev
from typing import Self

import numpy as np
from numpy.typing import NDArray

from performer.codec import STEP_EDGES, Floats
from performer.limits import untaken
from performer.memory import Memory
from performer.notes import Note, Phrase, on_grid
from performer.taste import Taste
from performer.touch import PARTS, Tokens

WANDER = 0.7  # how much of a velocity's distance from the mean the next one keeps
LEAST_SPREAD = 6.0  # velocity; no player is more even than this
SOFTEST, LOUDEST = 16, 120
NORMAL = NormalDist()
TOGETHER = 0.03  # seconds: onsets closer than this are one chord
BUSY = 2.0  # seconds over which it is counted how busy the player is
COUNTED = 32  # onsets of the player's, the latest
YIELD = 0.12  # seconds of rest between the model's onsets for each onset a second of the player's
LAG = 0.3  # seconds after twice that rest, at most, until it speaks again while the player plays
FULL = 3  # keys of a chord, both players' together, that the model still adds to while both play
REST = 0.25  # seconds of rest between onsets at half the density
BY_THE_PHRASE, BY_THE_PLACE = 1, 2  # what random numbers are for that do not draw a note
RETOLD = 128  # notes, the latest, that another model is told of


@dataclass(frozen=True, slots=True)
class Dynamics:
    """The velocities of the phrase (mean and standard deviation), and where they stand now."""

    mean: float
    spread: float
    now: float

    @classmethod
    def of(cls, phrase: Phrase) -> Self:
        """The dynamics of what the player played."""
        velocities = [note.velocity for note in phrase.notes]
        return cls(fmean(velocities), max(pstdev(velocities), LEAST_SPREAD), velocities[-1])

    def moved(self, number: float, temperature: float) -> Self:
        """One note on, by a random `number` (0 < number < 1): a first-order autoregression."""
        fresh = self.spread * temperature * (1 - WANDER**2) ** 0.5 * NORMAL.inv_cdf(number)
        now = self.mean + WANDER * (self.now - self.mean) + fresh
        return replace(self, now=min(max(now, SOFTEST), LOUDEST))


@dataclass(frozen=True, slots=True, eq=False)
class WindowMind:
    """What a model reads that knows the last notes alone; it does not say how loud a note is.

    So the velocity wanders around that of the player's phrase, as widely as the player's did.
    """

    rows: Floats  # (25, 3)
    dynamics: Dynamics


@dataclass(frozen=True, slots=True, eq=False)
class TouchMind:
    """What a model carries along that hears touch and pedal, and the last note, not yet heard."""

    memory: Memory
    last: Tokens  # (5,)
    kind: int  # of source, as which the music is read
    velocity: int  # of the last note
    held: tuple[tuple[int, float], ...] = ()  # (pitch, until when), on the answer's clock
    pedal: int | None = None  # what it does from the last note on; None: it is left alone
    context: Floats | None = None  # all that was known before the last note, where it was said
    log_odds: Floats = field(  # (5,) nats: how likely each part of it was then
        default_factory=lambda: np.zeros(len(PARTS), dtype=np.float32)
    )


@dataclass(frozen=True, slots=True)
class Struck:
    """A key that the player struck while the model played; nobody knows yet how long it is held."""

    pitch: int
    velocity: int
    at: float  # seconds from where the answer began
    is_pedalled: bool = False  # the player's pedal was down


@dataclass(frozen=True, slots=True, eq=False)
class Thought:
    """What is continued and how, how far it has come, and the model's mind."""

    phrase: Phrase
    taste: Taste
    seed: int
    turn: int
    taken_at: float | None = None  # when the answer begins, on the phrase's clock; None: it may say
    index: int = 0  # number of the next note
    onset: float = 0.0  # seconds from where the answer began to the last note heard or said
    chord: frozenset[int] = frozenset()  # pitches struck together with the last note
    earliest: float = 0.0  # seconds from where the answer began before which no note may come
    mind: WindowMind | TouchMind | None = None
    is_along: bool = False  # it plays along, and began before its first note
    heard: int = 0  # the player's notes since the phrase
    spoke_at: float = -inf  # when the model's last note came, or it joined
    player_at: tuple[float, ...] = ()  # when the player's latest onsets came, chords once
    taken: frozenset[int] = frozenset()  # pitches that the player holds

    @classmethod
    def on(
        cls, phrase: Phrase, taste: Taste, seed: int, turn: int, taken_at: float | None = None
    ) -> Self:
        """The thought with which a phrase is taken up."""
        return cls(phrase, taste, seed, turn, taken_at)

    @classmethod
    def along(cls, phrase: Phrase, taste: Taste, seed: int, turn: int, taken_at: float) -> Self:
        """The thought with which one joins a player who goes on: its clock begins there."""
        onsets = [on_grid(note.start - taken_at) for note in phrase.notes]
        joined = cls(phrase, taste, seed, turn, onset=onsets[-1], is_along=True, spoke_at=0.0)
        return replace(joined, player_at=_counted((), onsets))

    def changed(self, taste: Taste, earliest: float, taken: frozenset[int] = frozenset()) -> Self:
        """The same thought in another taste, from a later moment on, and off the player's keys."""
        return replace(self, taste=taste, earliest=earliest, taken=taken)

    def anew(self, since: Sequence[Note | Struck], began_at: float) -> Self:
        """The same place for a mind that has heard nothing: as its phrase, all that was played.

        `since` holds the notes of the answer and the player's since then, on the answer's clock,
        which began at `began_at` on the phrase's.
        """
        if not since:
            return replace(self, mind=None)
        told = [(note, number in self.phrase.held) for number, note in enumerate(self.phrase.notes)]
        for note in since:
            match note:
                case Note():
                    told.append((note.shifted(began_at), False))
                case Struck(pitch, velocity, at):
                    start = on_grid(began_at + at)
                    told.append((Note(pitch, velocity, start, start), True))
        told.sort(key=lambda each: (each[0].start, each[0].pitch, each[0].end))
        told = told[-RETOLD:]
        held = tuple(number for number, (_, is_held) in enumerate(told) if is_held)
        notes = tuple(note for note, _ in told)
        return replace(self, phrase=Phrase(notes, self.phrase.pedal, held), mind=None)

    @property
    def pedal(self) -> int | None:
        """What the pedal does from the last note on; None: it is left alone."""
        return self.mind.pedal if isinstance(self.mind, TouchMind) else None

    @property
    def pitches(self) -> NDArray[np.bool_]:
        """The pitches that the next note may have, (128,): not those of keys that are held."""
        return untaken(self.taste.bounds.pitches, self.taken)

    @property
    def steps(self) -> NDArray[np.bool_]:
        """The bins of step that the next note may come after, (97,).

        The busier the player, the longer the model rests between its onsets; the sparser it is to
        play, too. Nor does it keep out for long while the player plays. What leaves no step at all
        gives way: to the longest, or to the soonest.
        """
        bounds, density = self.taste.bounds, self.taste.density
        soon = bounds.steps(self.earliest - self.onset)
        at = self.onset + STEP_EDGES[:-1]
        is_rested = at - self.spoke_at >= self._rests(at)
        if self.spoke_at == self.onset and (len(self.chord) < FULL or not self._busy(at).any()):
            is_rested |= STEP_EDGES[:-1] < TOGETHER  # its own chord may be completed
        late = soon & is_rested
        allowed = late if late.any() else soon & (np.cumsum(soon[::-1])[::-1] == 1)
        longest = bounds.longest_silence / max(density, 1.0)
        in_time = (STEP_EDGES[1:] <= longest) & (at - self.spoke_at <= self._keeps_out)
        dense = allowed & in_time
        return dense if dense.any() else allowed & (np.cumsum(allowed) == 1)

    def _rests(self, at: NDArray[np.float64]) -> NDArray[np.float64]:
        """Seconds between two onsets of the model's at each of some moments, at least."""
        density = self.taste.density
        rests: NDArray[np.float64] = YIELD * self._busy(at) / density
        return rests + REST * max(1 / density - 1, 0)

    @property
    def _keeps_out(self) -> float:
        """Seconds between two onsets of the model's, at most, while the player plays."""
        busy = float(self._busy(np.array([self.onset]))[0])
        return (LAG + 2 * YIELD * busy) / self.taste.density if busy else inf

    def _busy(self, at: NDArray[np.float64]) -> NDArray[np.float64]:
        """Onsets a second of the player's, up to each of some moments."""
        if not self.player_at:
            return np.zeros(len(at))
        before = at[:, None] - np.array(self.player_at)[None, :]  # (moments, onsets)
        busy: NDArray[np.float64] = ((before >= 0) & (before < BUSY)).sum(axis=1) / BUSY
        return busy

    def numbers(self, count: int, purpose: int | None = None) -> tuple[float, ...]:
        """The random numbers, evenly between 0 and 1, that belong to the next note."""
        place = (self.seed, self.turn, self.index + self.heard)
        dice = np.random.default_rng(place if purpose is None else (*place, purpose))
        return tuple(float(number) for number in dice.random(count))

    def after(self, note: Note, step: float, mind: WindowMind | TouchMind) -> Self:
        """The thought after a note that came `step` seconds after the one before."""
        return replace(
            self,
            index=self.index + 1,
            onset=note.start,
            chord=(self.chord if step < TOGETHER else frozenset()) | {note.pitch},
            mind=mind,
            spoke_at=note.start,
        )

    def having_heard(self, struck: Struck, mind: WindowMind | TouchMind) -> Self:
        """The thought after a note of the player's."""
        return replace(
            self,
            onset=max(self.onset, struck.at),
            chord=(self.chord if self.step_to(struck) < TOGETHER else frozenset()) | {struck.pitch},
            mind=mind,
            heard=self.heard + 1,
            player_at=_counted(self.player_at, [struck.at]),
        )

    def step_to(self, struck: Struck) -> float:
        """Seconds from the last note to one of the player's; it may be told of a little late."""
        return max(on_grid(struck.at - self.onset), 0.0)


def _counted(earlier: tuple[float, ...], onsets: Iterable[float]) -> tuple[float, ...]:
    """The player's onsets, chords once, the latest only."""
    counted = list(earlier)
    for onset in onsets:
        if not counted or onset - counted[-1] >= TOGETHER:
            counted.append(onset)
    return tuple(counted[-COUNTED:])
