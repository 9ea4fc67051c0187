"""What the World Bank's JSON pages and its bulk CSV share: the same series have the same keys in both."""

from __future__ import annotations

from datetime import UTC, datetime

import polars as pl

from datazones.dialects._wire import malformed

AGENCY = "WB"
DIMENSIONS = ("freq", "indicator", "ref_area")


def release_day(published: str, subject: str) -> datetime:
    """The day on which the provider last updated the table, at midnight UTC."""
    try:
        return datetime.strptime(published, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError as error:
        raise malformed(subject, found=f"the last update {published!r}", expected="a day such as 2024-03-28") from error


def area_kind(is_aggregate: pl.Expr) -> pl.Expr:
    """Whether a reference area is a country or an aggregate of several, such as "WLD"."""
    return pl.when(is_aggregate).then(pl.lit("aggregate")).otherwise(pl.lit("country")).alias("area_kind")


def beside(frame: pl.DataFrame, listed: pl.DataFrame, subject: str) -> pl.DataFrame:
    """`frame` with what a list says of each code in its first column; ResponseMalformed when it says it twice."""
    key = listed.columns[0]
    if listed[key].is_duplicated().any():
        raise malformed(subject, found=f"a list that has one {key} twice", expected="each once")
    return frame.join(listed, on=key, how="left", maintain_order="left")
