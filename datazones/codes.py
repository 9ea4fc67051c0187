"""Code lists that everything else leans on: frequencies, and what providers' status flags mean.

Statuses are kept as published; what they mean is said beside them, in the view `observation_status`, by the SDMX code
lists CL_FREQ, CL_OBS_STATUS and CL_CONF_STATUS (https://sdmx.org/guidelines/cross-domain-code-lists/).
"""

from __future__ import annotations

from enum import StrEnum
from typing import Literal


class Freq(StrEnum):
    """CL_FREQ, as far as periods of it can be given bounds."""

    A = "A"
    S = "S"
    T = "T"
    Q = "Q"
    M = "M"
    W = "W"
    D = "D"
    N = "N"
    """Not applicable: the flow has no time dimension, or a span of its own."""


class ObsStatus(StrEnum):
    """CL_OBS_STATUS: what can be said of one observation beside its value; `label` says it in words."""

    NORMAL = "A"
    BREAK = "B"
    DEFINITION_DIFFERS = "D"
    ESTIMATED = "E"
    FORECAST = "F"
    EXPERIMENTAL = "G"
    HOLIDAY = "H"
    IMPUTED = "I"
    DEROGATION = "J"
    INCLUDED_ELSEWHERE = "K"
    NOT_COLLECTED = "L"
    CANNOT_EXIST = "M"
    NOT_SIGNIFICANT = "N"
    MISSING = "O"
    PROVISIONAL = "P"
    SUPPRESSED = "Q"
    STRIKE = "S"
    LOW_RELIABILITY = "U"
    UNVALIDATED = "V"
    INCLUDES_OTHER = "W"

    @property
    def label(self) -> str:
        return _LABELS[self]


_LABELS = {
    ObsStatus.NORMAL: "Normal value",
    ObsStatus.BREAK: "Time series break",
    ObsStatus.DEFINITION_DIFFERS: "Definition differs",
    ObsStatus.ESTIMATED: "Estimated value",
    ObsStatus.FORECAST: "Forecast value",
    ObsStatus.EXPERIMENTAL: "Experimental value",
    ObsStatus.HOLIDAY: "Missing value; holiday or weekend",
    ObsStatus.IMPUTED: "Imputed value",
    ObsStatus.DEROGATION: "Derogation",
    ObsStatus.INCLUDED_ELSEWHERE: "Data included in another category",
    ObsStatus.NOT_COLLECTED: "Missing value; data exist but were not collected",
    ObsStatus.CANNOT_EXIST: "Missing value; data cannot exist",
    ObsStatus.NOT_SIGNIFICANT: "Not significant",
    ObsStatus.MISSING: "Missing value",
    ObsStatus.PROVISIONAL: "Provisional value",
    ObsStatus.SUPPRESSED: "Missing value; suppressed",
    ObsStatus.STRIKE: "Strike and other special events",
    ObsStatus.LOW_RELIABILITY: "Low reliability",
    ObsStatus.UNVALIDATED: "Unvalidated value",
    ObsStatus.INCLUDES_OTHER: "Includes data from another category",
}

UNKNOWN = "_U"
"""SDMX: unknown. The agency or dataflow of a response that names none and was read without a feed."""

SERIES_CONCEPTS = ("unit_measure", "unit_mult", "decimals", "base_per", "adjustment")
"""Attributes that belong to a series; an observation that differs from its series says so in `obs_attributes`."""

PROVINCES = {
    "北京": "110000",
    "天津": "120000",
    "河北": "130000",
    "山西": "140000",
    "内蒙古": "150000",
    "辽宁": "210000",
    "吉林": "220000",
    "黑龙江": "230000",
    "上海": "310000",
    "江苏": "320000",
    "浙江": "330000",
    "安徽": "340000",
    "福建": "350000",
    "江西": "360000",
    "山东": "370000",
    "河南": "410000",
    "湖北": "420000",
    "湖南": "430000",
    "广东": "440000",
    "广西": "450000",
    "海南": "460000",
    "重庆": "500000",
    "四川": "510000",
    "贵州": "520000",
    "云南": "530000",
    "西藏": "540000",
    "陕西": "610000",
    "甘肃": "620000",
    "青海": "630000",
    "宁夏": "640000",
    "新疆": "650000",
}
"""GB/T 2260: the 31 divisions of the first level of mainland China, by the short name each is known under."""

FlagScheme = Literal["sdmx", "eurostat", "uis", "worldbank"]

FLAG_SCHEMES: dict[FlagScheme, dict[str, ObsStatus]] = {
    "sdmx": {status.value: status for status in ObsStatus},
    "eurostat": {
        "b": ObsStatus.BREAK,
        "c": ObsStatus.SUPPRESSED,
        "d": ObsStatus.DEFINITION_DIFFERS,
        "e": ObsStatus.ESTIMATED,
        "f": ObsStatus.FORECAST,
        "i": ObsStatus.IMPUTED,
        "m": ObsStatus.CANNOT_EXIST,
        "n": ObsStatus.NOT_SIGNIFICANT,
        "p": ObsStatus.PROVISIONAL,
        "r": ObsStatus.NORMAL,  # revised: says something of the figure before, nothing of this one
        "s": ObsStatus.ESTIMATED,  # by Eurostat itself
        "u": ObsStatus.LOW_RELIABILITY,
        "z": ObsStatus.CANNOT_EXIST,  # not applicable
        ":": ObsStatus.MISSING,
        "@C": ObsStatus.SUPPRESSED,
        "@N": ObsStatus.SUPPRESSED,
        "@P": ObsStatus.SUPPRESSED,
    },
    "uis": {
        "n": ObsStatus.NORMAL,  # nil or negligible: a true nought
        "a": ObsStatus.CANNOT_EXIST,
        "+": ObsStatus.ESTIMATED,  # by the country
        "‡": ObsStatus.ESTIMATED,  # by the UIS
    },
    "worldbank": {"F": ObsStatus.FORECAST},
}
"""What the flags of each scheme mean; several in one string are its flags in a row ("bdep") or parted ("+; n")."""


def statuses(scheme: FlagScheme | None) -> list[dict[str, str]]:
    """What each flag of a scheme means, as the view `observation_status` reads it; nothing where there is no scheme."""
    return [
        {"mark": flag, "cl_obs_status": status.value, "meaning": status.label}
        for flag, status in (FLAG_SCHEMES[scheme] if scheme else {}).items()
    ]
