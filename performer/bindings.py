"""Hands on the instrument: what a pedal, a controller or a key of the keyboard does but for music.

The rules kept here: a control that is bound is no music; it is not passed on, unless that was asked
for. A pedal or a button acts when it goes down, a key when it is struck; what sets a value (the
temperature) follows a knob all the way, and a key by how hard it is struck.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import Enum

from performer.limits import parse_key
from performer.messages import Again, HandOver, Heard, Mode, Panic, Retune, Stop
from performer.midi import (
    CONTROL_CHANGE,
    PEDAL_DOWN,
    SUSTAIN,
    NoteOff,
    NoteOn,
    Other,
    Sustain,
    parse,
)

MIDDLE = 64  # of a knob: the temperature is 1 there
LEARNABLE = 120  # controllers below; those above are no controllers but orders to the synth
NAMES = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")


class Action(Enum):
    """What a control may do, by the name that it has in the settings."""

    HAND_OVER = "hand-over"
    STOP = "stop"
    AGAIN = "another-answer"
    PANIC = "panic"
    MODE = "mode"  # the next one
    TEMPERATURE = "temperature"


@dataclass(frozen=True, slots=True)
class Controller:
    """A pedal, a button or a knob, by its controller number, on any channel."""

    number: int

    def __str__(self) -> str:
        """As it is written in the settings."""
        return f"controller {self.number}"


@dataclass(frozen=True, slots=True)
class Key:
    """A key, by its pitch, on any channel."""

    pitch: int

    def __str__(self) -> str:
        """As it is written in the settings.

        >>> str(Key(21)), str(Key(108))
        ('key A0', 'key C8')
        """
        octave, step = divmod(self.pitch, len(NAMES))
        return f"key {NAMES[step]}{octave - 1}" if octave else f"key {self.pitch}"


Control = Controller | Key


@dataclass(frozen=True, slots=True)
class Bindings:
    """Which control does what."""

    controls: Mapping[Control, Action] = field(default_factory=dict)
    is_passed_on: bool = False  # a bound control sounds as well

    def bound(self, action: Action, control: Control) -> "Bindings":
        """The same, but for what this control does and by what this action is done."""
        return replace(self, controls={**self.without(action).controls, control: action})

    def without(self, action: Action) -> "Bindings":
        """The same, but nothing does that."""
        left = {control: does for control, does in self.controls.items() if does is not action}
        return replace(self, controls=left)

    def control_of(self, action: Action) -> Control | None:
        """What does that."""
        return next((control for control, does in self.controls.items() if does is action), None)


# Events and reports, between the engine's process and whoever shows it


@dataclass(frozen=True, slots=True)
class Bind:
    """From now on these controls do that."""

    bindings: Bindings


@dataclass(frozen=True, slots=True)
class Learn:
    """The next control that is touched is told, and does nothing; or no more, after all."""

    is_on: bool = True


@dataclass(frozen=True, slots=True)
class Learnt:
    """The control that was touched."""

    control: Control


@dataclass(frozen=True, slots=True)
class Done:
    """A control was used: what it did; where it set something, how it is now."""

    action: Action
    to: Retune | None = None


def parse_control(text: str) -> Control:
    """A control as it is written in the settings. Raises ValueError with a sentence.

    >>> parse_control("controller 67"), parse_control("key C8"), parse_control("key 21")
    (Controller(number=67), Key(pitch=108), Key(pitch=21))
    """
    kind, _, which = text.strip().partition(" ")
    if kind == "controller" and which.isdecimal() and int(which) < LEARNABLE:
        return Controller(int(which))
    if kind == "key":
        pitch = parse_key(which.strip())
        if 0 <= pitch <= 127:
            return Key(pitch)
    raise ValueError(f"{text!r} is no control: write for example 'controller 67' or 'key C8'")


def control_of(data: bytes) -> tuple[Control, int] | None:
    """The control that a message is about, and its value or velocity: 0 where it was let go of."""
    match parse(data):
        case NoteOn(_, pitch, velocity):
            return Key(pitch), velocity
        case NoteOff(_, pitch):
            return Key(pitch), 0
        case Sustain(_, value):
            return Controller(SUSTAIN), value
        case Other(data) if data[0] & 0xF0 == CONTROL_CHANGE and data[1] < LEARNABLE:
            return Controller(data[1]), data[2]
        case _:
            return None


class Controls:
    """What becomes of what is heard: it is music, or it does something, or both."""

    def __init__(self, bindings: Bindings, now: Retune) -> None:
        """The controls of an instrument that is set like this."""
        self._bindings = bindings
        self._now = now
        self._is_learning = False
        self._let_go: Control | None = None  # was learnt, and is still down
        self._down: set[Control] = set()

    def follow(self, to: Retune) -> None:
        """It was set otherwise."""
        self._now = to

    def bind(self, to: Bindings) -> None:
        """Other controls do other things."""
        self._bindings = to

    def learn(self, is_on: bool) -> None:
        """Say what is touched next."""
        self._is_learning = is_on

    def let_go(self) -> None:
        """A keyboard has gone: nothing is held down on it."""
        self._down.clear()

    def hear(self, heard: Heard) -> tuple[Heard | None, Learnt | Done | None]:
        """What of it is music, and what it did."""
        touched = control_of(heard.data)
        if touched is None:
            return heard, None
        control, value = touched
        if self._is_learning and value:
            self._is_learning, self._let_go = False, control
            return None, Learnt(control)
        if control == self._let_go and value < (1 if isinstance(control, Key) else PEDAL_DOWN):
            self._let_go = None
            return None, None
        action = self._bindings.controls.get(control)
        if action is None:
            return heard, None
        return heard if self._bindings.is_passed_on else None, self._done(action, control, value)

    def _done(self, action: Action, control: Control, value: int) -> Done | None:
        is_struck = isinstance(control, Key) and value > 0
        if action is Action.TEMPERATURE:
            return (
                self._set(action, value) if isinstance(control, Controller) or is_struck else None
            )
        was_down = control in self._down and isinstance(control, Controller)
        is_down = is_struck or (isinstance(control, Controller) and value >= PEDAL_DOWN)
        (self._down.add if is_down else self._down.discard)(control)
        if not is_down or was_down:
            return None
        return self._set(action, value) if action is Action.MODE else Done(action)

    def _set(self, action: Action, value: int) -> Done:
        if action is Action.MODE:
            modes = list(Mode)
            mode = modes[(modes.index(self._now.mode) + 1) % len(modes)]
            self._now = replace(self._now, mode=mode)
        else:
            hot = temperature(value)
            taste = replace(self._now.taste, pitch=hot, rhythm=hot, dynamics=hot)
            self._now = replace(self._now, taste=taste)
        return Done(action, self._now)


def temperature(value: int) -> float:
    """What a knob at that value sets: half at its left end, 1 in the middle, twice at the right.

    >>> temperature(0), temperature(64), round(temperature(127), 2)
    (0.5, 1.0, 1.98)
    """
    return float(2.0 ** ((value - MIDDLE) / MIDDLE))


def event_of(done: Done) -> HandOver | Stop | Again | Panic | Retune:
    """What happens to the conversation where that is done."""
    match done:
        case Done(Action.HAND_OVER):
            return HandOver()
        case Done(Action.STOP):
            return Stop()
        case Done(Action.AGAIN):
            return Again()
        case Done(Action.PANIC):
            return Panic()
        case Done(_, to) if to is not None:
            return to
    raise ValueError(f"{done} does nothing")
