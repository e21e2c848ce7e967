"""At takeover the model has heard nearly all: the first note comes at once, whatever was played."""

from collections.abc import Callable
from pathlib import Path

import pytest

from performer.engine import Hands, perform
from performer.improviser import Improviser
from performer.inbox import Scripted, VirtualInbox
from performer.messages import HandOver, Heard, Overhear, Quit, TakeUp
from performer.midi import note_off, note_on, sustain
from performer.model import Model
from performer.session import OVERHEARD, Session, Settings
from performer.touch_player import SETTLED
from tests.fakes import Listener, composing, key, pedal, write_trial_touch_model

NOTES = 200
STEP = 0.15
END = 1.0 + NOTES * STEP


def melody(held: float = 0.12) -> list[Scripted]:
    return [
        event
        for n in range(NOTES)
        for event in key(50 + 7 * n % 30, round(1.0 + STEP * n, 3), round(1.0 + STEP * n + held, 3))
    ]


def chords() -> list[Scripted]:
    """Some of whose notes come in the same millisecond: as software sets them, and as not."""
    script: list[Scripted] = []
    for n in range(NOTES // 3):
        at = round(1.0 + 3 * STEP * n, 3)
        for m in range(3):
            onset = at if (n // 5) % 2 else round(at + 0.004 * m, 3)
            script += key(48 + (n * 5 + m * 4) % 40, onset, round(at + 0.3, 3))
    return script


STYLES: dict[str, Callable[[], list[Scripted]]] = {
    "a melody": melody,
    "legato": lambda: melody(held=0.5),
    "with a pedal that is changed": lambda: [
        *melody(),
        *(event for n in range(20) for event in pedal(1.05 + 1.5 * n, 2.4 + 1.5 * n)),
    ],
    "with a pedal that is down all the time": lambda: [*melody(), *pedal(1.1, END)],
    "with a pedal at the end only": lambda: [*melody(), *pedal(END - 0.4, END)],
    "over a bass": lambda: [*melody(), *key(30, 1.01, END + 0.1)],
    "over basses": lambda: [
        *melody(),
        *(event for n in range(7) for event in key(30 + n, 1.02 + 4 * n, 4.9 + 4 * n)),
    ],
    "chords": chords,
}


def runs_at_takeover(path: Path, script: list[Scripted]) -> list[int]:
    """How often the graph was run for the first note of each answer."""
    model = Model.load(path)
    improviser = Improviser(model)
    runs = 0
    run = model.run

    def counted(outputs: list[str], inputs: dict[str, object]) -> object:
        nonlocal runs
        runs += 1
        return run(outputs, inputs)

    model.run = counted  # type: ignore
    inbox = VirtualInbox(script)
    compose, spent = composing(improviser, inbox), []

    def ask(request: object) -> None:
        before = runs
        compose(request)  # type: ignore
        if isinstance(request, TakeUp):
            spent.append(runs - before)

    perform(Session(Settings()), inbox, Hands(Listener(inbox.now), ask, lambda _: None))
    return spent


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_trial_touch_model(tmp_path_factory.mktemp("models") / "grand.onnx")


@pytest.mark.parametrize("style", STYLES)
def test_after_a_silence_the_first_note_is_the_next(style: str, path: Path) -> None:
    (spent,) = runs_at_takeover(path, [*STYLES[style](), (END + 2.5, Quit())])
    assert spent <= 2


@pytest.mark.parametrize("style", STYLES)
def test_at_hand_over_in_the_middle_a_few_notes_are_left_to_hear(style: str, path: Path) -> None:
    for at in (END - 3.21, END - 3.0):
        script = [event for event in STYLES[style]() if event[0] < at]
        (spent,) = runs_at_takeover(path, [*script, (at, HandOver()), (at + 0.1, Quit())])
        assert spent <= SETTLED + OVERHEARD + 2


def test_what_is_settled_does_not_depend_on_when_it_was_overheard(path: Path) -> None:
    """A take holds the phrase, not when one listened to it."""
    script = [event for event in STYLES["over a bass"]() if event[0] < END - 3.0]
    first: list[object] = []
    for is_deaf in (False, True):
        inbox = VirtualInbox([*script, (END - 3.0, HandOver()), (END, Quit())])
        compose = composing(Improviser(Model.load(path)), inbox)

        def ask(request: object, is_deaf: bool = is_deaf, compose: object = compose) -> None:
            if not (is_deaf and isinstance(request, Overhear)):
                compose(request)  # type: ignore

        output = Listener(inbox.now)
        perform(Session(Settings()), inbox, Hands(output, ask, lambda _: None))
        first.append([data for at, data in output.sounded if at >= END - 3.0])
    assert first[0] == first[1]
    assert len(first[0]) > 10  # type: ignore


def test_a_keyboard_that_floods_with_half_a_pedal_is_not_overheard_each_time() -> None:
    session = Session(Settings())
    script = [(1.0, note_on(0, 60, 80)), (1.2, note_off(0, 60))]
    script += [(1.3 + n / 1000, sustain(0, n % 64)) for n in range(500)]
    asked = [
        effect
        for at, data in script
        for effect in session.handle(Heard(data, at), at)
        if isinstance(effect, Overhear)
    ]
    assert len(asked) == 1
