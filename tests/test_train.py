"""Training can be stopped and gone on with, on one processor or several."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from click.testing import CliRunner
from rich.console import Console

from performer.refusal import Refusal
from tests.music import write_data
from trainer.command_line import main
from trainer.train import Config, Workplace, is_stale, train

CONFIG = Config("model3", epochs=3, windows=200, seed=7)
HERE = Workplace(torch.device("cpu"))
QUIET = Console(quiet=True)


class Stopped(Console):
    """A console at which someone presses Ctrl-C after the first epoch."""

    def print(self, *_: Any, **__: Any) -> None:
        raise KeyboardInterrupt


def learnt(out: Path) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The weights, and the metrics without what the clock said."""
    checkpoint = torch.load(out / "checkpoint.pt", weights_only=True)
    lines = [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]
    history = [{key: line[key] for key in ("epoch", "train", "valid")} for line in lines]
    return checkpoint["network"] | flat(checkpoint["optimizer"]), history


def flat(optimizer: dict[str, Any]) -> dict[str, Any]:
    return {
        f"{number} {name}": value
        for number, state in optimizer["state"].items()
        for name, value in state.items()
    }


def assert_same(one: Path, other: Path) -> None:
    (weights, history), (others, other_history) = learnt(one), learnt(other)
    assert history == other_history
    assert weights.keys() == others.keys()
    assert all(torch.equal(weights[name], others[name]) for name in weights)


def test_a_run_that_was_stopped_ends_bit_for_bit_as_one_that_was_not(tmp_path: Path) -> None:
    data = write_data(tmp_path / "data")
    train(CONFIG, data, tmp_path / "undisturbed", HERE, QUIET)
    with pytest.raises(KeyboardInterrupt):
        train(CONFIG, data, tmp_path / "stopped", HERE, Stopped(quiet=True))
    assert len(learnt(tmp_path / "stopped")[1]) == 1
    torch.manual_seed(99)  # another day
    train(CONFIG, data, tmp_path / "stopped", HERE, QUIET)
    assert_same(tmp_path / "undisturbed", tmp_path / "stopped")


def test_a_gradient_that_is_clipped_moves_the_weights_less(tmp_path: Path) -> None:
    data = write_data(tmp_path / "data")
    config = replace(CONFIG, epochs=1, windows=64)  # one batch, from which Adam makes equal steps
    train(config, data, tmp_path / "free", HERE, QUIET)
    train(replace(config, clip=1e-9), data, tmp_path / "clipped", HERE, QUIET)
    free, clipped = (learnt(tmp_path / name)[0] for name in ("free", "clipped"))
    moments = [name for name in free if name.endswith("exp_avg")]
    assert moments
    assert sum(float(clipped[name].norm()) for name in moments) < 1e-8
    assert sum(float(free[name].norm()) for name in moments) > 1e-3


def test_a_run_may_be_made_longer(tmp_path: Path) -> None:
    data = write_data(tmp_path / "data")
    train(CONFIG, data, tmp_path / "long", HERE, QUIET)
    train(replace(CONFIG, epochs=1), data, tmp_path / "short", HERE, QUIET)
    train(CONFIG, data, tmp_path / "short", HERE, QUIET)
    assert_same(tmp_path / "long", tmp_path / "short")


def test_the_best_weights_are_kept_beside_the_last(tmp_path: Path) -> None:
    data = write_data(tmp_path / "data")
    train(replace(CONFIG, epochs=8, rate=0.1), data, tmp_path / "run", HERE, QUIET)
    _, history = learnt(tmp_path / "run")
    losses = [epoch["valid"]["total"] for epoch in history]
    best = torch.load(tmp_path / "run" / "best.pt", weights_only=True)["network"]
    last = torch.load(tmp_path / "run" / "checkpoint.pt", weights_only=True)["network"]
    is_last = losses[-1] == min(losses)
    assert not is_last, "this test needs a run whose last epoch is not its best"
    train(replace(CONFIG, epochs=1 + losses.index(min(losses)), rate=0.1), data,
          tmp_path / "until_best", HERE, QUIET)  # fmt: skip
    then = torch.load(tmp_path / "until_best" / "checkpoint.pt", weights_only=True)["network"]
    assert all(torch.equal(best[name], then[name]) for name in best)
    assert not torch.equal(best["pitch.weight"], last["pitch.weight"])


def test_it_learns(tmp_path: Path) -> None:
    data = write_data(tmp_path / "data")
    train(replace(CONFIG, windows=1_000), data, tmp_path / "run", HERE, QUIET)
    _, history = learnt(tmp_path / "run")
    assert history[-1]["train"]["total"] < history[0]["train"]["total"]
    assert history[0]["train"]["pitch"] < 5


def test_a_run_of_another_configuration_is_not_gone_on_with(tmp_path: Path) -> None:
    data = write_data(tmp_path / "data")
    train(replace(CONFIG, epochs=1), data, tmp_path / "run", HERE, QUIET)
    with pytest.raises(Refusal, match="another configuration"):
        train(replace(CONFIG, seed=8), data, tmp_path / "run", HERE, QUIET)


def test_it_stops_early_where_it_no_longer_gets_better() -> None:
    history = [{"epoch": n + 1, "valid": {"total": loss}} for n, loss in enumerate([3, 1, 2, 2])]
    assert is_stale(history, patience=2)
    assert not is_stale(history, patience=3)
    assert not is_stale(history, patience=None)
    assert not is_stale([], patience=1)


def test_too_little_music_is_refused(tmp_path: Path) -> None:
    data = write_data(tmp_path / "data", pieces=2, notes=20)  # no full window to judge by
    with pytest.raises(Refusal, match="too little music"):
        train(CONFIG, data, tmp_path / "run", HERE, QUIET)


def test_without_prepared_music_the_command_says_one_sentence(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["train", "model3", "--data", str(tmp_path)])
    assert result.exit_code == 2
    assert result.output == (
        f"antiphon-train: {tmp_path} holds no prepared music: run antiphon-train prepare.\n"
    )


def test_two_processes_learn_the_same_as_one(tmp_path: Path) -> None:
    data = write_data(tmp_path / "data")
    stage = ["-m", "trainer.command_line", "train", "model3", "--data", str(data)]
    options = ["--epochs", "2", "--windows", "352", "--threads", "1", "--float32"]
    alone = [sys.executable, *stage, *options, "--out", str(tmp_path / "one")]
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2"]
    both = [*torchrun, *stage, *options, "--out", str(tmp_path / "two")]
    for command in (alone, both):
        subprocess.run(
            command, check=True, capture_output=True, env={**os.environ, "OMP_NUM_THREADS": "1"}
        )
    one, two = (learnt(tmp_path / name)[1] for name in ("one", "two"))
    for lone, shared in zip(one, two, strict=True):
        assert shared["valid"] == pytest.approx(lone["valid"], rel=0.01)
        assert shared["train"]["total"] == pytest.approx(lone["train"]["total"], rel=0.02)
