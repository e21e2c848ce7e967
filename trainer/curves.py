"""Draws how the losses fell, epoch by epoch: the total and its parts, all runs in one figure.

The rule kept here: a figure is read from the runs' metrics alone, so it can be drawn while they
still learn. Valid works are drawn whole, train windows dashed, on a scale of ratios.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

PARTS = ("total", "pitch", "step", "duration")
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")  # Okabe and Ito
History = Sequence[Mapping[str, Any]]


def histories(runs: Path) -> dict[str, History]:
    """The metrics of all runs of reference models in a folder, by name."""
    found = {path.parent.name: history(path) for path in sorted(runs.glob("*/metrics.jsonl"))}
    return {name: epochs for name, epochs in found.items() if "total" in epochs[0]["valid"]}


def history(path: Path) -> History:
    """The metrics of one run."""
    return [json.loads(line) for line in path.read_text().splitlines()]


def drawn_by_notes(epochs: History) -> Figure:
    """The flagship's bits a note on valid works, by the notes that it has learnt from."""
    figure = Figure(figsize=(10, 5), layout="constrained")
    panels = figure.subplots(1, 2, sharex=True)
    millions = [epoch["notes"] / 1e6 for epoch in epochs]
    for kind, colour in zip(("played", "score"), COLOURS, strict=False):
        bits = [epoch["valid"][kind]["total"] for epoch in epochs if kind in epoch["valid"]]
        panels[0].plot(millions[: len(bits)], bits, color=colour, label=f"valid works, {kind}")
    learnt = [epoch["train"]["total"] for epoch in epochs]
    panels[0].plot(millions, learnt, ":", color=COLOURS[3], label="train, as it is changed")
    played = [epoch["valid"].get("played", epoch["valid"].get("score")) for epoch in epochs]
    for part, colour in zip(played[0], COLOURS, strict=False):
        if part != "total":
            panels[1].plot(millions, [bits[part] for bits in played], color=colour, label=part)
    for panel, title in zip(panels, ("bits a note", "by part, valid works"), strict=True):
        panel.set_title(title, loc="left")
        panel.set_xlabel("million notes learnt from")
        panel.set_yscale("log")
        panel.yaxis.set_major_formatter("{x:.3g}")
        panel.yaxis.set_minor_formatter("{x:.3g}")
        panel.spines[["top", "right"]].set_visible(False)
        panel.legend(frameon=False, fontsize="small")
    return figure


def drawn(runs: Mapping[str, History]) -> Figure:
    """The losses by epoch, a part a panel."""
    figure = Figure(figsize=(10, 6.5), layout="constrained")
    panels = figure.subplots(2, 2, sharex=True)
    for panel, part in zip(panels.flat, PARTS, strict=True):
        for colour, (name, history) in zip(COLOURS, runs.items(), strict=False):
            epochs = [epoch["epoch"] for epoch in history]
            for side, stroke in (("valid", "-"), ("train", ":")):
                losses = [epoch[side][part] for epoch in history]
                panel.plot(epochs, losses, stroke, color=colour, label=f"{name}, {side}")
        panel.set_title(part, loc="left")
        panel.set_yscale("log")
        panel.yaxis.set_major_formatter("{x:.3g}")
        panel.yaxis.set_minor_formatter("{x:.3g}")
        panel.spines[["top", "right"]].set_visible(False)
    for panel in panels[-1]:
        panel.set_xlabel("epoch")
    panels[0, 1].legend(frameon=False, fontsize="small")
    return figure
