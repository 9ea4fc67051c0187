"""SDMX-ML that is wrapped, broken, hostile, an error or only a promise: read as it is, or a typed error."""

from __future__ import annotations

import gzip
import json

import pytest

from datazones.dialects import sdmx_ml
from datazones.errors import DatazonesError, ProviderRefused, ProviderUnavailable, ResponseMalformed
from datazones.model import Hints, Request
from tests.packing import zipped
from tests.sdmx_ml import SERIES, SPACES, message, read, refusal


@pytest.mark.parametrize(
    "wrap",
    [
        lambda body: b"\xef\xbb\xbf" + body,
        lambda body: body.replace(b"><", b">\r\n<"),
        lambda body: body.decode().encode("utf-16"),
        lambda body: body.replace(b"UTF-8", b"ISO-8859-1").decode().encode("latin-1"),
        lambda body: zipped({"answer.xml": body}),
        gzip.compress,
    ],
    ids=["byte order mark", "CRLF", "UTF-16", "Latin-1", "zip", "gzip"],
)
def test_a_message_reads_the_same_however_it_is_wrapped(wrap: object) -> None:
    assert callable(wrap)
    body = message(SERIES.replace("survey", "enquête"))
    wrapped = wrap(body)
    assert isinstance(wrapped, bytes)
    assert read(wrapped).equals(read(body))


@pytest.mark.parametrize(
    "body",
    [
        zipped({"one.xml": message(SERIES), "two.xml": message(SERIES)}),
        zipped({"bomb.xml": b"<a>" + b" " * (80 << 20)}),
        zipped({"answer.xml": message(SERIES)})[:-30],
        gzip.compress(message(SERIES))[:-12],
        gzip.compress(b" " * (80 << 20)),
        message(SERIES).replace(b"UTF-8", b"unicode_escape"),
        message(SERIES).replace(b"FR", b"\xff\xfe"),
        message(SERIES)[:-20],
        message(SERIES).replace(b"</Series>", b""),
        b"",
        b"<html><body>Service unavailable</body></html>",
        b'{"dataSets": []}',
    ],
    ids=[
        *("two files", "zip bomb", "cut zip", "cut gzip", "gzip bomb", "odd encoding"),
        *("no UTF-8", "cut", "unbalanced", "empty", "HTML", "JSON"),
    ],
)
def test_what_is_no_whole_message_is_malformed(body: bytes) -> None:
    with pytest.raises(ResponseMalformed):
        list(sdmx_ml.read(body, Hints()))


@pytest.mark.parametrize(
    "body", [b"", b"PK\x03\x04", b"\x1f\x8b", b"\xff\xfe<", b"<html/>", b"<Structure/>", b"a,b\n1,2\n"]
)
def test_other_bytes_are_not_taken_for_sdmx(body: bytes) -> None:
    assert not sdmx_ml.recognises(body)


def test_entities_are_refused_before_anything_is_expanded() -> None:
    bomb = '<!DOCTYPE m [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c SYSTEM "file:///etc/hostname">]>'
    body = message(SERIES.replace("survey", "&b;")).replace(b"?>\n", f"?>\n{bomb}".encode())
    assert "document type" in str(refusal(body))
    assert isinstance(refusal(message(SERIES.replace("survey", "&b;"))), ResponseMalformed)


def test_deep_nesting_is_refused() -> None:
    assert isinstance(refusal(message("<a>" * 5000 + "</a>" * 5000)), ResponseMalformed)


@pytest.mark.parametrize(
    "content",
    [
        SERIES.replace('OBS_VALUE="10.5"', 'OBS_VALUE="10.5" OBS_VALUE="11"'),
        SERIES.replace("</Series>", "<Observation/></Series>"),
        f"<Surprise>{SERIES}</Surprise>",
        SERIES + '<Obs FREQ="A" REF_AREA="DE" TIME_PERIOD="2022" OBS_VALUE="1"/>',
        SERIES.replace('"10.5"', '"1,234"'),
        SERIES.replace('"10.5"', '"INF"'),
        SERIES.replace('"10.5"', f'"{"9" * 400}"'),
        SERIES.replace('"2023"', '"2022"'),
        SERIES.replace(' TIME_PERIOD="2023"', ""),
        SERIES + SERIES.replace(' REF_AREA="FR"', ' REF_AREA=""'),
        SERIES.replace("OBS_COM", "obs_value"),
        *(SERIES.replace(tag, f"{tag}7.5") for tag in ('"A"/>', 'METHOD="survey">', 'NOTE="x"/>', "</Series>")),
    ],
    ids=[
        *(
            "attribute twice",
            "unknown element",
            "unknown parent",
            "flat beside series",
            "thousands",
            "infinity",
            "400 digits",
        ),
        *("observation twice", "no period", "empty code", "ids alike"),
        *("words after an observation", "words before", "words after the last", "words after a series"),
    ],
)
def test_bad_content_is_a_typed_error(content: str) -> None:
    assert isinstance(refusal(message(content)), ResponseMalformed)


@pytest.mark.parametrize("of", ["ObsDimension", "ObsValue", "Value"])
def test_a_generic_value_under_a_misspelt_name_is_not_passed_over(of: str) -> None:
    key = '<g:SeriesKey><g:Value id="FREQ" value="A"/></g:SeriesKey>'
    content = f'<g:Series>{key}<g:Obs><g:ObsDimension value="2022"/><g:ObsValue value="7"/></g:Obs></g:Series>'
    misspelt = content.replace(f"<g:{of} ", f'<g:{of} vahue="1" ')
    assert "vahue" in str(refusal(message(misspelt, kind="GenericData")))


@pytest.mark.parametrize("said", ['ss:action="Destroy"', 'ss:validFromDate="yesterday"'])
def test_a_data_set_that_says_nonsense_of_itself_is_malformed(said: str) -> None:
    assert isinstance(refusal(message(SERIES, said=said)), ResponseMalformed)


def test_the_deletion_of_a_whole_series_is_not_passed_over() -> None:
    assert "whole" in str(refusal(message('<Series FREQ="A"></Series>', said='ss:action="Delete"')))


FOOTER = '<footer:Footer><footer:Message code="{}" severity="{}"><c:Text>{}</c:Text></footer:Message></footer:Footer>'
FILE = "http://provider.example/file/abc"
ASKED = Request("http://provider.example/api/sdmx/2.1/data/WAGES")


def soap(state: str) -> bytes:
    return (
        '<env:Envelope xmlns:env="http://schemas.xmlsoap.org/soap/envelope/"><env:Body><x:syncResponse xmlns:x="urn:x">'
        f"<queued><id>42-a</id><status>{state}</status></queued></x:syncResponse></env:Body></env:Envelope>"
    ).encode()


def test_an_answer_that_will_be_a_file_names_the_file_and_is_followed_there() -> None:
    body = message(kind="GenericData", footer=FOOTER.format("413", "Information", f"Look at {FILE} later"))
    error = refusal(body)
    assert isinstance(error, ProviderUnavailable)
    assert FILE in error.next_step
    assert sdmx_ml.following(ASKED, body) == (Request(FILE, after_s=300.0),)


@pytest.mark.parametrize(("state", "path", "after_s"), [("SUBMITTED", "status", 30.0), ("AVAILABLE", "data", 0.0)])
def test_a_ticket_of_the_queue_is_followed_until_its_data_is_there(state: str, path: str, after_s: float) -> None:
    assert isinstance(refusal(soap(state)), ProviderUnavailable)
    expected = Request(f"http://provider.example/api/1.0/async/{path}/42-a", after_s=after_s)
    assert sdmx_ml.following(ASKED, soap(state)) == (expected,)
    assert sdmx_ml.following(Request("http://provider.example/api/1.0/async/status/42-a"), soap(state)) == (expected,)


def test_an_expired_ticket_is_refused_and_leads_nowhere() -> None:
    assert isinstance(refusal(soap("EXPIRED")), ProviderRefused)
    assert sdmx_ml.following(ASKED, soap("EXPIRED")) == ()


def test_data_leads_nowhere_further() -> None:
    assert sdmx_ml.following(ASKED, message(SERIES)) == ()


@pytest.mark.parametrize(
    ("code", "kind"), [("100", ProviderRefused), ("413", ProviderRefused), ("500", ProviderUnavailable)]
)
def test_an_error_of_the_provider_keeps_its_code_and_words(code: str, kind: type[DatazonesError]) -> None:
    words = f"<faultcode>{code}</faultcode><faultstring>Too big</faultstring>"
    fault = f'<S:Fault xmlns:S="http://schemas.xmlsoap.org/soap/envelope/">{words}</S:Fault>'
    error = f'<m:Error {SPACES}><m:ErrorMessage code="{code}"><c:Text>Too big</c:Text></m:ErrorMessage></m:Error>'
    for body in (fault, error):
        found = refusal(body.encode())
        assert isinstance(found, kind)
        assert code in found.found
        assert "Too big" in found.found


def test_a_remark_beside_data_is_kept_with_the_series_and_an_error_beside_data_is_raised() -> None:
    warned = read(message(SERIES, footer=FOOTER.format("1", "Warning", "Figures are provisional")))
    assert json.loads(warned["series_attributes"][0])["footer"] == "1 Warning: Figures are provisional"
    assert isinstance(refusal(message(SERIES, footer=FOOTER.format("510", "Error", "Cut short"))), ProviderRefused)


def test_a_message_that_is_not_data_says_what_it_is() -> None:
    body = message("").replace(b"StructureSpecificData", b"Structure")
    error = refusal(body.replace(b"<m:DataSet", b"<m:Structures><Codelists/></m:Structures><m:DataSet"))
    assert isinstance(error, ResponseMalformed)
    assert "structures (Codelists)" in error.found
