"""Plots of the catalogue of sources."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from webbcal.core.errors import WebbcalError
from webbcal.io.names import root_of
from webbcal.io.read import open_product
from webbcal.report.charts import Axis, Bars, Layer, Line, Picture, Points, chart, covering
from webbcal.report.gather import Entry, Run, number_of
from webbcal.report.looks import Look
from webbcal.report.markup import Markup, data_uri, join, number, section, table, tag
from webbcal.report.pictures import as_png
from webbcal.report.words import plural

__all__ = ["catalogue"]

_APERTURE = re.compile(r"aper(\d+)_flux")
_BRIGHT = 50.0
"""Signal to noise of sources that show the curve of growth."""

_DRAWN = 6000
"""Sources in a plot; of more, the first ones after a shuffle that is always the same."""

_FEW = 3

_ROOM, _LEAST = 960, 300
"""Longest and shortest side of a map of sources, pixels."""


def catalogue(run: Run, looks: Mapping[Path, Look]) -> Markup:
    """Return the section with the plots of every catalogue."""
    parts = []
    for entry in run.entries:
        if entry.suffix == "cat" and not entry.error:
            parts.append(_one(run, entry, looks))
    return section("catalogue", "Catalogue of sources", *parts)


def _one(run: Run, entry: Entry, looks: Mapping[Path, Look]) -> Markup:
    try:
        product = open_product(entry.path)
        rows: np.ndarray = getattr(product, entry.leading)
    except WebbcalError:
        return Markup("")
    title = tag("h3", tag("code", entry.name))
    if len(rows) == 0:
        return join([title, tag("p", "No source was found.")])
    extended = _logical(rows, "is_extended")
    magnitudes = _column(rows, "aper_total_abmag", "isophotal_abmag")
    plots = [
        _histogram(magnitudes, extended),
        _growth(rows, extended, product.attributes.as_dict()),
        _concentration(rows, magnitudes, extended),
        _depth(rows, magnitudes),
    ]
    return join(
        [
            title,
            _summary(rows, magnitudes, extended),
            _positions(run, entry, rows, extended, looks),
            tag("div", *plots, class_="pair"),
        ]
    )


def _column(rows: np.ndarray, *names: str) -> np.ndarray:
    """Return the first of these columns that is there; NaN where none is."""
    for name in names:
        if name in (rows.dtype.names or ()) and rows[name].dtype.kind in "fiu":
            return np.asarray(rows[name], "f8").reshape(len(rows), -1)[:, 0]
    return np.full(len(rows), np.nan)


def _logical(rows: np.ndarray, name: str) -> np.ndarray:
    if name not in (rows.dtype.names or ()):
        return np.zeros(len(rows), bool)
    values = rows[name]
    if values.dtype.kind in "US":
        return np.asarray(np.char.lower(values.astype("U8")) == "true", bool)
    return np.asarray(values, bool)


def _summary(rows: np.ndarray, magnitudes: np.ndarray, extended: np.ndarray) -> Markup:
    good = magnitudes[np.isfinite(magnitudes)]
    lines = [
        ("sources", str(len(rows))),
        ("extended", f"{extended.sum()} ({100 * extended.mean():.0f} %)"),
    ]
    if good.size:
        lines.append(("AB magnitudes", f"{good.min():.2f} to {good.max():.2f}"))
        lines.append(("median", f"{np.median(good):.2f}"))
    if good.size < len(rows):
        lines.append(("without a magnitude", str(len(rows) - good.size)))
    return table((), [(tag("b", name), value) for name, value in lines])


def _histogram(magnitudes: np.ndarray, extended: np.ndarray) -> Markup:
    good = np.isfinite(magnitudes)
    if not good.any():
        return Markup("")
    low, high = np.floor(2 * magnitudes[good].min()) / 2, np.ceil(2 * magnitudes[good].max()) / 2
    step = 0.5 if high - low <= 20 else (high - low) / 40
    edges = np.arange(low, max(high, low + 2 * step) + step / 2, step)
    layers = []
    for colour, name, chosen in ((0, "all", good), (1, "extended", good & extended)):
        counts, _ = np.histogram(magnitudes[chosen], edges)
        if chosen.any():
            layers.append(Bars(edges.tolist(), counts.tolist(), colour, name))
    top = max(max(layer.heights) for layer in layers)
    x = Axis("AB magnitude, total", float(edges[0]), float(edges[-1]))
    y = Axis("sources", 0.0, 1.08 * top)
    return chart(layers, x, y, title=f"magnitudes, bins of {step:g}")


def _growth(rows: np.ndarray, extended: np.ndarray, attributes: Mapping[str, Any]) -> Markup:
    """Return the curve of growth of bright point-like sources: fluxes against the total."""
    sizes = sorted(int(m[1]) for n in rows.dtype.names or () if (m := _APERTURE.fullmatch(n)))
    total, error = _column(rows, "aper_total_flux"), _column(rows, "aper_total_flux_err")
    with np.errstate(divide="ignore", invalid="ignore"):
        bright = (total / error > _BRIGHT) & ~extended & (total > 0)
    if len(sizes) < 2 or bright.sum() < _FEW:
        return Markup("")
    ratios = np.array([_column(rows, f"aper{size}_flux")[bright] / total[bright] for size in sizes])
    ratios = ratios[:, np.isfinite(ratios).all(axis=0)]
    if ratios.shape[1] < _FEW:
        return Markup("")
    radii = _listed(attributes, "aperture_radii", len(sizes))
    corrections = _listed(attributes, "aperture_corrections", len(sizes))
    x = radii if radii else [float(size) for size in sizes]
    label = "radius / pixel" if radii else "encircled energy that the aperture is made for / %"
    quartiles = np.percentile(ratios, [25, 50, 75], axis=1)
    expected = [1.0 / one for one in corrections] or [size / 100.0 for size in sizes]
    layers: list[Layer] = [
        Line(x, expected, 7, dashed=True, name="expected of a point source"),
        *(Line(x, quartiles[n].tolist(), 0, dashed=True) for n in (0, 2)),
        Line(x, quartiles[1].tolist(), 0, name="median and quartiles"),
        Points(x, quartiles[1].tolist(), 0, [f"{v:.4f}" for v in quartiles[1]], size=6),
    ]
    values = [*quartiles.ravel().tolist(), *expected]
    title = (
        f"curve of growth of {plural(int(ratios.shape[1]), 'point source')} above {_BRIGHT:g} sigma"
    )
    return chart(
        layers, covering(label, x, margin=0.1), covering("flux / total", values), title=title
    )


def _listed(attributes: Mapping[str, Any], name: str, count: int) -> list[float]:
    """Return positive numbers, one per aperture, from the header of the catalogue, else nothing."""
    parameters = attributes.get("aperture_params")
    found = parameters.get(name) if isinstance(parameters, Mapping) else None
    if not isinstance(found, list | tuple) or len(found) != count:
        return []
    numbers = [number_of(value) or 0.0 for value in found]
    return numbers if min(numbers) > 0 else []


def _shuffled(chosen: np.ndarray) -> np.ndarray:
    """Return the positions of at most so many sources as a plot bears."""
    places = np.flatnonzero(chosen)
    if len(places) <= _DRAWN:
        return places
    return np.random.default_rng(0).permutation(places)[:_DRAWN]


def _two_kinds(
    x: np.ndarray, y: np.ndarray, extended: np.ndarray, size: float, *, hollow: bool = False
) -> list[Points]:  # fmt: skip
    layers = []
    for colour, name, kind in ((0, "point-like", ~extended), (1, "extended", extended)):
        places = _shuffled(kind & np.isfinite(x) & np.isfinite(y))
        if len(places):
            layers.append(
                Points(x[places].tolist(), y[places].tolist(), colour, (), size, name, hollow)
            )
    return layers


def _concentration(rows: np.ndarray, magnitudes: np.ndarray, extended: np.ndarray) -> Markup:
    names = [name for name in rows.dtype.names or () if name.startswith("CI_")]
    if not names:
        return Markup("")
    ratios = _column(rows, names[0])
    good = np.isfinite(ratios) & np.isfinite(magnitudes)
    if not good.any():
        return Markup("")
    layers = _two_kinds(magnitudes, np.where(good, ratios, np.nan), extended, 3.0)
    low, high = np.percentile(ratios[good], [1, 99])
    return chart(
        layers,
        covering("AB magnitude, total", magnitudes[good]),
        covering(names[0].replace("_", " "), [low, high], margin=0.3),
        title="concentration: ratio of the fluxes in two apertures",
    )


def _depth(rows: np.ndarray, magnitudes: np.ndarray) -> Markup:
    flux, error = _column(rows, "aper_total_flux"), _column(rows, "aper_total_flux_err")
    with np.errstate(divide="ignore", invalid="ignore"):
        signal = flux / error
    good = np.isfinite(signal) & (signal > 0) & np.isfinite(magnitudes)
    if good.sum() < _FEW:
        return Markup("")
    places = _shuffled(good)
    x = covering("AB magnitude, total", magnitudes[good])
    y = covering("signal to noise", signal[good], log=True)
    layers: list[Layer] = [
        Line([x.low, x.high], [5.0, 5.0], 7, dashed=True, name="5 sigma"),
        Points(magnitudes[places].tolist(), signal[places].tolist(), 0, (), 3.0),
    ]
    faint = good & (np.abs(np.log(np.where(good, signal, 1.0) / 5.0)) < 0.3)
    depth = (
        f", about {number(float(np.median(magnitudes[faint])), 4)} mag at 5 sigma"
        if faint.sum() >= _FEW
        else ""
    )
    return chart(layers, x, y, title=f"depth: signal to noise{depth}")


def _positions(
    run: Run, entry: Entry, rows: np.ndarray, extended: np.ndarray, looks: Mapping[Path, Look]
) -> Markup:
    """Return the sources on the mosaic they were found in."""
    x, y = _column(rows, "xcentroid"), _column(rows, "ycentroid")
    if not (np.isfinite(x) & np.isfinite(y)).any():
        return Markup("")
    layers: list[Layer] = []
    mosaic = _mosaic_of(run.entries, entry)
    if mosaic is not None and mosaic.path in looks:
        height, width = mosaic.shape[-2:]
        look = looks[mosaic.path]
        # Blocks at the far edges of the picture may reach beyond the image.
        tall, wide = (size * look.factor - 0.5 for size in look.small.shape)
        uri = data_uri(as_png(look, "gray"), "png")
        layers.append(Picture(uri, (-0.5, wide), (-0.5, tall)))
        across, up = Axis("x / pixel", -0.5, width - 0.5), Axis("y / pixel", -0.5, height - 0.5)
    else:
        across, up = covering("x / pixel", x), covering("y / pixel", y)
    layers += _two_kinds(x, y, extended, 11.0 if len(rows) < 1000 else 6.0, hollow=True)
    drawn = "" if len(rows) <= _DRAWN else f", {_DRAWN} of them drawn"
    title = f"{plural(len(rows), 'source')} on the mosaic{drawn}"
    ratio = (up.high - up.low) / (across.high - across.low)
    width = max(int(_ROOM * min(1.0, 1.0 / ratio)), _LEAST)
    height = max(int(_ROOM * min(1.0, ratio)), _LEAST)
    return chart(layers, across, up, title=title, size=(width, height), equal=True, room=width)


def _mosaic_of(entries: Sequence[Entry], catalogue_entry: Entry) -> Entry | None:
    root = root_of(catalogue_entry.path)
    images = [e for e in entries if e.suffix == "i2d" and len(e.shape) == 2]
    return next((e for e in images if root_of(e.path) == root), None)
