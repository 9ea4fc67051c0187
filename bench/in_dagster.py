"""Two zones as a job of Dagster's: the same steps as `flows.refresh` has when nothing is new, each an op.

    dagster job execute -m bench.in_dagster -j zones

It has no schedule, slot, event or gate around it: what Dagster's own orchestration of these steps costs, for the table.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dagster import In, graph, in_process_executor, op
from prefect.logging import disable_run_logger

from datazones.catalogue import load
from datazones.model import Window
from tasks.assemble import assemble
from tasks.collect import collect
from tasks.equip import equipped
from tasks.hydrate import hydrate

ZONES = tuple(load().zones)[:2]


def _asked(zone: str, feed_id: str) -> Callable[..., Any]:
    @op(name=f"collect_{zone}_{feed_id}", ins={"held": In()})
    def asked(held):  # noqa: ANN001, ANN202 - Dagster reads annotations as types of its own
        with equipped() as equipment, disable_run_logger():
            now = equipment.settings.clock()
            found = collect.fn(zone, feed_id, Window(), now, held.watermarks[feed_id])
        if not found.unchanged:
            raise RuntimeError(f"{feed_id} has something new: this measures what it costs when nothing is")
        return feed_id

    return asked


def _zone(zone: str) -> Callable[[], None]:
    """The steps of one zone, to be composed into a graph."""

    @op(name=f"hydrate_{zone}")
    def hydrated():  # noqa: ANN202
        with disable_run_logger():
            return hydrate.fn(zone)

    @op(name=f"assemble_{zone}", ins={"asked": In()})
    def assembled(asked):  # noqa: ANN001, ANN202, ARG001 - it only has to come after
        with disable_run_logger():
            return assemble.fn(zone) is None

    catalogue = load()
    asked = [_asked(zone, feed.feed_id) for feed in catalogue.feeds_of(catalogue.zone(zone))]

    def steps() -> None:
        held = hydrated()
        assembled([ask(held) for ask in asked])

    return steps


_steps = [_zone(zone) for zone in ZONES]


@graph(name="zones")
def _graph() -> None:
    for steps in _steps:
        steps()


zones = _graph.to_job(name="zones", executor_def=in_process_executor)
