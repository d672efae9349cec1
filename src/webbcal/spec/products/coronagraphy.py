"""Coronagraphy: stacks of reference images, aligned and subtracted."""

from typing import ClassVar

import numpy as np

from webbcal.spec.fields import Product, column, declaration, table
from webbcal.spec.products.arrays import (
    CUBE,
    error,
    flags,
    science,
    variance_poisson,
    variance_rnoise,
)
from webbcal.spec.products.tables import INT_TIMES_COLUMNS

STACK = ("psf", "y", "x")
STACKS = ("integration", "psf", "y", "x")


@declaration
class PsfStack(Product):
    """Images of point sources, stacked."""

    model: ClassVar[str] = "CubeModel"
    suffixes: ClassVar[tuple[str, ...]] = ("psfstack",)

    sci: np.ndarray = science(STACK)
    dq: np.ndarray = flags(STACK)
    err: np.ndarray = error(STACK)


@declaration
class PsfAlign(Product):
    """Images of point sources, aligned with each integration of the target."""

    model: ClassVar[str] = "QuadModel"
    suffixes: ClassVar[tuple[str, ...]] = ("psfalign",)
    layout: ClassVar[str] = "one stack per integration"

    sci: np.ndarray = science(STACKS)
    dq: np.ndarray = flags(STACKS)
    err: np.ndarray = error(STACKS)


@declaration
class PsfAlignStack(PsfStack):
    """Images of point sources, aligned with the mean of the target."""

    suffixes: ClassVar[tuple[str, ...]] = ("psfalign",)
    layout: ClassVar[str] = "one stack for all integrations"


@declaration
class PsfSub(Product):
    """The integrations of a target, with the model of the star subtracted."""

    model: ClassVar[str] = "CubeModel"
    suffixes: ClassVar[tuple[str, ...]] = ("psfsub",)

    sci: np.ndarray = science(CUBE)
    err: np.ndarray = error(CUBE)
    dq: np.ndarray = flags(CUBE)
    int_times: np.ndarray = table(
        "INT_TIMES",
        *INT_TIMES_COLUMNS,
        doc="Times of the integrations.",
        required=False,
        empty=True,
    )
    var_poisson: np.ndarray = variance_poisson(CUBE)
    var_rnoise: np.ndarray = variance_rnoise(CUBE)


@declaration
class Contrast(Product):
    """Contrast around a star, by distance."""

    model: ClassVar[str] = "ContrastModel"
    suffixes: ClassVar[tuple[str, ...]] = ("contrast",)

    contrast: np.ndarray = table(
        "CONTRAST",
        column("radius", "f4", doc="Distance from the star."),
        column("sigma", "f4", doc="Contrast reached there."),
        doc="Contrast curve.",
        node="contrast_table",
    )
