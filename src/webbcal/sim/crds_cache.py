"""An offline reference cache that the genuine crds client accepts.

Source: CRDS documentation, "Rmap syntax" and "Configuring CRDS"; the client's behaviour.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from webbcal.sim.instruments import INSTRUMENTS
from webbcal.sim.references import as_stored
from webbcal.sim.settings import ImageSimulation
from webbcal.spec.fields import nodes
from webbcal.spec.meta import Meta
from webbcal.spec.references import Reference

CONTEXT = "jwst_0001.pmap"
GENERATED = "generated 2022-04-01 00:00:00"

KEY_PATHS = {
    "DETECTOR": "META.INSTRUMENT.DETECTOR",
    "SUBARRAY": "META.SUBARRAY.NAME",
    "READPATT": "META.EXPOSURE.READPATT",
    "EXP_TYPE": "META.EXPOSURE.TYPE",
    "NOUTPUTS": "META.EXPOSURE.NOUTPUTS",
    "FILTER": "META.INSTRUMENT.FILTER",
    "PUPIL": "META.INSTRUMENT.PUPIL",
    "BAND": "META.INSTRUMENT.BAND",
    "SUBSTRT1": "META.SUBARRAY.XSTART",
    "SUBSTRT2": "META.SUBARRAY.YSTART",
    "SUBSIZE1": "META.SUBARRAY.XSIZE",
    "SUBSIZE2": "META.SUBARRAY.YSIZE",
}

WITHOUT_FILE = (
    "abvegaoffset",
    "apcorr",
    "area",
    "bkg",
    "camera",
    "chromcorr",
    "collimator",
    "cubepar",
    "dflat",
    "disperser",
    "distortion",
    "drizpars",
    "emicorr",
    "extract1d",
    "fflat",
    "filteroffset",
    "flat",
    "fore",
    "fpa",
    "fringe",
    "ifufore",
    "ifupost",
    "ifuslicer",
    "ipc",
    "lastframe",
    "mrsptcorr",
    "mrsxartcorr",
    "msa",
    "msaoper",
    "nrm",
    "ote",
    "pastasoss",
    "pathloss",
    "persat",
    "photom",
    "pictureframe",
    "psf",
    "psfmask",
    "refpix",
    "regions",
    "reset",
    "resol",
    "rscd",
    "sflat",
    "sirskernel",
    "speckernel",
    "specprofile",
    "spectrace",
    "specwcs",
    "straymask",
    "throughput",
    "trapdensity",
    "trappars",
    "tsophot",
    "wavecorr",
    "wavelengthrange",
    "wavemap",
    "wfssbkg",
)
"""Types declared as not applicable: a type that no mapping names stops the peer."""

WITHOUT_PARAMETERS = (
    "chargemigrationstep",
    "cleanflickernoisestep",
    "darkcurrentstep",
    "darkpipeline",
    "detector1pipeline",
    "dqinitstep",
    "emicorrstep",
    "firstframestep",
    "gainscalestep",
    "groupscalestep",
    "guidercdsstep",
    "guiderpipeline",
    "image2pipeline",
    "image3pipeline",
    "ipcstep",
    "jumpstep",
    "lastframestep",
    "linearitystep",
    "persistencestep",
    "pictureframestep",
    "rampfitstep",
    "refpixstep",
    "resetstep",
    "rscdstep",
    "saturationstep",
    "superbiasstep",
)
"""Steps and pipelines without a parameter reference: unnamed ones fill the log with errors."""


def write_cache(
    references: Mapping[str, Reference], options: ImageSimulation, noutputs: int, folder: Path
) -> dict[str, Path]:
    """Write the files of the references and the mappings that select them.

    Parameters
    ----------
    references : mapping
        Type to reference, flags as pipelines use them.
    options : ImageSimulation
        Detector, read pattern and subarray to select by.
    noutputs : int
        Number of amplifiers, likewise.
    folder : Path
        What CRDS_PATH names.

    Returns
    -------
    dict
        Type to the file written.
    """
    from webbcal.io.write import write_product

    files = folder / "references" / "jwst"
    mappings = folder / "mappings" / "jwst"
    config = folder / "config" / "jwst"
    for part in (files, mappings, config):
        part.mkdir(parents=True, exist_ok=True)
    instrument = options.instrument.name.lower()
    written: dict[str, Path] = {}
    for kind, reference in references.items():
        extension = "asdf" if reference.storage == "asdf" else "fits"
        path = files / f"jwst_{instrument}_{kind}_0001.{extension}"
        note = {"description": f"Made by the webbcal simulator for {options.detector}."}
        if extension == "asdf":
            _write_tree(reference, path)
        else:
            write_product(replace_history(as_stored(reference), note), path)
        written[kind] = path
        _write_rules(kind, path.name, options, noutputs, mappings)
    _write_instrument(set(references), instrument, mappings)
    _write(
        mappings / CONTEXT,
        {
            "derived_from": GENERATED,
            "mapping": "PIPELINE",
            "name": CONTEXT,
            "observatory": "JWST",
            "parkey": ("META.INSTRUMENT.NAME",),
        },
        f"{{\n    {instrument.upper()!r} : {_mapping_name(instrument)!r},\n}}",
    )
    (config / "server_config").write_text(
        repr(
            {
                "observatory": "jwst",
                "operational_context": CONTEXT,
                "bad_files_list": [],
                "last_synced": "",
                "force_remote_mode": False,
            }
        )
        + "\n",
        "ascii",
    )
    (config / "ref_cache_subdir_mode").write_text("flat\n", "ascii")
    return written


def _write_tree(reference: Reference, path: Path) -> None:
    """Write a reference that is one ASDF tree."""
    import asdf

    tree: dict[str, Any] = {"meta": _plain(reference.meta)}
    for name, node in nodes(type(reference)).items():
        content = _plain(getattr(reference, name))
        tree |= {node.name: content} if node.name else content
    asdf.AsdfFile(tree).write_to(path)


def _plain(value: Any) -> Any:
    if isinstance(value, Meta):
        return {name: _plain(value.raw(name)) for name in value}
    if isinstance(value, Mapping):
        return {name: _plain(item) for name, item in value.items()}
    return value


def replace_history(reference: Reference, note: Mapping[str, str]) -> Reference:
    """Return a reference with one entry of history."""
    extras = {**reference.extras, "history": [dict(note)]}
    stored = reference.stored("sci") if "sci" not in vars(reference) else None
    if stored is None:
        return replace(reference, extras=extras)
    rest = {
        name: value
        for name, value in vars(reference).items()
        if name not in {"_stored", "sci", "extras"}
    }
    return type(reference).from_stored({"sci": stored}, extras=extras, **rest)


def _write_rules(
    kind: str, name: str, options: ImageSimulation, noutputs: int, mappings: Path
) -> None:
    instrument, window = options.instrument, options.window
    values: dict[str, Any] = {
        "DETECTOR": options.detector,
        "SUBARRAY": window.name,
        "READPATT": options.read_pattern,
        "EXP_TYPE": options.exptype,
        "NOUTPUTS": float(noutputs),
        "SUBSTRT1": float(window.x_start),
        "SUBSTRT2": float(window.y_start),
        "SUBSIZE1": float(window.columns),
        "SUBSIZE2": float(window.rows),
        **instrument.keywords(options.chip, options.filter_name),
    }
    keys = instrument.keys[kind]
    rules = f"jwst_{instrument.name.lower()}_{kind}_0001.rmap"
    # The client compares numbers as it reads them from a header: as decimals.
    match = tuple(str(values.get(key, "N/A")) for key in keys)
    moment = f"UseAfter({{\n        '2022-04-01 00:00:00' : {name!r},\n    }})"
    selector = f"Match({{\n    {match!r} : {moment},\n}})" if keys else moment
    dates = ("META.OBSERVATION.DATE", "META.OBSERVATION.TIME")
    _write(
        mappings / rules,
        {
            "derived_from": GENERATED,
            "filekind": kind.upper(),
            "instrument": instrument.name,
            "mapping": "REFERENCE",
            "name": rules,
            "observatory": "JWST",
            "parkey": (tuple(KEY_PATHS[key] for key in keys), dates) if keys else (dates,),
        },
        selector,
    )


def _mapping_name(instrument: str) -> str:
    return f"jwst_{instrument}_0001.imap"


def _write_instrument(kinds: set[str], instrument: str, mappings: Path) -> None:
    rules = {kind.upper(): f"jwst_{instrument}_{kind}_0001.rmap" for kind in kinds}
    known = {kind for i in INSTRUMENTS.values() for kind in i.keys}
    rules |= {kind.upper(): "N/A" for kind in known.union(WITHOUT_FILE) - kinds}
    rules |= {f"PARS-{step.upper()}": "N/A" for step in WITHOUT_PARAMETERS}
    lines = "".join(f"    {kind!r} : {rules[kind]!r},\n" for kind in sorted(rules))
    _write(
        mappings / _mapping_name(instrument),
        {
            "derived_from": GENERATED,
            "instrument": instrument.upper(),
            "mapping": "INSTRUMENT",
            "name": _mapping_name(instrument),
            "observatory": "JWST",
            "parkey": ("REFTYPE",),
        },
        f"{{\n{lines}}}",
    )


def _write(path: Path, header: Mapping[str, object], selector: str) -> None:
    """Write a mapping with the checksum of its other lines."""
    entries = {**header, "sha1sum": ""}
    lines = [f"    {name!r} : {entries[name]!r},\n" for name in sorted(entries)]
    text = "header = {\n" + "".join(lines) + "}\n\nselector = " + selector + "\n"
    rest = "".join(line for line in text.splitlines(keepends=True) if "sha1sum" not in line)
    checksum = hashlib.sha1(rest.encode("ascii"), usedforsecurity=False).hexdigest()
    path.write_text(text.replace("'sha1sum' : ''", f"'sha1sum' : {checksum!r}"), "ascii")
