"""A feed read by the workers of a real Dask cluster: the same warehouse, digest for digest, as one process makes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from distributed import Client

from datazones.errors import StoreUnavailable
from datazones.model import Table
from datazones.publishing import current, fetch_manifest
from infra.children import free_port, start, stop_all
from tests.journey.backfilling import AREAS, NOW, Rig, rig
from tests.journey.installed import BIN, wait

WORKERS = 2


@contextmanager
def _dask(*words: str, log: Path) -> Iterator[None]:
    child = start([str(BIN / "dask"), *words], log)
    try:
        yield
    finally:
        stop_all([child], 5.0)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a scheduler with two workers, each a process of one thread."""
    folder, port = tmp_path_factory.mktemp("dask"), str(free_port())
    address = f"tcp://127.0.0.1:{port}"
    one = ("--nworkers", "1", "--nthreads", "1", "--no-dashboard", "--local-directory", str(folder))
    with ExitStack() as stack:
        scheduler = ("scheduler", "--host", "127.0.0.1", "--port", port, "--no-dashboard")
        stack.enter_context(_dask(*scheduler, log=folder / "scheduler.log"))
        for nth in range(WORKERS):
            stack.enter_context(_dask("worker", address, *one, log=folder / f"worker-{nth}.log"))
        with Client(address, timeout=60) as client:
            wait(lambda: len(client.nthreads()) == WORKERS)
        yield address


@pytest.fixture(scope="module")
def many_answers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    """A rig whose feed asks a question for each of ten areas, at an instant that stands still."""
    with pytest.MonkeyPatch.context() as given:
        given.setenv("DATAZONES_NOW", NOW)
        with rig(tmp_path_factory.mktemp("home"), 4) as found:
            (months, catalogue) = found.equipment.catalogue.feed("months"), found.equipment.catalogue
            params = {name: text.replace("$gb2260", "$area") for name, text in months.request.params.items()}
            request = months.request.model_copy(update={"params": params, "each": {"area": AREAS}})
            wide = months.model_copy(update={"request": request})
            given.setattr(found.equipment, "catalogue", replace(catalogue, feeds={"months": wide}))
            yield found


def _refreshed(found: Rig, dask: str | None, monkeypatch: pytest.MonkeyPatch) -> dict[str, Table]:
    """The tables of a zone that nobody has used yet, as published, but for that of its name."""
    from flows.refresh import refresh

    chosen = found.equipment.settings.model_copy(update={"dask": dask})
    monkeypatch.setattr(found.equipment, "settings", chosen)
    zone = found.equipment.catalogue.zone(found.zone())
    assert refresh(zone.zone_id).outcome == "published"
    pointer = current(found.equipment.store, zone.prefix)
    assert pointer
    tables = fetch_manifest(found.equipment.store, zone.prefix, pointer.snapshot).tables
    return {table.name: table for table in tables if table.name != "zone"}


def _readings(address: str) -> list[int]:
    """How many tasks each worker has done."""
    with Client(address, timeout=60) as client:
        return list(client.run(lambda dask_worker: dask_worker.state.executed_count).values())


def test_what_the_workers_of_a_cluster_read_is_what_one_process_reads(
    many_answers: Rig, cluster: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = _refreshed(many_answers, None, monkeypatch)
    assert alone["latest"].rows > len(AREAS)
    before = _readings(cluster)
    assert _refreshed(many_answers, cluster, monkeypatch) == alone
    done = [after - earlier for earlier, after in zip(before, _readings(cluster), strict=True)]
    assert sum(done) >= WORKERS
    assert all(done), f"one of the workers had nothing to do: {done}"


def test_answers_that_share_series_are_read_by_one_process_after_all(
    many_answers: Rig, cluster: str, caplog: pytest.LogCaptureFixture
) -> None:
    from tasks.reading import job
    from tasks.spread import blocks_of, spread

    equipment = many_answers.equipment
    feed = equipment.catalogue.feed("months")
    found = sorted((equipment.settings.home / "landing").iterdir())[:1]
    twice = job(equipment, feed, "twice", [("data", found[0])] * 2, equipment.staged / "twice")
    assert len(list(blocks_of(twice, WORKERS))) == WORKERS
    with caplog.at_level("INFO", "datazones.flows"):
        assert spread(cluster, twice) is None
    assert "share series" in caplog.text


def test_without_a_cluster_the_run_says_so(many_answers: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    import dask

    nobody = f"tcp://127.0.0.1:{free_port()}"
    with dask.config.set({"distributed.comm.timeouts.connect": "1s"}), pytest.raises(StoreUnavailable, match="Dask"):
        _refreshed(many_answers, nobody, monkeypatch)
