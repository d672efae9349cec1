"""An offline reference cache that the genuine crds client accepts.

Source: CRDS documentation, "Rmap syntax" and "Configuring CRDS"; the client's behaviour.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from webbcal.sim.references import as_stored
from webbcal.sim.settings import ImageSimulation
from webbcal.spec.references import Reference

CONTEXT = "jwst_0001.pmap"
INSTRUMENT_MAPPING = "jwst_nircam_0001.imap"
GENERATED = "generated 2022-04-01 00:00:00"

KEYS: Mapping[str, tuple[str, ...]] = {
    "mask": ("DETECTOR", "SUBARRAY"),
    "saturation": ("DETECTOR",),
    "superbias": ("DETECTOR", "READPATT", "SUBARRAY"),
    "linearity": ("DETECTOR", "SUBARRAY"),
    "dark": ("DETECTOR", "EXP_TYPE", "NOUTPUTS", "SUBARRAY"),
    "gain": ("DETECTOR", "SUBARRAY"),
    "readnoise": ("DETECTOR", "READPATT", "SUBARRAY"),
    "ipc": ("DETECTOR",),
}
"""Selection keys of each type that the simulator writes."""

KEY_PATHS = {
    "DETECTOR": "META.INSTRUMENT.DETECTOR",
    "SUBARRAY": "META.SUBARRAY.NAME",
    "READPATT": "META.EXPOSURE.READPATT",
    "EXP_TYPE": "META.EXPOSURE.TYPE",
    "NOUTPUTS": "META.EXPOSURE.NOUTPUTS",
}

WITHOUT_FILE = (
    "abvegaoffset",
    "apcorr",
    "area",
    "bkg",
    "camera",
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
    written: dict[str, Path] = {}
    for kind, reference in references.items():
        path = files / f"jwst_nircam_{kind}_0001.fits"
        note = {"description": f"Made by the webbcal simulator for {options.detector}."}
        write_product(replace_history(as_stored(reference), note), path)
        written[kind] = path
        _write_rules(kind, path.name, options, noutputs, mappings)
    _write_instrument(set(references), mappings)
    _write(
        mappings / CONTEXT,
        {
            "derived_from": GENERATED,
            "mapping": "PIPELINE",
            "name": CONTEXT,
            "observatory": "JWST",
            "parkey": ("META.INSTRUMENT.NAME",),
        },
        f"{{\n    'NIRCAM' : {INSTRUMENT_MAPPING!r},\n}}",
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
    values = {
        "DETECTOR": options.detector,
        "SUBARRAY": options.window.name,
        "READPATT": options.readpatt,
        "EXP_TYPE": "NRC_IMAGE",
        # The client compares numbers as it reads them from a header.
        "NOUTPUTS": str(float(noutputs)),
    }
    keys = KEYS[kind]
    match = tuple(values[key] for key in keys)
    selector = (
        "Match({\n"
        f"    {match!r} : UseAfter({{\n"
        f"        '2022-04-01 00:00:00' : {name!r},\n"
        "    }),\n"
        "})"
    )
    _write(
        mappings / f"jwst_nircam_{kind}_0001.rmap",
        {
            "derived_from": GENERATED,
            "filekind": kind.upper(),
            "instrument": "NIRCAM",
            "mapping": "REFERENCE",
            "name": f"jwst_nircam_{kind}_0001.rmap",
            "observatory": "JWST",
            "parkey": (
                tuple(KEY_PATHS[key] for key in keys),
                ("META.OBSERVATION.DATE", "META.OBSERVATION.TIME"),
            ),
        },
        selector,
    )


def _write_instrument(kinds: set[str], mappings: Path) -> None:
    rules = {kind.upper(): f"jwst_nircam_{kind}_0001.rmap" for kind in kinds}
    rules |= {kind.upper(): "N/A" for kind in WITHOUT_FILE if kind not in kinds}
    rules |= {f"PARS-{step.upper()}": "N/A" for step in WITHOUT_PARAMETERS}
    lines = "".join(f"    {kind!r} : {rules[kind]!r},\n" for kind in sorted(rules))
    _write(
        mappings / INSTRUMENT_MAPPING,
        {
            "derived_from": GENERATED,
            "instrument": "NIRCAM",
            "mapping": "INSTRUMENT",
            "name": INSTRUMENT_MAPPING,
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
