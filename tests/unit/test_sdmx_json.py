"""SDMX-JSON of both generations: indices become codes, nothing is lost, and what contradicts itself is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from copy import deepcopy
from datetime import UTC, datetime
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datazones.conforming import conform, tidy
from datazones.dialects import sdmx_json
from datazones.errors import DatazonesError, ProviderRefused, ProviderUnavailable, ResponseMalformed, StructureChanged
from datazones.model import Cube, Hints

Json = dict[str, Any]
NO_HINTS = Hints()


def component(name: str, *codes: str, **said: object) -> Json:
    return {"id": name, "name": name.title(), "values": [{"id": code, "name": f"({code})"} for code in codes]} | said


FREQ = component("FREQ", "A", keyPosition=0)
AREA = component("LOCATION", "FRA", "DEU", keyPosition=1, role="REF_AREA")
TIME = component("TIME_PERIOD", "2022", "2023", role="TIME_PERIOD")
STATUS = component("OBS_STATUS", "A", "E")
UNIT = component("UNIT", "EUR", role="UNIT_MEASURE")


def structure(dimensions: Json, attributes: Json, **said: object) -> Json:
    link = {"rel": "dataflow", "href": "https://provider.example/dataflow/EX/WAGES/1.0"}
    return {"links": [link], "dimensions": dimensions, "attributes": attributes} | said


STRUCTURE = structure(
    {"dataSet": [FREQ], "series": [AREA], "observation": [TIME]},
    {"dataSet": [], "series": [UNIT], "observation": [STATUS]},
)
SERIES: Json = {
    "0": {"attributes": [0], "observations": {"0": [10.5, 0], "1": [None, 1]}},
    "1": {"attributes": [None], "observations": {"1": [7]}},
}
ROWS = [("A.FRA", "2022", 10.5, "A"), ("A.FRA", "2023", None, "E"), ("A.DEU", "2023", 7.0, None)]


def first(*data_sets: Json, about: Json = STRUCTURE) -> bytes:
    """A message of the first generation, as OECD and ECB send it."""
    header = {"id": "1", "sender": {"id": "SND"}}
    return json.dumps({"header": header, "structure": about, "dataSets": list(data_sets)}).encode()


def second(*data_sets: Json, about: Json = STRUCTURE, **said: object) -> bytes:
    """A message of the second generation, as the IMF sends it."""
    meta = {"schema": "https://provider.example/sdmx-json-data-schema.json", "sender": {"id": "SND"}}
    return json.dumps({"meta": meta, "data": {"structures": [about], "dataSets": list(data_sets)}} | said).encode()


def cubes(body: bytes, hints: Hints = NO_HINTS) -> list[Cube]:
    assert sdmx_json.recognises(body[:65_536])
    return list(sdmx_json.read(body, hints))


def read(body: bytes) -> pl.DataFrame:
    return tidy(conform(cubes(body), NO_HINTS))


def told(body: bytes) -> list[tuple[str, str, float | None, str | None]]:
    return read(body).select("series_key", "time_period", "obs_value", "obs_status").rows()


def refusal(body: bytes) -> DatazonesError:
    with pytest.raises(DatazonesError) as raised:
        tidy(conform(sdmx_json.read(body, NO_HINTS), NO_HINTS))
    return raised.value


def changed(about: Json, *path: str | int, to: object) -> Json:
    """A copy with something else at that place."""
    copy = deepcopy(about)
    inner: Any = copy
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = to
    return copy


# what is read


@pytest.mark.parametrize("generation", [first, second])
def test_series_are_read_with_codes_for_indices(generation: Callable[[Json], bytes]) -> None:
    found = read(generation({"action": "Information", "series": SERIES}))
    assert found.select("series_key", "time_period", "obs_value", "obs_status").rows() == ROWS
    assert found["unit_measure"].to_list() == ["EUR", "EUR", None]
    assert found["ref_area"].to_list() == ["FRA", "FRA", "DEU"]
    assert (found["agency_id"][0], found["dataflow_id"][0]) == ("EX", "WAGES")
    assert found["dimensions"][0] == '{"freq":"A","location":"FRA"}'


def test_a_flat_data_set_has_all_indices_in_the_key_of_an_observation() -> None:
    about = structure({"observation": [AREA, FREQ, TIME]}, {"observation": [UNIT, STATUS]})
    body = first({"observations": {"0:0:0": [10.5, 0, 0], "0:0:1": [None, 0, 1], "1:0:1": [7]}}, about=about)
    assert told(body) == ROWS


def test_a_cross_section_has_its_period_in_the_key_of_the_series() -> None:
    about = structure({"dataSet": [FREQ], "series": [TIME], "observation": [AREA]}, {"observation": [STATUS]})
    body = second({"series": {"1": {"observations": {"0": [None, 1], "1": [7]}}}}, about=about)
    assert told(body) == ROWS[1:]


def test_dimensions_stand_in_structure_order_whatever_level_they_are_sent_at() -> None:
    late = changed(STRUCTURE, "dimensions", "dataSet", 0, "keyPosition", to=5)
    assert told(first({"series": SERIES}, about=late))[0][0] == "FRA.A"


def test_figures_may_be_texts_and_periods_may_have_a_value_in_place_of_an_id() -> None:
    about = changed(STRUCTURE, "dimensions", "observation", 0, "values", to=[{"value": "2022"}, {"value": "2023"}])
    series = {"0": {"attributes": ["true"], "observations": {"0": ["12.50000000000001", 0], "1": ["NaN", 1]}}}
    found = read(second({"series": series}, about=about))
    assert found.select("time_period", "obs_value", "obs_status", "unit_measure").rows() == [
        ("2022", 12.50000000000001, "A", "true"),
        ("2023", None, "E", "true"),
    ]


def test_a_value_that_has_only_a_name_is_known_by_its_name() -> None:
    title = component("TITLE") | {"values": [{"name": "Wages"}, {"names": {"fr": "Salaires", "en": "Pay"}}]}
    about = changed(STRUCTURE, "attributes", "series", to=[title])
    series = {
        "0": {"attributes": [0], "observations": {"0": [1]}},
        "1": {"attributes": [1], "observations": {"0": [2]}},
    }
    assert read(first({"series": series}, about=about))["title"].to_list() == ["Wages", "Pay"]


def test_a_history_of_replacing_and_deleting_data_sets_says_when_each_was_released() -> None:
    replacing = {"action": "Replace", "validFrom": "2024-02-01T10:00:00+01:00", "series": SERIES}
    deleting = {
        "action": "Delete",
        "validTo": "2024-03-01T10:00:00Z",
        "series": {"0": {"observations": {"0": [], "1": []}}},
    }
    found = read(first(replacing, deleting))
    assert found["action"].to_list() == ["replace"] * 3 + ["delete"] * 2
    assert found["obs_value"].to_list() == [10.5, None, 7.0, None, None]
    assert found["released_at"].unique(maintain_order=True).to_list() == [
        datetime(2024, 2, 1, 9, tzinfo=UTC),
        datetime(2024, 3, 1, 10, tzinfo=UTC),
    ]


def test_a_default_holds_where_nothing_is_said() -> None:
    power = component("POWERCODE", "6", role="UNIT_MULT", default="0")
    about = changed(STRUCTURE, "attributes", "series", to=[power])
    series = {"0": {"attributes": [0], "observations": {"0": [1]}}, "1": {"observations": {"0": [2]}}}
    assert read(first({"series": series}, about=about))["unit_mult"].to_list() == [6, 0]


def test_an_attribute_of_the_data_set_with_one_value_has_it_even_if_the_data_set_is_silent() -> None:
    empty = component("REFERENCEPERIOD", role="BASE_PER")
    about = changed(STRUCTURE, "attributes", "dataSet", to=[component("POWERCODE", "3", role="UNIT_MULT"), empty])
    for said in ({}, {"attributes": [0, None]}):
        found = read(first({"series": SERIES} | said, about=about))
        assert found.select("unit_mult", "base_per").unique().rows() == [(3, None)]


def test_attributes_of_groups_reach_all_series_of_the_group() -> None:
    about = changed(STRUCTURE, "attributes", "dimensionGroup", to=[component("TITLE"), component("METHOD", "S", "T")])
    del about["attributes"]["dimensionGroup"][0]["values"]
    groups = {":": [{"en": "Wages", "fr": "Salaires"}], "1:": [None, 1]}
    found = read(second({"series": SERIES, "dimensionGroupAttributes": groups}, about=about))
    assert found["title"].unique().to_list() == ["Wages"]
    assert found["series_attributes"].to_list() == [None, None, '{"method":"T"}']


def test_annotations_behind_the_attributes_are_kept_as_text() -> None:
    about = STRUCTURE | {"annotations": [{"title": "t", "text": "revised"}, {"type": "x", "title": "strike"}]}
    series = {"0": {"annotations": [1], "observations": {"0": [1, 0]}}, "1": {"observations": {"0": [1, 0, 0, 1]}}}
    found = read(second({"series": series}, about=about))
    assert found["obs_attributes"].to_list() == ['{"annotations":"strike"}', '{"annotations":"revised | strike"}']


def test_an_index_that_stands_for_nothing_is_kept_beside_the_observation() -> None:
    found = read(first({"series": {"0": {"observations": {"0": [1, 7], "1": [2, 0]}}}}))
    assert found["obs_status"].to_list() == [None, "A"]
    assert found["obs_attributes"].to_list() == ['{"obs_status_unlisted":"7"}', None]


def test_a_flow_without_time_has_none() -> None:
    about = structure({"observation": [AREA, component("PER", "INI")]}, {"observation": [STATUS]})
    assert told(first({"observations": {"0:0": [1.5, None]}}, about=about)) == [("FRA.INI", "_Z", 1.5, None)]


def test_each_data_set_is_read_by_the_structure_it_points_to() -> None:
    other = structure({"observation": [component("SEX", "F"), TIME]}, {"observation": []})
    body = json.loads(second({"structure": 1, "observations": {"0:0": [3]}}, {"structure": 0, "series": SERIES}))
    body["data"]["structures"].append(other)
    assert told(json.dumps(body).encode()) == [("F", "2022", 3.0, None), *ROWS]


def test_a_message_without_observations_gives_no_cube() -> None:
    assert cubes(first()) == []
    assert cubes(first({"series": {}})) == []
    assert cubes(second({"observations": {}})) == []


@pytest.mark.parametrize("mark", [b"\xef\xbb\xbf", b"\r\n "])
def test_a_byte_order_mark_or_space_in_front_changes_nothing(mark: bytes) -> None:
    assert told(mark + first({"series": SERIES})) == ROWS


# what is refused


def in_series(*observations: object, key: str = "0", at: str = "0") -> bytes:
    return first({"series": {key: {"observations": {at: list(observations)}}}})


@pytest.mark.parametrize(
    "body",
    [
        in_series(1, key="2"),
        in_series(1, key="x"),
        in_series(1, key="0:0"),
        in_series(1, at="-1"),
        in_series(1, at="9" * 30),
        in_series(True),
        in_series([1]),
        in_series("1,234"),
        in_series("9" * 400),
        in_series(1, 0, 5),
        in_series(1, 2**63),
        first({"series": {"0": {"observations": [1]}}}),
        first({"series": [1]}),
        first({"series": {"0": {"observations": {"0": 5}}}}),
        first({"series": {"0": {"attributes": [0, 0], "observations": {}}}}),
        first({"series": SERIES, "attributes": [0]}),
        first({"series": SERIES, "action": "Destroy"}),
        first({"series": SERIES, "validFrom": "soon"}),
        first({"action": "Delete", "series": {"0": {}}}),
        second({"series": SERIES, "dimensionGroupAttributes": {"0:0:0:0": [1]}}),
        first({"series": SERIES}, about=changed(STRUCTURE, "dimensions", "dataSet", 0, "values", to=[])),
        first({"series": SERIES}).replace(b'"1": {"attributes"', b'"0": {"attributes"'),
        first({"series": SERIES}).replace(b'"1": [null', b'"0": [null'),
        first({"series": SERIES}).replace(b"10.5", b"NaN"),
        first({"series": SERIES}).replace(b"10.5", b"1e400"),
        first({"series": SERIES}).replace(b"FRA", b"\xff"),
        first({"series": SERIES})[:-9],
        first({"series": SERIES}).replace(b"10.5", b"[" * 100_000),
        json.dumps({"header": {}, "dataSets": [1], "structure": {}}).encode(),
        json.dumps({"header": {}, "dataSets": [], "structure": []}).encode(),
        b"",
        b"[]",
        b"<html></html>",
    ],
    ids=[
        *("no such code", "no index", "too many indices", "negative", "huge index", "true", "array", "thousands"),
        *("400 digits", "no such annotation", "huge attribute", "array of observations", "array of series"),
        *("bare figure", "too many series attributes", "too many attributes", "action", "moment", "whole series"),
        *("group of too many", "dimension without its value", "series twice", "observation twice", "NaN", "1e400"),
        *("no UTF-8", "cut", "deep", "odd data set", "odd structure", "empty", "other JSON", "HTML"),
    ],
)
def test_bad_content_is_a_typed_error(body: bytes) -> None:
    assert isinstance(refusal(body), ResponseMalformed)


@pytest.mark.parametrize("lost", ["series", "observation"])
def test_keys_whose_dimensions_the_structure_lost_are_refused(lost: str) -> None:
    dimensions = {level: items for level, items in STRUCTURE["dimensions"].items() if level != lost}
    with pytest.raises(ResponseMalformed, match="0 indices"):
        list(sdmx_json.read(first({"series": SERIES}, about={**STRUCTURE, "dimensions": dimensions}), NO_HINTS))


@pytest.mark.parametrize("known", ["series", "observations"])
def test_observations_under_a_name_nobody_knows_are_not_passed_over(known: str) -> None:
    with pytest.raises(ResponseMalformed, match="the member 'x'"):
        list(sdmx_json.read(first({"series": SERIES}).replace(f'"{known}": {{'.encode(), b'"x": {'), NO_HINTS))


def test_a_component_without_an_id_is_refused() -> None:
    with pytest.raises(ResponseMalformed, match="a component with an id"):
        list(sdmx_json.read(first({"series": SERIES}).replace(b'"id": "OBS_STATUS"', b'"hd": "OBS_STATUS"'), NO_HINTS))


def test_data_sets_under_a_name_nobody_knows_are_not_passed_over() -> None:
    body = first({"series": SERIES})[:-1] + b', "sets": [{"series": {}}]}'
    with pytest.raises(ResponseMalformed, match="the member 'sets'"):
        list(sdmx_json.read(body, NO_HINTS))


def test_several_measures_are_not_read_as_if_they_were_one() -> None:
    about = STRUCTURE | {"measures": {"observation": [{"id": "MEAN"}, {"id": "MEDIAN"}]}}
    assert isinstance(refusal(second({"series": SERIES}, about=about)), StructureChanged)


def test_a_structure_message_says_what_it_is() -> None:
    body = b'{"meta": {"schema": "sdmx-json-structure-schema.json"}, "data": {"codelists": [], "dataflows": []}}'
    assert sdmx_json.recognises(body)
    assert "structures (codelists, dataflows)" in refusal(body).found


@pytest.mark.parametrize(("code", "kind"), [(404, ProviderRefused), (503, ProviderUnavailable)])
def test_errors_of_the_provider_are_raised_even_beside_data(code: int, kind: type[DatazonesError]) -> None:
    errors = [{"code": code, "title": "No results"}]
    for body in (json.dumps({"errors": errors}).encode(), second({"series": SERIES}, errors=errors)):
        assert sdmx_json.recognises(body)
        found = refusal(body)
        assert isinstance(found, kind)
        assert str(code) in found.found


def test_an_empty_list_of_errors_is_none() -> None:
    assert told(second({"series": SERIES}, errors=[])) == ROWS


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b'{"version": "2.0", "class": "dataset"}',
        b'{"error_code": 400}',
        b'[{"page": 1}]',
        b'{"returncode": 200}',
    ],
)
def test_other_json_is_not_taken_for_sdmx(body: bytes) -> None:
    assert not sdmx_json.recognises(body)


# pieces


NOTES = st.sampled_from(["x", '"1":{', ',"0:1":{"', "}", "{", "\\", ',"0":[', '"series":{', "é"])


@given(
    entries=st.dictionaries(
        st.integers(0, 40), st.dictionaries(st.integers(0, 1), st.tuples(st.integers(), NOTES), max_size=2), max_size=30
    ),
    flat=st.booleans(),
    indent=st.sampled_from([None, 1]),
)
@settings(max_examples=80, deadline=None)
def test_a_message_reads_the_same_in_whatever_pieces(entries: dict[int, Any], flat: bool, indent: int | None) -> None:
    areas = component("LOCATION", *(f"L{number}" for number in range(41)), keyPosition=1)
    note = {"id": "NOTE"}
    if flat:
        about = structure({"observation": [areas, TIME]}, {"observation": [note]})
        observations = {f"{a}:{t}": list(cells) for a, found in entries.items() for t, cells in found.items()}
        data_sets: list[Json] = [{"observations": observations}, {"observations": {}}]
    else:
        about = structure({"series": [areas], "observation": [TIME]}, {"series": [note], "observation": [note]})
        series = {
            str(area): {"attributes": ['}"{'], "observations": {str(t): list(cells) for t, cells in found.items()}}
            for area, found in entries.items()
        }
        data_sets = [{"series": series}, {"action": "Information", "series": {}}]
    body = json.dumps(json.loads(second(*data_sets, about=about)), indent=indent, ensure_ascii=False).encode()
    assert _rows(body, piece=60) == _rows(body, piece=1 << 20)


def _rows(body: bytes, piece: int) -> list[tuple[object, ...]]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("datazones.dialects._json_pieces.PIECE", piece)
        found = cubes(body)
    names = ("location", "time_period", "obs_value", "note")
    return [row for cube in found for row in cube.frame.select(names).rows()]


def test_a_large_message_comes_in_several_cubes(monkeypatch: pytest.MonkeyPatch) -> None:
    areas = component("LOCATION", *(f"L{number}" for number in range(500)), keyPosition=1)
    about = changed(STRUCTURE, "dimensions", "series", to=[areas])
    body = first({"series": {str(number): SERIES["0"] for number in range(500)}}, about=about)
    whole = read(body)
    monkeypatch.setattr("datazones.dialects._json_pieces.PIECE", 2_000)
    assert len(cubes(body)) > 5
    assert read(body).equals(whole)


@pytest.mark.parametrize("value", ["11111111111111111111111111111111111111110", "0.12345678901234567", "[1e22]"])
def test_a_status_that_a_double_may_not_give_back_as_it_was_written_is_refused(value: str) -> None:
    body = (
        '{"header":{"id":"1","prepared":"2024-01-01T00:00:00Z","sender":{"id":"ECB"}},"dataSets":[{"action":"Replace",'
        '"series":{"0":{"observations":{"0":[1.5,%s]}}}}],"structure":{"dimensions":{"series":[{"id":"REF_AREA",'
        '"values":[{"id":"FR"}]}],"observation":[{"id":"TIME_PERIOD","values":[{"id":"2021"}]}]},"attributes":'
        '{"observation":[{"id":"OBS_STATUS","values":[{"id":"P"}]}]}}}'
    )
    with pytest.raises(ResponseMalformed, match="the value"):
        list(sdmx_json.read((body % value).encode(), Hints()))
