"""What a player has chosen: the settings that are kept from one evening to the next.

The rule kept here: choices are plain values that survive being written down and read back; what a
file says that cannot be chosen is left at what it was before.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from math import isnan
from typing import Any, Self, TypeVar

from performer.limits import Bounds, parse_register, parse_scale
from performer.messages import Mode
from performer.taste import Taste

T = TypeVar("T", bound="Memory | Choices | Character")
EVERY, NOBODY = "", "none"  # inputs that are no port's name: all there are, and none
SYSTEM, DAY, NIGHT = "system", "day", "night"  # how it looks
TAMEST, WILDEST = 0.5, 2.0  # temperatures at the ends of the knob
LEAST_TOP_P = 0.5
SHORTEST_SILENCE, LONGEST_SILENCE = 0.3, 3.0  # seconds that can be chosen
LENGTHS = ("like", "4s", "8s", "16s", "30s", "60s", "16notes", "32notes", "64notes")
MODES = tuple(mode.value for mode in Mode)
SPARSEST, DENSEST = 0.25, 4.0  # densities at the ends of the slider
TONICS = ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")
SCALES = ("major", "minor", "pentatonic")
REGISTERS = ("C1-B3", "C2-C5", "C3-C6", "C4-C7", "C5-C8")
VOICES = (1, 2, 3, 4, 6, 10)
BEST_OF = (1, 2, 4, 8)  # answers that are thought of, from the first thought to the best
LARGEST_SEED = 2**31 - 1
LOUDEST = 127


@dataclass(frozen=True, slots=True)
class Character:
    """How the model plays, and how the two play together: what a preset keeps."""

    pitch: float = 1.0
    rhythm: float = 1.0
    dynamics: float = 1.0
    top_p: float = 1.0
    length: str = "like"
    silence: float = 0.0  # seconds; 0: it follows the player
    tonic: str = ""  # of the key that it stays in; none: it is free
    scale: str = "major"
    register: str = ""  # from key to key; none: the whole piano
    voices: int = 10  # keys held at once, at most
    mode: str = Mode.ANSWER.value
    density: float = 1.0  # of the model's notes
    best_of: int = 8  # answers that are thought of before the best is played

    @property
    def taste(self) -> Taste:
        """Temperatures, bounds and density, as a model is asked for them."""
        return Taste(self.pitch, self.rhythm, self.dynamics, self.top_p, self._bounds, self.density)

    @property
    def _bounds(self) -> Bounds:
        bounds = Bounds(most_at_once=self.voices)
        if self.tonic:
            bounds = replace(bounds, classes=parse_scale(f"{self.tonic} {self.scale}"))
        if self.register:
            lowest, highest = parse_register(self.register)
            bounds = replace(bounds, lowest=lowest, highest=highest)
        return bounds

    @property
    def wildness(self) -> float:
        """The one temperature that stands for all three: their geometric mean."""
        product: float = (self.pitch * self.rhythm * self.dynamics) ** (1 / 3)
        return product

    @property
    def is_even(self) -> bool:
        """True where pitch, rhythm and dynamics are as wild as each other."""
        return self.pitch == self.rhythm == self.dynamics

    def as_wild_as(self, temperature: float) -> Self:
        """The same character, all three temperatures alike."""
        return replace(self, pitch=temperature, rhythm=temperature, dynamics=temperature)

    @property
    def playable(self) -> Self:
        """The same, each value within what the controls can show."""
        silence = _within(self.silence, SHORTEST_SILENCE, LONGEST_SILENCE)
        return replace(
            self,
            pitch=_within(self.pitch, TAMEST, WILDEST),
            rhythm=_within(self.rhythm, TAMEST, WILDEST),
            dynamics=_within(self.dynamics, TAMEST, WILDEST),
            top_p=_within(self.top_p, LEAST_TOP_P, 1.0),
            length=self.length if self.length in LENGTHS else "like",
            silence=silence if self.silence else 0.0,
            tonic=self.tonic if self.tonic in TONICS else "",
            scale=self.scale if self.scale in SCALES else "major",
            register=self.register if self.register in REGISTERS else "",
            voices=self.voices if self.voices in VOICES else max(VOICES),
            mode=self.mode if self.mode in MODES else Mode.ANSWER.value,
            density=_within(self.density, SPARSEST, DENSEST),
            best_of=self.best_of if self.best_of in BEST_OF else 8,
        )


def _within(value: float, least: float, most: float) -> float:
    """The value, or the end that it lies beyond; 1 for what is no number."""
    return 1.0 if isnan(value) else min(max(value, least), most)


@dataclass(frozen=True, slots=True)
class Choices:
    """Everything that can be set in the window."""

    keyboard: str = EVERY
    output: str = "synth"
    model: str = ""  # the best there is
    character: Character = Character()
    seed: int = 0
    seed_is_kept: bool = False
    instrument: int = 0  # General MIDI program
    volume: int = 100
    reverb: int = 0
    is_thru: bool = True  # what is played on a keyboard sounds on the output
    may_quote: bool = False  # for long a piece that the model learnt from: its title is shown

    @property
    def playable(self) -> Self:
        """The same, each value within what the controls can show."""
        return replace(
            self,
            character=self.character.playable,
            seed=min(max(self.seed, 0), LARGEST_SEED),
            instrument=self.instrument if 0 <= self.instrument <= LOUDEST else 0,
            volume=min(max(self.volume, 0), LOUDEST),
            reverb=min(max(self.reverb, 0), LOUDEST),
        )


PRESETS = (
    ("As it plays best", Character()),
    ("Close to you", Character(0.75, 0.75, 0.8, 0.9)),
    ("Steady hands, wandering ear", Character(1.35, 0.8, 0.9)),
    ("Off the leash", Character(1.6, 1.4, 1.3, length="16s")),
    ("Goes on and on", Character(mode=Mode.ENDLESS.value)),
    ("At your side", Character(0.85, 0.8, 0.8, mode=Mode.DUET.value, density=0.6)),
)


@dataclass(frozen=True, slots=True)
class Memory:
    """What the window remembers: choices, the player's presets, starred takes, where takes lie."""

    choices: Choices = Choices()
    presets: tuple[tuple[str, Character], ...] = ()
    stars: frozenset[str] = frozenset()  # names of files
    takes: str = ""  # the folder; empty: the usual one
    has_played: bool = False  # an answer was heard once: the help is no longer needed
    look: str = SYSTEM
    place: str = ""  # the window's size and position, as Qt writes them

    def with_preset(self, name: str, character: Character) -> Self:
        """One preset more, in place of another of that name."""
        others = tuple(preset for preset in self.presets if preset[0] != name)
        return replace(self, presets=(*others, (name, character)))

    def without_preset(self, name: str) -> Self:
        """Without the preset of that name."""
        kept = tuple(preset for preset in self.presets if preset[0] != name)
        return replace(self, presets=kept)

    def starred(self, name: str, is_starred: bool) -> Self:
        """With a take's star set or taken away."""
        return replace(self, stars=self.stars | {name} if is_starred else self.stars - {name})


def written(memory: Memory) -> str:
    """The memory as text.

    >>> remembered(written(Memory(has_played=True))) == Memory(has_played=True)
    True
    """
    return json.dumps(asdict(memory) | {"stars": sorted(memory.stars)}, indent=1)


def remembered(text: str) -> Memory:
    """The memory that a text keeps; the first one there ever was where it is not readable."""
    try:
        facts = json.loads(text)
    except ValueError:
        return Memory()
    if not isinstance(facts, Mapping):
        return Memory()
    memory = _filled(Memory(), facts)
    choices = _filled(Choices(), _mapping(facts.get("choices")))
    return replace(
        memory,
        choices=replace(choices, character=_character(facts.get("choices"))).playable,
        presets=tuple(_presets(facts.get("presets"))),
        stars=frozenset(name for name in _list(facts.get("stars")) if isinstance(name, str)),
    )


def _character(told: Any) -> Character:
    return _filled(Character(), _mapping(_mapping(told).get("character")))


def _presets(told: Any) -> list[tuple[str, Character]]:
    pairs = [pair for pair in _list(told) if isinstance(pair, list) and len(pair) == 2]
    return [
        (name, _filled(Character(), _mapping(facts)).playable)
        for name, facts in pairs
        if isinstance(name, str)
    ]


def _filled(value: T, facts: Mapping[str, Any]) -> T:
    """The value with those of its plain fields that are told, and told in the right kind."""
    told: dict[str, Any] = {}
    for field in fields(value):
        now, new = getattr(value, field.name), facts.get(field.name)
        if isinstance(now, float) and isinstance(new, int) and not isinstance(new, bool):
            new = float(new)
        if isinstance(now, bool | int | float | str) and type(new) is type(now):
            told[field.name] = new
    return replace(value, **told)


def _mapping(told: Any) -> Mapping[str, Any]:
    return told if isinstance(told, Mapping) else {}


def _list(told: Any) -> list[Any]:
    return told if isinstance(told, list) else []
