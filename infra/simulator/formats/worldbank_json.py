"""World Bank Indicators API v2: pages of `[header, rows]`, newest period first, errors inside a 200, XML unless asked.

https://datahelpdesk.worldbank.org/knowledgebase/articles/889392-about-the-indicators-api-documentation
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, product
from math import ceil
from typing import TypeVar
from xml.etree import ElementTree

from infra.simulator.exchange import Answer, Asked, Serves, streamed
from infra.simulator.facts import Area, Flow, Indicator, World
from infra.simulator.figures import Key, Seen

SERVES = (Serves("api.worldbank.org", r"/v2(/[a-z]{2})?/countr(y|ies)(/[^/]+(/indicators?/[^/]+)?)?"),)

_FIRST_PERIOD = 1960
_PATH = re.compile(r".*/countr(?:y|ies)(?:/(?P<areas>[^/]+)(?:/indicators?/(?P<indicators>[^/]+))?)?")
_SPAN = re.compile(r"(?P<first>\d{4})(?::(?P<last>\d{4}))?")
_JSON = "application/json;charset=utf-8"
_NAMESPACE = "http://www.worldbank.org"
_Row = Mapping[str, object]
_Known = TypeVar("_Known", Area, Indicator)


def answer(asked: Asked, world: World) -> Answer:
    try:
        return _answered(asked, world)
    except LookupError:
        error = {"id": "120", "key": "Invalid value", "value": "The provided parameter value is not valid"}
        return Answer(_plain([{"message": [error]}]).encode()).said(_JSON)


def _answered(asked: Asked, world: World) -> Answer:
    flow = world.flow("WB", "WDI")
    path = _PATH.fullmatch(asked.path)
    if flow is None or path is None:
        raise LookupError(asked.path)
    areas = _areas(path["areas"] or "all", flow)
    if path["indicators"] is None:
        return _page([_country(area) for area in areas], asked, {})
    seen, span = flow.seen(asked.now), _span(asked)
    series = list(product(_known(path["indicators"].split(";"), flow.indicators), areas))
    rows: Sequence[_Row] | _Rows = _Rows(series, seen, span)
    if {"mrv", "mrnev"} & asked.params.keys():
        rows = [row for one in series for row in _latest(_Rows([one], seen, span), asked)]
    updated = seen.released_at.date().isoformat() if seen.released_at else None
    return _page(rows, asked, {"sourceid": "2", "lastupdated": updated})


def _areas(codes: str, flow: Flow) -> list[Area]:
    if codes.lower() == "all":
        return sorted(flow.areas.values(), key=lambda area: area.title)
    by_code = {code.upper(): area for area in flow.areas.values() for code in (area.ref_area, area.more["iso2Code"])}
    return _known(codes.upper().split(";"), by_code)


def _known(codes: list[str], known: Mapping[str, _Known]) -> list[_Known]:
    return [known[code] for code in codes]


def _span(asked: Asked) -> range:
    """The periods asked for, newest first: those this provider has rows of, whether or not it has figures."""
    span = _SPAN.fullmatch(asked.params.get("date", f"{_FIRST_PERIOD}:{asked.now.year}"))
    if span is None:
        raise LookupError(asked.params["date"])
    first, last = int(span["first"]), int(span["last"] or span["first"])
    return range(min(last, asked.now.year - 1), max(first, _FIRST_PERIOD) - 1, -1)


class _Rows:
    """The rows of some series, each made when it is shown."""

    def __init__(self, series: Sequence[tuple[Indicator, Area]], seen: Seen, span: range) -> None:
        self._series, self._seen, self._span = series, seen, span

    def __len__(self) -> int:
        return len(self._series) * len(self._span)

    def __getitem__(self, shown: slice) -> Iterator[_Row]:
        for at in range(len(self))[shown]:
            which, period = divmod(at, len(self._span))
            yield self._row(*self._series[which], str(self._span[period]))

    def _row(self, indicator: Indicator, area: Area, period: str) -> _Row:
        key = Key(indicator.indicator, area.ref_area, period)
        figure = self._seen.figure(key)
        return {
            "indicator": {"id": indicator.indicator, "value": indicator.title},
            "country": {"id": area.more["iso2Code"], "value": area.title},
            "countryiso3code": area.ref_area,
            "date": period,
            "value": None if figure is None else json.loads(figure),
            "unit": indicator.unit_measure,
            "obs_status": "",
            "decimal": 0,
        }


def _latest(rows: _Rows, asked: Asked) -> list[_Row]:
    """The most recent rows of one series, or the most recent that have a figure."""
    if "mrnev" in asked.params:
        return [row for row in rows[:] if row["value"] is not None][: _whole(asked.params["mrnev"])]
    return list(rows[: _whole(asked.params["mrv"])])


def _country(area: Area) -> _Row:
    """The country list nests what the facts have as `region.id`, `region.value` and so on."""
    row: dict[str, object] = {"id": area.ref_area, "iso2Code": area.more["iso2Code"], "name": area.title}
    for name, text in area.more.items():
        outer, _, inner = name.partition(".")
        if inner:
            nested = row.setdefault(outer, {})
            assert isinstance(nested, dict)
            nested[inner] = text
        else:
            row[name] = text
    return row


def _page(rows: Sequence[_Row] | _Rows, asked: Asked, said: _Row) -> Answer:
    page, per_page = _whole(asked.params.get("page", "1")), _whole(asked.params.get("per_page", "50"))
    header = {"page": page, "pages": ceil(len(rows) / per_page), "per_page": per_page, "total": len(rows), **said}
    shown = rows[(page - 1) * per_page : page * per_page]
    if asked.params.get("format") != "json":
        return _xml(header, list(shown))
    parts = (("," if nth else "") + _plain(row) for nth, row in enumerate(shown))
    return Answer(streamed(chain([f"[{_plain(header)},["], parts, ["]]"]))).said(_JSON)


def _whole(text: str) -> int:
    if not re.fullmatch(r"[1-9][0-9]{0,8}", text):
        raise LookupError(text)
    return int(text)


def _plain(content: object) -> str:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"))


def _xml(header: _Row, rows: list[_Row]) -> Answer:
    ElementTree.register_namespace("wb", _NAMESPACE)
    root = ElementTree.Element(f"{{{_NAMESPACE}}}data", {name: str(text) for name, text in header.items()})
    for row in rows:
        each = ElementTree.SubElement(root, f"{{{_NAMESPACE}}}data")
        for name, given in row.items():
            element = ElementTree.SubElement(each, f"{{{_NAMESPACE}}}{name}")
            if isinstance(given, dict):
                element.set("id", str(given.get("id", "")))
                element.text = str(given.get("value", ""))
            else:
                element.text = "" if given is None else str(given)
    body = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return Answer(body).said("text/xml;charset=utf-8")
