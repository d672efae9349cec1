"""Sphinx extension: pages generated from what the code declares, written before each build.

`pages` returns them all, so that tests can read them without a build.
"""

from pathlib import Path
from typing import Any

from .checks import check_page
from .commands import command_page
from .figures import measured_page
from .metadata import flag_page, keyword_pages
from .products import product_pages, reference_pages
from .simulation import simulation_page
from .sources import source_page
from .steps import recipe_pages, step_pages


def pages() -> dict[str, str]:
    """Return every generated page: path below ``generated``, without suffix, to Markdown."""
    return {
        **product_pages(),
        **reference_pages(),
        **step_pages(),
        **recipe_pages(),
        **keyword_pages(),
        **flag_page(),
        **command_page(),
        **check_page(),
        **simulation_page(),
        **source_page(),
        **measured_page(),
    }


def write_pages(folder: Path) -> None:
    """Write the pages that changed, and remove those that are no longer made."""
    wanted = {folder / f"{name}.md": body for name, body in pages().items()}
    for path in folder.rglob("*.md"):
        if path not in wanted:
            path.unlink()
    for path, body in wanted.items():
        if not path.exists() or path.read_text("utf-8") != body:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(body, "utf-8")


def setup(app: Any) -> dict[str, Any]:
    """Write the pages when a build begins."""
    app.connect("builder-inited", lambda app: write_pages(Path(app.srcdir) / "generated"))
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
