"""Arrays that many products share, each declared once."""

from typing import Any

from webbcal.spec.fields import image

RAMP = ("integration", "group", "y", "x")
CUBE = ("integration", "y", "x")
PLANE = ("y", "x")


def science(axes: tuple[str, ...], unit: str = "", *, or_cube: bool = False) -> Any:
    """Declare SCI; `or_cube` also allows one plane per integration."""
    return image("SCI", "f4", axes, unit=unit, doc="Signal.", alternatives=_cube(or_cube))


def error(axes: tuple[str, ...], unit: str = "", *, or_cube: bool = False) -> Any:
    """Declare ERR."""
    return image(
        "ERR", "f4", axes, unit=unit, doc="Standard error of SCI.", alternatives=_cube(or_cube)
    )


def flags(axes: tuple[str, ...], *, or_cube: bool = False) -> Any:
    """Declare DQ."""
    return image("DQ", "u4", axes, doc="Flags.", alternatives=_cube(or_cube))


def variance_poisson(
    axes: tuple[str, ...], unit: str = "", *, or_cube: bool = False, required: bool = True
) -> Any:
    """Declare VAR_POISSON."""
    return image(
        "VAR_POISSON",
        "f4",
        axes,
        unit=unit,
        doc="Variance of SCI by photon noise.",
        required=required,
        alternatives=_cube(or_cube),
    )


def variance_rnoise(
    axes: tuple[str, ...], unit: str = "", *, or_cube: bool = False, required: bool = True
) -> Any:
    """Declare VAR_RNOISE."""
    return image(
        "VAR_RNOISE",
        "f4",
        axes,
        unit=unit,
        doc="Variance of SCI by read noise.",
        required=required,
        alternatives=_cube(or_cube),
    )


def variance_flat(axes: tuple[str, ...], *, or_cube: bool = False, fill: float | None = 0.0) -> Any:
    """Declare VAR_FLAT; data that no flat field has corrected have none of it."""
    return image(
        "VAR_FLAT",
        "f4",
        axes,
        doc="Variance of SCI by the uncertainty of the flat field.",
        required=False,
        alternatives=_cube(or_cube),
        fill=fill,
    )


def area() -> Any:
    """Declare AREA."""
    return image(
        "AREA", "f4", PLANE, doc="Area of each pixel relative to the mean.", required=False
    )


def wavelength() -> Any:
    """Declare WAVELENGTH."""
    return image(
        "WAVELENGTH", "f4", PLANE, unit="um", doc="Wavelength at each pixel.", required=False
    )


def correction(extname: str, node: str, doc: str) -> Any:
    """Declare an array of factors that a step divided the signal by."""
    return image(extname, "f4", PLANE, doc=doc, required=False, node=node)


def _cube(allowed: bool) -> tuple[tuple[str, ...], ...]:
    return (CUBE,) if allowed else ()
