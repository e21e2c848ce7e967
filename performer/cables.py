"""The cables: keyboards and an instrument that may be unplugged at any moment, and found again.

The rule kept here: what goes is let go of at once, and said; it is looked for by its name, and what
was left sounding on it is released before it is played again. All of that is done by a thread of
its own: whoever plays a note never waits for a cable.
"""

import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Protocol

from performer.inbox import Inbox
from performer.messages import Heard, Remark, Report, Trouble, Unplugged
from performer.midi import NoteOn, Sustain, note_off, parse, sustain
from performer.ports import Hear, PortError, TooLong, found_again

LOOKING = 0.25  # seconds between looks at what is plugged in


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
        """Listen. Raises PortError."""

    def open_output(self, name: str, /) -> Played:
        """Play. Raises PortError."""


class Output:
    """An instrument that is played wherever it is, and not missed by the player's hands."""

    def __init__(self, port: Played, panel: Panel, tell: Callable[[Report], None]) -> None:
        """An output that is plugged in; what happens to it is said to `tell`."""
        self.name = port.name
        self._port = port
        self._panel = panel
        self._tell = tell
        self._keys: set[tuple[int, int]] = set()  # (channel, pitch) that were struck there
        self._pedals: set[int] = set()  # channels whose pedal was down there
        self._is_in = True
        self._losing = threading.Lock()

    def send(self, message: bytes) -> None:
        """Play one message, if anybody is there; returns at once."""
        if not self._is_in:
            return
        try:
            self._port.send(message)
        except TooLong as left_out:
            self._tell(Trouble(f"{left_out} It is left out."))
        except PortError:
            self._lose()
        else:
            self._follow(message)

    def look(self) -> None:
        """See whether it has gone, or is back."""
        name = found_again(self.name, self._panel.outputs())
        if self._is_in and name != self._port.name:
            self._lose()
        elif not self._is_in and name is not None:
            with suppress(PortError):  # or with the next look
                self._find(name)

    def close(self) -> None:
        """Play no more."""
        self._port.close()

    def _lose(self) -> None:
        with self._losing:
            was_in, self._is_in = self._is_in, False
        if was_in:
            self._tell(
                Trouble(f'"{self.name}" has gone. It is played again as soon as it is back.')
            )

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
        self._is_in = True
        self._tell(Remark(f'"{self.name}" is back, and is played again.'))

    def _follow(self, message: bytes) -> None:
        match parse(message):
            case NoteOn(channel, pitch):
                self._keys.add((channel, pitch))
            case Sustain(channel) as pedal if pedal.is_down:
                self._pedals.add(channel)


@dataclass(slots=True)
class _Input:
    """A keyboard by its name, and our end of its cable."""

    name: str
    hear: Hear
    let_go: Callable[[], None]  # of what is held on it
    port: Port
    is_in: bool = True


@dataclass(slots=True)
class Cables:
    """All that is plugged in, looked after."""

    panel: Panel
    tell: Callable[[Report], None]
    output: Output | None = None
    _inputs: list[_Input] = field(default_factory=list)
    _is_ending: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def listen_to(self, names: Iterable[str], inbox: Inbox) -> None:
        """Listen to keyboards; what they play arrives in the inbox. Raises PortError."""
        for name in names:

            def hear(data: bytes, stamp: float, source: str = name) -> None:
                inbox.put(Heard(data, stamp - inbox.origin, source))

            def let_go(source: str = name) -> None:
                inbox.put(Unplugged(source, inbox.now()))

            self._inputs.append(_Input(name, hear, let_go, self.panel.open_input(name, hear)))

    def play_to(self, name: str) -> Output:
        """The output that is played. Raises PortError."""
        self.output = Output(self.panel.open_output(name), self.panel, self.tell)
        return self.output

    def watch(self) -> None:
        """Begin to look after them, in a thread of its own."""
        self.look()
        self._thread = threading.Thread(target=self._keep_looking, name="cables", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Put them all away: the outputs first."""
        self._is_ending.set()
        if self._thread is not None:
            self._thread.join(timeout=2)
        if self.output is not None:
            self.output.close()
        for cable in self._inputs:
            cable.port.close()

    def look(self) -> None:
        """See what has gone, and what is back."""
        if self._inputs:
            there = self.panel.inputs()
            for cable in self._inputs:
                self._look_after(cable, found_again(cable.name, there))
        if self.output is not None:
            self.output.look()

    def _keep_looking(self) -> None:
        while not self._is_ending.wait(LOOKING):
            self.look()

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
