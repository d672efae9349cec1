"""Flags that a user gives as any FITS image."""

from pathlib import Path

from webbcal.core.errors import InvalidReference
from webbcal.io.fits import read_extensions
from webbcal.spec.references import UserMask


def load_user_mask(path: Path, frame_shape: tuple[int, int]) -> UserMask:
    """Open the first image of a FITS file as flags.

    Parameters
    ----------
    path : Path
        FITS file with an image of whole numbers, in the primary unit or any extension.
    frame_shape : tuple of int
        Rows and columns of the exposure; the image must have the same.

    Raises
    ------
    InvalidInput
        If the file is no FITS file, or its numbers are not whole.
    InvalidReference
        If it holds no image, or one of another shape.
    """
    images = [e for e in read_extensions(path) if e.kind == "IMAGE" and e.shape]
    if not images:
        raise InvalidReference(
            "no image of additional flags", where=path, expected=f"an image of shape {frame_shape}"
        )
    if images[0].shape != frame_shape:
        raise InvalidReference(
            "additional flags do not fit the exposure",
            where=images[0].label,
            expected=f"shape {frame_shape}",
            found=f"shape {images[0].shape}",
        )
    dtype = UserMask.__dataclass_fields__["dq"].metadata["spec"].dtype
    return UserMask.from_stored({"dq": images[0].image(dtype)})
