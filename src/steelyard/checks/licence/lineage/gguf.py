# SPDX-License-Identifier: Apache-2.0
"""Descent by the metadata of GGUF files.

Source: ggml, `docs/gguf.md` ("General metadata", "Source metadata"); llama.cpp, `gguf-py/gguf/constants.py`.
"""

from collections.abc import Iterator

from steelyard.checks.licence.graph import Relation
from steelyard.checks.licence.lineage.said import MOST, Said, Saying
from steelyard.core.probe import place
from steelyard.core.subject import Model
from steelyard.formats.gguf import Gguf
from steelyard.formats.gguf_metadata import ArrayInfo

_SOURCES = (
    "general.source.repo_url",
    "general.source.huggingface.repository",
    "general.source.url",
)
_WHOLE = frozenset({0, 1, 32})
"""Values of `general.file_type` whose weights are not quantised: F32, F16, BF16 (ggml, `llama_ftype`)."""


def gguf(model: Model) -> Saying:
    """Yield what the metadata names as source, as bases and as data sets.

    The source is what the file was converted from; the bases are those of that source, by its card,
    so nothing is said of the process there.
    """
    for part, content in model.contents(Gguf):
        yield from _source(part.where, content)
        for where, name in _listed(part.where, content, "general.base_model"):
            yield Said(by="gguf", raw=name, where=where)
        for where, name in _listed(part.where, content, "general.dataset"):
            yield _data(name, where)
        old = content.metadata.get("general.datasets")
        if isinstance(old, ArrayInfo):
            where = place(part.where, pointer="/general.datasets")
            yield from (_data(name, where) for name in old.head if isinstance(name, str) and name)


def is_quantized(content: Gguf) -> bool:
    """Tell whether the weights of a file are a quantised copy, as its file type says."""
    kind = content.metadata.get("general.file_type")
    return isinstance(kind, int) and not isinstance(kind, bool) and kind not in _WHOLE


def _source(where: str, content: Gguf) -> Iterator[Said]:
    for key in _SOURCES:
        value = content.metadata.get(key)
        if isinstance(value, str) and value.strip():
            yield Said(
                by="gguf",
                raw=value.strip(),
                where=place(where, pointer=f"/{key}"),
                process="quantized" if is_quantized(content) else "",
            )
            return


def _data(name: str, where: str) -> Said:
    relation: Relation = "trained_on"
    return Said(by="gguf", raw=name.strip(), where=where, relation=relation, kind="dataset")


def _listed(where: str, content: Gguf, prefix: str) -> Iterator[tuple[str, str]]:
    """Yield place and name of each entry of a numbered list; an address is better than a name."""
    count = content.metadata.get(f"{prefix}.count", 0)
    for number in range(min(max(count, 0), MOST) if isinstance(count, int) else 0):
        key = f"{prefix}.{number}"
        address = content.metadata.get(f"{key}.repo_url")
        owner = content.metadata.get(f"{key}.organization")
        name = content.metadata.get(f"{key}.name")
        if isinstance(address, str) and address.strip():
            yield place(where, pointer=f"/{key}.repo_url"), address.strip()
        elif isinstance(name, str) and name.strip():
            id = "-".join(name.split())
            if isinstance(owner, str) and owner.strip():
                id = f"{'-'.join(owner.split())}/{id}"
            yield place(where, pointer=f"/{key}.name"), id
