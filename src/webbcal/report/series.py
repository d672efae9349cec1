"""The lines in tables: spectra and light curves, found by the names of their columns."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from webbcal.spec.fields import Elements, Product, Table, declared

__all__ = ["Series", "series_of", "tables_of"]

_PAIRS = (
    ("WAVELENGTH", "FLUX", "wavelength / µm", "flux / Jy"),
    ("WAVELENGTH", "SURF_BRIGHT", "wavelength / µm", "surface brightness / (MJy/sr)"),
    ("MJD", "net_aperture_sum", "MJD", "flux / Jy"),
    ("MJD", "aperture_sum", "MJD", "flux / Jy"),
    ("MJD_UTC", "whitelight_flux", "MJD", "flux / Jy"),
    ("MJD", "whitelight_flux", "MJD", "flux / Jy"),
)


@dataclass(frozen=True)
class Series:
    """Values against a coordinate, 1-D each."""

    name: str
    x: np.ndarray
    y: np.ndarray
    x_label: str
    y_label: str


def tables_of(product: Product) -> Iterator[tuple[str, np.ndarray]]:
    """Yield the tables of a product with their names, those of its elements too."""
    for name, spec in declared(type(product)).items():
        if isinstance(spec, Table) and product.has(name):
            yield name, getattr(product, name)
        elif isinstance(spec, Elements):
            for number, element in enumerate(getattr(product, name)):
                for inner, rows in tables_of(element):
                    yield f"{inner},{number + 1}", rows


def series_of(product: Product, most: int = 1000) -> list[Series]:
    """Return the spectra or light curves of a product, at most so many."""
    found: list[Series] = []
    if not any(isinstance(spec, Elements | Table) for spec in declared(type(product)).values()):
        return found
    for name, rows in tables_of(product):
        for one in _series_in(name, rows):
            if len(found) == most:
                return found
            found.append(one)
    return found


def _series_in(name: str, rows: np.ndarray) -> Iterator[Series]:
    columns = rows.dtype.names or ()
    for x, y, x_label, y_label in _PAIRS:
        if x not in columns or y not in columns or len(rows) == 0:
            continue
        abscissa, values = rows[x], rows[y]
        if abscissa.dtype.kind not in "fiu" or values.dtype.kind not in "fiu":
            continue
        if abscissa.ndim == 1 and len(rows) > 1:
            if np.isfinite(values).any():
                yield Series(name, abscissa.astype("f8"), values.astype("f8"), x_label, y_label)
                return
        elif abscissa.ndim == 2 and np.isfinite(values).any():
            for number in range(len(rows)):
                good = np.isfinite(abscissa[number]) & (abscissa[number] > 0)
                if good.sum() > 1:
                    yield Series(
                        f"{name}, row {number + 1}",
                        abscissa[number][good].astype("f8"),
                        values[number][good].astype("f8"),
                        x_label,
                        y_label,
                    )
            return
