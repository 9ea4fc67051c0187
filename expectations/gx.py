"""The one module that runs Great Expectations: a case in, a verdict out.

The suites run as SQL in DuckDB; no row is carried into pandas. An in-memory database attaches the candidate and the
published file read-only and is then shut off from everything else. It dies with its process, and with it every lock.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import cast

import great_expectations as gx
from great_expectations.core import ExpectationValidationResult
from great_expectations.data_context.types.base import ProgressBarsConfig
from great_expectations.datasource.fluent.sql_datasource import SQLDatasource
from great_expectations.expectations.expectation import Expectation
from great_expectations.expectations.expectation_configuration import ExpectationConfiguration
from great_expectations.expectations.metadata_types import FailureSeverity
from sqlalchemy import Connection, event
from sqlalchemy.dialects import registry
from sqlalchemy.engine.cursor import FullyBufferedCursorFetchStrategy
from sqlalchemy.engine.default import DefaultExecutionContext
from sqlalchemy.engine.interfaces import DBAPICursor
from sqlalchemy.exc import DBAPIError

from datazones.model import Verdict
from expectations.case import Case
from expectations.no_rows import SAMPLE
from expectations.rules import Rule, rules
from expectations.verdicts import PLACE, broken, verdict

STAGE = Path(__file__).parent / "stage"
"""The SQL that makes what the rules read: numbered, and `unpublished.sql` for a zone without a snapshot."""

RULES = {table: list(asked) for table, asked in groupby(sorted(rules(), key=attrgetter("table")), attrgetter("table"))}
"""The rules by the table they are asked of: found at import, so that no fork has to."""

registry.load("duckdb")  # at import, so that no fork has to


def examine(case: Case) -> Verdict:
    """Run every rule on the candidate; ValidatorBroken when one of them could not be evaluated."""
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False, metric_calculations=False)
    source = context.data_sources.add_sql(
        "zone", connection_string="duckdb:///:memory:examined", create_temp_table=False
    )
    engine = source.get_execution_engine().engine
    event.listen(engine, "after_cursor_execute", _buffer)
    with engine.connect() as connection, _told_as_broken(case.zone_id):
        _stage(connection, case)
        answered = [pair for table, asked in RULES.items() for pair in _run(source, table, asked)]
        return verdict(case.zone_id, answered, connection)


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


def _stage(connection: Connection, case: Case) -> None:
    """Attach both files, shut everything else off, and make the views and tables that the rules read."""
    connection.exec_driver_sql(f"SET memory_limit = '{case.memory_mb}MiB'")
    connection.exec_driver_sql(f"SET threads = {case.threads}")
    connection.exec_driver_sql(f"SET temp_directory = {_literal(case.spill)}")
    connection.exec_driver_sql(f"ATTACH {_literal(case.candidate)} AS candidate (READ_ONLY)")
    if case.published:
        connection.exec_driver_sql(f"ATTACH {_literal(case.published)} AS published (READ_ONLY)")
    else:
        connection.exec_driver_sql((STAGE / "unpublished.sql").read_text(encoding="utf-8"))
    connection.exec_driver_sql("SET enable_external_access = false")
    connection.exec_driver_sql("SET lock_configuration = true")
    connection.exec_driver_sql(
        "CREATE TABLE examination AS SELECT ? AS zone_id, ?::DATE AS today, ?::BOOLEAN AS published",
        (case.zone_id, case.today, case.published is not None),
    )
    for script in sorted(STAGE.glob("[0-9]*.sql")):
        connection.exec_driver_sql(script.read_text(encoding="utf-8"))
    connection.commit()


def _literal(thing: object) -> str:
    """As a SQL string: ATTACH and SET take no parameters."""
    text = str(thing).replace("'", "''")
    return f"'{text}'"


def _expectation(rule: Rule) -> Expectation:
    expectation = rule.build()
    expectation.severity = FailureSeverity(rule.severity)
    expectation.description = rule.expected
    expectation.meta = {"rule": rule.rule_id}
    return expectation


def _run(source: SQLDatasource, table: str, asked: list[Rule]) -> list[tuple[Rule, ExpectationValidationResult]]:
    """One batch a table, one suite a batch."""
    batch = source.add_table_asset(table, table_name=table).add_batch_definition_whole_table("all").get_batch()
    suite = gx.ExpectationSuite(name=table, expectations=[_expectation(rule) for rule in asked])
    result = batch.validate(
        suite,
        result_format={
            "result_format": "SUMMARY",
            "partial_unexpected_count": SAMPLE,
            "unexpected_index_column_names": list(PLACE[table]),
        },
    )
    of_rule = {rule.rule_id: rule for rule in asked}
    return [(of_rule[_rule_id(each)], each) for each in result.results]


def _rule_id(result: ExpectationValidationResult) -> str:
    asked = cast("ExpectationConfiguration", result.expectation_config)
    return str((asked.meta or {})["rule"])
