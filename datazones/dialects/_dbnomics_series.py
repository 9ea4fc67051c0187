"""Series of one DBnomics data set: arrays side by side become columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import chain
from typing import cast

import numpy as np
import orjson
import polars as pl

from datazones.columns import UTC
from datazones.dialects._dimensions import concepts, freq, lowered, named_once
from datazones.dialects._moments import moment
from datazones.dialects._records import Record, inner, optional, required, scalar, text
from datazones.dialects._sdmx_concepts import ALIASES
from datazones.dialects._wire import malformed
from datazones.errors import UnknownCode
from datazones.model import Cube

SUBJECT = "DBnomics JSON"

_FREQS = {"annual": "A", "bi-annual": "S", "quarterly": "Q", "monthly": "M", "weekly": "W", "daily": "D"}
_NO_FREQ = (None, "", "unknown")
_MISSING = "NA"
_READ = {
    *("@frequency", "provider_code", "dataset_code", "dataset_name", "series_code", "series_name", "dimensions"),
    *("indexed_at", "period", "period_start_day", "value", "observations_attributes"),
}
_OF_OBSERVATIONS = ("obs_status", "conf_status", "comment_obs")


def length_of(doc: Record) -> int:
    """How many observations a series has. ResponseMalformed where it has none beside its description."""
    periods, values = doc.get("period"), doc.get("value")
    if not isinstance(periods, list) or not isinstance(values, list) or len(periods) != len(values):
        raise malformed(
            SUBJECT,
            found=f"the series {doc.get('series_code')!r:.80} without period and value, or more of one than the other",
            expected="as many periods as values; ask with observations=1",
        )
    return len(values)


def cube_of(docs: list[Record], dataset: Record, flow: tuple[str, str]) -> Cube:
    """The observations of these series, all of the same data set; `flow` is its provider and its code."""
    lengths = [length_of(doc) for doc in docs]
    dimensions, series = _series(docs, dataset)
    rows = series[np.repeat(np.arange(len(docs)), lengths)]
    periods = text("time_period", list(chain.from_iterable(_lists(docs, "period"))), SUBJECT)
    frame = named_once([*rows, periods, _figures(_lists(docs, "value")), *_beside(docs, lengths)], SUBJECT)
    if frame["freq"].null_count():
        frame = frame.with_columns(pl.col("freq").fill_null(freq(periods)))
    return Cube(
        frame=frame.with_columns(concepts(dimensions)),
        dimensions=dimensions,
        agency_id=flow[0],
        dataflow_id=flow[1],
        series_attributes=tuple(series.columns),
    )


def _lists(docs: Sequence[Record], key: str) -> list[list[object]]:
    return cast("list[list[object]]", [doc[key] for doc in docs])


def _series(docs: list[Record], dataset: Record) -> tuple[tuple[str, ...], pl.DataFrame]:
    """The dimensions, and one row per series: its codes and what else is said of it."""
    named = inner(docs, "dimensions", SUBJECT)
    order = dataset.get("dimensions_codes_order") or list(named[0])
    if not isinstance(order, list) or any(sorted(each) != sorted(map(str, order)) for each in named):
        raise malformed(SUBJECT, found=f"series with {named!r:.200}", expected=f"a code in each of {order!r:.200}")
    ids = lowered(order, SUBJECT)
    codes = [text(name, required(named, code, SUBJECT), SUBJECT) for name, code in zip(ids, order, strict=True)]
    freqs = pl.Series("freq", [_freq(doc) for doc in docs], pl.String)
    columns = [
        *(codes if "freq" in ids else [freqs, *codes]),
        text("series_code", required(docs, "series_code", SUBJECT), SUBJECT),
        text("title", optional(docs, "series_name"), SUBJECT),
        pl.Series("released_at", [_indexed(doc) for doc in docs], UTC),
        *_further(docs),
    ]
    keyed = ids or ("series_code",)
    return keyed if "freq" in ids else ("freq", *keyed), named_once(columns, SUBJECT)


def _freq(doc: Record) -> str | None:
    """CL_FREQ of a series. UnknownCode for the bimonthly: its periods, 2000-B1, read as half years elsewhere."""
    said = scalar(doc, "@frequency", SUBJECT)
    if said in _NO_FREQ:
        return None
    if said not in _FREQS:
        raise UnknownCode(
            f"{SUBJECT} {doc.get('series_code')}",
            found=f"the frequency {said!r:.80}",
            expected="one of " + ", ".join(_FREQS),
            next_step="teach datazones/codes.py and datazones/periods.py this frequency, with a sample",
        )
    return _FREQS[said]


def _indexed(doc: Record) -> datetime | None:
    said = scalar(doc, "indexed_at", SUBJECT)
    return moment(said, SUBJECT) if said else None


def _further(docs: list[Record]) -> Iterator[pl.Series]:
    """What else is said of a series, as text or JSON."""
    keys = sorted(set().union(*docs) - _READ)
    for key, name in zip(keys, lowered(keys, SUBJECT), strict=True):
        yield pl.Series(name, [_plain(said) for said in optional(docs, key)], pl.String)


def _plain(said: object) -> str | None:
    return said if isinstance(said, str) or said is None else orjson.dumps(said).decode()


def _figures(values: list[list[object]]) -> pl.Series:
    """Figures as doubles, null where the provider writes "NA"."""
    found = list(chain.from_iterable(values))
    kinds = set(map(type, found)) - {type(None)}
    figures = pl.Series("obs_value", found if kinds <= {int, float, str} else [], pl.Float64, strict=False)
    if figures.null_count() != found.count(_MISSING) + found.count(None) or figures.len() < len(found):
        texts = sorted({each for each in found if isinstance(each, str)} - {_MISSING})
        raise malformed(SUBJECT, found=f"figures of {kinds}, such as {texts[:3]}", expected=f"numbers or {_MISSING!r}")
    return figures


def _beside(docs: list[Record], lengths: list[int]) -> Iterator[pl.Series]:
    """What is said of single observations: pairs of a name and an array as long as the series."""
    given = [_pairs(doc, length) for doc, length in zip(docs, lengths, strict=True)]
    names = list(dict.fromkeys(name for each in given for name in each))
    for name, column in zip(names, _columns(names), strict=True):
        arrays = [each.get(name, [None] * length) for each, length in zip(given, lengths, strict=True)]
        yield text(column, list(chain.from_iterable(arrays)), SUBJECT)


def _pairs(doc: Record, length: int) -> dict[str, list[object]]:
    found: dict[str, list[object]] = {}
    given = doc.get("observations_attributes") or []
    for pair in given if isinstance(given, list) else [given]:
        match pair:
            case [str(name), [*said]] if len(said) == length and name not in found:
                found[name] = said
            case _:
                raise malformed(SUBJECT, found=f"{pair!r:.100}", expected=f"a name and {length} attributes")
    return found


def _columns(names: Sequence[str]) -> list[str]:
    """Our concept for the first name that stands for it, its own name for every other."""
    lower = [name.lower() for name in names]
    ours = {
        next((name for name in (concept, *ALIASES[concept]) if name in lower), concept): concept
        for concept in _OF_OBSERVATIONS
    }
    return [ours[name] if name in ours else lowered([name], SUBJECT)[0] for name in lower]
