"""What is read from midiworld.com's pages."""

import pytest

from tests.midiworld_site import Site, put_composer, put_index, put_search, small_site
from trainer.midiworld import Listed, canonical, classic, composer, decoded, results, walk

SITE = "http://midiworld.com/"


def pages_of(site: Site) -> dict[str, str]:
    return {
        SITE.rstrip("/") + path: decoded(answers[0].body)
        for path, answers in site.answers.items()
        if not answers[0].body.startswith(b"MThd")
    }


def walked(site: Site) -> list[Listed]:
    return list(walk(SITE, "classic", pages_of(site).get))


def test_every_shape_of_page_is_read() -> None:
    assert [(one.composer, one.title, one.address) for one in walked(small_site())] == [
        ("Fauré", "Pavane", SITE + "midis/other/c1/pavane.mid"),
        ("Fauré", "Sicilienne", SITE + "midis/other/c1/s.MID"),
        *(("Bach", f"Invention {n}", SITE + f"midis/other/bach/inv{n}.mid") for n in range(4)),
        ("Chopin", "Étude", SITE + "midis/other/chopin/etude.mid"),
        ("Bach", "Air", SITE + "midis/other/bach/air%20in%20g.mid"),
        *(("Satie", f"Piece {n} (live)", SITE + f"download/{n}") for n in range(4)),
    ]


def test_pages_that_lead_to_each_other_are_read_once() -> None:
    site = small_site()
    put_composer(site, "bach2.htm", {"A": "bach.htm", "B": "bach2.htm", "C": "classic.htm"})
    read: list[str] = []

    def page(address: str) -> str | None:
        read.append(address)
        return pages_of(site).get(address)

    list(walk(SITE, "classic", page))
    assert len(read) == len(set(read))


def test_a_chain_of_pages_without_end_is_left_after_two() -> None:
    site = small_site()
    for number in range(2, 50):
        put_composer(site, f"bach{number}.htm", {"More": f"bach{number + 1}.htm"})
    read: list[str] = []

    def page(address: str) -> str | None:
        read.append(address)
        return pages_of(site).get(address)

    list(walk(SITE, "classic", page))
    assert SITE + "bach2.htm" in read
    assert SITE + "bach3.htm" not in read


def test_a_search_that_repeats_its_page_for_ever_is_left() -> None:
    site = small_site()
    site.answers["/search/2/?q=classic"] = site.answers["/search/1/?q=classic"]
    assert len(walked(site)) == 12


def test_all_pages_of_a_search_are_read() -> None:
    site = Site()
    put_search(site, [("Piece", "Satie", f"/download/{n}") for n in range(95)])
    assert len(walked(site)) == 95


def test_the_navigation_is_not_followed() -> None:
    site = small_site()
    site.put("/pop.htm", b"<ul><li><a href=midis/other/pop.mid>Pop</a></ul>")
    assert not [one for one in walked(site) if "pop" in one.address]


def test_only_the_second_blockquote_names_composers() -> None:
    site = Site()
    put_index(site, {"Bach": "bach.htm"})
    page = site.answers["/composers.htm"][0].body.replace(b"#a", b"jazz.htm")
    site.put("/composers.htm", page)
    put_composer(site, "jazz.htm", {"Take": "midis/take.mid"})
    put_composer(site, "bach.htm", {"Air": "midis/air.mid"})
    assert [one.title for one in walked(site)] == ["Air"]


@pytest.mark.parametrize(
    ("link", "address"),
    [
        ("air.mid", SITE + "a/air.mid"),
        ("/air.MID", SITE + "air.MID"),
        ("http://www.midiworld.com/air.mid", SITE + "air.mid"),
        ("HTTPS://MIDIWORLD.com:443/air.mid#top", SITE + "air.mid"),
        ("//www.midiworld.com/air.mid", SITE + "air.mid"),
        ("../../../etc/air.mid", SITE + "etc/air.mid"),
        ("an air.mid", SITE + "a/an%20air.mid"),
        ("an%20air.mid", SITE + "a/an%20air.mid"),
        ("100%.mid", SITE + "a/100%25.mid"),
        ("é.mid", SITE + "a/%C3%A9.mid"),
        ("http://elsewhere.org/air.mid", None),
        ("http://midiworld.com.elsewhere.org/air.mid", None),
        ("http://midiworld.com:8080/air.mid", None),
        ("http://midiworld.com@elsewhere.org/air.mid", None),
        ("mailto:bach@midiworld.com", None),
        ("javascript:play()", None),
        ("http://[air.mid", None),
        ("http://midiworld.com:port/air.mid", None),
    ],
)
def test_a_link_has_one_spelling_and_stays_on_the_site(link: str, address: str | None) -> None:
    assert canonical(link, SITE + "a/bach.htm", SITE) == address


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("Bach - (1685-1750)", "Bach"),
        ("<b>J. S. Bach</b>:", "J. S. Bach"),
        ("Palestrina, (c. 1525-1594)", "Palestrina"),
        ("<a name=b>Bizet</a> * ", "Bizet"),
    ],
)
def test_a_composers_name_is_cut_off_its_mark_and_years(said: str, name: str) -> None:
    page = f"<FONT SIZE=3>{said}<ul><li><a href=x.mid>X</a></ul></font>"
    assert [file.composer for file in classic(page, SITE, SITE).files] == [name]


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("Air (Bach) - ", ("Air", "Bach")),
        ("Sonata (Moonlight) (Beethoven) -", ("Sonata (Moonlight)", "Beethoven")),
        ("Op. 9 - No. 2\n(Chopin) - ", ("Op. 9 - No. 2", "Chopin")),
        ("Air - ", ("Air", "")),
    ],
)
def test_a_result_tells_title_and_artist(said: str, told: tuple[str, str]) -> None:
    page = f"<ul></ul><ul><li>{said}<a href=/download/7>download</a></ul>"
    assert [(one.title, one.composer) for one in results(page, SITE, SITE)] == [told]


def test_links_that_nothing_closes_keep_their_own_texts() -> None:
    page = "<li>" * 7 + "<A HREF=a.mid>One<BR><A HREF=b.MID>Two"
    files = composer(page, "Bach", SITE + "bach.htm", SITE).files
    assert [file.title for file in files] == ["One", "Two"]
