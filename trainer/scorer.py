"""Fits the scorer that ships with a model, and says what it is worth.

The rule kept here: a scorer belongs to the file it was fitted for and names its fingerprint. It is
taught by train works and judged by test works; the file says what scikit-learn's regression says,
to a hundred thousandth, or is not written.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import click
import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper
from rich.console import Console
from rich.progress import track

from performer.descriptors import described
from performer.figures import FIGURES
from performer.improviser import Improviser
from performer.model import Model
from performer.refusal import Refusal
from performer.scorer import THREE_NOTES, Scorer, ScorerCard, scorer_of
from performer.shelf import SHIPPED
from performer.take import write_whole
from performer.taste import Taste
from trainer import likeness, trees
from trainer.confidence import Measured
from trainer.corruptions import GRAND, REAL, REFERENCE, TASTES
from trainer.impressions import Listened, Listener, Playing, some
from trainer.judges import Trial, judged
from trainer.likeness import Likeness
from trainer.listeners import Learnt, Pool, tried
from trainer.page import written as in_words
from trainer.splits import TEST, TRAIN
from trainer.teaching import (
    Doubles,
    Kinds,
    Lesson,
    Rival,
    Taught,
    Traits,
    accuracy,
    auc,
    curve,
    miscalibration,
    rivals,
    taught,
    won,
)
from trainer.works import Excerpt, Work, played, read_works

IR_VERSION, OPSET = 8, 17
GRAPH = """
<ir_version: {ir_version}, opset_import: ["": {opset}, "{trees}": {trees_version}]>
scorer (float[batch, {width}] embedding, float[batch, {figures}] figures) => (
    float[batch, 1] odds, float[batch, 1] score, float[batch, {traits}] traits,
    float[batch, 1] likeness
) {{
    seems = Gemm(embedding, kind_weights, kind_bias)
    kinds = Softmax <axis = 1> (seems)
    worth = Gemm(kinds, worths, bias)
    traits = Gemm(embedding, trait_weights, trait_bias)
    liked = MatMul(traits, leaning)
    odds = Add(worth, liked)
    score = Sigmoid(odds)
}}
"""
PROMPTS, TESTS = 160, 40  # continuations of train works, and of test works
TOLERANCE = 1e-4  # of the odds, relative to the largest


@dataclass(frozen=True, slots=True)
class Config:
    """What is fitted, and by how much."""

    model: Path
    reference: Path
    data: Path
    kept: Path
    out: Path
    prompts: int
    tests: int


@dataclass(frozen=True, slots=True, eq=False)
class Fitted:
    """What a scorer learnt, and what it is worth on test works."""

    taught: Taught
    lesson: Lesson
    test: Lesson
    judged: Mapping[str, Measured]  # by temperature: how well a judge tells it from a composer
    pool: Pool  # of what made-up listeners rate
    likeness: Likeness

    @property
    def odds(self) -> Doubles:
        """Of the test works, (prompts, versions)."""
        return self.taught.kinds.odds(self.test.embeddings)

    def figures(self) -> dict[str, Measured]:
        """All that is measured on test works, by name."""
        odds = self.odds
        others = [name for name in self.test.names if name != REAL]
        ranked = [
            (f"ranked: {self.test.names[better]} above {self.test.names[worse]}", (better, worse))
            for better, worse in self.test.pairs
        ]
        return {
            **{name: won(odds, pair, self.test.works) for name, pair in ranked},
            **{f"AUC: {REAL} against {name}": auc(self.test, odds, name) for name in others},
            "accuracy: as composed or not": accuracy(self.test, odds),
            "AUC: likeness of a hundred notes, train works kept away": self.likeness.auc,
        }

    def mean_odds(self) -> dict[str, float]:
        """The mean odds of each version."""
        return dict(zip(self.test.names, self.odds.mean(axis=0).tolist(), strict=True))


def fit(config: Config, console: Console) -> ScorerCard:
    """Hear, fit, measure, and write the scorer and its card. Raises Refusal."""
    fitted = measured(config, console)
    card = ScorerCard(
        model=config.model.stem,
        sha256=Model.load(config.model).sha256,
        kind="shipped",
        taught_by=(
            f"{len(fitted.lesson.works)} continuations of train works as composed, as models play "
            "them, and spoilt by degrees; nobody's ratings"
        ),
        licence="CC-BY-SA-4.0",
        date=date.today().isoformat(),
        figures={name: round(one.value, 4) for name, one in fitted.figures().items()},
        descriptors=fitted.likeness.names,
    )
    learnt = fitted.taught
    node = trees.as_node(fitted.likeness.trees, "figures", "likeness")
    write(Weights(learnt.kinds, learnt.traits, node), card, config.out)
    others = rivals(fitted.lesson, fitted.test, learnt)
    text = as_markdown(card, fitted, others)
    config.out.with_suffix(".md").write_text(text, encoding="utf-8")
    return card


def measured(config: Config, console: Console) -> Fitted:
    """What is learnt, and what it is worth."""
    improviser = Improviser(Model.load(config.model))
    reference = Improviser(Model.load(config.reference))
    tastes = {GRAND: Taste(), **TASTES}
    players = {name: Playing(improviser, taste) for name, taste in tastes.items()}
    listener = Listener(improviser, {**players, REFERENCE: Playing(reference)}, config.kept)
    console.print("Reading the works")
    train, test = (played(read_works(config.data, split)) for split in (TRAIN, TEST))

    def heard(asked: Sequence[Excerpt], what: str) -> list[Listened]:
        return list(track(listener.heard(asked), what, total=len(asked), console=console))

    learnt, asked = some(train, config.prompts), some(test, config.tests)
    lesson, trial = heard(learnt, "Hearing train works"), heard(asked, "Hearing test works")
    console.print("Fitting")
    return Fitted(
        taught(Lesson.of(lesson)),
        Lesson.of(lesson),
        Lesson.of(trial),
        told_apart(trial, tuple(tastes)),
        Pool.of([*learnt, *asked], [*lesson, *trial]),
        _likeness(improviser, train, config, console),
    )


def told_apart(heard: Sequence[Listened], names: Sequence[str]) -> dict[str, Measured]:
    """How well a judge by descriptors tells some versions from what was composed."""
    works = [one.work for one in heard]
    real, *others = ([one.music[one.names.index(name)] for one in heard] for name in (REAL, *names))
    trials = [Trial.of(real, other, works) for other in others]
    found = [judged(trial, [False])[0].auc for trial in trials]
    return dict(zip(names, found, strict=True))


def _likeness(
    improviser: Improviser, train: Sequence[Work], config: Config, console: Console
) -> Likeness:
    asked = likeness.prompts(train)
    answers = likeness.continued(improviser, asked, config.kept / "continued")
    what = "Letting it continue train works"
    heard = [
        likeness.compared(ask, played)
        for ask, played in zip(
            asked, track(answers, what, len(asked), console=console), strict=True
        )
    ]
    console.print("Telling it from composers")
    return likeness.taught(list(described(THREE_NOTES)), heard)


@dataclass(frozen=True, slots=True, eq=False)
class Weights:
    """All that a scorer's file says."""

    kinds: Kinds  # how good an impression seems
    traits: Traits  # along what listeners differ
    likeness: onnx.NodeProto  # how like a composer's the notes are, by (n, figures)
    leaning: Doubles | None = None  # (traits,) of one listener

    @property
    def leans(self) -> Doubles:
        """How much each trait is liked, (traits,): as such not at all."""
        return np.zeros(len(self.traits.bias)) if self.leaning is None else self.leaning

    def odds(self, embeddings: NDArray[np.floating]) -> Doubles:
        """How good (n, width) impressions seem, (n,)."""
        liked = self.traits.of_each(embeddings) @ self.leans
        return np.asarray(self.kinds.odds(embeddings) + liked)


def graph(weights: Weights, figures: int) -> onnx.ModelProto:
    """A scorer as a graph."""
    width, count = weights.traits.weights.shape
    text = GRAPH.format(
        ir_version=IR_VERSION,
        opset=OPSET,
        trees=trees.DOMAIN,
        trees_version=trees.VERSION,
        width=width,
        traits=count,
        figures=figures,
    )
    model = onnx.parser.parse_model(text)
    model.graph.node.append(weights.likeness)
    constants = {
        "kind_weights": weights.kinds.weights,
        "kind_bias": weights.kinds.bias,
        "worths": weights.kinds.worth.weights[:, None],
        "bias": np.array([weights.kinds.worth.bias]),
        "leaning": weights.leans[:, None],
        "trait_weights": weights.traits.weights,
        "trait_bias": weights.traits.bias,
    }
    for name, value in constants.items():
        model.graph.initializer.append(numpy_helper.from_array(value.astype(np.float32), name))
    onnx.checker.check_model(model, full_check=True)
    return model


def write(weights: Weights, card: ScorerCard, out: Path) -> None:
    """Put a scorer into its place, if it says what the weights say. Raises Refusal."""
    model = graph(weights, len(card.descriptors))
    onnx.helper.set_model_props(model, card.to_metadata())
    trial = out.with_name(f".{out.name}.trial")
    out.parent.mkdir(parents=True, exist_ok=True)
    try:
        write_whole(trial, model.SerializeToString())
        if _differs(Scorer.load(trial, card.sha256), weights):
            raise Refusal(f"{out} was not written: it would say otherwise than the regression.")
        trial.replace(out)
    finally:
        trial.unlink(missing_ok=True)


def _differs(scorer: Scorer, weights: Weights) -> bool:
    """True where the file says otherwise of noise."""
    dice = np.random.default_rng(0)
    asked = dice.normal(size=(64, len(weights.kinds.weights))).astype(np.float32)
    pairs = (
        (scorer.odds(asked), weights.odds(asked)),
        (scorer.traits(asked), weights.traits.of_each(asked)),
    )
    return any(
        not np.abs(said - wanted).max() <= TOLERANCE * max(np.abs(wanted).max(), 1.0)
        for said, wanted in pairs
    )


CARD = """# The scorer of {card.model}

A logistic regression on what {card.model} (`{short}`) knows at each of 25 notes (the mean and the
last of its last hidden layer, along the {traits} directions in which music differs most; how
likely steps, pitches, velocities and durations were to it) and on {plain} plain figures of the
notes. It says how likely each kind of version is; the odds are what these are worth, as pairs say.
Taught by {card.taught_by}.
In every version the length (25 notes), the beginning, the pedal and the mean and spread of
velocities are those of the composer's continuation; a key that is struck again ends, as it sounds.
Strength {strength:g}, the best of {tried} by pairs won on works kept away (five folds).

Beside it, boosted trees over {compared} plain figures say how like a composer's some notes are, and
by that an answer is chosen and steered. They were taught by {lengths} notes of train works, and of
what {card.model} plays instead.

On test works, with the bounds within which 95 of 100 choices of works fall:

| figure | |
| --- | --- |
{figures}
Off from its own certainty by {miscalibration:.3f} on average (as many composed as not).

| mean odds (log) | |
| --- | --- |
{means}
| the flagship's temperature | mean odds (log) | AUC of a judge by descriptors, {tests} a side |
| --- | --- | --- |
{warmth}
By the mean odds: {by_odds}. By the judge: {by_judge}. {agreement}

| taught by so many works | pairs won on test works |
| --- | --- |
{curve}
| learnt otherwise from the same | pairs won on test works | ahead of this one by |
| --- | --- | --- |
{rivals}
Made-up listeners rate continuations from 1 to 5, and noisily so; the share of other ratings that is
then put in the right order. The first favours what is slow and low, the second what the score does.

| ratings | shipped score | personal score | the taste itself | worst change |
| --- | --- | --- | --- | --- |
{listeners}
Licence: {card.licence}. Made on {card.date}. `antiphon-train scorer fit` makes it anew.
"""


def as_markdown(card: ScorerCard, fitted: Fitted, others: Sequence[Rival]) -> str:
    """The card for people."""
    learnt = fitted.taught
    return CARD.format(
        **_warmth(fitted),
        traits=len(learnt.traits.bias),
        plain=FIGURES,
        card=card,
        short=card.sha256[:12],
        strength=learnt.strength,
        compared=len(card.descriptors),
        lengths=", ".join(map(str, likeness.LENGTHS)),
        tried=_listed({f"{strength:g}": share for strength, share in learnt.tried.items()}),
        figures=_rows((name, in_words(one)) for name, one in fitted.figures().items()),
        miscalibration=miscalibration(fitted.test, fitted.odds),
        means=_rows(
            (name, f"{mean:.2f}")
            for name, mean in sorted(fitted.mean_odds().items(), key=lambda each: -each[1])
        ),
        curve=_rows(
            (f"{works}", f"{share:.3f}")
            for works, share in curve(fitted.lesson, learnt.strength, fitted.test)
        ),
        listeners=_rows(
            _of_listener(one)
            for agrees in (False, True)
            for one in tried(fitted.pool, learnt.kinds, learnt.traits, agrees)
        ),
        rivals=_rows((one.name, in_words(one.won), in_words(one.ahead)) for one in others),
    )


def _warmth(fitted: Fitted) -> dict[str, object]:
    """The temperatures as the score puts them, and as a judge does, the best first."""
    odds, areas = fitted.mean_odds(), {name: auc.value for name, auc in fitted.judged.items()}
    by_odds = sorted(areas, key=lambda name: -odds[name])
    by_judge = sorted(areas, key=lambda name: areas[name])
    return {
        "tests": len(fitted.test.works),
        "warmth": _rows(
            (_as_warm(name), f"{odds[name]:.2f}", in_words(auc))
            for name, auc in fitted.judged.items()
        ),
        "by_odds": " > ".join(map(_as_warm, by_odds)),
        "by_judge": " > ".join(map(_as_warm, by_judge)),
        "agreement": "The two agree." if by_odds == by_judge else "The two differ.",
    }


def _as_warm(name: str) -> str:
    return "1" if name == GRAND else name.removeprefix("temperature ")


def _of_listener(learnt: Learnt) -> list[str]:
    shares = (learnt.shipped, learnt.personal, learnt.possible, learnt.worst)
    return [f"{learnt.ratings}", *(f"{share:.3f}" for share in shares)]


def _listed(values: Mapping[str, float]) -> str:
    return ", ".join(f"{name} ({value:.3f})" for name, value in values.items())


def _rows(rows: Iterable[Sequence[str]]) -> str:
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


@click.group()
def command() -> None:
    """Teach an ear that scores what a model plays."""


@command.command(
    epilog="\b\nExample:\n  antiphon-train scorer fit exported_models/grand.onnx --data data"
)
@click.argument("model", type=click.Path(path_type=Path))
@click.option(
    "--reference",
    type=click.Path(path_type=Path),
    default=SHIPPED / "model2.onnx",
    help="A weaker model, to rank below it.",
)
@click.option("--data", type=click.Path(path_type=Path), default=Path("data"), show_default=True)
@click.option(
    "--kept",
    type=click.Path(path_type=Path),
    default=Path("heard"),
    show_default=True,
    help="Where what was heard is kept, to go on from.",
)
@click.option("--out", type=click.Path(path_type=Path), help="The scorer.  [default: beside MODEL]")
@click.option("--prompts", type=click.IntRange(min=20), default=PROMPTS, show_default=True)
@click.option("--tests", type=click.IntRange(min=10), default=TESTS, show_default=True)
def fit_command(
    model: Path,
    reference: Path,
    data: Path,
    kept: Path,
    out: Path | None,
    prompts: int,
    tests: int,
) -> None:
    """Fit the scorer of a model to real, spoilt and generated music."""
    console = Console(stderr=True, highlight=False)
    place = out or scorer_of(model)
    try:
        card = fit(Config(model, reference, data, kept, place, prompts, tests), console)
    except KeyboardInterrupt:
        console.print("Stopped. The same command goes on from here.")
        raise SystemExit(130) from None
    for name, value in card.figures.items():
        click.echo(f"{name}: {value:.3f}")
    click.echo(f"{place} and its card are written")


fit_command.name = "fit"
