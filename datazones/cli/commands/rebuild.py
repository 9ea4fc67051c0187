"""`datazones rebuild`"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from tasks.rebuild import Rebuilt


@click.command()
@click.argument("zone")
@click.option("--reread", "reason", metavar="REASON", help="Read as declared today, and record what changes as ours.")
@click.option("--feed", "feeds", multiple=True, metavar="FEED", help="With --reread: only this feed may change.")
@click.option("--check", is_flag=True, help="Only compare; the working copy stays as it is.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
def command(zone: str, reason: str | None, feeds: tuple[str, ...], check: bool, as_json: bool) -> None:
    """Make a zone's warehouse again from the raw answers in the object store, and compare it with the one that is held.

    Every load is repeated, in its order and as its feed declared it then. If every table has the same digest the result
    becomes the working copy; if not, nothing is replaced and the exit code is 5.

    After a correction of a dialect or a feed, --reread reads the same bytes as we do today. What comes out otherwise is
    kept in `restated` and shown by `revision` as revised_by 'datazones'; the next run publishes it.

    \b
    datazones rebuild beijing --check
    datazones rebuild beijing --reread "figures are in 100 million yuan" --feed nbs_province_year
    """
    from datazones.cli import printing
    from tasks.rebuild import rebuild, reread

    if feeds and reason is None:
        raise click.UsageError("--feed says which feed may change; it goes with --reread")
    done = rebuild(zone, check=check) if reason is None else reread(zone, reason, feeds=feeds, check=check)
    if not as_json:
        click.echo(f"{zone}: {done.loads} loads of {done.answers} raw answers read again", err=True)
    printing.rows(_rows(done, as_json=as_json), as_json=as_json)
    if reason is None:
        done.refuse_differences()
    else:
        _tell(done, check=check)


def _rows(done: Rebuilt, *, as_json: bool) -> list[dict[str, object]]:
    shown = slice(None if as_json else 16)
    return [
        {
            "table": each.name,
            "rows": each.rows,
            "rebuilt": each.rebuilt[shown],
            "held": each.held[shown],
            "published": each.published and each.published[shown],
            "same": each.same if as_json else ("yes" if each.same else "NO"),
        }
        for each in done.tables
    ]


def _tell(done: Rebuilt, *, check: bool) -> None:
    for feed, counts in done.restated.items():
        said = ", ".join(f"{count:,} {change}" for change, count in counts.items())
        click.echo(f"{feed}: {said} by our own correction", err=True)
    if not done.restated:
        click.echo("today's reading says what is held; nothing is restated", err=True)
    elif check:
        click.echo("nothing was replaced: without --check this is recorded", err=True)
