"""Answers of more than a hundred megabytes in every wire format that is sent so large, from the series of `generate`.

An answer has what stands before its observations, a text for each batch of series, and what stands behind.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from math import prod
from pathlib import Path
from typing import NamedTuple

import polars as pl

from bench import generate
from bench.generate import AGES, AREAS, FLAGS, MONTHS, SEXES, batches
from bench.reading_sdmx_ml import message

_CODES: dict[str, Sequence[str]] = {
    "isco08": [f"OC{number}" for number in range(100, 600)],
    "age": AGES,
    "sex": SEXES,
    "geo": AREAS,
}
"""Occupations enough for any answer; an answer may list codes that it does not use."""
_KEY = tuple(_CODES)
_LAST = len(_CODES["isco08"]) - 1
"""An occupation that only the first member has, before which no comma stands."""
_ENDLESS = 10**9
_ROW = {"sdmx_csv": 70, "sdmx_ml": 44}
"""Bytes of an observation in the formats that have a generator of their own, somewhat fewer than they are."""


class _Format(NamedTuple):
    before: str
    batch: Callable[[pl.DataFrame], pl.DataFrame]
    """One column of texts that follow one another."""
    behind: str = ""


def write(dialect: str, path: Path, size: int) -> None:
    """A file of the dialect, at least so many bytes long."""
    if dialect == "sdmx_csv":
        generate.sdmx_csv(size // _ROW[dialect], path)
        return
    with path.open("w") as file:
        if dialect == "sdmx_ml":
            file.writelines(message(size // _ROW[dialect]))
            return
        file.write(_FORMATS[dialect].before)
        for frame in batches(_ENDLESS):
            file.writelines(_FORMATS[dialect].batch(frame).to_series())
            if file.tell() > size:
                break
        file.write(_FORMATS[dialect].behind)


def _place(name: str, codes: Sequence[str]) -> pl.Expr:
    return pl.col(name).replace_strict(list(codes), range(len(codes)), return_dtype=pl.Int64)


def _wide(frame: pl.DataFrame) -> pl.DataFrame:
    """One row per series, one column per month, '' where there is no figure."""
    wide = frame.with_columns(pl.col("OBS_VALUE").cast(pl.String)).pivot("TIME_PERIOD", index=_KEY, values="OBS_VALUE")
    return wide.select(*_KEY, *(pl.col(month) if month in wide.columns else pl.lit("") for month in MONTHS)).fill_null(
        ""
    )


def _sdmx_json() -> _Format:
    """Series with their observations, as the ECB sends them."""

    def component(name: str, codes: Sequence[str]) -> dict[str, object]:
        return {"id": name, "values": [{"id": code, "name": f"the {code}"} for code in codes]}

    dimensions = {
        "series": [component(name, codes) for name, codes in _CODES.items()],
        "observation": [component("TIME_PERIOD", MONTHS)],
    }
    attributes = {"series": [], "observation": [component("OBS_STATUS", FLAGS)]}
    structure = json.dumps({"dimensions": dimensions, "attributes": attributes})
    key = pl.concat_str([_place(name, codes) for name, codes in _CODES.items()], separator=":").alias("key")
    row = pl.format('"{}":[{},{}]', _place("TIME_PERIOD", MONTHS), "OBS_VALUE", _place("OBS_FLAG", FLAGS))
    return _Format(
        f'{{"structure":{structure},"dataSets":[{{"action":"Replace","series":{{"{_LAST}:0:0:0":{{"observations":{{}}}}',
        lambda frame: (
            frame.group_by(key, maintain_order=True)
            .agg(row.str.join(",").alias("rows"))
            .select(pl.format(',"{}":{{"observations":{{{}}}}}', "key", "rows"))
        ),
        "}}]}",
    )


def _json_stat() -> _Format:
    """A sparse object of figures, as Eurostat sends them."""
    axes = {**_CODES, "time": MONTHS}
    at = pl.lit(0)
    for name, codes in zip((*_KEY, "TIME_PERIOD"), axes.values(), strict=True):
        at = at * len(codes) + _place(name, codes)
    dimension = {name: {"category": {"index": list(codes)}} for name, codes in axes.items()}
    sizes = [len(codes) for codes in axes.values()]
    about = {"version": "2.0", "class": "dataset", "id": list(axes), "size": sizes}
    return _Format(
        json.dumps({**about, "dimension": dimension})[:-1] + ',"status":{},"value":{' + f'"{prod(sizes) - 1}":1',
        lambda frame: frame.select(pl.format(',"{}":{}', at, "OBS_VALUE")),
        "}}",
    )


def _quoted(key: Sequence[pl.Expr | str], end: str) -> Callable[[pl.DataFrame], pl.DataFrame]:
    """Rows with every cell in quotes."""
    return lambda frame: _wide(frame).select(pl.format('"{}"' + end, pl.concat_str(*key, *MONTHS, separator='","')))


def _tsv() -> _Format:
    key = pl.concat_str(pl.lit("M"), *_KEY[:3], pl.lit("THS"), "geo", separator=",")
    cells = [pl.when(pl.col(month) == "").then(pl.lit(": ")).otherwise(pl.format("{} b", month)) for month in MONTHS]
    return _Format(
        "freq,isco08,age,sex,unit,geo\\TIME_PERIOD\t" + " \t".join(MONTHS) + " \n",
        lambda frame: _wide(frame).select(pl.format("{}\n", pl.concat_str(key, *cells, separator="\t"))),
    )


def _header(cells: Sequence[str], end: str = "\n") -> str:
    return ",".join(f'"{cell}"' for cell in cells) + end


_BIS_KEY = [pl.lit("M"), pl.lit("Monthly"), *(pl.format(text, name) for name in _KEY for text in ("{}", "the {}"))]
_FORMATS = {
    "bis_csv": _Format(
        _header(["FREQ", "Frequency", *(text for name in _KEY for text in (name.upper(), name)), "Series", *MONTHS]),
        _quoted([*_BIS_KEY, pl.concat_str(pl.lit("M"), *_KEY, separator=":")], "\n"),
    ),
    "eurostat_tsv": _tsv(),
    "json_stat": _json_stat(),
    "owid_csv": _Format(
        "Entity,Code,Year,Occupied\n",
        lambda frame: frame.select(
            pl.format("{} {} {} {},,{},{}\n", *_KEY, 1800 + _place("TIME_PERIOD", MONTHS), "OBS_VALUE")
        ),
    ),
    "sdmx_json": _sdmx_json(),
    "worldbank_csv": _Format(
        '"Data Source","World Development Indicators",\n\n"Last Updated Date","2024-10-24",\n\n'
        + _header(
            [
                "Country Name",
                "Country Code",
                "Indicator Name",
                "Indicator Code",
                *(m.replace("-", "M") for m in MONTHS),
            ],
            ",\n",
        ),
        _quoted([pl.format("Area {}", "geo"), pl.col("geo"), *2 * [pl.concat_str(*_KEY[:3], separator=".")]], ",\n"),
    ),
}
DIALECTS = tuple(sorted((*_FORMATS, *_ROW)))
