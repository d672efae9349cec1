"""``python -m webbcal``."""

from webbcal.cli.main import main

main()
