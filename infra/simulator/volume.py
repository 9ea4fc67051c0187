"""Made-up indicators beside the published ones, as many as are asked for, to see what large tables do.

Their codes say SIM, so that nobody takes them for facts. Nothing is stored: a figure follows from its key. A fifth are
missing, a third of those as confidential; an eleventh are provisional, a thirteenth estimated; and a seventh are
revised at `REVISED`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from itertools import product
from string import ascii_uppercase
from zlib import crc32

from infra.simulator.facts import Area, Flow, Indicator, World
from infra.simulator.figures import Key, MadeUp

REVISED = datetime(2024, 3, 28, tzinfo=UTC)
_YEARS = tuple(datetime(year, 1, 1, tzinfo=UTC) for year in range(2000, 2100))
"""A year's figures are out when it is over; those of the years before 2000 came with them."""
_FIRST_PERIOD = 1960
MONTHS = "fsyd"
"""The database of NBS China that has the provinces by month."""
_AREAS = 264
_CODES: dict[tuple[str, str], Callable[[int], str]] = {
    ("WB", "WDI"): lambda nth: f"SIM.VOLUME.{nth:04}",
    ("NBS", "fsnd"): lambda nth: f"SIM{nth:04}",
    ("NBS", MONTHS): lambda nth: f"SIM{nth:04}",
}


def widened(world: World, indicators: int) -> World:
    """The world with so many indicators more, those of the World Bank in so many areas as it really has.

    Beside the provinces' years there are then their months, all of them made up.
    """
    if not indicators:
        return world
    provinces = world.flow("NBS", "fsnd")
    months = [replace(provinces, dataflow_id=MONTHS, indicators={}, vintages=())] if provinces else []
    return World(_widened(flow, indicators) for flow in (*world, *months))


def _widened(flow: Flow, indicators: int) -> Flow:
    code = _CODES.get((flow.agency_id, flow.dataflow_id))
    if code is None:
        return flow
    codes = [code(nth) for nth in range(1, indicators + 1)]
    made_up = {code: Indicator(code, f"Made up for volume, {code}") for code in codes}
    areas = _areas() if flow.agency_id == "WB" else {}
    return replace(
        flow,
        indicators={**flow.indicators, **made_up},
        areas={**flow.areas, **areas},
        made_up=MadeUp(frozenset(codes), _FIRST_PERIOD, tuple(sorted({*_YEARS, REVISED})), _figure, _status),
    )


def _areas() -> dict[str, Area]:
    """Codes from XAA on, which ISO 3166 leaves to its users."""
    codes = ["X" + "".join(letters) for letters in product(ascii_uppercase, repeat=2)][:_AREAS]
    return {code: Area(code, f"Area {code}", {"iso2Code": f"X{nth:03}"}) for nth, code in enumerate(codes)}


def _drawn(key: Key) -> int:
    return crc32("|".join(key).encode())


def _figure(key: Key, now: datetime) -> str | None:
    drawn = _drawn(key)
    if drawn % 5 == 0:
        return None
    return f"{drawn + (now >= REVISED and drawn % 7 == 0)}.{drawn % 1000:03}"


def _status(key: Key) -> str | None:
    drawn = _drawn(key)
    if drawn % 5 == 0:
        return "c" if drawn % 3 == 0 else None
    return "p" if drawn % 11 == 0 else "e" if drawn % 13 == 0 else None
