"""Ask the provider, politely, and land what it answers before anything looks at it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from prefect import task
from prefect.logging import get_run_logger

from datazones.landing import Landing
from datazones.model import Landed, Request, Window
from datazones.transport import Answer, request_key
from datazones.transport import collect as ask_all
from tasks.equip import equipped


@dataclass(frozen=True)
class Collected:
    """The landed answers of one feed, and whether they are the ones that were loaded last."""

    answers: tuple[Landed, ...]
    unchanged: bool


@task(task_run_name="collect {feed_id}")
def collect(zone_id: str, feed_id: str, window: Window, slot: datetime, held: Sequence[Landed]) -> Collected:
    """Every answer of the feed for this zone and window. Retries, waits and deadlines are the transport's own."""
    with equipped() as equipment, equipment.spending("collect"):
        zone, feed = equipment.catalogue.collecting(zone_id), equipment.catalogue.feed(feed_id)
        agency = equipment.catalogue.agency_of(feed)
        answers = ask_all(
            equipment.asks(agency),
            equipment.questions(feed, zone, window, slot),
            feed.dialect,
            keep=_keeping(equipment.landing(zone)),
            held=_holding(equipment.landing(zone), held),
        )
    unchanged = _state(answers) == _state(held)
    if unchanged:
        get_run_logger().info("%s: nothing new", feed_id)
    return Collected(tuple(answers), unchanged)


def _keeping(landing: Landing) -> Callable[[Request, Answer], Landed]:
    def keep(request: Request, answer: Answer) -> Landed:
        return landing.keep(
            answer.body,
            request_key=request_key(request),
            part=request.part,
            retrieved_at=answer.retrieved_at,
            headers=answer.remembered,
        )

    return keep


def _holding(landing: Landing, held: Sequence[Landed]) -> Callable[[Request], tuple[Landed, bytes] | None]:
    by_question = {answer.request_key: answer for answer in held}

    def find(request: Request) -> tuple[Landed, bytes] | None:
        answer = by_question.get(request_key(request))
        return (answer, landing.path(answer).read_bytes()) if answer else None

    return find


def _state(answers: Sequence[Landed]) -> dict[str, str]:
    """What was answered to what: the identity of a provider's state."""
    return {answer.request_key: answer.digest for answer in answers}
