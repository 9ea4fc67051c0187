"""The numbered SQL that makes a warehouse, and the comments that a BI tool shows beside its columns."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import resources

import duckdb

from datazones.columns import OBSERVATION, SERIES

PUBLISHED = (
    *("zone", "feed", "series", "vintage", "latest", "superseded", "coverage", "sighting", "load_log"),
    *("restatement", "restated", "quarantine"),
)
"""The tables of a warehouse, in the order they are written."""

DESCRIBED = ("zone", "feed")
"""Those that say what the catalogue says today."""

SORTED_BY = {
    "series": "series_id",
    "vintage": "vintage_id",
    "latest": "series_id, period_start, period_end",
    "superseded": "series_id, period_start, period_end, known_from, superseded_by",
    "coverage": "vintage_id, series_id",
    "sighting": "vintage_id, series_id, period_start, period_end",
    "load_log": "load_id",
    "restatement": "load_id",
    "quarantine": "quarantine_id",
}
"""How a published table lies: by series and period, so that one series is few blocks."""


def keys_of(table: str) -> list[str]:
    """What tells the rows of a table from one another, and how it lies; nothing where that takes all of a row."""
    return SORTED_BY[table].split(", ") if table in SORTED_BY else []


DOCS = {
    "zone_id": "the zone this warehouse belongs to",
    "name_en": "the zone's English name",
    "name_zh": "the zone's Chinese name",
    "timezone": "the zone's IANA time zone",
    "owner": "who answers for the zone",
    "feed_id": "the feed that brought it",
    "licence": "the terms on which the provider gives its figures",
    "attribution": "what to cite",
    "terms": "the provider's page on those terms",
    "corrections": "the corrections declared for this feed, as JSON; read them through the view correction",
    "correction_id": "the correction, as obs_attributes of what it corrected names it",
    "cause": "why it is so, and where one sees it",
    "declared_on": "the day on which it was declared",
    "breaks": "the breaks declared for this feed, as JSON; read them through the view series_break",
    "renames": "the renames declared for this feed, as JSON; read them through the view series_rename",
    "statuses": "what each status flag of the provider means, as JSON; read them through the view observation_status",
    "cl_obs_status": "its flags as codes of SDMX's CL_OBS_STATUS, in their order; null: one of them is not known",
    "meaning": "the same in words",
    "segment": "number of the stretch of its series in which unit, multiplier and base period are the same",
    "segment_before": "the segment that it follows",
    "since": "from when on it is so (UTC)",
    "unit_measure_before": "the unit of measure before the break",
    "unit_mult_before": "the power of ten before the break",
    "base_per_before": "the base period before the break",
    "former_key": "the key that the provider gave the series before",
    "now_key": "the key under which the series stands now, after all renames",
    "found": "the figure that the provider publishes there",
    "corrected": "the figure that is loaded in its place; null: none",
    "docs": "the provider's page on this dataflow",
    "series_id": "number of the series in this warehouse",
    "vintage_id": "the landed state of the feed that said so",
    "load_id": "the load that brought it",
    "known_at": "when this state became known (UTC): the release if the provider says when, else our retrieval",
    "retrieved_at": "when we received it (UTC)",
    "observations": "observations in this vintage",
    "added": "observations that were not held, or held without a figure",
    "revised": "observations held with another figure or flag",
    "withdrawn": "observations held that are no longer given",
    "ignored": "observations that differ by no more than the declared tolerance",
    "known_from": "since when this is what is known (UTC, inclusive)",
    "known_to": "until when this was what is known (UTC, exclusive); null: still",
    "superseded_by": "the vintage that revised or withdrew it",
    "change": "revised, filled (a missing figure came), withdrawn, break (the unit changed), or added",
    "obs_value_before": "the figure before the change",
    "obs_value_after": "the figure after the change; null if withdrawn",
    "content": "a hash of all that this vintage says, by which a repetition is known",
    "first_start": "first day of the first period that the vintage gave of the series",
    "last_start": "first day of the last period that the vintage gave of the series",
    "absent_from": "from this day on absence means withdrawal; null: absence says nothing",
    "absent_to": "up to this day, exclusive, absence means withdrawal",
    "sparse": "true if it left out most of what was held in this span: then what it gave is told, not what it left out",
    "said": "ignored (within tolerance), same (given as held, in a sparse vintage), nothing (held, not given, not "
    "withdrawn) or vacant (taken back, not held)",
    "revisions": "how often a figure or flag of the series was revised",
    "mean_revision": "mean of the figure known now less the first one",
    "mean_absolute_revision": "mean of the same without its sign",
    "bias": "mean over mean absolute revision: 1 always upwards, -1 always downwards",
    "share_revised": "share of the observations whose figure known now is not the first one",
    "days_to_final": "mean days from the first figure to the one known now, where they differ",
    "slot": "the due run that loaded it (UTC)",
    "loaded_at": "when it was loaded (UTC)",
    "answers": "the raw answers it read, as JSON: digest, request, part, size, retrieval",
    "restated_by": "the load_id of the last restatement that corrected what we had read in it; null: none did",
    "restated_at": "when we corrected our reading (UTC)",
    "reason": "what was wrong with our reading",
    "code_version": "the version of Datazones that read it anew",
    "obs_status_after": "the status after the change",
    "revised_by": "provider, or datazones where we corrected our own reading",
    "declared": "how the feed had its answers read and compared then, as JSON; null: not written down",
    "quarantine_id": "number of the row in quarantine",
    "rule": "the rules that it broke",
    "complaint": "what was wrong with it, in words",
    "raw_digest": "sha256 of the raw answer that it came in; null: not found again",
    "raw_place": "which observation of that answer it is, in the order of reading, from 1",
    "set_aside_at": "when it was set aside (UTC)",
    "decision": "waiting, released (it is what is known) or rejected",
    "decided_by": "who decided",
    "because": "why",
    "decided_at": "when it was decided (UTC)",
    "decided_load": "the last load before the decision",
    "number": "the number of the last script of the layout",
    "gb2260": "the zone's GB/T 2260 division code",
    "state": "how the zone stands: current, late, held, missing or refused; a hub takes its snapshot where it has one",
    "generation": "which published snapshot of the zone was taken; null: none",
    "snapshot_id": "the content of that snapshot",
    "as_of": "when it was published (UTC)",
    "feeds": "the feeds that the zone shares",
    "told_by": "how many zones tell this series",
    "otherwise": "how many of them tell other figures",
    "mart_id": "the name of the table",
    "about": "what it is",
    "sql_sha256": "the sha256 of the SQL that it is made by",
} | {column.name: column.doc for column in (*OBSERVATION, *SERIES)}
"""What each column says, shown beside it by BI tools. A title of a feed is what the feed collects."""


def scripts() -> list[tuple[int, str]]:
    """Every numbered script, oldest first: number and text."""
    folder = resources.files(__package__) / "sql"
    found = sorted((entry for entry in folder.iterdir() if entry.name.endswith(".sql")), key=lambda entry: entry.name)
    return [(int(entry.name[:4]), entry.read_text(encoding="utf-8")) for entry in found]


def newest() -> int:
    """The number of today's layout."""
    return scripts()[-1][0]


def create(connection: duckdb.DuckDBPyConnection, *, after: int = 0) -> None:
    """A warehouse of today's layout in the database in use: an empty one, or one of the layout `after` brought on."""
    connection.execute("BEGIN")  # one commit, not one for every statement
    for number, script in scripts():
        if number > after:
            connection.execute(script)
    connection.execute("DELETE FROM layout")
    connection.execute(f"INSERT INTO layout VALUES ({newest()})")
    connection.execute("COMMIT")


def explain(connection: duckdb.DuckDBPyConnection, own: Mapping[tuple[str, str], str] | None = None) -> None:
    """Let every column of every table and view say inside the file what it holds; for files that are published.

    `own` says it of single columns, by table and name, where they say something of their own.
    """
    columns = connection.execute(
        "SELECT table_name, column_name FROM duckdb_columns() WHERE database_name = current_database() AND NOT internal"
    ).fetchall()
    comments = (
        "COMMENT ON COLUMN {}.\"{}\" IS '{}'".format(table, column, said.replace("'", "''"))
        for table, column in columns
        for said in [(own or {}).get((table, column)) or DOCS[column]]
    )
    connection.execute("; ".join(["BEGIN", *comments, "COMMIT"]))
