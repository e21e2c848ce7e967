"""The report on a prepared corpus: what is counted, what is drawn, and what it copes with."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pretty_midi
import pytest
from click.testing import CliRunner
from matplotlib.patches import Rectangle
from rich.console import Console

pytest.importorskip("matplotlib", reason="the report belongs to the trainer")
pytest.importorskip("pyarrow", reason="the report belongs to the trainer")

from performer.refusal import Refusal
from trainer import explore
from trainer.explore import AXES, Axis, Corpus, Sample, Spread, chosen, command, limits, read
from trainer.prepare import prepare

PITCH, STEP, DURATION, VELOCITY = AXES


@pytest.fixture(autouse=True, scope="module")
def coarse() -> Iterator[None]:
    """Small pictures, for speed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(explore.STYLE, "figure.dpi", 40)
        yield


def piece(name: str, notes: int, seed: int, velocity: int | None = None) -> pd.DataFrame:
    """Chords of two: every other step is exactly zero."""
    dice = np.random.default_rng(seed)
    start = np.repeat(np.cumsum(dice.uniform(0.1, 0.5, (notes + 1) // 2)), 2)[:notes]
    duration = dice.uniform(0.05, 2.0, notes)
    return pd.DataFrame(
        {
            "piece": name,
            "track": 0,
            "program": 0,
            "pitch": dice.integers(40, 90, notes).astype(np.uint8),
            "step": np.diff(start, prepend=0.0).astype(np.float32),
            "duration": duration.astype(np.float32),
            "velocity": (velocity or dice.integers(30, 100, notes)) * np.ones(notes, np.uint8),
            "start": start,
            "end": start + duration,
        }
    )


def catalogue(names: list[str]) -> pd.DataFrame:
    """Every third piece is kept for testing, every other one is performed."""
    return pd.DataFrame(
        {
            "piece": names,
            "split": [("train", "valid", "test")[index % 3] for index in range(len(names))],
            "set": "songs",
            "kind": [("performed", "score")[index % 2] for index in range(len(names))],
            "composer": [f"Composer {index % 30} <&>" for index in range(len(names))],
            "title": [f"Song {name}" for name in names],
        }
    )


def prepared(data: Path, notes: list[pd.DataFrame], pieces: pd.DataFrame | None = None) -> Path:
    """A folder as `prepare` leaves it."""
    data.mkdir(exist_ok=True)
    table = pd.concat(notes, ignore_index=True)
    table.astype({"piece": "category"}).to_parquet(data / "notes.parquet", index=False)
    names = list(dict.fromkeys(table["piece"]))
    (catalogue(names) if pieces is None else pieces).to_parquet(data / "pieces.parquet")
    return data


def corpus(data: Path) -> Corpus:
    return read(data, lambda part: None)


def spread(axis: Axis, values: list[float]) -> Spread:
    cells = axis.cells(np.array(values, dtype=np.float64))
    return Spread(axis, np.bincount(cells, minlength=2 + axis.bins))


def reported(data: Path, out: Path, *options: str) -> str:
    result = CliRunner().invoke(command, [str(data), "--out", str(out), *options])
    assert result.exception is None, result.exception
    return (out / "index.html").read_text(encoding="utf-8")


@dataclass
class Page(HTMLParser):
    """A reader of the page that keeps its images, its captions and what it links to."""

    def __post_init__(self) -> None:
        super().__init__()
        self.images: list[dict[str, str | None]] = []
        self.captions = 0
        self.tables = 0
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        self.images += [named] if tag == "img" else []
        self.captions += tag == "caption"
        self.tables += tag == "table"
        self.links += [value or "" for name, value in attrs if name in ("href", "src")]


def seen(page: str) -> Page:
    reader = Page()
    reader.feed(page)
    return reader


@pytest.fixture(scope="module")
def songs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dozen pieces of some hundred notes."""
    notes = [piece(f"{index}.mid", 90 + 10 * index, index) for index in range(12)]
    return prepared(tmp_path_factory.mktemp("songs"), notes)


@pytest.fixture(scope="module")
def report(songs: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("report")
    reported(songs, out)
    return out


def test_an_exact_zero_is_counted_apart_from_the_shortest_time() -> None:
    times = spread(STEP, [0.0, 0.0, 1e-9, 0.5])
    assert times.zero_share == 0.5
    assert times.cells[2] == 1
    assert times.quantile(0.9) == pytest.approx(0.5, rel=0.02)


def test_a_median_leaves_out_the_exact_zeros() -> None:
    assert spread(STEP, [0.0] * 8 + [0.1, 0.1, 0.5]).quantile(0.5) == pytest.approx(0.1, rel=0.02)


def test_the_part_below_a_time_counts_zeros_and_short_ones() -> None:
    assert spread(DURATION, [0.0, 0.004, 0.1, 0.2]).part_below(0.02) == 0.5


def test_a_pitch_or_velocity_of_zero_is_a_value_like_any_other() -> None:
    assert spread(PITCH, [0.0, 127.0]).cells[[1, 2, -1]].tolist() == [0, 1, 1]


def test_missing_and_negative_times_are_counted_as_missing() -> None:
    times = spread(DURATION, [float("nan"), -0.1, 0.2])
    assert (times.missing, times.notes) == (2, 1)


def test_times_beyond_all_measure_fall_into_the_last_bin() -> None:
    assert spread(DURATION, [1e9]).cells[-1] == 1


@pytest.mark.parametrize("axis", AXES, ids=lambda axis: axis.name)
def test_the_area_of_a_density_is_the_share_of_what_is_not_exactly_zero(axis: Axis) -> None:
    dice = np.random.default_rng(1)
    values = [0.0] * 50 + list(dice.uniform(0.01, 2.0, 150) if axis.is_time else [60.0] * 150)
    expected = 0.75 if axis.is_time else 1.0
    known = spread(axis, values)
    density = known.density if axis.is_time else spread(axis, [60.0] * 200).density
    width = axis.points[1] - axis.points[0]
    assert density.sum() * width == pytest.approx(expected, abs=0.005)


def test_a_density_peaks_where_the_notes_are() -> None:
    halves = spread(STEP, [0.5] * 30 + [0.1])
    assert 2 ** STEP.points[halves.density.argmax()] == pytest.approx(0.5, rel=0.02)


def test_the_ticks_of_a_file_are_no_peaks_of_the_density() -> None:
    ticks = 0.0013 * np.random.default_rng(2).integers(1, 30, 20_000)
    density = spread(STEP, list(ticks)).density
    between = (STEP.values > 0.003) & (STEP.values < 0.03)
    rises = np.diff(density[between])
    assert rises.min() > -0.02 * density.max()


def test_distances_are_those_of_the_notes_themselves() -> None:
    low, high = spread(PITCH, [60, 62, 64, 66]), spread(PITCH, [63, 65, 67, 69])
    assert low.wasserstein(high) == pytest.approx(3.0)
    assert low.ks(high) == pytest.approx(0.5)
    assert low.ks(low) == low.wasserstein(low) == 0


def test_a_distance_of_times_counts_the_exact_zeros() -> None:
    together, apart = spread(STEP, [0.0, 0.0]), spread(STEP, [0.0, 0.4])
    assert together.ks(apart) == pytest.approx(0.5)
    assert together.wasserstein(apart) == pytest.approx(0.2, rel=0.02)


def test_limits_leave_out_a_trace_and_no_more() -> None:
    low, high = limits(PITCH, [spread(PITCH, [60.0] * 9000 + [72.0] * 999 + [1.0])])
    assert 55 < low < 60
    assert 72 < high < 77


def test_all_notes_are_counted_whatever_the_size_of_a_batch(
    songs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = corpus(songs)
    monkeypatch.setattr(explore, "AT_ONCE", 7)
    in_parts = corpus(songs)
    assert whole.notes == sum(90 + 10 * index for index in range(12))
    pd.testing.assert_frame_equal(whole.pieces, in_parts.pieces)
    for axis in AXES:
        assert (whole.counts[axis.name] == in_parts.counts[axis.name]).all()


def test_notes_are_counted_for_their_own_split_and_kind(songs: Path) -> None:
    table = pd.read_parquet(songs / "notes.parquet").merge(
        pd.read_parquet(songs / "pieces.parquet"), on="piece"
    )
    ours = table[(table["split"] == "test") & (table["kind"] == "score")]
    counted = corpus(songs).spread(PITCH, split="test", kind="score")
    expected = np.bincount(ours["pitch"].to_numpy(), minlength=128)
    assert counted.cells[2:].tolist() == expected.tolist()


def test_zero_steps_are_told_by_kind(songs: Path) -> None:
    assert corpus(songs).spread(STEP, kind="performed").zero_share == pytest.approx(0.5)


def test_the_page_needs_nothing_from_outside(report: Path) -> None:
    page = seen((report / "index.html").read_text(encoding="utf-8"))
    assert len(page.images) == 8
    assert all(link.startswith("data:image/png;base64,") for link in page.links)


def test_every_picture_has_words_and_every_table_a_caption(report: Path) -> None:
    page = seen((report / "index.html").read_text(encoding="utf-8"))
    assert all(len(str(image["alt"])) > 30 for image in page.images)
    assert page.captions == page.tables >= 6


def test_each_picture_is_also_a_file(report: Path) -> None:
    names = {path.stem for path in report.glob("*.png")}
    assert {"sample_distributions", "sample_piano_roll", "counts", "train_and_test"} < names
    assert {f"density_{axis.name}" for axis in AXES} < names
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in report.glob("*.png"))
    assert not list(report.glob("*.part"))


def test_names_from_the_catalogue_cannot_break_the_page(report: Path) -> None:
    page = (report / "index.html").read_text(encoding="utf-8")
    assert "<&>" not in page
    assert "Composer 3 &lt;&amp;&gt;" in page


def test_the_same_data_gives_the_same_files(songs: Path, report: Path, tmp_path: Path) -> None:
    reported(songs, tmp_path)
    for path in sorted(report.iterdir()):
        assert (tmp_path / path.name).read_bytes() == path.read_bytes(), path.name


def test_a_corpus_without_a_catalogue_is_explored_too(tmp_path: Path) -> None:
    pieces = pd.DataFrame({"piece": ["a.mid", "b.mid"], "split": ["train", "test"], "kind": None})
    data = prepared(tmp_path / "data", [piece("a.mid", 40, 1), piece("b.mid", 30, 2)], pieces)
    page = reported(data, tmp_path / "out")
    assert "not stated" in page
    assert "KS" in page


def test_without_test_works_there_is_nothing_to_compare(tmp_path: Path) -> None:
    pieces = pd.DataFrame({"piece": ["a.mid"]})
    page = reported(prepared(tmp_path / "data", [piece("a.mid", 40, 1)], pieces), tmp_path / "out")
    assert "no test works" in page
    assert not (tmp_path / "out" / "train_and_test.png").exists()


def test_a_piece_of_one_note_is_drawn(tmp_path: Path) -> None:
    data = prepared(tmp_path / "data", [piece("one.mid", 1, 1)])
    assert "one.mid" in reported(data, tmp_path / "out")


def test_constant_velocity_is_drawn_and_told(tmp_path: Path) -> None:
    live = piece("live.mid", 50, 2, 64)
    live.loc[7, "velocity"] = 65
    data = prepared(tmp_path / "data", [piece("flat.mid", 50, 1, 64), live])
    page = reported(data, tmp_path / "out")
    assert "Pieces with one velocity throughout: 50.0 %" in page


def test_missing_values_are_told(tmp_path: Path) -> None:
    notes = piece("a.mid", 40, 1).astype({"velocity": "float32"})
    notes.loc[3:5, "velocity"] = np.nan
    notes.loc[7, "duration"] = -1.0
    page = re.sub(r"<[^>]+>", " ", reported(prepared(tmp_path / "d", [notes]), tmp_path / "out"))
    assert re.search(r"notes +velocity +3 ", page)
    assert re.search(r"notes +duration below zero +1 ", page)


def test_the_sample_is_the_piece_asked_for_by_part_of_its_title(songs: Path) -> None:
    assert chosen(corpus(songs), "song 7.mid") == "7.mid"
    assert chosen(corpus(songs), "1.mid") == "1.mid"


def test_without_asking_the_sample_has_dynamics(tmp_path: Path) -> None:
    notes = [piece("flat.mid", 500, 1, 64), piece("live.mid", 300, 2)]
    pieces = catalogue(["flat.mid", "live.mid"]).assign(kind="performed")
    assert chosen(corpus(prepared(tmp_path / "data", notes, pieces)), None) == "live.mid"


def test_without_asking_the_sample_is_a_humans_playing(tmp_path: Path) -> None:
    notes = [piece("played.mid", 20, 1, 64), piece("score.mid", 500, 2)]
    assert chosen(corpus(prepared(tmp_path / "data", notes)), None) == "played.mid"


def drawn(sample: Sample) -> list[Rectangle]:
    """The bars of a piano roll, those of the black keys left out."""
    figure = explore.piano_roll(sample).figure
    patches = [bar for axes in figure.axes[:-1] for bar in axes.patches]
    return [bar for bar in patches if isinstance(bar, Rectangle) and 0.8 < bar.get_height() < 1]


def test_a_piano_roll_shows_each_note_at_its_time_for_as_long_as_it_is_held(songs: Path) -> None:
    notes = pd.read_parquet(songs / "notes.parquet")
    ours = notes[notes["piece"] == "3.mid"]
    begin = ours["start"].min()
    expected = {
        (round(note.pitch), round(note.start - begin, 3), round(note.end - note.start, 3))
        for note in ours.itertuples()
        if note.end - note.start > 0.06  # shorter ones are drawn as long as print can show
    }
    assert expected == {
        (round(bar.get_y() + 0.45), round(bar.get_x(), 3), round(bar.get_width(), 3))
        for bar in drawn(Sample("3.mid", "Three", ours))
        if bar.get_width() > 0.0601
    }


def test_a_louder_note_is_darker() -> None:
    notes = piece("a.mid", 2, 1).assign(velocity=[30, 110])
    soft, loud = (sum(bar.get_facecolor()[:3]) for bar in drawn(Sample("a.mid", "A", notes)))
    assert loud < soft


def test_of_a_long_piece_the_roll_shows_the_beginning_and_says_so() -> None:
    roll = explore.piano_roll(Sample("a.mid", "A", piece("a.mid", 2000, 1)))
    assert len(roll.figure.axes) == 5 + 1  # the rows, and the key to the shades
    assert "the first 150 of" in roll.caption


@pytest.mark.parametrize(
    ("asked", "said"), [("nothing", "No piece is called nothing"), ("Song", "12 pieces are called")]
)
def test_a_piece_that_is_none_or_many_is_refused(songs: Path, asked: str, said: str) -> None:
    with pytest.raises(Refusal, match=said):
        chosen(corpus(songs), asked)


def test_a_folder_without_prepared_music_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refusal, match="run antiphon-train prepare"):
        corpus(tmp_path)


def test_a_table_that_is_none_is_refused(songs: Path, tmp_path: Path) -> None:
    (tmp_path / "pieces.parquet").write_bytes((songs / "pieces.parquet").read_bytes())
    (tmp_path / "notes.parquet").write_bytes(b"no table")
    with pytest.raises(Refusal, match=r"notes\.parquet cannot be read"):
        corpus(tmp_path)


def test_a_table_without_a_column_is_refused(tmp_path: Path) -> None:
    data = prepared(tmp_path / "data", [piece("a.mid", 9, 1).drop(columns="step")])
    with pytest.raises(Refusal, match="lacks step"):
        corpus(data)


def test_notes_of_an_unknown_piece_are_refused(tmp_path: Path) -> None:
    data = prepared(tmp_path / "data", [piece("a.mid", 9, 1)], catalogue(["b.mid"]))
    with pytest.raises(Refusal, match="lacks a piece"):
        corpus(data)


def test_a_corpus_without_notes_is_refused(tmp_path: Path) -> None:
    data = prepared(tmp_path / "data", [piece("a.mid", 9, 1).head(0)], catalogue(["a.mid"]))
    with pytest.raises(Refusal, match="holds no notes"):
        corpus(data)


def test_it_reads_what_prepare_writes(tmp_path: Path) -> None:
    song = pretty_midi.PrettyMIDI()
    piano = pretty_midi.Instrument(0)
    piano.notes = [pretty_midi.Note(60 + key, 60 + key, key // 2, key // 2 + 1) for key in range(8)]
    song.instruments.append(piano)
    (tmp_path / "midi").mkdir()
    song.write(str(tmp_path / "midi" / "song.mid"))
    prepare([tmp_path / "midi"], tmp_path / "data", processes=1, console=Console(quiet=True))
    counted = corpus(tmp_path / "data")
    assert counted.notes == 8
    assert counted.spread(STEP).zero_share == pytest.approx(5 / 8)  # the first begins at zero too
    assert "song" in reported(tmp_path / "data", tmp_path / "out")
