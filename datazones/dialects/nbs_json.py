"""NBS China as JSON, in two generations: easyquery (`m=QueryData`), and the portal that replaces it since 2026-03-27.

Dimensions `freq` (from the shape of the period), `zb` (the indicator) and, where areas are told apart, `reg` (as
published; `ref_area` is its GB/T 2260 code). easyquery is read here: a node with `hasdata` false is an observation
without a value, whose `data` is 0.0; another figure there is a contradiction. The published figure is `strdata`; where
`data` says more digits than that, they are kept as the attribute `unrounded`. Quarters are 2023A to 2023D. The portal
is read by `_nbs_portal`, which says what is known of it.
https://data.stats.gov.cn/english/easyquery.htm
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import polars as pl

from datazones import codes
from datazones.codes import Freq
from datazones.dialects import _nbs_portal
from datazones.dialects._nbs import AGENCY, SUBJECT, framed
from datazones.dialects._records import Record, inner, optional, records, required, text
from datazones.dialects._wire import json_of, malformed
from datazones.errors import ProviderRefused
from datazones.model import Cube, Hints

PERIOD, AREA = "sj", "reg"

_EASYQUERY = re.compile(rb'\s*(?:\{\s*"return(?:code|data)"\s*:|\[\s*\{[^{}\[\]]*"wdcode"\s*:)')
_BOM = b"\xef\xbb\xbf"
_FREQ = {r"\d{4}": Freq.A, r"\d{4}[A-D]": Freq.Q, r"\d{6}": Freq.M}
_TABLES = ({"zb", PERIOD}, {"zb", AREA, PERIOD})
_OF_INDICATOR = ("memo", "exp", "tag")
_OK = 200


def recognises(head: bytes) -> bool:
    start = head.removeprefix(_BOM)
    return _EASYQUERY.match(start) is not None or _nbs_portal.recognises(start)


def read(body: bytes, hints: Hints) -> Iterator[Cube]:
    """The observations of one answer; nothing where it has none.

    ProviderRefused for the error that travels inside a 200, ResponseMalformed for a tree of indicators or areas.
    """
    match parsed := json_of(body, SUBJECT):
        case {"returncode": int(code), "returndata": dict(table)} if code == _OK:
            frame = _easyquery(table)
        case {"returncode": int(code), "returndata": said} if code != _OK:
            raise _refusal(f"{code}: {said!s:.200}")
        case {"success": True, "data": list(periods)}:
            frame = _nbs_portal.table(periods)
        case {"success": False, **refused}:
            raise _refusal(f"{refused!r:.200}")
        case [{"wdcode": kind}, *_]:
            raise malformed(SUBJECT, found=f"a tree of {kind!r} codes, which is metadata", expected="datanodes")
        case _:
            raise malformed(SUBJECT, found=repr(parsed)[:80], expected="returncode and returndata, or success and data")
    if frame is not None:
        yield Cube(
            frame=frame,
            dimensions=("freq", *(name for name in ("zb", AREA) if name in frame.columns)),
            agency_id=AGENCY,
            dataflow_id=hints.dataflow_id or codes.UNKNOWN,
            series_attributes=(*_OF_INDICATOR, *_nbs_portal.OF_INDICATOR),
        )


def _refusal(said: str) -> ProviderRefused:
    return ProviderRefused(
        SUBJECT,
        found=f"the error {said}",
        expected="observations",
        next_step="check database, indicator, area and periods of the question against the provider's trees",
    )


def _easyquery(table: Mapping[str, object]) -> pl.DataFrame | None:
    """One row per node: its codes, its figure, and what the code lists beside the nodes say of those codes."""
    nodes, described = (records(table.get(part), f"{SUBJECT} {part}") for part in ("datanodes", "wdnodes"))
    if not nodes:
        return None
    lists = {str(each.get("wdcode")): _code_list(each) for each in described}
    frame = pl.concat([_codes(nodes), _figures(nodes)], how="horizontal").rename({PERIOD: "time_period"})
    frame = _beside(frame, "zb", lists)
    if AREA in frame.columns:
        areas = {kind: each.select("code", pl.col("title").alias("area")) for kind, each in lists.items()}
        frame = _beside(frame, AREA, areas)
    return framed(frame, _FREQ)


def _codes(nodes: list[Record]) -> pl.DataFrame:
    """The codes of every node, a column per dimension: they are told by their own id, never by their place."""
    each = [records(wds, SUBJECT) for wds in required(nodes, "wds", SUBJECT)]
    flat = [code for own in each for code in own]
    sizes = pl.DataFrame({"node": pl.int_range(len(nodes), eager=True), "size": [len(own) for own in each]})
    long = sizes.select(pl.col("node").repeat_by("size").explode(empty_as_null=False)).with_columns(
        text("wdcode", required(flat, "wdcode", SUBJECT), SUBJECT),
        text("code", required(flat, "valuecode", SUBJECT), SUBJECT),
    )
    kinds = set(long["wdcode"])
    once = long.height == len(kinds) * len(nodes) and not long.select("node", "wdcode").is_duplicated().any()
    if kinds not in _TABLES or not once:
        raise malformed(
            SUBJECT,
            found=f"{long.height} codes of {sorted(map(str, kinds))} on {len(nodes)} nodes",
            expected="zb and sj, or zb, reg and sj, once on every node",
        )
    return long.pivot("wdcode", index="node", values="code", maintain_order=True).drop("node")


def _figures(nodes: list[Record]) -> pl.DataFrame:
    data = inner(nodes, "data", SUBJECT)
    has = required(data, "hasdata", SUBJECT)
    if set(map(type, has)) != {bool}:
        raise malformed(SUBJECT, found=f"hasdata {has[0]!r}", expected="true or false")
    frame = pl.DataFrame(
        [
            pl.Series("hasdata", has, pl.Boolean),
            text("strdata", required(data, "strdata", SUBJECT), SUBJECT),
            text("data", required(data, "data", SUBJECT), SUBJECT),
            text("decimals", optional(data, "dotcount"), SUBJECT),
        ]
    )
    figure = pl.col("data").cast(pl.Float64, strict=False).fill_null(0)
    contradicting = frame.filter(
        (pl.col("hasdata") != (pl.col("strdata").fill_null("") != "")) | (~pl.col("hasdata") & (figure != 0))
    )
    if contradicting.height:
        raise malformed(
            SUBJECT, found=f"a node that says both {contradicting.row(0, named=True)}", expected="one of both"
        )
    more = pl.col("data").cast(pl.Float64, strict=False) != pl.col("strdata").cast(pl.Float64, strict=False)
    return frame.select(
        pl.when("hasdata").then("strdata").alias("obs_value"),
        "decimals",
        pl.when("hasdata", more).then("data").alias("unrounded"),
    )


def _code_list(described: Record) -> pl.DataFrame:
    """One of the lists that stand beside the nodes: what a code is called, its unit, and words on it."""
    listed = records(described.get("nodes"), SUBJECT)
    called = [
        text("code", required(listed, "code", SUBJECT), SUBJECT),
        text("title", required(listed, "name", SUBJECT), SUBJECT),
    ]
    unit = text("unit_measure", optional(listed, "unit"), SUBJECT)
    return pl.DataFrame([*called, unit, *(text(key, optional(listed, key), SUBJECT) for key in _OF_INDICATOR)])


def _beside(frame: pl.DataFrame, key: str, lists: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """The code list beside the frame. Every code must stand there exactly once, or units would be guessed."""
    used = frame.select(pl.col(key).unique().alias("code"))
    known = used.join(lists[key], on="code") if key in lists else used.clear()
    if known.height != used.height or known["code"].is_duplicated().any():
        raise malformed(
            SUBJECT, found=f"the {key} codes {used['code'].to_list()[:5]}", expected=f"each once in wdnodes of {key}"
        )
    return frame.join(known, left_on=key, right_on="code", how="left", maintain_order="left")
