"""JSON-stat: what stops the reading, and which bytes are none."""

from __future__ import annotations

import gzip

import pytest

from datazones import dialects
from datazones.dialects import json_stat
from datazones.errors import DatazonesError, ProviderRefused, ProviderUnavailable, ResponseMalformed, UnknownCode
from datazones.model import Request
from tests.unit.test_json_stat import GEO, TIME, Json, axis, bytes_of, dataset, read

ASYNCHRONOUS = {"status": 413, "label": "ASYNCHRONOUS_RESPONSE. Your request will be treated later."}


@pytest.mark.parametrize("envelope", [{"warning": ASYNCHRONOUS}, {"error": [ASYNCHRONOUS]}, {"error": ASYNCHRONOUS}])
def test_an_answer_that_is_only_promised_is_asked_for_again(envelope: Json) -> None:
    body = bytes_of(envelope)
    with pytest.raises(ProviderUnavailable, match="ASYNCHRONOUS_RESPONSE"):
        read(body)
    request = Request("https://example.org/data/x", params=(("geo", "DE"),))
    (again,) = dialects.following("json_stat", request, body)
    assert (again.url, again.params, again.after_s) == (request.url, request.params, json_stat.ASKED_AGAIN_AFTER_S)


def test_an_answer_that_is_there_is_followed_by_nothing() -> None:
    assert dialects.following("json_stat", Request("https://example.org"), bytes_of(dataset())) == ()
    assert dialects.following("json_stat", Request("https://example.org"), bytes_of({"error": [{"label": "no"}]})) == ()


@pytest.mark.parametrize(
    ("said", "error"),
    [
        ({"status": 404, "id": 100, "label": "ERR_NOT_FOUND_4: not found"}, ProviderRefused),
        ({"status": 400, "id": 150, "label": "unknown dimension"}, ProviderRefused),
        ({"status": 413, "id": 0, "label": "EXTRACTION_TOO_BIG"}, ProviderRefused),
        ({"status": 503, "label": "SERVICE_UNAVAILABLE"}, ProviderUnavailable),
    ],
)
def test_an_error_inside_a_200_is_raised_in_the_providers_words(said: Json, error: type[DatazonesError]) -> None:
    with pytest.raises(error, match=str(said["label"])):
        read({"error": [said]})


@pytest.mark.parametrize(
    ("answer", "error", "said"),
    [
        pytest.param(dataset(value=[1, 2, 3]), ResponseMalformed, "3 cells of value", id="too few cells"),
        pytest.param(dataset(value=[1, 2, 3, 4, 5]), ResponseMalformed, "5 cells of value", id="too many cells"),
        pytest.param(dataset(value={"4": 1}), ResponseMalformed, "positions below 4", id="position beyond"),
        pytest.param(dataset(value={"-1": 1}), ResponseMalformed, "positions below 4", id="position negative"),
        pytest.param(dataset(value={"1": 1, "01": 2}), ResponseMalformed, "positions below 4", id="position twice"),
        pytest.param(dataset(value={"a": 1}), ResponseMalformed, "positions below 4", id="position no number"),
        pytest.param(dataset(value=None), ResponseMalformed, "0 cells of value", id="no value"),
        pytest.param(dataset(value=7), ResponseMalformed, "cells of value", id="value no list"),
        pytest.param(dataset(value=[1, "2", 3, 4]), ResponseMalformed, "int and str", id="mixed"),
        pytest.param(dataset(value=[True, 2, 3, 4]), ResponseMalformed, "bool", id="true"),
        pytest.param(dataset(value=[{}, 2, 3, 4]), ResponseMalformed, "dict", id="object as figure"),
        pytest.param(dataset(value=["..", "2", "3", "4"]), ResponseMalformed, r"'\.\.'", id="dots"),
        pytest.param(dataset(value=["NaN", "2", "3", "4"]), ResponseMalformed, "NaN", id="not a number"),
        pytest.param(dataset(status=["p", "p"]), ResponseMalformed, "2 cells of status", id="too few flags"),
        pytest.param(
            dataset(status=[int("1" * 40), None, None, None]), ResponseMalformed, "the status 1.11", id="long flag"
        ),
        pytest.param(dataset(status={"9": "p"}), ResponseMalformed, "positions below 4", id="flag beyond"),
        pytest.param(
            dataset(status=[["p"], None, None, None]), ResponseMalformed, "obs_status of list", id="flag list"
        ),
        pytest.param(dataset(size=[2, 3]), ResponseMalformed, "categories", id="size differs"),
        pytest.param(dataset(size=None), ResponseMalformed, "of size None", id="no size"),
        pytest.param(dataset(id=["geo", "geo"]), ResponseMalformed, "categories", id="dimension twice"),
        pytest.param(dataset(id=["geo", "when"]), ResponseMalformed, "None", id="dimension unknown"),
        pytest.param(dataset(id=[], size=[], value=[1]), ResponseMalformed, "categories", id="no dimension"),
        pytest.param(dataset(dimension=None), ResponseMalformed, "None", id="no dimensions"),
        pytest.param(
            dataset(dimension={"geo": axis({"DE": 0, "FR": 2}), "time": TIME}), ResponseMalformed, "index", id="gap"
        ),
        pytest.param(
            dataset(dimension={"geo": axis({"DE": 0, "FR": 0}), "time": TIME}), ResponseMalformed, "index", id="tie"
        ),
        pytest.param(
            dataset(dimension={"geo": axis(["DE", "DE"]), "time": TIME}), ResponseMalformed, "twice", id="code twice"
        ),
        pytest.param(
            dataset(dimension={"geo": axis([1, 2]), "time": TIME}), ResponseMalformed, "index", id="codes numbers"
        ),
        pytest.param(dataset(dimension={"geo": axis(None), "time": TIME}), ResponseMalformed, "index", id="no codes"),
        pytest.param(dataset(dimension={"geo": {}, "time": TIME}), ResponseMalformed, "None", id="no category"),
        pytest.param(
            dataset(dimension={"geo": GEO, "time": axis(["2022", "soon"])}), UnknownCode, "soon", id="no period"
        ),
        pytest.param(dataset(role={"time": ["geo", "time"]}), ResponseMalformed, "at most one", id="two times"),
        pytest.param(dataset(role={"time": ["year"]}), ResponseMalformed, "at most one", id="time elsewhere"),
        pytest.param(dataset(updated="yesterday"), ResponseMalformed, "yesterday", id="no moment"),
        pytest.param(
            dataset(updated=None, lastUpdateDate=10**30), ResponseMalformed, "milliseconds", id="no milliseconds"
        ),
        pytest.param(
            dataset(id=["geo", "GEO"], dimension={"geo": GEO, "GEO": GEO}),
            ResponseMalformed,
            "lower case",
            id="case only",
        ),
        pytest.param(
            dataset(id=["data_source", "time"], dimension={"data_source": GEO, "time": TIME}),
            ResponseMalformed,
            "data_source",
            id="name taken",
        ),
        pytest.param(
            {"version": "2.0", "class": "dimension", "category": {}}, ResponseMalformed, "has none", id="dimension"
        ),
        pytest.param(
            {"class": "collection", "link": {"item": [{"class": "dataset", "href": "x"}]}},
            ResponseMalformed,
            "list of links",
            id="links only",
        ),
        pytest.param({"first": dataset(), "second": [1]}, ResponseMalformed, "list of objects", id="list in a bundle"),
        pytest.param({"value": {"deep": {}}}, ResponseMalformed, "has none", id="no data set"),
        pytest.param(bytes_of(dataset())[:-40], ResponseMalformed, "one JSON value", id="cut short"),
        pytest.param(bytes_of(dataset()).replace(b"1.5", b"NaN"), ResponseMalformed, "one JSON value", id="bare NaN"),
        pytest.param(
            bytes_of(dataset()).replace(b"1.5", b"1e400"), ResponseMalformed, "one JSON value", id="past double"
        ),
        pytest.param(
            bytes_of(dataset(value={"0": 1, "1": 2})).replace(b'"1": 2', b'"0": 2'),
            ResponseMalformed,
            "twice",
            id="doubled key",
        ),
        pytest.param(b'{"value":' + b"[" * 3000, ResponseMalformed, "JSON", id="deep"),
        pytest.param(gzip.compress(bytes_of(dataset()))[:-9], ResponseMalformed, "breaks off", id="gzip cut"),
    ],
)
def test_what_cannot_be_read_without_losing_something_stops_the_reading(
    answer: object, error: type[DatazonesError], said: str
) -> None:
    with pytest.raises(error, match=said):
        read(answer)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"<html></html>",
        b'[{"page":1,"per_page":50}]',
        b'{"returncode":200,"returndata":{}}',
        b'{"_meta":{},"series":{"docs":[{"value":[1]}]}}',
        b'{"error":{"code":401,"message":"no key"}}',
        b'{"dimensions":[],"dataSets":[]}',
    ],
)
def test_other_bytes_are_not_recognised(body: bytes) -> None:
    assert not json_stat.recognises(body)
