"""Options of `resample`."""

from dataclasses import dataclass

from webbcal.core.errors import InvalidOptions
from webbcal.core.options import Numbers, Options, option
from webbcal.geometry.mosaic_grid import GridRequest
from webbcal.steps._drizzled import fill_value

MOST_DEGREES_RA, MOST_DEGREES_DEC = 360.0, 90.0


@dataclass(frozen=True)
class ResampleOptions(Options):
    """Options of `resample`."""

    pixfrac: float = option(
        1.0, "Width of the drop that a pixel becomes, in pixels of the image.", low=0.0, high=1.0
    )
    kernel: str = option(
        "square",
        "Shape of the drop.",
        choices=("square", "gaussian", "point", "turbo", "lanczos2", "lanczos3"),
    )
    fillval: str = option("NAN", "Value of pixels without data.")
    weight_type: str | None = option(
        "ivm",
        "Weights: inverse variance of the read noise, exposure time, or None: all the same.",
        choices=("ivm", "exptime"),
    )
    pixel_weights: bool = option(
        False,
        "Let weights by read noise differ from pixel to pixel; else each exposure has one.",
    )
    output_shape: Numbers | None = option(None, "Columns and rows of the mosaic.")
    crpix: Numbers | None = option(None, "Reference pixel (x, y), from 0.", unit="pixel")
    crval: Numbers | None = option(None, "Where on the sky the reference pixel is.", unit="deg")
    rotation: float | None = option(
        None, "Position angle of the y axis; None: that of the first image.", unit="deg"
    )
    pixel_scale_ratio: float = option(
        1.0, "Width of the pixels over that of the first image.", low=0.01, high=100.0
    )
    pixel_scale: float | None = option(
        None, "Width of the pixels; comes before the ratio.", unit="arcsec", low=1e-5, high=60.0
    )
    output_wcs: str = option(
        "", "ASDF file with the world coordinates of the mosaic; comes before all others."
    )
    single: bool = option(False, "Make a mosaic of each group instead of one of all.")
    blendheaders: bool = option(
        True, "Combine the headers of all images, and list them in a table."
    )
    in_memory: bool = option(True, "Without effect: memory is bounded always.")
    enable_ctx: bool = option(True, "Record which images contribute to each pixel.")
    enable_err: bool = option(True, "Find errors; without them ERR and variances are NaN.")
    report_var: bool = option(True, "Store the variances; without them they are NaN.")
    propagate_dq: bool = option(False, "Collect the flags of the pixels that contribute.")
    pixmap_stepsize: float = option(
        1.0, "Without effect: maps are polynomials of verified error, whatever the step.", low=1.0
    )
    pixmap_order: int = option(1, "Without effect, likewise.", choices=(1, 3))

    def __post_init__(self) -> None:
        super().__post_init__()
        fill_value(self.fillval)
        shape = _pair("output_shape", self.output_shape)
        if shape is not None and any(n < 1 or n != int(n) for n in shape):
            raise InvalidOptions("option output_shape", expected="two numbers from 1", found=shape)
        crval = _pair("crval", self.crval)
        if crval is not None and (
            abs(crval[0]) > MOST_DEGREES_RA or abs(crval[1]) > MOST_DEGREES_DEC
        ):
            raise InvalidOptions(
                "option crval", expected="right ascension and declination, degrees", found=crval
            )
        _pair("crpix", self.crpix)

    @property
    def request(self) -> GridRequest:
        """What the user wants of the grid."""
        shape = self.shape
        return GridRequest(
            self.pixel_scale_ratio,
            self.pixel_scale,
            self.rotation,
            _pair("crpix", self.crpix),
            _pair("crval", self.crval),
            None if shape is None else shape[::-1],
        )

    @property
    def shape(self) -> tuple[int, int] | None:
        """Rows and columns that the user wants."""
        if self.output_shape is None:
            return None
        return int(self.output_shape[1]), int(self.output_shape[0])


def _pair(name: str, values: tuple[float, ...] | None) -> tuple[float, float] | None:
    if values is None:
        return None
    if len(values) != 2:
        raise InvalidOptions(f"option {name}", expected="two numbers", found=values)
    return values[0], values[1]
