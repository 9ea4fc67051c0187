"""Secrets that an installation makes for itself: made once, kept in a file that its owner alone reads."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path

BYTES = 32


def kept(path: Path, before: str = "") -> str:
    """What this file holds; if there is none, a new secret of 32 random bytes after these letters."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with suppress(FileExistsError), os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as new:
        new.write(before + secrets.token_urlsafe(BYTES))
    return path.read_text()
