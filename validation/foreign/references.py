"""References of a detector, written by the peer's data models, each in its own dialect.

Traits of a set, beside what every file has (keywords in another order, HISTORY, keywords and
an extension that no model knows):

========== ================================================================================
shuffled   DQ_DEF tables whose bits stand in another order than the standard flags
plain      no ASDF extension
double     float64 arrays where the models would write float32; DQ as int32
holes      NaN, zero and negative values in every array; flagged pixels of every kind
average    average dark current given, as a map
factor     GAINFACT in the gain reference
averaged   dark taken in the read pattern of SHALLOW4
ipc        a kernel for the coupling of pixels, "ipc4" one for each pixel
sirs       kernels for the side reference pixels
frame      a picture frame
flat       a flat field
sky        a grid of pixels on the sky, and exposures with a pointing
========== ================================================================================
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from astropy.io import fits
from stdatamodels.jwst import datamodels
from stdatamodels.jwst.datamodels.dqflags import pixel as FLAGS

from validation.foreign import irs2, miri, nirspec
from validation.foreign.detector import Detector
from validation.foreign.frame import Frame
from validation.foreign.sky import write_sky_references

TYPES = ("mask", "saturation", "superbias", "linearity", "dark", "gain", "readnoise")
OF_MIRI = ("mask", "saturation", "linearity", "dark", "gain", "readnoise", "reset", "rscd")
ON_REQUEST = {"ipc": "ipc", "ipc4": "ipc", "frame": "pictureframe", "flat": "flat"}
FLAGS_OF = {
    "mask": ("DO_NOT_USE", "DEAD", "HOT", "RC", "REFERENCE_PIXEL", "NON_SCIENCE", "LOW_QE"),
    "saturation": ("DO_NOT_USE", "NO_SAT_CHECK"),
    "superbias": ("DO_NOT_USE", "UNRELIABLE_BIAS"),
    "linearity": ("DO_NOT_USE", "NONLINEAR", "NO_LIN_CORR"),
    "dark": ("DO_NOT_USE", "HOT", "WARM", "UNRELIABLE_DARK"),
    "reset": ("DO_NOT_USE", "UNRELIABLE_BIAS"),
    "flat": ("DO_NOT_USE", "NO_FLAT_FIELD", "UNRELIABLE_FLAT"),
}
MODELS = {
    "mask": datamodels.MaskModel,
    "saturation": datamodels.SaturationModel,
    "superbias": datamodels.SuperBiasModel,
    "linearity": datamodels.LinearityModel,
    "dark": datamodels.DarkModel,
    "gain": datamodels.GainModel,
    "readnoise": datamodels.ReadnoiseModel,
    "ipc": datamodels.IPCModel,
    "reset": datamodels.ResetModel,
    "rscd": datamodels.RSCDModel,
    "refpix": datamodels.IRS2Model,
    "pictureframe": datamodels.PictureFrameModel,
    "flat": datamodels.FlatModel,
}
IPC_KERNEL = np.array([[0, -0.005, 0], [-0.006, 1.022, -0.006], [0, -0.005, 0]], np.float32)


def write_references(
    detector: Detector, spec: dict[str, Any], folder: Path, stem: str
) -> dict[str, Path]:
    """Write all references of a set; return them by type.

    `spec` holds detector (name), frame, dark_frames, frame_time, traits, seed.
    """
    filler = _Filler(detector, spec, np.random.default_rng(spec["seed"] + 1))
    traits = set(spec["traits"])
    files = {}
    for kind in _types(spec, traits):
        model = _model_of(kind, spec)
        flags = getattr(filler, kind)(model)
        if kind in FLAGS_OF:
            _set_flags(model, kind, flags, "shuffled" in traits, spec)
        _describe(model, kind, detector.frame, spec)
        path = folder / f"{stem}_{kind}.fits"
        model.save(str(path))
        model.close()
        _make_odd(path, traits)
        files[kind] = path
    if spec["instrument"] == "MIRI":
        files["emicorr"] = miri.write_emicorr(folder / f"{stem}_emicorr.asdf", spec)
    if "sirs" in traits:
        files["sirskernel"] = nirspec.write_sirs(folder / f"{stem}_sirskernel.asdf", spec)
    if "sky" in traits:
        files |= write_sky_references(spec, folder, stem)
    return files


def _types(spec: dict[str, Any], traits: set[str]) -> tuple[str, ...]:
    wanted = OF_MIRI if spec["instrument"] == "MIRI" else TYPES
    wanted += tuple(kind for trait, kind in ON_REQUEST.items() if trait in traits)
    return (*wanted, "refpix") if spec.get("irs2") else wanted


def _model_of(kind: str, spec: dict[str, Any]) -> Any:
    if kind == "dark" and spec["instrument"] == "MIRI":
        return datamodels.DarkMIRIModel()
    return MODELS[kind]()


class _Filler:
    """Puts the arrays of a detector into models, with bad values where the set wants some."""

    def __init__(self, detector: Detector, spec: dict[str, Any], rng: np.random.Generator) -> None:
        self.detector = detector
        self.spec = spec
        self.rng = rng
        self.shape = detector.frame.shape
        self.holes = "holes" in spec["traits"]

    def punch(self, array: np.ndarray, *values: float) -> np.ndarray:
        """Put bad values on a few pixels of the last two axes."""
        array = array.astype(np.float32)
        for value in values if self.holes else ():
            y, x = (self.rng.integers(0, n, 12) for n in self.shape)
            array[..., y, x] = value
        return array

    def some(self, part: float = 1e-3) -> np.ndarray:
        """Return a few pixels, fewer where the set has no holes."""
        return self.rng.random(self.shape) < (part if self.holes else part / 10)

    def mask(self, model: Any) -> dict[str, np.ndarray]:
        """Fill a mask; return pixels to flag, by name."""
        return {
            "DO_NOT_USE": self.detector.dead | self.some(),
            "DEAD": self.detector.dead,
            "HOT": self.detector.hot,
            "RC": self.some(),
            "LOW_QE": self.some(),
            "REFERENCE_PIXEL": self.detector.blind,
        }

    def saturation(self, model: Any) -> dict[str, np.ndarray]:
        """Fill thresholds."""
        model.data = self.punch(self.detector.threshold(), np.nan)
        return {"NO_SAT_CHECK": self.some(), "DO_NOT_USE": self.some(2e-4)}

    def superbias(self, model: Any) -> dict[str, np.ndarray]:
        """Fill a bias."""
        bias = self.punch(self.detector.bias, np.nan)
        if self.spec.get("irs2"):
            bias = irs2.interleave(bias, self.spec["detector"], rest=np.float32(9000.0))
        model.data = bias
        model.err = np.full(bias.shape, 0.5, np.float32)
        return {"UNRELIABLE_BIAS": self.some(), "DO_NOT_USE": self.some(2e-4)}

    def linearity(self, model: Any) -> dict[str, np.ndarray]:
        """Fill coefficients, some of them without a linear term."""
        zero, one = np.zeros(self.shape, np.float32), np.ones(self.shape, np.float32)
        terms = [zero, self.punch(one, 0.0), self.detector.square, self.detector.cube]
        model.coeffs = self.punch(np.stack(terms), np.nan)
        return {"NO_LIN_CORR": self.some(), "NONLINEAR": self.some()}

    def dark(self, model: Any) -> dict[str, np.ndarray]:
        """Fill a dark ramp."""
        dark = _dark_ramp(self.detector, self.spec)
        if self.detector.miri:
            dark = np.stack([1.1 * dark, dark])
        model.data = self.punch(dark, np.nan)
        if "average" in self.spec["traits"]:
            model.average_dark_current = self.detector.dark
        return {"HOT": self.detector.hot, "WARM": self.some(), "UNRELIABLE_DARK": self.some()}

    def gain(self, model: Any) -> dict[str, np.ndarray]:
        """Fill gains, some of them impossible."""
        model.data = self.punch(self.detector.gain, np.nan, 0.0, -1.5)
        return {}

    def readnoise(self, model: Any) -> dict[str, np.ndarray]:
        """Fill the noise of pairs of reads."""
        noise = np.sqrt(2) * self.detector.read_noise / self.detector.gain
        model.data = self.punch(noise, np.nan, 0.0)
        return {}

    def ipc(self, model: Any) -> dict[str, np.ndarray]:
        """Fill a kernel, or one for each pixel."""
        model.data = IPC_KERNEL
        if "ipc4" in self.spec["traits"]:
            change = self.rng.uniform(0.5, 1.5, self.shape).astype(np.float32)
            centre = np.zeros_like(IPC_KERNEL)
            centre[1, 1] = 1
            around = (IPC_KERNEL - centre)[:, :, None, None] * change
            model.data = (centre[:, :, None, None] + around).astype(np.float32)
        return {}

    def reset(self, model: Any) -> dict[str, np.ndarray]:
        """Fill what the reset leaves, for two integrations and a few groups."""
        data = miri.reset_ramps(self.detector)
        model.data = self.punch(data, np.nan)
        model.err = np.zeros(data.shape, np.float32)
        return {"UNRELIABLE_BIAS": self.some(), "DO_NOT_USE": self.some(2e-4)}

    def rscd(self, model: Any) -> dict[str, np.ndarray]:
        """Fill the table of groups to leave out."""
        model.rscd_group_skip_table = miri.rscd_rows(model.get_dtype("rscd_group_skip_table"))
        return {}

    def refpix(self, model: Any) -> dict[str, np.ndarray]:
        """Fill the weights of the reference output and of the reference pixels."""
        nirspec.fill_refpix(model)
        return {}

    def pictureframe(self, model: Any) -> dict[str, np.ndarray]:
        """Fill the rate of a frame that glows at its edge."""
        model.data = nirspec.picture_frame(self.shape)
        return {}

    def flat(self, model: Any) -> dict[str, np.ndarray]:
        """Fill a response."""
        good = np.where(self.detector.response > 0, self.detector.response, 1)
        model.data = self.punch(good, np.nan)
        model.err = np.full(self.shape, 0.01, np.float32)
        return {"NO_FLAT_FIELD": self.some(), "UNRELIABLE_FLAT": self.some()}


def _dark_ramp(detector: Detector, spec: dict[str, Any]) -> np.ndarray:
    """Return the linear dark signal at each group, DN."""
    times = (np.arange(spec["dark_frames"]) + 1.0) * spec["frame_time"]
    if "averaged" in spec["traits"]:
        times = (np.arange(spec["dark_frames"]) * 5 + 2.5) * spec["frame_time"]
    rate = detector.dark / detector.gain
    return (times[:, None, None] * rate).astype(np.float32)


def _set_flags(
    model: Any, kind: str, flags: dict[str, np.ndarray], shuffled: bool, spec: dict[str, Any]
) -> None:
    names: Sequence[str] = FLAGS_OF[kind]
    standard = {name: int(FLAGS[name]) for name in names}
    bits = {name: flag.bit_length() - 1 for name, flag in standard.items()}
    if shuffled:
        names = tuple(reversed(names))
        bits = dict(zip(names, range(len(names)), strict=True))
    # A model holds the standard bits; those of its table stand in the file.
    dq = np.zeros(next(iter(flags.values())).shape, np.uint32)
    for name, where in flags.items():
        dq |= np.where(where, np.uint32(standard[name]), np.uint32(0))
    if spec.get("irs2") and kind in {"mask", "superbias"}:
        rest = np.uint32(standard["REFERENCE_PIXEL"] if kind == "mask" else 0)
        dq = irs2.interleave(dq, spec["detector"], rest=rest)
    if spec["instrument"] == "MIRI" and kind == "dark":
        dq = np.stack([dq, np.roll(dq, 1, axis=-1)])[:, None]
    model.dq = dq
    rows = [(bit, 1 << bit, name, f"pixel is {name}") for name, bit in bits.items()]
    model.dq_def = np.array(rows, dtype=model.get_dtype("dq_def"))


def _describe(model: Any, kind: str, frame: Frame, spec: dict[str, Any]) -> None:
    meta = model.meta
    meta.author, meta.pedigree, meta.reftype = "foreign.py", "DUMMY", kind.upper()
    meta.description = f"{kind} of a detector that does not exist"
    meta.useafter = "2020-01-01T00:00:00"
    meta.instrument.name, meta.instrument.detector = spec["instrument"], spec["detector"]
    if kind not in {"ipc", "rscd", "refpix", "pictureframe"}:
        meta.exposure.type, meta.exposure.readpatt = spec["exp_type"], "ANY"
        meta.subarray.name = "FULL" if frame.full else "GENERIC"
        meta.subarray.xstart, meta.subarray.ystart = frame.x, frame.y
        meta.subarray.xsize, meta.subarray.ysize = frame.nx, frame.ny
        meta.subarray.fastaxis, meta.subarray.slowaxis = spec["fastaxis"], spec["slowaxis"]
    if kind == "dark":
        averaged = "averaged" in spec["traits"]
        meta.exposure.nframes, meta.exposure.groupgap = (4, 1) if averaged else (1, 0)
        meta.exposure.ngroups = spec["dark_frames"]
        meta.exposure.frame_time = spec["frame_time"]
        meta.exposure.group_time = spec["frame_time"] * (5 if averaged else 1)
        if spec["instrument"] == "MIRI":
            meta.exposure.nints = 2
        if "average keyword" in spec["traits"]:
            meta.exposure.average_dark_current = 0.02
    if kind == "reset":
        meta.exposure.nints, meta.exposure.ngroups = 2, miri.RESET_GROUPS
    if kind == "gain" and "factor" in spec["traits"]:
        meta.exposure.gain_factor = 2.0
    for text in ("made to be unlike other files", "second line of history"):
        model.add_history_entry(text)


def _make_odd(path: Path, traits: set[str]) -> None:
    """Give a finished file the dialect of its set."""
    with fits.open(path) as hdus:
        out = fits.HDUList([hdu.copy() for hdu in hdus if not _dropped(hdu, traits)])
        reverse_keywords(out[0].header)
        out[0].header["EXTRAKEY"] = (42, "a keyword that no model knows")
        out[0].header["HIERARCH a long extra keyword"] = "value"
        for hdu in out[1:]:
            if "double" in traits and isinstance(hdu, fits.ImageHDU):
                wide = np.int32 if hdu.name == "DQ" else np.float64
                hdu.data = hdu.data.astype(wide)
        out.append(fits.ImageHDU(np.zeros((3, 3), np.int16), name="PROVENANCE"))
        out.writeto(path, overwrite=True)


def cut_dark(path: Path, frame: Frame, cut: Frame) -> None:
    """Cut the dark to a subarray: the one type of reference that the peer does not cut."""
    rows, columns = cut.within(frame)
    with datamodels.DarkModel(str(path)) as model:
        model.data = model.data[..., rows, columns].copy()
        model.dq = model.dq[..., rows, columns].copy()
        subarray = model.meta.subarray
        subarray.name, subarray.xstart, subarray.ystart = "GENERIC", cut.x, cut.y
        subarray.xsize, subarray.ysize = cut.nx, cut.ny
        model.save(str(path), overwrite=True)


def _dropped(hdu: Any, traits: set[str]) -> bool:
    return hdu.name == "ASDF" and "plain" in traits


def reverse_keywords(header: fits.Header) -> None:
    """Reverse the order of a primary header's keywords, after those that FITS puts first."""
    fixed = ("SIMPLE", "BITPIX", "NAXIS", "EXTEND", "NEXTEND")
    cards = [card for card in header.cards if card.keyword not in (*fixed, "", "COMMENT")]
    for card in cards:
        if card.keyword in header:
            del header[card.keyword]
    for card in reversed(cards):
        header.append(card, end=True)
