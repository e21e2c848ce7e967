"""The check that a player runs first: what figures mean, and that they come from the instrument."""

import json
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from performer import check as checks
from performer import command_line, shelf
from performer.check import A_NOTE, FIRST_NOTE, LATENESS, THRU, Finding, Verdict
from tests.fakes import write_trial_model


def finding(milliseconds: Sequence[float]) -> Finding:
    return Finding.of("how late a note is", [ms / 1000 for ms in milliseconds], LATENESS)


def test_what_is_never_felt_is_good() -> None:
    assert finding([0.1] * 99 + [5.0]).verdict is Verdict.GOOD
    assert finding([0.1] * 99 + [5.0]).to_do == ""


def test_one_note_that_stumbles_is_playable_and_many_are_trouble() -> None:
    assert finding([0.1] * 999 + [50.0]).verdict is Verdict.PLAYABLE
    assert finding([0.1] * 9 + [50.0]).verdict is Verdict.TROUBLE


@pytest.mark.parametrize("bounds", [LATENESS, THRU, FIRST_NOTE, A_NOTE])
def test_trouble_says_what_to_do(bounds: checks.Bounds) -> None:
    assert Finding.of("it", [10.0], bounds).to_do.endswith(".")
    assert bounds.good <= bounds.playable


def test_the_figures_are_those_measured() -> None:
    figures = finding([1.0, 2.0, 3.0]).figures
    assert figures is not None
    assert figures["p50"] == pytest.approx(2.0)
    assert figures["max"] == pytest.approx(3.0)
    assert figures["count"] == 3


def test_where_nothing_was_measured_nothing_is_called_good() -> None:
    assert finding([]).verdict is Verdict.TROUBLE


def test_sound_that_breaks_off_is_trouble_and_says_what_to_do() -> None:
    often, seldom, never = (checks.breaks("breaks", dry, 2000, 10.0) for dry in (9, 1, 0))
    assert often.verdict is Verdict.TROUBLE
    assert seldom.verdict is Verdict.PLAYABLE
    assert never.verdict is Verdict.GOOD
    assert "--out" in often.to_do
    assert checks.breaks("breaks", 0, 0, 10.0).verdict is Verdict.TROUBLE


def test_all_that_a_player_needs_to_know_is_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_trial_model(tmp_path / "trial.onnx")
    looked_at: list[str] = []

    def measured(*asked: object) -> Finding:
        looked_at.extend(str(each) for each in asked if isinstance(each, str))
        return finding([0.1])

    monkeypatch.setattr(shelf, "SHIPPED", tmp_path)
    monkeypatch.setattr(shelf, "own_models", lambda: tmp_path)
    monkeypatch.setattr(checks, "A_NOTE", replace(A_NOTE, playable=-1.0))  # it is too slow
    monkeypatch.setattr(checks, "_sound", lambda: Finding("sound", "plays", Verdict.GOOD))
    monkeypatch.setattr(checks, "_answering", lambda *asked: [measured(*asked)])
    monkeypatch.setattr(checks, "_thru", measured)
    monkeypatch.setattr(checks, "_served", lambda _: Finding("breaks", "0", Verdict.GOOD))
    for neighbour in ("busy", "repainting"):
        monkeypatch.setattr(checks, neighbour, nullcontext)
    whats = [each.what for each in checks.check(1.0)]
    assert whats[:4] == ["MIDI inputs", "MIDI outputs", "sound", "a note of trial"]
    assert looked_at == ["idle", "idle", checks.UNDER_LOAD, checks.UNDER_LOAD]
    assert whats[-1] == "breaks"


def test_a_broken_model_is_named_and_the_others_are_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_trial_model(tmp_path / "whole.onnx")
    (tmp_path / "broken.onnx").write_bytes(b"no model")
    monkeypatch.setattr(shelf, "SHIPPED", tmp_path)
    monkeypatch.setattr(shelf, "own_models", lambda: tmp_path)
    found = {each.what: each for each, _ in checks._models()}
    assert found["model broken"].verdict is Verdict.TROUBLE
    assert found["a note of whole"].figures is not None


@pytest.mark.real_time
def test_an_engine_is_begun_and_its_notes_are_measured(tmp_path: Path) -> None:
    model = write_trial_model(tmp_path / "trial.onnx")
    late, first = checks._answering(model, 5.0, "idle")
    for measured in (late, first):
        assert measured.figures is not None
    assert late.figures is not None
    assert late.figures["count"] > 4
    assert late.figures["p50"] > 0.0


def test_the_command_prints_a_line_each_and_fails_where_there_is_trouble(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    findings = [finding([0.1]), Finding("model [x]", "broken", Verdict.TROUBLE, "Remove it.")]
    monkeypatch.setattr(checks, "check", lambda seconds: iter(findings))
    ran = CliRunner().invoke(command_line.main, ["check"])
    assert ran.exit_code == 1
    assert "trouble   model [x]: broken. Remove it." in ran.stdout
    as_json = CliRunner().invoke(command_line.main, ["check", "--json"])
    assert [each["verdict"] for each in json.loads(as_json.stdout)] == ["good", "trouble"]


def test_a_check_of_no_length_is_refused() -> None:
    ran = CliRunner().invoke(command_line.main, ["check", "--seconds", "0"])
    assert ran.exit_code == 2
