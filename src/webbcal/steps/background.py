"""Background: subtract what other exposures, of empty sky, show on the same pixels."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

import numpy as np

from webbcal.core.dq import DQ
from webbcal.core.errors import CannotCalibrate, InvalidInput
from webbcal.core.options import Names, Options, option
from webbcal.modes import MODES, Kind
from webbcal.numerics.unusable import matched
from webbcal.spec.meta import Meta
from webbcal.spec.products import Cal, CalInts, CombinedBackground
from webbcal.steps._step import Step

Images = TypeVar("Images", Cal, CalInts)
Member = Cal | CalInts

UNUSABLE = np.uint32(DQ.DO_NOT_USE)

SAME_WHEEL = 1e-8
"""How well the sensors of the grating wheel must agree: the wheel has not moved in between."""

SAME_LIGHT = ("name", "detector", "filter", "pupil", "grating")
"""What must be the same, below ``meta.instrument``, for the sky to look the same."""


@dataclass(frozen=True)
class BackgroundOptions(Options):
    """Options of `subtract_background`."""

    bkg_list: Names | None = option(
        None,
        "Files of background exposures, in place of those that an association or headers tell.",
    )
    sigma: float = option(
        3.0, "Drop samples further than this from the median.", unit="standard deviations", low=0.0
    )
    maxiters: int | None = option(
        None, "How often samples are dropped; None: until none is.", low=0
    )
    save_combined_background: bool = option(
        False, "Also write what was subtracted, as combinedbackground."
    )


class _Background(NamedTuple):
    """A background with its variances and flags, axes (y, x)."""

    sci: np.ndarray
    var_poisson: np.ndarray
    var_rnoise: np.ndarray
    dq: np.ndarray


def subtract_background(
    image: Images, options: BackgroundOptions, *, members: tuple[Member, ...]
) -> Images:
    r"""Subtract the mean of background exposures, and add its variance.

    Exposures with an image per integration are averaged over these first; then the exposures are
    averaged. Both means leave out, pixel by pixel, samples further than `sigma` standard
    deviations from the median, which is repeated. With the n exposures that remain,

    .. math:: s' = s - \frac{1}{n} \sum_i b_i, \qquad
              V' = V + \frac{1}{n^2} \sum_i V_i

    for each part of the variance, by photon and by read noise; likewise for integrations.

    Parameters
    ----------
    image : Cal or CalInts
        Count rates, DN/s, axes (y, x) or (integration, y, x).
    options : BackgroundOptions
        How to drop samples.
    members : tuple of Cal or CalInts
        Count rates of the background exposures on the same pixels.

    Returns
    -------
    Cal or CalInts
        New product; `sci`, `err`, `var_poisson`, `var_rnoise` and `dq` differ. `background` holds
        what was subtracted, if it is to be saved.

    Raises
    ------
    CannotCalibrate
        If the grating wheel stood elsewhere for a background, or the exposure shows slitless
        spectra, whose background is not that of another exposure.
    InvalidInput
        If a background is of another detector, optical element or unit.

    Notes
    -----
    Flags used: DO_NOT_USE of the backgrounds: such a pixel is left out of the mean.
    Flags set: those of the samples that make up the mean; DO_NOT_USE where there is none.
    NaN in a background is left out; where no background is known, and where value or error of
    the image is NaN, the result is NaN and flagged.
    Assumes that the backgrounds are independent of each other and of the image. The error of the
    background is the same for all integrations, and does not average down.

    Source: JWST User Documentation, calwebb_image2, background subtraction; first-order error
    propagation of a mean, Bevington and Robinson 2003, section 3.3.
    """
    _refuse_unlike(image.meta, members)
    rounds = -1 if options.maxiters is None else options.maxiters
    planes = [_mean_of(member, options.sigma, rounds) for member in members]
    background = _mean(planes, options.sigma, rounds)
    var_poisson = image.var_poisson + background.var_poisson
    var_rnoise = image.var_rnoise + background.var_rnoise
    result = image.with_changes(
        sci=image.sci - background.sci,
        err=np.sqrt(var_poisson + var_rnoise),
        var_poisson=var_poisson,
        var_rnoise=var_rnoise,
        dq=image.dq | background.dq,
    )
    if options.save_combined_background:
        cube = np.stack([background.sci, background.var_poisson, background.var_rnoise])
        result = result.with_changes(background=cube, background_dq=background.dq)
    return matched(result)


def _mean_of(member: Member, limit: float, rounds: int) -> _Background:
    """Return a background exposure as one image, averaged over its integrations."""
    if isinstance(member, Cal):
        return _Background(member.sci, member.var_poisson, member.var_rnoise, member.dq)
    arrays = member.sci, member.dq, member.var_poisson, member.var_rnoise
    return _clipped(*arrays, limit, rounds)


def _mean(planes: Sequence[_Background], limit: float, rounds: int) -> _Background:
    sci, var_poisson, var_rnoise, dq = (np.stack(arrays) for arrays in zip(*planes, strict=True))
    return _clipped(sci, dq, var_poisson, var_rnoise, limit, rounds)


def _clipped(
    sci: np.ndarray,
    dq: np.ndarray,
    var_poisson: np.ndarray,
    var_rnoise: np.ndarray,
    limit: float,
    rounds: int,
) -> _Background:
    # Numba costs half a second to import; only a run that gets here pays for it.
    from webbcal.kernels.clipped_means import clipped_means

    return _Background(
        *clipped_means(sci, dq, var_poisson, var_rnoise, UNUSABLE, float(limit), rounds)
    )


def _refuse_unlike(meta: Meta, members: Sequence[Member]) -> None:
    """Refuse backgrounds that cannot show the sky as the exposure does."""
    mode = MODES.get(str(meta.exposure.lookup("type")))
    if mode is not None and mode.kind is Kind.SLITLESS:
        raise CannotCalibrate("slitless spectra need a model of the background, not exposures")
    for member in members:
        own, its = meta.instrument, member.meta.instrument
        for name in SAME_LIGHT:
            if own.lookup(name) != its.lookup(name):
                raise InvalidInput(
                    f"background of another {'instrument' if name == 'name' else name}",
                    where=member.meta.lookup("filename"),
                    expected=own.lookup(name),
                    found=its.lookup(name),
                    advice="Give background exposures taken as the exposure was.",
                )
        units = [m.lookup("bunit_data", "DN/s") for m in (meta, member.meta)]
        if units[0] != units[1]:
            raise InvalidInput(
                "background in another unit",
                where=member.meta.lookup("filename"),
                expected=units[0],
                found=units[1],
            )
        for name in ("gwa_xtilt", "gwa_ytilt"):
            tilt, its_tilt = own.lookup(name), its.lookup(name)
            if tilt is None and its_tilt is None:
                continue
            if tilt is None or its_tilt is None or not abs(tilt - its_tilt) <= SAME_WHEEL:
                raise CannotCalibrate(
                    f"the grating wheel stood elsewhere for the background ({name} {its_tilt}, "
                    f"here {tilt})"
                )


def _combined(result: Member) -> CombinedBackground | None:
    """Return what was subtracted, if the step was told to save it."""
    if not result.has("background"):
        return None
    sci, var_poisson, var_rnoise = result.background
    return CombinedBackground(
        sci=sci,
        err=np.sqrt(var_poisson + var_rnoise),
        dq=result.background_dq,
        var_poisson=var_poisson,
        var_rnoise=var_rnoise,
        meta=result.meta,
        window=result.window,
    )


STEP = Step(
    "bkg_subtract",
    subtract_background,
    BackgroundOptions,
    members="background",
    members_option="bkg_list",
    status="bkg_subtract",
    products={"combinedbackground": _combined},
)
