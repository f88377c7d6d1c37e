# SPDX-License-Identifier: Apache-2.0
"""The metrics that a task may name: how each is aggregated, and which way is better."""

from collections.abc import Mapping

import msgspec


class Known(msgspec.Struct, frozen=True):
    """A metric.

    Attributes:
        aggregation: Name of how values of samples become one.
        higher_is_better: Which way is better.
    """

    aggregation: str
    higher_is_better: bool = True


METRICS: Mapping[str, Known] = {
    "acc": Known("mean"),
    "acc_norm": Known("mean"),
    "acc_bytes": Known("mean"),
    "acc_mutual_info": Known("mean"),
    "exact_match": Known("mean"),
    "f1": Known("f1"),
    "mcc": Known("matthews_corrcoef"),
    "likelihood": Known("mean"),
    "brier_score": Known("brier_score", False),
    "perplexity": Known("perplexity", False),
    "word_perplexity": Known("weighted_perplexity", False),
    "byte_perplexity": Known("weighted_perplexity", False),
    "bits_per_byte": Known("bits_per_byte", False),
    "bleu": Known("bleu"),
    "chrf": Known("chrf"),
    "chrf++": Known("chrf++"),
    "ter": Known("ter", False),
    "bypass": Known("bypass"),
}
"""What lm-eval 0.4.13 calls them."""

DEFAULTS: Mapping[str, tuple[str, ...]] = {
    "multiple_choice": ("acc", "acc_norm"),
    "loglikelihood": ("perplexity", "acc"),
    "loglikelihood_rolling": ("word_perplexity", "byte_perplexity", "bits_per_byte"),
    "generate_until": ("exact_match",),
}
"""Metrics of a task that names none, by its kind of output."""
