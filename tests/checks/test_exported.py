# SPDX-License-Identifier: Apache-2.0
"""What a graph of torch.export calls, evaluates or imports is a finding unless it computes."""

import io
import json
import zipfile

import pytest

from steelyard.checks import config, exported, pickle, torch
from steelyard.core.claim import Finding
from steelyard.core.limits import Limits
from steelyard.formats.nesting import identify, parts
from steelyard.formats.port import Budget
from steelyard.formats.source import BytesSource
from tests.samples.exported import node, payload, program, pt2
from tests.samples.weights import claims, facts

DEFAULTS = {
    "default_factory_module": "antigravity",
    "default_factory_name": "x",
    "dict_context": [],
}
CALLS = b"cos\nsystem\n(S'id'\ntR."


def rules(data: bytes, name: str = "model.pt2") -> list[str]:
    probes = (exported.look, config.look, torch.look, pickle.look)
    made = [claim for probe in probes for claim in claims(probe, {name: data})]
    return [claim.rule for claim in made if isinstance(claim, Finding)]


def spec(context: object) -> str:
    tree = {"type": "collections.defaultdict", "context": json.dumps(context), "children_spec": []}
    return json.dumps([1, tree])


@pytest.mark.parametrize(
    "graph",
    [
        program(),
        program("torch.ops.aten.sym_size.int", "_operator.ge", "_operator.getitem", "math.ceil"),
        program("torch.ops.higher_order.cond", "torch.sym_max", "torch._sym_sqrt"),
        program(expression="s0 + 2*FloorDiv(s1, 8)"),
        program(expression="Max(Integer(3), Mul(Integer(2), Symbol('s65', integer=True)))"),
        program(guard="L['x'].size()[0] >= 2 and L['args'][0][1].stride()[0] == 1"),
        program(spec=spec(DEFAULTS | {"default_factory_module": "builtins"})),
    ],
)
def test_a_graph_that_computes_is_no_finding(graph: dict) -> None:
    assert rules(pt2(graph)) == []


@pytest.mark.parametrize(
    ("graph", "rule"),
    [
        (program("torch.os.system"), "exported.function-call"),
        (program("torch.ops.load_library"), "exported.function-call"),
        (program("torch.ops.aten.__class__"), "exported.function-call"),
        (program("_operator.methodcaller"), "exported.function-call"),
        (program("math.__loader__"), "exported.function-call"),
        (program("torch.ops.mylib.op.default"), "exported.custom-operator"),
        (program("#ext:op"), "exported.custom-operator"),
        (program(expression="__import__('os').system('id')"), "exported.expression"),
        (program(expression="Max('open(1)', 3)"), "exported.expression"),
        (program(expression="s0.args"), "exported.expression"),
        (program(expression="lambdify"), "exported.expression"),
        (program(guard="L['x'].__class__"), "exported.expression"),
        (program(guard="1 #\n, 'a')\n  print()\n  torch._assert((1"), "exported.expression"),
        (program(guard="torch.load('x')"), "exported.expression"),
        (program(spec=spec(DEFAULTS)), "exported.imports-module"),
        (program(spec=spec([{"__enum__": True, "fqn": "a.b:C"}])), "exported.imports-module"),
    ],
)
def test_whatever_is_more_than_arithmetic_is_a_finding(graph: dict, rule: str) -> None:
    assert rules(pt2(graph)) == [rule]


def test_a_call_in_a_graph_within_a_graph_is_found_at_its_place() -> None:
    graph = program()
    inner = {"graph": {"nodes": [node("torch.os.system")]}}
    graph["graph_module"]["graph"]["nodes"][0]["inputs"] = [{"arg": {"as_graph": inner}}]
    (found,) = (c for c in claims(exported.look, {"m.pt2": pt2(graph)}) if isinstance(c, Finding))
    where = "m.pt2!model/models/model.json /graph_module/graph/nodes/0/inputs/0"
    assert found.where == f"{where}/arg/as_graph/graph/nodes/0/target"


def test_a_graph_is_known_outside_of_an_archive_and_with_escaped_keys() -> None:
    file = io.BytesIO()
    text = json.dumps(program("torch.os.system")).replace('"graph_module"', '"\\u0067raph_module"')
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("serialized_exported_program.json", text)
        archive.writestr("version", "8.2")
    assert rules(file.getvalue()) == ["exported.function-call"]


def test_a_target_of_hydra_beside_a_graph_is_still_judged() -> None:
    graph = program() | {"model": {"_target_": "os.system"}}
    assert rules(json.dumps(graph).encode(), "config.json") == ["config.dangerous-target"]


def test_the_bytes_of_a_tensor_are_opaque_only_where_the_table_says_their_number() -> None:
    fitting = (payload("weight_0", len(CALLS), dtype=1), CALLS)
    longer = (payload("weight_0", 4, dtype=1), CALLS)
    assert rules(pt2(weights={"w": fitting})) == []
    assert rules(pt2(weights={"w": longer})) == ["torch.storage-size", "pickle.call"]
    left_out = (payload("weight_1", 4), b"")
    assert rules(pt2(weights={"w": left_out})) == ["torch.storage-size"]


def test_pickles_of_an_archive_are_read_wherever_they_lie() -> None:
    members = {"data__constants__opaque_obj_0": CALLS, "extra__note": CALLS}
    assert rules(pt2(**members)) == ["pickle.call", "pickle.call"]
    pickled = (payload("weight_0", 4, pickled=True), CALLS)
    assert rules(pt2(weights={"w": pickled})) == ["pickle.call"]


def test_a_compiled_archive_says_so() -> None:
    assert rules(pt2(data__aotinductor__m__kernel=b"//")) == ["exported.compiled"]


def test_tensors_and_nodes_are_counted() -> None:
    told = facts([c for p in (exported, torch) for c in claims(p.look, {"m.pt2": pt2()})])
    assert (told["exported.nodes"], told["torch.tensors"]) == (1, 1)


def test_any_truncation_ends_in_a_result() -> None:
    data = pt2()
    assert identify("model.pt2", BytesSource(data)).id == "pt2"
    for end in range(0, len(data), 7):
        list(parts("model.pt2", BytesSource(data[:end]), Budget(Limits())))
