"""The one module that runs Great Expectations: a case in, a verdict out.

The suites run as SQL in DuckDB; no row is carried into pandas. An in-memory database attaches the candidate and the
published file read-only and is then shut off from everything else. It dies with its process, and with it every lock.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from functools import cache
from pathlib import Path
from threading import RLock
from typing import cast

import great_expectations as gx
from great_expectations.core import ExpectationValidationResult
from great_expectations.data_context.types.base import ProgressBarsConfig
from great_expectations.datasource.fluent.interfaces import Batch
from great_expectations.datasource.fluent.sql_datasource import SQLDatasource
from great_expectations.expectations.expectation import Expectation
from great_expectations.expectations.expectation_configuration import ExpectationConfiguration
from great_expectations.expectations.metadata_types import FailureSeverity
from sqlalchemy import Connection, event
from sqlalchemy.engine.cursor import FullyBufferedCursorFetchStrategy
from sqlalchemy.engine.default import DefaultExecutionContext
from sqlalchemy.engine.interfaces import DBAPICursor
from sqlalchemy.exc import DBAPIError
from tqdm import tqdm  # type: ignore[import-untyped]

from datazones.model import Verdict
from datazones.warehouse import WorkingCopy
from datazones.warehouse.connecting import Limits
from expectations.case import Case
from expectations.rules import Rule, rules
from expectations.staged import stage
from expectations.verdicts import broken, verdict

RULES = {rule.rule_id: rule for rule in rules()}

tqdm.monitor_interval = 0  # no thread beside the one that forks
tqdm.set_lock(RLock())  # nor, since Python 3.14, a process that watches over a lock for many processes

OBSERVATIONS = "latest"
"""The table that the suite is asked of: the observations as they are known now."""


def rehearse(folder: Path) -> None:
    """Examine a zone in which nothing is: what is made or imported at the first use, no fork has to make again."""
    limits = Limits(memory_mb=256, threads=1, spill=folder)
    empty = folder / "empty.duckdb"
    with WorkingCopy.held(empty, limits):
        pass
    examine(Case("rehearsal", empty, empty, date(2000, 1, 1), folder, limits.memory_mb, limits.threads, seconds=60.0))


def examine(case: Case) -> Verdict:
    """Run every rule on the candidate; ValidatorBroken when one of them could not be evaluated."""
    with _connected() as connection, _told_as_broken(case.zone_id):
        stage(connection, case)
        return verdict(case.zone_id, _answers(), connection)


@contextmanager
def _connected() -> Iterator[Connection]:
    """A connection to a new database, which is gone once both engines have let go of it: one runs, one looks up."""
    engine = _source().get_execution_engine().engine
    try:
        with engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()
        _source().get_engine().dispose()


@cache
def _source() -> SQLDatasource:
    """The database as Great Expectations sees it: in memory, a new one at each connection after it was disposed of."""
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False, metric_calculations=False)
    source = context.data_sources.add_sql(
        "zone", connection_string="duckdb:///:memory:examined", create_temp_table=False
    )
    event.listen(source.get_execution_engine().engine, "after_cursor_execute", _buffer)
    return source


@cache
def _batch() -> Batch:
    return _source().add_table_asset(OBSERVATIONS).add_batch_definition_whole_table("all").get_batch()


@cache
def _suite() -> gx.ExpectationSuite:
    return gx.ExpectationSuite(name="zone", expectations=[_expectation(rule) for rule in RULES.values()])


@contextmanager
def _told_as_broken(zone_id: str) -> Iterator[None]:
    try:
        yield
    except DBAPIError as error:
        raise broken(zone_id, str(error.orig)) from error


def _buffer(
    connection: Connection,
    cursor: DBAPICursor,
    statement: str,
    parameters: object,
    context: DefaultExecutionContext,
    executemany: bool,
) -> None:
    """Read every result at once: Great Expectations reads it after its connection is gone, and then it is empty."""
    del connection, statement, parameters, executemany
    if cursor.description:
        context.cursor_fetch_strategy = FullyBufferedCursorFetchStrategy(
            cursor, cursor.description, initial_buffer=cursor.fetchall()
        )


def _expectation(rule: Rule) -> Expectation:
    expectation = rule.build()
    expectation.severity = FailureSeverity(rule.severity)
    expectation.description = rule.expected
    expectation.meta = {"rule": rule.rule_id}
    return expectation


def _answers() -> list[tuple[Rule, ExpectationValidationResult]]:
    result = _batch().validate(_suite(), result_format="SUMMARY")
    return [(RULES[_rule_id(each)], each) for each in result.results]


def _rule_id(result: ExpectationValidationResult) -> str:
    asked = cast("ExpectationConfiguration", result.expectation_config)
    return str((asked.meta or {})["rule"])
