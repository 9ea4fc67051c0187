"""Answers of an SDMX service that are XML whatever was asked for: promises of data to come, and refusals.

Eurostat sends both with HTTP 200 and the Content-Type of the data, also where TSV or SDMX-CSV was asked for.
https://ec.europa.eu/eurostat/web/user-guides/data-browser/api-data-access/api-faq
"""

from __future__ import annotations

from datazones.dialects import HEAD
from datazones.dialects._sdmx_answers import (
    ANSWERS,
    DATA,
    DEFERRED_S,
    deferred_file,
    error_of,
    footer_error,
    ticket_of,
    ticket_path,
    ticket_wait_s,
)
from datazones.dialects._sdmx_envelope import Footer, envelope_of
from datazones.dialects._sdmx_walk import parsed, walked
from datazones.dialects._sdmx_wrapping import beginning, root_of, unwrapped
from datazones.errors import DatazonesError
from datazones.model import Request


def following(request: Request, body: bytes) -> tuple[Request, ...]:
    """Where the data is to be had that this answer only promises: Eurostat's deferred file or queue ticket."""
    name = _name(body)
    if name in ANSWERS:
        ticket = ticket_of(parsed(unwrapped(body)))
        base = request.url.partition("/sdmx/")[0].partition("/1.0/async/")[0]
        return (Request(base + ticket_path(*ticket), after_s=ticket_wait_s(ticket[1])),) if ticket else ()
    url = deferred_file(_footers(body)) if name in DATA else None
    return (Request(url, after_s=DEFERRED_S),) if url else ()


def refusal(body: bytes) -> DatazonesError | None:
    """The error that an answer is in the place of data of another format; None where it is no such answer."""
    name = _name(body)
    if name in ANSWERS:
        return error_of(parsed(unwrapped(body)))
    return footer_error(_footers(body), beside_data=False) if name in DATA else None


def _name(body: bytes) -> str | None:
    root = root_of(beginning(bytes(body[:HEAD])))
    return None if root is None or root.has_doctype else root.name


def _footers(body: bytes) -> tuple[Footer, ...]:
    text = unwrapped(body)
    return envelope_of(walked(text)[0]).footers if b"Footer" in text else ()
