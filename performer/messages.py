"""All that can happen to a conversation, all that it can do, and all that it tells.

The rule kept here: everything that crosses from one thread or process to another is one of these
frozen values. Moments are seconds on the engine's clock, which starts at zero with the take.
"""

from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from performer.length import Length, Limit
from performer.notes import Note, Phrase, Span
from performer.phrase import Silence, SoFar
from performer.taste import Taste
from performer.thought import Struck, Thought


class Player(Enum):
    """Who plays."""

    HUMAN = "Player"
    MODEL = "Antiphon"


class State(Enum):
    """Whose turn it is."""

    LISTENING = "listening"
    THINKING = "thinking"
    ANSWERING = "answering"


class Mode(Enum):
    """How the two play together."""

    ANSWER = "answer"  # one after the other
    ENDLESS = "endless"  # likewise, and the answer goes on until the player strikes a key
    DUET = "duet"  # at the same time


@dataclass(frozen=True, slots=True)
class Maker:
    """Which model played, and the SHA-256 of its file."""

    model: str
    sha256: str


# What happens: events


@dataclass(frozen=True, slots=True)
class Heard:
    """One message of a keyboard's, stamped when it came in."""

    data: bytes
    at: float
    source: str = ""  # the port it came in by; none where it is played on the screen, or a prompt


@dataclass(frozen=True, slots=True)
class Unplugged:
    """A keyboard has gone: nobody will release what is held on it."""

    source: str
    at: float


@dataclass(frozen=True, slots=True)
class Slept:
    """The machine stood still for a while: what was under way belongs to the past."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Estimate:
    """What the model's own ear thinks of an answer up to one note."""

    score: float | None = None  # from 0 to 1, of the latest notes; None where they are too few
    overall: float | None = None  # the same of the whole answer
    is_full: bool = False  # a window of notes that are scored together ends here
    quotes: "Quoted | None" = None  # what it has quoted for too long


@dataclass(frozen=True, slots=True)
class Composed:
    """The next note of the answer of a turn, and the thought after it."""

    turn: int
    note: Note  # seconds from where the answer began
    after: Thought
    estimate: Estimate = Estimate()


@dataclass(frozen=True, slots=True)
class ComposingFailed:
    """The model could not go on, and why."""

    turn: int
    reason: str


@dataclass(frozen=True, slots=True)
class HandOver:
    """The player asks for the answer now."""


@dataclass(frozen=True, slots=True)
class Stop:
    """The player asks for silence: the answer ends."""


@dataclass(frozen=True, slots=True)
class Retune:
    """The player sets how the conversation goes on: what is composed and not yet played, too."""

    taste: Taste
    silence: Silence
    length: Length  # of answers, the present one too, where the mode leaves them an end
    seed: int  # of answers from the next on
    mode: Mode = Mode.ANSWER
    density: float = 1.0  # of the model's notes; 1: as it plays best, beside the player in a duet
    is_thru: bool = True  # what the player plays is sent to the output; it is recorded anyway
    best_of: int = 1  # answers that are thought of in the silence before the best is played
    may_quote: bool = False  # what is about to quote a piece for too long is not composed anew


@dataclass(frozen=True, slots=True)
class Again:
    """The player asks for another answer to the last phrase."""


@dataclass(frozen=True, slots=True)
class Panic:
    """The player asks for silence, whatever it is that sounds: every key and pedal comes up."""


@dataclass(frozen=True, slots=True)
class ChangeModel:
    """The player asks for another model, from a file: whoever can load it does, and says so."""

    path: Path


@dataclass(frozen=True, slots=True)
class ModelTakenUp:
    """From now on another model composes."""

    maker: Maker


@dataclass(frozen=True, slots=True)
class ChangePorts:
    """The player asks for other inputs and another output, by name."""

    inputs: tuple[str, ...]
    output: str


@dataclass(frozen=True, slots=True)
class NewTake:
    """The player asks that the take so far be kept and another begun: a new turn begins."""


@dataclass(frozen=True, slots=True)
class Discard:
    """The player asks that the take so far be thrown away and another begun: likewise."""


@dataclass(frozen=True, slots=True)
class PlayPrompt:
    """The player asks to hear a phrase as if it were played now, and the answer to it."""

    phrase: Phrase


@dataclass(frozen=True, slots=True)
class LastPhrase:
    """No more will be played: the conversation ends with the answer to what was heard."""


@dataclass(frozen=True, slots=True)
class Quit:
    """The conversation ends now."""


Event = (
    Heard
    | Unplugged
    | Slept
    | Composed
    | ComposingFailed
    | HandOver
    | Stop
    | Retune
    | Again
    | Panic
    | ChangeModel
    | ModelTakenUp
    | ChangePorts
    | NewTake
    | Discard
    | PlayPrompt
    | LastPhrase
    | Quit
)

# What it does: effects


@dataclass(frozen=True, slots=True)
class Send:
    """A message for the output, and when it was due."""

    data: bytes
    due: float
    by: Player
    is_sounded: bool = True  # False: it is only kept, as what is played on a keyboard not put thru


@dataclass(frozen=True, slots=True)
class TakeUp:
    """Begin to improvise on a phrase: asks for the answer's first note."""

    turn: int
    thought: Thought

    @property
    def phrase(self) -> Phrase:
        """The phrase that is answered."""
        return self.thought.phrase


@dataclass(frozen=True, slots=True)
class Overhear:
    """Listen already to what the player has played so far: no answer is asked for.

    Where it is known what will be taken up if nothing more is heard, so many answers to that may be
    thought of meanwhile.
    """

    so_far: SoFar
    expected: Thought | None = None
    best_of: int = 1


@dataclass(frozen=True, slots=True)
class Care:
    """How an answer is thought over while it goes on."""

    best_of: int = 1  # ways to go on, of which the best is taken where it is poor; 1: the first
    may_quote: bool = False


@dataclass(frozen=True, slots=True)
class GoOn:
    """Asks for the note that follows a thought and what the player has struck since."""

    turn: int
    thought: Thought
    struck: tuple[Struck, ...] = ()
    care: Care = Care()


Request = TakeUp | GoOn | Overhear

# What it tells: reports


@dataclass(frozen=True, slots=True)
class Turned:
    """Whose turn it is now."""

    state: State


@dataclass(frozen=True, slots=True)
class Hearing:
    """How much of a phrase was heard, and when it will have ended if nothing more comes."""

    notes: int
    ends_at: float | None


@dataclass(frozen=True, slots=True)
class Change:
    """What was otherwise from one note of an answer on: how, who, and what the player did."""

    index: int  # number of the note
    taste: Taste
    earliest: float  # seconds from where the answer began, before which that note may not come
    taken: frozenset[int] = frozenset()  # pitches that the player held
    struck: tuple[Struck, ...] = ()  # keys that the player struck since the note before, in order
    maker: Maker | None = None  # of that note and the next ones, where it was another model
    seed: int | None = None  # of that note and the next ones, where it was another: it was steered


@dataclass(frozen=True, slots=True)
class Scored:
    """How good the latest notes of an answer seem to the model's own ear, when the last began."""

    at: float  # seconds on the engine's clock
    score: float  # from 0 to 1


@dataclass(frozen=True, slots=True)
class Quoted:
    """The answer quotes a piece that the model learnt from, for too long."""

    title: str
    notes: int  # in a row


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer that ended: all that it takes to make it again."""

    turn: int
    heard: Span  # from the phrase's first onset to the moment it was taken up
    taste: Taste
    seed: int
    limit: Limit  # as it was at the end
    channel: int
    began_at: float
    notes: int  # as many as came due
    cut_at: float | None  # when the player interrupted it, if so
    held: tuple[int, ...] = ()  # the phrase's notes, by number, of which it was open how long
    changes: tuple[Change, ...] = ()  # in the order of the notes
    left_out: tuple[int, ...] = ()  # numbers of notes that were late, or whose key the player held
    given_up: tuple[
        tuple[int, float], ...
    ] = ()  # notes, by number, and when the player took the key
    is_along: bool = False  # it joined a player who went on
    maker: Maker | None = None  # None: who made the take
    score: float | None = None  # from 0 to 1, where the model has an ear of its own
    curve: tuple[Scored, ...] = ()  # the same window by window of its notes

    @property
    def sounded(self) -> int:
        """As many notes as were struck."""
        return self.notes - len(self.left_out)


@dataclass(frozen=True, slots=True)
class ToCome:
    """All notes that are composed and not yet begun, on the engine's clock: instead of the last."""

    notes: tuple[Note, ...]


@dataclass(frozen=True, slots=True)
class Dropped:
    """So many notes of the answer came too late and were left out."""

    notes: int


@dataclass(frozen=True, slots=True)
class ModelChanged:
    """Another model plays from now on."""

    name: str
    sha256: str


@dataclass(frozen=True, slots=True)
class TooSlow:
    """The model does not keep up, however far ahead it thinks: a smaller one may."""


@dataclass(frozen=True, slots=True)
class TakeEnded:
    """The take ends here, and another begins; it is to be kept, or thrown away."""

    is_kept: bool


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something went wrong: one sentence for the player."""

    sentence: str


@dataclass(frozen=True, slots=True)
class Remark:
    """Something that the player will want to know: one sentence."""

    sentence: str


Report = (
    Turned
    | Hearing
    | Answered
    | Scored
    | Quoted
    | ToCome
    | Dropped
    | ModelChanged
    | TooSlow
    | TakeEnded
    | Trouble
    | Remark
)
Effect = Send | TakeUp | GoOn | Overhear | Report
