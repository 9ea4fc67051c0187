"""Ctrl-C ends what DuckDB is asked, as it ends everything else."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

_ENDLESS = "SELECT count(*) FROM range(100000000000) AS r(i) WHERE hash(i) = 7"

_QUERY = f"""
from datazones.warehouse import query
say()
query(path, "{_ENDLESS}", Limits(256, {{threads}}, path.parent / "spill"))
"""

_OPENED = f"""
from datazones.warehouse.connecting import opened
with opened(path, Limits(256, {{threads}}, path.parent / "spill")) as connection:
    say()
    connection.execute("{_ENDLESS}")
"""

_BEGIN = """
import sys
from pathlib import Path
import polars
from datazones.warehouse.connecting import Limits
path = Path(sys.argv[1])
say = lambda: print("asks", flush=True)
"""


@pytest.mark.parametrize(
    ("asking", "threads"),
    [
        pytest.param(_QUERY, 1, id="a question, one thread"),
        pytest.param(_QUERY, 2, id="a question, two threads"),
        pytest.param(_OPENED, 1, id="a statement of our own"),
    ],
)
def test_a_statement_that_would_go_on_for_hours_ends_when_it_is_interrupted(
    asking: str, threads: int, tmp_path: Path
) -> None:
    """Several times: on two threads it was a matter of luck which of them DuckDB gave the work."""
    path = tmp_path / "zone.duckdb"
    duckdb.connect(str(path)).close()
    command = [sys.executable, "-c", _BEGIN + asking.format(threads=threads), str(path)]
    for _ in range(3):
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as asked:
            try:
                assert asked.stdout is not None
                assert asked.stdout.readline() == "asks\n"
                with pytest.raises(subprocess.TimeoutExpired):
                    asked.wait(1.0)
                asked.send_signal(signal.SIGINT)
                _, said = asked.communicate(timeout=30)
            finally:
                asked.kill()
        assert asked.returncode == -signal.SIGINT
        assert said.rstrip().endswith("KeyboardInterrupt")
