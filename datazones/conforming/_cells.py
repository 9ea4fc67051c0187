"""Single columns, cast strictly: figures, integers, text, and the JSON of what has no column of its own."""

from __future__ import annotations

import polars as pl

from datazones.errors import ResponseMalformed, UnknownCode

LONGEST_FIGURE = 40
"""Characters of a figure; a longer one cannot be told from its neighbour once it is a double (docs/adr/0003)."""


def figures(given: pl.Series, keys: pl.Series, periods: pl.Series) -> pl.Series:
    """Figures as doubles. ResponseMalformed for what is no finite decimal of at most 40 characters, or underflows."""
    cast = given.cast(pl.Float64, strict=False)
    if cast.null_count() > given.null_count() or not cast.is_finite().all() or _lossy(given, cast).any():
        wrong = (cast.is_null() & given.is_not_null()) | ~cast.is_finite() | _lossy(given, cast)
        row = wrong.arg_max() or 0
        raise ResponseMalformed(
            f"{keys[row]} {periods[row]}",
            found=f"the figure {str(given[row])[:60]!r}",
            expected="a finite decimal number, or one of the marks this format has for a missing one",
            next_step="look at the raw response; a mark the provider really uses must be taught to the dialect",
        )
    return cast


def _lossy(given: pl.Series, cast: pl.Series) -> pl.Series:
    """Whether a double cannot hold what is written: too many digits, or so small a figure that it became zero."""
    if given.dtype != pl.String:
        return pl.Series([False])
    zero = cast == 0
    vanished = zero & given.str.contains("^[^eE]*[1-9]") if zero.any() else zero
    return (given.str.len_bytes() > LONGEST_FIGURE) | vanished


def integers(given: pl.Series) -> pl.Series:
    """Small integers, such as a power of ten; '' is null. UnknownCode for anything else."""
    said = stated(given)
    exact = said.cast(pl.Float64, strict=False)
    cast = exact.cast(pl.Int16, strict=False)
    wrong = said.filter(said.is_not_null() & ~(exact == cast).fill_null(value=False))
    if wrong.len():
        raise UnknownCode(
            given.name,
            found=repr(wrong[0]),
            expected="an integer of at most five digits",
            next_step="look at the raw response; a unit multiplier is a power of ten",
        )
    return cast


def stated(given: pl.Series) -> pl.Series:
    """Text, with null for what is empty."""
    text = given.cast(pl.String)
    empty = text == ""
    return text.set(empty, None) if empty.any() else text


def members(frame: pl.DataFrame) -> pl.Series:
    """Every row as a JSON object, without members that are null or empty; null where none is left."""
    inside = pl.concat_str([_member(name) for name in frame.columns], separator=",", ignore_nulls=True)
    braced = pl.concat_str(pl.lit("{"), inside, pl.lit("}"))
    return frame.select(pl.when(inside != "").then(braced).alias("members")).to_series()


def _member(name: str) -> pl.Expr:
    text = pl.col(name).cast(pl.String)
    encoded = pl.struct(text.alias(name)).struct.json_encode()
    return pl.when(text != "").then(encoded.str.strip_prefix("{").str.strip_suffix("}"))
