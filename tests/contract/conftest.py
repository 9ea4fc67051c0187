"""At the end of a run: the recorded files that were read, each with its dialect and its number of observations.

And what the gate said of real vintages, as they came and spoilt.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

RECORDED_FILE = "recorded_file"
"""The property under which a test says which file it has compared, and how many observations were equal."""


CONFUSION = "confusion"
"""The property under which a test tells the confusion table of the gate."""


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    _tell_of_files(terminalreporter)
    for table in _told(terminalreporter, CONFUSION):
        terminalreporter.section("the gate on real vintages")
        terminalreporter.write_line(str(table))


def _tell_of_files(terminalreporter: pytest.TerminalReporter) -> None:
    files = sorted(_told(terminalreporter, RECORDED_FILE))
    if not files:
        return
    terminalreporter.section("recorded files, read whole and compared")
    width = max(len(path) for path, _, _ in files)
    for path, dialect, observations in files:
        terminalreporter.write_line(f"{path:<{width}}  {dialect:<15} {observations:>9,}")
    total = sum(observations for _, _, observations in files)
    terminalreporter.write_line(f"{len(files)} files, {total:,} observations, all of them equal")


def _told(terminalreporter: pytest.TerminalReporter, wanted: str) -> Iterator[Any]:
    for report in terminalreporter.stats.get("passed", []):
        for name, told in getattr(report, "user_properties", []):
            if name == wanted:
                yield told
