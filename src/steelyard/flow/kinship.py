# SPDX-License-Identifier: Apache-2.0
"""Who a model says it is, and from which models it says it comes."""

import re
from collections.abc import Iterator, Mapping, Sequence

import msgspec

from steelyard.core.claim import Fact
from steelyard.core.digest import Digest
from steelyard.core.dossier import Identity
from steelyard.core.evidence import Evidence

_REVISION = re.compile(r"@[\w.-]+$")
_FORM = re.compile(
    r"[-._](?:i?q\d\w*|bf16|f16|f32|fp16|fp32|gguf|safetensors|bin|pt|pth|awq|gptq|mlx|[48]bit)$"
)


class Kin(msgspec.Struct, frozen=True):
    """A model among others.

    Attributes:
        name: For people.
        digest: Of the subject.
        bases: Ids of the models it says it comes from.
        licences: Ids of the licences it declares.
    """

    name: str
    digest: Digest
    bases: tuple[str, ...]
    licences: tuple[str, ...]

    def names(self, other: "Kin") -> bool:
        """Tell whether one says that it comes from the other, or both from a third, or has its name.

        A name is what stands behind the last slash, whatever its case, without what tells the form of
        the weights, such as `Q4_K_M` or `gguf`.
        """
        ours, theirs = set(map(bare, self.bases)), set(map(bare, other.bases))
        own, their_own = bare(self.name), bare(other.name)
        return own == their_own or their_own in ours or own in theirs or bool(ours & theirs)


def kin_of(identity: Identity, evidence: Sequence[Evidence]) -> Kin:
    """Return who a model says it is, by the evidence on it."""
    bases = tuple(dict.fromkeys(_ids(evidence, "lineage.base")))
    licences = tuple(dict.fromkeys(_ids(evidence, "licence.declared")))
    return Kin(identity.name, identity.digest, bases, licences)


def _ids(evidence: Sequence[Evidence], name: str) -> Iterator[str]:
    for item in evidence:
        claim = item.claim
        if isinstance(claim, Fact) and claim.name == name and isinstance(claim.value, Mapping):
            id = claim.value.get("id")
            if isinstance(id, str) and id:
                yield id


def bare(name: str) -> str:
    """Return a model's name without its owner, its revision, and the form of its weights.

    Example:
        >>> bare("hf:HuggingFaceTB/SmolLM2-135M-Instruct@main")
        'smollm2-135m-instruct'
        >>> bare("SmolLM2-135M-Instruct.Q4_1.gguf")
        'smollm2-135m-instruct'
    """
    found = _REVISION.sub("", name.rstrip("/")).rpartition("/")[2].lower().removeprefix("hf:")
    for _ in range(4):
        found = _FORM.sub("", found)
    return found
