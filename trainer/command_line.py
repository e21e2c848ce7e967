"""The commands of `antiphon-train`: from a folder of MIDI files to a model that plays.

The rule kept here: each stage is one file, loaded by the command that needs it and by no other; an
error is one sentence and exit status 2, never a traceback.
"""

import sys
from importlib import import_module
from typing import Any

import click

from performer.refusal import Refusal

STAGES = {
    "scrape": "Fetch MIDI files from a site laid out like midiworld.com.",
    "prepare": "Read MIDI files into tables of notes, split by work.",
    "explore": "Draw what is in the prepared music.",
    "train": "Train a reference model: model1, model2 or model3.",
    "grand": "Train the flagship, for as many sittings as it takes.",
    "evaluate": "Compare exported models, by figures and by what they play.",
    "export": "Export a run's best network as an .onnx file.",
    "rate": "Rate music by ear, not knowing who played it.",
    "scorer": "Teach an ear that scores what a model plays.",
    "best-of": "Judge the best of several continuations beside single ones.",
    "personal": "Shift a model's scorer towards your own ratings.",
    "quotations": "Index the pieces learnt from, so that a model hears itself quote.",
    "model": "All of it at once: a folder of MIDI files becomes a model of your own.",
    "bench": "Measure the workshop's speed, as ratios within one run.",
}

FILES = {
    "grand": "train_grand",
    "best-of": "best_of",
    "personal": "own_scorer",
}  # where a stage is, if not in the file of its name


class Stages(click.Group):
    """Loads a stage when it is called, and says a refusal as one sentence."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The stages in the order of their work."""
        return list(STAGES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of a stage."""
        if cmd_name not in STAGES:
            return None
        try:
            command: click.Command = import_module(
                f"trainer.{FILES.get(cmd_name, cmd_name)}"
            ).command
        except ModuleNotFoundError as missing:
            click.echo(
                f"antiphon-train: {cmd_name} needs the package {missing.name}: "
                "pip install 'antiphon[train]'.",
                err=True,
            )
            sys.exit(2)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The stages with their sentences, none of them loaded."""
        with formatter.section("Commands"):
            formatter.write_dl(list(STAGES.items()))

    def invoke(self, ctx: click.Context) -> Any:
        """Run a stage."""
        try:
            return super().invoke(ctx)
        except Refusal as refusal:
            click.echo(f"antiphon-train: {refusal}", err=True)
            sys.exit(2)


@click.command(cls=Stages)
@click.version_option(package_name="antiphon")
def main() -> None:
    """Make a model that plays: scrape, prepare, explore, train, evaluate, export."""


if __name__ == "__main__":
    main()
