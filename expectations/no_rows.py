"""The expectation that a query finds nothing: for all that Great Expectations cannot say on DuckDB.

Great Expectations' own `UnexpectedRowsExpectation` runs its query twice, once for the rows and once for their number,
and keeps no row unless it may keep them all. This one runs it once and keeps the first few, in a fixed order.
"""

from __future__ import annotations

from typing import ClassVar

from great_expectations.compatibility.pydantic import PrivateAttr
from great_expectations.execution_engine.execution_engine import ExecutionEngine
from great_expectations.expectations.core.unexpected_rows_expectation import UnexpectedRowsExpectation
from great_expectations.expectations.expectation_configuration import ExpectationConfiguration

SAMPLE = 20
"""Failing rows that a finding shows."""

_ONCE = """
WITH batch AS (SELECT * FROM {{batch}}), broken AS MATERIALIZED ({sql})
SELECT (SELECT count(*) FROM broken) AS broken_rows, * FROM broken ORDER BY ALL LIMIT {sample}
"""


class ExpectNoRows(UnexpectedRowsExpectation):
    """Fails when its query returns a row; counts them all and shows the first `SAMPLE`."""

    metric_dependencies: ClassVar[tuple[str, ...]] = ("unexpected_rows_query.table",)

    _made: ExpectationConfiguration | None = PrivateAttr(default=None)

    @property
    def configuration(self) -> ExpectationConfiguration:
        """Made once: Great Expectations asks for it some forty times a validation, and it never changes in between."""
        if self._made is None:
            self._made = super().configuration
        return self._made

    def _validate(
        self,
        metrics: dict[str, list[dict[str, object]]],
        runtime_configuration: dict[str, object] | None = None,
        execution_engine: ExecutionEngine[object] | None = None,
    ) -> dict[str, object]:
        del runtime_configuration, execution_engine
        rows = metrics["unexpected_rows_query.table"]
        count = rows[0]["broken_rows"] if rows else 0
        places = [{name: cell for name, cell in row.items() if name != "broken_rows"} for row in rows]
        return {"success": not rows, "result": {"unexpected_count": count, "partial_unexpected_index_list": places}}


def no_rows(sql: str) -> ExpectNoRows:
    """Expect that `sql` finds nothing. It gives the place of each failure in its first columns, and `found` in words.

    The tables it may name are those of `stage/`. Braces need no escaping.
    """
    escaped = sql.replace("{", "{{").replace("}", "}}")
    return ExpectNoRows(unexpected_rows_query=_ONCE.format(sql=escaped, sample=SAMPLE))
