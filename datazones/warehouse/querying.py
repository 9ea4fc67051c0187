"""Reading a published file: one statement, read-only, nothing else in reach."""

from __future__ import annotations

from pathlib import Path

import duckdb
import polars as pl

from datazones.errors import UnknownCode
from datazones.warehouse.connecting import Limits, opened


def query(path: Path, sql: str, limits: Limits, *bound: object) -> pl.DataFrame:
    """The rows of one SQL statement on a warehouse file, with what is `bound` in place of $1, $2 and so on.

    UnknownCode with DuckDB's own words when it is wrong.
    """
    with opened(path, limits, read_only=True) as connection:
        try:
            return pl.DataFrame(connection.sql(sql, params=bound or None))
        except duckdb.Error as error:
            raise UnknownCode(
                "the SQL",
                found=str(error),
                expected="one statement on the tables and views of a zone",
                next_step="`SHOW TABLES` lists them; start with `FROM observation LIMIT 5`",
            ) from error
