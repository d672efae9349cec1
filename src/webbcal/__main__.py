"""``python -m webbcal``."""

from webbcal.cli.main import command

command()
