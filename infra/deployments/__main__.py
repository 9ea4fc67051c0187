"""Writes `prefect.yaml` where it is run."""

from __future__ import annotations

from pathlib import Path

from datazones.catalogue import load
from infra.deployments import rendered

Path("prefect.yaml").write_text(rendered(load()), encoding="utf-8")
