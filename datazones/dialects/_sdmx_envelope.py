"""What an SDMX-ML message says around its observations: header, data sets, footers.

https://github.com/sdmx-twg/sdmx-ml (message, common and footer schemas of 2.0, 2.1 and 3.0).
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import NamedTuple

from lxml import etree

from datazones.dialects._moments import moment
from datazones.dialects._wire import malformed

TIME = "TIME_PERIOD"
XSI = "{http://www.w3.org/2001/XMLSchema-instance}"

_URN = re.compile(r"\.(\w+)=([\w.-]+):([\w@$.-]+)\(([^)]*)\)")
_CONTROL = {
    "action", "structureRef", "dataScope", "setID", "validFromDate", "validToDate", "reportingBeginDate",
    "reportingEndDate", "publicationYear", "publicationPeriod", "datasetID", "dataProviderID", "dataProviderSchemeID",
    "dataProviderSchemeAgencyId", "dataflowID", "dataflowAgencyID", "keyFamilyURI", "type",
}  # fmt: skip
"""XML attributes of a DataSet that the standard gives it, in one release or another; all others are SDMX attributes."""
_ACTIONS = {"append": "replace", "replace": "replace", "information": "replace", "merge": "replace",
            "insert": "replace", "update": "replace", "delete": "delete"}  # fmt: skip


class Footer(NamedTuple):
    """A message of the provider beside the data, or in its place."""

    code: str
    severity: str
    texts: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.code} {self.severity}: {' '.join(self.texts)}"


class Described(NamedTuple):
    """What the header says of a structure: who maintains it, and its ids as far as they are given."""

    agency_id: str | None = None
    dataflow_id: str | None = None
    structure_id: str | None = None
    dimension_at_observation: str = TIME


class Head(NamedTuple):
    """What one DataSet says of all its observations."""

    described: Described
    action: str
    released_at: datetime | None
    attributes: dict[str, str]


class Envelope(NamedTuple):
    heads: tuple[Head, ...]
    footers: tuple[Footer, ...]


def local(element: etree._Element) -> str:
    """The name without its namespace; '' for comments and processing instructions."""
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def words(element: etree._Element) -> list[str]:
    """All texts inside, without the space around them."""
    return [text for text in (str(part).strip() for part in element.itertext()) if text]


def envelope_of(root: etree._Element) -> Envelope:
    """Header, data sets and footers of a message whose observations have been taken out."""
    header = next((child for child in root if local(child) == "Header"), None)
    structures = {} if header is None else _structures(header)
    fallback = _header_text(header, "DataSetAction")
    heads = tuple(_head(child, structures, fallback) for child in root if local(child) == "DataSet")
    return Envelope(heads, tuple(_footer(item) for item in root.iter("{*}Message") if item.get("code") is not None))


def _header_text(header: etree._Element | None, name: str) -> str | None:
    found = None if header is None else header.find(f"{{*}}{name}")
    return None if found is None or not found.text else found.text.strip()


def _footer(item: etree._Element) -> Footer:
    return Footer(item.get("code", ""), item.get("severity", ""), tuple(dict.fromkeys(words(item))))


def _structures(header: etree._Element) -> dict[str, Described]:
    return {
        item.get("structureID", ""): _described(item) for item in header if local(item) == "Structure" and len(item) > 0
    }


def _described(item: etree._Element) -> Described:
    agency_id = dataflow_id = structure_id = None
    for usage in item:
        kind, agency, named = _reference(usage)
        agency_id = agency or agency_id
        if kind == "Dataflow":
            dataflow_id = named
        elif kind == "DataStructure":
            structure_id = named
    return Described(agency_id, dataflow_id, structure_id, item.get("dimensionAtObservation") or TIME)


def _reference(usage: etree._Element) -> tuple[str, str | None, str | None]:
    """Kind, agency and id of what a header refers to: as a Ref (2.1), as a URN inside (2.1) or as URN text (3.0)."""
    urn = _URN.search(" ".join(words(usage)))
    if urn:
        return urn[1], urn[2], urn[3]
    kind = {"Structure": "DataStructure", "StructureUsage": "Dataflow"}.get(local(usage), "")
    ref = next(usage.iter("Ref", "{*}Ref"), None)
    return (kind, None, None) if ref is None else (kind, ref.get("agencyID"), ref.get("id"))


def _head(dataset: etree._Element, structures: dict[str, Described], fallback: str | None) -> Head:
    control, attributes = _sorted_out(dataset)
    described = structures.get(control.get("structureRef", ""))
    if described is None:
        described = next(iter(structures.values())) if len(structures) == 1 else _described_in_2_0(dataset, control)
    action = action_of(control.get("action") or fallback)
    released = control.get("validToDate" if action == "delete" else "validFromDate") or control.get("validFromDate")
    return Head(described, action, moment(released, "SDMX data set") if released else None, attributes)


def _sorted_out(dataset: etree._Element) -> tuple[dict[str, str], dict[str, str]]:
    control: dict[str, str] = {}
    attributes: dict[str, str] = {}
    for name, text in dataset.attrib.items():
        namespace, _, plain = str(name).rpartition("}")
        if plain in _CONTROL:
            control[plain] = str(text)
        elif not namespace:
            attributes[plain] = str(text)
    return control, attributes


def _described_in_2_0(dataset: etree._Element, control: dict[str, str]) -> Described:
    family = dataset.find("{*}KeyFamilyRef")
    structure_id = family.text.strip() if family is not None and family.text else None
    return Described(control.get("dataflowAgencyID"), control.get("dataflowID"), structure_id)


def action_of(text: str | None) -> str:
    """'delete' where the provider takes observations back, else 'replace'."""
    action = _ACTIONS.get((text or "information").lower())
    if action is None:
        raise malformed("SDMX data set", found=f"the action {text!r}", expected="one of " + ", ".join(_ACTIONS))
    return action
