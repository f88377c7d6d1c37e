# SPDX-License-Identifier: Apache-2.0
"""Python modules are followed to what they do and when, and never run."""

import contextlib
import time

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from steelyard.core.errors import LimitError, MalformedError
from steelyard.formats.nesting import identify
from steelyard.formats.python import LONGEST, odd_encoding
from steelyard.formats.python_acts import Act, examine
from steelyard.formats.python_dangers import Dangers
from steelyard.formats.source import BytesSource
from steelyard.knowledge import entry
from tests.samples.modules import ACTS, HARMLESS, HIDDEN, MODELING

DANGERS = msgspec.json.decode(entry("code", "effects"), type=Dangers)
ALL = [MODELING, *HIDDEN.values(), *ACTS.values(), *HARMLESS.values()]
PIECES = st.sampled_from(
    [
        *(
            "import os\n",
            "from os import system\n",
            "x = ",
            "os",
            ".system",
            "(",
            ")",
            "[",
            "]",
            "'a'",
            ",",
        ),
        *(
            "\n",
            " if ",
            " else ",
            "lambda: ",
            "def f():\n  ",
            "class A:\n  ",
            "@",
            "return ",
            "x",
            "exec",
        ),
        *(
            "getattr(",
            "+",
            "for x in ",
            ":",
            "global x\n",
            "__import__(",
            "=",
            "*",
            "await ",
            "f'{x}'",
        ),
    ]
)


def acts(module: str) -> tuple[Act, ...]:
    return examine(module, DANGERS).acts


@pytest.mark.parametrize("module", HIDDEN.values(), ids=HIDDEN)
def test_a_call_counts_as_what_it_is_and_as_soon_as_it_runs(module: str) -> None:
    assert ("process", "import") in [(act.kind, act.when) for act in acts(module)]


@pytest.mark.parametrize(("name", "module"), ACTS.items(), ids=ACTS)
def test_each_kind_of_act_is_told_apart(name: str, module: str) -> None:
    kind = {"downloaded": "decoded"}.get(name, name.split()[0])
    assert kind in [act.kind for act in acts(module)]


@pytest.mark.parametrize("module", HARMLESS.values(), ids=HARMLESS)
def test_what_only_looks_dangerous_is_no_act(module: str) -> None:
    assert acts(module) == ()


def test_ordinary_model_code_does_nothing_on_import() -> None:
    assert [(act.kind, act.when) for act in acts(MODELING)] == [
        ("write", "call"),
        ("process", "script"),
    ]


@pytest.mark.parametrize(
    ("module", "when"),
    [
        ("import os\nos.system('id')", "import"),
        ("import os\ndef f(): os.system('id')", "call"),
        ("import os\nclass A:\n  def run(self): os.system('id')\na = A()", "call"),
        ("import os\nclass A:\n  def run(self): os.system('id')\nA().run()", "import"),
        ("import os\nif __name__ == '__main__':\n  os.system('id')", "script"),
        ("import os\ndef main(): os.system('id')\nif __name__ == '__main__':\n  main()", "script"),
        ("import os\nif __name__ != '__main__':\n  os.system('id')", "import"),
        ("import os\nif __name__ == '__main__':\n  pass\nelse:\n  os.system('id')", "import"),
        ("import os\ntry:\n  pass\nfinally:\n  os.system('id')", "import"),
        ("from __future__ import annotations\nimport os\ndef f(x: os.system('id')): pass", None),
        ("import os\ndef f():\n  global g\n  g = os.system\ndef h(): g('id')", "call"),
        (
            "import os\ndef load(): os.system('id')\nimport torch\ntorch.load('x', weights_only=True)",
            "call",
        ),
    ],
)
def test_it_is_told_when_something_runs(module: str, when: str | None) -> None:
    assert [act.when for act in acts(module)] == ([when] if when else [])


def test_an_act_says_where_and_how() -> None:
    (act,) = acts("import os\nx = 'i'\ngetattr(os, 'sys' + 'tem')(\n  x + 'd')\n")
    assert act == Act(
        kind="process",
        when="import",
        line=3,
        written="getattr(os, 'sys' + 'tem')( x + 'd')",
        trail=("calls os.system", "with 'id'"),
    )


def test_imports_are_listed() -> None:
    module = "import a.b as c, d\nfrom e.f import g\nfrom . import h\nfrom .i import j\n"
    assert examine(module, DANGERS).imports == ("a.b", "d", "e.f", ".", ".h", ".i")


@pytest.mark.parametrize("module", ["print 'x'", "def f(:", "x = 1\n  y = 2", "a\0b", "if"])
def test_what_is_no_python_is_malformed(module: str) -> None:
    with pytest.raises(MalformedError, match="no Python"):
        acts(module)


@pytest.mark.parametrize(
    "module",
    [
        "-" * 100_000 + "1",
        "a" + ".b" * 50_000,
        "a" + "()" * 50_000,
        "a" + "+b" * 50_000,
        "lambda:" * 50_000 + "1",
        "x" * (LONGEST + 1),
        "import os\nx = os\n" + "".join(f"x = x.a{i % 50}\n" for i in range(3_000)),
    ],
    ids=["minus", "attributes", "calls", "sum", "lambdas", "length", "origins"],
)
def test_depth_length_and_origins_are_bounded(module: str) -> None:
    with pytest.raises(LimitError):
        acts(module)


@pytest.mark.parametrize(
    "module",
    [
        "import base64\n" + "exec(f(x))\n" * 2_000 + "x = 1\n" * 2_000,
        "x = [x[0], x[1]]\n" * 2_000 + "x[0]()",
        "import os\nd = {"
        + ",".join(f"'{i}': os.system" for i in range(2_000))
        + "}\n"
        + "d[k]('x')\n" * 50,
        "import os\n"
        + "".join(f"a{i} = a{i + 1} + a{i + 1}\n" for i in range(300))
        + "getattr(os, a0)('x')",
        "".join(f"def f{i}(): f{i + 1}()\n" for i in range(4_000)) + "f0()",
        "import os\n" + "getattr(os, 'a' + 'b' * 9)(1)\n" * 2_000,
        "import os\nos" + ".sys" * 60 + ".system('id')",
    ],
)
def test_hostile_modules_are_done_with_in_seconds(module: str) -> None:
    begin = time.thread_time()
    with contextlib.suppress(MalformedError):
        acts(module)
    assert time.thread_time() - begin < 5


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("# -*- coding: utf-8 -*-\n", ""),
        ("# coding=latin-1\n", ""),
        ("#!/usr/bin/python\n# vim: set fileencoding=UTF-7 :\n", "UTF-7"),
        ("# coding: unicode_escape\n", "unicode_escape"),
        ("\n\n# coding: utf-7\n", ""),
        ("x = '# coding: utf-7'\n", ""),
    ],
)
def test_an_odd_encoding_is_told(text: str, encoding: str) -> None:
    assert odd_encoding(text) == encoding


@pytest.mark.parametrize(
    ("name", "data", "form"),
    [
        ("a.py", b"x = 1", "python"),
        ("run", b"#!/usr/bin/env python3\n", "python"),
        ("run", b"#!/bin/sh\n", "text"),
        ("a.py", b"\x7fELF\0\0", None),
    ],
)
def test_python_is_told_by_its_name_or_its_interpreter(
    name: str, data: bytes, form: str | None
) -> None:
    found = identify(name, BytesSource(data)).id
    assert found == form if form else found != "python"


@settings(max_examples=200)
@given(st.lists(PIECES, max_size=25).map("".join) | st.text(max_size=50))
@example("import os\nx: os.system = 1")
def test_any_text_ends_in_acts_or_is_refused(module: str) -> None:
    try:
        found = acts(module)
    except MalformedError:
        return
    assert all(act.line >= 1 for act in found)


@settings(max_examples=60)
@given(st.sampled_from(ALL), st.integers(0, 3000), st.integers(0, 3000))
def test_any_piece_of_a_module_ends_in_acts_or_is_refused(
    module: str, start: int, size: int
) -> None:
    try:
        acts(module[start : start + size])
    except MalformedError:
        return


def test_nothing_is_compiled_or_run(never_runs) -> None:
    acts(MODELING)
    with never_runs as tried:
        for module in ALL:
            acts(module)
    assert tried == []
