"""The page of findings of ``webbcal check``, read from the calls that report them."""

import ast
from pathlib import Path

import webbcal

from .markdown import code, table, text

FOLDER = Path(webbcal.__file__).parent / "io" / "conformance"
SEVERITIES = ("error", "warning", "note")


def check_page() -> dict[str, str]:
    """Return the page of all rules, in the order of their names."""
    rules: dict[tuple[str, str], list[str]] = {}
    for path in sorted(FOLDER.glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            for rule, severity, message in _findings(node):
                rules.setdefault((rule, severity), []).append(message)
    rows = [
        (code(rule), severity, "<br>".join(map(text, dict.fromkeys(messages))))
        for (rule, severity), messages in sorted(rules.items())
    ]
    page = "# Findings of webbcal check\n\n"
    page += "Names of rules are stable, so that programs can rely on them.\n"
    page += "An error makes a file nonconforming; in reference files, errors of type count as "
    page += "warnings.\nDots (…) stand for a name or number of the file.\n\n"
    return {"checks": page + table(("rule", "severity", "what it says"), rows)}


def _findings(node: ast.AST) -> list[tuple[str, str, str]]:
    """Return rule, severity and message if a node is a call that reports a finding."""
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name) or len(node.args) < 2:
        return []
    rule, name = node.args[0], node.func.id
    if not isinstance(rule, ast.Constant) or name not in (*SEVERITIES, "finding"):
        return []
    severity = name if name in SEVERITIES else "error or warning"
    return [(str(rule.value), severity, message) for message in _messages(node.args[1])]


def _messages(node: ast.expr) -> list[str]:
    """Return the texts that an expression may give, with dots for what is filled in."""
    if isinstance(node, ast.Constant):
        return [str(node.value)]
    if isinstance(node, ast.JoinedStr):
        parts = [str(p.value) if isinstance(p, ast.Constant) else "…" for p in node.values]
        return ["".join(parts)]
    if isinstance(node, ast.IfExp):
        return _messages(node.body) + _messages(node.orelse)
    if isinstance(node, ast.BinOp):
        return [a + b for a in _messages(node.left) for b in _messages(node.right)]
    return ["…"]
