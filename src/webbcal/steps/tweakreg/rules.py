"""How two lists of stars are compared: the options of one of both alignments."""

from dataclasses import dataclass

from webbcal.steps.tweakreg.options import TweakregOptions


@dataclass(frozen=True)
class Rules:
    """What is asked of stars that are to be the same.

    Attributes
    ----------
    least : int
        Smallest number of common stars.
    geometry : str
        What a list may need.
    clip : tuple
        How many times outliers are removed, and beyond which deviation.
    radius : float
        Largest offset, arcsec.
    search : bool
        Whether the offset is searched, and not given.
    separation, tolerance : float
        Arcsec; see the options.
    offset : tuple of float
        Arcsec, where it is given.
    pixel : float
        Size of a pixel, arcsec.
    """

    least: int
    geometry: str
    clip: tuple[int, float]
    radius: float
    search: bool
    separation: float
    tolerance: float
    offset: tuple[float, float]
    pixel: float

    @classmethod
    def between_groups(cls, options: TweakregOptions, pixel: float) -> "Rules":
        """Return the rules of the alignment of groups with each other."""
        return cls(
            options.minobj,
            options.fitgeometry,
            (options.nclip, options.sigma),
            options.searchrad,
            options.use2dhist,
            options.separation,
            options.tolerance,
            (options.xoffset, options.yoffset),
            pixel,
        )

    @classmethod
    def on_the_sky(cls, options: TweakregOptions, pixel: float) -> "Rules":
        """Return the rules of the alignment with a catalogue."""
        return cls(
            options.abs_minobj,
            options.abs_fitgeometry,
            (options.abs_nclip, options.abs_sigma),
            options.abs_searchrad,
            options.abs_use2dhist,
            options.abs_separation,
            options.abs_tolerance,
            (0.0, 0.0),
            pixel,
        )
