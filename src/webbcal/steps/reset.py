"""Reset anomaly: subtract the signal that decays in the first groups after a reset."""

from dataclasses import dataclass, replace

import numpy as np

from webbcal.core.options import Options
from webbcal.spec.meta import Meta
from webbcal.spec.products.detector1 import Ramp
from webbcal.spec.references import Reset
from webbcal.steps._exposure import first_integration
from webbcal.steps._step import Derivation, Needs, Step


@dataclass(frozen=True)
class ResetOptions(Options):
    """Options of `subtract_reset_anomaly`: none."""


def subtract_reset_anomaly(ramp: Ramp, reset: Reset, options: ResetOptions) -> Ramp:
    r"""Subtract the transient that follows the reset of each pixel.

    .. math:: s'_{ijk} = s_{ijk} - r_{\min(i, n - 1)\,jk}

    for integration i of the whole exposure, group j, pixel k, with n integrations in the
    reference: the first integration follows another history than the later ones.

    Parameters
    ----------
    ramp : Ramp
        Signal, DN, axes (integration, group, y, x).
    reset : Reset
        Transient on the same pixels, DN, axes (integration, group, y, x).
    options : ResetOptions
        None.

    Returns
    -------
    Ramp
        New product; `sci` and `pixeldq` differ.

    Notes
    -----
    Flags used: none. Flags set: those of the reference, in `pixeldq`. A transient that is NaN
    counts as zero. NaN in the signal stays NaN. Groups beyond the last one of the reference stay
    as they are: there the transient has decayed.
    Assumes that the error of the reference is negligible, and that the transient does not depend
    on the light.

    Source: JWST User Documentation, calwebb_detector1, reset anomaly correction; Morrison et
    al. 2023, PASP 135, 075004.
    """
    integrations, groups = ramp.sci.shape[:2]
    transients = reset.sci
    if np.isnan(transients.min(initial=0.0)):  # one pass without a copy, as NaN is rare
        transients = np.nan_to_num(transients, nan=0.0)
    last, common = len(transients) - 1, min(groups, transients.shape[1])
    first = first_integration(ramp.meta)
    sci = ramp.sci.copy()
    for i in range(integrations):
        sci[i, :common] -= transients[min(first + i, last), :common]
    return replace(ramp, sci=sci, pixeldq=ramp.pixeldq | reset.dq)


def _key(reset: Reset, meta: Meta) -> str | None:
    """Name the part of the reference that an exposure needs; None where that is all of it."""
    has = reset.shape_of("sci")[:2]
    integrations, groups = _needed(reset, meta)
    return None if (integrations, groups) == has else f"{integrations}i{groups}"


def _derive(reset: Reset, meta: Meta) -> Reset:
    integrations, groups = _needed(reset, meta)
    return reset.with_changes(sci=np.ascontiguousarray(reset.sci[:integrations, :groups]))


def _needed(reset: Reset, meta: Meta) -> tuple[int, int]:
    """Return how many of the leading integrations and groups an exposure can meet."""
    integrations, groups = reset.shape_of("sci")[:2]
    exposure = meta.exposure
    if isinstance(exposure.nints, int):
        integrations = min(integrations, first_integration(meta) + exposure.nints)
    if isinstance(exposure.ngroups, int):
        groups = min(groups, exposure.ngroups)
    return integrations, groups


STEP = Step(
    "reset",
    subtract_reset_anomaly,
    ResetOptions,
    references={"reset": Needs(Reset)},
    status="reset",
    derivations={"reset": Derivation(_key, _derive)},
)
