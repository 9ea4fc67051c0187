"""Reading a published file: one statement, read-only, nothing else in reach."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path

import duckdb
import polars as pl

from datazones.errors import UnknownCode
from datazones.warehouse.connecting import Limits, opened

LOOK_UP_S = 0.1
"""So often it is asked whether somebody pressed Ctrl-C. Neither DuckDB nor a wait looks up by itself in time: where
polars is in the process, a signal does not end what waits."""


def query(path: Path, sql: str, limits: Limits, *bound: object) -> pl.DataFrame:
    """The rows of one SQL statement on a warehouse file, with what is `bound` in place of $1, $2 and so on.

    UnknownCode with DuckDB's own words when it is wrong.
    """
    with opened(path, limits, read_only=True) as connection, ThreadPoolExecutor(1) as beside:
        asked = beside.submit(lambda: pl.DataFrame(connection.sql(sql, params=bound or None)))
        try:
            while wait([asked], LOOK_UP_S).not_done:
                pass
            return asked.result()
        except KeyboardInterrupt:
            connection.interrupt()
            raise
        except duckdb.Error as error:
            raise UnknownCode(
                "the SQL",
                found=str(error),
                expected="one statement on the tables and views of a zone",
                next_step="`SHOW TABLES` lists them; start with `FROM observation LIMIT 5`",
            ) from error
