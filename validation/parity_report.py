"""Sections of the report: one for each mode that is compared with the peer."""

from collections import defaultdict
from collections.abc import Iterator

from validation.cases import Case
from validation.compare import ALL, TOLERANCES, ArrayResult, Comparison
from validation.criteria import Criterion, Section
from validation.departures import RECORDS
from validation.pipelines import Job

Row = tuple[Case, Job, Comparison | None, str]

WANTED_PART = 0.999
UNGRADED = {"SCI flagged"}
COLUMNS = [
    *(("ramp", "SCI"), ("ramp", "GROUPDQ"), ("rate", "SCI"), ("rate", "ERR")),
    *(("rate", "VAR_POISSON"), ("rate", "VAR_RNOISE"), ("rate", "DQ"), ("rateints", "DQ")),
    *(("dark", "SCI"), ("dark", "GROUPDQ"), ("cal", "SCI"), ("cal", "DQ")),
]
INTRODUCTION = [
    "Exposures and references that the peer's own data models wrote, one section per mode. Each",
    "has a table of steps and products: the percentage of values that are equal (see",
    "`validation/compare.py`) in the worst case of the mode, what counts as equal, and the raw",
    "percentage, in which values with a recorded reason to differ count as different. The result",
    "of a step has the differences of the steps before it, too. Arrays that are equal throughout",
    "share a line. webbcal runs with `variances=prescribed` in ramp_fit and guider_cds, as the",
    "peer defines them, and with `irs2_zeros=missing` in refpix and `irs2_partial=false` in",
    "saturation (record 0045). Set aside are values only where the cause is found in the products",
    "(`validation/departures.py`).",
    "",
]

KNOWN = [
    "Differences that are not set aside, and are below the limits, have these causes:",
    "",
    "* JUMP where a difference deviates by the threshold within rounding of the ramp.",
    "* Groups after jumps as high as the limit within the scatter of the gain (0011).",
    "* JUMP only for the peer where the two largest differences of a ramp are equal to the last",
    "  bit, which whole numbers often are when linearity is skipped (0031).",
    "* JUMP where two differences of an erratic pixel deviate equally within rounding, so that the",
    "  iterative search takes another one first; the rounding of reference pixels decides.",
    "* Photon noise of a median difference close to 0, just beyond what rounding is granted.",
    "",
]


def introduction() -> Section:
    """Return how exposures are compared, and the causes of what differs that are known."""
    text = [*INTRODUCTION, *KNOWN]
    return Section("Against the peer, on files that webbcal did not make", text, [])


def overview(rows: list[Row], instrument: str) -> Section:
    """Return how many cases each mode has, and which one only one side can calibrate."""
    text = ["| mode | cases | compared |", "|---|---|---|"]
    for mode in dict.fromkeys(case.mode for case, *_ in rows):
        mine = [row for row in rows if row[0].mode == mode]
        compared = sum(comparison is not None for _, _, comparison, _ in mine)
        text.append(f"| {mode} | {len(mine)} | {compared} |")
    stops = [f"{case.name}: {stop}" for case, _, comparison, stop in rows if comparison is None]
    text += ["", *(f"* {stop.replace(chr(10), ' ')[:400]}" for stop in stops)]
    text += ["", *_keywords(rows), ""]
    name = instrument.upper()
    criterion = Criterion(
        f"{name}: cases that only one side can calibrate", str(len(stops)), "none", not stops
    )
    return Section(f"Against the peer: all modes of {name}", text, [criterion])


def mode_section(mode: str, rows: list[Row]) -> Section:
    """Return the tables of a mode, and one criterion for each of its products."""
    results = [
        (case, result)
        for case, _, comparison, _ in rows
        for result in (comparison.arrays if comparison and not case.by_truth else ())
    ]
    text = ["| step or product | array | equal, at worst | tolerance | raw | worst case |"]
    text += ["|---" * 6 + "|", *_table(results, rows[0][1].steps), ""]
    text += [*_cases(rows), "", *_aside(results)]
    differences = [_difference(case, result) for case, result in results if result.part < 1]
    text += ["Every other difference:", "", *(differences or ["None."]), ""]
    return Section(f"Against the peer: {mode}", text, list(_criteria(mode, results)))


def _table(results: list[tuple[Case, ArrayResult]], steps: tuple[str, ...]) -> Iterator[str]:
    by_key: dict[tuple[str, str], list[tuple[Case, ArrayResult]]] = defaultdict(list)
    for case, result in results:
        by_key[result.product, result.array].append((case, result))
    order = [*steps, *ALL]
    for product in sorted(dict.fromkeys(key[0] for key in by_key), key=order.index):
        equal = []
        for key, found in by_key.items():
            if key[0] != product:
                continue
            case, worst = min(found, key=lambda one: (one[1].part, one[1].raw))
            raw = min(result.raw for _, result in found)
            if raw == 1:
                equal.append(key[1])
                continue
            yield (
                f"| {product} | {key[1]} | {_percent(worst.part)} | "
                f"{TOLERANCES.get(key[1], 'the same')} | {_percent(raw)} | {case.name} |"
            )
        if equal:
            yield f"| {product} | {', '.join(equal)} | 100 | | 100 | |"


def _cases(rows: list[Row]) -> Iterator[str]:
    found = [
        {(r.product, r.array): r for r in comparison.arrays} if comparison else {}
        for _, _, comparison, _ in rows
    ]
    columns = [key for key in COLUMNS if any(key in one for one in found)]
    yield "| case | " + " | ".join(" ".join(key) for key in columns) + " |"
    yield "|---" * (len(columns) + 1) + "|"
    for (case, *_), mine in zip(rows, found, strict=True):
        cells = [_percent(mine[key].part) if key in mine else "" for key in columns]
        where = " (held against truth)" if case.by_truth else ""
        yield f"| {case.name}{where} | " + " | ".join(cells) + " |"


def _aside(results: list[tuple[Case, ArrayResult]]) -> list[str]:
    aside: dict[tuple[str, str], int] = defaultdict(int)
    for _, result in results:
        for cause, count in result.explained.items():
            aside[cause, f"{result.product} {result.array}"] += count
    if not aside:
        return []
    return [
        "| difference on purpose | decision | array | values |",
        "|---|---|---|---|",
        *(
            f"| {cause} | {RECORDS.get(cause, '')} | {array} | {count} |"
            for (cause, array), count in sorted(aside.items())
        ),
        "",
    ]


def _criteria(mode: str, results: list[tuple[Case, ArrayResult]]) -> Iterator[Criterion]:
    """Yield a criterion for the steps of a mode and for each of its products."""
    by_product: dict[str, list[tuple[Case, ArrayResult]]] = defaultdict(list)
    for case, result in results:
        if result.array not in UNGRADED and not case.by_truth:
            by_product[result.product if result.product in ALL else "steps"].append((case, result))
    for product, found in sorted(by_product.items()):
        case, worst = min(found, key=lambda one: one[1].part)
        aside = sum(sum(result.explained.values()) for _, result in found)
        raw = min(result.raw for _, result in found)
        note = f"; {100 * raw:.3f} % with {aside} values set aside counted" if aside else ""
        name = f"{worst.product} {worst.array}, " if worst.part < 1 else ""
        yield Criterion(
            f"{mode}: {product} equal to the peer's",
            f"{100 * worst.part:.4f} % at worst ({name}{case.name}){note}",
            f"{100 * WANTED_PART} %",
            worst.part >= WANTED_PART,
        )


def _percent(part: float) -> str:
    return "100" if part == 1 else f"{100 * part:.4f}"


def _difference(case: Case, result: ArrayResult) -> str:
    kinds = ", ".join(f"{name}: {count}" for name, count in sorted(result.kinds.items()))
    judged = result.total - sum(result.explained.values())
    return (
        f"* {case.name}, {result.product} {result.array}: "
        f"{judged - result.equal} of {judged}; {kinds}; "
        f"worst {result.worst} (webbcal / peer)"
    )


def _keywords(rows: list[Row]) -> list[str]:
    keywords: dict[str, set[str]] = defaultdict(set)
    for case, _, comparison, _ in rows:
        for keyword, (our, their) in (comparison.keywords if comparison else {}).items():
            keywords[f"`{keyword}` {our!r}, peer {their!r}"].add(case.name)
    text = ["Keywords of the peer's primary headers that differ:", ""]
    found = [f"* {what} ({len(cases)} cases)" for what, cases in sorted(keywords.items())]
    return text + (found or ["None."])
