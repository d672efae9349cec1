"""What a folder of products holds: a model of the run, read from headers and records alone."""

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from webbcal.core.errors import InvalidInput, WebbcalError
from webbcal.io.conformance.findings import printable
from webbcal.io.names import root_of, suffix_of
from webbcal.io.read import open_product
from webbcal.report.regions import Corners, Linear, linear_part, parse_region
from webbcal.spec.fields import Elements, Image, Product, Table, declared
from webbcal.spec.meta import keywords
from webbcal.spec.references import Reference
from webbcal.steps._set import group_of

__all__ = [
    *("Entry", "ReferenceEntry", "Run", "StepEntry"),
    *("exposure_of", "gather", "mapping", "number_of"),
]

Progress = Callable[[str, int, int], None]

FILES = (".fits", ".ecsv")
MAX_TEXT = 300
"""Longest text of a file that is shown."""

MAX_STAGES = 8
"""Records within records that are followed."""

_EXPOSURE = re.compile(r"^(jw\d{11}_\w{5}_\d{5}(?:-seg\d+)?_[a-z0-9]+)", re.IGNORECASE)
"""Name of an exposure; what may follow it are the identifier of a set and the suffix."""

OF_EXPOSURES = (
    *("crf", "crfints", "cal", "calints", "bsub", "bsubints", "rate", "rateints", "dark"),
    *("ramp", "fitopt", "uncal"),
)
"""Suffixes of exposures, the most advanced first."""

OF_SETS = ("i2d", "segm", "cat", "s2d", "s3d", "x1d", "c1d", "x1dints", "phot", "whtlt")


@dataclass(frozen=True)
class StepEntry:
    """What the record of a product says of one step.

    `seconds` is the time of a step that ran alone, `work_seconds` that of its calls, of all
    threads together, where steps share sweeps over the pixels.
    """

    name: str
    status: str
    reason: str = ""
    left_out: bool = False
    options: Mapping[str, Any] = field(default_factory=dict)
    seconds: float | None = None
    work_seconds: float | None = None
    peak_mb: float | None = None
    figures: Mapping[str, Any] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True)
class ReferenceEntry:
    """A reference file that a product names."""

    kind: str
    file: str
    origin: str = ""
    sha256: str = ""


@dataclass(frozen=True)
class Entry:
    """One product of the folder.

    Attributes
    ----------
    exposure : str
        Name of the exposure, empty for a product of a set of exposures.
    leading : str
        Attribute of the product that is looked at first; empty where nothing is declared.
    shape, axes, unit
        Of that array, numpy order.
    corners : tuple
        Footprint on the sky, right ascension and declination in degrees: that of S_REGION, or
        of the linear coordinates in the header where there is none.
    error : str
        Why the file could not be opened; then all but path, suffix and size is empty.
    """

    path: Path
    suffix: str
    size: int
    exposure: str = ""
    kind: str = ""
    title: str = ""
    group: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)
    leading: str = ""
    shape: tuple[int, ...] = ()
    axes: tuple[str, ...] = ()
    unit: str = ""
    corners: Corners = ()
    linear: Linear | None = None
    record: Mapping[str, Any] = field(default_factory=dict)
    steps: tuple[StepEntry, ...] = ()
    statuses: Mapping[str, str] = field(default_factory=dict)
    references: Mapping[str, ReferenceEntry] = field(default_factory=dict)
    error: str = ""

    @property
    def name(self) -> str:
        """Name of the file."""
        return self.path.name

    @property
    def stages(self) -> list[Mapping[str, Any]]:
        """The record and those of the inputs before it, the first stage first."""
        return _chain(self.record)

    def step(self, name: str) -> StepEntry | None:
        """Return what became of a step, None where the record does not name it."""
        return next((step for step in self.steps if step.name == name), None)


@dataclass(frozen=True)
class Run:
    """A folder of products.

    Attributes
    ----------
    entries : tuple of Entry
        Products by name.
    others : tuple of str
        Files that are no products: associations, references, text.
    """

    folder: Path
    title: str
    entries: tuple[Entry, ...]
    others: tuple[str, ...] = ()

    @property
    def exposures(self) -> dict[str, list[Entry]]:
        """Products of each exposure, the most advanced first."""
        found: dict[str, list[Entry]] = {}
        for entry in self.entries:
            if entry.exposure:
                found.setdefault(entry.exposure, []).append(entry)
        for entries in found.values():
            entries.sort(key=advancement)
        return found

    @property
    def sets(self) -> list[Entry]:
        """Products of sets of exposures, mosaics first."""
        return sorted((e for e in self.entries if not e.exposure and not e.error), key=advancement)

    @property
    def broken(self) -> list[Entry]:
        """Files that could not be opened."""
        return [entry for entry in self.entries if entry.error]

    @property
    def records(self) -> list[Entry]:
        """Products that remember how webbcal made them."""
        return [entry for entry in self.entries if entry.record]

    def figures(self, step: str) -> list[Mapping[str, Any]]:
        """Return what a step on sets measured, each set once."""
        found: list[Mapping[str, Any]] = []
        for entry in (*self.sets, *self.entries):
            told = entry.step(step)
            if told is not None and told.figures and told.figures not in found:
                found.append(told.figures)
        return found


def advancement(entry: Entry) -> tuple[int, str]:
    """Return what sorts products: the most advanced of exposures and sets first."""
    order = (*OF_EXPOSURES, *OF_SETS)
    place = order.index(entry.suffix) if entry.suffix in order else len(order)
    return place, entry.name


def exposure_of(path: Path) -> str:
    """Return the name of the exposure that a file holds, empty for a set of exposures."""
    match = _EXPOSURE.match(path.name)
    if match is not None:
        return match[1]
    return root_of(path) if suffix_of(path) in OF_EXPOSURES else ""


def gather(folder: Path, title: str = "", progress: Progress | None = None) -> Run:
    """Read what the products of a folder say of themselves.

    Parameters
    ----------
    folder : Path
        Folder with products; folders below it are left alone.
    title : str
        Title of the run; the name of the folder if empty.
    progress : callable, optional
        ``progress(what, done, total)``.

    Raises
    ------
    InvalidInput
        There is no such folder, or no product in it.
    """
    if not folder.is_dir():
        raise InvalidInput("no such folder", where=folder, expected="a folder of products")
    try:
        paths = sorted(p for p in folder.iterdir() if not p.name.startswith(".") and p.is_file())
    except OSError as error:
        raise InvalidInput(f"cannot read the folder ({error.strerror})", where=folder) from None
    products = [path for path in paths if path.suffix.lower() in FILES]
    entries: list[Entry] = []
    others = [path.name for path in paths if path not in products]
    for number, path in enumerate(products):
        entry = _read(path)
        if entry is None:
            others.append(path.name)
        else:
            entries.append(entry)
        if progress is not None:
            progress("reading headers", number + 1, len(products))
    if not entries:
        raise InvalidInput(
            "no products in the folder",
            where=folder,
            expected="FITS or ECSV products",
            advice="Give the folder that `webbcal run --output-dir` wrote.",
        )
    name = title or folder.resolve().name
    return Run(folder, printable(name, MAX_TEXT), tuple(entries), tuple(others))


def _read(path: Path) -> Entry | None:
    """Return what a file is, None if it is no product."""
    size, suffix = path.stat().st_size, suffix_of(path)
    try:
        product = open_product(path)
    except WebbcalError as error:
        if not suffix and not exposure_of(path):
            return None
        text = printable(str(error).replace(f"{path.parent}/", ""), MAX_TEXT)
        return Entry(path, suffix, size, exposure_of(path), error=text)
    if isinstance(product, Reference):
        return None
    return describe(product, path, suffix, size)


def describe(product: Product, path: Path, suffix: str, size: int) -> Entry:
    """Return what an open product says of itself."""
    kind = type(product)
    leading, shape, axes, unit = _leading(product)
    alone = set(OF_EXPOSURES)
    tree = product.extras.get("tree")
    record = mapping(mapping(tree).get("webbcal"))
    linear = linear_part(mapping(product.meta.lookup("wcsinfo")))
    region = product.meta.lookup("wcsinfo.s_region")
    corners = parse_region(region) if isinstance(region, str) else ()
    if not corners and linear is not None and len(shape) > 1:
        corners = linear.corners(shape[-2], shape[-1])
    return Entry(
        path=path,
        suffix=suffix or _last_word(path) or (kind.suffixes[0] if kind.suffixes else ""),
        size=size,
        exposure=exposure_of(path) or (root_of(path) if set(kind.suffixes) & alone else ""),
        kind=kind.__name__,
        title=(kind.__doc__ or "").strip().partition("\n")[0],
        group=_text(group_of(product.meta)) if product.meta else "",
        facts=_facts(product),
        leading=leading,
        shape=shape,
        axes=axes,
        unit=unit,
        corners=corners,
        linear=linear,
        record=record,
        steps=tuple(step for stage in _chain(record) for step in _steps(stage)),
        statuses=_statuses(product),
        references=_references(product, record),
    )


def _last_word(path: Path) -> str:
    """Return what follows the last underscore: the name of the step for its saved result."""
    _, mark, word = path.stem.rpartition("_")
    return word if mark else ""


_FACTS = {
    "target": "target.proposer_name target.catalog_name",
    "program": "observation.program_number",
    "observation": "observation.observation_number",
    "visit": "observation.visit_number",
    "instrument": "instrument.name",
    "detector": "instrument.detector",
    "filter": "instrument.filter",
    "pupil": "instrument.pupil",
    "grating": "instrument.grating",
    "type": "exposure.type",
    "readpatt": "exposure.readpatt",
    "nints": "exposure.nints",
    "ngroups": "exposure.ngroups",
    "exposed": "exposure.effective_exposure_time exposure.exposure_time",
    "subarray": "subarray.name",
    "date": "observation.date",
    "time": "observation.time",
    "made": "date",
    "software": "calibration_software_version",
    "context": "ref_file.crds.context_used",
    "sky": "background.level",
    "sky_subtracted": "background.subtracted",
    "sky_method": "background.method",
    "ra": "wcsinfo.ra_ref",
    "dec": "wcsinfo.dec_ref",
    "pixel_area": "photometry.pixelarea_arcsecsq",
}


def _facts(product: Product) -> dict[str, Any]:
    facts: dict[str, Any] = {}
    for name, paths in _FACTS.items():
        for path in paths.split():
            value = _plain(product.meta.lookup(path))
            if value is not None and value != "":
                facts.setdefault(name, value)
    return facts


def _plain(value: Any) -> Any:
    """Return a scalar that may be shown, None for anything else."""
    if isinstance(value, str):
        return _text(value.strip())
    if isinstance(value, bool | int):
        return value
    return value if isinstance(value, float) and math.isfinite(value) else None


def _leading(product: Product) -> tuple[str, tuple[int, ...], tuple[str, ...], str]:
    """Return name, shape, axes and unit of the array that shows what a product is.

    Of many slits or sources, that of the first.
    """
    for name, spec in declared(type(product)).items():
        if isinstance(spec, Elements):
            elements: Sequence[Product] = getattr(product, name)
            if elements and isinstance(next(iter(declared(spec.part).values())), Image):
                return _leading(elements[0])
            if elements:
                return name, (len(elements),), (name,), ""
        elif product.has(name):
            try:
                shape = product.shape_of(name)
            except WebbcalError:
                continue
            if isinstance(spec, Table):
                return name, shape, ("row",), ""
            unit = product.meta.lookup("bunit_data") or spec.unit
            axes = spec.axes_of(len(shape)) or spec.axes
            return name, shape, axes, _text(str(unit)) if isinstance(spec, Image) else ""
    return "", (), (), ""


def _chain(record: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return a record and those of the inputs before it, the first stage first."""
    chain: list[Mapping[str, Any]] = []
    while record and len(chain) < MAX_STAGES:
        chain.insert(0, record)
        record = mapping(record.get("before"))
    return chain


def _steps(record: Mapping[str, Any]) -> Iterator[StepEntry]:
    for told in _sequence(record.get("steps")):
        step = mapping(told)
        if not isinstance(step.get("name"), str):
            continue
        yield StepEntry(
            name=_text(step["name"]),
            status=_text(str(step.get("status", ""))),
            reason=_text(str(step.get("reason", ""))),
            left_out=step.get("left_out") is True,
            options=mapping(step.get("options")),
            seconds=number_of(step.get("seconds")),
            work_seconds=number_of(step.get("work_seconds")),
            peak_mb=number_of(step.get("peak_mb")),
            figures=mapping(step.get("figures")),
            remarks=tuple(_text(str(line)) for line in _sequence(step.get("remarks"))),
        )


def _statuses(product: Product) -> dict[str, str]:
    prefix = "cal_step."
    found: dict[str, str] = {}
    for entry in keywords():
        path = entry.path.removeprefix("meta.")
        if path.startswith(prefix):
            status = product.meta.lookup(path)
            if isinstance(status, str):
                found.setdefault(path.removeprefix(prefix), _text(status))
    return found


def _references(product: Product, record: Mapping[str, Any]) -> dict[str, ReferenceEntry]:
    """Return the references of the record, or those of the keywords where there is none."""
    found: dict[str, ReferenceEntry] = {}
    told_of = {k: v for s in _chain(record) for k, v in mapping(s.get("references")).items()}
    for kind, told in told_of.items():
        one = mapping(told)
        words = [_text(str(one.get(name) or "")) for name in ("file", "origin", "sha256")]
        found[_text(str(kind))] = ReferenceEntry(_text(str(kind)), *words)
    if found:
        return found
    for kind, node in mapping(product.meta.lookup("ref_file")).items():
        name = mapping(node).get("name")
        if kind != "crds" and isinstance(name, str) and name not in ("", "N/A"):
            origin = "crds" if name.startswith("crds://") else ""
            text = _text(name.removeprefix("crds://"))
            found[str(kind)] = ReferenceEntry(_text(str(kind)), text, origin)
    return found


def _text(value: str) -> str:
    return printable(value, MAX_TEXT)


def mapping(value: Any) -> Mapping[str, Any]:
    """Return a mapping as it is, an empty one for anything else."""
    return value if isinstance(value, Mapping) else {}


def _sequence(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list | tuple) else ()


def number_of(value: Any) -> float | None:
    """Return a finite number, None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) else None
