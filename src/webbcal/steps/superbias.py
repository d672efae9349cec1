"""Superbias: subtract the signal that a pixel shows right after its reset."""

from dataclasses import dataclass, replace

import numpy as np

from webbcal.core.options import Options
from webbcal.spec.products.detector1 import Ramp
from webbcal.spec.references import Superbias
from webbcal.steps._step import Needs, Step


@dataclass(frozen=True)
class SuperbiasOptions(Options):
    """Options of `subtract_superbias`: none."""


def subtract_superbias(ramp: Ramp, superbias: Superbias, options: SuperbiasOptions) -> Ramp:
    r"""Subtract the bias of each pixel from all its groups.

    .. math:: s'_{ijk} = s_{ijk} - b_k

    for integration i, group j, pixel k.

    Parameters
    ----------
    ramp : Ramp
        Raw signal, DN, axes (integration, group, y, x).
    superbias : Superbias
        Bias on the same pixels, DN, axes (y, x).
    options : SuperbiasOptions
        None.

    Returns
    -------
    Ramp
        New product; `sci`, `zeroframe` and `pixeldq` differ.

    Notes
    -----
    Flags used: none. Flags set: those of the reference, in `pixeldq`.
    A bias that is NaN counts as zero. NaN in the signal stays NaN.
    Zero frames: subtracted likewise, except where a value is exactly 0, which marks a pixel
    without a usable zero frame.
    Assumes that the error of the bias is negligible; it shifts a whole ramp and cancels in a slope.

    Source: JWST User Documentation, calwebb_detector1, superbias subtraction.
    """
    bias = np.nan_to_num(superbias.sci, nan=0.0)
    zeroframe = ramp.zeroframe
    if zeroframe is not None:
        zeroframe = np.where(zeroframe != 0, zeroframe - bias, zeroframe)
    return replace(
        ramp,
        sci=ramp.sci - bias,
        zeroframe=zeroframe,
        pixeldq=ramp.pixeldq | superbias.dq,
    )


STEP = Step(
    "superbias",
    subtract_superbias,
    SuperbiasOptions,
    references={"superbias": Needs(Superbias)},
    status="superbias",
)
