"""What each mode of ``webbcal simulate`` starts from: options other than the usual ones.

The modes show an instrument with the effects that stage 1 is to remove from its exposures.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from webbcal.core.errors import InvalidOptions
from webbcal.sim.imaging.settings import OWN_OPTIONS, ImagingProgramme
from webbcal.sim.instruments.fgs import GUIDING
from webbcal.sim.settings import ImageSimulation

FAST = ("FGS_ACQ2", "FGS_TRACK", "FGS_FINEGUIDE")
"""Guide-star exposures that read in a fraction of a second, of brighter stars here."""

MODES: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        "nircam-image": {},
        "niriss-image": {"detector": "NIS"},
        "fgs-image": {"detector": "GUIDER1"},
        "nirspec-irs2": {
            "detector": "NRS1",
            "subarray": "FULL",
            "readpatt": "NRSIRS2RAPID",
            "ngroups": 5,
        },
        "miri-image": {
            "detector": "MIRIMAGE",
            "subarray": "SUB256",
            "ngroups": 20,
            "nints": 2,
            "sky": 100.0,
            "interference": 1.0,
            "reset_anomaly": 1.0,
            "charge_decay": 1.0,
            "last_frame": 1.0,
            "dark_settling": 1.0,
            "showers": 1.0,
        },
        "nircam-timeseries": {
            "exposure_type": "NRC_TSIMAGE",
            "subarray": "SUB64P",
            "ngroups": 5,
            "nints": 100,
            "segments": 2,
            "stars": 1,
            "brightest_star": 1e5,
        },
        "dark": {"ngroups": 10},
        "guider": {"detector": "GUIDER1", "stars": 1},
    }
)


PROGRAMMES: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        "nircam-image": {
            "detectors": "NRCB1,NRCB2",
            "subarray": "SUB640",
            "ngroups": 10,
            "exposures": 4,
        },
        "miri-image": {
            "detectors": "MIRIMAGE",
            "subarray": "FULL",
            "ngroups": 20,
            "exposures": 4,
            "sky": 30.0,
            "faintest_star": 10.0,
        },
        "niriss-image": {
            "detectors": "NIS",
            "subarray": "512x512",
            "ngroups": 10,
            "exposures": 4,
            "sky": 1.0,
        },
        "fgs-image": {
            "detectors": "GUIDER1",
            "subarray": "512x512",
            "ngroups": 10,
            "exposures": 4,
            "sky": 1.0,
        },
    }
)
"""What programmes of these modes start from: several dithers on one field, up to a mosaic."""


def options_of(mode: str, values: Mapping[str, Any], *, where: str = "") -> ImageSimulation:
    """Return the options of a mode with some of them changed.

    An option that only programmes have (`detectors`, `products`, `galaxies` ...) makes it one.

    Raises
    ------
    InvalidOptions
        For an unknown mode or option, or a bad value.
    """
    if mode not in MODES:
        raise InvalidOptions("mode", expected=" or ".join(MODES), found=mode)
    if OWN_OPTIONS.intersection(values):
        if mode not in PROGRAMMES:
            raise InvalidOptions(
                f"mode for option {min(OWN_OPTIONS.intersection(values))}",
                expected=" or ".join(PROGRAMMES),
                found=mode,
            )
        return ImagingProgramme.from_mapping({**PROGRAMMES[mode], **values}, where=where)
    merged = {**MODES[mode], **values}
    if mode == "guider":
        kind = merged.setdefault("exposure_type", "FGS_FINEGUIDE")
        usual = {**GUIDING.get(kind, {}), "brightest_star": 1e6 if kind in FAST else 1e5}
        merged = {**usual, **merged}
    if mode == "dark":
        image = ImageSimulation.from_mapping(
            {name: v for name, v in merged.items() if name == "detector"}, where=where
        )
        merged.setdefault("exposure_type", image.instrument.dark)
    return ImageSimulation.from_mapping(merged, where=where)
