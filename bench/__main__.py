"""`python -m bench [NAME ...]`: measure the ratios (unset: all) and write `bench/results/latest.json`."""

from __future__ import annotations

import importlib
import json
import os
import pkgutil
import platform
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import bench

RESULTS = Path(__file__).parent / "results" / "latest.json"
LIBRARIES = ("polars", "duckdb", "prefect", "great-expectations", "boto3", "lxml", "orjson", "dagster")

Measurement = Callable[[], dict[str, object]]


def measurements() -> dict[str, Measurement]:
    """Every ratio that a module of this package names."""
    found: dict[str, Measurement] = {}
    for module in pkgutil.iter_modules(bench.__path__):
        if module.name != "__main__":
            found |= getattr(importlib.import_module(f"{bench.__name__}.{module.name}"), "RATIOS", {})
    return dict(sorted(found.items()))


def machine() -> dict[str, object]:
    """What it was measured on."""
    return {
        "cores": os.cpu_count(),
        "memory_mb": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20,
        "system": platform.platform(),
        "python": platform.python_version(),
    }


def main(chosen: list[str]) -> None:
    """Measure and write; a name that nobody measures is an error."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended from outside"))  # what is up is taken down
    known = measurements()
    unknown = sorted(set(chosen) - set(known))
    if unknown:
        sys.exit(f"No such ratio: {', '.join(unknown)}. There are: {', '.join(known)}")
    before = json.loads(RESULTS.read_text())["ratios"] if chosen and RESULTS.exists() else {}
    ratios = dict(before)
    for name in chosen or known:
        print(f"{name} ...", file=sys.stderr, flush=True)
        ratios[name] = known[name]()
        print(f"{name}: {json.dumps(ratios[name])}", flush=True)
    commit = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, check=False).stdout.strip()
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(
        json.dumps(
            {
                "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
                "commit": commit,
                "machine": machine(),
                "versions": {name: version(name) for name in LIBRARIES},
                "ratios": dict(sorted(ratios.items())),
            },
            indent=2,
        )
        + "\n"
    )


if __name__ == "__main__":
    main(sys.argv[1:])
