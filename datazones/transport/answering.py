"""Pure: what a status other than 200 means.

200 and 203 are answers, 304 to a conditional question is one, and so are those refusals that only the dialect
understands: 413 with a JSON or XML body (an answer that is being prepared, or is too large), and 'nothing found' (204,
or 404 where an SDMX service says so), whose body is empty. All others are errors.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from http import HTTPStatus

from datazones.errors import DatazonesError, ProviderRefused, RateLimited, ResponseMalformed
from datazones.transport.exchanging import unavailable
from datazones.transport.questions import Question
from datazones.transport.waiting import retry_after

WHOLE = (200, 203)
REDIRECTS = (301, 302, 303, 307, 308)
NOT_MODIFIED = 304

_STRUCTURED = re.compile(rb"(?:\xef\xbb\xbf)?\s*(?:[{\[]|<(?!!doctype html|html))", re.IGNORECASE)
_NOTHING_FOUND = re.compile(rb"no[ _]?results?[ _]?found|no[ _]?records?[ _]?found|NO_RESULTS", re.IGNORECASE)
_SPOKEN = 4_096


def answered_by(status: int, body: bytes) -> bytes | None:
    """The body that a refusal is as an answer; None where it is none.

    'Not found' alone is not 'nothing found': a dataflow that was renamed must not look like one that is empty.
    """
    if status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE and _STRUCTURED.match(body):
        return body
    if status == HTTPStatus.NO_CONTENT:
        return b""
    if status == HTTPStatus.NOT_FOUND and _NOTHING_FOUND.search(body[:_SPOKEN]):
        return b""
    return None


def refusal(
    question: Question, status: int, headers: Mapping[str, str], said: bytes, clock: Callable[[], datetime]
) -> DatazonesError:
    """The error that a status is. One that asks us to wait is RateLimited, whether it is 429 or 503."""
    found = _found(question, status, said)
    wait = retry_after(headers, clock)
    if status == HTTPStatus.TOO_MANY_REQUESTS or (status == HTTPStatus.SERVICE_UNAVAILABLE and wait is not None):
        return _limited(question, found, wait)
    if status >= 500 or status in (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.ACCEPTED):
        return unavailable(question.subject, found)
    if status == NOT_MODIFIED:
        return unavailable(question.subject, "304, though nothing was said of what is held")
    if status >= 400:
        return ProviderRefused(
            question.subject,
            found=found,
            expected="an answer",
            next_step="check the question against the provider's documentation",
            status=status,
        )
    return ResponseMalformed(
        question.subject,
        found=found,
        expected="200, or a status that this client asks for",
        next_step="look at what the provider sends",
    )


def _limited(question: Question, found: str, wait: float | None) -> RateLimited:
    asked = "" if wait is None else f"; asks to wait {wait:g} s"
    return RateLimited(
        question.subject,
        found=found + asked,
        expected="a turn within the time we wait",
        next_step="nothing: the next run asks again; if it lasts, lower calls_per_minute of the agency",
        retry_after=wait,
    )


def _found(question: Question, status: int, said: bytes) -> str:
    try:
        phrase = f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        phrase = str(status)
    text = " ".join(said[:_SPOKEN].decode("utf-8", "replace").split())
    return f"{phrase}: {question.secrets.hide(text)[:300]}" if text else phrase
