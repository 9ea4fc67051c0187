"""Small messages of SDMX-ML of our own, and what tests want to know of a message."""

from __future__ import annotations

import polars as pl
import pytest

from datazones.conforming import conform, tidy
from datazones.dialects import sdmx_ml
from datazones.errors import DatazonesError
from datazones.model import Cube, Hints

SDMX = "http://www.sdmx.org/resources/sdmxml/schemas"
SPACES = (
    f'xmlns:m="{SDMX}/v2_1/message" xmlns:c="{SDMX}/v2_1/common" xmlns:g="{SDMX}/v2_1/data/generic" '
    f'xmlns:ss="{SDMX}/v2_1/data/structurespecific" xmlns:footer="{SDMX}/v2_1/message/footer" '
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:ns1="urn:example"'
)
REF = '<c:Structure><Ref agencyID="EX" id="DSD_WAGES" version="1.0"/></c:Structure>'
SERIES = (
    '<Series FREQ="A" REF_AREA="FR" UNIT_MULT="3" TITLE="Wages &amp; salaries" METHOD="survey">'
    '<Obs TIME_PERIOD="2022" OBS_VALUE="10.5" OBS_STATUS="A"/>'
    '<Obs TIME_PERIOD="2023" OBS_VALUE="NaN" OBS_STATUS="M" OBS_CONF="C" OBS_COM="strike" NOTE="x"/></Series>'
)
NO_HINTS = Hints()


def message(
    *contents: str, kind: str = "StructureSpecificData", said: str = "", at: str = "TIME_PERIOD", footer: str = ""
) -> bytes:
    """A message of SDMX-ML 2.1 with one data set for each content."""
    structure = f'<m:Structure structureID="S" dimensionAtObservation="{at}">{REF}</m:Structure>'
    sets = "".join(f'<m:DataSet ss:structureRef="S" {said}>{content}</m:DataSet>' for content in contents)
    header = f"<m:Header><m:ID>1</m:ID>{structure}</m:Header>"
    text = f'<?xml version="1.0" encoding="UTF-8"?>\n<m:{kind} {SPACES}>{header}{sets}{footer}</m:{kind}>'
    return text.encode()


def cubes(body: bytes, hints: Hints = NO_HINTS) -> list[Cube]:
    assert sdmx_ml.recognises(body[:65_536])
    return list(sdmx_ml.read(body, hints))


def read(body: bytes, hints: Hints = NO_HINTS) -> pl.DataFrame:
    return tidy(conform(cubes(body, hints), hints))


def told(body: bytes, hints: Hints = NO_HINTS) -> list[tuple[str, str, float | None, str | None]]:
    return read(body, hints).select("series_key", "time_period", "obs_value", "obs_status").rows()


def refusal(body: bytes, hints: Hints = NO_HINTS) -> DatazonesError:
    with pytest.raises(DatazonesError) as raised:
        read(body, hints)
    return raised.value
