"""A worker's first steps, as a refresh takes them: collect, conform and load, against the simulator in a bad mood."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import polars as pl
import pytest
from prefect.logging import disable_run_logger

from datazones.catalogue import load as catalogue_in
from datazones.model import Landed, Revisions, Window
from datazones.settings import Settings
from tasks import equip
from tasks.collect import Collected, collect
from tasks.conform import conform
from tasks.load import load
from tests.simulated import Question, Row

ZONE = "anywhere"
_TOPIC = "simulated"
_HURRIED = {"deadline_s": 20.0, "attempts": 1}
"""A failure that lasts is not asked about again, unless the row is about that."""

_QUOTED = json.dumps
"""A JSON string of our texts is a TOML string too."""


@dataclass
class Worker:
    """`base` is the simulator's address; `manners` are how its equipment treats the provider."""

    equipment: equip.Equipment
    base: str
    slot: datetime
    manners: dict[str, object] = field(default_factory=lambda: dict(_HURRIED))

    def script(self, *rules: dict[str, object]) -> None:
        """These faults from now on, and new connections."""
        urlopen(Request(f"{self.base}/_script", json.dumps(rules).encode()), timeout=10).read()
        for transport in self.equipment._transports.values():
            transport.__exit__(None, None, None)
        self.equipment._transports.clear()

    def asked(self) -> list[str]:
        """The paths of every question so far."""
        noted = json.loads(urlopen(f"{self.base}/_requests", timeout=10).read())["requests"]
        return [entry["path"] for entry in noted]

    def landed(self) -> int:
        """How many different answers are kept."""
        folder = self.equipment.settings.home / "landing"
        return len(list(folder.iterdir())) if folder.exists() else 0

    @contextmanager
    def _at_work(self) -> Iterator[None]:
        """Its equipment is that of the process, its manners are those of the equipment."""
        own = equip.manners
        with pytest.MonkeyPatch.context() as patch, disable_run_logger():
            patch.setattr(equip, "_current", self.equipment)
            patch.setattr(equip, "manners", lambda *given: replace(own(*given), **self.manners))
            yield

    def collect(self, question: Question, held: Sequence[Landed] = ()) -> Collected:
        with self._at_work():
            return collect.fn(ZONE, feed_id(question), Window(), self.slot, held)

    def read(self, question: Question) -> list[Row]:
        """What a refresh would load: the observations of the staged Parquet."""
        answers = self.collect(question).answers
        with self._at_work():
            staged = conform.fn(ZONE, feed_id(question), Window(), answers)
        frames = [pl.read_parquet(path) for path in staged.observations]
        columns = ("series_key", "time_period", "obs_value", "obs_status", "conf_status")
        return sorted((row for frame in frames for row in frame.select(columns).rows()), key=repr)

    def load(self, question: Question, answers: Sequence[Landed]) -> Revisions:
        with self._at_work():
            staged = conform.fn(ZONE, feed_id(question), Window(), answers)
            return load.fn(ZONE, staged, answers, self.slot)


def feed_id(question: Question) -> str:
    return re.sub(r"\W+", "_", question.name.lower())


@contextmanager
def working(folder: Path, base: str, questions: Sequence[Question], slot: datetime) -> Iterator[Worker]:
    """A worker with a feed for every question and an embedded store, in a folder of its own."""
    _write_catalogue(folder, questions)
    chosen = Settings(home=folder / "home", providers_base=base, now=slot, _env_file=None)
    catalogue = catalogue_in(folder / "zones", folder / "feeds", folder / "agencies")
    with ExitStack() as stack:
        yield Worker(equip.Equipment(chosen, catalogue, stack), base, slot)


def _write_catalogue(folder: Path, questions: Sequence[Question]) -> None:
    shipped = Path(equip.__file__).parents[1] / "datazones" / "catalogue"
    for kind in ("zones", "feeds", "agencies"):
        (folder / kind).mkdir()
    zone = (shipped / "zones" / "beijing.toml").read_text()
    zone = re.sub(r"(?m)^(topics|shares) = .*$", rf'\1 = ["{_TOPIC}"]', zone)
    (folder / "zones" / f"{ZONE}.toml").write_text(zone)
    for question in questions:
        (folder / "feeds" / f"{feed_id(question)}.toml").write_text(_feed(question))
        (folder / "agencies" / f"of_{feed_id(question)}.toml").write_text(_agency(question))


def _feed(question: Question) -> str:
    params = dict(question.params)
    repeated = len(params) < len(question.params)
    url = f"{question.url}?{urlencode(question.params)}" if repeated else question.url
    lines = [
        f'title = "{question.name}"\nagency = "of_{feed_id(question)}"\ndataflow_id = "{question.flow[1]}"',
        f'dialect = "{question.dialect}"\ntopics = ["{_TOPIC}"]\ndocs = "-"\n[periods]\nfirst = "1990"\n[labels]',
        *(f"{name} = {_QUOTED(text)}" for name, text in question.labels.items()),
        f"[request]\nurl = {_QUOTED(url)}\n[request.params]",
        *(f"{name} = {_QUOTED(text)}" for name, text in params.items() if not repeated),
    ]
    return "\n".join(lines)


def _agency(question: Question) -> str:
    return (
        f'agency_id = "SIMULATED"\nname = "simulated"\nhosts = ["{question.host}"]\ncalls_per_minute = 6000\n'
        'licence = "-"\nattribution = "-"\nterms = "-"\ndocs = "-"\n'
    )
