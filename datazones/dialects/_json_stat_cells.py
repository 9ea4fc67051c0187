"""The cells of a JSON-stat data set: figures and flags, each an array over the whole cube or an object by position.

https://json-stat.org/full/#value and https://json-stat.org/full/#status
"""

from __future__ import annotations

import polars as pl

from datazones.dialects._json_stat_axes import SUBJECT
from datazones.dialects._records import Record, figures, text
from datazones.dialects._wire import malformed


def cells_of(dataset: Record, size: int) -> pl.DataFrame:
    """`position`, `obs_value` and `obs_status` of every cell with a figure or a flag of its own, in order.

    One flag for the whole data set belongs to its figures; it makes no observation of an empty cell.
    """
    positions, found = _placed(dataset.get("value"), size, "value")
    values = pl.DataFrame([positions, figures(found, SUBJECT)]).drop_nulls("obs_value").sort("position")
    given = _flags(dataset.get("status"))
    if given is None or isinstance(given, str):
        return values.with_columns(pl.lit(given, pl.String).alias("obs_status"))
    if isinstance(given, list) and len(given) == 1 < size:
        return values.with_columns(_stated(given * values.height))
    positions, found = _placed(given, size, "status")
    flags = pl.DataFrame([positions, _stated(found)])
    flags = flags.filter(pl.col("obs_status") != "")
    return values.join(flags, on="position", how="full", coalesce=True).sort("position")


def _flags(status: object) -> object:
    """The flags themselves: Eurostat's version 1.1 put them under "value", beside their meaning."""
    if isinstance(status, dict) and isinstance(status.get("value"), (dict, list)):
        return status["value"]
    return status


def _stated(found: list[object]) -> pl.Series:
    """Flags as they came. One that was read as a double has lost its spelling, and is refused."""
    broken = next((flag for flag in found if isinstance(flag, float)), None)
    if broken is not None:
        raise malformed(SUBJECT, found=f"the status {broken!r}", expected="text, or a whole number below 2^64")
    return text("obs_status", found, SUBJECT)


def _placed(given: object, size: int, what: str) -> tuple[pl.Series, list[object]]:
    """What is given, and the positions in the cube that it is given for."""
    if isinstance(given, dict):
        places, found = pl.Series("position", list(given), pl.String), list(given.values())
        positions = places.cast(pl.Int64, strict=False)
        sound = (positions.cast(pl.String) == places).all() and positions.is_between(0, size - 1).all()
    else:
        found = given if isinstance(given, list) else []
        positions = pl.int_range(len(found), eager=True).alias("position")
        sound = isinstance(given, list) and len(found) == size
    if not sound or positions.null_count():
        raise malformed(
            SUBJECT,
            found=f"{len(found)} cells of {what}: {given!r:.80}",
            expected=f"an array of {size}, or an object with positions below {size}",
        )
    return positions, found
