"""Ten zones, a year of slots, a thousand outages, in simulated time. `make soak` does it with hourly slots."""

from __future__ import annotations

import pytest

from tests.year import counted, simulated


@pytest.mark.parametrize(("each", "number"), [(True, 1000), (False, 1000)])
def test_every_slot_of_a_year_with_a_thousand_outages_ends_once(*, each: bool, number: int) -> None:
    year = simulated(hourly=False, each=each, seed=1, outages_in_all=number)
    found = counted(year)
    print(f"{found['ended once']} of {found['slots']} slots ended once, {number} outages: {found}")
    assert found["ended once"] == found["slots"] == 3650
    assert year.killed > 100
    assert len(year.scheduled) < 3400, "the scheduler itself missed many"
    done = sum(end is not None and end.outcome in ("unchanged", "covered") for end in year.ends().values())
    assert done / 3650 > 0.97
    assert sum(year.worked.values()) - len(year.worked) <= year.killed, "done again only where a run was killed"
    assert not {key for key, end in year.ends().items() if end and end.outcome == "unchanged"} - set(year.worked)
