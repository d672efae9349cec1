"""An offline reference cache that the genuine crds client accepts.

Source: CRDS documentation, "Rmap syntax" and "Configuring CRDS"; the client's behaviour.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from webbcal.sim.instruments import INSTRUMENTS, Instrument
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
    "CHANNEL": "META.INSTRUMENT.CHANNEL",
    "MODULE": "META.INSTRUMENT.MODULE",
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
    "assignmtwcsstep",
    "assignwcsstep",
    "backgroundstep",
    "chargemigrationstep",
    "cleanflickernoisestep",
    "darkcurrentstep",
    "darkpipeline",
    "detector1pipeline",
    "dqinitstep",
    "emicorrstep",
    "firstframestep",
    "flatfieldstep",
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
    "outlierdetectionstep",
    "persistencestep",
    "photomstep",
    "pictureframestep",
    "rampfitstep",
    "refpixstep",
    "resamplestep",
    "resetstep",
    "rscdstep",
    "saturationstep",
    "skymatchstep",
    "sourcecatalogstep",
    "superbiasstep",
    "tweakregstep",
)
"""Steps and pipelines without a parameter reference: unnamed ones fill the log with errors."""


@dataclass(frozen=True)
class ReferenceFile:
    """A reference that writes its file itself.

    Attributes
    ----------
    extension : str
        Of its name.
    write : callable
        Writes to a path.
    """

    extension: str
    write: Callable[[Path], None]


@dataclass(frozen=True)
class Served:
    """References, and the exposures that they are for.

    Attributes
    ----------
    references : mapping
        Type to reference, flags as pipelines use them.
    options : ImageSimulation
        Detector, read pattern and subarray to select by.
    noutputs : int
        Number of amplifiers, likewise.
    """

    references: Mapping[str, Reference | ReferenceFile]
    options: ImageSimulation
    noutputs: int


def write_cache(
    references: Mapping[str, Reference], options: ImageSimulation, noutputs: int, folder: Path
) -> dict[str, Path]:
    """Write a cache for one detector.

    Parameters
    ----------
    references, options, noutputs
        As in `Served`.
    folder : Path
        What CRDS_PATH names.

    Returns
    -------
    dict
        Type to the file written.
    """
    return write_cache_of([Served(references, options, noutputs)], folder)


def write_cache_of(served: Sequence[Served], folder: Path) -> dict[str, Path]:
    """Write the files of references of one instrument and the mappings that select them.

    What selects the same file for several detectors (apertures, for example) is written once.

    Returns
    -------
    dict
        Type to the file written; for the second detector and more, type and detector with a
        space in between.
    """
    mappings = folder / "mappings" / "jwst"
    config = folder / "config" / "jwst"
    files = folder / "references" / "jwst"
    for part in (files, mappings, config):
        part.mkdir(parents=True, exist_ok=True)
    instrument = served[0].options.instrument
    prefix = instrument.name.lower()
    written: dict[str, Path] = {}
    rules: dict[str, dict[tuple[str, ...], str]] = {}
    for one in served:
        for kind, reference in one.references.items():
            known = rules.setdefault(kind, {})
            match = _match(kind, one)
            if match in known:
                continue
            name = f"jwst_{prefix}_{kind}_{len(known) + 1:04d}"
            path = _write_reference(reference, files / name, one.options)
            known[match] = path.name
            detector = one.options.detector
            written[kind if len(known) == 1 else f"{kind} {detector}"] = path
    for kind, known in rules.items():
        _write_rules(kind, known, instrument, mappings)
    _write_instrument(set(rules), prefix, mappings)
    _write(
        mappings / CONTEXT,
        {
            "derived_from": GENERATED,
            "mapping": "PIPELINE",
            "name": CONTEXT,
            "observatory": "JWST",
            "parkey": ("META.INSTRUMENT.NAME",),
        },
        f"{{\n    {prefix.upper()!r} : {_mapping_name(prefix)!r},\n}}",
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


def _write_reference(
    reference: Reference | ReferenceFile, stem: Path, options: ImageSimulation
) -> Path:
    from webbcal.io.write import write_product

    if isinstance(reference, ReferenceFile):
        path = stem.with_suffix(f".{reference.extension}")
        reference.write(path)
    elif reference.storage == "asdf":
        path = stem.with_suffix(".asdf")
        _write_tree(reference, path)
    else:
        path = stem.with_suffix(".fits")
        note = {"description": f"Made by the webbcal simulator for {options.detector}."}
        write_product(replace_history(as_stored(reference), note), path)
    return path


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


def _match(kind: str, served: Served) -> tuple[str, ...]:
    """Return the values of the keywords by which a file of some type is selected."""
    options = served.options
    instrument, window = options.instrument, options.window
    values: dict[str, Any] = {
        "DETECTOR": options.detector,
        "SUBARRAY": window.name,
        "READPATT": options.read_pattern,
        "EXP_TYPE": options.exptype,
        "NOUTPUTS": float(served.noutputs),
        "SUBSTRT1": float(window.x_start),
        "SUBSTRT2": float(window.y_start),
        "SUBSIZE1": float(window.columns),
        "SUBSIZE2": float(window.rows),
        **instrument.keywords(options.chip, options.filter_name),
    }
    # The client compares numbers as it reads them from a header: as decimals.
    return tuple(str(values.get(key, "N/A")) for key in instrument.keys[kind])


def _write_rules(
    kind: str, files: Mapping[tuple[str, ...], str], instrument: Instrument, mappings: Path
) -> None:
    keys = instrument.keys[kind]
    rules = f"jwst_{instrument.name.lower()}_{kind}_0001.rmap"
    moments = {
        match: f"UseAfter({{\n        '2022-04-01 00:00:00' : {name!r},\n    }})"
        for match, name in files.items()
    }
    lines = "".join(f"    {match!r} : {moment},\n" for match, moment in moments.items())
    selector = f"Match({{\n{lines}}})" if keys else next(iter(moments.values()))
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
