"""A departure is found where the numbers of both sides are those it predicts, nowhere else."""

import numpy as np
from astropy.io import fits
from validation.departures import (
    CHARGELOSS,
    DO_NOT_USE,
    HALFWIDTH,
    REFERENCE_PIXEL,
    _charge_lost,
    _filtered,
)

NAN = np.nan


def exposure():
    """Return three integrations of four pixels; of the first two, one has lost its charge."""
    flags = np.zeros((3, 4, 1, 4), np.uint8)
    flags[2, 1:, 0, :2] = CHARGELOSS | DO_NOT_USE
    flags[2, 1:, 0, 2] = DO_NOT_USE  # for another reason
    ramp = {"GROUPDQ": flags, "PIXELDQ": np.zeros((1, 4), np.uint32)}
    sci = np.ones((3, 1, 4))
    sci[2, 0, :3] = NAN
    noise = np.full((3, 1, 4), 6.0)
    noise[2, 0, :3] = 0.0
    ours = {"SCI": sci, "VAR_RNOISE": noise}
    theirs = {"SCI": sci.copy(), "VAR_RNOISE": np.where([True, True, False, True], 6.0, noise)}
    rates = {"VAR_RNOISE": np.array([[3.0, 3.0, 3.0, 2.0]])}
    peer_rates = {"VAR_RNOISE": np.array([[2.0, 2.5, 3.0, 2.0]])}
    return ramp, ours, theirs, (rates, peer_rates)


def test_read_noise_of_lost_integrations_is_known_where_both_sides_are_as_predicted():
    found = _charge_lost(*exposure())
    # The second pixel has another variance than that of three integrations.
    np.testing.assert_array_equal(found.pixels, [[True, False, False, False]])
    assert found.arrays == ("VAR_RNOISE",)


def test_it_is_not_known_where_ours_is_not_that_of_the_integrations_with_a_rate():
    ramp, ours, theirs, (rates, peer_rates) = exposure()
    wrong = {"VAR_RNOISE": rates["VAR_RNOISE"] * 1.01}
    assert not _charge_lost(ramp, ours, theirs, (wrong, peer_rates)).pixels.any()


def test_a_rate_that_only_one_side_lacks_is_not_part_of_it():
    ramp, ours, theirs, rates = exposure()
    ours["SCI"][2, 0, 0] = 1.0
    assert not _charge_lost(ramp, ours, theirs, rates).pixels.any()


def filtered(tmp_path, noise):
    """Return two sides whose ramps differ in the rows about a bad reference pixel."""
    rows = np.arange(80)[:, None] * np.ones((1, 12))
    signal = np.stack([1.0 * k * (5 + rows) for k in range(4)])[None].astype(np.float32)
    other = signal.copy()
    other[0, :, 30:51] += 0.002 * np.arange(4)[:, None, None]
    pixeldq = np.zeros((80, 12), np.uint32)
    pixeldq[:, :4] = pixeldq[:, -4:] = REFERENCE_PIXEL
    pixeldq[40, -2] |= DO_NOT_USE
    ramp = {"SCI": signal, "PIXELDQ": pixeldq, "GROUPDQ": np.zeros(signal.shape, np.uint8)}
    file = tmp_path / "peer_ramp.fits"
    fits.HDUList([fits.PrimaryHDU(), fits.ImageHDU(other, name="SCI")]).writeto(file)
    header = fits.Header({"R_SIRSKL": "filters.asdf", "FASTAXIS": -1})
    rates = tuple(
        {"VAR_POISSON": factor * np.median(np.diff(sci[0].astype(float), axis=0), axis=0) / 7}
        for sci, factor in ((signal, 1.0), (other, noise))
    )
    return ramp, file, header, rates


def test_rows_about_a_bad_reference_pixel_follow_the_ramps(tmp_path):
    found = _filtered(*filtered(tmp_path, 1.0))
    assert found.pixels[40 - HALFWIDTH : 41 + HALFWIDTH].all()
    assert not found.pixels[: 40 - HALFWIDTH].any()
    assert not found.pixels[41 + HALFWIDTH :].any()


def test_photon_noise_that_does_not_follow_the_ramps_is_not_known(tmp_path):
    assert not _filtered(*filtered(tmp_path, 1.001)).pixels.any()


def test_without_filters_nothing_is_known(tmp_path):
    ramp, file, header, rates = filtered(tmp_path, 1.0)
    header["R_SIRSKL"] = "N/A"
    assert not _filtered(ramp, file, header, rates).pixels.any()
