"""The exposures of a programme: where they were meant to point, and where they did."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from webbcal.sim.imaging.field import (
    PIXELS_PER_GALAXY,
    PIXELS_PER_STAR,
    Region,
    draw_sources,
    year_of,
)
from webbcal.sim.imaging.optics import Plane, pixel_area, plane_of
from webbcal.sim.imaging.photometry import STERADIAN_PER_ARCSEC2, electrons_per_jansky
from webbcal.sim.imaging.pointing import ARCSEC, Attitude, View
from webbcal.sim.imaging.settings import MAS, ImagingProgramme
from webbcal.sim.instruments import Detector
from webbcal.sim.keywords import exposure_start_mjd
from webbcal.sim.readout import Readout
from webbcal.sim.seeds import generator

GOLDEN_ANGLE = 2.399963
MARGIN_PIXELS = 20
MEGAJANSKY = 1e6
AREA_KNOTS = 33
SHIFT_PIXELS = 0.4  # by which filters move the image, at most


@dataclass(frozen=True)
class Pointed:
    """One exposure of all detectors.

    Attributes
    ----------
    number : int
        From 0.
    offset : tuple of float
        Dither along x and y of the ideal frame, arcsec.
    planned, true : Attitude
        As the header says, and as it was.
    sky : float
        Surface brightness of the sky, MJy/sr.
    """

    number: int
    offset: tuple[float, float]
    planned: Attitude
    true: Attitude
    sky: float


@dataclass(frozen=True)
class Camera:
    """One detector of a programme.

    Attributes
    ----------
    options : ImagingProgramme
        Of its exposures.
    plane : Plane
        Its distortion.
    """

    options: ImagingProgramme
    plane: Plane

    @property
    def chip(self) -> Detector:
        """Facts of the detector."""
        return self.options.chip

    @cached_property
    def readout(self) -> Readout:
        """Geometry and timing."""
        options = self.options
        return Readout.of(
            self.chip, options.window, options.read_pattern, options.ngroups, options.nints
        )

    @cached_property
    def reference(self) -> tuple[float, float]:
        """V2, V3 of the middle of the image, arcsec: the reference point of the aperture."""
        window = self.options.window
        x = window.x_start - 1 + (window.columns - 1) / 2
        y = window.y_start - 1 + (window.rows - 1) / 2
        v2, v3 = self.plane.to_telescope(np.array([x]), np.array([y]))
        return float(v2[0]), float(v3[0])

    @cached_property
    def ideal_angle(self) -> float:
        """Angle from V3 to the y axis of the image, degrees towards V2."""
        window = self.options.window
        x = np.full(2, window.x_start - 1 + (window.columns - 1) / 2)
        y = window.y_start - 1 + (window.rows - 1) / 2 + np.array([-0.5, 0.5])
        v2, v3 = self.plane.to_telescope(x, y)
        return float(np.rad2deg(np.arctan2(v2[1] - v2[0], v3[1] - v3[0])))

    @cached_property
    def nominal_area(self) -> float:
        """Solid angle of the pixel in the middle of the detector, arcsec^2."""
        instrument = self.options.instrument
        x, y = np.array([instrument.columns / 2]), np.array([instrument.rows / 2])
        return float(pixel_area(self.plane, x, y)[0])

    @property
    def electrons_per_jansky(self) -> float:
        """Electrons per second from one Jy."""
        return electrons_per_jansky(self.chip, self.options.filter_name)

    def electrons_per_surface_brightness(self, filter_name: str | None = None) -> float:
        """Return electrons per second and nominal pixel from one MJy/sr in a filter."""
        steradian = self.nominal_area * STERADIAN_PER_ARCSEC2
        name = filter_name or self.options.filter_name
        return MEGAJANSKY * steradian * electrons_per_jansky(self.chip, name)

    def relative_area(self, *, whole: bool = False) -> np.ndarray:
        """Return the area of the pixels relative to the nominal one, float32 (y, x)."""
        window, instrument = self.options.window, self.options.instrument
        rows = instrument.rows if whole else window.rows
        columns = instrument.columns if whole else window.columns
        x = np.arange(columns) + (0.0 if whole else window.x_start - 1)
        y = np.arange(rows) + (0.0 if whole else window.y_start - 1)
        # Smooth: a coarse grid is enough for cubic splines.
        from scipy.interpolate import RectBivariateSpline

        knots_x, knots_y = (np.linspace(a[0], a[-1], AREA_KNOTS) for a in (x, y))
        grid_x, grid_y = np.meshgrid(knots_x, knots_y)
        area = pixel_area(self.plane, grid_x, grid_y) / self.nominal_area
        smooth = RectBivariateSpline(knots_y, knots_x, area)(y, x)
        out: np.ndarray = smooth.astype(np.float32)
        return out

    def view(self, attitude: Attitude) -> View:
        """Return what the detector sees in an attitude."""
        options = self.options
        return View(
            self.plane,
            attitude,
            (options.window.x_start - 1, options.window.y_start - 1),
            filter_shift(options, options.filter_name),
            self.reference,
            options.aberration,
        )

    def keywords(self, pointed: Pointed) -> Mapping[str, Any]:
        """Return the keywords of the pointing as planned."""
        view = self.view(pointed.planned)
        own = view.keywords()
        window, scale = self.options.window, self.chip.pixel_scale
        angle = np.deg2rad(own["ROLL_REF"] + self.ideal_angle)
        ra_v1, dec_v1 = (float(a) for a in pointed.planned.sky(np.array(0.0), np.array(0.0)))
        return {
            **own,
            "V3I_YANG": self.ideal_angle,
            "VPARITY": -1,
            "CRPIX1": (window.columns + 1) / 2,
            "CRPIX2": (window.rows + 1) / 2,
            "CRVAL1": own["RA_REF"],
            "CRVAL2": own["DEC_REF"],
            "CDELT1": scale * ARCSEC,
            "CDELT2": scale * ARCSEC,
            "PC1_1": -float(np.cos(angle)),
            "PC1_2": float(np.sin(angle)),
            "PC2_1": float(np.sin(angle)),
            "PC2_2": float(np.cos(angle)),
            "RA_V1": ra_v1,
            "DEC_V1": dec_v1,
            "PA_V3": pointed.planned.roll_at(0.0, 0.0),
            "PA_APER": float(np.rad2deg(angle)) % 360,
            "XOFFSET": pointed.offset[0],
            "YOFFSET": pointed.offset[1],
            "TARG_RA": self.options.ra,
            "TARG_DEC": self.options.dec,
            "PROP_RA": self.options.ra,
            "PROP_DEC": self.options.dec,
        }


def filter_shift(options: ImagingProgramme, name: str) -> tuple[float, float]:
    """Return what a filter adds to x and y, pixel."""
    if options.instrument.name == "FGS":
        return 0.0, 0.0
    known = list(options.instrument.wavelengths(options.chip))
    place = known.index(name)
    angle = GOLDEN_ANGLE * place
    radius = SHIFT_PIXELS * place / len(known)
    return round(radius * float(np.cos(angle)), 2), round(radius * float(np.sin(angle)), 2)


@dataclass(frozen=True)
class Plan:
    """All exposures of a programme, and the sky that they look at."""

    options: ImagingProgramme
    seed: int
    cameras: tuple[Camera, ...]
    exposures: tuple[Pointed, ...]
    sources: np.ndarray

    @classmethod
    def of(cls, options: ImagingProgramme, seed: int) -> "Plan":
        """Plan a programme: pointings, their errors, and the sources of the field."""
        cameras = tuple(
            Camera(options.for_detector(name), plane)
            for name in options.detector_names
            for plane in [plane_of(options.for_detector(name).chip, options.distortion)]
        )
        exposures = tuple(
            _point(options, cameras, number, seed) for number in range(options.exposures)
        )
        return cls(options, seed, cameras, exposures, _sources(options, cameras, exposures, seed))

    @property
    def year(self) -> float:
        """Julian year of the first exposure."""
        return year_of(exposure_start_mjd(self.cameras[0].readout, 0))


def _point(
    options: ImagingProgramme, cameras: tuple[Camera, ...], number: int, seed: int
) -> Pointed:
    first = cameras[0]
    middle = np.mean([camera.reference for camera in cameras], axis=0)
    v2, v3 = float(middle[0]), float(middle[1])
    window = options.window
    radius = options.dither_radius
    if radius is None:
        radius = min(window.rows, window.columns) * first.chip.pixel_scale / 20
    share = np.sqrt(number / max(options.exposures - 1, 1))
    angle = GOLDEN_ANGLE * number
    offset = float(radius * share * np.cos(angle)), float(radius * share * np.sin(angle))
    ideal = np.deg2rad(first.ideal_angle)
    # The ideal x axis runs against V2. A star at x appears at x + offset: V2, V3 of the target.
    at2 = v2 - np.cos(ideal) * offset[0] + np.sin(ideal) * offset[1]
    at3 = v3 + np.sin(ideal) * offset[0] + np.cos(ideal) * offset[1]
    rng = generator(seed, "pointing", number)
    # The error is two-dimensional: its root mean square over both axes.
    error = options.pointing_error / np.sqrt(2) * rng.standard_normal(2)
    turn = options.roll_error * float(rng.standard_normal()) * ARCSEC
    if options.visit_of(number)[0] > 1:
        direction = generator(seed, "visit").uniform(0, 2 * np.pi)
        error = error + options.stray_visit * np.array([np.cos(direction), np.sin(direction)])
    target = options.ra, options.dec
    # Errors are moves on the tangent plane of V2, V3: the telescope sees the target elsewhere.
    planned = Attitude.of((at2, at3), target, options.roll)
    true = Attitude.of(
        (at2 + float(error[0]) * MAS, at3 + float(error[1]) * MAS), target, options.roll + turn
    )
    level = options.sky / first.electrons_per_surface_brightness()
    scatter = options.sky_scatter * float(generator(seed, "sky", number).standard_normal())
    return Pointed(number, offset, planned, true, level * (1 + scatter))


def _sources(
    options: ImagingProgramme,
    cameras: tuple[Camera, ...],
    exposures: tuple[Pointed, ...],
    seed: int,
) -> np.ndarray:
    ra, dec = [], []
    for camera in cameras:
        window = camera.options.window
        x = np.array([0, window.columns - 1, window.columns - 1, 0], float)
        y = np.array([0, 0, window.rows - 1, window.rows - 1], float)
        for pointed in exposures:
            corner = camera.view(pointed.true).sky(x, y)
            ra.append(corner[0])
            dec.append(corner[1])
    scale = cameras[0].chip.pixel_scale
    region = Region.around(np.concatenate(ra), np.concatenate(dec), MARGIN_PIXELS * scale * ARCSEC)
    pixels = region.area_arcsec2 / scale**2
    stars = round(pixels / PIXELS_PER_STAR) if options.stars is None else options.stars
    galaxies = round(pixels / PIXELS_PER_GALAXY) if options.galaxies is None else options.galaxies
    return draw_sources(
        region,
        (stars, galaxies),
        (options.faintest_star, options.brightest_star),
        cameras[0].electrons_per_jansky,
        seed,
    )
