"""Rows of an SDMX-CSV message that are no plain observation: attributes of partial keys, deletions, merges."""

from __future__ import annotations

import polars as pl

from datazones.dialects._sdmx_csv_header import ACTION, SUBJECT, Header
from datazones.dialects._wire import malformed
from datazones.errors import ResponseMalformed, UnknownCode

_ANY = "~"
"""What .Stat Suite writes for a dimension that an attribute is not attached to; the standard leaves it empty."""

_ACTIONS = {
    **dict.fromkeys(("I", "INFORMATION", "A", "APPEND", "M", "MERGE", "R", "REPLACE"), "replace"),
    **dict.fromkeys(("D", "DELETE"), "delete"),
}
_INCREMENTAL = ("A", "APPEND", "M", "MERGE")


def action_of(said: str | None) -> str:
    """Our word for the action of a row; none is information. UnknownCode for one that the standard does not have."""
    found = _ACTIONS.get((said or "I").upper())
    if found is None:
        raise UnknownCode(
            ACTION,
            found=repr(said),
            expected="I, A, M, R or D",
            next_step="look at the raw response, and at the action it announces",
        )
    return found


def settled(frame: pl.DataFrame, header: Header, said: str | None, *, whole: bool) -> pl.DataFrame:
    """The observations among rows of one action, with the attributes of partial keys that hold for them.

    `whole` is False where the message goes on in another piece.
    """
    key = [*header.dimensions, *([header.time] if header.time else [])]
    gaps = [name for name in key if frame[name].null_count() or frame[name].is_in([_ANY, ""]).any()]
    blank = pl.any_horizontal(pl.lit(value=False), *(pl.col(name).is_null() | _open(name) for name in gaps))
    partial = frame.filter(blank)
    if action_of(said) == "delete":
        return _deleted(frame, partial, header)
    _refuse_unsaid_figures(frame, header, said)
    if not partial.height:
        return frame
    return _attached(frame.filter(~blank), partial, key, header, whole=whole)


def _open(name: str) -> pl.Expr:
    return pl.col(name).is_in([_ANY, ""])


def _deleted(frame: pl.DataFrame, partial: pl.DataFrame, header: Header) -> pl.DataFrame:
    """Deletions of whole observations; what stands in the other cells only says what is to be deleted."""
    in_part = frame.filter(pl.col(header.measure).is_null(), pl.any_horizontal(_said(header)))
    wide = partial if partial.height else in_part
    if wide.height:
        found = f"a deletion of many observations or of attributes alone: {wide.row(0)}"
        raise _refusal(found, "deletions of single observations")
    others = (*header.attributes, header.measure)
    return frame.with_columns(pl.lit(None, pl.String).alias(name) for name in others)


def _said(header: Header) -> list[pl.Expr]:
    return [pl.col(name).is_not_null() for name in header.attributes] or [pl.lit(value=False)]


def _refuse_unsaid_figures(frame: pl.DataFrame, header: Header, said: str | None) -> None:
    """In an incremental message a figure that is left out stays as it is; taken as missing, it would be lost."""
    statuses = [name for name in header.attributes if name.upper() in ("OBS_STATUS", "OBS_FLAG")]
    unsaid = frame.filter(pl.all_horizontal(pl.col(name).is_null() for name in (header.measure, *statuses)))
    if (said or "").upper() in _INCREMENTAL and unsaid.height:
        raise _refusal(f"a merge that leaves the figure out: {unsaid.row(0)}", "a figure or a status in every row")


def _attached(
    frame: pl.DataFrame, partial: pl.DataFrame, key: list[str], header: Header, *, whole: bool
) -> pl.DataFrame:
    figures = partial.filter(pl.col(header.measure).is_not_null())
    if figures.height or not frame.height:
        raise _refusal(f"no full key: {(figures if figures.height else partial).row(0)}", "a code in every dimension")
    if not whole:
        raise _refusal("attributes of partial keys in a large message", "attributes in the rows of their observations")
    partial = partial.with_columns(pl.col(key).replace([_ANY, ""], None))
    for held in _keys(partial, key):
        given = [pl.col(name).is_not_null() if name in held else pl.col(name).is_null() for name in key]
        frame = _joined(frame, partial.filter(given), held, header)
    return frame


def _keys(partial: pl.DataFrame, key: list[str]) -> list[list[str]]:
    """The sets of dimensions that attributes are attached to; what is said of the smaller group comes first."""
    patterns = partial.select(pl.col(key).is_not_null()).unique().iter_rows()
    kept = [[name for name, given in zip(key, pattern, strict=True) if given] for pattern in patterns]
    return sorted(kept, key=lambda held: (-len(held), held))


def _joined(frame: pl.DataFrame, rows: pl.DataFrame, held: list[str], header: Header) -> pl.DataFrame:
    """Observations with the attributes that these rows give to all of their key; their own word comes first."""
    first = pl.col(header.attributes).first(ignore_nulls=True)
    told = rows.group_by(held, maintain_order=True).agg(first) if held else rows.select(first)
    if held and told.join(frame, on=held, how="anti").height:
        raise _refusal(f"attributes of a key without observations: {told.row(0)}", "the observations they belong to")
    if held:
        beside = frame.select(held).join(told, on=held, how="left", maintain_order="left")
    else:
        beside = told[[0] * frame.height]
    return frame.with_columns(pl.coalesce(name, beside[name]).alias(name) for name in header.attributes)


def _refusal(found: str, expected: str) -> ResponseMalformed:
    return malformed(SUBJECT, found=found, expected=expected)
