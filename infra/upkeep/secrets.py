"""Secrets that an installation makes for itself: made once, kept in a file that its owner alone reads."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path

BYTES = 32


def kept(path: Path) -> str:
    """The secret in this file; a new one of 32 random bytes if there is none."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with suppress(FileExistsError), os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as new:
        new.write(secrets.token_urlsafe(BYTES))
    return path.read_text()
