"""Asking a provider once, and keeping what it answers as a sample: files as they came, and where they came from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

import orjson

from datazones.catalogue import Feed, Zone
from datazones.model import Landed, Request, Window
from datazones.transport import Answer, collect, request_key
from tasks.equip import Equipment
from tasks.reading import job

PROVENANCE = "sample.json"
NOT_KEPT = "set-cookie"
"""The one header of an answer that is for us alone."""

_SUFFIXES = {"json": ".json", "xml": ".xml", "csv": ".csv", "zip": ".zip", "tab-separated": ".tsv"}


@dataclass
class Sample:
    """The answers to some questions of one feed, until they are written."""

    feed: Feed
    zone: Zone
    answers: list[Landed] = field(default_factory=list)
    bodies: dict[str, bytes] = field(default_factory=dict)

    def keep(self, request: Request, answer: Answer) -> Landed:
        digest = sha256(answer.body).hexdigest()
        self.bodies[digest] = answer.body
        headers = {name: text for name, text in answer.headers.items() if name != NOT_KEPT}
        size = len(answer.body)
        return Landed(digest, size, request_key(request), request.part, answer.retrieved_at, headers)

    def files(self) -> list[str]:
        """A name for each answer: its part, its place in that part, and what the provider says it is."""
        places: dict[str, int] = {}
        names = []
        for answer in self.answers:
            places[answer.part] = places.get(answer.part, 0) + 1
            names.append(f"{answer.part}-{places[answer.part]}{_suffix(answer)}")
        return names


def asked_once(equipment: Equipment, feed: Feed, zone: Zone, *, every: bool) -> Sample:
    """The companions and the first question of the feed (`every`: all questions), with all their pages."""
    questions = equipment.questions(feed, zone, Window(), equipment.settings.clock())
    sample = Sample(feed, zone)
    transport = equipment.transport(equipment.catalogue.agency_of(feed))
    sample.answers = collect(transport, questions if every else _first(questions), feed.dialect, keep=sample.keep)
    return sample


def write(equipment: Equipment, sample: Sample, into: Path) -> list[dict[str, object]]:
    """Write the sample; what was written, a row per answer."""
    into.mkdir(parents=True, exist_ok=True)
    rows: list[dict[str, object]] = []
    for name, answer in zip(sample.files(), sample.answers, strict=True):
        (into / name).write_bytes(sample.bodies[answer.digest])
        rows.append({"file": name, **answer.plain()})
    about = {
        "feed": sample.feed.feed_id,
        "zone": sample.zone.zone_id,
        "agency": equipment.catalogue.agency_of(sample.feed).agency_id,
        "dialect": sample.feed.dialect,
        **equipment.catalogue.terms_of(sample.feed)._asdict(),
        "answers": rows,
    }
    (into / PROVENANCE).write_bytes(orjson.dumps(about, option=orjson.OPT_INDENT_2))
    return rows


def observations(equipment: Equipment, sample: Sample, folder: Path) -> int:
    """How many observations the written sample holds, read as a run of the feed reads it, in the reading child."""
    placed = [(answer.part, folder / name) for name, answer in zip(sample.files(), sample.answers, strict=True)]
    with TemporaryDirectory() as into:
        subject = f"the sample of {sample.feed.feed_id}"
        return equipment.reader.read(job(equipment, sample.feed, subject, placed, Path(into))).rows


def _first(questions: Sequence[Request]) -> list[Request]:
    data = [request for request in questions if request.part == "data"]
    return [*(request for request in questions if request.part != "data"), *data[:1]]


def _suffix(answer: Landed) -> str:
    kind = answer.headers.get("content-type", "").partition(";")[0].lower()
    return next((suffix for word, suffix in _SUFFIXES.items() if word in kind), ".raw")
