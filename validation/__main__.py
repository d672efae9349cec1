"""Hold webbcal against truth and against the peer.

``python -m validation [--small] [--peer PYTHON] [--report FILE.md] [--keep FOLDER]``. One line
per criterion; exit status 1 if one does not hold. The small validation leaves out the effects,
which the test suite measures. Parts (``--only``, ``--instrument``) may run side by side: each
saves what it found (``--save``), and ``--join`` makes one report of them.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from validation.cases import INSTRUMENTS
from validation.criteria import Section, joined, save
from validation.effects_report import effects
from validation.imaging_truth import imaging_truth
from validation.imaging_with_peer import imaging_parity
from validation.parity import parity
from validation.report import write_report
from validation.truth import truth

PARTS = ("truth", "effects", "images", "peer")


def main() -> int:
    """Run the validation; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m validation", description=__doc__)
    parser.add_argument("--small", action="store_true", help="minutes instead of tens of them")
    parser.add_argument("--peer", type=Path, help="Python in whose environment the peer is")
    parser.add_argument("--report", type=Path, help="Markdown file to write")
    parser.add_argument("--keep", type=Path, help="work in this folder and leave the files there")
    parser.add_argument("--only", choices=PARTS, help="one part only")
    parser.add_argument("--save", type=Path, help="file for what was found, to join it later")
    parser.add_argument(
        "--join", type=Path, nargs="+", help="write the report of parts that were saved; run none"
    )
    parser.add_argument(
        "--instrument", action="append", choices=tuple(INSTRUMENTS), help="only these exposures"
    )
    chosen = parser.parse_args()
    instruments = tuple(chosen.instrument or INSTRUMENTS)
    peer = chosen.peer
    if peer is not None and not peer.exists():
        parser.error(f"--peer {peer}: no such file")
    start = time.perf_counter()
    if chosen.join:
        sections, minutes = joined(chosen.join)
        return _conclude(chosen, sections, minutes)
    if chosen.keep is not None:
        chosen.keep.mkdir(parents=True, exist_ok=True)
        sections = _run(
            chosen.keep.resolve(), peer, chosen.small, chosen.only, instruments, keep=True
        )
    else:
        with tempfile.TemporaryDirectory(prefix="webbcal-validation-") as folder:
            sections = _run(Path(folder), peer, chosen.small, chosen.only, instruments, keep=False)
    minutes = (time.perf_counter() - start) / 60
    if chosen.save is not None:
        save(chosen.save, sections, minutes)
    return _conclude(chosen, sections, minutes)


def _conclude(chosen: argparse.Namespace, sections: list[Section], minutes: float) -> int:
    """Write the report, if one is wanted; return the exit status."""
    if chosen.report is not None:
        write_report(chosen.report, sections, chosen.peer, small=chosen.small, minutes=minutes)
        print(f"report: {chosen.report}")
    criteria = [criterion for section in sections for criterion in section.criteria]
    failed = sum(not criterion.holds for criterion in criteria)
    print(f"{len(criteria) - failed} of {len(criteria)} criteria hold ({minutes:.1f} min)")
    return 1 if failed else 0


def _run(
    folder: Path,
    peer: Path | None,
    small: bool,
    only: str | None,
    instruments: tuple[str, ...],
    *,
    keep: bool,
) -> list[Section]:
    sections: list[Section] = []
    for section in _sections(folder, peer, small, only, instruments, keep):
        _say(section)
        sections.append(section)
    return sections


def _sections(
    folder: Path,
    peer: Path | None,
    small: bool,
    only: str | None,
    instruments: tuple[str, ...],
    keep: bool,
) -> Iterator[Section]:
    """Yield the parts that are wanted, as they are done."""
    if only == "effects" or (only is None and not small):
        yield effects(folder)
    if only in (None, "truth"):
        yield from truth(peer, folder, small)
    if only in (None, "images"):
        yield from imaging_truth(folder, small)
    if peer is None:
        print("no --peer given: nothing is compared with the observatory's pipeline")
        return
    if only in (None, "images"):
        yield from imaging_parity(peer.absolute(), folder / "images", small)
    if only in (None, "peer"):
        yield from parity(peer, folder, small, instruments, keep=keep)


def _say(section: Section) -> None:
    for criterion in section.criteria:
        print(criterion, flush=True)


if __name__ == "__main__":
    sys.exit(main())
