"""The table of docs/faults.md and its tests are one list."""

from __future__ import annotations

from tests.faults import test_table_fetch, test_table_pages, test_table_parse
from tests.faults.rows import TESTED, listed


def test_every_row_of_the_table_has_a_test_and_every_test_a_row() -> None:
    assert test_table_fetch.row is test_table_pages.row is test_table_parse.row
    assert sorted(listed()) == sorted(TESTED)
    assert len(set(listed())) == len(listed())
