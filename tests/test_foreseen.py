"""Models and baselines are asked about the same notes, and the bits are as by hand."""

from pathlib import Path

import numpy as np
import pytest

from performer import touch
from performer.codec import WINDOW
from performer.touch import DURATION, PARTS, PEDAL, PITCH, SIZES, STEP, VELOCITY
from tests.music import prepared
from trainer.baselines import LONGEST, RepeatLast
from trainer.export import Config, export
from trainer.foreseen import (
    Baseline,
    Foreseen,
    Questions,
    asked,
    baselines,
    figures,
    rank_of,
    rows_of,
)
from trainer.lanes import performance
from trainer.network import losses
from trainer.works import Work


def work(number: int, pitch: list[int], kind: str = "performed") -> Work:
    """Quarters of half a second, getting louder."""
    start = 0.5 * np.arange(len(pitch))
    velocity = 40 + np.arange(len(pitch)) % 60
    columns = [start, start + 0.3, np.array(pitch), velocity]
    return Work(number, "a work", "nobody", performance(f"{number}", kind, columns, None), ())


SCALE = [60, 62, 64, 65, 67, 69, 71, 72]


def test_all_are_asked_about_notes_that_have_a_window_before() -> None:
    questions = Questions([work(3, SCALE * 5), work(4, SCALE * 4), work(5, SCALE)], most=10)
    assert questions.true.shape == (10 + 7, len(PARTS))
    assert questions.before.shape == (17, LONGEST, len(PARTS))
    assert questions.owner.tolist() == [3] * 10 + [4] * 7
    assert questions.before[0, :, PITCH].tolist() == (SCALE * 5)[WINDOW - LONGEST : WINDOW]
    assert questions.true[0, PITCH] == (SCALE * 5)[WINDOW]
    assert questions.before[1, -1, PITCH] == questions.true[0, PITCH]


def test_a_chain_foresees_a_scale_and_repeat_last_does_not() -> None:
    works = [work(number, SCALE * 6) for number in range(4)]
    questions = Questions(works[:1], most=20)
    said = {
        baseline.name: figures(baseline.foresees(questions.before, questions.true), questions.owner)
        for baseline in baselines(works, works[:2])
    }
    assert said["unigram"]["pitch bits"].value == pytest.approx(3, abs=0.3)
    assert said["Markov"]["pitch bits"].value < 0.3
    assert said["Markov"]["pitch top 1"].value == 1.0
    assert said["repeat-last"]["pitch top 1"].value == 0.0
    assert said["repeat-last"]["pitch bits"].value > 2.5
    assert said["repeat-last"]["step bits"].value < 0.2
    assert {"velocity bits", "bits a note", "bits without touch"} <= set(said["Markov"])
    total = [said["Markov"][f"{part} bits"].value for part in ("step", "pitch", "velocity")]
    total.append(said["Markov"]["duration bits"].value)
    assert said["Markov"]["bits a note"].value == pytest.approx(sum(total))


def test_what_a_score_does_not_say_is_nobodys_question() -> None:
    played, score = work(0, SCALE * 6), work(1, SCALE * 6, "score")
    (unigram, *_) = baselines([played, score], [played])
    questions = Questions([score], most=20)
    said = unigram.foresees(questions.before, questions.true)
    assert np.isnan(said.bits[:, VELOCITY]).all()
    assert np.isnan(said.bits[:, PEDAL]).all()
    assert np.isfinite(said.bits[:, [STEP, PITCH, DURATION]]).all()
    assert "velocity bits" not in figures(said, questions.owner)


def test_an_even_chance_costs_as_many_bits_as_it_must() -> None:
    def even(part: int) -> object:
        return lambda before: np.full((len(before), SIZES[part]), 1 / SIZES[part])

    fair = Baseline("fair", "", tuple(even(part) for part in range(len(PARTS))))  # type: ignore[arg-type]
    questions = Questions([work(0, SCALE * 6)], most=5)
    said = figures(fair.foresees(questions.before, questions.true), questions.owner)
    assert said["pitch bits"].value == 7
    assert said["velocity bits"].value == 5
    assert said["bits a note"].value == pytest.approx(12 + np.log2(SIZES[STEP] * SIZES[DURATION]))


def test_repeat_last_is_as_often_right_as_music_repeats() -> None:
    said = RepeatLast.of(np.array([0, 0, 0, 1, 1, 1]), np.array([0, 3]), size=3)
    assert said.again == pytest.approx(5 / 6)  # four of four, and one each for what never came
    odds = said.odds(np.array([[2, 0], [0, 2]]))
    np.testing.assert_allclose(odds.sum(axis=1), 1)
    assert odds[0, 0] == odds[1, 2] == pytest.approx(5 / 6)
    assert odds[0, 1] > odds[0, 2]


def test_a_rank_counts_what_was_likelier() -> None:
    odds = np.array([[0.5, 0.3, 0.2], [0.5, 0.3, 0.2]])
    assert rank_of(odds, np.array([0, 2])).tolist() == [0, 2]


def test_hits_are_told_by_rank() -> None:
    said = Foreseen(np.full((4, len(PARTS)), np.nan), np.array([0.0, 1.0, 4.0, 5.0]))
    told = figures(said, np.zeros(4, dtype=np.int64))
    assert (told["pitch top 1"].value, told["pitch top 5"].value) == (0.25, 0.75)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = prepared(tmp_path_factory.mktemp("work"))
    export(Config(folder / "runs" / "model3", folder / "data", folder / "mine.onnx"))
    return folder / "mine.onnx"


def test_a_window_models_bits_are_its_loss(model: Path) -> None:
    import torch

    from performer.model import Model
    from trainer.network import Prediction

    piece = work(0, SCALE * 6)
    said = asked(model, Questions([piece], most=7))
    assert said.bits.shape == (7, len(PARTS))
    assert np.isnan(said.bits[:, [VELOCITY, PEDAL]]).all()
    rows = rows_of(piece)
    windows = np.stack([rows[place : place + WINDOW] for place in range(7)])
    names = ["pitch_logits", "step", "duration"]
    heads = Model.load(model).run(names, {"window": windows})
    predicted = Prediction(*(torch.from_numpy(head) for head in heads))
    nats = losses(predicted, torch.from_numpy(rows[WINDOW : WINDOW + 7])).pitch
    assert said.bits[:, PITCH].mean() == pytest.approx(float(nats) / np.log(2), rel=1e-4)


def test_every_codec_that_plays_can_be_asked() -> None:
    from performer.improviser import PLAYERS
    from trainer.foreseen import ASKED

    assert set(ASKED) == set(PLAYERS)
    assert touch.CODEC in ASKED
