"""docs/adding-a-feed.md, done step by step: its files are written and its commands run, and nothing else is touched."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pytest

from datazones.catalogue.loading import SHIPPED
from infra.simulator.server import serving

PAGE = Path(__file__).parents[2] / "docs/adding-a-feed.md"
BLOCK = re.compile(r"^```(?P<kind>\w+)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
FEED = "worldbank_research_china"
NOW = "2020-12-01T00:00:00Z"


@dataclass
class Walk:
    """What the page's steps left behind: the output of each command, and the folder they ran in."""

    folder: Path
    said: list[tuple[str, subprocess.CompletedProcess[str]]]

    def of(self, verb: str) -> list[str]:
        """What the commands of that name printed, in their order."""
        return [done.stdout + done.stderr for line, done in self.said if line.startswith(f"datazones {verb} ")]


@pytest.fixture(scope="module")
def walk(tmp_path_factory: pytest.TempPathFactory) -> Walk:
    folder = tmp_path_factory.mktemp("adding")
    shutil.copytree(SHIPPED / "feeds", folder / "feeds")
    said = []
    with serving(NOW) as base:
        for block in BLOCK.finditer(PAGE.read_text()):
            if block["kind"] == "toml":
                _write(folder, block["text"])
            else:
                said += [(line, _run(folder, base, line)) for line in block["text"].splitlines()]
    return Walk(folder, said)


def _write(folder: Path, text: str) -> None:
    """A block whose first line names the file that it is, or is added to."""
    named = re.match(r"# (added to )?(feeds/\w+\.toml)\n", text)
    assert named, text
    with (folder / named[2]).open("a" if named[1] else "x") as file:
        file.write(text)


def _run(folder: Path, base: str, line: str) -> subprocess.CompletedProcess[str]:
    clean = {name: text for name, text in os.environ.items() if not name.startswith(("DATAZONES_", "PREFECT_"))}
    ours = {
        "DATAZONES_HOME": str(folder / "home"), "DATAZONES_FEEDS_FOLDER": str(folder / "feeds"),
        "DATAZONES_PROVIDERS_BASE": base, "DATAZONES_NOW": NOW, "HOME": str(folder),
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    }  # fmt: skip
    return subprocess.run(
        ["sh", "-c", line], capture_output=True, text=True, check=False, cwd=folder, env=clean | ours, timeout=450
    )


def test_every_command_of_the_page_does_what_it_says(walk: Walk) -> None:
    assert len(walk.said) >= 7
    for line, done in walk.said:
        assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"


def test_a_new_feed_is_one_file_and_one_sample_and_nothing_else(walk: Walk) -> None:
    new = {path.name for path in (walk.folder / "feeds").iterdir()} - {
        path.name for path in (SHIPPED / "feeds").iterdir()
    }
    assert new == {f"{FEED}.toml"}
    sample = walk.folder / "samples" / FEED
    assert {path.name for path in sample.iterdir()} == {"data-1.json", "sample.json"}
    assert json.loads((sample / "sample.json").read_text())["licence"] == "CC BY 4.0"


def test_what_was_recorded_is_what_was_published(walk: Walk) -> None:
    recorded = pl.read_csv(walk.folder / "research.csv").drop_nulls("obs_value")
    assert recorded.height > 10
    newest = recorded.sort("period_start", descending=True)["time_period"][0]
    figures, citation = walk.of("query")
    assert str(newest) in figures
    assert "World Bank" in citation


def test_the_explanation_names_corrections_breaks_and_renames_once_they_are_declared(walk: Walk) -> None:
    before, corrected, broken = walk.of("explain")
    assert "research_china_1996" not in before
    assert "research_china_1996" in corrected
    assert "rebased to 2025" not in corrected
    assert "rebased to 2025" in broken
    assert "A.GB.XPD.RSDV.ZS.CHN" in broken
    assert "hunan" in before
