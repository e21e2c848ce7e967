"""What stands around the conversation: an output that may change, takes that end, models that come.

The rule kept here: whoever plays never waits. What takes time (opening a synth or a port, loading a
model, writing a take) is done by threads of their own, and what comes of it is put in place at
once; what sounds on an output that is left is released there.
"""

import queue
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from performer.cables import Plug
from performer.composer import Composer
from performer.continuation import maker
from performer.critic import critic_or_none
from performer.engine import Sent, Sounds
from performer.improviser import Improviser
from performer.journal import Journal
from performer.messages import (
    ChangeModel,
    ChangePorts,
    Maker,
    ModelChanged,
    Player,
    Remark,
    Report,
    TakeEnded,
    TooSlow,
    Trouble,
)
from performer.model import Model
from performer.ports import PortError
from performer.recorder import Recorder, keep
from performer.refusal import Refusal
from performer.schedule import Expected
from performer.shelf import smaller_than
from performer.sounding import Sounding
from performer.stage_box import Line
from performer.synth import Synth, SynthError, open_synth, render

SYNTH, NONE = "synth", "none"  # outputs that are no port's name
PIANO, NOTHING = "the built-in piano", "nothing"  # what these two are called


@dataclass(frozen=True, slots=True)
class Kept:
    """The take was kept; the .wav too where there is one."""

    take: Path
    wav: Path | None


@dataclass(frozen=True, slots=True)
class PortsChanged:
    """What is listened to and played from now on, by name."""

    inputs: tuple[str, ...]
    output: str


@dataclass(frozen=True, slots=True)
class SetUp:
    """With what the engine would have to be begun to go on as it is: news for its own side."""

    model: Path
    ports: ChangePorts


Tell = Callable[[Report | Kept | PortsChanged | SetUp], None]


class _Silence:
    """An output that nobody hears."""

    def send(self, message: bytes) -> None:
        """Do nothing."""


class Instrument:
    """The output, whichever it is at the moment."""

    def __init__(self) -> None:
        """Nothing is played yet."""
        self._sounds: Sounds = _Silence()
        self._sounding = Sounding()
        self._sending = threading.Lock()

    def send(self, message: bytes) -> None:
        """Sound it now. Raises Refusal where it cannot."""
        with self._sending:
            self._sounds.send(message)
            self._sounding.follow(message)

    def expect(self, expected: Expected) -> None:
        """Say beforehand what will be sent, to whoever keeps time."""
        with self._sending:
            if isinstance(self._sounds, Line):
                self._sounds.expect(expected)

    def change(self, sounds: Sounds) -> None:
        """Play on something else; what sounds is released before."""
        with self._sending:
            if sounds is self._sounds:
                return
            if isinstance(self._sounds, Line):
                self._sounds.expect(Expected())
            with suppress(Refusal):  # it has gone, and sounds no more
                for release in self._sounding.releases():
                    self._sounds.send(release)
            before, self._sounds = self._sounds, sounds
        if isinstance(before, Synth):
            before.close()

    def close(self) -> None:
        """Play no more."""
        self.change(_Silence())


class Stage:
    """The cables, the instrument and the model, as they are now and as they are wished to be."""

    def __init__(self, line: Line, model: Path, tell: Tell) -> None:
        """A stage on which nothing is plugged in."""
        self.instrument = Instrument()
        self.is_silent = False  # it was meant to sound, and cannot
        self.ports = ChangePorts((), NONE)  # as they were asked for
        self._line = line
        self._model = model
        self._tell = tell
        self._wishes: queue.SimpleQueue[ChangeModel | ChangePorts | TooSlow | None] = (
            queue.SimpleQueue()
        )
        self._thread: threading.Thread | None = None

    def plug(self, asked: ChangePorts) -> PortsChanged:
        """What is listened to and played, once it is as asked. Raises Refusal: all is as it was."""
        if asked.output not in (SYNTH, NONE):
            plugged = self._line.plug(Plug(asked.inputs, asked.output))
            self.instrument.change(self._line)
            name = plugged.output or NOTHING
            self.is_silent = False
        else:
            before = None if self.ports.output in (SYNTH, NONE) else self.ports.output
            plugged = self._line.plug(Plug(asked.inputs, before))
            name = self._play_without_a_port(asked.output)
            self._line.plug(Plug(asked.inputs, None))
        self.ports = asked
        return PortsChanged(plugged.inputs, name)

    def begin(self, composer: Composer) -> None:
        """From now on fulfil wishes, one after the other, in a thread of its own."""
        self._thread = threading.Thread(target=self._work, args=(composer,), name="stage")
        self._thread.daemon = True
        self._thread.start()

    def ask(self, wish: ChangeModel | ChangePorts | TooSlow) -> None:
        """Have something changed while it plays; returns at once."""
        self._wishes.put(wish)

    def close(self) -> None:
        """Play no more, and change nothing more."""
        self._wishes.put(None)
        if self._thread is not None:
            self._thread.join(timeout=5)
        self.instrument.close()

    def _play_without_a_port(self, output: str) -> str:
        self.is_silent = False
        if output == SYNTH and self.ports.output == SYNTH:
            return PIANO
        if output == SYNTH:
            try:
                self.instrument.change(open_synth())
                return PIANO
            except SynthError as silent:
                self.is_silent = True
                self._tell(Trouble(f"{silent} What it sounds like is kept beside the take."))
        self.instrument.change(_Silence())
        return NOTHING

    def _work(self, composer: Composer) -> None:
        while (wish := self._wishes.get()) is not None:
            try:
                match wish:
                    case ChangePorts():
                        self._tell(self.plug(wish))
                    case ChangeModel(path):
                        self._take_up(path, composer)
                    case TooSlow():
                        self._take_a_smaller(composer)
                self._tell(SetUp(self._model, self.ports))
            except (PortError, SynthError) as refusal:
                self._tell(Trouble(f"{refusal} All stays plugged in as it was."))
            except Refusal as refusal:
                self._tell(Trouble(f"{refusal} The model stays the same."))

    def _take_up(self, path: Path, composer: Composer) -> None:
        improviser = Improviser(Model.load(path))
        critic = critic_or_none(improviser.model)
        composer.give_way(improviser, maker(improviser), critic)
        self._model = path

    def _take_a_smaller(self, composer: Composer) -> None:
        too_slow = self._model.stem
        for smaller in smaller_than(self._model):
            with suppress(Refusal):  # the next one may be sound
                self._take_up(smaller, composer)
                sentence = f"{too_slow} is too slow for this machine: {smaller.stem} plays instead."
                self._tell(Remark(sentence))
                return


class Takes:
    """The takes of one engine: the one that is played, and those that are being kept."""

    def __init__(self, by: Maker, folder: Path, has_wav: Callable[[], bool], tell: Tell) -> None:
        """A take in which nothing was played yet."""
        self._by = by
        self._folder = folder
        self._has_wav = has_wav
        self._tell = tell
        self._keeping: list[threading.Thread] = []
        self._begin()

    def hear(self, what: Sent | Report) -> None:
        """Put down what belongs to the take; returns at once."""
        if isinstance(what, ModelChanged):
            self._by = Maker(what.name, what.sha256)
        self._recorder.hear(what)
        self._journal.hear(what)
        if isinstance(what, TakeEnded):
            self._end(what.is_kept)
            self._begin()

    def close(self) -> None:
        """Keep the last take; returns once all are kept. Raises Refusal where it cannot be."""
        for thread in self._keeping:
            thread.join()
        self._put_by(self._recorder, self._journal, is_kept=True)

    def _begin(self) -> None:
        self._recorder = Recorder(self._by)
        self._journal = Journal(self._by, self._folder, self._tell)

    def _end(self, is_kept: bool) -> None:
        recorder, journal = self._recorder, self._journal

        def put_by() -> None:
            try:
                self._put_by(recorder, journal, is_kept)
            except Refusal as refusal:
                self._tell(Trouble(str(refusal)))

        self._keeping.append(threading.Thread(target=put_by, name="take"))
        self._keeping[-1].start()

    def _put_by(self, recorder: Recorder, journal: Journal, is_kept: bool) -> None:
        """Keep a take that ended; one in which there is no note is no take."""
        journal.close()
        take = recorder.take
        if not is_kept or not any(take.notes(player) for player in Player):
            journal.forget()
            return
        path = keep(take, self._folder)
        journal.forget()  # not before: where the take cannot be kept, the journal stays
        wav = path.with_suffix(".wav") if self._has_wav() else None
        if wav is not None:
            render([(message.at, message.data) for message in take.messages], wav)
        self._tell(Kept(path, wav))
