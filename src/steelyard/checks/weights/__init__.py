# SPDX-License-Identifier: Apache-2.0
"""Probe `weights`: a sketch of the weights, by which they are known again elsewhere."""

from collections.abc import Iterator

from steelyard.checks.weights.sketch import written
from steelyard.checks.weights.take import Taken, take
from steelyard.core.claim import Claim, Fact, Gap, Severity
from steelyard.core.errors import UnreadableError
from steelyard.core.probe import Context, Descriptor, probe
from steelyard.core.subject import Model
from steelyard.formats.variants import holdings, variants

SKETCH = "weights.sketch"

UNDECLARED_BASE = Descriptor(
    id="weights.undeclared-base",
    severity=Severity.MEDIUM,
    title="The weights come from a model that is not named",
    page="""
The weights were held against those of a known model, and come from it: copied, rounded to fewer bits,
trained further, merged, pruned or put in another order. Nothing in this model names the other one as
its base, nor do both name the same one. Terms of the other model's licence may hold for this one too,
whatever its card says.

Which of the two came first, weights cannot tell: both may come from a third model that neither names.
""",
    remedy="Ask the publisher, and apply the licence of the model it comes from as well",
)


@probe("weights", version="1", descriptors=(UNDECLARED_BASE,))
def look(model: Model, context: Context) -> Iterator[Claim]:
    """Take a sketch of the weights, by which they are known again in other models.

    ## What it looks at
    Every form of the weights whose tensors are listed: GGUF, safetensors and torch files, shards
    together. Of each matrix it takes runs of 32 numbers from a few rows, of some matrices from 28, at
    places that names and shapes alone decide; of vectors one run; of a few norms the largest elements.
    They are kept as they lie in the file, so that nothing is rounded. Places are those of the model, not
    of the file: what GGUF calls `blk.3.attn_q.weight`, with rows in another order, is sampled where
    transformers' `model.layers.3.self_attn.q_proj.weight` is.

    ## Why it matters
    A card says what its author wants it to say. The weights themselves tell whether a model was made
    from another one, whose licence then goes with it: trained further, merged, pruned, rounded to fewer
    bits, or copied under a new name.

    ## How to read it
    `weights.sketch` holds the sketch, some 20 to 150 KB whatever the size of the model. It says nothing
    by itself. `steelyard check NEW --against OLD` holds two sketches against each other, and
    `--against store` one against all that were kept:

    - `weights.relation` says how the weights relate: `identical` (every number that was sampled, and
      its type), `copied` (but for casts), `quantised` (they differ by what rounding explains),
      `fine_tuned`, `lora_merged` (by matrices of low rank), `merged` (from two known models),
      `pruned`, `permuted`, `unrelated` or `undecided`. `sigmas` is how far the likeness lies above what
      unrelated layers of both have by chance.
    - `weights.correlation` is the mean correlation of the matrices; that of unrelated models is 0.
    - `weights.difference` is the median relative change of a matrix, its interval that of four of five.
    - `weights.undeclared-base` is found where weights are related and nothing in the model says so.

    ## What it cannot see
    Which of two models came first; what was changed outside of the places that were sampled, which only
    the digests of the files rule out; a relation through distillation or training on outputs; weights
    whose rows and columns were all put in another order and then trained on; models whose width was
    changed. Experts beyond the first, layers between those that are sampled in models of very many,
    weights packed by other programs (GPTQ, AWQ, bitsandbytes) and in other formats are passed over.

    ## Sources
    For layouts and names, see `formats.dequantise` and `formats.tensor_names`; for what was measured,
    docs/benchmarks.md.
    """
    del context
    for variant in variants(holdings(model.parts())):
        try:
            taken = take(model, variant)
        except UnreadableError as error:
            yield Gap(name="weights.unsampled", reason=error.message, where=variant.name)
            continue
        if taken.sketch.samples:
            yield Fact(name=SKETCH, value=_value(taken), where=variant.name)
        if taken.left:
            yield _unsampled(taken, variant.name)


def _value(taken: Taken) -> dict[str, object]:
    return {
        "layout": taken.sketch.layout,
        "sample": written(taken.sketch),
        "sampled": len(taken.sketch.samples),
        "tensors": taken.tensors,
    }


def _unsampled(taken: Taken, where: str) -> Gap:
    reason = (
        f"{len(taken.left):,} of {taken.tensors:,} tensors are stored in a way that is not known, "
        f"such as {taken.left[0][:80]!r}"
    )
    return Gap(name="weights.unsampled", reason=reason, where=where)
