"""What the exposures of a mode become part of: one calibrated product, and one combined.

Source: JWST User Documentation, association rules; stages of processing by observing mode.
"""

from dataclasses import dataclass
from enum import Enum

from webbcal.modes._mode import Kind, Mode


class NameForm(Enum):
    """How combined products of a mode are named."""

    GENERIC = "target, instrument, optical elements, slit, subarray"
    INSTRUMENT = "target and instrument: bands are told apart when cubes are built"
    GRATING = "target, instrument and grating: filters are told apart when cubes are built"
    SOURCE = "one product for each source of the micro-shutters"
    SLITS = "one product for each source in the fixed slits"
    WAVEFRONT = "one product for each pair of exposures of a detector"


@dataclass(frozen=True)
class Grouping:
    """Facts about a mode that decide what its exposures are associated with.

    Parameters
    ----------
    level2, level3 : str or None
        Types of the associations; None where the exposures do not go there.
    rule2, rule3 : str
        Names of the rules, as operations have them.
    integrations : bool
        Whether integrations stay apart (``rateints``, ``calints``).
    name : NameForm
        How combined products are named.
    reference_star : bool
        Whether exposures of reference stars are combined with those of the target.
    nods : bool
        Whether exposures at other nod positions show the sky of this one.
    background_spectra : bool
        Whether extracted spectra of a blank field serve as master background.
    imprints : bool
        Whether exposures with all micro-shutters closed are subtracted.
    direct_image : bool
        Whether sources are found in a direct image.
    acquisition : bool
        Whether the image that confirmed the target acquisition gives the place of the source.
    """

    level2: str | None = None
    level3: str | None = None
    rule2: str = ""
    rule3: str = ""
    integrations: bool = False
    name: NameForm = NameForm.GENERIC
    reference_star: bool = False
    nods: bool = False
    background_spectra: bool = False
    imprints: bool = False
    direct_image: bool = False
    acquisition: bool = False


DISPERSERS = frozenset({"GR150C", "GR150R", "GRISMC", "GRISMR", "GDHS0", "GDHS60", "P750L"})
"""Elements that turn an image into slitless spectra."""

_ALONE = Grouping()
_IMAGE = Grouping("image2", "image3", "Asn_Lv2Image", "Asn_Lv3Image")
_IMAGE_ONLY = Grouping("image2", None, "Asn_Lv2ImageNonScience")
_WAVEFRONT = Grouping(
    "wfs-image2", "wfs-image3", "Asn_Lv2WFSC", "Asn_Lv3WFSCMB", name=NameForm.WAVEFRONT
)
_IMAGE_SERIES = Grouping("tso-image2", "tso3", "Asn_Lv2ImageTSO", "Asn_Lv3TSO", integrations=True)
_SPECTRUM_SERIES = Grouping("tso-spec2", "tso3", "Asn_Lv2SpecTSO", "Asn_Lv3TSO", integrations=True)
_CUBE_SERIES = Grouping("tso-spec2", None, "Asn_Lv2SpecTSO", integrations=True)
_SPECTRUM = Grouping("spec2", "spec3", "Asn_Lv2Spec", "Asn_Lv3SpectralTarget")
_LAMP = Grouping("nrslamp-spec2", None, "Asn_Lv2NRSLAMPSpectral")

_BY_KIND = {
    Kind.IMAGE: _IMAGE,
    Kind.SPECTRUM: _SPECTRUM,
    Kind.TIME_SERIES_IMAGE: _IMAGE_SERIES,
    Kind.TIME_SERIES_SPECTRUM: _SPECTRUM,
    Kind.TARGET_ACQUISITION: _IMAGE_ONLY,
}

_BY_TYPE = {
    "FGS_IMAGE": Grouping("image2", "image3", "Asn_Lv2FGS", "Asn_Lv3Image"),
    "FGS_FOCUS": _IMAGE_ONLY,
    "NIS_FOCUS": _IMAGE_ONLY,
    "NRC_FOCUS": _IMAGE_ONLY,
    "NRS_FOCUS": _IMAGE_ONLY,
    "NRS_IMAGE": _IMAGE_ONLY,
    "MIR_CORONCAL": _IMAGE_ONLY,
    "NRC_CORON": Grouping(
        "image2",
        "coron3",
        "Asn_Lv2Image",
        "Asn_Lv3NRCCoron",
        integrations=True,
        reference_star=True,
    ),
    "MIR_4QPM": Grouping(
        "image2",
        "coron3",
        "Asn_Lv2Image",
        "Asn_Lv3MIRCoron",
        integrations=True,
        reference_star=True,
    ),
    "MIR_LYOT": Grouping(
        "image2",
        "coron3",
        "Asn_Lv2Image",
        "Asn_Lv3MIRCoron",
        integrations=True,
        reference_star=True,
    ),
    "NIS_AMI": Grouping(
        "image2", "ami3", "Asn_Lv2Image", "Asn_Lv3AMI", integrations=True, reference_star=True
    ),
    "MIR_MRS": Grouping(
        "spec2",
        "spec3",
        "Asn_Lv2Spec",
        "Asn_Lv3MIRMRS",
        name=NameForm.INSTRUMENT,
        background_spectra=True,
    ),
    "MIR_LRS-FIXEDSLIT": Grouping(
        "spec2",
        "spec3",
        "Asn_Lv2Spec",
        "Asn_Lv3SpectralTarget",
        nods=True,
        background_spectra=True,
        acquisition=True,
    ),
    "MIR_LRS-SLITLESS": Grouping(
        "spec2", "spec3", "Asn_Lv2Spec", "Asn_Lv3SpectralTarget", acquisition=True
    ),
    "NRS_FIXEDSLIT": Grouping(
        "spec2",
        "spec3",
        "Asn_Lv2NRSFSS",
        "Asn_Lv3NRSFSS",
        name=NameForm.SLITS,
        nods=True,
        background_spectra=True,
    ),
    "NRS_MSASPEC": Grouping(
        "spec2",
        "spec3",
        "Asn_Lv2NRSMSA",
        "Asn_Lv3SpectralSource",
        name=NameForm.SOURCE,
        nods=True,
        imprints=True,
    ),
    "NRS_IFU": Grouping(
        "spec2",
        "spec3",
        "Asn_Lv2NRSIFUNod",
        "Asn_Lv3NRSIFU",
        name=NameForm.GRATING,
        nods=True,
        background_spectra=True,
        imprints=True,
    ),
    "NIS_WFSS": Grouping("spec2", "spec3", "Asn_Lv2WFSSNIS", "Asn_Lv3WFSSNIS", direct_image=True),
    "NRC_WFSS": Grouping("spec2", "spec3", "Asn_Lv2WFSSNRC", "Asn_Lv3WFSSNRC", direct_image=True),
    "NRC_GRISM": Grouping("spec2", "spec3", "Asn_Lv2WFSSNRC", "Asn_Lv3WFSSNRC", direct_image=True),
    "MIR_WFSS": Grouping("spec2", "spec3", "Asn_Lv2WFSSMIR", "Asn_Lv3WFSSMIR", direct_image=True),
    "NRS_AUTOFLAT": _LAMP,
    "NRS_AUTOWAVE": _LAMP,
    "NRS_LAMP": _LAMP,
}

_ALWAYS_SERIES = frozenset({"NRC_TSIMAGE", "NRC_TSGRISM", "NRS_BRIGHTOBJ"})

_CONFIRMATIONS = frozenset({"MIR_TACONFIRM"})


def grouping_of(mode: Mode, *, time_series: bool = False, wavefront: bool = False) -> Grouping:
    """Return what the exposures of a mode are associated for.

    Parameters
    ----------
    mode : Mode
        The mode.
    time_series : bool
        Whether the visit was planned as a time series (TSOVISIT).
    wavefront : bool
        Whether the visit served to sense the wavefront of the telescope (VISITYPE).
    """
    general = _BY_TYPE.get(mode.exposure_type, _BY_KIND.get(mode.kind, _ALONE))
    if general.level3 is None:
        return general
    if wavefront and general.level3 == "image3":
        return _WAVEFRONT
    if not (time_series or mode.exposure_type in _ALWAYS_SERIES):
        return general
    if general.level3 == "image3" or mode.kind is Kind.TIME_SERIES_IMAGE:
        return _IMAGE_SERIES
    if mode.kind is Kind.INTEGRAL_FIELD:
        return _CUBE_SERIES
    return _SPECTRUM_SERIES if general.level3 == "spec3" and not general.direct_image else general


def confirms_acquisition(mode: Mode) -> bool:
    """Tell whether exposures of a mode show the target where it was acquired."""
    return mode.exposure_type in _CONFIRMATIONS
