"""An evening at the instrument: one take after the other, and what is asked meanwhile.

The rules kept here: a take that was played is kept unless the player throws it away, and even then
it can be had back; whatever is chosen is heard while one plays, within a note or two, and the take
goes on.
"""

import secrets
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter, time
from typing import Protocol

import platformdirs
from PySide6.QtCore import QObject, Signal

from gui import takes
from gui.choices import EVERY, LARGEST_SEED, NOBODY, Character, Choices, Memory
from gui.engine_client import REVERB, VOLUME, EngineClient, Plays, is_answer, settings
from gui.errands import (
    AnswerKept,
    Checked,
    Errand,
    Failed,
    Hush,
    ModelsRead,
    Opened,
    OpenTake,
    PlayBack,
    PlaybackBegan,
    PlaybackEnded,
    PortsSeen,
    Rate,
    RateTake,
    ReadModels,
    ReadTakes,
    Sounds,
    TakesRead,
    ThinkAgain,
    Told,
    WriteBindings,
    Written,
)
from gui.state import Begun, Exchange, News, Over, Plugged, Saved, Scene, sounds_from
from gui.words import say
from performer.bindings import Action, Bind, Bindings, Done, Learn, Learnt
from performer.messages import (
    Again,
    ChangeModel,
    HandOver,
    NewTake,
    Panic,
    PlayPrompt,
    Quoted,
    Remark,
    Retune,
    State,
    Stop,
    TakeEnded,
    Trouble,
    Turned,
)
from performer.notes import Phrase
from performer.process import NONE, SYNTH, VIRTUAL, Engine, Plan
from performer.recorder import folder_for_takes
from performer.refusal import Refusal
from performer.session import Settings
from performer.settings_file import read_bindings, settings_path
from performer.shelf import find_model

RESTED = 0.3  # seconds that the choice of a model or port has stood still before it is taken up
LOOKING = 3.0  # seconds that the first engine waits for what is plugged in
TUNING = 0.05  # seconds between two settings of the engine, at least
TEST_SOUND = (  # seconds, and the bytes of four notes
    *((0.16 * n, bytes([0x90, pitch, 70])) for n, pitch in enumerate((60, 64, 67, 72))),
    *((1.0, bytes([0x80, pitch, 64])) for pitch in (60, 64, 67, 72)),
)


class RunsErrands(Protocol):
    """A stagehand."""

    def ask(self, errand: Errand) -> None:
        """Send on an errand."""

    def told(self) -> Iterator[Told]:
        """All that was told by now."""

    def leave(self) -> None:
        """Let it go home."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What is being played back: which take (None: that being played), from where, since when."""

    opened: Opened | None
    start: float
    number: int
    began_at: float | None = None  # on the clock


@dataclass(frozen=True, slots=True)
class EndedTake:
    """A take that is being written down: what was played, and whether the player wants it."""

    scene: Scene
    is_kept: bool


class Evening(QObject):
    """What the window shows and does, but for how it looks."""

    warned = Signal(str, str, object)  # a sentence; what helps, and what does it (or None)
    ports_seen = Signal()
    models_read = Signal()
    takes_read = Signal()
    take_opened = Signal()
    choices_changed = Signal()  # not by a hand
    heard_answer = Signal()
    folder_wanted = Signal(str)  # because takes cannot be kept: a sentence
    checked = Signal(object)  # Checked
    failed = Signal(str)  # an errand, and why
    bindings_changed = Signal()
    thinking = Signal(bool)  # of another answer to a phrase of a take

    def __init__(
        self,
        memory: Memory,
        stagehand: RunsErrands,
        begin: Callable[[Plan], Plays] = Engine,
        clock: Callable[[], float] = perf_counter,
        wall_clock: Callable[[], float] = time,
        settings_file: Path | None = None,
    ) -> None:
        """An evening at which nothing has been played yet."""
        super().__init__()
        self.memory = memory
        self.scene = Scene()
        self.opened: Opened | None = None
        self.ports = PortsSeen((), ())
        self.models = ModelsRead((), ())
        self.takes = TakesRead(())
        self.playback: Heard | None = None
        self.client = EngineClient(self._hear, begin, clock, wall_clock)
        self._stagehand = stagehand
        self._clock = clock
        self._opened_at = self._changed_at = float("-inf")
        self._has_seen_ports = False
        self._is_changed = False
        self.bindings = Bindings()
        self.learning: Action | None = None  # for which something is to be touched
        self._settings_file = settings_file or settings_path()
        self._plan: Plan | None = None  # what the engine was asked for, last
        self._tuned: Settings | None = None  # what the engine is set to
        self._tuned_at = float("-inf")
        self._playbacks = 0
        self._to_play: Path | None = None  # a take that is heard as soon as it is open
        self.compared: Path | None = None  # the take that was open before the one that is
        self._is_discarding = False
        self._given: dict[tuple[int, ...], int] = {}  # marks, by the pitches of exchanges
        self._mark: int | None = None  # given to the answer that still sounds
        self._ended: deque[EndedTake] = deque()  # in the order in which they ended
        self.is_halted = False  # the engine could not begin, and does not try by itself
        self._was_ready = False  # whether the engine that runs has begun to play
        self._is_troubled = False  # whether it could begin, but not as it was meant to
        self._colour: tuple[int, int, int] | None = None  # that the output and the take have

    # Where takes lie

    @property
    def folder(self) -> Path:
        """Where takes are kept."""
        chosen = self.memory.takes
        return Path(chosen) if chosen else platformdirs.user_music_path() / "Antiphon" / "takes"

    # Going on

    def open(self) -> None:
        """The evening begins."""
        self._opened_at = self._clock()
        self._draw_seed()
        self._read_bindings()
        self._stagehand.ask(ReadModels())
        self._stagehand.ask(ReadTakes(self.folder))

    def go_on(self) -> None:
        """Take in all that was told by now; begin the engine where there is none, or anew."""
        for told in self._stagehand.told():
            self._take_in(told)
        self.client.fetch()
        if not self.client.is_running:
            if not self.is_halted and self._is_looked_around:
                self._begin()
        else:
            self._set_up()
            self._retune()

    def close(self) -> None:
        """The evening ends: the take is kept, whoever plays."""
        self._stagehand.ask(Hush())
        self.client.end_and_wait()
        self._stagehand.leave()

    @property
    def _is_looked_around(self) -> bool:
        """Whether it is known what is plugged in, or was waited for long enough."""
        return self._has_seen_ports or self._clock() - self._opened_at > LOOKING

    def _retune(self) -> None:
        """Let the engine know what has been chosen, a few times a second at most."""
        now, chosen = self._clock(), settings(self.memory.choices)
        is_time = now - self._tuned_at >= TUNING
        if self.client.is_ready and is_time and chosen != self._tuned:
            self._tuned, self._tuned_at = chosen, now
            self.client.retune(chosen)

    def _set_up(self) -> None:
        """Let the engine take up the model and the ports that were chosen; the take goes on."""
        is_rested = self._clock() - self._changed_at >= RESTED
        plan = self._plan
        if plan is None or not (self._is_changed and is_rested and self.client.is_ready):
            return
        self._is_changed = False
        try:
            wish = self._beside(plan)
        except Refusal as refusal:
            self.warned.emit(str(refusal), say("Take the best there is"), self._take_the_best)
            return
        if wish.takes != plan.takes:
            self._is_changed = not self.scene.is_idle  # another engine: not while one plays
            if self.scene.is_idle:
                self._begin()
            return
        self._plan = wish
        if wish.model != plan.model:
            self.client.tell(ChangeModel(wish.model))
        if wish.ports != plan.ports:
            self.client.tell(wish.ports)

    def _beside(self, plan: Plan) -> Plan:
        """What is wished, where that is what is played. Raises Refusal."""
        wish = self._wish()
        if set(wish.inputs) <= set(plan.inputs) and self._listens_to_all:
            wish = replace(wish, inputs=plan.inputs)  # one was unplugged: the engine waits for it
        if plan.output == self.memory.choices.output:
            wish = replace(wish, output=plan.output)
        return wish

    def _begin(self) -> None:
        try:
            folder_for_takes(self.folder)
        except Refusal as refusal:
            self.is_halted = True
            self.folder_wanted.emit(str(refusal))
            return
        try:
            plan = self._wish()
        except Refusal as refusal:
            self.is_halted = True
            self.warned.emit(str(refusal), say("Take the best there is"), self._take_the_best)
            return
        self._was_ready = self._is_troubled = False
        self._tuned, self._plan = plan.settings, plan
        self.client.begin(plan)

    def _take_the_best(self) -> None:
        """In place of a model that is not there."""
        self.choose(replace(self.memory.choices, model=""))
        self.choices_changed.emit()

    @property
    def _listens_to_all(self) -> bool:
        return self.memory.choices.keyboard == EVERY

    def _wish(self) -> Plan:
        """What is to be performed as things are chosen now. Raises Refusal."""
        choices = self.memory.choices
        is_virtual = choices.output == VIRTUAL
        return Plan(
            find_model(choices.model or None),
            settings(choices),
            self.folder,
            self._inputs(choices),
            choices.output if self._has(choices.output) else SYNTH,
            is_virtual,
            bindings=self.bindings,
        )

    def _inputs(self, choices: Choices) -> tuple[str, ...]:
        match choices.keyboard:
            case keyboard if keyboard == EVERY:
                return self.ports.inputs
            case keyboard if keyboard == NOBODY:
                return ()
            case keyboard:
                return tuple(name for name in self.ports.inputs if name == keyboard)

    def _has(self, output: str) -> bool:
        return output in (SYNTH, NONE, VIRTUAL) or output in self.ports.outputs

    # What a hand does

    def choose(self, choices: Choices) -> None:
        """The player has moved a control."""
        self.memory = replace(self.memory, choices=choices)
        self._changed_at, self._is_changed = self._clock(), True
        self.is_halted = False
        self._colour_output()

    def try_again(self) -> None:
        """Begin the engine after it could not."""
        self.is_halted = False

    def choose_folder(self, folder: Path) -> None:
        """Keep takes in another folder from now on."""
        self.memory = replace(self.memory, takes=str(folder))
        self._changed_at, self._is_changed = self._clock(), True
        self.is_halted = False
        self._stagehand.ask(ReadTakes(folder))

    def answer_now(self) -> None:
        """The player does not wait for the silence."""
        self.client.tell(HandOver())

    def answer_again(self) -> None:
        """The player wants another answer to the same phrase."""
        self.client.tell(Again())

    def stop(self) -> None:
        """The player wants silence: the answer ends, and what is played back."""
        self.hush()
        self.client.tell(Stop())

    def panic(self) -> None:
        """Everything silent, at once."""
        self.hush()
        self.client.tell(Panic())

    def keep(self) -> None:
        """End this take, keep it, begin a new one."""
        self._draw_seed()
        self.client.tell(NewTake())

    def discard(self) -> None:
        """End this take, put it away, begin a new one."""
        self._is_discarding = True
        self.keep()

    def begin_anew(self) -> None:
        """Begin another engine, once this one has kept its take."""
        self._begin()

    def play_prompt(self, phrase: Phrase) -> None:
        """Have a phrase played as the player would, and answered."""
        self.is_halted = False
        self.show_live()
        self.client.tell_when_ready(PlayPrompt(phrase))

    # Pedals and keys

    def _read_bindings(self) -> None:
        try:
            self.bindings = read_bindings(self._settings_file)
        except Refusal as refusal:
            self.warned.emit(str(refusal), "", None)

    def learn(self, action: Action | None) -> None:
        """Bind to an action what is touched next; or nothing, after all."""
        if action is not None or self.learning is not None:
            self.client.tell(Learn(action is not None))
        self.learning = action
        self.bindings_changed.emit()

    def forget(self, action: Action) -> None:
        """Let nothing do that any more."""
        self._bind(self.bindings.without(action))

    def _bind(self, bindings: Bindings) -> None:
        self.bindings, self.learning = bindings, None
        self.client.tell(Bind(bindings))
        self._stagehand.ask(WriteBindings(self._settings_file, bindings))
        self.bindings_changed.emit()

    def _follow(self, to: Retune) -> None:
        """A pedal or a knob has set something: the controls show it."""
        taste = to.taste
        character = replace(
            self.memory.choices.character,
            pitch=taste.pitch,
            rhythm=taste.rhythm,
            dynamics=taste.dynamics,
            mode=to.mode.value,
        ).playable
        choices = replace(self.memory.choices, character=character)
        self.memory = replace(self.memory, choices=choices)
        self._tuned = settings(choices)
        self.choices_changed.emit()

    # What one thinks of it

    @property
    def is_rateable(self) -> bool:
        """Whether there is an answer in sight that a mark can be given to."""
        is_answering = self.opened is None and self.scene.turn is State.ANSWERING
        return is_answering or bool(self.shown.answers)

    @property
    def in_question(self) -> tuple[Path | int, int]:
        """The answer that a mark would be given to: of which take, and which it is there."""
        if self.opened is None:
            is_answering = self.scene.turn is State.ANSWERING
            return self.scene.take, len(self.scene.answers) + is_answering
        heard_at = self.playing_at()
        answer = None if heard_at is None else self.shown.answer_at(heard_at)
        return self.opened.path, len(self.shown.answers) if answer is None else answer + 1

    @property
    def given(self) -> int | None:
        """The mark that was given this evening to the answer in question."""
        number = self.in_question[1]
        if self._mark is not None and number > len(self.shown.answers):
            return self._mark
        exchange = self._exchange(self.shown, number)
        return None if exchange is None else self._given.get(_pitches(exchange))

    def _exchange(self, scene: Scene, answer: int) -> Exchange | None:
        return scene.exchange(answer - 1) if 0 < answer <= len(scene.answers) else None

    def rate(self, mark: int) -> None:
        """Give a mark to the answer that is heard, or was heard last."""
        if self.opened is None and self.scene.turn is State.ANSWERING:
            self._mark = mark  # what it is a mark of is known when the answer has ended
        else:
            self._write_mark(mark, self.shown, self.in_question[1])

    def rate_take(self, path: Path, mark: int) -> None:
        """Give a mark to every answer of a take in the list."""
        self._stagehand.ask(RateTake(self.folder.with_name("ratings"), path, mark))
        if self.opened is not None and self.opened.path == path:
            scene = self.opened.scene
            exchanges = (scene.exchange(number) for number in range(len(scene.answers)))
            self._given |= {_pitches(each): mark for each in exchanges if each is not None}
        self._stagehand.ask(ReadTakes(self.folder))

    def _write_mark(self, mark: int, scene: Scene, answer: int) -> None:
        exchange = self._exchange(scene, answer)
        if exchange is not None:
            self._given[_pitches(exchange)] = mark
            self._stagehand.ask(Rate(self.folder.with_name("ratings"), exchange, mark))
            self._stagehand.ask(ReadTakes(self.folder))

    # Takes

    @property
    def shown(self) -> Scene:
        """The scene in sight: the take that is played, or the one that was opened."""
        return self.scene if self.opened is None else self.opened.scene

    def now(self) -> float:
        """The present moment of the scene in sight."""
        return self.client.now() if self.opened is None else self.opened.scene.last_at

    def show_live(self) -> None:
        """Back to the take that is being played."""
        if self.opened is not None:
            self.opened = None
            self.take_opened.emit()

    def open_take(self, path: Path) -> None:
        """Have a take read and shown."""
        self._stagehand.ask(OpenTake(path))

    def compare(self) -> None:
        """Back to the take that was open before; where one is heard, from the same moment on."""
        if self.compared is not None:
            self.open_take(self.compared)

    def play_take(self, path: Path) -> None:
        """Hear a take from its beginning, as soon as it is open."""
        if self.opened is not None and self.opened.path == path:
            self.play_back(0.0)
        else:
            self._to_play = path
            self.open_take(path)

    def play_back(self, start: float) -> None:
        """Hear the scene in sight from a moment on."""
        self._play(sounds_from(self.shown, start))
        self.playback = Heard(self.opened, start, self._playbacks)

    def _play(self, sounds: Sounds) -> None:
        choices = self.memory.choices
        colour = (
            bytes([0xC0, choices.instrument]),
            bytes([0xB0, VOLUME, choices.volume]),
            bytes([0xB0, REVERB, choices.reverb]),
        )
        output = choices.output if choices.output in (*self.ports.outputs, NONE) else SYNTH
        self._playbacks += 1
        self._stagehand.ask(
            PlayBack(self._playbacks, output, (*((0.0, data) for data in colour), *sounds))
        )

    def hush(self) -> None:
        """Play nothing back."""
        self.playback = None
        self._stagehand.ask(Hush())

    def playing_at(self) -> float | None:
        """Which moment of the scene in sight is heard now."""
        heard = self.playback
        if heard is None or heard.began_at is None or heard.opened is not self.opened:
            return None
        return heard.start + max(self._clock() - heard.began_at, 0.0)

    def test_sound(self) -> None:
        """Four notes on the output that is chosen."""
        self.playback = None
        self._play(TEST_SOUND)

    def another_answer(self, path: Path, answer: int = -1) -> None:
        """Let the model answer a phrase of a take once more, the last unless another is meant."""
        choices = self.memory.choices
        seed = secrets.randbelow(LARGEST_SEED)
        self._stagehand.ask(ThinkAgain(path, answer, choices.model, choices.character, seed))
        self.thinking.emit(True)

    def ask(self, errand: Errand) -> None:
        """Send the stagehand on an errand."""
        self._stagehand.ask(errand)

    def rename(self, path: Path, name: str) -> None:
        """Give a take another name."""
        try:
            new = takes.rename(path, name)
        except OSError:
            self.warned.emit(say("There is a take of that name already."), "", None)
            return
        self.compared = new if self.compared == path else self.compared
        if path.name in self.memory.stars:
            self.memory = self.memory.starred(path.name, False).starred(new.name, True)
        self._stagehand.ask(ReadTakes(self.folder))

    def star(self, path: Path) -> None:
        """Set a take's star, or take it away."""
        is_starred = path.name in self.memory.stars
        self.memory = self.memory.starred(path.name, not is_starred)
        self.takes_read.emit()

    def delete(self, path: Path) -> None:
        """Put a take away; it can be had back."""
        try:
            place = takes.delete(path)
        except OSError as reason:
            sentence = say("The take cannot be deleted: {reason}.", reason=reason.strerror)
            self.warned.emit(sentence, "", None)
            return
        if self.opened is not None and self.opened.path == path:
            self.show_live()
        self.compared = None if self.compared == path else self.compared
        self._stagehand.ask(ReadTakes(self.folder))
        sentence = say("The take {name} was deleted.", name=path.stem)
        self.warned.emit(sentence, say("Undo"), lambda: self._restore(place))

    def _restore(self, place: Path) -> None:
        takes.restore(place)
        self._stagehand.ask(ReadTakes(self.folder))

    # What is told

    def _hear(self, news: News) -> None:
        match news:
            case Over(refused):
                self._ended.clear()
                self.is_halted = refused is not None and not self._was_ready
                if refused is not None:
                    self.warned.emit(refused, say("Try again"), self.try_again)
            case Trouble() | Remark():
                self._warn(news)
            case Quoted(title, notes):
                sentence = say("It quotes {count} notes of {title}.", count=notes, title=title)
                self.warned.emit(sentence, "", None)
            case Learnt(control) if self.learning is not None:
                self._bind(self.bindings.bound(self.learning, control))
            case Done(_, to) if to is not None:
                self._follow(to)
            case TakeEnded():
                self._mark = None
                self._end_take()
            case Saved(take):
                self._save(Path(take))
            case Begun() if not self._is_troubled:
                self.warned.emit("", "", None)
        self._was_ready |= isinstance(news, Begun)
        before, self.scene = self.scene, self.scene.after(news)
        if isinstance(news, Turned) and self._mark is not None:
            mark, self._mark = self._mark, None
            self._write_mark(mark, self.scene, len(self.scene.answers))
        if isinstance(news, Begun | Plugged | TakeEnded):
            self._colour = None
            self._colour_output()
        if self.scene.struck[0] > before.struck[0]:
            self.show_live()
        if is_answer(news) and not self.memory.has_played:
            self.memory = replace(self.memory, has_played=True)
            self.heard_answer.emit()

    def _warn(self, news: Trouble | Remark) -> None:
        is_beginning = isinstance(news, Trouble) and not self._was_ready
        helps = (say("Try again"), self.begin_anew) if is_beginning else ("", None)
        self.warned.emit(news.sentence, *helps)
        self._is_troubled |= is_beginning or isinstance(news, Remark)
        if isinstance(news, Remark):
            self._stagehand.ask(ReadTakes(self.folder))  # it may be one that was recovered
        else:
            self._ended.clear()  # it may be one that cannot be kept: in doubt nothing is discarded

    def _end_take(self) -> None:
        is_kept, self._is_discarding = not self._is_discarding, False
        if self.scene.has_notes:
            self._ended.append(EndedTake(self.scene.after(Over()), is_kept))

    def _save(self, path: Path) -> None:
        """A take lies in a file: it is shown until the next one begins to sound."""
        ended = self._ended.popleft() if self._ended else None
        if ended is not None and not ended.is_kept:
            self.delete(path)
            return
        self._stagehand.ask(ReadTakes(self.folder))
        if ended is None and self.scene.has_notes:  # the engine ends, and its take with it
            ended = EndedTake(self.scene.after(Over()), True)
        elif self.scene.has_notes:
            return
        if ended is None:
            self.open_take(path)
        else:
            self.opened = Opened(path, ended.scene)
            self.take_opened.emit()

    def _take_in(self, told: Told) -> None:
        match told:
            case PortsSeen():
                self.ports, self._has_seen_ports = told, True
                self._changed_at, self._is_changed = self._clock(), True
                self.ports_seen.emit()
            case ModelsRead():
                self.models = told
                self.models_read.emit()
            case TakesRead():
                self.takes = told
                self.takes_read.emit()
            case Opened():
                self._open(told)
            case PlaybackBegan(number, at) if self.playback and self.playback.number == number:
                self.playback = replace(self.playback, began_at=at)
            case PlaybackEnded(number) if self.playback and self.playback.number == number:
                self.playback = None
            case AnswerKept(path):
                self.thinking.emit(False)
                self._stagehand.ask(ReadTakes(self.folder))
                self._stagehand.ask(OpenTake(path))
            case Written(path):
                self.warned.emit(say("Written: {path}", path=path), "", None)
            case Checked():
                self.checked.emit(told)
            case Failed(sentence):
                self.thinking.emit(False)
                self.warned.emit(sentence, "", None)
                self.failed.emit(sentence)

    def _open(self, told: Opened) -> None:
        """Show a take; where another is being heard, this one goes on from the same moment."""
        heard_to = self.playing_at()
        if self.opened is not None and self.opened.path != told.path:
            self.compared = self.opened.path
        self.opened = replace(told, scene=replace(told.scene, is_ready=False))
        self.take_opened.emit()
        is_to_play, self._to_play = told.path == self._to_play, None
        if is_to_play:
            self.play_back(0.0)
        elif heard_to is not None and heard_to < told.scene.last_at:
            self.play_back(heard_to)

    # Odds and ends

    def keep_presets(self, presets: tuple[tuple[str, Character], ...]) -> None:
        """These are the player's presets from now on."""
        self.memory = replace(self.memory, presets=presets)

    def choose_look(self, look: str) -> None:
        """By day, by night, or as the system has it."""
        self.memory = replace(self.memory, look=look)

    def remember_place(self, place: str) -> None:
        """Where the window is."""
        self.memory = replace(self.memory, place=place)

    def _draw_seed(self) -> None:
        choices = self.memory.choices
        if not choices.seed_is_kept:
            choices = replace(choices, seed=secrets.randbelow(LARGEST_SEED))
            self.memory = replace(self.memory, choices=choices)
            self.choices_changed.emit()

    def _colour_output(self) -> None:
        """Instrument, volume and reverb, where they are not what the output has already."""
        choices, first = self.memory.choices, Choices()
        program, volume, reverb = self._colour or (first.instrument, first.volume, first.reverb)
        if choices.instrument != program:
            self.client.choose_instrument(choices.instrument)
        if choices.volume != volume:
            self.client.set_volume(choices.volume)
        if choices.reverb != reverb:
            self.client.set_reverb(choices.reverb)
        self._colour = choices.instrument, choices.volume, choices.reverb


def _pitches(exchange: Exchange) -> tuple[int, ...]:
    return tuple(note.pitch for note in (*exchange.phrase.notes, *exchange.answer))
