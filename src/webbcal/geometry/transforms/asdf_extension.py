"""How the observatory's transforms are stored: the tags ``jwst_pipeline/...`` of every version.

The version of a tag never changes what it computes. An instance is written with the tag it was
made for in its latest version.

Source: JWST reference files, transforms of the ``jwst_pipeline`` tags; ASDF Standard 1.6.0.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from asdf.extension import Extension
from asdf_astropy.converters.transform.core import TransformConverterBase
from astropy.modeling import Model

from webbcal.geometry.transforms.grisms import (
    MiriToImage,
    MiriToSpectrum,
    NircamColumnToImage,
    NircamRowToImage,
    NircamToSpectrum,
    TurnedColumnToImage,
    TurnedRowToImage,
    TurnedToSpectrum,
)
from webbcal.geometry.transforms.models import (
    AngleFromGrating,
    DirectionalToUnitless,
    Logical,
    PrismRefraction,
    RefractionIndexFromPrism,
    RotationSequence,
    SliceOfBeta,
    Transform,
    UnitlessToDirectional,
    WavelengthFromGrating,
)
from webbcal.geometry.transforms.slits import (
    ByOrder,
    GratingToSlit,
    PlaneToSlit,
    SlitToGrating,
    SlitToPlane,
    SlitToPlaneOnly,
)

PREFIX = "tag:stsci.edu:jwst_pipeline/"
VERSIONS = ("0.7.0", "1.0.0", "1.1.0", "1.2.0")


class _Converter(TransformConverterBase):  # type: ignore[misc]
    """One tag: which model a node describes, and what a model's node says beside its settings."""

    tags: Sequence[str] = ()
    types: Sequence[Any] = ()

    def __init__(
        self,
        name: str,
        choose: Callable[[Mapping[str, Any]], type[Transform]],
        words: Mapping[type[Transform], Mapping[str, str]],
        versions: Sequence[str] = VERSIONS,
        old: Sequence[str] = (),
    ) -> None:
        self._choose = choose
        self._words = words
        self.tags = [PREFIX + tag for tag in (*old, *(f"{name}-{v}" for v in versions))]
        self.types = list(words)

    def select_tag(self, obj: Any, tags: Any, ctx: Any) -> str:
        """Return the latest version of the tag."""
        return str(self.tags[-1])

    def from_yaml_tree_transform(self, node: Mapping[str, Any], tag: str, ctx: Any) -> Model:
        """Return the model that a node describes."""
        kind = self._choose(node)
        return kind(**{name: node[name] for name in kind.settings})

    def to_yaml_tree_transform(self, model: Transform, tag: str, ctx: Any) -> dict[str, Any]:
        """Return the settings of a model."""
        words = self._words[type(model)]
        return {name: getattr(model, name) for name in model.settings} | dict(words)


_COORDS: Mapping[str, type[Transform]] = {
    "unitless2directional": UnitlessToDirectional,
    "to_dircos": UnitlessToDirectional,
    "directional2unitless": DirectionalToUnitless,
    "from_dircos": DirectionalToUnitless,
}
_GRATING: Mapping[str, type[Transform]] = {
    "angle": AngleFromGrating,
    "wavelength": WavelengthFromGrating,
}


_NIRCAM: Mapping[str, type[Transform]] = {
    "NIRCAMForwardRowGrismDispersion": NircamRowToImage,
    "NIRCAMForwardColumnGrismDispersion": NircamColumnToImage,
    "NIRCAMBackwardGrismDispersion": NircamToSpectrum,
}
_NIRISS: Mapping[str, type[Transform]] = {
    "NIRISSForwardRowGrismDispersion": TurnedRowToImage,
    "NIRISSForwardColumnGrismDispersion": TurnedColumnToImage,
    "NIRISSBackwardGrismDispersion": TurnedToSpectrum,
}
_MIRI: Mapping[str, type[Transform]] = {
    "MIRIWFSSForwardDispersion": MiriToImage,
    "MIRIWFSSBackwardDispersion": MiriToSpectrum,
}


def _grism(
    name: str, kinds: Mapping[str, type[Transform]], versions: Sequence[str] = VERSIONS
) -> _Converter:
    def choose(node: Mapping[str, Any]) -> type[Transform]:
        return kinds[node["model_type"] if "model_type" in node else node["class_name"]]

    words = {kind: {"model_type": word} for word, kind in kinds.items()}
    return _Converter(name, choose, words, versions)


def _to_plane(node: Mapping[str, Any]) -> type[Transform]:
    return SlitToPlaneOnly if len(node.get("outputs", "xyz")) == 2 else SlitToPlane


def _only(name: str, kind: type[Transform], **more: Sequence[str]) -> _Converter:
    return _Converter(name, lambda node: kind, {kind: {}}, **more)


class ObservatoryTransforms(Extension):  # type: ignore[misc]
    """The tags of the observatory that webbcal reads, for the asdf library."""

    extension_uri = "asdf://webbcal/extensions/observatory-transforms-1.0.0"
    converters = (
        _Converter(
            "coords",
            lambda node: _COORDS[node["model_type"]],
            {
                UnitlessToDirectional: {"model_type": "unitless2directional"},
                DirectionalToUnitless: {"model_type": "directional2unitless"},
            },
        ),
        _Converter(
            "grating_equation",
            lambda node: _GRATING[node["output"]],
            {
                AngleFromGrating: {"output": "angle"},
                WavelengthFromGrating: {"output": "wavelength"},
            },
        ),
        _only("rotation_sequence", RotationSequence),
        _only("logical", Logical),
        _only("miri_ab2slice", SliceOfBeta),
        _only("refraction_index_from_prism", RefractionIndexFromPrism),
        _only("snell", PrismRefraction),
        _only("gwa_to_slit", GratingToSlit),
        _only("slit_to_gwa", SlitToGrating, versions=("1.0.0",)),
        _Converter("slit_to_msa", _to_plane, {SlitToPlane: {}, SlitToPlaneOnly: {}}),
        _only("msa_to_slit", PlaneToSlit, versions=("1.0.0",)),
        _grism("nircam_grism_dispersion", _NIRCAM),
        _grism("niriss_grism_dispersion", _NIRISS),
        _grism("miri_wfss_dispersion", _MIRI, ("1.0.0",)),
        _only("niriss_soss", ByOrder, old=("niriss-soss-0.7.0",)),
    )
    tags = tuple(tag for converter in converters for tag in converter.tags)
