"""The rows of docs/faults.md about answers in pages, each through the worker's own steps over real HTTP."""

from __future__ import annotations

import pytest

from datazones.errors import PagesShifted
from tests.faults.rows import PAGED, always, expected, refused, row, unharmed
from tests.faults.worker import Worker
from tests.simulated import Question

NAMES = {"worldbank_json": ("page", ["1", "2", "3"]), "fred_json": ("offset", ["0", "25", "50"])}
NAMES["dbnomics_json"] = ("offset", ["0", "2", "4"])


def paging(question: Question, asked: int, answered: int, **more: object) -> dict[str, object]:
    """That page is answered with another one; the first page is asked for without its number."""
    name, numbers = NAMES[question.dialect]
    return {
        "match": f"[?&]{name}={numbers[asked]}(?!\\d)",
        "fault": "mistaken",
        "name": name,
        "said": numbers[answered],
        **more,
    }


@row("fetch.page-twice")
@pytest.mark.parametrize("question", PAGED, ids=lambda question: question.dialect)
def test_a_page_that_comes_twice_is_noticed(worker: Worker, question: Question) -> None:
    worker.script(paging(question, 1, 0))
    refused(worker, question, PagesShifted)


@row("fetch.page-missing")
@pytest.mark.parametrize("question", PAGED[:2], ids=lambda question: question.dialect)
def test_a_page_that_is_missing_is_noticed(worker: Worker, question: Question) -> None:
    worker.script(paging(question, 1, 2))
    refused(worker, question, PagesShifted)


@row("fetch.pages-shuffled")
@pytest.mark.parametrize("question", PAGED[:2], ids=lambda question: question.dialect)
def test_pages_in_another_order_are_all_there_or_noticed(worker: Worker, question: Question) -> None:
    worker.script(paging(question, 1, 2), paging(question, 2, 1))
    unharmed(worker, question)


@row("fetch.pages-loop")
@pytest.mark.parametrize("question", PAGED, ids=lambda question: question.dialect)
def test_pages_that_are_all_the_first_are_noticed(worker: Worker, question: Question) -> None:
    name, numbers = NAMES[question.dialect]
    worker.script(always("mistaken", name=name, said=numbers[0]))
    refused(worker, question, PagesShifted)


@row("fetch.pages-total")
@pytest.mark.parametrize("question", PAGED, ids=lambda question: question.dialect)
def test_a_total_that_is_not_that_of_the_rows_is_noticed(worker: Worker, question: Question) -> None:
    total = r'("(?:total|count|num_found)": ?)\d+'
    worker.script(always("rewritten", pattern=total, into=r"\g<1>99"))
    refused(worker, question, PagesShifted)


@row("fetch.pages-insert")
@pytest.mark.parametrize("question", PAGED[::2], ids=lambda question: question.dialect)
def test_a_table_that_changes_between_its_pages_is_asked_again_from_the_first(
    worker: Worker, question: Question
) -> None:
    name, numbers = NAMES[question.dialect]
    shifted = {"match": f"[?&]{name}={numbers[1]}(?!\\d)", "fault": "as_of", "now": "2020-12-01T00:00:00Z"}
    worker.script({**shifted, "times": 1})
    assert worker.read(question) == expected(question)
    worker.script(shifted)
    refused(worker, question, PagesShifted)
