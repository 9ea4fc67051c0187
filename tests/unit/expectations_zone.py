"""A zone in the making for the tests of the gate: vintages go in by the real load, candidates come out of the real
export, and a doctor spoils one of them with plain SQL."""

from __future__ import annotations

import atexit
import shutil
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from datazones import periods
from datazones.catalogue import Feed, load
from datazones.codes import Freq
from datazones.columns import OBSERVATION_SCHEMA, SERIES_SCHEMA
from datazones.model import Landed, Staged, Verdict
from datazones.warehouse import WorkingCopy, export
from datazones.warehouse.connecting import Limits
from expectations.examiner import Examiner

Row = tuple[str, str, float | None, str | None]
"""Series key, period, figure, status."""


FEED = {
    "agency_id": "NBS", "dataflow_id": "fsnd", "title": "Figures", "licence": "terms", "attribution": "cite",
    "docs": "docs", "terms": "terms", "corrections": "[]", "breaks": "[]", "renames": "[]", "statuses": "[]",
}  # fmt: skip


def feed_row(feed_id: str, **said: str) -> tuple[str, ...]:
    """A row of the table `feed`; `said` by the names of its columns."""
    assert said.keys() <= FEED.keys()
    return (feed_id, *(FEED | said).values())


def observations(rows: Sequence[Row], freq: str = "A") -> pl.DataFrame:
    """The rows in the observation schema."""
    columns = ("series_key", "time_period", "obs_value", "obs_status")
    frame = pl.DataFrame(rows, schema={name: OBSERVATION_SCHEMA[name] for name in columns}, orient="row")
    bounds = periods.table(frame["time_period"].unique().to_list(), Freq(freq)).drop("period_freq")
    missing = [
        pl.lit(None, dtype).alias(name)
        for name, dtype in OBSERVATION_SCHEMA.items()
        if name not in {*frame.columns, *bounds.columns, "action"}
    ]
    action = pl.lit("replace", OBSERVATION_SCHEMA["action"]).alias("action")
    joined = frame.join(bounds, on="time_period", how="left").with_columns(*missing, action)
    return joined.select(pl.col(name).cast(dtype) for name, dtype in OBSERVATION_SCHEMA.items())


def series(keys: Sequence[str], about: Mapping[str, object]) -> pl.DataFrame:
    """The series of these keys, all told the same `about`; the last code of a key is its reference area."""
    told = {"agency_id": "NBS", "dataflow_id": "fsnd", "freq": "A", **about}
    area = pl.col("series_key").str.split(".").list.last().alias("ref_area")
    frame = pl.DataFrame({"series_key": sorted(set(keys))}).with_columns(area)
    own = frame.with_columns(pl.concat_str(pl.lit('{"ref_area":"'), "ref_area", pl.lit('"}')).alias("dimensions"))
    return own.select(
        (pl.col(name) if name in own.columns else pl.lit(told.get(name))).cast(dtype).alias(name)
        for name, dtype in SERIES_SCHEMA.items()
    )


class Zone:
    """The working copy of a zone in `folder`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._limits = Limits(memory_mb=512, threads=1, spill=folder / "spill")
        self._number = 0

    def load(self, rows: Sequence[Row], known_at: str, *, absent_is_withdrawn: bool = False, **about: object) -> None:
        """One vintage, known at noon of that day; `about` says what its series are, and `feed_id` if it is not gdp."""
        feed_id = str(about.pop("feed_id", "gdp"))
        declared = {name: about.pop(name) for name in ("breaks", "renames") if name in about}
        self.load_frames(
            observations(rows, str(about.get("freq", "A"))),
            series([row[0] for row in rows], about),
            datetime.fromisoformat(f"{known_at}T12:00:00").replace(tzinfo=UTC),
            feed_id=feed_id,
            absent_is_withdrawn=absent_is_withdrawn,
            **declared,
        )

    def load_frames(
        self,
        of_observations: pl.DataFrame,
        of_series: pl.DataFrame,
        known_at: datetime,
        *,
        feed_id: str = "gdp",
        absent_is_withdrawn: bool = False,
        **declared: Any,  # noqa: ANN401 - fields of Staged
    ) -> None:
        """One vintage in the schemas of `columns`."""
        self._number += 1
        stem = self._folder / f"staged-{self._number}"
        of_observations.write_parquet(f"{stem}-observations.parquet")
        of_series.write_parquet(f"{stem}-series.parquet")
        staged = Staged(
            feed_id=feed_id,
            observations=(f"{stem}-observations.parquet",),
            series=(f"{stem}-series.parquet",),
            rows=of_observations.height,
            tolerance=1e-9,
            absent_is_withdrawn=absent_is_withdrawn,
            **declared,
        )
        answer = Landed(
            digest=f"{self._number:064}", size=1, request_key="asked", part="data", retrieved_at=known_at, headers={}
        )
        with WorkingCopy.held(self._folder / "working.duckdb", self._limits, reach=[self._folder]) as copy:
            copy.load(staged, [answer], slot=known_at, now=known_at)

    def branch(self, folder: Path) -> Zone:
        """Another zone that holds the same and may come to hold something else."""
        folder.mkdir()
        shutil.copy(self._folder / "working.duckdb", folder)
        return Zone(folder)

    def candidate(self, name: str) -> Path:
        """A compact file of what is held now."""
        path = self._folder / f"{name}.duckdb"
        export(self._folder / "working.duckdb", path, self._limits)
        return path


def declared(feed_id: str, **said: object) -> Feed:
    """A feed as the catalogue has it, of which this is said."""
    shipped = next(iter(load().feeds.values())).model_dump()
    return Feed.model_validate({**shipped, "feed_id": feed_id, **said})


def doctored(good: Path, *statements: str) -> Path:
    """A copy of a good file after these statements."""
    path = good.with_name(f"doctored-{good.name}")
    shutil.copy(good, path)
    with duckdb.connect(str(path)) as connection:
        for statement in statements:
            connection.execute(statement)
    return path


@cache
def examiner() -> Examiner:
    """One for all tests of a run: the import is paid once."""
    started = Examiner(threads=1)
    atexit.register(started.close)
    return started


def examined(
    candidate: Path,
    published: Path | None = None,
    today: date = date(2025, 3, 1),
    *,
    feeds: Sequence[Feed] = (),
    neighbours: Mapping[str, Path] | None = None,
) -> Verdict:
    return examiner().examine(
        candidate, published=published, today=today, zone_id="beijing", feeds=tuple(feeds), neighbours=neighbours
    )
