"""The command ``webbcal``: parse, call, print.

Each command imports what it needs when it runs, so that help comes at once.
"""

import gc
import logging
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

import click

import webbcal
from webbcal.core.errors import WebbcalError

NEW_OBJECTS = 50_000
"""How many more objects there may be before those that refer to each other are looked at."""

PATH = click.Path(path_type=Path)

# What several commands take.
inputs = click.argument(
    "inputs",
    type=PATH,
    nargs=-1,
    required=True,
    help="Exposures, folders of them, or associations.",
)
skip = click.option("--skip", metavar="STEP", multiple=True, help="Leave a step out.")
option = click.option(
    "--option", "-p", metavar="STEP.NAME=VALUE", multiple=True, help="Set an option."
)
config = click.option(
    "--config", "-c", type=PATH, metavar="FILE.toml", help="Read options from a file."
)
reference = click.option(
    "--reference", "-r", metavar="TYPE=FILE", multiple=True, help="Use this file; N/A for none."
)
reference_dir = click.option(
    "--reference-dir",
    type=PATH,
    metavar="DIR",
    help="Choose references from this folder, not from CRDS.",
)
dry_run = click.option("--dry-run", is_flag=True, help="Only say what would be done.")


class Commands(click.Group):
    """Commands whose help lists them in the order of use, with all that is said of each."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write one line per command, or two where one is short."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, c.help or "") for name, c in self.commands.items()])


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(
    webbcal.__version__, message="%(prog)s %(version)s", help="Print the version."
)
@click.option("--debug", is_flag=True, help="Show tracebacks.")
def app(debug: bool) -> None:
    """Calibrate James Webb Space Telescope data: raw ramps to science products."""
    if debug:
        os.environ["WEBBCAL_DEBUG"] = "1"


@app.command()
@inputs
@click.option(
    "--output-dir",
    "-o",
    type=PATH,
    metavar="DIR",
    help="Where products go; beside each input by default.",
)
@skip
@click.option(
    "--save",
    metavar="STEP",
    multiple=True,
    help="Save the result of a step too; 'ramp' for the ramps.",
)
@option
@config
@reference
@reference_dir
@click.option(
    "--through",
    type=click.IntRange(1, 3),
    metavar="STAGE",
    help="Last stage; by default as far as the inputs ask for.",
)
@click.option(
    "--threads",
    type=click.IntRange(min=0),
    metavar="N",
    default=0,
    help="Threads; 0: one per processor.",
)
@click.option(
    "--workers",
    type=click.IntRange(min=0),
    metavar="N",
    default=0,
    help="Processes of a local Dask cluster; 0: none.",
)
@click.option(
    "--scheduler", metavar="ADDRESS", default="", help="Dask scheduler that exists already."
)
@click.option("--resume", is_flag=True, help="Keep what is made already.")
@dry_run
@click.option("--verbose", "-v", count=True, help="Log every step; -vv: all there is to say.")
def run(  # noqa: PLR0913 (every argument is a choice of the user)
    inputs: tuple[Path, ...],
    output_dir: Path | None,
    skip: tuple[str, ...],
    save: tuple[str, ...],
    option: tuple[str, ...],
    config: Path | None,
    reference: tuple[str, ...],
    reference_dir: Path | None,
    through: int | None,
    threads: int,
    workers: int,
    scheduler: str,
    resume: bool,
    dry_run: bool,
    verbose: int,
) -> int:
    """Calibrate exposures: raw ramps to count rates, images, mosaics, catalogues."""
    from webbcal.cli.run import explain_all, run_all
    from webbcal.cli.settings import settings_from

    settings = settings_from(output_dir, skip, save, option, config, reference, reference_dir)
    settings = settings.with_(threads=threads, resume=resume, workers=workers, scheduler=scheduler)
    if dry_run:
        return explain_all(inputs, settings)
    return run_all(inputs, settings, through, verbose)


@app.command()
@inputs
@skip
@option
@config
@reference
@reference_dir
@click.option("--toml", is_flag=True, help="Print the options as a file.")
def explain(
    inputs: tuple[Path, ...],
    skip: tuple[str, ...],
    option: tuple[str, ...],
    config: Path | None,
    reference: tuple[str, ...],
    reference_dir: Path | None,
    toml: bool,
) -> int:
    """Show what would run: steps, options and references, and why."""
    from webbcal.cli.run import explain_all
    from webbcal.cli.settings import settings_from

    settings = settings_from(None, skip, [], option, config, reference, reference_dir)
    return explain_all(inputs, settings, toml=toml)


@app.command()
@click.argument("files", type=PATH, nargs=-1, required=True, help="Products to check.")
@click.option("--json", is_flag=True, help="Print findings as JSON.")
def check(files: tuple[Path, ...], json: bool) -> int:
    """Check products against their format, finding by finding."""
    from webbcal.cli.check import check as check_files

    return check_files(list(files), json)


@app.command()
@click.argument("file", type=PATH, help="A product or reference file.")
def info(file: Path) -> int:
    """Say what a file is: mode, shape, extensions, steps, references."""
    from webbcal.cli.info import info as print_info

    return print_info(file)


@app.command()
@click.argument("product", required=False, help="Suffix or type.")
def describe(product: str | None) -> int:
    """Show the declared layout of a product, or list all products."""
    from webbcal.cli.describe import describe as print_description

    return print_description(product)


@app.command()
@click.argument(
    "inputs",
    type=PATH,
    nargs=-1,
    required=True,
    help="Exposures (rate, cal, uncal ...), or folders of them.",
)
@click.option(
    "--output-dir",
    "-o",
    type=PATH,
    metavar="DIR",
    help="Where files go; beside the inputs by default.",
)
@click.option("--across-observations", is_flag=True, help="Combine all observations of a target.")
@click.option("--overwrite", is_flag=True, help="Replace associations of the same names.")
@click.option("--dry-run", is_flag=True, help="Only say what would be written.")
def associate(
    inputs: tuple[Path, ...],
    output_dir: Path | None,
    across_observations: bool,
    overwrite: bool,
    dry_run: bool,
) -> int:
    """Find out which exposures belong together; write associations."""
    from webbcal.cli.associate import associate_all

    return associate_all(
        list(inputs),
        output_dir,
        across_observations=across_observations,
        overwrite=overwrite,
        dry_run=dry_run,
    )


@app.command()
@click.argument(
    "mode",
    default="nircam-image",
    help="What to simulate: nircam-image (default), miri-image, dark ...",
)
@click.option("--output-dir", "-o", type=PATH, metavar="DIR", help="Where files go.")
@click.option("--option", "-p", metavar="NAME=VALUE", multiple=True, help="Set an option.")
@click.option(
    "--seed", metavar="N", default=0, show_default=True, help="Seed of all that is random."
)
@click.option("--list-options", is_flag=True, help="List what --option can set.")
@click.pass_context
def simulate(
    context: click.Context,
    mode: str,
    output_dir: Path | None,
    option: tuple[str, ...],
    seed: int,
    list_options: bool,
) -> int:
    """Simulate exposures, raw or as count rates, their references and the truth."""
    from webbcal.cli.simulate import print_options
    from webbcal.cli.simulate import simulate as simulate_files

    if list_options:
        return print_options()
    if output_dir is None:
        raise click.BadParameter("say where files go", context, param_hint="--output-dir")
    return simulate_files(mode, output_dir, option, seed)


@app.command()
@click.argument("folder", type=PATH, help="Folder of products.")
@click.option(
    "--output",
    "-o",
    type=PATH,
    metavar="FILE",
    help="The page; report.html in the folder by default.",
)
@click.option("--title", metavar="TEXT", default="", help="Title of the page.")
def report(folder: Path, output: Path | None, title: str) -> int:
    """Write one HTML page on a folder of products: pictures, plots, records."""
    from webbcal.cli.report import report as write_report

    return write_report(folder, output, title)


@app.command()
@click.argument("file", type=PATH, help="A product.")
@click.option(
    "--output", "-o", type=PATH, metavar="FILE", help="The picture: .png, .pdf, .svg or .jpg."
)
@click.option("--ext", metavar="NAME", default="", help="Extension: SCI, ERR, DQ, SCI,2 ...")
@click.option(
    "--integration", "-i", type=int, metavar="N", help="Integration, or plane of a cube, from 1."
)
@click.option("--group", "-g", type=int, metavar="N", help="Group of a ramp, from 1.")
@click.option(
    "--stretch",
    metavar="NAME",
    default="asinh",
    show_default=True,
    help="asinh, linear, sqrt or log.",
)
@click.option("--limits", metavar="LOW,HIGH", default="", help="Values, or percentiles: 1%,99%.")
@click.option(
    "--cmap", metavar="NAME", default="magma", show_default=True, help="Colour map of matplotlib."
)
@click.option("--pixels", is_flag=True, help="Axes in pixels, not on the sky.")
def view(  # noqa: PLR0913 (every argument is a choice of the user)
    file: Path,
    output: Path | None,
    ext: str,
    integration: int | None,
    group: int | None,
    stretch: str,
    limits: str,
    cmap: str,
    pixels: bool,
) -> int:
    """Draw one product: image, cube, ramp, spectrum, catalogue."""
    from webbcal.cli.view import view as view_file
    from webbcal.report.view import Choice

    choice = Choice(ext, integration, group, stretch, limits, cmap, not pixels)
    return view_file(file, output, choice)


@app.command()
@click.option(
    "--output-dir",
    "-o",
    type=PATH,
    metavar="DIR",
    default=Path("demo"),
    show_default=True,
    help="Where files go.",
)
def demo(output_dir: Path) -> int:
    """Simulate a small programme, calibrate it, compare with the truth."""
    from webbcal.cli.demo import demo as run_demo

    return run_demo(output_dir)


def main() -> NoReturn:
    """Run the command line; the only place where errors become exit codes.

    2 for bad input and bad usage, 1 for a run that failed, 130 after an interrupt.
    """
    try:
        code = app(prog_name="webbcal", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except click.Abort:
        click.echo("webbcal: interrupted; nothing half-written was left", err=True)
        code = 130
    except WebbcalError as error:
        if os.environ.get("WEBBCAL_DEBUG"):
            raise
        click.echo(f"webbcal: {error}", err=True)
        code = exit_code(error)
    sys.exit(code)


def command() -> NoReturn:
    """Run the command line as a process of its own.

    The interpreter takes a quarter of a second to take down compiled kernels and modules one by
    one. Everything is written and closed by then, so the process ends at once. Looking for
    garbage every 700 new objects, as it does, takes a tenth of the time of importing them.
    """
    gc.set_threshold(NEW_OBJECTS)
    try:
        main()
    except SystemExit as stop:
        code = stop.code if isinstance(stop.code, int) else 1
    logging.shutdown()
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
    os._exit(code)


def exit_code(error: WebbcalError) -> int:
    """Return 1 where the data could not be calibrated, 2 where what was given is at fault."""
    from webbcal.core.errors import CannotCalibrate

    return 1 if isinstance(error, CannotCalibrate) else 2
