# SPDX-License-Identifier: Apache-2.0
"""Keras models of Keras's own layers have no finding; what imports or runs more has one."""

import base64
import json
import pickle

import pytest

from steelyard.checks.keras import look
from steelyard.core.claim import Finding, Severity
from steelyard.core.limits import Limits
from tests.samples.graphs import field
from tests.samples.hdf5 import hdf5
from tests.samples.keras import (
    DENSE,
    byte_code,
    function,
    keras,
    lambda_function,
    layer,
    sequential,
)
from tests.samples.weights import SampleModel, claims


def rules(data: bytes, name: str = "m.keras") -> list[str]:
    return [claim.rule for claim in claims(look, {name: data}) if isinstance(claim, Finding)]


PLAIN = sequential(
    DENSE,
    layer("TimeDistributed", layer=DENSE),
    layer("StringLookup", vocabulary=["import os", "eval("]),
    layer("Bidirectional", layer=layer("LSTM", activation="tanh")),
    layer("Relu", "keras.src.ops.nn"),
    layer("Dense", None, units=1, activation={"class_name": "__ellipsis__"}),
)
OLD = {"class_name": "Sequential", "keras_version": "2.4.0", "config": {"layers": [
    {"class_name": "Dense", "config": {"name": "os.system", "activation": "softmax"}},
]}}  # fmt: skip


@pytest.mark.parametrize("config", [PLAIN, OLD])
def test_models_of_known_layers_have_no_finding_in_any_form(config: dict) -> None:
    text = json.dumps(config).encode()
    assert rules(keras(config)) == []
    assert rules(hdf5(text), "m.h5") == []
    assert rules(text, "model.json") == []


def old_lambda() -> dict:
    return layer("Lambda", None, function=[byte_code(), None, None], function_type="lambda")


LAMBDAS = [
    layer("Lambda", function=lambda_function()),
    layer("TimeDistributed", layer=layer("Lambda", function=lambda_function())),
    layer("Dense", activation=lambda_function()),
    layer("Functional", "keras.src.models.functional", layers=[old_lambda()]),
    old_lambda(),
    layer("Lambda", function={"class_name": "__tuple__", "items": [byte_code(), None, None]}),
]


@pytest.mark.parametrize("bad", LAMBDAS)
def test_byte_code_is_critical_wherever_it_is_nested(bad: dict) -> None:
    text = json.dumps(sequential(DENSE, bad)).encode()
    for name, data in (("m.keras", keras(sequential(DENSE, bad))), ("m.h5", hdf5(text))):
        (finding,) = [c for c in claims(look, {name: data}) if isinstance(c, Finding)]
        assert (finding.rule, finding.severity) == ("keras.lambda-code", Severity.CRITICAL)
        assert "system" in finding.trail[0]
    assert rules(text, "model.json") == ["keras.lambda-code"]


def test_byte_code_in_the_metadata_of_a_saved_model_is_seen() -> None:
    node = field(3, "root.layer") + field(4, "_tf_keras_layer") + field(5, json.dumps(old_lambda()))
    metadata = field(1, field(1, field(1, 1)) + field(2, 1) + node)
    assert rules(metadata, "keras_metadata.pb") == ["keras.lambda-code"]


@pytest.mark.parametrize(
    ("bad", "rule"),
    [
        (layer("system", "os", command="id"), "foreign-module"),
        (layer("Popen", "subprocess", args="id"), "foreign-module"),
        (layer("run", "some_package", args="id"), "foreign-module"),
        (layer("get_file", "keras.utils", origin="http://x"), "file-function"),
        (layer("Lambda", function=function("keras.utils", "get_file")), "file-function"),
        (layer("Lambda", function=function("keras.models", "load_model")), "file-function"),
        (layer("Lambda", function=function("builtins", "exec")), "foreign-module"),
        (layer("Dense", activation=function("os", "system")), "foreign-module"),
        (layer("TFSMLayer", filepath="/tmp/other"), "other-model"),
        (layer("StringLookup", vocabulary="/etc/passwd"), "file-path"),
        (layer("TextVectorization", vocabulary="http://x/v.txt"), "file-path"),
        (layer("MyLayer", "my_package.layers"), "custom-object"),
        (layer("My>MyLayer", None), "custom-object"),
        (layer("Dense", activation=function("builtins", "my_activation")), "custom-object"),
        (layer("Lambda", None, function="my_function", function_type="function"), "lambda"),
    ],
)
def test_what_keras_does_not_define_is_told_by_what_it_can_do(bad: dict, rule: str) -> None:
    assert rules(keras(sequential(DENSE, bad))) == [f"keras.{rule}"]


def test_functions_of_keras_that_compute_are_fine() -> None:
    ok = layer("Dense", activation=function("keras.activations", "relu"))
    assert rules(keras(sequential(ok, layer("Dense", loss=function("builtins", "mse"))))) == []


def test_a_pickled_torch_module_is_critical_and_its_pickle_a_layer() -> None:
    payload = pickle.dumps({"a": 1}, 2) + bytes(20)
    bad = layer("TorchModuleWrapper", "keras.layers")
    bad["config"]["module"] = base64.b64encode(payload).decode()
    data = keras(sequential(bad))
    assert rules(data) == ["keras.torch-module"]
    parts = SampleModel({"m.keras": data}, Limits()).parts()
    assert "pickle" in [part.format for part in parts]


def test_a_name_that_is_written_with_escapes_is_seen() -> None:
    text = json.dumps(sequential(LAMBDAS[0])).replace("class_name", "cl\\u0061ss_name").encode()
    assert rules(text, "model.json") == ["keras.lambda-code"]


def test_a_long_configuration_is_read_whole() -> None:
    many = [DENSE] * 6000
    assert rules(keras(sequential(*many, LAMBDAS[0]))) == ["keras.lambda-code"]


def test_an_object_with_two_classes_is_a_finding() -> None:
    text = b'{"class_name": "Lambda", "class_name": "Dense", "module": "keras", "config": {}}'
    assert rules(text, "model.json") == ["keras.shadowed-name"]


def test_other_json_with_similar_words_is_left_alone() -> None:
    text = json.dumps({"items": [{"class_name": "TextNode", "config": {"vocabulary": "en"}}]})
    assert rules(text.encode(), "config.json") == []
