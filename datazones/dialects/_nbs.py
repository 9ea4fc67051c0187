"""What the formats of NBS China share: the agency, periods by their shape, areas and titles."""

from __future__ import annotations

import re
from collections.abc import Mapping

import polars as pl

from datazones.codes import PROVINCES, Freq
from datazones.dialects._wire import malformed

SUBJECT = "NBS"
AGENCY = "NBS"

_PROVINCE = re.compile("|".join(PROVINCES))
_KIND = re.compile(r"(?:市|省|(?:壮族|回族|维吾尔)?自治区)?")


def framed(frame: pl.DataFrame, shapes: Mapping[str, Freq]) -> pl.DataFrame:
    """The frame with `freq` from `time_period`, and with `ref_area` and the area in the title where it has areas.

    `shapes` are the regular expressions of the periods this format writes; ResponseMalformed for any other.
    """
    frame = frame.with_columns(_freq(frame["time_period"], shapes))
    if "reg" not in frame.columns:
        return frame
    title = pl.concat_str("title", "area", separator=", ", ignore_nulls=True)
    return frame.with_columns(title.alias("title"), _gb2260("reg").alias("ref_area")).drop("area")


def province(name: str) -> str:
    """The GB/T 2260 code of a province, however much of its name is written; the name itself where it is none."""
    bare = re.sub(r"\s", "", name)
    found = _PROVINCE.match(bare)
    return PROVINCES[found[0]] if found and _KIND.fullmatch(bare, found.end()) else name


def _gb2260(area: str) -> pl.Expr:
    """The portal writes twelve digits, down to villages; what is a province, or the nation, ends in six zeros."""
    return pl.col(area).str.replace(r"^(\d{6})000000$", "${1}")


def _freq(periods: pl.Series, shapes: Mapping[str, Freq]) -> pl.Expr:
    found = {
        text: next((f for shape, f in shapes.items() if re.fullmatch(shape, text)), None) for text in periods.unique()
    }
    unknown = sorted(text for text, freq in found.items() if freq is None)
    if unknown:
        raise malformed(SUBJECT, found=f"the periods {unknown[:5]}", expected=f"periods such as {', '.join(shapes)}")
    return pl.col("time_period").replace_strict(list(found), list(found.values()), return_dtype=pl.String).alias("freq")
