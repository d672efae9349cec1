"""The reference data that describe a simulated detector."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

import numpy as np

from webbcal.core.dq import DQ
from webbcal.sim.pixels import RESET_NOISE_DN, UNUSABLE_RATE, Pixels
from webbcal.sim.ramps import COUPLING
from webbcal.sim.readout import Readout
from webbcal.sim.seeds import generator
from webbcal.sim.settings import ImageSimulation
from webbcal.spec.fields import Index
from webbcal.spec.meta import Meta
from webbcal.spec.references import (
    Dark,
    Flat,
    Gain,
    InterpixelCapacitance,
    Linearity,
    Mask,
    ReadNoise,
    Reference,
    Saturation,
    Superbias,
)
from webbcal.spec.references.reference import DQ_DEF

USE_AFTER = "2022-04-01T00:00:00"
ROUNDING_VARIANCE = 1 / 12  # of a read rounded to whole DN
REPEATS = 100  # ramps averaged into a reference with realistic noise
KERNEL_SIZE = 7

FILE_BITS: Mapping[type[Reference], tuple[DQ, ...]] = MappingProxyType(
    {
        Mask: (DQ.DO_NOT_USE, DQ.REFERENCE_PIXEL, DQ.DEAD, DQ.HOT),
        Saturation: (DQ.NO_SAT_CHECK,),
        Superbias: (DQ.UNRELIABLE_BIAS,),
        Linearity: (DQ.NONLINEAR, DQ.NO_LIN_CORR),
        Dark: (DQ.HOT, DQ.WARM, DQ.UNRELIABLE_DARK),
        Flat: (DQ.NO_FLAT_FIELD, DQ.UNRELIABLE_FLAT),
    }
)
"""Flags that the files of a type use, in the order of their bits there."""


@dataclass(frozen=True)
class DarkRamp:
    """Dark signal of every frame: rate times time, computed when it is read.

    Axes (frame, y, x), or (integration, frame, y, x) where each of the first integrations has
    its own; here they are all the same.

    Attributes
    ----------
    rate : numpy.ndarray
        float32 (y, x), DN/s.
    noise : numpy.ndarray or None
        float32 (y, x), DN, error of each frame.
    frames : int
        Number of frames.
    frame_time_s : float
        Time between frames.
    seed : int
        Of the noise.
    integrations : int
        0 for a dark that serves all of them.
    """

    rate: np.ndarray
    noise: np.ndarray | None
    frames: int
    frame_time_s: float
    seed: int
    integrations: int = 0

    @property
    def shape(self) -> tuple[int, ...]:
        """Integrations where there are any, frames, rows, columns."""
        before = (self.integrations,) if self.integrations else ()
        return *before, self.frames, *self.rate.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """Data type of the values."""
        return np.dtype("f4")

    def read(self, index: Index | None = None) -> np.ndarray:
        """Return the selected part, DN."""
        index = tuple(index or ())
        if self.integrations:
            first, *others = index or (slice(None),)
            part = replace(self, integrations=0).read(tuple(others))
            return np.stack([part] * len(range(self.integrations)[first]))
        frames, rows, columns = (*index, *(slice(None),) * 3)[:3]
        numbers = range(self.frames)[frames]
        return np.stack([self._frame(n)[rows, columns] for n in numbers])

    def _frame(self, number: int) -> np.ndarray:
        time_s = (number + 1) * self.frame_time_s
        signal = self.rate * np.float32(time_s)
        if self.noise is not None:
            rng = generator(self.seed, "dark reference", number)
            signal += self.noise * rng.standard_normal(signal.shape, dtype=np.float32)
        return signal


def make_references(
    options: ImageSimulation, readout: Readout, pixels: Pixels, seed: int
) -> dict[str, Reference]:
    """Return the references of a detector by their type, flags as pipelines use them.

    They describe the simulated pixels exactly, unless `reference_noise` is on. The read noise is
    that of a pair of reads, rounding to whole numbers included. The capacitance is present only
    where it is simulated. An instrument without a superbias has its linearity in terms of the raw
    signal, and a dark for the first integration and one for the others.
    """
    rng = generator(seed, "references")
    noisy = np.float32(options.reference_noise)
    shape = readout.shape
    noise = np.sqrt(pixels.read_noise.astype(np.float64) ** 2 + ROUNDING_VARIANCE)
    bias_error = np.sqrt((noise**2 + RESET_NOISE_DN**2) / REPEATS)
    bias = pixels.bias + noisy * bias_error * rng.standard_normal(shape)
    scatter = 1 + noisy * 0.01 * rng.standard_normal((2, *shape), dtype=np.float32)
    no_flags = np.zeros(shape, np.uint32)
    with_bias = "superbias" in options.instrument.keys
    coefficients = _linearity(pixels, np.zeros(shape) if with_bias else pixels.bias)
    meta = {kind: reference_meta(kind, options, readout) for kind in (*FILE_BITS, Gain, ReadNoise)}
    references: dict[str, Reference] = {
        "mask": Mask(meta=meta[Mask], dq=_mask(pixels)),
        "saturation": Saturation(
            meta=meta[Saturation],
            sci=np.where(pixels.reference, np.float32(65535), pixels.saturation_threshold()),
            dq=np.where(pixels.reference, np.uint32(DQ.NO_SAT_CHECK), no_flags),
        ),
        "superbias": Superbias(
            meta=meta[Superbias],
            sci=bias.astype(np.float32),
            err=bias_error.astype(np.float32),
            dq=no_flags,
        ),
        "linearity": Linearity(meta=meta[Linearity], coeffs=coefficients, dq=no_flags),
        "dark": _dark(options, readout, pixels, noise, seed, meta[Dark]),
        "gain": Gain(meta=meta[Gain], sci=(pixels.gain * scatter[0]).astype(np.float32)),
        "readnoise": ReadNoise(
            meta=meta[ReadNoise], sci=(np.sqrt(2) * noise * scatter[1]).astype(np.float32)
        ),
    }
    if not with_bias:
        del references["superbias"]
    if options.is_guiding:
        references = {kind: references[kind] for kind in ("mask", "gain", "readnoise")}
        references["flat"] = _flat(pixels, reference_meta(Flat, options, readout))
    if options.interpixel_capacitance:
        kind = InterpixelCapacitance
        references["ipc"] = kind(
            meta=reference_meta(kind, options, readout), sci=_decoupling_kernel()
        )
    return references


def _flat(pixels: Pixels, meta: Meta) -> Flat:
    """Return the response; pixels without any, 1 and flagged."""
    blind = pixels.response == 0
    return Flat(
        meta=meta,
        sci=np.where(blind, np.float32(1), pixels.response),
        err=np.zeros(pixels.response.shape, np.float32),
        dq=np.where(blind, np.uint32(DQ.NO_FLAT_FIELD), np.uint32(0)),
    )


def _linearity(pixels: Pixels, zero: np.ndarray) -> np.ndarray:
    """Return the coefficients of powers of the signal that is measured from a level `zero`.

    The polynomial of M = S - zero, expanded in S; a constant is left out, since only
    differences of the signal matter.
    """
    zero = zero.astype(np.float64)
    second, third = pixels.quadratic.astype(np.float64), pixels.cubic.astype(np.float64)
    coefficients = np.zeros((4, *zero.shape), np.float32)
    coefficients[1] = 1 - 2 * second * zero + 3 * third * zero**2
    coefficients[2] = second - 3 * third * zero
    coefficients[3] = third
    return coefficients


def as_stored(reference: Reference) -> Reference:
    """Return a reference with the flags of its file format, and the table that explains them.

    Files number the bits of their flags as they like; the table gives their names.
    """
    flags = FILE_BITS.get(type(reference))
    if flags is None:
        return reference
    stored: np.ndarray = np.zeros_like(reference.dq)
    table = np.zeros(len(flags), [(c.name, c.dtype) for c in DQ_DEF])
    for bit, flag in enumerate(flags):
        stored[(reference.dq & np.uint32(flag)) != 0] |= np.uint32(1 << bit)
        text = f"{flag.name} in pipelines: {int(flag)}"
        table[bit] = (bit, 1 << bit, (flag.name or "").encode(), text.encode())
    changes: dict[str, Any] = {"dq": stored, "dq_def": table}
    if isinstance(reference, Dark):
        ramp = reference.stored("sci")
        if ramp is not None:
            return Dark.from_stored(
                {"sci": ramp}, meta=reference.meta, extras=reference.extras, **changes
            )
    return replace(reference, **changes)


def _mask(pixels: Pixels) -> np.ndarray:
    mask = np.zeros(pixels.dead.shape, np.uint32)
    mask[pixels.reference] |= np.uint32(DQ.REFERENCE_PIXEL)
    mask[pixels.dead] |= np.uint32(DQ.DEAD | DQ.DO_NOT_USE)
    mask[pixels.hot] |= np.uint32(DQ.HOT)
    mask[pixels.dark_rate > UNUSABLE_RATE] |= np.uint32(DQ.DO_NOT_USE)
    return mask


def _dark(
    options: ImageSimulation,
    readout: Readout,
    pixels: Pixels,
    noise: np.ndarray,
    seed: int,
    meta: Meta,
) -> Dark:
    ramp = DarkRamp(
        rate=pixels.dark_rate / pixels.gain,
        noise=(noise / np.sqrt(REPEATS)).astype(np.float32) if options.reference_noise else None,
        frames=options.dark_frames,
        frame_time_s=readout.frame_time_s,
        seed=seed,
        integrations=0 if "superbias" in options.instrument.keys else 2,
    )
    dq = np.where(pixels.hot, np.uint32(DQ.HOT), np.uint32(0))
    if ramp.integrations:
        dq = np.stack([dq[None]] * ramp.integrations)
    return Dark.from_stored({"sci": ramp}, meta=meta, dq=dq)


def _decoupling_kernel() -> np.ndarray:
    """Return the kernel that undoes the coupling: the inverse by Fourier transform, cut."""
    size = 64
    kernel = np.zeros((size, size))
    kernel[0, 0] = 1 - 4 * COUPLING
    for y, x in ((0, 1), (1, 0), (0, -1), (-1, 0)):
        kernel[y, x] = COUPLING
    inverse = np.fft.fftshift(np.fft.ifft2(1 / np.fft.fft2(kernel)).real)
    half = KERNEL_SIZE // 2
    middle = slice(size // 2 - half, size // 2 + half + 1)
    cut = inverse[middle, middle]
    unit_sum: np.ndarray = (cut / cut.sum()).astype(np.float32)
    return unit_sum


def reference_meta(kind: type[Reference], options: ImageSimulation, readout: Readout) -> Meta:
    """Return the metadata of a reference of some type."""
    window = readout.window
    tree: dict[str, Any] = {
        "telescope": "JWST",
        "reftype": kind.reftype.upper(),
        "pedigree": "SIMULATION",
        "author": "webbcal",
        "description": f"Simulated {kind.reftype} of {options.detector}",
        "useafter": USE_AFTER,
        "origin": "SIMULATION",
        "instrument": {
            name: value
            for name, value in (
                ("name", options.instrument.name),
                ("detector", options.detector),
                ("module", options.chip.module),
                ("channel", options.chip.channel),
            )
            if value
        },
        "subarray": {
            "name": window.name,
            "xstart": window.x_start,
            "ystart": window.y_start,
            "xsize": window.columns,
            "ysize": window.rows,
            "fastaxis": readout.detector.fast_axis,
            "slowaxis": readout.detector.slow_axis,
        },
    }
    exposure: dict[str, Any] = {}
    if kind in {Superbias, ReadNoise}:
        exposure = {"readpatt": options.read_pattern, "noutputs": readout.outputs}
    if kind is Dark:
        exposure = {
            "type": options.instrument.dark,
            "p_exptype": f"{options.exptype}|",  # what it is for, as the files of flight say it
            "readpatt": options.instrument.default_pattern,
            "noutputs": readout.outputs,
            "nframes": 1,
            "groupgap": 0,
            "ngroups": options.dark_frames,
            "nints": 1,
            "frame_time": readout.frame_time_s,
            "group_time": readout.frame_time_s,
        }
    if exposure:
        tree["exposure"] = exposure
    return Meta(tree)
