"""The structure of the code: what a tool for imports cannot see."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from webbcal.modes import MODES

SOURCE = Path(__file__).parents[2] / "src" / "webbcal"
MODULES = sorted(SOURCE.rglob("*.py"))
VAGUE = {"utils", "util", "helpers", "helper", "misc", "common", "manager", "tools"}


def name_of(path: Path) -> str:
    return str(path.relative_to(SOURCE))


def strings_of(path: Path) -> list[str]:
    """Return the string constants of a module that are not docstrings."""
    tree = ast.parse(path.read_text("utf-8"))
    documented = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    return [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and id(node) not in documented
    ]


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_exposure_types_are_named_only_by_modes_and_the_simulator(path):
    if path.relative_to(SOURCE).parts[0] in ("modes", "sim"):
        return
    named = set(strings_of(path)) & set(MODES)
    assert not named, f"{name_of(path)} branches on {named}; make it a fact of the mode"


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_module_is_short_and_says_what_it_is(path):
    text = path.read_text("utf-8")
    assert path.stem not in VAGUE
    assert len(text.splitlines()) <= 500
    assert ast.get_docstring(ast.parse(text))


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_functions_fit_a_screen(path):
    tree = ast.parse(path.read_text("utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            documented = ast.get_docstring(node) is not None and len(node.body) > 1
            first = node.body[1 if documented else 0].lineno
            assert node.end_lineno - first < 80, f"{name_of(path)}: {node.name}"


def test_numba_is_configured_in_one_place():
    users = {
        name_of(path)
        for path in MODULES
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if (isinstance(node, ast.Import) and any(a.name.startswith("numba") for a in node.names))
        or (isinstance(node, ast.ImportFrom) and (node.module or "").startswith("numba"))
    }
    assert users == {"kernels/_jit.py", "kernels/_load.py"}


def test_only_the_command_line_reads_the_environment():
    allowed = {"cli", "api.py", "pipelines", "kernels"}  # and the client of the selection rules
    for path in MODULES:
        if path.relative_to(SOURCE).parts[0] in allowed or path.stem == "crds_rules":
            continue
        assert "os.environ" not in path.read_text("utf-8"), name_of(path)


def test_no_kernel_makes_numba_load_linear_algebra():
    """It is SciPy's, and takes longer to load than most kernels take to run."""
    for path in (SOURCE / "kernels").glob("*.py"):
        tree = ast.parse(path.read_text("utf-8"))
        names = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
        products = [node for node in ast.walk(tree) if isinstance(node, ast.MatMult)]
        assert not products and not names & {"dot", "vdot", "linalg"}, path.name


def test_the_command_is_read_before_slow_packages_are_loaded():
    """`load_numba_alone` comes too late otherwise, and SciPy with it."""
    slow = ("numba", "scipy", "astropy", "asdf", "gwcs", "photutils", "matplotlib", "dask")
    code = f"import sys, webbcal.cli.run; print([n for n in {slow} if n in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
