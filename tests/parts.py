"""System parts that some tests need: present, or the test skips and says what to install; with CI=true it fails."""

from __future__ import annotations

import os
import shutil

import pytest


def needs(program: str, package: str) -> str:
    """The path of a program, for a test that cannot run without it."""
    found = shutil.which(program)
    if found:
        return found
    message = f"{program} is not installed: install the package {package}"
    if os.environ.get("CI") == "true":
        pytest.fail(message)
    pytest.skip(message)
