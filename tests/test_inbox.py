"""Waiting, in real and in virtual time."""

import threading

import pytest

from performer.inbox import Inbox, VirtualInbox
from performer.messages import HandOver, Quit, Slept, Stop


def test_virtual_time_jumps_to_what_happens_next() -> None:
    inbox = VirtualInbox([(3600.0, Quit()), (60.0, Stop())])
    assert inbox.wait(30.0) is None
    assert inbox.now() == 30.0
    assert inbox.wait(None) == Stop()
    assert inbox.wait(None) == Quit()
    assert inbox.now() == 3600.0


def test_virtual_time_never_goes_back() -> None:
    inbox = VirtualInbox()
    inbox.wait(5.0)
    inbox.put(Stop())
    inbox.wait(2.0)
    assert inbox.now() == 5.0


def test_time_that_would_stand_still_is_an_error() -> None:
    with pytest.raises(RuntimeError, match="stand still"):
        VirtualInbox().wait(None)


def test_events_of_one_moment_come_in_the_order_of_the_script() -> None:
    inbox = VirtualInbox([(1.0, Stop()), (1.0, HandOver()), (1.0, Quit())])
    assert [inbox.wait(None) for _ in range(3)] == [Stop(), HandOver(), Quit()]


def test_in_real_time_an_event_ends_the_waiting() -> None:
    inbox = Inbox()
    threading.Timer(0.02, inbox.put, [Stop()]).start()
    assert inbox.wait(inbox.now() + 30.0) == Stop()
    assert inbox.now() < 30.0


def test_in_real_time_nothing_happening_ends_at_the_moment() -> None:
    inbox = Inbox()
    until = inbox.now() + 0.02
    assert inbox.wait(until) is None
    assert inbox.now() >= until


def test_in_real_time_a_script_happens_by_itself() -> None:
    inbox = Inbox([(0.02, Quit()), (0.01, Stop())])
    assert [inbox.wait(None), inbox.wait(None)] == [Stop(), Quit()]
    assert inbox.now() >= 0.02


def test_a_program_that_was_stopped_says_so_before_what_happened_meanwhile(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    inbox = Inbox()
    moments = iter([inbox.now(), inbox.now() + 60.0])
    monkeypatch.setattr(inbox, "now", lambda: next(moments))
    inbox.put(Stop())
    assert inbox.wait(0.1) == Slept(pytest.approx(59.9, abs=0.5))
    assert inbox.wait(0.1) == Stop()


def test_a_machine_that_was_suspended_says_so_whatever_its_clock() -> None:
    asleep = iter([5.0, 5.0, 105.0, 105.0])
    inbox = Inbox(asleep=lambda: next(asleep))
    for event in (Stop(), Stop()):
        inbox.put(event)
    assert inbox.wait(None) == Stop()
    assert inbox.wait(None) == Slept(100.0)
    assert inbox.wait(None) == Stop()


def test_a_machine_that_is_only_busy_did_not_sleep() -> None:
    inbox = Inbox([(-1.0, Stop())])  # long overdue
    assert inbox.wait(-2.0) == Stop()
    assert inbox.wait(0.0) is None
