"""The figures of a candidate as Parquet files, for readers without DuckDB: the same rows give the same bytes.

A table is one file while it is small. A larger one is cut by feed, a large feed by decade, its newest decade by year,
and a very large one by year throughout: so what a new vintage brings changes few files, and a reader of few years
opens few. Within a file rows lie by series and period. What the parent has in a file that says the same is not made
again: a file is a function of its rows alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import date
from hashlib import file_digest
from pathlib import Path
from shutil import rmtree

import duckdb
import polars as pl

from datazones.lacking import told
from datazones.model import Part
from datazones.warehouse import schema
from datazones.warehouse.connecting import literal
from datazones.warehouse.fingerprinting import CUT, Content, Fingerprint, vacant

WHOLE = ("feed", "series", "vintage")
"""The tables without which figures say nothing."""

SMALL = 1 << 16
"""A table of fewer rows is one file, whatever is in it."""

BY_DECADE, BY_YEAR = 1 << 17, 1 << 22
"""From so many rows of a feed in a table on it is cut by decade, the newest one by year; and by year throughout."""

HANDS = 2
"""So many batches of files are made at once: most of the way from rows to a file is one thread's."""

GATHERED = 1 << 21
"""So many rows are in memory at once for each hand; a file of more is written row group by row group."""

ROW_GROUP = 122_880
"""Rows that a reader can pass over by their least and greatest series and period."""


@dataclass(frozen=True, slots=True)
class Cut:
    """One file to be: its name, its table, and its rows: all, or those of a feed, or those of some of its years."""

    name: str
    table: str
    feed_id: str | None = None
    years: tuple[int, int] | None = None


def cuts(content: Content) -> Iterator[tuple[Cut, Fingerprint]]:
    """The files of a table and what their rows say; a table without rows has none.

    Names are those of a Hive-partitioned data set: `latest/feed_id=gdp/decade=2010/part.parquet`.
    """
    if content.rows and (content.name not in CUT or content.rows < SMALL):
        yield Cut(f"{content.name}.parquet", content.name), Fingerprint.of(content.places.values())
    elif content.rows:
        by_feed: dict[str, dict[int, Fingerprint]] = {}
        for place, found in content.places.items():
            feed_id, year = place or ("", 0)
            by_feed.setdefault(feed_id, {})[year] = found
        for feed_id in sorted(by_feed):
            yield from _of_feed(content.name, feed_id, by_feed[feed_id])


def _of_feed(table: str, feed_id: str, years: Mapping[int, Fingerprint]) -> Iterator[tuple[Cut, Fingerprint]]:
    rows, folder = sum(found.rows for found in years.values()), f"{table}/feed_id={feed_id}"
    if rows < BY_DECADE:
        yield Cut(f"{folder}/part.parquet", table, feed_id), Fingerprint.of(years.values())
        return
    by_year_from = min(years) if rows >= BY_YEAR else max(years) // 10 * 10
    for word, first, last in _spans(min(years), max(years), by_year_from):
        found = Fingerprint.of(years[year] for year in range(first, last + 1) if year in years)
        if found.rows:
            yield Cut(f"{folder}/{word}={first}/part.parquet", table, feed_id, (first, last)), found


def _spans(first: int, last: int, by_year_from: int) -> Iterator[tuple[str, int, int]]:
    for decade in range(first // 10 * 10, by_year_from // 10 * 10, 10):
        yield "decade", decade, decade + 9
    for year in range(by_year_from, last + 1):
        yield "year", year, year


def write_parts(
    connection: duckdb.DuckDBPyConnection,
    database: str,
    contents: Mapping[str, Content],
    into: Path,
    held: Sequence[Part] = (),
) -> tuple[Part, ...]:
    """The Parquet files of an attached database in the folder `into`, which is emptied first. Tables that only hubs
    have are each one file.

    One that says the same as one of the same name that is `held` already is not made. Each hand has a cursor of its
    own, so that the connection may be asked for something else meanwhile.
    """
    rmtree(into, ignore_errors=True)
    into.mkdir(parents=True)
    said = {(part.name, part.content): part for part in held}
    wanted = [
        (cut, found.rows, contents[table].digest(found))
        for table in (*WHOLE, *CUT, *(name for name in contents if name not in schema.PUBLISHED))
        for cut, found in cuts(contents[table])
    ]
    fresh = [(cut, rows) for cut, rows, digest in wanted if (cut.name, digest) not in said]

    def write(gathered: tuple[list[Cut], int]) -> list[Part]:
        batch, rows = gathered
        columns = contents[batch[0].table].columns
        with connection.cursor() as own:
            if rows > GATHERED:
                return [_streamed(own, database, batch[0], columns, into)]
            return list(_write(own, database, batch, columns, into))

    with ThreadPoolExecutor(HANDS) as hands:
        made = {part.name: part for parts in hands.map(write, _batches(fresh)) for part in parts}
    return tuple(
        replace(made[cut.name], content=digest) if cut.name in made else said[cut.name, digest]
        for cut, _, digest in wanted
    )


def _batches(sized: Iterable[tuple[Cut, int]]) -> Iterator[tuple[list[Cut], int]]:
    """Neighbours of one feed that are read at once, and how many rows they have; of more than GATHERED, one."""
    batch: list[Cut] = []
    rows = 0
    for cut, count in sized:
        if batch and (rows + count > GATHERED or (cut.table, cut.feed_id) != (batch[0].table, batch[0].feed_id)):
            yield batch, rows
            batch, rows = [], 0
        batch, rows = [*batch, cut], rows + count
    if batch:
        yield batch, rows


def _write(
    connection: duckdb.DuckDBPyConnection,
    database: str,
    batch: list[Cut],
    columns: tuple[tuple[str, str], ...],
    into: Path,
) -> Iterator[Part]:
    table = batch[0].table
    rows = _rows(connection, database, batch)
    empty = sorted(vacant(connection, rows, columns))
    frame = _in_order(_frame(connection, rows, empty), table)
    for cut in batch:
        path = into / cut.name
        path.parent.mkdir(parents=True, exist_ok=True)
        mine = frame.filter(_within(cut.years)) if cut.years and len(batch) > 1 else frame
        mine = mine.with_columns(pl.lit(None, pl.String).alias(name) for name in empty).select(n for n, _ in columns)
        with told(into):
            mine.write_parquet(path, compression="zstd", compression_level=1, row_group_size=ROW_GROUP)
        yield Part(cut.name, str(path), path.stat().st_size, sha256_of(path), cut.table, mine.height)


def _streamed(
    connection: duckdb.DuckDBPyConnection, database: str, cut: Cut, columns: tuple[tuple[str, str], ...], into: Path
) -> Part:
    """One file of rows that DuckDB sorts, within its memory, and hands over group by group."""
    from pyarrow import parquet  # type: ignore[import-untyped]  # it comes without types; few zones need it

    path, count = into / cut.name, 0
    path.parent.mkdir(parents=True, exist_ok=True)
    order = ", ".join([*schema.keys_of(cut.table), *(name for name, _ in columns)])
    rows = connection.execute(f"SELECT * {_rows(connection, database, [cut])} ORDER BY {order}")
    groups = rows.to_arrow_reader(ROW_GROUP)
    with told(into), parquet.ParquetWriter(path, groups.schema, compression="zstd", compression_level=1) as writer:
        for group in groups:
            writer.write_batch(group, row_group_size=ROW_GROUP)
            count += group.num_rows
    return Part(cut.name, str(path), path.stat().st_size, sha256_of(path), cut.table, count)


def sha256_of(path: Path) -> str:
    """Of the bytes of a file."""
    with path.open("rb") as built:
        return file_digest(built, "sha256").hexdigest()


def _frame(connection: duckdb.DuckDBPyConnection, rows: str, without: list[str]) -> pl.DataFrame:
    wanted = f"* EXCLUDE ({', '.join(without)})" if without else "*"
    return pl.DataFrame(connection.sql(f"SELECT {wanted} FROM ({rows})")).rechunk()


def _rows(connection: duckdb.DuckDBPyConnection, database: str, batch: list[Cut]) -> str:
    first, last = batch[0], batch[-1]
    said = [_of_series(connection, database, first.feed_id)] if first.feed_id is not None else []
    said += [between((first.years[0], last.years[1]))] if first.years and last.years else []
    return f"FROM {database}.{first.table}" + (f" WHERE {' AND '.join(said)}" if said else "")


def _of_series(connection: duckdb.DuckDBPyConnection, database: str, feed_id: str) -> str:
    """The series of a feed, as SQL. Loads number them one after the other, and a span of numbers keeps rows in order;
    those of later loads lie apart."""
    mine = f"FROM {database}.series WHERE feed_id = {literal(feed_id)}"
    row = connection.execute(f"SELECT min(series_id), max(series_id), count(*) {mine}").fetchone()
    first, last, count = row or (0, 0, 0)
    if last - first + 1 == count:
        return f"series_id BETWEEN {first} AND {last}"
    return f"series_id IN (SELECT series_id {mine})"


def _in_order(frame: pl.DataFrame, table: str) -> pl.DataFrame:
    """Sorted as the table lies; to look is cheaper than to sort what is sorted. Rows of one key, if there were any,
    are told apart by all that they say."""
    keys = schema.keys_of(table)
    before = pl.lit(value=True)
    for key in reversed(keys):
        one, other = pl.col(key), pl.col(key).shift(1)
        before = (one < other) | ((one == other) & before)
    return frame.sort([*keys, *frame.columns]) if frame.select(before.any()).item() else frame


def between(years: tuple[int, int]) -> str:
    """Of these years, as SQL."""
    first, last = (literal(day.isoformat()) for day in _days(years))
    return f"period_start BETWEEN {first} AND {last}"


def _within(years: tuple[int, int]) -> pl.Expr:
    return pl.col("period_start").is_between(*_days(years))


def _days(years: tuple[int, int]) -> tuple[date, date]:
    return date(years[0], 1, 1), date(years[1], 12, 31)
