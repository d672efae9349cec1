"""Group the exposures of a folder into associations, by their headers.

What is not in headers cannot be known: which observations were linked when they were planned.
Record 0072 says what is inferred instead.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from webbcal.associations import calibrating, combining
from webbcal.associations._association import AsnProduct, Association
from webbcal.associations.choosing import Namer, Pool
from webbcal.associations.combining import Combination, combinations, target_labels, target_of
from webbcal.associations.exposures import Exposure, LeftOut, find_files, read_exposures
from webbcal.associations.naming import association_name


@dataclass(frozen=True)
class Grouped:
    """What was grouped, and what was not.

    `associations` are by the name of their file, level 2 first; `left_out` has a file for each
    reason why it is in no association, or in none of level 3. `exposures` is how many there are.
    """

    associations: dict[str, Association]
    left_out: tuple[LeftOut, ...]
    exposures: int


def associate(
    inputs: Iterable[Path], folder: Path, *, across_observations: bool = False
) -> Grouped:
    """Group exposures into associations of levels 2 and 3.

    Parameters
    ----------
    inputs : iterable of Path
        Products of stages 0 to 2, or folders of them.
    folder : Path
        Where the associations are to go. Nothing is written.
    across_observations : bool
        Combine what several observations saw of a target; otherwise each has its own product.

    Returns
    -------
    Grouped
        Associations may name products that are still to be made.

    Raises
    ------
    InvalidInput
        If an input does not exist.
    """
    exposures, left_out = read_exposures(find_files(inputs))
    namer, pool = Namer(folder), Pool(exposures)
    combined, incomplete = combinations(exposures, across_observations=across_observations)
    left_out += incomplete
    second, alone = _second_level(pool, combined, namer)
    third, lacking = _third_level(pool, combined, namer)
    left_out += alone + lacking
    return Grouped(_numbered([*second, *third]), tuple(_once(left_out)), len(exposures))


def _second_level(
    pool: Pool, combined: Sequence[Combination], namer: Namer
) -> tuple[list[Association], list[LeftOut]]:
    left_out: list[LeftOut] = []
    groups: dict[tuple[str, ...], list[tuple[Exposure, AsnProduct]]] = defaultdict(list)
    for exposure in pool.exposures:
        product, reason = calibrating.product_of(exposure, pool, combined, namer)
        if product is not None:
            grouping = exposure.grouping
            key = (exposure.program, exposure.observation, grouping.level2 or "", grouping.rule2)
            groups[key].append((exposure, product))
        elif reason:
            left_out.append(LeftOut(exposure.path, reason))
    used = {m.name for group in groups.values() for _, p in group for m in p.members}
    left_out += [
        LeftOut(e.path, "an imprint, and no exposure in the same setup to subtract it from")
        for e in pool.exposures
        if e.imprint and e.grouping.level2 and namer.rate(e, "").name not in used
    ]
    labels = target_labels(pool.exposures)
    made = []
    for (program, observation, kind, rule), group in sorted(groups.items()):
        targets = {labels[target_of(exposure)] for exposure, _ in group}
        made.append(
            Association(
                kind=kind,
                rule=rule,
                program=program,
                identifier=f"o{observation}",
                target=targets.pop()[1:] if len(targets) == 1 else "none",
                products=tuple(product for _, product in group),
                constraints=f"Each exposure of observation {observation}",
            )
        )
    return made, left_out


def _third_level(
    pool: Pool, combined: Sequence[Combination], namer: Namer
) -> tuple[list[Association], list[LeftOut]]:
    made: list[Association] = []
    left_out: list[LeftOut] = []
    for item in combined:
        first = item.first
        product, reason = combining.product_of(item, pool, namer)
        if product is None:
            left_out += [LeftOut(e.path, reason) for e in item.exposures]
            continue
        observations = ", ".join(sorted({e.observation for e in item.exposures}))
        made.append(
            Association(
                kind=first.grouping.level3 or "",
                rule=first.grouping.rule3,
                program=first.program,
                identifier=item.identifier,
                target=item.target[1:],
                products=(product,),
                constraints=f"Target {first.target or 'unnamed'}; observation {observations}",
            )
        )
    stars = {m.name for a in made for _, m in a.members}
    left_out += [
        LeftOut(e.path, "not combined: a reference star, and no target in the same setup")
        for e in pool.exposures
        if e.reference_star
        and e.grouping.reference_star
        and not e.background
        and namer.calibrated(e, "").name not in stars
    ]
    return made, left_out


def _numbered(associations: Sequence[Association]) -> dict[str, Association]:
    count: Counter[tuple[str, str, str]] = Counter()
    named: dict[str, Association] = {}
    for association in associations:
        key = (association.program, association.identifier, association.kind)
        count[key] += 1
        named[association_name(*key, count[key])] = association
    return named


def _once(left_out: Iterable[LeftOut]) -> list[LeftOut]:
    return list({(item.path, item.reason): item for item in left_out}.values())
