"""Hostile bytes are read in a child: whatever happens to it, the worker hears a typed error and goes on."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from datazones.errors import MemoryShort, ResponseMalformed
from datazones.staging import Job, Reader

GOOD = (
    b'[{"page":1,"pages":1,"per_page":50,"total":1,"lastupdated":"2024-03-28"},[{"indicator":{"id":"X.Y","value":"x"},'
    b'"country":{"id":"CN","value":"China"},"countryiso3code":"CHN","date":"2022","value":1.5,"unit":"",'
    b'"obs_status":"","decimal":0}]]'
)


def _job(folder: Path, body: bytes, dialect: str = "worldbank_json") -> Job:
    path = folder / "body"
    path.write_bytes(body)
    return Job(subject="hunan, test", dialect=dialect, bodies=(str(path),), into=str(folder / "staged"))


def test_a_reading_is_parquet_in_the_schemas_of_the_columns(tmp_path: Path) -> None:
    with Reader(2048, 60) as reader:
        staging = reader.read(_job(tmp_path, GOOD))
    assert staging.rows == 1
    assert pl.read_parquet(staging.observations[0])["obs_value"].to_list() == [1.5]
    assert pl.read_parquet(staging.series[0])["agency_id"].to_list() == ["WB"]


def test_the_error_of_a_reading_reaches_the_worker_as_it_was_raised(tmp_path: Path) -> None:
    with Reader(2048, 60) as reader:
        with pytest.raises(ResponseMalformed) as caught:
            reader.read(_job(tmp_path, b"<html>Please log in</html>"))
        assert caught.value.expected
        assert reader.read(_job(tmp_path, GOOD)).rows == 1


def test_a_reading_that_takes_all_memory_ends_in_its_child(tmp_path: Path) -> None:
    head, row = GOOD[:-2].split(b",[", 1)
    body = head + b",[" + b",".join([row] * 400_000) + b"]]"
    with Reader(128, 60) as reader, pytest.raises((MemoryShort, ResponseMalformed), match="DATAZONES_MEMORY_LIMIT_MB"):
        reader.read(_job(tmp_path, body))


def test_a_reading_that_does_not_end_is_ended(tmp_path: Path) -> None:
    with Reader(2048, 0.01) as reader, pytest.raises(ResponseMalformed, match="no end within"):
        reader.read(_job(tmp_path, GOOD))
