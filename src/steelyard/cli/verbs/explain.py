# SPDX-License-Identifier: Apache-2.0
"""The verb `explain`."""

from typing import TYPE_CHECKING

import click
import msgspec

from steelyard.cli import options, output
from steelyard.cli.catalogue import Page, pages
from steelyard.cli.nearest import nearest
from steelyard.core.errors import UsageError

if TYPE_CHECKING:
    from rich.console import Console


@click.command("explain")
@click.argument("id")
@options.as_json
def command(id: str, as_json: bool) -> int:
    """Show the manual page of a probe, finding, policy, rule, licence, metric, task, format or report.

    \b
    Examples:
      steelyard explain pickle
      steelyard explain pickle.call
      steelyard explain apache-2.0
      steelyard explain bbq_age.bias_ambig
    """
    page = find(id)
    if as_json:
        output.data(msgspec.json.encode(page).decode())
        return 0

    def draw(console: "Console") -> None:
        from rich.markdown import Markdown

        console.print(Markdown(f"# {page.id}\n{page.text}"), width=min(console.width, 100))

    output.rich(draw)
    return 0


def find(id: str) -> Page:
    """Return the page of an id.

    A metric of a task, `TASK.METRIC,FILTER`, leads to the metric, a bare name to a metric or a task, and
    any other fact or metric to the probe that it is named for.

    Raises:
        UsageError: There is none.
    """
    known = {page.id.lower(): page for page in pages()}
    wanted = id.lower()
    metric = wanted.rpartition(".")[2].partition(",")[0]
    family = metric.partition("_")[0].rstrip("12l")
    for candidate in (
        wanted,
        f"metric.{metric}",
        f"metric.{family}",
        f"task.{wanted}",
        wanted.partition(".")[0],
    ):
        if candidate in known:
            return known[candidate]
    raise UsageError(f"no page for {id!r}", hint=nearest(wanted, known))
