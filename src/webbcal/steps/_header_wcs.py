"""World coordinates as a header tells them: footprint, and an approximation by polynomials."""

from dataclasses import dataclass
from typing import Any

from webbcal.core.options import Options, option
from webbcal.geometry.imaging import sky_region
from webbcal.geometry.sip import sip_approximation
from webbcal.spec.meta import Meta, declared_paths


@dataclass(frozen=True)
class HeaderWcsOptions(Options):
    """Options of the approximation, for steps that make world coordinates."""

    sip_approx: bool = option(True, "Whether the header gets an approximation by polynomials.")
    sip_max_pix_error: float = option(
        0.01, "Largest error of that approximation, pixel to sky.", unit="pixel", low=0.0
    )
    sip_degree: int | None = option(
        None, "Degree of its polynomials; None: as high as it takes.", low=1, high=6
    )
    sip_max_inv_pix_error: float = option(
        0.01, "Largest error of that approximation, sky to pixel.", unit="pixel", low=0.0
    )
    sip_inv_degree: int | None = option(
        None, "Degree of its inverse polynomials; None: as high as it takes.", low=1, high=6
    )
    sip_npoints: int = option(12, "Points along each axis that are fitted.", low=3, high=100)


def header_wcs(wcsinfo: Meta, wcs: Any, options: HeaderWcsOptions) -> dict[str, Any]:
    """Return the metadata that go with new world coordinates of an image.

    Parameters
    ----------
    wcsinfo : Meta
        What the header says so far.
    wcs : World
        The new world coordinates.
    options : HeaderWcsOptions
        Of the approximation.

    Returns
    -------
    dict
        Paths below ``meta`` and values: the coordinates themselves, the footprint, the FITS
        keywords of the approximation; None for those of a former one.
    """
    keywords: dict[str, Any] = {"s_region": sky_region(wcs)}
    if options.sip_approx:
        keywords |= sip_approximation(
            wcs,
            (options.sip_max_pix_error, options.sip_max_inv_pix_error),
            (options.sip_degree, options.sip_inv_degree),
            options.sip_npoints,
        )
    changes = {name: None for name in wcsinfo if _is_approximation(name)} | {
        name: value
        for name, value in keywords.items()
        if f"meta.wcsinfo.{name}" in declared_paths()
    }
    changes = {f"wcsinfo.{name}": value for name, value in changes.items()}
    return changes | {"wcs": wcs, "coordinates.reference_frame": "ICRS"}


def _is_approximation(name: str) -> bool:
    """Tell whether a keyword belongs to a former approximation, which must not mix with ours."""
    return name.startswith(
        ("crpix", "crval", "ctype", "cunit", "cdelt", "pc", "cd", "a_", "b_", "ap_", "bp_", "sip")
    )
