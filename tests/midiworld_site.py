"""A stand-in for midiworld.com on loopback: its shapes, its misbehaviour, and what it was asked."""

import io
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import quote

import mido

PER_PAGE = 30  # results of the search
NAVIGATION = "<UL>" + "".join(
    f"<LI><A HREF={name}.htm>{name}</A>" for name in ("home", "pop", "jazz", "video", "top", "faq")
)


@dataclass(frozen=True, slots=True)
class Answer:
    """What the site says once; `then` says the rest of the body in its own way."""

    body: bytes = b""
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    declared: int | None = None  # bytes that it claims to send
    then: Callable[[Callable[[bytes], object]], None] | None = None


NOT_FOUND = Answer(b"<h1>not here</h1>", status=404)


@dataclass(slots=True)
class Site:
    """What lies where; the last answer of a list is said again and again."""

    answers: dict[str, list[Answer]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    asked_at: list[float] = field(default_factory=list)
    agents: set[str] = field(default_factory=set)
    address: str = ""
    delay: float = 0.0  # seconds before every answer
    now: int = 0
    most_at_once: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def put(self, path: str, *answers: Answer | bytes) -> None:
        """Let a path answer so, one after the other."""
        self.answers[path] = [a if isinstance(a, Answer) else Answer(a) for a in answers]

    def times(self) -> Counter[str]:
        """How often each path was asked for."""
        return Counter(self.asked)

    def answer(self, path: str, agent: str) -> Answer:
        """The next answer for a path."""
        with self.lock:
            self.asked.append(path)
            self.asked_at.append(time.monotonic())
            self.agents.add(agent)
            waiting = self.answers.get(path, [NOT_FOUND])
            # An unknown number of the downloads is not missed, it is empty.
            if path not in self.answers and path.startswith("/download/"):
                return Answer()
            return waiting.pop(0) if len(waiting) > 1 else waiting[0]


@contextmanager
def served(site: Site) -> Iterator[Site]:
    """The site at an address of its own until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            with site.lock:
                site.now += 1
                site.most_at_once = max(site.most_at_once, site.now)
            time.sleep(site.delay)
            answer = site.answer(self.path, self.headers["User-Agent"])
            # Counted out before it is said: a quick guest asks again while this thread ends.
            with site.lock:
                site.now -= 1
            with suppress(OSError):  # the guest has left
                self.say(answer)

        def say(self, answer: Answer) -> None:
            self.send_response(answer.status)
            for name, value in answer.headers:
                self.send_header(name, value)
            if answer.then is None:
                length = len(answer.body) if answer.declared is None else answer.declared
                self.send_header("Content-Length", str(length))
            self.end_headers()
            self.wfile.write(answer.body)
            if answer.then is not None:
                answer.then(self.wfile.write)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    site.address = f"http://127.0.0.1:{server.server_port}/"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield site
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def tune(number: int, notes: int = 3) -> bytes:
    """A small .mid, another for each number."""
    track = mido.MidiTrack()
    for step in range(notes):
        pitch = 40 + (number // 7**step + step) % 40
        track.append(mido.Message("note_on", note=pitch, velocity=64, time=number % 97))
        track.append(mido.Message("note_off", note=pitch, time=120))
    midi = mido.MidiFile()
    midi.tracks.append(track)
    content = io.BytesIO()
    midi.save(file=content)
    return content.getvalue()


def put_composer(site: Site, page: str, links: dict[str, str]) -> None:
    """A composer's page: navigation, then one link a line by its text."""
    lines = "\n".join(f"<LI><A TARGET=x HREF='{link}'>{text}</A>" for text, link in links.items())
    site.put(f"/{page}", f"<HTML><BODY>{NAVIGATION}</UL><UL>{lines}</UL></BODY>".encode("latin-1"))


def put_index(site: Site, pages: dict[str, str]) -> None:
    """The index of composers, in HTML of the nineties."""
    letters = "".join(f'<A HREF="#{letter}">{letter}</A>' for letter in "abc")
    lines = "\n".join(f'<LI><A HREF="{page}">{name} </A>' for name, page in pages.items())
    site.put(
        "/composers.htm",
        f"<HTML><BLOCKQUOTE>{letters}</BLOCKQUOTE><BLOCKQUOTE><UL>\n{lines}\n</UL>"
        "</BLOCKQUOTE></HTML>".encode(),
    )


def put_classic(site: Site, composers: dict[str, dict[str, str]]) -> None:
    """The A-Z page: each composer with his links by their text."""
    parts = [
        f'<FONT color="red" SIZE="3">{name} -</FONT>(1685-1750)<UL>'
        + "".join(f'<LI><a class="x" href="{link}">{text}</a></LI>' for text, link in links.items())
        + "</UL>"
        for name, links in composers.items()
    ]
    site.put("/classic.htm", ("<a href=pop.htm>Pop</a>" + "\n".join(parts)).encode("latin-1"))


def put_search(site: Site, results: list[tuple[str, str, str]], query: str = "classic") -> None:
    """The search's pages: title, artist and link of each result; past the end nothing."""
    pages = -(-len(results) // PER_PAGE)
    for page in range(pages + 1):
        items = "".join(
            f'<li>{title} ({artist}) - <a href="{link}">download</a><div class="player"><a '
            'href="#">play</a></div></li>'
            for title, artist, link in results[page * PER_PAGE : (page + 1) * PER_PAGE]
        )
        others = "".join(f'<a href="/search/{n + 1}/?q={query}">{n + 1}</a>' for n in range(pages))
        nothing = "" if items else "found nothing!"
        site.put(
            f"/search/{page + 1}/?q={query}",
            f"<ul><li><a href=/>home</a></li></ul><h3>Results</h3>{nothing}"
            f"<ul>{items}</ul>{others}".encode(),
        )


def small_site() -> Site:
    """A site with every shape of page and a dozen good files."""
    site = Site()
    put_classic(
        site,
        {
            "Fauré": {"Pavane": "/midis/other/c1/pavane.mid", "Sicilienne": "midis/other/c1/s.MID"},
            "Bach": {"All of Bach": "bach.htm"},
        },
    )
    put_index(site, {"Bach": "bach.htm", "Chopin": "CHOPIN.HTM"})
    put_composer(
        site,
        "bach.htm",
        {f"Invention {n}": f"midis/other/bach/inv{n}.mid" for n in range(4)}
        | {"More": "bach2.htm"},
    )
    put_composer(site, "bach2.htm", {"Air": "midis/other/bach/air%20in g.mid", "Back": "bach.htm"})
    put_composer(site, "CHOPIN.HTM", {"Étude": "midis/other/chopin/etude.mid"})
    put_search(site, [(f"Piece {n} (live)", "Satie", f"/download/{n}") for n in range(4)])
    paths = [f"/midis/other/bach/inv{n}.mid" for n in range(4)]
    paths += ["/midis/other/c1/pavane.mid", "/midis/other/c1/s.MID"]
    paths += ["/midis/other/bach/air%20in%20g.mid", "/midis/other/chopin/etude.mid"]
    paths += [f"/download/{n}" for n in range(4)]
    for number, path in enumerate(paths):
        site.put(path, tune(number))
    return site


def put_pieces(site: Site, pieces: list[tuple[str, bytes]]) -> list[str]:
    """Files by name: a third each on a composer's page, on classic.htm and in the search."""
    paths = []
    for number, (name, content) in enumerate(pieces):
        is_searched = number % 3 == 2
        path = f"/download/{number}" if is_searched else f"/midis/other/c1/{quote(name)}"
        site.put(path, content)
        paths.append(path)
    put_classic(site, {"Anon": {path: path for path in paths[0::3]}})
    put_index(site, {"Bach": "bach.htm"})
    put_composer(site, "bach.htm", {path: path for path in paths[1::3]})
    put_search(site, [("Piece", "Anon", path) for path in paths[2::3]])
    return paths
