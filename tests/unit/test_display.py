"""What is put into Prefect's UI is news: the work does not hang on it."""

from __future__ import annotations

import logging

import pytest
from prefect.artifacts import create_markdown_artifact
from prefect.settings import PREFECT_API_URL, PREFECT_CLIENT_MAX_RETRIES, temporary_settings

from infra.children import free_port
from tasks.display import display


def test_without_a_server_nothing_is_shown_and_the_work_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    nobody = {PREFECT_API_URL: f"http://127.0.0.1:{free_port()}/api", PREFECT_CLIENT_MAX_RETRIES: 0}
    with temporary_settings(nobody), caplog.at_level(logging.WARNING, "datazones.flows"):
        display(create_markdown_artifact, "# Hunan", "zone-hunan", "published")
    assert "zone-hunan is not in Prefect's UI" in caplog.text
