"""Structure-specific SDMX-ML into memory: our cubes beside what pysdmx and sdmx1 make of the same message.

    python -m bench.reading_sdmx_ml

The message has the shape of Eurostat's answers (bench/generate.py): series of a few dozen to 240 months, the figure
with one decimal, few flags. Every reading runs in a process of its own that holds the bytes before the clock starts;
ours is the time until the last cube was handed over, theirs until pysdmx's table or sdmx1's message stands.
"""

from __future__ import annotations

import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import polars as pl

from bench.generate import batches

_MODULE = "bench.reading_sdmx_ml"
OBSERVATIONS = 1_000_000
ROUNDS = 3

_SDMX = "http://www.sdmx.org/resources/sdmxml/schemas/v2_1"
_FLOW = "urn:sdmx:org.sdmx.infomodel.datastructure.DataStructure=EX:LFSA_OCCUPIED(1.0)"
_HEAD = f"""<?xml version="1.0" encoding="UTF-8"?>
<m:StructureSpecificData xmlns:m="{_SDMX}/message" xmlns:c="{_SDMX}/common" xmlns:ss="{_SDMX}/data/structurespecific"
 xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:ns1="{_FLOW}:ObsLevelDim:TIME_PERIOD">
<m:Header><m:ID>LFSA_OCCUPIED</m:ID><m:Test>false</m:Test><m:Prepared>2026-01-01T00:00:00Z</m:Prepared>
<m:Sender id="EX"/><m:Structure structureID="LFSA" namespace="{_FLOW}:ObsLevelDim:TIME_PERIOD"
 dimensionAtObservation="TIME_PERIOD"><c:Structure><Ref agencyID="EX" id="LFSA_OCCUPIED" version="1.0"/></c:Structure>
</m:Structure></m:Header>
<m:DataSet ss:structureRef="LFSA" ss:dataScope="DataStructure" ss:action="Replace" xsi:type="ns1:DataSetType">
"""
_TAIL = "</m:DataSet>\n</m:StructureSpecificData>\n"
_KEY = ("isco08", "age", "sex", "geo")


def message(observations: int) -> Iterator[str]:
    """A message of so many observations, in pieces."""
    yield _HEAD
    for frame in batches(observations):
        series = pl.format('<Series freq="M" isco08="{}" age="{}" sex="{}" unit="THS" geo="{}" DECIMALS="1">\n', *_KEY)
        flags = pl.when(pl.col("OBS_FLAG") != "").then(pl.format(' OBS_FLAG="{}"', "OBS_FLAG")).otherwise(pl.lit(""))
        row = pl.format('<Obs TIME_PERIOD="{}" OBS_VALUE="{}"{}/>\n', "TIME_PERIOD", "OBS_VALUE", flags)
        tags = frame.group_by(_KEY, maintain_order=True).agg(row.str.join().alias("rows"))
        yield from tags.select(pl.concat_str(series, "rows", pl.lit("</Series>\n"))).to_series()
    yield _TAIL


def ours(body: bytes) -> int:
    from datazones.dialects import sdmx_ml
    from datazones.model import Hints

    return sum(cube.frame.height for cube in sdmx_ml.read(body, Hints()))


def pysdmx(body: bytes) -> int:
    import io

    from pysdmx.io import read_sdmx

    return sum(len(found.data) for found in read_sdmx(io.BytesIO(body), validate=False).data)


def sdmx1(body: bytes) -> int:
    import io

    import sdmx

    return sum(len(found.obs) for found in sdmx.read_sdmx(io.BytesIO(body)).data)


WAYS: dict[str, Callable[[bytes], int]] = {"ours": ours, "pysdmx": pysdmx, "sdmx1": sdmx1}


def _timed(way: str, path: Path) -> dict[str, float]:
    """One reading in this process; its libraries are loaded before by a message of a few observations."""
    WAYS[way]("".join(message(100)).encode())
    body = path.read_bytes()
    begun = time.perf_counter()
    observations = WAYS[way](body)
    seconds = time.perf_counter() - begun
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"observations": observations, "seconds": seconds, "peak_rss_mb": peak_mb}


def _in_a_process(way: str, path: Path) -> dict[str, float]:
    command = [sys.executable, "-m", _MODULE, way, str(path)]
    run = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    found: dict[str, float] = json.loads(run.stdout.splitlines()[-1])
    return found


def beside(other: str, *, rounds: int = ROUNDS, observations: int = OBSERVATIONS) -> dict[str, object]:
    """Seconds of both, medians of one run, and how many times theirs takes ours."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "message.xml")
        with path.open("w") as file:
            file.writelines(message(observations))
        theirs = [_in_a_process(other, path) for _ in range(rounds)]
        found = [_in_a_process("ours", path) for _ in range(rounds)]
        counted = {each["observations"] for each in (*found, *theirs)}
        if counted != {observations}:
            raise AssertionError(f"{counted} of {observations} observations were read")
        megabytes = path.stat().st_size / 2**20
    ours_s, theirs_s = (statistics.median(each["seconds"] for each in of) for of in (found, theirs))
    return {
        "ratio": round(theirs_s / ours_s, 1),
        "ours_s": round(ours_s, 2),
        "theirs_s": round(theirs_s, 2),
        "observations": observations,
        "message_mb": round(megabytes),
        "peak_rss_mb": round(max(each["peak_rss_mb"] for each in found)),
    }


RATIOS: dict[str, Callable[[], dict[str, object]]] = {
    "sdmx_ml_vs_pysdmx": lambda: beside("pysdmx"),
    "sdmx_ml_vs_sdmx1": lambda: beside("sdmx1"),
}


def main(arguments: Sequence[str]) -> None:
    if len(arguments) == 2:
        sys.stdout.write(json.dumps(_timed(arguments[0], Path(arguments[1]))) + "\n")
        return
    for name, measure in RATIOS.items():
        sys.stdout.write(f"{name}: {json.dumps(measure())}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
