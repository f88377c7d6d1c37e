# SPDX-License-Identifier: Apache-2.0
"""Texts that begin alike are encoded faster, and to the same tokens."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.core.engine import Tokens
from steelyard.engines.encoding import Remembering

tokenizers = pytest.importorskip("tokenizers")
pytestmark = pytest.mark.torch

PATTERNS = {
    "gpt-2": r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+",
    "cl100k": r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",
}
CORPUS = [
    "Question: what is it?\nAnswer: this\n\nQuestion: and\n that 12\n?\n34\n\nAnswer:\n A" * 9
]


def tokenizer(pattern: str) -> Callable[[str, bool], Tokens]:
    from tokenizers import Regex, Tokenizer, models, pre_tokenizers, processors, trainers

    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(pattern), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=330, initial_alphabet=alphabet, special_tokens=["<s>"], show_progress=False
    )
    made.train_from_iterator(CORPUS, trainer)
    made.post_processor = processors.TemplateProcessing(
        single="<s> $A", special_tokens=[("<s>", made.token_to_id("<s>"))]
    )
    return lambda text, special: tuple(made.encode(text, add_special_tokens=special).ids)


ENCODE = {name: tokenizer(pattern) for name, pattern in PATTERNS.items()}
pieces = st.sampled_from(
    [
        "Question",
        ":",
        " what",
        " is",
        "\n",
        "\n\n",
        " ",
        "  ",
        "12",
        "345",
        "'s",
        "?",
        "é",
        "<s>",
        "A",
    ]
)
texts = st.lists(st.lists(pieces, max_size=12).map("".join), min_size=1, max_size=8)


@pytest.mark.parametrize("name", PATTERNS)
@given(shared=st.lists(pieces, max_size=30).map("".join), ends=texts, special=st.booleans())
def test_tokens_are_those_of_the_tokenizer(
    name: str, shared: str, ends: list[str], special: bool
) -> None:
    remembering = Remembering(ENCODE[name])
    for end in ends:
        text = shared + end
        assert remembering.encode(text, special) == ENCODE[name](text, special)


def test_what_texts_share_is_encoded_once() -> None:
    encoded: list[str] = []

    def encode(text: str, special: bool) -> Tokens:
        encoded.append(text)
        return ENCODE["gpt-2"](text, special)

    remembering = Remembering(encode)
    context = "Question: what is it\n" * 50 + "Answer:"
    for option in ("", " A", " B", " C"):
        remembering.encode(context + option, True)
    assert [len(text) > 50 for text in encoded] == [True] + [False] * 4


def test_options_that_come_again_are_encoded_once() -> None:
    encoded: list[str] = []

    def encode(text: str, special: bool) -> Tokens:
        encoded.append(text)
        return ENCODE["gpt-2"](text, special)

    remembering = Remembering(encode)
    for question in ("what is it", "where is it"):
        context = "Question: an example\n" * 50 + f"Question: {question}\nAnswer:"
        for option in ("", " A", " B"):
            remembering.encode(context + option, True)
    assert [text for text in encoded if text.endswith("Answer: A")] == ["Answer: A"]
