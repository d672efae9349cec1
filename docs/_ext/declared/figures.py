"""Pages that only say where measured figures are, or how to make them."""

from pathlib import Path

from .markdown import toctree

DOCS = Path(__file__).parents[2]
MEASURED = {
    "validation": ("Accuracy", "make validate-full"),
    "benchmarks": ("Speed and memory", "make bench"),
}


def measured_page() -> dict[str, str]:
    """Return a page that holds the measured figures which exist in this checkout."""
    page = "# Accuracy and speed\n\nMeasured figures are written by the commands that measure.\n\n"
    present = []
    for name, (title, command) in MEASURED.items():
        if (DOCS / f"{name}.md").exists():
            present.append(f"/{name}")
            page += f"* {title}: [](/{name}.md), made by `{command}`.\n"
        else:
            page += f"* {title}: not measured in this checkout; `{command}` does it.\n"
    return {"measured": page + "\n" + (toctree(present) if present else "")}
