"""DBnomics v22: pages of series with their periods and figures as arrays side by side. Errors come inside a 200 too.

https://docs.db.nomics.world/web-api/
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from infra.simulator.exchange import Answer, Asked, Serves, streamed
from infra.simulator.facts import World
from infra.simulator.formats._selecting import Selected, Series, chosen

SERVES = (Serves("api.db.nomics.world", r"/v22/series/[^/]+/[^/]+(/[^/]+)?"),)

_MOST = 1000
_VERSION = "22.1.17"


def answer(asked: Asked, world: World) -> Answer:
    _, _, _, provider, dataset, *code = asked.path.split("/")
    flow = world.flow(provider, dataset)
    try:
        if flow is None:
            raise LookupError(f"Dataset {dataset!r} of provider {provider!r} was not found")
        limit, offset = (int(asked.params.get(name, default)) for name, default in (("limit", "1000"), ("offset", "0")))
        wanted: dict[str, list[str]] = json.loads(asked.params.get("dimensions", "{}"))
        seen = flow.seen(asked.now)
        series = chosen(flow, seen, wanted.get("indicator", []), wanted.get("ref_area", []))
        found = Selected(flow, seen, tuple(each for each in series if not code or _code(each) == code[0]))
    except (LookupError, ValueError) as error:
        said = {"_meta": {"version": _VERSION}, "errors": [{"message": str(error.args[0])}]}
        return Answer(json.dumps(said).encode(), 404 if flow is None else 200).said("application/json")
    page = found.series[offset : offset + min(limit, _MOST)]
    parts = _parts(found, page, min(limit, _MOST), offset, observed=asked.params.get("observations") == "1")
    return Answer(streamed(parts)).said("application/json")


def _code(series: Series) -> str:
    return f"A-{series.indicator.indicator}-{series.area.ref_area}"


def _parts(found: Selected, page: Sequence[Series], limit: int, offset: int, *, observed: bool) -> Iterator[str]:
    about = {
        "_meta": {"args": {"limit": limit, "offset": offset}, "version": _VERSION},
        "dataset": {
            "code": found.flow.dataflow_id,
            "dimensions_codes_order": ["frequency", "indicator", "ref_area"],
            "indexed_at": _indexed(found),
            "name": found.flow.dataflow_id,
            "provider_code": found.flow.agency_id,
        },
        "errors": None,
        "provider": {"code": found.flow.agency_id},
    }
    yield json.dumps(about)[:-1] + ',"series":{"docs":['
    for nth, series in enumerate(page):
        observations = _observations(found, series) if observed else {}
        yield ("," if nth else "") + json.dumps(_described(found, series) | observations, ensure_ascii=False)
    yield f'],"limit":{limit},"num_found":{len(found.series)},"offset":{offset}}}}}'


def _indexed(found: Selected) -> str:
    return found.released_at.isoformat().replace("+00:00", "Z")


def _described(found: Selected, series: Series) -> dict[str, object]:
    codes = {"frequency": "A", "indicator": series.indicator.indicator, "ref_area": series.area.ref_area}
    return {
        "@frequency": "annual",
        "dataset_code": found.flow.dataflow_id,
        "dataset_name": found.flow.dataflow_id,
        "dimensions": codes,
        "indexed_at": _indexed(found),
        "provider_code": found.flow.agency_id,
        "series_code": _code(series),
        "series_name": series.title,
    }


def _observations(found: Selected, series: Series) -> dict[str, object]:
    each = list(found.observations(series))
    return {
        "period": [one.time_period for one in each],
        "period_start_day": [f"{one.time_period}-01-01" for one in each],
        "value": ["NA" if one.obs_value is None else json.loads(one.obs_value) for one in each],
        "observations_attributes": [["OBS_STATUS", [one.obs_status for one in each]]],
    }
