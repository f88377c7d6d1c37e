# SPDX-License-Identifier: Apache-2.0
"""The entry point: finds the verb, runs it, turns errors into messages and exit codes."""

import atexit
import gc
import importlib
import os
import pkgutil
import sys
import threading

import click

from steelyard import __version__
from steelyard.cli import output, verbs
from steelyard.cli.exits import COULD_NOT_RUN, INTERRUPTED
from steelyard.core.errors import SteelyardError, UsageError


class _Verbs(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(info.name.rstrip("_") for info in pkgutil.iter_modules(verbs.__path__))

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        names = {info.name.rstrip("_"): info.name for info in pkgutil.iter_modules(verbs.__path__)}
        if name not in names:
            return None
        module = importlib.import_module(f"{verbs.__name__}.{names[name]}")
        command: click.Command = module.command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        known = self.list_commands(ctx)
        if args[0] not in known:
            import difflib

            close = difflib.get_close_matches(args[0], known, n=1)
            hint = f"did you mean {close[0]!r}?" if close else "steelyard --help"
            raise UsageError(f"no verb {args[0]!r}", hint=hint)
        return super().resolve_command(ctx, args)


@click.group(cls=_Verbs, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="steelyard %(version)s")
def steelyard() -> None:
    """Weigh an open-weight model before you carry it.

    \b
    Examples:
      steelyard check ./model                   may it be loaded?
      steelyard check hf:org/name@revision      the same, from the hub's cache
      steelyard check ./model --policy strict   nothing left to review
      steelyard report ./model --as html -o model.html
      steelyard explain pickle.call             what a finding means

    \b
    Exit codes:
      0 pass or warn   1 fail   2 could not run   3 unknown   130 interrupted
    """


_COLLECT_AFTER = 50_000  # objects; start-up makes about that many, and all live to the end


def main() -> None:
    """Run the command line and exit with its code."""
    gc.set_threshold(_COLLECT_AFTER, 20, 20)
    code = run(sys.argv[1:])
    if threading.active_count() == 1:
        leave(code)
    sys.exit(code)


def leave(code: int) -> None:
    """End the process now: to take modules apart one by one costs a fifth of what a small check does.

    What is registered to be done at exit is done first. Where output cannot be written, it returns, and
    the interpreter complains on its own way out.
    """
    atexit._run_exitfuncs()
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except (OSError, ValueError):
        return
    os._exit(code)


def run(argv: list[str]) -> int:
    """Run the command line and return its exit code."""
    try:
        code = steelyard.main(argv, prog_name="steelyard", standalone_mode=False)
    except SteelyardError as error:
        output.complain(error, argv)
        return COULD_NOT_RUN
    except click.exceptions.NoArgsIsHelpError as error:
        output.data(error.format_message())
        return COULD_NOT_RUN
    except click.ClickException as error:
        output.complain(UsageError(error.format_message(), _usage_hint(error)), argv)
        return COULD_NOT_RUN
    except (click.Abort, KeyboardInterrupt):
        output.complain(UsageError("interrupted", hint="nothing was kept; run it again"), argv)
        return INTERRUPTED
    except BrokenPipeError:  # whoever read our output has gone
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return COULD_NOT_RUN
    return code if isinstance(code, int) else 0


def _usage_hint(error: click.ClickException) -> str:
    context = error.ctx if isinstance(error, click.UsageError) else None
    return f"{context.command_path if context else 'steelyard'} --help"
