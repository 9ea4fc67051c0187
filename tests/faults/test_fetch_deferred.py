"""Large extracts that a provider puts off: followed to their end in every format they come in, within time and caps."""

from __future__ import annotations

import json
from collections.abc import Iterator
from urllib.request import Request, urlopen

import pytest

from datazones.errors import DatazonesError, ProviderRefused, ProviderUnavailable, ResponseMalformed
from infra.simulator import facts
from infra.simulator.clock import moment
from infra.simulator.server import serving
from infra.simulator.volume import widened
from tests.simulated import QUESTIONS, Question, asked

NOW = "2026-04-01T00:00:00Z"
WORLD = widened(facts.load(), 1)
BY_NAME = {question.name: question for question in QUESTIONS}
EUROSTAT = [question for question in QUESTIONS if question.host == "ec.europa.eu"]
QUEUED = [question for question in EUROSTAT if "/sdmx/" in question.url]
LATER = {"label": "ASYNCHRONOUS_RESPONSE. Your request will be treated asynchronously. Please try again later."}
TOO_BIG = (
    '<?xml version="1.0"?><S:Fault xmlns:S="http://schemas.xmlsoap.org/soap/envelope/"><faultcode>413</faultcode>'
    "<faultstring>EXTRACTION_TOO_BIG: the requested extraction is too big</faultstring></S:Fault>"
)


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with serving(NOW, world=WORLD) as url:
        yield url


@pytest.fixture
def base(server: str) -> Iterator[str]:
    yield server
    script(server)


def script(base: str, *rules: dict[str, object]) -> None:
    urlopen(Request(f"{base}/_script", json.dumps(rules).encode()), timeout=10).read()


def paths(base: str) -> list[str]:
    noted = json.loads(urlopen(f"{base}/_requests", timeout=10).read())["requests"]
    return [entry["path"] for entry in noted]


def deferred(by: str, polls: int = 2) -> dict[str, object]:
    return {"match": "/data/", "fault": "deferred", "by": by, "polls": polls, "times": 1}


@pytest.mark.parametrize("question", QUEUED, ids=lambda question: question.name)
def test_a_ticket_of_the_queue_is_followed_until_its_data_are_there(base: str, question: Question) -> None:
    script(base, deferred("ticket"))
    assert asked(base, question) == question.expected(WORLD, moment(NOW))
    kinds = [path.split("/")[-2] for path in paths(base)[-4:]]
    assert kinds == ["status", "status", "status", "data"]


def test_a_file_that_a_footer_names_is_looked_for_until_it_is_there(base: str) -> None:
    question = BY_NAME["sdmx_ml 3.0"]
    script(base, deferred("file"))
    assert asked(base, question) == question.expected(WORLD, moment(NOW))
    assert ["/diss-web/file/" in path for path in paths(base)[-4:]] == [False, True, True, True]


@pytest.mark.parametrize(("code", "told"), [(200, "warning"), (413, "error")])
def test_a_question_that_is_still_worked_on_is_asked_again(base: str, code: int, told: str) -> None:
    question = BY_NAME["json_stat"]
    said = json.dumps({told: {"status": 413, **LATER}})
    wait = {"Retry-After": "0.01"}
    script(base, {"match": "/data/", "fault": "status", "code": code, "body": said, "headers": wait, "times": 2})
    assert asked(base, question) == question.expected(WORLD, moment(NOW))


@pytest.mark.parametrize("by", ["ticket", "file"])
def test_what_is_never_ready_ends_with_our_patience(base: str, by: str) -> None:
    script(base, deferred(by, polls=1_000))
    with pytest.raises(ProviderUnavailable, match="still not ready after 0.5 s"):
        asked(base, BY_NAME["sdmx_ml 3.0"], patience_s=0.5)


def test_a_ticket_that_the_provider_has_forgotten_is_a_refusal(base: str) -> None:
    forgotten = {"match": "/async/", "fault": "replaced", "old": "AVAILABLE", "new": "EXPIRED"}
    script(base, deferred("ticket", polls=0), forgotten)
    with pytest.raises(ProviderRefused, match="EXPIRED"):
        asked(base, BY_NAME["eurostat_tsv"])


@pytest.mark.parametrize("question", QUEUED, ids=lambda question: question.name)
@pytest.mark.parametrize("code", [200, 413])
def test_what_is_too_large_for_the_queue_is_a_refusal_in_the_providers_words(
    base: str, question: Question, code: int
) -> None:
    script(base, {"match": "/data/", "fault": "status", "code": code, "body": TOO_BIG})
    with pytest.raises(ProviderRefused, match="EXTRACTION_TOO_BIG"):
        asked(base, question)


@pytest.mark.parametrize("by", ["ticket", "file"])
def test_what_comes_later_has_the_same_caps(base: str, by: str) -> None:
    script(base, deferred(by, polls=0), {"match": "/async/data|/file/", "fault": "padded", "size": 200_000})
    with pytest.raises(ResponseMalformed, match="at most 150000"):
        asked(base, BY_NAME["sdmx_ml 3.0"], wire_cap_bytes=150_000)


@pytest.mark.parametrize("fault", ["cut", "html_page"])
def test_what_comes_later_may_be_damaged_like_anything_else(base: str, fault: str) -> None:
    options = {"at": 500} if fault == "cut" else {"code": 200}
    script(base, deferred("ticket", polls=0), {"match": "/async/data", "fault": fault, **options})
    with pytest.raises(DatazonesError):
        asked(base, BY_NAME["sdmx_csv 2.0"], attempts=1)
