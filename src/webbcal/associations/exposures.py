"""What the header of an exposure says about where it belongs.

Source: JWST keyword dictionary.
"""

import functools
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from webbcal.core.errors import InvalidInput, UnsupportedMode
from webbcal.io.fits import read_extensions
from webbcal.io.names import root_of, suffix_of
from webbcal.modes import Mode, mode_of
from webbcal.modes.associating import Grouping, grouping_of

SUFFIXES = ("rate", "rateints", "cal", "calints", "uncal")
"""Products that an exposure is known by; the first one there is read."""

_UNSET = frozenset({"", "N/A", "NA", "NONE", "NULL", "UNKNOWN", "ANY", "#TODO"})
_NAME_PART = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
_COMBINED = re.compile(r"jw\d{5}-[a-z]\d+_", re.IGNORECASE)


@dataclass(frozen=True)
class Exposure:
    """One exposure of one detector (or a segment of it), by the keywords that group it.

    Text is upper case, empty where the header does not say. `root` is the start of its file
    names, `products` what is there of it. `position` is the place in the dither pattern,
    `offset` the shift from the centre of the pattern (x, y; arcsec), `start` the time.
    """

    folder: Path
    root: str
    products: frozenset[str]
    mode: Mode
    grouping: Grouping
    program: str
    observation: str
    visit: str
    activity: str
    number: str
    target: str
    background: bool
    imprint: bool
    reference_star: bool
    instrument: str
    detector: str
    module: str
    elements: tuple[str, ...]
    grating: str
    band: str
    channel: str
    slit: str
    subarray: str
    mask: str
    shutters: str
    integrations: int | None
    nodded: bool
    position: int | None
    offset: tuple[float, float] | None
    start: datetime | None

    @property
    def path(self) -> Path:
        """The file that was read."""
        suffix = next(name for name in SUFFIXES if name in self.products)
        return self.folder / f"{self.root}_{suffix}.fits"

    @functools.cached_property
    def setup(self) -> tuple[object, ...]:
        """What must agree for one exposure to be subtracted from another, pixel by pixel."""
        return (
            self.program,
            self.mode.exposure_type,
            self.detector,
            self.elements,
            self.grating,
            self.band,
            self.channel,
            self.subarray,
            self.slit,
            self.mask,
        )


@dataclass(frozen=True)
class LeftOut:
    """A file that no association has, and why. `broken`: it cannot be read."""

    path: Path
    reason: str
    broken: bool = False


def find_files(inputs: Iterable[Path]) -> list[Path]:
    """Return the files given, and those in folders given, that may be exposures.

    Folders are searched to the bottom; links to folders are not followed. Files given by name are
    taken as they are.

    Raises
    ------
    InvalidInput
        If one does not exist.
    """
    found: dict[Path, None] = {}
    for path in inputs:
        if not path.exists():
            raise InvalidInput("no such file or folder", where=path)
        if not path.is_dir():
            found[path] = None
            continue
        for folder, folders, names in os.walk(path):
            folders.sort()
            for name in sorted(names):
                file = Path(folder, name)
                if suffix_of(file) in SUFFIXES and file.suffix == ".fits":
                    found[file] = None
    return list(found)


def read_exposures(paths: Iterable[Path]) -> tuple[list[Exposure], list[LeftOut]]:
    """Read the headers of exposures; products of one exposure count as one.

    Parameters
    ----------
    paths : iterable of Path
        Products of stages 0 to 2.

    Returns
    -------
    exposures : list of Exposure
        By name.
    left_out : list of LeftOut
        What is no exposure or cannot be read.
    """
    left_out: list[LeftOut] = []
    products: dict[tuple[Path, str], set[str]] = {}
    for path in paths:
        suffix = suffix_of(path)
        if path.suffix != ".fits":
            left_out.append(LeftOut(path, "its name does not end in .fits"))
            continue
        if suffix not in SUFFIXES or _COMBINED.match(path.name):
            what = f"a product '{suffix}'" if suffix else "its name has no known suffix"
            reason = f"{what}; wanted: {', '.join(SUFFIXES)} of an exposure"
            left_out.append(LeftOut(path, reason))
            continue
        products.setdefault((path.parent, root_of(path)), set()).add(suffix)
    exposures: dict[str, Exposure] = {}
    for folder, root in sorted(products, key=lambda key: (key[1], key[0])):
        suffixes = frozenset(products[folder, root])
        path = folder / f"{root}_{next(name for name in SUFFIXES if name in suffixes)}.fits"
        if root in exposures:
            there = exposures[root].folder
            left_out.append(LeftOut(path, f"the same exposure as in {there}"))
            continue
        try:
            exposures[root] = _exposure(folder, root, suffixes, path)
        except UnsupportedMode as error:
            left_out.append(LeftOut(path, f"EXP_TYPE: {error.found}"))
        except InvalidInput as error:
            left_out.append(LeftOut(path, _reason(error), broken=True))
    return list(exposures.values()), left_out


def _reason(error: InvalidInput) -> str:
    facts = [error.what]
    facts += [] if error.expected is None else [f"expected {error.expected}"]
    facts += [] if error.found is None else [f"found {error.found}"]
    return "; ".join(facts)


def _exposure(folder: Path, root: str, products: frozenset[str], path: Path) -> Exposure:
    header = _header(path)
    mode = mode_of(_word(header, "EXP_TYPE") or None, where=path)
    wavefront = _word(header, "VISITYPE").startswith("PRIME_WFSC")
    grouping = grouping_of(mode, time_series=header.get("TSOVISIT") is True, wavefront=wavefront)
    grating = _part(header, "GRATING", path)
    elements = [_part(header, "FILTER", path), _part(header, "PUPIL", path), grating]
    shutters = [_word(header, key) for key in ("MSAMETFL", "MSAMETID", "MSACONID")]
    pattern = _word(header, "PATTTYPE")
    return Exposure(
        folder=folder,
        root=root,
        products=products,
        mode=mode,
        grouping=grouping,
        program=_digits(header, "PROGRAM", 5, path),
        observation=_digits(header, "OBSERVTN", 3, path),
        visit=_word(header, "VISIT"),
        activity=_part(header, "ACT_ID", path),
        number=_word(header, "EXPOSURE"),
        target=_word(header, "TARGPROP") or _word(header, "TARGNAME"),
        background=header.get("BKGDTARG") is True,
        imprint=header.get("IS_IMPRT") is True,
        reference_star=header.get("IS_PSF") is True,
        instrument=mode.instrument,
        detector=_needed(_part(header, "DETECTOR", path), "DETECTOR", path),
        module=_word(header, "MODULE"),
        elements=tuple(sorted(element for element in elements if element)),
        grating=grating,
        band=_word(header, "BAND"),
        channel=_word(header, "CHANNEL"),
        slit=_part(header, "FXD_SLIT", path),
        subarray=_part(header, "SUBARRAY", path),
        mask=_word(header, "CORONMSK"),
        shutters=" ".join(shutters),
        integrations=_whole(header.get("NINTS")),
        nodded="NOD" in pattern.replace("-", " ").split() or bool(_word(header, "NOD_TYPE")),
        position=_whole(header.get("PATT_NUM")),
        offset=_offset(header),
        start=_start(header),
    )


def _header(path: Path) -> Mapping[str, Any]:
    extensions = read_extensions(path)
    names = [extension.name for extension in extensions]
    if "SCI" not in names:
        raise InvalidInput("no SCI extension", where=path, found=", ".join(names[:6]))
    return extensions[0].values


def _word(header: Mapping[str, Any], keyword: str) -> str:
    value = header.get(keyword)
    if value is None or isinstance(value, bool):
        return ""
    text = " ".join(str(value).upper().split())
    return "" if text in _UNSET else text


def _part(header: Mapping[str, Any], keyword: str, path: Path) -> str:
    """Return a value that becomes part of a file name."""
    text = _word(header, keyword)
    if text and (not _NAME_PART.fullmatch(text) or len(text) > 40):
        raise InvalidInput(
            f"nonsense in {keyword}", where=path, expected="letters and digits", found=repr(text)
        )
    return text


def _needed(text: str, keyword: str, path: Path) -> str:
    if not text:
        raise InvalidInput(f"keyword {keyword} is missing", where=path)
    return text


def _digits(header: Mapping[str, Any], keyword: str, width: int, path: Path) -> str:
    text = _needed(_word(header, keyword), keyword, path)
    if not re.fullmatch(rf"[0-9]{{1,{width}}}", text):
        raise InvalidInput(
            f"nonsense in {keyword}", where=path, expected=f"{width} digits", found=repr(text)[:60]
        )
    return text.zfill(width)


def _whole(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _offset(header: Mapping[str, Any]) -> tuple[float, float] | None:
    x, y = header.get("XOFFSET"), header.get("YOFFSET")
    if isinstance(x, bool) or isinstance(y, bool):
        return None
    if not isinstance(x, int | float) or not isinstance(y, int | float):
        return None
    return float(x), float(y)


def _start(header: Mapping[str, Any]) -> datetime | None:
    text = f"{header.get('DATE-OBS', '')}T{header.get('TIME-OBS', '')}".rstrip("Zz")
    try:
        return datetime.fromisoformat(text).replace(tzinfo=None)
    except ValueError:
        return None
