"""Peak memory of reading large streams, beside their size: from the bytes to staged Parquet, as the product does it.

    python -m bench.reading_memory [DIALECT ...]

A stream is read in a process of its own, and nothing is taken off what the kernel says that it held at most: the
interpreter, its libraries, the bytes themselves. The size is that of the answers as they are parsed.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from bench.large import DIALECTS, write
from datazones.staging import ENVIRONMENT, Job, stage

SIZE = 100 << 20
_READING = "--read"


def _read(dialect: str, paths: Sequence[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        rows = stage(Job(dialect, dialect, tuple(paths), folder)).rows
    print(rows, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10)


def peak(dialect: str, size: int = SIZE) -> dict[str, float]:
    """Observations, answers, megabytes of the stream and of the process at its peak, and how many times the former."""
    with tempfile.TemporaryDirectory() as folder:
        paths = write(dialect, Path(folder), size)
        command = [sys.executable, "-m", "bench.reading_memory", _READING, dialect, *map(str, paths)]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, env=os.environ | ENVIRONMENT)
        rows, held = map(int, done.stdout.split())
        given = sum(path.stat().st_size for path in paths)
    told = {"rows": rows, "answers": len(paths), "stream_mb": given >> 20, "peak_mb": held >> 20}
    return told | {"ratio": round(held / given, 2)}


def measure() -> dict[str, object]:
    """The worst of all dialects, which may be 4, and each of them."""
    found = {dialect: peak(dialect) for dialect in DIALECTS}
    return {"ratio": max(each["ratio"] for each in found.values()), "lower_is_better": True, **found}


RATIOS: dict[str, Callable[[], dict[str, object]]] = {"peak_memory_vs_input": measure}


def main(arguments: Sequence[str]) -> None:
    if arguments[:1] == [_READING]:
        _read(arguments[1], arguments[2:])
        return
    row = "{:16} {:>12} {:>8} {:>10} {:>8} {:>6}"
    print(row.format("dialect", "observations", "answers", "stream MB", "peak MB", "ratio"))
    for dialect in arguments or DIALECTS:
        rows, *others = peak(dialect).values()
        print(row.format(dialect, f"{rows:,}", *others), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
