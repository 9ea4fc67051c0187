"""DBnomics API v22, JSON: pages of series, each with its periods and figures as arrays side by side.

Dimensions are those of the data set in its own order (`dimensions_codes_order`), with `freq` (from "@frequency", else
from the period) before them where there is none; a data set without any has `series_code`. "NA" is a row without a
figure. `agency_id` is the provider that DBnomics has the data from, `released_at` when DBnomics indexed the series: it
says no more, and keeps no vintages.
https://docs.db.nomics.world/web-api/
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from datazones.codes import UNKNOWN
from datazones.dialects._dbnomics_series import SUBJECT, cube_of, length_of
from datazones.dialects._records import Record, count, records, scalar
from datazones.dialects._wire import json_of, malformed
from datazones.errors import PagesShifted, ProviderRefused
from datazones.model import Cube, Hints, Request

PIECE = 1_000_000
"""Observations of one cube, if no single series has more."""
MOST_PAGES = 100_000
"""More pages than any question to this provider has; an answer that announces more is not believed."""

_RECOGNISED = re.compile(rb'(?:\xef\xbb\xbf)?\s*\{\s*"_meta"\s*:\s*\{')
_NAMES = ("provider_code", "dataset_code", "series_code")


@dataclass(frozen=True, slots=True)
class _Page:
    """Some of the series that answer a question, how many do in all, and when their data sets were indexed."""

    docs: list[Record]
    datasets: dict[str, Record]
    limit: int
    offset: int
    total: int

    @property
    def state(self) -> tuple[object, ...]:
        return self.total, *sorted(f"{name} of {each.get('indexed_at')}" for name, each in self.datasets.items())


def recognises(head: bytes) -> bool:
    return _RECOGNISED.match(head) is not None


def read(body: bytes, hints: Hints) -> Iterator[Cube]:
    """The observations of one page; nothing where no series was found.

    ProviderRefused for errors that travel inside a 200, ResponseMalformed for what has no series, or series without
    observations (`observations=1` was not asked), UnknownCode for a frequency that is none of ours.
    """
    page = _page(body)
    for flow, docs in _by_flow(page.docs, hints):
        dataset = page.datasets.get("/".join(flow), {})
        for piece in _pieces(docs):
            yield cube_of(piece, dataset, flow)


def following(request: Request, body: bytes) -> tuple[Request, ...]:
    """The other pages of the answer whose first page is `body`."""
    page = _page(body)
    offsets = range(page.offset + page.limit, page.total, page.limit) if page.limit else range(0)
    if len(offsets) > MOST_PAGES:
        raise malformed(SUBJECT, found=f"{page.total} series by {page.limit}", expected=f"at most {MOST_PAGES} pages")
    kept = tuple((name, text) for name, text in request.params if name not in ("limit", "offset"))
    return tuple(
        replace(request, params=(*kept, ("limit", str(page.limit)), ("offset", str(offset)))) for offset in offsets
    )


def whole(bodies: Sequence[bytes]) -> None:
    """PagesShifted unless all pages are of one state, and every series announced is on one of them, once."""
    pages = [_page(body) for body in bodies]
    states = sorted({page.state for page in pages}, key=repr)
    names = [tuple(scalar(doc, key, SUBJECT) for key in _NAMES) for page in pages for doc in page.docs]
    expected = max(0, pages[0].total - min(page.offset for page in pages))
    if len(states) > 1 or len(names) != expected or len(set(names)) < len(names):
        raise PagesShifted(
            SUBJECT,
            found=f"{len(set(names))} different of {len(names)} series, on pages that announce {states!r:.200}",
            expected=f"{expected} series once, of one state of the data set",
            next_step="ask again from the first page; the data set was probably indexed in between",
        )


def _page(body: bytes) -> _Page:
    (answer,) = records([json_of(body, SUBJECT)], SUBJECT)
    if answer.get("errors"):
        raise _refusal(answer["errors"])
    if "series" not in answer:
        raise malformed(SUBJECT, found=f"an answer of {sorted(answer)}", expected="series with observations")
    (series,) = records([answer["series"]], SUBJECT)
    docs = records(series.get("docs"), SUBJECT)
    limit, offset, total = (count(series, key, SUBJECT) for key in ("limit", "offset", "num_found"))
    return _Page(docs, _datasets(answer), limit, offset, total)


def _refusal(errors: object) -> ProviderRefused:
    said = errors if isinstance(errors, list) else [errors]
    return ProviderRefused(
        SUBJECT,
        found="the error " + "; ".join(str(e.get("message", e) if isinstance(e, dict) else e) for e in said)[:400],
        expected="series with observations",
        next_step="check provider, data set, mask and dimensions of the question on https://db.nomics.world",
    )


def _datasets(answer: Record) -> dict[str, Record]:
    """The data sets of the series on the page: one, or, where series were asked for by their ids, several."""
    several = answer.get("datasets")
    given = list(several.values()) if isinstance(several, dict) else [answer.get("dataset") or {}]
    return {f"{each.get('provider_code')}/{each.get('code')}": each for each in records(given, SUBJECT)}


def _by_flow(docs: Sequence[Record], hints: Hints) -> Iterator[tuple[tuple[str, str], list[Record]]]:
    """The series of each data set, under the codes of its provider and its own."""
    flows: dict[tuple[str, str], list[Record]] = {}
    for doc in docs:
        provider = scalar(doc, "provider_code", SUBJECT) or hints.agency_id or UNKNOWN
        dataset = scalar(doc, "dataset_code", SUBJECT) or hints.dataflow_id or UNKNOWN
        flows.setdefault((provider, dataset), []).append(doc)
    yield from flows.items()


def _pieces(docs: Sequence[Record]) -> Iterator[list[Record]]:
    """Some series at a time, so that a piece has about as many observations as any other."""
    piece: list[Record] = []
    size = 0
    for doc in docs:
        piece.append(doc)
        size += length_of(doc)
        if size >= PIECE:
            yield piece
            piece, size = [], 0
    if piece:
        yield piece
