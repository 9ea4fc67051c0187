"""Lists of JSON objects as columns. They are taken apart key by key: far faster than row by row."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from datazones.dialects._wire import malformed

Record = dict[str, object]


def records(given: object, subject: str) -> list[Record]:
    """The list of objects that `given` must be."""
    if not isinstance(given, list) or not set(map(type, given)) <= {dict}:
        raise malformed(subject, found=f"{given!r:.80}", expected="a list of objects")
    return given


def required(given: list[Record], key: str, subject: str) -> list[object]:
    """What every object has under this key."""
    try:
        return [each[key] for each in given]
    except KeyError:
        lacking = next(each for each in given if key not in each)
        raise malformed(subject, found=f"{lacking!r:.200}", expected=f"an object with {key!r}") from None


def inner(given: list[Record], key: str, subject: str) -> list[Record]:
    """The object that every object must have under this key."""
    return records(required(given, key, subject), subject)


def optional(given: list[Record], key: str) -> list[object]:
    """What every object has under this key, None where it has none."""
    return [each.get(key) for each in given]


def text(name: str, found: list[object], subject: str) -> pl.Series:
    """Scalars as a column of text, null where they are null."""
    kinds = set(map(type, found)) - {type(None)}
    if not kinds <= {str, int, float}:
        raise malformed(subject, found=f"{name} of {_names(kinds)}", expected="text or numbers")
    return pl.Series(name, found, pl.String, strict=kinds <= {str})


def figures(found: list[object], subject: str) -> pl.Series:
    """Figures as they came, as `obs_value`: numbers as doubles; text, which some answers have instead, as text."""
    kinds = set(map(type, found)) - {type(None)}
    if not kinds <= {int, float} and not kinds <= {str}:
        raise malformed(subject, found=f"figures of {_names(kinds)}", expected="numbers, or numbers as text")
    return pl.Series("obs_value", found, pl.String if str in kinds else pl.Float64)


def _names(kinds: Iterable[type]) -> str:
    return " and ".join(sorted(kind.__name__ for kind in kinds))


def scalar(given: Record, key: str, subject: str) -> str | None:
    """One scalar of an object as text; None where it has none."""
    found = given.get(key)
    if isinstance(found, str) or found is None:
        return found
    if type(found) in (int, float):
        return str(found)
    raise malformed(subject, found=f"{key} {found!r:.80}", expected="text or a number")


def count(given: Record, key: str, subject: str) -> int:
    """One whole number of an object, which may be written as text."""
    found = scalar(given, key, subject)
    if found is None or not found.isascii() or not found.isdigit() or len(found) > 18:
        raise malformed(subject, found=f"{key} {found!r:.80}", expected="a whole number")
    return int(found)
