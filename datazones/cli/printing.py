"""How commands say things: a table for a person, JSON for a script, the same rows for both."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import click

from datazones.visible import visible

GAP = 2
"""Blanks between two columns."""

WORD = 24
"""Words of so many letters stand on one line if there is room at all, figures and words of the first column always: who
reads an id wants to copy it."""


def rows(found: Sequence[Mapping[str, object]], *, as_json: bool) -> None:
    """Print rows that share their keys; figures to the right.

    Cells are folded to fit a terminal; where not even the headers fit, rows are printed one below the other. Whatever
    is not a terminal gets each row on one line.
    """
    if as_json:
        import orjson

        click.echo(orjson.dumps(list(found), option=orjson.OPT_INDENT_2, default=str).decode())
    elif not found:
        click.echo("nothing to show")
    else:
        _print(found)


def _print(found: Sequence[Mapping[str, object]]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console()
    names = [visible(name) for name in found[0]]
    cells = [[_cell(cell) for cell in row.values()] for row in found]
    figures = [_are_figures(column) for column in zip(*(row.values() for row in found), strict=True)]
    widths = _widths(names, cells, figures, console.width if console.is_terminal else None)
    if widths is None:
        _print_below(names, cells)
        return
    table = Table(box=None, pad_edge=False, padding=(0, GAP, 0, 0), header_style="bold")
    for name, width, right in zip(names, widths, figures, strict=True):
        table.add_column(Text(name), justify="right" if right else "left", overflow="fold", width=width)
    for row in cells:
        table.add_row(*map(Text, row))  # as it is: in a `str` rich would read markup and emoji
    Console(width=sum(widths) + GAP * len(names)).print(table)


def _are_figures(column: Iterable[object]) -> bool:
    said = [cell for cell in column if cell is not None]
    return bool(said) and all(isinstance(cell, (int, float)) for cell in said)


def _widths(
    names: Sequence[str], cells: Sequence[Sequence[str]], figures: Sequence[bool], across: int | None
) -> list[int] | None:
    """Of each column, to be no wider than that together; None where not even the headers are."""
    columns = list(zip(names, *cells, strict=True))
    widest, words = ([max(map(width, column)) for column in columns] for width in (_width, _longest_word))
    whole = [True, *figures[1:]]
    least = [word if each else _longest_word(name) for each, word, name in zip(whole, words, names, strict=True)]
    wished = [max(width, min(word, WORD)) for width, word in zip(least, words, strict=True)]
    room = sum(widest) if across is None else across - GAP * (len(names) - 1)
    return _fitting(widest, wished, room) or _fitting(widest, least, room)


def _longest_word(cell: str) -> int:
    return max(map(_width, cell.split()), default=0)


def _width(cell: str) -> int:
    """Of the longest line of a cell: a Chinese letter is as wide as two others."""
    from rich.cells import cell_len

    return max(map(cell_len, cell.splitlines()), default=0)


def _fitting(widest: Sequence[int], least: Sequence[int], room: int) -> list[int] | None:
    """The widths of columns that have so much room together: the widest give first, and each keeps its least."""
    if sum(least) > room:
        return None
    widths = [min(width, room) for width in widest]
    while sum(widths) > room:
        widths[max((n for n, width in enumerate(widths) if width > least[n]), key=widths.__getitem__)] -= 1
    return widths


def _print_below(names: Sequence[str], cells: Sequence[Sequence[str]]) -> None:
    across = max(map(len, names)) + GAP
    for nth, row in enumerate(cells, 1):
        click.secho(f"{nth} of {len(cells)}", dim=True)
        for name, cell in zip(names, row, strict=True):
            click.echo(f"{click.style(name, bold=True)}{' ' * (across - len(name))}{cell}".rstrip())


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
        yield visible(str(said))


def _one_line(said: object) -> str:
    if isinstance(said, Mapping):
        return ", ".join(f"{name} {_cell(inner)}" for name, inner in said.items())
    return ", ".join(map(_cell, said)) if isinstance(said, list) else _cell(said)


def _cell(cell: object) -> str:
    if cell is None:
        return ""
    return f"{cell:,}" if isinstance(cell, int) and not isinstance(cell, bool) else visible(str(cell))
