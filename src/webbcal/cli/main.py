"""The command ``webbcal``: parse, call, print.

Each command imports what it needs when it runs, so that help comes at once.
"""

import gc
import logging
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import Annotated, NoReturn, Optional

import typer

from webbcal.core.errors import WebbcalError

NEW_OBJECTS = 50_000
"""How many more objects there may be before those that refer to each other are looked at."""

app = typer.Typer(
    name="webbcal",
    help="Calibrate James Webb Space Telescope data: raw ramps to science products.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Inputs = Annotated[list[Path], typer.Argument(help="Exposures, folders of them, or associations.")]
OutputDir = Annotated[
    Optional[Path],  # noqa: UP045 (typer reads this at run time)
    typer.Option("--output-dir", "-o", help="Where products go; beside each input by default."),
]
Skip = Annotated[list[str], typer.Option("--skip", help="Leave a step out.")]
Save = Annotated[
    list[str], typer.Option("--save", help="Save the result of a step too; 'ramp' for the ramps.")
]
OptionValues = Annotated[
    list[str], typer.Option("--option", "-p", metavar="STEP.NAME=VALUE", help="Set an option.")
]
ConfigFile = Annotated[
    Optional[Path],  # noqa: UP045
    typer.Option("--config", "-c", metavar="FILE.toml", help="Read options from a file."),
]
ReferenceFiles = Annotated[
    list[str],
    typer.Option("--reference", "-r", metavar="TYPE=FILE", help="Use this file; N/A for none."),
]
ReferenceFolder = Annotated[
    Optional[Path],  # noqa: UP045
    typer.Option("--reference-dir", help="Choose references from this folder, not from CRDS."),
]


@app.callback(invoke_without_command=True)
def _global(
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks.")] = False,
) -> None:
    if version:
        import webbcal

        typer.echo(f"webbcal {webbcal.__version__}")
        raise typer.Exit
    if debug:
        os.environ["WEBBCAL_DEBUG"] = "1"


@app.command()
def run(  # noqa: PLR0913 (every argument is a choice of the user)
    inputs: Inputs,
    output_dir: OutputDir = None,
    skip: Skip = [],  # noqa: B006 (typer copies it)
    save: Save = [],  # noqa: B006
    option: OptionValues = [],  # noqa: B006
    config: ConfigFile = None,
    reference: ReferenceFiles = [],  # noqa: B006
    reference_dir: ReferenceFolder = None,
    through: Annotated[
        Optional[int],  # noqa: UP045
        typer.Option(min=1, max=3, help="Last stage; by default as far as the inputs ask for."),
    ] = None,
    threads: Annotated[int, typer.Option(min=0, help="Threads; 0: one per processor.")] = 0,
    workers: Annotated[
        int, typer.Option(min=0, help="Processes of a local Dask cluster; 0: none.")
    ] = 0,
    scheduler: Annotated[
        str, typer.Option(metavar="ADDRESS", help="Dask scheduler that exists already.")
    ] = "",
    resume: Annotated[bool, typer.Option("--resume", help="Keep what is made already.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what would be done.")
    ] = False,
    verbose: Annotated[
        int, typer.Option("--verbose", "-v", count=True, help="Log every step.")
    ] = 0,
) -> None:
    """Calibrate exposures: raw ramps to count rates, images, mosaics, catalogues."""
    from webbcal.cli.run import explain_all, run_all
    from webbcal.cli.settings import settings_from

    settings = settings_from(output_dir, skip, save, option, config, reference, reference_dir)
    settings = settings.with_(threads=threads, resume=resume, workers=workers, scheduler=scheduler)
    if dry_run:
        raise typer.Exit(explain_all(inputs, settings))
    raise typer.Exit(run_all(inputs, settings, through, verbose))


@app.command()
def explain(
    files: Inputs,
    skip: Skip = [],  # noqa: B006
    option: OptionValues = [],  # noqa: B006
    config: ConfigFile = None,
    reference: ReferenceFiles = [],  # noqa: B006
    reference_dir: ReferenceFolder = None,
    toml: Annotated[bool, typer.Option("--toml", help="Print the options as a file.")] = False,
) -> None:
    """Show what would run: steps, options and references, and why."""
    from webbcal.cli.run import explain_all
    from webbcal.cli.settings import settings_from

    settings = settings_from(None, skip, [], option, config, reference, reference_dir)
    raise typer.Exit(explain_all(files, settings, toml=toml))


@app.command()
def check(
    files: Annotated[list[Path], typer.Argument(help="Products to check.")],
    json: Annotated[bool, typer.Option("--json", help="Print findings as JSON.")] = False,
) -> None:
    """Check products against their format, finding by finding."""
    from webbcal.cli.check import check as check_files

    raise typer.Exit(check_files(files, json))


@app.command()
def info(file: Annotated[Path, typer.Argument(help="A product or reference file.")]) -> None:
    """Say what a file is: mode, shape, extensions, steps, references."""
    from webbcal.cli.info import info as print_info

    raise typer.Exit(print_info(file))


@app.command()
def describe(
    product: Annotated[Optional[str], typer.Argument(help="Suffix or type.")] = None,  # noqa: UP045
) -> None:
    """Show the declared layout of a product, or list all products."""
    from webbcal.cli.describe import describe as print_description

    raise typer.Exit(print_description(product))


@app.command()
def associate(
    inputs: Annotated[
        list[Path], typer.Argument(help="Exposures (rate, cal, uncal ...), or folders of them.")
    ],
    output_dir: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option("--output-dir", "-o", help="Where files go; beside the inputs by default."),
    ] = None,
    across_observations: Annotated[
        bool,
        typer.Option("--across-observations", help="Combine all observations of a target."),
    ] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace associations of the same names.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what would be written.")
    ] = False,
) -> None:
    """Find out which exposures belong together; write associations."""
    from webbcal.cli.associate import associate_all

    raise typer.Exit(
        associate_all(
            inputs,
            output_dir,
            across_observations=across_observations,
            overwrite=overwrite,
            dry_run=dry_run,
        )
    )


@app.command()
def simulate(
    mode: Annotated[
        str, typer.Argument(help="What to simulate: nircam-image, miri-image, dark ...")
    ] = "nircam-image",
    output_dir: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option("--output-dir", "-o", help="Where files go."),
    ] = None,
    option: Annotated[
        list[str], typer.Option("--option", "-p", metavar="NAME=VALUE", help="Set an option.")
    ] = [],  # noqa: B006
    seed: Annotated[int, typer.Option(help="Seed of all that is random.")] = 0,
    list_options: Annotated[
        bool, typer.Option("--list-options", help="List what --option can set.")
    ] = False,
) -> None:
    """Simulate exposures, raw or as count rates, their references and the truth."""
    from webbcal.cli.simulate import print_options
    from webbcal.cli.simulate import simulate as simulate_files

    if list_options:
        raise typer.Exit(print_options())
    if output_dir is None:
        raise typer.BadParameter("say where files go", param_hint="--output-dir")
    raise typer.Exit(simulate_files(mode, output_dir, option, seed))


@app.command()
def report(
    folder: Annotated[Path, typer.Argument(help="Folder of products.")],
    output: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option("--output", "-o", help="The page; report.html in the folder by default."),
    ] = None,
    title: Annotated[str, typer.Option("--title", help="Title of the page.")] = "",
) -> None:
    """Write one HTML page on a folder of products: pictures, plots, records."""
    from webbcal.cli.report import report as write_report

    raise typer.Exit(write_report(folder, output, title))


@app.command()
def view(  # noqa: PLR0913 (every argument is a choice of the user)
    file: Annotated[Path, typer.Argument(help="A product.")],
    output: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option("--output", "-o", help="The picture: .png, .pdf, .svg or .jpg."),
    ] = None,
    ext: Annotated[str, typer.Option("--ext", help="Extension: SCI, ERR, DQ, SCI,2 ...")] = "",
    integration: Annotated[
        Optional[int],  # noqa: UP045
        typer.Option("--integration", "-i", help="Integration, or plane of a cube, from 1."),
    ] = None,
    group: Annotated[
        Optional[int],  # noqa: UP045
        typer.Option("--group", "-g", help="Group of a ramp, from 1."),
    ] = None,
    stretch: Annotated[
        str, typer.Option("--stretch", help="asinh, linear, sqrt or log.")
    ] = "asinh",
    limits: Annotated[
        str, typer.Option("--limits", metavar="LOW,HIGH", help="Values, or percentiles: 1%,99%.")
    ] = "",
    cmap: Annotated[str, typer.Option("--cmap", help="Colour map of matplotlib.")] = "magma",
    pixels: Annotated[
        bool, typer.Option("--pixels", help="Axes in pixels, not on the sky.")
    ] = False,
) -> None:
    """Draw one product: image, cube, ramp, spectrum, catalogue."""
    from webbcal.cli.view import view as view_file
    from webbcal.report.view import Choice

    choice = Choice(ext, integration, group, stretch, limits, cmap, not pixels)
    raise typer.Exit(view_file(file, output, choice))


@app.command()
def demo(
    output_dir: Annotated[Path, typer.Option("--output-dir", "-o", help="Where files go.")] = Path(
        "demo"
    ),
) -> None:
    """Simulate a small programme, calibrate it, compare with the truth."""
    from webbcal.cli.demo import demo as run_demo

    raise typer.Exit(run_demo(output_dir))


def main() -> None:
    """Run the command line; the only place where errors become exit codes.

    2 for bad input and bad usage, 1 for a run that failed, 130 after an interrupt.
    """
    try:
        app()
    except WebbcalError as error:
        if os.environ.get("WEBBCAL_DEBUG"):
            raise
        typer.echo(f"webbcal: {error}", err=True)
        sys.exit(exit_code(error))
    except KeyboardInterrupt:
        typer.echo("webbcal: interrupted; nothing half-written was left", err=True)
        sys.exit(130)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(1)


def command() -> NoReturn:
    """Run the command line as a process of its own.

    The interpreter takes a quarter of a second to take down compiled kernels and modules one by
    one. Everything is written and closed by then, so the process ends at once. Looking for
    garbage every 700 new objects, as it does, takes a tenth of the time of importing them.
    """
    gc.set_threshold(NEW_OBJECTS)
    try:
        main()
        code: int | str | None = 0
    except SystemExit as stop:
        code = stop.code
    if isinstance(code, str):
        sys.stderr.write(f"{code}\n")
    logging.shutdown()
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
    os._exit(code if isinstance(code, int) else int(code is not None))


def exit_code(error: WebbcalError) -> int:
    """Return 1 where the data could not be calibrated, 2 where what was given is at fault."""
    from webbcal.core.errors import CannotCalibrate

    return 1 if isinstance(error, CannotCalibrate) else 2
