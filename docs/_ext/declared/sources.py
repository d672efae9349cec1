"""Where formulas, formats and numbers come from: the `Source:` lines of the code."""

import ast
import re
from pathlib import Path

import webbcal

from .markdown import code, table, text

ROOT = Path(webbcal.__file__).parent
_SOURCE = re.compile(r"^Source: (.*?)(?=\n\n|\Z)", re.DOTALL | re.MULTILINE)


def source_lines() -> list[tuple[str, str]]:
    """Return module, function or class, and what it cites, for every `Source:` line."""
    found = []
    for path in sorted(ROOT.rglob("*.py")):
        module = ".".join(path.relative_to(ROOT.parent).with_suffix("").parts)
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
                name = f"{module}.{node.name}" if hasattr(node, "name") else module
                for match in _SOURCE.finditer(ast.get_docstring(node) or ""):
                    found.append((name.removesuffix(".__init__"), " ".join(match[1].split())))
    return found


def source_page() -> dict[str, str]:
    """Return the page of all citations."""
    rows = [(code(name.removeprefix("webbcal.")), text(cited)) for name, cited in source_lines()]
    page = "# What cites what\n\nEvery `Source:` line of the code.\n"
    page += "The documents and papers are listed in [](../explanation/sources.md).\n\n"
    return {"citations": page + table(("where, below webbcal", "source"), rows)}
