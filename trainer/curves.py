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
    """The metrics of all runs in a folder, by name."""
    return {
        path.parent.name: [json.loads(line) for line in path.read_text().splitlines()]
        for path in sorted(runs.glob("*/metrics.jsonl"))
    }


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
