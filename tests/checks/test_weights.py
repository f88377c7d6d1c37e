# SPDX-License-Identifier: Apache-2.0
"""The sketch of weights, and what comparing two sketches tells."""

import base64
import random
from collections.abc import Callable
from operator import mul
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.checks.weights import SKETCH, look
from steelyard.checks.weights.compare import Comparison, compare
from steelyard.checks.weights.places import rows_of, start_of, wanted
from steelyard.checks.weights.sketch import read
from steelyard.checks.weights.values import Values, values_of
from steelyard.core.digest import digest_bytes
from steelyard.core.errors import MalformedError
from steelyard.formats.tensor import TensorInfo
from steelyard.formats.tensor_names import Place
from tests.samples.llamas import State, as_gguf, as_safetensors, changed, noisy, renamed, state
from tests.samples.weights import claims, entry, facts, gaps, safetensors

BASE = state(1)
FILE = as_safetensors(BASE)


def sketch_of(data: bytes, name: str = "model.safetensors") -> str:
    return facts(claims(look, {name: data}))[SKETCH]["sample"]


def numbers(data: bytes, name: str = "model.safetensors") -> Values:
    return values_of(read(sketch_of(data, name)))


SMALL = sketch_of(as_safetensors({n: m for n, m in BASE.items() if ".layers.0." in n}))


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


def without(one: State, keep: Callable[[int], bool]) -> State:
    """Return the weights without some neurons."""
    out = dict(one)
    for name, matrix in one.items():
        if "gate_proj" in name or "up_proj" in name:
            out[name] = [row for number, row in enumerate(matrix) if keep(number)]
        if "down_proj" in name:
            out[name] = [[v for number, v in enumerate(row) if keep(number)] for row in matrix]
    return out


def test_neurons_that_were_taken_out_are_pruned() -> None:
    found = held(as_safetensors(without(BASE, lambda number: number % 3 > 0)))
    assert found.relation == "pruned"
    assert "fewer rows or columns" in found.why


def test_layers_that_were_taken_out_are_pruned_and_the_others_found() -> None:
    kept = {name: m for name, m in BASE.items() if ".layers.2." not in name}
    for layer in range(3, 8):
        kept = renamed(kept, {f".layers.{layer}.": f".layers.{layer - 1}."})
    found = held(as_safetensors(kept))
    assert (found.relation, found.why) == ("pruned", "7 of 8 layers are there, unchanged")
    assert dict(found.layers) == {2: 3, 3: 4, 4: 5, 5: 6, 6: 7}


def test_a_vocabulary_that_grew_hides_nothing() -> None:
    name = "model.embed_tokens.weight"
    grown = {**BASE, name: BASE[name] + state(3)[name][:20]}
    assert held(as_safetensors(grown)).relation == "copied"


def reordered(one: State, seed: int) -> State:
    """Return the weights with the width of the whole model in another order."""
    order = list(range(64))
    random.Random(seed).shuffle(order)
    out = {}
    for name, matrix in one.items():
        if "o_proj" in name or "down_proj" in name:
            out[name] = [matrix[place] for place in order]
        else:
            out[name] = [[row[place] for place in order] for row in matrix]
    return out


def test_a_width_in_another_order_is_permuted() -> None:
    assert held(as_safetensors(reordered(BASE, 4))).relation == "permuted"


def test_neurons_in_another_order_are_permuted() -> None:
    order = list(range(96))
    random.Random(5).shuffle(order)
    out = dict(BASE)
    for name, matrix in BASE.items():
        if "gate_proj" in name or "up_proj" in name:
            out[name] = [matrix[place] for place in order]
        if "down_proj" in name:
            out[name] = [[row[place] for place in order] for row in matrix]
    found = held(as_safetensors(out))
    assert found.relation == "permuted"
    assert found.why.startswith("ffn_down, ffn_gate, ffn_up hold")


@pytest.mark.parametrize(("rank", "relation"), [(4, "lora_merged"), (64, "fine_tuned")])
def test_an_adapter_that_was_merged_is_told_by_the_rank_of_what_it_changed(
    rank: int, relation: str
) -> None:
    chance = random.Random(6)
    out = dict(BASE)
    for name, matrix in BASE.items():
        if "q_proj" in name or "v_proj" in name:
            a = [[chance.gauss(0, 0.02) for _ in matrix[0]] for _ in range(rank)]
            b = [[chance.gauss(0, 0.02) for _ in range(rank)] for _ in matrix]
            out[name] = [
                [
                    v + sum(map(mul, left, column))
                    for v, column in zip(row, zip(*a, strict=True), strict=True)
                ]
                for row, left in zip(matrix, b, strict=True)
            ]
    assert held(as_safetensors(out)).relation == relation


def test_what_all_models_have_in_common_is_no_relation() -> None:
    shared = state(7)
    pattern = shared["model.layers.0.mlp.gate_proj.weight"]

    def alike(seed: int) -> bytes:
        made = state(seed)
        return as_safetensors(
            {n: pattern if "gate" in n or "up" in n else m for n, m in made.items()}
        )

    assert held(alike(8), alike(9)).relation == "unrelated"


def test_one_stolen_part_among_new_ones_is_found() -> None:
    other = state(10)
    part = {name: BASE[name] if "mlp" in name and ".1." in name else m for name, m in other.items()}
    found = held(as_safetensors(part))
    assert found.relation == "fine_tuned"
    assert found.r < 0.2


def test_models_of_other_shapes_cannot_be_compared() -> None:
    narrow = {n: [row[:48] for row in m] for n, m in state(11).items()}
    found = held(as_safetensors(narrow))
    assert found.relation == "undecided"
    assert "no matrix" in found.why


def test_sketches_of_known_bytes_stay_what_they_are() -> None:
    data = random.Random(1).randbytes(4 * 300 * 600)
    header = {
        "model.embed_tokens.weight": entry(0, 360_000, [300, 600], "F16"),
        "model.layers.1.mlp.up_proj.weight": entry(360_000, 720_000, [600, 300], "BF16"),
    }
    text = sketch_of(safetensors(header, data))
    assert (
        digest_bytes(text.encode())
        == "sha256:7e028f5bc8f7db4148644564d8ec514bf7d09d69ebfbcfb3a8bb37e456494d57"
    )


def test_types_whose_numbers_cannot_be_told_are_a_gap() -> None:
    odd = safetensors({"a.weight": entry(0, 64, [16, 8], "F4")}, bytes(64))
    found = gaps(claims(look, {"model.safetensors": odd}))
    assert "1 of 1 tensors" in found["weights.unsampled"]


@given(st.binary(max_size=200))
def test_any_text_is_a_sketch_or_is_refused(data: bytes) -> None:
    try:
        values_of(read(base64.b64encode(data).decode()))
    except MalformedError:
        return
    raise AssertionError("random bytes are no sketch")


@given(st.data())
def test_a_changed_sketch_is_compared_or_refused(data: st.DataObject) -> None:
    raw = bytearray(base64.b64decode(SMALL))
    for _ in range(data.draw(st.integers(1, 4))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    try:
        values = values_of(read(base64.b64encode(raw).decode()))
    except MalformedError:
        return
    assert compare(values, values_of(read(SMALL))).why


@pytest.mark.parametrize("rows", [1, 2, 31, 576, 1536, 32_000, 32_064, 151_936])
def test_rows_are_sampled_once_and_inside_the_matrix(rows: int) -> None:
    found = rows_of(rows, 28)
    assert len(set(found)) == len(found) == min(28, 1 << rows.bit_length() - 1)
    assert 0 <= min(found) <= max(found) < rows


@pytest.mark.parametrize("columns", [32, 33, 255, 287, 288, 576, 4096, 11_008])
def test_runs_lie_in_the_row_and_begin_a_block(columns: int) -> None:
    assert start_of(columns) % 256 == 0
    assert 0 <= start_of(columns) <= columns - 32


def test_a_sketch_of_very_many_matrices_stays_small() -> None:
    tensors = [
        (Place(layer, role), TensorInfo("t", "q6_k", (8192, 8192), 55_050_240, at=0))
        for layer in range(200)
        for role in ("attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down")
    ]
    taken = wanted(tensors)
    assert {one.place.layer % 4 for one in taken} == {0}
    assert sum(one.count for one in taken) * 210 * 4 / 3 < 256_000


def test_two_looks_give_the_same_sketch() -> None:
    assert sketch_of(FILE) == sketch_of(FILE)


@pytest.mark.parametrize("length", [0, 8, 100, 5_000, 100_000])
def test_a_cut_off_file_ends_in_claims(length: int) -> None:
    found: list[Any] = claims(look, {"model.safetensors": FILE[:length]})
    assert all(claim.name.startswith("weights.") for claim in found)
