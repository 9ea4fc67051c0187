"""Writers that race under faults, and readers that poll meanwhile. `make soak` does the same for long."""

from __future__ import annotations

from pathlib import Path

from datazones.publishing import StoreAddress
from tests.soak import racing, reading

WRITERS, COMMITS = 12, 30
READERS, PUBLISHES = 20, 15


def test_of_writers_that_race_under_faults_exactly_one_wins_each_generation_and_knows_it(
    embedded: StoreAddress, prefix: str, tmp_path: Path
) -> None:
    raced = racing.race(embedded, prefix, tmp_path, writers=WRITERS, commits=COMMITS, seed=20261124)
    assert raced.commits >= COMMITS
    assert raced.faults > 0
    assert (raced.misjudged, raced.doubled) == (0, 0)


def test_readers_see_no_error_nothing_mixed_and_never_go_back_while_a_zone_is_published_over_and_over(
    embedded: StoreAddress, prefix: str, tmp_path: Path
) -> None:
    seen = reading.poll(embedded, prefix, tmp_path, readers=READERS, publishes=PUBLISHES, pause_s=0.2)
    assert seen["publishes"] == PUBLISHES
    assert seen["new"] >= READERS
    assert (seen["mixed"], seen["back"], seen["failed processes"]) == (0, 0, 0)
