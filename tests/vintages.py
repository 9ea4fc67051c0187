"""Real successive vintages of the recorded responses, as the load takes them, oldest first."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import NamedTuple

import polars as pl

from datazones.columns import OBSERVATION_SCHEMA
from datazones.conforming import conform
from datazones.dialects import named, recognise
from datazones.model import Hints
from tests.feeds import FEEDS


class Vintage(NamedTuple):
    """One state of one dataflow: its observations and its series, in the schemas of `columns`."""

    known_at: datetime
    observations: pl.DataFrame
    series: pl.DataFrame


def read_recorded(path: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The observations and the series of a recorded response."""
    body = (FEEDS / path).read_bytes()
    pieces = list(conform(named(recognise(body)).read(body, Hints()), Hints()))
    return pl.concat([piece.observations for piece in pieces]), pl.concat([piece.series for piece in pieces])


def _told_alike(series: pl.DataFrame) -> pl.DataFrame:
    """What editions of one table say differently of a series is not said: the load refuses a unit or a dimension that
    changes."""
    unsaid = (pl.lit(None, series.schema[name]).alias(name) for name in ("unit_measure", "title"))
    return series.with_columns(*unsaid, dimensions=pl.lit("{}"))


def _keyed(vintage: Vintage, key: pl.Expr) -> Vintage:
    observations, series = (frame.with_columns(key.alias("series_key")) for frame in vintage[1:])
    return Vintage(vintage.known_at, observations, _told_alike(series))


def _edition(path: str, known_at: str, key: pl.Expr) -> Vintage:
    return _keyed(Vintage(datetime.fromisoformat(known_at).replace(tzinfo=UTC), *read_recorded(path)), key)


LAST_CODE = pl.concat_str(pl.lit("GDP."), pl.col("series_key").str.split(".").list.last())
AS_IT_IS = pl.col("series_key")


def _states(observations: pl.DataFrame) -> Iterator[tuple[datetime, pl.DataFrame]]:
    """What each release of a file of changes left as known, whole."""
    released = pl.col("released_at")
    for day in observations["released_at"].unique().sort():
        known = observations.filter(released <= day).sort(released)
        yield day, known.unique(["series_key", "period_start"], keep="last").with_columns(released_at=None)


def fred_gdp() -> list[Vintage]:
    """Gross domestic product of the United States as it was known after each release since 1991 (ALFRED)."""
    observations, series = read_recorded("fred/GDP-all-vintages-2024-11-03.json")
    return [Vintage(day, known.cast(OBSERVATION_SCHEMA), series) for day, known in _states(observations)]


def nbs_gdp() -> list[Vintage]:
    """Gross regional product of the provinces, as exported in five years."""
    editions = {
        "nbs/gdp-1993-2017-v2018.csv": "2018-10-01",
        "nbs/gdp-2011-2019-v2020.csv": "2020-06-01",
        "nbs/gdp-2015-2019-v2020-11.xls": "2020-11-15",
        "nbs/v2023-last-year-empty.csv": "2023-06-01",
        "nbs/gdp-2006-2024-v2026-03.csv": "2026-03-01",
    }
    return [_edition(path, known_at, LAST_CODE) for path, known_at in editions.items()]


def world_bank_gdp() -> list[Vintage]:
    """GDP of all countries in current US dollars, in three editions; the last is a tidy re-export."""
    editions = {
        "worldbank/API_NY.GDP.MKTP.CD_DS2_en_csv_v2_10203569.csv": "2018-10-18",
        "worldbank/NY.GDP.MKTP.CD-p1of2.json": "2024-03-28",
        "worldbank/datahub-gdp.csv": "2024-10-24",
    }
    read = [_edition(path, known_at, LAST_CODE) for path, known_at in editions.items()]
    return [
        vintage._replace(observations=vintage.observations.with_columns(released_at=None).cast(OBSERVATION_SCHEMA))
        for vintage in read
    ]


def deficit_revisions() -> list[Vintage]:
    """Revisions of deficit and debt by cause, eight April notifications (Eurostat EDP): small figures around zero."""
    paths = {f"eurostat/edp-vintages/{year}_1.csv": f"{year}-04-22" for year in range(2006, 2014)}
    return [_edition(path, known_at, AS_IT_IS) for path, known_at in paths.items()]


def internet_users() -> list[Vintage]:
    """Share of people who use the internet, two editions of one chart (Our World in Data)."""
    editions = {
        "owid/share-of-individuals-using-the-internet.csv": "2023-05-01",
        "owid/share-of-individuals-using-the-internet-v2025.csv": "2025-05-01",
    }
    return [_edition(path, known_at, LAST_CODE) for path, known_at in editions.items()]


SEQUENCES: dict[str, Callable[[], list[Vintage]]] = {
    read.__name__: read for read in (fred_gdp, nbs_gdp, world_bank_gdp, deficit_revisions, internet_users)
}


def successions() -> Iterator[tuple[str, list[Vintage]]]:
    """Every sequence by name."""
    for name, read in SEQUENCES.items():
        yield name, read()
