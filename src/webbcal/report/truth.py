"""What a simulated programme found again of its truth: checks with limits, and their section."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from webbcal.report.charts import Axis, Bars, Layer, Line, Outline, Points, Segments, chart
from webbcal.report.comparison import Comparison
from webbcal.report.comparison_of_mosaics import STEP_MAG, Alignment, MosaicComparison
from webbcal.report.markup import Markup, badge, section, table, tag

__all__ = ["Check", "Findings", "checks_of", "truth_section"]

RATE = 0.001
"""Of the median of rate over truth, besides four standard errors of it."""

PULL = 1.3
RELATIVE_MAS, ABSOLUTE_MAS = 0.3, 0.5
FLUX, SCATTER = 0.005, 0.01
FOUND, REAL = 0.98, 0.95

PULLS = 5.0
"""How far the plot of pulls reaches, standard errors."""


@dataclass(frozen=True)
class Findings:
    """All that is compared: rates by exposure, pointings before and after, the catalogue."""

    rates: dict[str, Comparison]
    before: Alignment
    after: Alignment
    mosaic: MosaicComparison


@dataclass(frozen=True)
class Check:
    """One thing that was to be found again: what was found, what is allowed, and the verdict."""

    what: str
    found: str
    limit: str
    good: bool


def checks_of(findings: Findings) -> list[Check]:
    """Return all checks; the truth was found again if each of them is good."""
    return [*_of_rates(findings.rates), *_of_pointings(findings), *_of_catalogue(findings.mosaic)]


def _of_rates(rates: dict[str, Comparison]) -> Iterator[Check]:
    bins = [b for one in rates.values() for b in one.bins]
    worst = max(bins, key=lambda b: abs(b.ratio - 1) - 4 * b.ratio_error)
    yield Check(
        "count rates, worst bin of brightness",
        f"{100 * (worst.ratio - 1):+.2f} ± {100 * worst.ratio_error:.2f} %",
        f"{100 * RATE:g} % + 4 sigma",
        abs(worst.ratio - 1) < RATE + 4 * worst.ratio_error,
    )
    widest = max(b.pull_width for b in bins)
    yield Check("width of their pulls", f"{widest:.2f}", f"< {PULL:g}", widest < PULL)


def _of_pointings(findings: Findings) -> Iterator[Check]:
    before, after = findings.before, findings.after
    yield Check(
        f"exposures on each other, was {before.relative:.0f} mas",
        f"{after.relative:.2f} mas",
        f"< {RELATIVE_MAS:g} mas",
        after.relative < RELATIVE_MAS,
    )
    yield Check(
        f"exposures on the sky, was {before.absolute:.0f} mas",
        f"{after.absolute:.2f} mas",
        f"< {ABSOLUTE_MAS:g} mas",
        after.absolute < ABSOLUTE_MAS,
    )


def _of_catalogue(mosaic: MosaicComparison) -> Iterator[Check]:
    yield Check(
        f"flux of {len(mosaic.ratio)} bright lone stars",
        f"{100 * (mosaic.median - 1):+.2f} %",
        f"< {100 * FLUX:g} %",
        abs(mosaic.median - 1) < FLUX,
    )
    yield Check(
        "scatter of these fluxes",
        f"{100 * mosaic.scatter:.2f} %",
        f"< {100 * SCATTER:g} %",
        mosaic.scatter < SCATTER,
    )
    yield Check(
        "lone stars above S/N 100 found",
        f"{mosaic.found} of {mosaic.certain}",
        f"> {100 * FOUND:g} %",
        mosaic.certain > 0 and mosaic.found > FOUND * mosaic.certain,
    )
    yield Check(
        "entries of the catalogue true",
        f"{mosaic.real} of {mosaic.entries}",
        f"> {100 * REAL:g} %",
        mosaic.entries > 0 and mosaic.real > REAL * mosaic.entries,
    )


def truth_section(findings: Findings) -> Markup:
    """Return the section of the report that compares with the truth."""
    checks = checks_of(findings)
    rows = [
        (badge("yes", "good") if one.good else badge("no", "bad"), one.what, one.found, one.limit)
        for one in checks
    ]
    return section(
        "truth",
        "Compared with the truth",
        table(("found again", "what", "found", "asked for"), rows),
        tag("h3", "Count rates"),
        _rates_table(findings.rates),
        tag("div", _ratios(findings.rates), _pulls(findings.rates), class_="pair"),
        tag("h3", "Mosaic"),
        tag(
            "div",
            _pointings(findings.before, findings.after),
            _fluxes(findings.mosaic),
            _completeness(findings.mosaic),
            class_="three",
        ),
        note="These exposures are simulated: what a perfect calibration would find is known.",
    )


def _rates_table(rates: dict[str, Comparison]) -> Markup:
    rows = [
        (
            tag("code", name),
            one.pixels,
            one.jumps,
            one.saturated,
            f"{100 * (one.ratio - 1):+.3f} %",
            f"{one.pull_width:.3f}",
        )
        for name, one in rates.items()
    ]
    head = (
        "count rate",
        "pixels",
        "with a jump",
        "saturated",
        "rate / truth - 1",
        "width of pulls",
    )
    return table(head, rows, numbers=(1, 2, 3, 4, 5))


def _ratios(rates: dict[str, Comparison]) -> Markup:
    bins = [b for one in rates.values() for b in one.bins]
    reach = 1.3 * max(100 * (abs(b.ratio - 1) + b.ratio_error) for b in bins)
    x = Axis("true rate / (DN/s)", min(b.low for b in bins), max(b.high for b in bins), log=True)
    limit = 100 * RATE
    layers: list[Layer] = [_band(x, limit, f"{limit:g} %")]
    for colour, one in enumerate(rates.values()):
        # Side by side within their bin, for the error bars to be seen.
        shift = (colour + 1) / (len(rates) + 1)
        places = [b.low * (b.high / b.low) ** shift for b in one.bins]
        values = [100 * (b.ratio - 1) for b in one.bins]
        errors = [100 * b.ratio_error for b in one.bins]
        stakes = [(p, v + sign * e) for p, v, e in zip(places, values, errors, strict=True)
                  for sign in (-1, 1, np.nan)]  # fmt: skip
        layers += [
            Line([p for p, _ in stakes], [v for _, v in stakes], colour),
            Points(places, values, colour, size=5.0),
        ]
    y = Axis("median of rate / truth - 1 (%)", -reach, reach)
    return chart(layers, x, y, title="rate over truth by brightness, a colour per exposure")


def _pulls(rates: dict[str, Comparison]) -> Markup:
    pulls = np.concatenate([one.pulls for one in rates.values()])
    edges = np.linspace(-PULLS, PULLS, 81)
    density = np.histogram(pulls, edges)[0] / (pulls.size * (edges[1] - edges[0]))
    heights = np.where(density > 0, density, np.nan).repeat(2)
    x = np.linspace(-PULLS, PULLS, 161)
    gaussian = np.exp(-(x**2) / 2) / np.sqrt(2 * np.pi)
    layers = [
        Line(edges.repeat(2)[1:-1].tolist(), heights.tolist(), 0, name="all pixels"),
        Line(x.tolist(), gaussian.tolist(), 1, dashed=True, name="normal distribution"),
    ]
    axes = Axis("(rate - truth) / error", -PULLS, PULLS), Axis("density", 1e-5, 1.0, log=True)
    return chart(layers, *axes, title="pulls of the count rates")


def _pointings(before: Alignment, after: Alignment) -> Markup:
    starts, ends = (one.offsets.tolist() for one in (before, after))
    reach = 1.2 * float(np.abs(before.offsets).max()) + 1.0
    layers = [Segments([tuple(s) for s in starts], [tuple(e) for e in ends], 1)]
    return chart(
        layers,
        Axis("east / mas", reach, -reach),
        Axis("north / mas", -reach, reach),
        title="pointing error of each exposure, as observed (dot) and after alignment",
        size=(460, 400),
        equal=True,
    )


def _fluxes(mosaic: MosaicComparison) -> Markup:
    if not len(mosaic.ratio):
        return Markup("")
    values = 100 * (mosaic.ratio - 1)
    reach = max(1.15 * float(np.percentile(np.abs(values), 98)), 1.0)
    x = Axis("true AB magnitude", mosaic.magnitude.min() - 0.3, mosaic.magnitude.max() + 0.3)
    layers: list[Layer] = [
        _band(x, 100 * FLUX, f"{100 * FLUX:g} %"),
        Points(mosaic.magnitude.tolist(), values.tolist(), 0, size=5.0),
    ]
    y = Axis("flux / truth - 1 (%)", -reach, reach)
    return chart(layers, x, y, title="fluxes of bright lone stars", size=(460, 400))


def _completeness(mosaic: MosaicComparison) -> Markup:
    bins = mosaic.bins
    edges = [b.magnitude - STEP_MAG / 2 for b in bins] + [bins[-1].magnitude + STEP_MAG / 2]
    layers = [
        Bars(edges, [b.true for b in bins], 7, name="true sources"),
        Bars(edges, [b.found for b in bins], 0, name="in the catalogue"),
    ]
    x = Axis("true AB magnitude", edges[0], edges[-1])
    y = Axis("sources", 0.0, 1.08 * max(b.true for b in bins))
    return chart(layers, x, y, title="completeness", size=(460, 400))


def _band(x: Axis, half: float, name: str) -> Outline:
    corners = [(x.low, -half), (x.high, -half), (x.high, half), (x.low, half)]
    return Outline(corners, 2, name=f"within {name}")
