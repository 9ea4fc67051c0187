"""`datazones record`"""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.argument("feed")
@click.option("--to", type=click.Path(file_okay=False, path_type=Path), help="Where to; unset: samples/FEED.")
@click.option("--zone", help="Ask as for this zone; unset: the first that takes the feed.")
@click.option("--all", "every", is_flag=True, help="Ask every question of the feed, not only the first.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
def command(feed: str, to: Path | None, zone: str | None, every: bool, as_json: bool) -> None:
    """Ask a feed's provider once and keep the answers as a sample, byte for byte, with where they came from.

    Beside the answers, sample.json says what was asked (never with a secret), when, what the provider said with it
    (ETag, Last-Modified, Content-Type), its sha256, and on what terms it may be used: look there before you share it.

    \b
    datazones record worldbank_ai_race
    datazones record nbs_province_year --zone hunan --all --to /tmp/hunan
    """
    from datazones.cli import printing, recording, serving
    from tasks.equip import equipped

    into = to or Path("samples") / feed
    if (into / recording.PROVENANCE).exists():
        raise click.BadParameter(f"{into} holds a sample already; name another folder", param_hint="--to")
    serving.ask_as_kept_up()
    with equipped() as equipment:
        chosen = equipment.catalogue.feed(feed)
        sample = recording.asked_once(equipment, chosen, equipment.asking_zone(chosen, zone), every=every)
        rows = recording.write(equipment, sample, into)
        shown = [row if as_json else {name: row[name] for name in ("file", "size", "request_key")} for row in rows]
        printing.rows(shown, as_json=as_json)
        count = recording.observations(equipment, sample, into)
    click.echo(f"{into}: {len(rows)} answers, {count:,} observations as {feed} reads them", err=True)
