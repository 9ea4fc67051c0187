"""One worker and one simulator for all rows of docs/faults.md, and the count of those that ended as they say."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

import pytest

from infra.simulator.clock import moment
from infra.simulator.server import serving
from tests.faults.rows import NOW, PLAIN, WORLD, listed
from tests.faults.worker import Worker, working


@pytest.fixture(scope="session")
def _worker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Worker]:
    folder = tmp_path_factory.mktemp("worker")
    with serving(NOW, world=WORLD) as base, working(folder, base, PLAIN, moment(NOW)) as worker:
        yield worker


@pytest.fixture
def worker(_worker: Worker) -> Iterator[Worker]:
    """The worker, with its first manners and without any fault."""
    before = dict(_worker.manners)
    _worker.script()
    yield _worker
    _worker.manners.clear()
    _worker.manners.update(before)


ROW = "row of docs/faults.md"
"""The property under which a test says whose row it is; properties come through from every process that runs tests."""

_outcomes: dict[str, list[bool]] = defaultdict(list)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if row := getattr(getattr(item, "function", 0), "row", None):
            item.user_properties.append((ROW, row))


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    row = dict(report.user_properties).get(ROW)
    if row and (report.when == "call" or report.failed):
        _outcomes[str(row)].append(report.passed)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if _outcomes:
        runs, ended = sum(map(len, _outcomes.values())), sum(map(all, _outcomes.values()))
        terminalreporter.write_line(f"docs/faults.md: {ended} of {len(listed())} rows ended as they say, {runs} cases")
