"""SDMX-ML answers that hold no observations: errors, structures, and data that is still being made.

Eurostat puts a large answer off in two ways, both with HTTP 200: a footer 413 that names the file to come
(https://ec.europa.eu/eurostat/web/user-guides/data-browser/api-data-access/api-faq) and a queue ticket in SOAP.
"""

from __future__ import annotations

import re

from lxml import etree

from datazones.dialects._sdmx_envelope import Footer, local, words
from datazones.dialects._wire import malformed
from datazones.errors import DatazonesError, ProviderRefused, ProviderUnavailable

GROUP = "MessageGroup"
"""What the ECB and the OECD put their data sets of SDMX-ML 2.0 into; it may as well hold none."""
DATA = frozenset(
    {
        "GenericData",
        "GenericTimeSeriesData",
        "StructureSpecificData",
        "StructureSpecificTimeSeriesData",
        "CompactData",
        GROUP,
    }
)
ANSWERS = frozenset({"Envelope", "Fault", "syncResponse", "asyncResponse", "Error"})
OTHERS = {
    "Structure": "structures",
    "CrossSectionalData": "cross-sectional data of SDMX 2.0",
    "UtilityData": "utility data of SDMX 2.0",
    "GenericMetadata": "reference metadata",
    "StructureSpecificMetadata": "reference metadata",
    "StructureSpecificMetadataSet": "reference metadata",
    "QueryMessage": "a query",
    "RegistryInterface": "a registry's answer",
}

DEFERRED = "413"
DEFERRED_S = 300.0
"""Eurostat asks to look for a deferred file every five minutes."""
_TICKET_S = 30.0
_WAITING = {"SUBMITTED", "PROCESSING"}
_READY = "AVAILABLE"
_URL = re.compile(r"https?://[^\s<>\"']+")
_TRANSIENT_CODES = {"500", "503"}


def metadata(root: etree._Element) -> DatazonesError:
    """What to say of a well-formed message that is not data."""
    listed = root.find("{*}Structures")
    parts = [local(part) for part in (root if listed is None else listed)]
    named = ", ".join(dict.fromkeys(part for part in parts if part not in ("", "Header")))
    what = OTHERS.get(local(root), local(root))
    return malformed(
        "SDMX-ML message",
        found=f"a message of {what} ({named or 'empty'})",
        expected="a data message with observations",
    )


def error_of(root: etree._Element) -> DatazonesError:
    """The typed error for a SOAP fault, a queue ticket or an SDMX error message."""
    state = _text(root, "status")
    if state in _WAITING or state == _READY:
        return ProviderUnavailable(
            "SDMX-ML answer",
            found=f"a ticket of the provider's queue, {_text(root, 'id')}, which is {state}",
            expected="observations",
            next_step="ask for the ticket's state until it is AVAILABLE, then for its data",
        )
    code = _text(root, "faultcode") or next((e.get("code", "") for e in root.iter("{*}ErrorMessage")), "") or state
    return _refusal(code, " ".join(text for text in dict.fromkeys(words(root)) if text != code))


def footer_error(footers: tuple[Footer, ...], *, beside_data: bool) -> DatazonesError | None:
    """The error that footers amount to where they stand in the place of data, or say that data is missing."""
    if not footers or (beside_data and not any(footer.severity.lower() == "error" for footer in footers)):
        return None
    url = deferred_file(footers)
    if url:
        return ProviderUnavailable(
            "SDMX-ML answer",
            found=f"the provider's message {footers[0]}",
            expected="observations",
            next_step=f"fetch {url} after some minutes; the provider is still writing that file",
        )
    return _refusal(footers[0].code, "; ".join(" ".join(footer.texts) for footer in footers))


def deferred_file(footers: tuple[Footer, ...]) -> str | None:
    """Where the provider is writing an answer that was too large to send."""
    texts = [text for footer in footers if footer.code == DEFERRED for text in footer.texts]
    return next((url[0] for text in texts for url in [_URL.search(text)] if url), None)


def ticket_of(root: etree._Element) -> tuple[str, str] | None:
    """Id and state of a queued extraction, if that is what the answer is."""
    ticket, state = _text(root, "id"), _text(root, "status")
    return (ticket, state) if ticket and (state in _WAITING or state == _READY) else None


def ticket_path(ticket: str, state: str) -> str:
    """Where a ticket is asked for next, below the provider's dissemination address."""
    return f"/1.0/async/{'data' if state == _READY else 'status'}/{ticket}"


def ticket_wait_s(state: str) -> float:
    """How long to wait before it is asked."""
    return 0.0 if state == _READY else _TICKET_S


def _refusal(code: str, text: str) -> DatazonesError:
    kind = ProviderUnavailable if code in _TRANSIENT_CODES else ProviderRefused
    return kind(
        "SDMX-ML answer",
        found=f"the provider's error {code}: {text[:500]}",
        expected="observations",
        next_step="ask for less, or for something that exists; the provider's own words are above",
    )


def _text(root: etree._Element, name: str) -> str:
    found = next((element for element in root.iter() if local(element) == name), None)
    return found.text.strip() if found is not None and found.text else ""
