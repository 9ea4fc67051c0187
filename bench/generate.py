"""Large responses of a true shape, made from own small code lists with a fixed seed.

    python -m bench.generate sdmx_csv --observations 5000000 --out FILE

The shape is that of a Eurostat labour force table: 240 months a series, of which a leading run and some months within
are missing (39 % in all), flags b on 3.3 %, e on 1.1 %, p on 0.15 % and u on 0.002 % of the rest.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from itertools import islice, product
from pathlib import Path

import numpy as np
import polars as pl

SEED = 20_260_101
MONTHS = tuple(f"{year}-{month:02}" for year in range(2001, 2021) for month in range(1, 13))
AREAS = tuple(
    ["AT", "BE", "BG", "CH", "CY", "CZ", "DE", "DK", "EE", "EL", "ES", "FI", "FR", "HR", "HU", "IE", "IS", "IT"]
    + ["LT", "LU", "LV", "ME", "MK", "MT", "NL", "NO", "PL", "PT", "RO", "RS", "SE", "SI", "SK", "TR", "UK"]
)
AGES = ("TOTAL", "Y15-24", "Y25-39", "Y40-59", "Y60-64", "Y15-64", "Y20-64", "Y25-54", "Y55-64", "Y_GE65")
SEXES = ("F", "M", "T")
FLAGS, SHARES = ("", "b", "e", "p", "u"), (0.95448, 0.033, 0.011, 0.0015, 0.00002)
LEADING_GAP, GAPS = 92, 0.06

Series = tuple[str, str, str, str]


def _series() -> Iterator[Series]:
    """Occupation, age, sex and area; occupations never end, so that any number of observations can be asked for."""
    for occupation in (f"OC{number}" for number in range(100, 10**9)):
        yield from ((occupation, age, sex, area) for age, sex, area in product(AGES, SEXES, AREAS))


def _batch(series: list[Series], random: np.random.Generator) -> pl.DataFrame:
    """The observations of some series in order: codes, period, figure with one decimal, flag."""
    shape = (len(series), len(MONTHS))
    figures = np.exp(random.normal(3, 1.5, (shape[0], 1)) + np.cumsum(random.normal(0, 0.01, shape), axis=1))
    begin = random.geometric(1 / LEADING_GAP, (shape[0], 1)) - 1
    there = (np.arange(shape[1]) >= begin) & (random.random(shape) >= GAPS)
    of_series, of_month = np.nonzero(there)
    codes = pl.DataFrame(series, schema=["isco08", "age", "sex", "geo"], orient="row")
    return codes[of_series].with_columns(
        TIME_PERIOD=pl.Series(MONTHS).gather(of_month),
        OBS_VALUE=pl.Series(np.round(figures[there], 1)),
        OBS_FLAG=pl.Series(FLAGS).gather(random.choice(len(FLAGS), len(of_month), p=np.divide(SHARES, sum(SHARES)))),
    )


def batches(observations: int) -> Iterator[pl.DataFrame]:
    """Exactly so many observations, in frames of a bounded size."""
    random, endless = np.random.default_rng(SEED), _series()
    while observations:
        frame = _batch(list(islice(endless, 2_000)), random).head(observations)
        observations -= frame.height
        yield frame


def sdmx_csv(observations: int, out: Path) -> None:
    """SDMX-CSV 1.0 as Eurostat writes it: CRLF, one row per observation, missing cells left out."""
    with out.open("wb") as file:
        for number, frame in enumerate(batches(observations)):
            frame.select(
                pl.lit("EX:LFSA_OCCUPIED(1.0)").alias("DATAFLOW"),
                pl.lit("11/06/26 23:00:00").alias("LAST UPDATE"),
                pl.lit("M").alias("freq"),
                "isco08", "age", "sex", pl.lit("THS").alias("unit"), "geo",
                "TIME_PERIOD", "OBS_VALUE", "OBS_FLAG", pl.lit(None, pl.String).alias("CONF_STATUS"),
            ).write_csv(file, include_header=not number, line_terminator="\r\n", quote_style="never")  # fmt: skip


FORMATS: dict[str, Callable[[int, Path], None]] = {"sdmx_csv": sdmx_csv}


def main() -> None:
    """Write one file."""
    parser = argparse.ArgumentParser(prog="python -m bench.generate", description=__doc__)
    parser.add_argument("format", choices=FORMATS)
    parser.add_argument("--observations", type=int, required=True)
    parser.add_argument("--out", type=Path, required=True)
    asked = parser.parse_args()
    FORMATS[asked.format](asked.observations, asked.out)


if __name__ == "__main__":
    main()
