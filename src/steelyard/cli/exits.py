# SPDX-License-Identifier: Apache-2.0
"""Exit codes, and what each outcome leaves with."""

from collections.abc import Mapping

from steelyard.core.policy import Outcome

COULD_NOT_RUN = 2
INTERRUPTED = 130
EXIT_CODES: Mapping[Outcome, int] = {
    Outcome.PASS: 0,
    Outcome.WARN: 0,
    Outcome.FAIL: 1,
    Outcome.UNKNOWN: 3,
}
