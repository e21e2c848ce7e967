"""The machine's attention, asked for and given back."""

import gc
import os
import threading

import pytest

from performer import priority
from performer.priority import Priority, undisturbed


def in_a_thread_of_its_own(what: object) -> list[object]:
    """What came of it; the tests' own thread keeps its priority."""
    came: list[object] = []
    thread = threading.Thread(target=lambda: came.append(what()))  # type: ignore[operator]
    thread.start()
    thread.join()
    return came


def test_memory_is_not_tidied_up_while_it_lasts() -> None:
    def tidied() -> tuple[bool, bool, bool]:
        before = gc.isenabled()
        with undisturbed():
            during = gc.isenabled()
        return before, during, gc.isenabled()

    assert in_a_thread_of_its_own(tidied) == [(True, False, True)]
    assert gc.get_freeze_count() == 0


def test_what_is_granted_is_said() -> None:
    def granted() -> tuple[Priority, int, int]:
        with undisturbed() as granted:
            policy = os.sched_getscheduler(0) & ~os.SCHED_RESET_ON_FORK
            return granted, policy, os.getpriority(os.PRIO_PROCESS, threading.get_native_id())

    ((said, policy, nice),) = in_a_thread_of_its_own(granted)  # type: ignore[misc]
    assert (said is Priority.REAL_TIME) == (policy == os.SCHED_FIFO)
    assert said is not Priority.RAISED or nice < 0


def test_it_is_never_required(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(priority.os, "sched_setscheduler", refused)
    monkeypatch.setattr(priority.os, "setpriority", refused)
    with undisturbed() as granted:
        assert granted is Priority.ORDINARY
