"""Raw exposures of guide stars: the reads as they are stored, and the tables beside them."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from webbcal.sim.keywords import (
    GUIDE_STAR,
    SECONDS_PER_DAY,
    exposure_start_mjd,
    guide_star_magnitude,
    iso,
)
from webbcal.sim.readout import Readout
from webbcal.sim.scene import POINTING
from webbcal.sim.settings import ImageSimulation
from webbcal.spec.fields import Index, Stored, Table, declared
from webbcal.spec.products import GuiderRaw, Uncal

MAGNITUDE_ERROR = 0.03


@dataclass(frozen=True)
class _AsFloat:
    """Whole numbers as guide-star exposures store them."""

    source: Stored

    @property
    def shape(self) -> tuple[int, ...]:
        """Integration, group, y, x."""
        return self.source.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """Data type of the values."""
        return np.dtype("f4")

    def read(self, index: Index | None = None) -> np.ndarray:
        """Return the selected part, DN."""
        return self.source.read(index).astype(np.float32)


def guide_star_exposure(
    uncal: Uncal, options: ImageSimulation, readout: Readout, exposure: int
) -> GuiderRaw:
    """Return a raw exposure as one of a guide star; its pixels may still be to come."""
    groups = uncal.stored("sci")
    assert groups is not None
    rate = options.brightest_star / readout.detector.gain
    star: dict[str, Any] = {
        "reference_star_id": GUIDE_STAR.encode(),
        "id_x": 0.0,
        "id_y": 0.0,
        "count_rate": rate,
    }
    planned = star | {
        "guide_star_order": 1,
        "reference_order": 1,
        "ra": POINTING[0],
        "dec": POINTING[1],
        "fgs_mag": guide_star_magnitude(options.brightest_star),
        "fgs_mag_uncert": MAGNITUDE_ERROR,
        "count_rate_uncert": MAGNITUDE_ERROR * rate,
    }
    tables = {
        "planned_reference_stars": _table("planned_reference_stars", 1, planned),
        "flight_reference_stars": _table(
            "flight_reference_stars", 1, star | {"reference_star_id": b"1"}
        ),
        "pointing": _pointing(readout, exposure),
    }
    if options.exptype in ("FGS_TRACK", "FGS_FINEGUIDE"):
        tables["fgs_centroid_packet"] = _centroids(readout, exposure, rate)
    if options.exptype == "FGS_TRACK":
        tables["track_subarray_table"] = _track(readout, exposure)
    return GuiderRaw.from_stored({"sci": _AsFloat(groups)}, meta=uncal.meta, **tables)


def _table(name: str, rows: int, columns: dict[str, Any]) -> np.ndarray:
    spec = declared(GuiderRaw)[name]
    assert isinstance(spec, Table)
    table = np.zeros(rows, [(c.name, c.dtype) for c in spec.columns])
    for column, values in columns.items():
        table[column] = values
    return table


def _starts_mjd(readout: Readout, exposure: int) -> np.ndarray:
    cycle = readout.integration_time_s + readout.frame_time_s
    seconds = np.arange(readout.integrations) * cycle
    return exposure_start_mjd(readout, exposure) + seconds / SECONDS_PER_DAY


def _times(readout: Readout, exposure: int) -> list[bytes]:
    return [iso(moment).encode() for moment in _starts_mjd(readout, exposure)]


def _pointing(readout: Readout, exposure: int) -> np.ndarray:
    """Return the pointing at the start of each integration: at rest."""
    still = {"time": _starts_mjd(readout, exposure), "HGA_motion": b"NOT_MOVING"}
    return _table("pointing", readout.integrations, still)


def _centroids(readout: Readout, exposure: int, rate: float) -> np.ndarray:
    times = _times(readout, exposure)
    rows, columns = readout.shape
    return _table(
        "fgs_centroid_packet",
        readout.integrations,
        {
            "observatory_time": times,
            "centroid_time": times,
            "guide_star_position_x": readout.window.x_start + (columns - 1) // 2,
            "guide_star_position_y": readout.window.y_start + (rows - 1) // 2,
            "guide_star_instrument_counts_per_sec": rate,
            "psf_width_x": 2,
            "psf_width_y": 2,
            "bad_pixel_flag": b"NO",
            "bad_centroid_dq_flag": b"GOOD",
            "cosmic_ray_hit_flag": b"NO",
            "sw_subwindow_loc_change_flag": b"NO",
            "guide_star_at_detector_subwindow_boundary_flag": b"NO",
            "subwindow_out_of_FOV_flag": b"NO",
        },
    )


def _track(readout: Readout, exposure: int) -> np.ndarray:
    return _table(
        "track_subarray_table",
        readout.integrations,
        {
            "observatory_time": _times(readout, exposure),
            "x_corner": readout.window.x_start,
            "y_corner": readout.window.y_start,
            "x_size": readout.window.columns,
            "y_size": readout.window.rows,
        },
    )
