"""Pedals, controllers and keys that do something but music."""

import pytest

from performer.bindings import (
    Action,
    Bindings,
    Controller,
    Controls,
    Done,
    Key,
    Learnt,
    control_of,
    event_of,
    parse_control,
)
from performer.length import Like
from performer.messages import Again, HandOver, Heard, Mode, Panic, Retune, Stop
from performer.midi import note_off, note_on, sustain
from performer.phrase import Silence
from performer.taste import Taste

AS_IT_IS = Retune(Taste(), Silence(), Like(), seed=7)
PEDAL, WHEEL, LOWEST = Controller(67), Controller(1), Key(21)


def controls(is_passed_on: bool = False, **does: Action) -> Controls:
    bound = {"pedal": PEDAL, "wheel": WHEEL, "lowest": LOWEST}
    return Controls(Bindings({bound[it]: act for it, act in does.items()}, is_passed_on), AS_IT_IS)


def moved(controller: int, value: int, channel: int = 0) -> Heard:
    return Heard(bytes([0xB0 | channel, controller, value]), 1.0, "keyboard")


def struck(pitch: int, velocity: int = 80) -> Heard:
    return Heard(note_on(0, pitch, velocity), 1.0, "keyboard")


def released(pitch: int) -> Heard:
    return Heard(note_off(0, pitch), 1.0, "keyboard")


def test_a_pedal_acts_when_it_goes_down_once_on_any_channel_and_is_no_music() -> None:
    hands = controls(pedal=Action.HAND_OVER)
    heard = [hands.hear(moved(67, value, channel=5)) for value in (20, 70, 90, 127, 60, 0, 127)]
    assert [music for music, _ in heard] == [None] * 7
    assert [done for _, done in heard] == [
        None,
        Done(Action.HAND_OVER),
        None,
        None,
        None,
        None,
        Done(Action.HAND_OVER),
    ]


def test_a_key_acts_when_it_is_struck_and_neither_it_nor_its_release_is_music() -> None:
    hands = controls(lowest=Action.STOP)
    assert hands.hear(struck(21)) == (None, Done(Action.STOP))
    assert hands.hear(released(21)) == (None, None)
    assert hands.hear(struck(21)) == (None, Done(Action.STOP))
    assert hands.hear(struck(22)) == (struck(22), None)


def test_what_is_passed_on_sounds_as_well() -> None:
    hands = controls(is_passed_on=True, lowest=Action.AGAIN)
    assert hands.hear(struck(21)) == (struck(21), Done(Action.AGAIN))
    assert hands.hear(released(21)) == (released(21), None)


def test_what_is_not_bound_is_music() -> None:
    hands = controls(pedal=Action.PANIC)
    for heard in (
        struck(60),
        released(60),
        moved(1, 3),
        Heard(b"\xe0\x01\x40", 1.0),
        Heard(b"", 1.0),
    ):
        assert hands.hear(heard) == (heard, None)


def test_the_mode_goes_round() -> None:
    hands = controls(lowest=Action.MODE)
    modes = []
    for _ in range(4):
        _, done = hands.hear(struck(21))
        assert isinstance(done, Done)
        assert done.to is not None
        modes.append(done.to.mode)
    assert modes == [Mode.ENDLESS, Mode.DUET, Mode.ANSWER, Mode.ENDLESS]


def test_the_mode_goes_on_from_what_was_set_on_the_screen() -> None:
    hands = controls(lowest=Action.MODE, wheel=Action.TEMPERATURE)
    hands.follow(Retune(Taste(top_p=0.5), Silence(), Like(), 9, Mode.DUET, 0.5, False))
    _, done = hands.hear(struck(21))
    assert done == Done(
        Action.MODE, Retune(Taste(top_p=0.5), Silence(), Like(), 9, Mode.ANSWER, 0.5, False)
    )
    _, done = hands.hear(moved(1, 0))
    assert isinstance(done, Done)
    assert done.to is not None
    assert done.to.taste == Taste(0.5, 0.5, 0.5, top_p=0.5)


def test_a_wheel_sets_the_temperature_all_the_way_and_a_key_by_how_hard_it_is_struck() -> None:
    hands = controls(wheel=Action.TEMPERATURE, lowest=Action.TEMPERATURE)
    for heard, temperature in (
        (moved(1, 0), 0.5),
        (moved(1, 64), 1.0),
        (moved(1, 96), 2**0.5),
        (struck(21, 32), 0.5**0.5),
    ):
        _, done = hands.hear(heard)
        assert isinstance(done, Done)
        assert done.to is not None
        taste = done.to.taste
        assert taste.pitch == taste.rhythm == taste.dynamics == pytest.approx(temperature)
    assert hands.hear(released(21)) == (None, None)


def test_a_control_is_learnt_by_touching_it_and_does_nothing_then() -> None:
    hands = controls(pedal=Action.PANIC)
    hands.learn(is_on=True)
    assert hands.hear(moved(67, 0)) == (None, None)  # it comes up first
    assert hands.hear(moved(67, 127)) == (None, Learnt(PEDAL))
    assert hands.hear(moved(67, 0)) == (None, None)
    assert hands.hear(moved(67, 127)) == (None, Done(Action.PANIC))


def test_a_key_that_was_learnt_leaves_no_release_behind() -> None:
    hands = controls()
    hands.learn(is_on=True)
    assert hands.hear(struck(60)) == (None, Learnt(Key(60)))
    assert hands.hear(released(60)) == (None, None)
    assert hands.hear(struck(60)) == (struck(60), None)
    hands.learn(is_on=True)
    hands.learn(is_on=False)
    assert hands.hear(struck(62)) == (struck(62), None)


def test_a_pedal_that_was_down_when_its_keyboard_went_acts_again() -> None:
    hands = controls(pedal=Action.STOP)
    hands.hear(moved(67, 127))
    hands.let_go()
    assert hands.hear(moved(67, 127)) == (None, Done(Action.STOP))


def test_the_sustain_pedal_can_be_bound_too() -> None:
    assert control_of(sustain(3, 100)) == (Controller(64), 100)


def test_orders_to_the_synth_are_no_controls() -> None:
    assert control_of(bytes([0xB0, 123, 0])) is None
    assert control_of(bytes([0xC0, 5])) is None


@pytest.mark.parametrize(
    ("action", "event"),
    [
        (Action.HAND_OVER, HandOver()),
        (Action.STOP, Stop()),
        (Action.AGAIN, Again()),
        (Action.PANIC, Panic()),
    ],
)
def test_what_is_done_happens_to_the_conversation(action: Action, event: object) -> None:
    assert event_of(Done(action)) == event
    assert event_of(Done(Action.MODE, AS_IT_IS)) == AS_IT_IS


def test_of_two_controls_the_last_one_does_it_and_one_control_does_one_thing() -> None:
    bindings = Bindings().bound(Action.STOP, PEDAL).bound(Action.STOP, LOWEST)
    assert bindings.control_of(Action.STOP) == LOWEST
    assert bindings.bound(Action.PANIC, LOWEST).control_of(Action.STOP) is None
    assert bindings.without(Action.STOP) == Bindings()


@pytest.mark.parametrize("control", [Key(0), Key(21), Key(61), Key(127), Controller(0), PEDAL])
def test_a_control_is_read_as_it_is_written(control: Key | Controller) -> None:
    assert parse_control(str(control)) == control


@pytest.mark.parametrize(
    "text", ["", "key", "key H2", "key 128", "controller", "controller 120", "controller -1", "67"]
)
def test_what_is_no_control_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no"):
        parse_control(text)
