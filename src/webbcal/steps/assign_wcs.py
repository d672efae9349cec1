"""World coordinates: tell where on the sky each pixel looks."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from webbcal.core.errors import InvalidReference
from webbcal.geometry.imaging import Pointing, imaging_wcs
from webbcal.spec.meta import Meta
from webbcal.spec.products import Cal, CalInts
from webbcal.spec.references import Distortion, FilterOffset
from webbcal.steps._header_wcs import HeaderWcsOptions, header_wcs
from webbcal.steps._pointing import corner_of, pointing_of
from webbcal.steps._step import Needs, Step

Images = TypeVar("Images", Cal, CalInts)


@dataclass(frozen=True)
class AssignWcsOptions(HeaderWcsOptions):
    """Options of `assign_wcs`."""


def assign_wcs(
    image: Images,
    distortion: Distortion,
    filteroffset: FilterOffset | None,
    options: AssignWcsOptions,
    *,
    measured: Mapping[str, Any] | None = None,
) -> Images:
    r"""Assign the transform from pixels to the sky to an image.

    A pixel of the image is moved to the whole detector by the corner of the subarray, and by the
    shift of its filter; the distortion takes it to (V2, V3), the correction
    :math:`v' = s v + (1 - s) v_\mathrm{ref}` takes out velocity aberration of scale s, and five
    rotations lead to the sky, such that the reference point V2_REF, V3_REF is at RA_REF, DEC_REF
    and the V3 axis has the position angle ROLL_REF there.

    Parameters
    ----------
    image : Cal or CalInts
        Image, axes (y, x) or (integration, y, x); only its shape and metadata are used.
    distortion : Distortion
        Pixel of the whole detector to (V2, V3).
    filteroffset : FilterOffset or None
        Shifts by filter; None: no filter shifts the image.
    options : AssignWcsOptions
        Of the approximation in the header.
    measured : mapping or None
        What `world_coordinates` gave for the whole exposure, if this is a part of it.

    Returns
    -------
    Cal or CalInts
        Same arrays; ``meta.wcs`` (a gwcs in files, standard transforms only), the footprint
        S_REGION and the FITS keywords of the approximation (TAN-SIP) are new. SIPMXERR and
        SIPIVERR tell its largest errors.

    Raises
    ------
    InvalidProduct
        If a keyword of the pointing is missing or absurd.
    InvalidReference
        If the shifts are for other filters.

    Notes
    -----
    Flags used: none. Flags set: none. NaN pixels stay.
    Without VA_SCALE the scale is 1. A keyword SUBSTRT1 or SUBSTRT2 that is missing is 1.

    Source: JWST User Documentation, calwebb_image2, assign_wcs.
    """
    if measured is None:
        rows, columns = image.shape_of("sci")[-2:]
        measured = world_coordinates(image.meta, (rows, columns), distortion, filteroffset, options)
    return image.with_changes(meta=image.meta.replace(measured))


def world_coordinates(
    meta: Meta,
    shape: tuple[int, int],
    distortion: Distortion,
    filteroffset: FilterOffset | None,
    options: AssignWcsOptions,
) -> dict[str, Any]:
    """Return the metadata that tell where on the sky each pixel of an exposure looks.

    Parameters
    ----------
    meta : Meta
        Of the exposure.
    shape : tuple of int
        Its rows and columns.
    distortion, filteroffset, options
        As for `assign_wcs`, which says what is computed.

    Returns
    -------
    dict
        Paths below ``meta`` and values; None for what does not hold any more.

    Source: JWST User Documentation, calwebb_image2, assign_wcs.
    """
    wcs = imaging_wcs(
        distortion.transform,
        Pointing(**pointing_of(meta)),
        shape,
        corner_of(meta),
        _shift(meta, filteroffset),
    )
    return header_wcs(meta.wcsinfo, wcs, options)


def _shift(meta: Meta, filteroffset: FilterOffset | None) -> tuple[float, float]:
    """Return what the filter adds to x and y."""
    if filteroffset is None:
        return 0.0, 0.0
    names = [_word(meta.instrument.lookup(name)) for name in ("filter", "pupil")]
    for entry in filteroffset.filters:
        if _serves(entry, names):
            try:
                return float(entry["column_offset"]), float(entry["row_offset"])
            except (KeyError, TypeError, ValueError):
                raise InvalidReference(
                    f"filteroffset reference: no shift for {names[0]}",
                    where=filteroffset.meta.lookup("filename"),
                    expected="column_offset and row_offset",
                    found=dict(entry),
                ) from None
    raise InvalidReference(
        "filteroffset reference is for other filters",
        where=filteroffset.meta.lookup("filename"),
        expected=" ".join(name for name in names if name),
        found=", ".join(str(entry.get("filter")) for entry in filteroffset.filters),
        advice="Name another file: --reference filteroffset=FILE.",
    )


def _word(value: Any) -> str:
    word = "" if value is None else str(value).strip().upper()
    return "" if word in ("N/A", "ANY") else word


def _serves(entry: Mapping[str, Any], names: list[str]) -> bool:
    own = [_word(entry.get(name)) for name in ("filter", "pupil")]
    return own[0] == names[0] and own[1] in ("", names[1])


STEP = Step(
    "assign_wcs",
    assign_wcs,
    AssignWcsOptions,
    references={
        "distortion": Needs(Distortion),
        "filteroffset": Needs(FilterOffset, required=False),
    },
    prepare=world_coordinates,
    status="assign_wcs",
)
