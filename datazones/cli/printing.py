"""How commands say things: a table for a person, JSON for a script, the same rows for both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import click


def rows(found: Sequence[Mapping[str, object]], *, as_json: bool) -> None:
    """Print rows that share their keys; figures to the right."""
    if as_json:
        import orjson

        click.echo(orjson.dumps(list(found), option=orjson.OPT_INDENT_2, default=str).decode())
        return
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in found[0] if found else ():
        figures = all(isinstance(row[name], (int, float)) for row in found)
        table.add_column(name, justify="right" if figures else "left", overflow="fold")
    for row in found:
        table.add_row(*(_cell(cell) for cell in row.values()))
    console = Console()
    console.print(table) if console.is_terminal else Console(width=200).print(table)


def _cell(cell: object) -> str:
    if cell is None:
        return ""
    return f"{cell:,}" if isinstance(cell, int) and not isinstance(cell, bool) else str(cell)
