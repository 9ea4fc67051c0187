"""The providers' wire formats, written from facts: one module per format, named as the dialect that reads it.

A format module offers

    SERVES: tuple[tuple[str, str], ...]
        the hosts it speaks for, each with a regular expression of the whole path;
    answer(asked: Asked, world: World) -> Answer
        what the provider would send, errors in its own shape.

The list of formats is the list of files in this folder.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
from functools import cache
from typing import Protocol, cast

from infra.simulator.exchange import Answer, Asked
from infra.simulator.facts import World


class Format(Protocol):
    """What a module of this folder looks like from outside."""

    SERVES: tuple[tuple[str, str], ...]

    def answer(self, asked: Asked, world: World) -> Answer: ...


@cache
def _formats() -> tuple[Format, ...]:
    names = sorted(module.name for module in pkgutil.iter_modules(__path__) if not module.name.startswith("_"))
    return tuple(cast("Format", importlib.import_module(f"{__name__}.{name}")) for name in names)


def answer(asked: Asked, world: World) -> Answer:
    """What the provider whose host is asked would send; 404 where no format speaks for it."""
    for known in _formats():
        for host, path in known.SERVES:
            if asked.host == host and re.fullmatch(path, asked.path):
                return known.answer(asked, world)
    return Answer(f"nobody here speaks for {asked.host}{asked.path}\n".encode(), 404, (("Content-Type", "text/plain"),))
