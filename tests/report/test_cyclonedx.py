# SPDX-License-Identifier: Apache-2.0
"""The bill of materials of CycloneDX, held to the schema where its library is installed."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steelyard.core.claim import Fact, exactly
from steelyard.core.dossier import Dossier
from steelyard.core.evidence import Source, witness
from steelyard.knowledge.licence import known_licences
from steelyard.report.cyclonedx import render
from tests.samples import dossiers
from tests.samples.dossiers import descended, edge, node


def bill(made: Dossier) -> dict[str, Any]:
    return json.loads(render(made))


def model(made: Dossier) -> dict[str, Any]:
    return bill(made)["metadata"]["component"]


def said(component: dict[str, Any]) -> dict[str, str]:
    return {item["name"]: item["value"] for item in component["properties"]}


def declaring(*ids: str, raw: str = "") -> Dossier:
    claims = [
        ("licence", Fact(name="licence.declared", value={"by": "card", "raw": id, "id": id}))
        for id in ids
    ]
    if raw:
        value = {"by": "card", "raw": raw, "id": None}
        claims.append(("licence", Fact(name="licence.declared", value=value)))
    return dossiers.dossier("x", [dossiers.artifact("README.md")], claims)


@pytest.fixture(scope="module")
def problem():
    """Return what the schema of CycloneDX 1.6 holds against a text, or None."""
    pytest.importorskip("jsonschema", reason="pip install 'cyclonedx-python-lib[json-validation]'")
    validation = pytest.importorskip(
        "cyclonedx.validation.json", reason="pip install 'cyclonedx-python-lib[json-validation]'"
    )
    from cyclonedx.schema import SchemaVersion

    return validation.JsonStrictValidator(SchemaVersion.V1_6).validate_str


@pytest.mark.parametrize("make", dossiers.ALL)
def test_a_bill_holds_to_the_schema(problem, make) -> None:
    assert problem(render(make())) is None


def test_every_licence_there_are_facts_of_can_stand_in_a_bill(problem) -> None:
    ids = [licence.id for licence in known_licences()]
    assert problem(render(declaring(*ids))) is None
    kin = [node(""), *(node(f"a/{id}", "declared", id) for id in ids)]
    links = [edge("", f"a/{id}", "card", 3) for id in ids]
    assert problem(render(descended(kin, links))) is None


IDS = st.sampled_from(["", "a/b", "./c", "/data/d", "GPT-4", dossiers.NASTY])
GRAPHS = st.tuples(
    st.lists(
        st.builds(node, IDS, st.sampled_from(["declared", "presumed"]), st.text()), max_size=5
    ),
    st.lists(
        st.builds(
            edge,
            IDS,
            IDS,
            st.sampled_from(["card", "prose"]),
            st.integers(1, 7),
            relation=st.sampled_from(
                ["derived_from", "trained_on", "contains", "trained_on_outputs_of"]
            ),
        ),
        max_size=10,
    ),
)


@settings(max_examples=60, deadline=None)
@given(GRAPHS, st.text(max_size=40), st.text(max_size=40))
def test_any_graph_name_and_licence_make_a_sound_bill(problem, graph, name, raw) -> None:
    made = descended(*graph)
    claims = [(item.source.probe, item.claim) for item in made.evidence]
    claims.append(("licence", Fact(name="licence.declared", value={"by": "card", "raw": raw})))
    text = render(dossiers.dossier(name, made.subject.artifacts, claims))
    assert problem(text) is None
    refs = [match for match in text.split('"bom-ref": ')[1:]]
    refs = [ref.split("\n")[0] for ref in refs]
    assert len(refs) == len(set(refs))


def test_the_model_is_a_component_with_its_files_and_their_digests() -> None:
    made = dossiers.sound()
    component = model(made)
    assert component["type"] == "machine-learning-model"
    files = [part for part in component["components"] if part["type"] == "file"]
    assert [file["name"] for file in files] == [file.path for file in made.subject.artifacts]
    assert all(
        f"sha256:{file['hashes'][0]['content']}" == artifact.digest
        for file, artifact in zip(files, made.subject.artifacts, strict=True)
    )


def test_a_licence_of_the_spdx_list_is_named_by_its_id_and_any_other_by_its_name() -> None:
    component = model(declaring("Apache-2.0", "llama-3.1"))
    licences = [entry["license"] for entry in component["licenses"]]
    assert licences[0]["id"] == "Apache-2.0"
    assert licences[1]["name"] == "Llama 3.1 Community License"


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("mit or apache-2.0", {"expression": "MIT OR Apache-2.0"}),
        (
            "MIT AND (Apache-2.0 OR BSD-3-Clause)",
            {"expression": "MIT AND (Apache-2.0 OR BSD-3-Clause)"},
        ),
    ],
)
def test_an_expression_stays_one(raw: str, expected: dict[str, str]) -> None:
    (entry,) = model(declaring(raw=raw))["licenses"]
    assert entry == expected | {"acknowledgement": "declared"}


@pytest.mark.parametrize("raw", ["MIT OR", "my own terms", "MIT OR llama3.1", "(MIT", "MIT MIT OR"])
def test_what_is_no_expression_goes_by_the_words_that_stand_there(raw: str) -> None:
    (entry,) = model(declaring(raw=raw))["licenses"]
    assert entry["license"]["name"] == raw


def test_ancestors_stand_in_the_pedigree_with_who_says_so() -> None:
    made = descended(
        [node(""), node("a/one", "declared", "MIT"), node("b/two", "presumed", "llama-2")],
        [edge("", "a/one", "card", 3, "finetune"), edge("a/one", "b/two", "card", 3)],
    )
    (one,) = model(made)["pedigree"]["ancestors"]
    assert (one["group"], one["name"], one["purl"]) == ("a", "one", "pkg:huggingface/a/one")
    assert one["licenses"] == [{"license": {"id": "MIT", "acknowledgement": "declared"}}]
    assert said(one)["steelyard:relation"] == "fine-tuned from"
    (two,) = one["pedigree"]["ancestors"]
    assert "licenses" not in two
    assert said(two)["steelyard:licence.presumed"] == "Llama 2 Community License"


def test_a_hint_gets_no_address_and_outputs_are_no_ancestors() -> None:
    made = descended(
        [node(""), node("a/one"), node("b/two")],
        [
            edge("", "a/one", "prose", 7),
            edge("", "b/two", "prose", 7, relation="trained_on_outputs_of"),
        ],
    )
    (one,) = model(made)["pedigree"]["ancestors"]
    assert "purl" not in one
    assert said(model(made))["steelyard:trained-on-outputs-of"] == "b/two (hint: prose)"


def test_data_sets_are_components_that_the_model_card_refers_to() -> None:
    made = descended(
        [node(""), node("a/data", kind="dataset")],
        [edge("", "a/data", "card", 3, relation="trained_on")],
    )
    (data,) = bill(made)["components"]
    assert (data["type"], data["name"]) == ("data", "a/data")
    parameters = model(made)["modelCard"]["modelParameters"]
    assert parameters["datasets"] == [{"ref": data["bom-ref"]}]


def test_what_was_measured_of_behaviour_is_in_the_model_card_and_nothing_else() -> None:
    made = dossiers.sound()
    assert "quantitativeAnalysis" not in model(made)["modelCard"]
    claim = exactly("mmlu.accuracy", 0.5, "1")
    source = Source(probe="eval", version="1", engine="llama")
    seen = (*made.evidence, witness(made.subject.digest, claim, source, dossiers.AT))
    measured = Dossier(subject=made.subject, evidence=seen, verdict=made.verdict)
    (metric,) = model(measured)["modelCard"]["quantitativeAnalysis"]["performanceMetrics"]
    assert (metric["type"], metric["value"]) == ("mmlu.accuracy", "0.5")


def test_descent_that_nobody_tells_is_unknown_and_not_empty() -> None:
    assert bill(dossiers.poisoned())["compositions"][0]["aggregate"] == "unknown"
    assert bill(dossiers.merged(3))["compositions"][0]["aggregate"] == "incomplete"


def test_the_serial_number_is_that_of_the_evidence() -> None:
    first, other = bill(dossiers.sound()), bill(dossiers.warned())
    assert first["serialNumber"] == bill(dossiers.sound())["serialNumber"]
    assert first["serialNumber"] != other["serialNumber"]
    assert first["metadata"]["timestamp"] == dossiers.AT


def test_a_model_of_the_hub_has_its_package_url() -> None:
    made = dossiers.dossier("hf:Qwen/Qwen3-8B@0123ABC", [dossiers.artifact("a")], [])
    assert model(made)["purl"] == "pkg:huggingface/Qwen/Qwen3-8B@0123abc"
    assert model(made)["version"] == "0123ABC"
