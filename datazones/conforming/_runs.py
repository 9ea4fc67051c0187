"""Rows that say the same: what is true of all of them needs to be worked out only once, at their head."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

_SHORT, _MANY = 4, 1000
"""Rows to a run, on average, below which equal rows are looked for in the whole frame; and runs that make it pay."""

Places = np.ndarray[tuple[int], np.dtype[np.int64]]


class Runs:
    """Rows that are equal in the named columns, run by run; where runs are short, wherever in the frame they stand.

    `heads` has one row for each. `starts` are the places where runs begin, None where equal rows stand apart.
    """

    def __init__(self, frame: pl.DataFrame, names: Sequence[str]) -> None:
        said = frame.select(names) if names else frame.clear()
        self.height = frame.height
        starts = _starts(said, self.height)
        found = _scattered(said) if len(starts) > max(_MANY, self.height / _SHORT) else None
        self.starts = None if found else starts
        self.heads, self._of_row = found or _in_runs(said, starts, self.height)

    def spread(self, of_heads: pl.Series) -> pl.Series:
        """What is known of every head, at every row."""
        if of_heads.len() == 1:
            return of_heads.new_from_index(0, self.height)
        return of_heads.gather(self._of_row)


def _starts(said: pl.DataFrame, height: int) -> Places:
    """Where a run begins. Most columns of a piece never change, which is quicker to see than where they do."""
    alike = [column.name for column in said if column.len() and column[0] == column[-1]]
    same = (pl.col(alike) == pl.col(alike).first()).all(ignore_nulls=False)
    constant = said.select(same) if alike else said
    moving = [name for name in said.columns if name not in alike or not constant[name][0]]
    changed = said.select(pl.col(name).ne_missing(pl.col(name).shift()) for name in moving)
    first = pl.int_range(height, eager=True) == 0
    return pl.select(pl.any_horizontal(first, *changed).arg_true()).to_series().to_numpy()


def _in_runs(said: pl.DataFrame, starts: Places, height: int) -> tuple[pl.DataFrame, pl.Series]:
    number = np.repeat(np.arange(len(starts), dtype=np.uint32), np.diff(starts, append=height))
    return (said[starts] if said.height else said), pl.Series(number)


def _scattered(said: pl.DataFrame) -> tuple[pl.DataFrame, pl.Series] | None:
    """Distinct rows, and which of them each row is. Equal rows have equal hashes; the converse is looked at."""
    hashes = said.hash_rows().alias("hash").to_frame()
    first = hashes.with_row_index("row").unique("hash", keep="first", maintain_order=True).with_row_index("nth")
    heads, nth = said[first["row"]], hashes.join(first, on="hash", how="left", maintain_order="left")["nth"]
    exact = all(column.eq_missing(heads[column.name].gather(nth)).all() for column in said)
    return (heads, nth) if exact else None
