"""Ramps with a known truth: photons, read noise, cosmic rays; nothing else."""

from dataclasses import dataclass

import numpy as np
from tests.steps.ramps import make_ramp, plane

from webbcal.spec.products import Ramp
from webbcal.spec.references import Gain, ReadNoise

GAIN, READNOISE, FRAME_TIME = 1.9, 9.0, 10.7  # electron/DN; DN, of a pair of frames; s


@dataclass(frozen=True)
class Observed:
    """A ramp and what is known of it; `struck` marks the groups that cosmic rays hit."""

    ramp: Ramp
    gain: Gain
    readnoise: ReadNoise
    rate: np.ndarray  # DN/s
    struck: np.ndarray  # axes of the ramp
    deposit: np.ndarray  # electrons, axes of the ramp


def observe(rate, ngroups, *, nints=1, nframes=1, groupgap=0, hits=0.0, sizes=(1e3, 1e4), seed=1):
    """Expose pixels to `rate` (electron/s, axes y, x); `hits` cosmic rays per group and pixel."""
    rng = np.random.default_rng(seed)
    shape = (nints, ngroups, *rate.shape)
    struck = rng.random(shape) < hits
    struck[:, 0] = False
    deposit = np.where(struck, rng.uniform(*sizes, shape), 0.0)
    sci = np.empty(shape)
    for i in range(nints):
        charge = np.zeros(rate.shape)
        for k in range(ngroups):
            charge += deposit[i, k]
            total = np.zeros(rate.shape)
            for frame in range(nframes + groupgap):
                charge += rng.poisson(rate * FRAME_TIME)
                if frame < nframes:
                    noise = rng.normal(0.0, READNOISE / np.sqrt(2), rate.shape)
                    total += charge / GAIN + noise
            sci[i, k] = total / nframes
    times = {"exposure__frame_time": FRAME_TIME, "exposure__nframes": nframes}
    times["exposure__groupgap"] = groupgap
    times["exposure__group_time"] = FRAME_TIME * (nframes + groupgap)
    return Observed(
        make_ramp(sci, **times),
        Gain(sci=plane(GAIN, rate.shape)),
        ReadNoise(sci=plane(READNOISE, rate.shape)),
        rate / GAIN,
        struck,
        deposit,
    )


def messy(seed, nints, ngroups, rows=16, columns=40):
    """Return ramp, flags, pixel flags, gain and read noise with every kind of trouble."""
    rng = np.random.default_rng(seed)
    shape, plane_shape = (nints, ngroups, rows, columns), (rows, columns)
    rate = 10 ** rng.uniform(-1, 3, plane_shape)
    steps = rng.poisson(rate, shape) + np.where(
        rng.random(shape) < 0.05, 10 ** rng.uniform(1, 4, shape), 0.0
    )
    sci = (np.cumsum(steps, axis=1) + rng.normal(0, 6, shape)).astype(np.float32)
    groupdq = np.zeros(shape, np.uint8)
    for flag, share in ((1, 0.03), (4, 0.06), (32, 0.02), (65, 0.02)):
        groupdq[rng.random(shape) < share] |= np.uint8(flag)
    for flag, share in ((2, 0.08), (129, 0.05)):
        begin = np.where(rng.random(shape[:1] + plane_shape) < share, 1, 999)
        begin = np.where(begin == 1, rng.integers(0, ngroups, begin.shape), begin)
        groups = np.arange(ngroups)[None, :, None, None]
        groupdq[groups >= begin[:, None]] |= np.uint8(flag)
    sci[rng.random(shape) < 0.01] = np.nan
    sci[rng.random(shape) < 0.003] = np.inf
    pixeldq = rng.choice(np.array([0, 1, 1 << 11], np.uint32), plane_shape, p=(0.9, 0.03, 0.07))
    gain = rng.uniform(1.5, 2.5, plane_shape)
    gain[rng.random(plane_shape) < 0.03] = np.nan
    gain[rng.random(plane_shape) < 0.02] = -1.0
    readnoise = rng.uniform(4, 12, plane_shape)
    readnoise[rng.random(plane_shape) < 0.02] = np.nan
    return sci, groupdq, pixeldq, gain.astype(np.float32), readnoise.astype(np.float32)
