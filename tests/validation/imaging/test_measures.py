"""Measures of calibrated images give back faults of known size."""

from dataclasses import replace

import numpy as np
import pytest
from astropy import units
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.table import Table
from validation.imaging.alignment import measure_alignment
from validation.imaging.background import measure_sky
from validation.imaging.completeness import measure_completeness, plot_completeness
from validation.imaging.cosmic_rays import OUTLIER, coverage, measure_rejection
from validation.imaging.photometry import aperture_fluxes, flux_pulls, match, measure_bright
from validation.imaging.products import Image, load

from webbcal.sim import ImagingProgramme, read_scene, simulate_files
from webbcal.sim.imaging.pointing import View

OPTIONS = ImagingProgramme(
    detectors="NRCB1",
    subarray="128x128",
    exposures=4,
    ngroups=20,
    products="rate",
    stars=40,
    galaxies=2,
    missed_cosmic_rays=1.0,
    dither_radius=0.3,
)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return simulate_files(OPTIONS, tmp_path_factory.mktemp("field"), 2)


class Shifted:
    """World coordinates that are wrong by so many mas to the east and north."""

    def __init__(self, view: View, east: float, north: float) -> None:
        self.view, self.east, self.north = view, east / 3.6e6, north / 3.6e6

    def __call__(self, x, y):
        ra, dec = self.view.sky(x, y)
        return ra + self.east / np.cos(np.deg2rad(dec)), dec + self.north


def images_of(made, folder, shifts=((0, 0),) * 4, flags=None):
    images = []
    for number, (rate, scene) in enumerate(zip(made.exposures, made.scenes, strict=True)):
        truth = read_scene(scene)
        with fits.open(rate) as content:
            if flags is not None:
                content["DQ"].data = flags(truth, content["DQ"].data, number)
            content["SCI"].header["BKGLEVEL"] = truth.keywords["SKY"] + 0.01 + 1e-4 * number
            path = folder / rate.name.replace("rate", "o001_crf")
            content.writeto(path)
        view = truth.view(made.references["distortion"])
        image = Image(path, rate.name[:25], truth, view)
        vars(image)["wcs"] = Shifted(view, *shifts[number])
        images.append(image)
    return images


def test_shifts_of_world_coordinates_are_measured(made, tmp_path):
    shifts = ((3.0, 1.0), (5.0, 1.0), (4.0, 0.0), (4.0, 2.0))
    found = measure_alignment(images_of(made, tmp_path, shifts))
    assert found.absolute_mas == pytest.approx(np.hypot(4, 1), rel=1e-4)
    assert found.relative_mas == pytest.approx(1.0, rel=1e-4)
    np.testing.assert_allclose(found.offsets_mas, shifts, atol=1e-3)


def test_levels_of_the_sky_are_compared_but_for_their_mean(made, tmp_path):
    levels = measure_sky(images_of(made, tmp_path))
    np.testing.assert_allclose(
        levels.differences, np.array([-1.5, -0.5, 0.5, 1.5]) * 1e-4, rtol=1e-6
    )
    assert levels.largest == pytest.approx(1.5e-4)


def test_cosmic_rays_and_false_flags_are_counted(made, tmp_path):
    def flags(truth, dq, number):
        dq = np.zeros_like(dq)
        strong = truth.missed[truth.missed["sigma"] > 10]
        if number:  # nothing is found in the first exposure
            dq[strong["y"], strong["x"]] |= OUTLIER
        hit = np.zeros(dq.shape, bool)
        hit[truth.missed["y"], truth.missed["x"]] = True
        y, x = np.argwhere(~hit[2:-2, 2:-2])[:3].T + 2
        far = [not hit[a - 1 : a + 2, b - 1 : b + 2].any() for a, b in zip(y, x, strict=True)]
        dq[y, x] |= OUTLIER
        falses.append(sum(far))
        strongs.append(len(np.unique(np.stack([strong["y"], strong["x"]]), axis=1).T))
        return dq

    falses, strongs = [], []
    found = measure_rejection(images_of(made, tmp_path, flags=flags))
    assert found.strong == sum(strongs) > 10
    assert found.found == sum(strongs[1:]) < found.strong
    assert found.false == sum(falses) > 0
    assert 0 < found.covered <= found.strong
    assert found.covered_found < found.covered


def test_coverage_counts_the_exposures_that_see_a_place(made, tmp_path):
    images = images_of(made, tmp_path)
    edges = np.array([64, 1, 1, 126, 126]), np.array([64, 1, 126, 1, 126])
    seen = coverage(images[0], images, *edges)
    assert seen[0] == 4
    assert 1 <= seen[1:].min() < 4


def catalogue(sources, rng, bias=1.01, error=0.002, shift_mas=2.0):
    stars = sources[sources["kind"] == "star"]
    flux = np.array(stars["flux"])
    sigma = error * flux
    place = SkyCoord(
        stars["ra"] + shift_mas / 3.6e6 / np.cos(np.deg2rad(stars["dec"])), stars["dec"], unit="deg"
    )
    return Table(
        {
            "sky_centroid": place,
            "aper_total_flux": (bias * flux + sigma * rng.standard_normal(len(flux))) * units.Jy,
            "aper_total_flux_err": sigma * units.Jy,
            "isophotal_flux": flux * units.Jy,
        }
    )


def lone_stars(count=400):
    rng = np.random.default_rng(3)
    number = int(np.sqrt(count))
    y, x = (a.ravel() for a in np.mgrid[:number, :number])
    return Table(
        {
            "id": np.arange(number**2) + 1,
            "kind": ["star"] * number**2,
            "ra": 10 + x * 2 / 3600,
            "dec": y * 2 / 3600,
            "flux": rng.uniform(1e-7, 2e-7, number**2),
            "radius": np.zeros(number**2),
        }
    )


def test_fluxes_and_places_of_bright_stars():
    sources, rng = lone_stars(), np.random.default_rng(5)
    stars = match(catalogue(sources, rng), sources, 0.031)
    bright = measure_bright(stars)
    assert bright.count == 400
    assert bright.ratio == pytest.approx(1.01, abs=3e-4)
    assert bright.scatter == pytest.approx(0.002, rel=0.15)
    assert bright.offset_mas == pytest.approx(2.0, abs=1e-3)
    (pulls,) = flux_pulls(match(catalogue(sources, rng, 1.0, 0.025), sources, 0.031))
    assert (pulls.low, pulls.high, pulls.count) == (20, 50, 400)
    assert pulls.width == pytest.approx(1, abs=0.15)


def test_crowded_stars_do_not_count():
    sources, rng = lone_stars(100), np.random.default_rng(5)
    twin = sources.copy()
    twin["ra"] += 0.15 / 3600
    twin["flux"] *= 0.05
    both = Table(np.concatenate([sources.as_array(), twin.as_array()]))
    stars = match(catalogue(both, rng), both, 0.031)
    assert measure_bright(stars).count == 0


def test_completeness_and_purity(made, tmp_path):
    images = images_of(made, tmp_path)
    sources = Table.read(made.catalogues[0])
    entries = catalogue(sources, np.random.default_rng(1), shift_mas=5.0)
    wrong = entries[:2].copy()
    wrong["sky_centroid"] = SkyCoord([200.0, 200.1], [10.0, 10.0], unit="deg")
    bright = np.array(entries["isophotal_flux"]) > np.median(entries["isophotal_flux"])
    both = Table(
        {
            "sky_centroid": SkyCoord(
                np.append(entries["sky_centroid"].ra.deg[bright], wrong["sky_centroid"].ra.deg),
                np.append(entries["sky_centroid"].dec.deg[bright], wrong["sky_centroid"].dec.deg),
                unit="deg",
            ),
            "isophotal_flux": np.append(
                np.array(entries["isophotal_flux"])[bright], np.array(wrong["isophotal_flux"])
            ),
        }
    )
    bins = measure_completeness(both, sources, images, 0.031)
    assert sum(b.entries for b in bins) == bright.sum() + 2
    assert sum(b.entries - b.real for b in bins) == 2
    seen = np.unique(np.concatenate([i.truth.positions["id"] for i in images]))
    assert sum(b.true for b in bins) == len(seen)
    stars = sources[seen - 1]
    limit = np.median(entries["isophotal_flux"])
    lit = (stars["kind"] == "star") & (np.array(stars["flux"]) > np.array(limit))
    assert sum(b.found for b in bins) == pytest.approx(lit.sum(), abs=2)
    plot_completeness(bins, tmp_path / "figure.png")
    assert (tmp_path / "figure.png").stat().st_size > 1000


def test_products_are_found_beside_their_truth(made, tmp_path):
    images = images_of(made, tmp_path)
    programme = load(tmp_path, made.crds.parent)
    assert [i.path for i in programme.images] == [i.path for i in images]
    assert programme.instrument == "NIRCAM"
    assert programme.mosaic is None
    x, y = programme.images[1].view.pixels(*images[1].view.sky(np.array([5.0]), np.array([7.0])))
    np.testing.assert_allclose((x[0], y[0]), (5.0, 7.0), atol=1e-6)
    with pytest.raises(SystemExit, match="truth"):
        load(tmp_path / "none", tmp_path)


def test_options_leave_the_scene_out(tmp_path):
    options = replace(OPTIONS, exposures=1, scene_truth=False, subarray="32x32")
    made = simulate_files(options, tmp_path, 1)
    assert read_scene(made.scenes[0]).scene is None


def test_apertures_give_flux_and_error():
    rng = np.random.default_rng(7)
    rows, columns = np.mgrid[:200, :200]
    centres = np.mgrid[20:200:32, 20:200:32].reshape(2, -1).T + rng.uniform(-0.5, 0.5, (36, 2))
    fluxes = rng.uniform(0.1, 1.0, 36)
    image = 0.3 + 1e-3 * rng.standard_normal((200, 200))
    for (x, y), flux in zip(centres, fluxes, strict=True):
        shape = np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / (2 * 1.2**2))
        image += flux * shape / shape.sum()
    image[20, 20] = np.nan
    found, error = aperture_fluxes(image, np.full(image.shape, 1e-3), centres, (6.0, 9.0, 14.0))
    assert np.isnan(found[0])
    floor = 1e-3 * np.sqrt(np.pi * 36)
    assert (error[1:] > floor).all()
    assert (error[1:] < 1.3 * floor).all()
    pull = (found - fluxes)[1:] / error[1:]
    assert pull.std() == pytest.approx(1, abs=0.35)
    assert abs(pull.mean()) < 0.7


def test_what_stage_1_left_of_the_hits_of_raw_exposures_is_to_be_found(made, tmp_path):
    scene = read_scene(made.scenes[0])
    truth = replace(scene, missed=scene.missed[:0])
    hits = np.zeros(6, [("y", "i4"), ("x", "i4")])
    hits["y"], hits["x"] = [20, 20, 40, 60, 80, 100], [30, 30, 50, 70, 90, 110]  # one pixel twice
    raw = tmp_path / "raw_truth.fits"
    fits.HDUList([fits.PrimaryHDU(), fits.BinTableHDU(hits, name="HITS")]).writeto(raw)
    assert truth.scene is not None
    sci, dq = truth.scene.copy(), np.zeros(truth.scene.shape, np.uint32)
    err = np.full_like(sci, 0.01)
    sci[20, 30] += 0.2  # 20 sigma are left
    sci[40, 50] += 0.5
    sci[60, 70] = np.nan  # stage 1 has no value there
    dq[20, 30] = dq[81, 91] = dq[64, 64] = OUTLIER  # found; beside a hit; far from all
    crf = tmp_path / f"{made.exposures[0].name[:-10]}_o001_crf.fits"
    planes = {"SCI": sci, "ERR": err, "DQ": dq}
    for path in (crf, tmp_path / crf.name.replace("_o001_crf", "_cal")):
        units = [fits.ImageHDU(data, name=name) for name, data in planes.items()]
        fits.HDUList([fits.PrimaryHDU(), *units]).writeto(path)
    view = truth.view(made.references["distortion"])
    found = measure_rejection([Image(crf, "group", truth, view, raw)])
    assert (found.strong, found.found) == (2, 1)
    assert (found.flags, found.false) == (3, 1)
