"""The page of the command line, from the declarations that click parses."""

from pathlib import Path

import click

from webbcal.cli.main import app

from .markdown import code, table, text


def command_page() -> dict[str, str]:
    """Return the page of all commands."""
    page = "# Command line\n\n"
    page += "Exit codes: 0 for success, 1 where data could not be calibrated or a product does not "
    page += "follow its format, 2 for bad input or bad usage.\n\n"
    page += "## webbcal\n\n" + table(("option", "what"), _options(app))
    for name, command in app.commands.items():
        page += f"## webbcal {name}\n\n{text(command.help or '')}\n\n"
        page += table(("argument or option", "value", "default", "what"), _parameters(command))
    return {"command-line": page}


def command_names() -> dict[str, set[str]]:
    """Return the options of every command, and those of ``webbcal`` itself under ``""``."""
    commands: dict[str, click.Command] = {"": app, **app.commands}
    return {
        name: {o for p in c.params for o in p.opts} | {"--help", "-h"}
        for name, c in commands.items()
    }


def _options(command: click.Command) -> list[tuple[str, str]]:
    return [(_names(p), text(p.help or "")) for p in command.params]


def _names(parameter: click.Parameter) -> str:
    if isinstance(parameter, click.Argument):
        return code(parameter.make_metavar(click.Context(app)))
    return ", ".join(map(code, parameter.opts))


def _parameters(command: click.Command) -> list[tuple[str, str, str, str]]:
    context = click.Context(command)
    rows = []
    for parameter in command.params:
        value = shown = ""
        if isinstance(parameter, click.Option) and not (parameter.is_flag or parameter.count):
            value = code(parameter.make_metavar(context))
            default = parameter.get_default(context)  # a mark of click's where there is none
            shown = code(default) if isinstance(default, str | int | Path) else ""
        rows.append((_names(parameter), value, shown, text(parameter.help or "")))
    return rows
