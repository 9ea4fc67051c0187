"""Every reader that a published file promises to open does: from the storage version it declares up to DuckDB 2.0."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from datazones.catalogue import load
from datazones.codes import statuses
from datazones.publishing import Store, StoreAddress, publish, pull
from datazones.warehouse import WorkingCopy
from datazones.warehouse.connecting import Limits
from datazones.warehouse.exporting import STORAGE_VERSION
from tasks.describe import zone_row
from tests.hubs import hub_of, load_into, zone_file
from tests.snapshots import AT, PASSED, SIGNER, candidate, offered_as
from tests.unit.expectations_zone import Zone, feed_row

OURS = "1.5.5"
READERS = {"v1.2.0": ("1.2.2", "1.3.2", "1.4.4", OURS, "2.0.0")}
"""By the storage version of a published file: one DuckDB of each minor version that opens it, the oldest first."""

BUILT_UNTIL = {"1.2.2": (3, 13), "1.3.2": (3, 13)}
"""The newest Python that a version of DuckDB is built for, where we run on newer ones."""

ASKED = {
    "beijing": (
        "FROM observation",
        "FROM observation_as_of(TIMESTAMP '2024-06-01')",
        "FROM observation_as_of(DATE '2025-06-01')",
        "FROM revision",
        "FROM history JOIN series USING (series_id)",
        "FROM vintage_diff(TIMESTAMP '2024-06-01', TIMESTAMP '2025-06-01')",
        "FROM revision_triangle('GDP.CN-BJ')",
        "FROM first_release",
        "FROM revision_figures",
        "FROM observation_status",
        "FROM citation",
        "FROM correction",
        "FROM quarantine",
        "SELECT table_name, column_name, comment FROM duckdb_columns() WHERE NOT internal",
    ),
    "national": (
        "FROM observation",
        "FROM observation_as_of(TIMESTAMP '2024-06-01')",
        "FROM contribution",
        "FROM origin",
        "FROM mart",
        "FROM national_total",
        "FROM ranking",
        "FROM ai_race WHERE is_newest",
    ),
}
"""What docs/output-contract.md and docs/hub.md promise of a zone's file and of the hub's."""

CORRECTION = {
    "correction_id": "typo", "cause": "a digit too many", "declared_on": "2024-01-01", "series_key": "GDP.CN-BJ",
    "time_period": "2019", "found": 1000.0, "corrected": 100.0,
}  # fmt: skip
FEED = feed_row("gdp", corrections=json.dumps([CORRECTION]), statuses=json.dumps(statuses("eurostat")))

READER = """
import json, sys
folder, name, path, *asked = sys.argv[1:]
sys.path.insert(0, folder)
import duckdb
alone = duckdb.connect(path, read_only=True)
beside = duckdb.connect()
beside.execute(f"ATTACH '{path}' AS {name} (READ_ONLY)")
beside.execute(f"USE {name}")
found = {"version": duckdb.__version__}
for sql in asked:
    alike = []
    for connection in (alone, beside):
        rows = connection.execute(f"SELECT * FROM ({sql}) ORDER BY ALL").fetchall()
        alike.append([[str(cell) for cell in row] for row in rows])
    assert alike[0] == alike[1], sql
    found[sql] = alike[0]
print(json.dumps(found))
"""


@dataclass(frozen=True)
class Published:
    """Files as they were pulled from a store."""

    files: dict[str, Path]


@cache
def _uv() -> str:
    """`uv run` says where it is; so does the path, or `make`, which puts one beside the code."""
    found = os.environ.get("UV") or shutil.which("uv") or str(Path(__file__).parents[2] / ".uv/bin/uv")
    assert Path(found).exists(), "no uv: run the tests by `make test` or `uv run pytest`"
    return found


@pytest.fixture(scope="module")
def published(embedded: StoreAddress, tmp_path_factory: pytest.TempPathFactory) -> Published:
    folder = tmp_path_factory.mktemp("published")
    zone_file(folder, "beijing", {"2019": 100.0, "2020": 120.0})
    revised = Zone(folder / "beijing")
    load_into(revised, "CN-BJ", {"2019": 100.0, "2020": 121.0}, "2025-02-01", number=9, obs_status="bep")
    with WorkingCopy.held(folder / "beijing" / "working.duckdb", Limits(512, 1, folder / "spill")) as copy:
        copy.describe(zone_row(load().zone("beijing")), [FEED])
    made = {"beijing": revised.candidate("revised")}
    made["national"] = hub_of(folder / "hub.duckdb", {**made, "anhui": None})
    files = {}
    with Store.at(embedded) as store:
        for name, file in made.items():
            prefix, into = f"readers/{name}", folder / "pulled" / f"{name}.duckdb"
            offered = offered_as(candidate(folder, name, zone_id=name), file)
            publish(store, prefix, offered, PASSED, AT, signer=SIGNER)
            pull(store, prefix, into)
            files[name] = into
    return Published(files)


def _read(version: str, name: str, path: Path, into: Path) -> dict[str, object]:
    """What this version of DuckDB answers, in a process of its own; as users have it, from the package index."""
    install = [_uv(), "pip", "install", "--quiet", "--no-deps", "--target", str(into), f"duckdb=={version}"]
    subprocess.run([*install, "--python", sys.executable], check=True, timeout=300)
    asked = [sys.executable, "-c", READER, str(into), name, str(path), *ASKED[name]]
    done = subprocess.run(asked, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    found: dict[str, object] = json.loads(done.stdout)
    assert found.pop("version") == version
    return found


def test_the_readers_of_the_declared_storage_version_are_known() -> None:
    assert STORAGE_VERSION in READERS, "say which readers open it, and in docs/output-contract.md"


@pytest.mark.parametrize("name", ASKED)
@pytest.mark.parametrize("version", [version for version in READERS[STORAGE_VERSION] if version != OURS])
def test_a_published_file_answers_the_same_to_every_reader(
    version: str, name: str, published: Published, tmp_path: Path
) -> None:
    if sys.version_info[:2] > BUILT_UNTIL.get(version, sys.version_info[:2]):
        pytest.skip(f"DuckDB {version} is not built for this Python; run the tests with an older one")
    before = published.files[name].read_bytes()
    reference = _read(OURS, name, published.files[name], tmp_path / OURS)
    found = _read(version, name, published.files[name], tmp_path / version)
    assert found == reference
    assert all(rows for sql, rows in reference.items() if sql != "FROM quarantine")
    assert published.files[name].read_bytes() == before
    print(f"DuckDB {version} on {name}: {len(found)} of {len(reference)} queries alike")
