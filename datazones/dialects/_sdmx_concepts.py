"""From the ids a provider gave its components to the columns of a cube."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

import polars as pl

from datazones.codes import UNKNOWN
from datazones.columns import OBSERVATION_SCHEMA, SERIES_SCHEMA
from datazones.dialects._wire import malformed
from datazones.model import Cube, Hints

ALIASES: Mapping[str, tuple[str, ...]] = {
    "obs_status": ("obs_flag",),
    "conf_status": ("obs_conf", "conf_status_obs"),
    "comment_obs": ("obs_com", "obs_comment"),
    "freq": ("frequency",),
    "ref_area": ("geo", "location", "country"),
    "unit_measure": ("unit",),
    "unit_mult": ("unit_multiplier", "powercode"),
    "decimals": ("decimals_displayed",),
    "base_per": ("base_period", "base_year", "referenceperiod"),
    "adjustment": ("seasonal_adjust", "seasonal_adjustment", "s_adj"),
    "title": ("series_name",),
}
"""What else providers call a concept. The IMF's SCALE is none of these: its figures are in units already."""

_READ = {"time_period", "obs_value", *ALIASES}
_OURS = {*OBSERVATION_SCHEMA, *SERIES_SCHEMA} - _READ
"""Columns that are ours alone; a provider's component of that name is given a '_' behind it."""

_MISSING = ("NaN", "")


def cube_of(
    frame: pl.DataFrame,
    dimensions: Sequence[str],
    *,
    of_series: Collection[str],
    names: tuple[str | None, str | None],
    hints: Hints,
    action: str,
    released_at: datetime | None,
    roles: Mapping[str, str] | None = None,
) -> Cube:
    """A cube of a frame whose columns are component ids, with the figure in OBS_VALUE and the period in TIME_PERIOD.

    `of_series` are the attributes that belong to series, `names` agency and dataflow as far as the response gives
    them, `roles` the concept of a component where the response says it.
    """
    keys = tuple(_lowered(name) for name in dimensions)
    aliases = _aliases({_lowered(name): concept.lower() for name, concept in (roles or {}).items()})
    frame = _conceptual(_figured(_renamed(frame)), keys, aliases)
    if action == "delete":
        frame = frame.with_columns(pl.lit(action).alias("action"))
    ours = {_lowered(name) for name in of_series} - _READ - set(keys)
    return Cube(
        frame=frame,
        dimensions=keys,
        agency_id=names[0] or hints.agency_id or UNKNOWN,
        dataflow_id=names[1] or hints.dataflow_id or UNKNOWN,
        series_attributes=tuple(name for name in frame.columns if name in ours),
        released_at=released_at,
    )


def _lowered(name: str) -> str:
    lower = name.lower()
    return f"{lower}_" if lower in _OURS else lower


def _renamed(frame: pl.DataFrame) -> pl.DataFrame:
    lowered = [_lowered(name) for name in frame.columns]
    if len(set(lowered)) < len(lowered):
        raise malformed("SDMX components", found=f"the ids {frame.columns}", expected="ids that differ in lower case")
    return frame.rename(dict(zip(frame.columns, lowered, strict=True)))


def _figured(frame: pl.DataFrame) -> pl.DataFrame:
    """With a column of figures, null where the provider says that there is none."""
    if "obs_value" not in frame.columns:
        return frame.with_columns(pl.lit(None, pl.String).alias("obs_value"))
    if frame["obs_value"].dtype != pl.String:
        return frame
    return frame.with_columns(pl.col("obs_value").replace(_MISSING, None))


def _aliases(roles: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """The aliases of each concept, those first that the response itself declares."""
    return {
        concept: tuple(
            dict.fromkeys((*(name for name, role in roles.items() if role == concept and name != concept), *others))
        )
        for concept, others in ALIASES.items()
    }


def _conceptual(frame: pl.DataFrame, keys: Sequence[str], aliases: Mapping[str, Sequence[str]]) -> pl.DataFrame:
    """With the columns of our concepts: attributes are renamed, dimensions keep their id and are copied."""
    for concept, others in aliases.items():
        given = [name for name in (concept, *others) if name in frame.columns]
        if concept in keys or given in ([], [concept]):
            continue
        if len(given) == 1 and given[0] not in keys:
            frame = frame.rename({given[0]: concept})
            continue
        frame = frame.with_columns(pl.coalesce(given).alias(concept))
        for name in given:
            if name != concept and name not in keys:
                frame = _without_repetition(frame, name, concept)
    return frame


def _without_repetition(frame: pl.DataFrame, name: str, concept: str) -> pl.DataFrame:
    """An alias stays beside its concept only where it says something else."""
    differing = pl.when(pl.col(name).ne_missing(pl.col(concept))).then(pl.col(name)).alias(name)
    frame = frame.with_columns(differing)
    return frame.drop(name) if frame[name].null_count() == frame.height else frame
