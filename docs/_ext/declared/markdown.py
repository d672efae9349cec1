"""Write Markdown: text, code and tables."""

import re
from collections.abc import Iterable, Sequence

_CODE = re.compile(r"``([^`]+)``|`([^`]+)`")
_SPECIAL = re.compile(r"([\\*_{}\[\]<>|#~$])")


def text(words: str) -> str:
    """Return plain text, with code in backticks, as Markdown that shows exactly that."""
    parts, end = [], 0
    line = " ".join(words.split())
    for match in _CODE.finditer(line):
        parts += [_SPECIAL.sub(r"\\\1", line[end : match.start()]), code(match[1] or match[2])]
        end = match.end()
    return "".join([*parts, _SPECIAL.sub(r"\\\1", line[end:])])


def code(words: object) -> str:
    """Return one piece of code; nothing for an empty one."""
    return f"`{words}`".replace("|", r"\|") if f"{words}" else ""


def codes(words: Iterable[object]) -> str:
    """Return pieces of code, separated by commas."""
    return ", ".join(map(code, words))


def table(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table of Markdown cells; columns that are empty throughout are left out."""
    lines = [list(row) for row in rows]
    kept = [i for i in range(len(titles)) if i == 0 or any(line[i] for line in lines)]
    body = [[titles[i] for i in kept], ["---"] * len(kept)]
    body += [[line[i] for i in kept] for line in lines]
    return "".join("| " + " | ".join(line) + " |\n" for line in body) + "\n"


def facts(pairs: Iterable[tuple[str, str]]) -> str:
    """Return a list of names and Markdown values; pairs without a value are left out."""
    return "".join(f"* {name}: {value}\n" for name, value in pairs if value) + "\n"


def python(directive: str, name: str, *options: str) -> str:
    """Return a directive of autodoc, whose docstrings are written in reStructuredText."""
    lines = [f".. {directive}:: {name}", *(f"   :{option}:" for option in options)]
    return "```{eval-rst}\n" + "\n".join(lines) + "\n```\n\n"


def rst(body: str) -> str:
    """Return a piece of a docstring."""
    return "```{eval-rst}\n" + body + "\n```\n\n"


def toctree(pages: Iterable[str], *options: str) -> str:
    """Return a hidden table of contents."""
    lines = [":hidden:", *(f":{option}:" for option in options), "", *pages]
    return "```{toctree}\n" + "\n".join(lines) + "\n```\n"
