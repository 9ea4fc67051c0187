"""`datazones feeds`"""

from __future__ import annotations

import click


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
def command(as_json: bool) -> None:
    """List the feeds: what each collects, from whom, on what terms, for which zones."""
    from datazones.catalogue import installed
    from datazones.cli import printing
    from datazones.settings import settings

    catalogue = installed(settings())
    printing.rows(
        [
            {
                "feed": feed.feed_id,
                "title": feed.title,
                "agency": catalogue.agency_of(feed).agency_id,
                "dataflow": feed.dataflow_id,
                "dialect": feed.dialect,
                "zones": len(catalogue.zones_of(feed)),
                "licence": catalogue.terms_of(feed).licence,
            }
            for feed in catalogue.feeds.values()
        ],
        as_json=as_json,
    )
