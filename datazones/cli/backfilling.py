"""Backfills at the command line: begun here or on a Prefect server, followed, and told in tables."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace

import click

from datazones.backfilling import Part, Plan, Progress, Wanted
from datazones.backfilling.costing import amount, duration
from datazones.backfilling.ledger import Word
from datazones.cli import printing
from datazones.cli.reaching import reached
from datazones.cli.serving import ask_as_kept_up, kept_up, prefect_api
from datazones.errors import CatalogueInvalid, PrefectUnavailable
from infra import prefect_settings
from tasks import backfills
from tasks.equip import Equipment, equipped
from tasks.preview import Effect, preview

LOOK_S = 1.0
EXIT = {"failed": 5, "held": 3}


def start(wanted: Wanted, *, dry_run: bool, as_json: bool) -> int:
    """Plan, print the plan, keep it and begin; the exit code."""
    ask_as_kept_up()
    with equipped() as equipment:
        plan = _planned(equipment, wanted)
        _print_plan(equipment, plan, as_json=as_json)
        if dry_run:
            _expect(equipment, plan, as_json=as_json)
        if dry_run or not plan.todo.height:
            return 0
        parts = backfills.kept(equipment, plan)
        click.echo(f"\nBackfill {plan.backfill_id}: datazones backfill status {plan.backfill_id} --follow", err=True)
        return _begun(equipment, parts)


def _expect(equipment: Equipment, plan: Plan, *, as_json: bool) -> None:
    """What the plan would change, as far as it is known without asking anybody."""
    if as_json or not plan.todo.height:
        return
    if plan.cost.calls:
        click.echo(
            "What it changes is not known before the provider is asked: `datazones plan` asks, and changes nothing."
        )
        return
    _print_effects(preview(equipment, plan))


def previewed(wanted: Wanted, *, as_json: bool) -> int:
    """Plan, ask what has not landed, and print what would change; nothing is loaded and nothing published."""
    ask_as_kept_up()
    with equipped() as equipment:
        plan = _planned(equipment, wanted)
        effects = preview(equipment, plan)
    if as_json:
        rows = [{"zone": e.zone_id, **{n: getattr(e, n).to_dicts() for n in ("feeds", "movers")}} for e in effects]
        printing.entry(
            {"zones": rows, "failed": {e.zone_id: list(e.failed) for e in effects if e.failed}}, as_json=True
        )
    else:
        _print_effects(effects)
    return EXIT["failed"] if any(effect.failed for effect in effects) else 0


def _planned(equipment: Equipment, wanted: Wanted) -> Plan:
    if wanted.zones == ("all",):
        taking = equipment.catalogue.zones_of(equipment.catalogue.feed(wanted.feed_id))
        wanted = replace(wanted, zones=tuple(zone.zone_id for zone in taking))
    return backfills.planned(equipment, wanted)


def _print_effects(effects: Sequence[Effect]) -> None:
    """A row a zone and feed, then the series that move most, then what could not be found out."""
    names = ("feed_id", "added", "revised", "filled", "emptied", "withdrawn", "largest_revision", "most_revised")
    told = [(effect, row) for effect in effects for row in effect.feeds.select(names).to_dicts()]
    changing = ("added", "revised", "filled", "emptied", "withdrawn")
    rows = [{"zone": e.zone_id, **row} for e, row in told if any(row[name] for name in changing)]
    if rows:
        printing.rows(rows, as_json=False)
    else:
        unknown = any(effect.failed for effect in effects)
        click.echo("Of what was answered nothing would change; the rest:" if unknown else "Nothing would change.")
    if movers := [{"zone": e.zone_id, **row} for e in effects for row in e.movers.to_dicts()]:
        click.echo()
        printing.rows(movers, as_json=False)
    for effect in effects:
        for reason in effect.failed:
            click.echo(f"{effect.zone_id}: {reason}", err=True)


def told(begins: str, *, follow: bool, as_json: bool) -> int:
    """Print how far it is, until it is over if it is to be followed; the exit code says how it ended."""
    with equipped() as equipment:
        backfill_id = backfills.named(equipment, begins)
        parts = backfills.parts_of(equipment, backfill_id)
        now = _followed(equipment, parts) if follow else backfills.progress_of(equipment, parts)
        if as_json:
            printing.entry({**asdict(now), "done": now.done}, as_json=True)
            return EXIT.get(now.state, 0)
        printing.rows(now.rows(), as_json=False)
        click.echo(f"\n{now}")
        for host, seconds in _waits(equipment, parts[0]).items():
            click.echo(f"{host}: the next call is due in {duration(seconds)}")
        _next_step(now)
    return EXIT.get(now.state, 0)


def _waits(equipment: Equipment, part: Part) -> dict[str, float]:
    feed = equipment.catalogue.feed(part.wanted.feed_id)
    return equipment.waits(equipment.catalogue.agency_of(feed))


def listed(*, as_json: bool) -> None:
    """Print every backfill, the newest first."""
    rows = []
    with equipped() as equipment:
        for backfill_id in backfills.every(equipment):
            parts = backfills.parts_of(equipment, backfill_id)
            part, now = parts[0], backfills.progress_of(equipment, parts)
            rows.append(
                {
                    "id": backfill_id,
                    "planned at": f"{part.planned_at:%Y-%m-%d %H:%M}",
                    "feed": part.wanted.feed_id,
                    "zones": len(parts),
                    "from": part.wanted.first,
                    "to": part.wanted.last,
                    "state": now.state,
                    "done": now.done,
                    "of": now.total,
                    "by": part.wanted.by,
                }
            )
    if not rows and not as_json:
        click.echo("No backfill has been planned yet.")
        return
    printing.rows(sorted(rows, key=lambda row: str(row["planned at"]), reverse=True), as_json=as_json)


def shown(begins: str, *, as_json: bool) -> None:
    """Print every slice of a backfill."""
    with equipped() as equipment:
        parts = backfills.parts_of(equipment, backfills.named(equipment, begins))
        printing.rows([row for part in parts for row in _slice_rows(equipment, part)], as_json=as_json)


def say(begins: str, word: Word, by: str) -> None:
    """Cancel or pause: said to the ledger of every zone; who works on it hears it between two slices."""
    with equipped() as equipment:
        backfill_id = backfills.named(equipment, begins)
        parts = backfills.parts_of(equipment, backfill_id)
        for part in parts:
            ledger = equipment.ledger(part.zone_id)
            if word == "cancel":
                ledger.cancel(part, by)
            else:
                ledger.say(backfill_id, word, by)
        click.echo(backfills.progress_of(equipment, parts))


def go_on(begins: str, by: str) -> int:
    """Say `run`, and begin again whatever nobody works on."""
    with equipped() as equipment:
        parts = backfills.parts_of(equipment, backfills.named(equipment, begins))
        for part in parts:
            equipment.ledger(part.zone_id).say(part.backfill_id, "run", by)
        backfills.settle(equipment, parts)
        return _begun(equipment, parts)


def again(begins: str, by: str) -> int:
    """Plan anew what failed or is held, and begin it."""
    with equipped() as equipment:
        parts = backfills.parts_of(equipment, backfills.named(equipment, begins))
        backfills.settle(equipment, parts)
        planned = sum(equipment.ledger(part.zone_id).retry(part) for part in parts)
        click.echo(f"{planned} chunks are planned again, says {by}", err=True)
        return _begun(equipment, parts)


def _begun(equipment: Equipment, parts: Sequence[Part]) -> int:
    """On the server there is, else here; the exit code."""
    with kept_up():
        if url := os.environ.get(prefect_settings.URL):
            from tasks.submit import submit

            backfill_id = parts[0].backfill_id
            try:
                with reached():
                    runs = submit(equipment, parts)
            except (PrefectUnavailable, CatalogueInvalid) as error:
                error.next_step = f"when it answers, `datazones backfill resume {backfill_id}` goes on"
                raise
            if runs is None:
                raise CatalogueInvalid(
                    f"the Prefect server at {url}",
                    found="no deployment that carries backfills",
                    expected="carry/carry",
                    next_step=f"`datazones deploy` puts it there; then `datazones backfill resume {backfill_id}`",
                )
            first = f"{runs} of its chunks to begin with" if runs else "other backfills are before it in these zones"
            click.echo(f"Its workers have it: {first}, the next as these end.", err=True)
            return 0
    with prefect_api(equipment.settings.home, meanwhile=equipment.warm):
        now = _carried_here(equipment, parts)
    click.echo(f"\n{now}", err=True)
    _next_step(now)
    return EXIT.get(now.state, 0)


def _carried_here(equipment: Equipment, parts: Sequence[Part]) -> Progress:
    """Every chunk, one after the other, in this process. What failed stays failed; the others go on.

    What another process works on is waited for.
    """
    from datazones.errors import DatazonesError
    from flows.carry import carry
    from tasks.submit import next_items

    while True:
        items = next_items(equipment, parts)
        for item in items:
            try:
                carry(item.zone_id, item.backfill_id, item.chunk)
            except DatazonesError as error:
                click.echo(f"{item.zone_id}: {error}", err=True)
            click.echo(f"  {item.zone_id}: {backfills.progress_of(equipment, parts)}", err=True)
        now = backfills.progress_of(equipment, parts)
        if not items and now.state != "running":
            return now
        if not items:
            time.sleep(LOOK_S)


def _followed(equipment: Equipment, parts: Sequence[Part]) -> Progress:
    """Until it is over or waits for a person, with a bar where there is a terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
    from rich.progress import Progress as Bar

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[said]}"))
    with Bar(*columns, console=Console(stderr=True)) as bar:
        total = sum(len(part.windows) for part in parts)
        task = bar.add_task(parts[0].backfill_id, total=total, said="")
        while True:
            backfills.settle(equipment, parts)
            now = backfills.progress_of(equipment, parts)
            left = "" if now.left_s is None else f"about {duration(now.left_s)} left"
            waits = "".join(f", {host} in {duration(s)}" for host, s in _waits(equipment, parts[0]).items())
            bar.update(task, completed=now.done, said=f"{now.state} {left}{waits}")
            if now.over or now.state == "paused":
                return now
            time.sleep(LOOK_S)


def _print_plan(equipment: Equipment, plan: Plan, *, as_json: bool) -> None:
    rows = _plan_rows(plan)
    if as_json:
        said = {**asdict(plan.wanted), "backfill_id": plan.backfill_id, "cost": asdict(plan.cost), "zones": rows}
        printing.entry(said, as_json=True)
        return
    printing.rows(rows, as_json=False)
    agency = equipment.catalogue.agency_of(equipment.catalogue.feed(plan.wanted.feed_id)).agency_id
    times = "once" if plan.cost.publishes == 1 else f"{plan.cost.publishes:,} times"
    click.echo(
        f"\n{plan.todo.height:,} slices to bring in, {plan.held:,} held; {plan.cost.calls:,} calls to the {agency}, "
        f"{amount(plan.cost.size)}; published {times}."
    )
    click.echo(f"About {plan.cost}." if plan.todo.height else "There is nothing to do.")


def _plan_rows(plan: Plan) -> list[dict[str, object]]:
    """One row a zone, in the order of the plan."""
    import polars as pl

    todo = pl.col("number").is_not_null()
    told = plan.slices.group_by("zone_id", maintain_order=True).agg(
        slices=pl.len(),
        held=pl.col("held").sum(),
        landed=(todo & pl.col("landed")).sum(),
        ask=(todo & ~pl.col("landed")).sum(),
        chunks=pl.col("chunk").n_unique() - pl.col("chunk").has_nulls().cast(pl.UInt32),
        first=pl.col("first_period").filter(todo).first(),
        last=pl.col("last_period").filter(todo).last(),
    )
    return [{"zone": row.pop("zone_id"), **row} for row in told.to_dicts()]


def _slice_rows(equipment: Equipment, part: Part) -> Iterator[dict[str, object]]:
    ledger = equipment.ledger(part.zone_id)
    for chunk in ledger.chunks(part):
        for number, window in part.of(chunk.number):
            outcome = chunk.outcomes.get(number)
            yield {
                "zone": part.zone_id,
                "slice": number,
                "from": window.first_period,
                "to": window.last_period,
                "chunk": chunk.number,
                "state": outcome.state if outcome else "planned",
                "calls": outcome.calls if outcome else 0,
                "bytes": outcome.size if outcome else 0,
                "why": outcome.reason if outcome else "",
            }


def _next_step(now: Progress) -> None:
    steps: Sequence[str] = {
        "failed": (
            f"next: datazones backfill show {now.backfill_id}, then datazones backfill retry {now.backfill_id}",
        ),
        "held": (
            *(f"next: datazones approve {z.zone_id} --because ..." for z in now.zones if z.chunks.get("held")),
            f"then: datazones backfill resume {now.backfill_id}, which a server does by itself",
        ),
        "paused": (f"next: datazones backfill resume {now.backfill_id}",),
    }.get(now.state, ())
    for step in steps:
        click.echo(step, err=True)
