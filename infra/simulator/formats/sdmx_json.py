"""SDMX-JSON data messages: 1.0 as the ECB, 2.0 as the IMF writes it, by series or flat (AllDimensions).

https://github.com/sdmx-twg/sdmx-json/blob/master/data-message/docs/1-sdmx-json-field-guide.md
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from infra.simulator.exchange import Answer, Asked, Serves, streamed
from infra.simulator.facts import World
from infra.simulator.formats._sdmx import DIMENSIONS, Refused, agency_of, flags, key_of, selected
from infra.simulator.formats._selecting import Observation, Selected

SERVES = (
    Serves("data-api.ecb.europa.eu", r"/service/data/.+", "jsondata"),
    Serves("sdmx.oecd.org", r"/public/rest/data/.+", "jsondata"),
    Serves("api.imf.org", r"/external/sdmx/3\.0/data/.+", "json(data)?"),
)

_STATUSES = ("A", "P", "E", "O", "Q")
_Json = dict[str, object]


def answer(asked: Asked, world: World) -> Answer:
    try:
        message = _Message(asked, selected(asked, world))
    except Refused as refused:
        return refused.answer()
    version = "2.0.0" if message.second else "1.0.0"
    said = f"application/vnd.sdmx.data+json;version={version}"
    return Answer(streamed(message.parts())).said(said)


class _Message:
    """One message about what is selected, in parts."""

    def __init__(self, asked: Asked, found: Selected) -> None:
        self.second = "/3.0/" in asked.path
        self._flat = asked.params.get("dimensionAtObservation") == "AllDimensions"
        self._agency_id = agency_of(asked)
        self._found = found
        self._periods = found.every_period()
        codes = zip(*map(key_of, found.series), strict=True)
        self._codes = {name: list(dict.fromkeys(each)) for name, each in zip(DIMENSIONS, codes, strict=True)}
        self._index = {name: {code: at for at, code in enumerate(each)} for name, each in self._codes.items()}

    def parts(self) -> Iterator[str]:
        prepared = self._found.released_at.isoformat()
        about = {"id": "simulated", "test": True, "prepared": prepared, "sender": {"id": self._agency_id}}
        data_set: _Json = {"structure": 0, "action": "Replace"} if self.second else {"action": "Replace"}
        inside = "observations" if self._flat else "series"
        yield f'{{"meta":{_plain(about)},"data":{{' if self.second else f'{{"header":{_plain(about)},'
        yield f'"dataSets":[{_plain(data_set)[:-1]},"{inside}":{{'
        yield from self._members()
        structure = self._structure()
        yield (
            f'}}}}],"structures":[{_plain(structure)}]}}}}'
            if self.second
            else f'}}}}],"structure":{_plain(structure)}}}'
        )

    def _members(self) -> Iterator[str]:
        between = ""
        for nth, series in enumerate(self._found.series):
            at = ":".join(str(self._index[name][code]) for name, code in zip(DIMENSIONS, key_of(series), strict=True))
            each = (self._observation(observation) for observation in self._found.observations(series))
            if self._flat:
                members = ",".join(f'"{at}:{period}":{said}' for period, said in each)
            else:
                listed = ",".join(f'"{period}":{said}' for period, said in each)
                members = f'"{at}":{{"attributes":[{nth}],"observations":{{{listed}}}}}'
            if members:
                yield between + members
                between = ","

    def _observation(self, observation: Observation) -> tuple[int, str]:
        """The index of the period, and figure and status; the IMF writes its figures as text."""
        figure = observation.obs_value
        said = "null" if figure is None else f'"{figure}"' if self.second else figure
        status = _STATUSES.index(flags(observation).obs_status)
        return int(observation.time_period) - self._periods.start, f"[{said},{status}]"

    def _structure(self) -> _Json:
        flow = self._found.flow.dataflow_id.upper()
        urn = f"urn:sdmx:org.sdmx.infomodel.datastructure.Dataflow={self._agency_id}:{flow}(1.0)"
        key = [self._dimension(at, name) for at, name in enumerate(DIMENSIONS)]
        time: _Json = {"id": "TIME_PERIOD", "name": "Period", "keyPosition": len(key), "values": self._times()}
        dimensions = (
            {"series": [], "observation": [*key, time]} if self._flat else {"series": key, "observation": [time]}
        )
        status = {"id": "OBS_STATUS", "name": "Status", "values": [{"id": code} for code in _STATUSES]}
        return {
            "links": [{"urn": urn, "rel": "dataflow"}],
            "dimensions": {"dataSet": [], **dimensions},
            "attributes": {"series": [] if self._flat else [self._titles()], "observation": [status]},
        }

    def _dimension(self, position: int, name: str) -> _Json:
        return {"id": name, "keyPosition": position, "values": [{"id": code} for code in self._codes[name]]}

    def _times(self) -> list[_Json]:
        return [{"value" if self.second else "id": str(period)} for period in self._periods]

    def _titles(self) -> _Json:
        return {"id": "TITLE", "name": "Title", "values": [{"name": series.title} for series in self._found.series]}


def _plain(content: object) -> str:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"))
