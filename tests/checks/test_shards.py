# SPDX-License-Identifier: Apache-2.0
"""The shards of a model and its index must agree, and the index must stay in its folder."""

import json

import pytest

from steelyard.checks.shards import look
from steelyard.core.claim import Finding
from tests.samples.weights import claims, entry, facts, findings, gguf, safetensors

INDEX = "model.safetensors.index.json"
ONE, TWO = "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"


def shard(*names: str) -> bytes:
    header = {name: entry(16 * i, 16 * i + 16) for i, name in enumerate(names)}
    return safetensors(header, bytes(16 * len(names)))


def index(**weight_map: str) -> bytes:
    return json.dumps({"metadata": {}, "weight_map": weight_map}).encode()


def test_shards_that_agree_with_their_index_give_no_finding() -> None:
    files = {ONE: shard("a", "b"), TWO: shard("c"), INDEX: index(a=ONE, b=ONE, c=TWO)}
    found = claims(look, files)
    assert not [claim for claim in found if isinstance(claim, Finding)]
    assert facts(found) == {"shards.index": {"files": 2, "tensors": 3}}


@pytest.mark.parametrize(
    "path",
    ["../x.bin", "/etc/passwd", "a/../../x", "..\\x.bin", "C:\\x.bin", "https://x.example/x.bin"],
)
def test_a_path_that_leaves_the_folder_is_a_finding(path: str) -> None:
    assert path in findings(look, {INDEX: index(a=path)})["shards.outside"].replace("\\\\", "\\")


def test_a_path_into_a_subfolder_is_none() -> None:
    files = {"sub/x.safetensors": shard("a"), INDEX: index(a="sub/x.safetensors")}
    assert findings(look, files) == {}


def test_a_shard_that_is_not_there_is_named_once() -> None:
    found = findings(look, {ONE: shard("a"), INDEX: index(a=ONE, b=TWO)})
    assert found == {"shards.missing": f"the index names {TWO!r}, which is not there"}


def test_tensors_that_are_not_where_the_index_says_are_findings() -> None:
    files = {ONE: shard("a", "x"), TWO: shard("c"), INDEX: index(a=ONE, b=ONE, c=TWO)}
    assert findings(look, files) == {
        "shards.absent-tensor": "1 tensor of the index not in it, such as 'b'",
        "shards.unlisted-tensor": "1 tensor in it that the index does not put there, such as 'x'",
    }


def test_without_an_index_the_numbers_of_the_names_tell_what_is_missing() -> None:
    found = claims(look, {"m-00002-of-00003.gguf": gguf().finish()})
    assert [(claim.rule, claim.where) for claim in found] == [
        ("shards.missing", "m-*-of-00003.gguf")
    ]


def test_an_index_of_thousands_of_absent_files_is_told_in_a_few_lines() -> None:
    many = {f"t{number}": f"s{number}.safetensors" for number in range(3000)}
    found = [c for c in claims(look, {INDEX: index(**many)}) if isinstance(c, Finding)]
    assert len(found) == 21
    assert found[-1].message == "and 2,980 more are not there"
