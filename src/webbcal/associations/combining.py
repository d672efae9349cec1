"""Associations of level 3: exposures that are combined into one product.

Source: JWST User Documentation, association rules of level 3.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from webbcal.associations._association import BACKGROUND, PSF, SCIENCE, AsnProduct, Member
from webbcal.associations.choosing import Namer, Pool
from webbcal.associations.exposures import Exposure, LeftOut
from webbcal.associations.naming import CombinedName
from webbcal.modes.associating import NameForm

PAIR = 2


@dataclass(frozen=True)
class Combination:
    """Exposures of one target in one setup, and the name of what they become."""

    name: str
    identifier: str
    target: str
    exposures: tuple[Exposure, ...]

    @property
    def first(self) -> Exposure:
        """Any of them: what they share can be read from it."""
        return self.exposures[0]


def target_labels(exposures: Iterable[Exposure]) -> Mapping[tuple[str, str], str]:
    """Return a label for each target of each program: t001 and so on.

    Headers do not tell the number that the observatory gave a target, so they are counted in the
    order of the observations.

    Returns
    -------
    mapping of (program, target) to str
        Targets are those of `target_of`.
    """
    labels: dict[tuple[str, str], str] = {}
    count: Counter[str] = Counter()
    for exposure in sorted(exposures, key=lambda e: (e.program, e.observation, e.root)):
        key = target_of(exposure)
        if key not in labels:
            count[exposure.program] += 1
            labels[key] = f"t{count[exposure.program]:03d}"
    return labels


def target_of(exposure: Exposure) -> tuple[str, str]:
    """Return program and target; an observation without a target is one of its own."""
    name = exposure.target or f"observation {exposure.observation}"
    return exposure.program, name


def combinations(
    exposures: Sequence[Exposure], *, across_observations: bool
) -> tuple[list[Combination], list[LeftOut]]:
    """Return which exposures are combined.

    Parameters
    ----------
    exposures : sequence of Exposure
        All there are.
    across_observations : bool
        Combine what several observations saw of a target; otherwise each has its own product.

    Returns
    -------
    combinations : list of Combination
        By name; no two have the same.
    left_out : list of LeftOut
        Exposures that would be combined if there were others.
    """
    labels = target_labels(exposures)
    groups: dict[tuple[object, ...], list[Exposure]] = defaultdict(list)
    for exposure in exposures:
        if _is_combined(exposure):
            groups[_key(exposure, across_observations)].append(exposure)
    made: list[Combination] = []
    left_out: list[LeftOut] = []
    discovered: Counter[str] = Counter()
    for members in sorted(groups.values(), key=lambda group: group[0].root):
        first = members[0]
        if first.grouping.name is NameForm.WAVEFRONT and len(members) != PAIR:
            reason = f"not combined: a wavefront pair needs two exposures, there are {len(members)}"
            left_out += [LeftOut(e.path, reason) for e in members]
            continue
        identifier = f"o{first.observation}"
        if len({e.observation for e in members}) > 1:
            discovered[first.program] += 1
            identifier = f"a{3000 + discovered[first.program]}"
        label = labels[target_of(first)]
        name = _name(first, identifier, label)
        made.append(Combination(name, identifier, label, tuple(members)))
    return _with_names_that_differ(made), left_out


def product_of(combination: Combination, pool: Pool, namer: Namer) -> tuple[AsnProduct | None, str]:
    """Return the product of a combination; None, and why, where something is lacking."""
    first = combination.first
    members = [namer.calibrated(e, SCIENCE) for e in combination.exposures]
    if first.grouping.reference_star:
        stars = pool.reference_stars_of(first)
        if not stars and first.grouping.level3 == "coron3":
            return None, "not combined: no reference star (IS_PSF) in the same setup"
        members += [namer.calibrated(star, PSF) for star in stars]
    if first.grouping.background_spectra and not first.background:
        fields: dict[str, Exposure] = {}
        for exposure in combination.exposures:
            fields |= {field.root: field for field in pool.backgrounds_of(exposure)}
        members += [namer.spectrum(field, BACKGROUND) for field in fields.values()]
    return AsnProduct(combination.name, _unique(members)), ""


def _unique(members: Iterable[Member]) -> tuple[Member, ...]:
    return tuple({(m.name, m.role): m for m in members}.values())


def _is_combined(exposure: Exposure) -> bool:
    if exposure.grouping.level3 is None or exposure.imprint:
        return False
    helper = exposure.reference_star or exposure.background
    return not (helper and exposure.grouping.reference_star)


def _key(exposure: Exposure, across_observations: bool) -> tuple[object, ...]:
    """Return what exposures of one product share."""
    grouping, form = exposure.grouping, exposure.grouping.name
    key: list[object] = [
        *target_of(exposure),
        exposure.mode.exposure_type,
        exposure.instrument,
        exposure.background,
        grouping,
        "" if across_observations else exposure.observation,
    ]
    if form is NameForm.INSTRUMENT:
        return tuple(key)
    if form is NameForm.GRATING:
        return (*key, exposure.grating)
    key += [exposure.elements, exposure.subarray]
    if form is NameForm.GENERIC:
        key += [exposure.slit, exposure.mask]
    if form is NameForm.WAVEFRONT:
        key += [exposure.visit, exposure.detector, exposure.activity]
    if grouping.level3 == "coron3":
        key.append(exposure.detector)
    return tuple(key)


def _name(first: Exposure, identifier: str, label: str, *, detector: str = "") -> str:
    form = first.grouping.name
    elements = (first.grating,) if form is NameForm.GRATING else first.elements
    name = CombinedName(
        program=first.program,
        identifier=identifier,
        target=label,
        instrument=first.instrument,
        elements=elements,
        slit=first.slit,
        subarray="" if form is NameForm.GRATING else first.subarray,
        form=form,
        detector=first.detector,
        activity=first.activity,
    )
    return f"{name}-{detector.lower()}" if detector else str(name)


def _with_names_that_differ(made: list[Combination]) -> list[Combination]:
    """Tell apart products that have one name: by detector, then by number."""
    count = Counter(item.name for item in made)
    named: dict[str, Combination] = {}
    for item in made:
        name = item.name
        if count[name] > 1:
            name = _name(item.first, item.identifier, item.target, detector=item.first.detector)
        number, base = 1, name
        while name in named:
            number += 1
            name = f"{base}-{number}"
        named[name] = Combination(name, item.identifier, item.target, item.exposures)
    return sorted(named.values(), key=lambda item: item.name)
