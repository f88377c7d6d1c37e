# SPDX-License-Identifier: Apache-2.0
"""The command line: one module per verb."""

import gc

_COLLECT_AFTER = 50_000  # objects; imports make about that many, and all live to the end

gc.set_threshold(_COLLECT_AFTER, 20, 20)
