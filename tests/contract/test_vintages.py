"""Real vintage sets in one warehouse: what was known on each day is what the files of the providers say, all of it.

The files are loaded in the order of their days, newest first, so that every one of them but the first comes late, and
shuffled. ALFRED's file is loaded as it was at earlier days, too, and then as it is on top.
Where a file does not say when it was released, the day stands beside it here. The table of Our World in Data's layout
keys its series without the indicator, and so is a feed of its own; so is the NBS table whose preamble, with the
indicator, was cut off.
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random

import pytest

from datazones import dialects
from datazones.model import Landed, Revisions, Staged
from datazones.staging import Job, stage
from datazones.warehouse import WorkingCopy, query
from datazones.warehouse.connecting import Limits
from tests.contract import independent
from tests.feeds import FEEDS, needs_recorded_feeds

TOLERANCE = 1e-9
SETS: dict[str, dict[str, date]] = {
    "edp": {f"eurostat/edp-vintages/{year}_1.csv": date(year, 4, 22) for year in range(2006, 2014)},
    "provincial_gdp": {
        "nbs/gdp-1993-2017-v2018.csv": date(2018, 12, 31),
        "nbs/gdp-2011-2019-v2020.csv": date(2020, 6, 30),
        "nbs/gdp-2015-2019-v2020-11.xls": date(2020, 11, 30),
        "nbs/v2023-last-year-empty.csv": date(2023, 12, 31),
        "nbs/gdp-2006-2024-v2026-03.csv": date(2026, 3, 31),
    },
    "worldbank_gdp": {
        "worldbank/API_NY.GDP.MKTP.CD_DS2_en_csv_v2_10203569.csv": date(2018, 10, 18),
        "worldbank/NY.GDP.MKTP.CD-p1of2.json": date(2024, 3, 28),
        "worldbank/datahub-gdp.csv": date(2024, 10, 31),
    },
}
State = dict[tuple[str, str], float | None]
Arriving = list[tuple[str, date]]
ORDERS: dict[str, Callable[[Arriving], Arriving]] = {
    "oldest first": lambda files: files,
    "newest first": lambda files: files[::-1],
    "shuffled": lambda files: Random(4).sample(files, len(files)),
}


class Zone:
    """A warehouse in a folder, and the recorded files that go into it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / "working.duckdb"
        self.limits = Limits(512, 2, folder / "spill")

    def load(self, feed_id: str, name: str, day: date, labels: Mapping[str, str] | None = None) -> Revisions:
        into = self.folder / "staged" / f"{day}" / name.lstrip("/")
        dialect = dialects.recognise((FEEDS / name).read_bytes())
        staging = stage(Job(name, dialect, (str(FEEDS / name),), str(into), labels=labels))
        staged = Staged(
            feed_id, staging.observations, staging.series, staging.rows, TOLERANCE, absent_is_withdrawn=False
        )
        at = datetime(day.year, day.month, day.day, tzinfo=UTC)
        with WorkingCopy.held(self.path, self.limits, reach=[into]) as copy:
            return copy.load(staged, [Landed("0" * 64, 1, name, "data", at)], slot=at, now=at)

    def as_of(self, feed_id: str, day: date) -> State:
        rows = query(
            self.path,
            "SELECT series_key, time_period, obs_value "
            f"FROM observation_as_of(TIMESTAMP '{day} 23:59:59') WHERE feed_id = '{feed_id}'",
            self.limits,
        ).rows()
        return {(series_key, time_period): figure for series_key, time_period, figure in rows}


def _published(name: str) -> State:
    """The observations of one file as the independent reading of its format has them."""
    dialect = dialects.recognise((FEEDS / name).read_bytes())
    read: Callable[[Path], list[tuple[str, str, float | None, str | None]]] = importlib.import_module(
        f"{independent.__name__}.{dialect}"
    ).observations
    return {(series_key, time_period): figure for series_key, time_period, figure, _ in read(FEEDS / name)}


def _replayed(files: Sequence[State]) -> State:
    """File upon file, the oldest first: a figure stays until a file gives another, but for noise."""
    state: State = {}
    for published in files:
        for key, figure in published.items():
            held = state.get(key)
            if figure is None or held is None or abs(figure - held) > TOLERANCE * max(abs(figure), abs(held)):
                state[key] = figure
    return state


@needs_recorded_feeds
@pytest.mark.parametrize("arrival", ORDERS)
@pytest.mark.parametrize("feed_id", SETS)
def test_what_was_known_on_the_day_of_each_file_is_what_the_files_up_to_it_say(
    feed_id: str, arrival: str, tmp_path: Path
) -> None:
    zone, files = Zone(tmp_path), SETS[feed_id]
    for name, day in ORDERS[arrival](list(files.items())):
        zone.load(feed_id, name, day)
    published = [_published(name) for name in files]
    assert zone.as_of(feed_id, min(files.values()) - timedelta(days=1)) == {}
    for nth, day in enumerate(files.values(), 1):
        expected = _replayed(published[:nth])
        print(f"{feed_id} {day}: {len(expected)} observations")
        assert zone.as_of(feed_id, day) == expected


GDP, GDP_LABELS = "fred/GDP-all-vintages-2024-11-03.json", {"series_id": "GDP", "freq": "Q"}
OPEN = "9999-12-31"
"""The last day of what is still known, as ALFRED has it."""

Rows = list[dict[str, str]]


@needs_recorded_feeds
def test_the_gross_domestic_product_of_the_united_states_on_every_day_it_was_revised(tmp_path: Path) -> None:
    zone = Zone(tmp_path)
    zone.load("gdp", GDP, date(2024, 11, 3), GDP_LABELS)
    assert zone.load("gdp", GDP, date(2024, 11, 4), GDP_LABELS) == Revisions()
    rows: Rows = json.loads((FEEDS / GDP).read_bytes())["observations"]
    days = sorted({row["realtime_start"] for row in rows})
    print(f"GDP: {len(days)} instants, {_compared(zone, rows)} observations compared")
    for day in days[:: len(days) // 5]:
        state = zone.as_of("gdp", date.fromisoformat(day))
        assert {period for _, period in state} == {
            row["date"] for row in rows if row["realtime_start"] <= day <= row["realtime_end"]
        }


@needs_recorded_feeds
@pytest.mark.parametrize("days", [("2003-12-10", "2015-06-30", OPEN), ("2015-06-30", "2003-12-10", OPEN)])
def test_a_file_of_vintages_goes_on_top_of_what_it_was_on_earlier_days(days: Sequence[str], tmp_path: Path) -> None:
    zone = Zone(tmp_path)
    told = json.loads((FEEDS / GDP).read_bytes())
    for day in days:
        file = tmp_path / f"{day}.json"
        file.write_text(json.dumps(told | {"observations": _cut(told["observations"], day)}))
        zone.load("gdp", str(file), date.fromisoformat(min(day, "2024-11-03")), GDP_LABELS)
    print(f"GDP, in {len(days)} files: {_compared(zone, told['observations'])} observations compared")


def _cut(rows: Rows, day: str) -> Rows:
    """The file as it was on that day: what came later is not in it, and what was known then has no end yet."""
    return [
        row | {"realtime_end": row["realtime_end"] if row["realtime_end"] <= day else OPEN}
        for row in rows
        if row["realtime_start"] <= day
    ]


def _compared(zone: Zone, rows: Rows) -> int:
    """How many observations were compared on all the days on which any was revised."""
    compared = 0
    history = query(zone.path, "SELECT time_period, obs_value, known_from, known_to FROM history", zone.limits).rows()
    for day in sorted({row["realtime_start"] for row in rows}):
        expected = {
            row["date"]: None if row["value"] == "." else float(row["value"])
            for row in rows
            if row["realtime_start"] <= day <= row["realtime_end"]
        }
        noon = datetime.fromisoformat(f"{day}T12:00:00")
        known = {period: figure for period, figure, start, end in history if start <= noon and (not end or end > noon)}
        assert known == expected
        compared += len(expected)
    return compared
