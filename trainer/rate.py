"""Asks a listener how music sounds: blind, in random order, real and generated mixed.

The rules kept here: nobody is told who played, before or after; each prompt is continued both ways,
and which comes first is a matter of dice that follow from the listener's name. What was rated is
not asked again, so one can stop at any moment and go on another day. The table only grows.
"""

import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np
from rich.console import Console

from performer.improviser import Improviser
from performer.length import Limit
from performer.model import Model
from performer.notes import Note, Phrase, Span, on_grid
from performer.prompt import as_played
from performer.ratings import Rated, Rating, add, merge, ratings
from performer.scorer import WINDOW
from performer.shelf import find_model
from performer.synth import SynthError, open_synth
from performer.taste import Taste
from performer.thought import Thought
from performer.touch import DOWN
from trainer.continuations import turn_of
from trainer.impressions import some
from trainer.splits import SPLITS, VALID
from trainer.works import START, Excerpt, as_notes, read_works, within
from trainer.works import played as played_works

SEED = 11
BEFORE = 8  # notes of the prompt that are heard before what is rated
WIDE, HIGH = 76, 20  # characters of a picture in the terminal
PAUSE = 0.8  # seconds after each
QUIT, AGAIN, SKIP = "q", "r", "s"
SINGLE = {"1": 1.0, "2": 2.0, "3": 3.0, "4": 4.0, "5": 5.0}
PAIR = {"a": 1.0, "b": 0.0, "=": 0.5}

Presents = Callable[[Rated], None]


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked: one piece of music, or two of which one is better."""

    music: tuple[Rated, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The hashes of what is asked about."""
        return tuple(rated.what for rated in self.music)


@dataclass(frozen=True, slots=True)
class Sitting:
    """A listener, the folder of the table, and how music is brought to the ear."""

    who: str
    folder: Path
    presents: Presents
    asks: Callable[[str, Sequence[str]], str]  # a sentence, and the answers that there are


def both_ways(improviser: Improviser, ask: Excerpt) -> tuple[Rated, Rated]:
    """A prompt's continuation as composed, and as a model plays it, equally long."""
    real = as_notes(ask.real[:WINDOW])
    zero = ask.work.notes[ask.first, START]
    pedal = within(ask.work.pedal, zero + real[0].start, real[-1].end - real[0].start)
    composed = Rated(
        ask.prompt,
        tuple(real),
        tuple(
            Span(on_grid(s.start + real[0].start), on_grid(s.end + real[0].start)) for s in pedal
        ),
    )
    thought = Thought.on(ask.prompt, Taste(), SEED, turn_of(ask.prompt), real[0].start)
    answer = list(improviser.thoughts(thought, Limit(notes=WINDOW)))
    notes = tuple(note.shifted(real[0].start) for note, _ in answer)
    return composed, Rated(ask.prompt, notes, tuple(_spans(notes, [t.pedal for _, t in answer])))


def _spans(notes: Sequence[Note], pedal: Sequence[int | None]) -> Iterator[Span]:
    """The pedal of an answer, as spans."""
    end = max(note.end for note in notes)
    down_at: float | None = None
    for note, state in zip(notes, pedal, strict=True):
        is_down = state is not None and state >= DOWN
        if down_at is not None and state != DOWN:
            yield Span(down_at, note.start)
            down_at = None
        if is_down and down_at is None:
            down_at = on_grid(note.start)
    if down_at is not None and down_at < end:
        yield Span(down_at, end)


def questions(
    pairs: Sequence[tuple[Rated, Rated]], is_paired: bool, who: str
) -> Iterator[Question]:
    """What a listener is asked, in an order that follows from the name alone."""
    dice = np.random.default_rng([SEED, *who.encode()])
    asked = [
        (pair if dice.random() < 0.5 else pair[::-1],) if is_paired else ((pair[0],), (pair[1],))
        for pair in pairs
    ]
    flat = [Question(music) for group in asked for music in group]
    for place in dice.permutation(len(flat)):
        yield flat[place]


def sit(sitting: Sitting, asked: Sequence[Question]) -> int:
    """Ask until all is rated or the listener has had enough; how many verdicts were passed."""
    mine = (one for one in ratings(sitting.folder) if one.who == sitting.who)
    known = {tuple(name for name in (one.what, one.against) if name) for one in mine}
    left = [question for question in asked if question.names not in known]
    passed = 0
    for number, question in enumerate(left, start=1):
        answers = PAIR if len(question.music) == 2 else SINGLE
        said = _heard_out(sitting, question, answers, f"{number} of {len(left)}")
        if said == QUIT:
            break
        if said == SKIP:
            continue
        verdict = Rating.now(sitting.who, *_as_marked(question, answers[said]))
        add(sitting.folder, verdict, question.music)
        passed += 1
    return passed


def _as_marked(question: Question, mark: float) -> tuple[str, float, str]:
    what, *against = question.names
    return what, mark, against[0] if against else ""


def _heard_out(sitting: Sitting, question: Question, answers: dict[str, float], place: str) -> str:
    """What the listener says, who may hear it as often as wanted."""
    while True:
        for rated in question.music:
            sitting.presents(rated)
        said = sitting.asks(place, [*answers, AGAIN, SKIP, QUIT])
        if said != AGAIN:
            return said


def in_context(rated: Rated) -> Phrase:
    """The end of the prompt and what is rated, as one phrase from zero."""
    notes = [*rated.prompt.notes[-BEFORE:], *rated.answer]
    start = notes[0].start
    spans = (
        Span(max(span.start, start) - start, span.end - start)
        for span in (*rated.prompt.pedal, *rated.pedal)
        if span.end > start
    )
    return Phrase.of((note.shifted(-start) for note in notes), spans)


def play(rated: Rated) -> None:
    """Play it on the built-in piano, in real time. Raises SynthError without sound."""
    synth = open_synth()
    began = time.perf_counter()
    try:
        for message in as_played(in_context(rated)):
            time.sleep(max(message.at - (time.perf_counter() - began), 0.0))
            synth.send(message.data)
        time.sleep(PAUSE)
    finally:
        synth.close()


def picture(rated: Rated) -> list[str]:
    """A piano roll of characters: the end of the prompt as dots, what is rated as bars.

    Lines from the highest keys down, of WIDE characters each.
    """
    lead = rated.prompt.notes[-BEFORE:]
    notes = [*((note, "·") for note in lead), *((note, "█") for note in rated.answer)]
    start, end = lead[0].start, max(note.end for note, _ in notes)
    lowest = min(note.pitch for note, _ in notes)
    keys = max(note.pitch for note, _ in notes) - lowest + 1
    rows = [[" "] * WIDE for _ in range(min(keys, HIGH))]
    for note, mark in notes:
        row = (note.pitch - lowest) * len(rows) // keys
        first, last = (
            min(int((at - start) / (end - start) * WIDE), WIDE - 1) for at in (note.start, note.end)
        )
        rows[row][first : last + 1] = mark * (last + 1 - first)
    return ["".join(row) for row in reversed(rows)]


@click.command(
    epilog="\b\nExamples:\n"
    "  antiphon-train rate --data data --who ada\n"
    "  antiphon-train rate --data data --who ada --pairs --show\n"
    "  antiphon-train rate --merge ../bobs/ratings"
)
@click.option("--data", type=click.Path(path_type=Path), default=Path("data"), show_default=True)
@click.option(
    "--folder",
    type=click.Path(path_type=Path),
    default=Path("ratings"),
    show_default=True,
    help="Of the table, and of the music that is rated.",
)
@click.option("--who", default=lambda: os.environ.get("USER", "somebody"), help="Your name.")
@click.option("--model", help="A model's name, or an .onnx file.")
@click.option("--pairs", "is_paired", is_flag=True, help="Say which of two is better.")
@click.option("--show", is_flag=True, help="Draw it, and play nothing.")
@click.option("--count", type=click.IntRange(min=1), default=20, show_default=True, help="Prompts.")
@click.option(
    "--on", type=click.Choice(SPLITS), default=VALID, show_default=True, help="Works to rate by."
)
@click.option(
    "--merge",
    "others",
    multiple=True,
    type=click.Path(path_type=Path),
    help="Take in another folder of ratings, and end.",
)
def command(
    data: Path,
    folder: Path,
    who: str,
    model: str | None,
    is_paired: bool,
    show: bool,
    count: int,
    on: str,
    others: tuple[Path, ...],
) -> None:
    """Rate music by ear, not knowing who played it."""
    if others:
        click.echo(f"{merge(folder, others)} verdicts were new in {folder}")
        return
    console = Console(stderr=True, highlight=False)
    console.print("Letting it play")
    improviser = Improviser(Model.load(find_model(model)))
    asked = some(played_works(read_works(data, on)), count)
    pairs = [both_ways(improviser, ask) for ask in asked]
    sitting = Sitting(who, folder, _presented(show, console), _asked)
    passed = sit(sitting, list(questions(pairs, is_paired, who)))
    click.echo(f"{passed} verdicts were added to {folder}")


def _presented(is_shown: bool, console: Console) -> Presents:
    """How music is brought to the listener: played, or drawn where asked for or without sound."""

    def draw(rated: Rated) -> None:
        click.echo("\n".join(["", *picture(rated), ""]))

    if not is_shown:
        try:
            open_synth().close()
        except SynthError as reason:
            console.print(f"{reason} So it is drawn.")
        else:
            return play
    return draw


def _asked(place: str, answers: Sequence[str]) -> str:
    said: str = click.prompt(
        f"{place}: {' '.join(answers)}", type=click.Choice(answers), show_choices=False
    )
    return said
