"""Small images for a page: one byte per pixel, with a colour of its own for what is no number."""

import functools
import io

import numpy as np

from webbcal.report.looks import Look, stretched

LEVELS = 96
"""Shades; more make a file larger, and noise no clearer."""

NO_DATA = (62, 128, 136)
"""Colour of pixels without a value: in no colour map, and clear on light and dark pages."""


@functools.cache
def _palette(name: str) -> bytes:
    from matplotlib import colormaps

    shades = colormaps[name](np.linspace(0.0, 1.0, LEVELS))[:, :3]
    return bytes(NO_DATA) + np.round(255.0 * shades).astype("u1").tobytes()


def as_png(look: Look, colours: str = "magma") -> bytes:
    """Return what was seen of an image as a PNG file, its first row at the bottom."""
    from PIL import Image

    values = stretched(look.small, look.limits)
    shades = np.where(np.isfinite(values), 1.0 + np.round(values * (LEVELS - 1)), 0.0)
    picture = Image.fromarray(np.ascontiguousarray(shades[::-1].astype("u1")), mode="P")
    picture.putpalette(_palette(colours))
    stream = io.BytesIO()
    picture.save(stream, format="PNG", optimize=True)
    return stream.getvalue()
