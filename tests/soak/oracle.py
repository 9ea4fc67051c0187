"""What should have happened, by the clock, held against what is written: a process of its own that asks nobody.

It reads the objects of the store as they lie there, the published files and the provider's journal, and no module that
counts slots for the product.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import boto3
import duckdb

MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Counted:
    """Slots that were due, how they ended, which did not, and what was done twice."""

    due: int
    ended: int
    outcomes: dict[str, int]
    lost: list[str]
    doubled: list[str]
    latest_end_s: float
    generations: dict[str, int]


def every_minute(since: datetime, until: datetime) -> Iterator[datetime]:
    """The slots of `* * * * *`: after `since`, up to `until`."""
    slot = since.replace(second=0, microsecond=0) + MINUTE
    while slot <= until:
        yield slot
        slot += MINUTE


def count(home: Path, zones: Sequence[str], since: datetime, until: datetime) -> Counted:
    """Every slot of these zones between the two instants, against the store of this home."""
    server = json.loads((home / "store" / "server.json").read_text())
    client = boto3.client(
        "s3", endpoint_url=server["url"], aws_access_key_id=server["access_key"], region_name="us-east-1",
        aws_secret_access_key=server["secret_key"],
    )  # fmt: skip
    wanted = list(every_minute(since, until))
    outcomes, lost, doubled, latest, generations = Counter[str](), [], [], 0.0, {}
    for zone in zones:
        pages = client.get_paginator("list_objects_v2").paginate(Bucket="datazones", Prefix=f"zones/{zone}/slots/")
        keys = [found["Key"] for page in pages for found in page.get("Contents", ())]
        for slot in wanted:
            ends = [key for key in keys if key.endswith(f"/{slot:%Y%m%dT%H%M%SZ}/end.json")]
            if not ends:
                lost.append(f"{zone} {slot:%H:%M}")
                continue
            said = json.loads(client.get_object(Bucket="datazones", Key=ends[0])["Body"].read())
            outcomes[said["outcome"]] += 1
            latest = max(latest, (datetime.fromisoformat(said["at"]) - slot).total_seconds())
        doubled += _loaded_twice(home / "published" / f"{zone}.duckdb", zone)
        generations[zone] = json.loads(
            client.get_object(Bucket="datazones", Key=f"zones/{zone}/CURRENT")["Body"].read()
        )["snapshot"]["generation"]
    due = len(wanted) * len(zones)
    return Counted(due, due - len(lost), dict(outcomes), lost, doubled, latest, generations)


def _loaded_twice(path: Path, zone: str) -> list[str]:
    """Loads of the same answers, or two of one slot: what happened more than once."""
    with closing(duckdb.connect(str(path), read_only=True)) as connection:
        twice = connection.execute(
            "SELECT feed_id, slot FROM load_log GROUP BY feed_id, slot HAVING count(*) > 1 "
            "UNION ALL SELECT feed_id, min(slot) FROM load_log GROUP BY feed_id, answers HAVING count(*) > 1"
        ).fetchall()
    return [f"{zone} {feed} {slot}" for feed, slot in twice]


def main() -> None:
    """Print the count; end with 1 unless every slot ended and nothing happened twice."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak.oracle", description=__doc__)
    parser.add_argument("home", type=Path)
    parser.add_argument("since", type=datetime.fromisoformat)
    parser.add_argument("until", type=datetime.fromisoformat)
    parser.add_argument("zones", nargs="+")
    asked = parser.parse_args()
    found = count(asked.home, asked.zones, asked.since.astimezone(UTC), asked.until.astimezone(UTC))
    print(json.dumps(asdict(found)))
    sys.exit(bool(found.lost or found.doubled))


if __name__ == "__main__":
    main()
