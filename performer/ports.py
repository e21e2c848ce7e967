"""Real MIDI ports: the keyboard that is listened to, the instrument that is played.

The rule kept here: this is the only file that knows rtmidi. A message heard is stamped in the port's
own thread, before anything else, and handed over raw and whole; its meaning is decided elsewhere.
Whatever can go wrong with a port is a PortError, one sentence for the player.

Whole means: rtmidi writes out running status and gathers a system-exclusive message that came in
parts. What is not handed over is MIDI clock, time code and active sensing: they say how the sender's
cable and tempo are doing, 25 times a second or more. Passed on, active sensing would make the synth
cut the answer off the moment the keyboard is unplugged. Everything else is.
"""

import re
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from threading import Thread
from time import perf_counter, sleep
from typing import Any

import rtmidi

from performer.quiet import quiet

CLIENT = "Antiphon"
VIRTUAL_INPUT, VIRTUAL_OUTPUT = "Antiphon in", "Antiphon out"
APIS = (
    (rtmidi.API_LINUX_ALSA, rtmidi.API_UNIX_JACK)  # the first that answers
    if sys.platform == "linux"
    else (rtmidi.API_UNSPECIFIED,)  # the platform's own
)

FALLING_SILENT = 0.02  # seconds: a message that is being handed over gets through
CLOSING = 1.0  # seconds: a port that takes longer to close is left behind
LOOKING = 0.25  # seconds between looks whether a port that is played is still there
LONGEST = 12_000  # bytes of one message
UNPROVEN = 12_000  # bytes sent since it was last made sure that somebody takes them
OVERHEAD = 4  # bytes that rtmidi keeps beside each message

Hear = Callable[[bytes, float], None]
"""Takes a whole message, and the moment by `time.perf_counter()`; called in the port's thread."""


class PortError(Exception):
    """A port that cannot be had: what is wrong and what to do, in a sentence for the player."""


def input_names() -> tuple[str, ...]:
    """The ports that can be listened to; none where the machine has no MIDI at all."""
    return _names(_client(rtmidi.MidiIn))


def output_names() -> tuple[str, ...]:
    """The ports that can be played; none where the machine has no MIDI at all."""
    return _names(_client(rtmidi.MidiOut))


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


@dataclass(frozen=True, slots=True)
class InputPort:
    """A port that is listened to, until it is closed."""

    name: str
    _midi: Any  # rtmidi.MidiIn

    def close(self) -> None:
        """Hears no more; returns within a second or so, whatever the driver does.

        rtmidi closes while it holds Python's lock, for which a message just coming in may wait: so
        nobody is called any more first, and the last one is given the time to be through.
        """
        if not self._midi.is_deleted:
            self._midi.cancel_callback()
            sleep(FALLING_SILENT)
            _close(self._midi)


@dataclass(slots=True)
class OutputPort:
    """A port that is played, until it is closed.

    No driver tells when a port has gone, so it looks: whether the port is listed, not more often
    than every quarter of a second, and whether a newcomer finds it, before every 12,000 bytes. The
    second is for JACK, which goes on listing its ports when its server has died, and where rtmidi
    then stops the whole program for good once 16,384 bytes are waiting to be taken.
    """

    name: str
    _midi: Any  # rtmidi.MidiOut
    _found_by_newcomer: Callable[[], bool]
    _is_listed: Callable[[], bool]
    _looked_at: float = 0.0
    _unproven: int = 0

    def send(self, message: bytes) -> None:
        """Plays one whole message now. Raises PortError where the port has gone."""
        if len(message) > LONGEST:
            raise PortError(f"A MIDI message of {len(message)} bytes is too long for a port.")
        if self._midi.is_deleted or not self._is_there(len(message) + OVERHEAD):
            raise PortError(f'The MIDI port "{self.name}" has gone. Plug it in, or choose another.')
        self._midi.send_message(message)

    def close(self) -> None:
        """Plays no more; closing twice does no harm."""
        if not self._midi.is_deleted:
            _close(self._midi)

    def _is_there(self, more: int) -> bool:
        self._unproven += more
        if self._unproven > UNPROVEN:
            self._unproven = more
            return self._found_by_newcomer()
        now = perf_counter()
        if now - self._looked_at < LOOKING:
            return True
        self._looked_at = now
        return self._is_listed()


def open_input(name: str, hear: Hear) -> InputPort:
    """Listens to the port of exactly this name. Raises PortError where it is not there (any more)."""
    midi = _listening(hear)
    _connect(midi, name, "in")
    return InputPort(name, midi)


def open_virtual_input(hear: Hear) -> InputPort:
    """Listens to a new port that other programs can play to. Raises PortError where there is none."""
    _check_virtual_ports_exist()
    midi = _listening(hear)
    _reach(lambda: midi.open_virtual_port(VIRTUAL_INPUT), VIRTUAL_INPUT)
    return InputPort(VIRTUAL_INPUT, midi)


def open_output(name: str) -> OutputPort:
    """Plays to the port of exactly this name. Raises PortError where it is not there (any more)."""
    midi = _some_client(rtmidi.MidiOut)
    _connect(midi, name, "out")
    return OutputPort(
        name, midi, lambda: name in output_names(), lambda: name in midi.get_ports(), perf_counter()
    )


def open_virtual_output() -> OutputPort:
    """Plays to a new port that other programs can listen to. Raises PortError where there is none."""
    _check_virtual_ports_exist()
    midi = _some_client(rtmidi.MidiOut)
    _reach(lambda: midi.open_virtual_port(VIRTUAL_OUTPUT), VIRTUAL_OUTPUT)
    return OutputPort(
        VIRTUAL_OUTPUT,
        midi,
        lambda: any(VIRTUAL_OUTPUT in name for name in input_names()),
        lambda: True,
    )


def _client(kind: Callable[..., Any]) -> Any | None:
    """A rtmidi.MidiIn or MidiOut of the first API that answers, if one does."""
    with quiet():
        for api in APIS:
            with suppress(rtmidi.RtMidiError):
                return kind(api, name=CLIENT)
    return None


def _some_client(kind: Callable[..., Any]) -> Any:
    client = _client(kind)
    if client is None:
        raise PortError("This machine has no MIDI that answers: start ALSA's sequencer, or JACK.")
    return client


def _names(client: Any | None) -> tuple[str, ...]:
    if client is None:
        return ()
    names = tuple(client.get_ports())
    client.delete()
    return names


def _listening(hear: Hear) -> Any:
    """A rtmidi.MidiIn that will hear all but clock, time code and active sensing."""
    midi = _some_client(rtmidi.MidiIn)
    midi.ignore_types(sysex=False, timing=True, active_sense=True)
    midi.set_callback(_stamping(hear))
    return midi


def _stamping(hear: Hear) -> Callable[[tuple[list[int], float], object], None]:
    def on_message(event: tuple[list[int], float], _: object) -> None:
        at = perf_counter()
        hear(bytes(event[0]), at)

    return on_message


def _connect(midi: Any, name: str, own_name: str) -> None:
    names = midi.get_ports()
    if name not in names:
        midi.delete()
        raise PortError(f'The MIDI port "{name}" is not there. {_what_there_is(names)}')
    _reach(lambda: midi.open_port(names.index(name), own_name), name)


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


def _close(midi: Any) -> None:
    """Closes it in a thread of its own, which is left behind if the driver never returns."""
    closing = Thread(target=midi.delete, name="closing a port", daemon=True)
    closing.start()
    closing.join(CLOSING)


def _unnumbered(name: str) -> str:
    return re.sub(r" \d+:\d+$", "", name)


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)


def _what_there_is(names: Iterable[str]) -> str:
    names = tuple(names)
    return f"There is {_listed(names)}." if names else "There is none at all: plug one in."
