"""What a zone's warehouse remembers, and what it refuses."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest

from datazones.conforming import conform
from datazones.errors import ResponseMalformed, StructureChanged, UnknownCode, WarehouseBusy, WarehouseDamaged
from datazones.model import Cube, Hints, Landed, Parent, Revisions, Staged
from datazones.warehouse import WorkingCopy, export, query
from datazones.warehouse.connecting import Limits
from datazones.warehouse.working import hydrate

Figures = Mapping[tuple[str, str], float | None]


class Zone:
    """A working copy in a folder, and the vintages that are loaded into it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / "working.duckdb"
        self.limits = Limits(512, 2, folder / "spill")
        self.staged = 0

    def stage(self, figures: Figures, **declared: object) -> Staged:
        """Figures by (ref_area, time_period), conformed and written as Parquet."""
        columns = {name: declared.pop(name) for name in ("released_at", "unit_measure", "action") if name in declared}
        frame = pl.DataFrame(
            {
                "ref_area": [area for area, _ in figures],
                "time_period": [period for _, period in figures],
                "obs_value": pl.Series(list(figures.values()), dtype=pl.Float64),
            }
        ).with_columns(pl.lit(found).alias(name) for name, found in columns.items())
        self.staged += 1
        (piece,) = conform([Cube(frame, ("ref_area",), "NBS", "fsnd")], Hints())
        observations, series = self.folder / f"o{self.staged}.parquet", self.folder / f"s{self.staged}.parquet"
        piece.observations.write_parquet(observations)
        piece.series.write_parquet(series)
        return Staged(
            feed_id="figures",
            observations=(str(observations),),
            series=(str(series),),
            rows=frame.height,
            tolerance=1e-9,
            absent_is_withdrawn=bool(declared.pop("absent_is_withdrawn", False)),
            window_start=declared.pop("window_start", None),  # type: ignore[arg-type]
            window_end=declared.pop("window_end", None),  # type: ignore[arg-type]
        )

    def load(self, year: int, figures: Figures, **declared: object) -> Revisions:
        at = datetime(year, 1, 1, tzinfo=UTC)
        staged = self.stage(figures, **declared)
        with WorkingCopy.held(self.path, self.limits, reach=[self.folder]) as copy:
            return copy.load(staged, [Landed("0" * 64, 1, "GET x", "data", at)], slot=at, now=at)

    def ask(self, sql: str) -> list[tuple[object, ...]]:
        return query(self.path, sql, self.limits).rows()

    def as_of(self, year: int) -> dict[tuple[object, ...], object]:
        rows = self.ask(
            f"SELECT series_key, time_period, obs_value FROM observation_as_of(TIMESTAMP '{year}-06-30') ORDER BY ALL"
        )
        return {row[:2]: row[2] for row in rows}


@pytest.fixture
def zone(tmp_path: Path) -> Zone:
    return Zone(tmp_path)


def test_a_revised_figure_stays_known_for_the_time_it_was_known(zone: Zone) -> None:
    zone.load(2018, {("110000", "2017"): 28014.94})
    assert zone.load(2020, {("110000", "2017"): 29883.0}) == Revisions(revised=1)
    assert zone.as_of(2017) == {}
    assert zone.as_of(2018) == {("110000", "2017"): 28014.94}
    assert zone.as_of(2020) == {("110000", "2017"): 29883.0}
    assert zone.ask("SELECT obs_value FROM observation") == [(29883.0,)]


def test_a_withdrawn_observation_stays_readable_in_the_older_vintage(zone: Zone) -> None:
    zone.load(2018, {("a", "2016"): 1.0, ("a", "2017"): 2.0})
    assert zone.load(2020, {("a", "2016"): 1.0}, absent_is_withdrawn=True) == Revisions(withdrawn=1)
    assert zone.as_of(2018) == {("a", "2016"): 1.0, ("a", "2017"): 2.0}
    assert zone.as_of(2020) == {("a", "2016"): 1.0}


def test_what_is_absent_is_kept_unless_the_feed_declares_otherwise(zone: Zone) -> None:
    zone.load(2018, {("a", "2016"): 1.0, ("a", "2017"): 2.0})
    assert zone.load(2020, {("a", "2016"): 1.0}) == Revisions()
    assert len(zone.as_of(2020)) == 2


def test_a_series_that_vanishes_whole_is_not_withdrawn_by_its_absence(zone: Zone) -> None:
    zone.load(2018, {("a", "2016"): 1.0, ("b", "2016"): 2.0})
    assert zone.load(2020, {("a", "2016"): 1.0}, absent_is_withdrawn=True) == Revisions()


def test_nothing_outside_the_window_that_was_asked_for_is_withdrawn(zone: Zone) -> None:
    zone.load(2018, {("a", "2010"): 1.0, ("a", "2016"): 2.0, ("a", "2017"): 3.0})
    window = {"window_start": date(2016, 1, 1), "window_end": date(2018, 1, 1)}
    assert zone.load(2020, {("a", "2016"): 2.0}, absent_is_withdrawn=True, **window) == Revisions(withdrawn=1)
    assert zone.as_of(2020) == {("a", "2010"): 1.0, ("a", "2016"): 2.0}


def test_a_provider_that_deletes_in_so_many_words_is_followed(zone: Zone) -> None:
    zone.load(2018, {("a", "2016"): 1.0, ("a", "2017"): 2.0})
    assert zone.load(2020, {("a", "2016"): None}, action="delete") == Revisions(withdrawn=1)
    assert zone.as_of(2020) == {("a", "2017"): 2.0}


def test_noise_in_the_eleventh_digit_is_counted_and_changes_nothing(zone: Zone) -> None:
    zone.load(2018, {("CHN", "2010"): 6087191746738.57})
    assert zone.load(2020, {("CHN", "2010"): 6087191746679.489}) == Revisions(ignored=1)
    assert zone.ask("SELECT obs_value FROM observation") == [(6087191746738.57,)]


def test_a_missing_figure_that_is_filled_in_is_an_addition_and_the_gap_is_remembered(zone: Zone) -> None:
    zone.load(2018, {("a", "2017"): None})
    assert zone.load(2020, {("a", "2017"): 2.0}) == Revisions(added=1)
    assert zone.as_of(2018) == {("a", "2017"): None}
    assert zone.ask("SELECT change, obs_value_after FROM revision") == [("filled", 2.0)]


def test_a_figure_that_goes_missing_is_a_revision(zone: Zone) -> None:
    zone.load(2018, {("a", "2017"): 2.0})
    assert zone.load(2020, {("a", "2017"): None}) == Revisions(revised=1)


def test_several_vintages_in_one_answer_are_replayed_oldest_first(zone: Zone) -> None:
    released = pl.Series([datetime(2019, 1, 1, tzinfo=UTC), datetime(2018, 1, 1, tzinfo=UTC)])
    frame = {("a", "2017"): 2.0, ("b", "2017"): 1.0}
    assert zone.load(2020, frame, released_at=released) == Revisions(added=2)
    assert zone.as_of(2018) == {("b", "2017"): 1.0}


def test_the_provider_s_own_release_is_when_a_figure_became_known(zone: Zone) -> None:
    zone.load(2026, {("a", "2017"): 2.0}, released_at=datetime(2018, 10, 18, tzinfo=UTC))
    assert zone.as_of(2018 - 1) == {}
    assert zone.as_of(2019) == {("a", "2017"): 2.0}


def test_a_unit_that_changes_under_a_series_is_refused_and_leaves_everything_as_it_was(zone: Zone) -> None:
    zone.load(2018, {("a", "2017"): 2.0}, unit_measure="亿元")
    with pytest.raises(StructureChanged, match="万元"):
        zone.load(2020, {("a", "2017"): 20000.0}, unit_measure="万元")
    assert zone.ask("SELECT count(*) FROM vintage") == [(1,)]
    assert zone.ask("SELECT count(*) FROM load_log") == [(1,)]


def test_an_observation_given_twice_in_two_answers_is_refused(zone: Zone) -> None:
    one = zone.stage({("a", "2017"): 2.0})
    two = zone.stage({("a", "2017"): 3.0})
    both = Staged("figures", one.observations + two.observations, one.series, 2, 1e-9, absent_is_withdrawn=False)
    at = datetime(2020, 1, 1, tzinfo=UTC)
    with WorkingCopy.held(zone.path, zone.limits, reach=[zone.folder]) as copy, pytest.raises(ResponseMalformed):
        copy.load(both, [Landed("0" * 64, 1, "GET x", "data", at)], slot=at, now=at)


def test_a_series_that_is_cut_by_two_files_is_one_vintage(zone: Zone) -> None:
    one = zone.stage({("a", "2016"): 1.0, ("b", "2017"): 5.0})
    two = zone.stage({("a", "2017"): 2.0, ("b", "2016"): 4.0})
    both = Staged("figures", one.observations + two.observations, one.series, 4, 1e-9, absent_is_withdrawn=False)
    at = datetime(2020, 1, 1, tzinfo=UTC)
    with WorkingCopy.held(zone.path, zone.limits, reach=[zone.folder]) as copy:
        assert copy.load(both, [Landed("0" * 64, 1, "GET x", "data", at)], slot=at, now=at) == Revisions(added=4)
    assert zone.ask("SELECT obs_value FROM observation ORDER BY 1") == [(1.0,), (2.0,), (4.0,), (5.0,)]


def test_the_watermark_is_what_the_last_load_read(zone: Zone) -> None:
    zone.load(2018, {("a", "2017"): 2.0})
    with WorkingCopy.held(zone.path, zone.limits) as copy:
        assert [answer.request_key for answer in copy.watermark("figures")] == ["GET x"]
        assert copy.watermark("another") == ()


def test_a_candidate_says_the_same_as_the_working_copy_and_so_does_a_copy_hydrated_from_it(zone: Zone) -> None:
    zone.load(2018, {("a", "2016"): 1.0, ("a", "2017"): 2.0})
    zone.load(2020, {("a", "2016"): 1.5, ("a", "2018"): 3.0}, absent_is_withdrawn=True)
    candidate = zone.folder / "candidate.duckdb"
    tables = export(zone.path, candidate, zone.limits).tables
    assert ("latest", 2) in {(table.name, table.rows) for table in tables}
    hydrate(zone.path, candidate, Parent(1, "first", 2), zone.limits)
    assert export(zone.path, zone.folder / "again.duckdb", zone.limits).tables == tables
    with WorkingCopy.held(zone.path, zone.limits) as copy:
        assert copy.parent() == Parent(1, "first", 2)
        assert not copy.pending()


def test_how_wrong_first_releases_were_is_one_view(zone: Zone) -> None:
    zone.load(2018, {("a", "2016"): 10.0, ("a", "2017"): 10.0})
    zone.load(2019, {("a", "2016"): 12.0, ("a", "2017"): 10.0})
    assert zone.ask("SELECT time_period, obs_value FROM first_release ORDER BY ALL") == [("2016", 10.0), ("2017", 10.0)]
    assert zone.ask(
        "SELECT observations, revisions, mean_revision, mean_absolute_revision, bias, share_revised, days_to_final "
        "FROM revision_figures"
    ) == [(2, 1, 1.0, 1.0, 1.0, 0.5, 365.0)]


def test_two_instants_and_the_triangle_of_a_series_are_compared_by_macros(zone: Zone) -> None:
    zone.load(2020, {("a", "2016"): 12.0, ("a", "2017"): 5.0})
    zone.load(2018, {("a", "2016"): 10.0})
    assert zone.ask(
        "SELECT time_period, change, obs_value_before, obs_value_after "
        "FROM vintage_diff(TIMESTAMP '2018-06-30', TIMESTAMP '2020-06-30') ORDER BY ALL"
    ) == [("2016", "revised", 10.0, 12.0), ("2017", "added", None, 5.0)]
    (key,) = zone.ask("SELECT series_key FROM series")[0]
    triangle = zone.ask(f"SELECT time_period, year(known_from), obs_value FROM revision_triangle('{key}')")
    assert triangle == [("2016", 2018, 10.0), ("2016", 2020, 12.0), ("2017", 2020, 5.0)]


def test_every_column_of_a_published_table_explains_itself(zone: Zone) -> None:
    zone.load(2018, {("a", "2016"): 1.0})
    export(zone.path, zone.folder / "candidate.duckdb", zone.limits)
    silent = query(
        zone.folder / "candidate.duckdb",
        "SELECT table_name, column_name FROM duckdb_columns() WHERE comment IS NULL AND NOT internal",
        zone.limits,
    )
    assert silent.rows() == []


def test_a_second_writer_is_told_who_holds_the_zone(zone: Zone) -> None:
    with WorkingCopy.held(zone.path, zone.limits), pytest.raises(WarehouseBusy):
        zone.load(2018, {("a", "2016"): 1.0})


def test_a_file_that_is_no_warehouse_is_named_and_not_touched(zone: Zone) -> None:
    zone.path.write_bytes(b"not a database" * 500)
    with pytest.raises(WarehouseDamaged):
        zone.load(2018, {("a", "2016"): 1.0})
    assert zone.path.read_bytes().startswith(b"not a database")


def test_a_load_that_is_killed_leaves_no_trace(zone: Zone) -> None:
    zone.load(2018, {("a", "2016"): 1.0})
    script = (
        "import os, signal\n"
        "from pathlib import Path\n"
        "from datazones.warehouse.connecting import Limits, opened\n"
        f"with opened(Path({str(zone.path)!r}), Limits(256, 1, Path({str(zone.folder / 'spill')!r}))) as c:\n"
        "    c.execute('BEGIN'); c.execute('DELETE FROM latest'); os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == -9
    assert zone.as_of(2018) == {("a", "2016"): 1.0}


@pytest.mark.parametrize(
    "sql",
    [
        "COPY (SELECT 1) TO 'out.csv'",
        "SELECT * FROM read_csv('/etc/hostname')",
        "ATTACH 'other.duckdb'",
        "INSTALL httpfs",
        "SET memory_limit = '100GB'",
        "DELETE FROM latest",
        "SELECT nonsense",
    ],
)
def test_a_query_cannot_write_reach_out_or_change_settings(zone: Zone, sql: str) -> None:
    zone.load(2018, {("a", "2016"): 1.0})
    with pytest.raises(UnknownCode):
        zone.ask(sql)


def test_a_release_is_the_same_instant_on_a_machine_of_any_time_zone(
    zone: Zone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "Asia/Shanghai")
    script = (
        "import sys; from tests.unit.test_warehouse import UTC, Path, Zone, datetime\n"
        "zone = Zone(Path(sys.argv[1]))\n"
        "zone.load(2026, {('a', '2017'): 2.0}, released_at=datetime(2018, 10, 18, 20, tzinfo=UTC))\n"
    )
    subprocess.run([sys.executable, "-c", script, str(zone.folder)], check=True)
    assert zone.ask("SELECT known_from, known_at FROM latest JOIN vintage USING (vintage_id)") == [
        (datetime(2018, 10, 18, 20), datetime(2018, 10, 18, 20))  # noqa: DTZ001 # the columns hold UTC without saying so
    ]
