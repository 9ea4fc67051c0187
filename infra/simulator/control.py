"""The simulator's own paths, which no provider has: `/_clock`, `/_requests`, `/_script` and `/_quota`."""

from __future__ import annotations

import json
from collections.abc import Callable

from datazones.errors import DatazonesError
from infra.simulator.clock import Clock, moment
from infra.simulator.exchange import Answer
from infra.simulator.journal import Journal
from infra.simulator.quota import Limit, Quotas
from infra.simulator.script import Script, rule


class Control:
    """GET /_clock and POST {"now": "..."} to it; GET /_requests; GET /_script and POST a list of rules to it;
    GET /_quota and POST {"host": "data.stats.gov.cn", "calls": 60, "seconds": 60} to it."""

    def __init__(self, clock: Clock, journal: Journal, script: Script, quotas: Quotas) -> None:
        self._clock = clock
        self._journal = journal
        self._script = script
        self._quotas = quotas
        self._replies: dict[tuple[str, str], Callable[[object], object]] = {
            ("GET", "/_clock"): self._read_clock,
            ("POST", "/_clock"): self._move_clock,
            ("GET", "/_requests"): self._read_requests,
            ("GET", "/_script"): self._read_script,
            ("POST", "/_script"): self._replace_script,
            ("GET", "/_quota"): self._read_quotas,
            ("POST", "/_quota"): self._set_quota,
        }

    def answer(self, method: str, path: str, body: bytes) -> Answer:
        """400 for a body that says nothing usable, 404 for another path."""
        reply = self._replies.get((method, path))
        if reply is None:
            return _json({"error": f"no {method} {path}; there is {sorted(self._replies)}"}, 404)
        try:
            return _json(reply(json.loads(body) if body else {}))
        except (DatazonesError, ValueError, KeyError, TypeError) as error:
            return _json({"error": str(error)}, 400)

    def _read_clock(self, _: object) -> object:
        return {"now": self._clock.now.isoformat()}

    def _move_clock(self, said: object) -> object:
        if not isinstance(said, dict):
            raise TypeError('expected {"now": "2020-12-01T00:00:00Z"}')
        self._clock.move(moment(said["now"]))
        return self._read_clock(None)

    def _read_requests(self, _: object) -> object:
        return self._journal.plain()

    def _read_script(self, _: object) -> object:
        return self._script.plain()

    def _replace_script(self, said: object) -> object:
        if not isinstance(said, list):
            raise TypeError('expected [{"match": "page=2", "fault": "cut", "at": 100}]')
        self._script.replace([rule(each) for each in said])
        return self._read_script(None)

    def _read_quotas(self, _: object) -> object:
        return self._quotas.plain()

    def _set_quota(self, said: object) -> object:
        if not isinstance(said, dict):
            raise TypeError('expected {"host": "data.stats.gov.cn", "calls": 60, "seconds": 60}')
        self._quotas.set(str(said["host"]), Limit(int(said["calls"]), float(said["seconds"])))
        return self._read_quotas(None)


def _json(content: object, status: int = 200) -> Answer:
    return Answer(json.dumps(content, ensure_ascii=False).encode(), status, (("Content-Type", "application/json"),))
