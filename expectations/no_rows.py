"""The expectation that a query finds nothing: for all that Great Expectations cannot say on DuckDB.

Great Expectations' own `UnexpectedRowsExpectation` runs its query twice, once for the rows and once for their number,
and keeps no row unless it may keep them all. This one runs it once and keeps the first few, in a fixed order. It also
says itself what it depends on: Great Expectations works that out anew some fifteen times an expectation, which took
longer than the queries do on a zone of usual size.
"""

from __future__ import annotations

from typing import cast

from great_expectations.core.id_dict import IDDict
from great_expectations.execution_engine.execution_engine import ExecutionEngine
from great_expectations.execution_engine.sqlalchemy_execution_engine import SqlAlchemyExecutionEngine
from great_expectations.expectations.expectation import BatchExpectation
from great_expectations.expectations.metrics.metric_provider import metric_value
from great_expectations.expectations.metrics.table_metric_provider import TableMetricProvider
from great_expectations.validator.metric_configuration import MetricConfiguration
from great_expectations.validator.validator import ValidationDependencies

SAMPLE = 20
"""Failing rows that a finding shows."""

METRIC = "table.broken_rows"

_ONCE = f"""
WITH broken AS MATERIALIZED ({{sql}})
SELECT (SELECT count(*) FROM broken) AS broken_rows, * FROM broken ORDER BY ALL LIMIT {SAMPLE}
"""


class BrokenRows(TableMetricProvider):
    """What a query finds in the database of the batch: the first rows, each beside the number of all."""

    metric_name = METRIC
    value_keys = ("query",)

    @staticmethod
    @metric_value(engine=SqlAlchemyExecutionEngine)
    def _sqlalchemy(
        cls: type[BrokenRows],
        execution_engine: SqlAlchemyExecutionEngine,
        metric_domain_kwargs: dict[str, object],
        metric_value_kwargs: dict[str, str],
        metrics: dict[str, object],
        runtime_configuration: dict[str, object],
    ) -> list[dict[str, object]]:
        del cls, metric_domain_kwargs, metrics, runtime_configuration
        with execution_engine.get_connection() as connection:
            return [dict(row) for row in connection.exec_driver_sql(metric_value_kwargs["query"]).mappings()]


class ExpectNoRows(BatchExpectation):
    """Fails when its query returns a row; counts them all and shows the first `SAMPLE`."""

    query: str

    def get_validation_dependencies(
        self,
        execution_engine: ExecutionEngine[object] | None = None,
        runtime_configuration: dict[str, object] | None = None,
    ) -> ValidationDependencies:
        del execution_engine
        asked = MetricConfiguration(METRIC, IDDict(batch_id=self.batch_id), IDDict(query=self.query))
        wanted = cast("dict[str, object]", (runtime_configuration or {})["result_format"])
        return ValidationDependencies({METRIC: asked}, wanted)

    def _validate(
        self,
        metrics: dict[str, list[dict[str, object]]],
        runtime_configuration: dict[str, object] | None = None,
        execution_engine: ExecutionEngine[object] | None = None,
    ) -> dict[str, object]:
        del runtime_configuration, execution_engine
        rows = metrics[METRIC]
        count = rows[0]["broken_rows"] if rows else 0
        places = [{name: cell for name, cell in row.items() if name != "broken_rows"} for row in rows]
        return {"success": not rows, "result": {"unexpected_count": count, "partial_unexpected_index_list": places}}


def no_rows(sql: str) -> ExpectNoRows:
    """Expect that `sql` finds nothing. It gives the place of each failure in its first columns, and `found` in words.

    The tables it may name are those of `stage/`.
    """
    return ExpectNoRows(query=_ONCE.format(sql=sql))
