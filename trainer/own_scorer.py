"""Makes a listener's own scorer from ratings, where they vouch for one.

The rule kept here: what was rated is heard by the model that is to be scored, from the files beside
the table; the latest verdict of everyone counts. Where ratings kept away do not gain by it nothing
is written, and one that was written before is taken away, so that no one is left worse off.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

import click
import numpy as np
from numpy.typing import NDArray

from performer.critic import own_scorer
from performer.descriptors import as_heard
from performer.improviser import Improviser
from performer.model import Model
from performer.notes import Phrase
from performer.ratings import Rated, Rating, latest, ratings, read
from performer.refusal import Refusal
from performer.scorer import Scorer, embedded, scorer_of
from performer.shelf import find_model
from performer.touch import kind_of, phrase_tokens
from performer.touch_player import HEARING, TouchPlayer
from trainer.continuations import name_of
from trainer.impressions import listened
from trainer.personal import LEAST_RATINGS, Personal, Verdicts, as_said, personal
from trainer.scorer import Weights, write
from trainer.teaching import Kinds, Line, Traits


def embedding_of(player: TouchPlayer, rated: Rated) -> NDArray[np.float32]:
    """What a model makes of what was rated, after its prompt, (2 * width + PLAIN,)."""
    whole = Phrase.of([*rated.prompt.notes, *rated.answer], [*rated.prompt.pedal, *rated.pedal])
    music = phrase_tokens(whole)
    kind = kind_of(np.array([note.start for note in rated.prompt.notes]))
    memory, last = player.fresh, len(rated.prompt.notes) - 1
    for note in music[:last]:
        memory = player.said(note, kind, memory, HEARING).memory
    heard = as_heard(rated.answer)
    return embedded(*listened(player, music[last:], kind, memory), heard)


def verdicts(said: Sequence[Rating], folder: Path, player: TouchPlayer, scorer: Scorer) -> Verdicts:
    """Ratings as a shipped scorer and its traits see them. Raises Refusal where music is gone."""
    names = sorted({name for one in said for name in (one.what, one.against) if name})
    music = {name: read(folder, name) for name in names}
    heard = np.stack([embedding_of(player, music[name]) for name in names])
    place = {name: number for number, name in enumerate(names)}
    prior, traits = (part.astype(np.float64) for part in (scorer.odds(heard), scorer.traits(heard)))
    first = np.array([place[one.what] for one in said])
    other = np.array([place[one.against] if one.against else -1 for one in said])
    is_single = other < 0
    prompts = {name: name_of(each.prompt) for name, each in music.items()}
    groups = np.unique([prompts[one.what] for one in said], return_inverse=True)[1]
    return Verdicts(
        prior[first] - np.where(is_single, 0.0, prior[other]),
        traits[first] - np.where(is_single[:, None], 0.0, traits[other]),
        is_single,
        np.array([as_said(one.mark, bool(one.against)) for one in said]),
        groups.astype(np.int64),
    )


def shifted(shipped: Weights, learnt: Personal) -> Weights:
    """The shipped weights, as a listener leans."""
    leaning = learnt.leaning
    worth = shipped.kinds.worth.scaled(leaning.trust, leaning.bias)
    return replace(shipped, kinds=replace(shipped.kinds, worth=worth), leaning=leaning.weights)


def make(model: Path, folder: Path, who: str | None, out: Path) -> Personal:
    """Fit and write a listener's own scorer; what was learnt. Raises Refusal."""
    said = [one for one in latest(ratings(folder)) if who in (None, one.who)]
    if len(said) < LEAST_RATINGS:
        raise Refusal(
            f"{folder} holds {len(said)} ratings: from {LEAST_RATINGS} on something can be learnt. "
            "Add some with antiphon-train rate."
        )
    improviser = Improviser(Model.load(model))
    if not isinstance(improviser.player, TouchPlayer):
        raise Refusal(f"{model} says nothing of what it knows: a scorer needs a flagship.")
    shipped = Scorer.load(scorer_of(model), improviser.model.sha256)
    learnt = personal(verdicts(said, folder, improviser.player, shipped))
    out.unlink(missing_ok=True)
    if learnt.restraint is not None:
        card = replace(
            shipped.card,
            kind="personal",
            taught_by=f"{len(said)} ratings, beside {shipped.card.taught_by}",
            date=date.today().isoformat(),
            figures={"nats gained on ratings kept away": round(learnt.gain, 4)},
        )
        write(shifted(read_back(scorer_of(model)), learnt), card, out)
    return learnt


def read_back(path: Path) -> Weights:
    """The weights of a scorer's file."""
    import onnx
    from onnx import numpy_helper

    graph = onnx.load(path).graph
    kept = {each.name: numpy_helper.to_array(each).astype(np.float64) for each in graph.initializer}
    return Weights(
        Kinds(
            kept["kind_weights"],
            kept["kind_bias"],
            Line(kept["worths"][:, 0], float(kept["bias"][0])),
        ),
        Traits(kept["trait_weights"], kept["trait_bias"]),
        next(node for node in graph.node if "likeness" in node.output),
        kept["leaning"][:, 0],
    )


@click.command(epilog="\b\nExample:\n  antiphon-train personal --folder ratings --who ada")
@click.option("--model", help="A model's name, or an .onnx file.")
@click.option(
    "--folder", type=click.Path(path_type=Path), default=Path("ratings"), show_default=True
)
@click.option("--who", help="Whose ratings.  [default: everyone's]")
@click.option(
    "--out", type=click.Path(path_type=Path), help="[default: where the instrument looks]"
)
def command(model: str | None, folder: Path, who: str | None, out: Path | None) -> None:
    """Shift the shipped scorer towards your own ratings."""
    path = find_model(model)
    place = out or own_scorer(Model.load(path).sha256)
    learnt = make(path, folder, who, place)
    if learnt.restraint is None:
        click.echo(
            f"{learnt.ratings} ratings do not vouch for a taste of their own yet: the shipped "
            "scorer stays."
        )
    else:
        click.echo(
            f"{place} is written: ratings kept away are said better by {learnt.gain:.3f} nats each"
        )
