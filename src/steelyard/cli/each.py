# SPDX-License-Identifier: Apache-2.0
"""What `check --each` does: examine every model of a registry, and show what came of them."""

import functools
from collections.abc import Iterable
from pathlib import Path

from steelyard.cli import output
from steelyard.cli.checking import Terms
from steelyard.cli.keep import store_at
from steelyard.cli.progress import counter
from steelyard.cli.sweep import Sweep
from steelyard.core.errors import UsageError
from steelyard.core.policy import Outcome, worst
from steelyard.core.ports import Pool
from steelyard.flow.registry import models
from steelyard.flow.rounds import Round
from steelyard.report import table


def sweep_of(
    roots: Iterable[str], terms: Terms, location: str | None, *, fresh: bool, wanted: bool
) -> Sweep:
    """Return the pass over all models below some folders, see `Sweep`."""
    return Sweep(
        [place for root in roots for place in models(Path(root))],
        Round(policy=terms.policy, settings=terms.settings, baseline=terms.baseline),
        store_at(location),
        fresh=fresh,
        wanted=wanted,
    )


def check_each(sweep: Sweep, pool: Pool, policy: str, *, as_json: bool) -> Outcome | None:
    """Check every model of a registry, show what came of it, and return the worst outcome.

    Returns:
        None where it was interrupted.

    Raises:
        UsageError: There is no model.
    """
    if not sweep.places:
        raise UsageError("there is no model in it", hint="name a folder that holds models")
    try:
        sweep.run(pool, counter())
    except KeyboardInterrupt:
        output.complain(sweep.interrupted(), ["--json"] if as_json else [])
        return None
    rows = sweep.rows()
    if as_json:
        output.pieces(sweep.document())
    else:
        output.page(functools.partial(table.lines, rows, policy))
    return worst(table.outcome(row) for row in rows)
