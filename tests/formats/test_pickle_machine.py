# SPDX-License-Identifier: Apache-2.0
"""The machine follows every pickle the way unpicklers do, and runs none of it."""

import collections
import pickle
import pickletools
import random
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steelyard.core.limits import Limits
from steelyard.formats.pickle_machine import Machine
from steelyard.formats.pickle_values import Container, Global
from steelyard.formats.port import Budget
from steelyard.formats.source import BytesSource
from tests.samples import pickles as p

PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.binary()
    | st.integers(min_value=2**60, max_value=2**3000),
    lambda inner: (
        st.lists(inner)
        | st.tuples(inner, inner)
        | st.dictionaries(st.text(), inner)
        | st.sets(st.integers())
        | st.frozensets(st.text())
    ),
    max_leaves=12,
)
PROTOCOLS = st.integers(0, pickle.HIGHEST_PROTOCOL)


def follow(data: bytes, **limits: int) -> Machine:
    return Machine(BytesSource(data), 0, Budget(Limits(**limits))).run()


def did(data: bytes) -> list[tuple[str, str]]:
    return [(event.kind, event.text) for event in follow(data).log.events]


def imports(machine: Machine) -> set[tuple[str, str]]:
    found = [event.target for event in machine.log.events if event.kind == "import"]
    return {(value.module, value.name) for value in found if isinstance(value, Global)}


@settings(max_examples=120)
@given(PLAIN, PROTOCOLS)
def test_plain_values_of_every_protocol_are_followed_to_the_end(value, protocol) -> None:
    data = pickle.dumps(value, protocol)
    machine = follow(data)
    assert machine.stopped
    assert machine.error == ""
    assert machine.state.end == len(data)
    assert machine.opcodes == sum(1 for _ in pickletools.genops(data))
    helpers = {"_codecs.encode", "__builtin__.set", "__builtin__.frozenset", "__builtin__.bytes"}
    named = {f"{module}.{name}" for module, name in imports(machine)}
    assert named <= {*helpers, "builtins.set", "builtins.frozenset"}
    assert protocol < 4 or not named


@pytest.mark.parametrize("seed", range(8))
def test_whatever_an_unpickler_imports_is_noted(seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(400):
        data = p.program(chance, chance.randrange(2, 24))
        machine = follow(data)
        computed = any(event.kind == "name" for event in machine.log.events)
        for in_python in (False, True):
            imported, whole = p.unpickled(data, in_python=in_python)
            assert computed or imported <= imports(machine), data
            assert machine.stopped or not whole, data


@settings(max_examples=60)
@given(st.data())
def test_a_pickle_that_is_cut_off_keeps_what_it_did_before(data) -> None:
    whole = p.whole(p.call(p.stack_name("os", "system"), "id"), p.value(["x" * 40]), b"0")
    cut = data.draw(st.integers(0, len(whole) - 1))
    machine = follow(whole[:cut])
    assert not machine.stopped
    assert machine.error
    assert (len(machine.log.events) >= 2) == (cut >= whole.index(b"R") + 1)


@pytest.mark.parametrize(
    ("why", "data"),
    [
        ("protocol 0", b"cos\nsystem\n(S'id'\ntR."),
        ("INST", b"(S'id'\nios\nsystem\n."),
        ("OBJ", b"(cos\nsystem\nS'id'\no."),
        ("names from the memo", p.proto() + p.text("os") + b"\x940" + p.text("system")
         + b"\x940h\x00h\x01\x93" + p.text("id") + b"\x85R."),
        ("memo slots copied to others (fickling GHSA-r7v6-mfhq-g3m2)", p.proto() + p.text("os")
         + b"q\x000" + p.text("system") + b"q\x010h\x00q\x050h\x01q\x060h\x05h\x06\x93"
         + p.text("id") + b"\x85R."),
        ("escaped names", p.proto() + b"Vo\\u0073\nVsyst\\u0065m\n\x93" + p.text("id") + b"\x85R."),
        ("quoted names", p.proto(2) + b"S'o\\x73'\nS\"s\\171stem\"\n\x93" + p.text("id") + b"\x85R."),
        ("a frame", p.proto() + b"\x95" + struct.pack("<Q", 40)
         + p.call(p.stack_name("os", "system"), "id") + b"."),
        ("DUP and POP", p.proto() + p.stack_name("os", "system") + b"20" + p.text("id") + b"\x85R."),
        ("a mark that POP takes away", p.proto() + b"(0" + p.call(p.name("os", "system"), "id") + b"."),
        ("filling nothing, which C passes over", b"N(\x900" + p.call(p.name("os", "system"), "id") + b"."),
        ("a lone surrogate before it", p.proto() + b"\x8c\x03\xed\xa0\x800"
         + p.call(p.stack_name("os", "system"), "id") + b"."),
        ("an opcode that does not exist behind it", p.SYSTEM[:-1] + b"\xff"),
        ("a constant of 1 TiB behind it", p.SYSTEM[:-1] + b"0\x8e" + struct.pack("<Q", 1 << 40)),
        ("a result that is thrown away", p.proto() + p.call(p.name("os", "system"), "id") + b"0}."),
        ("a digit string that ends at a NUL", b"L10 \x00LLL\n0" + p.call(p.name("os", "system"), "id") + b"."),
    ],
)  # fmt: skip
def test_a_call_is_seen_however_it_is_written(why: str, data: bytes) -> None:
    calls = [text for kind, text in did(data) if kind == "call"]
    assert len(calls) == 1
    assert calls[0].startswith("os.system(")


def test_a_name_that_is_not_a_constant_is_no_import_but_an_event_of_its_own() -> None:
    computed = p.call(p.stack_name("builtins", "str"), b"os", "ascii")
    data = p.whole(computed, p.text("system"), b"\x93", p.text("id"), b"\x85R")
    kinds = [kind for kind, _ in did(data)]
    assert kinds == ["import", "call", "name", "call"]


def test_what_is_built_or_filled_is_noted_unless_it_is_a_plain_container() -> None:
    environ = p.whole(p.name("os", "environ"), p.text("A"), p.text("b"), b"s")
    assert did(environ)[-1] == ("fill", "SETITEM os.environ ('A', 'b')")
    patched = p.whole(p.build(p.name("a", "B"), {"f": p.name("os", "system")}))
    assert [kind for kind, _ in did(patched)] == ["import", "import", "value", "build"]
    assert did(p.whole(p.value({"a": [1, {2: 3}]}))) == []


def test_extension_codes_and_persistent_ids_are_kept() -> None:
    machine = follow(p.whole(b"\x82\x05", b"0", p.value(("storage", "x")), b"Q"))
    assert [(event.kind, event.text) for event in machine.log.events] == [
        ("extension", "<extension code 5>")
    ]
    assert [reference.id for reference in machine.state.persistent] == [("storage", "x")]


def test_millions_of_like_calls_are_one_event_with_a_count() -> None:
    one = p.call(p.name("numpy", "float64"), 1.5)
    machine = follow(p.whole(b"(", one * 30_000, b"l"))
    calls = [event for event in machine.log.events if event.kind == "call"]
    assert sum(event.count for event in calls) == 30_000
    assert len(calls) == 1


def test_too_many_different_calls_are_never_passed_over_in_silence() -> None:
    many = b"".join(p.name(f"a{i}", "B") + b"0" for i in range(5_000))
    machine = follow(p.whole(many, b"N"))
    assert "more than 4,096 different" in machine.error
    assert len(machine.log.events) == 4096


def test_the_opcode_budget_ends_it_and_keeps_what_was_seen() -> None:
    machine = follow(p.whole(p.call(p.name("os", "system"), "id"), b"0N" * 5000, b"N"), opcodes=100)
    assert "pickle opcodes" in machine.error
    assert imports(machine) == {("os", "system")}


def test_long_constants_are_passed_over_without_being_read() -> None:
    class Watched(BytesSource):
        read_bytes = 0

        def read(self, offset: int, size: int) -> bytes:
            data = super().read(offset, size)
            self.read_bytes += len(data)
            return data

    big = bytes(30 << 20)
    source = Watched(p.whole(p.value({"a": big}), p.text("end"), b"\x86"))
    machine = Machine(source, 0, Budget(Limits())).run()
    assert machine.stopped
    assert source.read_bytes < 1 << 20


def test_the_trail_tells_how_a_call_came_about() -> None:
    imported = p.call(p.stack_name("builtins", "__import__"), "os")
    found = p.call(p.stack_name("builtins", "getattr"), imported, "system")
    machine = follow(p.whole(p.call(found, "id")))
    last = machine.log.events[-1]
    assert last.text == "builtins.getattr(builtins.__import__('os'), 'system')('id')"
    assert [line.partition(": ")[2] for line in last.trail] == [
        "STACK_GLOBAL builtins.getattr",
        "STACK_GLOBAL builtins.__import__",
        "REDUCE builtins.__import__('os')",
        "REDUCE builtins.getattr(builtins.__import__('os'), 'system')",
        "REDUCE builtins.getattr(builtins.__import__('os'), 'system')('id')",
    ]


def test_expressions_are_printable_and_of_bounded_length() -> None:
    data = p.whole(p.call(p.name("a\x1b[31mb", "c"), "x" * 500, [list(range(100))] * 50))
    for _, text in did(data):
        assert text.isprintable()
        assert len(text) <= 300


def test_nested_values_do_not_exhaust_the_stack() -> None:
    deep = b"N" + b"\x85" * 200_000
    machine = follow(p.whole(p.name("a", "B"), deep, b"\x85R"))
    assert machine.stopped
    deep_lists = p.whole(b"]" * 100_000 + b"a" * 99_999)
    assert follow(deep_lists).stopped


def test_a_dictionary_keeps_what_a_reader_of_tensors_needs() -> None:
    state = {f"k{i}": p.call(p.name("torch._utils", "_rebuild_tensor_v2"), i) for i in range(40)}
    result = follow(p.whole(p.value(state))).result
    assert isinstance(result, Container)
    assert [key for key, _ in result.pairs()] == [f"k{i}" for i in range(40)]


# ---- joblib


F8 = p.dtype("<f8")


@pytest.mark.parametrize("padding", [None, b"", b"\xff" * 7])
def test_the_bytes_of_a_joblib_array_are_passed_over(padding) -> None:
    array = p.joblib_array(bytes(range(160)), (4, 5), F8, padding)
    data = p.whole(b"(", array, p.call(p.stack_name("os", "system"), "id"), b"l")
    machine = follow(data)
    assert machine.stopped
    assert ("os", "system") in imports(machine)


def test_an_array_of_objects_is_a_pickle_inside_the_stream() -> None:
    inner = p.whole(p.call(p.stack_name("os", "system"), "id"))
    objects = p.dtype("|O8", (3, "|", None, None, None, -1, -1, 63))
    machine = follow(p.whole(p.joblib_array(inner, (1,), objects), b"0N"))
    assert machine.stopped
    assert ("os", "system") in imports(machine)


def test_structured_element_types_are_measured() -> None:
    fields = {"a": (p.dtype("<i4"), 0), "b": (F8, 4)}
    record = p.dtype("|V12", (3, "|", None, ("a", "b"), fields, 12, 1, 0))
    machine = follow(p.whole(p.joblib_array(bytes(36), (3,), record)))
    assert machine.stopped


@pytest.mark.parametrize(
    ("state", "told"),
    [
        ((3, "|", None, ("a",), {"a": (p.dtype("|O8"), 0)}, 8, 1, 0), "contradicts itself"),
        ((3, "|", None, ("a",), {"a": (F8, 9)}, 8, 1, 0), "lies outside"),
        ((3, "|", None, ("a", "b"), {"a": (F8, 0)}, 8, 1, 1), "contradicts itself"),
    ],
)
def test_element_types_that_contradict_themselves_are_not_measured(state, told: str) -> None:
    machine = follow(p.whole(p.joblib_array(bytes(8), (1,), p.dtype("|V8", state))))
    assert told in machine.error


def test_an_array_longer_than_the_file_ends_it() -> None:
    machine = follow(p.whole(p.joblib_array(bytes(8), (1 << 40,), F8)))
    assert "exceeds the file" in machine.error


def test_bytes_of_an_array_that_are_opcodes_for_another_loader_are_noted() -> None:
    hidden = p.call(p.stack_name("os", "system"), "id") + b"."
    hidden += bytes(-len(hidden) % 8)
    machine = follow(p.whole(p.joblib_array(hidden, (len(hidden) // 8,), F8)))
    assert imports(machine) & {("os", "system")} == set()
    assert "os.system('id')" in [event.text for event in machine.hidden]


@settings(max_examples=40)
@given(st.binary(min_size=80, max_size=80))
def test_ordinary_bytes_of_an_array_are_no_hidden_opcodes(data: bytes) -> None:
    machine = follow(p.whole(p.joblib_array(data, (10,), F8, b"\xff" * 3)))
    assert machine.stopped
    assert machine.hidden == []


def test_a_default_dict_and_a_counter_are_followed_in_every_protocol() -> None:
    value = [collections.defaultdict(list, a=[1]), collections.Counter("abca"), 1 + 2j, range(3)]
    for protocol in range(6):
        machine = follow(pickle.dumps(value, protocol))
        assert machine.stopped
        assert machine.error == ""
