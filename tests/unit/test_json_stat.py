"""JSON-stat: what is read from cubes, bundles and collections."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime

import polars as pl
import pytest

from datazones.conforming import conform, tidy
from datazones.dialects import json_stat, recognise
from datazones.errors import ResponseMalformed
from datazones.model import Hints

Json = dict[str, object]


def axis(index: object, **category: object) -> Json:
    return {"label": "axis", "category": {"index": index, **category}}


GEO = axis({"DE": 0, "FR": 1}, label={"DE": "Germany", "FR": "France"})
TIME = axis(["2022", "2023"], label={"2022": "2022", "2023": "2023"})


def dataset(**changed: object) -> Json:
    """Two areas by two years, as version 2.0 has it; a key set to None is left out."""
    whole: Json = {
        "version": "2.0",
        "class": "dataset",
        "label": "Growth",
        "source": "ESTAT",
        "updated": "2026-02-06T23:00:00+0100",
        "id": ["geo", "time"],
        "size": [2, 2],
        "value": [1.5, 2, None, 4],
        "dimension": {"geo": GEO, "time": TIME},
    }
    return {key: said for key, said in {**whole, **changed}.items() if said is not None}


def bytes_of(answer: object) -> bytes:
    return json.dumps(answer, ensure_ascii=False).encode()


def read(answer: object, hints: Hints | None = None) -> pl.DataFrame:
    body = answer if isinstance(answer, bytes) else bytes_of(answer)
    assert recognise(body) == "json_stat"
    hints = hints or Hints()
    return tidy(conform(json_stat.read(body, hints), hints))


def rows(answer: object) -> list[tuple[str, str, float | None, str | None]]:
    return read(answer).select("series_key", "time_period", "obs_value", "obs_status").rows()


FIGURES = [("A.DE", "2022", 1.5, None), ("A.DE", "2023", 2.0, None), ("A.FR", "2023", 4.0, None)]


def test_figures_stand_in_the_order_of_the_dimensions_and_an_empty_cell_is_no_observation() -> None:
    assert rows(dataset()) == FIGURES


def test_a_sparse_object_says_the_same_as_an_array() -> None:
    assert rows(dataset(value={"3": 4, "0": 1.5, "1": 2})) == FIGURES


@pytest.mark.parametrize(
    "status",
    [
        ["p", None, "c", None],
        ["p", "", "c", None],
        {"0": "p", "2": "c"},
        {"value": ["p", None, "c", None], "category": {"label": {"p": "provisional", "c": "confidential"}}},
        {"value": {"0": "p", "2": "c"}},
    ],
)
def test_a_flag_is_kept_and_makes_an_observation_of_an_empty_cell(status: object) -> None:
    assert rows(dataset(status=status)) == [
        ("A.DE", "2022", 1.5, "p"),
        ("A.DE", "2023", 2.0, None),
        ("A.FR", "2022", None, "c"),
        ("A.FR", "2023", 4.0, None),
    ]


@pytest.mark.parametrize("status", ["e", ["e"]])
def test_one_flag_for_all_belongs_to_every_figure_and_to_no_empty_cell(status: object) -> None:
    assert rows(dataset(status=status)) == [(*row[:3], "e") for row in FIGURES]


def test_eurostats_colon_for_what_is_not_available_is_kept_as_a_flag() -> None:
    assert ("A.FR", "2022", None, ":") in rows(dataset(status={"2": ":"}))


def test_time_may_be_any_dimension_and_is_told_by_its_role() -> None:
    answer = dataset(
        id=["year", "geo"],
        dimension={"year": TIME, "geo": GEO},
        role={"time": ["year"], "geo": ["geo"]},
    )
    assert rows(answer) == [("A.DE", "2022", 1.5, None), ("A.FR", "2022", 2.0, None), ("A.FR", "2023", 4.0, None)]


def test_the_reference_area_is_told_by_its_role_or_by_its_usual_names() -> None:
    by_role = dataset(id=["land", "time"], dimension={"land": GEO, "time": TIME}, role={"geo": ["land"]})
    assert read(by_role)["ref_area"].to_list() == ["DE", "DE", "FR"]
    assert read(dataset())["ref_area"].to_list() == ["DE", "DE", "FR"]


def test_a_frequency_among_the_dimensions_is_the_frequency() -> None:
    answer = dataset(
        id=["freq", "time"],
        size=[1, 2],
        value=[1, 2],
        dimension={"freq": axis(["M"]), "time": axis(["2022-01", "2022-02"])},
    )
    frame = read(answer)
    assert frame["series_key"].to_list() == ["M", "M"]
    assert frame["freq"].to_list() == ["M", "M"]


def test_a_category_without_an_index_is_named_by_its_label() -> None:
    year = {"label": "Year", "category": {"label": {"2012": "2012"}}}
    answer = dataset(id=["geo", "time"], size=[2, 1], value=[1, 2], dimension={"geo": GEO, "time": year})
    assert rows(answer) == [("A.DE", "2012", 1.0, None), ("A.FR", "2012", 2.0, None)]


def test_version_1_keeps_ids_sizes_and_roles_among_the_dimensions() -> None:
    inner = {"id": ["geo", "time"], "size": [2, 2], "role": {"time": ["time"]}, "geo": GEO, "time": TIME}
    old = dataset(version=None, id=None, size=None, dimension=inner, **{"class": None})
    assert rows({"nama_gdp_c": old}) == FIGURES
    assert rows(old) == FIGURES


def test_every_data_set_of_a_bundle_is_read_under_its_key() -> None:
    other = dataset(dimension={"geo": axis(["IT", "ES"]), "time": TIME})
    frame = read({"first": dataset(), "second": other})
    assert frame.select("dataflow_id", "series_key").unique(maintain_order=True).rows() == [
        ("first", "A.DE"),
        ("first", "A.FR"),
        ("second", "A.IT"),
        ("second", "A.ES"),
    ]


def test_data_sets_embedded_in_a_collection_are_read_and_links_left_alone() -> None:
    linked = {"class": "dataset", "href": "https://example.org/other.json", "label": "elsewhere"}
    nested = {"class": "collection", "link": {"item": [dataset()]}}
    answer = {"version": "2.0", "class": "collection", "link": {"item": [linked, nested]}}
    assert rows(answer) == FIGURES


@pytest.mark.parametrize(
    ("updated", "released"),
    [
        ("2026-02-06T23:00:00+0100", datetime(2026, 2, 6, 22, tzinfo=UTC)),
        ("2026-02-06T23:00:00+01:00", datetime(2026, 2, 6, 22, tzinfo=UTC)),
        ("2012-12-27T12:25:09Z", datetime(2012, 12, 27, 12, 25, 9, tzinfo=UTC)),
        ("2013-04-19", datetime(2013, 4, 19, tzinfo=UTC)),
        (None, None),
    ],
)
def test_the_update_is_the_release_in_utc(updated: str | None, released: datetime | None) -> None:
    assert read(dataset(updated=updated))["released_at"].to_list() == [released] * 3


def test_eurostats_first_version_says_its_update_in_milliseconds_and_its_flow_as_code() -> None:
    row = read(dataset(updated=None, lastUpdateDate=1446764400000, code="nama_gdp_c")).row(0, named=True)
    assert row["released_at"] == datetime(2015, 11, 5, 23, tzinfo=UTC)
    assert row["dataflow_id"] == "nama_gdp_c"


def test_agency_and_dataflow_come_from_the_extension_else_from_the_feed() -> None:
    hints = Hints(agency_id="STAT", dataflow_id="growth")
    named = read(dataset(extension={"id": "PRC_HICP_MANR", "agencyId": "ESTAT"}), hints).row(0, named=True)
    assert (named["agency_id"], named["dataflow_id"]) == ("ESTAT", "PRC_HICP_MANR")
    nameless = read(dataset(), hints).row(0, named=True)
    assert (nameless["agency_id"], nameless["dataflow_id"]) == ("STAT", "growth")
    assert read({"dataset": dataset()}, hints)["dataflow_id"][0] == "growth"


def test_units_decimals_and_multipliers_stand_with_the_figures_of_their_category() -> None:
    units = {"gdp": {"label": "euro", "decimals": 1, "multiplier": 6, "symbol": "€"}, "share": {"base": "Per cent"}}
    answer = dataset(
        id=["measure", "time"],
        dimension={"measure": axis(["gdp", "share"], unit=units), "time": TIME},
        value=[1, 2, 3, 4],
    )
    frame = read(answer).unique("series_key", maintain_order=True)
    assert frame.select("unit_measure", "unit_mult", "decimals").rows() == [("euro", 6, 1), ("Per cent", None, None)]
    assert json.loads(frame["series_attributes"][0])["unit_symbol"] == "€"


def test_labels_make_the_title_and_footnotes_are_kept() -> None:
    geo = axis(["DE", "FR"], label={"DE": "Germany", "FR": "France"}, note={"DE": ["without the east", "until 1990"]})
    time = axis(["2022", "2023"], note={"2023": ["first estimate"]})
    frame = read(dataset(dimension={"geo": geo, "time": time}, note=["chained volumes"]))
    attributes = json.loads(frame["series_attributes"][0])
    assert frame["title"].unique(maintain_order=True).to_list() == ["Growth: Germany", "Growth: France"]
    assert attributes == {
        "geo_note": "without the east\nuntil 1990",
        "data_source": "ESTAT",
        "footnotes": "chained volumes",
    }
    assert frame["comment_obs"].to_list() == [None, "first estimate", "first estimate"]


def test_a_dimension_named_like_a_column_of_ours_keeps_its_codes_beside_it() -> None:
    answer = dataset(id=["title", "time"], dimension={"title": GEO, "time": TIME})
    row = read(answer).row(0, named=True)
    assert json.loads(row["dimensions"]) == {"freq": "A", "title_": "DE"}
    assert row["title"] == "Growth: Germany"


def test_a_cube_of_periods_alone_has_only_its_frequency_for_a_key() -> None:
    assert rows(dataset(id=["time"], size=[2], value=[1, 2], dimension={"time": TIME})) == [
        ("A", "2022", 1.0, None),
        ("A", "2023", 2.0, None),
    ]


def test_a_cube_without_periods_is_read_without_them() -> None:
    assert rows(dataset(id=["geo"], size=[2], value=[1, 2], dimension={"geo": GEO})) == [
        ("DE", "_Z", 1.0, None),
        ("FR", "_Z", 2.0, None),
    ]


def test_a_sparse_cube_may_be_larger_than_any_memory() -> None:
    sizes = [50_000, 40_000, 2]
    many = {"a": axis([str(n) for n in range(50_000)]), "b": axis([str(n) for n in range(40_000)]), "time": TIME}
    assert rows(dataset(id=["a", "b", "time"], size=sizes, value={"3999999999": 7}, dimension=many)) == [
        ("A.49999.39999", "2023", 7.0, None)
    ]


def test_a_cube_without_a_figure_is_no_error() -> None:
    assert rows(dataset(value=[None] * 4)) == []
    assert rows(dataset(value={})) == []
    assert rows(dataset(id=["geo", "time"], size=[0, 2], value=[], dimension={"geo": axis([]), "time": TIME})) == []


def test_a_byte_order_mark_and_gzip_change_nothing() -> None:
    body = bytes_of(dataset())
    assert rows(b"\xef\xbb\xbf" + body) == rows(gzip.compress(body)) == FIGURES


def test_a_text_that_is_a_number_is_read_as_it_is_written() -> None:
    assert rows(dataset(value=["1.50", "2", None, "4"])) == FIGURES


GRID = {
    "id": ["geo", "time"],
    "size": [2, 30],
    "dimension": {"geo": GEO, "time": axis([f"{y}" for y in range(1990, 2020)])},
}
FIGURED = {str(place): place / 4 for place in range(60) if place % 3}
FLAGGED = {str(place): "cp"[place % 2] for place in range(60) if not place % 4}


@pytest.mark.parametrize(
    "cells",
    [
        {"value": FIGURED},
        {"value": FIGURED, "status": FLAGGED},
        {"value": FIGURED, "status": "p"},
        {"value": FIGURED, "status": {"value": FLAGGED, "label": {"p": "provisional"}}},
        {"value": dict(reversed(FIGURED.items())), "status": FLAGGED},
        {"value": [FIGURED.get(str(place)) for place in range(60)], "status": FLAGGED},
        {"value": [str(place) for place in range(60)], "status": [FLAGGED.get(str(place)) for place in range(60)]},
        {"value": FIGURED, "status": [f'a,"{place}":1' for place in range(60)]},
        {"value": {}, "status": FLAGGED, "extension": {"value": [1, {"value": {"7": 8}}], "status": {}}},
    ],
)
@pytest.mark.parametrize("indent", [None, 1])
def test_where_a_long_answer_is_cut_does_not_matter(
    cells: Json, indent: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = json.dumps({"bundled": dataset(**GRID, **cells)}, indent=indent).encode()
    whole = sorted(rows(body), key=repr)
    for piece in (7, 40, 300):
        monkeypatch.setattr("datazones.dialects._json_pieces.PIECE", piece)
        assert sorted(rows(body), key=repr) == whole


@pytest.mark.parametrize(
    "cells",
    [
        b'"value":{"0":1,"1":2,"2":3,"1":2}',
        b'"value":{"0":1,"1":2,"2":3},"status":{"0":"p","1":"p","2":"p","0":"p"}',
        b'"value":{"0":1,"1":2,"2":3,"0":1},"status":{"3":"p"}',
        b'"value":[1,2,3]',
        b'"value":[1,2,3,4,5]',
        b'"value":{"0":1,"1":2,"2":"3"}',
        b'"value":{"0":1,"1":2,"4":3}',
        b'"value":{"0":1,"1":2,"2":NaN}',
    ],
)
def test_what_is_wrong_with_cells_is_seen_in_pieces_as_well(cells: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    body = bytes_of(dataset(value=0)).replace(b'"value": 0', cells)
    for piece in (4, 1 << 20):
        monkeypatch.setattr("datazones.dialects._json_pieces.PIECE", piece)
        with pytest.raises(ResponseMalformed):
            read(body)
