# SPDX-License-Identifier: Apache-2.0
"""The kinds of findings of the probe `lineage`."""

from steelyard.core.claim import Severity
from steelyard.core.probe import Descriptor

DISAGREEMENT = Descriptor(
    id="lineage.disagreement",
    severity=Severity.LOW,
    title="Two sources name different bases",
    page="""
The configuration of the adapter, the recipe of a merge, the card, the metadata of the weights and
`config.json` name different models that this one was made from. There are harmless reasons: a quantised
copy names the model it was made from in its card and that model's base in its metadata;
`_name_or_path` is left over from an earlier step; a copy under another owner's name is used for
training. And there are others: a card may leave out the model whose terms are the strictest.

steelyard takes none of them for right: every model that is named becomes an ancestor, and its terms
count.
""",
    remedy="Find out which models it was made from, and make the card name all of them",
)
CYCLE = Descriptor(
    id="lineage.cycle",
    severity=Severity.LOW,
    title="A model is said to be made from itself",
    page="""
Following the bases leads back to where it began: the model names itself as its base, or two models name
each other. One of these declarations must be wrong, and with it the line of descent, so ancestors may be
missing.
""",
    remedy="Find out which of the declarations is wrong; look for the base it hides",
)
KINDS = (CYCLE, DISAGREEMENT)
