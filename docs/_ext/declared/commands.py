"""The page of the command line, from the declarations that typer parses."""

from typing import Any

import typer

from webbcal.cli.main import app

from .markdown import code, table, text


def command_page() -> dict[str, str]:
    """Return the page of all commands."""
    group: Any = typer.main.get_command(app)
    page = "# Command line\n\n"
    page += "Exit codes: 0 for success, 1 where data could not be calibrated or a product does not "
    page += "follow its format, 2 for bad input or bad usage.\n\n"
    page += "## webbcal\n\n" + table(("option", "what"), _options(group))
    for name, command in group.commands.items():
        page += f"## webbcal {name}\n\n{text(command.help or '')}\n\n"
        page += table(("argument or option", "value", "default", "what"), _parameters(command))
    return {"command-line": page}


def command_names() -> dict[str, set[str]]:
    """Return the options of every command, and those of ``webbcal`` itself under ``""``."""
    group: Any = typer.main.get_command(app)
    commands = {"": group} | dict(group.commands)
    return {
        name: {o for p in c.params for o in p.opts} | {"--help", "-h"}
        for name, c in commands.items()
    }


def _options(command: Any) -> list[tuple[str, str]]:
    return [(_names(p), text(p.help or "")) for p in command.params]


def _names(parameter: Any) -> str:
    if parameter.param_type_name == "argument":
        several = "..." if parameter.nargs == -1 else ""
        name = parameter.name.upper() + several
        return code(name if parameter.required else f"[{name}]")
    return ", ".join(map(code, parameter.opts))


def _parameters(command: Any) -> list[tuple[str, str, str, str]]:
    rows = []
    for parameter in command.params:
        option = parameter.param_type_name == "option"
        flag = option and (parameter.is_flag or parameter.count)
        value = "" if flag or not option else code(parameter.metavar or parameter.name.upper())
        default = parameter.default
        shown = "" if flag or default in (None, [], ()) or callable(default) else code(default)
        rows.append((_names(parameter), value, shown, text(parameter.help or "")))
    return rows
