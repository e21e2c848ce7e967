"""Gathers MIDI files from midiworld.com as a polite guest, and keeps a list of what it found.

The rules kept here: one request at a time with a pause between, as robots.txt allows, and never off
the site; no file is fetched twice. A file is renamed into its place when it is whole and then gets
its row in the manifest, so a run can be stopped at any moment: the next one goes on from there, and
takes a file without a row as fetched.

Pages are kept in `pages/` for the same reason; remove that folder to look for what is new.
"""

import csv
import hashlib
import io
import os
import random
import re
import time
import unicodedata
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum
from itertools import islice
from pathlib import Path
from typing import IO, Any, BinaryIO
from urllib.parse import urljoin
from urllib.robotparser import RobotFileParser

import click
import mido
import requests
from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Column, Table
from urllib3.exceptions import HTTPError

from performer.refusal import Refusal
from trainer.midiworld import Listed, canonical, decoded, is_on_site, walk

SITE = "https://www.midiworld.com/"
AGENT = "Antiphon/0.1 (antiphon-train scrape: one request at a time, with a pause)"
MANIFEST = "manifest.csv"
PAGES = "pages"
PART = ".part"  # the end of a file's name until it is whole
AT_ONCE = 1 << 16  # bytes
LONGEST_NAME = 80  # letters of composer and title in a file's name
INTERRUPTED = 130  # the exit status of a program stopped by Ctrl-C
MOVED = (301, 302, 303, 307, 308)
GONE = (404, 410)
FORBIDDEN = (401, 403)
BUSY = (408, 425, 429)  # and all from 500


class Verdict(StrEnum):
    """What became of a file."""

    OK = "ok"
    DUPLICATE = "duplicate"
    EMPTY = "empty"
    NOT_MIDI = "not MIDI"
    UNREADABLE = "unreadable"
    NO_NOTES = "no notes"
    TOO_LARGE = "too large"
    MISSING = "missing"
    NOT_SERVED = "not served"
    OFF_SITE = "leads off the site"
    FORBIDDEN = "forbidden by robots.txt"
    UNREACHABLE = "unreachable"  # the only one that is tried again in the next run


class Unfetched(Exception):
    """A request that brought nothing, for good unless the verdict is unreachable."""

    def __init__(self, verdict: Verdict, reason: str, wait: float = 0.0) -> None:
        """With the seconds for which the site asks to be left alone."""
        super().__init__(reason)
        self.verdict = verdict
        self.wait = wait


@dataclass(frozen=True, slots=True)
class Manners:
    """How a guest behaves; times in seconds."""

    pause: float = 1.0  # from the end of a request to the next
    tries: int = 4
    backoff: float = 2.0  # after the first failure, twice that after the second, ...
    longest_wait: float = 600.0  # asked to wait longer, the run ends and says so
    time_out: float = 30.0  # for a connection, and for each sign of life on it
    longest: float = 180.0  # for a whole file, however lively
    largest: int = 8 << 20  # bytes
    patience: int = 5  # files in a row out of reach, then the run ends


@dataclass(frozen=True, slots=True)
class Time:
    """The clocks, in seconds: one that only goes forward, one that tells the date, and a sleep."""

    clock: Callable[[], float] = time.monotonic
    date: Callable[[], float] = time.time
    sleep: Callable[[float], None] = time.sleep


@dataclass(slots=True)
class Guest:
    """Makes the requests, one at a time."""

    site: str
    manners: Manners
    session: requests.Session
    time: Time
    dice: random.Random
    rules: RobotFileParser | None = None  # None while robots.txt itself is asked for
    free_at: float = 0.0  # when the next request may begin, on the clock
    asked: int = 0  # requests made
    received: int = 0  # bytes
    began_at: float = 0.0

    @classmethod
    def arriving(cls, site: str, manners: Manners, time: Time, dice: random.Random) -> "Guest":
        """A guest who has read robots.txt. Raises Refusal where that cannot be read."""
        session = requests.Session()
        session.headers.update({"User-Agent": AGENT, "Accept-Encoding": "identity"})
        guest = cls(site, manners, session, time, dice, began_at=time.clock())
        guest.rules = guest._house_rules()
        guest.free_at = max(guest.free_at, time.clock() + guest._pause())
        return guest

    def rate(self) -> str:
        """How much came in, and how fast."""
        seconds = max(self.time.clock() - self.began_at, 1e-3)
        megabytes = self.received / 1e6
        return f"({self.asked / seconds:.1f} requests/s, {megabytes:.1f} MB)"

    def fetch(self, address: str, sink: BinaryIO) -> None:
        """Write what lies at an address into the sink. Raises Unfetched."""
        for attempt in range(self.manners.tries):
            sink.seek(0)
            sink.truncate()
            try:
                return self._follow(address, sink)
            except Unfetched as failure:
                if failure.verdict is not Verdict.UNREACHABLE:
                    raise
                last = failure
                self._stay_away(attempt, failure.wait)
        raise last

    def page(self, address: str) -> bytes:
        """What lies at an address, in memory. Raises Unfetched."""
        body = io.BytesIO()
        self.fetch(address, body)
        return body.getvalue()

    def _house_rules(self) -> RobotFileParser:
        """robots.txt; where there is none, all is allowed, and where it is withheld, nothing is."""
        rules = RobotFileParser()
        try:
            rules.parse(decoded(self.page(urljoin(self.site, "/robots.txt"))).splitlines())
        except Unfetched as failure:
            if failure.verdict in (Verdict.UNREACHABLE, Verdict.OFF_SITE):
                raise Refusal(
                    f"{self.site} cannot be asked for its robots.txt ({failure}): "
                    "check the address and the connection, and try again later."
                ) from None
            is_withheld = failure.verdict is Verdict.FORBIDDEN
            rules.parse(["User-agent: *", "Disallow: /"] if is_withheld else [])
        return rules

    def _pause(self) -> float:
        delay = self.rules.crawl_delay(AGENT) if self.rules else None
        return max(self.manners.pause, float(delay or 0))

    def _stay_away(self, attempt: int, asked: float) -> None:
        """Back off, twice as long each time and at least as long as the site asks."""
        wait = max(asked, self.dice.uniform(0.5, 1.0) * self.manners.backoff * 2**attempt)
        if wait > self.manners.longest_wait:
            raise Refusal(
                f"{self.site} asks to be left alone for {wait / 60:.0f} minutes: "
                "run the same command again after that."
            )
        self.free_at = max(self.free_at, self.time.clock() + wait)

    def _follow(self, address: str, sink: BinaryIO, hops: int = 5) -> None:
        """One request, and as many more as it is sent on to, all of them on the site."""
        for _ in range(hops):
            if not is_on_site(address, self.site):
                raise Unfetched(Verdict.OFF_SITE, f"it leads to {address}")
            if self.rules is not None and not self.rules.can_fetch(AGENT, address):
                raise Unfetched(Verdict.FORBIDDEN, "robots.txt forbids it")
            onward = self._ask(address, sink)
            if onward is None:
                return
            address = urljoin(address, onward)
        raise Unfetched(Verdict.NOT_SERVED, "it is sent from one address to the next")

    def _ask(self, address: str, sink: BinaryIO) -> str | None:
        """One request: its body goes into the sink, or the address it is sent on to comes back."""
        wait = self.free_at - self.time.clock()
        if wait > 0:
            self.time.sleep(wait)
        self.asked += 1
        try:
            with self.session.get(
                address, stream=True, allow_redirects=False, timeout=self.manners.time_out
            ) as response:
                if response.status_code in MOVED:
                    return response.headers.get("Location", address)
                self._check(response)
                self._receive(response, sink)
        except (requests.RequestException, HTTPError) as failure:
            raise Unfetched(Verdict.UNREACHABLE, type(failure).__name__) from None
        finally:
            self.free_at = max(self.free_at, self.time.clock() + self._pause())
        return None

    def _check(self, response: requests.Response) -> None:
        status = response.status_code
        if status in BUSY or status >= 500:
            wait = seconds_asked(response.headers.get("Retry-After"), self.time.date())
            raise Unfetched(Verdict.UNREACHABLE, f"it answers {status}", wait)
        if status in GONE:
            raise Unfetched(Verdict.MISSING, f"it answers {status}")
        if status in FORBIDDEN and self.rules is None:
            raise Unfetched(Verdict.FORBIDDEN, f"it answers {status}")
        if status != 200:
            raise Unfetched(Verdict.NOT_SERVED, f"it answers {status}")

    def _receive(self, response: requests.Response, sink: BinaryIO) -> None:
        """The body as it arrives: a drip is seen for what it is, which a full read would not."""
        ends_at = self.time.clock() + self.manners.longest
        size = 0
        while chunk := response.raw.read1(AT_ONCE, decode_content=True):
            size += len(chunk)
            self.received += len(chunk)
            if size > self.manners.largest:
                raise Unfetched(Verdict.TOO_LARGE, f"it is over {self.manners.largest} bytes")
            if self.time.clock() > ends_at:
                raise Unfetched(Verdict.UNREACHABLE, "it comes too slowly")
            sink.write(chunk)


def seconds_asked(retry_after: str | None, date: float) -> float:
    """What a Retry-After header asks for: seconds, or a date to wait for.

    >>> seconds_asked("120", date=0.0), seconds_asked("Thu, 01 Jan 1970 00:01:00 GMT", date=15.0)
    (120.0, 45.0)
    """
    if retry_after is None:
        return 0.0
    if retry_after.strip().isdecimal():
        return float(retry_after)
    try:
        asked = parsedate_to_datetime(retry_after)
    except ValueError:
        return 0.0
    return max(0.0, asked.replace(tzinfo=asked.tzinfo or UTC).timestamp() - date)


def file_name(listed: Listed) -> str:
    """A name safe on every system, and no other address's: it ends in the address's digest.

    >>> file_name(Listed("../Sonata No. 1", "CON", "http://midiworld.com/x.mid"))
    'CON-Sonata-No-1-9024749fa6.mid'
    """
    plain = unicodedata.normalize("NFKD", f"{listed.composer} {listed.title}")
    letters = plain.encode("ascii", "ignore").decode()
    words = re.sub(r"[^A-Za-z0-9]+", "-", letters)[:LONGEST_NAME].strip("-")
    digest = hashlib.sha256(listed.address.encode()).hexdigest()[:10]
    return f"{words or 'untitled'}-{digest}.mid"


def judged(content: bytes) -> Verdict:
    """Whether a file is music: it begins as MIDI does, can be read, and has notes."""
    if not content:
        return Verdict.EMPTY
    if not content.startswith(b"MThd"):
        return Verdict.NOT_MIDI
    try:
        with warnings.catch_warnings(action="ignore"):
            midi = mido.MidiFile(file=io.BytesIO(content))
    except Exception:  # what a broken file does to a parser has no end of names
        return Verdict.UNREADABLE
    strikes = (
        message.type == "note_on" and message.velocity > 0
        for track in midi.tracks
        for message in track
    )
    return Verdict.OK if any(strikes) else Verdict.NO_NOTES


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the manifest; a duplicate names the file that was kept."""

    address: str
    title: str
    composer: str
    sha256: str
    size: int
    when: str  # ISO 8601
    verdict: Verdict
    file: str


COLUMNS = tuple(column.name for column in fields(Row))


@dataclass(slots=True)
class Collection:
    """The folder of files and its manifest, to which rows are only ever added."""

    folder: Path
    rows: dict[str, Row] = field(default_factory=dict)  # by address, the last of each
    kept: dict[str, str] = field(default_factory=dict)  # files by SHA-256

    @classmethod
    def opened(cls, folder: Path) -> "Collection":
        """The folder as the last run left it, however it ended."""
        collection = cls(folder)
        (folder / PAGES).mkdir(parents=True, exist_ok=True)
        for part in folder.glob(f"*{PART}"):
            part.unlink()
        heal(folder / MANIFEST)
        for row in read_manifest(folder / MANIFEST):
            collection._remember(row)
        return collection

    def is_settled(self, listed: Listed) -> bool:
        """Whether nothing is left to do for this file."""
        row = self.rows.get(listed.address)
        return row is not None and row.verdict is not Verdict.UNREACHABLE

    def receive(self, listed: Listed, guest: Guest) -> Row:
        """Fetch a file unless it is there, judge it, keep it if it is music that is not there."""
        path = self.folder / file_name(listed)
        try:
            if not path.exists():
                self._fetch(listed.address, path, guest)
        except Unfetched as failure:
            return self._add(listed, b"", failure.verdict, "", guest.time.date())
        content = path.read_bytes()
        verdict, file = judged(content), ""
        if verdict is Verdict.OK:
            file = self.kept.get(hashlib.sha256(content).hexdigest(), path.name)
            verdict = Verdict.OK if file == path.name else Verdict.DUPLICATE
        row = self._add(listed, content, verdict, file, path.stat().st_mtime)
        self.tidy(listed)
        return row

    def tidy(self, listed: Listed) -> None:
        """Drop the file of a row that keeps none."""
        path = self.folder / file_name(listed)
        if self.rows[listed.address].file != path.name:
            path.unlink(missing_ok=True)

    def page(self, address: str, guest: Guest, is_kept: bool) -> str | None:
        """A page as first fetched; None where there is none or it is out of reach."""
        path = self.folder / PAGES / f"{hashlib.sha256(address.encode()).hexdigest()[:20]}.html"
        if path.exists():
            return decoded(path.read_bytes())
        try:
            body = guest.page(address)
        except Unfetched as failure:
            if failure.verdict is Verdict.UNREACHABLE:
                return None
            body = b""
        if is_kept:
            part = path.with_suffix(PART)
            part.write_bytes(body)
            part.replace(path)
        return decoded(body)

    def _fetch(self, address: str, path: Path, guest: Guest) -> None:
        part = path.with_suffix(PART)
        try:
            with part.open("wb") as sink:
                guest.fetch(address, sink)
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)

    def _add(self, listed: Listed, content: bytes, verdict: Verdict, file: str, at: float) -> Row:
        digest = hashlib.sha256(content).hexdigest() if content else ""
        when = datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")
        told = (listed.address, listed.title, listed.composer)
        row = Row(*told, digest, len(content), when, verdict, file)
        append(self.folder / MANIFEST, row)
        self._remember(row)
        return row

    def _remember(self, row: Row) -> None:
        self.rows[row.address] = row
        if row.verdict is Verdict.OK:
            self.kept[row.sha256] = row.file


def heal(manifest: Path) -> None:
    """Cut off a last line that was not written to its end."""
    if manifest.exists():
        whole = manifest.read_bytes().rfind(b"\n") + 1
        if whole < manifest.stat().st_size:
            os.truncate(manifest, whole)


def read_manifest(manifest: Path) -> Iterator[Row]:
    """The rows of a manifest. Raises Refusal where it is not one."""
    if not manifest.exists() or manifest.stat().st_size == 0:
        return
    with manifest.open(newline="", encoding="utf-8") as lines:
        for number, line in enumerate(csv.DictReader(lines), start=2):
            try:
                told = {name: line[name] for name in COLUMNS if name not in ("size", "verdict")}
                yield Row(**told, size=int(line["size"]), verdict=Verdict(line["verdict"]))
            except (KeyError, TypeError, ValueError):
                raise Refusal(
                    f"line {number} of {manifest} cannot be read: mend it or remove the line."
                ) from None


def append(manifest: Path, row: Row) -> None:
    """Add a row, on the disk before anything else happens."""
    is_new = not manifest.exists() or manifest.stat().st_size == 0
    with manifest.open("a", newline="", encoding="utf-8") as lines:
        writer = csv.DictWriter(lines, COLUMNS, lineterminator="\n")
        if is_new:
            writer.writeheader()
        writer.writerow(asdict(row))
        lines.flush()
        os.fsync(lines.fileno())


def gather(
    listing: list[Listed], collection: Collection, guest: Guest, console: Console
) -> Counter[Verdict]:
    """Fetch all that is not settled; this run's verdicts. Raises Refusal if the site is gone."""
    verdicts: Counter[Verdict] = Counter()
    in_vain = 0
    with progress(console) as bar:
        task = bar.add_task("files", total=len(listing), said="")
        for listed in listing:
            if collection.is_settled(listed):
                collection.tidy(listed)
            else:
                verdict = collection.receive(listed, guest).verdict
                verdicts[verdict] += 1
                in_vain = in_vain + 1 if verdict is Verdict.UNREACHABLE else 0
            bar.update(task, advance=1, said=f"{counted(verdicts)} {guest.rate()}")
            if in_vain == guest.manners.patience:
                raise Refusal(
                    f"{guest.site} has stopped answering: run the same command again later."
                )
    return verdicts


def counted(verdicts: Counter[Verdict]) -> str:
    """Verdicts as words.

    >>> counted(Counter([Verdict.OK, Verdict.OK, Verdict.EMPTY]))
    '2 ok, 1 empty'
    """
    return ", ".join(f"{number} {verdict}" for verdict, number in verdicts.most_common())


def progress(console: Console) -> Progress:
    """The bar shown while files come in."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[said]}"),
        console=console,
    )


def found(
    collection: Collection, guest: Guest, query: str, limit: int | None, keeps_pages: bool
) -> tuple[list[Listed], int]:
    """What the site lists, and how many pages were out of reach."""
    out_of_reach = 0

    def read(address: str) -> str | None:
        nonlocal out_of_reach
        page = collection.page(address, guest, keeps_pages)
        out_of_reach += page is None
        return page

    return list(islice(walk(guest.site, query, read), limit)), out_of_reach


def table(listing: list[Listed]) -> Table:
    """What would be fetched."""
    shown = Table("composer", "title", Column("address", overflow="fold"), box=None)
    for listed in listing:
        shown.add_row(escape(listed.composer), escape(listed.title), escape(listed.address))
    return shown


class _Sentence(click.ClickException):
    """An error that is the user's to mend."""

    exit_code = 2

    def show(self, file: IO[Any] | None = None) -> None:
        """Say it as every stage does."""
        click.echo(f"antiphon-train: {self.message}", file=file, err=True)


def _site(_context: click.Context, _option: click.Parameter, address: str) -> str:
    if not is_on_site(address, address):
        raise click.BadParameter(f"{address} is no web address: begin it with https://")
    return canonical("/", address, address) or address


@click.command("scrape")
@click.option(
    "--site", default=SITE, show_default=True, callback=_site, metavar="URL", help="Where to look."
)
@click.option(
    "--out",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="The folder for the files and their manifest.csv.",
)
@click.option(
    "--limit", type=click.IntRange(min=1), metavar="N", help="Take only the first N files listed."
)
@click.option("--query", default="classic", show_default=True, help="What to search for.")
@click.option(
    "--pause",
    type=click.FloatRange(min=0),
    default=Manners().pause,
    show_default=True,
    metavar="SECONDS",
    help="Between two requests; robots.txt may ask for more.",
)
@click.option("--dry-run", is_flag=True, help="List what would be fetched; write nothing.")
def command(
    site: str, out: Path, limit: int | None, query: str, pause: float, dry_run: bool
) -> None:
    """Gather MIDI files from midiworld.com, politely.

    Stop it whenever you like; the same command goes on from there. There is no licence statement
    for these files: they are for your own use.
    """
    try:
        scrape(site, out, limit, query, Manners(pause=pause), dry_run)
    except Refusal as refusal:
        raise _Sentence(str(refusal)) from None
    except OSError as failure:
        raise _Sentence(f"{out} cannot be written: {failure.strerror}.") from None
    except KeyboardInterrupt:
        click.echo("Stopped; run the same command again and it goes on from here.", err=True)
        raise click.exceptions.Exit(INTERRUPTED) from None


def scrape(
    site: str, out: Path, limit: int | None, query: str, manners: Manners, is_dry: bool
) -> None:
    """Look through the site, fetch what is new, and say in a line what came of it."""
    console = Console(stderr=True, highlight=False)
    collection = Collection(out) if is_dry else Collection.opened(out)
    guest = Guest.arriving(site, manners, Time(), random.Random())
    with console.status(f"Reading the pages of {site}"):
        listing, out_of_reach = found(collection, guest, query, limit, keeps_pages=not is_dry)
    if not listing:
        raise Refusal(f"no MIDI file was found at {site}: check the address and --query.")
    if out_of_reach:
        console.print(f"Pages out of reach: {out_of_reach}; run it again later to read them.")
    if is_dry:
        Console(highlight=False).print(table(listing))
        click.echo(f"{len(listing)} files listed, none fetched.")
        return
    before = sum(map(collection.is_settled, listing))
    verdicts = gather(listing, collection, guest, console)
    click.echo(
        f"{len(listing)} files listed, {before} known before; now {counted(verdicts) or 'no more'} "
        f"{guest.rate()}; see {out / MANIFEST}"
    )


if __name__ == "__main__":
    command()
