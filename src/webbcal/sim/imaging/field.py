"""The sky that a programme looks at: stars and galaxies of known place and flux."""

from dataclasses import dataclass

import numpy as np

from webbcal.sim.seeds import generator

STAR, GALAXY = 0, 1
GAIA_EPOCH = 2016.0
DAYS_PER_YEAR = 365.25
YEAR_2000_MJD = 51544.5
PIXELS_PER_STAR = 1000
PIXELS_PER_GALAXY = 15000
STAR_SLOPE = -0.4
MOVING_SHARE = 0.3
PROPER_MOTION_MAS = 4.0  # per year and axis, of those that move
SMALLEST_RADIUS, LARGEST_RADIUS = 0.08, 0.6  # arcsec
FAINTEST_GALAXY, BRIGHTEST_GALAXY = 20.0, 2000.0  # electron/s
GAIA_FAINTEST = 0.15  # share of the stars that a reference catalogue has
CATALOGUE_ERROR_MAS = 0.15  # of its brightest stars, per axis
CATALOGUE_FAINT_ERROR_MAS = 0.8
MOTION_ERROR_MAS = 0.05  # per year
FIRST_NUMBER = 4_000_000_000

SOURCE_DTYPE = np.dtype(
    [
        ("id", "i4"),
        ("kind", "i2"),
        ("ra", "f8"),  # degree, at the time of the programme
        ("dec", "f8"),
        ("flux", "f8"),  # Jy
        ("rate", "f8"),  # electron/s on the first detector
        ("pmra", "f8"),  # mas per year, times cos(dec)
        ("pmdec", "f8"),
        ("radius", "f8"),  # half the light, arcsec, along the major axis
        ("index", "f8"),  # of Sersic
        ("ratio", "f8"),  # minor to major axis
        ("angle", "f8"),  # of the major axis, degrees east of north
    ]
)


@dataclass(frozen=True)
class Region:
    """A rectangle on the tangent plane at some place, degrees; east and north from it."""

    ra: float
    dec: float
    east: tuple[float, float]
    north: tuple[float, float]

    @classmethod
    def around(cls, ra: np.ndarray, dec: np.ndarray, margin: float) -> "Region":
        """Return the rectangle that holds some places, and a margin in degrees."""
        x, y, z = (
            np.mean(np.cos(np.deg2rad(dec)) * np.cos(np.deg2rad(ra))),
            np.mean(np.cos(np.deg2rad(dec)) * np.sin(np.deg2rad(ra))),
            np.mean(np.sin(np.deg2rad(dec))),
        )
        centre = float(np.rad2deg(np.arctan2(y, x))) % 360
        height = float(np.rad2deg(np.arctan2(z, np.hypot(x, y))))
        east, north = to_plane(ra, dec, (centre, height))
        return cls(
            centre,
            height,
            (float(east.min()) - margin, float(east.max()) + margin),
            (float(north.min()) - margin, float(north.max()) + margin),
        )

    @property
    def area_arcsec2(self) -> float:
        """Area."""
        return (self.east[1] - self.east[0]) * (self.north[1] - self.north[0]) * 3600.0**2


def to_plane(
    ra: np.ndarray, dec: np.ndarray, centre: tuple[float, float]
) -> tuple[np.ndarray, np.ndarray]:
    """Return places in degrees east and north on the tangent plane."""
    a, d = np.deg2rad(np.asarray(ra) - centre[0]), np.deg2rad(dec)
    d0 = np.deg2rad(centre[1])
    depth = np.sin(d0) * np.sin(d) + np.cos(d0) * np.cos(d) * np.cos(a)
    east = np.cos(d) * np.sin(a) / depth
    north = (np.cos(d0) * np.sin(d) - np.sin(d0) * np.cos(d) * np.cos(a)) / depth
    return np.rad2deg(east), np.rad2deg(north)


def from_plane(
    east: np.ndarray, north: np.ndarray, centre: tuple[float, float]
) -> tuple[np.ndarray, np.ndarray]:
    """Return right ascension and declination of places on the tangent plane, all in degrees."""
    xi, eta = np.deg2rad(east), np.deg2rad(north)
    d0 = np.deg2rad(centre[1])
    below = np.cos(d0) - eta * np.sin(d0)
    ra = centre[0] + np.rad2deg(np.arctan2(xi, below))
    dec = np.rad2deg(np.arctan2(np.sin(d0) + eta * np.cos(d0), np.hypot(xi, below)))
    return ra % 360, dec


def draw_sources(
    region: Region,
    counts: tuple[int, int],
    star_rates: tuple[float, float],
    electrons_per_jy: float,
    seed: int,
) -> np.ndarray:
    r"""Draw stars and galaxies evenly over a region.

    Parameters
    ----------
    region : Region
        Where.
    counts : tuple of int
        Number of stars and of galaxies.
    star_rates : tuple of float
        Rate of the faintest and brightest star, electron/s; :math:`N(>f) \propto f^{-0.4}`.
        Galaxies have 20 to 2000, evenly in the logarithm.
    electrons_per_jy : float
        Electrons per second from one Jy.
    seed : int
        Of the programme.

    Returns
    -------
    numpy.ndarray
        `SOURCE_DTYPE`, stars first; galaxies with exponential discs (Sersic index 1) or as
        ellipticals (index 4).
    """
    rng = generator(seed, "field")
    stars, galaxies = counts
    sources = np.zeros(stars + galaxies, SOURCE_DTYPE)
    sources["id"] = np.arange(1, len(sources) + 1)
    sources["kind"][stars:] = GALAXY
    east = rng.uniform(*region.east, len(sources))
    north = rng.uniform(*region.north, len(sources))
    sources["ra"], sources["dec"] = from_plane(east, north, (region.ra, region.dec))
    low, high = (max(rate, 1e-3) ** STAR_SLOPE for rate in star_rates)
    sources["rate"][:stars] = rng.uniform(high, low, stars) ** (1 / STAR_SLOPE)
    sources["rate"][stars:] = np.exp(
        rng.uniform(np.log(FAINTEST_GALAXY), np.log(BRIGHTEST_GALAXY), galaxies)
    )
    sources["flux"] = sources["rate"] / electrons_per_jy
    moving = rng.random(stars) < MOVING_SHARE
    for name in ("pmra", "pmdec"):
        sources[name][:stars] = moving * rng.normal(0, PROPER_MOTION_MAS, stars)
    part = sources[stars:]
    part["radius"] = np.exp(rng.uniform(np.log(SMALLEST_RADIUS), np.log(LARGEST_RADIUS), galaxies))
    part["index"] = np.where(rng.random(galaxies) < 0.7, 1.0, 4.0)
    part["ratio"] = rng.uniform(0.3, 1.0, galaxies)
    part["angle"] = rng.uniform(0, 180, galaxies)
    return sources


def year_of(mjd: float) -> float:
    """Return the Julian year of a date."""
    return 2000.0 + (mjd - YEAR_2000_MJD) / DAYS_PER_YEAR


def moved(
    ra: np.ndarray, dec: np.ndarray, pmra: np.ndarray, pmdec: np.ndarray, years: np.ndarray | float
) -> tuple[np.ndarray, np.ndarray]:
    """Return places after some years of proper motion (mas per year)."""
    degrees = years * 1e-3 / 3600
    return (ra + pmra * degrees / np.cos(np.deg2rad(dec))) % 360, dec + pmdec * degrees


def reference_catalogue(sources: np.ndarray, year: float, seed: int) -> np.ndarray:
    """Return a catalogue of the brighter stars as an astrometric survey gives it.

    Places at the survey's epoch and proper motions, both with errors that grow towards the
    faint end and are told; the columns have the names of the Gaia archive.
    """
    rng = generator(seed, "reference catalogue")
    stars = sources[sources["kind"] == STAR]
    stars = stars[np.argsort(-stars["rate"])][: max(30, int(GAIA_FAINTEST * len(stars)))]
    count = len(stars)
    names = ("ra", "dec", "ra_error", "dec_error", "pmra", "pmdec", "pmra_error", "pmdec_error")
    table = np.zeros(
        count,
        [("source_id", "i8"), ("ref_epoch", "f8")]
        + [(name, "f8") for name in (*names, "phot_g_mean_mag")],
    )
    table["source_id"] = stars["id"].astype(np.int64) + FIRST_NUMBER
    table["ref_epoch"] = GAIA_EPOCH
    rank = np.arange(count) / max(count - 1, 1)
    error = CATALOGUE_ERROR_MAS * (CATALOGUE_FAINT_ERROR_MAS / CATALOGUE_ERROR_MAS) ** rank
    ra, dec = moved(stars["ra"], stars["dec"], stars["pmra"], stars["pmdec"], GAIA_EPOCH - year)
    noise = rng.standard_normal((4, count))
    degrees = error * 1e-3 / 3600
    table["ra"] = ra + noise[0] * degrees / np.cos(np.deg2rad(dec))
    table["dec"] = dec + noise[1] * degrees
    table["pmra"] = stars["pmra"] + noise[2] * MOTION_ERROR_MAS
    table["pmdec"] = stars["pmdec"] + noise[3] * MOTION_ERROR_MAS
    table["ra_error"] = table["dec_error"] = error
    table["pmra_error"] = table["pmdec_error"] = MOTION_ERROR_MAS
    table["phot_g_mean_mag"] = -2.5 * np.log10(stars["flux"] / 3631)
    return table
