"""Real MIDI ports: the keyboard that is listened to, the instrument that is played.

The rule kept here: this is the only file that knows rtmidi. A message heard is stamped in the
port's own thread, before anything else, and handed over raw and whole; its meaning is decided
elsewhere. Whatever can go wrong with a port is a PortError, one sentence for the player.

Whole means: the driver writes out running status and rtmidi gathers a system-exclusive message that
came in parts. What is not handed over is MIDI clock, time code and active sensing: they say how the
sender's tempo and cable are doing, several times a second, and nobody plays them. Passed on, active
sensing would make a synth cut the answer off the moment the keyboard is unplugged. All else is.
"""

import ctypes
import gc
import re
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from threading import Thread
from time import perf_counter, sleep
from typing import Any

import rtmidi

from performer.jack import running_server
from performer.quiet import quiet
from performer.refusal import Refusal

CLIENT = "Antiphon"
VIRTUAL = "virtual"  # stands for a port of our own, wherever the name of a port does
VIRTUAL_INPUT, VIRTUAL_OUTPUT = "Antiphon in", "Antiphon out"
APIS = (
    (rtmidi.API_LINUX_ALSA, rtmidi.API_UNIX_JACK)  # the first that answers
    if sys.platform == "linux"
    else (rtmidi.API_UNSPECIFIED,)  # the platform's own
)

CONNECTING = 0.1  # seconds: JACK connects a few periods later, and loses what is sent before
FALLING_SILENT = 0.02  # seconds: a message that is being handed over gets through
CLOSING = 1.0  # seconds: a port that takes longer to close is left behind
LOOKING = 0.25  # seconds between looks whether a port that is played is still there
LONGEST = 12_000  # bytes of one message
UNSEEN = 12_000  # bytes sent since the last look, at most
OVERHEAD = 4  # bytes that rtmidi keeps beside each message

Hear = Callable[[bytes, float], None]
"""Takes a whole message, and the moment by `time.perf_counter()`; called in the port's thread."""

OnMessage = Callable[[tuple[list[int], float], object], None]
"""What rtmidi calls: the message, and its own idea of the time."""


class PortError(Refusal):
    """A port that cannot be had: what is wrong and what to do, in a sentence for the player."""


class TooLong(PortError):
    """A message that no port takes; the port is there all the same."""


def input_names() -> tuple[str, ...]:
    """The ports that can be listened to; none where the machine has no MIDI at all."""
    return _names(rtmidi.MidiIn)


def output_names() -> tuple[str, ...]:
    """The ports that can be played; none where the machine has no MIDI at all."""
    return _names(rtmidi.MidiOut)


def match(wanted: str, names: Iterable[str]) -> str:
    """The one name that is meant: in full, else but for its number, else by a part, in any case.

    ALSA ends a name in a number that changes when the keyboard is plugged in again.
    Raises PortError where no name or several are meant.

    >>> match("grand", ["Nord Grand:MIDI 1 20:0", "Midi Through 14:0"])
    'Nord Grand:MIDI 1 20:0'
    >>> match("Nord Grand:MIDI 1 20:0", ["Nord Grand:MIDI 1 28:0", "Nord Grand:MIDI 10 28:1"])
    'Nord Grand:MIDI 1 28:0'
    """
    names = tuple(names)
    if wanted in names:
        return wanted
    for meant in (
        [name for name in names if _unnumbered(name) == _unnumbered(wanted)],
        [name for name in names if wanted.casefold() in name.casefold()],
    ):
        if len(meant) == 1:
            return meant[0]
        if meant:
            raise PortError(f'"{wanted}" could be {_listed(meant)}: give more of the name.')
    raise PortError(f'There is no MIDI port named "{wanted}". {_what_there_is(names)}')


def found_again(name: str, names: Iterable[str]) -> str | None:
    """What a port that was plugged in before is called now; None where it is not there.

    >>> found_again("Piano:MIDI 1 20:0", ["Piano 2:MIDI 1 24:0", "Piano:MIDI 1 28:0"])
    'Piano:MIDI 1 28:0'
    >>> found_again("Piano", ["Piano 2"])
    """
    names = tuple(names)
    if name in names:
        return name
    alike = [other for other in names if _unnumbered(other) == _unnumbered(name)]
    return alike[0] if len(alike) == 1 else None


@dataclass(frozen=True, slots=True)
class _Client:
    """Our end of a port: a rtmidi.MidiIn or MidiOut, and the run of JACK that it belongs to."""

    midi: Any
    server: str | None  # None where it is not JACK's

    @property
    def has_lost_its_server(self) -> bool:
        """True from the moment the JACK server died, even where another one runs by now."""
        return self.server is not None and self.server != running_server()

    def lists(self, name: str) -> bool:
        """True where a port of that name is there now."""
        return not self.has_lost_its_server and name in self.midi.get_ports()

    def close(self) -> None:
        """Closes it in a thread of its own, which is left behind if the driver never returns.

        Of a JACK server that died, JACK's library may have freed what rtmidi would free once more:
        that is kept for good, by a reference that nobody gives back.
        """
        if self.midi.is_deleted:
            return
        if self.has_lost_its_server:
            ctypes.pythonapi.Py_IncRef(ctypes.py_object(self.midi))
            return
        closing = Thread(target=self.midi.delete, name="closing a port", daemon=True)
        closing.start()
        closing.join(CLOSING)


@dataclass(slots=True)
class InputPort:
    """A port that is listened to, until it is closed."""

    name: str
    _client: _Client
    _on_message: OnMessage

    def plug_in(self, name: str) -> None:
        """Listens to a port that is back, or to another. Raises PortError where it cannot.

        rtmidi forgets whom it calls where a port is closed.
        """
        _plug_in(self._client, name, "in")
        self._client.midi.cancel_callback()
        self._client.midi.set_callback(self._on_message)
        self.name = name

    def close(self) -> None:
        """Hears no more; returns within a second or so, whatever the driver does.

        rtmidi closes while it holds Python's lock, for which a message just coming in may wait: so
        nobody is called any more first, and the last one is given the time to be through. Whom it
        calls has to live until then; rtmidi itself would let go of it while it is being called.
        """
        if self._client.midi.is_deleted:
            return
        still_called = gc.get_referents(self._client.midi)
        self._client.midi.cancel_callback()
        sleep(FALLING_SILENT)
        self._client.close()
        del still_called


@dataclass(slots=True)
class OutputPort:
    """A port that is played, until it is closed.

    No driver tells when a port has gone, so it looks: every quarter of a second, and every 12,000
    bytes. The latter because rtmidi stops the whole program for good where JACK has died and 16,384
    bytes wait to be taken.
    """

    name: str
    _client: _Client
    _is_there: Callable[[], bool]
    _looked_at: float = 0.0
    _unseen: int = 0

    def send(self, message: bytes) -> None:
        """Plays one whole message now. Raises PortError where the port has gone."""
        if len(message) > LONGEST:
            raise TooLong(f"A MIDI message of {len(message)} bytes is too long for a port.")
        if self._client.midi.is_deleted or not self._seems_there(len(message) + OVERHEAD):
            raise PortError(f'The MIDI port "{self.name}" has gone. Plug it in, or choose another.')
        self._client.midi.send_message(message)

    def send_raw(self, data: bytes) -> None:
        """Sends bytes as they are, whole or not, as a broken device would."""
        with suppress(ValueError):  # which rtmidi knows itself to be no message
            self._client.midi.send_message(data)

    def plug_in(self, name: str) -> None:
        """Plays to a port that is back, or to another. Raises PortError where it cannot."""
        _plug_in(self._client, name, "out")
        self.name, self._looked_at = name, 0.0
        self._is_there = lambda: self._client.lists(name)

    def close(self) -> None:
        """Plays no more; closing twice does no harm."""
        self._client.close()

    def _seems_there(self, more: int) -> bool:
        now = perf_counter()
        self._unseen += more
        if now - self._looked_at < LOOKING and self._unseen < UNSEEN:
            return True
        is_there = self._is_there()
        if is_there:  # one that has gone is looked for again with every message
            self._looked_at, self._unseen = now, more
        return is_there


def open_input(name: str, hear: Hear) -> InputPort:
    """Listens to the port of exactly this name. Raises PortError where it is not there."""
    on_message = _stamping(hear)
    client = _listening(on_message)
    _connect(client, name, "in")
    return InputPort(name, client, on_message)


def open_virtual_input(hear: Hear) -> InputPort:
    """Listens to a new port that programs can play to. Raises PortError where there is none."""
    _check_virtual_ports_exist()
    on_message = _stamping(hear)
    client = _listening(on_message)
    _reach(lambda: client.midi.open_virtual_port(VIRTUAL_INPUT), VIRTUAL_INPUT)
    return InputPort(VIRTUAL_INPUT, client, on_message)


def open_output(name: str) -> OutputPort:
    """Plays to the port of exactly this name. Raises PortError where it is not there."""
    client = _some_client(rtmidi.MidiOut)
    _connect(client, name, "out")
    return OutputPort(name, client, lambda: client.lists(name))


def open_virtual_output() -> OutputPort:
    """Plays to a new port that programs can listen to. Raises PortError where there is none."""
    _check_virtual_ports_exist()
    client = _some_client(rtmidi.MidiOut)
    _reach(lambda: client.midi.open_virtual_port(VIRTUAL_OUTPUT), VIRTUAL_OUTPUT)
    return OutputPort(VIRTUAL_OUTPUT, client, lambda: not client.has_lost_its_server)


class Lookout:
    """Looks at the ports again and again, and opens those that are there.

    It keeps its clients: one that comes and goes with every look would disturb whoever is opening a
    port at that moment. JACK may then miss that it went, and never again call the new port.
    """

    def __init__(self) -> None:
        """One that has not looked yet."""
        self._clients: dict[Callable[..., Any], _Client] = {}

    def inputs(self) -> tuple[str, ...]:
        """The ports that can be listened to now."""
        return self._see(rtmidi.MidiIn)

    def outputs(self) -> tuple[str, ...]:
        """The ports that can be played now."""
        return self._see(rtmidi.MidiOut)

    def open_input(self, name: str, hear: Hear) -> InputPort:
        """Listens to the port of exactly this name, or to our own. Raises PortError."""
        return open_virtual_input(hear) if name == VIRTUAL else open_input(name, hear)

    def open_output(self, name: str) -> OutputPort:
        """Plays to the port of exactly this name, or to our own. Raises PortError."""
        return open_virtual_output() if name == VIRTUAL else open_output(name)

    def close(self) -> None:
        """Looks no more."""
        while self._clients:
            self._clients.popitem()[1].close()

    def _see(self, kind: Callable[..., Any]) -> tuple[str, ...]:
        client = self._clients.get(kind)
        if client is not None and client.has_lost_its_server:
            self._clients.pop(kind).close()
            client = None
        if client is None:
            client = _client(kind)
            if client is None:
                return ()
            self._clients[kind] = client
        return tuple(client.midi.get_ports())


def _client(kind: Callable[..., Any]) -> _Client | None:
    """A rtmidi.MidiIn or MidiOut of the first API that answers, if one does."""
    with quiet():
        for api in APIS:
            server = running_server() if api == rtmidi.API_UNIX_JACK else None
            if api == rtmidi.API_UNIX_JACK and server is None:
                continue
            with suppress(rtmidi.RtMidiError):
                return _Client(kind(api, name=CLIENT), server)
    return None


def _some_client(kind: Callable[..., Any]) -> _Client:
    client = _client(kind)
    if client is None:
        raise PortError("This machine has no MIDI that answers: start ALSA's sequencer, or JACK.")
    return client


def _names(kind: Callable[..., Any]) -> tuple[str, ...]:
    client = _client(kind)
    if client is None:
        return ()
    names = tuple(client.midi.get_ports())
    client.close()
    return names


def _listening(on_message: OnMessage) -> _Client:
    """A client that will hear all but clock, time code and active sensing."""
    client = _some_client(rtmidi.MidiIn)
    client.midi.ignore_types(sysex=False, timing=True, active_sense=True)
    client.midi.set_callback(on_message)
    return client


def _stamping(hear: Hear) -> OnMessage:
    def on_message(event: tuple[list[int], float], _: object) -> None:
        at = perf_counter()
        hear(bytes(event[0]), at)

    return on_message


def _connect(client: _Client, name: str, own_name: str) -> None:
    names = client.midi.get_ports()
    if name not in names:
        client.close()
        raise PortError(f'The MIDI port "{name}" is not there. {_what_there_is(names)}')
    _reach(lambda: client.midi.open_port(names.index(name), own_name), name)
    if client.server is not None:
        sleep(CONNECTING)


def _plug_in(client: _Client, name: str, own_name: str) -> None:
    """Connects what is open already: no client comes or goes, which might disturb others."""
    if client.midi.is_deleted or not client.lists(name):
        raise PortError(f'The MIDI port "{name}" is not there.')
    client.midi.close_port()
    index = client.midi.get_ports().index(name)
    _reach(lambda: client.midi.open_port(index, own_name), name)
    if client.server is not None:
        sleep(CONNECTING)


def _reach(open_port: Callable[[], object], name: str) -> None:
    """Opens a port; one that goes away that very moment, or is taken, is a PortError."""
    try:
        open_port()
    except rtmidi.RtMidiError as error:
        raise PortError(
            f'The MIDI port "{name}" does not open: another program may have it. ({error})'
        ) from None


def _check_virtual_ports_exist() -> None:
    if sys.platform == "win32":
        raise PortError(
            "Windows has no virtual MIDI ports: install loopMIDI, make a port there, and choose it."
        )


def _unnumbered(name: str) -> str:
    return re.sub(r" \d+:\d+$", "", name)


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)


def _what_there_is(names: Iterable[str]) -> str:
    names = tuple(names)
    return f"There is {_listed(names)}." if names else "There is none at all: plug one in."
