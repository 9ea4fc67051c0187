"""`datazones diff`"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import click

from datazones.visible import visible


@click.command()
@click.argument("zone")
@click.argument("before", type=click.IntRange(min=1), required=False)
@click.argument("after", type=click.IntRange(min=1), required=False)
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of sentences.")
def command(zone: str, before: int | None, after: int | None, as_json: bool) -> None:
    """Say what changed between two published generations of a zone, feed by feed, in words of statistics.

    Without numbers: between the last one and the one before it. The two files are fetched, verified, and compared.

    \b
    datazones diff beijing
    datazones diff beijing 1 3
    """
    from datazones.cli import printing
    from datazones.cli.pulling import fetched
    from datazones.publishing import neighbours
    from datazones.warehouse import compare
    from tasks.equip import equipped

    with equipped() as equipment:
        place = equipment.catalogue.zone(zone)
        older, newer = neighbours(equipment.store, place.prefix, before, after, equipment.trusted(place))
        files = [fetched(equipment, place, manifest) for manifest in (older, newer)]
        found = compare(files[0], files[1], equipment.limits).to_dicts()
    if as_json:
        printing.rows(found, as_json=True)
        return
    click.echo(f"{zone}, generation {older.generation} to {newer.generation}:")
    for feed in found:
        click.echo("\n".join(_sentences(feed)))


def _sentences(feed: Mapping[str, Any]) -> Iterator[str]:
    """One feed: its name, then one line for each kind of change there is."""
    yield f"\n{feed['feed_id']} (now up to {feed['last_period'] or 'no period'})"
    said = list(_changes(feed))
    yield from (f"  {line}" for line in said or ["nothing changed"])


def _changes(feed: Mapping[str, Any]) -> Iterator[str]:
    for name, words in _COUNTED.items():
        if feed[name]:
            yield f"{words}: {feed[name]:,}"
    if feed["mean_revision"] is not None:
        yield (
            f"revised by: {feed['mean_revision']:+.2%} on average ({feed['mean_absolute_revision']:.2%} without sign), "
            f"{feed['largest_revision']:+.2%} at most, in {visible(feed['most_revised'])}"
        )


_COUNTED = {
    "series_added": "new series",
    "series_lost": "series that are gone",
    "added": "new observations",
    "filled": "missing figures that came",
    "revised": "revised figures",
    "reflagged": "observations with the same figure and another flag or comment",
    "emptied": "figures taken back, their observations kept",
    "withdrawn": "withdrawn observations",
}
