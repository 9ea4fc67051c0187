"""The options by which a command is told what of the past: a feed, and its first and last period."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

Function = Callable[..., Any]


def of_the_past(feed: str, first: str, last: str) -> Callable[[Function], Function]:
    """`--feed`, `--from` and `--to`, all required, with these words on each."""

    def options(function: Function) -> Function:
        function = click.option("--to", "last", required=True, metavar="PERIOD", help=last)(function)
        function = click.option("--from", "first", required=True, metavar="PERIOD", help=first)(function)
        return click.option("--feed", required=True, help=feed)(function)

    return options


backfilled = of_the_past("The feed.", "The first period: 2010, 2010-Q1, 2010-01.", "The last period, included.")
restated = of_the_past(
    "The feed whose raw answers are read anew.", "The first period that may change.", "The last one, included."
)
