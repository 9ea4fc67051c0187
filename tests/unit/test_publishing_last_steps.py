"""The last steps of a refresh, killed before calls that change a file. `make soak` kills before every one there is."""

from __future__ import annotations

import subprocess
import sys

from tests.parts import needs


def test_killed_before_any_file_takes_its_place_readers_have_old_or_new_whole_and_the_next_run_ends_right() -> None:
    """In a process that forks before polars has threads, which this one may have long had."""
    needs("strace", "strace")
    command = [sys.executable, "-m", "tests.soak", "--only", "kill", "--calls", "rename"]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=500)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "kills: 2 of 2 as they must be" in ended.stdout
