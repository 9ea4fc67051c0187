"""What the rows of docs/faults.md are tested with: a small question in every wire format, and how a row may end."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import pytest

from datazones.errors import CatalogueInvalid, DatazonesError
from infra.simulator import facts
from infra.simulator.clock import moment
from tests.faults.worker import Worker
from tests.simulated import QUESTIONS, Question, Row

NOW = "2026-04-01T00:00:00Z"
WORLD = facts.load()
TABLE = Path(__file__).parents[2] / "docs" / "faults.md"

_GDP, _BOTH, _FRED = "NY.GDP.MKTP.CD", ("CHN", "USA"), "NYGDPMKTPCDCHN"
_SMALL: dict[str, dict[str, object]] = {
    "worldbank_json": {"url": f"https://api.worldbank.org/v2/country/CHN;USA/indicator/{_GDP}"},
    "worldbank_csv": {"url": f"https://api.worldbank.org/v2/en/indicator/{_GDP}"},
    "owid_csv": {"url": "https://ourworldindata.org/grapher/gdp-current-us.csv"},
    "imf_weo": {"named": lambda indicator, area: f"A.{1 + _BOTH.index(area):03}.{indicator}"},
    "fred_json": {"labels": {"series_id": _FRED, "freq": "A"}, "named": lambda *_: f"{_FRED}.lin", "areas": ("CHN",)},
}
_SEVERAL = ("imf_weo", "dbnomics_json", "eurostat_tsv", "sdmx_csv", "sdmx_json", "sdmx_ml")


def _small(question: Question) -> Question:
    """The same question about published figures only."""
    if question.dialect == "dbnomics_json":
        return replace(
            question, params=tuple((name, "2" if name == "limit" else text) for name, text in question.params)
        )
    if question.dialect in _SEVERAL or question.flow[0] != "WB":
        areas = _BOTH if question.dialect == "imf_weo" else question.areas
        return replace(question, areas=areas, **_SMALL.get(question.dialect, {}))  # type: ignore[arg-type]
    params = tuple((name, _FRED if name == "series_id" else text) for name, text in question.params)
    chosen = {"indicators": (_GDP,), "areas": _BOTH, "params": params, **_SMALL[question.dialect]}
    return replace(question, **chosen)  # type: ignore[arg-type]


PLAIN = tuple(_small(question) for question in {each.dialect: each for each in reversed(QUESTIONS)}.values())
"""One question in every wire format."""
BY_DIALECT = {question.dialect: question for question in PLAIN}
PAGED = tuple(BY_DIALECT[name] for name in ("worldbank_json", "fred_json", "dbnomics_json"))
WORLDBANK = BY_DIALECT["worldbank_json"]

TESTED: set[str] = set()
"""The rows that have a test."""

Test = TypeVar("Test", bound=Callable[..., None])


def row(name: str) -> Callable[[Test], Test]:
    """This test is that of the row so named in docs/faults.md."""

    def named(test: Test) -> Test:
        assert name not in TESTED, name
        TESTED.add(name)
        test.row = name  # type: ignore[attr-defined]
        return test

    return named


def always(fault: str, **options: object) -> dict[str, object]:
    """A rule of the fault script for every question."""
    return {"match": "", "fault": fault, **options}


def once(fault: str, **options: object) -> dict[str, object]:
    """The same for the next question alone."""
    return always(fault, times=1, **options)


def listed() -> list[str]:
    """The rows of the table, by their names."""
    return re.findall(r"^\| `([\w.-]+)` \|", TABLE.read_text(encoding="utf-8"), re.MULTILINE)


def expected(question: Question) -> list[Row]:
    return question.expected(WORLD, moment(NOW))


def refused(
    worker: Worker, question: Question, *kinds: type[DatazonesError], saying: str | None = None
) -> pytest.ExceptionInfo[DatazonesError]:
    """The steps end in one of these errors, which says what was found, what was expected and what to do next."""
    with pytest.raises(kinds or DatazonesError, match=saying) as caught:
        worker.read(question)
    error = caught.value
    assert not isinstance(error, CatalogueInvalid), "the test's own feed is wrong"
    assert error.found
    assert error.expected
    assert error.next_step
    return caught


def refused_unkept(worker: Worker, question: Question, *kinds: type[DatazonesError], saying: str | None = None) -> None:
    """The same, and nothing was kept as an answer."""
    before = worker.landed()
    refused(worker, question, *kinds, saying=saying)
    assert worker.landed() == before


def unharmed(worker: Worker, question: Question, known: Callable[[list[Row]], bool] | None = None) -> bool:
    """Whether the figures came all the same; if not, a typed error says why. Nothing else may happen."""
    try:
        rows = worker.read(question)
    except CatalogueInvalid:
        raise
    except DatazonesError:
        return False
    assert known(rows) if known else rows == expected(question)
    return True
