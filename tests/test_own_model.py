"""A folder of MIDI files becomes a model on the player's own shelf, in one command."""

import os
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from performer.model import Model
from performer.shelf import find_model
from tests.music import melody, write_midi
from trainer.command_line import STAGES, main


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("performer.shelf.own_models", lambda: tmp_path / "models")
    monkeypatch.setattr("trainer.model.own_models", lambda: tmp_path / "models")
    return tmp_path / "models"


def make(folder: Path, name: str = "mine") -> Result:
    return CliRunner().invoke(main, ["model", str(folder), "--name", name, "--epochs", "1"])


def test_a_folder_becomes_a_model_that_is_found_by_its_name(shelf: Path, tmp_path: Path) -> None:
    for number in range(8):
        write_midi(tmp_path / "midi" / f"{number}.mid", melody(number, notes=80))
    result = make(tmp_path / "midi")
    assert result.exit_code == 0, result.output
    assert find_model("mine") == shelf / "mine.onnx"
    assert Model.load(shelf / "mine.onnx").card.parameters == 84_354
    assert "8 pieces, 640 notes, 0 left out" in result.output
    assert "| mine | test | 84,354 |" in result.output
    assert result.output.endswith("Play it: antiphon play --model mine\n")
    write_midi(tmp_path / "midi" / "new.mid", melody(9, notes=80))
    assert "9 pieces, 720 notes" in make(tmp_path / "midi").output


def test_one_piece_alone_is_too_little(shelf: Path, tmp_path: Path) -> None:
    write_midi(tmp_path / "midi" / "only.mid", melody(0))
    result = make(tmp_path / "midi")
    assert result.exit_code == 2
    assert "holds too little music to learn from: prepare more pieces." in result.output
    assert not shelf.exists() or not os.listdir(shelf)


def test_a_name_stays_in_its_folder(shelf: Path, tmp_path: Path) -> None:
    result = make(tmp_path, name="../mine")
    assert result.exit_code == 2
    assert "'../mine' is no name for a model" in result.output


@pytest.mark.parametrize("stage", STAGES)
def test_every_stage_can_be_called(stage: str) -> None:
    told = CliRunner().invoke(main, [stage, "--help"])
    assert told.exit_code == 0, told.output
    assert "Usage:" in told.output
