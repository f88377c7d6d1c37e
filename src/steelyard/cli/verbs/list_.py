# SPDX-License-Identifier: Apache-2.0
"""The verb `list`."""

from typing import TYPE_CHECKING

import click
import msgspec

from steelyard.cli import options, output
from steelyard.cli.catalogue import KINDS

if TYPE_CHECKING:
    from rich.console import Console


@click.command("list")
@click.argument("kind", type=click.Choice(sorted(KINDS)))
@options.as_json
def command(kind: str, as_json: bool) -> int:
    """List what there is of a kind, one line each; `explain` shows the page of each."""
    listed = sorted(KINDS[kind](), key=lambda page: page.id)
    if as_json:
        rows = [{"id": page.id, "title": page.title} for page in listed]
        output.data(msgspec.json.format(msgspec.json.encode(rows), indent=1).decode())
        return 0

    def draw(console: "Console") -> None:
        from rich.table import Table

        table = Table.grid(padding=(0, 2))
        table.add_column(no_wrap=True)
        table.add_column()
        for page in listed:
            table.add_row(page.id, page.title)
        console.print(table)

    output.rich(draw)
    return 0
