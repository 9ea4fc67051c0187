"""The gate's report: what a person reads in a minute, a program reads back, and nobody else is asked for."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from lxml import html

from datazones.model import Brought, Candidate, Curve, Finding, HeldFeed, Parent, Point, Revisions, Table, Verdict
from datazones.reporting import Report, Summary, as_html, as_json, as_markdown, places, summarised
from datazones.reporting.plotting import HEIGHT, WIDTH, plotted, sparkline
from datazones.warehouse import around
from datazones.warehouse.connecting import Limits
from tests.unit.expectations_zone import Zone

AT = datetime(2026, 4, 1, 9, 30, tzinfo=UTC)
KEY = "A.A020101.430000"
CANDIDATE = Candidate(
    zone_id="hunan",
    path="/home/somebody/hunan.duckdb",
    digest="ab" * 32,
    storage_version="v1.2.0",
    tables=(Table("latest", 12345, "cd" * 32),),
    feeds=(HeldFeed("gdp", "NBS", "fsnd", "terms", "National Bureau of Statistics", 3, AT),),
    changes=Revisions(added=1, revised=29),
    load_id=3,
    parent=Parent(7, "ef" * 32, 2),
)
ROWS = tuple(
    {"feed_id": "gdp", "series_key": KEY, "time_period": str(y), "found": f"figure of {y}"} for y in range(2000, 2020)
)
JUMP = Finding("causes.units_do_not_jump", "critical", "20 figures", "Figures do not jump.", 400, ROWS)
LOOK = "Look at the unit in the raw answer."
LATE = Finding("freshness.feeds_are_fresh", "warning", "gdp: 9 days late", "Feeds are on time.", 1)
CURVE = Curve(
    "gdp", KEY, "2000", "地区生产总值", "亿元", tuple(Point(str(y), 1e4 * y, float(y)) for y in range(1995, 2010))
)


def report(*findings: Finding, curves: tuple[Curve, ...] = ()) -> Report:
    passed = all(finding.severity != "critical" for finding in findings)
    return Report("Hunan 湖南", AT, CANDIDATE, Verdict(passed, 45, findings), curves, "0.1.0", {JUMP.rule: LOOK})


def words(page: str) -> str:
    return " ".join(html.fromstring(page).text_content().split())


def test_each_finding_says_what_to_look_at_next_in_every_form_of_the_report() -> None:
    told = report(JUMP, LATE)
    assert words(as_html(told)).count("Next:") == 1
    assert f"Next: {LOOK}" in words(as_html(told))
    assert "Next: Look at the unit in the raw answer" in as_markdown(told)
    assert json.loads(as_json(told))["next_steps"] == {JUMP.rule: LOOK, LATE.rule: ""}


def test_the_first_lines_say_the_verdict_what_it_means_and_what_to_do() -> None:
    said = words(as_html(report(JUMP, LATE)))
    assert "Hunan 湖南: held back" in said
    assert "1 critical check failed, so this candidate was not published" in said
    assert 'datazones approve hunan --because "…"' in said
    assert "45 checks" in said
    assert "1 added, 29 revised since generation 7" in said


def test_a_good_verdict_says_so_and_asks_for_nothing() -> None:
    said = words(as_html(report()))
    assert "Hunan 湖南: passed" in said
    assert "Every check held" in said
    assert "approve" not in said


def test_a_finding_shows_its_rule_its_worst_places_and_how_many_more_there_are() -> None:
    page = html.fromstring(as_html(report(JUMP)))
    (finding,) = page.xpath("//section")
    said = " ".join(finding.text_content().split())
    assert all(text in said for text in (JUMP.expected, JUMP.found, JUMP.rule, "8 of 400"))
    assert [row.text_content() for row in finding.xpath(".//tbody/tr/td[4]")] == [
        f"figure of {y}" for y in range(2000, 2008)
    ]


def test_the_series_around_the_place_is_drawn_with_what_readers_see_now_and_a_ring_at_the_place() -> None:
    page = html.fromstring(as_html(report(JUMP, curves=(CURVE,))))
    (figure,) = page.xpath("//figure")
    for kind in ("now", "before"):
        (line,) = figure.xpath(f".//*[@class='{kind}']/@points")
        spots = [tuple(map(float, spot.split(","))) for spot in line.split()]
        assert len(spots) == len(CURVE.points)
        assert all(0 <= x <= WIDTH and 0 <= y <= HEIGHT for x, y in spots)
    assert len(figure.xpath(".//*[@class='place']")) == 1
    assert "地区生产总值 · 亿元" in figure.text_content()


def test_a_series_that_two_rules_name_is_drawn_once_where_it_matters_most() -> None:
    page = html.fromstring(as_html(report(JUMP, replace(JUMP, rule="other", severity="warning"), curves=(CURVE,))))
    assert [len(section.xpath(".//svg")) for section in page.xpath("//section")] == [1, 0]


def test_a_line_breaks_where_there_is_no_figure_and_no_figure_at_all_is_no_picture() -> None:
    gap = replace(CURVE, points=(Point("1", 1.0, None), Point("2", None, None), Point("3", 2.0, None)))
    plot = plotted(gap)
    assert plot
    assert (plot.lines, len(plot.dots)) == ((), 2)
    assert sparkline(gap) == "▁·█"
    empty = replace(CURVE, points=(Point("1", None, None),))
    assert plotted(empty) is None
    assert sparkline(empty) == ""


@pytest.mark.parametrize("figures", [(1e308, -1e308), (5e-324, 0.0), (7.0, 7.0)])
def test_any_two_doubles_can_be_drawn(figures: tuple[float, float]) -> None:
    plot = plotted(replace(CURVE, points=tuple(Point(str(n), f, None) for n, f in enumerate(figures))))
    assert plot
    assert all(0 <= x <= WIDTH and 0 <= y <= HEIGHT for x, y in plot.dots)


def test_the_json_reads_back_with_every_sample_row_and_without_a_path_of_this_machine() -> None:
    text = as_json(report(JUMP, curves=(CURVE,)))
    told = json.loads(text)
    assert told["outcome"] == "held back"
    assert told["verdict"]["findings"][0]["sample"] == list(ROWS)
    assert told["curves"][0]["points"][0] == {"time_period": "1995", "obs_value": 1.995e7, "obs_value_before": 1995.0}
    assert "somebody" not in text


def test_the_artifact_says_the_same_in_short() -> None:
    said = as_markdown(report(JUMP, LATE, curves=(CURVE,)))
    assert said.startswith("# Hunan 湖南: held back\n")
    assert re.search(r"^## critical: Figures do not jump", said, re.MULTILINE)
    assert sparkline(CURVE) in said


def test_no_report_names_an_address_or_holds_a_script() -> None:
    page = as_html(report(JUMP, LATE, curves=(CURVE,)))
    assert html.fromstring(page).xpath("//script | //link | //img | //@src | //@href | //@style") == []
    assert "http://" not in page
    assert "https://" not in page


def test_around_a_place_lie_the_candidates_figures_and_those_published(tmp_path: Path) -> None:
    zone = Zone(tmp_path)
    zone.load([(KEY, str(y), float(y), None) for y in range(1950, 2020)], "2020-02-01", title="GDP")
    published = zone.candidate("published")
    zone.load([(KEY, "2018", 1.0, None), (KEY, "2020", 2.0, None)], "2021-02-01", title="GDP")
    limits = Limits(512, 1, tmp_path / "spill")
    wanted = places(replace(JUMP, sample=({"feed_id": "gdp", "series_key": KEY, "time_period": "2018"},)))
    (curve,) = around(zone.candidate("candidate"), published, [*wanted, ("gdp", "no such", None)], limits)
    assert (curve.title, curve.points[0].time_period) == ("GDP", "1998")
    assert curve.points[-3:] == (Point("2018", 1.0, 2018.0), Point("2019", 2019.0, 2019.0), Point("2020", 2.0, None))
    (first,) = around(zone.candidate("candidate"), None, [("gdp", KEY, None)], limits)
    assert first.points[-1] == Point("2020", 2.0, None)
    assert {point.obs_value_before for point in first.points} == {None}


def test_the_summary_says_of_each_feed_what_it_brought_and_where_all_of_it_lies() -> None:
    feeds = (
        Brought("gdp", 1, 4, AT, 1_200, 29, 0),
        Brought("prices", 0, 7, AT, 0, 0, 0),
        Brought("<b>odd</b>", 0, None, None, 0, 0, 0),
    )
    place = {"manifest": "s3://datazones/zones/hunan/manifests/8-ab.json"}
    told = Summary("Hunan 湖南", "published", 8, CANDIDATE.parent, Revisions(added=1_200, revised=29), feeds, place)
    lines = [re.sub(r"\\(.)", r"\1", line) for line in summarised(told).splitlines()]
    assert lines[0] == "# Hunan 湖南, generation 8: published"
    assert "| gdp | 4 | 2026-04-01 09:30 | 1,200 | 29 | 0 | new |" in lines
    assert "| prices | 7 | 2026-04-01 09:30 | 0 | 0 | 0 | unchanged |" in lines
    assert "| &lt;b&gt;odd&lt;/b&gt; |  |  | 0 | 0 | 0 | nothing yet |" in lines
    assert f"| manifest | {place['manifest']} |" in lines
