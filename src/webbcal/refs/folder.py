"""Choose references among the files of a folder, by their headers."""

import csv
import functools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from webbcal.core.errors import InvalidInput, InvalidReference, MissingReference
from webbcal.io.fits import read_extensions
from webbcal.refs.asdf_head import read_tree
from webbcal.refs.exposure_keys import (
    describe,
    exposure_datetime,
    instrument_of,
    keyword_of,
    value_of,
)
from webbcal.spec.meta import Meta

_SUFFIXES = (".fits", ".asdf")
_ANYTHING = {"ANY", "N/A", "GENERIC", "NONE", ""}
_USEAFTER = re.compile(r"(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}:\d{2}(?:\.\d+)?))?Z?")


@functools.cache
def _table() -> dict[tuple[str, str], tuple[str, ...]]:
    text = resources.files(__package__).joinpath("selection_keys.csv").read_text("utf-8")
    return {
        (row["reftype"], instrument.lower()): tuple(row["keys"].split("|")) if row["keys"] else ()
        for row in csv.DictReader(text.splitlines())
        for instrument in row["instruments"].split("|")
    }


def selection_keys(reftype: str, instrument: str) -> tuple[str, ...]:
    """Return the FITS keywords that choose a reference of a type, the date aside.

    A pair that the table does not hold is chosen by detector alone. NIRCam darks: their EXP_TYPE
    is that of the exposures they were made of, and the published rules do not choose by it.

    Source: selection rules published with the observatory's reference data system.
    """
    return _table().get((reftype, instrument), ("DETECTOR",))


@dataclass(frozen=True)
class Candidate:
    """A reference file and the header that says what it is for."""

    path: Path
    header: Mapping[str, Any]

    @property
    def reftype(self) -> str:
        """Type, lower case."""
        return str(self.header.get("REFTYPE", "")).strip().lower()

    @property
    def instrument(self) -> str:
        """Instrument, lower case."""
        return str(self.header.get("INSTRUME", "")).strip().lower()

    @property
    def useafter(self) -> str:
        """Date from which the file is valid, sortable; empty where the header gives none."""
        text = str(self.header.get("USEAFTER") or "").strip()
        if text in ("", "None"):
            return ""
        match = _USEAFTER.fullmatch(text)
        if match is None:
            raise InvalidReference(
                "USEAFTER", where=self.path, expected="YYYY-MM-DDThh:mm:ss", found=repr(text)
            )
        return f"{match[1]} {match[2] or '00:00:00'}"

    def values(self, keyword: str) -> set[str]:
        """Return the values of a key the file is for; an empty set stands for all of them.

        A list ``A|B|`` in ``P_xxx`` (the first six letters of the keyword) takes the place
        of the plain keyword.
        """
        listed = self.header.get("P_" + keyword[:6])
        value = self.header.get(keyword) if listed is None else listed
        values = {part.strip() for part in _text(value).split("|")} - {""}
        return set() if values & _ANYTHING else values

    def specificity(self, keys: Mapping[str, Any]) -> int | None:
        """Return how closely the file fits an exposure, None where it does not.

        Each key that is named counts 2; a full frame that a subarray can be cut from counts 1.
        """
        total = 0
        for keyword, value in keys.items():
            values = self.values(keyword)
            if not values:
                continue
            if _text(value) in values:
                total += 2
            elif keyword == "SUBARRAY" and values == {"FULL"}:
                total += 1
            else:
                return None
        return total


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "T" if value else "F"
    return str(value).strip().upper()


@dataclass(frozen=True)
class Folder:
    """The reference files below a folder.

    Parameters
    ----------
    path : Path
        The folder; folders inside it are searched too.
    """

    path: Path

    @functools.cached_property
    def _scan(self) -> tuple[tuple[Candidate, ...], tuple[Path, ...]]:
        if not self.path.is_dir():
            raise MissingReference("folder of reference files does not exist", where=self.path)
        candidates, unreadable = [], []
        for path in sorted(self.path.rglob("*")):
            if not path.name.lower().endswith(_SUFFIXES) or not path.is_file():
                continue
            header = read_header(path)
            if header is None:
                unreadable.append(path)
            else:
                candidates.append(Candidate(path, header))
        return tuple(candidates), tuple(unreadable)

    def holds(self, reftype: str) -> bool:
        """Tell whether any file of a type lies here."""
        return any(candidate.reftype == reftype for candidate in self._scan[0])

    def choose(self, meta: Meta, reftype: str) -> tuple[Path, dict[str, Any]]:
        """Return the file of a type for an exposure, and the keys it was chosen by.

        Of the files valid at the time of the exposure the one that fits most specifically is
        taken, among equals the one with the latest USEAFTER.

        Raises
        ------
        MissingReference
            No file fits.
        InvalidReference
            Several fit equally well.
        """
        instrument = instrument_of(meta)
        when = exposure_datetime(meta)
        keys = {k: value_of(meta, k) for k in selection_keys(reftype, instrument)}
        ranked = [
            ((fit, candidate.useafter), candidate.path)
            for candidate in self._scan[0]
            if candidate.reftype == reftype
            and candidate.instrument == instrument
            and (fit := candidate.specificity(keys)) is not None
            and candidate.useafter <= when
        ]
        keys |= {"DATE-OBS": meta.observation.date}
        if not ranked:
            raise self._nothing(reftype, instrument, keys)
        best = max(rank for rank, _ in ranked)
        paths = [path for rank, path in ranked if rank == best]
        if len(paths) > 1:
            raise InvalidReference(
                f"several files of type {reftype} fit equally well",
                where=self.path,
                expected=f"one for {describe(keys)}",
                found=_names(paths),
                advice=f"Name one: --reference {reftype}=FILE.",
            )
        return paths[0], keys

    def _nothing(self, reftype: str, instrument: str, keys: Mapping[str, Any]) -> MissingReference:
        there = [c.path for c in self._scan[0] if c.reftype == reftype]
        found = _names(there) if there else "none of that type"
        if self._scan[1]:
            found += f", and unreadable files: {_names(self._scan[1])}"
        return MissingReference(
            f"no file of type {reftype} fits",
            where=self.path,
            expected=f"one for {instrument.upper()}, {describe(keys)}",
            found=found,
            advice=f"Add it to the folder, or name it: --reference {reftype}=FILE.",
        )


def _names(paths: Sequence[Path], most: int = 4) -> str:
    names = ", ".join(path.name for path in paths[:most])
    return names if len(paths) <= most else f"{names} and {len(paths) - most} more"


def read_header(path: Path) -> dict[str, Any] | None:
    """Return the keywords that say what a reference file is for; None if it cannot be read."""
    return _asdf_header(path) if path.suffix.lower() == ".asdf" else _fits_header(path)


def _fits_header(path: Path) -> dict[str, Any] | None:
    try:
        return read_extensions(path)[0].values
    except InvalidInput:
        return None


def _asdf_header(path: Path) -> dict[str, Any] | None:
    try:
        tree = read_tree(path)
    except InvalidReference:
        return None
    meta = tree.get("meta")
    if not isinstance(meta, Mapping):
        return None
    header = {"REFTYPE": meta.get("reftype"), "USEAFTER": meta.get("useafter")}
    for node in ("instrument", "exposure", "subarray", "visit"):
        leaves = meta.get(node)
        for name, value in leaves.items() if isinstance(leaves, Mapping) else ():
            if isinstance(value, str | int | float | bool):
                header[_keyword(node, str(name))] = value
    header["INSTRUME"] = header.get("INSTRUME", "")
    return {name: str(value) if name == "USEAFTER" else value for name, value in header.items()}


def _keyword(node: str, name: str) -> str:
    if name == "p_exptype":
        return "P_EXP_TY"
    if name.startswith("p_"):
        return name.upper()[: len("P_") + 6]
    return keyword_of(f"meta.{node}.{name}")
