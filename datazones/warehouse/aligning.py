"""What comes laid beside what is held, where both say the same of most: `unlike` without joining all with all.

A vintage that revises one observation in a hundred repeats all others. In a batch of files every series and first day
has a place of its own; what is held is put at its places, and what comes looks there. Only what is found there and says
exactly the same is left out: whatever has no place, shares it, or says anything else stays in `unlike`, which is then
compared in full. So in which order either lies is of no account, and no hash stands for what is said.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from threading import Lock
from typing import NamedTuple

import duckdb
import numpy as np
import polars as pl

from datazones.warehouse.arriving import ATTRIBUTES, silent
from datazones.warehouse.connecting import literal, one

WORTHWHILE = 1 << 18
"""Of fewer observations joining all with all takes no longer."""

ROWS = 1 << 19
"""Observations of one batch, if no file has more: each takes some two hundred bytes while it is laid out."""

BESIDE = 2
"""Batches that are laid out at a time: one is read while another one is compared."""

PLACES = 4
"""Places, or held observations, for each one of a batch beyond which a join is cheaper: its series have few days in
common, or it gives little of them."""

FEW = 1 << 16
"""So many are no matter."""

AGAIN = 2
"""How often what is held may be gone through before a join is cheaper: the files do not go series by series."""

_NONE = -1

Numbers = np.ndarray[tuple[int], np.dtype[np.signedinteger]]


class _Batch(NamedTuple):
    """Some files, one after another, with the held series whose rows they give, and how many rows of each in a row."""

    files: list[str]
    series: Numbers
    given: Numbers


class _Laying(NamedTuple):
    """What all batches need: a connection to take in turn, the first series that is new, and the attributes in use."""

    connection: duckdb.DuckDBPyConnection
    turn: Lock
    new_from: int
    attributes: list[str]


def lay(connection: duckdb.DuckDBPyConnection, files: Sequence[str], new_from: int) -> bool:
    """Make `unlike` of files that give one vintage: all of series before `new_from`, but what is held exactly so.

    False, and nothing is made, where a join has to do it: few observations, deletions among them, rows of a vintage
    that is no news, files that do not go series by series, series that have few days in common.
    """
    strands = pl.DataFrame(
        connection.sql("SELECT file, first_row, given, series_id, action FROM strand ORDER BY file, first_row")
    )
    held = strands.filter(pl.col("series_id") < new_from)
    if held["given"].sum() < WORTHWHILE or not _in_rows(strands):
        return False
    batches = _batches(strands, files)
    if sum(_span(batch.series[batch.series < new_from]) for batch in batches) > AGAIN * held["series_id"].n_unique():
        return False
    laying = _Laying(connection, Lock(), new_from, _used(connection, files))
    spill, threads = connection.execute(
        "SELECT current_setting('temp_directory'), current_setting('threads')"
    ).fetchone() or (None, 1)
    with tempfile.TemporaryDirectory(dir=spill) as folder:
        into = [Path(folder) / f"{nth:05}.parquet" for nth in range(len(batches))]
        with ThreadPoolExecutor(min(threads, BESIDE)) as beside:
            done = all(beside.map(partial(_lay_out, laying), batches, into))
        if done:
            unused = "".join(f", NULL::VARCHAR AS {name}" for name in ATTRIBUTES if name not in laying.attributes)
            found = ", ".join(map(literal, into))
            connection.execute(f"CREATE OR REPLACE TEMP TABLE unlike AS SELECT *{unused} FROM read_parquet([{found}])")
    return done


def _in_rows(strands: pl.DataFrame) -> bool:
    """Whether each strand is one run of rows, and all are replaced.

    So it is if each begins where the ones before it would end: to the last one of a file all rows from its first one
    on are left, which are as many as it has, then to the one before it, and so on.
    """
    ends = pl.col("given").cum_sum().over("file")
    told = (pl.col("first_row") == ends - pl.col("given")).all() & (pl.col("action") == "replace").all()
    return bool(strands.select(told).item())


def _batches(strands: pl.DataFrame, files: Sequence[str]) -> list[_Batch]:
    """The files, as many at a time as have so many rows."""
    sized = strands.group_by("file", maintain_order=True).agg(pl.col("given").sum())
    nth = sized.select("file", ((pl.col("given").cum_sum() - 1) // ROWS).alias("batch"))
    return [
        _Batch([files[file] for file in of["file"].unique(maintain_order=True)], *_told(of))
        for of in strands.join(nth, on="file", how="left", maintain_order="left").partition_by("batch")
    ]


def _told(strands: pl.DataFrame) -> tuple[Numbers, Numbers]:
    return strands["series_id"].to_numpy(), strands["given"].to_numpy()


def _span(series: Numbers) -> int:
    """How many series lie between the first and the last one."""
    return int(series.max() - series.min()) + 1 if len(series) else 0


def _used(connection: duckdb.DuckDBPyConnection, files: Sequence[str]) -> list[str]:
    """The attributes that are not null everywhere, neither among what comes nor among what is held."""
    found = connection.execute(
        """
        SELECT path_in_schema FROM parquet_metadata(?)
        GROUP BY ALL HAVING bool_or(stats_null_count IS DISTINCT FROM num_values)
        """,
        [list(files)],
    ).fetchall()
    coming = {name for (name,) in found}
    unheld = silent(connection)
    return [name for name in ATTRIBUTES if name in coming or name not in unheld]


def _lay_out(laying: _Laying, batch: _Batch, into: Path) -> bool:
    """Write what is unlike in one batch; False if it is none to be laid out."""
    said = ["period_end", "obs_value", *laying.attributes]
    names = ["time_period", "period_start", *said]
    new = pl.read_parquet(batch.files, columns=names, glob=False)
    series, given = batch.series, batch.given
    if new.height != given.sum():
        return False
    known = series < laying.new_from
    if not known.all():
        new = new.filter(np.repeat(known, given))
        series, given = series[known], given[known]
    days = new["period_start"].to_physical().to_numpy()
    unlike = np.arange(new.height)
    if new.height:
        held = _held(laying, said, series, days)
        found = _found(series, given, days, held) if held is not None else None
        if held is None or found is None:
            return False
        unlike = (~_alike(new, held, found, said)).arg_true().to_numpy()
    of_row = pl.Series("series_id", series[np.searchsorted(np.cumsum(given), unlike, side="right")])
    new[unlike].select(of_row, *names).write_parquet(into, compression="lz4")
    return True


def _held(laying: _Laying, said: Sequence[str], series: Numbers, days: Numbers) -> pl.DataFrame | None:
    """What is held between the first and the last of these series and days; None if that is much more than comes."""
    within = (
        f"series_id BETWEEN {series.min()} AND {series.max()} "
        f"AND period_start BETWEEN DATE '1970-01-01' + {days.min()} AND DATE '1970-01-01' + {days.max()}"
    )
    names = ", ".join(("series_id", "period_start", *said))
    with laying.turn:
        if one(laying.connection, f"SELECT count(*) FROM latest WHERE {within}") > max(PLACES * len(days), FEW):
            return None
        return pl.DataFrame(laying.connection.sql(f"SELECT {names} FROM latest WHERE {within}"))


def _found(series: Numbers, given: Numbers, days: Numbers, held: pl.DataFrame) -> Numbers | None:
    """The held row at the place of every new one, -1 where there is none; None if there would be too many places.

    Of each of the `series` so many rows are `given`, one after another.
    """
    of_series, many = _ranks(series)
    of_day, wide = _ranks(days)
    if many * wide > max(PLACES * len(days), FEW):
        return None
    of_series *= wide
    held_days = held["period_start"].to_physical().to_numpy()
    lies = np.full(many * wide, _NONE, np.int32)
    places = of_series[held["series_id"].to_numpy() - series.min()]
    places += of_day[held_days - days.min()]
    lies[places] = np.arange(held.height, dtype=np.int32)
    places = np.repeat(of_series[series - series.min()], given)
    places += of_day[days - days.min()]
    found: Numbers = lies[places]
    return found


def _ranks(numbers: Numbers) -> tuple[Numbers, int]:
    """By their distance from the least: the rank of each number, and of all that are not among them the last one; and
    how many ranks there are."""
    low = numbers.min()
    there = np.zeros(numbers.max() - low + 1, np.bool_)
    there[numbers - low] = True
    ranks = np.cumsum(there, dtype=np.int32) - np.int32(1)
    others = ranks[-1] + np.int32(1)
    ranks[~there] = others
    return ranks, int(others) + 1


def _alike(new: pl.DataFrame, held: pl.DataFrame, found: Numbers, names: Sequence[str]) -> pl.Series:
    """Whether every new row says in these columns exactly what the held row that was found for it says."""
    if not held.height:
        return pl.repeat(value=False, n=new.height, eager=True)
    alike, beside = pl.Series(found >= 0), pl.Series(np.maximum(found, 0).view(np.uint32))
    for name in names:
        alike &= held[name].gather(beside).eq_missing(new[name])
    return alike
