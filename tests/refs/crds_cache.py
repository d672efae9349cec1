"""A small cache of selection rules and reference files, as the genuine client reads it."""

import hashlib
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from pprint import pformat

from webbcal.spec.meta import Meta

CONTEXT = "jwst_0001.pmap"
DATES = ("META.OBSERVATION.DATE", "META.OBSERVATION.TIME")


def exposure(**changes: object) -> Meta:
    """Return metadata of a NIRCam exposure; names with double underscores are paths."""
    meta = Meta(
        {
            "instrument": {"name": "NIRCAM", "detector": "NRCA1", "filter": "F200W"},
            "exposure": {"type": "NRC_IMAGE", "readpatt": "RAPID", "noutputs": 4},
            "subarray": {"name": "FULL", "xstart": 1, "ystart": 1, "xsize": 2048, "ysize": 2048},
            "observation": {"date": "2023-05-01", "time": "12:00:00.000"},
            "visit": {"tsovisit": False},
        }
    )
    return meta.replace({name.replace("__", "."): value for name, value in changes.items()})


def rules(*branches: tuple[Sequence[str], Mapping[str, str] | str]) -> str:
    """Return a selector: values of the keys, and date to file (or N/A)."""
    lines = []
    for values, files in branches:
        choice = repr(files) if isinstance(files, str) else f"UseAfter({pformat(dict(files))})"
        lines.append(f"    {tuple(values)!r} : {choice},")
    return "Match({\n" + "\n".join(lines) + "\n})"


def write_mapping(folder: Path, name: str, header: Mapping[str, object], selector: str) -> None:
    """Write a mapping file with its checksum."""
    full = {"observatory": "JWST", "name": name, "derived_from": "generated", **header}
    text = f"header = {pformat(full)}\n\nselector = {selector}\n"
    digest = hashlib.sha1(text.encode()).hexdigest()
    stamped = text.replace("header = {", f"header = {{\n 'sha1sum': '{digest}',\n", 1)
    # The checksum is that of the text without the line that holds it.
    rest = "".join(line for line in stamped.splitlines(True) if "sha1sum" not in line)
    stamped = stamped.replace(digest, hashlib.sha1(rest.encode()).hexdigest())
    (folder / name).write_text(stamped)


def write_type(root: Path, reftype: str, keys: Sequence[str], selector: str) -> None:
    """Write or replace the rules of one type."""
    write_mapping(
        root / "mappings" / "jwst",
        f"jwst_nircam_{reftype}_0001.rmap",
        {
            "mapping": "REFERENCE",
            "instrument": "NIRCAM",
            "filekind": reftype.upper(),
            "parkey": (tuple(keys), DATES),
            "classes": ("Match", "UseAfter"),
        },
        selector,
    )


def make_cache(
    root: Path,
    types: Mapping[str, tuple[Sequence[str], str] | None],
    files: Sequence[str] = (),
    bad: Sequence[str] = (),
) -> Path:
    """Write a cache for NIRCam; a type without rules is declared N/A."""
    for folder in ("config/jwst", "mappings/jwst", "references/jwst"):
        (root / folder).mkdir(parents=True)
    config = {
        "observatory": "jwst",
        "operational_context": CONTEXT,
        "bad_files_list": list(bad),
        "last_synced": "",
        "force_remote_mode": False,
    }
    (root / "config/jwst/server_config").write_text(repr(config))
    (root / "config/jwst/ref_cache_subdir_mode").write_text("flat")
    declared = {}
    for reftype, rule in types.items():
        declared[reftype.upper()] = f"jwst_nircam_{reftype}_0001.rmap" if rule else "N/A"
        if rule:
            write_type(root, reftype, *rule)
    mappings = root / "mappings/jwst"
    header = {"mapping": "INSTRUMENT", "instrument": "NIRCAM", "parkey": ("REFTYPE",)}
    write_mapping(mappings, "jwst_nircam_0001.imap", header, pformat(declared))
    header = {"mapping": "PIPELINE", "parkey": ("META.INSTRUMENT.NAME",)}
    write_mapping(mappings, CONTEXT, header, pformat({"NIRCAM": "jwst_nircam_0001.imap"}))
    for name in files:
        (root / "references/jwst" / name).write_bytes(b"")
    return root


def touch_later(path: Path) -> None:
    """Give a file a modification time that differs from what it was."""
    status = path.stat()
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns + 1_000_000))
