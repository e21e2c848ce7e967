"""The commands of `antiphon`: what a player types.

The rule kept here: an error is one sentence and exit status 2, never a traceback; what is heavy to
load is loaded by the command that needs it.
"""

import json
import queue
import secrets
import sys
from collections.abc import Callable, Iterable
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
import platformdirs
from rich.console import Console
from rich.markup import escape
from rich.progress import track
from rich.table import Table

from performer.length import Fixed, Length, Like, Limit, parse_length
from performer.limits import PIANO, Bounds, parse_register, parse_scale
from performer.messages import Mode
from performer.phrase import Silence
from performer.refusal import Refusal
from performer.taste import Taste

if TYPE_CHECKING:
    from performer.bindings import Control
    from performer.messages import Maker
    from performer.take import Take

console = Console(stderr=True, highlight=False)
LONGEST_SILENCE = 60.0  # seconds that --silence may ask for
TOUCHING = 30.0  # seconds in which a control that is to be learnt has to be touched
T = TypeVar("T")
AVOID, TELL = "avoid", "tell"  # what becomes of quotations
EXAMPLE = "\b\nExample:\n  "


class _Commands(click.Group):
    """Says a refusal as one sentence."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command."""
        try:
            return super().invoke(ctx)
        except Refusal as refusal:
            click.echo(f"antiphon: {refusal}", err=True)
            sys.exit(2)


def _said(read: Callable[[str], T]) -> Callable[[str], T]:
    """An option's reader whose ValueError is the sentence for the player."""

    def convert(text: str) -> T:
        try:
            return read(text)
        except ValueError as reason:
            raise click.BadParameter(str(reason)) from None

    return convert


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"{text!r} is not a number") from None


def _temperature(text: str) -> float:
    return Taste.of(_number(text), top_p=1.0).rhythm


def _top_p(text: str) -> float:
    return Taste.of(1.0, _number(text)).top_p


def _density(text: str) -> float:
    return Taste(density=_number(text)).density


def _silence(text: str) -> Silence:
    if text == "auto":
        return Silence()
    seconds = _number(text)
    if not 0 < seconds <= LONGEST_SILENCE:
        raise ValueError(f"a silence of {text} s cannot be waited for: say auto, or up to 60")
    return Silence.fixed(seconds)


def _seconds(text: str) -> float:
    seconds = _number(text)
    if not 0 < seconds < float("inf"):
        raise ValueError(f"{text} is no length of time: give seconds above 0")
    return seconds


def _bounds(
    scale: frozenset[int] | None, register: tuple[int, int] | None, at_once: int | None
) -> Bounds:
    """What was asked for; the piano's own bounds otherwise. Raises Refusal."""
    lowest, highest = register or (PIANO.lowest, PIANO.highest)
    classes = scale or PIANO.classes
    most = PIANO.most_at_once if at_once is None else at_once
    try:
        return replace(PIANO, lowest=lowest, highest=highest, classes=classes, most_at_once=most)
    except ValueError as reason:
        raise Refusal(f"{str(reason).capitalize()}.") from None


FILE = click.Path(path_type=Path)
SECONDS = _said(_seconds)
MODEL = click.option("--model", metavar="M", help="A model's name, or an .onnx file.")
TEMPERATURE = click.option(
    "--temperature",
    type=_said(_temperature),
    default=1.0,
    show_default=True,
    metavar="T",
    help="Below 1 tamer, above 1 wilder.",
)
TOP_P = click.option(
    "--top-p",
    type=_said(_top_p),
    default=1.0,
    show_default=True,
    metavar="P",
    help="Choose among the likeliest values that hold this share of the odds.",
)
SCALE = click.option(
    "--scale",
    type=_said(parse_scale),
    metavar="SCALE",
    help="Stay in a scale: 'C', 'F# minor', 'Bb pentatonic'.",
)
REGISTER = click.option(
    "--register",
    type=_said(parse_register),
    metavar="LOW-HIGH",
    help="Stay within these keys: C3-C6, or 48-84.",
)
AT_ONCE = click.option(
    "--at-once", type=int, metavar="N", help="Hold no more keys than so many at a time."
)
SEED = click.option(
    "--seed", type=click.IntRange(min=0), metavar="N", help="The same seed, the same answer."
)
DENSITY = click.option(
    "--density",
    type=_said(_density),
    default=1.0,
    show_default=True,
    metavar="D",
    help="Below 1 more sparing with its notes, above 1 less; beside the player, too.",
)
JSON = click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")


def _quoting(default: str | None = None) -> Callable[[Callable[..., None]], Callable[..., None]]:
    return click.option(
        "--quoting",
        type=click.Choice((AVOID, TELL)),
        default=default,
        show_default=default is not None,
        help="What is about to quote a piece it learnt from for long: compose it anew, or tell.",
    )


@click.group(cls=_Commands, invoke_without_command=True)
@click.version_option(package_name="antiphon")
@click.pass_context
def main(ctx: click.Context) -> None:
    """Play a few notes on a MIDI keyboard; Antiphon answers, in time, and keeps the take.

    Without a command it opens the window; where there is no display, it plays in the terminal.
    """
    if ctx.invoked_subcommand is None:
        from gui.display import why_there_is_none

        ctx.invoke(play if why_there_is_none() else _open_window)


@main.command(epilog=EXAMPLE + "antiphon window")
@click.option("--takes", type=FILE, metavar="DIR", help="Where takes are kept.")
def window(takes: Path | None = None) -> None:
    """Open the window: the instrument on the screen."""
    from gui.display import why_there_is_none

    reason = why_there_is_none()
    if reason is not None:
        raise Refusal(reason)
    _open_window(takes)


def _open_window(takes: Path | None = None) -> None:
    from gui.command import open_window

    sys.exit(open_window(takes))


@main.command(epilog=EXAMPLE + 'antiphon play --in "Digital Piano" --temperature 0.9')
@click.option(
    "--in",
    "input_names",
    multiple=True,
    metavar="NAME",
    help="MIDI input; a part of its name will do. Give it twice for two keyboards.",
)
@click.option("--out", "output_name", metavar="NAME|synth|none", help="MIDI output, or the synth.")
@click.option("--virtual", "is_virtual", is_flag=True, help="Open ports of our own for a DAW.")
@MODEL
@TEMPERATURE
@TOP_P
@SCALE
@REGISTER
@AT_ONCE
@SEED
@click.option(
    "--silence",
    type=_said(_silence),
    default="auto",
    show_default=True,
    metavar="auto|SECONDS",
    help="The silence that ends a phrase.",
)
@click.option(
    "--length",
    type=_said(parse_length),
    default="like",
    show_default=True,
    metavar="like|endless|Ns|Nnotes",
    help="How long an answer is.",
)
@click.option(
    "--mode",
    type=click.Choice([mode.value for mode in Mode]),
    default=Mode.ANSWER.value,
    show_default=True,
    help="Answer in turn; answer without end, until a key is struck; or play along.",
)
@DENSITY
@click.option(
    "--best-of",
    type=click.IntRange(1, 64),
    default=8,
    show_default=True,
    metavar="K",
    help="Think of up to K answers in the silence, play the best; 1: the first thought.",
)
@_quoting(AVOID)
@click.option("--prompt", type=FILE, metavar="FILE.mid", help="Play this, then answer it.")
@click.option("--for", "seconds", type=SECONDS, metavar="SECONDS", help="End after so long.")
@click.option("--takes", type=FILE, metavar="DIR", help="Where takes are kept.")
def play(
    input_names: tuple[str, ...] = (),
    output_name: str | None = None,
    is_virtual: bool = False,
    model: str | None = None,
    temperature: float = 1.0,
    top_p: float = 1.0,
    scale: frozenset[int] | None = None,
    register: tuple[int, int] | None = None,
    at_once: int | None = None,
    seed: int | None = None,
    silence: Silence = Silence(),
    length: Length = Like(),
    mode: str = Mode.ANSWER.value,
    density: float = 1.0,
    best_of: int = 8,
    quoting: str = AVOID,
    prompt: Path | None = None,
    seconds: float | None = None,
    takes: Path | None = None,
) -> None:
    """Listen to a MIDI keyboard and answer each phrase.

    Where there is no MIDI input it plays a phrase of its own and answers that.
    """
    from performer.bundled_prompt import bundled_prompt
    from performer.play import play as perform
    from performer.process import SYNTH, VIRTUAL, Plan
    from performer.prompt import read_phrase
    from performer.recorder import folder_for_takes
    from performer.session import Settings
    from performer.settings_file import read_bindings, settings_path
    from performer.shelf import find_model

    inputs = _inputs(input_names, is_virtual, has_prompt=prompt is not None)
    phrase = read_phrase(prompt) if prompt is not None else None
    if phrase is None and not inputs and not is_virtual:
        console.print("There is no MIDI input, so a phrase of our own is played and answered.")
        phrase = bundled_prompt()
    taste = Taste.of(temperature, top_p, _bounds(scale, register, at_once), density)
    settings = Settings(
        taste,
        silence,
        length,
        _seed(seed),
        mode=Mode(mode),
        best_of=best_of,
        may_quote=quoting != AVOID,
    )
    plan = Plan(
        find_model(model),
        settings,
        folder_for_takes(takes or platformdirs.user_music_path() / "Antiphon" / "takes"),
        inputs,
        _output(output_name) if output_name else VIRTUAL if is_virtual else SYNTH,
        is_virtual,
        phrase,
        seconds,
        has_wav=phrase is not None,
        bindings=read_bindings(settings_path()),
    )
    perform(plan, console)


@main.command(
    "continue", epilog=EXAMPLE + "antiphon continue phrase.mid --out answer.mid --seed 7 --wav"
)
@click.argument("prompts", type=FILE, nargs=-1, metavar="PROMPT.mid|DIR...")
@click.option("--out", type=FILE, required=True, metavar="PATH|DIR", help="Where it is written.")
@MODEL
@TEMPERATURE
@TOP_P
@SCALE
@REGISTER
@AT_ONCE
@DENSITY
@SEED
@click.option("--notes", type=click.IntRange(min=1), metavar="N", help="Answer with N notes.")
@click.option("--seconds", type=SECONDS, metavar="S", help="Answer for S seconds.")
@click.option(
    "--prompt-notes", type=click.IntRange(min=1), metavar="K", help="Hear only the first K notes."
)
@click.option("--answer-only", is_flag=True, help="Leave the phrase out of what is written.")
@click.option("--wav", "has_wav", is_flag=True, help="Write the sound beside it.")
@click.option("--like", type=FILE, metavar="TAKE.mid", help="Make the answers of a take again.")
@click.option(
    "--best-of", type=click.IntRange(1, 64), metavar="K", help="Think of K answers, play the best."
)
@click.option(
    "--score", "is_scored", is_flag=True, help="Say how good it seems, and what it quotes."
)
@_quoting()
def continue_(
    prompts: tuple[Path, ...],
    out: Path,
    model: str | None,
    temperature: float,
    top_p: float,
    scale: frozenset[int] | None,
    register: tuple[int, int] | None,
    at_once: int | None,
    density: float,
    seed: int | None,
    notes: int | None,
    seconds: float | None,
    prompt_notes: int | None,
    answer_only: bool,
    has_wav: bool,
    like: Path | None,
    best_of: int | None,
    is_scored: bool,
    quoting: str | None,
) -> None:
    """Continue phrases from .mid files, without playing them."""
    from performer.continuation import continued, made_again
    from performer.critic import best_continued, critic_of, in_words
    from performer.improviser import Improviser
    from performer.messages import Care
    from performer.model import Model
    from performer.prompt import read_phrase
    from performer.shelf import find_model
    from performer.steering import quotes
    from performer.take import read_take

    if bool(prompts) == bool(like):
        raise click.UsageError("give prompts to continue, or a take to make again with --like")
    if notes and seconds:
        raise click.UsageError("give --notes or --seconds, not both")
    limit = Limit(seconds or float("inf"), notes or float("inf"))
    length = Fixed(limit) if notes or seconds else Like()
    taste = Taste.of(temperature, top_p, _bounds(scale, register, at_once), density)
    seed = _seed(seed)
    written = _Written(out, answer_only, has_wav)
    if like is not None:
        take = read_take(like)
        improviser = Improviser(Model.load(find_model(model or take.maker.model)))

        def other(maker: "Maker") -> Improviser:
            return Improviser(Model.load(find_model(maker.model)))

        written.write(made_again(take, improviser, other), out)
        return
    improviser = Improviser(Model.load(find_model(model)))

    has_critic = best_of or is_scored or quoting
    if has_critic:
        critic = critic_of(improviser.model)

    def answered(path: Path) -> "Take":
        phrase = read_phrase(path, prompt_notes)
        if not has_critic:
            return continued(phrase, improviser, taste, seed, length)
        care = Care(best_of or 1, may_quote=quoting != AVOID)
        take, chosen = best_continued(phrase, improviser, taste, seed, length, critic, care)
        if is_scored or (chosen.opinion is not None and quotes(chosen.opinion, critic)):
            click.echo(f"{path}: {in_words(chosen, critic)}")
        return take

    if len(prompts) == 1 and not prompts[0].is_dir():
        path = out / prompts[0].with_suffix(".mid").name if out.is_dir() else out
        written.write(answered(prompts[0]), path)
    else:
        _continue_all(prompts, answered, written)


@main.command(epilog=EXAMPLE + "antiphon ports --json")
@JSON
def ports(as_json: bool) -> None:
    """List the MIDI inputs and outputs."""
    from performer.ports import input_names, output_names

    names = {"inputs": input_names(), "outputs": output_names()}
    if as_json:
        click.echo(json.dumps(names, indent=2))
        return
    for direction, found in names.items():
        click.echo(f"{direction}:")
        for name in found:
            click.echo(f"  {name}")
        if not found:
            click.echo("  none")


@main.command(epilog=EXAMPLE + "antiphon bind hand-over      (then press the pedal)")
@click.argument("action", required=False, metavar="[ACTION]")
@click.option("--to", "control", metavar="CONTROL", help="'controller 67' or 'key C8'.")
@click.option("--remove", "is_removed", is_flag=True, help="Let nothing do that any more.")
@click.option("--in", "input_names", multiple=True, metavar="NAME", help="MIDI input to touch.")
def bind(
    action: str | None, control: str | None, is_removed: bool, input_names: tuple[str, ...]
) -> None:
    """Let a pedal, a controller or a key do something: touch it, and it is learnt.

    ACTION is hand-over, stop, another-answer, panic, mode or temperature. Without one, it says
    what is bound.
    """
    from performer.bindings import Action, parse_control
    from performer.settings_file import read_bindings, settings_path, write_bindings

    path = settings_path()
    bindings = read_bindings(path)
    if action is None:
        for each in Action:
            click.echo(f"{each.value:<14}  {bindings.control_of(each) or '-'}")
        return
    try:
        wanted = Action(action)
    except ValueError:
        known = ", ".join(each.value for each in Action)
        raise Refusal(f'Nothing can be bound to "{action}": there is {known}.') from None
    if is_removed:
        write_bindings(path, bindings.without(wanted))
        return
    if control is None:
        console.print("Press the pedal, turn the knob or strike the key that is to do it.")
        found = _touched(input_names)
    else:
        found = _said(parse_control)(control)
    write_bindings(path, bindings.bound(wanted, found))
    console.print(f"{wanted.value}: {found}. It is kept in {path}.")


def _touched(wanted: tuple[str, ...]) -> "Control":
    """The control that is touched first, on any keyboard or on those that are named."""
    from performer.bindings import control_of
    from performer.ports import input_names, match, open_input

    there = input_names()
    names = [match(name, there) for name in wanted] or [
        name for name in there if _is_keyboard(name)
    ]
    if not names:
        raise Refusal("There is no MIDI input: plug in a keyboard, or name the control with --to.")
    touched: queue.SimpleQueue[Control] = queue.SimpleQueue()

    def hear(data: bytes, _: float) -> None:
        control = control_of(data)
        if control is not None and control[1]:
            touched.put(control[0])

    with ExitStack() as open_things:
        for name in names:
            open_things.enter_context(closing(open_input(name, hear)))
        try:
            return touched.get(timeout=TOUCHING)
        except queue.Empty:
            raise Refusal(
                f"Nothing was touched for {TOUCHING:.0f} s: see with `antiphon ports` whether "
                "the keyboard is there, or name the control with --to."
            ) from None


@main.command(epilog=EXAMPLE + "antiphon models")
@JSON
def models(as_json: bool) -> None:
    """List the models, and what each says of itself."""
    from performer.model import Model
    from performer.shelf import models as found

    cards, broken = {}, []
    for name, path in found().items():
        try:
            cards[name] = Model.load(path).card
        except Refusal as refusal:
            broken.append(str(refusal))
    if as_json:
        facts = {
            name: {field: json.loads(said) for field, said in card.to_metadata().items()}
            for name, card in cards.items()
        }
        click.echo(json.dumps(facts, indent=2))
    else:
        table = Table("name", "kind", "parameters", "date", "licence", "loss on test works")
        for name, card in cards.items():
            loss = card.losses.get("total")
            facts_of = (name, card.kind, f"{card.parameters:,}", card.date, card.licence)
            table.add_row(*facts_of, "" if loss is None else f"{loss:.4f}")
        Console().print(table)
    for sentence in broken:
        console.print(sentence, style="yellow")


@main.command(epilog=EXAMPLE + "antiphon check --seconds 30")
@JSON
@click.option(
    "--seconds",
    type=SECONDS,
    default=20.0,
    show_default=True,
    metavar="N",
    help="Measure for so long.",
)
def check(as_json: bool, seconds: float) -> None:
    """See whether everything is there, and whether this machine is quick enough."""
    from performer.check import Verdict
    from performer.check import as_json as facts_of
    from performer.check import check as findings_of

    colours = {Verdict.GOOD: "green", Verdict.PLAYABLE: "yellow", Verdict.TROUBLE: "red"}
    findings = []
    for finding in findings_of(seconds):
        findings.append(finding)
        if not as_json:
            verdict = f"[{colours[finding.verdict]}]{finding.verdict.value:<8}[/]"
            to_do = f" {escape(finding.to_do)}" if finding.to_do else ""
            line = f"{verdict}  {escape(finding.what)}: {escape(finding.found)}.{to_do}"
            Console(highlight=False).print(line, soft_wrap=True)
    if as_json:
        click.echo(json.dumps(facts_of(findings), indent=2))
    if any(finding.verdict is Verdict.TROUBLE for finding in findings):
        sys.exit(1)


@main.command(epilog=EXAMPLE + "antiphon render take.mid --out take.wav")
@click.argument("file", type=FILE, metavar="FILE.mid")
@click.option("--out", type=FILE, required=True, metavar="FILE.wav", help="Where it is written.")
def render(file: Path, out: Path) -> None:
    """Render a .mid to sound, on the built-in synth."""
    from performer.prompt import read_messages
    from performer.synth import render as render_sound

    seconds = render_sound(read_messages(file), out)
    console.print(f"{out}: {seconds:.1f} s")


@main.command(epilog=EXAMPLE + "antiphon draw take.mid --out take.svg")
@click.argument("take", type=FILE, metavar="TAKE.mid")
@click.option("--out", type=FILE, required=True, metavar="FILE.svg", help="Where it is written.")
def draw(take: Path, out: Path) -> None:
    """Draw a take as a piano roll: the player's notes and the answer's in two colours."""
    from performer.piano_roll import drawn
    from performer.take import read_take, write_whole

    write_whole(out, drawn(read_take(take)).encode())


@dataclass(frozen=True, slots=True)
class _Written:
    """How takes are written."""

    out: Path
    answer_only: bool
    has_wav: bool

    def write(self, take: "Take", path: Path) -> None:
        """Write one take, and its sound if asked for."""
        from performer.messages import Player
        from performer.synth import render as render_sound
        from performer.take import write_take

        write_take(take, path, only=Player.MODEL if self.answer_only else None)
        if self.has_wav:
            heard = [m for m in take.messages if not self.answer_only or m.by is Player.MODEL]
            render_sound([(m.at, m.data) for m in heard], path.with_suffix(".wav"))


def _continue_all(
    prompts: Iterable[Path], answered: "Callable[[Path], Take]", written: _Written
) -> None:
    paths = [(path, name) for prompt in prompts for path, name in _midi_files(prompt)]
    if not paths:
        raise Refusal("There is no .mid in what was given to continue.")
    skipped = 0
    for path, name in track(paths, "Continuing", console=console):
        try:
            written.write(answered(path), written.out / name)
        except Refusal as refusal:
            skipped += 1
            console.print(f"skipped: {refusal}", style="yellow")
    console.print(f"{len(paths) - skipped} continued into {written.out}, {skipped} skipped.")
    if skipped:
        sys.exit(1)


def _midi_files(prompt: Path) -> list[tuple[Path, Path]]:
    """The .mid files in a folder (or the file itself), and what each answer is to be called."""
    if not prompt.is_dir():
        return [(prompt, Path(prompt.with_suffix(".mid").name))]
    found = sorted(path for path in prompt.rglob("*") if path.suffix.lower() in (".mid", ".midi"))
    return [(path, path.relative_to(prompt).with_suffix(".mid")) for path in found]


def _inputs(wanted: tuple[str, ...], is_virtual: bool, has_prompt: bool) -> tuple[str, ...]:
    from performer.ports import input_names, match

    if wanted:
        there = input_names()
        return tuple(dict.fromkeys(match(name, there) for name in wanted))
    if is_virtual or has_prompt:
        return ()
    return tuple(filter(_is_keyboard, input_names()))[:1]


def _is_keyboard(name: str) -> bool:
    """Neither a loop nor a port of our own."""
    return "through" not in name.lower() and "antiphon" not in name.lower()


def _output(wanted: str) -> str:
    from performer.ports import match, output_names
    from performer.process import NONE, SYNTH

    return wanted if wanted in (SYNTH, NONE) else match(wanted, output_names())


def _seed(wanted: int | None) -> int:
    return secrets.randbelow(2**31) if wanted is None else wanted
