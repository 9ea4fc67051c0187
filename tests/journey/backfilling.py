"""Zones by the dozen, a feed by month, simulated providers that count what they are asked, and chunks carried here."""

from __future__ import annotations

import json
import os
import re
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote_plus
from urllib.request import Request, urlopen

import pytest

from datazones.backfilling import Plan, Progress, Wanted
from datazones.settings import settings
from datazones.warehouse import query
from infra.simulator.server import serving
from tasks import choices  # noqa: F401 - reads the catalogue when it is imported: that of the process, not of a rig
from tasks.equip import Equipment, equipped

NOW = "2020-12-01T00:00:00Z"
AREAS = ("110000", "330000", "340000", "370000", "410000", "420000", "430000", "440000", "510000", "520000")
HOST = "data.stats.gov.cn"

ZONE = """
name_en = "Zone {nth}"
name_zh = "区{nth}"
ref_area = "CN-HN"
gb2260 = "{area}"
timezone = "Asia/Shanghai"
owner = "a test"
schedule = "{schedule}"
prefix = "zones/{name}"
topics = ["months"]
shares = []
evidence = {{ status = "stand-in", source = "a test" }}
"""
FEED = """
title = "{title}"
agency = "nbs"
dataflow_id = "fsyd"
dialect = "nbs_json"
topics = ["months"]
docs = "https://data.stats.gov.cn/english/easyquery.htm"
absent = "withdrawn"
[periods]
first = "2010-01"
{last}slice = "M"
[request]
url = "https://data.stats.gov.cn/easyquery.htm"
[request.params]
m = "QueryData"
dbcode = "fsyd"
rowcode = "zb"
colcode = "sj"
wds = '[{{"wdcode":"reg","valuecode":"{area}"}}]'
dfwds = '[{{"wdcode":"zb","valuecode":"SIM0001"}},{{"wdcode":"sj","valuecode":"$first_digits-$last_digits"}}]'
"""


def catalogue(folder: Path, zones: Sequence[str], schedule: str = "5 18 * * *") -> dict[str, str]:
    """Files of these zones and of feeds: of each zone, of all alike, of ten years; the settings that name them."""
    for name in ("zones", "feeds"):
        (folder / name).mkdir(parents=True)
    for nth, name in enumerate(zones):
        area = AREAS[nth % len(AREAS)]
        text = ZONE.format(nth=nth, name=name, area=area, schedule=schedule)
        (folder / "zones" / f"{name}.toml").write_text(text, encoding="utf-8")
    until = 'last = "2019-12"\n'
    for name, area, last in (
        ("months", "$gb2260", ""),
        ("months_of_beijing", "110000", ""),
        ("months_until_2019", "$gb2260", until),
    ):
        path = folder / "feeds" / f"{name}.toml"
        path.write_text(FEED.format(title=name, area=area, last=last), encoding="utf-8")
    return {"DATAZONES_ZONES_FOLDER": str(folder / "zones"), "DATAZONES_FEEDS_FOLDER": str(folder / "feeds")}


@dataclass
class Providers:
    """The simulator, as its journal and its control have it."""

    base: str
    seen: int = 0

    def asked(self) -> list[str]:
        """The months asked for since the last time, in order."""
        entries = self._get("/_requests")["requests"][self.seen :]
        self.seen += len(entries)
        texts = (unquote_plus(entry["path"]) for entry in entries)
        return [found[1] for text in texts if (found := re.search(r'"sj","valuecode":"(\d{6})-', text))]

    def questions(self) -> list[str]:
        """Every question that was answered, whole."""
        entries = self._get("/_requests")["requests"]
        return [entry["path"] + entry["form"] for entry in entries if entry["status"] == 200]

    def count(self) -> int:
        count: int = self._get("/_requests")["count"]
        return count

    def statuses(self) -> Counter[int]:
        return Counter(entry["status"] for entry in self._get("/_requests")["requests"])

    def script(self, *rules: dict[str, object]) -> None:
        self._post("/_script", list(rules))

    def limit(self, calls: int, seconds: float) -> None:
        self._post("/_quota", {"host": HOST, "calls": calls, "seconds": seconds})

    def _get(self, path: str) -> dict[str, list[dict[str, str]]]:  # type: ignore[type-arg]
        return json.load(urlopen(self.base + path, timeout=30))

    def _post(self, path: str, body: object) -> None:
        urlopen(Request(self.base + path, json.dumps(body).encode()), timeout=30).read()


@dataclass
class Rig:
    """The tools of one process, zones that nobody has used yet, and the providers beside them."""

    equipment: Equipment
    providers: Providers
    unused: Iterator[str] = field(default_factory=iter)

    def zone(self) -> str:
        return next(self.unused)

    def plan(self, zones: str, first: str, last: str, feed: str = "months", **wanted: object) -> Plan:
        """Planned and kept."""
        from tasks.backfills import kept, planned

        found = planned(self.equipment, Wanted(feed, tuple(zones.split(",")), first, last, **wanted))  # type: ignore[arg-type]
        kept(self.equipment, found)
        return found

    def carry(self, backfill: str) -> Progress:
        """Every chunk that is free, here and now."""
        from datazones.errors import DatazonesError
        from flows.carry import carry
        from tasks.backfills import parts_of
        from tasks.submit import next_items

        while items := next_items(self.equipment, parts_of(self.equipment, backfill)):
            for item in items:
                try:
                    carry(item.zone_id, backfill, item.chunk)
                except DatazonesError:
                    continue
        return self.progress(backfill)

    def progress(self, backfill: str) -> Progress:
        from tasks.backfills import parts_of, progress_of

        return progress_of(self.equipment, parts_of(self.equipment, backfill))

    def run(self, zones: str, first: str, last: str, feed: str = "months", **wanted: object) -> Progress:
        return self.carry(self.plan(zones, first, last, feed, **wanted).backfill_id)

    def say(self, backfill: str, word: str) -> None:
        from tasks.backfills import parts_of

        for part in parts_of(self.equipment, backfill):
            ledger = self.equipment.ledger(part.zone_id)
            if word == "cancel":
                ledger.cancel(part, "ann")
            elif word == "retry":
                ledger.retry(part)
            else:
                ledger.say(backfill, word, "ann")  # type: ignore[arg-type]

    def after(self, requests: int, backfill: str, word: str) -> threading.Thread:
        """Say a word as soon as so many more requests were made."""
        wanted = self.providers.count() + requests

        def wait() -> None:
            while self.providers.count() < wanted:
                time.sleep(0.02)
            self.say(backfill, word)

        thread = threading.Thread(target=wait, daemon=True)
        thread.start()
        return thread

    def published(self, zone: str) -> list[tuple[object, ...]]:
        """What readers see of a zone: period and figure."""
        return self.ask(zone, "SELECT time_period, obs_value FROM latest ORDER BY ALL")

    def ask(self, zone: str, sql: str) -> list[tuple[object, ...]]:
        """Of what is published; nothing before the first snapshot."""
        path = self.equipment.published(self.equipment.catalogue.zone(zone))
        return query(path, sql, self.equipment.limits).rows() if path.exists() else []

    def months(self, zone: str) -> list[str]:
        return [str(period) for period, _ in self.published(zone)]


@contextmanager
def rig(folder: Path, zones: int) -> Iterator[Rig]:
    """One in this process, with a Prefect server of its own; what it put into the environment is taken out again."""
    from prefect.settings import PREFECT_API_URL, temporary_settings

    from datazones.cli.serving import prefect_api

    names = [f"z{nth:02}" for nth in range(zones)]
    with serving(NOW, volume=1) as base, pytest.MonkeyPatch.context() as environment:
        for name in [name for name in os.environ if name.startswith("PREFECT_")]:
            environment.delenv(name)
        named = {"DATAZONES_HOME": str(folder / "home"), "DATAZONES_PROVIDERS_BASE": base}
        for name, text in {**named, **catalogue(folder, names)}.items():
            environment.setenv(name, text)
        settings.cache_clear()
        with (
            equipped() as equipment,
            prefect_api(folder / "home", equipment.examiner.warm) as url,
            temporary_settings({PREFECT_API_URL: url}),
        ):
            yield Rig(equipment, Providers(base), iter(names))
        settings.cache_clear()
