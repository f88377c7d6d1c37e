# SPDX-License-Identifier: Apache-2.0
"""The entry point: finds the verb, runs it, turns errors into messages and exit codes."""

import importlib
import pkgutil
import sys

import click

from steelyard import __version__
from steelyard.cli import output, verbs
from steelyard.core.errors import SteelyardError


class _Verbs(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(info.name for info in pkgutil.iter_modules(verbs.__path__))

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in self.list_commands(ctx):
            return None
        module = importlib.import_module(f"{verbs.__name__}.{name}")
        command: click.Command = module.command
        return command


@click.group(cls=_Verbs, context_settings={"auto_envvar_prefix": "STEELYARD"})
@click.version_option(__version__, message="steelyard %(version)s")
def steelyard() -> None:
    """Weigh an open-weight model before you carry it."""


def main() -> None:
    """Run the command line and exit with its code."""
    try:
        code = steelyard.main(standalone_mode=False)
    except SteelyardError as error:
        output.complain(error)
        code = 2
    sys.exit(code)
