# SPDX-License-Identifier: Apache-2.0
"""Code that comes with a model is weighed by what it does, when, and in what file."""

import json

import pytest

from steelyard.checks.code import look
from steelyard.checks.code.descriptors import DESCRIPTORS
from steelyard.core.claim import Finding, Gap, Measurement, Severity
from tests.samples.archives import tarred
from tests.samples.modules import ACTS, HARMLESS, HIDDEN, MODELING
from tests.samples.weights import claims

COMMAND = b"import os\nos.system('id')\n"


def findings(files: dict[str, bytes]) -> list[Finding]:
    return [claim for claim in claims(look, files) if isinstance(claim, Finding)]


def verdicts(files: dict[str, bytes]) -> list[tuple[str, str]]:
    return [(found.rule, str(found.severity)) for found in findings(files)]


def config(**members: object) -> bytes:
    return json.dumps(members).encode()


def test_ordinary_model_code_is_only_reviewed_for_being_there() -> None:
    files = {
        "config.json": config(auto_map={"AutoModel": "modeling_small.SmallModel"}),
        "modeling_small.py": MODELING.encode(),
        "configuration_small.py": b"from transformers import PretrainedConfig\nclass SmallConfig(PretrainedConfig): pass\n",
    }
    assert verdicts(files) == [("code.remote-local", "medium"), ("code.runs-command", "low")]


@pytest.mark.parametrize("module", HARMLESS.values(), ids=HARMLESS)
def test_harmless_code_gives_no_finding(module: str) -> None:
    assert findings({"modeling_x.py": module.encode()}) == []


@pytest.mark.parametrize("module", [*HIDDEN.values()], ids=[*HIDDEN])
def test_a_command_on_import_is_high(module: str) -> None:
    assert ("code.runs-command", "high") in verdicts({"x.py": module.encode()})


@pytest.mark.parametrize(
    ("what", "severity"),
    [
        ("decoded", "critical"), ("fetch", "critical"), ("evaluate", "high"), ("native", "high"),
        ("build", "medium"), ("unpickle", "high"), ("network", "high"), ("write", "high"),
        ("credentials", "high"), ("secret-variable", "medium"), ("computed", "high"),
        ("dynamic-import", "medium"), ("internals", "medium"), ("escape", "high"),
        ("hook", "high"),
    ],
)  # fmt: skip
def test_what_happens_on_import_of_a_model_file_weighs_most(what: str, severity: str) -> None:
    (finding, *_) = findings({"modeling_x.py": ACTS[what].encode()})
    assert finding.severity == severity
    assert finding.where.startswith("modeling_x.py line:")
    assert finding.message.startswith("when it is imported: ")


@pytest.mark.parametrize("what", ["unpickle", "network", "write"])
def test_what_scripts_do_is_medium_in_a_script(what: str) -> None:
    assert [severity for _, severity in verdicts({"train.py": ACTS[what].encode()})] == ["medium"]


@pytest.mark.parametrize(
    "files",
    [
        {"config.json": config(auto_map={"AutoModel": "net.X"}), "net.py": b""},
        {
            "tokenizer_config.json": config(auto_map={"AutoTokenizer": ["net.X", None]}),
            "net.py": b"",
        },
        {"config.json": config(custom_pipelines={"x": {"impl": "net.X"}}), "net.py": b""},
        {"modules.json": b'[{"idx": 0, "type": "net.X"}]', "net.py": b""},
        {"modeling_x.py": b"from .net import y\n", "net.py": b""},
        {"__init__.py": b"from . import net\n", "net.py": b""},
        {"handler.py": b"import net\n", "net.py": b""},
        {"modeling_x.py": b"from .a import b\n", "a.py": b"from .net import c\n", "net.py": b""},
    ],
)
def test_a_file_that_a_loader_reaches_is_no_script(files: dict[str, bytes]) -> None:
    files = {**files, "net.py": ACTS["network"].encode()}
    assert ("code.network", "high") in verdicts(files)


def test_inside_functions_it_is_for_review() -> None:
    body = "def f():\n  import subprocess, requests, pickle\n  subprocess.run(x)\n  requests.get(y)\n  pickle.load(z)\n  open(p, 'w')\n"
    assert verdicts({"modeling_x.py": body.encode()}) == [
        ("code.runs-command", "medium"),
        ("code.network", "low"),
        ("code.unpickles", "low"),
    ]


@pytest.mark.parametrize(
    ("files", "found"),
    [
        ({"config.json": config(auto_map={"AutoModel": "m.X"})}, ("code.remote-local", "medium")),
        ({"config.json": config(auto_map={"AutoModel": "a/b--m.X"})}, ("code.remote-foreign", "high")),
        ({"config.json": config(text_config={"auto_map": {"A": "a/b--m.X"}})}, ("code.remote-foreign", "high")),
        ({"config.json": b'{"auto_map": {"A": "a/b--m.X"}, "auto_map": {}}'}, ("code.remote-foreign", "high")),
        ({"tokenizer_config.json": config(auto_map={"A": [None, "a/b--m.X"]})}, ("code.remote-foreign", "high")),
        ({"config.json": config(trust_remote_code=True)}, ("code.trust-remote-code", "low")),
        ({"modules.json": b'[{"type": "os.system"}]'}, ("code.imports-module", "high")),
        ({"modules.json": b'[{"type": "mine.Thing"}]'}, ("code.imports-module", "medium")),
        ({"adapter_config.json": config(auto_mapping={"parent_library": "os", "base_model_class": "system"})},
         ("code.imports-module", "high")),
        ({"model_index.json": config(unet=["subprocess", "Popen"])}, ("code.imports-module", "high")),
        ({"model_index.json": config(unet=["unet_mine", "Net"]), "unet/unet_mine.py": b""},
         ("code.imports-module", "medium")),
    ],
)  # fmt: skip
def test_references_to_code_are_found(files: dict[str, bytes], found: tuple[str, str]) -> None:
    assert verdicts(files) == [found]


@pytest.mark.parametrize(
    "files",
    [
        {"config.json": config(model_type="llama", auto_map={})},
        {"config.json": config(trust_remote_code=False)},
        {"modules.json": b'[{"type": "sentence_transformers.models.Transformer"}]'},
        {
            "model_index.json": config(
                _class_name="X", unet=["diffusers", "UNet"], safety=[None, None]
            )
        },
        {"adapter_config.json": config(auto_mapping=None)},
        {"README.md": b"auto_map: a/b--m.X; os.system('id')"},
    ],
)
def test_ordinary_configurations_refer_to_none(files: dict[str, bytes]) -> None:
    assert findings(files) == []


def test_code_inside_an_archive_is_found() -> None:
    (found,) = findings({"m.tar": tarred([("a/modeling_x.py", COMMAND)])})
    assert (found.rule, found.where) == ("code.runs-command", "m.tar!a/modeling_x.py line:2")


def test_a_hidden_encoding_is_found() -> None:
    assert ("code.encoding", "high") in verdicts({"x.py": b"# coding: utf-7\n"})


def test_what_cannot_be_parsed_is_a_finding_and_a_gap() -> None:
    found = claims(look, {"x.py": b"print 'x'"})
    assert [claim.rule for claim in found if isinstance(claim, Finding)] == ["code.malformed"]
    assert [claim.name for claim in found if isinstance(claim, Gap)] == ["code.unreadable"]


def test_many_acts_of_one_kind_are_counted() -> None:
    found = findings({"x.py": b"import os\n" + b"os.system('id')\n" * 40})
    assert len(found) == 5
    assert found[-1].message.endswith("; and 35 more like it")


def test_files_are_counted() -> None:
    found = claims(look, {"a.py": b"\n", "modeling_b.py": b"\n", "c.txt": b"x"})
    assert [(m.metric, m.value) for m in found if isinstance(m, Measurement)] == [
        ("code.files", 2),
        ("code.imported-files", 1),
    ]


def test_every_kind_of_finding_can_be_found() -> None:
    files = {f"modeling_{index}.py": text.encode() for index, text in enumerate(ACTS.values())}
    files["a.py"] = b"# coding: utf-7\n" + COMMAND
    files["b.py"] = b"("
    files["config.json"] = config(auto_map={"A": "a.X", "B": "c/d--a.X"}, trust_remote_code=True)
    files["modules.json"] = b'[{"type": "mine.Thing"}]'
    assert {found.rule for found in findings(files)} == {each.id for each in DESCRIPTORS}


def test_the_worst_is_worse_than_the_rest() -> None:
    assert max(d.severity.rank for d in DESCRIPTORS) == Severity.CRITICAL.rank


@pytest.mark.parametrize(
    "module",
    [
        "import sys\nfor m in list(sys.modules.values()):\n    m.system('id')\n",
        "import sys\n[v for k, v in sys.modules.items() if k == 'os'][0].system('id')\n",
        "import sys\nfor n in sys.modules:\n    sys.modules[n].system('id')\n",
        "import sys\nfor m in {**sys.modules}.values(): m.system('id')\n",
        "import sys, operator\noperator.itemgetter('os')(sys.modules).system('id')\n",
        "import sys\nsys.modules.get('os').system('id')\n",
        "import random\nrandom._os.system('id')\n",
        "import os as o\nfor x in [o.system]: x('id')\n",
        "import sys\nsys._getframe(0).f_builtins['exec']('import os; os.system(1)')\n",
        "__loader__.load_module('os').system('id')\n",
        "import gc\n[o for o in gc.get_objects()][0]('id')\n",
        "import sys\nsys.meta_path.insert(0, object())\n",
        "[c for c in object.__subclasses__()][0].__init__.__globals__['x']('id')\n",
        "from pathlib import Path\nPath('~/.bashrc').expanduser().write_text('x')\n",
        "from pathlib import Path\n(Path.home() / '.bashrc').write_text('x')\n",
        "from transformers import AutoModel\nAutoModel.from_pretrained('a/b', trust_remote_code=True)\n",
    ],
)
def test_no_way_around_a_name_makes_an_act_on_import_less_than_high(module: str) -> None:
    found = findings({"modeling_x.py": module.encode()})
    assert {str(each.severity) for each in found} & {"high", "critical"}


@pytest.mark.parametrize(
    "module",
    [
        "import sys\nsys.modules[__name__].x = 1\nprint('os' in sys.modules)\n",
        "import sys\nthis = sys.modules[__name__]\nthis.run()\n",
        "from pathlib import Path\nTEXT = (Path(__file__).parent / 'x.txt').read_text()\n",
        "import torch\nACTS = [torch.relu, torch.nn.GELU]\n",
    ],
)
def test_looking_around_oneself_is_no_finding(module: str) -> None:
    assert findings({"modeling_x.py": module.encode()}) == []


@pytest.mark.parametrize("value", ["some-org/fast-kernel", "some-org/fast-kernel@v2:Layer"])
def test_attention_by_a_kernel_of_another_repository_is_foreign_code(value: str) -> None:
    assert verdicts({"config.json": config(_attn_implementation=value)}) == [
        ("code.remote-foreign", "high")
    ]


@pytest.mark.parametrize("value", ["sdpa", "flash_attention_2", {"text_config": "eager"}])
def test_attention_of_transformers_itself_is_no_finding(value: object) -> None:
    assert findings({"config.json": config(attn_implementation=value)}) == []


@pytest.mark.parametrize(
    "call",
    [
        "f()",
        "g = f\ng()",
        "f.__call__()",
        "f.__call__.__call__()",
        "g = f\ng.__call__()",
        "C.__call__().go()",
    ],
)
def test_a_function_called_by_its_call_method_runs_on_import(call: str) -> None:
    made = "import os\ndef f():\n    os.system('id')\nclass C:\n    def go(self):\n        f()\n"
    assert ("code.runs-command", "high") in verdicts({"x.py": f"{made}{call}\n".encode()})
    direct = b"import os\nos.system.__call__('id')\n"
    assert ("code.runs-command", "high") in verdicts({"x.py": direct})
