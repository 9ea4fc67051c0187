"""What changed between two files of a zone, against a count of the same by hand."""

from __future__ import annotations

import tempfile
from collections import Counter
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from datazones.warehouse import compare
from datazones.warehouse.comparing import movers
from datazones.warehouse.connecting import Limits
from tests.unit.expectations_zone import Zone

Said = dict[tuple[str, str], tuple[float | None, str | None]]
"""Figure and flag of a series and a period."""

KEYS = [(key, str(year)) for key in ("A.CN", "B.CN", "C.US") for year in (2018, 2019, 2020)]
SAID = st.dictionaries(
    st.sampled_from(KEYS), st.tuples(st.sampled_from([None, 1.0, 2.0, -4.0]), st.sampled_from([None, "p"])), min_size=1
)


def _file(folder: Path, said: Said) -> Path:
    folder.mkdir()
    zone = Zone(folder)
    zone.load([(*key, *told) for key, told in said.items()], "2024-02-01")
    return zone.candidate("published")


def _by_hand(before: Said, after: Said) -> Counter[str]:
    found: Counter[str] = Counter()
    for key in before.keys() | after.keys():
        if key not in before or key not in after:
            found["added" if key in after else "withdrawn"] += 1
            continue
        (was, flag), (now, flag_now) = before[key], after[key]
        if was == now:
            found["reflagged"] += flag != flag_now
        else:
            found["filled" if was is None else "emptied" if now is None else "revised"] += 1
    series, series_now = ({key for key, _ in said} for said in (before, after))
    found["series_added"], found["series_lost"] = len(series_now - series), len(series - series_now)
    return found


@settings(max_examples=40, deadline=None)
@given(SAID, SAID)
def test_each_kind_of_change_is_counted_as_by_hand(before: Said, after: Said) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        files = _file(folder / "before", before), _file(folder / "after", after)
        limits = Limits(memory_mb=256, threads=1, spill=folder / "spill")
        (told,) = compare(*files, limits).to_dicts()
        moved = movers(*files, limits, most=10)
    by_hand = _by_hand(before, after)
    kinds = ("added", "withdrawn", "filled", "emptied", "revised", "reflagged", "series_added", "series_lost")
    assert {kind: told[kind] for kind in kinds} == {kind: by_hand[kind] for kind in kinds}
    revisions = [
        (after[key][0] or 0) / (was or 1) - 1
        for key, (was, _) in before.items()
        if key in after and None not in (was, after[key][0]) and was != after[key][0]
    ]
    if revisions:
        assert told["mean_revision"] == sum(revisions) / len(revisions)
        assert abs(told["largest_revision"]) == max(map(abs, revisions))
    assert told["last_period"] == max(period for _, period in after)
    assert moved["added"].sum() == by_hand["added"]
    assert moved["withdrawn"].sum() == by_hand["withdrawn"]
    assert moved["revised"].sum() == by_hand["revised"] + by_hand["filled"] + by_hand["emptied"]
