"""What is chosen is remembered, and what cannot be chosen is not."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as some

from gui.choices import PRESETS, Character, Choices, Memory, remembered, written

CHARACTER = Character(0.8, 1.2, 0.9, 0.7, "8s", 1.5, "Eb", "minor", "C3-C6", 4)
JSON = some.recursive(
    some.none() | some.booleans() | some.floats() | some.integers() | some.text(),
    lambda inner: some.lists(inner) | some.dictionaries(some.text(), inner),
)


def test_everything_chosen_comes_back_from_the_file() -> None:
    memory = Memory(
        Choices(
            "Piano", "none", "model3", Character(0.8, 1.2, 0.9, 0.7, "8s", 1.5), 7, True, 4, 90
        ),
        (("mine", Character(rhythm=1.7)),),
        frozenset({"a.mid", "b.mid"}),
        "/takes",
        True,
        "night",
        "AAA=",
    )
    assert remembered(written(memory)) == memory


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '"x"', "3"])
def test_a_file_that_says_nothing_is_the_first_evening(text: str) -> None:
    assert remembered(text) == Memory()


@given(some.dictionaries(some.sampled_from(["choices", "presets", "stars", "takes"]), JSON))
def test_whatever_a_file_says_there_is_something_to_begin_with(facts: dict[str, object]) -> None:
    memory = remembered(json.dumps(facts))
    assert remembered(written(memory)) == memory
    assert memory.choices.character == memory.choices.character.playable


def test_a_temperature_out_of_reach_is_brought_back() -> None:
    facts = {"choices": {"character": {"pitch": 50, "length": "a while", "silence": 99}}}
    character = remembered(json.dumps(facts)).choices.character
    assert (character.pitch, character.length, character.silence) == (2.0, "like", 3.0)


def test_a_number_that_is_none_and_a_volume_past_the_loudest_are_brought_back() -> None:
    text = '{"choices": {"volume": 999, "instrument": -3, "seed": -1, "character": {"top_p": NaN}}}'
    choices = remembered(text).choices
    assert (choices.volume, choices.instrument, choices.seed) == (127, 0, 0)
    assert choices.character.top_p == 1.0


def test_a_scale_that_nobody_knows_is_none() -> None:
    facts = {"choices": {"character": {"tonic": "H", "scale": "lydian", "voices": 99}}}
    character = remembered(json.dumps(facts)).choices.character
    assert (character.tonic, character.scale, character.voices) == ("", "major", 10)


def test_one_knob_turns_all_three() -> None:
    character = Character(0.5, 1.0, 2.0)
    assert character.wildness == pytest.approx(1.0)
    assert not character.is_even
    assert character.as_wild_as(1.5).is_even


def test_a_preset_of_a_name_takes_the_place_of_the_one_before() -> None:
    memory = Memory().with_preset("mine", Character(0.6)).with_preset("mine", Character(0.7))
    assert memory.presets == (("mine", Character(0.7)),)
    assert memory.without_preset("mine").presets == ()


def test_every_preset_that_comes_with_it_can_be_played() -> None:
    for _, character in PRESETS:
        assert character == character.playable
        assert replace(character).taste.top_p <= 1.0
