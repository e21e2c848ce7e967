"""Where a phrase ends."""

import pytest

from performer.midi import AllNotesOff, NoteOff, NoteOn, Sustain
from performer.notes import Note, Span
from performer.phrase import LONG, Ear, Silence


def listening(*messages: tuple[float, NoteOn | NoteOff | Sustain | AllNotesOff]) -> Ear:
    ear = Ear(Silence())
    for at, message in messages:
        ear.hear(message, at)
    return ear


def even(step: float, count: int = 4) -> list[tuple[float, NoteOn | NoteOff]]:
    return [
        event
        for n in range(count)
        for event in ((n * step, NoteOn(0, 60 + n, 80)), (n * step + 0.1, NoteOff(0, 60 + n)))
    ]


def test_a_slow_player_is_given_more_time_than_a_quick_one() -> None:
    quick, slow = listening(*even(0.2)), listening(*even(0.6))
    assert quick.ends_at == pytest.approx(0.7 + 2.5 * 0.2)
    assert slow.ends_at == pytest.approx(1.9 + 2.5 * 0.6)


def test_the_silence_keeps_within_its_bounds() -> None:
    assert listening(*even(0.1)).ends_at == pytest.approx(0.4 + 0.4)
    assert listening(*even(3.0)).ends_at == pytest.approx(9.1 + 2.0)


def test_the_notes_of_a_chord_are_no_rhythm() -> None:
    chord = [(0.01 * n, NoteOn(0, 60 + 3 * n, 80)) for n in range(4)]
    release = [(1.0, NoteOff(0, 60 + 3 * n)) for n in range(4)]
    assert listening(*chord, *release).ends_at == pytest.approx(1.0 + 1.2)


def test_silence_does_not_count_while_a_key_is_held() -> None:
    ear = listening(*even(0.2), (1.0, NoteOn(0, 72, 80)))
    assert ear.ends_at is None
    ear.hear(NoteOff(0, 72), 9.0)
    assert ear.ends_at is not None
    assert ear.ends_at > 9.0


def test_silence_does_not_count_while_the_pedal_is_down() -> None:
    ear = listening((0.0, Sustain(0, 127)), *even(0.2))
    assert ear.ends_at is None
    ear.hear(Sustain(0, 0), 5.0)
    assert ear.ends_at == pytest.approx(5.0 + 0.5)


def test_a_pedal_moved_in_silence_is_no_phrase() -> None:
    ear = listening((0.0, Sustain(0, 127)), (1.0, Sustain(0, 0)))
    assert not ear.has_phrase
    assert ear.ends_at is None


def test_a_phrase_handed_over_with_keys_held_ends_them_now() -> None:
    ear = listening((1.0, Sustain(0, 100)), (1.5, NoteOn(0, 60, 80)))
    phrase = ear.take_phrase(2.0)
    assert phrase.notes == (Note(60, 80, 1.5, 2.0),)
    assert phrase.pedal == (Span(1.5, 2.0),)  # as far as it is of the phrase
    ear.hear(NoteOff(0, 60), 3.0)
    assert not ear.has_phrase


def test_a_key_struck_again_without_a_release_is_two_notes() -> None:
    ear = listening((0.0, NoteOn(0, 60, 80)), (0.5, NoteOn(0, 60, 90)), (1.0, NoteOff(0, 60)))
    assert ear.take_phrase(2.0).notes == (Note(60, 80, 0.0, 0.5), Note(60, 90, 0.5, 1.0))


def test_the_same_key_on_two_channels_is_two_keys() -> None:
    ear = listening((0.0, NoteOn(0, 60, 80)), (0.1, NoteOn(1, 60, 80)), (0.2, NoteOff(0, 60)))
    assert ear.ends_at is None


def test_all_notes_off_releases_what_is_held_on_its_channel() -> None:
    ear = listening((0.0, NoteOn(0, 60, 80)), (0.0, Sustain(0, 127)), (1.0, AllNotesOff(0)))
    assert ear.ends_at == pytest.approx(1.0 + 1.2)


def test_a_fixed_silence_does_not_adapt() -> None:
    assert Silence.fixed(0.7).after([0.0, 5.0, 10.0]) == 0.7


def test_a_new_phrase_remembers_nothing_of_the_one_before() -> None:
    ear = listening((0.0, Sustain(0, 127)), (0.1, NoteOn(0, 60, 80)), (0.5, NoteOff(0, 60)))
    ear.hear(Sustain(0, 0), 1.0)
    ear.take_phrase(2.0)
    ear.hear(NoteOn(0, 62, 80), 3.0)
    ear.hear(NoteOff(0, 62), 3.5)
    phrase = ear.take_phrase(5.0)
    assert [note.pitch for note in phrase.notes] == [62]
    assert phrase.pedal == ()


def test_what_is_heard_so_far_is_what_would_be_taken_up_now() -> None:
    ear = Ear(Silence())
    ear.hear(Sustain(0, 127), 0.5)
    for pitch, down, up in ((60, 1.0, 1.2), (62, 1.5, None), (64, 2.0, 2.2)):
        ear.hear(NoteOn(0, pitch, 80), down)
        if up is not None:
            ear.hear(NoteOff(0, pitch), up)
    so_far = ear.so_far(2.2).phrase
    assert so_far.held == (1,)
    assert so_far == ear.take_phrase(2.2)


def test_of_a_key_held_through_very_many_notes_it_stays_open_how_long() -> None:
    ear = Ear(Silence())
    ear.hear(NoteOn(0, 36, 80), 0.0)
    for n in range(LONG + 1):
        ear.hear(NoteOn(0, 60 + n, 80), 1.0 + n)
        ear.hear(NoteOff(0, 60 + n), 1.5 + n)
    ear.hear(NoteOff(0, 36), 100.0)
    assert ear.take_phrase(101.0).held == (0,)
