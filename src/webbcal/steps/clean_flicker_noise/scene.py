"""What must be known of the exposure: where its background is, and what its sources look like."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from webbcal.core.dq import DQ
from webbcal.core.errors import CannotCalibrate
from webbcal.modes import mode_of
from webbcal.numerics.background_mask import background_mask
from webbcal.numerics.smooth_background import smooth_background
from webbcal.spec.meta import Meta
from webbcal.spec.products.detector1 import Ramp
from webbcal.spec.references import BackgroundMask, Flat, Gain, ReadNoise
from webbcal.steps._draft_rates import draft_rates
from webbcal.steps._exposure import positive
from webbcal.steps.clean_flicker_noise.choice import chosen, limits_of, look_at
from webbcal.steps.clean_flicker_noise.lines import Lines
from webbcal.steps.clean_flicker_noise.noise import Steady, beyond_light, of_integration, steady
from webbcal.steps.clean_flicker_noise.options import CleanFlickerNoiseOptions

log = logging.getLogger(__name__)

AXES = 2
"""Of a mask that all integrations share."""

NO_BACKGROUND = DQ.DO_NOT_USE | DQ.NON_SCIENCE
"""Flags of a MIRI flat field where the image never shows background."""


@dataclass(frozen=True)
class Light:
    """What all integrations of an exposure show.

    Parameters
    ----------
    rate : array
        Mean count rate, float32, DN/s, axes (y, x); NaN where unknown.
    mask : array
        uint8, (y, x): 1 where it shows only background.
    """

    rate: np.ndarray
    mask: np.ndarray

    @property
    def sky(self) -> float:
        """Level of the background, DN/s; 0 where there is none."""
        known = np.isfinite(self.rate) & (self.mask != 0)
        return float(np.median(self.rate[known])) if known.any() else 0.0

    def as_bright_as(self, rate: np.ndarray) -> np.ndarray:
        """Return the light of an integration, whose own rate tells how bright the sources are.

        The sky stays as bright as it is.
        """
        sky = np.float32(self.sky)
        return np.asarray(sky + np.float32(self.brightness(rate)) * (self.rate - sky))

    def brightness(self, rate: np.ndarray) -> float:
        """Return how bright the sources are in a rate, relative to the mean; 1 without sources.

        It is the ratio of the means above the level of the background: a level that all pixels
        share is noise. Sources are those of the mean rate: those of a single rate are chosen by
        its noise, too.
        """
        known = np.isfinite(rate) & np.isfinite(self.rate)
        source, sky = known & (self.mask == 0), known & (self.mask != 0)
        if not source.any() or not sky.any():
            return 1.0
        seen, usual = (
            float(one[source].mean(dtype=np.float64) - np.median(one[sky]))
            for one in (rate, self.rate)
        )
        return seen / usual if usual > 0 else 1.0


@dataclass(frozen=True)
class Scene:
    """What is known of the whole exposure.

    Parameters
    ----------
    lines : Lines
        Along which the noise is common.
    options : CleanFlickerNoiseOptions
        Those of the user, or what was chosen in their place.
    mask : array or None
        uint8, 1 where there is only background, axes (y, x) or (integration, y, x); None where
        each integration has a mask of its own, still to be made.
    allowed : array or None
        bool, (y, x): where there may be background; None for everywhere.
    flat : array or None
        float32, (y, x): response of the pixels, without gaps; None where it is not used.
    light : Light or None
        What all integrations show; None where not used.
    steady : Steady or None
        What every group adds; None where each integration tells it.
    seconds : float
        From group to group.
    integrations : int
        In the count rate that `steady` is from.
    """

    lines: Lines
    options: CleanFlickerNoiseOptions
    mask: np.ndarray | None
    allowed: np.ndarray | None
    flat: np.ndarray | None
    light: Light | None
    steady: Steady | None
    seconds: float
    integrations: int

    @property
    def with_light_gone(self) -> CleanFlickerNoiseOptions:
        """The options for what is left once the light is subtracted."""
        if self.light is None:
            return self.options
        return replace(self.options, background_method=None)

    @property
    def wants_own_rate(self) -> bool:
        """Whether the count rate of each integration is needed."""
        return self.steady is None or self.integrations > 1

    def of_integration(
        self, integration: int, rate: np.ndarray | None
    ) -> tuple[np.ndarray, Steady]:
        """Return the mask of an integration, and what every group of it adds.

        `integration` is counted from 0 in the exposure; `rate` is the one it wants. The mask is
        uint8, axes (y, x).
        """
        if self.mask is None:
            assert rate is not None, "a mask of its own is made from a rate"
            mask = make_mask(rate, self.allowed, self.flat, self.options)
        else:
            mask = self.mask if self.mask.ndim == AXES else self.mask[integration]
        if rate is None:
            assert self.steady is not None, "with one integration, its rate is that of all"
            return mask, self.steady
        image = rate * np.float32(self.seconds)
        if self.light is not None:
            light = self.light.as_bright_as(rate) * np.float32(self.seconds)
            return mask, beyond_light(image, light, mask, self.lines, self.with_light_gone)
        if self.steady is None:
            return mask, steady(image, mask, self.lines, self.options, self.flat)
        return mask, of_integration(self.steady, image, mask, self.lines, self.options)


def look(
    ramp: Ramp,
    readnoise: ReadNoise,
    gain: Gain,
    flat: Flat | None,
    user_mask: BackgroundMask | None,
    options: CleanFlickerNoiseOptions,
) -> Mapping[str, np.ndarray]:
    """Return the draft count rate, where wanted."""
    return {"rate": draft_rates(ramp, readnoise, gain)[-1]} if wants_rate(options) else {}


def conclude(
    planes: Mapping[str, np.ndarray],
    meta: Meta,
    readnoise: ReadNoise,
    gain: Gain,
    flat: Flat | None,
    user_mask: BackgroundMask | None,
    options: CleanFlickerNoiseOptions,
) -> Scene:
    """Return what is known of the exposure.

    Raises
    ------
    CannotCalibrate
        If a method is not defined for this kind of exposure, needs a flat field and there is
        none, or if no pixel shows background.
    InvalidOptions
        If the user's mask is of another shape.
    """
    shape = _shape_of(planes, readnoise)
    if options.autoparam:
        options = _choose(planes["rate"], meta, flat, user_mask, options)
    lines = Lines.of(meta, shape, options)
    if meta.exposure.lookup("ngroups") == 1:
        raise CannotCalibrate("there is one group, and the noise is that of differences")
    response = None
    if options.apply_flat_field:
        if flat is None:
            raise CannotCalibrate("apply_flat_field needs a flat field, and none applies")
        response = without_gaps(flat)
    allowed = None
    if options.mask_science_regions:
        if flat is None:
            raise CannotCalibrate("mask_science_regions needs a flat field, and none applies")
        allowed = (flat.dq & np.uint32(NO_BACKGROUND)) == 0
    mask = _mask_of(planes, shape, allowed, response, user_mask, options)
    light = None
    if options.background_method == "median_image":
        light = Light(planes["rate"], make_mask(planes["rate"], allowed, response, options))
    scene = Scene(
        lines, options, mask, allowed, response, light, None,
        positive(meta, "group_time"), 1,
    )  # fmt: skip
    if not one_mask(options) or mask is None or mask.ndim != AXES:
        return scene
    image = planes["rate"] * np.float32(scene.seconds)
    return replace(
        scene,
        steady=steady(image, mask, lines, options, response),
        integrations=_held(meta),
    )


def _mask_of(
    planes: Mapping[str, np.ndarray],
    shape: tuple[int, int],
    allowed: np.ndarray | None,
    response: np.ndarray | None,
    user_mask: BackgroundMask | None,
    options: CleanFlickerNoiseOptions,
) -> np.ndarray | None:
    """Return the mask of all integrations, None where each has its own."""
    if user_mask is not None:
        mask = _checked(user_mask, shape)
    elif one_mask(options):
        mask = make_mask(planes["rate"], allowed, response, options)
    else:
        return None
    if not mask.any():
        raise CannotCalibrate("no pixel shows background")
    return mask


def _choose(
    rate: np.ndarray,
    meta: Meta,
    flat: Flat | None,
    user_mask: BackgroundMask | None,
    options: CleanFlickerNoiseOptions,
) -> CleanFlickerNoiseOptions:
    """Return the options with those that the image decides on."""
    mode = mode_of(meta.lookup("exposure.type"), where=meta.lookup("filename"))
    limits = limits_of(mode)
    if limits is None:
        raise CannotCalibrate(f"autoparam is not defined for {mode.exposure_type}")
    response = None if flat is None else without_gaps(flat)
    if user_mask is None:
        mask = make_mask(rate, None, response, options)
    else:
        mask = _checked(user_mask, rate.shape)
    lines = Lines.of(meta, (rate.shape[0], rate.shape[1]), options)
    seen = look_at(rate if response is None else rate / response, mask, lines)
    result = chosen(options, seen, limits, flat=flat is not None)
    log.info(
        "autoparam: background_method %s, fit_by_channel %s, apply_flat_field %s",
        result.background_method,
        result.fit_by_channel,
        result.apply_flat_field,
    )
    return result


def _held(meta: Meta) -> int:
    """Return how many integrations there are, of the whole exposure or of a segment."""
    first, last = (meta.exposure.lookup(f"integration_{end}") for end in ("start", "end"))
    if isinstance(first, int) and isinstance(last, int) and last >= first > 0:
        return last - first + 1
    count = meta.exposure.lookup("nints")
    return count if isinstance(count, int) and count > 0 else 1


def wants_rate(options: CleanFlickerNoiseOptions) -> bool:
    """Tell whether the rate of the whole exposure is needed."""
    of_all = one_mask(options) or options.background_method == "median_image"
    return options.autoparam or of_all


def one_mask(options: CleanFlickerNoiseOptions) -> bool:
    """Tell whether all integrations share a mask."""
    return options.single_mask and options.background_method != "median_image"


def make_mask(
    rate: np.ndarray,
    allowed: np.ndarray | None,
    flat: np.ndarray | None,
    options: CleanFlickerNoiseOptions,
) -> np.ndarray:
    """Return where a count rate shows only background, uint8 (y, x)."""
    everywhere = np.ones(rate.shape, bool) if allowed is None else allowed
    seen = rate if flat is None else rate / flat
    mask = background_mask(seen, everywhere, options.n_sigma, fit_histogram=options.fit_histogram)
    return mask.astype(np.uint8)


def without_gaps(flat: Flat) -> np.ndarray:
    """Return a flat field in which a smooth surface fills the gaps."""
    good = (flat.dq & np.uint32(DQ.DO_NOT_USE)) == 0
    good &= np.isfinite(flat.sci) & (flat.sci > 0)
    if good.all():
        return flat.sci
    surface = smooth_background(np.where(good, flat.sci, np.float32(0)), good)
    if surface is None:
        raise CannotCalibrate("the flat field has no usable pixel")
    return np.where(good, flat.sci, np.where(surface > 0, surface, np.float32(1)))


def _checked(user_mask: BackgroundMask, shape: tuple[int, int]) -> np.ndarray:
    mask = user_mask.sci
    if mask.shape[-2:] != shape:
        raise CannotCalibrate(
            "the mask of the user is of another shape", expected=shape, found=mask.shape[-2:]
        )
    return np.asarray(np.isfinite(mask) & (mask != 0)).astype(np.uint8)


def _shape_of(planes: Mapping[str, np.ndarray], readnoise: ReadNoise) -> tuple[int, int]:
    """Return rows and columns of the exposure: of its planes, or of its references."""
    rows, columns = next((plane.shape[-2:] for plane in planes.values()), readnoise.sci.shape)
    return rows, columns
