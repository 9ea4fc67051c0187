"""`python -m datazones.cli`: the command line, for processes that start it without knowing where it is installed."""

from __future__ import annotations

from datazones.cli.main import main

main()
