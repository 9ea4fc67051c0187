"""Disks that are soon full, for tests of what comes of it."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

MEGABYTE = 1 << 20


@contextmanager
def disk(folder: Path, size: str, files: int = 10_000) -> Iterator[Path]:
    """A disk of its own at `folder`, with room for so much (64k, 48m) and for so many files."""
    folder.mkdir(parents=True, exist_ok=True)
    options = f"size={size},nr_inodes={files}"
    mounting = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", options, "datazones", str(folder)], capture_output=True, text=True, check=False
    )
    if mounting.returncode:
        message = f"no disk can be mounted here, which takes root: {mounting.stderr.strip()}"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """Nobody, root included, may write to that disk meanwhile."""
    subprocess.run(["mount", "-o", "remount,ro", str(folder)], check=True)
    try:
        yield
    finally:
        subprocess.run(["mount", "-o", "remount,rw", str(folder)], check=True)
