"""The national hub as a BI person gets it: equal to what one computes by hand from the ten published snapshots."""

from __future__ import annotations

import json
import shutil
from collections import defaultdict
from itertools import groupby
from math import fsum

import pytest

from datazones.publishing import Manifest, Store, current, fetch_manifest
from infra.local_s3 import running
from tests.journey.homes import GB2260, LATER, ZONES, Home, Journey

NOW = {"DATAZONES_NOW": f"{LATER}T00:00:00Z"}

Own = dict[tuple[str, str, str], float]
"""A zone's own figure by indicator, period and zone."""


def _own(home: Home, zones: list[str]) -> Own:
    """What each of these zones has published of itself, read from its own file and from nothing of the hub's."""
    found: Own = {}
    for zone in zones:
        rows = home.ask(zone, "SELECT dimensions, time_period, obs_value FROM latest JOIN series USING (series_id)")
        for dimensions, period, figure in rows:
            codes = json.loads(str(dimensions))
            if codes.get("reg") == GB2260[zone] and isinstance(figure, float):
                found[codes["zb"], str(period), zone] = figure
    return found


def _manifest(home: Home, zone: str) -> Manifest:
    with running(home.folder / ".datazones/store", "datazones") as address, Store.at(address) as store:
        pointer = current(store, f"zones/{zone}")
        assert pointer
        return fetch_manifest(store, f"zones/{zone}", pointer.snapshot)


def _indicator(measure: object) -> str:
    return str(measure).split(".")[1]


@pytest.fixture(scope="module")
def home(journey: Journey, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """What the three runs left, for tests that change it."""
    folder = tmp_path_factory.mktemp("hub")
    shutil.copytree(journey.home.folder, folder, dirs_exist_ok=True)
    return Home(folder, NOW)


def test_the_totals_are_the_sums_of_what_the_zones_published(journey: Journey) -> None:
    added: dict[tuple[str, str], list[float]] = defaultdict(list)
    for (indicator, period, _), figure in _own(journey.home, ZONES).items():
        added[indicator, period].append(figure)
    expected = {
        key: (fsum(figures) if len(figures) == len(ZONES) else None, fsum(figures), len(figures))
        for key, figures in added.items()
    }
    rows = journey.home.ask(
        "national", "SELECT measure, time_period, obs_value, sum_of_zones_in, zones_in FROM national_total"
    )
    found = {(_indicator(measure), period): told for measure, period, *told in rows}
    assert len(found) > 40
    assert sorted(found) == sorted(expected)
    assert [key for key, told in expected.items() if found[key] != pytest.approx(list(told), rel=1e-15)] == []


def test_the_ranking_is_the_order_of_what_the_zones_published(journey: Journey) -> None:
    own = _own(journey.home, ZONES)
    expected: dict[tuple[str, str, str], tuple[int, float]] = {}
    by_period = sorted(own.items(), key=lambda item: (item[0][:2], -item[1]))
    for _, ranked in groupby(by_period, key=lambda item: item[0][:2]):
        figures = list(ranked)
        for key, figure in figures:
            expected[key] = (1 + sum(other > figure for _, other in figures), figure)
    rows = journey.home.ask("national", "SELECT measure, time_period, zone_id, place, obs_value FROM ranking")
    found = {(_indicator(measure), str(period), str(zone)): tuple(told) for measure, period, zone, *told in rows}
    assert {key: told for key, told in found.items() if told != (None, None)} == expected
    assert {key for key, told in found.items() if told == (None, None)} == {
        (indicator, period, zone) for indicator, period, _ in own for zone in ZONES
    } - set(own)


def test_growth_and_shares_are_those_of_the_figures(journey: Journey) -> None:
    own = _own(journey.home, ZONES)
    columns = "measure, time_period, zone_id, growth, share_of_zones"
    rows = journey.home.ask("national", f"SELECT {columns} FROM ranking WHERE obs_value IS NOT NULL")
    for measure, period, zone, growth, share in rows:
        indicator = _indicator(measure)
        figure = own[indicator, str(period), str(zone)]
        before = own.get((indicator, str(int(str(period)) - 1), str(zone)))
        everybody = [own.get((indicator, str(period), other)) for other in ZONES]
        whole = [each for each in everybody if each is not None]
        assert growth == (pytest.approx(figure / before - 1) if before else None)
        assert share == (pytest.approx(figure / fsum(whole)) if len(whole) == len(ZONES) else None)
    assert len(rows) == len(own)


def test_the_race_is_the_comparison_of_what_the_world_bank_says_of_both(journey: Journey) -> None:
    figures: dict[tuple[str, str], dict[str, float]] = defaultdict(dict)
    for dimensions, period, figure in journey.home.ask(
        "hunan", "SELECT dimensions, time_period, obs_value FROM latest JOIN series USING (series_id)"
    ):
        codes = json.loads(str(dimensions))
        if "indicator" in codes and isinstance(figure, float):
            figures[codes["indicator"], str(period)][codes["ref_area"]] = figure
    names = {True: "China", False: "United States"}
    expected = {}
    for (indicator, period), sides in figures.items():
        china, us = sides.get("CHN"), sides.get("USA")
        ahead = names[china > us] if china is not None and us is not None else None
        expected[indicator, period] = (china, us, ahead, china / us if china is not None and us else None)
    rows = journey.home.ask(
        "national", "SELECT measure, time_period, china, united_states, ahead, china_per_us FROM ai_race"
    )
    found = {(str(m).removeprefix("A.").removesuffix(".*"), str(p)): tuple(told) for m, p, *told in rows}
    assert len(found) > 100
    assert found == expected


def test_the_union_holds_every_shared_observation_and_revision_of_every_zone(journey: Journey) -> None:
    for table in ("latest", "superseded"):
        told = "series_key, time_period, obs_value, obs_status, known_from"
        asked = f"SELECT DISTINCT {told} FROM {table} JOIN series USING (series_id)"
        expected = {row for zone in ZONES for row in journey.home.ask(zone, asked)}
        found = journey.home.ask("national", asked.replace("DISTINCT ", ""))
        assert len(found) == len(expected) > 50
        assert set(found) == expected


def test_the_manifest_pins_the_ten_manifests_that_are_published(journey: Journey) -> None:
    pins = {pin.zone_id: pin for pin in _manifest(journey.home, "national").pins}
    assert sorted(pins) == ZONES
    for zone, pin in pins.items():
        reference = _manifest(journey.home, zone).reference()
        assert (pin.generation, pin.snapshot_id, pin.sha256) == (
            reference.generation, reference.snapshot_id, reference.sha256
        )  # fmt: skip


def test_the_demo_ends_with_the_race_and_the_ranking(journey: Journey) -> None:
    said = journey.later.stdout
    assert "China and the United States, in the newest period that both have:" in said
    assert "GDP (current US$)" in said.partition("China and the United States")[2]
    ranked = said.partition("gross regional product")[2].splitlines()
    assert [line for line in ranked if line.lstrip().startswith("1 ") and "Guangdong" in line]


def test_nothing_new_publishes_nothing_and_a_rollback_is_seen_as_a_new_generation(home: Home) -> None:
    assert "unchanged" in home.run("hub").stdout
    before = json.loads(home.run("history", "national", "--json").stdout)
    assert home.run("rollback", "hunan", "1", "--because", "a test", "--by", "test").returncode == 0
    done = home.run("hub")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "published" in done.stdout
    told = home.ask("national", "SELECT generation FROM contribution WHERE zone_id = 'hunan'")
    assert told == [(3,)]
    assert len(json.loads(home.run("history", "national", "--json").stdout)) == len(before) + 1
    product = "zone_id = 'hunan' AND time_period = '2018' AND measure LIKE '%A020101%'"
    assert home.run("pull", "hunan").returncode == 0
    assert home.ask("national", f"SELECT obs_value FROM ranking WHERE {product}") == [
        (_own(home, ["hunan"])["A020101", "2018", "hunan"],)
    ]


def test_a_zone_that_is_gone_after_it_was_in_holds_the_hub_back_and_readers_keep_the_last_one(home: Home) -> None:
    published = home.published("national").read_bytes()
    with running(home.folder / ".datazones/store", "datazones") as address, Store.at(address) as store:
        store.remove("zones/guizhou/CURRENT")
    done = home.run("hub")
    assert done.returncode == 3, done.stdout + done.stderr
    assert "guizhou, refused" in home.run("report", "national", "--held", "--json").stdout
    assert home.published("national").read_bytes() == published


def test_a_hub_is_built_and_has_nothing_of_its_own_to_rebuild(home: Home) -> None:
    done = home.run("rebuild", "national")
    assert done.returncode == 2
    assert "datazones hub" in done.stderr
    unknown = home.run("hub", "hunan")
    assert unknown.returncode == 2
    assert "national" in unknown.stderr
