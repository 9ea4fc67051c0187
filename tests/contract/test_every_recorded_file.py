"""Every recorded response is read whole: our reading against an independent one, observation by observation."""

from __future__ import annotations

import importlib
import pkgutil
from pathlib import Path
from types import ModuleType
from typing import cast

import pytest

from datazones import dialects
from datazones.conforming import conform, tidy
from datazones.errors import DatazonesError, ResponseMalformed
from datazones.model import Hints
from tests.contract import independent
from tests.contract.conftest import RECORDED_FILE
from tests.feeds import FEEDS, needs_recorded_feeds

READINGS: dict[str, ModuleType] = {
    module.name: importlib.import_module(f"{independent.__name__}.{module.name}")
    for module in pkgutil.iter_modules(independent.__path__)
    if not module.name.startswith("_")
}
NO_RESPONSES = {
    "INDEX.md": "where the files come from",
    "SHA256SUMS": "their digests",
    "codes/country-codes.csv": "a table of codes",
    "eurostat/LFSA_EGAI2D-dsd.meta.json": "what a recorder noted of a response",
    "large/PROFILE.json": "figures about files",
}
Row = tuple[str, str, float | None, str | None]


def _ours(dialect: str, path: str, options: dict[str, object]) -> list[Row]:
    body = (FEEDS / path).read_bytes()
    assert dialects.recognise(body) == dialect
    aside = cast("dict[str, str]", options.get("aside", {}))
    hints = Hints(
        labels=cast("dict[str, str]", options.get("labels", {})),
        aside={part: (FEEDS / name).read_bytes() for part, name in aside.items()},
    )
    frame = tidy(conform(dialects.named(dialect).read(body, hints), hints))
    return cast("list[Row]", frame.select("series_key", "time_period", "obs_value", "obs_status").rows())


def _sorted(rows: list[Row]) -> list[Row]:
    return sorted(rows, key=repr)


@needs_recorded_feeds
@pytest.mark.parametrize(
    ("dialect", "path"), [(name, path) for name, reading in READINGS.items() for path in reading.FILES]
)
def test_every_observation_of_a_recorded_file_is_read_as_an_independent_reading_has_it(
    dialect: str, path: str, record_property: pytest.RecordProperty
) -> None:
    expected: list[Row] = READINGS[dialect].observations(FEEDS / path)
    found = _ours(dialect, path, READINGS[dialect].FILES[path])
    assert len(found) == len(expected)
    assert _sorted(found) == _sorted(expected)
    record_property(RECORDED_FILE, (path, dialect, len(expected)))


@needs_recorded_feeds
@pytest.mark.parametrize(
    ("dialect", "path"), [(name, path) for name, reading in READINGS.items() for path in reading.REFUSED]
)
def test_a_recorded_error_or_metadata_file_gives_its_typed_error(dialect: str, path: str) -> None:
    expected: type[DatazonesError] = READINGS[dialect].REFUSED[path]
    body = Path(FEEDS / path).read_bytes()
    with pytest.raises(expected):
        list(conform(dialects.named(dialect).read(body, Hints()), Hints()))


@needs_recorded_feeds
@pytest.mark.parametrize("path", NO_RESPONSES)
def test_a_file_that_no_provider_sent_is_known_to_no_dialect(path: str) -> None:
    with pytest.raises(ResponseMalformed, match="no dialect knows|a web page"):
        dialects.recognise((FEEDS / path).read_bytes())


@needs_recorded_feeds
def test_no_recorded_file_is_left_out() -> None:
    compared = {path for reading in READINGS.values() for path in reading.FILES}
    refused = {path for reading in READINGS.values() for path in reading.REFUSED}
    beside = {
        path
        for reading in READINGS.values()
        for options in reading.FILES.values()
        for path in options.get("aside", {}).values()
    }
    there = {str(path.relative_to(FEEDS)) for path in FEEDS.rglob("*") if path.is_file()}
    assert there - compared - refused - beside - NO_RESPONSES.keys() == set()
