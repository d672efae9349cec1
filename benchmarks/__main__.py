"""``python -m benchmarks``: time webbcal and its peer side by side, and write the figures down.

The two run in turn, whole processes, warm file cache and warm kernel cache; ratios are taken
pair by pair and their median is reported. Peak memory is that of the largest process.
"""

import argparse
import json
import platform
import shutil
import statistics
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from benchmarks import imaging
from benchmarks.cases import CASES, Case, environment, exposures_of
from benchmarks.process import Usage, run

HERE = Path(__file__).parent
OUT = HERE / "out"
WEBBCAL = Path(sys.executable).with_name("webbcal")
FIRST_RUN_SECONDS = 40.0
HELP_SECONDS = 0.3
EXTRA_MB_FOR_MORE_INTEGRATIONS = 200.0


@dataclass(frozen=True)
class Line:
    """One line of the report: figures as text, and whether what was asked is reached."""

    title: str
    webbcal: str
    peer: str
    ratio: str
    asked: str
    reached: bool


def main() -> int:
    """Run the benchmarks; the exit status is 1 if something asked for is not reached."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--peer", type=Path, help="python that has the peer installed")
    parser.add_argument("--report", type=Path, help="file to write the figures to")
    parser.add_argument("--only", nargs="*", help="names of cases", default=None)
    parser.add_argument("--runs", type=int, help="counted runs of each case", default=None)
    parser.add_argument("--quick", action="store_true", help="tiny sizes: does it run at all?")
    arguments = parser.parse_args()
    lines: list[Line] = []
    peaks: dict[str, float] = {}
    if arguments.only is None:
        lines += [time_help(), time_first_run()]
    names = [case.name for case in (*CASES, *imaging.CASES)]
    unknown = set(arguments.only or ()) - set(names)
    if unknown:
        parser.error(f"no case {', '.join(unknown)}; there are {', '.join(names)}")
    for chosen in CASES:
        case = chosen.quick() if arguments.quick else chosen
        if arguments.only is None or case.name in arguments.only:
            line = compare(
                case, arguments.peer, arguments.runs or case.runs, peaks, quick=arguments.quick
            )
            print_line(line)
            lines.append(line)
    for images in imaging.CASES:
        if arguments.only is None or images.name in arguments.only:
            line = compare_imaging(
                images, arguments.peer, arguments.runs or images.runs, quick=arguments.quick
            )
            print_line(line)
            lines.append(line)
    if {"full", "long"} <= peaks.keys():
        lines.append(more_integrations(peaks))
        print_line(lines[-1])
    if arguments.report:
        arguments.report.write_text(report(lines))
    return 0 if all(line.reached for line in lines) else 1


def compare(
    case: Case, peer: Path | None, runs: int, peaks: dict[str, float], *, quick: bool = False
) -> Line:
    """Time webbcal, and the peer in turn with it, on the exposures of a case."""
    folder = OUT / f"{case.name}{'-quick' if quick else ''}"
    exposures = exposures_of(case, folder)
    environ = environment(folder, OUT / "cache")
    ours, theirs = [], []
    run_webbcal(case, exposures, environ, folder)  # compiles, fills caches; not counted
    for _ in range(runs):
        ours.append(run_webbcal(case, exposures, environ, folder))
        if peer is not None and case.with_peer:
            theirs.append(run_peer(peer, case, exposures, environ, folder))
    peaks[case.name] = max(usage.peak_mb for usage in ours)
    ratios = [b.wall / a.wall for a, b in zip(ours, theirs, strict=False)]
    ratio = statistics.median(ratios) if ratios else None
    reached = (case.speed_up is None or ratio is None or ratio >= case.speed_up) and (
        peaks[case.name] <= case.peak_mb
    )
    asked = [f">= {case.speed_up:g} x" if case.speed_up else "", f"<= {case.peak_mb:.0f} MB"]
    return Line(
        case.title,
        figures(ours),
        figures(theirs) if theirs else "not run",
        f"{ratio:.1f}" if ratio else "",
        ", ".join(filter(None, asked)),
        reached,
    )


def compare_imaging(
    case: imaging.ImagingCase, peer: Path | None, runs: int, *, quick: bool
) -> Line:
    """Time webbcal, and the peer in turn with it, on a programme of images."""
    inputs = imaging.inputs_of(case, quick=quick)
    ours, theirs = [], []
    if case.peak_mb is None:
        imaging.run_webbcal(case, inputs)  # compiles, fills caches; not counted
    for _ in range(runs):
        ours.append(imaging.run_webbcal(case, inputs))
        if peer is not None and case.with_peer:
            theirs.append(imaging.run_peer(peer, case, inputs))
    ratios = [b.wall / a.wall for a, b in zip(ours, theirs, strict=False)]
    ratio = statistics.median(ratios) if ratios else None
    peak = max(usage.peak_mb for usage in ours)
    slow = not quick and case.speed_up is not None and ratio is not None and ratio < case.speed_up
    asked = [f">= {case.speed_up:g} x" if case.speed_up else ""]
    asked.append(f"<= {case.peak_mb:.0f} MB" if case.peak_mb else "")
    return Line(
        case.title,
        figures(ours),
        figures(theirs) if theirs else "not run",
        f"{ratio:.1f}" if ratio else "",
        ", ".join(filter(None, asked)),
        not slow and (case.peak_mb is None or peak <= case.peak_mb),
    )


def run_webbcal(
    case: Case, exposures: list[Path], environ: Mapping[str, str], folder: Path
) -> Usage:
    """Calibrate all exposures in one command."""
    out = folder / "webbcal"
    options = [
        word
        for step, values in case.settings().items()
        for name, value in values.items()
        for word in ("--option", f"{step}.{name}={value}")
    ]
    return run([WEBBCAL, "run", *exposures, "--output-dir", out, *options], environ, out)


def run_peer(
    peer: Path, case: Case, exposures: list[Path], environ: Mapping[str, str], folder: Path
) -> Usage:
    """Calibrate each exposure with a process of its own, as its users do."""
    out = folder / "peer"
    command = [peer.absolute(), HERE / "peer_detector1.py"]
    options = json.dumps(case.settings())
    usages = [run([*command, path, out, options], environ, out) for path in exposures]
    return Usage(
        sum(usage.wall for usage in usages),
        sum(usage.cpu for usage in usages),
        max(usage.peak_mb for usage in usages),
        "",
    )


def time_help() -> Line:
    """Time ``webbcal --help``."""
    usages = [run([WEBBCAL, "--help"], {}, OUT / "help") for _ in range(6)][1:]
    wall = statistics.median(usage.wall for usage in usages)
    line = Line(
        "webbcal --help", figures(usages), "", "", f"< {HELP_SECONDS} s", wall < HELP_SECONDS
    )
    print_line(line)
    return line


def time_first_run() -> Line:
    """Time a run that has to compile every kernel."""
    case = next(case for case in CASES if case.name == "small")
    folder = OUT / case.name
    exposures = exposures_of(case, folder)
    cache = OUT / "empty-cache"
    shutil.rmtree(cache, ignore_errors=True)
    usage = run_webbcal(case, exposures, environment(folder, cache), folder)
    told = "compil" in usage.output.lower()
    line = Line(
        "first run ever, 50 x 8 x 160 x 160, nothing compiled",
        figures([usage]) + ("" if told else " (without a word to the user)"),
        "",
        "",
        f"< {FIRST_RUN_SECONDS:g} s, says so",
        usage.wall < FIRST_RUN_SECONDS and told,
    )
    print_line(line)
    return line


def more_integrations(peaks: dict[str, float]) -> Line:
    """Compare the peak memory of ten integrations with that of one."""
    extra = peaks["long"] - peaks["full"]
    return Line(
        "peak memory, 10 integrations less 1 integration",
        f"{extra:+.0f} MB",
        "",
        "",
        f"<= {EXTRA_MB_FOR_MORE_INTEGRATIONS:g} MB",
        extra <= EXTRA_MB_FOR_MORE_INTEGRATIONS,
    )


def figures(usages: list[Usage]) -> str:
    """Return median, range and peak memory in words."""
    walls = sorted(usage.wall for usage in usages)
    peak = max(usage.peak_mb for usage in usages)
    spread = f" ({walls[0]:.2f} to {walls[-1]:.2f})" if len(walls) > 1 else ""
    return f"{statistics.median(walls):.2f} s{spread}, {peak:.0f} MB"


def print_line(line: Line) -> None:
    """Show a line as soon as it is known."""
    mark = "ok  " if line.reached else "MISS"
    print(f"{mark} {line.title}\n     webbcal {line.webbcal}; peer {line.peer or '-'}; "
          f"ratio {line.ratio or '-'}; asked {line.asked or '-'}", flush=True)  # fmt: skip


def report(lines: list[Line]) -> str:
    """Return the figures as a page of the documentation."""
    names = ("webbcal", "numpy", "numba", "astropy")
    versions = ", ".join(f"{name} {version(name)}" for name in names)
    rows = [
        f"| {n.title} | {n.webbcal} | {n.peer} | {n.ratio} | {n.asked} | "
        f"{'yes' if n.reached else '**no**'} |"
        for n in lines
    ]
    return "\n".join(
        [
            "# Benchmarks",
            "",
            "Made by `make bench`. Whole processes, in turn with the peer (jwst 3.0.0) in one run;",
            "median wall time, range, and peak resident memory; the ratio is the median of the",
            "pairs' ratios. Kernels compiled and files in the system's cache except where said.",
            "Absolute times do not carry over to another machine: compare ratios.",
            "",
            f"{platform.machine()}, {platform.system()}, Python {platform.python_version()}, "
            f"{versions}.",
            "",
            "| case | webbcal | peer | ratio | asked | reached |",
            "|---|---|---|---|---|---|",
            *rows,
            "",
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
