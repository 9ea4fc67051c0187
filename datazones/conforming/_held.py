"""What is known of the series while their observations go by, piece after piece."""

from __future__ import annotations

import polars as pl
import polars.selectors as cs

from datazones.codes import SERIES_CONCEPTS
from datazones.columns import SERIES_SCHEMA
from datazones.conforming._cells import members
from datazones.errors import StructureChanged

ATTRIBUTE = "attribute:"
"""Marks the columns that end up in `series_attributes`, so that no provider's name meets one of ours."""

SAID = ("agency_id", "dataflow_id", "freq", "ref_area", *SERIES_CONCEPTS, "title")
"""What is said of a series beside its key and dimensions."""

_SCHEMA = {
    **{name: SERIES_SCHEMA[name] for name in ("series_key", "dimensions", *SAID)},
    "nth": pl.UInt32(),
    "mixed": pl.Boolean(),
}
_NONE = pl.DataFrame(schema=_SCHEMA)


class Held:
    """The series that went by, each with the first word said of it."""

    def __init__(self) -> None:
        self._series = _NONE

    def meet(self, heads: pl.DataFrame) -> pl.DataFrame:
        """Take in what a piece says of its series; for every head, the first that was ever said and `nth`, the number.

        StructureChanged when two series share a key: codes may hold dots, so joined keys can be ambiguous.
        """
        heads = _apart(heads)
        before = self._series.join(heads, on="series_key", how="semi") if self._series.height else self._series
        met = _first_said(pl.concat([before, heads], how="diagonal"))
        fresh = self._series.height + pl.col("nth").is_null().cum_sum() - 1
        met = met.with_columns(pl.coalesce("nth", fresh.cast(pl.UInt32)).alias("nth"))
        rest = self._series.join(met, on="series_key", how="anti") if before.height < self._series.height else _NONE
        self._series = pl.concat([rest, met], how="diagonal")
        return heads.select("series_key").join(met, on="series_key", how="left", maintain_order="left")

    def key(self, nth: int) -> str:
        """The key of the series with that number."""
        return str(self._series.filter(pl.col("nth") == nth)["series_key"][0])

    def series(self) -> pl.DataFrame:
        """All of them in the order they came; `freq` is null where a series mixes frequencies."""
        ordered = self._series.sort("nth")
        names = [name for name in ordered.columns if name.startswith(ATTRIBUTE)]
        own = {name.removeprefix(ATTRIBUTE): ordered[name] for name in names}
        return ordered.with_columns(
            pl.when(~pl.col("mixed")).then("freq").alias("freq"),
            pl.lit(members(pl.DataFrame(own)) if own else None, pl.String).alias("series_attributes"),
        ).select(*SERIES_SCHEMA)


def _apart(heads: pl.DataFrame) -> pl.DataFrame:
    """The same with texts of their own: those of a piece keep alive everything that was cut from it."""
    return heads.with_columns(pl.concat_str(pl.col(name), pl.lit("")) for name in heads.select(cs.string()).columns)


def _first_said(heads: pl.DataFrame) -> pl.DataFrame:
    met = heads.group_by("series_key", maintain_order=True).agg(
        pl.exclude("series_key", "mixed").first(ignore_nulls=True),
        (pl.col("mixed").any() | (pl.col("freq").min() != pl.col("freq").max())).fill_null(value=False).alias("mixed"),
        (pl.col("dimensions").min() != pl.col("dimensions").max()).alias("ambiguous"),
    )
    wrong = met.filter("ambiguous")
    if wrong.height:
        raise StructureChanged(
            str(wrong["dataflow_id"][0]),
            found=f"two series whose dimension values join to one key, {wrong['series_key'][0]!r}",
            expected="keys that tell every series apart",
            next_step="give the dialect an order of dimensions in which the joined key is unambiguous",
        )
    return met.drop("ambiguous")
