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

from performer.bindings import Done
from performer.engine import Late, Sent
from performer.messages import (
    Answered,
    Dropped,
    Hearing,
    Mode,
    ModelChanged,
    Player,
    Quit,
    Quoted,
    Remark,
    Retune,
    State,
    Trouble,
    Turned,
)
from performer.midi import NoteOn, parse
from performer.process import Engine, Kept, News, Plan, Ready, Refused
from performer.refusal import Refusal

REFRESH = 0.1  # seconds
STYLES = {State.LISTENING: "green", State.THINKING: "yellow", State.ANSWERING: "magenta"}


class Screen:
    """What is shown: sentences as things happen, and a line that says how it stands."""

    def __init__(self, console: Console, mode: Mode = Mode.ANSWER) -> None:
        """A screen on which nothing has happened yet."""
        self._console = console
        self._mode = mode
        self._state = State.LISTENING
        self._is_phrase = False
        self._notes = dict.fromkeys(Player, 0)
        self._latest = 0.0  # seconds that the answer's last note was late
        self._worst = 0.0
        self._dropped = 0  # notes that came too late

    def take_in(self, news: News | None) -> None:
        """Follow the engine. Raises Refusal where it could not begin, or not go on."""
        match news:
            case Sent(message) if isinstance(parse(message.data), NoteOn):
                self._notes[message.by] += 1
            case Late(seconds):
                self._latest, self._worst = seconds, max(self._worst, seconds)
            case Turned(state):
                self._state, self._is_phrase = state, False
            case Hearing() if not self._is_phrase:
                self._is_phrase = True
                self._say("A phrase begins.", "green")
            case Ready(model, inputs, output, priority):
                heard = " and ".join(inputs) or "the prompt"
                self._say(f"{model} listens to {heard} and plays on {output}. Ctrl-C ends.")
                self._say(f"Its notes are played with {priority}.", "dim")
            case Answered(cut_at=cut_at, is_along=is_along):
                did = "Played along" if is_along else "Answered"
                cut = "" if cut_at is None else ", cut short"
                score = "" if news.score is None else f", score {news.score:.2f}"
                self._say(f"{did} with {news.sounded} notes{cut}{score}.", "magenta")
            case Quoted(title, notes):
                self._say(f"It quotes {notes} notes in a row of {title}.")
            case Dropped(notes):
                self._dropped += notes
            case Done(_, Retune(mode=mode)):
                self._mode = mode
            case ModelChanged(name):
                self._say(f"{name} plays from now on.")
            case Trouble(sentence):
                self._say(sentence, "yellow")
            case Remark(sentence):
                self._say(sentence)
            case Kept(take, wav):
                self._say(f"The take is kept: {take}" + (f" and {wav.name}" if wav else ""))
            case Refused(sentence):
                raise Refusal(sentence)

    def __rich__(self) -> Text:
        """The line."""
        return Text.assemble(
            (f" {self._state.value:<9} ", f"reverse {STYLES[self._state]}"),
            (f" {self._mode.value}", "bold"),
            f"  you {self._notes[Player.HUMAN]}  ",
            f"Antiphon {self._notes[Player.MODEL]} notes  ",
            (f"lateness {1000 * self._latest:.1f} ms, worst {1000 * self._worst:.1f} ms", "dim"),
            (f", {self._dropped} left out" if self._dropped else "", "yellow"),
        )

    def _say(self, sentence: str, style: str = "") -> None:
        self._console.print(sentence, style=style, soft_wrap=True)


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
    screen = Screen(console, plan.settings.mode)
    live: AbstractContextManager[object] = (
        Live(screen, console=console, refresh_per_second=1 / REFRESH, transient=True)
        if console.is_terminal
        else nullcontext()
    )
    with live:
        for news in engine.news(REFRESH):
            screen.take_in(news)
