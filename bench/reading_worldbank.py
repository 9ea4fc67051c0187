"""World Bank pages from the wire into a DuckDB table: ours beside dlt's REST source.

Both ask the same server on loopback for pages of the provider's true shape; server, ours and theirs run in a process
of their own each, so that none pays for the other's objects. Ours: fetch, read, check that the pages belong together,
conform, write Parquet, insert. Theirs: `dlt.sources.rest_api` with its page-number paginator into the `duckdb`
destination. Theirs may have fewer pages: both are counted in rows a second.
"""

from __future__ import annotations

import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

import duckdb
import orjson
import polars as pl

from datazones.conforming import conform
from datazones.dialects import worldbank_json
from datazones.model import Conformed, Hints, Request

_MODULE = "bench.reading_worldbank"
SEED = 20261123
PER_PAGE = 10_000
OUR_PAGES = 100
THEIR_PAGES = 6
ROUNDS = 3
INDICATOR = {"id": "NY.GDP.MKTP.CD", "value": "GDP (current US$)"}
YEARS = range(2024, 1959, -1)

Figures = dict[str, float]


def pages(count: int) -> Iterator[bytes]:
    """Pages as the provider sends them: area by area, newest first, about a fifth of the rows without a figure."""
    chance = random.Random(SEED)
    rows = _rows(chance)
    for page in range(1, count + 1):
        header = {
            "page": page,
            "pages": count,
            "per_page": PER_PAGE,
            "total": count * PER_PAGE,
            "sourceid": "2",
            "lastupdated": "2024-03-28",
        }
        yield orjson.dumps([header, [next(rows) for _ in range(PER_PAGE)]])


def _rows(chance: random.Random) -> Iterator[dict[str, object]]:
    number = 0
    while True:
        letters = "".join(chr(65 + number // 26**place % 26) for place in (2, 1, 0))
        code = letters if number < 26**3 else f"{letters}{number // 26**3}"
        for year in YEARS:
            figure = round(chance.lognormvariate(24, 2), chance.randint(0, 3)) if chance.random() > 0.2 else None
            yield {
                "indicator": INDICATOR,
                "country": {"id": code[1:], "value": f"Area of {code}"},
                "countryiso3code": code,
                "date": str(year),
                "value": figure,
                "unit": "",
                "obs_status": "",
                "decimal": 0,
            }
        number += 1


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """The address of a server of that folder, in a process of its own; `/page?page=3` is the file `3`."""
    command = [sys.executable, "-m", _MODULE, "serve", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            yield server.stdout.readline().strip() if server.stdout else ""
        finally:
            server.terminate()


def serve(folder: Path) -> None:
    """Say the address, then answer until terminated."""
    from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
    from urllib.parse import parse_qs, urlsplit

    class Pages(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            page = parse_qs(urlsplit(self.path).query).get("page", ["1"])[0]
            body = (folder / str(int(page))).read_bytes()
            self.send_response(200)
            self.send_header("Content-Type", "application/json;charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Says nothing: the figures are the output."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Pages) as server:
        sys.stdout.write(f"http://127.0.0.1:{server.server_port}\n")
        sys.stdout.flush()
        server.serve_forever()


def ours(address: str, work: Path) -> int:
    """Observations in the table, by the way Datazones goes."""
    first = Request(f"{address}/page", (("format", "json"),))
    bodies = [_fetch(first)]
    bodies.extend(_fetch(request) for request in worldbank_json.following(first, bodies[0]))
    worldbank_json.whole(bodies)
    hints = Hints(dataflow_id="WDI")
    pieces = conform((cube for body in bodies for cube in worldbank_json.read(body, hints)), hints)
    return _insert(pieces, work)


def _fetch(request: Request) -> bytes:
    query = "&".join(f"{name}={text}" for name, text in request.params)
    with urlopen(f"{request.url}?{query}") as answer:
        body: bytes = answer.read()
    return body


def _insert(pieces: Iterator[Conformed], work: Path) -> int:
    done = list(pieces)
    pl.concat([piece.observations for piece in done]).write_parquet(work / "observations.parquet")
    pl.concat([piece.series for piece in done]).write_parquet(work / "series.parquet")
    with duckdb.connect(str(work / "ours.duckdb")) as connection:
        for table in ("observations", "series"):
            path = work / f"{table}.parquet"
            connection.execute(f"CREATE TABLE {table} AS FROM read_parquet('{path}') LIMIT 0")
            connection.execute(f"INSERT INTO {table} FROM read_parquet('{path}')")
        return _count(connection, "observations")


def theirs(address: str, work: Path) -> int:
    """Observations in the table, by dlt's REST source."""
    import dlt
    from dlt.sources.rest_api import rest_api_source

    source = rest_api_source(
        {
            "client": {
                "base_url": address,
                "paginator": {"type": "page_number", "base_page": 1, "total_path": "$[0].pages"},
            },
            "resources": [{"name": "observations", "endpoint": {"path": "page", "data_selector": "$[1]"}}],
        }
    )
    database = work / "theirs.duckdb"
    pipeline = dlt.pipeline(
        "worldbank",
        pipelines_dir=str(work / "dlt"),
        destination=dlt.destinations.duckdb(str(database)),
        dataset_name="worldbank",
    )
    pipeline.run(source)
    with duckdb.connect(str(database)) as connection:
        return _count(connection, "worldbank.observations")


def _count(connection: duckdb.DuckDBPyConnection, table: str) -> int:
    found = connection.execute(f"SELECT count(*) FROM {table}").fetchone()
    return int(found[0]) if found else 0


def rows_a_second(way: Callable[[str, Path], int], address: str, expected: int) -> float:
    """How fast one way is, once, into a new database."""
    with tempfile.TemporaryDirectory() as work:
        begun = time.perf_counter()
        loaded = way(address, Path(work))
        seconds = time.perf_counter() - begun
    if loaded != expected:
        raise AssertionError(f"{way.__name__} loaded {loaded} of {expected} observations")
    return expected / seconds


WAYS = {way.__name__: way for way in (ours, theirs)}


@contextmanager
def _ready(way: str, page_count: int) -> Iterator[Callable[[], float]]:
    """What times one round of that way, in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        for number, page in enumerate(pages(page_count), start=1):
            Path(folder, str(number)).write_bytes(page)
        with serving(Path(folder)) as address:
            command = [sys.executable, "-m", _MODULE, way, address, str(page_count * PER_PAGE)]
            yield lambda: float(
                subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout.split()[-1]
            )


def worldbank_vs_dlt(our_pages: int = OUR_PAGES, their_pages: int = THEIR_PAGES, rounds: int = ROUNDS) -> Figures:
    """Rows a second of both, medians of rounds in turn, and their ratio."""
    with _ready("ours", our_pages) as our_round, _ready("theirs", their_pages) as their_round:
        speeds = [(our_round(), their_round()) for _ in range(rounds)]
    ours_rows_s, theirs_rows_s = (statistics.median(each) for each in zip(*speeds, strict=True))
    return {
        "ratio": round(ours_rows_s / theirs_rows_s, 1),
        "ours_rows_s": round(ours_rows_s),
        "theirs_rows_s": round(theirs_rows_s),
        "observations": our_pages * PER_PAGE,
    }


RATIOS: dict[str, Callable[[], Figures]] = {"worldbank_vs_dlt": worldbank_vs_dlt}


def main(arguments: Sequence[str]) -> None:
    match arguments:
        case ["serve", folder]:
            serve(Path(folder))
        case [way, address, expected]:
            sys.stdout.write(f"{rows_a_second(WAYS[way], address, int(expected))}\n")
        case _:
            sys.stdout.write(f"{worldbank_vs_dlt()}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
