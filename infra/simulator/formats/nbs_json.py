"""NBS China easyquery, first generation: GET or POST form, no paging, no Content-Type, errors inside a 200.

https://data.stats.gov.cn/english/easyquery.htm
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import product, starmap
from typing import NamedTuple

from infra.simulator.exchange import Answer, Asked, Serves, streamed
from infra.simulator.facts import Flow, World
from infra.simulator.figures import Key

SERVES = (Serves("data.stats.gov.cn", r"/(english/)?easyquery\.htm"),)

_FIRST_PERIOD = 1949
_DBCODE = r"(hg|fs|cs)[yjn]d"
"""The databases: nation, province or city, by month, quarter or year."""
_DEFAULT_PERIODS = "LAST10"
_HEADERS = (
    ("Set-Cookie", "JSESSIONID=0; Path=/; HttpOnly"),
    ("Set-Cookie", "u=1; Path=/"),
    ("WZWS-RAY", "simulator"),
)
_NOTHING = {"returncode": 501, "returndata": "对不起，未能找到符合查询条件的信息。"}
_WDNAMES = {"zb": "指标", "reg": "地区", "sj": "时间"}
_Node = dict[str, object]


class _Chosen(NamedTuple):
    """The codes of each dimension that are asked for."""

    zb: Sequence[str]
    reg: Sequence[str]
    sj: Sequence[str]


def answer(asked: Asked, world: World) -> Answer:
    dbcode = asked.params.get("dbcode", "")
    flow = world.flow("NBS", dbcode)
    try:
        if flow is None or not re.fullmatch(_DBCODE, dbcode):
            raise LookupError(dbcode)
        parts = iter([_plain(_tree(asked, flow))]) if asked.params.get("m") == "getTree" else _data(asked, flow)
    except (LookupError, ValueError, TypeError, AttributeError):
        parts = iter([_plain(_NOTHING)])
    return Answer(streamed(parts), headers=_HEADERS)


def _plain(content: object) -> str:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"))


def _data(asked: Asked, flow: Flow) -> Iterator[str]:
    """The parts of the answer. The figures are gone through twice: their decimals are said before any of them."""
    chosen = _chosen(asked, flow)
    figure = flow.seen(asked.now).figure
    decimals = {zb: _decimals(figure(Key(zb, *rest)) for rest in product(chosen.reg, chosen.sj)) for zb in chosen.zb}
    return _told(chosen, figure, decimals, flow)


def _told(
    chosen: _Chosen, figure: Callable[[Key], str | None], decimals: Mapping[str, int], flow: Flow
) -> Iterator[str]:
    found = 0
    yield '{"returncode":200,"returndata":{"datanodes":['
    for nth, key in enumerate(starmap(Key, product(*chosen))):
        text = figure(key)
        found += text is not None
        yield ("," if nth else "") + _plain(_node(key, text, decimals[key.indicator]))
    described = [_described(kind, codes, flow, decimals) for kind, codes in chosen._asdict().items()]
    yield f'],"freshsort":0,"hasdatacount":{found},"wdnodes":{_plain(described)}}}}}'


def _chosen(asked: Asked, flow: Flow) -> _Chosen:
    """What is asked for; LookupError where nothing of it exists. An area that is not named is the first of the list."""
    said = {
        wd["wdcode"]: wd["valuecode"] for name in ("wds", "dfwds") for wd in json.loads(asked.params.get(name) or "[]")
    }
    axes = (asked.params.get("rowcode"), asked.params.get("colcode"))
    areas = list(flow.areas) if "reg" in axes else list(flow.areas)[:1]
    return _Chosen(
        zb=_existing([code for code in flow.indicators if code.startswith(said["zb"])]),
        reg=_existing([code for code in flow.areas if code == said["reg"]]) if "reg" in said else areas,
        sj=_existing(list(dict.fromkeys(_periods(said.get("sj", _DEFAULT_PERIODS), *_scale(asked, flow))))),
    )


def _existing(codes: list[str]) -> list[str]:
    if not codes:
        raise LookupError
    return codes


def _scale(asked: Asked, flow: Flow) -> tuple[int, int]:
    """How many periods a year has in this database, and the newest that is over, counted from the year 0."""
    a_year = 12 if flow.dataflow_id[2] == "y" else 1
    return a_year, asked.now.year * a_year + (asked.now.month - 1) * a_year // 12 - 1


def _periods(said: str, a_year: int, newest: int) -> Iterator[str]:
    """Newest first, of `2023`, `2015-2024`, `2015-`, `LAST10` or several of them parted by commas; or of months."""
    shape = r"\d{4}" if a_year == 1 else r"\d{6}"
    for part in said.split(","):
        if last := re.fullmatch(r"LAST(\d{1,4})", part):
            span = (newest - int(last[1]) + 1, newest)
        elif ends := re.fullmatch(rf"({shape})(?:(-)({shape})?)?", part):
            first = _counted(ends[1], a_year)
            span = (first, _counted(ends[3], a_year) if ends[3] else newest if ends[2] else first)
        else:
            raise LookupError(part)
        oldest = max(span[0], _FIRST_PERIOD * a_year)
        yield from (_written(nth, a_year) for nth in range(min(span[1], newest), oldest - 1, -1))


def _counted(period: str, a_year: int) -> int:
    return int(period) if a_year == 1 else int(period[:4]) * 12 + int(period[4:]) - 1


def _written(nth: int, a_year: int) -> str:
    return str(nth) if a_year == 1 else f"{nth // 12}{nth % 12 + 1:02}"


def _node(key: Key, figure: str | None, decimals: int) -> _Node:
    codes = {"zb": key.indicator, "reg": key.ref_area, "sj": key.time_period}
    return {
        "code": "_".join(f"{kind}.{code}" for kind, code in codes.items()),
        "data": {
            "data": float(figure or 0),
            "dotcount": decimals,
            "hasdata": figure is not None,
            "strdata": figure or "",
        },
        "wds": [{"valuecode": code, "wdcode": kind} for kind, code in codes.items()],
    }


def _decimals(figures: Iterable[str | None]) -> int:
    """The most decimals that any of the figures shows."""
    return max((len(text.partition(".")[2]) for text in figures if text), default=0)


def _described(kind: str, codes: Sequence[str], flow: Flow, decimals: Mapping[str, int]) -> _Node:
    nodes = [
        {
            "cname": name,
            "code": code,
            "dotcount": decimals.get(code, 4),
            "exp": "",
            "ifshowcode": False,
            "memo": "",
            "name": name,
            "nodesort": "1",
            "sortcode": number,
            "tag": "",
            "unit": flow.indicators[code].unit_measure if kind == "zb" else "",
        }
        for number, (code, name) in enumerate(_names(kind, codes, flow), start=1)
    ]
    return {"nodes": nodes, "wdcode": kind, "wdname": _WDNAMES[kind]}


def _names(kind: str, codes: Sequence[str], flow: Flow) -> list[tuple[str, str]]:
    titles: Mapping[str, str] = {
        **{code: indicator.title for code, indicator in flow.indicators.items()},
        **{code: area.title for code, area in flow.areas.items()},
    }
    return [(code, _in_words(code) if kind == "sj" else titles[code]) for code in codes]


def _in_words(period: str) -> str:
    return f"{period[:4]}年" + (f"{int(period[4:])}月" if period[4:] else "")


def _tree(asked: Asked, flow: Flow) -> object:
    """The indicators or areas below a node; the facts have leaves only."""
    kind, below = asked.params.get("wdcode", "zb"), asked.params.get("id", "")
    known: Mapping[str, object] = {"zb": flow.indicators, "reg": flow.areas}[kind]
    codes = [code for code in known if below in ("", kind) or (code.startswith(below) and code != below)]
    return [
        {"dbcode": flow.dataflow_id, "id": code, "isParent": False, "name": name, "pid": below, "wdcode": kind}
        for code, name in _names(kind, codes, flow)
    ]
