"""`datazones backfill`"""

from __future__ import annotations

import sys
from typing import Literal

import click

from datazones.cli import ranging, signing_off
from datazones.cli.listing import Listing


class Beginning(Listing):
    """A group whose first word may be zones: then a backfill is begun."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if args and args[0] not in self.commands and args[0] not in ctx.help_option_names:
            args = ["begin", *args]
        return super().parse_args(ctx, args)


@click.group(cls=Beginning, subcommand_metavar="ZONES --feed FEED --from PERIOD --to PERIOD | COMMAND ID")
def command() -> None:
    """Bring in the past of a feed: planned first, done in chunks, resumable at any moment, nothing done twice.

    ZONES are names with commas between, or `all` that take the feed. What is held is left alone, what has landed before
    is not asked again. With a Prefect server (PREFECT_API_URL, or `datazones up`) its workers do it, and the schedule
    goes first; without one it is done here, at once.

    \b
    datazones backfill beijing --feed nbs_province_year --from 2010 --to 2019 --dry-run
    datazones backfill all --feed nbs_province_year --from 2010 --to 2019
    datazones backfill status ID --follow
    datazones backfill begin --help                   every option of the first two
    """


@command.command()
@click.argument("zones")
@ranging.backfilled
@click.option("--missing", "which", flag_value="missing", default="missing", help="What is not held (the default).")
@click.option("--failed", "which", flag_value="failed", help="What failed in earlier backfills.")
@click.option("--force", "which", flag_value="force", help="All of it; the provider is asked anew.")
@click.option("--reverse", is_flag=True, help="The newest first.")
@click.option("--dry-run", is_flag=True, help="Print the plan and what is known of its effect, and do nothing.")
@click.option("--require-approval", is_flag=True, help="Publish nothing before `datazones approve`.")
@signing_off.by
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of tables.")
def begin(
    zones: str,
    feed: str,
    first: str,
    last: str,
    which: Literal["missing", "failed", "force"],
    by: str,
    *,
    reverse: bool,
    dry_run: bool,
    require_approval: bool,
    as_json: bool,
) -> None:
    """Plan a backfill and begin it: `begin` may be left out."""
    from datazones.backfilling import Wanted
    from datazones.cli.backfilling import start

    wanted = Wanted(feed, tuple(zones.split(",")), first, last, which, reverse, require_approval, by)
    sys.exit(start(wanted, dry_run=dry_run, as_json=as_json))


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
def list_(*, as_json: bool) -> None:
    """Show every backfill, the newest first."""
    from datazones.cli.backfilling import listed

    listed(as_json=as_json)


@command.command()
@click.argument("backfill_id", metavar="ID")
@click.option("--follow", is_flag=True, help="Until it is over, or waits for a person.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
def status(backfill_id: str, *, follow: bool, as_json: bool) -> None:
    """Say how far a backfill is, zone by zone, and when it will be done. The begin of the ID is enough."""
    from datazones.cli.backfilling import told

    sys.exit(told(backfill_id, follow=follow, as_json=as_json))


@command.command()
@click.argument("backfill_id", metavar="ID")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
def show(backfill_id: str, *, as_json: bool) -> None:
    """Show every slice: its state, what it cost, and why it failed."""
    from datazones.cli.backfilling import shown

    shown(backfill_id, as_json=as_json)


@command.command()
@click.argument("backfill_id", metavar="ID")
@signing_off.by
def cancel(backfill_id: str, by: str) -> None:
    """End a backfill for good, between two slices. What is published stays published."""
    from datazones.cli.backfilling import say

    say(backfill_id, "cancel", by)


@command.command()
@click.argument("backfill_id", metavar="ID")
@signing_off.by
def pause(backfill_id: str, by: str) -> None:
    """Stop a backfill between two slices, until `resume`."""
    from datazones.cli.backfilling import say

    say(backfill_id, "pause", by)


@command.command()
@click.argument("backfill_id", metavar="ID")
@signing_off.by
def resume(backfill_id: str, by: str) -> None:
    """Go on with a backfill that was paused, or whose workers, server or machine died."""
    from datazones.cli.backfilling import go_on

    sys.exit(go_on(backfill_id, by))


@command.command()
@click.argument("backfill_id", metavar="ID")
@click.option("--failed", is_flag=True, default=True, help="The slices that failed or are held back (the default).")
@signing_off.by
def retry(backfill_id: str, by: str, *, failed: bool) -> None:  # noqa: ARG001 - said for the reader
    """Do again what failed, and nothing else; what has landed is not asked again."""
    from datazones.cli.backfilling import again

    sys.exit(again(backfill_id, by))
