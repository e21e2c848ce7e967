"""The whole instrument, in real time: started as a player starts it, and played into.

These are the tests that wait for real time, with test_real_ports.
"""

import csv
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import median

import pytest

from performer import ports
from performer.length import parse_length
from performer.messages import (
    ChangeModel,
    ChangePorts,
    Discard,
    ModelChanged,
    NewTake,
    Player,
    Quit,
)
from performer.midi import NoteOff, NoteOn, note_off, note_on, parse
from performer.phrase import Silence
from performer.process import Engine, Kept, News, Plan, PortsChanged, Ready
from performer.prompt import as_played, read_phrase
from performer.session import Settings
from performer.take import read_take
from tests.fakes import CARD, write_trial_model
from tests.jack_server import on_jack
from tests.test_command_line import prompt

pytestmark = [pytest.mark.real_time, pytest.mark.timeout(600)]

CORPUS = Path(__file__).parent.parent.parent / "shared" / "corpus"
START = "import sys; from performer.command_line import main; main(prog_name='antiphon')"
PATIENCE = 20.0  # seconds that anything may take on a busy machine
HEARD_AS_KEPT = 0.005  # seconds
RELEASED = 0.5  # seconds after an engine's death


@dataclass
class Listener:
    heard: list[tuple[float, bytes]] = field(default_factory=list)

    def hear(self, data: bytes, at: float) -> None:
        self.heard.append((at, data))

    def strikes(self, after: float = 0.0) -> list[tuple[float, int]]:
        meant = ((at, parse(data)) for at, data in self.heard if at > after)
        return [(at, message.pitch) for at, message in meant if isinstance(message, NoteOn)]


def until(is_so: object, what: str) -> None:
    give_up_at = time.monotonic() + PATIENCE
    while not is_so():  # type: ignore[operator]
        assert time.monotonic() < give_up_at, f"waited in vain: {what}"
        time.sleep(0.01)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return write_trial_model(tmp_path / "trial.onnx")


def started(tmp_path: Path, model: Path, *words: str) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-c", START, "play", "--model", str(model)]
    command += ["--takes", str(tmp_path / "takes"), "--seed", "3", *words]
    with (tmp_path / "said").open("w") as said:
        return subprocess.Popen(command, stderr=said)


def said(tmp_path: Path) -> str:
    return (tmp_path / "said").read_text()


def only_take(tmp_path: Path) -> Path:
    (take,) = (tmp_path / "takes").glob("*.mid")
    return take


@pytest.fixture
def performed_piece() -> Path:
    catalogue = CORPUS / "catalogue.csv"
    if not catalogue.exists():
        pytest.skip("the corpus is not here (../shared/corpus)")
    with catalogue.open() as rows:
        return next(
            CORPUS / row["path"]
            for row in csv.DictReader(rows)
            if row["split"] == "test" and row["kind"] == "performed"
        )


@on_jack
def test_a_phrase_played_through_real_ports_is_answered_and_kept(
    tmp_path: Path, model: Path, performed_piece: Path
) -> None:
    listener = Listener()
    tmp_path = Path(tempfile.mkdtemp(dir=tmp_path))
    phrase = read_phrase(performed_piece, notes=20)
    played = [m for m in as_played(phrase) if isinstance(parse(m.data), NoteOn | NoteOff)]
    playing = started(tmp_path, model, "--virtual", "--length", "20s", "--silence", "0.5")
    try:
        until(lambda: "listens to" in said(tmp_path), "the instrument")
        keyboard_name = ports.match("Antiphon in", ports.output_names())
        synth_name = ports.match("Antiphon out", ports.input_names())
        with (
            closing(ports.open_input(synth_name, listener.hear)),
            closing(ports.open_output(keyboard_name)) as keyboard,
        ):
            time.sleep(0.3)
            began = time.perf_counter()
            for message in played:
                time.sleep(max(began + message.at - time.perf_counter(), 0))
                keyboard.send(message.data)
            ended = time.perf_counter()
            until(lambda: len(listener.strikes()) >= len(phrase.notes) + 5, "an answer")
            keyboard.send(bytes([0x90, 100, 80]))
            struck_at = time.perf_counter()
            until(lambda: 100 in [pitch for _, pitch in listener.strikes(ended)], "the key")
            time.sleep(0.7)  # held: silence does not count, so nothing may sound
            after_key = [s for s in listener.strikes(struck_at) if s[1] != 100]
            keyboard.send(bytes([0x80, 100, 64]))
            until(lambda: listener.strikes(struck_at + 0.8), "a second answer")
            playing.send_signal(signal.SIGINT)
            assert playing.wait(PATIENCE) == 0
            time.sleep(0.2)
    finally:
        playing.kill()
        playing.wait()

    struck = [message.data[1] for message in played if isinstance(parse(message.data), NoteOn)]
    assert [pitch for _, pitch in listener.strikes()][: len(struck)] == struck
    assert len(after_key) <= 1  # one may have been on its way
    sounding: Counter[int] = Counter()
    for _, data in listener.heard:
        match parse(data):
            case NoteOn(_, pitch):
                sounding[pitch] += 1
            case NoteOff(_, pitch):
                sounding[pitch] -= 1
    assert not any(sounding.values())

    take = read_take(only_take(tmp_path))
    kept = [(m.at, m.data[1]) for m in take.messages if isinstance(parse(m.data), NoteOn)]
    heard = listener.strikes()
    assert Counter(pitch for _, pitch in kept) == Counter(pitch for _, pitch in heard)
    assert len(take.notes(Player.HUMAN)) == len(struck) + 1
    assert take.answers[0].cut_at is not None
    apart = [h - k for (h, _), (k, _) in zip(sorted(heard), sorted(kept), strict=True)]
    late = [abs(difference - median(apart)) for difference in apart]
    assert median(late) <= HEARD_AS_KEPT  # not all of them: this machine may be busy


DEVICE = """
import sys
from performer import ports
if sys.argv[1] == "keyboard":
    port = ports.open_virtual_output()
    print("plugged in", flush=True)
    for line in sys.stdin:
        port.send(bytes.fromhex(line))
else:
    port = ports.open_virtual_input(lambda data, at: print(data.hex(), flush=True))
    print("plugged in", flush=True)
    sys.stdin.read()
port.close()
"""


class Device:
    """A keyboard or a synth in a process of its own, which is how it is unplugged."""

    def __init__(self, kind: str, listener: Listener) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", DEVICE, kind],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "plugged in\n"
        self._reader = threading.Thread(target=self._hear, args=(listener,))
        self._reader.start()

    def send(self, data: bytes) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(data.hex() + "\n")
        self._process.stdin.flush()

    def unplug(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()
        self._reader.join()

    def _hear(self, listener: Listener) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as lines:
            for line in lines:
                listener.hear(bytes.fromhex(line), time.perf_counter())


@on_jack
def test_cables_pulled_out_in_the_middle_are_found_again(tmp_path: Path, model: Path) -> None:
    tmp_path = Path(tempfile.mkdtemp(dir=tmp_path))
    listener = Listener()
    synth, keyboard = Device("synth", listener), Device("keyboard", listener)
    words = ("--in", "Antiphon out", "--out", "Antiphon in", "--length", "20s", "--silence", "0.5")
    playing = started(tmp_path, model, *words)
    try:
        until(lambda: "listens to" in said(tmp_path), "the instrument")
        keyboard.send(note_on(0, 60, 80))
        until(lambda: listener.strikes(), "the key")
        keyboard.unplug()
        until(lambda: "was unplugged" in said(tmp_path), "the keyboard to be missed")
        keyboard = Device("keyboard", listener)
        until(lambda: "and is listened to again" in said(tmp_path), "the keyboard to be found")
        until(lambda: len(listener.strikes()) > 5, "an answer to what was played before")
        synth.unplug()
        until(lambda: "has gone" in said(tmp_path), "the synth to be missed")
        synth = Device("synth", listener)
        until(lambda: "and is played again" in said(tmp_path), "the synth to be found")
        again = time.perf_counter()
        keyboard.send(note_on(0, 100, 80))
        until(lambda: 100 in [pitch for _, pitch in listener.strikes(again)], "the key once more")
        playing.send_signal(signal.SIGINT)
        assert playing.wait(PATIENCE) == 0
        time.sleep(0.2)
    finally:
        playing.kill()
        playing.wait()
        keyboard.unplug()
        synth.unplug()
    assert not still_sounding(listener)
    assert len(read_take(only_take(tmp_path)).notes(Player.HUMAN)) == 2


def engine_of(playing: "subprocess.Popen[bytes]") -> int:
    """The one of its processes that runs a model."""
    children = Path(f"/proc/{playing.pid}/task/{playing.pid}/children").read_text().split()
    (engine,) = [
        int(child) for child in children if "onnxruntime" in Path(f"/proc/{child}/maps").read_text()
    ]
    return engine


@on_jack
def test_an_engine_that_dies_leaves_no_key_down_loses_no_note_and_plays_again(
    tmp_path: Path, model: Path
) -> None:
    tmp_path = Path(tempfile.mkdtemp(dir=tmp_path))
    listener = Listener()
    synth = ports.open_virtual_input(listener.hear)
    keyboard = ports.open_virtual_output()
    words = ("--in", "Antiphon out", "--out", "Antiphon in", "--length", "20s", "--silence", "0.5")
    playing = started(tmp_path, model, *words)
    try:
        until(lambda: "listens to" in said(tmp_path), "the instrument")
        keyboard.send(note_on(0, 60, 80))
        until(lambda: listener.strikes(), "the key")
        time.sleep(0.5)  # a message is in the journal a fifth of a second later
        killed_at = time.perf_counter()
        os.kill(engine_of(playing), signal.SIGKILL)
        until(lambda: not still_sounding(listener), "the key to be released")
        assert listener.heard[-1][0] - killed_at < RELEASED
        until(lambda: said(tmp_path).count("listens to") == 2, "the engine to start again")
        again = time.perf_counter()
        keyboard.send(note_on(0, 100, 80))
        until(lambda: 100 in [pitch for _, pitch in listener.strikes(again)], "the next key")
        playing.send_signal(signal.SIGINT)
        assert playing.wait(PATIENCE) == 0
        time.sleep(0.2)
    finally:
        playing.kill()
        playing.wait()
        keyboard.close()
        synth.close()
    assert not still_sounding(listener)
    assert "is recovered" in said(tmp_path)
    takes = [read_take(path) for path in sorted((tmp_path / "takes").glob("*.mid"))]
    assert sorted(take.notes(Player.HUMAN)[0].pitch for take in takes) == [60, 100]


@on_jack
def test_output_model_and_take_change_while_it_plays_and_leave_nothing_hanging(
    tmp_path: Path, model: Path
) -> None:
    tmp_path = Path(tempfile.mkdtemp(dir=tmp_path))
    other_model = write_trial_model(tmp_path / "other.onnx", replace(CARD, name="other"))
    first, second = Listener(), Listener()
    synths = [ports.open_virtual_input(listener.hear) for listener in (first, second)]
    keyboard = ports.open_virtual_output()
    outputs = [name for name in ports.output_names() if "Antiphon in" in name]
    (ours,) = (name for name in ports.input_names() if "Antiphon out" in name)
    settings = Settings(silence=Silence.fixed(0.5), length=parse_length("60s"), seed=3)
    told: list[News] = []
    engine = Engine(Plan(model, settings, tmp_path, (ours,), outputs[0]))
    listening = threading.Thread(target=lambda: told.extend(filter(None, engine.news(0.02))))
    listening.start()

    def has_told(kind: type) -> bool:
        return any(isinstance(news, kind) for news in told)

    try:
        until(lambda: has_told(Ready), "the instrument")
        keyboard.send(note_on(0, 60, 80))
        time.sleep(0.2)
        keyboard.send(note_off(0, 60))
        until(lambda: len(first.strikes()) > 3, "an answer")
        engine.tell(ChangePorts((ours,), outputs[1]))
        until(lambda: has_told(PortsChanged), "the other synth")
        until(lambda: len(second.strikes()) > 3, "the answer to go on there")
        assert not still_sounding(first)
        engine.tell(ChangeModel(tmp_path / "missing.onnx"))
        until(lambda: "cannot be read" in str(told[-20:]), "a model that is not there")
        engine.tell(ChangeModel(other_model))
        until(lambda: has_told(ModelChanged), "the other model")
        engine.tell(NewTake())
        until(lambda: has_told(Kept), "the first take")
        keyboard.send(note_on(0, 64, 80))
        until(lambda: 64 in [pitch for _, pitch in second.strikes()], "the next key")
        engine.tell(Discard())
        keyboard.send(note_on(0, 67, 80))
        until(lambda: 67 in [pitch for _, pitch in second.strikes()], "the key after it")
        time.sleep(0.5)  # it is in the journal, and the take that was discarded is no more
        os.kill(engine._process.pid or 0, signal.SIGKILL)
        until(lambda: sum(isinstance(news, Ready) for news in told) == 2, "the next engine")
        again = [news for news in told if isinstance(news, Ready)][1]
        assert (again.model, again.output) == ("other", outputs[1])
        assert not still_sounding(second)
    finally:
        engine.tell(Quit())
        listening.join(PATIENCE)
        for port in (keyboard, *synths):
            port.close()
    takes = [read_take(path) for path in sorted(tmp_path.glob("*.mid"))]
    assert {note.pitch for take in takes for note in take.notes(Player.HUMAN)} == {60, 67}
    assert not list(tmp_path.glob(".*.journal"))


def still_sounding(listener: Listener) -> set[int]:
    sounding: set[int] = set()
    for _, data in listener.heard:
        match parse(data):
            case NoteOn(_, pitch):
                sounding.add(pitch)
            case NoteOff(_, pitch):
                sounding.discard(pitch)
    return sounding


def test_with_a_prompt_it_plays_answers_keeps_the_take_and_ends(
    tmp_path: Path, model: Path
) -> None:
    file = prompt(tmp_path / "p.mid", 4)
    words = ("--prompt", str(file), "--out", "none", "--length", "1s")
    playing = started(tmp_path, model, *words)
    assert playing.wait(60) == 0, said(tmp_path)
    take = read_take(only_take(tmp_path))
    assert len(take.notes(Player.HUMAN)) == 4
    assert take.notes(Player.MODEL)
    assert only_take(tmp_path).with_suffix(".wav").stat().st_size > 100_000
    assert "Answered with" in said(tmp_path)


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_ended_in_the_middle_it_keeps_the_take(
    tmp_path: Path, model: Path, how: signal.Signals
) -> None:
    file = prompt(tmp_path / "p.mid", 100)
    playing = started(tmp_path, model, "--prompt", str(file), "--out", "none")
    until(lambda: "A phrase begins" in said(tmp_path), "the prompt")
    playing.send_signal(how)
    assert playing.wait(PATIENCE) == 0
    assert "Traceback" not in said(tmp_path)
    assert 1 <= len(read_take(only_take(tmp_path)).notes(Player.HUMAN)) < 100


def test_when_the_screen_dies_the_engine_ends_and_keeps_the_take(
    tmp_path: Path, model: Path
) -> None:
    file = prompt(tmp_path / "p.mid", 400)
    playing = started(tmp_path, model, "--prompt", str(file), "--out", "none")
    until(lambda: "A phrase begins" in said(tmp_path), "the prompt")
    playing.kill()
    playing.wait()
    until(lambda: list((tmp_path / "takes").glob("*.mid")), "the take of an orphan")


def test_for_so_many_seconds_is_for_so_many_seconds(tmp_path: Path, model: Path) -> None:
    playing = started(tmp_path, model, "--for", "0.5", "--out", "none", "--prompt", "missing.mid")
    assert playing.wait(PATIENCE) == 2
    file = prompt(tmp_path / "p.mid", 400)
    words = ("--for", "1.2", "--out", "none", "--prompt", str(file))
    assert started(tmp_path, model, *words).wait(PATIENCE) == 0
    assert read_take(only_take(tmp_path)).messages[-1].at < 1.3
