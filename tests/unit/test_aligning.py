"""Whether what comes is laid beside what is held or joined with it, the warehouse says the same afterwards."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from itertools import chain, groupby
from pathlib import Path

import duckdb
import polars as pl
import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from datazones.columns import OBSERVATION_SCHEMA, SERIES_SCHEMA
from datazones.model import Landed, Staged
from datazones.warehouse import WorkingCopy, aligning
from datazones.warehouse.connecting import Limits

EXAMPLES = int(os.environ.get("EXAMPLES", "30"))
"""`make laws` tries more of them."""
TABLES = ("series", "vintage", "latest", "superseded", "coverage", "sighting")
AT = datetime(2030, 1, 1, tzinfo=UTC)

Key = tuple[str, str]
Said = tuple[float | None, str | None, str | None]
Files = Sequence[Sequence[tuple[Key, Said]]]

PERIODS = {
    "2015-01": (date(2015, 1, 1), date(2015, 2, 1)),
    "2015-Q1": (date(2015, 1, 1), date(2015, 4, 1)),
    "2015": (date(2015, 1, 1), date(2016, 1, 1)),
    "2015-02": (date(2015, 2, 1), date(2015, 3, 1)),
    "1969-12": (date(1969, 12, 1), date(1970, 1, 1)),
}
keys = st.tuples(st.sampled_from("abcd"), st.sampled_from(sorted(PERIODS)))
said = st.tuples(
    st.sampled_from((None, 1.0, 2.0, 0.0, -0.0)), st.sampled_from((None, "p")), st.sampled_from((None, "x"))
)
figures = st.dictionaries(keys, said, min_size=1, max_size=14)


Tables = list[list[tuple[object, ...]]]


def staged(folder: Path, nth: int, files: Files, action: str) -> Staged:
    """The nth vintage: these observations, file by file and row by row."""
    released = datetime(2020 + nth, 1, 1, tzinfo=UTC)
    paths = [folder / f"o{nth}-{number}.parquet" for number in range(len(files))]
    for path, rows in zip(paths, files, strict=True):
        pl.DataFrame(
            [
                (key, period, *PERIODS[period], figure, status, None, comment, None, released, action)
                for (key, period), (figure, status, comment) in rows
            ],
            schema=OBSERVATION_SCHEMA,
            orient="row",
        ).write_parquet(path)
    told = {"agency_id": "NBS", "dataflow_id": "fsnd", "dimensions": "{}"}
    given_keys = sorted({key for rows in files for (key, _), _ in rows})
    pl.DataFrame({"series_key": given_keys}).with_columns(
        pl.lit(told.get(name)).cast(dtype).alias(name) for name, dtype in SERIES_SCHEMA.items() if name != "series_key"
    ).write_parquet(folder / f"s{nth}.parquet")
    series = (str(folder / f"s{nth}.parquet"),)
    return Staged("figures", tuple(map(str, paths)), series, 0, 1e-9, absent_is_withdrawn=nth % 2 == 0)


def loaded(*vintages: Files, action: str = "replace", **thresholds: int) -> tuple[Tables, list[bool]]:
    """All that a zone says after these vintages, and which of them were laid beside what it held.

    `action` is that of the last one.
    """
    laid: list[bool] = []
    lay = aligning.lay

    def told(connection: duckdb.DuckDBPyConnection, files: Sequence[str], new_from: int) -> bool:
        laid.append(lay(connection, files, new_from))
        return laid[-1]

    with tempfile.TemporaryDirectory() as name, pytest.MonkeyPatch.context() as patched:
        patched.setattr(aligning, "lay", told)
        for threshold, value in thresholds.items():
            patched.setattr(aligning, threshold, value)
        folder = Path(name)
        with WorkingCopy.held(folder / "w.duckdb", Limits(256, 1, folder / "spill"), [folder]) as copy:
            for nth, files in enumerate(vintages, 1):
                reading = staged(folder, nth, files, action if nth == len(vintages) else "replace")
                copy.load(reading, [Landed("0" * 64, 1, "GET x", "data", AT)], slot=AT, now=AT)
            assert not list((folder / "spill").iterdir())
            return [sorted(copy._connection.execute(f"FROM {table}").fetchall(), key=repr) for table in TABLES], laid


LAID = {"WORTHWHILE": 1, "AGAIN": 99}
JOINED = {"WORTHWHILE": 1 << 60}


@st.composite
def cut(draw: st.DrawFn) -> Files:
    """A vintage in any order, in several files; mostly one series after another."""
    rows = draw(st.permutations(sorted(draw(figures).items(), key=repr)))
    if draw(st.integers(0, 3)):
        rows.sort(key=lambda row: row[0][0])
    ends = sorted(draw(st.sets(st.integers(1, len(rows)), max_size=2)) | {len(rows)})
    return [rows[begin:end] for begin, end in zip([0, *ends], ends, strict=False)]


def series_of(rows: Iterable[tuple[Key, Said]]) -> list[str]:
    """The series of the rows, each as often as it comes anew."""
    return [series for series, _ in groupby(series for (series, _), _ in rows)]


@seed(1)
@settings(max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(st.lists(cut(), min_size=2, max_size=3), st.integers(1, 9))
def test_laid_beside_what_is_held_a_vintage_changes_what_it_changes_when_it_is_joined(
    vintages: list[Files], rows: int
) -> None:
    beside, laid = loaded(*vintages, **LAID, ROWS=rows)
    joined, none = loaded(*vintages, **JOINED)
    assert beside == joined
    assert not any(none)
    one, other = vintages[:2]
    repeated = set(series_of(chain(*one))) & set(series_of(chain(*other)))
    in_rows = all(len(series_of(file)) == len(set(series_of(file))) for file in other)
    assert laid[:2] == [False, bool(repeated) and in_rows]


TABLE = [[((key, period), (1.0, None, None)) for key in "ab" for period in PERIODS]]
OTHER = [[(key, (2.0 if key == ("b", "2015-Q1") else 1.0, None, None)) for key, _ in TABLE[0]]]


def test_a_vintage_that_takes_back_is_joined() -> None:
    assert loaded(TABLE, OTHER, action="delete", **LAID)[1] == [False, False]


def test_files_that_come_back_to_the_same_series_again_and_again_are_joined() -> None:
    by_period = [[row] for row in sorted(OTHER[0], key=lambda row: row[0][1])]
    assert loaded(TABLE, by_period, WORTHWHILE=1, ROWS=1, AGAIN=5)[1] == [False, True]
    assert loaded(TABLE, by_period, WORTHWHILE=1, ROWS=1)[1] == [False, False]


def test_series_with_few_days_in_common_are_joined() -> None:
    assert loaded(TABLE, OTHER, **LAID, FEW=0, PLACES=0) == (loaded(TABLE, OTHER, **JOINED)[0], [False, False])


def test_few_observations_are_joined() -> None:
    assert loaded(TABLE, OTHER)[1] == [False, False]


def test_duckdb_counts_files_and_their_rows_as_they_are_named(tmp_path: Path) -> None:
    """Rows are told apart by it: what is read beside it is read in this order."""
    paths = [str(tmp_path / f"{name}.parquet") for name in "bca"]
    for path in paths:
        pl.DataFrame({"said": [f"{path}{nth}" for nth in range(3)]}).write_parquet(path, row_group_size=1)
    rows = duckdb.execute("SELECT said, file_index, file_row_number FROM read_parquet(?)", [paths]).fetchall()
    assert sorted(rows) == sorted((f"{path}{nth}", file, nth) for file, path in enumerate(paths) for nth in range(3))
