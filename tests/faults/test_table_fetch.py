"""The rows of docs/faults.md about fetching, each through the worker's own steps over real HTTP."""

from __future__ import annotations

import pytest

from datazones.errors import (
    Permanent,
    ProviderRefused,
    ProviderUnavailable,
    RateLimited,
    ResponseMalformed,
)
from datazones.transport import Transport
from tasks import equip
from tests.faults.rawserver import RawServer, whole
from tests.faults.rows import (
    BY_DIALECT,
    PLAIN,
    WORLDBANK,
    always,
    expected,
    once,
    refused,
    refused_unkept,
    row,
    unharmed,
)
from tests.faults.worker import Worker, feed_id
from tests.simulated import Question

FRED = BY_DIALECT["fred_json"]


@row("fetch.undisturbed")
@pytest.mark.parametrize("question", PLAIN, ids=lambda question: question.dialect)
def test_without_a_fault_the_steps_give_the_facts(worker: Worker, question: Question) -> None:
    assert worker.read(question) == expected(question)


@row("fetch.wait-seconds")
@pytest.mark.parametrize("code", [429, 503])
def test_a_wait_in_seconds_is_waited(worker: Worker, code: int) -> None:
    worker.manners["attempts"] = 2
    worker.script(once("rate_limited", code=code, wait="1"))
    assert worker.read(WORLDBANK) == expected(WORLDBANK)


@row("fetch.wait-date")
def test_a_wait_until_a_date_is_waited(worker: Worker) -> None:
    worker.manners["attempts"] = 2
    worker.script(once("rate_limited", wait_s=1.5))
    assert worker.read(WORLDBANK) == expected(WORLDBANK)


@row("fetch.wait-unsaid")
@pytest.mark.parametrize("wait", [None, "soon", "-5", ""])
def test_without_a_wait_that_can_be_read_we_choose_our_own(worker: Worker, wait: str | None) -> None:
    worker.manners.update(attempts=2, deadline_s=12.0)
    worker.script(once("rate_limited", **({} if wait is None else {"wait": wait})))
    assert worker.read(WORLDBANK) == expected(WORLDBANK)


@row("fetch.wait-absurd")
@pytest.mark.parametrize("wait", ["86400", "1" + "0" * 300, "Fri, 31 Dec 9999 23:59:59 GMT"])
def test_a_wait_longer_than_ours_ends_the_run_at_once(worker: Worker, wait: str) -> None:
    worker.manners["attempts"] = 5
    worker.script(always("rate_limited", wait=wait))
    asked = len(worker.asked())
    refused_unkept(worker, WORLDBANK, RateLimited)
    assert len(worker.asked()) == asked + 1


@row("fetch.wait-lasting")
def test_a_limit_that_lasts_ends_as_one(worker: Worker) -> None:
    worker.manners["attempts"] = 2
    worker.script(always("rate_limited", wait="0.1"))
    refused_unkept(worker, WORLDBANK, RateLimited)


@row("fetch.server-error")
@pytest.mark.parametrize("code", [500, 502, 503, 504])
def test_an_error_of_the_server_that_lasts_is_unavailable(worker: Worker, code: int) -> None:
    worker.script(always("html_page", code=code))
    refused_unkept(worker, WORLDBANK, ProviderUnavailable, saying=str(code))


@row("fetch.server-error-passing")
def test_an_error_of_the_server_that_passes_is_forgotten(worker: Worker) -> None:
    worker.manners.update(attempts=2, deadline_s=12.0)
    worker.script(once("html_page", code=502))
    assert worker.read(WORLDBANK) == expected(WORLDBANK)


@row("fetch.silence")
def test_a_provider_that_says_nothing_is_left_at_the_deadline(worker: Worker) -> None:
    worker.manners["deadline_s"] = 0.4
    worker.script(always("slow", pause_s=2.0))
    refused_unkept(worker, WORLDBANK, ProviderUnavailable, saying="no whole answer within 0.4 s")


@row("fetch.drip")
def test_a_body_that_drips_is_left_at_the_deadline(worker: Worker) -> None:
    worker.manners["deadline_s"] = 0.4
    worker.script(always("slow", bytes_per_s=500))
    refused_unkept(worker, WORLDBANK, ProviderUnavailable, saying="no whole answer within 0.4 s")


@row("fetch.endless")
def test_a_body_without_end_ends_at_the_cap(worker: Worker) -> None:
    worker.manners["wire_cap_bytes"] = 1_000_000
    worker.script(always("endless"))
    refused_unkept(worker, WORLDBANK, ResponseMalformed, saying="more than 1000000 bytes")


@row("fetch.no-connection")
def test_a_connection_that_ends_before_a_word_is_unavailable(worker: Worker) -> None:
    worker.script(always("hang_up"))
    refused_unkept(worker, WORLDBANK, ProviderUnavailable)


@row("fetch.cut")
def test_an_answer_cut_at_any_byte_is_none(worker: Worker) -> None:
    small = BY_DIALECT["json_stat"]
    worker.script()
    size = sum(each.size for each in worker.collect(small).answers)
    for at in range(0, size, max(1, size // 60)):
        worker.script(always("cut", at=at))
        before = worker.landed()
        with pytest.raises(ProviderUnavailable):
            worker.collect(small)
        assert worker.landed() == before


@row("fetch.cut-anywhere")
@pytest.mark.parametrize("question", PLAIN, ids=lambda question: question.dialect)
def test_in_every_format_an_answer_that_is_cut_is_none(worker: Worker, question: Question) -> None:
    for at in (300, -1):
        worker.script(always("cut", at=at))
        refused_unkept(worker, question, ProviderUnavailable)


@row("fetch.reset")
@pytest.mark.parametrize("at", [0, 1, 1000, -1])
def test_a_connection_that_is_reset_within_the_body_gives_no_answer(worker: Worker, at: int) -> None:
    worker.script(always("cut", at=at, reset=True))
    refused_unkept(worker, WORLDBANK, ProviderUnavailable)


@row("fetch.cut-chunks")
@pytest.mark.parametrize("at", [0, 1, 1000, -1])
def test_chunks_without_a_last_one_are_no_answer(worker: Worker, at: int) -> None:
    worker.script(always("cut", at=at), always("chunked"))
    refused_unkept(worker, WORLDBANK, ProviderUnavailable)


@row("fetch.cut-unframed")
@pytest.mark.parametrize("at", [-1, 1000])
def test_a_body_that_only_ends_with_the_connection_is_never_taken_for_whole(worker: Worker, at: int) -> None:
    worker.script(always("shortened", at=at), always("unframed"))
    refused_unkept(worker, WORLDBANK, ProviderUnavailable, saying="neither a length nor an end mark")


@row("fetch.wrong-length")
@pytest.mark.parametrize("said", ["100", "1000000000"])
def test_a_length_that_is_not_the_bodys_gives_no_answer(worker: Worker, said: str) -> None:
    worker.manners["deadline_s"] = 1.0
    worker.script(always("header", name="Content-Length", said=said), always("cut", at=10**9))
    refused_unkept(worker, WORLDBANK, ProviderUnavailable, ResponseMalformed)


@row("fetch.gzip")
def test_gzip_that_says_so_is_what_is_inside(worker: Worker) -> None:
    worker.script(always("gzipped"))
    assert worker.read(WORLDBANK) == expected(WORLDBANK)


@row("fetch.gzip-members")
def test_gzip_of_several_members_is_all_of_them(worker: Worker) -> None:
    worker.script(always("gzipped", members=5))
    assert worker.read(WORLDBANK) == expected(WORLDBANK)


@row("fetch.gzip-undeclared")
@pytest.mark.parametrize("question", PLAIN, ids=lambda question: question.dialect)
def test_gzip_that_nobody_told_of_is_read_whole_or_refused(worker: Worker, question: Question) -> None:
    worker.script(always("gzipped", declared=False))
    unharmed(worker, question)


@row("fetch.gzip-cut")
@pytest.mark.parametrize("at", [1, 20, 500, -9, -1])
def test_gzip_that_ends_before_its_end_mark_is_no_answer(worker: Worker, at: int) -> None:
    worker.script(always("gzipped"), always("shortened", at=at))
    refused_unkept(worker, WORLDBANK, ProviderUnavailable, saying="before its end mark")


@row("fetch.gzip-damaged")
@pytest.mark.parametrize("at", [-8, -4, 300])
def test_gzip_whose_checksum_or_length_is_wrong_is_no_answer(worker: Worker, at: int) -> None:
    worker.script(always("gzipped"), always("flipped", at=at))
    refused_unkept(worker, WORLDBANK, ResponseMalformed, ProviderUnavailable)


@row("fetch.gzip-lying")
@pytest.mark.parametrize("coding", ["gzip", "deflate", "br"])
def test_a_coding_that_the_body_is_not_in_gives_no_answer(worker: Worker, coding: str) -> None:
    worker.script(always("header", name="Content-Encoding", said=coding))
    refused_unkept(worker, WORLDBANK, ResponseMalformed, ProviderUnavailable)


@row("fetch.gzip-twice")
def test_a_body_that_is_compressed_twice_is_refused(worker: Worker) -> None:
    worker.script(always("gzipped"), always("gzipped"))
    refused_unkept(worker, WORLDBANK, ResponseMalformed, saying="Content-Encoding")


@row("fetch.bomb")
def test_a_bomb_ends_at_the_cap(worker: Worker) -> None:
    worker.manners["inflated_cap_bytes"] = 2_000_000
    worker.script(always("padded", size=6_000_000), always("gzipped"))
    refused_unkept(worker, WORLDBANK, ResponseMalformed, saying="2000000 bytes inflated")


@row("fetch.page-with-200")
@pytest.mark.parametrize("question", PLAIN, ids=lambda question: question.dialect)
def test_a_web_page_with_200_is_refused(worker: Worker, question: Question) -> None:
    worker.script(always("html_page", code=200, title="Please log in"))
    refused(worker, question, Permanent)


@row("fetch.other-format")
@pytest.mark.parametrize("question", PLAIN, ids=lambda question: question.dialect)
@pytest.mark.parametrize("body", ["<?xml version='1.0'?><a/>", "{}"])
def test_an_answer_of_another_kind_is_refused(worker: Worker, question: Question, body: str) -> None:
    worker.script(always("status", code=200, body=body))
    refused(worker, question, Permanent)


@row("fetch.wrong-type")
@pytest.mark.parametrize("question", PLAIN, ids=lambda question: question.dialect)
def test_a_content_type_that_lies_changes_nothing(worker: Worker, question: Question) -> None:
    worker.script(always("header", name="Content-Type", said="text/html"))
    assert worker.read(question) == expected(question)


@row("fetch.empty")
@pytest.mark.parametrize("question", PLAIN, ids=lambda question: question.dialect)
def test_an_empty_answer_is_refused(worker: Worker, question: Question) -> None:
    worker.script(always("status", code=200))
    refused(worker, question, Permanent)


@row("fetch.byte-order-mark")
@pytest.mark.parametrize("question", PLAIN, ids=lambda question: question.dialect)
def test_a_byte_order_mark_changes_no_figure(worker: Worker, question: Question) -> None:
    worker.script(always("recoded", encoding="utf-8-sig"))
    unharmed(worker, question)


@row("fetch.line-ends")
@pytest.mark.parametrize("question", PLAIN, ids=lambda question: question.dialect)
def test_other_line_ends_change_no_figure(worker: Worker, question: Question) -> None:
    worker.script(always("recoded", encoding="utf-8", crlf=True))
    assert unharmed(worker, question)


@row("fetch.utf-16")
@pytest.mark.parametrize("question", PLAIN, ids=lambda question: question.dialect)
def test_utf_16_changes_no_figure(worker: Worker, question: Question) -> None:
    worker.script(always("recoded", encoding="utf-16"))
    unharmed(worker, question)


@row("fetch.latin-1")
@pytest.mark.parametrize(
    "question", [each for each in PLAIN if each.flow[0] == "WB"], ids=lambda question: question.dialect
)
def test_latin_1_changes_no_figure(worker: Worker, question: Question) -> None:
    worker.script(always("replaced", old="CHN", new="CH\xd1"), always("recoded", encoding="latin-1"))
    figures = [each[2] for each in expected(question)]
    unharmed(worker, question, lambda rows: sorted(each[2] or 0 for each in rows) == sorted(f or 0 for f in figures))


@row("fetch.no-encoding")
@pytest.mark.parametrize("question", PLAIN, ids=lambda question: question.dialect)
def test_bytes_of_no_encoding_are_refused(worker: Worker, question: Question) -> None:
    worker.script(always("mangled"))
    refused(worker, question, Permanent)


@row("fetch.not-modified-unasked")
def test_not_modified_without_anything_held_is_no_answer(worker: Worker) -> None:
    worker.script(always("status", code=304))
    refused_unkept(worker, WORLDBANK, ProviderUnavailable, saying="304")


@row("fetch.not-modified-lying")
def test_not_modified_that_is_not_true_repeats_what_is_held_until_the_provider_tells(worker: Worker) -> None:
    etag = {"headers": {"ETag": '"a"'}}
    worker.script(always("header", name="ETag", said='"a"'), always("as_of", now="2020-12-01T00:00:00Z"))
    held = worker.collect(WORLDBANK).answers
    worker.script(always("status", code=304, **etag))
    again = worker.collect(WORLDBANK, held)
    assert again.unchanged
    worker.script()
    assert not worker.collect(WORLDBANK, again.answers).unchanged


@row("fetch.same-again")
@pytest.mark.parametrize("question", PLAIN, ids=lambda question: question.dialect)
def test_the_same_bytes_again_are_no_news(worker: Worker, question: Question) -> None:
    held = worker.collect(question).answers
    landed = worker.landed()
    assert worker.collect(question, held).unchanged
    assert worker.landed() == landed


@row("fetch.time-goes-back")
def test_an_older_state_served_again_changes_nothing_that_is_known(worker: Worker) -> None:
    newest = worker.collect(WORLDBANK).answers
    assert worker.load(WORLDBANK, newest)
    worker.script(always("as_of", now="2020-12-01T00:00:00Z"))
    older = worker.collect(WORLDBANK, newest)
    assert not older.unchanged
    worker.load(WORLDBANK, older.answers)
    worker.script()
    assert not worker.load(WORLDBANK, worker.collect(WORLDBANK).answers)


ASTRAY = (
    *("http://10.0.0.7/", "http://192.168.1.1/", "http://[::1]/", "http://169.254.169.254/latest/meta-data/"),
    *("file:///etc/passwd", "https://evil.example/v2", "//evil.example/", "https://api.worldbank.org@evil.example/"),
    *("http://api.worldbank.org/v2", "gopher://api.worldbank.org/"),
)


@row("fetch.redirect-astray")
@pytest.mark.parametrize("location", ASTRAY)
def test_a_redirect_out_of_the_providers_hosts_is_not_followed(worker: Worker, location: str) -> None:
    worker.script(always("status", code=302, headers={"Location": location}))
    asked = len(worker.asked())
    refused_unkept(worker, WORLDBANK, ProviderRefused)
    assert len(worker.asked()) == asked + 1


@row("fetch.redirect-circle")
def test_redirects_in_a_circle_end(worker: Worker) -> None:
    worker.script(always("status", code=302, headers={"Location": "https://api.worldbank.org/v2/country"}))
    refused_unkept(worker, WORLDBANK, ProviderRefused, saying="more than 5 redirects")


@row("fetch.name-points-inside")
@pytest.mark.parametrize("address", ["127.0.0.1", "10.0.0.7", "169.254.169.254", "::ffff:10.0.0.7"])
def test_a_providers_name_that_points_inside_is_not_connected_to(worker: Worker, address: str) -> None:
    with RawServer([whole(b"secret")]) as victim:
        agency = worker.equipment.catalogue.agency_of(worker.equipment.catalogue.feed(feed_id(WORLDBANK)))
        manners = equip.manners(worker.equipment.settings, agency)
        transport = Transport(manners, worker.equipment.settings.clock, resolve=lambda *_: [address])
        worker.equipment._transports[agency.agency_id] = transport
        refused_unkept(worker, WORLDBANK, ProviderRefused, saying="not public")
    assert not victim.connections
