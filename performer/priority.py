"""The machine's attention: that a note which is due is played now, whatever else is going on.

The rule kept here: priority is asked for, said, and never required; what Python does on its own
account, tidying its memory, waits until nobody plays. Who sets ANTIPHON_PRIORITY to "ordinary" has
none asked for, to see what it is worth.
"""

import ctypes
import gc
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum

FIFO = 10  # of 1 to 99: before all ordinary programs, after the sound system's own threads
SWITCH = 0.0005  # seconds for which one of Python's threads keeps the others waiting, at most
NICE = -10
INTERACTIVE = 0x21  # macOS's class of work that somebody is waiting for
WISH, ORDINARY = "ANTIPHON_PRIORITY", "ordinary"  # an environment variable, and what it may say


class Priority(Enum):
    """What the system granted."""

    REAL_TIME = "real-time priority"
    RAISED = "raised priority"
    ORDINARY = "ordinary priority"


@contextmanager
def undisturbed() -> Iterator[Priority]:
    """While it lasts, the calling thread is woken first, and memory is not tidied up."""
    gc.collect()
    gc.freeze()
    gc.disable()
    before = sys.getswitchinterval()
    sys.setswitchinterval(SWITCH)
    try:
        yield ask()
    finally:
        sys.setswitchinterval(before)
        gc.enable()
        gc.unfreeze()


def ask() -> Priority:
    """The best that is granted to the calling thread, and to no thread that it starts later."""
    if os.environ.get(WISH) == ORDINARY:
        return Priority.ORDINARY
    if sys.platform == "win32":
        return _on_windows()
    if sys.platform == "darwin":
        granted = ctypes.CDLL(None).pthread_set_qos_class_self_np(INTERACTIVE, 0) == 0
        return Priority.RAISED if granted else Priority.ORDINARY
    try:
        policy = os.SCHED_FIFO | os.SCHED_RESET_ON_FORK
        os.sched_setscheduler(0, policy, os.sched_param(FIFO))
        return Priority.REAL_TIME
    except OSError:
        pass
    try:
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICE)
        return Priority.RAISED
    except OSError:
        return Priority.ORDINARY


def _on_windows() -> Priority:
    """A timer of 1 ms, and the class of threads that play sound."""
    if sys.platform != "win32":
        raise NotImplementedError
    ctypes.windll.winmm.timeBeginPeriod(1)
    task = ctypes.c_ulong(0)
    granted = ctypes.windll.avrt.AvSetMmThreadCharacteristicsW("Pro Audio", ctypes.byref(task))
    return Priority.REAL_TIME if granted else Priority.ORDINARY
