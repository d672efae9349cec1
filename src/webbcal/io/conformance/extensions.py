"""Rules on extensions: which there are, in which order, with which numbers."""

from collections import Counter

from webbcal.io.conformance.findings import Finding, error, note, warning
from webbcal.io.conformance.identify import Identity, specs
from webbcal.io.conformance.raw import RawFile
from webbcal.spec.fields import Elements, Image, Product, Table, declared

_NEVER_UNKNOWN = {"PRIMARY", "ASDF"}


def check_extensions(raw: RawFile, identity: Identity) -> list[Finding]:
    """Check names, order and EXTVER of the extensions against the declaration."""
    findings = _check_numbers(raw)
    if identity.product is None:
        return findings
    wanted = specs(identity.product)
    if not identity.reference:
        findings += _check_first(raw, wanted)
    for spec in declared(identity.product).values():
        if isinstance(spec, Elements):
            findings += _check_elements(raw, spec.part)
        elif spec.extname:
            findings += _check_present(raw, spec, 1)
    return findings + _check_others(raw, identity, wanted)


def _check_numbers(raw: RawFile) -> list[Finding]:
    """Every name and EXTVER once; a nameless extension is worth a remark."""
    findings: list[Finding] = []
    counts = Counter((hdu.name, hdu.version) for hdu in raw.hdus[1:] if hdu.name)
    for (name, version), times in counts.items():
        if times > 1:
            findings.append(
                error(
                    "extver.duplicate",
                    f"{name},{version} occurs {times} times.",
                    extension=name,
                    extver=version,
                    item="EXTVER",
                    expected="each name and EXTVER once",
                    found=f"{times} times",
                )
            )
    for hdu in raw.hdus[1:]:
        if not hdu.name:
            findings.append(
                note("extension.nameless", f"Extension {hdu.index} has no EXTNAME.", item="EXTNAME")
            )
    return findings


def _check_first(raw: RawFile, wanted: dict[str, Image | Table]) -> list[Finding]:
    if "SCI" not in wanted or not raw.named("SCI") or raw.hdus[1].name == "SCI":
        return []
    return [
        error(
            "extension.first",
            "SCI must be the first extension.",
            extension="SCI",
            expected="extension 1",
            found=f"extension {raw.named('SCI')[0].index}",
        )
    ]


def _check_present(raw: RawFile, spec: Image | Table, version: int) -> list[Finding]:
    name = spec.extname.upper()
    hdu = raw.find(name, version) or next(iter(raw.named(name)), None)
    if hdu is not None and not (hdu.empty and isinstance(spec, Image)):
        return []
    if hdu is not None and not spec.required:
        return [note("extension.empty", f"{name} is a header without data.", extension=name)]
    if spec.required:
        return [_missing(name, version, "a header without data" if hdu else "missing")]
    return [_expected(name, version)] if spec.mandatory else []


def _expected(name: str, version: int) -> Finding:
    """Readers do without an extension that the documents do not call optional."""
    return warning(
        "extension.expected",
        f"The documents list {name} for every product of this kind.",
        extension=name,
        extver=version,
        expected="present",
        found="missing",
    )


def _missing(name: str, version: int, found: str) -> Finding:
    return error(
        "extension.missing",
        f"The extension {name} must be there.",
        extension=name,
        extver=version,
        expected="present",
        found=found,
    )


def _check_elements(raw: RawFile, part: type[Product]) -> list[Finding]:
    """EXTVER 1 to N without gaps, every required extension for each of them."""
    wanted = {name: spec for name, spec in specs(part).items()}
    lead = next(iter(wanted), "")
    have = {name: {hdu.version for hdu in raw.named(name)} for name in wanted}
    if not have.get(lead):
        return [_missing(lead, 1, "missing")]
    found = have[lead]
    findings = []
    last = min(max(found), 10 * len(raw.hdus))  # a wild number must not cost memory
    gaps = [n for n in range(1, last + 1) if n not in found]
    odd = [n for n in found if n < 1 or n > last]
    if gaps or odd:
        findings.append(
            error(
                "extver.gap",
                f"The EXTVER of {lead} must count from 1 without gaps.",
                extension=lead,
                item="EXTVER",
                expected=f"1 to {len(found)}",
                found=", ".join(str(n) for n in sorted(found)[:20]),
            )
        )
    for name, spec in wanted.items():
        if name == lead:
            continue
        absent = sorted(found - have[name]) if spec.mandatory else []
        findings += [
            _missing(name, n, "missing") if spec.required else _expected(name, n) for n in absent
        ]
        findings += [
            error(
                "extver.unpaired",
                f"{name},{n} belongs to no {lead}.",
                extension=name,
                extver=n,
                item="EXTVER",
                expected=f"an EXTVER of {lead}",
                found=str(n),
            )
            for n in sorted(have[name] - found)
        ]
    return findings


def _check_others(
    raw: RawFile, identity: Identity, wanted: dict[str, Image | Table]
) -> list[Finding]:
    """Extensions outside the declaration are kept by readers, and named here."""
    assert identity.product is not None
    multiple = {
        name
        for spec in declared(identity.product).values()
        if isinstance(spec, Elements)
        for name in specs(spec.part)
    }
    findings: list[Finding] = []
    for hdu in raw.hdus[1:]:
        if hdu.name and hdu.name not in wanted and hdu.name not in _NEVER_UNKNOWN:
            findings.append(
                note(
                    "extension.unknown",
                    f"{hdu} is not part of this product.",
                    extension=hdu.name,
                    extver=hdu.version,
                )
            )
        elif hdu.name in wanted and hdu.name not in multiple and hdu.version != 1:
            findings.append(
                warning(
                    "extver.single",
                    f"{hdu.name} occurs once in this product; readers may not find this one.",
                    extension=hdu.name,
                    extver=hdu.version,
                    item="EXTVER",
                    expected="1",
                    found=str(hdu.version),
                )
            )
    return findings
