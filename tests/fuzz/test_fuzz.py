"""What the long run with hostile bytes rests on: seeds, repeatable blocks, a check that sees, a file to go on from."""

from __future__ import annotations

import random
from pathlib import Path

import polars as pl
import pytest

from datazones import dialects
from datazones.model import Hints
from tests.fuzz.checking import unexplained
from tests.fuzz.keeping import Kept
from tests.fuzz.mutating import hostile
from tests.fuzz.running import Fuzzed, block, one, pieced
from tests.fuzz.seeds import SEEDS

BODY = SEEDS["owid_csv"][0]
READ = pl.DataFrame({"obs_value": ["73.05", "62.9"], "time_period": ["2021", "2021"]})


def test_every_dialect_has_a_seed_that_is_read() -> None:
    assert sorted(SEEDS) == sorted(dialects.names())
    for dialect, seeds in SEEDS.items():
        found = Fuzzed(dialect)
        for seed in seeds:
            one(seed, found)
        assert found.read
        assert not found.uncaught + found.silent


def test_a_block_is_the_same_whenever_it_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.fuzz.running.BLOCK", 20)
    runs = [block("fred_json", 1, nth) for nth in (0, 0, 1)]
    assert runs[0].refused == runs[1].refused
    assert [run.inputs for run in runs] == [20, 20, 20]


@pytest.mark.parametrize(
    ("change", "strange"),
    [
        ({"obs_value": ["73.05", "62.95"]}, ["62.95", "dropped 62.9"]),
        ({"time_period": ["2021", "2022"]}, ["2022"]),
        ({"obs_value": ["73.05", None]}, ["dropped 62.9"]),
        ({"obs_value": ["73.05", "62.900"]}, []),  # an answer may say a figure twice, and once with more digits
    ],
)
def test_a_figure_or_text_that_was_changed_or_dropped_is_seen(change: dict[str, list[str]], strange: list[str]) -> None:
    assert unexplained("owid_csv", [READ], BODY) == []
    assert unexplained("owid_csv", [READ.with_columns(pl.Series(*each) for each in change.items())], BODY) == strange


def test_small_answers_are_cut_as_large_ones_where_that_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.fuzz.running.BLOCK", 20)
    for module in pieced():
        monkeypatch.setattr(module, "PIECE", module.PIECE)
    found = block("owid_csv", 1, 0, piece=20)
    assert (found.inputs, found.uncaught, found.silent) == (20, [], [])
    assert len(list(dialects.named("owid_csv").read(BODY, Hints()))) > 1


def test_mutations_of_a_seed_differ_from_it_and_from_each_other() -> None:
    chance = random.Random(1)
    assert len({hostile(chance, [BODY]) for _ in range(100)} - {BODY}) > 90


def test_a_run_goes_on_where_it_was(tmp_path: Path) -> None:
    file, found = tmp_path / "owid_csv.json", Fuzzed("owid_csv", inputs=1000, read=7)
    found.refused["ResponseMalformed"] = 993
    Kept(file, "owid_csv").add(3, found, "abc")
    kept = Kept(file, "owid_csv")
    assert (kept.blocks, kept.commits, kept.found) == ({3}, ["abc"], found)
    assert Kept(file, "owid_csv", afresh=True).blocks == set()


def test_cubes_that_are_read_again_are_refused_again(monkeypatch: pytest.MonkeyPatch) -> None:
    body = BODY.replace(b"73.05", b"1e400")
    found = Fuzzed("owid_csv")
    monkeypatch.setattr("tests.fuzz.running.CONFORMED", 1)
    for _ in range(2):
        one(body, found)
    assert found.refused == {"ResponseMalformed": 2}
