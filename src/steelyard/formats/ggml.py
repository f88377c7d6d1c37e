# SPDX-License-Identifier: Apache-2.0
"""The number types of ggml: how many bytes a block of elements takes."""

from typing import NamedTuple


class GgmlType(NamedTuple):
    """A type of tensor elements.

    Attributes:
        name: Lower case; the keys of `formats.tensor.ITEM_BYTES` where ggml stores plain numbers.
        block: Elements that are stored together.
        size: Bytes of a block.
        removed: Current loaders refuse it.
    """

    name: str
    block: int
    size: int
    removed: bool = False


GGML_TYPES: dict[int, GgmlType] = {
    0: GgmlType("f32", 1, 4),
    1: GgmlType("f16", 1, 2),
    2: GgmlType("q4_0", 32, 18),
    3: GgmlType("q4_1", 32, 20),
    4: GgmlType("q4_2", 16, 10, removed=True),
    5: GgmlType("q4_3", 16, 12, removed=True),
    6: GgmlType("q5_0", 32, 22),
    7: GgmlType("q5_1", 32, 24),
    8: GgmlType("q8_0", 32, 34),
    9: GgmlType("q8_1", 32, 36),
    10: GgmlType("q2_k", 256, 84),
    11: GgmlType("q3_k", 256, 110),
    12: GgmlType("q4_k", 256, 144),
    13: GgmlType("q5_k", 256, 176),
    14: GgmlType("q6_k", 256, 210),
    15: GgmlType("q8_k", 256, 292),
    16: GgmlType("iq2_xxs", 256, 66),
    17: GgmlType("iq2_xs", 256, 74),
    18: GgmlType("iq3_xxs", 256, 98),
    19: GgmlType("iq1_s", 256, 50),
    20: GgmlType("iq4_nl", 32, 18),
    21: GgmlType("iq3_s", 256, 110),
    22: GgmlType("iq2_s", 256, 82),
    23: GgmlType("iq4_xs", 256, 136),
    24: GgmlType("i8", 1, 1),
    25: GgmlType("i16", 1, 2),
    26: GgmlType("i32", 1, 4),
    27: GgmlType("i64", 1, 8),
    28: GgmlType("f64", 1, 8),
    29: GgmlType("iq1_m", 256, 56),
    30: GgmlType("bf16", 1, 2),
    31: GgmlType("q4_0_4_4", 32, 18, removed=True),
    32: GgmlType("q4_0_4_8", 32, 18, removed=True),
    33: GgmlType("q4_0_8_8", 32, 18, removed=True),
    34: GgmlType("tq1_0", 256, 54),
    35: GgmlType("tq2_0", 256, 66),
    36: GgmlType("iq4_nl_4_4", 32, 18, removed=True),
    37: GgmlType("iq4_nl_4_8", 32, 18, removed=True),
    38: GgmlType("iq4_nl_8_8", 32, 18, removed=True),
    39: GgmlType("mxfp4", 32, 17),
    40: GgmlType("nvfp4", 64, 36),
    41: GgmlType("q1_0", 128, 18),
    42: GgmlType("q2_0", 64, 18),
}
"""By number in the file.

Source:
    llama.cpp b10605, ggml/include/ggml.h, ggml/src/ggml.c and ggml-common.h; gguf 0.19.0,
    GGML_QUANT_SIZES. The removed types of 2023 and 2024 from the history of the same files.
"""
