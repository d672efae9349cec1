"""Names of combined products and of association files.

Source: JWST User Documentation, file naming conventions: products of stage 3, associations.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from webbcal.modes.associating import NameForm

WHOLE_FRAMES = frozenset({"", "FULL", "GENERIC"})


@dataclass(frozen=True, kw_only=True)
class CombinedName:
    """What the name of a combined product is made of.

    Parameters
    ----------
    program : str
        Five digits.
    identifier : str
        Of the association: o001, c1000, a3001.
    target : str
        t001.
    instrument : str
        In any case.
    elements : sequence of str
        Filter, pupil, grating; in the name they are in alphabetic order. A light path without any
        is "clear".
    slit, subarray : str
        Fixed slit; subarray, left out for full frames.
    form : NameForm
        Which of these the name has. SOURCE and SLITS leave ``{source_id}`` and ``{slit_name}`` to
        be filled for each source, WAVEFRONT leaves ``{suffix}``.
    detector, activity : str
        Of a wavefront pair.
    epoch : int or None
        Number of the epoch where one observation has several.
    """

    program: str
    identifier: str
    target: str
    instrument: str
    elements: Sequence[str] = ()
    slit: str = ""
    subarray: str = ""
    form: NameForm = NameForm.GENERIC
    detector: str = ""
    activity: str = ""
    epoch: int | None = None

    def __str__(self) -> str:
        """Return the name without suffix: ``jw01234-o001_t001_nircam_clear-f200w-sub160``."""
        name = f"jw{self.program}-{self.identifier}_{self._who}_{self.instrument}".lower()
        if self.form is NameForm.INSTRUMENT:
            return name
        name += f"_{self._setup}"
        if self.form is NameForm.WAVEFRONT:
            name += f"-{self.detector.lower()}_{{suffix}}-{self.activity.lower()}"
        return name

    @property
    def _who(self) -> str:
        who = "{source_id}" if self.form is NameForm.SOURCE else self.target
        if self.form is NameForm.SLITS:
            who += "-{source_id}"
        return who if self.epoch is None else f"{who}-epoch{self.epoch}"

    @property
    def _setup(self) -> str:
        parts = [optical_elements(self.elements)]
        if self.form is NameForm.SLITS:
            parts.append("{slit_name}")
        elif self.slit:
            parts.append(self.slit.lower())
        if self.subarray.upper() not in WHOLE_FRAMES:
            parts.append(self.subarray.lower())
        return "-".join(parts)


def optical_elements(elements: Sequence[str]) -> str:
    """Return what is in the light path, as names of products have it."""
    return "-".join(sorted(element.lower() for element in elements if element)) or "clear"


def association_name(program: str, identifier: str, kind: str, number: int) -> str:
    """Return the name of an association file, without a time stamp.

    Two runs on the same exposures give the same names.
    """
    return f"jw{program}-{identifier}_{kind}_{number:05d}_asn.json"
