"""What the flags of providers mean in the words of SDMX."""

from __future__ import annotations

import pytest
from lxml import etree

from datazones.codes import FLAG_SCHEMES, ObsStatus, taken_apart
from datazones.errors import UnknownCode
from tests.feeds import FEEDS, needs_recorded_feeds

EUROSTAT_SAYS = {
    "break in time series": ObsStatus.BREAK,
    "definition differs (see metadata)": ObsStatus.DEFINITION_DIFFERS,
    "estimated": ObsStatus.ESTIMATED,
    "forecast": ObsStatus.FORECAST,
    "value imputed by Eurostat or other receiving agencies": ObsStatus.IMPUTED,
    "missing value; data cannot exist": ObsStatus.CANNOT_EXIST,
    "not significant": ObsStatus.NOT_SIGNIFICANT,
    "provisional": ObsStatus.PROVISIONAL,
    "low reliability": ObsStatus.LOW_RELIABILITY,
}


@pytest.mark.parametrize(
    ("scheme", "published", "meaning"),
    [
        (
            "eurostat",
            "bdep",
            (ObsStatus.BREAK, ObsStatus.DEFINITION_DIFFERS, ObsStatus.ESTIMATED, ObsStatus.PROVISIONAL),
        ),
        ("eurostat", "b@C", (ObsStatus.BREAK, ObsStatus.SUPPRESSED)),
        ("eurostat", ":", (ObsStatus.MISSING,)),
        ("uis", "+; n", (ObsStatus.ESTIMATED, ObsStatus.NORMAL)),
        ("uis", "‡", (ObsStatus.ESTIMATED,)),
        ("worldbank", "F", (ObsStatus.FORECAST,)),
        ("sdmx", "P", (ObsStatus.PROVISIONAL,)),
    ],
)
def test_a_published_status_is_taken_apart_in_the_order_of_its_flags(
    scheme: str, published: str, meaning: tuple[ObsStatus, ...]
) -> None:
    assert taken_apart(scheme, published) == meaning


@pytest.mark.parametrize(
    ("scheme", "published", "said"),
    [
        ("eurostat", "bx", "'x'"),
        ("eurostat", "b@X", "'@X'"),
        ("eurostat", "", "one of b c"),
        ("nobody", "b", "'nobody'"),
    ],
)
def test_an_unknown_flag_or_scheme_is_never_guessed(scheme: str, published: str, said: str) -> None:
    with pytest.raises(UnknownCode, match=said):
        taken_apart(scheme, published)


def test_every_meaning_has_words() -> None:
    assert all(status.label for flags in FLAG_SCHEMES.values() for status in flags.values())


@needs_recorded_feeds
def test_every_flag_of_eurostats_own_code_list_means_what_eurostat_says() -> None:
    structure = etree.parse(FEEDS / "eurostat/LFSA_EGAI2D-dsd-descendants.xml")
    (listed,) = [each for each in structure.iter("{*}Codelist") if each.get("id") == "OBS_FLAG"]
    named = {code.get("id"): code.findtext("{*}Name") for code in listed.iter("{*}Code")}
    assert len(named) == 42
    for flags, words in named.items():
        expected = tuple(EUROSTAT_SAYS[part] for part in words.split(", "))
        assert sorted(taken_apart("eurostat", flags)) == sorted(expected)
