"""Where the recorded responses of the providers lie: beside the checkout, never in it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

FEEDS = Path(os.environ.get("DATAZONES_RECORDED_FEEDS", Path(__file__).parents[2] / "shared" / "feeds"))

needs_recorded_feeds = pytest.mark.skipif(
    not FEEDS.is_dir(),
    reason=f"the recorded responses are not at {FEEDS}; set DATAZONES_RECORDED_FEEDS to the folder that holds them",
)
