"""Any cube becomes exactly the observation and series schemas of `columns`, or a typed error says why it cannot.

Everything that arrives as text is cast here, strictly: a figure that is no finite decimal, a period that is none, a
unit multiplier that is no integer each stop the reading. Missing stays missing. What comes out is the same wherever a
dialect cuts its pieces.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import polars as pl

from datazones.columns import ACTION, OBSERVATION_SCHEMA, PATTERN, SERIES_SCHEMA, UTC
from datazones.conforming._calendar import Calendar, Spans
from datazones.conforming._cells import figures, integers, members, stated
from datazones.conforming._frames import complete, of_observations, of_series, refuse_gaps
from datazones.conforming._held import ATTRIBUTE, SAID, Held
from datazones.conforming._identities import Identities
from datazones.conforming._joined import TOGETHER, joined
from datazones.conforming._runs import Runs
from datazones.errors import ResponseMalformed
from datazones.model import Conformed, Cube, Hints

_FREQ = ":freq"
"""The column of the frequency that the periods show; no concept id can be so written."""

_CODE = "^_?[A-Z]{1,2}(_?[0-9]+)?$"
"""A code of CL_FREQ; labels such as 'Quarterly' are none."""


class _Passed(NamedTuple):
    """What is remembered of the pieces that went by."""

    held: Held
    identities: Identities
    calendar: Calendar


def conform(cubes: Iterable[Cube], hints: Hints, together: int = TOGETHER) -> Iterator[Conformed]:
    """The cubes in the schemas, small neighbours `together`; the series, one row each, come with the last piece.

    They wait because a later piece may say of a series what an earlier one left out: a series has the first word said
    of each attribute, and an observation that says another keeps it in `obs_attributes`.
    ResponseMalformed, StructureChanged or UnknownCode with the row, the value and what was expected there; an
    observation that comes twice in one vintage is refused once all were seen.
    """
    passed = _Passed(Held(), Identities(), Calendar())
    waiting: pl.DataFrame | None = None
    for cube in joined(cubes, together):
        if waiting is not None:
            yield Conformed(waiting, pl.DataFrame(schema=SERIES_SCHEMA))
        waiting = _conformed(cube, hints, passed)
    if waiting is not None:
        _refuse_twice(passed)
        yield Conformed(waiting, passed.held.series())


def tidy(conformed: Iterable[Conformed]) -> pl.DataFrame:
    """Observations with the columns of their series beside them: what `datazones read` writes."""
    pieces = list(conformed)
    observations = pl.concat([pl.DataFrame(schema=OBSERVATION_SCHEMA), *(piece.observations for piece in pieces)])
    series = pl.concat([pl.DataFrame(schema=SERIES_SCHEMA), *(piece.series for piece in pieces)])
    return observations.join(series, on="series_key", how="left", maintain_order="left")


def _refuse_twice(passed: _Passed) -> None:
    twice = passed.identities.twice()
    if twice:
        raise ResponseMalformed(
            f"{passed.held.key(twice.nth)} {twice.period_start}",
            found=f"{twice.times} observations that share their key",
            expected="each series and period once",
            next_step="look at the raw response; a dimension may be missing from the key",
        )


def _conformed(cube: Cube, hints: Hints, passed: _Passed) -> pl.DataFrame:
    """The observations of one cube; what it says of series, periods and keys goes to what has `passed`."""
    frame = complete(cube, hints)
    _refuse_names(frame)
    own = of_series(cube, hints, frame)
    told = [name for name in SAID if name in frame.columns and name not in cube.dimensions]
    level = [*cube.dimensions, *told, *own]
    same = Runs(frame, level)
    refuse_gaps(same.heads, cube)
    freqs = same.heads["freq"].unique() if "freq" in level else pl.Series(dtype=pl.String)
    spans = passed.calendar.spans(frame, freqs.to_list())
    if "freq" not in told and not (freqs.len() and freqs.str.contains(_CODE).all()):
        same = Runs(frame.with_columns(spans.column("period_freq").alias(_FREQ)), [*level, _FREQ])
    heads = _heads(same.heads, cube, own)
    first = passed.held.meet(heads)
    attributes = [frame[name] for name in of_observations(cube, frame, own)] + _differing(heads, first, same, told, own)
    observations = _observations(frame, cube, same.spread(heads["series_key"]), spans, attributes)
    passed.identities.meet(same, first["nth"], spans, observations)
    return observations


def _refuse_names(frame: pl.DataFrame) -> None:
    """What would be taken for a pattern, or for a column that is only ours while we work."""
    odd = [name for name in frame.columns if PATTERN.fullmatch(name) or name.startswith(":")]
    if odd:
        raise ResponseMalformed(
            "the components of the response",
            found=f"{odd}",
            expected="names of dimensions and attributes",
            next_step="look at the raw response; if its provider means it, rename them by a quirk",
        )


def _heads(heads: pl.DataFrame, cube: Cube, own: list[str]) -> pl.DataFrame:
    """What each run says of its series, in the columns of `Held`."""
    dimensions = pl.struct(pl.col(cube.dimensions).cast(pl.String)).struct.json_encode()
    key = pl.concat_str(cube.dimensions, separator=".")
    return heads.select(
        (key if cube.dimensions else pl.lit("_Z")).alias("series_key"),
        (dimensions if cube.dimensions else pl.lit("{}")).alias("dimensions"),
        pl.lit(cube.agency_id).alias("agency_id"),
        pl.lit(cube.dataflow_id).alias("dataflow_id"),
        stated(heads[_FREQ if _FREQ in heads.columns else "freq"]).alias("freq"),
        *(_said(heads[name]) for name in SAID if name in heads.columns and name != "freq"),
        *(stated(heads[name]).alias(f"{ATTRIBUTE}{name}") for name in own),
    )


def _said(given: pl.Series) -> pl.Series:
    return integers(given) if given.name in ("unit_mult", "decimals") else stated(given)


def _differing(
    heads: pl.DataFrame, first: pl.DataFrame, same: Runs, told: list[str], own: list[str]
) -> list[pl.Series]:
    """What observations say of their series that is not what was said first."""
    names = ("agency_id", "dataflow_id", *told, *(f"{ATTRIBUTE}{name}" for name in own))
    other = heads.select((pl.col(name) != first[name]).fill_null(value=False) for name in names)
    columns = []
    for name, any_other in other.select(pl.all().any()).row(0, named=True).items():
        if any_other:
            said = heads[name].cast(pl.String).set(~other[name], None)
            columns.append(same.spread(said).alias(name.removeprefix(ATTRIBUTE)))
    return columns


def _observations(
    frame: pl.DataFrame, cube: Cube, keys: pl.Series, spans: Spans, attributes: list[pl.Series]
) -> pl.DataFrame:
    return frame.select(
        keys.alias("series_key"),
        "time_period",
        spans.column("period_start"),
        spans.column("period_end"),
        figures(frame["obs_value"], keys, frame["time_period"]).alias("obs_value"),
        *(_text(frame, name) for name in ("obs_status", "conf_status", "comment_obs")),
        _lit("obs_attributes", _attributes(attributes)),
        pl.col("released_at").cast(UTC) if "released_at" in frame.columns else _lit("released_at", cube.released_at),
        pl.col("action").cast(ACTION) if "action" in frame.columns else _lit("action", "replace"),
    )


def _text(frame: pl.DataFrame, name: str) -> pl.Series | pl.Expr:
    """A column that says nothing takes no memory."""
    silent = name not in frame.columns or frame[name].null_count() == frame.height
    return _lit(name, None) if silent else stated(frame[name])


def _attributes(given: list[pl.Series]) -> pl.Series | None:
    """What is said of single observations as JSON, worked out once where it is said of many in a row."""
    if not given:
        return None
    said = Runs(pl.DataFrame({column.name: column for column in given}), [column.name for column in given])
    return said.spread(members(said.heads))


def _lit(name: str, said: object) -> pl.Expr:
    return pl.lit(said, OBSERVATION_SCHEMA[name]).alias(name)
