"""Zip archives for tests, the same bytes at any time of day: they stand in names of tests, which processes compare."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping


def zipped(members: Mapping[str, bytes]) -> bytes:
    """An archive of these files, deflated, dated as the format's first day."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as writing:
        for name, body in members.items():
            writing.writestr(zipfile.ZipInfo(name), body, zipfile.ZIP_DEFLATED)
    return archive.getvalue()
