"""SDMX-ML as a whole tree, element by element with lxml; which ids are dimensions is written down by hand."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

from lxml import etree

from datazones.errors import DatazonesError, ProviderRefused, ProviderUnavailable, ResponseMalformed

FILES: dict[str, dict[str, object]] = {
    "bis/CBPOL.xml": {},
    "ecb/EXR-generic-2.1.xml": {"aside": {"structure": "ecb/EXR-datastructure-2.1.xml"}},
    "ecb/EXR-structurespecific-2.1.xml": {"aside": {"structure": "ecb/EXR-datastructure-2.1.xml"}},
    "ecb/spec-samples/ng-flat-ss.xml": {},
    "ecb/spec-samples/ng-ts.xml": {},
    "ecb/spec-samples/sg-ts-gf-ss.xml": {},
    "ecb/spec-samples/sg-ts.xml": {},
    "eurostat/footer2.zip": {},
    "imf/PCPS.xml": {},
    "imf/WEO-data.xml": {},
    "imf/dot-compact-2.0.xml": {},
    "worldbank/wits-tariff-gh-78.xml": {},
}
REFUSED: dict[str, type[DatazonesError]] = {
    "bis/dataflows.xml": ResponseMalformed,
    "ecb/EXR-datastructure-2.1.xml": ResponseMalformed,
    "eurostat/GOV_10Q_GGNFA-structure.xml": ResponseMalformed,
    "eurostat/LFSA_EGAI2D-dsd-descendants.xml": ResponseMalformed,
    "eurostat/_transcribed-async-submitted.xml": ProviderUnavailable,
    "eurostat/_transcribed-too-big-413.xml": ProviderRefused,
    "eurostat/footer-413.xml": ProviderUnavailable,
    "ilo/CL_ECO.xml.gz": ResponseMalformed,
    "imf/01R.xml": ResponseMalformed,
    "imf/availableconstraint_CPI.xml": ResponseMalformed,
    "un/codelist_partial.xml": ResponseMalformed,
}
DIMENSIONS = {
    "EXR-structurespecific-2.1.xml": ("FREQ", "CURRENCY", "CURRENCY_DENOM", "EXR_TYPE", "EXR_SUFFIX"),
    "ng-flat-ss.xml": ("FREQ", "CURRENCY", "CURRENCY_DENOM", "EXR_TYPE", "EXR_VAR"),
    "sg-ts-gf-ss.xml": ("FREQ", "CURRENCY", "CURRENCY_DENOM", "EXR_TYPE", "EXR_VAR"),
    "PCPS.xml": ("FREQ", "REF_AREA", "COMMODITY", "UNIT_MEASURE"),
    "WEO-data.xml": ("COUNTRY", "INDICATOR", "FREQUENCY"),
    "dot-compact-2.0.xml": ("FREQ", "REF_AREA", "INDICATOR", "VIS_AREA"),
}

Row = tuple[str, str, float | None, str | None]


def observations(path: Path) -> list[Row]:
    root = etree.fromstring(_xml(path))
    read = _structure_specific if path.name in DIMENSIONS else _generic
    return [read(element, path.name) for element in root.iter("{*}Obs")]


def _xml(path: Path) -> bytes:
    body = path.read_bytes()
    if path.suffix != ".zip":
        return body
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        return archive.read(archive.namelist()[0])


def _figure(text: str | None) -> float | None:
    return None if text in (None, "NaN") else float(str(text))


def _structure_specific(element: etree._Element, name: str) -> Row:
    parent = element.getparent()
    assert parent is not None
    said = {str(name): str(text) for name, text in (*parent.attrib.items(), *element.attrib.items())}
    key = ".".join(str(said[dimension]) for dimension in DIMENSIONS[name])
    figure = said.get("OBS_VALUE", said.get("VALUE"))
    return key, str(said["TIME_PERIOD"]), _figure(figure), said.get("OBS_STATUS")


def _generic(element: etree._Element, _: str) -> Row:
    parent = element.getparent()
    assert parent is not None
    key = ".".join(_attribute(item, "value") for item in parent.iterfind("{*}SeriesKey/*"))
    figure = _attribute(element.find("{*}ObsValue"), "value")
    marks = [item for item in element.iterfind("{*}Attributes/*") if item.get("id") in ("OBS_STATUS", "OBS_FLAG")]
    period = _attribute(element.find("{*}ObsDimension"), "value")
    return key, period, _figure(figure), marks[0].get("value") if marks else None


def _attribute(element: etree._Element | None, name: str) -> str:
    assert element is not None
    return str(element.attrib[name])
