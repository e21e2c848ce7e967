"""Where what was played is found again: by its place in time, and by nothing else."""

from dataclasses import replace

from gui.ledger import Ledger
from gui.state import Pedalled, Played, Scene
from performer.messages import Player
from performer.notes import Note, Span

YOU, MODEL = Player.HUMAN, Player.MODEL
LONG = Played(YOU, Note(60, 80, 1.0, 30.0))
SHORT = Played(MODEL, Note(64, 70, 10.0, 10.5))
PEDAL = Pedalled(YOU, Span(2.0, 11.0))
SCENE = Scene(notes=(SHORT, LONG), pedal=(PEDAL,))


def ledger_of(scene: Scene) -> Ledger:
    ledger = Ledger()
    ledger.take_in(scene, 100)
    return ledger


def test_what_lasts_is_found_wherever_it_lasts_and_once() -> None:
    ledger = ledger_of(SCENE)
    for moment in (1.0, 10.2, 29.9):
        assert ledger.between(moment, moment).count(LONG) == 1
    assert sorted(map(str, ledger.between(0.0, 60.0))) == sorted(map(str, (LONG, SHORT, PEDAL)))
    assert ledger.between(40.0, 60.0) == []


def test_the_keys_of_a_moment_are_those_that_were_down_then() -> None:
    ledger = ledger_of(SCENE)
    assert ledger.lit_at(10.0) == {60: (YOU, 80), 64: (MODEL, 70)}
    assert ledger.lit_at(10.5) == {60: (YOU, 80)}
    assert ledger.lit_at(0.5) == ledger.lit_at(30.0) == {}


def test_a_long_take_is_taken_in_by_and_by_and_nothing_twice() -> None:
    ledger = Ledger()
    taken = []
    while not ledger.has_all(SCENE):
        new = ledger.take_in(SCENE, 2)
        assert 0 < len(new) <= 2
        taken += new
    assert sorted(map(str, taken)) == sorted(map(str, (LONG, SHORT, PEDAL)))
    later = Played(YOU, Note(62, 80, 31.0, 32.0))
    assert ledger.take_in(replace(SCENE, notes=(*SCENE.notes, later)), 100) == [later]
