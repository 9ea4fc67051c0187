"""Laws of the warehouse, against a naive model in memory that replays whole vintages one by one.

held + revisions = new; as-of any instant = replaying the vintages up to it; any order of arrival of the same vintages
gives the same answers; loading twice changes nothing; what is known of a series at an instant is in one unit.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from datazones.columns import OBSERVATION_SCHEMA, SERIES_SCHEMA
from datazones.model import Break, Landed, Revisions, Staged
from datazones.warehouse import WorkingCopy, aligning, replaying, withdrawing
from datazones.warehouse.connecting import Limits

EXAMPLES = int(os.environ.get("EXAMPLES", "30"))
"""`make laws` tries more of them."""
LOADS = 5
TOLERANCE = 1e-9
NEAR = 6e-10
"""Two figures this far apart are one within the tolerance; twice as far apart they are two."""

FIGURES = (None, 1.0, 1.0 + NEAR, 1.0 + 2 * NEAR, 2.0, 0.0)
SERIES, YEARS, INSTANTS = ("a", "b"), (2015, 2016, 2017), range(2018, 2023)

Key = tuple[str, int]
State = dict[Key, tuple[float | None, str | None]]


@dataclass(frozen=True)
class Vintage:
    """What a provider says at one instant: figures and flags, what it takes back, and what its silence means."""

    known_at: int
    given: tuple[tuple[Key, tuple[float | None, str | None]], ...]
    taken_back: frozenset[Key] = frozenset()
    absent_is_withdrawn: bool = False
    first_year: int | None = None

    def named(self) -> set[Key]:
        return {key for key, _ in self.given} | self.taken_back


def silent(vintage: Vintage, key: Key) -> bool:
    """Whether the vintage withdraws the observation by not giving it."""
    return (
        vintage.absent_is_withdrawn
        and key not in vintage.named()
        and key[0] in {series for series, _ in vintage.named()}
        and key[1] >= (vintage.first_year or 0)
    )


def same(held: tuple[float | None, str | None], new: tuple[float | None, str | None]) -> bool:
    (one, flag), (other, other_flag) = held, new
    if one is None or other is None:
        return held == new
    return flag == other_flag and abs(one - other) <= TOLERANCE * max(abs(one), abs(other))


def applied(held: State, vintage: Vintage) -> State:
    """One vintage on what is held."""
    left = {key: said for key, said in held.items() if key not in vintage.taken_back and not silent(vintage, key)}
    return left | {key: said for key, said in vintage.given if key not in left or not same(left[key], said)}


def replayed(vintages: Sequence[Vintage], known_at: int) -> State:
    """All vintages up to an instant, oldest first; of one instant in the order they were loaded."""
    state: State = {}
    for vintage in sorted((v for v in vintages if v.known_at <= known_at), key=lambda v: v.known_at):
        state = applied(state, vintage)
    return state


def counted(before: State, after: State, vintage: Vintage) -> Revisions:
    """What one vintage did, by comparing the states on its two sides."""
    both = [(before[key], after[key]) for key in before.keys() & after.keys() if before[key] != after[key]]
    filled = sum(old[0] is None and new[0] is not None for old, new in both)
    noise = sum(1 for key, said in vintage.given if key in before and before[key] != said and same(before[key], said))
    return Revisions(
        added=len(after.keys() - before.keys()) + filled,
        revised=len(both) - filled,
        withdrawn=len(before.keys() - after.keys()),
        ignored=noise,
    )


class Held:
    """A working copy that stays open, and readings of vintages that go into it."""

    def __init__(self, folder: Path, copy: WorkingCopy) -> None:
        self.folder = folder
        self.copy = copy
        self.loads = 0
        self.breaks: tuple[Break, ...] = ()

    def load(self, *vintages: Vintage) -> Revisions:
        """One reading; what its vintages declare of absence is declared once, by the first."""
        self.loads += 1
        rows = [
            (key, said, action, vintage.known_at)
            for vintage in vintages
            for action, cells in (
                ("replace", vintage.given),
                ("delete", [(key, (None, None)) for key in vintage.taken_back]),
            )
            for key, said in cells
        ]
        observations, series = self.folder / f"o{self.loads}.parquet", self.folder / f"s{self.loads}.parquet"
        pl.DataFrame(
            [
                (series_key, str(year), date(year, 1, 1), date(year + 1, 1, 1), figure, flag)
                + (None, None, None, datetime(known_at, 1, 1, tzinfo=UTC), action)
                for (series_key, year), (figure, flag), action, known_at in rows
            ],
            schema=OBSERVATION_SCHEMA,
            orient="row",
        ).write_parquet(observations)
        pl.DataFrame(
            {
                "series_key": sorted({key[0] for key, *_ in rows}),
            }
        ).with_columns(
            pl.lit(self._said(vintages[0]).get(name)).cast(dtype).alias(name)
            for name, dtype in SERIES_SCHEMA.items()
            if name != "series_key"
        ).write_parquet(series)
        first = vintages[0]
        staged = Staged(
            feed_id="figures",
            observations=(str(observations),),
            series=(str(series),),
            rows=len(rows),
            tolerance=TOLERANCE,
            absent_is_withdrawn=first.absent_is_withdrawn,
            window_start=date(first.first_year, 1, 1) if first.first_year else None,
            breaks=self.breaks,
        )
        at = datetime(2030, 1, 1, tzinfo=UTC)
        return self.copy.load(staged, [Landed("0" * 64, 1, "GET x", "data", at)], slot=at, now=at)

    def _said(self, vintage: Vintage) -> dict[str, str]:
        return SAID | ({"unit_measure": _unit(vintage.known_at)} if self.breaks else {})

    def ask(self, sql: str) -> list[tuple[object, ...]]:
        return self.copy._connection.execute(sql).fetchall()

    def as_of(self, known_at: int) -> State:
        return self._state(f"observation_as_of(TIMESTAMP '{known_at}-06-30')")

    def latest(self) -> State:
        return self._state("observation")

    def _state(self, relation: str) -> State:
        rows = self.ask(f"SELECT series_key, year(period_start), obs_value, obs_status FROM {relation}")
        return {(str(row[0]), int(str(row[1]))): (row[2], row[3]) for row in rows}  # type: ignore[misc] # SQL is untyped


BREAK = Break("*", date(2020, 1, 1), "after", None, None)


def _unit(known_at: int) -> str:
    return "after" if known_at >= BREAK.since.year else "before"


def replayed_across_the_break(vintages: Sequence[Vintage], known_at: int) -> State:
    """Of each series the vintages since the break once one of them has given it; until then those before."""
    state: State = {}
    for series in SERIES:
        sides = {side: [v for v in vintages if _unit(v.known_at) == side] for side in ("before", "after")}
        given = any(v.known_at <= known_at and series in {key[0] for key, _ in v.given} for v in sides["after"])
        side = replayed(sides["after" if given else "before"], known_at)
        state |= {key: said for key, said in side.items() if key[0] == series}
    return state


SAID = {"agency_id": "NBS", "dataflow_id": "fsnd", "dimensions": "{}"}


@contextmanager
def zone() -> Iterator[Held]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        limits = Limits(256, 1, folder / "spill")
        with WorkingCopy.held(folder / "working.duckdb", limits, reach=[folder]) as copy:
            yield Held(folder, copy)


@pytest.fixture(params=["joined", "laid beside", "sparse", "one by one"], autouse=True)
def compared(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Small vintages are joined with what is held, large ones laid beside it, of those that leave out very much it is
    told what they gave, and what comes late is replayed a part at a time: the laws hold of all."""
    if request.param == "laid beside":
        monkeypatch.setattr(aligning, "WORTHWHILE", 1)
    if request.param == "sparse":
        monkeypatch.setattr(withdrawing, "SPARSE_FROM", 0)
        monkeypatch.setattr(withdrawing, "SPARSE_TIMES", 1)
    if request.param == "one by one":
        monkeypatch.setattr(replaying, "WORDS", 1)


keys = st.tuples(st.sampled_from(SERIES), st.sampled_from(YEARS))
said = st.tuples(st.sampled_from(FIGURES), st.sampled_from((None, None, "p")))
absences = st.tuples(st.booleans(), st.sampled_from((None, 2016)))


@st.composite
def vintages(draw: st.DrawFn) -> Vintage:
    figures = draw(st.dictionaries(keys, said, min_size=1, max_size=5))
    taken_back = draw(st.sets(st.sampled_from(sorted(figures)), max_size=1)) if draw(st.booleans()) else set()
    absent_is_withdrawn, first_year = draw(absences)
    given_ = tuple((key, figure) for key, figure in figures.items() if key not in taken_back)
    return Vintage(draw(st.sampled_from(INSTANTS)), given_, frozenset(taken_back), absent_is_withdrawn, first_year)


def _held_as_replayed(held: Held, loaded: Sequence[Vintage]) -> None:
    for instant in range(INSTANTS.start - 1, INSTANTS.stop):
        assert held.as_of(instant) == replayed(loaded, instant)
    assert held.latest() == replayed(loaded, INSTANTS.stop)


@seed(1)
@settings(max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(st.lists(vintages(), min_size=1, max_size=LOADS, unique_by=lambda v: v.known_at), st.data())
def test_any_order_of_arrival_gives_the_same_answers_at_every_instant(
    loaded: list[Vintage], data: st.DataObject
) -> None:
    with zone() as held:
        for vintage in data.draw(st.permutations(loaded)):
            held.load(vintage)
        _held_as_replayed(held, loaded)


@seed(2)
@settings(max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(st.lists(vintages(), min_size=2, max_size=LOADS, unique_by=lambda v: v.known_at), st.data())
def test_vintages_that_come_in_one_reading_are_the_same_as_in_several(
    loaded: list[Vintage], data: st.DataObject
) -> None:
    alike = [
        replace(v, absent_is_withdrawn=loaded[0].absent_is_withdrawn, first_year=loaded[0].first_year) for v in loaded
    ]
    cut = data.draw(st.integers(0, len(alike) - 1))
    with zone() as held:
        held.load(*alike[cut:])
        if cut:
            held.load(*alike[:cut])
        _held_as_replayed(held, alike)


@seed(3)
@settings(max_examples=EXAMPLES // 3, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(st.lists(vintages(), min_size=2, max_size=LOADS, unique_by=lambda v: v.known_at), st.data())
def test_figures_of_two_units_are_never_known_together_in_whatever_order_they_come(
    loaded: list[Vintage], data: st.DataObject
) -> None:
    with zone() as held:
        held.breaks = (BREAK,)
        for vintage in data.draw(st.permutations(loaded)):
            held.load(vintage)
        for instant in range(INSTANTS.start - 1, INSTANTS.stop):
            assert held.as_of(instant) == replayed_across_the_break(loaded, instant)
            known = f"observation_as_of(TIMESTAMP '{instant}-06-30')"
            assert not held.ask(f"SELECT series_key FROM {known} GROUP BY ALL HAVING count(DISTINCT unit_measure) > 1")


def test_what_is_only_taken_back_in_another_unit_ends_no_series_that_comes_late() -> None:
    loaded = [Vintage(2020, (), frozenset({("a", 2015)})), Vintage(2018, ((("a", 2015), (1.0, None)),))]
    with zone() as held:
        held.breaks = (BREAK,)
        for vintage in loaded:
            held.load(vintage)
        assert held.latest() == replayed_across_the_break(loaded, INSTANTS.stop) == {("a", 2015): (1.0, None)}


class Loads(RuleBasedStateMachine):
    """Loads of any vintage at any instant, again and again, also several at one instant."""

    def __init__(self) -> None:
        super().__init__()
        self.loaded: list[Vintage] = []
        self.zone = zone()
        self.held = self.zone.__enter__()

    @rule(vintage=vintages())
    def load(self, vintage: Vintage) -> None:
        before = replayed(self.loaded, vintage.known_at)
        revisions = self.held.load(vintage)
        newest = [v for v in self.loaded if v.known_at == vintage.known_at][-1:]
        if newest != [vintage]:
            self.loaded.append(vintage)
            assert revisions == counted(before, applied(before, vintage), vintage)

    @rule(nth=st.integers(0, 20))
    def load_again(self, nth: int) -> None:
        """What was the last word of its instant is said again."""
        if self.loaded:
            instant = self.loaded[nth % len(self.loaded)].known_at
            again = [v for v in self.loaded if v.known_at == instant][-1]
            before = self._everything()
            assert self.held.load(again) == Revisions()
            assert self._everything() == before

    @invariant()
    def everything_is_as_replayed(self) -> None:
        _held_as_replayed(self.held, self.loaded)

    @invariant()
    def intervals_of_an_observation_follow_one_another(self) -> None:
        assert not self.held.ask(
            "FROM history AS a JOIN history AS b USING (series_id, period_start, period_end) "
            "WHERE a.vintage_id <> b.vintage_id AND a.known_from < coalesce(b.known_to, TIMESTAMP '9999-01-01') "
            "AND b.known_from < coalesce(a.known_to, TIMESTAMP '9999-01-01') "
            "AND a.known_from < coalesce(a.known_to, TIMESTAMP '9999-01-01') "
            "AND b.known_from < coalesce(b.known_to, TIMESTAMP '9999-01-01')"
        )

    def _everything(self) -> list[list[tuple[object, ...]]]:
        tables = ("series", "vintage", "latest", "superseded", "coverage", "sighting")
        return [sorted(self.held.ask(f"FROM {table}"), key=repr) for table in tables]

    def teardown(self) -> None:
        self.zone.__exit__(None, None, None)


def test_every_sequence_of_loads_is_as_a_naive_model_has_it(record_property: Callable[[str, object], None]) -> None:
    run_state_machine_as_test(
        Loads,
        settings=settings(
            max_examples=EXAMPLES // 3,
            stateful_step_count=LOADS + 2,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
    few = EXAMPLES // 3
    print(f"examples: {EXAMPLES} orders, {EXAMPLES} readings, {few} orders across a break, {few} sequences of loads")
    record_property("examples", {"orders": EXAMPLES, "readings": EXAMPLES, "breaks": few, "sequences": few})
