"""docs/gate.md tells of the rules that there are."""

from __future__ import annotations

from expectations.told import told
from tests.rule_table import DOCS, written


def test_the_table_of_rules_is_the_rules() -> None:
    assert DOCS.read_text() == written(), "python -m tests.rule_table writes it"


def test_every_rule_says_what_to_do_when_it_fails() -> None:
    assert [rule.rule for rule in told() if not (rule.expected.endswith(".") and rule.next_step.endswith("."))] == []
