# SPDX-License-Identifier: Apache-2.0
"""Templates are found wherever they hide, and judged the same everywhere."""

import json

import pytest

from steelyard.checks.template import look
from steelyard.checks.template.descriptors import DESCRIPTORS
from steelyard.core.claim import Finding, Gap, Measurement, Severity
from tests.samples.archives import tarred, zipped
from tests.samples.templates import BLOCKED, CHATML, ESCAPES, GENUINE, REVIEWED
from tests.samples.weights import STRING, GgufWriter, claims

HOSTILE = ESCAPES["attribute"]


def findings(files: dict[str, bytes]) -> list[Finding]:
    return [claim for claim in claims(look, files) if isinstance(claim, Finding)]


def places(files: dict[str, bytes]) -> list[str]:
    critical = [found for found in findings(files) if found.rule == "template.escape"]
    return list(dict.fromkeys(found.where for found in critical))


def config(**members: object) -> bytes:
    return json.dumps(members).encode()


def gguf(**templates: str) -> bytes:
    writer = GgufWriter().key("general.architecture", STRING, "llama")
    for key, template in templates.items():
        writer = writer.key(f"tokenizer.{key.replace('__', '.')}", STRING, template)
    return writer.finish()


@pytest.mark.parametrize("template", GENUINE.values(), ids=GENUINE)
def test_a_genuine_template_gives_no_finding(template: str) -> None:
    files = {"tokenizer_config.json": config(chat_template=template)}
    assert findings(files) == []


@pytest.mark.parametrize(
    "template", [*ESCAPES.values(), *BLOCKED.values()], ids=[*ESCAPES, *BLOCKED]
)
def test_a_hostile_template_is_high_or_critical(template: str) -> None:
    found = findings({"tokenizer_config.json": config(chat_template=template)})
    assert max(finding.severity.rank for finding in found) >= Severity.HIGH.rank


@pytest.mark.parametrize("template", REVIEWED.values(), ids=REVIEWED)
def test_a_doubtful_template_is_medium(template: str) -> None:
    found = findings({"chat_template.jinja": template.encode()})
    assert max(finding.severity.rank for finding in found) == Severity.MEDIUM.rank


@pytest.mark.parametrize(
    ("files", "where"),
    [
        ({"tokenizer_config.json": config(chat_template=HOSTILE)}, "tokenizer_config.json /chat_template"),
        (
            {"tokenizer_config.json": config(chat_template=[{"name": "x", "template": CHATML},
                                                            {"name": "y", "template": HOSTILE}])},
            "tokenizer_config.json /chat_template/1/template",
        ),
        ({"a.json": config(chat_template={"tool_use": HOSTILE})}, "a.json /chat_template/tool_use"),
        ({"chat_template.json": config(chat_template=HOSTILE)}, "chat_template.json /chat_template"),
        ({"processor_config.json": config(a={"b": [{"chat_template": HOSTILE}]})},
         "processor_config.json /a/b/0/chat_template"),
        ({"x.json": b'{"chat_template": %s, "chat_template": "x"}' % json.dumps(HOSTILE).encode()},
         "x.json hidden:0/chat_template"),
        ({"x.json": config(chat_template=HOSTILE).replace(b"chat_", b"\\u0063hat_")},
         "x.json /chat_template"),
        ({"prompts.json": config(prompt=HOSTILE)}, "prompts.json /prompt"),
        ({"x.yaml": b"a:\n  chat_template: |\n    " + HOSTILE.encode()}, "x.yaml /a/chat_template"),
        ({"chat_template.jinja": b"\n\n" + HOSTILE.encode()}, "chat_template.jinja line:3"),
        ({"prompt.J2": HOSTILE.encode()}, "prompt.J2 line:1"),
        ({"additional_chat_templates/tool.txt": HOSTILE.encode()},
         "additional_chat_templates/tool.txt line:1"),
        ({"x.jinja": b'{{ "a"["__class__"] }}'}, "x.jinja line:1"),
        ({"m.tar": tarred([("c/chat_template.jinja", HOSTILE.encode())])},
         "m.tar!c/chat_template.jinja line:1"),
        ({"m.zip": zipped([("tokenizer_config.json", config(chat_template=HOSTILE))])},
         "m.zip!tokenizer_config.json /chat_template"),
        ({"m.gguf": gguf(chat_template=HOSTILE)}, "m.gguf /tokenizer.chat_template"),
        ({"m.gguf": gguf(chat_template="x", chat_template__tool_use=HOSTILE)},
         "m.gguf /tokenizer.chat_template.tool_use"),
    ],
)  # fmt: skip
def test_a_template_is_found_wherever_it_hides(files: dict[str, bytes], where: str) -> None:
    assert places(files) == [where]


def test_a_template_in_a_large_document_is_found() -> None:
    vocabulary = {f"token {index}": index for index in range(60_000)}
    data = config(model={"vocab": vocabulary}, chat_template=HOSTILE, more=vocabulary)
    assert len(data) > 2 << 20
    assert places({"tokenizer.json": data}) == ["tokenizer.json /chat_template"]


def test_a_vocabulary_of_braces_is_no_template() -> None:
    tokens = {token: index for index, token in enumerate(["{{", "}}", "{%", "__class__", "{{ x"])}
    assert claims(look, {"tokenizer.json": config(model={"vocab": tokens})})[-1].value == 0


def test_a_prompt_of_another_language_is_not_reported_as_malformed() -> None:
    text = "Answer as {{'a': {x}}} and {% of %}"
    assert findings({"prompts.json": config(prompt=text)}) == []


def test_what_cannot_be_parsed_is_a_finding_and_a_gap() -> None:
    found = claims(look, {"tokenizer_config.json": config(chat_template="{% if %}")})
    assert [(claim.rule, claim.severity) for claim in found if isinstance(claim, Finding)] == [
        ("template.malformed", "medium")
    ]
    assert [claim.name for claim in found if isinstance(claim, Gap)] == ["template.unreadable"]


def test_too_many_templates_are_a_gap() -> None:
    data = config(chat_template={str(index): "x" for index in range(2_100)})
    found = claims(look, {"tokenizer_config.json": data})
    assert [claim.name for claim in found if isinstance(claim, Gap)] == ["template.unreadable"]


def test_many_remarks_of_one_kind_are_counted() -> None:
    template = "\n".join(f"{{{{ x{index}.__class__ }}}}" for index in range(30))
    found = findings({"chat_template.jinja": template.encode()})
    assert len(found) == 5
    assert found[-1].message.endswith("; and 25 more like it")


def test_templates_are_counted() -> None:
    files = {"a.jinja": b"x", "b.json": config(chat_template="y"), "README.md": b"{{ z }}"}
    (measured,) = [claim for claim in claims(look, files) if isinstance(claim, Measurement)]
    assert (measured.metric, measured.value) == ("template.templates", 2)


def test_the_same_bytes_give_the_same_claims() -> None:
    files = {f"{name}.jinja": text.encode() for name, text in {**ESCAPES, **REVIEWED}.items()}
    assert claims(look, files) == claims(look, files)


def test_every_kind_of_finding_can_be_found() -> None:
    templates = {
        **ESCAPES,
        **BLOCKED,
        **REVIEWED,
        "m": "{%",
        "r": "{% macro f(n) %}{{ f(n-1) }}{% endmacro %}",
    }
    files = {f"{index}.jinja": text.encode() for index, text in enumerate(templates.values())}
    assert {found.rule for found in findings(files)} == {each.id for each in DESCRIPTORS}
