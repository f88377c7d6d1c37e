# SPDX-License-Identifier: Apache-2.0
"""A skops archive of data and estimators has no finding; one that names what runs has one."""

import io
import json
import zipfile
from typing import Any

import pytest

from steelyard.checks.skops import look
from steelyard.core.claim import Finding
from tests.samples.weights import claims


def node(loader: str, module: str, name: str, content: Any = None) -> dict[str, Any]:
    return {"__class__": name, "__module__": module, "__loader__": loader, "content": content}


def skops(schema: object) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(zipfile.ZipInfo("schema.json"), json.dumps(schema))
    return file.getvalue()


def rules(schema: object) -> list[str]:
    found = claims(look, {"m.skops": skops(schema)})
    return [claim.rule for claim in found if isinstance(claim, Finding)]


FITTED = node(
    "ObjectNode",
    "sklearn.linear_model._logistic",
    "LogisticRegression",
    node(
        "DictNode",
        "builtins",
        "dict",
        {
            "note": node("JsonNode", "builtins", "str", "import os; os.system('id')"),
            "coef_": node("NdArrayNode", "numpy", "ndarray"),
            "func": node("FunctionNode", "numpy", "log1p"),
            "part": node("PartialNode", "functools", "partial"),
            "key": node("OperatorFuncNode", "operator", "itemgetter"),
            "kind": node("TypeNode", "builtins", "int"),
        },
    ),
)


def test_a_fitted_estimator_has_no_finding() -> None:
    assert rules(FITTED) == []


@pytest.mark.parametrize(
    ("bad", "rule"),
    [
        (node("FunctionNode", "os", "system"), "dangerous-type"),
        (node("FunctionNode", "builtins", "eval"), "dangerous-type"),
        (node("ObjectNode", "subprocess", "Popen"), "dangerous-type"),
        (node("FunctionNode", "numpy", "fromfile"), "dangerous-type"),
        (node("OperatorFuncNode", "operator", "methodcaller"), "dangerous-type"),
        (node("TypeNode", "numpy", "a b"), "dangerous-type"),
        (
            node("FunctionNode", "numpy", "add", {"module_path": "os", "function": "system"}),
            "dangerous-type",
        ),
        (node("MethodNode", "numpy", "ndarray", {"func": "tofile"}), "dangerous-type"),
        (node("MethodNode", "numpy", "ndarray", {"func": "__reduce__"}), "dangerous-type"),
        (node("ObjectNode", "my_package", "Model"), "unknown-type"),
        (node("EvilNode", "numpy", "ndarray"), "unknown-loader"),
    ],
)
def test_a_node_that_names_something_else_is_a_finding_however_deep(bad: dict, rule: str) -> None:
    schema = node(
        "ListNode", "builtins", "list", [FITTED, node("DictNode", "builtins", "dict", {"a": bad})]
    )
    assert rules(schema) == [f"skops.{rule}"]


def test_a_long_schema_is_read_whole() -> None:
    many = [node("JsonNode", "builtins", "str", "x" * 40)] * 12_000
    schema = node("ListNode", "builtins", "list", [*many, node("FunctionNode", "os", "system")])
    assert rules(schema) == ["skops.dangerous-type"]


def test_a_member_name_written_with_escapes_is_seen() -> None:
    text = json.dumps(node("FunctionNode", "os", "system")).replace("__loader", "__\\u006coader")
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("schema.json", text)
    found = claims(look, {"m.skops": file.getvalue()})
    assert "skops.dangerous-type" in [c.rule for c in found if isinstance(c, Finding)]
