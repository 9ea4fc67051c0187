"""More successions of vintages out of the recorded responses: other windows, editions left out, a part of the series,
and files of which the newest periods arrive one after the other. No bound of the gate was found with them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import cache, partial

import polars as pl

from tests.vintages import SEQUENCES, Vintage, read_recorded

LONGEST = 12
"""Vintages of a succession, from its end."""

ARRIVING = {
    "exchange_rates": "ecb/EXR-generic-2.1.xml",
    "activity_by_age": "eurostat/teina200.tsv",
    "debt_of_members": "eurostat/gov_10dd_edpt1.tsv",
    "quarterly_accounts": "oecd/QNA-oecd1.json",
    "research_spending": "unesco-uis/gerd.csv",
    "patents_and_papers": "owid/patent-and-publication-rates.csv",
    "derivatives": "bis/WEBSTATS_DER.csv",
    "population_of_provinces": "nbs/population-2015-2024.csv",
    "panel_of_provinces": "nbs/province-panel-2005-2024.csv",
    "world_economic_outlook": "imf/WEOApr2009alla.xls",
    "deprivation": "eurostat/ilc_di03.csv",
    "growth_of_france": "worldbank/FRA-NY.GDP.MKTP.CD.json",
}
"""Files that each hold one state of a dataflow."""

PERIODS, AT_MOST = 5, 200
"""How many periods arrive, and for how many series."""


@cache
def _known(sequence: str) -> tuple[Vintage, ...]:
    return tuple(SEQUENCES[sequence]())


def _some(keep: pl.Expr, vintages: list[Vintage]) -> list[Vintage]:
    return [
        Vintage(known_at, observations.filter(keep), series.filter(keep)) for known_at, observations, series in vintages
    ]


def _chosen(sequence: str, *, of: slice = slice(None), numbers: tuple[int, ...] = (), share: int = 1) -> list[Vintage]:
    """Some vintages of a sequence, of one series in `share`."""
    vintages = list(_known(sequence)[of])
    picked = [vintages[number] for number in numbers] if numbers else vintages
    return _some(pl.col("series_key").hash(5) % share == 0, picked) if share > 1 else picked


def arriving(path: str) -> list[Vintage]:
    """What a file says until each of its last periods, as if it had been asked after each; nothing is revised."""
    observations, series = read_recorded(path)
    told = observations.filter(pl.col("obs_value").is_not_null())
    usual = told.group_by("period_start").len().filter(pl.col("len") >= 0.5 * pl.col("len").max())
    ends = told.join(usual, on="period_start", how="semi")["period_end"].unique().sort().to_list()[-PERIODS:]
    keys = told["series_key"].unique().sort().to_list()[:AT_MOST]
    kept, described = (frame.filter(pl.col("series_key").is_in(keys)) for frame in (told, series))
    return [
        Vintage(
            _asked_after(end),
            until,
            described.filter(pl.col("series_key").is_in(until["series_key"].unique().to_list())),
        )
        for end in ends
        if (
            until := kept.filter(pl.col("period_end") <= end).with_columns(released_at=None).cast(observations.schema)
        ).height
    ]


def _asked_after(end: object) -> datetime:
    return datetime.fromisoformat(f"{end}").replace(tzinfo=UTC) + timedelta(days=45)


HELD_OUT: dict[str, Callable[[], list[Vintage]]] = {
    "fred_gdp, twenty years ago": partial(_chosen, "fred_gdp", of=slice(-250, -238)),
    "fred_gdp, ten years ago": partial(_chosen, "fred_gdp", of=slice(-120, -108)),
    "fred_gdp, every third": partial(_chosen, "fred_gdp", of=slice(-60, None, 3)),
    "nbs_gdp, first and last": partial(_chosen, "nbs_gdp", numbers=(0, 4)),
    "nbs_gdp, without 2020": partial(_chosen, "nbs_gdp", numbers=(0, 3, 4)),
    "nbs_gdp, 2020 and 2026": partial(_chosen, "nbs_gdp", numbers=(1, 4)),
    "nbs_gdp, from 2020 on, half": partial(_chosen, "nbs_gdp", of=slice(1, None), share=2),
    "world_bank_gdp, first and last": partial(_chosen, "world_bank_gdp", numbers=(0, 2)),
    "world_bank_gdp, first and second": partial(_chosen, "world_bank_gdp", numbers=(0, 1)),
    "world_bank_gdp, a fifth": partial(_chosen, "world_bank_gdp", share=5),
    "deficit_revisions, every other": partial(_chosen, "deficit_revisions", of=slice(None, None, 2)),
    "deficit_revisions, the other half": partial(_chosen, "deficit_revisions", of=slice(1, None, 2)),
    "deficit_revisions, a third": partial(_chosen, "deficit_revisions", share=3),
    "internet_users, a quarter": partial(_chosen, "internet_users", share=4),
    **{name: partial(arriving, path) for name, path in ARRIVING.items()},
}


def held_out() -> Iterator[tuple[str, list[Vintage]]]:
    """Every such succession by name, its newest vintages."""
    for name, succession in HELD_OUT.items():
        yield name, succession()[-LONGEST:]
