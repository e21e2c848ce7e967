"""Shows what was found on one page: tables, piano rolls, and the same prompts to listen to.

The rule kept here: the page needs nothing from elsewhere; pictures are inside it, and the sound
lies in a folder beside it, since an hour of it would make the page too heavy to open. Each figure
is shown with its bounds, and also stands, in full, in a .csv and a .json.
"""

import base64
import csv
import html
import io
import json
import wave
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import groupby
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Picture

from performer.messages import Player as By
from performer.notes import Note, Phrase, on_grid
from performer.prompt import as_played
from performer.synth import RATE, render
from performer.take import played
from trainer.confidence import Measured
from trainer.continuations import LEFT_ALONE, Continuation
from trainer.judging import REAL, Figure, Player
from trainer.works import END, START, Excerpt, Heard, as_notes, within

PROMPT_COLOUR, ANSWER_COLOUR = "#0072b2", "#d55e00"
SHOWN = 10  # prompts that are drawn and sounded
PART = 2  # of the frames, one is kept in so many: 24 kHz
TAIL = 1.5  # seconds of sound after the last note
SOUND = "sound"  # folder beside the page


@dataclass(frozen=True, slots=True)
class Section:
    """A chapter of the page."""

    title: str
    text: str
    body: str  # HTML


# Figures as files


def as_csv(figures: Sequence[Figure]) -> str:
    """All figures, a line each, in full precision."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("judgement", "subject", "works", "figure", "value", "low", "high", "remark"))
    for one in figures:
        measured = one.measured
        writer.writerow(
            (
                *(one.judgement, one.subject, one.works, one.name),
                *(measured.value, measured.low, measured.high),
                one.remark,
            )
        )
    return text.getvalue()


def as_json(figures: Sequence[Figure]) -> str:
    """All figures, in full precision."""
    return json.dumps([asdict(one) for one in figures], indent=1)


# Figures as tables


def tables(figures: Sequence[Figure]) -> str:
    """A table for each choice of works: a line a subject, a column a figure."""
    parts = []
    for works, some in groupby(figures, key=lambda one: one.works):
        parts.append(f"<h3>By {html.escape(works)} works</h3>{table(list(some))}")
    return "".join(parts)


def table(figures: Sequence[Figure]) -> str:
    """A line a subject, a column a figure, each with its bounds."""
    names = list(dict.fromkeys(one.name for one in figures))
    lines: dict[str, dict[str, Figure]] = {}
    for one in figures:
        lines.setdefault(one.subject, {})[one.name] = one
    rows = [
        [subject, *(_cell(told.get(name)) for name in names), _remark(told)]
        for subject, told in lines.items()
    ]
    return plain_table(["", *names, "by"], rows)


def turned(figures: Sequence[Figure]) -> str:
    """A line a figure, a column a subject."""
    return table(
        [Figure(one.judgement, one.name, one.works, one.subject, one.measured) for one in figures]
    )


def by_hundreds(figures: Sequence[Figure]) -> str:
    """A table for each figure: a line a subject, a column a hundred of notes."""
    names = dict.fromkeys(one.name for one in figures)
    return "".join(
        f"<h3>{html.escape(name)}</h3>"
        + table(
            [
                Figure(one.judgement, one.subject, one.works, one.remark, one.measured)
                for one in figures
                if one.name == name
            ]
        )
        for name in names
    )


def _cell(figure: Figure | None) -> str:
    return "" if figure is None else written(figure.measured)


def _remark(told: Mapping[str, Figure]) -> str:
    return next(iter(told.values())).remark


def written(measured: Measured) -> str:
    """A figure with its bounds, in as many digits as say something.

    >>> written(Measured(0.9876, 0.97, 0.99)), written(Measured(12.34, 12.34, 12.34))
    ('0.988 (0.970 to 0.990)', '12.3')
    """
    digits = 3 if abs(measured.value) < 2 else 2 if abs(measured.value) < 10 else 1
    value = f"{measured.value:.{digits}f}"
    if measured.low == measured.high:
        return value
    return f"{value} ({measured.low:.{digits}f} to {measured.high:.{digits}f})"


def plain_table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table of text."""
    first = "".join(f"<th>{html.escape(text)}</th>" for text in head)
    body = "\n".join(
        "<tr>" + "".join(f"<td>{html.escape(text)}</td>" for text in row) + "</tr>" for row in rows
    )
    return (
        f'<div class="wide"><table><thead><tr>{first}</tr></thead>\n'
        f"<tbody>\n{body}\n</tbody></table></div>"
    )


# The whole page

TOLD = {
    "foreseen": (
        "1. How well is the next note foreseen?",
        "Bits to say which value came, in the same bins for all: the fewer, the better. The "
        "baselines heard train works of the same kinds. A model without odds for velocity or pedal "
        "has no bits for them.",
    ),
    "told apart": (
        "2. Can a judge tell?",
        "The odds that a judge picks the generated one of two excerpts of 100 notes: 0.5 is a "
        "judge who cannot tell, 1.0 one who always can. No judge has heard the works that it is "
        "tried on. The controls show what a judge is worth: it must not tell real from other real "
        "music, and must tell music whose keys or times were shuffled.",
    ),
    "telltales": (
        "What gives them away",
        "Descriptors that tell most, each alone: the odds that a generated excerpt has more of it "
        "than a real one; near 0 it has less, near 1 more.",
    ),
    "faults": (
        "3. Faults in a thousand notes",
        "Real music has some of each; on one piano a key cannot be struck while it is down, so "
        "real works, read as one pianist plays them, have none of that by definition.",
    ),
    "copying": (
        "4. Copying",
        "The longest run of intervals, in 100 notes, that stands in a train work too, in any key. "
        "Between composers: real excerpts among train works by others, which nobody copied.",
    ),
    "long form": (
        "5. Long form",
        "A thousand notes, by hundreds. The bits are those of one Markov chain for all, real music "
        "too: what it finds too easy has stiffened, what it finds too hard has fallen apart. The "
        "judge knows the first hundred notes of other works.",
    ),
    "descriptors": (
        "Descriptors",
        "Means over all excerpts. They are shown and never ranked by: one note repeated has a "
        "perfect scale consistency.",
    ),
}
DRAWN_AS = {"long form": by_hundreds, "descriptors": turned}


def sections(figures: Sequence[Figure]) -> list[Section]:
    """A chapter for each judgement."""
    found = []
    for judgement, (title, text) in TOLD.items():
        some = [one for one in figures if one.judgement == judgement]
        if some and judgement == "telltales":
            found.append(Section(title, text, telltales(some)))
        elif some:
            found.append(Section(title, text, DRAWN_AS.get(judgement, tables)(some)))
    return found


def telltales(figures: Sequence[Figure]) -> str:
    """A line a descriptor that gives something away."""
    rows = [(one.subject, one.name, f"{one.measured.value:.3f}", one.remark) for one in figures]
    return plain_table(["", "descriptor", "alone", "mean"], rows)


def whole(chapters: Sequence[Section]) -> str:
    """The page."""
    body = "\n".join(
        f"<h2>{html.escape(one.title)}</h2>\n<p>{html.escape(one.text)}</p>\n{one.body}"
        for one in chapters
    )
    return PAGE.replace("BODY", body)


PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Models compared</title>
<style>
body { font: 15px/1.5 sans-serif; color: #333; max-width: 1200px; margin: 2em auto; padding: 0 1em }
table { border-collapse: collapse; font-size: 13px; margin: .5em 0 1.5em }
th, td { padding: .3em .6em; border-bottom: 1px solid #ddd; white-space: nowrap }
th, td { text-align: right }
th:first-child, td:first-child, th:last-child, td:last-child { text-align: left }
img { max-width: 100% }
figure { margin: 2em 0 }
audio { width: 200px; height: 32px; vertical-align: middle }
.wide { overflow-x: auto }
</style>
<h1>Models compared</h1>
BODY
</html>
"""


def picture(caption: str, data: bytes) -> str:
    """A picture (PNG) inside the page."""
    text = html.escape(caption)
    return (
        f'<figure><img alt="{text}" src="data:image/png;base64,{base64.b64encode(data).decode()}">'
        f"<figcaption>{text}</figcaption></figure>"
    )


# The same prompts, seen and heard


def chosen(asked: Sequence[Excerpt], count: int) -> list[int]:
    """The numbers of some excerpts, of as many works as can be."""
    by_work: dict[int, list[int]] = {}
    for place, ask in enumerate(asked):
        by_work.setdefault(ask.work.number, []).append(place)
    middles = sorted(places[len(places) // 2] for places in by_work.values())
    spare = [place for place in range(len(asked)) if place not in set(middles)]
    return sorted([*middles[:: max(len(middles) // count, 1)], *spare][:count])


def prompts(
    asked: Sequence[Excerpt], players: Sequence[Player], out: Path, count: int = SHOWN
) -> Iterable[str]:
    """For some prompts, how each goes on: drawn, and written as sound into a folder."""
    for number, place in enumerate(chosen(asked, count), 1):
        ask = asked[place]
        answers = {
            REAL: Continuation(ask.real, np.full(len(ask.real), LEFT_ALONE)),
            **{player.name: player.short[place] for player in players},
        }
        caption = f"{number}. {ask.work.composer.title()}: {ask.work.title}, from note {ask.first}"
        heard = []
        for name, answer in answers.items():
            path = out / SOUND / f"{number:02}-{name.replace(' ', '-')}.wav"
            sound(ask, answer, name == REAL, path)
            heard.append(
                f"{html.escape(name)} <audio controls preload='none' "
                f"src='{html.escape(SOUND)}/{html.escape(path.name)}'></audio>"
            )
        drawn = as_png(roll(ask, {name: answer.notes for name, answer in answers.items()}))
        (out / f"roll-{number:02}.png").write_bytes(drawn)
        yield f"{picture(caption, drawn)}<p>{' '.join(heard)}</p>"


def goes_on_at(ask: Excerpt, heard: Heard) -> list[Note]:
    """What follows a prompt, from where the composer went on."""
    later = on_grid(float(ask.real[0, START] - heard[0, START]))
    return [note.shifted(later) for note in as_notes(heard)]


def roll(ask: Excerpt, answers: Mapping[str, Heard]) -> Picture:
    """A piano roll for each answer, side by side."""
    figure = Picture(figsize=(3.6 * len(answers), 2.8), layout="constrained")
    panels = figure.subplots(1, len(answers), squeeze=False, sharey="row")[0]
    for panel, (name, heard) in zip(panels, answers.items(), strict=True):
        draw_notes(panel, ask.prompt.notes, PROMPT_COLOUR)
        draw_notes(panel, goes_on_at(ask, heard), ANSWER_COLOUR)
        panel.set_title(name, loc="left", fontsize="small")
        panel.set_xlabel("seconds", fontsize="small")
        panel.spines[["top", "right"]].set_visible(False)
    panels[0].set_ylabel("key", fontsize="small")
    return figure


def draw_notes(panel: Axes, notes: Sequence[Note], colour: str) -> None:
    """Notes as bars."""
    panel.barh(
        [note.pitch for note in notes],
        [note.duration for note in notes],
        left=[note.start for note in notes],
        height=1.0,
        color=colour,
    )


def as_png(figure: Picture) -> bytes:
    """A figure as the bytes of a picture."""
    data = io.BytesIO()
    figure.savefig(data, dpi=110, metadata={"Software": None})
    return data.getvalue()


def sound(ask: Excerpt, answer: Continuation, is_real: bool, path: Path) -> None:
    """A prompt and how it goes on as a small .wav. Raises Refusal where none can be made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    notes = goes_on_at(ask, answer.notes)
    if is_real:
        messages = as_played(as_composed(ask))
    else:
        moves = [
            (note.start, int(pedal))
            for note, pedal in zip(notes, answer.pedal, strict=True)
            if pedal != LEFT_ALONE
        ]
        messages = [*as_played(ask.prompt), *played(notes, By.MODEL, 0, moves)]
    render([(message.at, message.data) for message in messages], path, TAIL)
    make_small(path)


def as_composed(ask: Excerpt) -> Phrase:
    """A prompt and what truly followed, with the pedal as it was."""
    notes = [*ask.prompt.notes, *as_notes(ask.real)]
    zero = float(ask.work.notes[ask.first, START])
    return Phrase.of(notes, within(ask.work.pedal, zero, float(ask.real[:, END].max())))


def make_small(path: Path) -> None:
    """A .wav of two channels at 48 kHz becomes one of one channel at 24 kHz."""
    with wave.open(str(path)) as large:
        frames = np.frombuffer(large.readframes(large.getnframes()), dtype="<i2")
    usable = frames[: len(frames) // (2 * PART) * 2 * PART].reshape(-1, 2 * PART)
    small = usable.mean(axis=1).astype("<i2")
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE // PART)
        file.writeframes(small.tobytes())
