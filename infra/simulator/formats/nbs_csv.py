"""What the export button of data.stats.gov.cn gives: GBK, lines above, newest period first, notes below.

The button makes its file in the browser's session, so the path is ours: /export/<dataflow>/<indicator>.csv
https://data.stats.gov.cn/english/easyquery.htm
"""

from __future__ import annotations

from collections.abc import Iterator

from infra.simulator.exchange import Answer, Asked, Serves, csv_lines, streamed
from infra.simulator.facts import Flow, Indicator, World
from infra.simulator.figures import Key

SERVES = (Serves("data.stats.gov.cn", r"/export/\w+/[^/]+\.csv"),)

_PERIODS = 20
_DATABASES = {"fsnd": "分省年度数据"}
_ENCODING = "gb18030"


def answer(asked: Asked, world: World) -> Answer:
    _, _, dataflow_id, file = asked.path.split("/")
    flow = world.flow("NBS", dataflow_id)
    indicator = flow.indicators.get(file.removesuffix(".csv")) if flow else None
    if flow is None or indicator is None:
        return Answer(b"", 404)
    lines = (line.encode(_ENCODING) for line in csv_lines(_rows(asked, flow, indicator)))
    name = file if file.isascii() else "export.csv"
    return Answer(streamed(lines), headers=(("Content-Disposition", f"attachment; filename={name}"),))


def _rows(asked: Asked, flow: Flow, indicator: Indicator) -> Iterator[list[str]]:
    figure = flow.seen(asked.now).figure
    periods = [str(asked.now.year - back) for back in range(1, _PERIODS + 1)]
    yield [f"数据库：{_DATABASES.get(flow.dataflow_id, flow.dataflow_id)}"]
    yield [f"指标：{indicator.title}({indicator.unit_measure})"]
    yield [f"时间：最近{_PERIODS}年"]
    yield ["地区", *(f"{period}年" for period in periods)]
    for area in flow.areas.values():
        yield [area.title, *(figure(Key(indicator.indicator, area.ref_area, period)) or "" for period in periods)]
    yield ["注：以最新公布数据为准。"]
    yield ["数据来源：国家统计局"]
