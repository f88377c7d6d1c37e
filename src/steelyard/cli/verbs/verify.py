# SPDX-License-Identifier: Apache-2.0
"""The verb `verify`."""

import click
import msgspec

from steelyard.cli import options, output
from steelyard.cli.keep import store_at
from steelyard.core.errors import UsageError


@click.command("verify")
@options.store
@click.option(
    "--head",
    default=None,
    envvar="STEELYARD_HEAD",
    metavar="DIGEST",
    help="Digest of an entry that must be in the chain: a head you noted earlier.",
)
@options.as_json
def command(location: str | None, head: str | None, as_json: bool) -> int:
    """Recompute the store's hash chain: was anything changed after it was written?

    It prints the head of the chain. Note it somewhere else: a chain whose end was cut off is
    whole in itself, and only a head you remember (--head) tells.
    """
    store = store_at(location)
    if store is None:
        raise UsageError("there is no store to verify", hint="name one with --store PATH")
    found = store.verify(head)
    if as_json:
        output.data(msgspec.json.encode(found).decode())
    else:
        output.data(f"chain whole: {found.entries:,} entries\nhead: {found.digest}")
    return 0
