# SPDX-License-Identifier: Apache-2.0
"""The verb `compare`."""

import functools
from pathlib import Path

import click
import msgspec

from steelyard.cli import options, output
from steelyard.cli.exits import EXIT_CODES
from steelyard.core.errors import UsageError
from steelyard.evals.comparison import MAY_DIFFER, compare
from steelyard.flow.runs import find, runs_folder
from steelyard.report.evaluation.html import comparison_page
from steelyard.report.evaluation.terminal import draw_comparison


@click.command("compare")
@click.argument("old")
@click.argument("new")
@click.option(
    "--margin",
    default=None,
    envvar="STEELYARD_MARGIN",
    metavar="POINTS",
    help="Fail where a score is worse by more than this: 1pp, 1 % or 0.01.",
)
@click.option(
    "--despite",
    default="",
    envvar="STEELYARD_DESPITE",
    metavar="WHAT[,...]",
    help=f"Compare although these differ: {', '.join(MAY_DIFFER)}.",
)
@click.option(
    "--html",
    type=click.Path(dir_okay=False, path_type=Path),
    default=None,
    envvar="STEELYARD_HTML",
    metavar="FILE",
    help="Also write a page with plots and the samples that changed.",
)
@options.as_json
def command(
    old: str, new: str, margin: str | None, despite: str, html: Path | None, as_json: bool
) -> int:
    """Compare two runs, sample by sample.

    OLD and NEW are folders written by `eval --out`, or names of models that were run. The runs are
    paired by what was asked; where that differs, or the engine does, they are not compared.

    \b
    Examples:
      steelyard compare ./old-run ./new-run
      steelyard compare model-f16.gguf model-q4.gguf --margin 1pp     exit 1 on a regression
      steelyard compare ./fp32 ./bf16 --despite numerics --html compare.html

    \b
    With --margin the exit code is 0 where no score can be worse by more than the margin, 1 where
    one is, and 3 where too few samples were asked to tell.
    """
    allowed = _aspects(despite)
    kept = runs_folder()
    before, after = find(old, kept), find(new, kept)
    found = compare(before, after, margin=_share(margin), despite=allowed)
    if html is not None:
        output.write(html, comparison_page(found, before[1], after[1]))
    if as_json:
        output.data(msgspec.json.format(msgspec.json.encode(found), indent=1).decode())
    else:
        output.rich(functools.partial(draw_comparison, found))
    return 0 if found.outcome is None else EXIT_CODES[found.outcome]


def _aspects(text: str) -> frozenset[str]:
    found = frozenset(filter(None, (word.strip() for word in text.split(","))))
    unknown = sorted(found - set(MAY_DIFFER))
    if unknown:
        raise UsageError(
            f"--despite does not take {unknown[0]!r}", hint=f"one of {', '.join(MAY_DIFFER)}"
        )
    return found


def _share(text: str | None) -> float | None:
    """Return a margin as a share: `1pp` and `1%` are 0.01."""
    if text is None:
        return None
    number = text.strip().lower().removesuffix("pp").removesuffix("%").strip()
    try:
        value = float(number) / (1 if number == text.strip().lower() else 100)
    except ValueError as error:
        raise UsageError(f"{text!r} is no margin", hint="such as 1pp, or 0.01") from error
    if not 0 <= value < 1:
        raise UsageError(f"a margin of {text!r} is no share", hint="one point is 1pp, or 0.01")
    return value
