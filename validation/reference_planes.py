"""Images of the references that an exposure was calibrated with."""

from pathlib import Path

import numpy as np
from astropy.io import fits


def reference_plane(references: Path, header: fits.Header, key: str) -> np.ndarray:
    """Return the image of the reference that a keyword names, cut to the subarray; (y, x)."""
    path = references / header[key].removeprefix("crds://")
    own = fits.getheader(path)
    image: np.ndarray = fits.getdata(path, "SCI").astype(float)
    x, y = (header[f"SUBSTRT{n}"] - own[f"SUBSTRT{n}"] for n in (1, 2))
    return image[y : y + header["SUBSIZE2"], x : x + header["SUBSIZE1"]]
