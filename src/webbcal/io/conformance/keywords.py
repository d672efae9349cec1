"""Rules on keywords: which must be there, their types and values, and what they say of SCI."""

import functools
import re

from webbcal.io.conformance.cards import Value
from webbcal.io.conformance.findings import Finding, error, note, warning
from webbcal.io.conformance.identify import PLACEHOLDERS, Identity, specs
from webbcal.io.conformance.raw import RawFile, RawHDU
from webbcal.spec.fields import Image
from webbcal.spec.meta import Keyword, keywords, reference_keywords

STRUCTURE = re.compile(
    r"(SIMPLE|XTENSION|BITPIX|NAXIS\d*|EXTEND|PCOUNT|GCOUNT|TFIELDS|T(TYPE|FORM|UNIT|DIM|ZERO|SCAL"
    r"|NULL|DISP|HEAP)\d*|BZERO|BSCALE|BLANK|EXTNAME|EXTVER|EXTLEVEL|INHERIT|CHECKSUM|DATASUM"
    r"|LONGSTRN|COMMENT|HISTORY|DATAMIN|DATAMAX|BUNIT|)\Z"
)
"""Keywords that describe the FITS file, not the product."""

FRAME_SUFFIXES = frozenset(
    (
        *("uncal", "ramp", "dark", "rate", "rateints", "bsub", "bsubints"),
        *("cal", "calints", "crf", "crfints"),
    )
)
"""Products whose SCI lies on the pixels of the detector or its subarray."""

FRAME_MODELS = frozenset(("Level1bModel", "RampModel", "ImageModel", "CubeModel", "IFUImageModel"))

MUST = ("TELESCOP", "INSTRUME", "EXP_TYPE", "DATAMODL")
"""Without these nobody can tell what a product is: an error."""

MUST_OF_EXPOSURE = ("NINTS", "NGROUPS")

SHOULD = ("DATE", "FILENAME", "DATE-OBS", "TIME-OBS", "DETECTOR")
"""Every product has these; one without them can still be read: a warning."""

SHOULD_OF_EXPOSURE = (
    *("READPATT", "NFRAMES", "GROUPGAP", "TGROUP", "EFFEXPTM", "EXPSTART"),
    *("SUBARRAY", "SUBSTRT1", "SUBSTRT2", "SUBSIZE1", "SUBSIZE2", "FASTAXIS", "SLOWAXIS"),
)

SHOULD_OF_CALIBRATED = ("CAL_VER", "CRDS_CTX")

SHOULD_OF_REFERENCE = ("TELESCOP", "INSTRUME", "PEDIGREE", "AUTHOR", "DESCRIP", "USEAFTER")

TELESCOPE = "JWST"


def check_keywords(raw: RawFile, identity: Identity) -> list[Finding]:
    """Check presence, type and value of the keywords, and SCI against them."""
    findings = _check_presence(raw, identity)
    for hdu in raw.hdus:
        if hdu.name != "ASDF":
            findings += _check_values(hdu, identity)
    telescope = raw.primary.get("TELESCOP")
    if telescope is not None and telescope not in (TELESCOPE, *PLACEHOLDERS):
        findings.append(_bad_value("PRIMARY", None, "TELESCOP", TELESCOPE, telescope))
    if identity.product is not None and not identity.reference:
        findings += _check_exposure(raw, identity)
        findings += _check_fixed(raw, identity) + _check_wavelengths(raw)
    return findings


def _check_presence(raw: RawFile, identity: Identity) -> list[Finding]:
    primary = raw.primary
    exposure = identity.suffix in FRAME_SUFFIXES
    must: tuple[str, ...] = MUST + (MUST_OF_EXPOSURE if exposure else ())
    should: tuple[str, ...] = SHOULD + (SHOULD_OF_EXPOSURE if exposure else ())
    if identity.suffix != "uncal" and not identity.model.startswith("Guider"):
        should += SHOULD_OF_CALIBRATED
    if identity.reference:
        must, should = ("REFTYPE",), SHOULD_OF_REFERENCE
    findings = []
    for keyword in must + should:
        if primary.get(keyword) is None:
            finding = error if keyword in must else warning
            findings.append(
                finding(
                    "keyword.missing",
                    f"The primary header has no {keyword}.",
                    extension="PRIMARY",
                    item=keyword,
                    expected="present",
                    found="missing",
                )
            )
    return findings


@functools.cache
def declared_for(model: str, reference: bool) -> dict[tuple[str, str], tuple[Keyword, ...]]:
    """Return the declared keywords of a DATAMODL by extension and keyword.

    Where a path of the same name exists for the product itself and for its elements, both are
    returned.
    """
    table: dict[tuple[str, str], tuple[Keyword, ...]] = {}
    every = (*keywords(), *reference_keywords()) if reference else keywords()
    for entry in every:
        if entry.keyword and (not entry.models or model in entry.models):
            place = (entry.extension.upper(), entry.keyword)
            table[place] = (*table.get(place, ()), entry)
    return table


def _check_values(hdu: RawHDU, identity: Identity) -> list[Finding]:
    table = declared_for(identity.model, identity.reference)
    findings: list[Finding] = []
    others: list[str] = []
    for card in hdu.header:
        if not card.valued or card.problem or STRUCTURE.match(card.keyword):
            continue
        entries = table.get((hdu.name, card.keyword))
        if entries is None:
            others.append(card.keyword)
        else:
            findings += _check_value(hdu, entries[0], card.value)
    if others:
        shown = ", ".join(dict.fromkeys(others[:12])) + (" ..." if len(others) > 12 else "")
        findings.append(
            note(
                "keyword.undeclared",
                f"{len(others)} keywords of {hdu} are outside the declared metadata: {shown}.",
                extension=hdu.name,
                extver=hdu.version,
                found=shown,
            )
        )
    return findings


def _check_value(hdu: RawHDU, entry: Keyword, value: Value) -> list[Finding]:
    if value is None or (isinstance(value, str) and value.strip() in PLACEHOLDERS):
        return []
    if not has_type(value, entry.type):
        return [
            error(
                "keyword.type",
                f"{entry.keyword} is of the wrong type.",
                extension=hdu.name,
                extver=hdu.version,
                item=entry.keyword,
                expected=entry.type,
                found=_shown(value),
            )
        ]
    if entry.enum and not _allowed(value, entry.enum):
        expected = ", ".join(entry.enum)
        return [_bad_value(hdu.name, hdu.version, entry.keyword, expected, value)]
    if entry.pattern and isinstance(value, str) and not re.search(entry.pattern, value):
        expected = f"the pattern {entry.pattern}"
        return [_bad_value(hdu.name, hdu.version, entry.keyword, expected, value)]
    return []


def has_type(value: Value, kind: str) -> bool:
    """Tell whether a value is of a declared type: string, integer, number or boolean."""
    if kind == "string":
        return isinstance(value, str)
    if kind == "boolean":
        return isinstance(value, bool)
    if isinstance(value, bool):
        return kind not in ("integer", "number")
    if kind == "integer":
        return isinstance(value, int) or (isinstance(value, float) and value.is_integer())
    if kind == "number":
        return isinstance(value, int | float)
    return True


def _allowed(value: Value, enum: tuple[str, ...]) -> bool:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value).rstrip() in enum


def _shown(value: Value) -> str:
    """Return a value as a FITS card shows it."""
    if isinstance(value, bool):
        return "T" if value else "F"
    return repr(value) if isinstance(value, str) else str(value)


def _bad_value(
    extension: str, extver: int | None, keyword: str, expected: str, value: Value
) -> Finding:
    return error(
        "keyword.value",
        f"{keyword} has a value that is not allowed.",
        extension=extension,
        extver=extver,
        item=keyword,
        expected=expected,
        found=_shown(value),
    )


def _check_exposure(raw: RawFile, identity: Identity) -> list[Finding]:
    """Compare the axes of SCI with the exposure the primary header describes."""
    assert identity.product is not None
    spec = specs(identity.product).get("SCI")
    sci = raw.find("SCI")
    frame = identity.suffix in FRAME_SUFFIXES and identity.product.model in FRAME_MODELS
    if not frame or sci is None or not isinstance(spec, Image):
        return []
    axes = spec.axes_of(len(sci.shape))
    if axes is None or sci.kind != "image":
        return []
    wanted = _expected_lengths(raw, identity)
    findings = []
    for number, (axis, size) in enumerate(zip(axes[::-1], sci.shape[::-1], strict=True), start=1):
        keyword, length = wanted.get(axis, ("", None))
        if length is not None and length != size:
            findings.append(
                error(
                    "exposure.shape",
                    f"SCI does not fit {keyword}.",
                    extension="SCI",
                    extver=1,
                    item=f"NAXIS{number}",
                    expected=f"{length} ({keyword})",
                    found=str(size),
                )
            )
    return findings


def _expected_lengths(raw: RawFile, identity: Identity) -> dict[str, tuple[str, int | None]]:
    """Return the length of each axis with the keyword that says so.

    A segment of an exposure holds the integrations INTSTART to INTEND only. A NIRSpec IRS2 frame
    holds interleaved reference pixels, and a striped subarray repeats rows, until they are
    removed; there SUBSIZE says nothing of the file.
    """
    primary = raw.primary
    first, last = primary.integer("INTSTART"), primary.integer("INTEND")
    integrations: tuple[str, int | None] = ("NINTS", primary.integer("NINTS"))
    if first is not None and last is not None and 1 <= first <= last:
        integrations = ("INTEND - INTSTART + 1", last - first + 1)
    lengths = {"integration": integrations, "group": ("NGROUPS", primary.integer("NGROUPS"))}
    interleaved = "IRS2" in primary.text("READPATT") and identity.suffix in ("uncal", "ramp")
    striped = re.search(r"STRIPE|SUPSTP|DHS", primary.text("SUBARRAY"))
    if not interleaved and not striped:
        lengths["x"] = ("SUBSIZE1", primary.integer("SUBSIZE1"))
        lengths["y"] = ("SUBSIZE2", primary.integer("SUBSIZE2"))
    return lengths


def _check_fixed(raw: RawFile, identity: Identity) -> list[Finding]:
    """Check the keywords that every product of a kind carries with the same value."""
    assert identity.product is not None
    places = {
        entry.path: (extension, keyword)
        for (extension, keyword), entries in declared_for(identity.model, False).items()
        for entry in entries
    }
    findings = []
    for path, wanted in identity.product.fixed.items():
        extension, keyword = places.get(path, ("", ""))
        hdu = raw.find(extension) if keyword else None
        if hdu is None or hdu.header.get(keyword) == wanted:
            continue
        found = _shown(hdu.header.get(keyword)) if keyword in hdu.header else "missing"
        if found == "missing" and keyword in raw.primary:
            found = "in the primary header"
        findings.append(
            warning(
                "keyword.fixed",
                f"{keyword} has one value in every product of this kind.",
                extension=extension,
                extver=1,
                item=keyword,
                expected=_shown(wanted),
                found=found,
            )
        )
    return findings


def _check_wavelengths(raw: RawFile) -> list[Finding]:
    """Check that the table which SCI names for its wavelengths is there."""
    sci = raw.find("SCI")
    if sci is None or sci.header.text("CTYPE3").strip() != "WAVE-TAB":
        return []
    table = sci.header.text("PS3_0").strip().upper()
    if raw.named(table or "WCS-TABLE"):
        return []
    return [
        error(
            "cube.wavelengths",
            "The wavelengths of SCI are in a table that is not there.",
            extension="SCI",
            extver=1,
            item="PS3_0",
            expected="WCS-TABLE",
            found=table or "missing",
        )
    ]
