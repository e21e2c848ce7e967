"""A take: what both players played, as a Standard MIDI File that can be made again from itself.

The rule kept here: one tick is one millisecond (500 a quarter at 120 beats a minute), the two
players stand on tracks of their own, and beside the music stands, as text, all that decided it:
the model and its fingerprint, and for each answer the seed, the turn, the taste and the limits.
"""

import io
import json
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any, Self

import mido

from performer.length import Limit
from performer.limits import PIANO, Bounds
from performer.messages import Answered, Change, Player, Scored
from performer.messages import Maker as Maker  # a take is signed by its maker
from performer.midi import SYSEX, NoteOff, NoteOn, Sustain, parse
from performer.notes import GRID, Note, Phrase, Span, in_order, on_grid
from performer.phrase import LONG
from performer.refusal import Refusal
from performer.schedule import Omission, as_message, strokes
from performer.taste import Taste
from performer.thought import Struck

FORMAT = "antiphon take 1"
LONGEST = 1e7  # seconds that a take may have; what says more is broken
QUARTER = 500  # ticks
TEMPO = QUARTER * 1_000_000 // GRID  # microseconds a quarter
BROKEN = ValueError, TypeError, KeyError, IndexError, OverflowError, RecursionError
"""What reading facts raises where they are none."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """One message that was played: when, by whom, and its bytes."""

    at: float  # seconds
    by: Player
    data: bytes


@dataclass(frozen=True, slots=True)
class Take:
    """All that was played, in order of time, and all that it takes to make it again."""

    maker: Maker
    messages: tuple[Recorded, ...]
    answers: tuple[Answered, ...]

    def from_zero(self) -> Self:
        """The same take, beginning with its first message, and on the grid."""
        start = on_grid(min((message.at for message in self.messages), default=0.0))
        return replace(
            self,
            messages=tuple(replace(each, at=_on_from(each.at, start)) for each in self.messages),
            answers=tuple(_earlier(answer, start) for answer in self.answers),
        )

    def notes(self, by: Player) -> tuple[Note, ...]:
        """The notes of one player; a key never released ends with the last message."""
        ending = max((message.at for message in self.messages), default=0.0)
        held: dict[tuple[int, int], tuple[int, float]] = {}
        notes = []
        for message in (message for message in self.messages if message.by is by):
            match parse(message.data):
                case NoteOn(channel, pitch, velocity):
                    if (channel, pitch) in held:  # its release was stamped later, and came before
                        notes.append(Note(pitch, *held[channel, pitch], message.at))
                    held[channel, pitch] = velocity, message.at
                case NoteOff(channel, pitch) if (channel, pitch) in held:
                    notes.append(Note(pitch, *held.pop((channel, pitch)), message.at))
        notes += [Note(pitch, *struck, ending) for (_, pitch), struck in held.items()]
        return in_order(notes)

    def pedal(self, by: Player) -> tuple[Span, ...]:
        """The spans in which one player's pedal is down, on any channel."""
        ending = max((message.at for message in self.messages), default=0.0)
        down: set[int] = set()
        spans, down_at = [], 0.0
        for message in (message for message in self.messages if message.by is by):
            match parse(message.data):
                case Sustain(channel) as move:
                    if move.is_down and not down:
                        down_at = message.at
                    was_down = bool(down)
                    (down.add if move.is_down else down.discard)(channel)
                    if was_down and not down:
                        spans.append(Span(down_at, message.at))
        return (*spans, Span(down_at, ending)) if down else tuple(spans)

    def phrase(self, answer: Answered) -> Phrase:
        """What an answer of this take had heard. Raises Refusal where it is no longer there."""
        struck_later = {
            (struck.pitch, on_grid(other.began_at + struck.at))
            for other in self.answers
            if other.heard == answer.heard
            for change in other.changes
            for struck in change.struck
        }
        heard = [
            replace(note, end=min(note.end, answer.heard.end))
            for note in self.notes(Player.HUMAN)
            if answer.heard.start <= note.start <= answer.heard.end
            and (note.pitch, note.start) not in struck_later
        ]
        if not heard:
            raise Refusal(f"The phrase of answer {answer.turn} is no longer in the take.")
        still = {number for number in answer.held if len(heard) - number <= LONG}
        spans = (
            Span(max(span.start, answer.heard.start), min(span.end, answer.heard.end))
            for span in self.pedal(Player.HUMAN)
        )
        phrase = Phrase.of(heard, (span for span in spans if span.start < span.end))
        notes = [
            replace(note, end=answer.heard.end) if number in still else note
            for number, note in enumerate(phrase.notes)
        ]
        return replace(phrase, notes=tuple(notes), held=answer.held)


def played(
    notes: Iterable[Note],
    by: Player,
    channel: int = 0,
    moves: Iterable[tuple[float, int]] = (),
    cut_at: float = math.inf,
) -> tuple[Recorded, ...]:
    """The messages that play some notes and moves of the pedal on time, as a player of the take."""
    return tuple(
        Recorded(stroke.due, by, as_message(stroke, channel))
        for stroke in strokes(notes, moves, cut_at)
        if not isinstance(stroke, Omission)
    )


def write_take(take: Take, path: Path, only: Player | None = None) -> None:
    """Write a take, whole or not at all; `only` leaves out the other player.

    Raises Refusal where it cannot be written.
    """
    file = mido.MidiFile(type=1, ticks_per_beat=QUARTER, charset="utf-8")
    file.tracks.append(_track(FORMAT, _words(take)))
    for player in Player:
        if only in (None, player):
            mine = [message for message in take.messages if message.by is player]
            file.tracks.append(_track(player.value, _sounds(mine)))
    data = io.BytesIO()
    file.save(file=data)
    write_whole(path, data.getvalue())


def write_whole(path: Path, data: bytes) -> None:
    """Write a file beside its place and move it there: whole or not at all. Raises Refusal."""
    trial = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        trial.write_bytes(data)
        trial.replace(path)
    except OSError as reason:
        trial.unlink(missing_ok=True)
        raise Refusal(f"{path} cannot be written: {reason.strerror}.") from None


def read_take(path: Path) -> Take:
    """Read a take back. Raises Refusal where it is none of ours."""
    try:
        file = mido.MidiFile(file=io.BytesIO(path.read_bytes()), charset="utf-8")
    except OSError as reason:
        raise Refusal(f"{path} cannot be read: {reason.strerror or 'it is cut short'}.") from None
    except Exception:  # mido raises whatever a broken file trips over
        raise Refusal(f"{path} is no whole MIDI file.") from None
    words, *tracks = file.tracks or [mido.MidiTrack()]
    if words.name != FORMAT or file.ticks_per_beat != QUARTER:
        raise Refusal(f"{path} is not a take of Antiphon's, so it does not say how it was made.")
    try:
        texts = [json.loads(word.text) for word in words if word.type == "text"]
        maker, answers = _maker(texts[0]), tuple(answer_from(text) for text in texts[1:])
    except BROKEN:
        raise Refusal(f"{path} no longer says how it was made; it was changed since.") from None
    recorded = [message for track in tracks for message in _recorded(track)]
    return Take(maker, tuple(sorted(recorded, key=lambda message: message.at)), answers)


def _on_from(moment: float, start: float) -> float:
    """A moment counted from `start`, both first put on the grid: so steps stay what they were."""
    return on_grid(on_grid(moment) - start)


def _earlier(answer: Answered, seconds: float) -> Answered:
    cut_at = answer.cut_at
    return replace(
        answer,
        heard=Span(_on_from(answer.heard.start, seconds), _on_from(answer.heard.end, seconds)),
        began_at=_on_from(answer.began_at, seconds),
        cut_at=None if cut_at is None else _on_from(cut_at, seconds),
        given_up=tuple((number, _on_from(at, seconds)) for number, at in answer.given_up),
        curve=tuple(replace(each, at=_on_from(each.at, seconds)) for each in answer.curve),
    )


def _track(name: str, timed: Iterable[tuple[float, mido.Message]]) -> mido.MidiTrack:
    track = mido.MidiTrack([mido.MetaMessage("track_name", name=name)])
    placed = [(round(at * GRID), message) for at, message in timed]
    for (before, _), (tick, message) in pairwise([(0, None), *placed]):
        track.append(message.copy(time=tick - before))
    return track


def _words(take: Take) -> Iterator[tuple[float, mido.MetaMessage]]:
    yield 0.0, mido.MetaMessage("set_tempo", tempo=TEMPO)
    yield 0.0, _text({"model": take.maker.model, "sha256": take.maker.sha256})
    for answer in sorted(take.answers, key=lambda answer: answer.began_at):
        yield max(answer.began_at, 0.0), _text(facts_of(answer))  # its phrase may be lost


def _sounds(messages: Sequence[Recorded]) -> Iterator[tuple[float, mido.Message]]:
    for message in sorted(messages, key=lambda message: message.at):
        if message.data[0] <= SYSEX:  # no other system message can stand in a file
            yield message.at, mido.Message.from_bytes(message.data)


def _recorded(track: mido.MidiTrack) -> Iterator[Recorded]:
    by = Player(track.name) if track.name in {player.value for player in Player} else Player.HUMAN
    tick = 0
    for message in track:
        tick += message.time
        if not message.is_meta:
            yield Recorded(tick / GRID, by, bytes(message.bytes()))


def _text(facts: dict[str, Any]) -> mido.MetaMessage:
    return mido.MetaMessage("text", text=json.dumps(facts))


def facts_of(answer: Answered) -> dict[str, Any]:
    """An answer as what JSON can hold."""
    taste, limit = answer.taste, answer.limit
    return {
        "turn": answer.turn,
        "seed": answer.seed,
        **facts_of_taste(taste),
        "limit": {
            "seconds": limit.seconds if limit.seconds < math.inf else None,
            "notes": limit.notes if limit.notes < math.inf else None,
        },
        "heard": [answer.heard.start, answer.heard.end],
        "channel": answer.channel,
        "began_at": answer.began_at,
        "notes": answer.notes,
        "cut_at": answer.cut_at,
        "held": list(answer.held),
        "changes": list(_facts_of_changes(answer)),
        "left_out": list(answer.left_out),
        "given_up": [list(each) for each in answer.given_up],
        "along": answer.is_along,
        **_facts_of_maker(answer.maker),
        **({} if answer.score is None else {"score": answer.score}),
        **({"curve": [[each.at, each.score] for each in answer.curve]} if answer.curve else {}),
    }


def _facts_of_changes(answer: Answered) -> Iterator[dict[str, Any]]:
    """Each change, and of its taste only where it is another: a duet has a change every note."""
    taste = answer.taste
    for change in answer.changes:
        facts: dict[str, Any] = {"note": change.index, "from": change.earliest}
        if change.taste != taste:
            facts |= facts_of_taste(change.taste)
        if change.taken:
            facts["taken"] = sorted(change.taken)
        if change.struck:
            facts["struck"] = [
                [each.pitch, each.velocity, each.at, int(each.is_pedalled)]
                for each in change.struck
            ]
        if change.seed is not None:
            facts["seed"] = change.seed
        yield facts | _facts_of_maker(change.maker)
        taste = change.taste


def _facts_of_maker(maker: Maker | None) -> dict[str, str]:
    return {} if maker is None else {"model": maker.model, "sha256": maker.sha256}


def facts_of_taste(taste: Taste) -> dict[str, Any]:
    """A taste as JSON can say it."""
    temperature = {"pitch": taste.pitch, "rhythm": taste.rhythm, "dynamics": taste.dynamics}
    bounds = {**asdict(taste.bounds), "classes": sorted(taste.bounds.classes)}
    density = {} if taste.density == 1 else {"density": taste.density}
    return {"temperature": temperature, "top_p": taste.top_p, "bounds": bounds, **density}


def taste_from(facts: dict[str, Any]) -> Taste:
    """The taste of those facts. A take from before there were bounds has the piano's."""
    said = facts.get("bounds")
    bounds = Bounds(**{**said, "classes": frozenset(said["classes"])}) if said else PIANO
    density = facts.get("density", 1.0)
    return Taste(**facts["temperature"], top_p=facts["top_p"], bounds=bounds, density=density)


def answer_from(facts: dict[str, Any]) -> Answered:
    """The answer of those facts. Raises BROKEN where they are none."""
    seconds, notes = facts["limit"]["seconds"], facts["limit"]["notes"]
    taste = taste_from(facts)
    answer = Answered(
        facts["turn"],
        Span(*facts["heard"]),
        taste,
        facts["seed"],
        Limit(
            math.inf if seconds is None else seconds,
            math.inf if notes is None else notes,
        ),
        facts["channel"],
        facts["began_at"],
        facts["notes"],
        facts["cut_at"],
        tuple(facts.get("held", ())),
        tuple(_changes_from(facts.get("changes", ()), taste)),
        tuple(facts.get("left_out", ())),
        tuple((number, at) for number, at in facts.get("given_up", ())),
        facts.get("along", False),
        _maker_from(facts),
        facts.get("score"),
        tuple(Scored(at, score) for at, score in facts.get("curve", ())),
    )
    _check(answer)
    return answer


def _check(answer: Answered) -> None:
    """Raises ValueError or TypeError for what no answer could say."""
    facts_of(answer)  # what cannot be written was not
    changes, limit = answer.changes, answer.limit
    struck = [each for change in changes for each in change.struck]
    moments = [answer.began_at, answer.heard.start, answer.heard.end]
    moments += [change.earliest for change in changes] + [each.at for each in struck]
    moments += [at for _, at in answer.given_up]
    moments += [each for each in (answer.cut_at, answer.score) if each is not None]
    moments += [value for each in answer.curve for value in (each.at, each.score)]
    numbers = [answer.turn, answer.seed, answer.notes, *answer.held, *answer.left_out]
    numbers += [number for number, _ in answer.given_up] + [change.index for change in changes]
    numbers += [change.seed for change in changes if change.seed is not None]
    values = [answer.channel, *(pitch for change in changes for pitch in change.taken)]
    values += [value for each in struck for value in (each.pitch, each.velocity)]
    if not (
        all(abs(moment) < LONGEST for moment in moments)
        and all(isinstance(number, int) and number >= 0 for number in (*numbers, *values))
        and max(values) <= 127
        and answer.channel <= 15
        and min(limit.seconds, limit.notes) >= 0
    ):
        raise ValueError("no answer could say that")


def _changes_from(all_facts: Iterable[dict[str, Any]], taste: Taste) -> Iterator[Change]:
    for facts in all_facts:
        taste = taste_from(facts) if "temperature" in facts else taste
        yield Change(
            facts["note"],
            taste,
            facts["from"],
            frozenset(facts.get("taken", ())),
            tuple(
                Struck(pitch, velocity, at, bool(is_pedalled))
                for pitch, velocity, at, is_pedalled in facts.get("struck", ())
            ),
            _maker_from(facts),
            facts.get("seed"),
        )


def _maker_from(facts: dict[str, Any]) -> Maker | None:
    return _maker(facts) if "model" in facts else None


def _maker(facts: dict[str, Any]) -> Maker:
    match facts:
        case {"model": str(model), "sha256": str(sha256)}:
            return Maker(model, sha256)
    raise ValueError("nobody is named")
