# SPDX-License-Identifier: Apache-2.0
"""The verb `check`."""

from pathlib import Path

import click
import msgspec

from steelyard.cli import output
from steelyard.core.limits import Limits
from steelyard.core.policy import Outcome
from steelyard.core.ports import Silent
from steelyard.flow.check import check
from steelyard.flow.policies import policy as find_policy
from steelyard.flow.pools import Threads, free_cores

EXIT = {Outcome.PASS: 0, Outcome.WARN: 0, Outcome.FAIL: 1, Outcome.UNKNOWN: 3}


@click.command("check")
@click.argument("subject")
@click.option("--policy", default="baseline", show_default=True)
def command(subject: str, policy: str) -> int:
    """Look at the files of a model; nothing of it runs."""
    dossier = check(
        Path(subject),
        find_policy(policy),
        limits=Limits(),
        pool=Threads(free_cores()),
        progress=Silent(),
    )
    output.data(msgspec.json.format(msgspec.json.encode(dossier), indent=1).decode())
    return EXIT[dossier.verdict.outcome]
