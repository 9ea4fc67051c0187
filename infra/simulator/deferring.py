"""Answers that are put off, as Eurostat puts off large ones: promised now, to be had later at another address.

A ticket of its queue is asked for its state, then for its data; a file that a footer names is not there until it is.
https://ec.europa.eu/eurostat/web/user-guides/data-browser/api-data-access/api-faq
"""

from __future__ import annotations

import re
import threading
from dataclasses import replace
from uuid import UUID

from infra.simulator.exchange import Answer, Asked, Deferral, streamed
from infra.simulator.formats._zipping import zipped

HOST = "ec.europa.eu"

_ASKED = re.compile(r"/eurostat/(?:api/dissemination/1\.0/async/(status|data)|SDMX/diss-web/(file))/([0-9a-f-]{36})")
_TICKET = (
    '<env:Envelope xmlns:env="http://schemas.xmlsoap.org/soap/envelope/"><env:Header/><env:Body>'
    '<ns0:{0} xmlns:ns0="http://estat.ec.europa.eu/disschain/soap/extraction"><processingTime>1</processingTime>'
    "<queued><id>{1}</id><status>{2}</status></queued></ns0:{0}></env:Body></env:Envelope>"
)
_FOOTER = (
    '<?xml version="1.0" encoding="UTF-8"?>'
    '<mes:GenericData xmlns:mes="http://www.sdmx.org/resources/sdmxml/schemas/v2_1/message" '
    'xmlns:com="http://www.sdmx.org/resources/sdmxml/schemas/v2_1/common" '
    'xmlns:foot="http://www.sdmx.org/resources/sdmxml/schemas/v2_1/message/footer">'
    "<mes:Header><mes:ID>simulated</mes:ID><mes:Test>true</mes:Test></mes:Header>"
    '<foot:Footer><foot:Message code="413" severity="Infomation">'
    "<com:Text>Due to the large query the response will be written to a file which will be located under URL: "
    "http://ec.europa.eu/eurostat/SDMX/diss-web/file/{}</com:Text></foot:Message></foot:Footer></mes:GenericData>"
)


class Deferrals:
    """What has been promised, by ticket. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._promised: dict[str, tuple[Answer, Deferral, int]] = {}

    def promise(self, answer: Answer) -> Answer:
        """The promise in place of an answer that is to be put off; every other answer as it is."""
        deferral = answer.deferral
        if deferral is None:
            return answer
        with self._lock:
            ticket = str(UUID(int=len(self._promised) + 1))
            self._promised[ticket] = replace(answer, body=answer.whole(), deferral=None), deferral, deferral.polls
        said = _FOOTER.format(ticket) if deferral.by == "file" else _TICKET.format("syncResponse", ticket, "SUBMITTED")
        return _waiting(said, 200, deferral)

    def answer(self, asked: Asked) -> Answer | None:
        """What is to be had of a promise; None for a question about none."""
        about = _ASKED.fullmatch(asked.path) if asked.host == HOST else None
        if about is None:
            return None
        with self._lock:
            return self._due(about[1] or about[2], about[3])

    def _due(self, kind: str, ticket: str) -> Answer:
        if ticket not in self._promised:
            return Answer(_TICKET.format("asyncResponse", ticket, "UNKNOWN_REQUEST").encode())
        answer, deferral, polls = self._promised[ticket]
        self._promised[ticket] = answer, deferral, polls - 1
        if kind == "data":
            return answer
        if kind == "file":
            file = zipped([(f"DataResponse-{ticket}.xml", [answer.whole().decode()])])
            return _waiting("", 404, deferral) if polls > 0 else Answer(streamed(file)).said("application/zip")
        state = "PROCESSING" if polls > 0 else "AVAILABLE"
        return _waiting(_TICKET.format("asyncResponse", ticket, state), 200, deferral)


def _waiting(said: str, status: int, deferral: Deferral) -> Answer:
    return Answer(said.encode(), status, (("Content-Type", "application/xml"), ("Retry-After", deferral.wait)))
