"""The flagship's network: what it says, how it is trained, and that its file says the same."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from performer.refusal import Refusal
from performer.taste import Taste
from performer.touch import KINDS, PARTS, PITCH, SIZES
from tests.music import QUIET, melody, write_midi
from trainer import import_grand, train_grand
from trainer.export_grand import REMEMBERED, disagreement, export
from trainer.grand import Grand, Shape
from trainer.lanes import performances
from trainer.prepare import prepare
from trainer.train import Workplace
from trainer.train_grand import Config, train

SMALL = Shape(width=24, embedding=16, head=16, memory=24, depth=8, gathered=8)
HERE = Workplace(torch.device("cpu"))


def music(lanes: int, notes: int, seed: int = 1) -> torch.Tensor:
    dice = torch.Generator().manual_seed(seed)
    parts = [torch.randint(0, size, (lanes, notes), generator=dice) for size in SIZES]
    return torch.stack(parts, dim=-1)


def network(**changes: object) -> Grand:
    torch.manual_seed(1)
    made = Grand(Shape(**{**{n: getattr(SMALL, n) for n in SMALL.__slots__}, **changes}))  # type: ignore[arg-type]
    if made.shape.memory:
        torch.nn.init.zeros_(made.mixing.bias)
    return made.eval()


def said(grand: Grand, notes: torch.Tensor) -> torch.Tensor:
    moment, _ = grand(notes, torch.zeros(len(notes), dtype=torch.long), grand.fresh(len(notes)))
    return grand.said(PITCH, moment, notes)[0]


@pytest.mark.parametrize("changes", [{}, {"memory": 0}, {"is_chained": False}, {"skips": False}])
def test_nothing_depends_on_notes_to_come(changes: dict[str, object]) -> None:
    grand, notes = network(**changes), music(2, 40)
    later = notes.clone()
    later[:, 25:] = music(2, 15, seed=2)
    assert torch.equal(said(grand, notes)[:, :25], said(grand, later)[:, :25])
    assert not torch.allclose(said(grand, notes)[:, 25:], said(grand, later)[:, 25:])


def test_a_piece_in_stretches_is_the_piece_at_once() -> None:
    grand, notes = network(), music(2, 60)
    kind, there = torch.zeros(2, dtype=torch.long), torch.ones(2, 59, dtype=torch.bool)
    moment, _ = grand(notes[:, :-1], kind, grand.fresh(2))
    whole, _ = grand.losses(moment, notes[:, 1:], there)
    state, parts = grand.fresh(2), torch.zeros(len(PARTS))
    for first, last in ((0, 7), (7, 31), (31, 32), (32, 59)):
        moment, state = grand(notes[:, first:last], kind, state)
        parts += grand.losses(moment, notes[:, first + 1 : last + 1], there[:, first:last])[
            0
        ].detach()
    assert torch.allclose(whole, parts, rtol=1e-4)


def test_what_is_older_than_the_memory_is_forgotten_by_it() -> None:
    grand, notes = network(memory=8), music(1, 30)
    _, state = grand(notes, torch.zeros(1, dtype=torch.long), grand.fresh(1))
    assert state.pitches.tolist() == notes[:, -8:, PITCH].tolist()


def test_a_lane_that_begins_a_piece_knows_nothing_of_the_last() -> None:
    grand, notes = network(), music(2, 30)
    kind = torch.zeros(2, dtype=torch.long)
    _, state = grand(notes, kind, grand.fresh(2))
    begun = state.begun(torch.tensor([True, False]), grand.fresh(2))
    moment, _ = grand(notes, kind, begun)
    fresh, _ = grand(notes, kind, grand.fresh(2))
    assert torch.allclose(moment.context[0], fresh.context[0], atol=1e-6)
    assert not torch.allclose(moment.context[1], fresh.context[1], atol=1e-3)


def test_what_a_source_does_not_say_costs_nothing() -> None:
    grand, notes = network(), music(1, 20)
    unknown = notes.clone()
    unknown[..., 2], unknown[..., 4] = SIZES[2], SIZES[4]
    moment, _ = grand(notes, torch.zeros(1, dtype=torch.long), grand.fresh(1))
    nats, counts = grand.losses(moment, unknown, torch.ones(1, 20, dtype=torch.bool))
    assert counts.tolist() == [20, 20, 0, 20, 0]
    assert nats[2] == nats[4] == 0
    assert (nats[[0, 1, 3]] > 0).all()


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("music")
    for number in range(12):
        write_midi(folder / "midi" / f"{number}.mid", melody(number, 120), ticks=120 + 10 * number)
    prepare([folder / "midi"], folder / "data", 1, QUIET)
    return folder / "data"


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(train_grand, "EPOCH", 512)


def config(epochs: int) -> Config:
    return Config(SMALL, epochs * 512, lanes=4, stretch=16, bfloat16=False)


def weights(run: Path) -> dict[str, torch.Tensor]:
    return torch.load(run / "checkpoint.pt", weights_only=True)["network"]  # type: ignore[no-any-return]


def test_a_run_that_was_stopped_ends_as_one_that_was_not(
    data: Path, tmp_path: Path, short: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = replace(config(3), falling=0.5, settling=0.5)  # it stops before that, and within
    train(plan, data, tmp_path / "whole", HERE, QUIET)
    keep = train_grand.keep

    def keep_and_stop(*args: object) -> None:
        keep(*args)  # type: ignore[arg-type]
        raise KeyboardInterrupt

    monkeypatch.setattr(train_grand, "keep", keep_and_stop)
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            train(plan, data, tmp_path / "stopped", HERE, QUIET)
    monkeypatch.setattr(train_grand, "keep", keep)
    train(plan, data, tmp_path / "stopped", HERE, QUIET)
    whole, stopped = weights(tmp_path / "whole"), weights(tmp_path / "stopped")
    assert all(torch.equal(whole[name], stopped[name]) for name in whole)


def test_a_run_that_has_ended_goes_on_with_more(data: Path, tmp_path: Path, short: None) -> None:
    train(config(4), data, tmp_path / "run", HERE, QUIET)
    train(config(8), data, tmp_path / "run", HERE, QUIET)
    kept = torch.load(tmp_path / "run" / "checkpoint.pt", weights_only=True)
    assert [epoch["notes"] for epoch in kept["history"]] == [512 * n for n in range(1, 9)]
    other = Config(Shape(width=16), 512)
    with pytest.raises(Refusal, match="another configuration"):
        train(other, data, tmp_path / "run", HERE, QUIET)


def test_the_rate_warms_up_stands_and_falls() -> None:
    plan = Config(notes=1000)
    rates = [
        plan.rate_at(step, notes) for step, notes in ((0, 0), (500, 500), (900, 875), (999, 1000))
    ]
    assert rates[0] == pytest.approx(plan.rate / train_grand.WARMING)
    assert rates[1] == plan.rate
    assert rates[2] == pytest.approx(plan.rate / 2)
    assert rates[3] == 0


def test_it_learns(data: Path, tmp_path: Path, short: None) -> None:
    train(replace(config(10), rate=0.01), data, tmp_path / "run", HERE, QUIET)
    kept = torch.load(tmp_path / "run" / "checkpoint.pt", weights_only=True)
    bits = [epoch["valid"]["score"]["step"] for epoch in kept["history"]]
    assert bits[-1] < 0.9 * bits[0]


def test_the_file_says_what_the_network_says(data: Path, tmp_path: Path, short: None) -> None:
    train(config(1), data, tmp_path / "run", HERE, QUIET)
    card, difference = export(
        tmp_path / "run", data, tmp_path / "trial.onnx", Taste(pitch=0.9, top_p=0.98)
    )
    assert difference < 0.005
    assert card.parameters == sum(p.numel() for p in network().parameters())
    assert card.taste.pitch == 0.9
    assert card.features == PARTS
    other = network()
    judged = performances(data, "train")
    assert disagreement(tmp_path / "trial.onnx", other, judged) > 0.05


def test_a_run_goes_on_from_the_file_that_ships(data: Path, tmp_path: Path, short: None) -> None:
    train(config(1), data, tmp_path / "first", HERE, QUIET)
    export(tmp_path / "first", data, tmp_path / "first.onnx", Taste(), "none")
    file = tmp_path / "first.onnx"
    shipped = import_grand.read(file, replace(SMALL, memory=REMEMBERED)).eval()
    assert disagreement(file, shipped, performances(data, "train")) < 0.005
    begun = replace(config(1), origin=str(file), rate=1e-9)
    train(begun, data, tmp_path / "second", HERE, QUIET)
    for name, weight in weights(tmp_path / "second").items():
        assert torch.allclose(weight, shipped.state_dict()[name], atol=1e-6), name
    with pytest.raises(Refusal, match="another shape"):
        import_grand.read(file, replace(SMALL, width=32))


def test_kinds_can_be_left_out(data: Path, tmp_path: Path, short: None) -> None:
    only = Config(SMALL, 512, lanes=4, stretch=16, bfloat16=False, kinds=(KINDS[0],))
    with pytest.raises(Refusal, match="no music that is performed"):
        train(only, data, tmp_path / "run", HERE, QUIET)
