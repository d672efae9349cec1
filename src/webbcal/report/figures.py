"""Figures of a run; matplotlib is imported when the first one is drawn."""

from typing import Any

import numpy as np

from webbcal.report.comparison import UNUSABLE, Comparison
from webbcal.spec.products.detector1 import Rate

SIZE = (11.0, 3.6)
INK = "#24415e"
ACCENT = "#c8553d"


def comparison_figure(rate: Rate, comparison: Comparison, title: str) -> Any:
    """Return a figure: the rate, rate over truth by brightness, and the pulls."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=SIZE, layout="constrained")
    left, middle, right = figure.subplots(1, 3)
    figure.suptitle(title, fontsize=11)
    _image(figure, left, rate)
    _ratios(middle, comparison)
    _pulls(right, comparison)
    return figure


def _image(figure: Any, axes: Any, rate: Rate) -> None:
    shown_well = np.isfinite(rate.sci) & (rate.dq & UNUSABLE == 0)
    low, high = np.percentile(rate.sci[shown_well], [1.0, 99.7])
    shown = axes.imshow(
        np.arcsinh((rate.sci - low) / max((high - low) / 50, 1e-6)),
        origin="lower",
        cmap="magma",
        interpolation="nearest",
        vmin=0.0,
        vmax=np.arcsinh(50.0),
    )
    axes.set(xlabel="x / pixel", ylabel="y / pixel", title="count rate, asinh scale")
    bar = figure.colorbar(shown, ax=axes, shrink=0.8, label="DN/s")
    ticks = np.array([low, low + (high - low) / 10, low + (high - low) / 3, high])
    bar.set_ticks(np.arcsinh((ticks - low) / max((high - low) / 50, 1e-6)))
    bar.set_ticklabels([f"{tick:.3g}" for tick in ticks])


def _ratios(axes: Any, comparison: Comparison) -> None:
    centres = [np.sqrt(b.low * b.high) for b in comparison.bins]
    ratios = [100 * (b.ratio - 1) for b in comparison.bins]
    errors = [100 * b.ratio_error for b in comparison.bins]
    axes.axhspan(-0.1, 0.1, color=INK, alpha=0.12, lw=0)
    axes.axhline(0, color=INK, lw=0.8)
    axes.errorbar(centres, ratios, errors, fmt="o", ms=4, color=ACCENT, capsize=2)
    axes.set_xscale("log")
    axes.set_xlim(comparison.bins[0].low, comparison.bins[-1].high)
    axes.xaxis.set_major_formatter("{x:g}")
    axes.xaxis.set_minor_formatter("")
    axes.set(
        xlabel="true rate / (DN/s)",
        ylabel="median of rate / truth - 1 (%)",
        title="accuracy (band: 0.1 %)",
    )


def _pulls(axes: Any, comparison: Comparison) -> None:
    edges = np.linspace(-5, 5, 81)
    axes.hist(comparison.pulls, edges, density=True, color=INK, alpha=0.55)
    x = np.linspace(-5, 5, 301)
    axes.plot(x, np.exp(-(x**2) / 2) / np.sqrt(2 * np.pi), color=ACCENT, lw=1.5)
    axes.set_yscale("log")
    axes.set_ylim(1e-4, 1)
    axes.set(
        xlabel="(rate - truth) / error",
        ylabel="density",
        title=f"pulls, width {comparison.pull_width:.3f}",
    )
