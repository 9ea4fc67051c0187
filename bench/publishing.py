"""Publishing a zone beside what one would write by hand: the same tables copied by DuckDB, and put by boto3.

    python -m bench.publishing --observations 10000000 --rounds 3 --store ceph

Ours: a compact file in a pinned storage version, opened anew and compared row by row with the working copy, Parquet
cut for pruning, upload, every byte read back, a signed manifest and the pointer. Theirs: `COPY FROM DATABASE`, one
Parquet `COPY` a table, and plain puts. Both to the same store on loopback: Ceph where it is installed, else the
embedded one. Then each series has a new month and a revision of the last, and ours publishes again.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from hashlib import file_digest
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import duckdb

from datazones.model import Parent, Revisions, Verdict
from datazones.publishing import Approval, Signer, Store, StoreAddress, base_of, publish, rollback, state, verify
from datazones.publishing.connecting import connected
from datazones.warehouse import export, schema
from datazones.warehouse.connecting import Limits
from infra.stores import STORES

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

OBSERVATIONS = 10_000_000
ROUNDS = 3
MONTHS, FEEDS = 200, 4
SIGNER = Signer.from_hex("5e" * 32)
NOW = datetime(2026, 10, 15, tzinfo=UTC)
BUCKET = "bench"

Seconds = dict[str, float]

_NEW_MONTH = """
CREATE TEMP TABLE outcome AS
SELECT * REPLACE (obs_value * 1.001 AS obs_value, TIMESTAMP '2026-10-10' AS known_from, vintage_id + 4 AS vintage_id),
       rowid AS place
FROM latest WHERE period_start = DATE '2026-08-01'
UNION ALL BY NAME
SELECT series_id, '2026-09' AS time_period, DATE '2026-09-01' AS period_start, DATE '2026-10-01' AS period_end,
       obs_value * 1.004 AS obs_value, TIMESTAMP '2026-10-10' AS known_from, vintage_id + 4 AS vintage_id
FROM latest WHERE period_start = DATE '2026-08-01';
INSERT INTO superseded BY NAME
SELECT *, TIMESTAMP '2026-10-10' AS known_to, vintage_id + 4 AS superseded_by, 'revised' AS change
FROM latest WHERE rowid IN (SELECT place FROM outcome);
DELETE FROM latest WHERE rowid IN (SELECT place FROM outcome);
INSERT INTO latest BY NAME SELECT * EXCLUDE (place) FROM outcome;
"""
"""Each series has a new month and a revision of the last, one observation in a hundred: moved as a load moves them."""

_MADE = f"""
INSERT INTO series BY NAME
SELECT i::INTEGER AS series_id, 'feed_' || i * {FEEDS} // $series AS feed_id, 'M.S' || i || '.CN' AS series_key,
       'M' AS freq, 'NBS' AS agency_id, 'hgyd' AS dataflow_id, 'CN' AS ref_area, 'CNY' AS unit_measure,
       '{{}}' AS dimensions
FROM range($series) AS r(i);
INSERT INTO latest BY NAME
SELECT i::INTEGER AS series_id, strftime(day, '%Y-%m') AS time_period, day AS period_start,
       (day + INTERVAL 1 MONTH)::DATE AS period_end,
       round((1000 + i % 977) * 1.004 ** m * (1 + (hash(i, m) % 1000) / 50000.0), 1) AS obs_value,
       CASE WHEN hash(m, i) % 25 = 0 THEN 'p' END AS obs_status, TIMESTAMP '2026-09-10' AS known_from,
       (1 + i * {FEEDS} // $series)::INTEGER AS vintage_id
FROM range($series) AS r(i),
     (SELECT m, (DATE '2010-01-01' + to_months(m::INTEGER))::DATE AS day FROM range({MONTHS}) AS q(m))
ORDER BY i, m;
INSERT INTO vintage BY NAME
SELECT (i + 1)::INTEGER AS vintage_id, 'feed_' || i AS feed_id, 1 AS load_id, TIMESTAMP '2026-09-10' AS known_at,
       TIMESTAMP '2026-09-10' AS retrieved_at, 0 AS observations, 0 AS added, 0 AS revised, 0 AS withdrawn, 0 AS ignored
FROM range({FEEDS}) AS r(i);
"""
"""Series are numbered as loads number them: feed after feed."""


def ours(store: Store, prefix: str, working: Path, folder: Path, parent: Parent | None) -> tuple[Seconds, Parent]:
    """Seconds from the working copy to a pointer that has moved, and what then is published."""
    limits, path = Limits(4096, 2, folder / "spill"), folder / "candidate.duckdb"
    began = time.perf_counter()
    base = base_of(store, prefix, state(store, prefix, None)[1], folder / "pulled.duckdb") if parent else None
    exported = export(working, path, limits, parts=folder / "parts", base=base)
    candidate = exported.candidate("bench", Revisions(added=1), parent, load_id=1)
    exporting = time.perf_counter() - began
    snapshot = publish(store, prefix, candidate, Verdict(passed=True, checks=1), NOW, signer=SIGNER)
    seconds = {"whole": time.perf_counter() - began, "exporting": exporting}
    path.replace(folder / "pulled.duckdb")
    return seconds, snapshot.parent()


def theirs(address: StoreAddress, working: Path, folder: Path) -> float:
    """Seconds of copying and putting the same tables."""
    client, prefix = connected(address), uuid4().hex
    for stale in folder.glob("theirs*"):
        stale.unlink()
    began = time.perf_counter()
    with duckdb.connect(config={"threads": 2}) as connection:
        connection.execute(f"ATTACH '{working}' AS held (READ_ONLY)")
        connection.execute(f"ATTACH '{folder / 'theirs.duckdb'}' AS copied")
        connection.execute("COPY FROM DATABASE held TO copied")
        connection.execute("USE held")
        for table in schema.PUBLISHED:
            connection.execute(f"COPY {table} TO '{folder / f'theirs_{table}.parquet'}' (COMPRESSION zstd)")
    for path in sorted(folder.glob("theirs*")):
        with path.open("rb") as body:
            client.put_object(Bucket=BUCKET, Key=f"{prefix}/{path.name}", Body=body)
    seconds = time.perf_counter() - began
    client.close()
    return seconds


def make(folder: Path, observations: int) -> tuple[Path, Path]:
    """A working copy, and the same a month later."""
    before, after = folder / "before.duckdb", folder / "after.duckdb"
    with duckdb.connect(str(before)) as connection:
        schema.create(connection)
        for statement in _MADE.replace("$series", str(observations // MONTHS)).split(";"):
            connection.execute(statement)
    after.write_bytes(before.read_bytes())
    with duckdb.connect(str(after)) as connection:
        connection.execute(_NEW_MONTH)
    return before, after


def _round(address: StoreAddress, folder: Path, before: Path, after: Path) -> Seconds:
    """Every figure once."""
    prefix = f"zones/{uuid4().hex}"
    with Store.at(address) as store:
        found, spent = {}, [_processor()]
        found["theirs"] = theirs(address, before, folder)
        spent.append(_processor())
        first, parent = ours(store, prefix, before, folder, None)
        spent.append(_processor())
        again, _ = ours(store, prefix, after, folder, parent)
        spent.append(_processor())
        found |= {"ours": first["whole"], "ours_exporting": first["exporting"]}
        found |= {"again": again["whole"], "again_exporting": again["exporting"]}
        for place, name in enumerate(("theirs", "ours", "again")):
            found[f"{name}_processor"] = spent[place + 1] - spent[place]
        found["swap"] = _swap(store)
        began, began_at = time.perf_counter(), _processor()
        verified = verify(store, prefix, {SIGNER.public_key})
        found["verify"] = time.perf_counter() - began
        found["verify_processor"] = _processor() - began_at
        found["fetch"] = _fetch(address, store, prefix)
        found["sha256"] = _sha256(folder, verified.size)
        found["megabytes"] = verified.size / 1e6
        found["sent_again"] = _sent_again(store, prefix)
        began = time.perf_counter()
        rollback(store, prefix, 1, NOW, approval=Approval(because="bench", by="bench"), signer=SIGNER)
        found["rollback"] = time.perf_counter() - began
    return found


def _processor() -> float:
    """Seconds of the processor, over all cores, of this process and of the store that it started: on a machine that is
    busy with other work they say more than a clock."""
    ticks = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            said = stat.read_text().rpartition(")")[2].split()
            if os.getpid() in (int(stat.parent.name), int(said[1])):
                ticks += int(said[11]) + int(said[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def _swap(store: Store) -> float:
    key = f"{uuid4().hex}/CURRENT"
    store.swap(key, b"one", None)
    _, etag = store.get(key) or (b"", None)
    began = time.perf_counter()
    store.swap(key, b"two", etag)
    return time.perf_counter() - began


def _fetch(address: StoreAddress, store: Store, prefix: str) -> float:
    """Of getting the same files with plain boto3 and looking at none: no verifying can be faster."""
    client, files = connected(address), state(store, prefix, None)[1].files
    began = time.perf_counter()
    with ThreadPoolExecutor(4) as hands:
        list(hands.map(lambda file: _read(client, f"{prefix}/{file.key}"), files))
    seconds = time.perf_counter() - began
    client.close()
    return seconds


def _read(client: S3Client, key: str) -> None:
    body = client.get_object(Bucket=BUCKET, Key=key)["Body"]
    while body.read(1 << 20):
        pass


def _sha256(folder: Path, size: int) -> float:
    """Of so many bytes of a file that the machine has just read."""
    path = folder / "bytes"
    path.write_bytes(os.urandom(size))
    with path.open("rb") as held:
        file_digest(held, "sha256")
        held.seek(0)
        began = time.perf_counter()
        file_digest(held, "sha256")
        return time.perf_counter() - began


def _sent_again(store: Store, prefix: str) -> float:
    """The share of the first snapshot's Parquet bytes that the second one had to send."""
    first, second = (state(store, prefix, number)[1] for number in (1, 2))
    held = {file.key for file in first.files}
    sent = sum(file.size for file in second.files if file.table and file.key not in held)
    return sent / sum(file.size for file in first.files if file.table)


def measured(observations: int, rounds: int, store: str) -> Seconds:
    """The medians of all rounds."""
    with tempfile.TemporaryDirectory() as name, STORES[store](Path(name) / "store", BUCKET) as address:
        folder = Path(name)
        before, after = make(folder, observations)
        found = [_round(address, folder, before, after) for _ in range(rounds)]
    return {key: round(statistics.median(each[key] for each in found), 4) for key in found[0]}


def installed() -> str:
    """The store that is measured unless another is named."""
    return "ceph" if shutil.which("radosgw") else "embedded"


_measured: Seconds = {}


def _figures() -> Seconds:
    """Measured once for all ratios."""
    if not _measured:
        _measured.update(measured(OBSERVATIONS, ROUNDS, installed()))
    return _measured


def publish_vs_copy() -> dict[str, object]:
    """Ours / theirs in wall time."""
    found = _figures()
    return {
        "ratio": round(found["ours"] / found["theirs"], 3),
        "target": "at most 1.5",
        "rows": OBSERVATIONS,
        "store": installed(),
        **found,
    }


def republish_1pct() -> dict[str, object]:
    """Publishing again after one observation in a hundred changed / publishing first."""
    found = _figures()
    return {
        "ratio": round(found["again"] / found["ours"], 3),
        "target": "at most 0.3",
        "rows": OBSERVATIONS,
        "store": installed(),
    }


def verify_vs_sha256() -> dict[str, object]:
    """The speed of verifying a zone in the store / that of sha256 over as many bytes at hand."""
    found = _figures()
    return {
        "ratio": round(found["sha256"] / found["verify"], 3),
        "target": "at least 0.5",
        "rows": OBSERVATIONS,
        "store": installed(),
    }


RATIOS: dict[str, Callable[[], dict[str, object]]] = {
    "publish_vs_copy": publish_vs_copy,
    "republish_1pct": republish_1pct,
    "verify_vs_sha256": verify_vs_sha256,
}


def main() -> None:
    """Print every figure as JSON: seconds, but for what is named otherwise."""
    parser = argparse.ArgumentParser(prog="python -m bench.publishing", description=__doc__)
    parser.add_argument("--observations", type=int, default=OBSERVATIONS)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--store", choices=STORES, default=installed())
    asked = parser.parse_args()
    print(json.dumps(measured(asked.observations, asked.rounds, asked.store), indent=2))


if __name__ == "__main__":
    main()
