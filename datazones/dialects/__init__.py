"""Wire formats. One module per format, named as catalogue files name it; each is pure: bytes in, cubes out.

A dialect module offers

    recognises(head: bytes) -> bool
        whether a response that begins with `head` (up to 64 KiB) is of this format;
    read(body: bytes, hints: Hints) -> Iterator[Cube]
        its observations, in pieces of bounded size; ResponseMalformed, StructureChanged, UnknownCode or
        ProviderRefused (an error that travelled inside a 200) when it cannot be read without losing something;

and, where the format is paged or deferred,

    following(request: Request, body: bytes) -> tuple[Request, ...]
        what is still to be asked, seen from the first answer; with `after_s`, what is to be asked instead of it;
    whole(bodies: Sequence[bytes]) -> None
        PagesShifted when the answers do not belong together.

The list of dialects is the list of files in this folder; a leading underscore marks what dialects share.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Protocol, cast

from datazones.errors import ResponseMalformed, UnknownCode
from datazones.model import Cube, Hints, Request

HEAD = 65_536

_PAGE = re.compile(rb"(?:\xef\xbb\xbf)?\s*<(?:!doctype\s+html|html)\b", re.IGNORECASE)


class Dialect(Protocol):
    """What a module of this folder looks like from outside; `following` and `whole` are optional there."""

    def recognises(self, head: bytes) -> bool: ...
    def read(self, body: bytes, hints: Hints) -> Iterator[Cube]: ...


@cache
def names() -> tuple[str, ...]:
    """Every dialect there is, in alphabetical order."""
    return tuple(sorted(m.name for m in pkgutil.iter_modules(__path__) if not m.name.startswith("_")))


def named(name: str) -> Dialect:
    """The dialect of that name, or UnknownCode."""
    if name not in names():
        raise UnknownCode(
            "dialect", found=repr(name), expected="one of " + ", ".join(names()), next_step="use one of those names"
        )
    return cast("Dialect", importlib.import_module(f"{__name__}.{name}"))


def recognise(body: bytes) -> str:
    """The one dialect that knows these bytes; ResponseMalformed when none or several do."""
    head = bytes(body[:HEAD])
    found = [name for name in names() if named(name).recognises(head)]
    if len(found) == 1:
        return found[0]
    who = f"several dialects know ({', '.join(found)})" if found else "no dialect knows"
    no_data = "nothing at all" if not head.strip() else f"a web page: {head[:60]!r}" if _PAGE.match(head) else None
    asked = "look at what the provider says there, then ask again; a login, a block and an error page look like this"
    raise ResponseMalformed(
        "response",
        found=no_data or f"bytes that {who}: {head[:60]!r}",
        expected="bytes of exactly one wire format",
        next_step=asked if no_data else "name the dialect, one of " + ", ".join(names()),
    )


def following(name: str, request: Request, body: bytes) -> tuple[Request, ...]:
    """What is still to be asked after the first answer; nothing where the format is not paged."""
    ask = getattr(named(name), "following", None)
    return cast("tuple[Request, ...]", ask(request, body)) if ask else ()


def whole(name: str, bodies: Sequence[bytes]) -> None:
    """PagesShifted when the answers to one question do not belong to one state of the provider's table."""
    check = getattr(named(name), "whole", None)
    if check:
        check(bodies)
