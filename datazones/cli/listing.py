"""Groups of commands, as their help lists them."""

from __future__ import annotations

import click


class Listing(click.Group):
    """A group that lists its commands with the whole first sentence of each; click cuts it off at the end of a line."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        commands = {name: self.get_command(ctx, name) for name in self.list_commands(ctx)}
        with formatter.section("Commands"):
            formatter.write_dl(
                [
                    (name, command.get_short_help_str(limit=len(command.help or "")))
                    for name, command in commands.items()
                    if command
                ]
            )
