"""Exposures of the fine guidance sensor while it guides."""

from typing import ClassVar

import numpy as np

from webbcal.spec.fields import Product, column, declaration, image, table
from webbcal.spec.products.arrays import CUBE, PLANE, RAMP, science


@declaration
class GuiderRaw(Product):
    """A raw exposure of a guider."""

    model: ClassVar[str] = "GuiderRawModel"
    suffixes: ClassVar[tuple[str, ...]] = ("uncal",)
    layout: ClassVar[str] = "guider"

    sci: np.ndarray = science(RAMP, "DN")
    err: np.ndarray = image(
        "ERR", "f4", RAMP, unit="DN", doc="Standard error of SCI.", required=False
    )
    dq: np.ndarray = image("DQ", "u4", PLANE, doc="Flags.", required=False)
    planned_reference_stars: np.ndarray = table(
        "Planned Reference Stars",
        column("guide_star_order", "i4", doc="Order of the guide stars."),
        column("reference_order", "i4", doc="Order of the reference stars."),
        column("reference_star_id", "S12", doc="Name of the star."),
        column("ra", "f8", "deg", doc="Right ascension."),
        column("dec", "f8", "deg", doc="Declination."),
        column("id_x", "f8", doc="Ideal coordinate, x."),
        column("id_y", "f8", doc="Ideal coordinate, y."),
        column("fgs_mag", "f8", "mag", doc="Magnitude in the guider band."),
        column("fgs_mag_uncert", "f8", "mag", doc="Its uncertainty."),
        column("count_rate", "f8", doc="Count rate."),
        column("count_rate_uncert", "f8", doc="Its uncertainty."),
        doc="Stars planned to guide on.",
        required=False,
        node="planned_star_table",
    )
    flight_reference_stars: np.ndarray = table(
        "Flight Reference Stars",
        column("reference_star_id", "S2", doc="Name of the star."),
        column("id_x", "f8", doc="Ideal coordinate, x."),
        column("id_y", "f8", doc="Ideal coordinate, y."),
        column("count_rate", "f8", doc="Count rate."),
        doc="Stars guided on.",
        required=False,
        node="flight_star_table",
    )
    pointing: np.ndarray = table(
        "Pointing",
        column("time", "f8", doc="Time."),
        column("jitter", "f8", doc="Jitter."),
        column("delta_ddc_ra", "f8", doc="Change of the commanded right ascension."),
        column("delta_ddc_dec", "f8", doc="Change of the commanded declination."),
        column("delta_aperture_pa", "f8", doc="Change of the position angle of the aperture."),
        column("delta_v1_ra", "f8", doc="Change of the right ascension of V1."),
        column("delta_v1_dec", "f8", doc="Change of the declination of V1."),
        column("delta_v3_pa", "f8", doc="Change of the position angle of V3."),
        column("delta_j1_ra", "f8", doc="Change of the right ascension of J1."),
        column("delta_j1_dec", "f8", doc="Change of the declination of J1."),
        column("delta_j3_pa", "f8", doc="Change of the position angle of J3."),
        column("HGA_motion", "S16", doc="Whether the antenna moved."),
        doc="Pointing by time.",
        required=False,
        node="pointing_table",
    )
    fgs_centroid_packet: np.ndarray = table(
        "FGS Centroid Packet",
        column("observatory_time", "S23", doc="Time of the packet."),
        column("centroid_time", "S23", doc="Time of the centroid."),
        column("guide_star_position_x", "f8", doc="Position of the guide star, x."),
        column("guide_star_position_y", "f8", doc="Position of the guide star, y."),
        column("guide_star_instrument_counts_per_sec", "f8", doc="Its count rate."),
        column("signal_to_noise_current_frame", "f8", doc="Signal-to-noise ratio of the frame."),
        column("delta_signal", "f8", doc="Change of the signal."),
        column("delta_noise", "f8", doc="Change of the noise."),
        column("psf_width_x", "i4", doc="Width of the image, x."),
        column("psf_width_y", "i4", doc="Width of the image, y."),
        column("data_quality", "i4", doc="Quality of the data."),
        column("bad_pixel_flag", "S4", doc="Whether a bad pixel was met."),
        column("bad_centroid_dq_flag", "S12", doc="Whether the centroid is bad."),
        column("cosmic_ray_hit_flag", "S5", doc="Whether a cosmic ray hit."),
        column("sw_subwindow_loc_change_flag", "S5", doc="Whether the subwindow moved."),
        column(
            "guide_star_at_detector_subwindow_boundary_flag",
            "S5",
            doc="Whether the star is at the edge of the subwindow.",
        ),
        column("subwindow_out_of_FOV_flag", "S5", doc="Whether the subwindow leaves the field."),
        doc="Centroids of the guide star.",
        required=False,
        node="centroid_table",
    )
    track_subarray_table: np.ndarray = table(
        "Track subarray table",
        column("observatory_time", "S23", doc="Time of the packet."),
        column("x_corner", "f8", doc="Corner of the subarray, x."),
        column("y_corner", "f8", doc="Corner of the subarray, y."),
        column("x_size", "i4", doc="Size of the subarray, x."),
        column("y_size", "i4", doc="Size of the subarray, y."),
        doc="Where the tracking subarray was.",
        required=False,
        node="track_sub_table",
    )


@declaration
class GuiderCal(GuiderRaw):
    """A calibrated exposure of a guider."""

    model: ClassVar[str] = "GuiderCalModel"
    suffixes: ClassVar[tuple[str, ...]] = ("cal",)

    sci: np.ndarray = science(CUBE)
    err: np.ndarray = image("ERR", "f4", CUBE, doc="Standard error of SCI.", required=False)
