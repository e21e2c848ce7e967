"""What a player sees in the terminal while the instrument plays: one line that is true.

The rule kept here: this process only shows and asks; it can be as slow as a terminal is without
moving a note.
"""

import signal
from contextlib import AbstractContextManager, nullcontext
from types import FrameType

from rich.console import Console
from rich.live import Live
from rich.text import Text

from performer.engine import Sent
from performer.messages import Answered, Hearing, Player, Quit, State, Trouble, Turned
from performer.midi import NoteOn, parse
from performer.process import Engine, Kept, News, Plan, Ready, Refused
from performer.refusal import Refusal

REFRESH = 0.1  # seconds
STYLES = {State.LISTENING: "green", State.THINKING: "yellow", State.ANSWERING: "magenta"}


class StatusLine:
    """What the line says: whose turn it is, notes of both, and how late the latest notes were."""

    def __init__(self) -> None:
        """A line before anything happened."""
        self._state = State.LISTENING
        self._notes = dict.fromkeys(Player, 0)
        self._latest = 0.0  # seconds
        self._worst = 0.0

    def take_in(self, news: News | None) -> None:
        """Follow the engine."""
        match news:
            case Turned(state):
                self._state = state
            case Sent(message, lateness) if isinstance(parse(message.data), NoteOn):
                self._notes[message.by] += 1
                if message.by is Player.MODEL:
                    self._latest, self._worst = lateness, max(self._worst, lateness)

    def __rich__(self) -> Text:
        """The line."""
        return Text.assemble(
            (f" {self._state.value:<9} ", f"reverse {STYLES[self._state]}"),
            f"  you {self._notes[Player.HUMAN]}  ",
            f"Antiphon {self._notes[Player.MODEL]} notes  ",
            (f"lateness {1000 * self._latest:.1f} ms, worst {1000 * self._worst:.1f} ms", "dim"),
        )


def play(plan: Plan, console: Console) -> None:
    """Perform until the end, Ctrl-C or SIGTERM. Raises Refusal where it cannot begin."""
    engine = Engine(plan)
    asked_to_end = False

    def end(_signal: int, _frame: FrameType | None) -> None:
        nonlocal asked_to_end
        if not asked_to_end:
            asked_to_end = True
            engine.tell(Quit())

    signal.signal(signal.SIGINT, end)
    signal.signal(signal.SIGTERM, end)
    line = StatusLine()
    live: AbstractContextManager[object] = (
        Live(line, console=console, refresh_per_second=1 / REFRESH, transient=True)
        if console.is_terminal
        else nullcontext()
    )
    with live:
        for news in engine.news(REFRESH):
            line.take_in(news)
            _say(news, console)


def _say(news: News | None, console: Console) -> None:
    match news:
        case Ready(model, inputs, output):
            heard = " and ".join(inputs) or "the prompt"
            console.print(f"{model} listens to {heard} and plays on {output}. Ctrl-C ends.")
        case Hearing(1, _):
            console.print("A phrase begins.", style="green")
        case Answered(notes=notes, cut_at=None):
            console.print(f"Answered with {notes} notes.", style="magenta")
        case Answered(notes=notes):
            console.print(f"Answered with {notes} notes, and gave way.", style="magenta")
        case Trouble(sentence):
            console.print(sentence, style="yellow")
        case Kept(take, wav):
            console.print(f"The take is kept: {take}" + (f" and {wav.name}" if wav else ""))
        case Refused(sentence):
            raise Refusal(sentence)
