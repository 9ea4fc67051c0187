"""`datazones`: finds the commands by scanning, and turns every typed error into three lines and an exit code."""

from __future__ import annotations

import importlib
import io
import os
import pkgutil
import sys
from pathlib import Path

import click

from datazones.cli import commands
from datazones.cli.listing import Listing
from datazones.cli.reaching import leave, reached
from datazones.errors import DatazonesError
from datazones.lacking import told
from datazones.loopback import unproxied
from infra.prefect_settings import UNTOLD

EXIT_CODES = """\b
Exit codes:
  0  done (or nothing to do)
  2  usage, or a setting, zone or feed file that is not right
  3  the gate held a candidate back; what is published has not changed
  4  transient: a provider or the store did not answer; run again later
  5  permanent: it will fail again until somebody changes something
"""


class Commands(Listing):
    """The group whose commands are the files of `datazones.cli.commands`."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return sorted(module.name for module in pkgutil.iter_modules(commands.__path__))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.list_commands(ctx):
            return None
        module = importlib.import_module(f"{commands.__name__}.{cmd_name}")
        found: click.Command = module.command
        return found


@click.command(cls=Commands, epilog=EXIT_CODES, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="datazones", message="datazones %(version)s")
def group() -> None:
    """Official statistics as warehouses people trust: one validated DuckDB snapshot per zone, every revision kept.

    \b
    Try it offline:          datazones demo
    Refresh every zone:      datazones run
    Read one response:       datazones read FILE --to out.csv
    Ask a published zone:    datazones query beijing "FROM observation LIMIT 5"
    """


def main() -> None:
    """Run a command; a DatazonesError ends it in words, with the exit code of its kind."""
    for name, setting in UNTOLD.items():
        os.environ.setdefault(name, setting)
    os.environ.update(unproxied(os.environ))
    have_a_home()
    if isinstance(sys.stdout, io.TextIOWrapper):  # what a terminal has no letters for is escaped
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        with reached(), told(Path()):
            group()
    except DatazonesError as error:
        click.echo(str(error), err=True)
        leave(error.exit_code)
    except SystemExit as end:  # as click ends every command
        leave(end.code)


def have_a_home() -> None:
    """For a user without a home, as a container may have: Prefect, which ends where there is none, takes the root."""
    try:
        Path.home()
    except RuntimeError:
        os.environ["HOME"] = os.sep
