# SPDX-License-Identifier: Apache-2.0
"""Manual pages of metrics."""

from steelyard.evals.derived import ECE, FERTILITY, STABILITY
from steelyard.evals.metrics.names import METRICS
from steelyard.evals.metrics.pages import PAGES


def test_every_metric_has_a_page() -> None:
    assert {*METRICS, ECE, FERTILITY, STABILITY} - set(PAGES) == set()


def test_a_page_of_a_metric_where_less_is_better_says_so() -> None:
    less = {name for name, known in METRICS.items() if not known.higher_is_better}
    assert [name for name in sorted(less) if "Less is better" not in PAGES[name][1]] == []
