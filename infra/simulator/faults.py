"""What goes wrong between a question and its answer, on purpose; each was seen at a provider or a server before it.

A fault changes the answer that the provider would give, or the question before it reaches the provider. Its options
are its keyword arguments. Several may meet on one question; they are applied in the order of the script.
"""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from itertools import chain, repeat

from infra.simulator.clock import moment
from infra.simulator.exchange import Answer, Asked, Deferral
from infra.simulator.texts import changed

_PAGE = "<!DOCTYPE html><html><head><title>{0}</title></head><body><h1>{0}</h1></body></html>"
_PADDING = 1 << 16


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


def header(answer: Answer, *, name: str, said: str | None = None) -> Answer:
    """Another header of that name, or none: a Content-Type or a Content-Encoding that lies, a Content-Length."""
    kept = tuple(pair for pair in answer.headers if pair[0].lower() != name.lower())
    return replace(answer, headers=kept if said is None else (*kept, (name, said)))


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


def endless(answer: Answer) -> Answer:
    """The body, and then spaces for ever."""
    return replace(answer, body=chain(answer.pieces, repeat(b" " * _PADDING)))


def replaced(answer: Answer, *, old: str, new: str, first: bool = False) -> Answer:
    """Other text in the body, everywhere or where it comes first: a code renamed, a figure mistyped."""
    return replace(answer, body=changed(answer.whole(), lambda text: text.replace(old, new, 1 if first else -1)))


def rewritten(answer: Answer, *, pattern: str, into: str, first: bool = False) -> Answer:
    """Other text where a regular expression matches, line by line: a column dropped, added or doubled."""
    expression = re.compile(pattern, re.MULTILINE)
    return replace(answer, body=changed(answer.whole(), lambda text: expression.sub(into, text, count=int(first))))


def recoded(answer: Answer, *, encoding: str = "utf-8", crlf: bool = False) -> Answer:
    """The body in another encoding (utf-8-sig has a mark, gb18030 none) or with other line ends."""

    def ended(text: str) -> str:
        plain = text.removeprefix("\ufeff")
        return plain.replace("\r\n", "\n").replace("\n", "\r\n") if crlf else plain

    return replace(answer, body=changed(answer.whole(), ended, encoding))


def mangled(answer: Answer, *, into: str = "\udcff\udcfe") -> Answer:
    """Letters that are none in any encoding behind every quote or comma; bytes are written as lone surrogates."""
    raw = into.encode("utf-8", "surrogateescape")
    body = answer.whole()
    return replace(answer, body=re.sub(rb'(?<=[",\t>])', raw, body))


def shortened(answer: Answer, *, at: int) -> Answer:
    """The body ends early, and its length says so; counted from the end if negative."""
    return replace(answer, body=answer.whole()[:at])


def flipped(answer: Answer, *, at: int) -> Answer:
    """One bit of one byte is another; counted from the end if negative."""
    body = bytearray(answer.whole())
    body[at] ^= 1
    return replace(answer, body=bytes(body))


def chunked(answer: Answer) -> Answer:
    """The body in chunks, without a length."""
    return replace(answer, body=iter([answer.whole()]))


def unframed(answer: Answer) -> Answer:
    """The body with neither length nor chunks; it ends where the connection does."""
    return replace(answer, delivery=replace(answer.delivery, framed=False))


def cut(answer: Answer, *, at: int, reset: bool = False) -> Answer:
    """The connection ends after `at` bytes of the body, counted from the end if negative; by a reset if so said."""
    if at < 0:
        answer = replace(answer, body=answer.whole())
        at = max(0, len(answer.whole()) + at)
    return replace(answer, delivery=replace(answer.delivery, cut_at=at, reset=reset))


def hang_up(answer: Answer) -> Answer:
    """The connection ends before a word is said."""
    return replace(answer, delivery=replace(answer.delivery, hang_up=True))


def slow(answer: Answer, *, pause_s: float = 0, bytes_per_s: float = 0) -> Answer:
    """Silence before the first byte, or a body that drips."""
    return replace(answer, delivery=replace(answer.delivery, pause_s=pause_s, bytes_per_s=bytes_per_s))


def as_of(asked: Asked, *, now: str) -> Asked:
    """The question meets the world of another moment: matched with one page only, pages shift between states."""
    return replace(asked, now=moment(now))


def mistaken(asked: Asked, *, name: str, said: str) -> Asked:
    """The question is taken for another: page 2 is answered with page 1."""
    return replace(asked, pairs=(*(pair for pair in asked.pairs if pair[0] != name), (name, said)))


def deferred(answer: Answer, *, by: str, polls: int = 1, wait: str = "0.01") -> Answer:
    """The answer is put off, as Eurostat does it: `by` a 'ticket' of its queue or a 'file' that a footer names.

    It is not ready the first `polls` times it is asked for. `wait` is what Retry-After says meanwhile.
    """
    return replace(answer, deferral=Deferral(by, polls, wait))


_OF_ANSWERS = (
    *(status, rate_limited, html_page, header, gzipped, padded, endless, replaced, rewritten, recoded, mangled),
    *(shortened, flipped, chunked, unframed, cut, hang_up, slow, deferred),
)
OF_ANSWERS: dict[str, Callable[..., Answer]] = {fault.__name__: fault for fault in _OF_ANSWERS}
OF_QUESTIONS: dict[str, Callable[..., Asked]] = {fault.__name__: fault for fault in (as_of, mistaken)}
