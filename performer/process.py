"""The engine in a process of its own, so that nothing on the screen can delay a key.

The rules kept here: what crosses between the processes is a frozen value on a queue; the engine
ends by itself, keys up and take kept, when the other process is gone. Where the engine dies, this
side releases what it left sounding, at once, and starts it again.
"""

import multiprocessing
import multiprocessing.connection
import queue
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass, replace
from multiprocessing.queues import Queue
from pathlib import Path
from time import monotonic, sleep

from performer.cables import Cables
from performer.composer import Composer
from performer.continuation import maker
from performer.engine import Hands, Sent, Sounds, perform
from performer.improviser import Improviser
from performer.inbox import Inbox, Scripted
from performer.journal import Journal, recover
from performer.messages import Event, Heard, LastPhrase, Quit, Remark, Report, Trouble
from performer.midi import SYSEX, note_off, sustain
from performer.model import Model
from performer.notes import Phrase
from performer.ports import (
    Lookout,
    PortError,
    open_output,
    open_virtual_input,
    open_virtual_output,
)
from performer.priority import undisturbed
from performer.prompt import as_heard
from performer.recorder import Recorder, keep
from performer.refusal import Refusal
from performer.session import Session, Settings
from performer.synth import SynthError, open_synth, render
from performer.take import Take

SYNTH, NONE, VIRTUAL = "synth", "none", "virtual"  # outputs that are no port's name
LEAD = 0.5  # seconds before a prompt begins to play
LIVES = 3  # times that the engine is started again
PITCHES = 128
SETTLING = 0.15  # seconds until JACK has done with the ports of a process that died
DELIVERED = 0.05  # seconds until the last message is through, before the port is closed


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be performed, with what, and where the take is kept."""

    model: Path
    settings: Settings
    takes: Path
    inputs: tuple[str, ...]  # names of ports
    output: str  # the name of a port, or SYNTH, NONE or VIRTUAL
    is_virtual: bool = False  # a virtual input besides
    prompt: Phrase | None = None  # played as the player would, then answered
    seconds: float | None = None  # after which it ends
    has_wav: bool = False  # the take is rendered to a .wav too


@dataclass(frozen=True, slots=True)
class Ready:
    """The engine plays: with which model, from where to where."""

    model: str
    inputs: tuple[str, ...]
    output: str
    priority: str = ""  # that the system granted


@dataclass(frozen=True, slots=True)
class Refused:
    """The engine could not begin: one sentence for the player."""

    sentence: str


@dataclass(frozen=True, slots=True)
class Kept:
    """The take was kept; the .wav too where there is one."""

    take: Path
    wav: Path | None


@dataclass(frozen=True, slots=True)
class Ended:
    """The engine's last word."""


News = Report | Sent | Ready | Refused | Kept | Ended


class Engine:
    """The engine process, seen from outside."""

    def __init__(self, plan: Plan) -> None:
        """Start the process."""
        self._plan = plan
        self._channels = {0}  # on which it has played
        self._is_ready = self._is_asked_to_end = False
        self._lives = LIVES
        self._begin(plan)

    def _begin(self, plan: Plan) -> None:
        context = multiprocessing.get_context("spawn")
        self._events: Queue[Event] = context.Queue()
        self._news: Queue[News] = context.Queue()
        self._process = context.Process(
            target=_run, args=(plan, self._events, self._news), name="engine"
        )
        self._began_at = monotonic()
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # inherited: Ctrl-C is not for it
        self._process.start()
        signal.signal(signal.SIGINT, before)
        self._watchdog = threading.Thread(target=self._watch, name="watchdog", daemon=True)
        self._watchdog.start()

    def tell(self, event: Event) -> None:
        """Let something happen in the engine."""
        self._is_asked_to_end |= isinstance(event, Quit)
        self._events.put(event)

    def news(self, pause: float) -> Iterator[News | None]:
        """All that the engine tells, until it ends; None whenever it is silent for `pause`."""
        while True:
            try:
                news = self._news.get(timeout=pause)
            except queue.Empty:
                if self._process.is_alive():
                    yield None
                    continue
                if not self._begin_again():
                    yield Refused("The engine stopped unexpectedly.")
                    return
                news = Trouble("The engine stopped unexpectedly. It is started again.")
            if isinstance(news, Ended):
                self._process.join(timeout=5)
                return
            self._follow(news)
            yield news

    def _follow(self, news: News) -> None:
        match news:
            case Ready():
                self._is_ready = True
            case Sent(message) if message.data[0] < SYSEX:
                self._channels.add(message.data[0] & 0x0F)

    def _watch(self) -> None:
        """Wait for the process to end; where it was not of its own accord, release the keys."""
        process = self._process
        multiprocessing.connection.wait([process.sentinel])
        while process.exitcode is None:  # another thread is just being told
            sleep(0.001)
        if process.exitcode != 0 and self._plan.output not in (SYNTH, NONE, VIRTUAL):
            sleep(SETTLING)
            release_all(self._plan.output, sorted(self._channels))

    def _begin_again(self) -> bool:
        """Start a new process, unless the old one never played, or died too often."""
        self._watchdog.join(timeout=5)
        if not self._is_ready or self._is_asked_to_end or self._lives == 0:
            return False
        self._lives -= 1
        for old in (self._events, self._news):
            old.cancel_join_thread()
            old.close()
        self._plan = _rest_of(self._plan, monotonic() - self._began_at)
        self._begin(self._plan)
        return True


def _rest_of(plan: Plan, seconds: float) -> Plan:
    """What is left of a plan after so many seconds; a prompt that nobody else can replace stays."""
    has_player = bool(plan.inputs) or plan.is_virtual
    return replace(
        plan,
        prompt=None if has_player else plan.prompt,
        seconds=None if plan.seconds is None else max(plan.seconds - seconds, 0.0),
    )


def release_all(output: str, channels: Iterable[int]) -> None:
    """Let go of all keys and pedals of an output, whoever struck them."""
    try:
        port = open_output(output)
    except PortError:
        return  # it has gone too
    with closing(port), suppress(PortError):
        for channel in channels:
            port.send(sustain(channel, 0))
            for pitch in range(PITCHES):
                port.send(note_off(channel, pitch))
        sleep(DELIVERED)


def _run(plan: Plan, events: "Queue[Event]", news: "Queue[News]") -> None:
    signal.signal(signal.SIGTERM, lambda *_: events.put(Quit()))
    try:
        _perform(plan, events, news.put)
    except Refusal as refusal:
        news.put(Refused(str(refusal)))
    except Exception as failure:
        news.put(Refused(f"The engine stopped unexpectedly: {failure!r}."))
    finally:
        news.put(Ended())


def _perform(plan: Plan, events: "Queue[Event]", tell: Callable[[News], None]) -> None:
    improviser = Improviser(Model.load(plan.model))
    recorder = Recorder(maker(improviser))
    for recovered in recover(plan.takes):
        tell(Remark(f"A take that was cut short is recovered: {recovered}"))
    journal = Journal(maker(improviser), plan.takes, tell)
    with ExitStack() as open_things:
        panel = Lookout()
        open_things.callback(panel.close)
        cables = Cables(panel, tell)
        open_things.callback(cables.close)
        output, sounds_on = _open_output(plan.output, cables, open_things, tell)
        inbox = Inbox(_script(plan))
        names = _open_inputs(plan, inbox, cables, open_things)
        composer = Composer(improviser, inbox.put)
        open_things.callback(composer.close)
        cables.watch()
        _listen(events, inbox)

        def record(what: Sent | Report) -> None:
            recorder.hear(what)
            journal.hear(what)
            tell(what)

        try:
            with undisturbed() as priority:
                where = (names, sounds_on or "nothing")
                tell(Ready(improviser.model.card.name, *where, priority.value))
                perform(Session(plan.settings), inbox, Hands(output, composer.ask, record))
        finally:
            journal.close()
            _keep(recorder.take, journal, plan, plan.has_wav or sounds_on is None, tell)


def _script(plan: Plan) -> list[Scripted]:
    script: list[Scripted] = []
    if plan.prompt is not None:
        script += as_heard(plan.prompt, at=LEAD)
        script.append((script[-1][0], LastPhrase()))
    if plan.seconds is not None:
        script.append((plan.seconds, Quit()))
    return script


class _Silence:
    """An output that nobody hears."""

    def send(self, message: bytes) -> None:
        """Do nothing."""


def _open_output(
    name: str, cables: Cables, open_things: ExitStack, tell: Callable[[News], None]
) -> tuple[Sounds, str | None]:
    """The output and its name; no name where it was meant to sound and cannot."""
    if name == NONE:
        return _Silence(), "nothing"
    if name == SYNTH:
        try:
            synth = open_synth()
        except SynthError as silent:
            tell(Trouble(f"{silent} What it sounds like is kept beside the take."))
            return _Silence(), None
        open_things.callback(synth.close)
        return synth, "the built-in piano"
    if name != VIRTUAL:
        output = cables.play_to(name)
        return output, output.name
    port = open_virtual_output()
    open_things.callback(port.close)
    return port, port.name


def _open_inputs(
    plan: Plan, inbox: Inbox, cables: Cables, open_things: ExitStack
) -> tuple[str, ...]:
    cables.listen_to(plan.inputs, inbox)
    if not plan.is_virtual:
        return plan.inputs

    def hear(data: bytes, stamp: float) -> None:
        inbox.put(Heard(data, stamp - inbox.origin, VIRTUAL))

    port = open_virtual_input(hear)
    open_things.callback(port.close)
    return (*plan.inputs, port.name)


def _listen(events: "Queue[Event]", inbox: Inbox) -> None:
    """Pass on what the other process says, and end when it is gone."""

    def pass_on() -> None:
        while True:
            inbox.put(events.get())

    def watch() -> None:
        parent = multiprocessing.parent_process()
        if parent is not None:
            multiprocessing.connection.wait([parent.sentinel])
            inbox.put(Quit())

    for work in (pass_on, watch):
        threading.Thread(target=work, name=work.__name__, daemon=True).start()


def _keep(
    take: Take, journal: Journal, plan: Plan, has_wav: bool, tell: Callable[[News], None]
) -> None:
    if not take.messages:
        return
    path = keep(take, plan.takes)
    journal.forget()
    wav = path.with_suffix(".wav") if has_wav else None
    if wav is not None:
        render([(message.at, message.data) for message in take.messages], wav)
    tell(Kept(path, wav))
