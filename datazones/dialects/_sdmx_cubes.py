"""From what an SDMX-ML data set sent to cubes: groups and series spread over their observations."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import polars as pl

from datazones.dialects._sdmx_concepts import cube_of
from datazones.dialects._sdmx_envelope import TIME, Footer, Head
from datazones.dialects._sdmx_groups import grouped, with_groups
from datazones.dialects._sdmx_sent import AT_OBSERVATION, SERIES, VALUE, Sent, unpacked
from datazones.dialects._sdmx_structure import Structure, measure_in, seen_in, structure_in
from datazones.dialects._wire import malformed
from datazones.model import Cube, Hints

FOOTER = "FOOTER"
"""Attribute under which a remark of the provider about the whole message is kept with its series."""


def cubes_of(sent: Sent, head: Head, footers: Sequence[Footer], hints: Hints) -> Iterator[Cube]:
    """One cube for each part that has observations."""
    described = head.described
    aside = hints.aside.get("structure")
    structure = structure_in(aside, described) if aside else seen_in(sent, described)
    ids = {
        AT_OBSERVATION: described.dimension_at_observation,
        structure.time: TIME,
        _measure(sent, head, structure): VALUE,
    }
    whole = head.attributes | sent.attributes | ({FOOTER: "; ".join(map(str, footers))} if footers else {})
    groups = grouped(sent.groups, (*structure.dimensions, structure.time))
    for part in sent.parts:
        _refuse_whole_series(part.series, part.observations, head)
        observations = unpacked(part.observations).rename(ids, strict=False)
        if not observations.height:
            continue
        series, later = with_groups(part.series.rename(ids, strict=False), groups)
        frame, _ = with_groups(_spread(series, observations), later)
        unsaid = [name for name in whole if name not in frame.columns]
        yield cube_of(
            frame.with_columns(pl.lit(whole[name]).alias(name) for name in unsaid),
            structure.dimensions,
            of_series={*frame.columns, *unsaid} - set(observations.columns),
            names=(described.agency_id, described.dataflow_id or hints.dataflow_id or described.structure_id),
            hints=hints,
            action=head.action,
            released_at=head.released_at,
        )


def _measure(sent: Sent, head: Head, structure: Structure) -> str:
    """The id under which figures were sent; observations without any must be known to have none."""
    measure = measure_in(sent, structure.measure) or structure.measure
    if measure is None and head.action != "delete" and any(part.observations.height for part in sent.parts):
        columns = next(part.observations.columns for part in sent.parts if part.observations.height)
        raise malformed(
            "SDMX-ML data set",
            found=f"observations of {columns}",
            expected=f"a figure under {VALUE}, or the structure message of the flow that says where it is",
        )
    return measure or VALUE


def _refuse_whole_series(series: pl.DataFrame, observations: pl.DataFrame, head: Head) -> None:
    used = observations[SERIES].n_unique() if SERIES in observations.columns else 0
    if head.action == "delete" and used < series.height:
        raise malformed(
            "SDMX-ML data set",
            found="a series to be deleted as a whole",
            expected="the observations that are deleted, one by one",
        )


def _spread(series: pl.DataFrame, observations: pl.DataFrame) -> pl.DataFrame:
    """Observations with what was said of their series; what an observation says itself comes first."""
    if SERIES not in observations.columns:
        return observations
    of_series = series[observations[SERIES]]
    both = [name for name in series.columns if name in observations.columns]
    spoken = [pl.coalesce(observations[name], of_series[name]).alias(name) for name in both]
    return observations.drop(SERIES).with_columns(spoken).hstack(of_series.drop(both))
