"""The engine in a process of its own, so that nothing on the screen can delay a key.

The rules kept here: what crosses between the processes is a frozen value on a queue; the engine
ends by itself, keys up and take kept, when the other process is gone. Where the engine dies, the
stage box lets go of what it left sounding, and this side starts it again as it was set last.
"""

import multiprocessing
import multiprocessing.connection
import queue
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from multiprocessing.queues import Queue
from pathlib import Path

from performer.bindings import Bind, Bindings, Controls, Done, Learn, Learnt, event_of
from performer.composer import Composer
from performer.continuation import maker
from performer.critic import critic_or_none
from performer.engine import Hands, Late, Sent, perform
from performer.improviser import Improviser
from performer.inbox import Inbox, Scripted
from performer.journal import recover
from performer.messages import (
    ChangeModel,
    ChangePorts,
    Event,
    Heard,
    LastPhrase,
    Player,
    Quit,
    Remark,
    Report,
    Retune,
    TooSlow,
    Trouble,
    Unplugged,
)
from performer.model import Model
from performer.notes import Phrase
from performer.ports import VIRTUAL as VIRTUAL  # as an input, as an output
from performer.priority import undisturbed
from performer.prompt import as_heard
from performer.refusal import Refusal
from performer.schedule import Due
from performer.session import Session, Settings
from performer.stage import NONE as NONE
from performer.stage import SYNTH as SYNTH
from performer.stage import Kept as Kept
from performer.stage import PortsChanged as PortsChanged
from performer.stage import SetUp, Stage, Takes
from performer.stage_box import GONE, End, Line, StageBox

LEAD = 0.5  # seconds before a prompt begins to play
LIVES = 3  # times that the engine is started again


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
    bindings: Bindings = field(default_factory=Bindings)  # of pedals and keys

    @property
    def ports(self) -> ChangePorts:
        """What is listened to and played, by name."""
        return ChangePorts((*self.inputs, *((VIRTUAL,) if self.is_virtual else ())), self.output)


@dataclass(frozen=True, slots=True)
class Ready:
    """The engine plays: with which model, from where to where."""

    model: str
    inputs: tuple[str, ...]
    output: str
    priority: str = ""  # that the system granted
    zero_at: float = 0.0  # when the engine's clock began, by `time.time()`


@dataclass(frozen=True, slots=True)
class Refused:
    """The engine could not begin: one sentence for the player."""

    sentence: str


@dataclass(frozen=True, slots=True)
class Ended:
    """The engine's last word."""


Told = Event | Bind | Learn
News = Report | Sent | Late | Ready | PortsChanged | Learnt | Done | Refused | Kept | SetUp | Ended


class Engine:
    """The engine process, seen from outside."""

    def __init__(self, plan: Plan) -> None:
        """Start the process."""
        self._plan = plan
        self._is_ready = self._is_asked_to_end = False
        self._lives = LIVES
        with _uninterrupted():
            self._box = StageBox(1 + LIVES)
        self._begin()

    def _begin(self) -> None:
        context = multiprocessing.get_context("spawn")
        self._events: Queue[Told] = context.Queue()
        self._news: Queue[News] = context.Queue()
        self._process = context.Process(
            target=_run,
            args=(self._plan, self._events, self._news, self._box.next_end),
            name="engine",
        )
        self._began_at = time.monotonic()
        with _uninterrupted():
            self._process.start()
        self._box.let_go()
        # The engine alone can write: else who reads would wait for the rest of a word half written.
        self._news._writer.close()  # type: ignore[attr-defined]

    @property
    def pid(self) -> int:
        """The number of the process."""
        return self._process.pid or 0

    def tell(self, event: Told) -> None:
        """Let something happen in the engine."""
        match event:
            case Quit():
                self._is_asked_to_end = True
            case Retune():
                self._retuned(event)
            case Bind(bindings):
                self._plan = replace(self._plan, bindings=bindings)
        self._events.put(event)

    def _retuned(self, to: Retune) -> None:
        self._plan = replace(self._plan, settings=self._plan.settings.retuned(to))

    def news(self, pause: float) -> Iterator[News | None]:
        """All that the engine tells, until it ends; None whenever it is silent for `pause`."""
        while True:
            try:
                news = self._news.get(timeout=pause)
            except queue.Empty:
                yield None
                continue
            except (EOFError, OSError):
                if not self._begin_again():
                    self._box.dismiss()
                    yield Refused("The engine stopped unexpectedly.")
                    return
                news = Trouble("The engine stopped unexpectedly. It is started again.")
            match news:
                case Ended():
                    self._process.join(timeout=5)
                    self._box.dismiss()
                    return
                case SetUp(model, ports):
                    self._plan = _set_up(self._plan, model, ports)
                    continue
                case Done(_, to) if to is not None:
                    self._retuned(to)
                case Ready():
                    self._is_ready = True
            yield news

    def _begin_again(self) -> bool:
        """Start a new process, unless the old one never played, or died too often."""
        self._process.join(timeout=5)
        if not self._is_ready or self._is_asked_to_end or self._lives == 0:
            return False
        self._lives -= 1
        for old in (self._events, self._news):
            old.cancel_join_thread()
            old.close()
        self._plan = _rest_of(self._plan, time.monotonic() - self._began_at)
        self._begin()
        return True


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Processes that are started while it lasts are not ended by Ctrl-C."""
    if threading.current_thread() is not threading.main_thread():
        yield  # there it cannot be set; they ignore it as soon as they run
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # inherited
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _rest_of(plan: Plan, seconds: float) -> Plan:
    """What is left of a plan after so many seconds; a prompt that nobody else can replace stays."""
    has_player = bool(plan.inputs) or plan.is_virtual
    return replace(
        plan,
        prompt=None if has_player else plan.prompt,
        seconds=None if plan.seconds is None else max(plan.seconds - seconds, 0.0),
    )


def _set_up(plan: Plan, model: Path, ports: ChangePorts) -> Plan:
    """The plan as it has been changed meanwhile."""
    inputs = tuple(name for name in ports.inputs if name != VIRTUAL)
    is_virtual = VIRTUAL in ports.inputs
    return replace(plan, model=model, inputs=inputs, output=ports.output, is_virtual=is_virtual)


def _run(plan: Plan, events: "Queue[Told]", news: "Queue[News]", end: End) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: events.put(Quit()))
    try:
        _perform(plan, events, news.put, end)
    except Refusal as refusal:
        news.put(Refused(str(refusal)))
    except Exception as failure:
        news.put(Refused(f"The engine stopped unexpectedly: {failure!r}."))
    finally:
        news.put(Ended())


def _perform(plan: Plan, events: "Queue[Told]", tell: Callable[[News], None], end: End) -> None:
    improviser = Improviser(Model.load(plan.model))
    for recovered in recover(plan.takes):
        tell(Remark(f"A take that was cut short is recovered: {recovered}"))

    def lost() -> None:
        tell(Trouble(GONE))
        events.put(Quit())

    controls = Controls(plan.bindings, plan.settings.as_retune)

    def hear(event: Heard | Unplugged) -> None:
        if isinstance(event, Unplugged):
            controls.let_go()
            inbox.put(event)
            return
        heard, done = controls.hear(event)
        if done is not None:
            tell(done)
        if isinstance(done, Done):
            inbox.put(event_of(done))
        if heard is not None:
            inbox.put(heard)

    with ExitStack() as open_things:
        line = Line(end, hear, tell, lost)
        stage = Stage(line, plan.model, tell)
        open_things.callback(stage.close)
        plugged = stage.plug(plan.ports)
        inbox = Inbox(_script(plan))
        composer = Composer(improviser, inbox.put, critic_or_none(improviser.model), inbox.now)
        open_things.callback(composer.close)
        has_wav = plan.has_wav
        takes = Takes(maker(improviser), plan.takes, lambda: has_wav or stage.is_silent, tell)
        stage.begin(composer)
        line.begin(inbox.origin)
        _listen(events, inbox, stage, controls)

        def record(what: Sent | Report) -> None:
            takes.hear(what)
            tell(what)
            if isinstance(what, Sent) and what.message.by is Player.MODEL:
                due = Due(what.message.due, what.message.data)
                if not line.expects(due):
                    tell(Late(what.lateness))
            if isinstance(what, TooSlow):
                stage.ask(what)

        try:
            with undisturbed() as priority:
                zero_at = time.time() - inbox.now()
                name = improviser.model.card.name
                tell(Ready(name, plugged.inputs, plugged.output, priority.value, zero_at))
                perform(
                    Session(plan.settings),
                    inbox,
                    Hands(stage.instrument, composer.ask, record, stage.instrument.expect),
                )
        finally:
            takes.close()


def _script(plan: Plan) -> list[Scripted]:
    script: list[Scripted] = []
    if plan.prompt is not None:
        script += as_heard(plan.prompt, at=LEAD)
        script.append((script[-1][0], LastPhrase()))
    if plan.seconds is not None:
        script.append((plan.seconds, Quit()))
    return script


def _listen(events: "Queue[Told]", inbox: Inbox, stage: Stage, controls: Controls) -> None:
    """Pass on what the other process says, and end when it is gone."""

    def pass_on() -> None:
        while True:
            match events.get():
                case ChangeModel() | ChangePorts() as wish:
                    stage.ask(wish)
                case Bind(bindings):
                    controls.bind(bindings)
                case Learn(is_on):
                    controls.learn(is_on)
                case event:
                    if isinstance(event, Retune):
                        controls.follow(event)
                    inbox.put(event)

    def watch() -> None:
        parent = multiprocessing.parent_process()
        if parent is not None:
            multiprocessing.connection.wait([parent.sentinel])
            inbox.put(Quit())

    for work in (pass_on, watch):
        threading.Thread(target=work, name=work.__name__, daemon=True).start()
