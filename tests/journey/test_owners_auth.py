"""An installation whose owner has chosen himself what Prefect's server asks of whoever calls."""

from __future__ import annotations

import secrets
from pathlib import Path

from infra import prefect_settings
from infra.children import free_port
from tests.journey.installed import Installation

BACKFILL = ("backfill", "beijing", "--feed", "worldbank_ai_race", "--from", "2020", "--to", "2021")


def test_a_command_is_let_in_by_the_auth_string_that_the_owner_has_set(tmp_path: Path) -> None:
    owners = {prefect_settings.SERVERS_AUTH: f"owner:{secrets.token_urlsafe(32)}"}
    found = Installation(tmp_path)
    words = ("--simulated", "--auth", "--workers", "0", "--port", str(free_port()))
    try:
        first = found.datazones("up", *words, **owners)
        assert first.returncode == 0, first.stdout + first.stderr
        assert "The UI asks for" not in first.stdout, "who has chosen it knows it"
        assert not found.place.auth_file.exists()
        begun = found.datazones(*BACKFILL, **owners)
        assert "Its workers have it" in begun.stderr, begun.stdout + begun.stderr
        assert found.datazones(*BACKFILL).returncode, "whoever does not know it is not let in"
    finally:
        found.datazones("down")
