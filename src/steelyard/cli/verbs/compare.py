# SPDX-License-Identifier: Apache-2.0
"""The verb `compare`."""

import functools
from pathlib import Path

import click
import msgspec

from steelyard.cli import comparing, options, output
from steelyard.cli.exits import EXIT_CODES
from steelyard.evals.comparison import compare
from steelyard.flow.runs import find, runs_folder
from steelyard.report.evaluation.html import comparison_page
from steelyard.report.evaluation.terminal import draw_comparison


@click.command("compare")
@click.argument("old")
@click.argument("new")
@comparing.margin("Fail where a score is worse by more than this: 1pp, 1 % or 0.01.")
@comparing.despite
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
    allowed = comparing.aspects(despite)
    kept = runs_folder()
    before, after = find(old, kept), find(new, kept)
    found = compare(before, after, margin=comparing.share(margin), despite=allowed)
    if html is not None:
        output.write(html, comparison_page(found, before[1], after[1]))
    if as_json:
        output.data(msgspec.json.format(msgspec.json.encode(found), indent=1).decode())
    else:
        output.rich(functools.partial(draw_comparison, found))
    return 0 if found.outcome is None else EXIT_CODES[found.outcome]
