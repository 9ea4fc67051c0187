"""Streams of more than a hundred megabytes in every wire format that comes so large, from the simulated providers.

A provider is asked for volume (`infra/simulator/volume.py`): for one answer, with as many indicators as it takes, or,
where an answer has one indicator or is a page, for one answer after the other. What comes in a zip is taken out, so
that the size of a stream is that of its text. Answers of FRED, of the IMF's outlook, of NBS's exports and the charts of
Our World in Data are nowhere near that large, each by itself a whole question, and are left out.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from infra.simulator import facts, formats
from infra.simulator.exchange import Asked
from infra.simulator.facts import World
from infra.simulator.volume import widened

_NOW = datetime(2026, 4, 1, tzinfo=UTC)
_ENOUGH = 9_999
"""Indicators, where each answer has some of them."""
_ECB, _EUROSTAT = "https://data-api.ecb.europa.eu/service/data/WDI/", "https://ec.europa.eu/eurostat/api/dissemination"
_QUESTIONS = {
    "bis_csv": "https://data.bis.org/static/bulk/WDI_csv_col.zip",
    "dbnomics_json": "https://api.db.nomics.world/v22/series/WB/WDI?observations=1&limit=1000&offset={nth}000",
    "eurostat_tsv": f"{_EUROSTAT}/sdmx/2.1/data/WDI?format=TSV",
    "json_stat": f"{_EUROSTAT}/statistics/1.0/data/WDI?format=JSON",
    "nbs_json": "https://data.stats.gov.cn/easyquery.htm?m=QueryData&dbcode=fsnd&rowcode=reg&colcode=sj&wds="
    '[{{"wdcode":"zb","valuecode":"SIM{nth:03}"}},{{"wdcode":"sj","valuecode":"1949-"}}]',
    "sdmx_csv": f"{_ECB}?format=csvdata",
    "sdmx_json": f"{_ECB}?format=jsondata",
    "sdmx_ml": f"{_ECB}?format=structurespecificdata",
    "worldbank_csv": "https://api.worldbank.org/v2/en/indicator/SIM.VOLUME.{nth:04}?downloadformat=csv",
    "worldbank_json": "https://api.worldbank.org/v2/country/all/indicator/SIM.VOLUME.{nth:04}"
    "?format=json&per_page=20000",
}
"""By dialect; `{nth}` where there is an answer for each number from 1 on."""
DIALECTS = tuple(_QUESTIONS)


def write(dialect: str, folder: Path, size: int) -> list[Path]:
    """The answers of a stream that is about so many bytes long, or just longer, in the order in which they came."""
    question, paths, written = _QUESTIONS[dialect], [], 0
    several = "{nth" in question
    world = widened(facts.load(), _ENOUGH if several else _indicators(question, size))
    for nth in count(1):
        paths.append(folder / f"{dialect}-{nth:05}")
        with paths[-1].open("wb") as file:
            file.writelines(_text(_answer(question.format(nth=nth), world)))
            written += file.tell()
        if written >= size or not several:
            return paths
    raise AssertionError


def _indicators(question: str, size: int) -> int:
    """How many indicators make an answer of that size."""
    one, two = (sum(map(len, _text(_answer(question, widened(facts.load(), n))))) for n in (1, 2))
    return size * 21 // (two - one) // 20 + 1


def _answer(url: str, world: World) -> Iterator[bytes]:
    split = urlsplit(url)
    asked = Asked("GET", split.netloc, split.path, tuple(parse_qsl(split.query)), {}, _NOW)
    answer = formats.answer(asked, world)
    assert answer.status == 200, url
    return iter(answer.pieces)


def _text(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """The pieces, or the largest file of the archive that they are."""
    first = next(pieces)
    if not first.startswith(b"PK"):
        yield first
        yield from pieces
        return
    with zipfile.ZipFile(io.BytesIO(first + b"".join(pieces))) as archive:
        largest = max(archive.infolist(), key=lambda member: member.file_size)
        with archive.open(largest) as file:
            yield from iter(lambda: file.read(1 << 20), b"")
