"""A disk is full where a run writes. It says so and where, changes nothing, and goes on once there is room."""

from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from tests.disks import MEGABYTE, disk
from tests.journey.installed import up
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


def test_an_installation_outlives_a_full_disk() -> None:
    with (
        TemporaryDirectory(prefix="small-") as folder,  # a short name, for its sockets
        disk(Path(folder) / "disk", "400m") as small,
        up(within=small) as installation,
    ):
        ballast = small / "ballast"
        with suppress(OSError), ballast.open("wb", buffering=0) as filling:
            while True:
                filling.write(bytes(MEGABYTE))
        time.sleep(10)
        assert installation.place.is_up()
        ballast.unlink()
        run = installation.prefect("deployment", "run", f"refresh/{ZONE}", "--watch")
        assert "Completed" in run.stdout, run.stdout + run.stderr
        assert "A0N0" in str(_published(installation.home))


def _published(home: Path) -> list[tuple[object, ...]]:
    with duckdb.connect(str(home / "published" / f"{ZONE}.duckdb"), read_only=True) as connection:
        return connection.execute("SELECT DISTINCT series_key FROM observation").fetchall()
