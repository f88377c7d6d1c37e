# SPDX-License-Identifier: Apache-2.0
"""The bill of materials of SPDX, held to the model where its library is installed."""

import io
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steelyard.core.claim import Fact
from steelyard.core.dossier import Dossier
from steelyard.knowledge.licence import known_licences
from steelyard.report.spdx import render
from tests.samples import dossiers
from tests.samples.dossiers import descended, edge, node


def elements(made: Dossier, kind: str) -> list[dict[str, Any]]:
    return [one for one in json.loads(render(made))["@graph"] if one["type"] == kind]


def related(made: Dossier) -> list[tuple[str, str, str]]:
    """Return the relationships by the names of their ends."""
    graph = json.loads(render(made))["@graph"]
    names = {
        one["spdxId"]: one.get("name") or one.get("simplelicensing_licenseExpression")
        for one in graph
        if "spdxId" in one
    }
    return [
        (names[one["from"]], one["relationshipType"], names[to])
        for one in graph
        if one["type"] == "Relationship"
        for to in one["to"]
    ]


@pytest.fixture(scope="module")
def held():
    """Return a function that reads a bill by the model of SPDX 3.0.1, and raises where it is none."""
    bindings = pytest.importorskip("spdx_python_model", reason="pip install spdx-python-model")
    model = bindings.v3_0_1

    def read(text: str) -> set[str]:
        objects = model.SHACLObjectSet()
        model.JSONLDDeserializer().read(io.BytesIO(text.encode()), objects)
        model.JSONLDSerializer().write(objects, io.BytesIO())  # here it counts what must be there
        assert objects.missing_ids == set()
        return {type(one).__name__ for one in objects.foreach()}

    return read


@pytest.mark.parametrize("make", dossiers.ALL)
def test_a_bill_holds_to_the_model(held, make) -> None:
    assert {"SpdxDocument", "ai_AIPackage", "CreationInfo"} <= held(render(make()))


def test_the_library_refuses_what_is_none(held) -> None:
    text = render(dossiers.sound())
    with pytest.raises(ValueError, match="made-up"):
        held(text.replace('"algorithm": "sha256"', '"algorithm": "made-up"'))


def test_every_licence_there_are_facts_of_can_stand_in_a_bill(held) -> None:
    claims = [
        (
            "licence",
            Fact(name="licence.declared", value={"raw": one.id, "id": one.id, "by": "card"}),
        )
        for one in known_licences()
    ]
    made = dossiers.dossier("x", [dossiers.artifact("README.md")], claims)
    assert "simplelicensing_LicenseExpression" in held(render(made))
    named = elements(made, "simplelicensing_LicenseExpression")
    expressions = [one["simplelicensing_licenseExpression"] for one in named]
    assert "Apache-2.0" in expressions
    assert "LicenseRef-steelyard-llama-3" in expressions
    assert all(
        set(one) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-+")
        for one in expressions
    )


IDS = st.sampled_from(["", "a/b", "./c", "/data/d", "GPT-4", dossiers.NASTY])


@settings(max_examples=40, deadline=None)
@given(
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
            relation=st.sampled_from(["derived_from", "trained_on", "contains", "odd"]),
        ),
        max_size=8,
    ),
    st.text(max_size=40),
)
def test_any_graph_name_and_licence_make_a_sound_bill(held, nodes, edges, name) -> None:
    made = descended(nodes, edges)
    claims = [(item.source.probe, item.claim) for item in made.evidence]
    claims.append(("licence", Fact(name="licence.declared", value={"by": "card", "raw": name})))
    assert held(render(dossiers.dossier(name, made.subject.artifacts, claims)))


def test_the_files_are_contained_with_their_digests() -> None:
    made = dossiers.sound()
    files = elements(made, "software_File")
    assert [file["name"] for file in files] == [file.path for file in made.subject.artifacts]
    assert f"sha256:{files[0]['verifiedUsing'][0]['hashValue']}" == made.subject.artifacts[0].digest


def test_descent_is_told_by_relationships_that_say_who_says_so_and_are_incomplete() -> None:
    made = descended(
        [
            node(""),
            node("a/one", "declared", "MIT"),
            node("b/two", "presumed", "llama-2"),
            node("c/data", kind="dataset"),
        ],
        [
            edge("", "a/one", "card", 3, "finetune"),
            edge("a/one", "b/two", "card", 3),
            edge("", "c/data", "card", 3, relation="trained_on"),
        ],
    )
    assert related(made)[-4:] == [
        ("a/one", "hasDeclaredLicense", "MIT"),
        ("descended", "descendantOf", "a/one"),
        ("descended", "trainedOn", "c/data"),
        ("a/one", "descendantOf", "b/two"),
    ]
    links = [one for one in elements(made, "Relationship") if "said by" in one.get("comment", "")]
    assert links[0]["comment"] == "fine-tuned from; said by: card"
    assert {one["completeness"] for one in links} == {"incomplete"}
    (two,) = [one for one in elements(made, "ai_AIPackage") if one["name"] == "b/two"]
    assert two["comment"] == "Licence: llama-2, presumed"
    assert two["software_packageUrl"] == "pkg:huggingface/b/two"


def test_a_name_that_only_a_hint_gives_gets_no_address() -> None:
    made = descended([node(""), node("a/one")], [edge("", "a/one", "prose", 7)])
    (one,) = [one for one in elements(made, "ai_AIPackage") if one["name"] == "a/one"]
    assert "software_packageUrl" not in one


def test_what_is_not_known_is_not_claimed() -> None:
    (document,) = elements(dossiers.poisoned(), "SpdxDocument")
    assert document["profileConformance"] == ["core", "software", "simpleLicensing"]
    assert "Not assessed: " in document["comment"]
