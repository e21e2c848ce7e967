"""The cables: keyboards and an instrument that may be unplugged at any moment, and found again.

The rule kept here: what goes is let go of at once, and said; it is looked for by its name, and what
was left sounding on it is released before it is played again. Where others are plugged in instead,
the new are in before the old are out, and what sounds on the old is released. All of that is done
by one thread of its own: whoever plays a note never waits for a cable, and nobody looks at the
ports while one is being opened.
"""

import queue
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from time import sleep
from typing import Protocol

from performer.messages import Heard, Remark, Report, Trouble, Unplugged
from performer.midi import NoteOn, Sustain, note_off, parse, sustain
from performer.ports import VIRTUAL, Hear, PortError, TooLong, found_again
from performer.sounding import Sounding

LOOKING = 0.25  # seconds between looks at what is plugged in
TO_BE_SURE = 3  # times that a key is released whose player will not do it any more
DELIVERED = 0.05  # seconds until the last message is through, before a port is closed


class Ears(Protocol):
    """Where what is played arrives."""

    @property
    def origin(self) -> float:
        """The zero of the engine's clock, by `time.perf_counter()`."""

    def now(self) -> float:
        """Seconds on the engine's clock."""

    def put(self, event: Heard | Unplugged, /) -> None:
        """It happens now."""


class Port(Protocol):
    """One end of a cable."""

    @property
    def name(self) -> str:
        """The name of what is at the other end."""

    def plug_in(self, name: str, /) -> None:
        """Plug it in again. Raises PortError where that cannot be."""

    def close(self) -> None:
        """Put it away."""


class Played(Port, Protocol):
    """An end that is played."""

    def send(self, message: bytes, /) -> None:
        """Play one message. Raises PortError where nobody is there."""


class Panel(Protocol):
    """Where cables are plugged in."""

    def inputs(self) -> tuple[str, ...]:
        """What can be listened to now."""

    def outputs(self) -> tuple[str, ...]:
        """What can be played now."""

    def open_input(self, name: str, hear: Hear, /) -> Port:
        """Listen; where the name is VIRTUAL, to whoever plays to us. Raises PortError."""

    def open_output(self, name: str, /) -> Played:
        """Play; where the name is VIRTUAL, to whoever listens to us. Raises PortError."""


@dataclass(frozen=True, slots=True)
class Plug:
    """A wish: these and no others are listened to, and this is played, or nothing is."""

    inputs: tuple[str, ...]
    output: str | None


@dataclass(frozen=True, slots=True)
class Plugged:
    """What is plugged in now, by name."""

    inputs: tuple[str, ...]
    output: str | None


@dataclass(frozen=True, slots=True)
class NotPlugged:
    """Why a wish cannot be had; all is as it was."""

    sentence: str


class Output:
    """An instrument that is played wherever it is, and not missed by the player's hands."""

    def __init__(
        self, port: Played, panel: Panel, tell: Callable[[Report], None], wish: str = ""
    ) -> None:
        """An output that is plugged in; what happens to it is said to `tell`."""
        self.name = port.name
        self.wish = wish or port.name  # what was asked for: VIRTUAL, where it is ours
        self._port = port
        self._panel = panel
        self._tell = tell
        self._sounding = Sounding()
        self._keys: set[tuple[int, int]] = set()  # (channel, pitch) that were struck there
        self._pedals: set[int] = set()  # channels whose pedal was down there
        self._is_in = True
        self._sending = threading.Lock()

    def send(self, message: bytes) -> None:
        """Play one message, if anybody is there; returns at once."""
        with self._sending:
            is_lost = self._is_in and not self._sent(message)
            self._is_in &= not is_lost
        if is_lost:
            self._say_it_has_gone()

    def release(self, times: int = 1) -> None:
        """Let go of all that sounds, as often as is needed to be sure."""
        releases = self._sounding.releases()
        for again in range(times):
            if again and releases:
                sleep(DELIVERED)
            for message in releases:
                self.send(message)

    def look(self) -> None:
        """See whether it has gone, or is back."""
        is_ours = self.wish == VIRTUAL
        name = VIRTUAL if is_ours else found_again(self.name, self._panel.outputs())
        if self._is_in and not is_ours and name != self._port.name:
            self._lose()
        elif not self._is_in and name is not None:
            with suppress(PortError):  # or with the next look
                self._find(name)

    def close(self) -> None:
        """Let go of all that sounds, and play no more."""
        self.release()
        with self._sending:
            was_in, self._is_in = self._is_in, False
        if was_in:
            sleep(DELIVERED)
        self._port.close()

    def _sent(self, message: bytes) -> bool:
        try:
            self._port.send(message)
        except TooLong as left_out:
            self._tell(Trouble(f"{left_out} It is left out."))
        except PortError:
            return False
        else:
            self._follow(message)
        return True

    def _lose(self) -> None:
        with self._sending:
            was_in, self._is_in = self._is_in, False
        if was_in:
            self._say_it_has_gone()

    def _say_it_has_gone(self) -> None:
        self._tell(Trouble(f'"{self.name}" has gone. It is played again as soon as it is back.'))

    def _find(self, name: str) -> None:
        """Plug it in, and release what may be left sounding before anything is played.

        That is every key that was struck: its release may have been lost on an empty cable.
        """
        try:
            self._port.plug_in(name)
        except PortError:
            before, self._port = self._port, self._panel.open_output(name)
            before.close()
        for channel, pitch in sorted(self._keys):
            self._port.send(note_off(channel, pitch))
        for channel in sorted(self._pedals):
            self._port.send(sustain(channel, 0))
        self._keys.clear()
        self._pedals.clear()
        self._sounding.releases()
        self._is_in = True
        self._tell(Remark(f'"{self.name}" is back, and is played again.'))

    def _follow(self, message: bytes) -> None:
        self._sounding.follow(message)
        match parse(message):
            case NoteOn(channel, pitch):
                self._keys.add((channel, pitch))
            case Sustain(channel) as pedal if pedal.is_down:
                self._pedals.add(channel)


@dataclass(slots=True, eq=False)
class _Input:
    """A keyboard by its name, and our end of its cable."""

    name: str
    hear: Hear
    let_go: Callable[[], None]  # of what is held on it
    port: Port
    is_in: bool = True


Wish = tuple[Plug, Callable[[Plugged | NotPlugged], None]]


@dataclass(slots=True)
class Cables:
    """All that is plugged in, looked after."""

    panel: Panel
    tell: Callable[[Report], None]
    output: Output | None = None
    _inputs: list[_Input] = field(default_factory=list)
    _wishes: "queue.SimpleQueue[Wish | None]" = field(default_factory=queue.SimpleQueue)
    _thread: threading.Thread | None = None

    def send(self, message: bytes) -> None:
        """Play one message, if anything is played; returns at once."""
        output = self.output
        if output is not None:
            output.send(message)

    def release(self) -> None:
        """Let go of all that sounds: nobody will do it again if a message is lost.

        A JACK server that is short of time loses one now and then.
        """
        output = self.output
        if output is not None:
            output.release(times=TO_BE_SURE)

    def listen_to(self, names: Iterable[str], ears: Ears) -> None:
        """Listen to keyboards too; what they play arrives in the ears. Raises PortError."""
        for name in names:
            self._inputs.append(self._listening(name, ears))

    def play_to(self, name: str) -> Output:
        """The output that is played from now on. Raises PortError."""
        output = Output(self.panel.open_output(name), self.panel, self.tell, name)
        before, self.output = self.output, output
        if before is not None:
            before.close()
        return output

    def plug(self, wish: Plug, ears: Ears) -> Plugged:
        """What is plugged in, once it is as wished. Raises PortError: then all is as it was."""
        self._replace(wish, self._opened(wish.inputs, ears))
        self.look()  # who looks for the first time opens something, too: not later, beside others
        return Plugged(
            tuple(cable.port.name for cable in self._inputs),
            None if self.output is None else self.output.name,
        )

    def ask(self, wish: Plug, done: Callable[[Plugged | NotPlugged], None]) -> None:
        """Have a wish fulfilled by the thread that looks after the cables; returns at once."""
        self._wishes.put((wish, done))

    def watch(self, ears: Ears) -> None:
        """Begin to look after them, in a thread of its own."""
        self._thread = threading.Thread(
            target=self._keep_looking, args=(ears,), name="cables", daemon=True
        )
        self._thread.start()

    def close(self) -> None:
        """Put them all away: the outputs first."""
        self._wishes.put(None)
        if self._thread is not None:
            self._thread.join(timeout=2)
        if self.output is not None:
            self.output.close()
        for cable in self._inputs:
            cable.port.close()

    def look(self) -> None:
        """See what has gone, and what is back."""
        looked_after = [cable for cable in self._inputs if cable.name != VIRTUAL]
        if looked_after:
            there = self.panel.inputs()
            for cable in looked_after:
                self._look_after(cable, found_again(cable.name, there))
        if self.output is not None:
            self.output.look()

    def _keep_looking(self, ears: Ears) -> None:
        while True:
            try:
                wish = self._wishes.get(timeout=LOOKING)
            except queue.Empty:
                self.look()
                continue
            if wish is None:
                return
            plug, done = wish
            try:
                done(self.plug(plug, ears))
            except PortError as refusal:
                done(NotPlugged(str(refusal)))

    def _opened(self, names: Iterable[str], ears: Ears) -> list[_Input]:
        """All inputs of these names: those that are plugged in, and new ones. Raises PortError."""
        plugged = {cable.name: cable for cable in self._inputs}
        opened: list[_Input] = []
        try:
            for name in names:
                opened.append(plugged.get(name) or self._listening(name, ears))  # noqa: PERF401
        except PortError:
            _put_away(cable for cable in opened if cable.name not in plugged)
            raise
        return opened

    def _replace(self, wish: Plug, inputs: list[_Input]) -> None:
        wanted = None if self.output is None else self.output.wish
        try:
            if wish.output is not None and wish.output != wanted:
                self.play_to(wish.output)
        except PortError:
            _put_away(cable for cable in inputs if cable not in self._inputs)
            raise
        if wish.output is None and self.output is not None:
            before, self.output = self.output, None
            before.close()
        before_, self._inputs = self._inputs, inputs
        _put_away(cable for cable in before_ if cable not in inputs)

    def _listening(self, name: str, ears: Ears) -> _Input:
        def hear(data: bytes, stamp: float) -> None:
            ears.put(Heard(data, stamp - ears.origin, name))

        def let_go() -> None:
            ears.put(Unplugged(name, ears.now()))

        return _Input(name, hear, let_go, self.panel.open_input(name, hear))

    def _look_after(self, cable: _Input, name: str | None) -> None:
        if cable.is_in and name != cable.port.name:
            cable.is_in = False
            cable.let_go()
            self.tell(Trouble(f'"{cable.name}" was unplugged. It is heard as soon as it is back.'))
        elif not cable.is_in and name is not None:
            with suppress(PortError):  # or with the next look
                self._find(cable, name)

    def _find(self, cable: _Input, name: str) -> None:
        try:
            cable.port.plug_in(name)
        except PortError:
            before, cable.port = cable.port, self.panel.open_input(name, cable.hear)
            before.close()
        cable.is_in = True
        self.tell(Remark(f'"{cable.name}" is back, and is listened to again.'))


def _put_away(cables: Iterable[_Input]) -> None:
    """Listen to some no more; what is held on them is let go of."""
    for cable in cables:
        cable.port.close()
        cable.let_go()
