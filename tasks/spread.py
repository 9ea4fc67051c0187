"""One reading by many processes: the workers of a Dask cluster, through Prefect's task runner, where one is set.

Answers are read apart, a block of them by each worker, and loaded by one writer as ever. While no series is in two
blocks, what comes out is what one process makes of it, digest for digest; where one is, only a single process knows
which word about it came first, and reads everything itself. Workers need the same `DATAZONES_HOME`: it holds the
answers, and takes the Parquet.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl
from prefect import task

from datazones.errors import CatalogueInvalid, StoreUnavailable
from datazones.settings import settings
from datazones.staging import Job, Reader, Staging
from tasks.equip import READING_DEADLINE_S

if TYPE_CHECKING:
    from prefect_dask.task_runners import DaskTaskRunner

MOST = 64
"""Blocks of one reading: the tasks of a run are counted by the cluster, never by the figures."""

_log = logging.getLogger("datazones.flows")


@task(task_run_name="read {job.subject}, {number}")
def read_block(job: Job, number: int) -> Staging:  # noqa: ARG001 - the number is in the name of the task's run
    """A block of answers, read in a child of the worker's, with the same limits as everywhere."""
    with Reader(settings().memory_limit_mb, READING_DEADLINE_S) as reader:
        return reader.read(job)


def spread(address: str, job: Job) -> Staging | None:
    """The reading of all answers of the job; None where they are not to be read apart.

    The errors of a reading; StoreUnavailable when no cluster is there.
    """
    if len(job.bodies) < 2 or job.quirks:  # a quirk has to find its fault somewhere in the whole reading
        return None
    with _cluster(address) as (runner, workers):
        blocks = list(blocks_of(job, min(workers, MOST)))
        futures = [runner.submit(read_block, {"job": each, "number": nth}) for nth, each in enumerate(blocks)]
        read = [future.result() for future in futures]
    if _shared_series(read):
        _log.info("%s: its answers share series, so one process reads them", job.subject)
        return None
    _log.info("%s: read in %d blocks", job.subject, len(blocks))
    return Staging(
        tuple(chain.from_iterable(each.observations for each in read)),
        tuple(chain.from_iterable(each.series for each in read)),
        sum(each.rows for each in read),
        sum(each.corrected for each in read),
    )


def blocks_of(job: Job, most: int) -> Iterator[Job]:
    """The job in at most so many blocks of answers that follow each other, each with a folder of its own."""
    size = -(-len(job.bodies) // most)
    for nth, begin in enumerate(range(0, len(job.bodies), size)):
        yield replace(job, bodies=job.bodies[begin : begin + size], into=str(Path(job.into) / f"block-{nth:02}"))


def _shared_series(read: Sequence[Staging]) -> bool:
    paths = [path for each in read for path in each.series]
    return bool(pl.concat([pl.read_parquet(path, columns=["series_key"]) for path in paths]).is_duplicated().any())


@contextmanager
def _cluster(address: str) -> Iterator[tuple[DaskTaskRunner, int]]:
    """Prefect's runner on the cluster, and how many readings it does at once."""
    try:
        from prefect_dask.task_runners import DaskTaskRunner
    except ImportError as error:
        raise CatalogueInvalid(
            "the setting DATAZONES_DASK",
            found=f"{address}, and no Dask",
            expected="Datazones with its extra `dask`",
            next_step="install datazones[dask] here and beside the workers of the cluster, or unset DATAZONES_DASK",
        ) from error
    with DaskTaskRunner(address=address) as runner:
        try:
            workers = sum(runner.client.nthreads().values())
        except (OSError, TimeoutError) as error:
            raise _unavailable(address, str(error)) from error
        if not workers:
            raise _unavailable(address, "a scheduler without workers")
        yield runner, workers


def _unavailable(address: str, found: str) -> StoreUnavailable:
    return StoreUnavailable(
        f"the Dask cluster at {address}",
        found=found,
        expected="a scheduler with workers",
        next_step="start them (docs/scaling.md), or unset DATAZONES_DASK: then one process reads",
    )
