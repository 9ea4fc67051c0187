"""Whatever a feed's strings hold, in a report they are text: no tag, no script, no request, no line turned around."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from unicodedata import category

import pytest
from lxml import html
from markdown_it import MarkdownIt

from datazones.model import Candidate, Curve, Finding, HeldFeed, Parent, Point, Revisions, Table, Verdict
from datazones.reporting import Report, as_html, as_json, as_markdown, places
from datazones.reporting.words import in_html, in_json, in_markdown
from datazones.warehouse import around
from datazones.warehouse.connecting import Limits
from tests.browser import PAGE, look_at
from tests.payloads import HOST, PAYLOADS, RUN
from tests.unit.expectations_zone import Zone, examined

AT = datetime(2026, 4, 1, 9, 30, tzinfo=UTC)
HARMLESS = "x"


def everywhere(said: Callable[[int], str], count: int) -> Report:
    """A report with these strings in every place where there is a string."""
    findings, curves = [], []
    for n in range(count):
        text = said(n)
        row = {"feed_id": text, "series_key": f"{text} {n}", "time_period": text, text: text}
        findings.append(Finding(text, "critical", text, text, 400, (row, {**row, "series_key": f"{text} b {n}"})))
        points = tuple(Point(text, float(y), float(-y)) for y in range(3))
        curves.append(Curve(text, f"{text} {n}", text, text, text, points))
    feeds = tuple(HeldFeed(said(n), said(n), said(n), said(n), said(n), 3, AT) for n in range(count))
    tables = tuple(Table(said(n), 3, "0" * 64) for n in range(count))
    candidate = Candidate(
        said(0), "", "0" * 64, "v1.2.0", tables, feeds, Revisions(revised=1), 1, Parent(1, "0" * 64, 1)
    )
    steps = {said(n): said(n) for n in range(count)}
    return Report(said(0), AT, candidate, Verdict(False, 45, tuple(findings)), tuple(curves), said(0), steps)


@pytest.fixture(scope="module")
def hostile() -> Report:
    return everywhere(lambda n: PAYLOADS[n], len(PAYLOADS))


@pytest.fixture(scope="module")
def harmless() -> Report:
    return everywhere(lambda _: HARMLESS, len(PAYLOADS))


def skeleton(page: str) -> list[tuple[str, list[str]]]:
    """The elements of a page in order, with the names of their attributes."""
    return [(str(element.tag), sorted(element.attrib)) for element in html.document_fromstring(page).iter()]


def structure(text: str) -> list[str]:
    """What CommonMark with tables makes of a text: its blocks and spans in order, html allowed."""
    parsed = MarkdownIt("commonmark", {"html": True}).enable("table").parse(text)
    return [inner.type for token in parsed for inner in (token, *(token.children or ()))]


def unseen(text: str) -> set[str]:
    return {c for c in text if c != "\n" and category(c) in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}}


def test_a_page_full_of_payloads_has_the_elements_of_one_without_any(hostile: Report, harmless: Report) -> None:
    assert len(PAYLOADS) > 100
    assert as_html(hostile).count("<svg") == len(PAYLOADS)
    assert skeleton(as_html(hostile)) == skeleton(as_html(harmless))


def test_an_artifact_full_of_payloads_has_the_blocks_and_spans_of_one_without_any(
    hostile: Report, harmless: Report
) -> None:
    found = structure(as_markdown(hostile))
    expected = structure(as_markdown(harmless))
    spans = {"text", "text_special", "softbreak"}
    assert [kind for kind in found if kind not in spans] == [kind for kind in expected if kind not in spans]
    assert not {"html_block", "html_inline", "link_open", "image", "code_block", "fence"} & set(found)


def test_no_format_spells_a_tag_or_holds_what_cannot_be_seen(hostile: Report) -> None:
    assert "<" not in as_json(hostile)
    assert "<" not in as_markdown(hostile)
    assert re.findall(r"<(?:script|img|iframe|b|link|base|form|object)\b", as_html(hostile), re.IGNORECASE) == []
    for text in (as_html(hostile), as_json(hostile), as_markdown(hostile)):
        assert unseen(text) == set()


def test_the_json_still_says_exactly_what_the_feed_said(hostile: Report) -> None:
    told = json.loads(as_json(hostile))
    assert [finding["found"] for finding in told["verdict"]["findings"]] == list(PAYLOADS)


@pytest.mark.parametrize("escaped", [in_html, in_markdown])
def test_no_string_is_endless_and_one_that_is_cut_says_so(escaped: Callable[[object], str]) -> None:
    assert len(escaped("long" * 5000)) < 2000
    assert "20,000 characters" in str(escaped("long" * 5000)).replace("\\", "")
    assert "characters" not in escaped("long" * 75)


def test_a_character_that_turns_the_line_around_is_shown_as_its_code_point() -> None:
    assert in_html("\u202egnp.exe") == "[U+202E]gnp.exe"
    assert in_html("e\u0301") == "\u00e9"
    assert json.loads(in_json("\u202e\u2028\ud800")) == "\u202e\u2028\ud800"


@pytest.fixture(scope="module")
def from_a_feed(tmp_path_factory: pytest.TempPathFactory) -> Report:
    """A report as the real gate comes to it, of a feed whose titles, keys, units, flags and comments are payloads."""
    folder = tmp_path_factory.mktemp("zone")
    zone = Zone(folder)
    payloads = [payload for payload in PAYLOADS if "\x00" not in payload]
    for n, payload in enumerate(payloads):
        rows = [(f"{payload}.{n}", str(y), float(y), payload[:40] if y > 2018 else None) for y in range(2010, 2021)]
        zone.load(rows, "2021-02-01", title=payload, unit_measure=payload, feed_id=f"feed{n}")
    path, limits = zone.candidate("candidate"), Limits(512, 1, folder / "spill")
    verdict = examined(path)
    wanted = [place for finding in verdict.findings for place in places(finding)]
    curves = around(path, None, wanted, limits)
    assert not verdict.passed
    assert curves
    base = everywhere(lambda n: payloads[n], 1)
    return replace(base, verdict=verdict, curves=curves)


def test_a_real_browser_sees_no_script_run_and_asks_for_nothing_but_the_page(
    hostile: Report, from_a_feed: Report, tmp_path: Path
) -> None:
    for report in (hostile, from_a_feed):
        page = as_html(report)
        seen = look_at(page, tmp_path / "profile")
        assert [asked for asked in seen.asked if HOST in asked] == []
        assert [asked for asked in seen.asked if "page.test" in asked] == [PAGE]
        assert "data-ran" not in html.document_fromstring(seen.dom).attrib
        assert skeleton(seen.dom) == skeleton(page)


def test_the_browser_would_tell_if_a_payload_ran(tmp_path: Path) -> None:
    raw = f"<!doctype html><html><body><p>{PAYLOADS[0]}</p><img src='http://{HOST}/asked'></body></html>"
    seen = look_at(raw, tmp_path / "profile")
    assert {f"http://{HOST}/ran", f"http://{HOST}/asked"} <= set(seen.asked)
    assert html.document_fromstring(seen.dom).attrib["data-ran"] == "1"
    assert RUN in seen.dom


def test_the_policy_alone_would_stop_a_payload_that_got_through(hostile: Report, tmp_path: Path) -> None:
    leaky = as_html(hostile).replace("</h1>", f"</h1>{PAYLOADS[0]}<img src='http://{HOST}/asked'>", 1)
    seen = look_at(leaky, tmp_path / "profile")
    assert [asked for asked in seen.asked if HOST in asked] == []
    assert "data-ran" not in html.document_fromstring(seen.dom).attrib
