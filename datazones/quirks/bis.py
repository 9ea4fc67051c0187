"""Quirks of the Bank for International Settlements. https://stats.bis.org/api-doc/v1/"""

from __future__ import annotations

from datetime import date

import polars as pl

from datazones.model import Cube, Quirk


def _without_space(cube: Cube) -> Cube | None:
    if "title" not in cube.frame.columns or not cube.frame["title"].str.starts_with(" ").any():
        return None
    return cube.with_frame(cube.frame.with_columns(pl.col("title").str.strip_chars_start(" ")))


QUIRKS = (
    Quirk(
        quirk_id="bis_titles_begin_with_a_space",
        cause="titles of WS_CBPOL begin with a space, ' Central bank policy rates - Switzerland - ...'",
        found_on=date(2026, 3, 17),
        mend=_without_space,
    ),
)
