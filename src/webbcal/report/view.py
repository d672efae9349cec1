"""Draw one product: an image, a plane of a cube or ramp, spectra, light curves, a catalogue."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from webbcal.core.dq import DQ
from webbcal.core.errors import CannotWrite, InvalidInput, InvalidOptions
from webbcal.io.conformance.findings import printable
from webbcal.io.read import open_product
from webbcal.report.charts import Axis
from webbcal.report.gather import number_of
from webbcal.report.looks import (
    Limits,
    Look,
    Plane,
    bin_plane,
    limits_of,
    plane_of_array,
    stretched,
)
from webbcal.report.pictures import NO_DATA
from webbcal.report.regions import linear_part
from webbcal.report.series import series_of, tables_of
from webbcal.spec.fields import Elements, Image, Product, Table, declared
from webbcal.spec.products import Segm

__all__ = ["STRETCHES", "Choice", "draw", "save"]

STRETCHES = ("asinh", "linear", "sqrt", "log")
SIDE = 1400
"""Pixels along the longer side of a picture; a larger image is averaged in blocks."""

_ROWS, _COLUMNS = 24, 7
"""Cells of a table that are shown."""

_LABELS = ("con", "regions")
"""Arrays of integers that are names, not amounts."""

_FLAGS = (DQ.JUMP_DET, DQ.SATURATED, DQ.OUTLIER, DQ.DO_NOT_USE)
_FLAG_COLOURS = ("#20252b", "#6b7785", "#5ab4e5", "#e8a33d", "#d35fb7", "#d1495b")


@dataclass(frozen=True)
class Choice:
    """What of a product to draw, and how.

    Attributes
    ----------
    extension : str
        Name of an extension, ``ERR`` or ``SCI,2``; empty for the leading one.
    integration, group : int or None
        Which plane, from 1; None: as the product suggests.
    stretch : str
        asinh, linear, sqrt or log.
    limits : str
        ``LOW,HIGH``, values or percentiles (``1%,99.5%``); empty for limits from the noise.
    colours : str
        A colour map of matplotlib.
    sky : bool
        Whether the axes are right ascension and declination where the product knows them.
    """

    extension: str = ""
    integration: int | None = None
    group: int | None = None
    stretch: str = "asinh"
    limits: str = ""
    colours: str = "magma"
    sky: bool = True


def save(path: Path, output: Path, choice: Choice) -> str:
    """Draw a product file into a picture file; return what was drawn, in words.

    Raises
    ------
    InvalidInput
        The file cannot be read, or has nothing of the kind that was chosen.
    InvalidOptions
        A stretch, colour map or limits that do not exist; an ending that is no picture.
    CannotWrite
        The picture cannot be written.
    """
    from matplotlib.figure import Figure

    known = Figure().canvas.get_supported_filetypes()
    if output.suffix.lower().lstrip(".") not in known:
        raise InvalidOptions(
            "unknown kind of picture", where=output, expected=".png, .pdf, .svg or .jpg"
        )
    figure, words = draw(open_product(path), path.name, choice)
    try:
        figure.savefig(output, dpi=150, bbox_inches="tight", pad_inches=0.12)
    except OSError as error:
        raise CannotWrite(
            f"cannot write the picture ({error.strerror})",
            where=output,
            advice="Choose another place with --output.",
        ) from None
    return words


def draw(product: Product, name: str, choice: Choice) -> tuple[Any, str]:
    """Return a figure of a product, and in words what it shows.

    Raises
    ------
    InvalidInput, InvalidOptions
        As `save`.
    """
    from matplotlib import colormaps

    if choice.stretch not in STRETCHES:
        raise InvalidOptions(
            "unknown stretch", expected=" or ".join(STRETCHES), found=choice.stretch
        )
    if choice.colours not in colormaps:
        raise InvalidOptions(
            "unknown colour map",
            expected="one of matplotlib: magma, gray, gray_r, viridis ...",
            found=choice.colours,
        )
    product, attribute, spec = _chosen(product, name, choice.extension)
    title = f"{name}  {choice.extension.upper()}".strip()
    if isinstance(spec, Image):
        return _image(product, attribute, spec, title, choice)
    return _table(product, attribute, title)


def _chosen(
    product: Product, name: str, extension: str
) -> tuple[Product, str, Image | Table | Elements]:
    """Return the product or element, the attribute in it, and its declaration."""
    wanted, _, version = extension.strip().upper().partition(",")
    if version and not version.isdigit():
        raise InvalidInput("no such extension", where=name, expected="NAME or NAME,2")
    known: list[str] = []
    for attribute, spec in declared(type(product)).items():
        if isinstance(spec, Elements) and not wanted and _only_tables(spec.part):
            if getattr(product, attribute):
                return product, attribute, spec
            continue
        for part, inner_name, inner in _parts(product, attribute, spec, int(version or 1)):
            if not wanted or inner.extname.upper() == wanted:
                return part, inner_name, inner
            known.append(inner.extname.upper())
    if not known and not wanted:
        raise InvalidInput("nothing that could be drawn", where=name)
    raise InvalidInput(
        "no such extension",
        where=name,
        expected="one of " + ", ".join(dict.fromkeys(known)) if known else None,
        found=extension,
    )


def _only_tables(part: type[Product]) -> bool:
    return not any(isinstance(inner, Image) for inner in declared(part).values())


def _parts(
    product: Product, attribute: str, spec: Image | Table | Elements, version: int
) -> Iterator[tuple[Product, str, Image | Table]]:
    """Yield what an attribute holds of this version: itself, or the parts of an element."""
    if not isinstance(spec, Elements):
        if version == 1 and product.has(attribute):
            yield product, attribute, spec
        return
    elements: Sequence[Product] = getattr(product, attribute)
    if 1 <= version <= len(elements):
        part = elements[version - 1]
        for name, inner in declared(spec.part).items():
            if not isinstance(inner, Elements) and part.has(name):
                yield part, name, inner


def _image(
    product: Product, attribute: str, spec: Image, title: str, choice: Choice
) -> tuple[Any, str]:
    shape = product.shape_of(attribute)
    if len(shape) < 2 or 0 in shape:
        return _line(product, attribute, spec, title)
    group = None if choice.group is None else choice.group - 1
    integration = 0 if choice.integration is None else choice.integration - 1
    flags = "dq" if attribute == "sci" and product.has("dq") else ""
    plane = plane_of_array(product, attribute, spec, flags, (integration, group))
    if len(shape) == 3 and choice.integration is not None:
        plane = _exact_plane(product, attribute, spec, integration)
    if attribute.endswith("dq") or attribute in _LABELS or isinstance(product, Segm):
        return _integers(product, plane, attribute, title, choice)
    look = bin_plane(plane, SIDE, count_flags=False)
    limits = _limits(look, choice)
    words = ", ".join(part for part in (title, plane.label) if part)
    unit = str(product.meta.lookup("bunit_data") or spec.unit or "")
    figure, axes = _axes(product, plane.shape, words, choice)
    shown = axes.imshow(
        stretched(look.small, limits, choice.stretch),
        origin="lower",
        cmap=_colours(choice.colours),
        vmin=0.0,
        vmax=1.0,
        interpolation="nearest",
        extent=_extent(look),
    )
    bar = figure.colorbar(shown, ax=axes, shrink=0.82, pad=0.02, label=printable(unit, 60))
    places, values = _marks(limits, choice.stretch)
    bar.set_ticks(places, labels=values)
    axes.set_xlim(-0.5, plane.shape[1] - 0.5)
    axes.set_ylim(-0.5, plane.shape[0] - 0.5)
    return figure, words


def _exact_plane(product: Product, attribute: str, spec: Image, number: int) -> Plane:
    """Return one plane of a cube, where the user asks for it by number."""
    count = product.shape_of(attribute)[0]
    if not 0 <= number < count:
        raise InvalidInput("no such plane", expected=f"1 to {count}", found=number + 1)
    stored = product.stored(attribute)

    def read(rows: slice) -> np.ndarray:
        index = (slice(number, number + 1), rows)
        if stored is None:
            return np.asarray(getattr(product, attribute)[index][0])
        return np.asarray(stored.read(index)[0])

    axes = spec.axes_of(3) or spec.axes
    height, width = product.shape_of(attribute)[-2:]
    return Plane((height, width), read, None, f"{axes[0]} {number + 1} of {count}")


def _extent(look: Look) -> tuple[float, float, float, float]:
    rows, columns = (size * look.factor - 0.5 for size in look.small.shape)
    return (-0.5, columns, -0.5, rows)


def _limits(look: Look, choice: Choice) -> Limits:
    """Return the limits that the user gave, else those of the noise."""
    measured = limits_of(look.small)
    if not choice.limits:
        return measured
    words = choice.limits.split(",")
    wrong = InvalidOptions(
        "limits", expected="LOW,HIGH: numbers or percentiles (1%,99.5%)", found=choice.limits
    )
    if len(words) != 2:
        raise wrong
    good = look.small[np.isfinite(look.small)]
    values = []
    for word in words:
        percent = word.strip().endswith("%")
        try:
            value = number_of(float(word.strip().rstrip("%")))
        except ValueError:
            raise wrong from None
        if value is None or (percent and not 0 <= value <= 100):
            raise wrong
        if percent and good.size:
            value = float(np.percentile(good, value))
        values.append(value)
    if not values[0] < values[1]:
        raise wrong
    span = values[1] - values[0]
    return Limits(values[0], values[1], min(max(measured.soft, span / 1000), span / 3))


def _colours(name: str) -> Any:
    from matplotlib import colormaps

    return colormaps[name].with_extremes(bad="#{:02x}{:02x}{:02x}".format(*NO_DATA))


def _marks(limits: Limits, stretch: str) -> tuple[list[float], list[str]]:
    """Return places from 0 to 1 along the scale of colours, and the round values there."""
    largest = max(abs(limits.low), abs(limits.high))
    powers = [10.0 ** float(n) for n in range(-12, 13)]
    near = [p for p in powers if largest / 1e4 <= p <= largest]
    values = {0.0, *(sign * f * p for p in near for f in (1, 2, 5) for sign in (-1, 1))}
    for high in (limits.low + 6.0 * limits.soft, limits.high):
        values |= set(Axis("", limits.low, high).ticks())
    inside = sorted(
        (v for v in values if limits.low <= v <= limits.high), key=lambda v: (abs(v), v)
    )
    chosen: list[tuple[float, float]] = []
    for value in inside:
        place = float(stretched(np.array([value]), limits, stretch)[0])
        if all(abs(place - other) > 0.07 for other, _ in chosen):
            chosen.append((place, value))
    return [place for place, _ in chosen], [f"{value:.6g}" for _, value in chosen]


def _axes(product: Product, shape: tuple[int, int], title: str, choice: Choice) -> tuple[Any, Any]:
    """Return a figure and its axes, with coordinates of the sky where the product has some."""
    from matplotlib.figure import Figure

    rows, columns = shape
    width = 9.0
    height = float(np.clip(width * rows / columns * 0.86 + 0.9, 2.6, 11.0))
    figure = Figure(figsize=(width, height), layout="constrained")
    wcs = _sky_of(product) if choice.sky else None
    axes: Any
    if wcs is None:
        axes = figure.add_subplot()
        axes.set(xlabel="x / pixel", ylabel="y / pixel")
    else:
        from astropy.visualization.wcsaxes import WCSAxes

        axes = figure.add_subplot(axes_class=WCSAxes, wcs=wcs)
        axes.set(xlabel="right ascension", ylabel="declination")
        axes.coords.grid(color="#8c96a0", alpha=0.4, linewidth=0.6)
    axes.set_title(title, fontsize=9, family="monospace", wrap=True)
    return figure, axes


def _sky_of(product: Product) -> Any:
    """Return FITS coordinates of an image from the linear part in its metadata."""
    from astropy.wcs import WCS

    info = product.meta.lookup("wcsinfo")
    linear = linear_part(info) if isinstance(info, Mapping) else None
    if linear is None:
        return None
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    wcs.wcs.cunit = ["deg", "deg"]
    wcs.wcs.crpix = linear.reference
    wcs.wcs.crval = linear.centre
    wcs.wcs.cd = linear.matrix
    return wcs


def _integers(
    product: Product, plane: Plane, attribute: str, title: str, choice: Choice
) -> tuple[Any, str]:
    """Draw flags in the colours of the gravest, labels and counts in turning colours."""
    from matplotlib.colors import ListedColormap
    from matplotlib.patches import Patch

    step = max(-(-max(plane.shape) // SIDE), 1)
    values = np.concatenate(
        [plane.read(slice(row, row + 1))[:, ::step] for row in range(0, plane.shape[0], step)]
    )
    figure, axes = _axes(product, plane.shape, title, choice)
    extent = (-0.5, values.shape[1] * step - 0.5, -0.5, values.shape[0] * step - 0.5)
    if attribute.endswith("dq"):
        kinds = np.where(values > 0, 1, 0)
        for number, flag in enumerate(_FLAGS):
            kinds = np.where(values & flag, number + 2, kinds)
        colours = ListedColormap(_FLAG_COLOURS)
        axes.imshow(
            kinds, origin="lower", cmap=colours, vmin=0, vmax=5, extent=extent,
            interpolation="nearest",
        )  # fmt: skip
        names = ("no flag", "other flags", *(str(flag.name) for flag in _FLAGS))
        shares = [np.mean(kinds == number) for number in range(6)]
        handles = [
            Patch(color=colour, label=f"{name} {100 * share:.2g} %")
            for colour, name, share in zip(_FLAG_COLOURS, names, shares, strict=True)
        ]
        figure.legend(handles=handles, loc="outside lower center", ncols=3, fontsize=8)
    else:
        shown = np.where(values > 0, values % 19 + 1, 0)
        axes.imshow(shown, origin="lower", cmap="nipy_spectral", extent=extent,
                    interpolation="nearest")  # fmt: skip
    return figure, title


def _line(product: Product, attribute: str, spec: Image, title: str) -> tuple[Any, str]:
    """Draw an array of one axis."""
    from matplotlib.figure import Figure

    values = np.atleast_1d(getattr(product, attribute)).ravel()
    figure = Figure(figsize=(9.0, 4.0), layout="constrained")
    axes = figure.add_subplot()
    axes.plot(values, lw=1)
    axes.set(xlabel=spec.axes[-1], ylabel=spec.unit or attribute, title=title)
    return figure, title


def _table(product: Product, attribute: str, title: str) -> tuple[Any, str]:
    found = series_of(product, 8)
    if found:
        return _series(found, title)
    tables = list(tables_of(product))
    if not tables or all(rows.dtype.names is None or len(rows) == 0 for _, rows in tables):
        raise InvalidInput("the table has no rows", where=title)
    rows = next((rows for name, rows in tables if name == attribute), tables[0][1])
    names = set(rows.dtype.names or ())
    if {"xcentroid", "ycentroid"} <= names:
        return _sources(rows, title)
    return _cells(rows, title)


def _series(found: Sequence[Any], title: str) -> tuple[Any, str]:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9.0, 4.6), layout="constrained")
    axes = figure.add_subplot()
    for one in found:
        axes.plot(one.x, one.y, lw=0.9, label=one.name)
    values = np.concatenate([one.y for one in found])
    low, high = np.percentile(values[np.isfinite(values)], [0.2, 99.8])
    room = 0.15 * (high - low) or abs(high) or 1.0
    axes.set_ylim(low - room, high + room)
    axes.set(xlabel=found[0].x_label, ylabel=found[0].y_label)
    axes.set_title(title, fontsize=9, family="monospace")
    axes.grid(alpha=0.25)
    if len(found) > 1:
        axes.legend(fontsize=8)
    return figure, title


def _sources(rows: np.ndarray, title: str) -> tuple[Any, str]:
    """Draw a catalogue: positions coloured by brightness, and the histogram of magnitudes."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11.0, 5.0), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=(1.2, 1.0))
    figure.suptitle(title, fontsize=9, family="monospace")
    names = rows.dtype.names or ()
    magnitudes = next(
        (rows[n] for n in ("aper_total_abmag", "isophotal_abmag") if n in names),
        np.full(len(rows), np.nan),
    )
    good = np.isfinite(magnitudes)
    left.scatter(
        rows["xcentroid"], rows["ycentroid"], s=6, color="#9aa4af", label="without a magnitude"
    )
    if good.any():
        shown = left.scatter(
            rows["xcentroid"][good],
            rows["ycentroid"][good],
            c=magnitudes[good],
            s=9,
            cmap="viridis_r",
        )
        figure.colorbar(shown, ax=left, label="AB magnitude")
        right.hist(magnitudes[good], bins=min(40, max(5, good.sum() // 5)), color="#1f6fb2")
    left.set(xlabel="x / pixel", ylabel="y / pixel", title=f"{len(rows)} sources", aspect="equal")
    right.set(xlabel="AB magnitude", ylabel="sources")
    return figure, f"{title}, {len(rows)} sources"


def _cells(rows: np.ndarray, title: str) -> tuple[Any, str]:
    """Draw the first rows and columns of a table as text."""
    from matplotlib.figure import Figure

    names = [n for n in rows.dtype.names or () if rows[n].ndim == 1][:_COLUMNS]
    if not names or len(rows) == 0:
        raise InvalidInput("the table has no plain columns", where=title)
    text = [[_word(rows[name][n]) for name in names] for n in range(min(len(rows), _ROWS))]
    figure = Figure(figsize=(11.0, 0.9 + 0.27 * (len(text) + 1)), layout="constrained")
    axes = figure.add_subplot()
    axes.axis("off")
    drawn = axes.table(cellText=text, colLabels=names, loc="upper center", cellLoc="right")
    drawn.auto_set_font_size(False)
    drawn.set_fontsize(8)
    words = f"{title}, {len(text)} of {len(rows)} rows"
    axes.set_title(words, fontsize=9, family="monospace")
    return figure, words


def _word(value: Any) -> str:
    if isinstance(value, bytes):
        return printable(value.decode("latin-1").strip(), 24)
    if isinstance(value, float | np.floating):
        return f"{value:.7g}"
    return printable(str(value), 24)
