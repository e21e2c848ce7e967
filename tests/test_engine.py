"""The loop that acts: whatever ends it, the keys come up."""

import threading

import pytest

from performer.composer import Composer
from performer.engine import Hands, Sent, perform
from performer.inbox import VirtualInbox
from performer.messages import Answered, Composed, Heard, Player, Quit, TakeUp, Trouble
from performer.midi import NOTE_ON
from performer.refusal import Refusal
from performer.schedule import Due, Expected
from performer.session import Session, Settings
from performer.taste import Taste
from tests.fakes import Listener, Metronome, composing, key, phrase_of


def test_an_error_in_the_middle_of_an_answer_leaves_no_key_down() -> None:
    inbox = VirtualInbox(phrase_of(5))
    output = Listener(inbox.now)

    def record(what: object) -> None:
        if isinstance(what, Sent) and inbox.now() > 4.0 and not record_failed:
            record_failed.append(True)
            raise ZeroDivisionError

    record_failed: list[bool] = []
    hands = Hands(output, composing(Metronome(duration=5.0), inbox), record)
    with pytest.raises(ZeroDivisionError):
        perform(Session(Settings()), inbox, hands)
    assert any(data[0] == 0x90 for at, data in output.sounded if at > 3.0)
    assert output.hanging == set()


def test_an_output_that_refuses_is_told_and_the_performance_goes_on() -> None:
    class Gone:
        def send(self, message: bytes) -> None:
            raise Refusal("The port has gone.")

    inbox = VirtualInbox([*key(60, 1.0, 1.5), (9.0, Quit())])
    told: list[object] = []
    hands = Hands(Gone(), composing(Metronome(), inbox), told.append)
    perform(Session(Settings()), inbox, hands)
    assert Trouble("The port has gone.") in told
    assert sum(isinstance(what, Sent) for what in told) > 10


def test_lateness_is_told_with_every_message() -> None:
    inbox = VirtualInbox([*key(60, 1.0, 1.5), (9.0, Quit())])
    told: list[object] = []
    hands = Hands(Listener(inbox.now), composing(Metronome(), inbox), told.append)
    perform(Session(Settings()), inbox, hands)
    assert {round(what.lateness, 3) for what in told if isinstance(what, Sent)} <= {0.0, 0.001}


def test_what_will_be_sent_is_said_beforehand() -> None:
    inbox = VirtualInbox([*phrase_of(5), (9.0, Quit())])
    said: dict[Due, float] = {}
    told: list[object] = []

    def expect(expected: Expected) -> None:
        for due in expected.due:
            said.setdefault(due, inbox.now())

    hands = Hands(Listener(inbox.now), composing(Metronome(), inbox), told.append, expect)
    perform(Session(Settings()), inbox, hands)
    strokes = [
        Due(what.message.due, what.message.data)
        for what in told
        if isinstance(what, Sent) and what.message.by is Player.MODEL
    ]
    assert len(strokes) > 10
    early = [due.at - said[due] for due in strokes[2:-1]]  # not the first, nor what ends it
    assert min(early) > 0


def test_an_echo_of_what_is_played_ahead_is_no_player() -> None:
    inbox = VirtualInbox(phrase_of(5))
    told: list[object] = []
    session = Session(Settings())

    def expect(expected: Expected) -> None:
        for due in expected.due[:1]:
            if due.message[0] == NOTE_ON and due not in echoed:
                echoed.add(due)  # it comes back at once, and before the engine wakes to send it
                inbox.put(Heard(due.message, due.at, "loop"), due.at - inbox.now())

    echoed: set[Due] = set()
    inbox.put(Quit(), 9.0)
    perform(
        session,
        inbox,
        Hands(Listener(inbox.now), composing(Metronome(), inbox), told.append, expect),
    )
    assert len(echoed) > 5
    (answered,) = [what for what in told if isinstance(what, Answered)]
    assert answered.cut_at is None


def test_the_composer_composes_in_a_thread_of_its_own() -> None:
    composed: list[object] = []
    threads: list[str] = []
    done = threading.Event()

    def put(event: object) -> None:
        composed.append(event)
        threads.append(threading.current_thread().name)
        done.set()

    composer = Composer(Metronome(), put)
    phrase = Session(Settings())
    for at, event in key(60, 0.0, 0.5):
        phrase.handle(event, at)
    (request,) = [effect for effect in phrase.wake(5.0) if isinstance(effect, TakeUp)]
    assert request.thought.taste == Taste()
    composer.ask(request)
    assert done.wait(5)
    composer.close()
    assert isinstance(composed[0], Composed)
    assert threads == ["composer"]
