"""The last steps of a refresh, killed before calls that change a file. `make soak` kills before every one there is."""

from __future__ import annotations

from pathlib import Path

from datazones.publishing import StoreAddress
from tests.parts import needs
from tests.soak.killing import kills

RENAMES = 2
"""So often at the least a file takes its place: what readers have, and the note of it."""


def test_killed_before_any_file_takes_its_place_readers_have_old_or_new_whole_and_the_next_run_ends_right(
    embedded: StoreAddress, tmp_path: Path
) -> None:
    needs("strace", "strace")
    tried, wrong = kills(embedded, tmp_path, ["rename"])
    assert wrong == []
    assert tried >= RENAMES
