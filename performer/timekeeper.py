"""Plays on time what the engine is about to ask for, and takes back what it then does not.

The rule kept here: the engine decides. It says beforehand what it will send if nothing happens, and
that is sent at its moment, however busy the engine is then. When the engine comes to send it, it is
known and not sent twice; what it does not send after all is taken back at once: the key is let go,
the pedal comes up. So nothing sounds for longer than the engine was late.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from performer.midi import CONTROL_CHANGE, NOTE_OFF, NOTE_ON, note_off, sustain
from performer.schedule import TOO_LATE, Due


@dataclass(frozen=True, slots=True)
class Played:
    """Something was played at its moment: what was sent, and how many seconds after it was due."""

    due: Due
    lateness: float


class Timekeeper:
    """What is expected, and what of it was sent and is not confirmed yet."""

    def __init__(self, send: Callable[[bytes], None]) -> None:
        """Nothing is expected."""
        self._send = send
        self._to_come: list[Due] = []
        self._ahead: list[Due] = []  # sent before the engine asked for it

    @property
    def next_due(self) -> float | None:
        """When something is to be sent; None where nothing is expected."""
        return self._to_come[0].at if self._to_come else None

    def expect(self, due: Sequence[Due]) -> None:
        """This is expected, and nothing else; what was sent and is not among it is taken back."""
        mistaken = [each for each in self._ahead if each not in due]
        self._to_come = [each for each in due if each not in self._ahead]
        self._ahead = [each for each in self._ahead if each in due]
        for each in mistaken:
            self._take_back(each.message)

    def pass_on(self, message: bytes, now: float) -> list[Played]:
        """The engine sends a message: it is sent now, unless that was done."""
        for each in self._ahead:
            if each.message == message:
                self._ahead.remove(each)
                return []
        expected = [each for each in self._to_come if each.message == message][:1]
        for each in expected:
            self._to_come.remove(each)
        for each in [each for each in self._ahead if _thing(each.message) == _thing(message)]:
            self._ahead.remove(each)
            self._take_back(each.message)
        self._send(message)
        return [Played(each, now - each.at) for each in expected if each.at <= now]

    def wake(self, now: float) -> list[Played]:
        """Send what is due by now; a moment that is long over is left to the engine."""
        played = []
        while self._to_come and self._to_come[0].at <= now:
            due = self._to_come.pop(0)
            if now - due.at <= TOO_LATE:
                self._send(due.message)
                self._ahead.append(due)
                played.append(Played(due, now - due.at))
        return played

    def forget(self) -> None:
        """Expect nothing more, and take nothing back."""
        self._to_come, self._ahead = [], []

    def _take_back(self, message: bytes) -> None:
        status, channel = message[0] & 0xF0, message[0] & 0x0F
        if status == NOTE_ON:
            self._send(note_off(channel, message[1]))
        elif status == CONTROL_CHANGE and message[2]:
            self._send(sustain(channel, 0))


def _thing(message: bytes) -> tuple[bool, int, int] | None:
    """The key or the controller that a message moves; None where it is neither."""
    status, channel = message[0] & 0xF0, message[0] & 0x0F
    if status not in (NOTE_ON, NOTE_OFF, CONTROL_CHANGE):
        return None
    return status == CONTROL_CHANGE, channel, message[1]
