"""What the providers have published, and what of it can be seen at a moment. Read from CSV files (facts/README.md)."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from datazones.errors import CatalogueInvalid
from infra.simulator.figures import Key, MadeUp, Seen, Vintage, seen

PUBLISHED = Path(__file__).parent / "facts"


@dataclass(frozen=True, slots=True)
class Indicator:
    """One indicator, in the provider's words."""

    indicator: str
    title: str
    unit_measure: str = ""


@dataclass(frozen=True, slots=True)
class Area:
    """One reference area; `more` holds what only its own provider says of it."""

    ref_area: str
    title: str
    more: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Flow:
    """One dataflow of one agency: its code lists and its vintages; beside them what is made up."""

    agency_id: str
    dataflow_id: str
    indicators: Mapping[str, Indicator]
    areas: Mapping[str, Area]
    vintages: tuple[Vintage, ...]
    made_up: MadeUp | None = None

    def __post_init__(self) -> None:
        figures = (key for vintage in self.vintages for key in vintage.figures)
        unlisted = {key for key in figures if key.indicator not in self.indicators or key.ref_area not in self.areas}
        if unlisted:
            raise _invalid(f"{self.agency_id} {self.dataflow_id}", f"figures of {sorted(unlisted)[:3]}")

    def seen(self, now: datetime) -> Seen:
        return seen(self.vintages, self.made_up, now)

    def history(self, now: datetime) -> list[Seen]:
        """What was seen after each change up to now, the oldest first."""
        changes = {vintage.released_at for vintage in self.vintages} | {*(self.made_up.changes if self.made_up else ())}
        return [self.seen(change) for change in sorted(changes) if change <= now]


class World:
    """Every flow there is, by agency and dataflow."""

    def __init__(self, flows: Iterable[Flow]) -> None:
        self._flows = {(flow.agency_id, flow.dataflow_id): flow for flow in flows}

    def __iter__(self) -> Iterator[Flow]:
        return iter(self._flows.values())

    def flow(self, agency_id: str, dataflow_id: str) -> Flow | None:
        return self._flows.get((agency_id, dataflow_id))

    def named(self, dataflow_id: str) -> Flow | None:
        """The flow of that id, whosever it is and however it is written."""
        return next((flow for flow in self if flow.dataflow_id.lower() == dataflow_id.lower()), None)


def load(folder: Path = PUBLISHED) -> World:
    """The facts in the CSV files of a folder."""
    figures = _figures(folder)
    areas = {path.stem.partition("_")[2]: dict(_areas(path)) for path in folder.glob("areas_*.csv")}
    indicators: dict[tuple[str, str], dict[str, Indicator]] = defaultdict(dict)
    for row in _rows(folder / "indicators.csv"):
        known = Indicator(row["indicator"], row["title"], row["unit_measure"])
        indicators[row["agency_id"], row["dataflow_id"]][known.indicator] = known
    vintages: dict[tuple[str, str], list[Vintage]] = defaultdict(list)
    for row in _rows(folder / "vintages.csv"):
        released = datetime.fromisoformat(row["released_at"]).replace(tzinfo=UTC)
        vintages[row["agency_id"], row["dataflow_id"]].append(Vintage(released, figures[row["vintage"]]))
    unlisted = figures.keys() - {row["vintage"] for row in _rows(folder / "vintages.csv")}
    if unlisted:
        raise _invalid(str(folder), f"figures of the vintages {sorted(unlisted)}")
    return World(Flow(*name, known, areas[name[0]], tuple(vintages[name])) for name, known in indicators.items())


def _invalid(subject: str, found: str) -> CatalogueInvalid:
    return CatalogueInvalid(
        subject,
        found=found,
        expected="figures of listed vintages, indicators and areas only",
        next_step="list them; infra/simulator/facts/README.md says where",
    )


def _figures(folder: Path) -> dict[str, dict[Key, str]]:
    figures: dict[str, dict[Key, str]] = defaultdict(dict)
    for path in sorted(folder.glob("figures_*.csv")):
        for row in _rows(path):
            figures[row["vintage"]][Key(row["indicator"], row["ref_area"], row["time_period"])] = row["obs_value"]
    return figures


def _areas(path: Path) -> Iterator[tuple[str, Area]]:
    for row in _rows(path):
        area = Area(row.pop("ref_area"), row.pop("title"), row)
        yield area.ref_area, area


def _rows(path: Path) -> Iterator[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as lines:
        yield from csv.DictReader(lines)
