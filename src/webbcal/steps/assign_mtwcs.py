"""Moving targets: let world coordinates move along with a target of the solar system."""

from collections.abc import Sequence
from dataclasses import dataclass

from webbcal.core.errors import CannotCalibrate, InvalidProduct
from webbcal.core.options import Options, option
from webbcal.geometry import moving_target
from webbcal.geometry.world import as_world
from webbcal.spec.meta import Meta
from webbcal.spec.products import Cal
from webbcal.steps._header_wcs import HeaderWcsOptions, header_wcs
from webbcal.steps._set import SetResult, SetStep, Tools

Position = tuple[float, float]


@dataclass(frozen=True)
class AssignMtwcsOptions(Options):
    """Options of `follow_target`."""

    output_use_model: bool = option(
        True, "Without effect: files are named after their exposures always."
    )


def follow_target(images: tuple[Cal, ...], options: AssignMtwcsOptions, tools: Tools) -> SetResult:
    """Let the coordinates of exposures move along with their target.

    A rotation of the sky carries the target of each exposure, MT_RA and MT_DEC, to the mean of
    these positions, north there staying north. What moves with the target is then in the same
    place in all exposures, and stars are not.

    Parameters
    ----------
    images : tuple of Cal
        Exposures with world coordinates; only their metadata are used.
    options : AssignMtwcsOptions
        Nothing that changes the result.
    tools : Tools
        `progress` only.

    Returns
    -------
    SetResult
        Exposures with the same arrays and a last frame ``moving_target``; MT_AVRA, MT_AVDEC,
        S_REGION and the keywords of the approximation of the coordinates are new. Figures: the
        mean position, and how far the targets are from it at most, arcsec.

    Raises
    ------
    CannotCalibrate
        If no exposure tells where the target was.
    InvalidProduct
        If some do not, or have no world coordinates: together they would be smeared.

    Notes
    -----
    Flags used: none. Flags set: none. NaN pixels stay.
    Assumes that the target does not rotate or come closer.

    Source: JWST User Documentation, calwebb_image3, assign_mtwcs.
    """
    positions = _positions([image.meta for image in images])
    mean = moving_target.mean_position(positions)
    result = []
    for number, (image, own) in enumerate(zip(images, positions, strict=True), 1):
        if image.world is None:
            raise InvalidProduct(
                "exposure without world coordinates", where=image.meta.lookup("filename")
            )
        wcsinfo = image.meta.wcsinfo
        approximation = HeaderWcsOptions(sip_approx=wcsinfo.lookup("ctype1") is not None)
        wcs = moving_target.followed(as_world(image.world), own, mean)
        values = header_wcs(wcsinfo, wcs, approximation)
        values |= {"wcsinfo.mt_avra": mean[0], "wcsinfo.mt_avdec": mean[1]}
        result.append(image.with_changes(meta=image.meta.replace(values)))
        tools.progress("following the target", number, len(images))
    figures = {
        "mean_ra": mean[0],
        "mean_dec": mean[1],
        "largest_distance": max(moving_target.separation(own, mean) for own in positions),
    }
    return SetResult(tuple(result), figures=figures)


def _positions(metas: Sequence[Meta]) -> list[Position]:
    """Return where the target was in each exposure."""
    found: list[Position | None] = []
    for meta in metas:
        ra, dec = (meta.wcsinfo.lookup(name) for name in ("mt_ra", "mt_dec"))
        numbers = isinstance(ra, int | float) and isinstance(dec, int | float)
        found.append((float(ra), float(dec)) if numbers and abs(dec) <= 90 else None)
    known = [position for position in found if position is not None]
    if not known:
        raise CannotCalibrate("no exposure tells where its target was (MT_RA, MT_DEC)")
    if len(known) < len(found):
        missing = metas[found.index(None)]
        raise InvalidProduct(
            "exposure of a moving target that does not tell where it was",
            where=missing.lookup("filename"),
            expected="MT_RA and MT_DEC, as the other exposures have them",
            found=f"{missing.wcsinfo.lookup('mt_ra')}, {missing.wcsinfo.lookup('mt_dec')}",
        )
    return known


STEP = SetStep("assign_mtwcs", follow_target, AssignMtwcsOptions, status="assign_mtwcs")
