"""Peak memory of reading large answers, beside their size: from the bytes to staged Parquet, as the product does it.

    python -m bench.reading_memory [DIALECT ...]

Every answer is read in a process of its own, whose whole memory counts: interpreter, libraries, the bytes themselves.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from bench.large import DIALECTS, write
from datazones.staging import Job, stage

SIZE = 128 << 20
_READING = "--read"


def _read(dialect: str, path: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        rows = stage(Job(dialect, dialect, (str(path),), folder)).rows
    print(rows, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10)


def peak(dialect: str, size: int = SIZE) -> dict[str, float]:
    """Observations read, megabytes of the answer and of the process at its peak, and how many times the former."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, dialect)
        write(dialect, path, size)
        command = [sys.executable, "-m", "bench.reading_memory", _READING, dialect, str(path)]
        rows, held = map(int, subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout.split())
        given = path.stat().st_size
    return {"rows": rows, "answer_mb": given >> 20, "peak_mb": held >> 20, "ratio": round(held / given, 2)}


def measure() -> dict[str, object]:
    """The worst of all dialects, which may be 4, and each of them."""
    found = {dialect: peak(dialect) for dialect in DIALECTS}
    return {"ratio": max(each["ratio"] for each in found.values()), "lower_is_better": True, **found}


RATIOS: dict[str, Callable[[], dict[str, object]]] = {"peak_memory_vs_input": measure}


def main(arguments: Sequence[str]) -> None:
    if arguments[:1] == [_READING]:
        _read(arguments[1], Path(arguments[2]))
        return
    row = "{:16} {:>12} {:>10} {:>8} {:>6}"
    print(row.format("dialect", "observations", "answer MB", "peak MB", "ratio"))
    for dialect in arguments or DIALECTS:
        found = peak(dialect)
        print(
            row.format(dialect, f"{found['rows']:,}", found["answer_mb"], found["peak_mb"], found["ratio"]), flush=True
        )


if __name__ == "__main__":
    main(sys.argv[1:])
