"""The page of the simulator's options."""

from webbcal.cli.simulate import MODES
from webbcal.sim import ImagingProgramme

from .markdown import code
from .steps import options_table


def simulation_page() -> dict[str, str]:
    """Return the page of options of ``webbcal simulate``."""
    modes = " or ".join(map(code, MODES))
    page = f"# Options of the simulator\n\n`webbcal simulate MODE` with the mode {modes} takes "
    page += "these as `--option NAME=VALUE`.\n\n"
    return {"simulation": page + options_table(ImagingProgramme)}
