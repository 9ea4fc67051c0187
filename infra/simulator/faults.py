"""What goes wrong between a question and its answer, on purpose; each was seen at a provider or a server before it.

A fault changes the answer that the provider would give, or the question before it reaches the provider. Its options
are its keyword arguments. Several may meet on one question; they are applied in the order of the script.
"""

from __future__ import annotations

import gzip
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

from infra.simulator.clock import moment
from infra.simulator.exchange import Answer, Asked

_PAGE = "<!DOCTYPE html><html><head><title>{0}</title></head><body><h1>{0}</h1></body></html>"
_TEXT = "utf-8"


def status(answer: Answer, *, code: int = 500, body: str = "", headers: Mapping[str, str] | None = None) -> Answer:
    """Another status, body and headers: 500, a redirect, 304 without a body."""
    return replace(answer, status=code, body=body.encode(), headers=tuple((headers or {}).items()))


def rate_limited(answer: Answer, *, code: int = 429, wait: str | None = None, wait_s: float | None = None) -> Answer:
    """429 with `wait` as Retry-After, word for word, or with the date that is `wait_s` from now, or without any."""
    if wait_s is not None:
        wait = format_datetime(datetime.now(UTC) + timedelta(seconds=wait_s), usegmt=True)
    return replace(answer, status=code, body=b"", headers=(("Retry-After", wait),) if wait is not None else ())


def html_page(answer: Answer, *, code: int = 502, title: str = "Bad Gateway") -> Answer:
    """The page of a gateway, or of a firewall, which comes with 200."""
    return replace(answer, status=code, body=_PAGE.format(title).encode(), headers=(("Content-Type", "text/html"),))


def content_type(answer: Answer, *, said: str | None = None) -> Answer:
    """Another Content-Type, or none."""
    kept = tuple(header for header in answer.headers if header[0].lower() != "content-type")
    return replace(answer, headers=kept if said is None else (*kept, ("Content-Type", said)))


def gzipped(answer: Answer, *, declared: bool = True, members: int = 1) -> Answer:
    """The body as gzip, in several members if so said; not `declared`, no header tells."""
    body = answer.whole()
    size = max(1, -(-len(body) // members))
    parts = [body[at : at + size] for at in range(0, len(body), size)]
    told = (("Content-Encoding", "gzip"),) if declared else ()
    packed = b"".join(gzip.compress(part, mtime=0) for part in parts)
    return replace(answer, body=packed, headers=(*answer.headers, *told))


def padded(answer: Answer, *, size: int) -> Answer:
    """So many spaces behind the body; gzipped they are a bomb."""
    return replace(answer, body=answer.whole() + b" " * size)


def replaced(answer: Answer, *, old: str, new: str) -> Answer:
    """Other text in the body: a code renamed, a column dropped, a figure mistyped."""
    return replace(answer, body=answer.whole().replace(old.encode(), new.encode()))


def recoded(answer: Answer, *, encoding: str = _TEXT, crlf: bool = False) -> Answer:
    """The body in another encoding (utf-8-sig has a mark, gb18030 none) or with other line ends."""
    text = answer.whole().decode(_TEXT)
    return replace(answer, body=(text.replace("\n", "\r\n") if crlf else text).encode(encoding))


def cut(answer: Answer, *, at: int) -> Answer:
    """The connection ends after `at` bytes of the body, counted from the end if negative."""
    if at < 0:
        answer = replace(answer, body=answer.whole())
        at = max(0, len(answer.whole()) + at)
    return replace(answer, delivery=replace(answer.delivery, cut_at=at))


def hang_up(answer: Answer) -> Answer:
    """The connection ends before a word is said."""
    return replace(answer, delivery=replace(answer.delivery, hang_up=True))


def slow(answer: Answer, *, pause_s: float = 0, bytes_per_s: float = 0) -> Answer:
    """Silence before the first byte, or a body that drips."""
    return replace(answer, delivery=replace(answer.delivery, pause_s=pause_s, bytes_per_s=bytes_per_s))


def as_of(asked: Asked, *, now: str) -> Asked:
    """The question meets the world of another moment: matched with one page only, pages shift between states."""
    return replace(asked, now=moment(now))


_OF_ANSWERS = (status, rate_limited, html_page, content_type, gzipped, padded, replaced, recoded, cut, hang_up, slow)
OF_ANSWERS: dict[str, Callable[..., Answer]] = {fault.__name__: fault for fault in _OF_ANSWERS}
OF_QUESTIONS: dict[str, Callable[..., Asked]] = {as_of.__name__: as_of}
