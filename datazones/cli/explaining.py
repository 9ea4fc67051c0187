"""What there is to say about a feed before it runs: its questions, its way into a zone, its checks, terms and costs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from importlib import import_module
from typing import Any

from datazones import dialects, quirks
from datazones.catalogue import Feed, Zone
from datazones.catalogue.asking import requests
from datazones.model import Request, Window
from datazones.settings import secret_setting
from datazones.transport import request_key
from expectations.told import told
from tasks.equip import Equipment

HIDDEN = "***"


_DUE = "days after a period until it is due"


def in_short(found: Mapping[str, Any]) -> dict[str, object]:
    """The same for a person: lists that are long as JSON in one line each, the checks counted by their subject."""
    subjects = Counter(check["rule"].partition(".")[0] for check in found["checks"])
    holding = Counter(check["rule"].partition(".")[0] for check in found["checks"] if check["severity"] == "critical")
    return {
        **found,
        "zones": ", ".join(found["zones"]) or "none wants its topics yet",
        "topics": ", ".join(found["topics"]),
        "asks": [f"{asked['part']}: {asked['question']}" for asked in found["asks"]],
        "secrets": [f"{each['param']}: {each['setting']}, {each['is']}" for each in found["secrets"]],
        "reads": {**found["reads"], _DUE: found["reads"][_DUE] or "as many as is usual, or by its release calendar"},
        "checks": [
            f"{subject}: {holding[subject]} of {count} would hold a snapshot back"
            for subject, count in subjects.items()
        ],
    }


def explained(equipment: Equipment, feed: Feed, zone: Zone) -> dict[str, object]:
    """Everything, as JSON has it."""
    catalogue, agency = equipment.catalogue, equipment.catalogue.agency_of(feed)
    asked = requests(feed, zone, Window(), equipment.settings.clock())
    return {
        "feed": feed.feed_id,
        "title": feed.title,
        "agency": f"{agency.agency_id}, {agency.name}",
        "dataflow": feed.dataflow_id,
        "docs": feed.docs,
        "zones": [taking.zone_id for taking in catalogue.zones_of(feed)],
        "topics": list(feed.topics),
        "asked as for": zone.zone_id,
        "asks": [{"part": each.part, "question": _question(each, list(agency.secrets))} for each in asked],
        "secrets": [_secret(equipment, param, name) for param, name in agency.secrets.items()],
        "lands": {
            "raw answers": f"{equipment.settings.store_bucket}/{zone.prefix}/raw/<sha256>",
            "working copy": str(equipment.working(zone)),
            "published": f"{equipment.settings.store_bucket}/{zone.prefix}",
        },
        "reads": {
            "dialect": f"{feed.dialect}: {_first_line(feed.dialect)}",
            "beside the data": list(feed.aside),
            "labels": dict(feed.labels),
            "absent observations are": feed.absent,
            "status flags are those of": agency.flag_scheme,
            "noise, relative": feed.tolerance,
            _DUE: feed.due_days,
            "sums": [each.model_dump() for each in feed.sums],
        },
        "quirks": [_quirk(quirk_id) for quirk_id in feed.quirks],
        "corrections": [correction.model_dump(mode="json") for correction in feed.corrections],
        "breaks": [each.model_dump(mode="json") for each in feed.breaks],
        "renames": [each.model_dump(mode="json") for each in feed.renames],
        "checks": [rule._asdict() for rule in told()],
        "terms": catalogue.terms_of(feed)._asdict(),
        "costs": _costs(asked, agency.calls_per_minute),
    }


def _question(request: Request, secrets: list[str]) -> str:
    """As logs and errors name it, with the secrets that it is asked with hidden."""
    named = request_key(request)
    hidden = [f"{param}={HIDDEN}" for param in secrets]
    return "&".join([named, *hidden]) if "?" in named else "?".join([named, "&".join(hidden)]).rstrip("?")


def _secret(equipment: Equipment, param: str, name: str) -> dict[str, str]:
    said = "set" if name in equipment.settings.secrets else "NOT set"
    return {"param": param, "setting": secret_setting(name), "is": said}


def _quirk(quirk_id: str) -> dict[str, str]:
    quirk = quirks.named(quirk_id)
    return {"quirk": quirk_id, "cause": quirk.cause, "found on": quirk.found_on.isoformat()}


def _first_line(dialect: str) -> str:
    return (import_module(f"{dialects.__name__}.{dialect}").__doc__ or "").partition("\n")[0]


def _costs(asked: tuple[Request, ...], calls_per_minute: float) -> dict[str, object]:
    """A run of one zone. Pages are known only from the first answer."""
    return {
        "questions": len(asked),
        "calls a minute at most": calls_per_minute,
        "seconds at least": round((len(asked) - 1) * 60 / calls_per_minute, 1),
        "beside": "further pages of long answers; nothing is read again that the provider says is not modified",
    }
