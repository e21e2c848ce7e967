"""What a player runs first: is everything there, and is this machine quick enough?

The rule kept here: every figure is measured on this machine, with the engine that plays, and comes
with a verdict that a musician understands and, where it is no good, with what to do.
"""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import asdict, dataclass
from enum import Enum
from pathlib import Path
from time import perf_counter, sleep
from typing import Self

import numpy as np

from performer import ports
from performer.bundled_prompt import bundled_prompt
from performer.engine import Late
from performer.improviser import Improviser
from performer.length import Fixed, Limit
from performer.load import busy, repainting
from performer.messages import Answered, Quit
from performer.midi import NoteOn, note_off, note_on, parse
from performer.model import Model
from performer.notes import Note, Phrase
from performer.phrase import Silence
from performer.process import NONE, VIRTUAL, Engine, News, Plan, Ready, Refused
from performer.refusal import Refusal
from performer.session import Settings
from performer.shelf import find_model, models
from performer.synth import open_synth
from performer.taste import Taste
from performer.thought import Thought

MILLISECONDS = 1000.0
KEYS = 40  # struck to measure thru
APART = 0.03  # seconds between them
NOTES = 48  # composed with each model
SILENCE = 0.3  # seconds that end a question
STEP = 0.1  # seconds between its notes
ANSWER = 1.5  # seconds of an answer
TURN = 4 * STEP + SILENCE + ANSWER + 0.5  # seconds from one question to the next
THRU_TIME = "from key to sound"
UNDER_LOAD = "while the machine is busy and a window repaints"
CHORD = (48, 55, 60, 64, 67, 72)
SOFTLY = 20  # velocity
OFTEN = 0.2  # times a second that the sound may break off and still be played with


class Verdict(Enum):
    """What a figure means to a player."""

    GOOD = "good"
    PLAYABLE = "playable"
    TROUBLE = "trouble"


@dataclass(frozen=True, slots=True)
class Bounds:
    """Up to which p99 and which worst case, in ms, a figure is good, and up to which playable."""

    good: float
    good_worst: float
    playable: float
    advice: str

    def verdict(self, p99: float, worst: float) -> Verdict:
        """What a measurement means.

        >>> Bounds(1.5, 10, 10, "").verdict(1.0, 20.0)
        <Verdict.PLAYABLE: 'playable'>
        """
        if p99 <= self.good and worst <= self.good_worst:
            return Verdict.GOOD
        return Verdict.PLAYABLE if p99 <= self.playable else Verdict.TROUBLE


BUSY = "Close other programs, and plug in the power."
UNPLUGGED = "Choose another sound device in your system's settings."
LATENESS = Bounds(1.5, 10.0, 10.0, BUSY)  # a jitter of 10 ms is felt, one of 3 is not
THRU = Bounds(10.0, 20.0, 20.0, "Choose a smaller buffer in JACK or your sound settings.")
FIRST_NOTE = Bounds(30.0, 100.0, 150.0, "Choose a smaller model.")
A_NOTE = Bounds(10.0, 50.0, 60.0, "Choose a smaller model.")


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the check: what was looked at, what was found, and what it means."""

    what: str
    found: str
    verdict: Verdict
    to_do: str = ""
    figures: dict[str, float] | None = None  # ms

    @classmethod
    def of(cls, what: str, seconds: Sequence[float], bounds: Bounds) -> Self:
        """What some measured times, in seconds, mean."""
        if not seconds:
            return cls(what, "nothing was measured", Verdict.TROUBLE, "Run it for longer.")
        times = np.asarray(seconds) * MILLISECONDS
        p50, p95, p99 = (float(np.percentile(times, share)) for share in (50, 95, 99))
        worst = float(times.max())
        verdict = bounds.verdict(p99, worst)
        return cls(
            what,
            f"{p50:.2f} ms, p95 {p95:.2f}, p99 {p99:.2f}, worst {worst:.2f} ({len(times)} times)",
            verdict,
            "" if verdict is Verdict.GOOD else bounds.advice,
            {"p50": p50, "p95": p95, "p99": p99, "max": worst, "count": float(len(times))},
        )


def check(seconds: float) -> Iterator[Finding]:
    """All findings, one after the other, as they are made; the measuring takes some `seconds`."""
    yield from _ports()
    has_sound = _sound()
    yield has_sound
    loaded = list(_models())
    yield from (finding for finding, _ in loaded)
    able = [path for finding, path in loaded if finding.figures is not None]  # if too slowly
    if not able:
        return
    model = find_model(None) if find_model(None) in able else able[0]
    yield from _answering(model, seconds / 2, "idle")
    yield _thru(model, "idle")
    with busy(), repainting():
        yield from _answering(model, seconds / 2, UNDER_LOAD)
        yield _thru(model, UNDER_LOAD)
        if has_sound.verdict is Verdict.GOOD:
            yield _served(seconds / 4)


def as_json(findings: Sequence[Finding]) -> list[dict[str, object]]:
    """The findings, as what JSON can hold."""
    return [{**asdict(finding), "verdict": finding.verdict.value} for finding in findings]


def _ports() -> Iterator[Finding]:
    for what, names, to_do in (
        ("MIDI inputs", ports.input_names(), "Plug in a keyboard, or play with --virtual."),
        ("MIDI outputs", ports.output_names(), "None is needed: there is a piano built in."),
    ):
        found = ", ".join(names) or "none"
        yield Finding(
            what, found, Verdict.GOOD if names else Verdict.PLAYABLE, "" if names else to_do
        )


def _sound() -> Finding:
    try:
        with closing(open_synth()):
            return Finding("sound", "the built-in piano plays", Verdict.GOOD)
    except Refusal as silent:
        return Finding("sound", "none", Verdict.PLAYABLE, str(silent))


def _served(seconds: float) -> Finding:
    """How often the sound breaks off, with a chord in the fingers."""
    what = f"breaks in the sound, {UNDER_LOAD}"
    try:
        with closing(open_synth()) as synth:
            for pitch in CHORD:
                synth.send(note_on(0, pitch, SOFTLY))
            sleep(seconds)
            return breaks(what, synth.service.dry, synth.service.blocks, seconds)
    except Refusal as silent:
        return Finding(what, "not measured", Verdict.PLAYABLE, str(silent))


def breaks(what: str, dry: int, blocks: int, seconds: float) -> Finding:
    """What so many breaks in so many seconds mean.

    >>> breaks("breaks", 0, 2000, 10.0).verdict, breaks("breaks", 9, 2000, 10.0).verdict
    (<Verdict.GOOD: 'good'>, <Verdict.TROUBLE: 'trouble'>)
    """
    found = f"{dry} in {seconds:.0f} s ({blocks} blocks)"
    figures = {"breaks": float(dry), "blocks": float(blocks), "seconds": seconds}
    if blocks == 0:
        return Finding(what, "the sound device asks for no sound", Verdict.TROUBLE, UNPLUGGED)
    if dry == 0:
        return Finding(what, found, Verdict.GOOD, figures=figures)
    verdict = Verdict.PLAYABLE if dry <= OFTEN * seconds else Verdict.TROUBLE
    return Finding(what, found, verdict, f"{BUSY} Or play to a MIDI synth with --out.", figures)


def _models() -> Iterator[tuple[Finding, Path]]:
    """What each model takes for a note, once it is warm."""
    for name, path in models().items():
        try:
            improviser = Improviser(Model.load(path))
            spent = list(_notes(improviser))
        except Exception as broken:  # whatever a file does, the others are looked at
            yield Finding(f"model {name}", str(broken), Verdict.TROUBLE, "Remove it."), path
        else:
            yield Finding.of(f"a note of {name}", spent, A_NOTE), path


def _notes(improviser: Improviser) -> Iterator[float]:
    thought = Thought.on(bundled_prompt(), Taste(), seed=1, turn=1)
    for number in range(NOTES + 1):
        began = perf_counter()
        _, thought = improviser.next(thought)
        if number > 0:  # the first hears the whole phrase; the time to it is measured below
            yield perf_counter() - began


def _answering(model: Path, seconds: float, when: str) -> Iterator[Finding]:
    """How late the notes of answers are, and how soon the first comes."""
    settings = Settings(silence=Silence.fixed(SILENCE), length=Fixed(Limit(seconds=ANSWER)), seed=1)
    late: list[float] = []
    first: list[float] = []
    with _engine(model, settings, prompt=_questions(seconds)) as (_, news):
        for told in news:
            match told:
                case Late(seconds):
                    late.append(seconds)
                case Answered(heard=heard, began_at=began_at):
                    first.append(began_at - heard.end)
    yield Finding.of(f"how late a note is, {when}", late, LATENESS)
    yield Finding.of(f"from the silence to the answer, {when}", first, FIRST_NOTE)


def _questions(seconds: float) -> Phrase:
    """Short phrases for so many seconds, each with room for its answer."""
    count = max(int(seconds / TURN), 2)
    return Phrase.of(
        Note(60 + 2 * n, 70 + 5 * n, TURN * turn + STEP * n, TURN * turn + STEP * (n + 1))
        for turn in range(count)
        for n in range(4)
    )


def _thru(model: Path, when: str) -> Finding:
    """From a key that is struck to where it sounds, through the ports that a DAW would use."""
    what = f"{THRU_TIME}, {when}"
    settings = Settings(silence=Silence.fixed(60.0))
    heard: list[float] = []

    def hear(data: bytes, at: float) -> None:
        if isinstance(parse(data), NoteOn):
            heard.append(at)

    struck: list[float] = []
    try:
        with (
            _engine(model, settings, is_virtual=True) as (engine, news),
            ExitStack() as open_things,
        ):
            next(told for told in news if isinstance(told, Ready))
            synth = ports.match(ports.VIRTUAL_OUTPUT, ports.input_names())
            keys = ports.match(ports.VIRTUAL_INPUT, ports.output_names())
            open_things.enter_context(closing(ports.open_input(synth, hear)))
            keyboard = open_things.enter_context(closing(ports.open_output(keys)))
            for number in range(KEYS):
                struck.append(perf_counter())
                keyboard.send(note_on(0, 36 + number, 64))
                sleep(APART)
                keyboard.send(note_off(0, 36 + number))
            sleep(SILENCE)
            engine.tell(Quit())
            for _ in news:
                pass
    except Refusal as none:
        return Finding(what, "not measured", Verdict.PLAYABLE, str(none))
    if len(heard) != len(struck):
        lost = f"{len(struck) - len(heard)} of {len(struck)} keys were lost"
        return Finding(what, lost, Verdict.TROUBLE, "Start your MIDI system again.")
    spent = [later - earlier for earlier, later in zip(struck, heard, strict=True)]
    return Finding.of(what, spent, THRU)


@contextmanager
def _engine(
    model: Path, settings: Settings, prompt: Phrase | None = None, is_virtual: bool = False
) -> Iterator[tuple[Engine, Iterator[News]]]:
    """An engine whose take nobody keeps, and what it tells. Raises Refusal."""
    with tempfile.TemporaryDirectory() as takes:
        output = VIRTUAL if is_virtual else NONE
        engine = Engine(Plan(model, settings, Path(takes), (), output, is_virtual, prompt))
        news = _told(engine)
        try:
            yield engine, news
        finally:
            engine.tell(Quit())
            for _ in news:  # it ends by itself then
                pass


def _told(engine: Engine) -> Iterator[News]:
    for news in engine.news(pause=0.1):
        match news:
            case None:
                continue
            case Refused(sentence):
                raise Refusal(sentence)
            case told:
                yield told
