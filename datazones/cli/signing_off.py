"""The two options of every command by which a person answers for something: why, and who."""

from __future__ import annotations

import getpass
import os

import click


def _said(_context: click.Context, option: click.Parameter, given: str) -> str:
    if not given.strip():
        raise click.BadParameter("say it in words", param=option)
    return given.strip()


def _whoever() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # in a container users may have nothing but a number
        return str(os.getuid())


because = click.option("--because", required=True, callback=_said, help="Why; its manifest says so for ever.")
by = click.option("--by", callback=_said, default=_whoever, show_default="you", help="Who answers for it.")
