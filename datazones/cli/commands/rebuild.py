"""`datazones rebuild`"""

from __future__ import annotations

import click


@click.command()
@click.argument("zone")
@click.option("--check", is_flag=True, help="Only compare; the working copy stays as it is.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
def command(zone: str, check: bool, as_json: bool) -> None:
    """Make a zone's warehouse again from the raw answers in the object store, and compare it with the one that is held.

    Every load is repeated, in its order and as its feed declared it then. If every table has the same digest the result
    becomes the working copy; if not, nothing is replaced and the exit code is 5.

    \b
    datazones rebuild beijing --check
    """
    from datazones.cli import printing
    from tasks.rebuild import rebuild

    done = rebuild(zone, check=check)
    if not as_json:
        click.echo(f"{zone}: {done.loads} loads of {done.answers} raw answers read again", err=True)
    shown = slice(None if as_json else 16)
    printing.rows(
        [
            {
                "table": each.name,
                "rows": each.rows,
                "rebuilt": each.rebuilt[shown],
                "held": each.held[shown],
                "published": each.published and each.published[shown],
                "same": each.same if as_json else ("yes" if each.same else "NO"),
            }
            for each in done.tables
        ],
        as_json=as_json,
    )
    done.refuse_differences()
