"""``webbcal associate``: which exposures belong together."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from webbcal.associations import Association, Member, write_association
from webbcal.associations.exposures import LeftOut
from webbcal.associations.grouping import Grouped, associate
from webbcal.associations.writing import check_replaceable
from webbcal.core.errors import CannotWrite, InvalidInput

console = Console(highlight=False)
errors = Console(stderr=True, highlight=False)

SHOWN = 3  # file names for one reason
COLUMN = 58  # where members begin


def associate_all(
    inputs: list[Path],
    output_dir: Path | None,
    *,
    across_observations: bool,
    overwrite: bool,
    dry_run: bool,
) -> int:
    """Group exposures, write the associations, print both and what was left out.

    Returns
    -------
    int
        0; 2 if a file could not be read, though the others were grouped.

    Raises
    ------
    InvalidInput
        Nothing was found that can be grouped.
    CannotWrite
        A file is in the way; then none is written.
    """
    folder = output_dir or _folder_of(inputs)
    found = associate(inputs, folder, across_observations=across_observations)
    if not found.associations:
        _print_left_out(found.left_out)
        raise InvalidInput(
            "no exposures that can be grouped",
            where=", ".join(map(str, inputs[:3])),
            expected="rate, rateints, cal, calints or uncal products",
            found=f"{len(found.left_out)} files left out" if found.left_out else "none of them",
        )
    if not dry_run:
        _write(found.associations, folder, overwrite=overwrite)
    _print_associations(found)
    _print_left_out(found.left_out)
    _print_summary(found, folder, dry_run=dry_run)
    return 2 if any(item.broken for item in found.left_out) else 0


def _folder_of(inputs: Iterable[Path]) -> Path:
    """Return the one folder that inputs are in: associations go beside their members."""
    folders = {path if path.is_dir() else path.parent for path in inputs}
    if len(folders) > 1:
        raise InvalidInput(
            "the inputs are in several folders",
            found=", ".join(sorted(map(str, folders))[:3]),
            advice="Say with --output-dir where the associations go.",
        )
    return folders.pop()


def _write(associations: Mapping[str, Association], folder: Path, *, overwrite: bool) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CannotWrite(f"cannot make the folder ({error.strerror})", where=folder) from None
    for name, association in associations.items():
        if not overwrite:
            check_replaceable(association, folder / name)
    for name, association in associations.items():
        write_association(association, folder / name, overwrite=overwrite)


def _print_associations(found: Grouped) -> None:
    for name, association in found.associations.items():
        console.print(name, style="bold", markup=False, soft_wrap=True)
        if association.level == 2:
            number = len(association.products)
            what = "1 exposure" if number == 1 else f"{number} exposures, each on its own"
            _print_line(what, _members(p.members for p in association.products))
            continue
        for product in association.products:
            _print_line(product.name, _members([product.members]))


def _print_line(what: str, members: list[str]) -> None:
    """Print a product and its members beside it, or below where the name is long."""
    left = f"  {what}"
    if len(left) >= COLUMN:
        console.print(left, markup=False, soft_wrap=True)
        left = ""
    for line in members:
        console.print(f"{left:<{COLUMN}}{line}", markup=False, soft_wrap=True)
        left = ""


def _members(groups: Iterable[Iterable[Member]]) -> list[str]:
    """Return how many files serve for what, a line each; one that serves for many counts once."""
    names: dict[str, set[str]] = defaultdict(set)
    for members in groups:
        for member in members:
            names[member.role].add(member.name)
    return [f"{len(files)} {role.replace('_', ' ')}" for role, files in names.items()]


def _print_left_out(left_out: Iterable[LeftOut]) -> None:
    reasons: dict[str, list[str]] = defaultdict(list)
    for item in left_out:
        reasons[item.reason].append(item.path.name)
    if not reasons:
        return
    console.print("\n[bold]Left out[/bold]")
    for reason, names in reasons.items():
        console.print(f"  {escape(reason)}:", soft_wrap=False)
        shown = names if len(names) <= SHOWN + 1 else names[:SHOWN]
        for name in shown:
            console.print(f"    {escape(name)}")
        if len(shown) < len(names):
            console.print(f"    and {len(names) - len(shown)} more")


def _print_summary(found: Grouped, folder: Path, *, dry_run: bool) -> None:
    number = len(found.associations)
    files = f"{number} association{'s' * (number != 1)}"
    exposures = f"{found.exposures} exposure{'s' * (found.exposures != 1)}"
    what = "not written (--dry-run)" if dry_run else f"written to {folder}"
    console.print(f"\n{exposures}, {files} {what}", markup=False, soft_wrap=True)
