"""Mapping files of an offline reference cache, as the genuine crds client wants them."""

import hashlib
from pathlib import Path
from typing import Any

UNUSED = (
    *("emicorr", "flat", "pastasoss", "pictureframe", "refpix", "reset", "rscd", "sirskernel"),
    *("persat", "trapdensity", "trappars", "regions", "area", "distortion", "photom", "lastframe"),
    *("sflat", "dflat", "fflat", "filteroffset", "specwcs", "wavelengthrange", "camera"),
    *("chromcorr", "collimator", "disperser", "fore", "fpa", "msa", "ote"),
    *("ifupost", "ifufore", "ifuslicer"),
)
PARKEYS = {
    "mask": ("META.INSTRUMENT.DETECTOR", "META.SUBARRAY.NAME"),
    "saturation": ("META.INSTRUMENT.DETECTOR",),
    "superbias": ("META.INSTRUMENT.DETECTOR", "META.EXPOSURE.READPATT", "META.SUBARRAY.NAME"),
    "linearity": ("META.INSTRUMENT.DETECTOR", "META.SUBARRAY.NAME"),
    "dark": (
        "META.INSTRUMENT.DETECTOR",
        "META.EXPOSURE.TYPE",
        "META.EXPOSURE.NOUTPUTS",
        "META.SUBARRAY.NAME",
    ),
    "gain": ("META.INSTRUMENT.DETECTOR", "META.SUBARRAY.NAME"),
    "readnoise": ("META.INSTRUMENT.DETECTOR", "META.EXPOSURE.READPATT", "META.SUBARRAY.NAME"),
    "ipc": ("META.INSTRUMENT.DETECTOR",),
}
ANYTHING = {
    "META.EXPOSURE.READPATT": "RAPID|BRIGHT1|BRIGHT2|SHALLOW2|SHALLOW4|MEDIUM8|DEEP2",
    "META.EXPOSURE.TYPE": "NRC_IMAGE|NRC_TSIMAGE|NRC_DARK",
    "META.EXPOSURE.NOUTPUTS": "N/A",
    "META.SUBARRAY.NAME": "FULL|SUB64P|SUB160|SUB320|SUB640|GENERIC",
}
ANY_PARKEY = ("META.INSTRUMENT.DETECTOR", "META.SUBARRAY.NAME", "META.EXPOSURE.READPATT")
"""What chooses the references of other instruments."""

DATE_KEYS = ("META.OBSERVATION.DATE", "META.OBSERVATION.TIME")
SERVER = """{'observatory': 'jwst', 'operational_context': 'jwst_0001.pmap',
 'bad_files_list': [], 'last_synced': '', 'force_remote_mode': False}
"""


def prepare(root: Path) -> Path:
    """Make the folders of a cache; return the one for references."""
    for name in ("config/jwst", "mappings/jwst", "references/jwst"):
        (root / name).mkdir(parents=True, exist_ok=True)
    (root / "config/jwst/server_config").write_text(SERVER)
    (root / "config/jwst/ref_cache_subdir_mode").write_text("flat")
    return root / "references/jwst"


def write_mappings(root: Path, sets: list[dict[str, Any]]) -> None:
    """Write the three levels of mappings.

    Each set has ``instrument``, ``detector``, ``subarrays`` and ``readpatts`` (joined by ``|``),
    and ``files``, the path of each type.
    """
    folder = root / "mappings/jwst"
    chosen: dict[str, str] = {}
    for instrument in sorted({one["instrument"] for one in sets}):
        own = [one for one in sets if one["instrument"] == instrument]
        name = f"jwst_{instrument.lower()}_0001.imap"
        chosen[instrument] = name
        _write_instrument(folder, instrument, name, own)
    _write(
        folder / "jwst_0001.pmap",
        {"mapping": "PIPELINE", "parkey": ("META.INSTRUMENT.NAME",)},
        repr(chosen),
    )


def _write_instrument(folder: Path, instrument: str, name: str, sets: list[dict[str, Any]]) -> None:
    kinds = sorted({kind for one in sets for kind in one["files"]})
    chosen = {}
    for kind in kinds:
        rmap = f"jwst_{instrument.lower()}_{kind}_0001.rmap"
        chosen[kind.upper()] = rmap
        nircam = instrument == "NIRCAM" and kind in PARKEYS
        parkey = PARKEYS[kind] if nircam else ANY_PARKEY
        rules = "\n".join(
            f"    {_values(one, parkey, nircam)!r} : " + _choice(one["files"].get(kind))
            for one in sets
        )
        header = {
            "mapping": "REFERENCE",
            "instrument": instrument,
            "filekind": kind.upper(),
            "parkey": (parkey, DATE_KEYS),
        }
        _write(folder / rmap, header, f"Match({{\n{rules}\n}})")
    missing = {kind.upper(): "N/A" for kind in (*UNUSED, *PARKEYS) if kind not in kinds}
    header = {"mapping": "INSTRUMENT", "instrument": instrument, "parkey": ("REFTYPE",)}
    _write(folder / name, header, repr(chosen | missing))


def _values(one: dict[str, Any], parkey: tuple[str, ...], nircam: bool) -> tuple[str, ...]:
    """Return the left side of a rule."""
    if nircam:
        return (one["detector"], *(ANYTHING[key] for key in parkey[1:]))
    return one["detector"], one["subarrays"], one["readpatts"]


def _choice(file: Path | None) -> str:
    """Return the right side of a rule: a file from a date on, or that no file applies."""
    return "'N/A'," if file is None else f"UseAfter({{'1990-01-01 00:00:00' : {file.name!r}}}),"


def _write(path: Path, header: dict[str, object], selector: str) -> None:
    header |= {"observatory": "JWST", "name": path.name, "derived_from": "generated here"}
    lines = [f"    {key!r} : {value!r}," for key, value in header.items()]
    before, after = "header = {\n" + "\n".join(lines) + "\n", "}\n\nselector = " + selector + "\n"
    digest = hashlib.sha1((before + after).encode(), usedforsecurity=False).hexdigest()
    path.write_text(f"{before}    'sha1sum' : '{digest}',\n{after}")
