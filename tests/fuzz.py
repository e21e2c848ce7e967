"""Fuzzing: what the instrument reads, spoilt in any way, and read by the readers that read it live.

usage: python -m tests.fuzz --cases 100000 --seed 1 [--only midi|prompts|settings|journals]
       python -m tests.fuzz --only prompts --seed 1 --first 4711 --cases 1

The rules kept here: a case follows from its seed, its kind and its number alone, and from the real
files where there are any. Whatever the bytes are, the reader takes them or refuses them with one
sentence: it raises nothing else, uses no second of the processor's time, and the memory of it all
stays under 500 MB. A case that breaks a rule is written to a file, and it is said how to repeat it.
"""

import io
import json
import math
import random
import re
import resource
import signal
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory

import click
import mido
from rich.console import Console
from rich.progress import Progress

from performer.bindings import Controls
from performer.engine import Hands, Sent, perform
from performer.inbox import VirtualInbox
from performer.journal import ENDING, _fact, _line, recover
from performer.messages import Answered, Heard, Maker, Mode, Player, Quit, Report
from performer.midi import parse
from performer.notes import Phrase
from performer.phrase import Silence
from performer.piano_roll import drawn
from performer.prompt import read_messages, read_phrase
from performer.recorder import Recorder
from performer.refusal import Refusal
from performer.session import Session, Settings
from performer.settings_file import read_bindings, write_bindings
from performer.take import read_take, write_take
from tests.fakes import Listener, Metronome, composing, pedal, phrase_of, rehearse

LONGEST = 1.0  # seconds of the processor's time that one case may take
MOST_MEMORY = 500.0  # MB
REAL = Path(__file__).parents[2] / "shared" / "corpus"  # real files, where there are any
SMALL, MOST_REAL = 8192, 200  # bytes of a real file, and how many of them
OURS = 9  # files that are made here
EDGES = b"\x00\x01\x2f\x40\x51\x7f\x80\x90\xb0\xf0\xf7\xf8\xff"  # that mean something in MIDI
WORDS = (
    *(b"hands", b"passed-on", b"hand-over", b"stop", b"panic", b"mode", b"temperature", b"feet"),
    *(b'"controller 64"', b'"controller 120"', b'"key C8"', b"'key 127'", b'"key 128"', b"true"),
    *(b"1e999", b"-1", b"nan", b"0x7f", b"2026-11-28", b"99999999999999999999", b'"\\u0000"'),
    *(b"=", b"[", b"]", b"[[", b"]]", b"{", b"}", b".", b",", b"\n", b"\r", b'"""', b"'''", b"#"),
)
VALUES = (
    *(None, True, 0, -1, 1, 128, 1e7, -1e7, 1e308, 10**30, math.inf, math.nan, "", "x", "903c50"),
    *(
        [],
        [[]],
        {},
        [0, 1],
        [1, 0],
        {"seconds": None, "notes": "x"},
        "Player",
        "\ud800",
        "f8",
        "f0f7",
    ),
)


class Hung(BaseException):
    """It took too long; no reader takes this for its own error."""


@dataclass(frozen=True, slots=True)
class Kind:
    """What is fuzzed: how a case is made, and what reads it, in a folder of its own."""

    ending: str
    make: Callable[[random.Random], bytes]
    read: Callable[[bytes, Path], None]


# Bytes into the parser


def any_bytes(dice: random.Random) -> bytes:
    """What a device may send, whole messages or not."""
    parts = []
    for _ in range(dice.randint(1, 12)):
        match dice.randrange(8):
            case 0:
                parts.append(dice.randbytes(dice.randrange(12)))
            case 1:
                parts.append(b"\xf0" + dice.randbytes(dice.randrange(200)) + b"\xf7")
            case 2:
                parts.append(bytes(dice.choice(EDGES) for _ in range(dice.randrange(5))))
            case _:
                status = dice.choice([0x80, 0x90, 0x90, 0xA0, 0xB0, 0xB0, 0xC0, 0xE0])
                channel, pitch = dice.randrange(16), dice.choice([60, 64, 120, dice.randrange(128)])
                parts.append(bytes([status | channel, pitch, dice.randrange(130)]))
    return b"".join(parts)


def play_bytes(data: bytes, folder: Path) -> None:
    """Cut as a driver would cut it, and as none would; played to a session, kept and read."""
    whole = re.findall(rb"[\x80-\xff][\x00-\x7f]*", data)
    thirds = [data[at : at + 3] for at in range(0, len(data), 3)]
    messages = [*whole, *thirds, data]
    controls = Controls(BOUND, Settings().as_retune)
    script = []
    for number, message in enumerate(messages):
        heard = Heard(message, number / 20, "keyboard")
        music, _ = controls.hear(heard)
        script.append((heard.at, music or heard))
        meant = parse(message)
        if meant is not None and message[0] < 0xF8:
            assert bytes(mido.Message.from_bytes(message).bytes()) == message
    inbox = VirtualInbox([*script, (len(messages) / 20 + 1.0, Quit())])
    recorder = Recorder(Maker("fuzz", ""))
    output = Listener(inbox.now)
    settings = Settings(silence=Silence.fixed(0.2), mode=list(Mode)[len(data) % len(Mode)])
    ask = composing(Metronome(0.1, 0.3), inbox)
    perform(Session(settings), inbox, Hands(output, ask, recorder.hear))
    take = recorder.take
    if take.messages:
        write_take(take, folder / "take.mid")
        assert len(read_take(folder / "take.mid").notes(Player.HUMAN)) == len(
            take.notes(Player.HUMAN)
        )
        drawn(take)


# Prompts


@lru_cache
def prompts() -> tuple[bytes, ...]:
    """Small .mid files of every kind: made here, and real ones where there are any."""
    real = sorted(path for path in REAL.rglob("*.mid") if path.stat().st_size <= SMALL)
    few = random.Random(0).sample(real, min(MOST_REAL, len(real)))
    ours = tuple(made_here())
    assert len(ours) == OURS
    return (*ours, *(path.read_bytes() for path in few))


def made_here() -> Iterator[bytes]:
    """A take of ours, and files as other programs write them."""
    with TemporaryDirectory() as folder:
        path = Path(folder, "take.mid")
        write_take(rehearse([*phrase_of(5), *pedal(1.0, 2.0)]).take, path)
        yield path.read_bytes()
    on, off = b"\x00\x90\x3c\x40", b"\x60\x3c\x00"  # with running status
    tempo, end = b"\x00\xff\x51\x03\x07\xa1\x20", b"\x00\xff\x2f\x00"
    words = b"\x00\xff\x05\x02la\x00\xff\x59\x02\x02\x01\x00\xff\x58\x04\x03\x02\x18\x08"
    foot = b"\x00\xb0\x40\x7f\x30\x40\x00\x10\xe0\x00\x50"
    sysex = b"\x00\xf0\x05\x7e\x7f\x09\x01\xf7"
    drums = b"\x00\x99\x26\x50\x10\x89\x26\x40"
    for division in (480, 1, 0x7FFF, 0xE728):  # the last: 40 ticks in each of 25 frames
        yield smf(0, division, tempo + (on + off) * 8 + end)
    yield smf(1, 96, tempo + words + end, sysex + on + foot + off + end, drums + end)
    yield smf(1, 480, words + end, on + off + tempo + on + off + end)
    yield smf(2, 480, on + off + end, on + off + end)
    yield smf(1, 480, b"\x00\xc0\x05" + on * 4 + off * 3 + b"\x81\x80\x00" + off[1:] + end)


def smf(kind: int, division: int, *tracks: bytes) -> bytes:
    """A Standard MIDI File of some tracks."""
    head = b"MThd" + (6).to_bytes(4, "big")
    head += b"".join(each.to_bytes(2, "big") for each in (kind, len(tracks), division))
    return head + b"".join(b"MTrk" + len(track).to_bytes(4, "big") + track for track in tracks)


def spoilt(
    data: bytes, dice: random.Random, other: bytes = b"", words: Sequence[bytes] = ()
) -> bytes:
    """The same bytes with some changed, cut out, put in, said twice, or taken from elsewhere."""
    changed = bytearray(data)
    for _ in range(dice.choice([1, 1, 2, 3, 8, 30])):
        at, length = dice.randrange(len(changed) + 1), dice.choice([1, 1, 2, 4, 20])
        match dice.randrange(9):
            case 0:
                changed[at : at + 1] = dice.randbytes(1)
            case 1:
                changed[at : at + 1] = bytes([dice.choice(EDGES)])
            case 2:
                changed[at : at + length] = b""
            case 3:
                changed[at:at] = dice.randbytes(length)
            case 4:
                changed[at:at] = changed[at : at + length] * dice.choice([1, 2, 50])
            case 5:
                changed[at : at + length] = b"\xff" * (length - 1) + b"\x7f"  # a very long wait
            case 6 if words:
                changed[at:at] = dice.choice(words)
            case 7 if other:
                begin = dice.randrange(len(other))
                changed[at : at + length] = other[begin : begin + 5 * length]
            case 8 if dice.random() < 0.2:
                del changed[at:]
            case _ if at < len(changed):
                changed[at] ^= 1 << dice.randrange(8)
    return bytes(changed)


def spoilt_prompt(dice: random.Random) -> bytes:
    """A .mid file of some kind, spoilt; its first four bytes mostly not."""
    if dice.random() < 0.1:
        return spoilt_take(dice)
    few = dice.choice([prompts()[:OURS], prompts()])
    data = spoilt(dice.choice(few), dice, dice.choice(prompts()))
    return data if dice.random() < 0.1 else b"MThd" + data[4:]


def spoilt_take(dice: random.Random) -> bytes:
    """A take of ours that says something else of itself."""
    file = mido.MidiFile(file=io.BytesIO(prompts()[0]))
    words = [message for message in file.tracks[0] if message.type == "text"]
    said = dice.choice(words)
    said.text = json.dumps(said_otherwise(json.loads(said.text), dice))
    data = io.BytesIO()
    file.save(file=data)
    return data.getvalue()


def read_prompt(data: bytes, folder: Path) -> None:
    """As a phrase that is played and continued, as sound, and as a take of ours."""
    path = folder / "prompt.mid"
    path.write_bytes(data)
    with refused():
        check_phrase(read_phrase(path))
    with refused():
        check_phrase(read_phrase(path, notes=3))
    with refused():
        assert all(0.0 <= at < math.inf for at, _ in read_messages(path))
    with refused():
        take = read_take(path)
        drawn(take)
        write_take(take.from_zero(), folder / "take.mid")
        for answer in take.answers:
            with refused():
                check_phrase(take.phrase(answer))


def check_phrase(phrase: Phrase) -> None:
    """It is what a phrase promises to be."""
    assert all(0 <= note.pitch <= 127 and 1 <= note.velocity <= 127 for note in phrase.notes)
    assert all(0.0 <= note.duration < math.inf for note in phrase.notes)
    assert math.isfinite(phrase.seconds)
    assert all(step >= 0.0 for step in phrase.steps)
    assert all(span.start < span.end for span in phrase.pedal)


# Settings

SETTINGS = (
    b"# mine\n[hands]\nhand-over = \"controller 66\"  # it\npanic = 'key A0'\npassed-on = true\n",
    b'[hands]\nstop = "controller 67"\nanother-answer = "key 127"\ntemperature = "controller 1"\n',
    b'hands.mode = "key C#4"\nhands.stop = "key Bb7"\n',
    b'hands = { stop = "controller 0", mode = """key C8""" }\n',
    b"",
)
BOUND = read_bindings(Path("there is none"))


def spoilt_settings(dice: random.Random) -> bytes:
    """A settings file, spoilt."""
    if dice.random() < 0.02:
        return dice.choice([b"a = ", b"", b"[hands]\nstop = "]) + dice.choice(
            [b"[", b"{a=", b"[[", b'"', b"a.", b"\n"]
        ) * dice.choice([10, 1000, 30_000])
    return spoilt(dice.choice(SETTINGS), dice, dice.choice(SETTINGS), WORDS)


def read_settings(data: bytes, folder: Path) -> None:
    """What is read can be written, and read again."""
    path = folder / "settings.toml"
    path.write_bytes(data)
    with refused():
        bindings = read_bindings(path)
        write_bindings(path, bindings)
        assert read_bindings(path) == bindings


# Journals


@lru_cache
def journals() -> tuple[tuple[bytes, ...], ...]:
    """Whole journals, line by line: of an answer, of a duet, and of a prompt."""
    return tuple(
        tuple(journal_of(rehearse([*phrase_of(6), *pedal(1.0, 2.0)], settings=settings).told))
        for settings in (Settings(), Settings(mode=Mode.DUET), Settings(seed=7, lookahead=2.0))
    )


def journal_of(told: Sequence[Sent | Report]) -> Iterator[bytes]:
    """The lines that the journal of all that would hold."""
    head = {
        "format": "antiphon journal 1",
        "model": "fuzz",
        "sha256": "",
        "began": "2026-11-28T20:15:00",
    }
    yield _line(head)
    yield from (_line(_fact(what)) for what in told if isinstance(what, Sent | Answered))


def spoilt_journal(dice: random.Random) -> bytes:
    """A journal, spoilt: its bytes, its lines, or what the lines say."""
    lines = list(dice.choice(journals()))
    match dice.randrange(4):
        case 0:
            return spoilt(b"".join(lines), dice, b"".join(dice.choice(journals())))
        case 1:
            dice.shuffle(lines)
            return b"".join(lines[: dice.randrange(len(lines) + 1)])
        case 2:
            lines.insert(
                dice.randrange(len(lines)), b"[" * dice.choice([5, 10_000, 200_000]) + b"\n"
            )
    for _ in range(dice.choice([1, 1, 3, 10])):
        number = dice.choice([dice.randrange(len(lines)), len(lines) - 1, 0])
        try:
            lines[number] = _line(said_otherwise(json.loads(lines[number]), dice))
        except (ValueError, RecursionError):
            lines[number] = spoilt(lines[number], dice)
    return b"".join(lines)


def said_otherwise(fact: object, dice: random.Random) -> object:
    """The same fact, with one value in it, however deep, that is another."""
    if isinstance(fact, dict) and fact and dice.random() < 0.9:
        key = dice.choice(list(fact))
        if dice.random() < 0.1:
            return {name: value for name, value in fact.items() if name != key}
        return {**fact, key: said_otherwise(fact[key], dice)}
    if isinstance(fact, list) and fact and dice.random() < 0.9:
        at = dice.randrange(len(fact))
        return [*fact[:at], said_otherwise(fact[at], dice), *fact[at + 1 :]]
    return dice.choice(VALUES)


def read_journal(data: bytes, folder: Path) -> None:
    """Recovered as at the next start; what was recovered can be read and made again."""
    journal = folder / f".fuzz{ENDING}"
    journal.write_bytes(data)
    kept = recover(folder)
    assert not journal.exists(), "it would be tried again at every start"
    for path in kept:
        take = read_take(path)
        drawn(take)
        for answer in take.answers:
            with refused():
                check_phrase(take.phrase(answer))


KINDS = {
    "midi": Kind(".bin", any_bytes, play_bytes),
    "prompts": Kind(".mid", spoilt_prompt, read_prompt),
    "settings": Kind(".toml", spoilt_settings, read_settings),
    "journals": Kind(".journal", spoilt_journal, read_journal),
}


@contextmanager
def refused() -> Iterator[None]:
    """It may be refused, with one sentence."""
    try:
        yield
    except Refusal as refusal:
        if isinstance(refusal.__context__, MemoryError):
            raise refusal.__context__ from None
        if not str(refusal) or "\n" in str(refusal):
            raise ValueError(f"{refusal!r} is not one sentence") from None


@contextmanager
def bounded(seconds: float) -> Iterator[None]:
    """Raises Hung where it takes longer, in the processor's time: a busy machine is no fault."""

    def hang(*_: object) -> None:
        raise Hung(f"it took more than {seconds:g} s")

    before = signal.signal(signal.SIGPROF, hang)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def most_memory() -> float:
    """MB that this process has held at most."""
    status = Path("/proc/self/status")
    if status.exists():  # getrusage would count what the process that started this one held
        return int(status.read_text().partition("VmHWM:")[2].split()[0]) / 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1024 / (1024 if sys.platform == "darwin" else 1)


def fault_of(kind: Kind, data: bytes) -> str | None:
    """What is wrong with how a case is read; None where nothing is."""
    before = most_memory()
    with TemporaryDirectory() as folder:
        try:
            with bounded(LONGEST):
                kind.read(data, Path(folder))
        except (Exception, Hung) as broken:
            where = traceback.extract_tb(broken.__traceback__)[-1]
            return f"{broken!r:.200} in {Path(where.filename).name}, line {where.lineno}"
    after = most_memory()
    if after > MOST_MEMORY and after > before:
        return f"it took {after:.0f} MB"
    return None


def case(kind: str, seed: int, number: int) -> bytes:
    """The bytes of one case."""
    return KINDS[kind].make(random.Random(f"{kind} {seed} {number}"))


@click.command()
@click.option("--cases", type=click.IntRange(min=1), default=1000, show_default=True)
@click.option("--seed", type=int, default=1, show_default=True)
@click.option("--only", type=click.Choice(list(KINDS)), help="Of this kind alone.")
@click.option("--first", type=click.IntRange(min=0), default=0, help="The number to begin with.")
@click.option(
    "--failures",
    type=click.Path(path_type=Path),
    default=Path("fuzz-failures"),
    show_default=True,
    help="Where cases that fail are written to.",
)
def main(cases: int, seed: int, only: str | None, first: int, failures: Path) -> None:
    """Read so many spoilt files and messages, equally many of each kind; name those that fail."""
    bear_no_more_memory()
    kinds = [only] if only else list(KINDS)
    failed, each = 0, math.ceil(cases / len(kinds))
    with Progress(console=Console(stderr=True), transient=True) as progress:
        for kind in kinds:
            for number in progress.track(range(first, first + each), description=kind):
                failed += not is_well_read(kind, seed, number, failures)
    total = each * len(kinds)
    print(f"{total:,} cases, {failed} failed, {most_memory():.0f} MB at most")
    sys.exit(failed > 0)


def is_well_read(kind: str, seed: int, number: int, failures: Path) -> bool:
    """Whether no rule is broken; where one is, that is said, and the case is written down."""
    data = case(kind, seed, number)
    fault = fault_of(KINDS[kind], data)
    if fault is None:
        return True
    failures.mkdir(parents=True, exist_ok=True)
    path = failures / f"{kind}-{seed}-{number}{KINDS[kind].ending}"
    path.write_bytes(data)
    print(f"{path}: {fault}", flush=True)
    print(f"  python -m tests.fuzz --only {kind} --seed {seed} --first {number} --cases 1")
    return False


def bear_no_more_memory() -> None:
    """Whoever asks for far too much is refused it, before the machine suffers."""
    _, most = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (int(8 * MOST_MEMORY * 2**20), most))


if __name__ == "__main__":
    main()
