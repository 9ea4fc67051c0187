"""What the flags of providers mean in the words of SDMX."""

from __future__ import annotations

import json

import duckdb
import pytest
from lxml import etree

from datazones.codes import FLAG_SCHEMES, FlagScheme, ObsStatus, statuses
from datazones.warehouse import schema
from datazones.warehouse.connecting import insert
from tests.feeds import FEEDS, needs_recorded_feeds
from tests.unit.expectations_zone import feed_row

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


def _said(scheme: FlagScheme, *published: str) -> dict[str, str | None]:
    """What the view of a warehouse says of these statuses, in codes; its words are those of the codes."""
    with duckdb.connect() as connection:
        schema.create(connection)
        insert(connection, "feed", feed_row("f", statuses=json.dumps(statuses(scheme))))
        connection.execute("INSERT INTO series BY NAME SELECT 1 AS series_id, 'f' AS feed_id, 'k' AS series_key, "
                           "'' AS agency_id, '' AS dataflow_id, '{}' AS dimensions")  # fmt: skip
        for nth, obs_status in enumerate([*published, None]):
            connection.execute(
                "INSERT INTO latest BY NAME SELECT 1 AS series_id, '' AS time_period, DATE '2000-01-01' + $1::INTEGER "
                "AS period_start, DATE '2000-01-01' AS period_end, $2 AS obs_status, now() AS known_from, "
                "1 AS vintage_id",
                [nth, obs_status],
            )
        connection.execute("INSERT INTO superseded BY NAME SELECT *, now() AS known_to, 2 AS superseded_by, "
                           "'revised' AS change FROM latest")  # fmt: skip
        rows = connection.execute("SELECT obs_status, cl_obs_status, meaning FROM observation_status").fetchall()
    for _, codes, words in rows:
        assert (codes is None) == (words is None)
        assert words is None or words == "; ".join(ObsStatus(code).label for code in codes.split())
    return {obs_status: codes for obs_status, codes, _ in rows}


@pytest.mark.parametrize(
    ("scheme", "published", "meaning"),
    [
        ("eurostat", "bdep", "B D E P"),
        ("eurostat", "b@C", "B Q"),
        ("eurostat", ":", "O"),
        ("uis", "+; n", "E A"),
        ("uis", "‡", "E"),
        ("worldbank", "F", "F"),
        ("sdmx", "P", "P"),
    ],
)
def test_a_published_status_is_taken_apart_in_the_order_of_its_flags(
    scheme: FlagScheme, published: str, meaning: str
) -> None:
    assert _said(scheme, published) == {published: meaning}


@pytest.mark.parametrize("published", ["bx", "b@X", "b@", ""])
def test_a_status_with_an_unknown_flag_is_never_guessed_and_spoils_no_other(published: str) -> None:
    assert _said("eurostat", published, "b") == {published: None, "b": "B"}


def test_where_no_scheme_is_named_nothing_is_said() -> None:
    assert statuses(None) == []


def test_every_meaning_has_words() -> None:
    assert all(status.label for flags in FLAG_SCHEMES.values() for status in flags.values())


@needs_recorded_feeds
def test_every_flag_of_eurostats_own_code_list_means_what_eurostat_says() -> None:
    structure = etree.parse(FEEDS / "eurostat/LFSA_EGAI2D-dsd-descendants.xml")
    (listed,) = [each for each in structure.iter("{*}Codelist") if each.get("id") == "OBS_FLAG"]
    named = {code.get("id"): code.findtext("{*}Name") for code in listed.iter("{*}Code")}
    assert len(named) == 42
    said = _said("eurostat", *filter(None, named))
    for flags, words in named.items():
        expected = [EUROSTAT_SAYS[part].value for part in words.split(", ")]
        assert sorted((said[flags] or "").split()) == sorted(expected)
