"""The journal: whatever ends the machine, what was played is there at the next start."""

import errno
import io
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from performer import journal as journals
from performer.engine import Sent
from performer.journal import ENDING, Journal, read, recover
from performer.messages import Answered, Player, Report, Send, Trouble
from performer.midi import note_off, note_on, sustain
from performer.refusal import Refusal
from performer.take import Maker, read_take, write_take
from tests.fakes import Rehearsal, pedal, phrase_of, rehearse

MAKER = Maker("trial", "abc")
BEGAN = datetime(2026, 11, 24, 20, 15)


def begun(folder: Path, told: list[Report] | None = None) -> Journal:
    return Journal(MAKER, folder, ([] if told is None else told).append, lambda: BEGAN)


def played(rehearsal: Rehearsal, journal: Journal) -> None:
    for what in rehearsal.told:
        journal.hear(what)


def sent(data: bytes, at: float, by: Player = Player.HUMAN) -> Sent:
    return Sent(Send(data, at, by), 0.0)


def written(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.glob(f".*{ENDING}"))


def until(is_so: Callable[[], bool]) -> float:
    began = time.monotonic()
    while not is_so():
        assert time.monotonic() < began + 20.0
        time.sleep(0.005)
    return time.monotonic() - began


@pytest.fixture(scope="module")
def rehearsal() -> Rehearsal:
    return rehearse([*phrase_of(5), *pedal(1.0, 2.0)])


def test_a_take_that_was_cut_short_is_recovered_whole_under_its_own_date(
    tmp_path: Path, rehearsal: Rehearsal
) -> None:
    journal = begun(tmp_path)
    played(rehearsal, journal)
    journal.close()
    (path,) = recover(tmp_path)
    assert path.name == "2026-11-24 20-15-00.mid"
    recovered = read_take(path)
    assert recovered.maker == MAKER
    assert recovered.messages == rehearsal.take.messages
    assert recovered.answers == rehearsal.take.answers
    assert recover(tmp_path) == []


def test_a_take_that_was_kept_leaves_no_journal(tmp_path: Path, rehearsal: Rehearsal) -> None:
    journal = begun(tmp_path)
    played(rehearsal, journal)
    journal.forget()
    assert list(tmp_path.iterdir()) == []


def test_where_nothing_was_played_nothing_is_written(tmp_path: Path) -> None:
    begun(tmp_path).close()
    assert list(tmp_path.iterdir()) == []


def test_a_journal_that_is_being_written_is_left_alone(tmp_path: Path) -> None:
    journal = begun(tmp_path)
    journal.hear(sent(note_on(0, 60, 80), 0.0))
    until(lambda: b"903c50" in written(tmp_path))
    assert recover(tmp_path) == []
    journal.close()
    assert len(recover(tmp_path)) == 1


def test_what_sounded_when_it_was_cut_short_is_released(tmp_path: Path) -> None:
    journal = begun(tmp_path)
    for n, data in enumerate((note_on(0, 60, 80), note_on(0, 64, 80), note_off(0, 64))):
        journal.hear(sent(data, n / 10))
    journal.hear(sent(sustain(0, 127), 0.5, Player.MODEL))
    journal.close()
    messages = [(m.by, m.data) for m in read_take(recover(tmp_path)[0]).messages]
    assert (Player.HUMAN, note_off(0, 60)) in messages
    assert (Player.MODEL, sustain(0, 0)) in messages
    assert len(messages) == 6


def test_what_the_model_held_is_released_by_the_model(tmp_path: Path) -> None:
    struck = [sent(note_on(0, 60, 80), 0.0, Player.MODEL), sent(note_on(0, 62, 80), 0.1)]
    _, take = read(b"".join(journals._line(journals._fact(what)) for what in struck))
    assert [(m.by, m.data) for m in take.messages[2:]] == [
        (Player.MODEL, note_off(0, 60)),
        (Player.HUMAN, note_off(0, 62)),
    ]


def test_lines_that_were_written_late_are_read_in_time() -> None:
    struck = [sent(note_on(0, 62, 80), 0.1), sent(note_on(0, 60, 80), 0.0)]
    _, take = read(b"".join(journals._line(journals._fact(what)) for what in struck))
    assert [message.at for message in take.messages] == [0.0, 0.1, 0.1, 0.1]


def test_lines_are_on_the_disk_not_only_with_the_system(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[bytes] = []
    monkeypatch.setattr(os, "fsync", lambda _: synced.append(written(tmp_path)))
    journal = begun(tmp_path)
    journal.hear(sent(note_on(0, 60, 80), 0.0))
    journal.close()
    assert b"903c50" in synced[-1]


def test_a_take_that_cannot_be_kept_is_tried_again_at_the_next_start(
    tmp_path: Path, rehearsal: Rehearsal, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> Path:
        raise Refusal("The disk is full.")

    journal = begun(tmp_path)
    played(rehearsal, journal)
    journal.close()
    with monkeypatch.context() as full:
        full.setattr(journals, "keep", refuse)
        assert recover(tmp_path) == []
    (path,) = recover(tmp_path)
    assert read_take(path).messages == rehearsal.take.messages


def test_a_line_cut_in_the_middle_costs_no_other(tmp_path: Path, rehearsal: Rehearsal) -> None:
    journal = begun(tmp_path)
    played(rehearsal, journal)
    journal.close()
    whole = written(tmp_path)
    for cut in range(0, len(whole), 97):
        _, take = read(whole[:cut])
        assert len(take.messages) >= whole[:cut].count(b"\n") - 1 - len(take.answers)


PLAYS_UNTIL_KILLED = """
import sys, time
from pathlib import Path
from tests.test_journal import begun, sent
from performer.midi import note_on
journal = begun(Path(sys.argv[1]))
for n in range(100_000):
    journal.hear(sent(note_on(0, n % 128, 80), n / 100))
    print(n, flush=True)
    time.sleep(0.01)
"""


def test_a_process_that_is_killed_loses_a_quarter_of_a_second_at_most(tmp_path: Path) -> None:
    command = [sys.executable, "-c", PLAYS_UNTIL_KILLED, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as playing:
        assert playing.stdout is not None
        until(lambda: written(tmp_path).count(b"Player") > 10)
        written_at_least = written(tmp_path).count(b"Player")
        os.kill(playing.pid, signal.SIGKILL)
        said = len(playing.stdout.read().splitlines())
    (path,) = recover(tmp_path)
    kept = sum(m.data[0] == 0x90 for m in read_take(path).messages)
    assert written_at_least <= kept <= said + 1


def test_a_message_is_on_the_disk_within_a_quarter_of_a_second(tmp_path: Path) -> None:
    assert journals.PAUSE <= 0.25
    journal = begun(tmp_path)
    journal.hear(sent(note_on(0, 60, 80), 0.0))
    assert until(lambda: b"903c50" in written(tmp_path)) < 10.0  # this machine may be busy
    journal.close()


def test_a_full_disk_is_said_once_and_what_could_not_be_written_follows(
    tmp_path: Path, rehearsal: Rehearsal, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[Report] = []
    tries: list[int] = []
    really = journals._Whole.append

    def append(self: journals._Whole, lines: bytes) -> None:
        tries.append(1)
        if len(tries) <= 3:
            raise OSError(errno.ENOSPC, "No space left on device")
        really(self, lines)

    monkeypatch.setattr(journals._Whole, "append", append)
    monkeypatch.setattr(journals, "PAUSE", 0.01)
    journal = begun(tmp_path, told)
    played(rehearsal, journal)
    until(lambda: len(tries) > 3)
    journal.close()
    assert len([each for each in told if isinstance(each, Trouble)]) == 1
    assert "No space left" in str(told[0])
    assert read_take(recover(tmp_path)[0]).messages == rehearsal.take.messages


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
def test_a_disk_that_is_really_full_raises_no_more_than_a_sentence(tmp_path: Path) -> None:
    told: list[Report] = []
    journal = begun(tmp_path, told)
    journal._path.symlink_to("/dev/full")
    journal.hear(sent(note_on(0, 60, 80), 0.0))
    until(lambda: bool(told))
    journal.close()
    assert "No space left" in str(told)


@dataclass
class FillingUp:
    """A file on a disk that has room for five bytes more, until it is made."""

    file: io.FileIO
    room: int = 5

    def write(self, data: bytes) -> int:
        if self.room == 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        written = self.file.write(bytes(data[: self.room]))
        self.room -= written
        return written

    def __getattr__(self, name: str) -> object:
        return getattr(self.file, name)


def test_half_a_line_does_not_stay_on_a_disk_that_filled_up(tmp_path: Path) -> None:
    journal = journals._Whole(tmp_path / "journal")
    journal.append(b"[1]\n")
    really = journal._file
    journal._file = FillingUp(really)  # type: ignore[assignment]
    with pytest.raises(OSError, match="No space"):
        journal.append(b"[2, 22222]\n")
    journal._file = really
    journal.append(b"[2, 22222]\n")
    journal.close()
    assert (tmp_path / "journal").read_bytes() == b"[1]\n[2, 22222]\n"


def test_hearing_never_waits_for_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journals._Whole, "append", lambda self, lines: time.sleep(3.0))
    journal = begun(tmp_path)
    journal.hear(sent(note_on(0, 60, 80), 0.0))
    time.sleep(0.5)
    spent = time.thread_time()
    began = time.monotonic()
    for n in range(1000):
        journal.hear(sent(note_on(0, 60, 80), n / 100))
    assert time.thread_time() - spent < 0.5
    assert time.monotonic() - began < 2.0


@given(st.binary(max_size=300))
def test_no_bytes_whatever_raise(data: bytes) -> None:
    read(data)


def test_a_journal_damaged_anywhere_can_still_be_kept(tmp_path: Path, rehearsal: Rehearsal) -> None:
    journal = begun(tmp_path)
    played(rehearsal, journal)
    journal.close()
    whole = written(tmp_path)
    dice = random.Random(1)
    for n in range(300):
        damaged = bytearray(whole)
        for _ in range(dice.randint(1, 30)):
            damaged[dice.randrange(len(damaged))] = dice.choice(
                b'0123456789abcdef[]{}",:-eE. \n\xff'
            )
        _, take = read(bytes(damaged))
        if n % 10 == 0 and take.messages:
            write_take(take.from_zero(), tmp_path / "damaged.mid")
            read_take(tmp_path / "damaged.mid")


@pytest.mark.parametrize("spoils", [{"began_at": "soon"}, {"cut_at": []}, {"turn": None}])
def test_an_answer_that_says_nonsense_costs_no_note_and_no_start(
    spoils: dict[str, object], tmp_path: Path, rehearsal: Rehearsal
) -> None:
    lines = [journals._fact(what) for what in rehearsal.told if isinstance(what, Sent | Answered)]
    spoilt = [{**fact, **spoils} if isinstance(fact, dict) else fact for fact in lines]
    path = tmp_path / f".1{ENDING}"
    path.write_bytes(b"".join(map(journals._line, spoilt)))
    (kept,) = recover(tmp_path)
    assert read_take(kept).messages == rehearsal.take.messages
    assert read_take(kept).answers == ()


def test_an_answer_is_kept_whose_phrase_is_lost(tmp_path: Path, rehearsal: Rehearsal) -> None:
    (answer,) = rehearsal.take.answers
    late = sent(note_on(0, 60, 80), answer.began_at + 100.0)
    lines = b"".join(journals._line(journals._fact(what)) for what in (answer, late))
    (tmp_path / f".1{ENDING}").write_bytes(lines)
    (kept,) = recover(tmp_path)
    assert [each.turn for each in read_take(kept).answers] == [answer.turn]


def test_answers_are_written_down_as_they_were(rehearsal: Rehearsal) -> None:
    answers = [what for what in rehearsal.told if isinstance(what, Answered)]
    lines = b"".join(journals._line(journals._fact(answer)) for answer in answers)
    assert answers
    assert list(read(lines)[1].answers) == answers
