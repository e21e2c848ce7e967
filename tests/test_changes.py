"""Output, model and take changed while it plays: nothing is left sounding, and nothing lost."""

import queue
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from performer import shelf, stage
from performer.cables import Plug, Plugged
from performer.composer import Composer
from performer.engine import Sent
from performer.journal import ENDING
from performer.messages import (
    ChangeModel,
    ChangePorts,
    Maker,
    ModelChanged,
    ModelTakenUp,
    Player,
    Remark,
    Send,
    TakeEnded,
    TooSlow,
    Trouble,
)
from performer.midi import note_off, note_on, sustain
from performer.model import Model
from performer.ports import PortError
from performer.refusal import Refusal
from performer.stage import NONE, SYNTH, Instrument, Kept, PortsChanged, SetUp, Stage, Takes
from performer.synth import Service, Synth, SynthError
from performer.take import read_take
from tests.fakes import CARD, write_trial_model

MAKER = Maker("trial", "0")
PATIENCE = 10.0  # seconds


@dataclass
class Sounds:
    sent: list[bytes] = field(default_factory=list)
    has_gone: bool = False

    def send(self, message: bytes) -> None:
        if self.has_gone:
            raise Refusal("It has gone.")
        self.sent.append(message)


@dataclass
class Device:
    is_closed: bool = False

    def start(self, blocks: object) -> None:
        pass

    def close(self) -> None:
        self.is_closed = True


def test_what_sounds_is_released_on_the_output_that_is_left() -> None:
    left, taken = Sounds(), Sounds()
    instrument = Instrument()
    instrument.change(left)
    for message in (note_on(0, 60, 80), note_on(1, 64, 80), note_off(1, 64), sustain(0, 127)):
        instrument.send(message)
    instrument.change(taken)
    instrument.send(note_on(0, 67, 80))
    assert left.sent[4:] == [note_off(0, 60), sustain(0, 0)]
    assert taken.sent == [note_on(0, 67, 80)]


def test_an_output_that_has_gone_can_be_left() -> None:
    left, taken = Sounds(), Sounds()
    instrument = Instrument()
    instrument.change(left)
    instrument.send(note_on(0, 60, 80))
    left.has_gone = True
    instrument.change(taken)
    instrument.close()
    assert taken.sent == []


def test_a_synth_that_is_left_gives_its_device_back() -> None:
    device = Device()
    instrument = Instrument()
    instrument.change(Synth(device, deque(), Service()))
    instrument.change(Sounds())
    assert device.is_closed


@dataclass
class FakeLine:
    """A line to a stage box where all is there but a harp."""

    plugs: list[Plug] = field(default_factory=list)
    sent: list[bytes] = field(default_factory=list)

    def plug(self, wish: Plug) -> Plugged:
        if "harp" in (*wish.inputs, wish.output):
            raise PortError("There is no harp.")
        self.plugs.append(wish)
        return Plugged(wish.inputs, wish.output)

    def send(self, message: bytes) -> None:
        self.sent.append(message)


class Told:
    """All that is told, and a way to wait for some of it."""

    def __init__(self) -> None:
        self._news: queue.SimpleQueue[object] = queue.SimpleQueue()

    def __call__(self, what: object) -> None:
        self._news.put(what)

    def next(self, kind: type) -> object:
        while True:
            what = self._news.get(timeout=PATIENCE)
            if isinstance(what, kind):
                return what


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def line() -> FakeLine:
    return FakeLine()


def on_stage(line: FakeLine, told: Callable[[object], None], model: Path = Path("m.onnx")) -> Stage:
    return Stage(line, model, told)  # type: ignore[arg-type]


def silent() -> Synth:
    raise SynthError("There is no sound device.")


def test_a_port_is_played_by_the_line(line: FakeLine, told: Told) -> None:
    on = on_stage(line, told)
    assert on.plug(ChangePorts(("piano",), "organ")) == PortsChanged(("piano",), "organ")
    on.instrument.send(note_on(0, 60, 80))
    assert line.sent == [note_on(0, 60, 80)]


def test_from_a_port_to_the_synth_the_port_is_left_last(
    line: FakeLine, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    device = Device()
    synth = Synth(device, deque(), Service())
    monkeypatch.setattr(stage, "open_synth", lambda: synth)
    on = on_stage(line, told)
    on.plug(ChangePorts((), "organ"))
    on.instrument.send(note_on(0, 60, 80))
    assert on.plug(ChangePorts((), SYNTH)).output == "the built-in piano"
    assert line.sent[1:] == [note_off(0, 60)]
    assert line.plugs == [Plug((), "organ"), Plug((), "organ"), Plug((), None)]
    on.plug(ChangePorts(("piano",), SYNTH))
    assert not device.is_closed  # it goes on sounding


def test_a_machine_without_sound_says_so_and_its_take_has_a_sound_of_its_own(
    line: FakeLine, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stage, "open_synth", silent)
    on = on_stage(line, told)
    assert on.plug(ChangePorts((), SYNTH)).output == "nothing"
    assert on.is_silent
    assert isinstance(told.next(Trouble), Trouble)
    on.plug(ChangePorts((), NONE))
    assert not on.is_silent


def test_what_cannot_be_plugged_in_is_said_and_all_stays(line: FakeLine, told: Told) -> None:
    on = on_stage(line, told)
    on.plug(ChangePorts((), "organ"))
    on.begin(idle())
    on.ask(ChangePorts((), "harp"))
    on.ask(ChangePorts(("piano",), "organ"))
    assert told.next(Trouble) == Trouble("There is no harp. All stays plugged in as it was.")
    assert told.next(PortsChanged) == PortsChanged(("piano",), "organ")
    assert told.next(SetUp) == SetUp(Path("m.onnx"), ChangePorts(("piano",), "organ"))
    on.close()


def idle(put: Callable[[object], None] = lambda _: None) -> Composer:
    from tests.fakes import Metronome

    return Composer(Metronome(), put)


def test_another_model_composes_from_now_on(line: FakeLine, told: Told, tmp_path: Path) -> None:
    other = write_trial_model(tmp_path / "other.onnx", replace(CARD, name="other"))
    events: queue.SimpleQueue[object] = queue.SimpleQueue()
    on = on_stage(line, told)
    on.begin(idle(events.put))
    on.ask(ChangeModel(tmp_path / "missing.onnx"))
    on.ask(ChangeModel(other))
    trouble = told.next(Trouble)
    assert isinstance(trouble, Trouble)
    assert trouble.sentence.endswith("No such file or directory. The model stays the same.")
    taken_up = events.get(timeout=PATIENCE)
    assert taken_up == ModelTakenUp(Maker("other", Model.load(other).sha256))
    assert told.next(SetUp) == SetUp(other, ChangePorts((), NONE))
    on.close()


def test_a_model_that_is_too_slow_gives_way_to_the_largest_smaller_one_that_plays(
    line: FakeLine, told: Told, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = write_trial_model(tmp_path / "slow.onnx")
    whole = slow.read_bytes()
    (tmp_path / "large.onnx").write_bytes(whole + bytes(100_000))
    (tmp_path / "broken.onnx").write_bytes(whole[:-1000])
    small = write_trial_model(tmp_path / "small.onnx", replace(CARD, name="s", attribution=""))
    monkeypatch.setattr(shelf, "SHIPPED", tmp_path)
    monkeypatch.setattr(shelf, "own_models", lambda: tmp_path)
    assert small.stat().st_size < slow.stat().st_size
    on = on_stage(line, told, slow)
    on.begin(idle())
    on.ask(TooSlow())
    assert told.next(Remark) == Remark("slow is too slow for this machine: small plays instead.")
    on.ask(TooSlow())  # there is none left
    on.close()


# Takes


def struck(pitch: int, at: float, by: Player = Player.HUMAN) -> list[Sent]:
    return [
        Sent(Send(note_on(0, pitch, 80), at, by), 0.0),
        Sent(Send(note_off(0, pitch), at + 0.5, by), 0.0),
    ]


def takes_in(folder: Path, told: Told) -> Takes:
    return Takes(MAKER, folder, lambda: False, told)


def play(takes: Takes, *pitches: int) -> None:
    for number, pitch in enumerate(pitches):
        for sent in struck(pitch, 1.0 + number):
            takes.hear(sent)


def kept_in(folder: Path) -> list[list[int]]:
    notes = (read_take(path).notes(Player.HUMAN) for path in sorted(folder.glob("*.mid")))
    return sorted([note.pitch for note in each] for each in notes)


def test_a_take_that_ends_is_kept_and_the_next_one_begins(tmp_path: Path, told: Told) -> None:
    takes = takes_in(tmp_path, told)
    play(takes, 60, 62)
    takes.hear(TakeEnded(is_kept=True))
    assert isinstance(told.next(Kept), Kept)
    play(takes, 64)
    takes.close()
    assert kept_in(tmp_path) == [[60, 62], [64]]
    assert not list(tmp_path.glob(f".*{ENDING}"))


def test_a_take_that_is_thrown_away_is_not_kept(tmp_path: Path, told: Told) -> None:
    takes = takes_in(tmp_path, told)
    play(takes, 60)
    takes.hear(TakeEnded(is_kept=False))
    play(takes, 64)
    takes.close()
    assert kept_in(tmp_path) == [[64]]
    assert not list(tmp_path.glob(f".*{ENDING}"))


def test_a_take_in_which_there_is_no_note_is_no_take(tmp_path: Path, told: Told) -> None:
    takes = takes_in(tmp_path, told)
    takes.hear(Sent(Send(sustain(0, 127), 1.0, Player.HUMAN), 0.0))
    takes.hear(Sent(Send(b"\xe0\x00\x40", 1.0, Player.HUMAN), 0.0))
    takes.hear(TakeEnded(is_kept=True))
    takes.close()
    assert list(tmp_path.iterdir()) == []


def test_a_take_is_signed_by_the_model_that_played_when_it_began(
    tmp_path: Path, told: Told
) -> None:
    takes = takes_in(tmp_path, told)
    takes.hear(ModelChanged("other", "1"))
    takes.hear(TakeEnded(is_kept=True))
    play(takes, 60)
    takes.close()
    (path,) = tmp_path.glob("*.mid")
    assert read_take(path).maker == Maker("other", "1")


def test_a_take_that_cannot_be_kept_stays_in_its_journal_and_is_said(
    tmp_path: Path, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> Path:
        raise Refusal("The disk is full.")

    takes = takes_in(tmp_path, told)
    play(takes, 60)
    monkeypatch.setattr(stage, "keep", full)
    takes.hear(TakeEnded(is_kept=True))
    assert told.next(Trouble) == Trouble("The disk is full.")
    play(takes, 64)
    with pytest.raises(Refusal, match="full"):
        takes.close()
    assert len(list(tmp_path.glob(f".*{ENDING}"))) == 2
