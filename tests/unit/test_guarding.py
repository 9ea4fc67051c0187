"""What the doctor says of Prefect's server: a real one, on every address of this machine, and on loopback alone."""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from datazones.cli.guarding import bound_openly, guarded
from datazones.errors import CatalogueInvalid
from infra import prefect_settings
from infra.children import answers, free_port, start, stop
from tests.journey.installed import wait


@contextmanager
def _server(folder: Path, host: str, **given: str) -> Iterator[str]:
    port = free_port()
    command = [sys.executable, "-m", "prefect", "server", "start", "--host", host, "--port", str(port), "--no-services"]
    home = {"PATH": "/usr/bin:/bin", "HOME": str(folder), "PREFECT_HOME": str(folder)}
    child = start(command, folder / "server.log", prefect_settings.EVERY | home | given)
    try:
        wait(lambda: answers(f"http://127.0.0.1:{port}/api/health"))
        yield f"http://127.0.0.1:{port}/api"
    finally:
        stop(child)


def test_the_doctor_refuses_an_open_server_that_asks_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with _server(tmp_path, "0.0.0.0") as url:
        monkeypatch.setenv("PREFECT_API_URL", url)
        with pytest.raises(CatalogueInvalid, match="answers to whoever asks"):
            guarded(tmp_path)


def test_the_doctor_lets_an_open_server_be_that_asks_for_something_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    auth = f"datazones:{'k' * 43}"
    with _server(tmp_path, "0.0.0.0", **prefect_settings.guarded(auth)) as url:
        monkeypatch.setenv("PREFECT_API_URL", url)
        monkeypatch.setenv("PREFECT_API_AUTH_STRING", auth)
        assert "asks who calls" in guarded(tmp_path)
        monkeypatch.setenv("PREFECT_API_AUTH_STRING", "admin:pass")
        with pytest.raises(CatalogueInvalid, match="asks for 10 characters"):
            guarded(tmp_path)


def test_what_listens_on_loopback_is_reached_from_here_alone() -> None:
    for host, openly in (("127.0.0.1", False), ("0.0.0.0", True)):
        with socket.create_server((host, 0)) as listening:
            assert bound_openly(listening.getsockname()[1]) is openly


def test_where_no_server_is_there_is_nothing_to_guard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    assert "none is up" in guarded(tmp_path)
