"""The stagehand: does what takes time, so that neither the window nor the engine need wait.

It looks which keyboards are plugged in, reads the models' cards and the takes, plays a take back,
writes sound files, and lets a model think of another answer. The rules kept here: it works in a
process of its own and is spoken to through queues; what it plays, it also lets go of.
"""

import getpass
import json
import multiprocessing
import multiprocessing.connection
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import replace
from multiprocessing.queues import Queue
from pathlib import Path
from statistics import fmean
from time import perf_counter, sleep
from types import MappingProxyType

from gui.errands import (
    AnswerKept,
    Check,
    Checked,
    Errand,
    Failed,
    Finding,
    Hush,
    Listed,
    ModelsRead,
    Opened,
    OpenTake,
    PlayBack,
    PlaybackBegan,
    PlaybackEnded,
    PortsSeen,
    Rate,
    RateTake,
    ReadModels,
    ReadTakes,
    TakesRead,
    ThinkAgain,
    Told,
    WriteBindings,
    WriteNotes,
    WriteSound,
    Written,
)
from gui.state import Begun, Scene
from performer.engine import Sent, Sounds
from performer.messages import Player, Send
from performer.prompt import read_messages
from performer.ratings import Rated, Rating, add, latest, ratings
from performer.refusal import Refusal
from performer.settings_file import write_bindings
from performer.take import Maker, Recorded, Take, read_take, write_take

LOOKING = 1.0  # seconds between two looks at the ports
RINGING = 1.5  # seconds that the last note is given to ring
LEAD = 0.1  # seconds before playing back begins: the device has woken by then
SYNTH, NONE = "synth", "none"  # outputs that are no port's name
CHECK = "from performer.command_line import main; main()"
LONGEST_CHECK = 300  # seconds
ALL_NOTES_OFF, ALL_SOUND_OFF = bytes([0xB0, 123, 0]), bytes([0xB0, 120, 0])
PEDAL_UP = bytes([0xB0, 64, 0])

Tell = Callable[[Told], None]


class Stagehand:
    """The stagehand's process, seen from the window."""

    def __init__(self) -> None:
        """Let the stagehand come."""
        context = multiprocessing.get_context("spawn")
        self._errands: Queue[Errand | None] = context.Queue()
        self._told: Queue[Told] = context.Queue()
        self._process = context.Process(
            target=_work, args=(self._errands, self._told), name="stagehand", daemon=True
        )
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # inherited: Ctrl-C is not for it
        self._process.start()
        signal.signal(signal.SIGINT, before)

    def ask(self, errand: Errand) -> None:
        """Send on an errand; returns at once."""
        self._errands.put(errand)

    def told(self) -> Iterator[Told]:
        """All that was told by now; returns at once."""
        while True:
            try:
                yield self._told.get_nowait()
            except queue.Empty:
                return

    def leave(self) -> None:
        """Let it hush and go home; at most a second or so."""
        self._errands.put(None)
        self._process.join(timeout=2)
        if self._process.is_alive():
            self._process.terminate()


def read(path: Path) -> Take:
    """A take; of a .mid that does not say how it was made, the notes alone. Raises Refusal."""
    try:
        return read_take(path)
    except Refusal:
        messages = read_messages(path)
        played = tuple(Recorded(at, Player.HUMAN, data) for at, data in messages)
        return Take(Maker("", ""), played, ())


def scene_of(take: Take) -> Scene:
    """The scene at the end of a take: as if one had watched it being played."""
    scene = Scene(True, Begun(take.maker.model, (), ""))
    for message in take.messages:
        scene = scene.after(Sent(Send(message.data, message.at, message.by), 0.0))
    return replace(scene.released(scene.last_at), answers=take.answers)


def _work(errands: "Queue[Errand | None]", told: "Queue[Told]") -> None:
    signal.signal(signal.SIGTERM, lambda *_: errands.put(None))
    tell = told.put
    desk: queue.SimpleQueue[Errand] = queue.SimpleQueue()
    for work in (lambda: _watch_ports(tell), lambda: _at_the_desk(desk, tell), _leave_alone):
        threading.Thread(target=work, daemon=True).start()
    listening_room = _ListeningRoom(tell)
    while (errand := errands.get()) is not None:
        match errand:
            case PlayBack() | Hush():
                listening_room.obey(errand)
            case other:
                desk.put(other)
    listening_room.obey(Hush())


def _leave_alone() -> None:
    """Go home when the window is gone, whatever happened to it."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        multiprocessing.connection.wait([parent.sentinel])
        os._exit(0)


def _watch_ports(tell: Tell) -> None:
    from performer.ports import Lookout

    seen, lookout = None, Lookout()
    while True:
        now = PortsSeen(_others(lookout.inputs()), _others(lookout.outputs()))
        if now != seen:
            seen = now
            tell(now)
        sleep(LOOKING)


def _others(names: tuple[str, ...]) -> tuple[str, ...]:
    """Without our own ports, and without the system's loop, which is no instrument."""
    return tuple(
        name for name in names if not any(own in name.lower() for own in ("antiphon", "through"))
    )


class _ListeningRoom:
    """Where takes are played back: one at a time, in a thread of its own."""

    def __init__(self, tell: Tell) -> None:
        self._tell = tell
        self._hushed = threading.Event()
        self._playing: threading.Thread | None = None

    def obey(self, errand: PlayBack | Hush) -> None:
        """Play this in place of what is being played, or nothing."""
        if self._playing is not None:
            self._hushed.set()
            self._playing.join()
            self._playing = None
        if isinstance(errand, PlayBack):
            self._hushed = threading.Event()
            self._playing = threading.Thread(
                target=_play_back, args=(errand, self._hushed, self._tell), daemon=True
            )
            self._playing.start()


def _play_back(errand: PlayBack, hushed: threading.Event, tell: Tell) -> None:
    with ExitStack() as open_things:
        open_things.callback(tell, PlaybackEnded(errand.number))
        try:
            _sound(errand, _open(errand.output, open_things), hushed, tell)
        except Refusal as refusal:
            tell(Failed(str(refusal)))


class _Silence:
    """An output that nobody hears, for those who only want to watch."""

    def send(self, message: bytes) -> None:
        """Do nothing."""


def _open(name: str, open_things: ExitStack) -> Sounds:
    if name == NONE:
        return _Silence()
    if name == SYNTH:
        from performer.synth import open_synth

        synth = open_synth()
        open_things.callback(synth.close)
        return synth
    from performer.ports import open_output

    port = open_output(name)
    open_things.callback(port.close)
    return port


def _sound(errand: PlayBack, output: Sounds, hushed: threading.Event, tell: Tell) -> None:
    begins = perf_counter() + LEAD
    tell(PlaybackBegan(errand.number, begins))
    try:
        for at, data in errand.sounds:
            if hushed.wait(max(begins + at - perf_counter(), 0.0)):
                return
            output.send(data)
        hushed.wait(RINGING)
    finally:
        for silence in (PEDAL_UP, ALL_NOTES_OFF, ALL_SOUND_OFF):
            output.send(silence)


def _at_the_desk(desk: "queue.SimpleQueue[Errand]", tell: Tell) -> None:
    while True:
        try:
            _write(desk.get(), tell)
        except Refusal as refusal:
            tell(Failed(str(refusal)))
        except Exception as failure:  # one errand that fails must not cost the others
            tell(Failed(f"That did not work: {failure!r}."))


def _write(errand: Errand, tell: Tell) -> None:
    match errand:
        case ReadModels():
            tell(read_models())
        case ReadTakes(folder):
            tell(TakesRead(_takes(folder)))
        case OpenTake(path):
            tell(Opened(path, scene_of(read(path))))
        case WriteSound(path, wav, only):
            from performer.synth import render

            messages = read(path).messages
            render([(m.at, m.data) for m in messages if only in (None, m.by)], wav)
            tell(Written(wav))
        case WriteNotes(path, mid, only):
            write_take(read(path), mid, only)
            tell(Written(mid))
        case Check(seconds):
            tell(Checked(_check(seconds)))
        case ThinkAgain():
            tell(AnswerKept(_think_again(errand)))
        case WriteBindings(settings, bindings):
            write_bindings(settings, bindings)
        case Rate(folder, exchange, mark):
            _rate(folder, [Rated(exchange.phrase, exchange.answer, exchange.pedal)], mark)
        case RateTake(folder, path, mark):
            _rate(folder, _rateable(read(path)), mark)


def _rate(folder: Path, music: Iterable[Rated], mark: int) -> None:
    for rated in music:
        add(folder, Rating.now(_listener(), rated.what, mark), [rated])


def read_models() -> ModelsRead:
    """The models that are there, and what each says of itself."""
    from performer.model import Model
    from performer.shelf import models

    cards, broken = [], []
    for name, path in models().items():
        try:
            cards.append((name, Model.load(path).card))
        except Refusal as refusal:
            broken.append(str(refusal))
    return ModelsRead(tuple(cards), tuple(broken))


def _takes(folder: Path) -> tuple[Listed, ...]:
    marks = _marks(ratings_beside(folder))
    found = []
    for path in folder.glob("*.mid"):
        try:
            found.append(listed(path, marks))
        except (Refusal, OSError):
            continue  # no .mid but in name
    return tuple(sorted(found, key=lambda take: take.changed_at, reverse=True))


def ratings_beside(takes: Path) -> Path:
    """The folder of ratings beside the folder of takes."""
    return takes.with_name("ratings")


def _marks(folder: Path) -> dict[str, float]:
    """The listener's marks by what was rated."""
    mine = (rating for rating in ratings(folder) if rating.who == _listener())
    return {rating.what: rating.mark for rating in latest(mine) if not rating.against}


def _listener() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "me"


def listed(path: Path, marks: Mapping[str, float] = MappingProxyType({})) -> Listed:
    """A take as it stands in the list. Raises Refusal, OSError."""
    take = read(path)
    notes = {player: take.notes(player) for player in Player}
    given = _given(take, marks) if marks else []
    scores = [answer.score for answer in take.answers if answer.score is not None]
    return Listed(
        path,
        path.stat().st_mtime,
        max((message.at for message in take.messages), default=0.0),
        len(notes[Player.HUMAN]),
        len(notes[Player.MODEL]),
        take.maker.model,
        len(take.answers),
        fmean(scores) if scores else None,
        fmean(given) if given else None,
    )


def _given(take: Take, marks: Mapping[str, float]) -> list[float]:
    """The marks that a take's answers were given."""
    return [marks[each.what] for each in _rateable(take) if each.what in marks]


def _rateable(take: Take) -> list[Rated]:
    """The answers of a take, with what they answered."""
    scene = scene_of(take)
    exchanges = [scene.exchange(n) for n in range(len(take.answers))]
    return [Rated(each.phrase, each.answer, each.pedal) for each in exchanges if each is not None]


def _check(seconds: float) -> tuple[Finding, ...]:
    """The check as it is typed, in a process of its own: it starts engines, which we must not."""
    words = [sys.executable, "-c", CHECK, "check", "--json", "--seconds", str(seconds)]
    said = subprocess.run(words, capture_output=True, text=True, timeout=LONGEST_CHECK)
    try:
        return tuple(
            Finding(told["what"], told["found"], told["verdict"], told["to_do"])
            for told in json.loads(said.stdout)
        )
    except (ValueError, KeyError, TypeError):
        reason = (said.stderr.strip().splitlines() or ["it says nothing"])[-1]
        raise Refusal(f"The check did not come to an end: {reason}") from None


def _think_again(errand: ThinkAgain) -> Path:
    from performer.continuation import continued
    from performer.critic import best_continued, critic_or_none
    from performer.improviser import Improviser
    from performer.length import parse_length
    from performer.messages import Care
    from performer.model import Model
    from performer.shelf import find_model

    take = read(errand.take)
    if not -len(take.answers) <= errand.answer < len(take.answers):
        raise Refusal("There is no answer in this take that could be another.")
    phrase = take.phrase(take.answers[errand.answer])
    improviser = Improviser(Model.load(find_model(errand.model or None)))
    character, critic = errand.character, critic_or_none(improviser.model)
    wanted = phrase, improviser, character.taste, errand.seed, parse_length(character.length)
    if critic is None:
        another = continued(*wanted)
    else:
        another, _ = best_continued(*wanted, critic, Care(character.best_of))
    path = _free_name(errand.take)
    write_take(another.from_zero(), path)
    return path


def _free_name(path: Path) -> Path:
    names = (path.with_name(f"{path.stem}, answer {n}.mid") for n in range(2, 10_000))
    return next(name for name in names if not name.exists())
