"""What the stagehand is asked, and what it tells: errands and their outcomes.

The rule kept here: all of it is frozen values, which can cross from one process to another.
"""

from dataclasses import dataclass
from pathlib import Path

from gui.choices import Character
from gui.state import Exchange, Scene
from performer.bindings import Bindings
from performer.messages import Player
from performer.model_card import ModelCard

Sounds = tuple[tuple[float, bytes], ...]  # messages and their seconds from the start


# What it is asked


@dataclass(frozen=True, slots=True)
class ReadModels:
    """Which models are there, and what do they say of themselves?"""


@dataclass(frozen=True, slots=True)
class ReadTakes:
    """Which takes are in the folder?"""

    folder: Path


@dataclass(frozen=True, slots=True)
class OpenTake:
    """What was played in a take?"""

    path: Path


@dataclass(frozen=True, slots=True)
class PlayBack:
    """Play this now, in place of whatever is being played."""

    number: int
    output: str
    sounds: Sounds


@dataclass(frozen=True, slots=True)
class Hush:
    """Play no more."""


@dataclass(frozen=True, slots=True)
class WriteSound:
    """Write what sounds in a take as a .wav."""

    take: Path
    wav: Path
    only: Player | None = None


@dataclass(frozen=True, slots=True)
class WriteNotes:
    """Write a take as a .mid, both players or one."""

    take: Path
    mid: Path
    only: Player | None = None


@dataclass(frozen=True, slots=True)
class ThinkAgain:
    """Another answer to a phrase of a take, kept as a take beside it."""

    take: Path
    answer: int  # which of the take's answers is to be another
    model: str
    character: Character
    seed: int


@dataclass(frozen=True, slots=True)
class Check:
    """Is everything there, and is this machine quick enough? Measured for so many seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Rate:
    """Write down what the player thinks of an answer."""

    folder: Path  # of ratings
    exchange: Exchange
    mark: int


@dataclass(frozen=True, slots=True)
class RateTake:
    """Write down what the player thinks of a take: of each of its answers."""

    folder: Path  # of ratings
    take: Path
    mark: int


@dataclass(frozen=True, slots=True)
class WriteBindings:
    """Write down what the player's pedals and keys do."""

    settings: Path
    bindings: Bindings


Errand = (
    ReadModels
    | ReadTakes
    | OpenTake
    | PlayBack
    | Hush
    | WriteSound
    | WriteNotes
    | ThinkAgain
    | Rate
    | RateTake
    | WriteBindings
    | Check
)

# What it tells


@dataclass(frozen=True, slots=True)
class PortsSeen:
    """The MIDI ports that are there now."""

    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ModelsRead:
    """The models that can be played, by name; and of the others, why not."""

    cards: tuple[tuple[str, ModelCard], ...]
    broken: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Listed:
    """A take as it stands in the list."""

    path: Path
    changed_at: float  # seconds since 1970
    seconds: float
    human: int  # notes
    model: int
    maker: str
    answers: int
    score: float | None = None  # from 0 to 1, by the ear of its own, where it has heard the take
    mark: float | None = None  # from 1 to 5, by the player: the mean over the take's answers


@dataclass(frozen=True, slots=True)
class TakesRead:
    """The takes in the folder, the latest first."""

    takes: tuple[Listed, ...]


@dataclass(frozen=True, slots=True)
class Opened:
    """What was played in a take."""

    path: Path
    scene: Scene


@dataclass(frozen=True, slots=True)
class PlaybackBegan:
    """Playing began, at this moment by `time.perf_counter()`."""

    number: int
    at: float


@dataclass(frozen=True, slots=True)
class PlaybackEnded:
    """Playing has ended."""

    number: int


@dataclass(frozen=True, slots=True)
class Written:
    """A file was written."""

    path: Path


@dataclass(frozen=True, slots=True)
class AnswerKept:
    """Another answer was kept."""

    path: Path


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the check: what was looked at, what was found, the verdict, what to do."""

    what: str
    found: str
    verdict: str  # "good", "playable" or "trouble"
    to_do: str


@dataclass(frozen=True, slots=True)
class Checked:
    """What the check has found."""

    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Failed:
    """An errand that could not be done: one sentence for the player."""

    sentence: str


Told = (
    PortsSeen
    | ModelsRead
    | TakesRead
    | Opened
    | PlaybackBegan
    | PlaybackEnded
    | Written
    | AnswerKept
    | Checked
    | Failed
)
