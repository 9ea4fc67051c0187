"""From what Great Expectations answers to a verdict: its own plain words, the same for the same data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import isfinite

from great_expectations.core import ExpectationValidationResult
from sqlalchemy import Connection

from datazones.errors import ValidatorBroken
from datazones.model import Finding, Verdict
from expectations.rules import Rule

_IN_WORDS = ("feed_id", "series_id", "series_key", "time_period", "vintage_id")
_WORST_FIRST = ("critical", "warning", "info")

Row = Mapping[str, object]


def verdict(
    zone_id: str, answered: Iterable[tuple[Rule, ExpectationValidationResult]], connection: Connection
) -> Verdict:
    """Passed unless a critical rule failed; the findings, worst first. ValidatorBroken when a rule raised."""
    pairs = sorted(answered, key=lambda pair: (_WORST_FIRST.index(pair[0].severity), pair[0].rule_id))
    for rule, result in pairs:
        _refuse_broken(zone_id, rule, result)
    found = tuple(_finding(rule, result.result, connection) for rule, result in pairs if not result.success)
    return Verdict(passed=all(each.severity != "critical" for each in found), checks=len(pairs), findings=found)


def _refuse_broken(zone_id: str, rule: Rule, result: ExpectationValidationResult) -> None:
    """An expectation that raised says nothing about the data."""
    said = result.exception_info or {}
    each = [said] if "raised_exception" in said else list(said.values())
    raised = [one["exception_message"] for one in each if one["raised_exception"]]
    if raised:
        raise broken(zone_id, f"{rule.rule_id} raised: {str(raised[0]).partition('[SQL:')[0].strip()}")


def broken(zone_id: str, reason: str) -> ValidatorBroken:
    return ValidatorBroken(
        f"the examination of {zone_id}",
        found=reason,
        expected="every rule evaluated",
        next_step="nothing was said about the data and nothing is published; repair the rule or the file",
    )


def _finding(rule: Rule, result: Mapping[str, object], connection: Connection) -> Finding:
    places = _named(_places(result), connection)
    count = result.get("unexpected_count", 1)
    return Finding(
        rule=rule.rule_id,
        severity=rule.severity,
        found=_in_words(count, places) if places else f"{result.get('observed_value')}",
        expected=rule.expected,
        count=count if isinstance(count, int) else 1,
        sample=tuple(places),
        alone=rule.alone,
    )


def _places(result: Mapping[str, object]) -> list[Row]:
    given = result.get("partial_unexpected_index_list", [])
    return [row for row in given if isinstance(row, Mapping)] if isinstance(given, list) else []


def _named(rows: list[Row], connection: Connection) -> list[Row]:
    """Series by their keys, not by their numbers; every cell as JSON has it."""
    numbers = [row["series_id"] for row in rows if "series_id" in row]
    keys = connection.exec_driver_sql(
        "SELECT series_id, feed_id, series_key FROM series WHERE list_contains(?, series_id)", (numbers,)
    )
    of_number = {number: {"feed_id": feed, "series_key": key} for number, feed, key in keys}
    return [
        {
            name: _plain(cell)
            for name, cell in {**of_number.get(row.get("series_id"), {}), **row}.items()
            if name != "series_id" or cell not in of_number
        }
        for row in rows
    ]


def _plain(cell: object) -> object:
    if cell is None or isinstance(cell, bool | int | str):
        return cell
    if isinstance(cell, float) and isfinite(cell):
        return cell
    return str(cell)


def _in_words(count: object, places: list[Row]) -> str:
    first = places[0]
    where = " ".join(str(first[name]) for name in _IN_WORDS if name in first)
    rest = {name: cell for name, cell in first.items() if name not in _IN_WORDS}
    what = rest.get("found") or ", ".join(f"{name} {cell}" for name, cell in rest.items())
    return f"{where}: {what}" if count == 1 else f"{count} times, first {where}: {what}"
