# SPDX-License-Identifier: Apache-2.0
"""Hints at outputs of other models in the training data: what is known of synthetic data sets."""

from collections.abc import Iterator

from steelyard.checks.licence.lineage.said import Said
from steelyard.knowledge.synthetic import outputs_in


def outputs(said: Said, id: str) -> Iterator[Said]:
    """Yield the models whose outputs a data set holds that the model was trained on.

    Args:
        said: A statement.
        id: What the statement names.
    """
    if said.relation == "trained_on":
        for model in outputs_in(id):
            yield Said(by="data", raw=model, where=said.where, relation="trained_on_outputs_of")
