"""Months of the provinces and a quota at the simulated providers: what backfills are tried against."""

from __future__ import annotations

import json
from collections.abc import Iterator
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import pytest

from infra.simulator.server import serving

HOST = "data.stats.gov.cn"


@pytest.fixture
def base() -> Iterator[str]:
    with serving("2020-12-01T00:00:00Z", volume=1) as found:
        yield found


def asked(base: str, periods: str) -> dict[str, object]:
    chosen = [{"wdcode": "zb", "valuecode": "SIM0001"}, {"wdcode": "sj", "valuecode": periods}]
    form = {"m": "QueryData", "dbcode": "fsyd", "wds": '[{"wdcode":"reg","valuecode":"430000"}]'}
    query = urlencode({**form, "dfwds": json.dumps(chosen)})
    found: dict[str, object] = json.load(urlopen(f"{base}/{HOST}/easyquery.htm?{query}", timeout=10))
    return found


def months(base: str, periods: str) -> list[str]:
    data = asked(base, periods)["returndata"]
    assert isinstance(data, dict)
    return [node["wds"][-1]["valuecode"] for node in data["datanodes"]]


def test_months_are_asked_by_their_digits_newest_first_and_only_those_that_are_over(base: str) -> None:
    assert months(base, "201911-202002") == ["202002", "202001", "201912", "201911"]
    assert months(base, "202010-202112") == ["202011", "202010"]
    assert months(base, "201001") == ["201001"]
    assert asked(base, "2019-2020")["returncode"] == 501


def test_beyond_its_quota_a_provider_refuses_and_says_when_to_come_again(base: str) -> None:
    limit = {"host": HOST, "calls": 2, "seconds": 30}
    urlopen(Request(f"{base}/_quota", json.dumps(limit).encode()), timeout=10).read()
    assert [months(base, "201001"), months(base, "201002")] == [["201001"], ["201002"]]
    with pytest.raises(HTTPError) as refused:
        months(base, "201003")
    assert refused.value.code == 429
    assert 1 <= int(refused.value.headers["Retry-After"]) <= 30
    requests = json.load(urlopen(f"{base}/_requests", timeout=10))["requests"]
    assert [entry["status"] for entry in requests] == [200, 200, 429]
