"""How commands say things: a table for a person, JSON for a script, the same rows for both."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

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


def entry(found: Mapping[str, object], *, as_json: bool) -> None:
    """Print what there is to say of one thing: a line for each name, further lines for what it has several of."""
    if as_json:
        import orjson

        click.echo(orjson.dumps(found, option=orjson.OPT_INDENT_2, default=str).decode())
        return
    width = max(map(len, found)) + 2
    for name, said in found.items():
        lines = list(_lines(said)) or ["none"]
        click.echo(f"{click.style(name, bold=True)}{' ' * (width - len(name))}{lines[0]}")
        for line in lines[1:]:
            click.echo(" " * width + line)


def _lines(said: object) -> Iterator[str]:
    if isinstance(said, Mapping):
        yield from (f"{name}: {_one_line(inner)}" for name, inner in said.items() if inner not in ({}, []))
    elif isinstance(said, list):
        yield from map(_one_line, said)
    else:
        yield str(said)


def _one_line(said: object) -> str:
    if isinstance(said, Mapping):
        return ", ".join(f"{name} {_cell(inner)}" for name, inner in said.items())
    return ", ".join(map(str, said)) if isinstance(said, list) else _cell(said)


def _cell(cell: object) -> str:
    if cell is None:
        return ""
    return f"{cell:,}" if isinstance(cell, int) and not isinstance(cell, bool) else str(cell)
