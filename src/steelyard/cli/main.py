# SPDX-License-Identifier: Apache-2.0
"""The entry point: finds the verb, runs it, turns errors into messages and exit codes."""

import atexit
import importlib
import os
import sys
import textwrap
import threading
from pathlib import Path

import click

from steelyard import __version__
from steelyard.cli import output, verbs
from steelyard.cli.exits import COULD_NOT_RUN, INTERRUPTED
from steelyard.core.errors import SteelyardError, UsageError
from steelyard.core.plugins import modules_of


class _Verbs(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(_modules())

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        found = _modules().get(name)
        if found is None:
            return None
        module = importlib.import_module(f"{verbs.__name__}.{found}")
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write a line for each verb, of what its source says: to import all would take a second."""
        names = self.list_commands(ctx)
        room = formatter.width - 6 - max(map(len, names))
        with formatter.section("Commands"):
            formatter.write_dl([(name, _first_sentence(name, room)) for name in names])

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


def _modules() -> dict[str, str]:
    """Return the module of each verb; a name that Python keeps for itself has an underscore."""
    return {name.rstrip("_"): name for name in modules_of(verbs)}


def _first_sentence(verb: str, room: int) -> str:
    """Return the beginning of a verb's help, which is the docstring of its `command`."""
    source = Path(verbs.__path__[0], f"{_modules()[verb]}.py").read_text("utf-8")
    said = source.partition("\ndef command(")[2].partition('"""')[2].partition('"""')[0]
    sentence = said.partition("\n\n")[0].partition(". ")[0]
    return textwrap.shorten(sentence, room, placeholder="...")


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


def main() -> None:
    """Run the command line and exit with its code."""
    code = run(sys.argv[1:])
    if code in (COULD_NOT_RUN, INTERRUPTED) or threading.active_count() == 1:
        leave(code)  # what failed has no work left that a thread should finish
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
    except (click.Abort, KeyboardInterrupt) as error:
        said = str(error) or "nothing was kept; run it again"
        output.complain(UsageError("interrupted", hint=said), argv)
        return INTERRUPTED
    except BrokenPipeError:  # whoever read our output has gone
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return COULD_NOT_RUN
    return code if isinstance(code, int) else 0


def _usage_hint(error: click.ClickException) -> str:
    context = error.ctx if isinstance(error, click.UsageError) else None
    return f"{context.command_path if context else 'steelyard'} --help"
