"""The gate on real successive vintages: damage of every kind is told of, and what providers did is let through."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.contract.conftest import CONFUSION
from tests.damages import KINDS, STALE
from tests.feeds import needs_recorded_feeds
from tests.trials import Trial, as_they_came, counted, spoilt, table
from tests.vintages import SEQUENCES

LATELY = 18
"""Vintages of a sequence that are loaded; the whole history takes minutes (`python -m tests.trials`)."""

CAUSES = {
    *("unit x 10^3", "unit x 10^4", "rebase x 1.5", "lost series", "truncated page"),
    *("sign flip", "stale copy", "shifted periods", "swapped areas"),
}


def _tried() -> Iterator[Trial]:
    """Every vintage as it came; every kind of damage once, the kinds dealt out to the sequences in turn."""
    kinds = (*KINDS, *STALE)
    for number, (name, read) in enumerate(SEQUENCES.items()):
        vintages = read()[-LATELY:]
        yield from as_they_came(name, vintages)
        yield from spoilt(name, vintages, kinds[number :: len(SEQUENCES)])


@needs_recorded_feeds
@pytest.mark.timeout(1800)  # a minute on a machine that does nothing else
def test_damage_is_told_of_and_real_vintages_are_let_through(record_property: pytest.RecordProperty) -> None:
    trials = list(_tried())
    record_property(CONFUSION, table(trials))
    found = counted(trials)
    came, damage = found["as it came"], found["all damage"]
    assert len({trial.kind for trial in trials if trial.kind}) >= 40
    assert set(found) >= CAUSES
    assert damage.told >= 0.95 * damage.trials, table(trials)
    assert came.trials >= 30
    assert came.held <= 0.02 * came.trials, table(trials)
