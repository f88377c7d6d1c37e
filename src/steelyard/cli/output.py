# SPDX-License-Identifier: Apache-2.0
"""The one place that prints: data to stdout, everything else to stderr."""

import sys

from steelyard.core.errors import SteelyardError


def data(text: str) -> None:
    """Print data, the result of a verb, to stdout."""
    print(text)


def complain(error: SteelyardError) -> None:
    """Print an error and its hint to stderr."""
    print(f"error: {error.message}", file=sys.stderr)
    if error.hint:
        print(f"\nhint: {error.hint}", file=sys.stderr)
