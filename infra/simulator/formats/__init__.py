"""The providers' wire formats, written from facts: one module per format, named as the dialect that reads it.

A format module offers

    SERVES: tuple[Serves, ...]
        the hosts it speaks for, each with the paths there and, where one address gives several formats, which is asked;
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

from infra.simulator.exchange import Answer, Asked, Serves
from infra.simulator.facts import World


class Format(Protocol):
    """What a module of this folder looks like from outside."""

    SERVES: tuple[Serves, ...]

    def answer(self, asked: Asked, world: World) -> Answer: ...


def names() -> tuple[str, ...]:
    """Every format there is, in alphabetical order."""
    return tuple(sorted(module.name for module in pkgutil.iter_modules(__path__) if not module.name.startswith("_")))


@cache
def _formats() -> tuple[Format, ...]:
    return tuple(cast("Format", importlib.import_module(f"{__name__}.{name}")) for name in names())


def answer(asked: Asked, world: World) -> Answer:
    """What the provider whose host is asked would send; 404 where no format speaks for it."""
    for known in _formats():
        for host, path, spoken in known.SERVES:
            if asked.host == host and re.fullmatch(path, asked.path) and re.fullmatch(spoken, _spoken(asked)):
                return known.answer(asked, world)
    return Answer(f"nobody here speaks for {asked.host}{asked.path}\n".encode(), 404, (("Content-Type", "text/plain"),))


def _spoken(asked: Asked) -> str:
    return asked.params.get("format", "").lower()
