# SPDX-License-Identifier: Apache-2.0
"""The order of the rows of queries and keys in GGUF files, which llama.cpp's converter changes.

transformers rotates the first half of a head's elements against the second, ggml each element against
the next one. For the architectures below, the converter reorders the rows of both matrices so that
the result is the same.

Source:
    llama.cpp b10605, conversion/llama.py (`LlamaModel.permute`, `undo_permute`) and the classes that
    call or inherit it.
"""

from collections.abc import Mapping

from steelyard.formats.gguf_metadata import Value

_REORDERED = frozenset(
    {"arcee", "deci", "deepseek", "granite", "granitemoe", "llama", "minicpm", "mistral3", "nanbeige", "olmo", "smollm3"}
)  # fmt: skip
_COUNTS = {"attn_q": "attention.head_count", "attn_k": "attention.head_count_kv"}


def heads_of(metadata: Mapping[str, Value], role: str) -> int:
    """Return of how many heads the rows of a tensor were reordered; 0 where they were not.

    Args:
        metadata: Of the GGUF file.
        role: Of the tensor, see `formats.tensor_names`.
    """
    architecture = metadata.get("general.architecture")
    if architecture not in _REORDERED or role not in _COUNTS:
        return 0
    for key in (_COUNTS[role], "attention.head_count"):
        count = metadata.get(f"{architecture}.{key}")
        if isinstance(count, int) and count > 0:
            return count
    return 0


def row_in_file(row: int, rows: int, heads: int) -> int:
    """Return where a row lies in a GGUF file that has this place in transformers' order.

    Args:
        row: 0 <= row < rows.
        rows: Of the matrix.
        heads: As `heads_of` gives it; 0 for a matrix whose rows were not reordered.

    Example:
        >>> [row_in_file(row, 4, 1) for row in range(4)]
        [0, 2, 1, 3]
    """
    if heads < 1 or rows % (2 * heads):
        return row
    head, within = divmod(row, rows // heads)
    half, place = divmod(within, rows // heads // 2)
    return head * (rows // heads) + 2 * place + half
