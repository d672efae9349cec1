"""``webbcal describe``: the declared layout of a product or reference type."""

from rich.console import Console
from rich.table import Table

from webbcal.report.describe import ColumnLine, Description, describe_all, find_kinds

console = Console(highlight=False)


def describe(product: str | None) -> int:
    """Print the layout of a product, or the list of all of them.

    Parameters
    ----------
    product : str or None
        A suffix (``rate``), DATAMODL, or reference type; None for the list.

    Returns
    -------
    int
        0.

    Raises
    ------
    InvalidInput
        No product or reference type is called so.
    """
    if product is None:
        _print_list(describe_all())
        return 0
    printed: set[tuple[ColumnLine, ...]] = set()
    for number, description in enumerate(find_kinds(product)):
        if number:
            console.print()
        _print_description(description)
        for table in description.tables():
            if table not in printed:
                _print_columns(table)
            printed.add(table)
    return 0


def _print_list(descriptions: list[Description]) -> None:
    for title, reference in (("Products", False), ("Reference types", True)):
        table = Table(box=None, pad_edge=False, title_justify="left", title=title)
        table.add_column("name", max_width=20)
        table.add_column("model", no_wrap=True)
        table.add_column("what")
        for line in descriptions:
            if line.is_reference is reference:
                model = line.model if line.storage == "fits" else line.storage
                form = f" ({line.layout})" if line.layout else ""
                table.add_row(line.name, model, line.title + form)
        console.print(table)
        console.print()


def _print_description(line: Description) -> None:
    words = [line.kind, line.model, line.layout, "" if line.storage == "fits" else line.storage]
    facts = ", ".join(word for word in words if word)
    console.print(f"[bold]{line.name}[/bold]  {line.title}\n{facts}, {line.keywords} keywords")
    table = _table(("extension", "type", "axes (FITS order)", "unit", "presence", "what"))
    for extension in line.extensions:
        table.add_row(
            extension.name,
            extension.dtype,
            extension.axes,
            extension.unit,
            extension.presence,
            extension.doc,
        )
    console.print(table)


def _print_columns(columns: tuple[ColumnLine, ...]) -> None:
    name = columns[0].table
    table = _table(("column", "type", "cell", "unit", "what"))
    table.title = f"columns of {name}" if name else "columns"
    for column in columns:
        table.add_row(column.name, column.dtype, column.cell, column.unit, column.doc)
    console.print(table)


def _table(titles: tuple[str, ...]) -> Table:
    table = Table(box=None, pad_edge=False, title_justify="left")
    for number, title in enumerate(titles):
        table.add_column(title, overflow="fold", no_wrap=number == 0)
    return table
