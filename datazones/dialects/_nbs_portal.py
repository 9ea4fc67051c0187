"""The answers of NBS China's new portal (`POST .../publicrelease/web/external/stream/esData`), its second generation.

No body of it is recorded yet, so this is read strictly and only as far as independent clients agree on it:
`{"success": true, "state": 20000, "message": "", "data": [{"code": "202605MM", "name": "", "values": [{"_id": "",
"i_showname": "", "value": "101.2", "du_name": "%", "da": "000000000000", "da_name": "", "catalogid": ""}]}]}`.
- `_id` is the indicator (32 hex digits), `da` the area in twelve digits, `value` text, '' while it is unpublished.
- Periods are 2024YY, 202605MM, and 202404SS for the fourth quarter: not for April, so they are read as 2024-Q4.
- One indicator may be cut into slices of some years, a `catalogid` each; each answer is one slice, and slices whose
  `_id` is the same fall into one series. The questions are JSON bodies, which a feed cannot ask yet.
"""

from __future__ import annotations

import re

import polars as pl

from datazones.codes import Freq
from datazones.dialects._nbs import SUBJECT, framed
from datazones.dialects._records import Record, optional, records, required, text

OF_INDICATOR = ("catalogid",)

_SHAPES = {r"\d{4}": Freq.A, r"\d{4}-Q[1-4]": Freq.Q, r"\d{6}": Freq.M}
_QUARTER = r"^(\d{4})0([1-4])SS$"


def recognises(start: bytes) -> bool:
    return re.match(rb"\s*\{", start) is not None and b'"success":' in start and b'"state":' in start


def table(periods: list[object]) -> pl.DataFrame | None:
    """One row per value; None where there is none. ResponseMalformed for trees and lists, which have no values."""
    given = records(periods, SUBJECT)
    each = [records(values, SUBJECT) for values in required(given, "values", SUBJECT)]
    flat = [value for own in each for value in own]
    if not flat:
        return None
    codes = text("time_period", required(given, "code", SUBJECT), SUBJECT).to_frame()
    sizes = pl.Series([len(own) for own in each])
    repeated = codes.select(pl.col("time_period").repeat_by(sizes).explode(empty_as_null=False))
    return framed(repeated.hstack(_values(flat)).with_columns(_undecorated()), _SHAPES)


def _values(flat: list[Record]) -> pl.DataFrame:
    demanded = {"zb": "_id", "title": "i_showname", "obs_value": "value", "reg": "da"}
    offered = {"unit_measure": "du_name", "area": "da_name", "catalogid": "catalogid"}
    columns = [text(name, required(flat, key, SUBJECT), SUBJECT) for name, key in demanded.items()]
    columns += [text(name, optional(flat, key), SUBJECT) for name, key in offered.items()]
    return pl.DataFrame(columns).with_columns(
        pl.col("obs_value").replace("", None), pl.col("title").str.strip_chars(" ")
    )


def _undecorated() -> pl.Expr:
    written = pl.col("time_period").str.replace(_QUARTER, "${1}-Q${2}")
    return written.str.replace(r"^(\d{4})YY$|^(\d{6})MM$", "${1}${2}").alias("time_period")
