"""Any folder of files becomes tables, and whole works are set aside to judge by."""

import csv
import multiprocessing
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import mido
import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from performer.codec import features
from performer.notes import Note, in_order
from tests.music import melody, write_midi
from trainer.command_line import main
from trainer.prepare import Summary, prepare
from trainer.reader import Piece, Problem, read, read_all
from trainer.splits import runs, split, works

QUIET = Console(quiet=True)
HEADER = b"MThd\x00\x00\x00\x06\x00\x00\x00\x01\x01\xe0"


def track(*events: bytes) -> bytes:
    body = b"".join(events) + b"\x00\xff\x2f\x00"
    return b"MTrk" + len(body).to_bytes(4, "big") + body


STRIKE, RELEASE = b"\x00\x90\x3c\x40", b"\x60\x80\x3c\x40"
BROKEN = {
    "empty": b"",
    "page": b"<html>not found</html>",
    "cut header": HEADER[:9],
    "cut track": HEADER + track(STRIKE, RELEASE)[:-7],
    "no tracks": HEADER,
    "header of no division": HEADER[:-2] + b"\x00\x00" + track(STRIKE, RELEASE),
    "running status from nowhere": HEADER + track(b"\x00\x3c\x40", RELEASE),
    "value over 127": HEADER + track(b"\x00\x90\xfc\xff", RELEASE),
    "no notes": HEADER + track(),
    "drums alone": HEADER + track(b"\x00\x99\x3c\x40", b"\x60\x89\x3c\x40"),
    "never released": HEADER + track(STRIKE),
    "days apart": HEADER + track(b"\xff\xff\xff\x7f\x90\x3c\x40" * 8, RELEASE),
    "time that stands still": HEADER + track(b"\x00\xff\x51\x03\x00\x00\x00", STRIKE, RELEASE),
}
ODD = {
    "zero length": HEADER + track(STRIKE, b"\x00\x80\x3c\x40", b"\x60\x90\x40\x40\x60\x80\x40\x40"),
    "beyond the piano": HEADER + track(b"\x00\x90\x05\x40\x60\x80\x05\x40"),
    "slowest tempo": HEADER + track(b"\x00\xff\x51\x03\xff\xff\xff", STRIKE, RELEASE),
    "trailing rubbish": HEADER + track(STRIKE, RELEASE) + b"rubbish",
}


def made(folder: Path, out: Path, processes: int = 1) -> Summary:
    return prepare([folder], out, processes, QUIET)


def problems(out: Path) -> dict[str, str]:
    with (out / "problems.csv").open(newline="") as lines:
        return {row["piece"]: row["problem"] for row in csv.DictReader(lines)}


def tables(out: Path) -> dict[str, bytes]:
    """Every file that was made, but what was only kept for going on."""
    return {
        path.relative_to(out).as_posix(): path.read_bytes()
        for path in sorted(out.rglob("*"))
        if path.is_file()
    }


def test_broken_files_never_stop_it_and_each_is_named_with_its_reason(tmp_path: Path) -> None:
    folder, out = tmp_path / "midi", tmp_path / "data"
    write_midi(folder / "good.mid", melody(0))
    for name, content in {**BROKEN, **ODD}.items():
        (folder / f"{name}.mid").write_bytes(content)
    (folder / "readme.txt").write_text("no music")
    summary = made(folder, out)
    named = problems(out)
    assert set(named) == {f"{name}.mid" for name in BROKEN}
    assert all(named.values())
    assert named["empty.mid"] == "is empty"
    assert named["page.mid"] == "is not a MIDI file"
    assert named["drums alone.mid"] == named["never released.mid"] == "has no notes"
    assert named["days apart.mid"].startswith(("is broken", "has impossible times"))
    assert (summary.pieces, summary.problems) == (1 + len(ODD), len(BROKEN))
    read_back = pd.read_parquet(out / "notes.parquet")
    assert (read_back["duration"] > 0).all()
    assert read_back[read_back["piece"] == "beyond the piano.mid"]["pitch"].tolist() == [5]


@given(st.binary(max_size=60))
def test_whatever_the_bytes_out_comes_a_piece_or_a_problem(rubbish: bytes) -> None:
    assert isinstance(read(HEADER + b"MTrk\x00\x00\x00\x20" + rubbish), Piece | Problem)


def voices(path: Path) -> Path:
    """Two instruments that play together, with pedal, and drums."""
    flute, piano, drums = mido.MidiTrack(), mido.MidiTrack(), mido.MidiTrack()
    flute += [
        mido.Message("program_change", channel=0, program=73),
        mido.Message("note_on", channel=0, note=72, velocity=90, time=480),
        mido.Message("note_off", channel=0, note=72, time=480),
    ]
    piano += [
        mido.Message("control_change", channel=1, control=64, value=127, time=240),
        mido.Message("note_on", channel=1, note=60, velocity=50, time=240),
        mido.Message("note_off", channel=1, note=60, time=240),
        mido.Message("control_change", channel=1, control=64, value=0),
        mido.Message("note_on", channel=1, note=48, velocity=50),
        mido.Message("control_change", channel=1, control=64, value=64),
        mido.Message("note_off", channel=1, note=48, time=480),
    ]
    drums += [
        mido.Message("note_on", channel=9, note=38, velocity=99),
        mido.Message("note_off", channel=9, note=38, time=30),
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    mido.MidiFile(tracks=[drums, flute, piano], ticks_per_beat=480).save(path)
    return path


def test_all_instruments_but_drums_are_read_together_in_the_order_of_models(
    tmp_path: Path,
) -> None:
    voices(tmp_path / "midi" / "duo.mid")
    made(tmp_path / "midi", tmp_path / "data")
    notes = pd.read_parquet(tmp_path / "data" / "notes.parquet")
    assert notes["pitch"].tolist() == [60, 72, 48]
    assert notes["program"].tolist() == [0, 73, 0]
    assert notes["velocity"].tolist() == [50, 90, 50]
    np.testing.assert_allclose(notes["start"], [0.5, 0.5, 0.75])
    np.testing.assert_allclose(notes["step"], [0.5, 0.0, 0.25])
    np.testing.assert_allclose(notes["duration"], [0.25, 0.5, 0.5])
    as_notes = [Note(*row) for row in notes[["pitch", "velocity", "start", "end"]].values.tolist()]
    assert as_notes == list(in_order(as_notes))
    assert str(notes["piece"].dtype) == "category"


def test_the_pedal_is_kept_as_spans_and_one_never_released_lasts_to_the_end(
    tmp_path: Path,
) -> None:
    voices(tmp_path / "midi" / "duo.mid")
    made(tmp_path / "midi", tmp_path / "data")
    pedal = pd.read_parquet(tmp_path / "data" / "pedal.parquet")
    np.testing.assert_allclose(pedal["start"], [0.25, 0.75])
    np.testing.assert_allclose(pedal["end"], [0.75, 1.25])
    assert pedal["track"].tolist() == [1, 1]


def library(folder: Path, pieces: int = 12) -> Path:
    for number in range(pieces):
        write_midi(folder / f"{number:02}.mid", melody(number))
    return folder


def test_training_reads_the_rows_of_the_table(tmp_path: Path) -> None:
    library(tmp_path / "midi")
    made(tmp_path / "midi", tmp_path / "data")
    notes = pd.read_parquet(tmp_path / "data" / "notes.parquet")
    pieces = pd.read_parquet(tmp_path / "data" / "pieces.parquet")
    assert set(pieces["split"]) == {"train", "valid", "test"}
    for side, of_side in pieces.groupby("split"):
        lengths = np.load(tmp_path / "data" / f"{side}_lengths.npy")
        assert lengths.tolist() == of_side["notes"].tolist()
        expected = notes[notes["piece"].isin(of_side["piece"])]
        columns = [expected[name].to_numpy() for name in ("pitch", "step", "duration")]
        rows = np.load(tmp_path / "data" / f"{side}.npy")
        np.testing.assert_allclose(rows, features(*columns), atol=1e-6)


def test_a_second_run_does_nothing_and_a_new_piece_is_added(tmp_path: Path) -> None:
    library(tmp_path / "midi", pieces=4)
    made(tmp_path / "midi", tmp_path / "data")
    written_at = {path: path.stat().st_mtime_ns for path in (tmp_path / "data").rglob("*")}
    again = made(tmp_path / "midi", tmp_path / "data")
    assert (again.pieces, again.notes_read) == (4, 0)
    assert written_at == {path: path.stat().st_mtime_ns for path in (tmp_path / "data").rglob("*")}
    write_midi(tmp_path / "midi" / "new.mid", melody(99, notes=33))
    assert made(tmp_path / "midi", tmp_path / "data").notes_read == 33
    assert len(pd.read_parquet(tmp_path / "data" / "pieces.parquet")) == 5


def test_stopped_and_run_again_it_ends_with_the_same_files(tmp_path: Path) -> None:
    folder = library(tmp_path / "midi", pieces=40)
    (folder / "broken.mid").write_bytes(HEADER[:9])
    command = [sys.executable, "-m", "trainer.command_line", "prepare", str(folder)]
    command += ["--processes", "1", "--out"]
    stopped = subprocess.Popen([*command, str(tmp_path / "stopped")], stderr=subprocess.PIPE)
    read_so_far = tmp_path / "stopped" / "read"
    while not list(read_so_far.glob("*.npz")):
        assert stopped.poll() is None
        time.sleep(0.005)
    stopped.send_signal(signal.SIGINT)
    said = stopped.communicate(timeout=60)[1]
    assert (stopped.returncode, said.strip()) == (
        130,
        b"Stopped. The same command goes on from here.",
    )
    assert not (tmp_path / "stopped" / "prepared.json").exists()
    assert made(folder, tmp_path / "stopped").notes_read < 40 * 60
    made(folder, tmp_path / "undisturbed", processes=2)
    assert tables(tmp_path / "stopped") == tables(tmp_path / "undisturbed")


def test_a_file_that_takes_too_long_costs_itself_alone(tmp_path: Path) -> None:
    slow = write_midi(tmp_path / "slow.mid", melody(0, notes=30_000))
    found = dict(read_all([slow], processes=1, longest=0.05))
    assert found == {slow: Problem("takes longer than 0 s to be read")}


def test_a_file_that_ends_its_process_costs_itself_alone(tmp_path: Path) -> None:
    files = [write_midi(tmp_path / f"{number}.mid", melody(number)) for number in range(3)]
    found: dict[Path, Piece | Problem] = {}
    for path, result in read_all(files, processes=1):
        found[path] = result
        if path == files[0]:
            for child in multiprocessing.active_children():
                child.kill()
                child.join()
    assert isinstance(found[files[0]], Piece)
    assert found[files[1]] == Problem("ended the process that read it")
    assert isinstance(found[files[2]], Piece)


def test_a_catalogues_word_stands(tmp_path: Path) -> None:
    library(tmp_path / "midi", pieces=3)
    (tmp_path / "midi" / "catalogue.csv").write_text(
        "path,split,set,kind,composer,title,notes,seconds,licence,attribution\n"
        "02.mid,test,own,score,Somebody,A Tune,60,1.0,CC0-1.0,Somebody\n"
        "00.mid,train,own,score,Somebody,Another,60,1.0,CC0-1.0,Somebody\n"
        "missing.mid,train,own,score,Somebody,Lost,60,1.0,CC0-1.0,Somebody\n"
    )
    made(tmp_path / "midi", tmp_path / "data")
    pieces = pd.read_parquet(tmp_path / "data" / "pieces.parquet").set_index("piece")
    assert list(pieces.index) == ["02.mid", "00.mid", "01.mid"]
    assert pieces.loc["02.mid", ["split", "title"]].tolist() == ["test", "A Tune"]
    assert pieces.loc["00.mid", "split"] == "train"
    assert problems(tmp_path / "data")["missing.mid"].startswith("cannot be read (No such file")


def test_the_same_file_twice_is_taken_once_but_for_a_catalogues_word(tmp_path: Path) -> None:
    folder = library(tmp_path / "midi", pieces=3)
    (folder / "copy.mid").write_bytes((folder / "01.mid").read_bytes())
    made(folder, tmp_path / "data")
    assert problems(tmp_path / "data") == {"copy.mid": "is the same as 01.mid"}
    (folder / "catalogue.csv").write_text("path,split\n01.mid,train\ncopy.mid,train\n")
    made(folder, tmp_path / "catalogued")
    assert problems(tmp_path / "catalogued") == {}


def upper_voice(pitches: Sequence[int], step: float = 0.25) -> np.ndarray:
    return runs(np.array(pitches), np.arange(len(pitches)) * step)


def test_a_work_is_known_in_another_key_tempo_and_with_another_bass() -> None:
    tune, other = melody(1, 200), melody(2, 200)
    with_bass = sorted(
        [(i * 0.5, pitch) for i, pitch in enumerate(tune)]
        + [(i * 1.0, 30) for i in range(len(tune) // 2)]
    )
    starts, pitches = zip(*with_bass, strict=True)
    edition = runs(np.array(pitches), np.array(starts))
    transposed = upper_voice([pitch + 5 for pitch in tune], step=0.4)
    assert works([upper_voice(tune), upper_voice(other), transposed, edition]) == [[0, 2, 3], [1]]


def test_a_figure_that_everybody_plays_makes_no_work() -> None:
    figure = melody(1000, 60)
    pieces = [upper_voice(melody(seed, 100) + figure) for seed in range(30)]
    assert works(pieces) == [[piece] for piece in range(30)]
    assert works(pieces[:15]) == [list(range(15))]


@given(st.lists(st.tuples(st.integers(1, 500), st.integers(0, 9)), min_size=3, max_size=40))
def test_no_work_stands_on_both_sides(pieces: list[tuple[int, int]]) -> None:
    groups: dict[int, list[int]] = {}
    for index, (_, work) in enumerate(pieces):
        groups.setdefault(work, []).append(index)
    sides = split([""] * len(pieces), [notes for notes, _ in pieces], list(groups.values()))
    for group in groups.values():
        assert len({sides[piece] for piece in group}) == 1
    if len(groups) >= 3:
        assert set(sides) == {"train", "valid", "test"}


def test_a_piece_outside_the_catalogue_goes_with_the_work_it_resembles() -> None:
    assert split(["test", "", ""], [10, 10, 10], [[0, 1], [2]]) == ["test", "test", "train"]


@pytest.mark.parametrize(
    ("fill", "said"),
    [
        (lambda _: None, "is no folder"),
        (lambda folder: folder.mkdir(), "There are no MIDI files in"),
        (lambda folder: _broken(folder), "None of the 1 files can be read"),
        (lambda folder: _catalogue(folder, "path,split\na.mid,exam\n"), "names a split 'exam'"),
        (lambda folder: _catalogue(folder, "name\na.mid\n"), "has a row without a path"),
    ],
)
def test_what_cannot_be_prepared_is_said_in_one_sentence(
    tmp_path: Path, fill: Callable[[Path], None], said: str
) -> None:
    folder = tmp_path / "midi"
    fill(folder)
    result = CliRunner().invoke(main, ["prepare", str(folder), "--out", str(tmp_path / "data")])
    assert result.exit_code == 2
    assert said in result.output
    assert result.output.count("\n") == 1


def _broken(folder: Path) -> None:
    folder.mkdir()
    (folder / "broken.mid").write_bytes(b"MThd")


def _catalogue(folder: Path, text: str) -> None:
    write_midi(folder / "a.mid", melody(0))
    (folder / "catalogue.csv").write_text(text)


def test_help_of_a_stage_loads_no_other() -> None:
    script = (
        "import sys; from click.testing import CliRunner; from trainer.command_line import main;"
        "assert CliRunner().invoke(main, ['--help']).exit_code == 0;"
        "assert CliRunner().invoke(main, ['prepare', '--help']).exit_code == 0;"
        "assert not {'torch', 'pandas', 'matplotlib', 'bs4'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", script], check=True)
