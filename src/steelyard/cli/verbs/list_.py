# SPDX-License-Identifier: Apache-2.0
"""The verb `list`."""

import functools

import click
import msgspec

from steelyard.cli import options, output
from steelyard.cli.catalogue import KINDS
from steelyard.report.summary.lines import labelled


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

    output.page(functools.partial(labelled, [(page.id, page.title) for page in listed]))
    return 0
