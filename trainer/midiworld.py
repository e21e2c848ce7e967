"""Reads midiworld.com's pages: which pieces there are, by whom, and where their files lie.

The rules kept here: pages in, links out, and no network; an address off the site is never listed,
and each file is listed once, under one spelling of its address.
"""

import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, count, takewhile
from urllib.parse import urlencode, urljoin, urlsplit, urlunsplit

from bs4 import BeautifulSoup, Tag
from bs4.element import NavigableString, PageElement
from requests.utils import requote_uri

NAVIGATION = 6  # items of the list with which a composer's page begins
FURTHEST = 2  # links from an index of composers to the last page that is read
DEFAULT_PORTS = (None, 80, 443)
YEARS = re.compile(r"\(\D{0,8}\d{3,4}.*")
MARK = re.compile(r"[\W_]+$")
RESULT = re.compile(r"(?P<title>.*?)\s*(?:\((?P<artist>[^()]*)\))?\s*-?\s*")
STRAY_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
DOWNLOAD = re.compile(r"/download/\d+/?")

Read = Callable[[str], str | None]  # a page's text by its address, None where there is no page


@dataclass(frozen=True, slots=True)
class Listed:
    """A link to a file or to a page: what it is called, whose music it is, its address."""

    title: str
    composer: str
    address: str


@dataclass(frozen=True, slots=True)
class Contents:
    """What a page leads to."""

    files: tuple[Listed, ...] = ()
    pages: tuple[Listed, ...] = ()

    @classmethod
    def of(cls, links: Iterable[Listed]) -> "Contents":
        """Links told apart by what they lead to; what is neither music nor a page is dropped."""
        found = tuple(links)
        return cls(
            tuple(link for link in found if _leads_to(link, ".mid", ".midi")),
            tuple(link for link in found if _leads_to(link, ".htm", ".html")),
        )


def decoded(body: bytes) -> str:
    """A page's text; its charset is never declared.

    >>> decoded("Dvořák".encode()), decoded("Fauré".encode("latin-1"))
    ('Dvořák', 'Fauré')
    """
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        return body.decode("latin-1")


def is_on_site(address: str, site: str) -> bool:
    """Whether an address is the site's own, with or without `www.`, by http or https.

    >>> is_on_site("http://WWW.midiworld.com/bach.htm", "https://midiworld.com/")
    True
    >>> is_on_site("http://midiworld.com.elsewhere.org/", "https://midiworld.com/")
    False
    """
    try:
        return _place(address) == _place(site)
    except ValueError:
        return False


def canonical(link: str, page: str, site: str) -> str | None:
    """The one spelling of a link found on a page; None where it leads off the site.

    >>> canonical("../100% Bach.MID#top", "http://midiworld.com/a/b.htm", "http://midiworld.com/")
    'http://midiworld.com/100%25%20Bach.MID'
    """
    try:
        address = urljoin(page, link.strip())
        if not is_on_site(address, site):
            return None
        _, _, path, query, _ = urlsplit(address)
    except ValueError:
        return None
    scheme, host, *_ = urlsplit(site)
    return requote_uri(urlunsplit((scheme, host, STRAY_PERCENT.sub("%25", path) or "/", query, "")))


def walk(site: str, query: str, read: Read) -> Iterator[Listed]:
    """Every file that the composers' pages and the search lead to, each once."""
    seen = set()
    for listed in chain(_by_composers(site, read), _by_search(site, query, read)):
        if listed.address not in seen:
            seen.add(listed.address)
            yield listed


def classic(page: str, address: str, site: str) -> Contents:
    """The A-Z page: a composer's name in a font of size 3, then a list of his files."""
    return Contents.of(_classic(BeautifulSoup(page, "html.parser"), address, site))


def composers(page: str, address: str, site: str) -> Contents:
    """The index of composers: its second blockquote names them, each with a page."""
    quoted = BeautifulSoup(page, "html.parser").find_all("blockquote")[1:2]
    anchors = [anchor for quote in quoted for anchor in quote.find_all("a", href=True)]
    return Contents.of(_links(anchors, None, address, site))


def composer(page: str, name: str, address: str, site: str) -> Contents:
    """A composer's page: past the navigation, links to his files and to further pages."""
    # Counted in the page's order, since nothing closes an item in HTML of the nineties.
    items = 0
    anchors = []
    for tag in BeautifulSoup(page, "html.parser").find_all(["li", "a"]):
        items += tag.name == "li"
        if tag.name == "a" and tag.has_attr("href") and items > NAVIGATION:
            anchors.append(tag)
    return Contents.of(_links(anchors, name, address, site))


def results(page: str, address: str, site: str) -> tuple[Listed, ...]:
    """A page of search results: its second list; none past the end."""
    found = []
    for part in BeautifulSoup(page, "html.parser").find_all("ul")[1:2]:
        for anchor in part.find_all("a", href=True):
            link = canonical(str(anchor["href"]), address, site)
            if link and DOWNLOAD.fullmatch(urlsplit(link).path):
                said = RESULT.fullmatch(_text_before(anchor))
                title, artist = said.group("title", "artist") if said else ("", "")
                found.append(Listed(title, artist or "", link))
    return tuple(found)


def _by_composers(site: str, read: Read) -> Iterator[Listed]:
    """What the two indices and the composers' pages list, each page read once."""
    pages: deque[tuple[Listed, int]] = deque()
    starts = {urljoin(site, "classic.htm"): classic, urljoin(site, "composers.htm"): composers}
    for address, contents_of in starts.items():
        contents = contents_of(read(address) or "", address, site)
        yield from contents.files
        pages.extend((page, 1) for page in contents.pages)
    seen = {*starts}
    while pages:
        page, distance = pages.popleft()
        if page.address not in seen:
            seen.add(page.address)
            text = read(page.address) or ""
            contents = composer(text, page.composer, page.address, site)
            yield from contents.files
            if distance < FURTHEST:
                pages.extend((further, distance + 1) for further in contents.pages)


def _by_search(site: str, query: str, read: Read) -> Iterator[Listed]:
    """What the search finds, page by page, until a page brings nothing new."""
    seen: set[str] = set()
    for number in count(1):
        address = urljoin(site, f"search/{number}/?{urlencode({'q': query})}")
        found = results(read(address) or "", address, site)
        if seen.issuperset(listed.address for listed in found):
            return
        seen.update(listed.address for listed in found)
        yield from found


def _classic(soup: BeautifulSoup, address: str, site: str) -> Iterator[Listed]:
    name = None
    for tag in soup.find_all(["font", "a"]):
        if tag.name == "font":
            if tag.get("size") == "3" and not tag.find_parent("a", href=True):
                name = MARK.sub("", YEARS.sub("", _words(tag))) or name
        elif name is not None and tag.has_attr("href") and tag.find_parent("ul"):
            yield from _links([tag], name, address, site)


def _links(anchors: Iterable[Tag], composer: str | None, page: str, site: str) -> Iterator[Listed]:
    """The anchors that stay on the site; an anchor names its own composer if none is given."""
    for anchor in anchors:
        address = canonical(str(anchor["href"]), page, site)
        if address is not None:
            title = _words(anchor)
            yield Listed(title, title if composer is None else composer, address)


def _words(tag: Tag) -> str:
    """A tag's own text on one line, up to the next link or list: nothing may have closed it."""
    own = takewhile(lambda node: not _begins(node, "a", "ul", "li"), _inside(tag))
    return " ".join("".join(node for node in own if isinstance(node, NavigableString)).split())


def _inside(tag: Tag) -> Iterator[PageElement]:
    """What a tag holds, but for anchors that only name a place on the page."""
    return (
        node
        for node in tag.descendants
        if not (isinstance(node, Tag) and node.name == "a" and not node.has_attr("href"))
    )


def _text_before(anchor: Tag) -> str:
    """The text between an anchor and the item that it stands in, on one line."""
    before = takewhile(lambda node: not _begins(node, "a", "ul", "li"), anchor.previous_elements)
    texts = [str(node) for node in before if isinstance(node, NavigableString)]
    return " ".join("".join(reversed(texts)).split())


def _begins(node: PageElement, *names: str) -> bool:
    return isinstance(node, Tag) and node.name in names


def _leads_to(link: Listed, *endings: str) -> bool:
    return urlsplit(link.address).path.lower().endswith(endings)


def _place(address: str) -> tuple[str, int | None]:
    """Host and port, which tell sites apart. Raises ValueError where there is none."""
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f"{address} is no web address")
    port = None if parts.port in DEFAULT_PORTS else parts.port
    return parts.hostname.removeprefix("www."), port
