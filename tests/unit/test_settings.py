"""A setting that cannot be understood is named before anything runs."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from datazones.errors import CatalogueInvalid
from datazones.settings import Settings, settings


@pytest.mark.parametrize(
    ("name", "given", "expected"),
    [
        ("DATAZONES_STORE_URL", "not a url", "a valid URL"),
        ("DATAZONES_NOW", "yesterday", "a valid datetime"),
        ("DATAZONES_NOW", "2026-04-01T00:00:00", "an instant with its offset"),
        ("DATAZONES_MEMORY_LIMIT_MB", "lots", "a valid integer"),
        ("DATAZONES_THREADS", "0", "greater than or equal to 1"),
    ],
)
def test_a_malformed_setting_is_named_with_what_was_found_and_what_was_expected(
    monkeypatch: pytest.MonkeyPatch, name: str, given: str, expected: str
) -> None:
    monkeypatch.setenv(name, given)
    settings.cache_clear()
    with pytest.raises(CatalogueInvalid, match=name) as caught:
        settings()
    settings.cache_clear()
    assert given in caught.value.found
    assert caught.value.exit_code == 2
    assert expected in caught.value.expected
    assert not caught.value.expected.startswith("Value error")


def test_a_secret_is_never_in_the_words_of_the_settings() -> None:
    chosen = Settings(store_secret_key="canary-7f3a")
    assert "canary-7f3a" not in repr(chosen) + str(chosen.model_dump())


def test_the_present_can_be_set_for_a_rehearsal() -> None:
    assert Settings(now=datetime(2020, 12, 1, tzinfo=UTC)).clock() == datetime(2020, 12, 1, tzinfo=UTC)


def test_a_secret_of_a_provider_is_read_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATAZONES_SECRETS__FRED_API_KEY", "canary-7f3a")
    chosen = Settings()
    assert chosen.secret("fred_api_key", "https://example.org") == "canary-7f3a"
    assert "canary-7f3a" not in repr(chosen) + str(chosen.model_dump())


def test_a_secret_that_is_missing_is_named_as_its_setting_with_where_to_get_it() -> None:
    with pytest.raises(CatalogueInvalid, match="DATAZONES_SECRETS__FRED_API_KEY") as caught:
        Settings(secrets={}).secret("fred_api_key", "https://example.org/keys")
    assert "https://example.org/keys" in caught.value.next_step
