"""Raw answers become staged Parquet in a process of its own.

What providers send may be hostile: a parser can panic, take all memory, loop, or crash. It does so in a child with
limits; the parent, which holds the zone, hears a typed error. The child (`python -m datazones.staging`) reads one job
a line and answers one line each, so that its start is paid once for many readings.
"""

from __future__ import annotations

import os
import resource
import select
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import orjson

from datazones import dialects, errors
from datazones.conforming import conform
from datazones.conforming.correcting import corrected, count_corrected
from datazones.lacking import what_is_lacking
from datazones.model import Correction, Cube, Hints
from datazones.quirks import mended

ENVIRONMENT = {"_RJEM_MALLOC_CONF": "dirty_decay_ms:50,muzzy_decay_ms:0"}
"""For the process that reads: polars' allocator gives back what it is done with at once, not after seconds. A large
answer is read in many small pieces, whose memory would add up to as much as the answer itself."""

_TOO_LARGE = "the raw answer is kept; look at it, or raise DATAZONES_MEMORY_LIMIT_MB if it is sound and large"


@dataclass(frozen=True, slots=True)
class Job:
    """Files to read with one dialect, what the catalogue knows about them, and where to write the Parquet."""

    subject: str
    dialect: str
    bodies: tuple[str, ...]
    into: str
    agency_id: str | None = None
    dataflow_id: str | None = None
    labels: Mapping[str, str] | None = None
    aside: Mapping[str, str] | None = None
    quirks: Sequence[str] = ()
    corrections: Sequence[Mapping[str, Any]] = ()


@dataclass(frozen=True, slots=True)
class Staging:
    """The Parquet files of one reading, how many observations they hold, and how many of those were corrected."""

    observations: tuple[str, ...]
    series: tuple[str, ...]
    rows: int
    corrected: int = 0


class Reader:
    """A reading process, started at the first job and again after one that killed it."""

    def __init__(self, memory_mb: int, deadline_s: float) -> None:
        self._memory_mb = memory_mb
        self._deadline_s = deadline_s
        self._child: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def warm(self) -> None:
        """Start the process now and return at once."""
        self._started()

    def read(self, job: Job) -> Staging:
        """Do one job; the error of the reading, or ResponseMalformed when the bytes took the process down."""
        child = self._started()
        assert child.stdin
        assert child.stdout
        child.stdin.write(orjson.dumps(asdict(job)) + b"\n")
        child.stdin.flush()
        ready, _, _ = select.select([child.stdout], [], [], self._deadline_s)
        line = child.stdout.readline() if ready else b""
        if not line:
            self._end()
            raise self._died(job, child, late=not ready)
        return _answered(orjson.loads(line))

    def _started(self) -> subprocess.Popen[bytes]:
        if self._child is None:
            self._child = subprocess.Popen(
                [sys.executable, "-m", __spec__.name, str(self._memory_mb)],
                env=os.environ | ENVIRONMENT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
        return self._child

    def _end(self) -> None:
        child, self._child = self._child, None
        if child:
            child.kill()
            child.wait()
            for stream in (child.stdin, child.stdout):
                if stream:
                    stream.close()

    def _died(self, job: Job, child: subprocess.Popen[bytes], *, late: bool) -> errors.ResponseMalformed:
        found = f"no end within {self._deadline_s:.0f} s" if late else f"a reading that died ({child.returncode})"
        return errors.ResponseMalformed(
            job.subject,
            found=found,
            expected=f"a reading that ends within {self._deadline_s:.0f} s and {self._memory_mb} MiB",
            next_step=_TOO_LARGE,
        )


def _answered(answer: Mapping[str, Any]) -> Staging:
    if "error" not in answer:
        return Staging(tuple(answer["observations"]), tuple(answer["series"]), answer["rows"], answer["corrected"])
    said = answer["error"]
    kind: type[errors.DatazonesError] = getattr(errors, said.pop("code"))
    raise kind(**said)


def stage(job: Job) -> Staging:
    """Read, conform and write: two Parquet files per piece, in this process."""
    folder = Path(job.into)
    folder.mkdir(parents=True, exist_ok=True)
    hints = Hints(
        agency_id=job.agency_id,
        dataflow_id=job.dataflow_id,
        labels=job.labels or {},
        aside={part: Path(path).read_bytes() for part, path in (job.aside or {}).items()},
    )
    declared = [Correction.from_plain(plain) for plain in job.corrections]
    cubes = mended(_cubes(job.dialect, job.bodies, hints), job.quirks)
    observations, series, rows, corrections = [], [], 0, 0
    for number, piece in enumerate(corrected(conform(cubes, hints), declared)):
        observations.append(str(folder / f"observations-{number:05}.parquet"))
        series.append(str(folder / f"series-{number:05}.parquet"))
        piece.observations.write_parquet(observations[-1], compression="lz4")
        piece.series.write_parquet(series[-1], compression="lz4")
        rows += piece.observations.height
        corrections += count_corrected(piece) if declared else 0
    return Staging(tuple(observations), tuple(series), rows, corrections)


def _cubes(dialect: str, bodies: Sequence[str], hints: Hints) -> Iterator[Cube]:
    for path in bodies:
        yield from dialects.named(dialect).read(Path(path).read_bytes(), hints)


def _serve(memory_mb: int) -> None:
    """The child's life: a job a line, an answer a line, until the parent closes the pipe."""
    limit = memory_mb * 1024 * 1024
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
    for line in sys.stdin.buffer:
        sys.stdout.buffer.write(orjson.dumps(_answer(Job(**orjson.loads(line)))) + b"\n")
        sys.stdout.buffer.flush()


def _answer(job: Job) -> dict[str, object]:
    try:
        return dict(asdict(stage(job)))
    except errors.DatazonesError as error:
        return _failure(error)
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # noqa: BLE001 - panics of polars are BaseException, and must not end the worker
        lacking = what_is_lacking(error, job.subject, Path(job.into))
        if isinstance(lacking, errors.MemoryShort):
            lacking.next_step = _TOO_LARGE
        return _failure(lacking or _unforeseen(job, error))


def _failure(error: errors.DatazonesError) -> dict[str, object]:
    said = {"code": error.code, "subject": error.subject, "found": error.found}
    return {"error": {**said, "expected": error.expected, "next_step": error.next_step}}


def _unforeseen(job: Job, error: BaseException) -> errors.ResponseMalformed:
    return errors.ResponseMalformed(
        job.subject,
        found=f"{type(error).__name__}: {str(error)[:200]}",
        expected="bytes that the dialect reads or refuses in its own words",
        next_step=f"the raw answer is kept; report it as a fault of the dialect {job.dialect}",
    )


if __name__ == "__main__":
    _serve(int(sys.argv[1]))
