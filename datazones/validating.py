"""What pydantic found wrong, in the words of our own errors."""

from __future__ import annotations

from typing import NamedTuple

from pydantic import ValidationError


class Fault(NamedTuple):
    """Where in a document, what is there, and what should be."""

    at: tuple[str, ...]
    found: str
    expected: str


def first_fault(error: ValidationError) -> Fault:
    """The first of them. What one of our own validators says is said without pydantic's `Value error` before it."""
    fault = error.errors()[0]
    found = "nothing" if fault["type"] == "missing" else repr(fault["input"])
    ours = fault["type"] == "value_error"
    expected = str(fault["ctx"]["error"]) if ours else fault["msg"]
    return Fault(tuple(str(part) for part in fault["loc"]), found, expected)
