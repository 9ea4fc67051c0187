"""What providers get wrong in their own formats: one file per provider, each fix with an id, a cause and a date.

A file of this folder is named as the agency's file in the catalogue and offers `QUIRKS`; a feed names the ids it needs.
A quirk mends cubes before they are conformed. One that finds nothing to mend in a whole reading is stale: the provider
has repaired its answers, and the feed is to say so. The list of quirks is the list of these files.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable, Iterator, Sequence
from functools import cache

from datazones.errors import CorrectionStale, UnknownCode
from datazones.model import Cube, Quirk


@cache
def known() -> dict[str, Quirk]:
    """Every quirk there is, by id."""
    modules = [importlib.import_module(f"{__name__}.{found.name}") for found in pkgutil.iter_modules(__path__)]
    return {quirk.quirk_id: quirk for module in modules for quirk in module.QUIRKS}


def named(quirk_id: str) -> Quirk:
    """The quirk of that id, or UnknownCode."""
    if quirk_id not in known():
        raise UnknownCode(
            "quirk", found=repr(quirk_id), expected="one of " + ", ".join(known()), next_step="use one of those ids"
        )
    return known()[quirk_id]


def mended(cubes: Iterable[Cube], ids: Sequence[str]) -> Iterator[Cube]:
    """Each cube as it should have been. CorrectionStale, after the last of them, for a quirk that mended none."""
    unused = [named(quirk_id) for quirk_id in ids]
    read = False
    for cube in cubes:
        read = True
        for quirk in map(named, ids):
            mended_cube = quirk.mend(cube)
            if mended_cube is not None:
                cube = mended_cube
                unused = [each for each in unused if each is not quirk]
        yield cube
    if read and unused:
        raise _stale(unused[0])


def _stale(quirk: Quirk) -> CorrectionStale:
    return CorrectionStale(
        f"the quirk {quirk.quirk_id}",
        found="nothing to mend in a whole reading",
        expected=quirk.cause,
        next_step="the provider has repaired it: take the quirk out of the feed's file",
    )
