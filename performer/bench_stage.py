"""The instrument on a stage, measured: real ports, a busy machine, and somebody who kills it.

usage: python -m performer.bench_stage play --minutes 10
       python -m performer.bench_stage soak --minutes 20
       python -m performer.bench_stage kills --count 50
       python -m performer.bench_stage flood --seconds 60

The rules kept here: what is measured is the engine that plays, through the ports that a keyboard
and a synth would use. Where no JACK server runs, one with no sound card is started; what JACK takes
by itself is measured beside. It ends with exit status 1 where a target is missed.
"""

import json
import os
import random
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

import click
import numpy as np
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from performer import ports
from performer.engine import Late, Sent
from performer.jack import own_server, running_server
from performer.length import Fixed, Limit
from performer.load import busy, repainting
from performer.messages import Answered, Dropped, Player, Quit, Remark, TooSlow, Trouble
from performer.midi import NoteOn, note_off, note_on, parse, sustain
from performer.phrase import Silence
from performer.priority import ORDINARY, WISH
from performer.process import Engine, Plan, Ready, Refused
from performer.refusal import Refusal
from performer.session import Settings
from performer.shelf import find_model
from performer.sounding import Sounding
from performer.take import read_take

MILLISECONDS = 1000.0
SILENCE, ANSWER = 0.4, 3.0  # seconds that end a phrase, and that an answer lasts
LONG_ENOUGH = 3.0  # seconds: a key that has not come through by then is lost
NEAR, MANY = 0.005, 50  # seconds before its time, and notes on, that a note is looked for
LOOPS = 400  # messages by which JACK alone is measured
OURS = 101  # the player's velocity, by which the player's keys are known at the synth
SAMPLING = 10.0  # seconds between looks at the memory
WARM, GROWTH = 120.0, 5.0  # seconds after which memory may grow no more than so many MB
RELEASED = 0.5  # seconds after the engine's death
WRITTEN = 0.3  # seconds after which a note is on the disk
LIVES = 3  # of one session's engine, after its first
PATIENCE = 180.0  # seconds that an engine may take to begin
FLOOD = 1000  # messages a second
CLUTTER = (
    *(bytes([0xE0, n, 64]) for n in range(0, 128, 16)),
    *(bytes([0xB0, 1, n]) for n in range(0, 128, 16)),
    bytes([0xFE]),  # active sensing
    bytes([0xF8]),  # clock
    bytes([0xF6]),  # tune request, which no .mid can hold
    bytes([0x90, 60]),  # half a message
    bytes([0x40, 0x40]),  # running status, which no port passes on without its status
    bytes([0xF0, 0x7D, 1, 2, 0xF7]),
)
ENDLESS = b"\xf0\x7d" + bytes(1_000_000) + b"\xf7"
PIECE, BYTES_A_SECOND = 1000, 300_000  # in which it is sent; a cable would take 3,125

console = Console(stderr=True, highlight=False)


@dataclass(frozen=True, slots=True)
class Spread:
    """Some measured times, in ms."""

    p50: float
    p95: float
    p99: float
    max: float
    count: int

    @classmethod
    def of(cls, seconds: Sequence[float]) -> "Spread":
        """How some times, in seconds, are spread."""
        times = np.asarray(seconds or [0.0]) * MILLISECONDS
        p50, p95, p99 = (round(float(np.percentile(times, share)), 3) for share in (50, 95, 99))
        return cls(p50, p95, p99, round(float(times.max()), 3), len(seconds))


@dataclass(slots=True)
class Synth:
    """What comes out at the far end of the output's cable."""

    strikes: list[tuple[float, int, int]] = field(default_factory=list)  # when, pitch, velocity
    sounding: Sounding = field(default_factory=Sounding)
    silent_at: float = 0.0  # since when, where nothing sounds

    def hear(self, data: bytes, at: float) -> None:
        """Called in the port's thread."""
        message = parse(data)
        if isinstance(message, NoteOn):
            self.strikes.append((at, message.pitch, message.velocity))
        was_silent = self.sounding.is_silent
        self.sounding.follow(data)
        if self.sounding.is_silent and not was_silent:
            self.silent_at = at

    def heard(self, pitch: int, after: int) -> float | None:
        """When a key of the player's came through, after so many strikes; waits for it."""
        give_up_at = time.perf_counter() + LONG_ENOUGH
        while time.perf_counter() < give_up_at:
            for at, struck, velocity in self.strikes[after:]:
                if (struck, velocity) == (pitch, OURS):
                    return at
            time.sleep(0.005)
        return None


@dataclass(frozen=True, slots=True)
class Stage:
    """A keyboard and a synth of our own, between which the instrument is put."""

    keyboard: ports.OutputPort
    synth: Synth
    input_name: str  # of the instrument's
    output_name: str


@contextmanager
def stage() -> Iterator[Stage]:
    """Ports of our own, on the JACK server that runs or on one that is started."""
    with ExitStack() as open_things:
        if sys.platform == "linux" and running_server() is None:
            open_things.enter_context(own_server())
        synth = Synth()
        open_things.enter_context(closing(ports.open_virtual_input(synth.hear)))
        keyboard = open_things.enter_context(closing(ports.open_virtual_output()))
        ours = ports.match(ports.VIRTUAL_OUTPUT, ports.input_names())
        yield Stage(keyboard, synth, ours, ports.match(ports.VIRTUAL_INPUT, ports.output_names()))


def jack_alone(on: Stage) -> Spread:
    """What two cables and a program that sends on at once take, with none of the instrument."""
    times: list[float] = []
    with ExitStack() as open_things:
        there = open_things.enter_context(closing(ports.open_output(on.output_name)))
        loop = ports.open_input(on.input_name, lambda data, _: there.send(data))
        open_things.enter_context(closing(loop))
        for _ in range(LOOPS):
            before, struck_at = len(on.synth.strikes), time.perf_counter()
            on.keyboard.send(note_on(0, 60, OURS))
            time.sleep(random.uniform(0.01, 0.02))
            heard_at = on.synth.heard(60, before)
            if heard_at is not None:
                times.append(heard_at - struck_at)
        on.keyboard.send(note_off(0, 60))
        time.sleep(0.1)
    time.sleep(0.5)  # JACK has done with the ports that went before others come
    return Spread.of(times)


@dataclass(slots=True)
class Measured:
    """What came of some playing; times in seconds."""

    thru: list[float] = field(default_factory=list)  # from the key to the synth
    lateness: list[float] = field(default_factory=list)  # of the answers' messages, as they go out
    at_synth: list[float] = field(default_factory=list)  # of the answers' notes: JACK's time too
    first: list[float] = field(default_factory=list)  # from the decision to the first note
    lost: int = 0  # keys of the player's that never came through
    played: int = 0
    kept: int = 0  # keys of the player's in the takes
    dropped: int = 0  # notes of the answers' that came too late
    too_slow: int = 0
    hanging: int = 0  # keys that still sound at the end
    priority: str = ""
    troubles: list[str] = field(default_factory=list)
    memory: list[tuple[float, float]] = field(default_factory=list)  # seconds, MB


class Performance:
    """An engine between a keyboard and a synth, and what it tells."""

    def __init__(self, on: Stage, model: Path, takes: Path, seed: int, best_of: int = 1) -> None:
        """Begin it. Raises Refusal where it does not play."""
        length, silence = Fixed(Limit(seconds=ANSWER)), Silence.fixed(SILENCE)
        settings = Settings(silence=silence, length=length, seed=seed, best_of=best_of)
        self.on = on
        self.measured = Measured()
        self.recovered: list[Path] = []
        self.through: list[float] = []  # when the keys were struck that came through
        self._due: list[tuple[float, int, int]] = []  # the answers' notes, as Synth has them
        self.readies = 0
        self.engine = Engine(Plan(model, settings, takes, (on.input_name,), on.output_name))
        self._listening = threading.Thread(target=self._follow)
        self._listening.start()
        if not self.is_ready(1):
            self.end()
            raise Refusal("; ".join(self.measured.troubles) or "The engine does not begin.")

    def is_ready(self, times: int) -> bool:
        """Whether it has begun so many times; waits for it."""
        waited(lambda: self.readies >= times or self.is_over)
        return self.readies >= times

    @property
    def is_over(self) -> bool:
        """Whether the engine has said its last word."""
        return not self._listening.is_alive()

    def play_phrase(self, dice: random.Random, is_over: Callable[[], bool] = bool) -> None:
        """Play some keys, with or without pedal, and see each come through."""
        pitch, has_pedal = dice.randint(50, 75), dice.random() < 0.3
        if has_pedal:
            self.on.keyboard.send(sustain(0, 127))
        for _ in range(dice.randint(3, 9)):
            pitch = min(max(pitch + dice.choice((-5, -3, -2, -1, 1, 2, 3, 5)), 40), 88)
            time.sleep(dice.uniform(0.05, 0.3))
            if is_over():
                return
            self._strike(pitch)
        if has_pedal:
            self.on.keyboard.send(sustain(0, 0))

    def end(self) -> Measured:
        """Let it keep its take; what still sounds then hangs."""
        self.engine.tell(Quit())
        self._listening.join(PATIENCE)
        waited(lambda: self.on.synth.sounding.is_silent, LONG_ENOUGH)
        self.measured.hanging += len(self.on.synth.sounding.releases())
        self.measured.at_synth = delays(self._due, self.on.synth.strikes)
        return self.measured

    def _strike(self, pitch: int) -> None:
        before, struck_at = len(self.on.synth.strikes), time.perf_counter()
        self.on.keyboard.send(note_on(0, pitch, OURS))
        self.measured.played += 1
        time.sleep(0.05)
        self.on.keyboard.send(note_off(0, pitch))
        heard_at = self.on.synth.heard(pitch, before)
        if heard_at is None:
            self.measured.lost += 1
        else:
            self.measured.thru.append(heard_at - struck_at)
            self.through.append(struck_at)

    def _follow(self) -> None:
        into, zero = self.measured, 0.0
        for news in self.engine.news(0.05):
            match news:
                case Ready(priority=priority, zero_at=zero_at):
                    into.priority = priority
                    zero = zero_at - time.time() + time.perf_counter()
                    self.readies += 1
                case Late(seconds):
                    into.lateness.append(seconds)
                case Sent(message) if message.by is Player.MODEL:
                    meant = parse(message.data)
                    if isinstance(meant, NoteOn):
                        self._due.append((zero + message.due, meant.pitch, meant.velocity))
                case Answered(heard=heard, began_at=began_at):
                    into.first.append(began_at - heard.end)
                case Dropped(notes):
                    into.dropped += notes
                case TooSlow():
                    into.too_slow += 1
                case Remark(sentence) if "is recovered: " in sentence:
                    self.recovered.append(Path(sentence.partition("is recovered: ")[2]))
                case Trouble(sentence) | Refused(sentence):
                    into.troubles.append(sentence)


def delays(
    due: Sequence[tuple[float, int, int]], heard: Sequence[tuple[float, int, int]]
) -> list[float]:
    """From when each note was due to when it was heard: the first that is like it, and near.

    >>> delays([(1.0, 60, 70), (1.5, 62, 70)], [(1.25, 60, 70), (1.5, 60, 99), (1.75, 62, 70)])
    [0.25, 0.25]
    """
    found, begin = [], 0
    for moment, *note in due:
        while begin < len(heard) and heard[begin][0] < moment - NEAR:
            begin += 1
        for at, *other in heard[begin : begin + MANY]:
            if other == note and at < moment + LONG_ENOUGH:
                found.append(at - moment)
                break
    return found


def waited(is_so: Callable[[], bool], seconds: float = PATIENCE) -> bool:
    """Whether something came to be so in time."""
    give_up_at = time.monotonic() + seconds
    while not is_so() and time.monotonic() < give_up_at:
        time.sleep(0.005)
    return is_so()


def perform(on: Stage, model: Path, seconds: float, seed: int, best_of: int) -> Measured:
    """Play phrases, wait for answers and interrupt one in four, for so long."""
    dice = random.Random(seed)
    with tempfile.TemporaryDirectory() as folder:
        performance = Performance(on, model, Path(folder), seed, best_of)
        try:
            _play_on(performance, dice, seconds)
        finally:
            into = performance.end()
        takes = [read_take(path) for path in sorted(Path(folder).glob("*.mid"))]
        into.kept = sum(len(take.notes(Player.HUMAN)) for take in takes)
        return into


def _play_on(performance: Performance, dice: random.Random, seconds: float) -> None:
    into, began = performance.measured, time.monotonic()
    with Progress(console=console, transient=True) as progress:
        bar = progress.add_task("playing", total=seconds)
        while (played := time.monotonic() - began) < seconds and not performance.is_over:
            performance.play_phrase(dice)
            is_interrupted = dice.random() < 0.25
            time.sleep(SILENCE + (dice.uniform(0.2, ANSWER) if is_interrupted else ANSWER + 0.6))
            progress.update(bar, completed=played)
            if not into.memory or played - into.memory[-1][0] >= SAMPLING:
                into.memory.append((played, memory_of(performance.engine.pid)))


def memory_of(pid: int) -> float:
    """MB that a process holds for itself alone; 0 where the system does not tell."""
    try:
        status = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0.0
    private = (line.split() for line in status.splitlines() if line.startswith("Private_"))
    return sum(int(words[1]) for words in private) / 1024


def growth(memory: Sequence[tuple[float, float]]) -> float:
    """MB by which memory grew from when it was warm to the end: medians of five looks each.

    >>> growth([(10.0 * n, 80.0 if n < 12 else 100.0 + n / 10) for n in range(40)])
    2.3
    """
    warm = [held for at, held in memory if at >= WARM]
    if len(warm) < 10:
        return 0.0
    return round(float(np.median(warm[-5:]) - np.median(warm[:5])), 2)


# What is asked for


@dataclass(frozen=True, slots=True)
class Result:
    """The figures of one performance; times in ms."""

    priority: str
    model: str
    minutes: float
    jack_alone: Spread
    thru: Spread
    thru_beyond_jack: float  # at p99
    lateness: Spread
    at_synth: Spread
    first_note: Spread
    lost: int
    played: int
    kept: int
    dropped: int
    too_slow: int
    hanging: int
    troubles: tuple[str, ...]
    memory_growth: float  # MB

    @classmethod
    def of(cls, into: Measured, alone: Spread, model: Path, minutes: float) -> "Result":
        """What was measured."""
        thru = Spread.of(into.thru)
        return cls(
            into.priority,
            model.stem,
            minutes,
            alone,
            thru,
            round(thru.p99 - alone.p99, 3),
            Spread.of(into.lateness),
            Spread.of(into.at_synth),
            Spread.of(into.first),
            into.lost,
            into.played,
            into.kept,
            into.dropped,
            into.too_slow,
            into.hanging,
            tuple(into.troubles),
            growth(into.memory),
        )

    @property
    def missed(self) -> list[str]:
        """The targets that were missed."""
        are_met = {
            "lateness p99 up to 1.5 ms": self.lateness.p99 <= 1.5,
            "lateness max up to 10 ms": self.lateness.max <= 10.0,
            "thru p99 up to 1.5 ms beyond JACK": self.thru_beyond_jack <= 1.5,
            "decision to first note p99 up to 10 ms": self.first_note.p99 <= 10.0,
            "no key lost": self.lost == 0,
            "every key in the take": self.kept == self.played,
            "no key hanging": self.hanging == 0,
            "no trouble": not self.troubles,
            f"memory grows by up to {GROWTH:g} MB": self.memory_growth <= GROWTH,
        }
        return [what for what, is_met in are_met.items() if not is_met]


def _print(results: Sequence[Result]) -> None:
    table = Table("", *(result.priority for result in results))
    for what, name in (
        ("JACK alone", "jack_alone"),
        ("thru", "thru"),
        ("lateness", "lateness"),
        ("from due to the synth, JACK included", "at_synth"),
        ("decision to first note", "first_note"),
    ):
        spreads: list[Spread] = [getattr(result, name) for result in results]
        table.add_row(
            f"{what}: p50 / p95 / p99 / max, ms (times)",
            *(
                f"{s.p50:.2f} / {s.p95:.2f} / {s.p99:.2f} / {s.max:.2f} ({s.count})"
                for s in spreads
            ),
        )
    for what in (
        "thru_beyond_jack",
        "played",
        "kept",
        "lost",
        "dropped",
        "hanging",
        "memory_growth",
    ):
        table.add_row(what.replace("_", " "), *(str(getattr(result, what)) for result in results))
    table.add_row("troubles", *("; ".join(result.troubles) or "none" for result in results))
    table.add_row("missed", *(", ".join(result.missed) or "nothing" for result in results))
    Console().print(table)


def _write(path: Path | None, facts: object) -> None:
    if path is not None:
        path.write_text(json.dumps(facts, indent=2) + "\n")


MODEL = click.option("--model", "model_name", metavar="M", help="A model's name, or a file.")
JSON = click.option(
    "--json", "path", type=click.Path(path_type=Path), metavar="FILE", help="Write it there."
)
MINUTES = click.option("--minutes", type=click.FloatRange(min=0.1), default=10.0, show_default=True)
SEED = click.option("--seed", type=int, default=1, show_default=True)
BEST_OF = click.option(
    "--best-of",
    type=click.IntRange(1, 64),
    default=8,
    show_default=True,
    metavar="K",
    help="Answers that are thought of in the silence; 1: the first thought is played.",
)


@click.group()
def main() -> None:
    """Measure the instrument on a stage."""


@main.command()
@MODEL
@JSON
@MINUTES
@SEED
@BEST_OF
def play(
    model_name: str | None, path: Path | None, minutes: float, seed: int, best_of: int
) -> None:
    """Play beside a window that repaints and a core that is busy, with and without priority."""
    model, results = find_model(model_name), []
    with stage() as on, repainting(), busy(cores=1):
        alone = jack_alone(on)
        for wish in ("", ORDINARY):
            with _wishing(wish):
                into = perform(on, model, 60 * minutes, seed, best_of)
            results.append(Result.of(into, alone, model, minutes))
    _print(results)
    _write(path, [{**asdict(result), "missed": result.missed} for result in results])
    sys.exit(bool(results[0].missed))


@main.command()
@MODEL
@JSON
@MINUTES
@SEED
@BEST_OF
def soak(
    model_name: str | None, path: Path | None, minutes: float, seed: int, best_of: int
) -> None:
    """Play for long: no key hangs, none is lost, and memory stands still."""
    model = find_model(model_name)
    with stage() as on:
        into = perform(on, model, 60 * minutes, seed, best_of)
        result = Result.of(into, Spread.of([]), model, minutes)
    _print([result])
    _write(path, {**asdict(result), "memory": into.memory, "missed": result.missed})
    sys.exit(
        bool(result.lost or result.hanging or result.troubles)
        or result.kept != result.played
        or result.memory_growth > GROWTH
    )


@main.command("flood")
@MODEL
@JSON
@SEED
@click.option("--seconds", type=click.FloatRange(min=1.0), default=60.0, show_default=True)
def flood_(model_name: str | None, path: Path | None, seed: int, seconds: float) -> None:
    """Send a thousand messages a second beside the player's keys, broken ones among them."""
    model = find_model(model_name)
    with stage() as on:
        into = flooded(on, model, seconds, seed)
    facts = {"played": into.played, "lost": into.lost, "kept": into.kept, "hanging": into.hanging}
    Console().print(facts, Spread.of(into.thru))
    _write(path, {**facts, "thru": asdict(Spread.of(into.thru))})
    sys.exit(bool(into.lost or into.hanging) or into.kept != into.played)


def flooded(on: Stage, model: Path, seconds: float, seed: int) -> Measured:
    """Play beside a keyboard that floods, and ends with a message of a megabyte."""
    dice, is_over = random.Random(seed), threading.Event()
    with tempfile.TemporaryDirectory() as folder:
        performance = Performance(on, model, Path(folder), seed)
        flooding = threading.Thread(target=_flood, args=(on.keyboard, is_over))
        flooding.start()
        ends_at = time.monotonic() + seconds
        while time.monotonic() < ends_at:
            performance.play_phrase(dice)
        is_over.set()
        flooding.join()
        for start in range(0, len(ENDLESS), PIECE):
            on.keyboard.send_raw(ENDLESS[start : start + PIECE])
            time.sleep(PIECE / BYTES_A_SECOND)
        performance.play_phrase(dice)
        into = performance.end()
        takes = [read_take(path) for path in sorted(Path(folder).glob("*.mid"))]
        into.kept = sum(len(take.notes(Player.HUMAN)) for take in takes)
        return into


def _flood(keyboard: ports.OutputPort, is_over: threading.Event) -> None:
    """What a keyboard sends that nobody plays: wheels, clock, active sensing, and half messages."""
    due, number = time.perf_counter(), 0
    while not is_over.is_set():
        keyboard.send_raw(CLUTTER[number % len(CLUTTER)])
        number += 1
        due = max(due + 1 / FLOOD, time.perf_counter() - 0.1)
        time.sleep(max(due - time.perf_counter(), 0.0))


@dataclass(frozen=True, slots=True)
class Death:
    """What came of one death."""

    released: float | None  # seconds until nothing sounded; None where something still does
    was_sounding: bool
    again: float | None  # seconds until it played again; None where it did not
    lost: int  # keys that had been on the disk, and are in no take


@main.command()
@MODEL
@JSON
@SEED
@click.option("--count", type=click.IntRange(min=1), default=50, show_default=True)
def kills(model_name: str | None, path: Path | None, seed: int, count: int) -> None:
    """Kill the engine at random moments: its keys come up, it plays on, and no take is lost."""
    model, dice = find_model(model_name), random.Random(seed)
    deaths: list[Death] = []
    with stage() as on, Progress(console=console, transient=True) as progress:
        bar = progress.add_task("dying", total=count)
        while len(deaths) < count:
            with tempfile.TemporaryDirectory() as takes:
                performance = Performance(on, model, Path(takes), seed + len(deaths))
                for life in range(min(LIVES, count - len(deaths))):
                    deaths.append(_die(performance, dice, life + 1))
                    progress.update(bar, completed=len(deaths))
                performance.end()
    _print_deaths(deaths)
    _write(path, [asdict(death) for death in deaths])
    sys.exit(any(is_bad(death) for death in deaths))


def is_bad(death: Death) -> bool:
    """Whether a key hung for too long, it did not play again, or a note was lost."""
    is_late = death.released is None or death.released > RELEASED
    return is_late or death.again is None or death.lost > 0


def _die(performance: Performance, dice: random.Random, life: int) -> Death:
    """Play until a moment that nobody knows; the engine is killed then, or when next it sounds."""
    synth, began = performance.on.synth, time.perf_counter()
    killed_at: list[float] = []
    was_sounding: list[bool] = []

    def kill() -> None:
        waited(lambda: not synth.sounding.is_silent, ANSWER)
        was_sounding.append(not synth.sounding.is_silent)
        killed_at.append(time.perf_counter())
        os.kill(performance.engine.pid, signal.SIGKILL)

    killer = threading.Timer(dice.uniform(0.3, 6.0), kill)
    killer.start()
    while not killed_at:
        performance.play_phrase(dice, lambda: bool(killed_at))
        waited(lambda: bool(killed_at), SILENCE + dice.uniform(0.2, ANSWER))
    killer.join()
    is_silent = waited(lambda: synth.sounding.is_silent, 5.0)
    released = max(synth.silent_at - killed_at[0], 0.0) if is_silent else None
    is_back = performance.is_ready(life + 1)
    again = time.perf_counter() - killed_at[0] if is_back else None
    written = [at for at in performance.through if began <= at < killed_at[0] - WRITTEN]
    lost = len(written) - _recovered(performance) if written else 0
    return Death(released, was_sounding[0], again, max(lost, 0))


def _recovered(performance: Performance) -> int:
    if not performance.recovered:
        return 0
    return len(read_take(performance.recovered.pop()).notes(Player.HUMAN))


def _print_deaths(deaths: Sequence[Death]) -> None:
    sounding = [each.released for each in deaths if each.was_sounding and each.released is not None]
    again = [each.again for each in deaths if each.again is not None]
    table = Table("", "")
    table.add_row("deaths, while something sounded", f"{len(deaths)}, {len(sounding)}")
    for what, times in (("until all keys were up", sounding), ("until it played again", again)):
        spread = Spread.of(times)
        table.add_row(f"{what}: p50 / p99 / max, ms", f"{spread.p50} / {spread.p99} / {spread.max}")
    table.add_row("keys that hung", str(sum(each.released is None for each in deaths)))
    table.add_row("engines that did not come back", str(sum(each.again is None for each in deaths)))
    table.add_row("keys lost of those written down", str(sum(each.lost for each in deaths)))
    Console().print(table)


@contextmanager
def _wishing(priority: str) -> Iterator[None]:
    """While it lasts, engines that begin ask for this priority."""
    os.environ[WISH] = priority
    try:
        yield
    finally:
        del os.environ[WISH]


if __name__ == "__main__":
    try:
        main()
    except Refusal as refusal:
        click.echo(f"bench: {refusal}", err=True)
        sys.exit(2)
