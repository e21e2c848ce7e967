"""A campaign against the instrument: players with bad manners, on bad cables, on a bad machine.

Each session is made from its number alone, in virtual time: `python -m tests.campaign --sessions
1000` plays so many and names those that fail, and `--first N --sessions 1` plays one of them again.
The rules that none may break: every key comes up, no note of the player's is missing in the take,
the journal says what the take says, no key is struck too late, what is told to come is to come, and
nothing is raised. `--again` plays them with small models instead of faults, and each take must be
made again from what it says of itself. `--bytes` sends a thousand strings of bytes in each.

`python -m tests.campaign soak --hours 8` plays for so long in virtual time: one answer without an
end, whose notes are to come when the sum of their steps says, and a player who goes on and on.
"""

import argparse
import gc
import json
import os
import random
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory

from performer.bench_stage import GROWTH, growth, memory_of
from performer.cables import LOOKING, Cables
from performer.composer import compose, overhear
from performer.continuation import made_again, maker
from performer.engine import Hands, Sent, perform
from performer.improviser import Improviser
from performer.inbox import Scripted, VirtualInbox
from performer.journal import _fact, _line, read
from performer.length import Fixed, Like, Limit
from performer.messages import (
    Again,
    Answered,
    Discard,
    Effect,
    Event,
    HandOver,
    Heard,
    LastPhrase,
    Maker,
    Mode,
    ModelTakenUp,
    NewTake,
    Overhear,
    Panic,
    Player,
    PlayPrompt,
    Quit,
    Report,
    Request,
    Retune,
    Send,
    Slept,
    Stop,
    TakeEnded,
    ToCome,
    Unplugged,
)
from performer.midi import NoteOff, NoteOn, note_off, note_on, parse, sustain
from performer.model import Model
from performer.notes import GRID, Note, Phrase, on_grid
from performer.phrase import Silence
from performer.ports import Hear, PortError
from performer.recorder import Recorder
from performer.schedule import TOO_LATE
from performer.session import Session, Settings
from performer.take import Recorded, Take, answer_from, facts_of, read_take, write_take
from performer.taste import Taste
from performer.thought import Struck, Thought
from tests.fakes import (
    Listener,
    Metronome,
    OneByOne,
    composing,
    key,
    messages_by_model,
    write_trial_model,
    write_trial_touch_model,
)

SYNTH = "Synth 24:0"
KEYBOARDS = ("left", "right")
LONGEST_STALL = 0.5  # seconds
LIKE_NOBODY = 69  # velocities that neither the model nor a prompt uses
PROMPT = Phrase.of([Note(60 + n, 90, 0.15 * n, 0.15 * n + 0.2) for n in range(6)])


@dataclass
class Instrument:
    """What stands at the other end of the cable: it goes on sounding while nobody plays it."""

    is_plugged: bool = True
    sounding: set[tuple[int, int]] = field(default_factory=set)

    def inputs(self) -> tuple[str, ...]:
        return ()

    def outputs(self) -> tuple[str, ...]:
        return (SYNTH,) if self.is_plugged else ()

    def open_input(self, name: str, hear: Hear) -> "Cable":
        raise PortError("there is none")

    def open_output(self, name: str) -> "Cable":
        if not self.is_plugged:
            raise PortError("it is not there")
        return Cable(name, self)


@dataclass
class Cable:
    """One time that it was plugged in: of no use any more once it was pulled out."""

    name: str
    instrument: Instrument
    is_out: bool = False

    def send(self, message: bytes) -> None:
        self.is_out |= not self.instrument.is_plugged
        if self.is_out:
            raise PortError("it has gone")
        match parse(message):
            case NoteOn(channel, pitch):
                self.instrument.sounding.add((channel, pitch))
            case NoteOff(channel, pitch):
                self.instrument.sounding.discard((channel, pitch))

    def plug_in(self, name: str) -> None:
        if not self.instrument.is_plugged:
            raise PortError("it is not there")
        self.is_out = False

    def close(self) -> None:
        self.is_out = True


class BadMachine(VirtualInbox):
    """Virtual time that now and then passes while something is done."""

    def __init__(self, script: Iterable[Scripted], dice: random.Random, stalls: float) -> None:
        super().__init__(script)
        self._dice, self._stalls = dice, stalls
        self.cables: Cables | None = None
        self._looked_at = 0.0
        self.heard: list[Heard] = []

    def stall(self) -> None:
        if self._dice.random() < self._stalls:
            self._now += self._dice.uniform(0.001, LONGEST_STALL)

    def wait(self, until: float | None) -> Event | None:
        event = super().wait(until)
        if isinstance(event, Heard):
            self.heard.append(event)
        self.stall()
        if self.cables is not None and self._now - self._looked_at > LOOKING:
            self.cables.look()
            self._looked_at = self._now
        return event


@dataclass
class Moody(OneByOne):
    """An improviser who fails now and then, and likes keys that are taken."""

    dice: random.Random
    fails: float
    even: Metronome

    def overhear(self, phrase: Phrase) -> bool:
        self._fail()
        return True

    def hear(self, thought: Thought, struck: Sequence[Struck]) -> Thought:
        self._fail()
        return self.even.hear(thought, struck)

    def next(self, thought: Thought) -> tuple[Note, Thought]:
        self._fail()
        return self.even.next(thought)

    def _fail(self) -> None:
        if self.dice.random() < self.fails:
            raise RuntimeError("the model has thought itself into a corner")


class Watched(Session):
    """A session whose every decision is looked at."""

    def handle(self, event: Event, now: float) -> list[Effect]:
        return self._seen(super().handle(event, now), now)

    def wake(self, now: float) -> list[Effect]:
        return self._seen(super().wake(now), now)

    def _seen(self, effects: list[Effect], now: float) -> list[Effect]:
        for effect in effects:
            match effect:
                case Send(data, due, Player.MODEL) if isinstance(parse(data), NoteOn):
                    assert now - due <= TOO_LATE + 1e-9, f"{now - due:.3f} s late"
                case ToCome(notes):
                    assert all(note.start > now for note in notes), "told to come, and past"
        return effects


def retuned(dice: random.Random) -> Retune:
    """Any settings that there are."""
    any_number = dice.choice([0.3, 1.0, 1.0, 2.0])
    return Retune(
        Taste(pitch=any_number, rhythm=dice.choice([0.5, 1.0, 1.5])),
        Silence.fixed(dice.uniform(0.1, 1.0)),
        dice.choice(
            [Like(), Fixed(), Fixed(Limit(seconds=dice.uniform(0.1, 9))), Fixed(Limit(notes=7))]
        ),
        dice.randrange(9),
        dice.choice(list(Mode)),
        dice.choice([0.3, 1.0, 1.0, 3.0]),
        dice.random() < 0.8,
    )


def wished(dice: random.Random) -> Event:
    """Anything that a player may ask for with a hand on the screen."""
    wishes: list[Event] = [HandOver(), Stop(), Again(), Panic(), NewTake(), Discard()]
    wishes += [PlayPrompt(PROMPT), *(retuned(dice) for _ in range(8))]
    return dice.choice(wishes)


def script_of(dice: random.Random, end: float) -> list[Scripted]:
    """What happens until `end`."""
    script: list[Scripted] = []

    def heard(at: float, data: bytes, source: str) -> None:
        script.append((at, Heard(data, at, source)))

    for _ in range(dice.randint(5, 60)):
        at, source, pitch = dice.uniform(0, end), dice.choice(KEYBOARDS), dice.randint(55, 66)
        match dice.randrange(13):
            case 0:
                script.append((at, Unplugged(source, at)))
            case 1:
                script.append((at, Slept(dice.uniform(2, 1e6))))
            case 2:
                script.append((at, wished(dice)))
            case 3:
                for n in range(dice.randint(1, 300)):  # a flood
                    heard(at + n / 1000, bytes([0xB0, 1, n % 128]), source)
            case 4:
                heard(at, sustain(0, dice.choice([0, 127])), source)
            case 5:
                heard(at, bytes(dice.randrange(256) for _ in range(dice.randint(0, 4))), source)
            case 6:
                heard(at, dice.choice([b"\xb0\x7b\x00", b"\x90\x3c\x00", b"\xb0\x40\x3f"]), source)
            case 7:
                for n in range(dice.randint(3, 12)):  # a figure, as in a duet
                    onset = at + dice.choice([0.0, 0.15]) * n
                    heard(onset, note_on(0, 48 + n, 1 + len(script) % LIKE_NOBODY), source)
                    heard(onset + dice.uniform(0.01, 1), note_off(0, 48 + n), source)
            case _:
                velocity = 1 + len(script) % LIKE_NOBODY  # no strike is an echo of another
                heard(at, note_on(0, pitch, velocity), source)
                if dice.random() < 0.9:
                    heard(at + dice.uniform(0, 2), note_off(0, pitch), source)
    script.append((end, dice.choice([Quit(), LastPhrase()])))
    script.append((end + 60.0, Quit()))
    return sorted(script, key=lambda scripted: scripted[0])


def play(number: int) -> None:
    """One session. Raises AssertionError, or whatever else breaks, where a rule is broken."""
    dice = random.Random(number)
    instrument = Instrument()
    script = script_of(dice, end=dice.uniform(1, 30))
    script += [
        (dice.uniform(0, 20), ModelTakenUp(Maker("other", ""))) for _ in range(dice.randrange(2))
    ]
    inbox = BadMachine(script, dice, stalls=dice.choice([0.0, 0.01, 0.1]))
    told: list[Sent | Report] = []
    cables = Cables(instrument, told.append)
    output = cables.play_to(SYNTH)
    inbox.cables = cables
    pulls = dice.choice([0.0, 0.005, 0.02])
    improviser = Moody(
        dice,
        dice.choice([0.0, 0.02, 0.2]),
        Metronome(dice.uniform(0.02, 0.5), dice.uniform(0.01, 2.0), dice.randint(50, 64)),
    )
    recorder = Recorder(Maker("campaign", ""))
    journal: list[bytes] = []

    def ask(request: Request) -> None:
        if isinstance(request, Overhear):
            overhear(improviser, request)
        else:
            inbox.put(compose(improviser, request), dice.uniform(0.0005, LONGEST_STALL))

    def record(what: Sent | Report) -> None:
        told.append(what)
        recorder.hear(what)
        if isinstance(what, Sent | Answered):
            journal.append(_line(_fact(what)))
        if isinstance(what, Answered):
            assert answer_from(json.loads(json.dumps(facts_of(what)))) == what
        if isinstance(what, TakeEnded):
            _check_balance(told)
        if dice.random() < pulls:
            instrument.is_plugged = not instrument.is_plugged
        inbox.stall()

    perform(
        Watched(
            Settings(silence=Silence.fixed(dice.uniform(0.1, 1.0)), mode=dice.choice(list(Mode)))
        ),
        inbox,
        Hands(output, ask, record),
    )
    instrument.is_plugged = True
    for _ in range(2):
        cables.look()
    assert not instrument.sounding, f"keys left down: {instrument.sounding}"
    _check_balance(told)
    _check_nothing_is_lost(inbox.heard, told)
    assert read(b"".join(journal))[1].messages == tuple(
        sorted(recorder._messages, key=lambda message: message.at)
    )


class Keys:
    """The keys that are down, by what is sent."""

    def __init__(self) -> None:
        """None is down."""
        self.down: set[tuple[Player, int, int]] = set()

    def hear(self, what: Sent | Report) -> None:
        """Raises where a key is struck that is down, or released that is up."""
        if not isinstance(what, Sent):
            return
        match parse(what.message.data):
            case NoteOn(channel, pitch):
                assert (what.message.by, channel, pitch) not in self.down, "struck twice"
                self.down.add((what.message.by, channel, pitch))
            case NoteOff(channel, pitch):
                self.down.remove((what.message.by, channel, pitch))


def _check_balance(told: list[Sent | Report]) -> None:
    keys = Keys()
    for what in told:
        keys.hear(what)
    assert not keys.down, f"never released: {keys.down}"


def _check_nothing_is_lost(handled: list[Heard], told: list[Sent | Report]) -> None:
    """Every key that the player struck is in what sounded, in order."""
    sounded = [
        what.message.data
        for what in told
        if isinstance(what, Sent) and what.message.by is Player.HUMAN
    ]
    struck = [event.data for event in handled]
    by_prompt = PROMPT.notes[0].velocity
    strikes = [data for data in struck if isinstance(parse(data), NoteOn)]
    told_strikes = [data for data in sounded if isinstance(parse(data), NoteOn)]
    kept = iter(data for data in told_strikes if data[2] != by_prompt)
    kept_now = next(kept, None)
    for data in strikes:
        if data == kept_now:
            kept_now = next(kept, None)
        else:
            assert strikes.count(data) > 1, f"{data.hex()} is lost, and was no echo"
    assert kept_now is None


def play_bytes(number: int, count: int = 1000) -> None:
    """So many strings of bytes that may or may not be messages. Raises what breaks."""
    dice = random.Random(number)
    moments = sorted(dice.uniform(0, count / 20) for _ in range(count))
    script: list[Scripted] = [
        (at, Heard(_bytes(dice), at, dice.choice(KEYBOARDS))) for at in moments
    ]
    script += [(moments[-1] * dice.random(), retuned(dice)) for _ in range(10)]
    inbox, told = VirtualInbox([*script, (moments[-1] + 1, Quit())]), []
    settings = Settings(silence=Silence.fixed(0.2), mode=dice.choice(list(Mode)))
    ask = composing(Metronome(dice.uniform(0.05, 0.3), 0.4, first_pitch=0), inbox)
    perform(Watched(settings), inbox, Hands(Listener(inbox.now), ask, told.append))
    _check_balance(told)


def _bytes(dice: random.Random) -> bytes:
    """Mostly what looks like a message, now and then anything, or a message that never ends."""
    match dice.randrange(20):
        case 0:
            return bytes(dice.randrange(256) for _ in range(dice.randrange(9)))
        case 1:
            return b"\xf0" + dice.randbytes(dice.randrange(2000)) + dice.choice([b"", b"\xf7"])
        case 2:
            return bytes([dice.randrange(0xF0, 0x100)]) + dice.randbytes(dice.randrange(4))
        case 3:
            return bytes(
                [0xB0 | dice.randrange(16), dice.choice([64, 120, 123, 121]), dice.randrange(128)]
            )
        case _:
            channel = dice.choice([0, 0, 0, dice.randrange(16)])
            return bytes(
                [
                    dice.choice([0x80, 0x90, 0x90, 0xA0, 0xE0]) | channel,
                    dice.randrange(128),
                    dice.randrange(140),
                ]
            )


@lru_cache
def small_models() -> tuple[Improviser, Improviser]:
    """One of each codec."""
    with TemporaryDirectory() as folder:
        paths = (
            write_trial_model(Path(folder, "a.onnx")),
            write_trial_touch_model(Path(folder, "b.onnx")),
        )
        first, second = (Improviser(Model.load(path)) for path in paths)
    return first, second


def play_again(number: int) -> None:
    """One session with small models. Raises AssertionError where its takes are not made again."""
    dice = random.Random(number)
    models = small_models()[:: dice.choice([1, -1])]
    end = dice.uniform(3, 15)
    stalls = dice.choice([0.0, 0.03])
    script = [each for each in script_of(dice, end) if not _is_fault(each[1], stalls > 0)]
    changes = [
        (dice.uniform(0, end), ModelTakenUp(maker(models[1]))) for _ in range(dice.randrange(2))
    ]
    inbox = BadMachine([*script, *changes], dice, stalls)
    recorder, takes = Recorder(maker(models[0])), []
    slowness = dice.choice([0.001, 0.005, 0.1])

    def ask(request: Request) -> None:
        improviser = models[bool(changes) and inbox.now() >= changes[0][0]]
        if isinstance(request, Overhear):
            overhear(improviser, request)
        else:
            inbox.put(compose(improviser, request), dice.uniform(0.0005, slowness))

    def record(what: Sent | Report) -> None:
        recorder.hear(what)
        if isinstance(what, TakeEnded):
            takes.append(recorder.turn_over())

    settings = Settings(silence=Silence.fixed(dice.uniform(0.1, 1.0)), mode=dice.choice(list(Mode)))
    perform(Watched(settings), inbox, Hands(Listener(inbox.now), ask, record))
    for take in (*takes, recorder.take):
        by_maker = dict(zip(map(maker, models), models, strict=True))
        _check_it_is_made_again(take, by_maker, stalls > 0)


def _is_fault(event: Event, is_bad_machine: bool) -> bool:
    """What is left out: where the machine stands still, keys may be released out of order."""
    if isinstance(event, Slept | Unplugged):
        return True
    return is_bad_machine and isinstance(event, Panic | PlayPrompt | NewTake | Discard)


def _check_it_is_made_again(take: Take, models: dict[Maker, Improviser], has_stalled: bool) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder, "take.mid")
        write_take(take, path)
        kept = read_take(path)
    assert kept.answers == take.answers
    again = made_again(kept, models[kept.maker], models.__getitem__)
    assert _struck_and_released(again) == _struck_and_released(kept)
    if not has_stalled:
        assert messages_by_model(again) == messages_by_model(kept)


def _struck_and_released(take: Take) -> list[Recorded]:
    """Without the pedal: where the machine stands still, it may come in another order."""
    return [m for m in messages_by_model(take) if isinstance(parse(m.data), NoteOn | NoteOff)]


# Hours of it

HOUR = 3600.0  # seconds
LOOKED = 600.0  # seconds of virtual time between looks at the memory
A_TAKE = 1800.0  # seconds, after which the player begins another
AHEAD = 60.0  # seconds for which it is known what the player will do


@dataclass(frozen=True, slots=True)
class Soaked:
    """What came of hours of playing."""

    notes: int  # of the model's
    drift: int  # microseconds by which any of them was due beside the sum of the steps before it
    struck: int  # keys, by the player
    kept: int  # of them in the takes
    growth: float  # MB


class Strolling(OneByOne):
    """An improviser whose steps are known: whole milliseconds, another every time."""

    def overhear(self, phrase: Phrase) -> bool:
        """Nothing needs to be listened to."""
        return True

    def hear(self, thought: Thought, struck: Sequence[Struck]) -> Thought:
        """Nobody else plays."""
        return thought

    def next(self, thought: Thought) -> tuple[Note, Thought]:
        """The next note, a step after the last."""
        onset = on_grid(thought.onset + _step(thought.index) / GRID)
        note = Note(48 + thought.index % 24, 70, onset, on_grid(onset + 0.3))
        return note, replace(thought, index=thought.index + 1, onset=onset)


def _step(index: int) -> int:
    """Milliseconds before a note."""
    return 37 + index * 7919 % 463 if index else 0


def soak_endless(hours: float) -> Soaked:
    """One answer for so long: when each note is due, and what is held in memory meanwhile."""
    end, first = hours * HOUR, key(60, 1.0, 1.5)
    inbox = VirtualInbox([*first, (end, Quit())])
    keys, memory, notes = Keys(), Memory(inbox), Steps()

    def record(what: Sent | Report) -> None:
        keys.hear(what)
        memory.look()
        if isinstance(what, Sent) and what.message.by is Player.MODEL:
            notes.hear(what, inbox.now())

    hands = Hands(Listener(inbox.now, Forgetful()), composing(Strolling(), inbox), record)
    perform(Watched(Settings(mode=Mode.ENDLESS)), inbox, hands)
    assert not keys.down
    return Soaked(notes.count, notes.drift, 1, 1, memory.growth)


@dataclass(slots=True)
class Steps:
    """When the notes of a strolling answer have to come, in whole microseconds."""

    count: int = 0
    due: int = 0  # the last note
    drift: int = 0  # at most, of when it was due and when it was sent

    def hear(self, sent: Sent, now: float) -> None:
        """A message of the answer's was sent."""
        if not isinstance(parse(sent.message.data), NoteOn):
            return
        moments = [round(moment * 1_000_000) for moment in (sent.message.due, now)]
        self.due = self.due + _step(self.count) * 1000 if self.count else moments[0]
        self.drift = max(self.drift, *(abs(moment - self.due) for moment in moments))
        self.count += 1


class Forgetful(list[tuple[float, bytes]]):
    """A list of what sounded, in which nothing stays."""

    def append(self, _: tuple[float, bytes]) -> None:
        """Nobody will ask."""


class Memory:
    """What this process holds, every few minutes of virtual time."""

    def __init__(self, inbox: VirtualInbox) -> None:
        """Nothing was looked at."""
        self._inbox = inbox
        self._looks: list[tuple[float, float]] = []

    def look(self, is_due: bool = False) -> None:
        """Look, if it is time to, or the moment is a good one."""
        now = self._inbox.now()
        if is_due or (now - self._looks[-1][0] if self._looks else now) >= LOOKED:
            gc.collect()
            self._looks.append((now, memory_of(os.getpid())))

    @property
    def growth(self) -> float:
        """MB by which it has grown since it was warm."""
        return growth(self._looks)


class Evening(VirtualInbox):
    """A player who plays phrases for hours, in every mode, and begins a take now and then."""

    def __init__(self, dice: random.Random, end: float) -> None:
        """An evening that has not begun."""
        super().__init__([(end, Quit())])
        self._dice, self._end, self._goes_on_at = dice, end, 1.0
        self._turns_over_at = A_TAKE
        self.struck = 0

    def wait(self, until: float | None) -> Event | None:
        """As ever; meanwhile the player thinks of something to play."""
        while self._goes_on_at < min(self._now + AHEAD, self._end - AHEAD):
            self._play_on()
        return super().wait(until)

    def _play_on(self) -> None:
        at, dice = self._goes_on_at, self._dice
        if at >= self._turns_over_at:
            self.put(NewTake(), at - self._now)
            self._turns_over_at += A_TAKE
        for _ in range(dice.randint(1, 12)):
            at = on_grid(at + dice.uniform(0.05, 0.6))
            for moment, event in key(dice.randint(48, 72), at, on_grid(at + 0.04)):
                self.put(event, moment - self._now)
            self.struck += 1
        if dice.random() < 0.2:
            self.put(dice.choice([retuned(dice), HandOver(), Again(), Stop()]), at - self._now)
        self._goes_on_at = at + dice.uniform(1.0, 30.0)


def soak_evening(hours: float, seed: int = 1) -> Soaked:
    """A player and a small model for so long: what was kept, and what is held in memory."""
    inbox = Evening(random.Random(seed), hours * HOUR)
    improviser = small_models()[1]
    recorder, keys, memory = Recorder(maker(improviser)), Keys(), Memory(inbox)
    notes = kept = 0

    def turn_over() -> None:
        nonlocal notes, kept
        with TemporaryDirectory() as folder:
            write_take(recorder.turn_over(), Path(folder, "take.mid"))
            take = read_take(Path(folder, "take.mid"))
        notes += len(take.notes(Player.MODEL))
        kept += len(take.notes(Player.HUMAN))

    def record(what: Sent | Report) -> None:
        keys.hear(what)
        recorder.hear(what)
        if isinstance(what, TakeEnded):
            turn_over()
            memory.look(is_due=True)

    hands = Hands(Listener(inbox.now, Forgetful()), composing(improviser, inbox), record)
    perform(Watched(Settings()), inbox, hands)
    turn_over()
    assert not keys.down
    return Soaked(notes, 0, inbox.struck, kept, memory.growth)


def soak(hours: float) -> bool:
    """Play for so many hours of virtual time, twice; whether all was well."""
    is_well = True
    for what, soaked in (("endless", soak_endless(hours)), ("evening", soak_evening(hours))):
        print(
            f"{what}: {hours:g} hours, {soaked.notes:,} notes, drift {soaked.drift} microseconds, "
            f"{soaked.kept:,} of {soaked.struck:,} keys kept, memory grew by {soaked.growth:g} MB",
            flush=True,
        )
        is_well &= soaked.drift == 0 and soaked.kept == soaked.struck and soaked.growth <= GROWTH
    return is_well


def main() -> None:
    """Play as many as asked for; name those that fail."""
    options = argparse.ArgumentParser(description=main.__doc__)
    options.add_argument("what", nargs="?", choices=["sessions", "soak"], default="sessions")
    options.add_argument("--sessions", type=int, default=1000)
    options.add_argument("--first", type=int, default=0)
    options.add_argument("--hours", type=float, default=8.0)
    options.add_argument("--again", action="store_true")
    options.add_argument("--bytes", action="store_true")
    chosen = options.parse_args()
    if chosen.what == "soak":
        sys.exit(not soak(chosen.hours))
    plays = play_again if chosen.again else play_bytes if chosen.bytes else play
    failed = 0
    for number in range(chosen.first, chosen.first + chosen.sessions):
        try:
            plays(number)
        except Exception as broken:
            failed += 1
            print(f"session {number}: {broken!r:.300}", flush=True)
    print(f"{chosen.sessions} sessions, {failed} failed")
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
