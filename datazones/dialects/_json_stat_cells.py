"""The cells of a JSON-stat data set: figures and flags, each an array over the whole cube or an object by position.

https://json-stat.org/full/#value and https://json-stat.org/full/#status
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import polars as pl

from datazones.dialects._json_stat_axes import SUBJECT
from datazones.dialects._json_stat_pieces import Long
from datazones.dialects._records import Record, figures, text
from datazones.dialects._wire import malformed

_NARROW = 2**32


def cells_of(dataset: Record, size: int) -> Iterator[pl.DataFrame]:
    """`position`, `obs_value` and `obs_status` of every cell with a figure or a flag of its own, in order.

    They come as they were cut (`Long`), so that what was read is not held. One flag for the whole data set belongs to
    its figures; it makes no observation of an empty cell.
    """
    given = _flags(dataset.get("status"))
    whole = given[0] if isinstance(given, list) and len(given) == 1 < size else given
    said = whole if isinstance(whole, str) else None
    flags = [] if whole is said else list(_cells(given, size, "status", _stated))
    if flags:
        yield from _flagged(dataset, size, _together(flags, "status"))
        return
    for part in _values(dataset, size):
        yield part.with_columns(pl.lit(said, pl.String).alias("obs_status"))


def _flagged(dataset: Record, size: int, flags: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """Figures with their flags, and flags alone where they stand between them."""
    begin, parts = 0, _values(dataset, size)
    for part in parts if _rising(_values(dataset, size)) else [_together(list(parts), "value")]:
        end = part["position"][-1] + 1
        yield part.join(_between(flags, begin, end), on="position", how="full", coalesce=True).sort("position")
        begin = end
    behind = _between(flags, begin, size)
    if behind.height:
        yield behind.select("position", pl.lit(None, pl.Float64).alias("obs_value"), "obs_status")


def _values(dataset: Record, size: int) -> Iterator[pl.DataFrame]:
    kind: pl.DataType | None = None
    for part in _cells(dataset.get("value"), size, "value", lambda found: figures(found, SUBJECT)):
        if kind not in (None, part.schema["obs_value"]):
            raise malformed(SUBJECT, found="figures of numbers and text", expected="numbers, or numbers as text")
        kind = part.schema["obs_value"]
        yield part


def _rising(parts: Iterator[pl.DataFrame]) -> bool:
    """Whether each part lies behind the one before it."""
    last = -1
    for part in parts:
        if part["position"][0] <= last:
            return False
        last = part["position"][-1]
    return True


def _together(parts: list[pl.DataFrame], what: str) -> pl.DataFrame:
    cells = pl.concat(parts)
    if cells["position"].is_duplicated().any():
        raise malformed(SUBJECT, found=f"a position of {what} twice", expected="each once")
    return cells.sort("position")


def _between(flags: pl.DataFrame, begin: int, end: int) -> pl.DataFrame:
    return flags.filter(pl.col("position").is_between(begin, end, closed="left"))


def _flags(status: object) -> object:
    """The flags themselves: Eurostat's version 1.1 put them under "value", beside their meaning."""
    if isinstance(status, dict) and isinstance(status.get("value"), (dict, list, Long)):
        return status["value"]
    return status


def _stated(found: list[object]) -> pl.Series:
    """Flags as they came, null for ''. One that was read as a double has lost its spelling, and is refused."""
    broken = next((flag for flag in found if isinstance(flag, float)), None)
    if broken is not None:
        raise malformed(SUBJECT, found=f"the status {broken!r}", expected="text, or a whole number below 2^64")
    return text("obs_status", found, SUBJECT).replace("", None)


def _cells(given: object, size: int, what: str, column: Callable[[list[object]], pl.Series]) -> Iterator[pl.DataFrame]:
    """Parts of the cells that have something, each in the order of positions; what was made of them beside."""
    begin = 0
    for piece in given.pieces() if isinstance(given, Long) else [given]:
        positions, found = _placed(piece, size, what, begin)
        begin += len(found)
        part = pl.DataFrame([positions, column(found)]).drop_nulls()
        if part.height:
            yield part if part["position"].is_sorted() else part.sort("position")
    if isinstance(piece, list) and begin != size:
        raise _misplaced(given, begin, size, what)


def _placed(given: object, size: int, what: str, begin: int) -> tuple[pl.Series, list[object]]:
    """What is given, and the positions in the cube that it is given for; those of an array go on from `begin`."""
    if isinstance(given, dict):
        places, found = pl.Series("position", list(given), pl.String), list(given.values())
        positions = places.cast(pl.Int64, strict=False)
        sound = (positions.cast(pl.String) == places).all() and positions.is_between(0, size - 1).all()
    else:
        found = given if isinstance(given, list) else []
        positions = pl.int_range(begin, begin + len(found), eager=True).alias("position")
        sound = isinstance(given, list) and begin + len(found) <= size
    if not sound or positions.null_count():
        raise _misplaced(given, len(found), size, what)
    return positions.cast(pl.UInt32) if size < _NARROW else positions, found


def _misplaced(given: object, found: int, size: int, what: str) -> Exception:
    return malformed(
        SUBJECT,
        found=f"{found} cells of {what}: {given!r:.80}",
        expected=f"an array of {size}, or an object with positions below {size}",
    )
