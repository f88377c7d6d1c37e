# SPDX-License-Identifier: Apache-2.0
"""The sketch of weights, and what comparing two sketches tells."""

from typing import Any

import pytest

from steelyard.checks.weights import SKETCH, look
from steelyard.checks.weights.compare import Comparison, compare
from steelyard.checks.weights.sketch import read
from steelyard.checks.weights.values import Values, values_of
from tests.samples.llamas import as_gguf, as_safetensors, changed, noisy, renamed, state
from tests.samples.weights import claims, facts

BASE = state(1)
FILE = as_safetensors(BASE)


def sketch_of(data: bytes, name: str = "model.safetensors") -> str:
    return facts(claims(look, {name: data}))[SKETCH]["sample"]


def numbers(data: bytes, name: str = "model.safetensors") -> Values:
    return values_of(read(sketch_of(data, name)))


def held(new: bytes, old: bytes = FILE) -> Comparison:
    return compare(numbers(new), numbers(old))


def test_a_file_is_identical_to_itself() -> None:
    found = held(FILE)
    assert (found.relation, found.r) == ("identical", 1.0)


def test_the_same_numbers_in_gguf_are_identical() -> None:
    found = held(as_gguf(BASE))
    assert found.relation == "identical"
    assert len(found.pairs) == len(BASE)


def test_rounded_weights_are_quantised() -> None:
    assert held(as_gguf(BASE, "q8_0")).relation == "quantised"


@pytest.mark.parametrize("dtype", ["F16", "BF16"])
def test_a_cast_is_a_copy(dtype: str) -> None:
    assert held(as_safetensors(BASE, dtype)).relation == "copied"


@pytest.mark.parametrize("size", [0.001, 0.05, 0.5])
def test_weights_that_all_moved_a_little_were_trained_on(size: float) -> None:
    assert held(as_safetensors(noisy(BASE, size))).relation == "fine_tuned"


def test_other_random_weights_are_unrelated() -> None:
    assert held(as_safetensors(state(2))).relation == "unrelated"


def test_other_names_hide_nothing() -> None:
    names = {"model.layers": "stack.things", "self_attn": "a", "mlp": "b", "embed_tokens": "e"}
    assert held(as_safetensors(renamed(BASE, names))).relation in ("copied", "fine_tuned")


def test_small_weights_made_zero_are_pruned() -> None:
    pruned = changed(BASE, lambda name, v: 0.0 if "proj" in name and abs(v) < 0.03 else v)
    assert held(as_safetensors(pruned)).relation == "pruned"


def test_two_looks_give_the_same_sketch() -> None:
    assert sketch_of(FILE) == sketch_of(FILE)


@pytest.mark.parametrize("length", [0, 8, 100, 5_000, 100_000])
def test_a_cut_off_file_ends_in_claims(length: int) -> None:
    found: list[Any] = claims(look, {"model.safetensors": FILE[:length]})
    assert all(claim.name.startswith("weights.") for claim in found)
