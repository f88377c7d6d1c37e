# SPDX-License-Identifier: Apache-2.0
"""From which models this one was made, as far as anything says so.

Each module reads one kind of source and yields what it says; `build` makes one graph of it.
"""

from steelyard.checks.licence.declared import CardAt
from steelyard.checks.licence.graph import Graph
from steelyard.checks.licence.lineage.base import Base
from steelyard.checks.licence.lineage.build import lineage
from steelyard.core.subject import Model

__all__ = ["Base", "bases", "graph"]


def bases(model: Model, found: tuple[CardAt, ...]) -> tuple[Base, ...]:
    """Return the models this one is said to be made from or to contain, strongest source first."""
    return lineage(model, found).bases


def graph(model: Model, found: tuple[CardAt, ...]) -> Graph:
    """Return what the model was made from, as far as anything says so."""
    return lineage(model, found).graph
