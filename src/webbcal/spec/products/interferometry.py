"""Aperture-masking interferometry: ami, amiavg, aminorm, and the newer OIFITS forms.

Source of the OIFITS units: Duvert, Young & Hummel 2017, A&A 597, A8.
"""

from typing import Any, ClassVar

import numpy as np

from webbcal.spec.fields import Product, column, declaration, image, table
from webbcal.spec.products.arrays import CUBE, PLANE


def _coefficients(extname: str, node: str, doc: str) -> Any:
    return table(extname, column("coeffs", "f8", doc="Value."), doc=doc, node=node)


def _pictures(extname: str, node: str, doc: str) -> Any:
    return image(extname, "f4", CUBE, doc=doc, alternatives=(PLANE,), node=node)


@declaration
class Ami(Product):
    """Interferometric observables of an exposure, of an average, or normalized."""

    model: ClassVar[str] = "AmiLgModel"
    suffixes: ClassVar[tuple[str, ...]] = ("ami", "amiavg", "aminorm")

    fit: np.ndarray = image("FIT", "f4", PLANE, doc="Model of the fringes.", node="fit_image")
    resid: np.ndarray = image("RESID", "f4", PLANE, doc="Image minus model.", node="resid_image")
    closure_amp: np.ndarray = _coefficients(
        "CLOSURE_AMP", "closure_amp_table", "Closure amplitudes, 35 of seven holes."
    )
    closure_pha: np.ndarray = _coefficients(
        "CLOSURE_PHA", "closure_phase_table", "Closure phases, 35 of seven holes."
    )
    fringe_amp: np.ndarray = _coefficients(
        "FRINGE_AMP", "fringe_amp_table", "Fringe amplitudes, 21 baselines."
    )
    fringe_pha: np.ndarray = _coefficients(
        "FRINGE_PHA", "fringe_phase_table", "Fringe phases, 21 baselines."
    )
    pupil_pha: np.ndarray = _coefficients(
        "PUPIL_PHA", "pupil_phase_table", "Phases of the seven holes."
    )
    solns: np.ndarray = _coefficients("SOLNS", "solns_table", "The 44 coefficients of the fit.")


@declaration
class AmiFit(Product):
    """Images of the fringe fit of each integration."""

    model: ClassVar[str] = "AmiLgFitModel"
    suffixes: ClassVar[tuple[str, ...]] = ("amilg",)

    ctrd: np.ndarray = _pictures("CTRD", "centered_image", "Centred image.")
    n_ctrd: np.ndarray = _pictures("N_CTRD", "norm_centered_image", "The same, normalized.")
    fit: np.ndarray = _pictures("FIT", "fit_image", "Model of the fringes.")
    n_fit: np.ndarray = _pictures("N_FIT", "norm_fit_image", "The same, normalized.")
    resid: np.ndarray = _pictures("RESID", "resid_image", "Image minus model.")
    n_resid: np.ndarray = _pictures("N_RESID", "norm_resid_image", "The same, normalized.")
    solns: np.ndarray = table(
        "SOLNS",
        column("coeffs", "f8", doc="The 44 coefficients of the fit.", shape=(None,)),
        doc="One row per integration.",
        node="solns_table",
    )


@declaration
class AmiOi(Product):
    """Interferometric observables in OIFITS 2."""

    model: ClassVar[str] = "AmiOIModel"
    suffixes: ClassVar[tuple[str, ...]] = (
        "ami-oi",
        "psf-ami-oi",
        "aminorm-oi",
        "amimulti-oi",
    )
    layout: ClassVar[str] = "OIFITS"

    oi_array: np.ndarray = table(
        "OI_ARRAY",
        column("TEL_NAME", "S16", doc="Name of the telescope."),
        column("STA_NAME", "S16", doc="Name of the hole of the mask."),
        column("STA_INDEX", "i2", doc="Numbers of the holes."),
        column("DIAMETER", "f4", "m", doc="Diameter of the hole."),
        column("STAXYZ", "f8", "m", doc="Place of the hole.", shape=(3,)),
        column("FOV", "f8", "arcsec", doc="Field of view."),
        column("FOVTYPE", "S6", doc="How the field of view is defined."),
        column("CTRS_EQT", "f8", "m", doc="Place of the hole in the sky frame.", shape=(2,)),
        doc="The holes of the mask.",
        open_ended=True,
        node="array",
    )
    oi_target: np.ndarray = table(
        "OI_TARGET",
        column("TARGET_ID", "i2", doc="Number of the target."),
        column("TARGET", "S16", doc="Name of the target."),
        column("RAEP0", "f8", "deg", doc="Right ascension at the epoch."),
        column("DECEP0", "f8", "deg", doc="Declination at the epoch."),
        column("EQUINOX", "f4", "yr", doc="Equinox."),
        column("RA_ERR", "f8", "deg", doc="Error of the right ascension."),
        column("DEC_ERR", "f8", "deg", doc="Error of the declination."),
        column("SYSVEL", "f8", "m/s", doc="Systemic velocity."),
        column("VELTYP", "S8", doc="Reference of the velocity."),
        column("VELDEF", "S8", doc="Definition of the velocity."),
        column("PMRA", "f8", "deg/yr", doc="Proper motion in right ascension."),
        column("PMDEC", "f8", "deg/yr", doc="Proper motion in declination."),
        column("PMRA_ERR", "f8", "deg/yr", doc="Its error."),
        column("PMDEC_ERR", "f8", "deg/yr", doc="Its error."),
        column("PARALLAX", "f4", "deg", doc="Parallax."),
        column("PARA_ERR", "f4", "deg", doc="Its error."),
        column("SPECTYP", "S16", doc="Spectral type."),
        doc="The target.",
        open_ended=True,
        node="target",
    )
    oi_t3: np.ndarray = table(
        "OI_T3",
        column("TARGET_ID", "i2", doc="Number of the target."),
        column("TIME", "f8", "s", doc="Time since midnight, UTC."),
        column("MJD", "f8", "d", doc="Time, MJD."),
        column("INT_TIME", "f8", "s", doc="Integration time."),
        column("T3AMP", "f8", doc="Triple-product amplitude."),
        column("T3AMPERR", "f8", doc="Its error."),
        column("T3PHI", "f8", "deg", doc="Closure phase."),
        column("T3PHIERR", "f8", "deg", doc="Its error."),
        column("U1COORD", "f8", "m", doc="Baseline 1, u."),
        column("V1COORD", "f8", "m", doc="Baseline 1, v."),
        column("U2COORD", "f8", "m", doc="Baseline 2, u."),
        column("V2COORD", "f8", "m", doc="Baseline 2, v."),
        column("STA_INDEX", "i2", doc="Numbers of the holes.", shape=(3,)),
        column("FLAG", "i1", doc="Whether the row is bad."),
        doc="Triple products.",
        open_ended=True,
        node="t3",
    )
    oi_vis: np.ndarray = table(
        "OI_VIS",
        column("TARGET_ID", "i2", doc="Number of the target."),
        column("TIME", "f8", "s", doc="Time since midnight, UTC."),
        column("MJD", "f8", "d", doc="Time, MJD."),
        column("INT_TIME", "f8", "s", doc="Integration time."),
        column("VISAMP", "f8", doc="Visibility amplitude."),
        column("VISAMPERR", "f8", doc="Its error."),
        column("VISPHI", "f8", "deg", doc="Visibility phase."),
        column("VISPHIERR", "f8", "deg", doc="Its error."),
        column("UCOORD", "f8", "m", doc="Baseline, u."),
        column("VCOORD", "f8", "m", doc="Baseline, v."),
        column("STA_INDEX", "i2", doc="Numbers of the holes.", shape=(2,)),
        column("FLAG", "i1", doc="Whether the row is bad."),
        doc="Visibilities.",
        open_ended=True,
        node="vis",
    )
    oi_vis2: np.ndarray = table(
        "OI_VIS2",
        column("TARGET_ID", "i2", doc="Number of the target."),
        column("TIME", "f8", "s", doc="Time since midnight, UTC."),
        column("MJD", "f8", "d", doc="Time, MJD."),
        column("INT_TIME", "f8", "s", doc="Integration time."),
        column("VIS2DATA", "f8", doc="Squared visibility."),
        column("VIS2ERR", "f8", doc="Its error."),
        column("UCOORD", "f8", "m", doc="Baseline, u."),
        column("VCOORD", "f8", "m", doc="Baseline, v."),
        column("STA_INDEX", "i2", doc="Numbers of the holes.", shape=(2,)),
        column("FLAG", "i1", doc="Whether the row is bad."),
        doc="Squared visibilities.",
        open_ended=True,
        node="vis2",
    )
    oi_q4: np.ndarray = table(
        "OI_Q4",
        column("TARGET_ID", "i2", doc="Number of the target."),
        column("TIME", "f8", "s", doc="Time since midnight, UTC."),
        column("MJD", "f8", "d", doc="Time, MJD."),
        column("INT_TIME", "f8", "s", doc="Integration time."),
        column("Q4AMP", "f8", doc="Closure amplitude."),
        column("Q4AMPERR", "f8", doc="Its error."),
        column("Q4PHI", "f8", "deg", doc="Four-hole phase."),
        column("Q4PHIERR", "f8", "deg", doc="Its error."),
        column("U1COORD", "f8", "m", doc="Baseline 1, u."),
        column("V1COORD", "f8", "m", doc="Baseline 1, v."),
        column("U2COORD", "f8", "m", doc="Baseline 2, u."),
        column("V2COORD", "f8", "m", doc="Baseline 2, v."),
        column("U3COORD", "f8", "m", doc="Baseline 3, u."),
        column("V3COORD", "f8", "m", doc="Baseline 3, v."),
        column("U4COORD", "f8", "m", doc="Baseline 4, u."),
        column("V4COORD", "f8", "m", doc="Baseline 4, v."),
        column("STA_INDEX", "i2", doc="Numbers of the holes.", shape=(4,)),
        column("FLAG", "i1", doc="Whether the row is bad."),
        doc="Closure amplitudes of four holes.",
        required=False,
        open_ended=True,
        node="q4",
    )
    oi_wavelength: np.ndarray = table(
        "OI_WAVELENGTH",
        column("EFF_WAVE", "f4", "m", doc="Effective wavelength."),
        column("EFF_BAND", "f4", "m", doc="Effective bandwidth."),
        doc="Wavelength and bandwidth.",
        open_ended=True,
        node="wavelength",
    )
