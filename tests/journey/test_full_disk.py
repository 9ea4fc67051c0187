"""A disk is full where a run writes. It says so and where, changes nothing, and goes on once there is room."""

from __future__ import annotations

from pathlib import Path

from tests.disks import disk
from tests.journey.session import ZONE, session

STEPS = {"landing": "16k", "staged": "16k", "working": "512k", "candidates": "512k", "published": "512k"}
"""The folders of home in the order in which a run writes to them, each with too little room."""


def test_a_full_disk_is_named_wherever_a_run_writes_and_costs_nothing_but_the_run(tmp_path: Path) -> None:
    with session(tmp_path) as given:
        home = given.home.folder / ".datazones"
        for folder, size in STEPS.items():
            with disk(home / folder, size):
                code, said, told = given.give("run", "--zone", ZONE)
                assert (folder, code) == (folder, "4"), said + told
                assert f"DiskFull in {home / folder}" in told or f"bytes are free at {home / folder}" in told, told
                assert "nothing was lost" in told
        code, said, told = given.give("run", "--zone", ZONE)
        assert code == "0", said + told
        ((observations,),) = given.home.ask(ZONE, "SELECT count(*) FROM observation")
        assert isinstance(observations, int)
        assert observations > 400
        assert given.give("rebuild", ZONE, "--check")[0] == "0"
