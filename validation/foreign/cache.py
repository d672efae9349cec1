"""Mapping files of an offline reference cache, as the genuine crds client wants them."""

import hashlib
from pathlib import Path

UNUSED = (
    *("emicorr", "flat", "pastasoss", "pictureframe", "refpix", "reset", "rscd", "sirskernel"),
    *("persat", "trapdensity", "trappars", "regions", "area", "distortion", "photom"),
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
    "META.EXPOSURE.TYPE": "NRC_IMAGE|NRC_TSIMAGE",
    "META.EXPOSURE.NOUTPUTS": "N/A",
    "META.SUBARRAY.NAME": "FULL|SUB64P|SUB160|SUB320|SUB640|GENERIC",
}
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


def write_mappings(root: Path, files: dict[str, dict[str, Path]]) -> None:
    """Write the three levels of mappings; `files` is detector to type to file."""
    folder = root / "mappings/jwst"
    kinds = sorted({kind for by_type in files.values() for kind in by_type})
    chosen = {}
    for kind in kinds:
        name = f"jwst_nircam_{kind}_0001.rmap"
        chosen[kind.upper()] = name
        rules = "\n".join(
            f"    {(detector, *(ANYTHING[key] for key in PARKEYS[kind][1:]))!r} : "
            + _choice(by_type.get(kind))
            for detector, by_type in files.items()
        )
        header = {
            "mapping": "REFERENCE",
            "instrument": "NIRCAM",
            "filekind": kind.upper(),
            "parkey": (PARKEYS[kind], DATE_KEYS),
        }
        _write(folder / name, header, f"Match({{\n{rules}\n}})")
    missing = {kind.upper(): "N/A" for kind in (*UNUSED, *PARKEYS) if kind not in kinds}
    _write(
        folder / "jwst_nircam_0001.imap",
        {"mapping": "INSTRUMENT", "instrument": "NIRCAM", "parkey": ("REFTYPE",)},
        repr(chosen | missing),
    )
    _write(
        folder / "jwst_0001.pmap",
        {"mapping": "PIPELINE", "parkey": ("META.INSTRUMENT.NAME",)},
        repr({"NIRCAM": "jwst_nircam_0001.imap"}),
    )


def _choice(file: Path | None) -> str:
    """Return the right side of a rule: a file from a date on, or that no file applies."""
    return "'N/A'," if file is None else f"UseAfter({{'1990-01-01 00:00:00' : {file.name!r}}}),"


def _write(path: Path, header: dict[str, object], selector: str) -> None:
    header |= {"observatory": "JWST", "name": path.name, "derived_from": "generated here"}
    lines = [f"    {key!r} : {value!r}," for key, value in header.items()]
    before, after = "header = {\n" + "\n".join(lines) + "\n", "}\n\nselector = " + selector + "\n"
    digest = hashlib.sha1((before + after).encode(), usedforsecurity=False).hexdigest()
    path.write_text(f"{before}    'sha1sum' : '{digest}',\n{after}")
