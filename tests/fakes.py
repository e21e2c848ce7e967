"""What the tests play with: a take in virtual time, players and outputs that only remember."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from math import inf
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from performer import touch
from performer.choice import Critic
from performer.codec import CODEC, FEATURES, WINDOW
from performer.composer import Author, Improvises, compose, overhear
from performer.engine import Hands, Sent, perform
from performer.inbox import Scripted, VirtualInbox
from performer.messages import (
    Composed,
    ComposingFailed,
    Heard,
    LastPhrase,
    Maker,
    ModelTakenUp,
    Overhear,
    Player,
    Report,
    Request,
)
from performer.midi import NoteOff, NoteOn, note_off, note_on, parse, sustain
from performer.model_card import ModelCard
from performer.notes import Note, Phrase
from performer.recorder import Recorder
from performer.session import Session, Settings
from performer.take import Recorded, Take
from performer.thought import Struck, Thought
from performer.window_player import HEADS

CARD = ModelCard(
    name="trial",
    kind="reference",
    codec=CODEC,
    window=WINDOW,
    features=FEATURES,
    training_corpus="none: random weights",
    licence="CC0-1.0",
    attribution="nobody",
    date="2026-11-24",
    parameters=75 * sum(HEADS.values()),
    losses={"total": 1.9},
)

PLAIN = Settings()
STALL = 1.5  # seconds


class OneByOne:
    """An improviser who says the next note of each of several answers one after the other."""

    def next_of_each(self, thoughts: Sequence[Thought]) -> list[tuple[Note, Thought]]:
        return [self.next(thought) for thought in thoughts]

    def next(self, thought: Thought) -> tuple[Note, Thought]:
        raise NotImplementedError


@dataclass
class Metronome(OneByOne):
    """An improviser that strikes one key after the other, evenly."""

    step: float = 0.25
    duration: float = 0.2
    first_pitch: int = 60

    def overhear(self, phrase: Phrase) -> bool:
        return True

    def hear(self, thought: Thought, struck: Sequence[Struck]) -> Thought:
        return thought

    def next(self, thought: Thought) -> tuple[Note, Thought]:
        onset = round(thought.index * self.step, 3)
        pitch = self.first_pitch + thought.index % 12
        note = Note(pitch, 70, onset, round(onset + self.duration, 3))
        return note, replace(thought, index=thought.index + 1, onset=onset)


class Broken(OneByOne):
    """An improviser whose model fails."""

    def overhear(self, phrase: Phrase) -> bool:
        raise ValueError("the model's scores are not finite numbers")

    def hear(self, thought: Thought, struck: Sequence[Struck]) -> Thought:
        raise ValueError("the model's scores are not finite numbers")

    def next(self, thought: Thought) -> tuple[Note, Thought]:
        raise ValueError("the model's scores are not finite numbers")


@dataclass
class Listener:
    """An output that remembers when it was sent what."""

    now: Callable[[], float]
    sounded: list[tuple[float, bytes]] = field(default_factory=list)

    def send(self, message: bytes) -> None:
        self.sounded.append((self.now(), message))

    @property
    def hanging(self) -> set[tuple[int, int]]:
        """Keys that sound at the end; fails where one was released that did not sound."""
        keys: set[tuple[int, int]] = set()
        for _, data in self.sounded:
            match parse(data):
                case NoteOn(channel, pitch):
                    assert (channel, pitch) not in keys, "struck twice"
                    keys.add((channel, pitch))
                case NoteOff(channel, pitch):
                    assert (channel, pitch) in keys, "released twice"
                    keys.remove((channel, pitch))
        return keys


@dataclass(frozen=True)
class Rehearsal:
    """What came of a conversation in virtual time."""

    take: Take
    told: list[Sent | Report]
    output: Listener
    asked: list[tuple[float, Request]]

    def notes(self, by: Player) -> tuple[Note, ...]:
        return self.take.notes(by)


def key(
    pitch: int, at: float, until: float, velocity: int = 80, channel: int = 0
) -> list[Scripted]:
    """One key as a player strikes and releases it."""
    return [
        (at, Heard(note_on(channel, pitch, velocity), at)),
        (until, Heard(note_off(channel, pitch), until)),
    ]


def pedal(at: float, until: float, channel: int = 0) -> list[Scripted]:
    """The sustain pedal pressed and let go."""
    return [
        (at, Heard(sustain(channel, 127), at)),
        (until, Heard(sustain(channel, 0), until)),
    ]


def phrase_of(count: int, at: float = 1.0, step: float = 0.3) -> list[Scripted]:
    """A phrase of so many even notes."""
    notes = (key(60 + n % 12, at + n * step, at + n * step + 0.2) for n in range(count))
    return [event for note in notes for event in note]


class StallingInbox(VirtualInbox):
    """Virtual time on a machine that can stand still."""

    def stand_still(self, seconds: float) -> None:
        self._now += seconds


def rehearse(
    script: Iterable[Scripted],
    improviser: Improvises | None = None,
    settings: Settings = PLAIN,
    thinking: float = 0.002,
    is_last: bool = True,
    successor: tuple[float, Improvises, Maker] | None = None,
    stalls_at: float = inf,
    critic: Critic | None = None,
) -> Rehearsal:
    """Hold a conversation in virtual time; by default it ends with the script's last answer.

    From its moment on a successor composes. Where it stalls, the machine stands still for a while.
    With a critic, several answers are thought of, and the one that plays is steered.
    """
    events = sorted(script, key=lambda scripted: scripted[0])
    if is_last:
        events.append((events[-1][0], LastPhrase()))
    if successor is not None:
        events.append((successor[0], ModelTakenUp(successor[2])))
    inbox = StallingInbox(events)
    output, recorder = Listener(inbox.now), Recorder(Maker("fake", "0"))
    told: list[Sent | Report] = []
    careful = critic and VirtualComposer(improviser or Metronome(), inbox, critic, thinking)
    asked: list[tuple[float, Request]] = []

    def ask(request: Request) -> None:
        asked.append((inbox.now(), request))
        if careful is not None:
            careful.ask(request)
            return
        is_succeeded = successor is not None and inbox.now() >= successor[0]
        player = successor[1] if successor and is_succeeded else improviser or Metronome()
        composing(player, inbox, thinking)(request)

    def record(what: Sent | Report) -> None:
        nonlocal stalls_at
        told.append(what)
        recorder.hear(what)
        if inbox.now() >= stalls_at:
            stalls_at = inf
            inbox.stand_still(STALL)

    perform(Session(settings), inbox, Hands(output, ask, record))
    return Rehearsal(recorder.take, told, output, asked)


def composing(
    improviser: Improvises, inbox: VirtualInbox, thinking: float = 0.002
) -> Callable[[Request], None]:
    """One who composes what is asked for, in so many seconds of virtual time."""

    def ask(request: Request) -> None:
        if isinstance(request, Overhear):
            while not overhear(improviser, request):
                pass
        else:
            inbox.put(compose(improviser, request), thinking)

    return ask


def messages_by_model(take: Take) -> list[Recorded]:
    """What the model played in a take, in an order that does not depend on who came first."""
    ours = (message for message in take.messages if message.by is Player.MODEL)
    return sorted(ours, key=lambda message: (message.at, message.data))


def write_trial_model(
    path: Path, card: ModelCard = CARD, metadata: dict[str, str] | None = None
) -> Path:
    """A small model of random weights that answers like any other; `metadata` replaces the card."""
    dice = np.random.default_rng(1)
    weights = {
        head: numpy_helper.from_array(
            dice.normal(0, 0.5, (WINDOW * len(FEATURES), size)).astype(np.float32), f"{head}_weight"
        )
        for head, size in HEADS.items()
    }
    flat = numpy_helper.from_array(np.array([-1, WINDOW * len(FEATURES)]), "flat_shape")
    nodes = [
        helper.make_node("Reshape", ["window", "flat_shape"], ["flat"]),
        *(helper.make_node("MatMul", ["flat", f"{head}_weight"], [head]) for head in HEADS),
    ]
    graph = helper.make_graph(
        nodes,
        "trial",
        [
            helper.make_tensor_value_info(
                "window", TensorProto.FLOAT, ["batch", WINDOW, len(FEATURES)]
            )
        ],
        [
            helper.make_tensor_value_info(head, TensorProto.FLOAT, ["batch", size])
            for head, size in HEADS.items()
        ],
        [flat, *weights.values()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    helper.set_model_props(model, card.to_metadata() if metadata is None else metadata)
    onnx.save(model, path)
    return path


def write_trial_touch_model(path: Path, seed: int = 1, memory: int = 32) -> Path:
    """A small flagship of random weights."""
    import torch

    from trainer.grand import Grand, Shape
    from trainer.grand_graph import written

    torch.manual_seed(seed)
    shape = Shape(width=16, embedding=16, head=16, memory=memory, depth=8, gathered=8)
    model = written(Grand(shape).eval())
    card = replace(CARD, kind="flagship", codec=touch.CODEC, window=memory, features=touch.PARTS)
    helper.set_model_props(model, card.to_metadata())
    onnx.save(model, path)
    return path


@dataclass
class Unhurried:
    """An improviser each of whose notes takes some seconds of a clock of its own.

    So does each of several side by side: of a model, those take less.
    """

    improviser: Improvises
    thinking: float
    at: float = 0.0

    def overhear(self, phrase: Phrase) -> bool:
        self.at = round(self.at + self.thinking, 6)
        return self.improviser.overhear(phrase)

    def hear(self, thought: Thought, struck: Sequence[Struck]) -> Thought:
        return self.improviser.hear(thought, struck)

    def next(self, thought: Thought) -> tuple[Note, Thought]:
        self.at = round(self.at + self.thinking, 6)
        return self.improviser.next(thought)

    def next_of_each(self, thoughts: Sequence[Thought]) -> Sequence[tuple[Note, Thought]]:
        self.at = round(self.at + self.thinking * len(thoughts), 6)
        return self.improviser.next_of_each(thoughts)


class VirtualComposer:
    """The composer in virtual time: what it thinks of while nothing is asked takes time as well.

    What it did in the time before a request is found out when the request comes.
    """

    def __init__(
        self, improviser: Improvises, inbox: VirtualInbox, critic: Critic, thinking: float
    ) -> None:
        self.mind, self.inbox = Unhurried(improviser, thinking), inbox
        self.asked_at = 0.0
        self.overheard: Overhear | None = None
        self.author = Author(
            self.mind, self.put, critic, lambda: self.mind.at < self.asked_at, lambda: self.mind.at
        )

    def put(self, event: Composed | ComposingFailed | ModelTakenUp) -> None:
        self.inbox.put(event, self.mind.at - self.inbox.now())

    def ask(self, request: Request) -> None:
        self.asked_at = self.inbox.now()
        if self.overheard is not None:
            self.author.do(self.overheard)
        rest = self.author.rest
        if rest is not None and self.mind.at + rest < self.asked_at:
            self.mind.at += rest
            self.author.look_ahead()
        self.mind.at = max(self.mind.at, self.asked_at)
        self.overheard = request if isinstance(request, Overhear) else None
        if not isinstance(request, Overhear):
            self.author.do(request)
