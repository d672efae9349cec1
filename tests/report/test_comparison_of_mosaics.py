"""Mosaics against the truth: what is put in is measured, and only that."""

import numpy as np
import pytest

from webbcal.report.comparison_of_mosaics import (
    Sources,
    compare_catalogue,
    compare_pointings,
)

RA, DEC = 80.0, -69.5
MAS = 1 / 3.6e6


class Flat:
    """A view without distortion, moved by some mas east and north."""

    def __init__(self, east=0.0, north=0.0):
        self.east, self.north = east, north

    def sky(self, x, y):
        dec = DEC + 1e-5 * y + self.north * MAS
        return RA + (1e-5 * x + self.east * MAS) / np.cos(np.deg2rad(DEC + 1e-5 * y)), dec


def pointings(*moves):
    """Return the alignment of exposures that are off by these moves."""
    products = [(Flat(*move).sky, (64, 48)) for move in moves]
    return compare_pointings(products, [Flat()] * len(moves))


def test_offsets_are_parted_into_relative_and_absolute():
    found = pointings((3.0, 4.0), (3.0, 4.0), (3.0, 4.0))
    assert found.relative == pytest.approx(0, abs=1e-3)
    assert found.absolute == pytest.approx(5.0, abs=1e-3)
    found = pointings((3.0, 0.0), (-3.0, 0.0))
    assert found.relative == pytest.approx(3.0, abs=1e-3)
    assert found.absolute == pytest.approx(0, abs=1e-3)
    np.testing.assert_allclose(found.offsets, [(3, 0), (-3, 0)], atol=1e-3)


def test_a_rotation_is_a_relative_error():
    class Turned(Flat):
        def sky(self, x, y):
            return super().sky(x - 0.01 * y, y + 0.01 * x)

    found = compare_pointings([(Turned().sky, (64, 48))], [Flat()])
    across, up = np.linspace(0, 47, 9), np.linspace(0, 63, 9)
    expected = 0.01 * 36.0 * np.sqrt(across.var() + up.var())  # a pixel is 36 mas
    assert found.relative == pytest.approx(expected, rel=1e-3)


def field(count=200, seed=3):
    """Return stars 2 arcsec apart, of fluxes between 1e-7 and 1e-5 Jy."""
    rng = np.random.default_rng(seed)
    side = int(np.ceil(np.sqrt(count)))
    east, north = (a.ravel()[:count] * 2.0 / 3600 for a in np.mgrid[:side, :side])
    flux = 10.0 ** rng.uniform(-7, -5, count)
    return Sources(
        RA + east / np.cos(np.deg2rad(DEC)), DEC + north, flux,
        np.zeros(count), np.full(count, 4), np.zeros(count),
    )  # fmt: skip


def catalogue(truth, keep=slice(None), factor=1.0, scatter=0.0, east_mas=0.0):
    """Return a catalogue of these sources, with errors of 1e-8 Jy."""
    rng = np.random.default_rng(5)
    flux = truth.flux * factor * (1 + scatter * rng.standard_normal(truth.flux.size))
    error = np.full(truth.flux.size, 1e-8)
    ra = truth.ra + east_mas * MAS / np.cos(np.deg2rad(DEC))
    columns = (ra, truth.dec, flux, truth.radius, np.zeros(truth.flux.size, int), error)
    return Sources(*(column[keep] for column in columns))


def test_a_perfect_catalogue_is_perfect():
    truth = field()
    found = compare_catalogue(catalogue(truth), truth, 4)
    bright = truth.flux > 1e-6
    assert len(found.ratio) == found.certain == found.found == bright.sum()
    assert found.median == 1
    assert found.scatter == 0
    assert found.real == found.entries == 200
    assert all(b.found == b.true for b in found.bins)
    assert sum(b.true for b in found.bins) == 200


def test_factor_and_scatter_of_fluxes_are_found():
    truth = field(900)
    found = compare_catalogue(catalogue(truth, factor=0.98, scatter=0.01), truth, 4)
    assert found.median == pytest.approx(0.98, abs=0.002)
    assert found.scatter == pytest.approx(0.0098, rel=0.15)


def test_what_is_missing_or_invented_counts():
    truth = field()
    bright = np.flatnonzero(truth.flux > 1e-6)
    keep = np.setdiff1d(np.arange(200), bright[:7])
    found = compare_catalogue(catalogue(truth, keep), truth, 4)
    assert found.certain - found.found == 7
    assert sum(b.true - b.found for b in found.bins) == 7
    shifted = compare_catalogue(catalogue(truth, east_mas=100.0), truth, 4)
    assert shifted.found == shifted.real == 0
    assert np.isnan(shifted.median)


def test_only_lone_stars_of_all_exposures_tell_of_fluxes():
    truth = field()
    brightest = int(np.argmax(truth.flux))
    truth.seen[brightest] = 3
    without = compare_catalogue(catalogue(truth), truth, 4)
    assert truth.flux[brightest] not in np.round(3631 * 10 ** (-0.4 * without.magnitude), 12)
    truth.seen[brightest] = 4
    truth.ra[brightest] = truth.ra[brightest - 1] + 0.2 / 3600 / np.cos(np.deg2rad(DEC))
    truth.dec[brightest] = truth.dec[brightest - 1]
    close = compare_catalogue(catalogue(truth), truth, 4)
    assert len(close.ratio) <= len(without.ratio)
