"""A polite guest of the stand-in site: what it asks for, what it keeps, and when it leaves."""

import csv
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path

import mido
import pytest
from click.testing import CliRunner, Result
from rich.console import Console

from performer.refusal import Refusal
from tests.midiworld_site import (
    Answer,
    Site,
    put_composer,
    put_pieces,
    served,
    small_site,
    tune,
)
from trainer import scrape
from trainer.midiworld import Listed
from trainer.scrape import (
    AGENT,
    Collection,
    Guest,
    Manners,
    Time,
    Verdict,
    command,
    file_name,
    found,
    gather,
    seconds_asked,
)

CORPUS = Path(__file__).parents[2] / "shared" / "corpus"
BUSY = Answer(status=500)
AIR = "/midis/other/bach/inv0.mid"  # the file that misbehaves


@dataclass(slots=True)
class FakeTime:
    """A clock that only sleeping moves, or every look at it where `tick` says so."""

    now: float = 1000.0
    tick: float = 0.0
    slept: list[float] = field(default_factory=list)

    def clock(self) -> float:
        self.now += self.tick
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    def time(self) -> Time:
        return Time(self.clock, lambda: self.now, self.sleep)


@pytest.fixture
def site() -> Iterator[Site]:
    with served(small_site()) as site:
        yield site


def visit(site: Site, out: Path, fake: FakeTime, manners: Manners | None = None) -> Collection:
    collection = Collection.opened(out)
    manners = manners or Manners(time_out=5.0)
    guest = Guest.arriving(site.address, manners, fake.time(), random.Random(1))
    listing, _ = found(collection, guest, "classic", None, keeps_pages=True)
    gather(listing, collection, guest, Console(quiet=True))
    return collection


def verdicts(out: Path) -> Counter[str]:
    return Counter(row["verdict"] for row in rows(out))


def rows(out: Path) -> list[dict[str, str]]:
    with (out / "manifest.csv").open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def verdict_of(path: str, site: Site, out: Path) -> str:
    return {row["address"]: row["verdict"] for row in rows(out)}[site.address.rstrip("/") + path]


def files(out: Path) -> list[str]:
    return sorted(path.name for path in out.iterdir() if path.is_file())


def run(site: Site, out: Path, *more: str) -> Result:
    return CliRunner().invoke(
        command, ["--site", site.address, "--out", str(out), "--pause", "0", *more]
    )


# --- what is kept


def test_every_file_is_kept_once_with_a_row(site: Site, tmp_path: Path) -> None:
    collection = visit(site, tmp_path, FakeTime())
    assert verdicts(tmp_path) == {"ok": 12}
    kept = rows(tmp_path)
    assert {row["file"] for row in kept} | {"manifest.csv"} == set(files(tmp_path))
    for row in kept:
        content = (tmp_path / row["file"]).read_bytes()
        assert content == site.answers[row["address"].removeprefix(site.address[:-1])][0].body
        assert int(row["size"]) == len(content)
        assert collection.kept[row["sha256"]] == row["file"]
    assert (kept[0]["title"], kept[0]["composer"]) == ("Pavane", "Fauré")


def test_hundreds_of_pieces_of_the_corpus_come_in_whole(tmp_path: Path) -> None:
    wanted = sorted(CORPUS.glob("*/*.mid"), key=lambda path: path.stat().st_size)[:300]
    if not wanted:
        pytest.skip("the corpus is not at ../shared/corpus")
    site = Site()
    put_pieces(site, [(f"{n} {path.name}", path.read_bytes()) for n, path in enumerate(wanted)])
    with served(site):
        visit(site, tmp_path, FakeTime())
        assert verdicts(tmp_path)["ok"] + verdicts(tmp_path)["duplicate"] == len(wanted)
        assert max(site.times().values()) == 1
        assert site.most_at_once == 1


def test_the_same_music_at_two_addresses_is_kept_once(site: Site, tmp_path: Path) -> None:
    site.put(AIR, tune(1))  # the tune of the invention after it
    visit(site, tmp_path, FakeTime())
    assert verdicts(tmp_path) == {"ok": 11, "duplicate": 1}
    (double,) = [row for row in rows(tmp_path) if row["verdict"] == "duplicate"]
    assert (tmp_path / double["file"]).read_bytes() == tune(1)
    assert len(files(tmp_path)) == 12


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        (Answer(b""), Verdict.EMPTY),
        (Answer(b"<html>not found</html>"), Verdict.NOT_MIDI),
        (Answer(tune(5)[:-9]), Verdict.UNREADABLE),
        (Answer(tune(5, notes=0)), Verdict.NO_NOTES),
        (Answer(status=404), Verdict.MISSING),
        (Answer(status=418), Verdict.NOT_SERVED),
        (Answer(status=302, headers=(("Location", AIR),)), Verdict.NOT_SERVED),
        (Answer(status=302, headers=(("Location", "http://localhost/x"),)), Verdict.OFF_SITE),
        (Answer(status=301, headers=(("Location", "file:///etc/passwd"),)), Verdict.OFF_SITE),
    ],
)
def test_what_is_no_music_is_named_and_never_asked_for_again(
    answer: Answer, verdict: Verdict, site: Site, tmp_path: Path
) -> None:
    site.put(AIR, answer)
    visit(site, tmp_path, FakeTime())
    asked = site.times()[AIR]
    visit(site, tmp_path, FakeTime())
    assert verdict_of(AIR, site, tmp_path) == verdict
    assert verdicts(tmp_path) == {"ok": 11, verdict.value: 1}
    assert site.times()[AIR] == asked <= 5
    assert len(files(tmp_path)) == 12


def test_a_body_without_end_is_cut_at_the_size_cap(site: Site, tmp_path: Path) -> None:
    sent = 0

    def pour(write: Callable[[bytes], object]) -> None:
        nonlocal sent
        while True:
            write(bytes(1 << 16))
            sent += 1 << 16

    site.put(AIR, Answer(b"MThd", then=pour))
    visit(site, tmp_path, FakeTime(), Manners(largest=1 << 20))
    assert verdict_of(AIR, site, tmp_path) == Verdict.TOO_LARGE
    assert sent < 64 << 20
    assert verdicts(tmp_path)["ok"] == 11


def test_a_file_that_drips_is_left_when_its_time_is_over(site: Site, tmp_path: Path) -> None:
    dripped = 0

    def drip(write: Callable[[bytes], object]) -> None:
        nonlocal dripped
        for byte in tune(5) * 10:
            write(bytes([byte]))
            dripped += 1
            time.sleep(0.002)

    site.put(AIR, Answer(then=drip))
    visit(site, tmp_path, FakeTime(tick=1.0), Manners(tries=2, longest=20.0))
    assert verdict_of(AIR, site, tmp_path) == Verdict.UNREACHABLE
    assert dripped < len(tune(5) * 10)


def test_a_site_that_goes_silent_is_timed_out(site: Site, tmp_path: Path) -> None:
    site.put(AIR, Answer(b"MThd", then=lambda _: time.sleep(0.4)), tune(0))
    visit(site, tmp_path, FakeTime(), Manners(time_out=0.1))
    assert site.times()[AIR] == 2
    assert verdicts(tmp_path) == {"ok": 12}


def test_a_body_cut_on_its_way_is_asked_for_again(site: Site, tmp_path: Path) -> None:
    site.put(AIR, Answer(tune(0)[:30], declared=len(tune(0))), tune(0))
    visit(site, tmp_path, FakeTime())
    assert verdicts(tmp_path) == {"ok": 12}


def test_nothing_of_a_failed_try_stays_in_the_file(site: Site, tmp_path: Path) -> None:
    site.put(AIR, Answer(b"x" * 5000, declared=9000), tune(0))
    collection = visit(site, tmp_path, FakeTime())
    row = collection.rows[site.address.rstrip("/") + AIR]
    assert (tmp_path / row.file).read_bytes() == tune(0)


# --- manners


def test_the_guest_names_itself_and_asks_one_thing_at_a_time(site: Site, tmp_path: Path) -> None:
    site.delay = 0.005
    visit(site, tmp_path, FakeTime())
    assert site.agents == {AGENT}
    assert AGENT.startswith("Antiphon/")
    assert site.most_at_once == 1


def test_a_pause_stands_between_any_two_requests(site: Site, tmp_path: Path) -> None:
    fake = FakeTime()
    visit(site, tmp_path, fake, Manners(pause=3.0))
    assert fake.slept == [3.0] * (len(site.asked) - 1)


def test_a_longer_pause_asked_for_by_robots_txt_is_kept(site: Site, tmp_path: Path) -> None:
    site.put("/robots.txt", b"User-agent: *\nCrawl-delay: 7")
    fake = FakeTime()
    visit(site, tmp_path, fake)
    assert set(fake.slept) == {7.0}


def test_what_robots_txt_forbids_is_not_asked_for(site: Site, tmp_path: Path) -> None:
    site.put("/robots.txt", b"User-agent: antiphon\nDisallow: /midis/other/bach/\n")
    visit(site, tmp_path, FakeTime())
    assert not [path for path in site.asked if path.startswith("/midis/other/bach")]
    assert verdicts(tmp_path) == {"ok": 7, "forbidden by robots.txt": 5}


def test_a_redirect_to_what_robots_txt_forbids_is_not_followed(site: Site, tmp_path: Path) -> None:
    site.put("/robots.txt", b"User-agent: *\nDisallow: /private/\n")
    site.put(AIR, Answer(status=302, headers=(("Location", "/private/a.mid"),)))
    visit(site, tmp_path, FakeTime())
    assert verdict_of(AIR, site, tmp_path) == Verdict.FORBIDDEN
    assert "/private/a.mid" not in site.asked


def test_a_redirect_on_the_site_is_followed(site: Site, tmp_path: Path) -> None:
    site.put("/new.mid", tune(99))
    site.put(AIR, Answer(status=301, headers=(("Location", "/new.mid"),)))
    visit(site, tmp_path, FakeTime())
    assert verdicts(tmp_path) == {"ok": 12}


def test_a_site_that_withholds_robots_txt_is_left_alone(site: Site, tmp_path: Path) -> None:
    site.put("/robots.txt", Answer(status=403))
    assert run(site, tmp_path).exit_code == 2
    assert site.asked == ["/robots.txt"]


def test_a_site_that_cannot_say_its_robots_txt_is_left_alone(site: Site, tmp_path: Path) -> None:
    site.put("/robots.txt", BUSY)
    with pytest.raises(Refusal, match=r"robots\.txt"):
        visit(site, tmp_path, FakeTime())
    assert set(site.asked) == {"/robots.txt"}


def test_after_a_failure_it_backs_off_longer_each_time(site: Site, tmp_path: Path) -> None:
    site.put(AIR, BUSY, BUSY, BUSY, tune(0))
    fake = FakeTime()
    visit(site, tmp_path, fake, Manners(pause=0.0, backoff=10.0))
    assert verdicts(tmp_path) == {"ok": 12}
    first, second, third = fake.slept
    assert 5 <= first <= 10 <= second <= 20 <= third <= 40
    assert first not in (5, 10)  # jitter


def test_a_retry_after_in_seconds_is_obeyed(site: Site, tmp_path: Path) -> None:
    site.put(AIR, Answer(status=429, headers=(("Retry-After", "77"),)), tune(0))
    fake = FakeTime()
    visit(site, tmp_path, fake)
    assert max(fake.slept) == 77
    assert verdicts(tmp_path) == {"ok": 12}


def test_a_retry_after_as_a_date_is_obeyed(site: Site, tmp_path: Path) -> None:
    fake = FakeTime(now=1_000_000.0)
    date = format_datetime(datetime.fromtimestamp(1_000_300, UTC), usegmt=True)
    site.put(AIR, Answer(status=503, headers=(("Retry-After", date),)), tune(0))
    visit(site, tmp_path, fake, Manners(pause=0.0))
    assert fake.now == 1_000_300
    assert verdicts(tmp_path) == {"ok": 12}


@pytest.mark.parametrize("said", [None, "soon", "", "-5", "1.5"])
def test_a_retry_after_that_says_nothing_is_none(said: str | None) -> None:
    assert seconds_asked(said, 0.0) == 0.0


def test_asked_to_stay_away_for_hours_the_run_ends_and_says_so(site: Site, tmp_path: Path) -> None:
    site.put(AIR, Answer(status=429, headers=(("Retry-After", "7200"),)), tune(0))
    with pytest.raises(Refusal, match="120 minutes"):
        visit(site, tmp_path, FakeTime())
    assert site.times()[AIR] == 1
    visit(site, tmp_path, FakeTime())
    assert verdicts(tmp_path) == {"ok": 12}


def test_a_file_out_of_reach_is_tried_again_in_the_next_run(site: Site, tmp_path: Path) -> None:
    site.put(AIR, BUSY)
    visit(site, tmp_path, FakeTime())
    assert (site.times()[AIR], verdict_of(AIR, site, tmp_path)) == (4, "unreachable")
    site.put(AIR, tune(0))
    visit(site, tmp_path, FakeTime())
    assert verdict_of(AIR, site, tmp_path) == "ok"


def test_a_site_that_has_stopped_answering_is_left(site: Site, tmp_path: Path) -> None:
    for path in site.answers:
        if path.endswith((".mid", ".MID")):
            site.put(path, BUSY)
    with pytest.raises(Refusal, match="stopped answering"):
        visit(site, tmp_path, FakeTime())
    assert verdicts(tmp_path) == {"unreachable": 5}


def test_failures_that_do_not_stand_in_a_row_end_nothing(site: Site, tmp_path: Path) -> None:
    for number in (0, 2):
        site.put(f"/midis/other/bach/inv{number}.mid", BUSY)
        site.put(f"/download/{number}", BUSY)
    visit(site, tmp_path, FakeTime(), Manners(patience=2))
    assert verdicts(tmp_path) == {"ok": 8, "unreachable": 4}


# --- names


@pytest.mark.parametrize(
    "listed",
    [
        Listed("../../etc/passwd", "", "http://m/a.mid"),
        Listed("CON", "", "http://m/a.mid"),
        Listed("nul.txt", "", "http://m/a.mid"),
        Listed("..", "..", "http://m/a.mid"),
        Listed("%2e%2e%2f%00", "C:\\", "http://m/a.mid"),
        Listed("Ďábel 悪魔\n\x00", "/", "http://m/a.mid"),
        Listed("x" * 5000, "y" * 5000, "http://m/a.mid"),
        Listed("-rf", "~", "http://m/a.mid"),
    ],
)
def test_a_files_name_is_safe_on_every_system(listed: Listed, tmp_path: Path) -> None:
    name = file_name(listed)
    assert (tmp_path / name).resolve().parent == tmp_path.resolve()
    assert set(name) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.")
    assert name.count(".") == 1
    assert name[0] not in ".-"
    assert len(name) <= 100
    assert name.split(".")[0].upper() not in {"CON", "NUL", "AUX", "PRN", "COM1", "LPT1"}


def test_names_differ_where_only_the_case_of_the_address_does() -> None:
    one, other = (file_name(Listed("Air", "Bach", f"http://m/{name}")) for name in ("a", "A"))
    assert one.lower() != other.lower()


def test_no_name_on_the_site_leads_out_of_the_folder(site: Site, tmp_path: Path) -> None:
    links = {
        "../../../out": "../../../../midis/out.mid",
        "%2e%2e/up": "midis/%2e%2e%2f%2e%2e%2fup.mid",
        "CON": "midis/con.mid",
        "100% Bach": "midis/100% Bach.mid",
    }
    put_composer(site, "CHOPIN.HTM", links)
    for number, path in enumerate(
        ["/midis/out.mid", "/midis/..%2F..%2Fup.mid", "/midis/con.mid", "/midis/100%25%20Bach.mid"]
    ):
        site.put(path, tune(50 + number))
    out = tmp_path / "a" / "b"
    visit(site, out, FakeTime())
    assert verdicts(out) == {"ok": 15}
    assert [path.name for path in tmp_path.rglob("*") if out not in path.parents] == ["a", "b"]


# --- stopped and started again


def test_a_second_run_asks_for_robots_txt_and_nothing_else(site: Site, tmp_path: Path) -> None:
    visit(site, tmp_path, FakeTime())
    before = (tmp_path / "manifest.csv").read_bytes()
    site.asked.clear()
    visit(site, tmp_path, FakeTime())
    assert site.asked == ["/robots.txt"]
    assert (tmp_path / "manifest.csv").read_bytes() == before


@pytest.mark.parametrize("at", range(1, 21))
def test_stopped_at_any_request_it_ends_as_if_undisturbed(
    at: int, site: Site, tmp_path: Path
) -> None:
    class Stopped(FakeTime):
        def sleep(self, seconds: float) -> None:
            FakeTime.sleep(self, seconds)
            if len(self.slept) == at:
                raise KeyboardInterrupt

    undisturbed = visit(site, tmp_path / "whole", FakeTime())
    site.asked.clear()
    if at < len(site.answers) + 1:
        with pytest.raises(KeyboardInterrupt):
            visit(site, tmp_path / "cut", Stopped())
    visit(site, tmp_path / "cut", FakeTime())
    assert files(tmp_path / "cut") == files(tmp_path / "whole")
    assert sorted(r["address"] for r in rows(tmp_path / "cut")) == sorted(undisturbed.rows)
    site.asked = [path for path in site.asked if path != "/robots.txt"]
    assert max(site.times().values()) == 1


def test_a_last_line_torn_anywhere_is_healed(site: Site, tmp_path: Path) -> None:
    visit(site, tmp_path, FakeTime())
    manifest = tmp_path / "manifest.csv"
    whole = manifest.read_bytes()
    last = whole.rstrip().rfind(b"\n") + 1
    for end in range(last, len(whole), 7):
        manifest.write_bytes(whole[:end])
        site.asked.clear()
        visit(site, tmp_path, FakeTime())
        assert site.asked == ["/robots.txt"]
        assert len(rows(tmp_path)) == 12


def test_music_kept_in_an_earlier_run_is_a_duplicate_in_the_next(
    site: Site, tmp_path: Path
) -> None:
    site.put("/download/3", BUSY)
    visit(site, tmp_path, FakeTime())
    site.put("/download/3", tune(1))
    visit(site, tmp_path, FakeTime())
    assert verdict_of("/download/3", site, tmp_path) == "duplicate"


def test_what_a_killed_run_left_lying_is_tidied(site: Site, tmp_path: Path) -> None:
    site.put(AIR, b"<html>")
    visit(site, tmp_path, FakeTime())
    listed = Listed("Invention 0", "Bach", site.address.rstrip("/") + AIR)
    (tmp_path / file_name(listed)).write_bytes(b"<html>")
    (tmp_path / "half.part").write_bytes(b"MThd")
    visit(site, tmp_path, FakeTime())
    assert len(files(tmp_path)) == 12


def test_a_torn_headline_is_healed(site: Site, tmp_path: Path) -> None:
    tmp_path.joinpath("manifest.csv").write_bytes(b"address,ti")
    visit(site, tmp_path, FakeTime())
    assert verdicts(tmp_path) == {"ok": 12}


def test_a_broken_manifest_is_refused_in_a_sentence(site: Site, tmp_path: Path) -> None:
    tmp_path.joinpath("manifest.csv").write_text("some,other\ntable,here\n")
    result = run(site, tmp_path)
    assert result.exit_code == 2
    assert "line 2 of" in result.stderr
    assert site.asked == []


def test_killed_in_the_middle_it_loses_nothing_and_fetches_nothing_twice(tmp_path: Path) -> None:
    site = Site()
    paths = put_pieces(site, [(f"{n}.mid", tune(n)) for n in range(60)])
    site.delay = 0.01
    with served(site):
        line = [sys.executable, "-m", "trainer.scrape", "--site", site.address]
        line += ["--out", str(tmp_path), "--pause", "0"]
        for count in (15, 40):
            process = subprocess.Popen(line, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
            while len(site.asked) < count and process.poll() is None:
                time.sleep(0.005)
            os.kill(process.pid, signal.SIGKILL)
            assert process.wait() == -signal.SIGKILL
        site.delay = 0.0
        assert run(site, tmp_path).exit_code == 0
    assert verdicts(tmp_path) == {"ok": 60}
    assert not list(tmp_path.glob("*.part"))
    # Only what was on its way when the axe fell, once for each, may be asked for again.
    again = [path for path, times in site.times().items() if times > 1 and path in paths]
    assert len(again) <= 2
    for row in rows(tmp_path):
        assert mido.MidiFile(tmp_path / row["file"]).length > 0


# --- the command


def test_the_command_ends_with_one_line(site: Site, tmp_path: Path) -> None:
    result = run(site, tmp_path)
    assert result.exit_code == 0
    assert result.stdout.startswith("12 files listed, 0 known before; now 12 ok (")
    assert result.stdout.count("\n") == 1


def test_a_limit_takes_the_first_files_and_no_more_the_next_time(
    site: Site, tmp_path: Path
) -> None:
    assert run(site, tmp_path, "--limit", "3").exit_code == 0
    site.asked.clear()
    assert "3 known before; now no more" in run(site, tmp_path, "--limit", "3").stdout
    assert site.asked == ["/robots.txt"]
    assert len(rows(tmp_path)) == 3


def test_a_dry_run_lists_and_writes_nothing(site: Site, tmp_path: Path) -> None:
    result = run(site, tmp_path / "out", "--dry-run")
    assert "12 files listed" in result.stdout
    assert "Invention 3" in result.stdout
    assert not (tmp_path / "out").exists()
    assert not [path for path in site.asked if path.startswith(("/midis", "/download"))]


def test_a_page_out_of_reach_is_told_and_read_in_the_next_run(site: Site, tmp_path: Path) -> None:
    good = site.answers["/bach2.htm"]
    site.put("/bach2.htm", BUSY)
    collection = Collection.opened(tmp_path)
    guest = Guest.arriving(site.address, Manners(), FakeTime().time(), random.Random(1))
    listing, out_of_reach = found(collection, guest, "classic", None, keeps_pages=True)
    assert (len(listing), out_of_reach) == (11, 1)
    site.answers["/bach2.htm"] = good
    assert len(found(collection, guest, "classic", None, keeps_pages=True)[0]) == 12


def test_ctrl_c_ends_in_a_sentence(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(scrape, "gather", interrupted)
    result = run(site, tmp_path)
    assert result.exit_code == 130
    assert "run the same command again" in result.stderr


def test_an_empty_site_is_refused_in_a_sentence(tmp_path: Path) -> None:
    with served(Site()) as site:
        result = run(site, tmp_path)
    assert (result.exit_code, result.stderr.count("\n")) == (2, 1)
    assert "no MIDI file was found" in result.stderr


@pytest.mark.parametrize("address", ["midiworld.com", "ftp://midiworld.com/", "http://"])
def test_an_address_that_is_none_is_refused(address: str, tmp_path: Path) -> None:
    result = CliRunner().invoke(command, ["--site", address, "--out", str(tmp_path)])
    assert result.exit_code == 2
    assert "https://" in result.stderr
