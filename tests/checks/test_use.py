# SPDX-License-Identifier: Apache-2.0
"""The probe `use`: laws that hold for every licence, every profile and every chain."""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steelyard.checks.licence.declared import cards
from steelyard.checks.licence.gather import declared_at_all
from steelyard.checks.licence.graph import ROOT, Ancestor, Edge, Graph, Node
from steelyard.checks.licence.meaning import Joined, Named
from steelyard.checks.licence.use import licences_at_hand, look_use
from steelyard.checks.licence.use.actions import ACTIONS
from steelyard.checks.licence.use.chain import Parent, over_chain, parents
from steelyard.checks.licence.use.claims import decisive
from steelyard.checks.licence.use.clashes import begins, exclude
from steelyard.checks.licence.use.doubts import doubts
from steelyard.checks.licence.use.found import Situation
from steelyard.checks.licence.use.ruling import rulings
from steelyard.core.claim import Fact, Finding, Gap
from steelyard.core.limits import Limits
from steelyard.core.probe import Context
from steelyard.core.use import Use
from steelyard.knowledge.answers import rank
from steelyard.knowledge.licence import known_licences, licence
from tests.samples.licences import card
from tests.samples.weights import SampleModel, claims

ALL = known_licences()
FIGURES = [key for key in Use.__struct_fields__ if key.endswith("_usd") or "au" in key]
texts = st.sampled_from(ALL)
amounts = st.one_of(st.none(), st.sampled_from([0, 10**6, 10**7, 2 * 10**7, 7 * 10**8, 10**9]))
flags = st.sampled_from([None, True, False])
uses = st.builds(
    Use,
    **{key: amounts for key in FIGURES},
    **{
        key: flags
        for key in ("commercial", "distribute", "host", "train_others", "competes", "product")
    },
    domicile=st.sampled_from([None, "US", "DE", "KR", "GB"]),
    serves=st.sampled_from([None, ("US",), ("EU", "JP"), ("WORLD",)]),
    entity=st.sampled_from([None, "company", "individual", "end_user"]),
    field=st.sampled_from([None, ("military",), ("health",)]),
)
situations = st.builds(Situation, use=uses, multimodal=flags)


def named(terms):
    return Named(terms.name, (terms,))


def parent(terms, id="acme/base", relation="derived_from"):
    node = Node(id=id, kind="model", terms=named(terms) if terms else None, basis="presumed")
    edge = Edge(child=ROOT, parent=id, relation=relation, by="card", strength=3, where="README.md")
    bond = {"derived_from": "derivative", "trained_on": "data"}.get(relation, "outputs")
    return Parent(ancestor=Ancestor(node=node, path=(edge,)), bond=bond)


def answer(action, own, chain, situation):
    return over_chain(action, [named(terms) for terms in own], chain, situation).may


def look_at(use, **files):
    data = {
        name.replace("__", "."): value.encode() if isinstance(value, str) else value
        for name, value in files.items()
    }
    probe = msgspec.structs.replace(
        look_use, look=lambda model, _: look_use.look(model, Context(use=use))
    )
    return claims(probe, data)


def fact(found, name):
    (value,) = [c.value for c in found if isinstance(c, Fact) and c.name == name]
    return value


@settings(max_examples=40)
@given(st.sampled_from(ACTIONS), texts, st.lists(texts, max_size=2), texts, situations)
def test_another_ancestor_never_improves_an_answer(action, own, bases, more, situation):
    chain = [parent(terms, f"acme/{n}") for n, terms in enumerate(bases)]
    before = answer(action, [own], chain, situation)
    after = answer(action, [own], [*chain, parent(more, "acme/more")], situation)
    assert rank(after) <= rank(before)


@settings(max_examples=50)
@given(st.sampled_from(ACTIONS), texts, texts, situations)
def test_another_label_never_improves_an_answer(action, own, other, situation):
    both = answer(action, [own, other], [], situation)
    assert rank(both) <= min(rank(answer(action, [one], [], situation)) for one in (own, other))


@settings(max_examples=120)
@given(st.sampled_from(ACTIONS), texts, situations, st.sampled_from(sorted(Use.__struct_fields__)))
def test_what_is_no_longer_known_never_gives_a_yes(action, terms, situation, key):
    less = msgspec.structs.replace(situation.use, **{key: None})
    after = answer(action, [terms], [], msgspec.structs.replace(situation, use=less))
    if answer(action, [terms], [], situation) != "yes":
        # A name, a field or a product is something to answer for, and none of that asks for nothing.
        assert after != "yes" or key in ("name", "field", "product")


@settings(max_examples=50)
@given(st.sampled_from(ACTIONS), texts, situations)
def test_what_was_not_read_never_gives_a_yes(action, terms, situation):
    if terms.read not in ("full", "operative", "standard"):
        assert answer(action, [terms], [], situation) != "yes"


@settings(max_examples=50)
@given(st.sampled_from(ACTIONS), st.lists(texts, min_size=2, max_size=3), situations)
def test_the_order_of_ancestors_does_not_matter(action, bases, situation):
    chain = [parent(terms, f"acme/{n}") for n, terms in enumerate(bases)]
    own = [licence("MIT")]
    assert answer(action, own, chain, situation) == answer(action, own, chain[::-1], situation)


@settings(max_examples=40)
@given(st.sampled_from(ACTIONS), texts, situations)
def test_every_answer_names_a_section_or_says_why(action, terms, situation):
    found = over_chain(action, [named(terms)], [], situation)
    reason = decisive(found)
    assert reason.may == found.may
    assert reason.section or reason.why
    if found.may == "if":
        assert found.duties or any(one.open for one in found.conditions)
    if found.may == "yes":
        assert not found.duties and not any(one.open for one in found.conditions)


@settings(max_examples=40)
@given(st.sampled_from(ACTIONS), texts, texts, situations)
def test_of_a_choice_the_best_and_of_a_sum_the_worst_counts(action, one, other, situation):
    parts = (named(one), named(other))
    alone = [over_chain(action, [part], [], situation).may for part in parts]
    choice = over_chain(action, [Joined(False, parts)], [], situation).may
    both = over_chain(action, [Joined(True, parts)], [], situation).may
    assert rank(choice) == max(map(rank, alone))
    assert rank(both) <= min(map(rank, alone))


def test_without_a_profile_there_is_the_gap_and_nothing_else():
    (gap,) = look_at(None, README__md=card(license="mit"))
    assert isinstance(gap, Gap)
    assert gap.name == "use.profile"
    assert "steelyard use" in gap.reason


def test_a_data_set_is_a_risk_and_binds_nobody():
    own, data = licence("MIT"), parent(licence("CC-BY-NC-4.0"), relation="trained_on")
    assert answer("run", [own], [data], Situation(use=Use(commercial=True))) == "yes"


def test_a_model_trained_on_outputs_that_must_not_be_used_so_is_unknown():
    taught = parent(licence("llama-3"), relation="trained_on_outputs_of")
    use = Use(commercial=True, mau=1, mau_at_release=1, distribute=True)
    assert answer("run", [licence("MIT")], [taught], Situation(use=use)) == "unknown"


def test_a_model_trained_on_outputs_carries_the_duties_where_the_text_counts_it_a_derivative():
    taught = parent(licence("gemma"), relation="trained_on_outputs_of")
    found = over_chain(
        "redistribute", [named(licence("MIT"))], [taught], Situation(use=Use(distribute=True))
    )
    assert "gemma:passdown" in [duty.id for duty in found.duties]


def test_a_stale_name_of_which_nothing_is_known_does_not_count():
    def made(by):
        node = Node(id="acme/thing", kind="model")
        edge = Edge(
            child=ROOT, parent=node.id, relation="derived_from", by=by, strength=5, where=""
        )
        return parents(Graph(nodes=(Node(id=ROOT, kind="model"), node), edges=(edge,)))

    assert made("config") == ()
    assert len(made("card")) == 1


def test_cyclic_chains_come_to_an_end():
    ids = ("a/a", "b/b")
    nodes = (Node(id=ROOT, kind="model"), *(Node(id=id, kind="model") for id in ids))
    pairs = ((ROOT, "a/a"), ("a/a", "b/b"), ("b/b", "a/a"), ("b/b", ROOT))
    edges = tuple(
        Edge(child=c, parent=p, relation="derived_from", by="card", strength=3, where="")
        for c, p in pairs
    )
    assert [one.path for one in parents(Graph(nodes=nodes, edges=edges))] == [
        ("a/a",),
        ("a/a", "b/b"),
    ]


def test_a_merge_of_two_hundred_models_is_answered():
    bases = ALL * 3
    chain = [parent(terms, f"acme/{n}") for n, terms in enumerate(bases[:200])]
    assert answer("run", [licence("MIT")], chain, Situation(use=Use(commercial=True))) == "no"


@pytest.mark.parametrize(
    ("name", "prefix", "expected"),
    [
        ("Llama Helper", "Llama", True),
        ("llama-3-helper", "Llama 3", True),
        ("HyperCLOVA-X Nano", "HyperCLOVA X", True),
        ("My Llama", "Llama", False),
        ("", "Llama", False),
    ],
)
def test_a_name_is_compared_without_case_and_separators(name, prefix, expected):
    assert begins(name, prefix) is expected


def test_prefixes_exclude_each_other_unless_one_begins_with_the_other():
    assert exclude("Llama", "EXAONE")
    assert not exclude("Llama", "Llama 3")


def test_a_duty_of_label_and_base_is_told_once_with_all_that_brings_it():
    files = {"README__md": card(license="llama3.1", base_model="meta-llama/Llama-3.1-8B")}
    found = look_at(Use(commercial=True, distribute=True, host=True), **files)
    duties = [c for c in found if isinstance(c, Finding) and c.rule == "licence.duty.display"]
    assert len(duties) == 1
    assert "needed to" in duties[0].message and "host" in duties[0].message
    assert "section 1.b.i" in duties[0].message


def test_the_reason_shows_licence_section_way_read_level_and_date():
    files = {"README__md": card(license="apache-2.0", base_model="CohereLabs/c4ai-command-r")}
    because = fact(look_at(Use(commercial=True), **files), "use.because.run")
    assert because["answer"] == "no"
    assert because["licence"] == "cohere-cc-by-nc"
    assert because["section"] == "CC 2(a)(1)"
    assert because["path"] == ["this model", "CohereLabs/c4ai-command-r"]
    assert because["presumed"] is True
    assert because["read"] == "the whole text was read"
    assert because["as_of"] == "2026-11-21"
    assert "Not legal advice" in because["note"]


def test_no_word_promises_what_texts_cannot():
    files = {"README__md": card(license="llama3.2", base_model="meta-llama/Llama-3.2-1B")}
    found = look_at(Use(commercial=True, domicile="DE", entity="end_user"), **files)
    text = msgspec.json.encode(found).decode().replace("Not legal advice", "")
    text = text.replace("x.ai/legal", "")
    for word in ("legal", "compliant", "safe to use", "exempt"):
        assert word not in text.lower()


@pytest.mark.parametrize(
    "data", [b"", b"\xff\xfe\x00", b"---\nlicense: [\n", b"---\nlicense: " + b"a" * 100_000]
)
def test_broken_cards_are_answered_unknown(data):
    found = look_at(Use(commercial=True), README__md=data)
    assert fact(found, "use.run") == "unknown"


def test_only_known_licences_are_at_hand():
    model = SampleModel({"README.md": card(license="mit OR own-terms")}, Limits())
    assert licences_at_hand(model) == (licence("MIT"),)


def chain_of(*edges, **terms):
    """Return the ancestors that edges (child, parent, relation) lead to."""
    ids = dict.fromkeys(id for edge in edges for id in edge[:2])
    nodes = tuple(
        Node(id=id, kind="model", terms=named(licence(terms[id])) if id in terms else None)
        for id in ids
    )
    made = tuple(
        Edge(child=c, parent=p, relation=r, by="card", strength=3, where="") for c, p, r in edges
    )
    return parents(Graph(nodes=nodes, edges=made))


def test_a_part_that_lies_there_unchanged_is_handed_on_and_not_changed():
    (part,) = chain_of((ROOT, "encoder", "contains"), encoder="Apache-2.0")
    assert part.bond == "part"
    own = [named(licence("MIT"))]
    found = over_chain("redistribute", own, [part], Situation(use=Use(distribute=True)))
    assert "Apache-2.0:include_licence" in [duty.id for duty in found.duties]
    assert "Apache-2.0:state_changes" not in [duty.id for duty in found.duties]


def test_a_part_without_a_licence_of_its_own_is_under_what_is_declared():
    node = Node(id="./unet", kind="model", basis="declared")
    edge = Edge(
        child=ROOT, parent="./unet", relation="contains", by="pipeline", strength=5, where=""
    )
    assert parents(Graph(nodes=(Node(id=ROOT, kind="model"), node), edges=(edge,))) == ()


def test_a_model_that_is_base_and_teacher_binds_as_base():
    (one,) = chain_of(
        (ROOT, "both", "trained_on_outputs_of"), (ROOT, "both", "derived_from"), both="llama-3.1"
    )
    assert one.bond == "derivative"


def test_the_base_of_a_teacher_taught_too():
    bonds = [
        one.bond
        for one in chain_of(
            (ROOT, "teacher", "trained_on_outputs_of"),
            ("teacher", "base", "derived_from"),
            teacher="MIT",
            base="llama-3",
        )
    ]
    assert bonds == ["outputs", "outputs"]


def test_a_label_that_is_not_the_licence_the_base_wants_kept_is_told():
    model = SampleModel({"README.md": card(license="apache-2.0")}, Limits())
    found = cards(model)
    base = Node(id="acme/free", kind="model", terms=named(licence("GPL-3.0-only")))
    edge = Edge(
        child=ROOT, parent=base.id, relation="derived_from", by="card", strength=3, where=""
    )
    made_from = Graph(nodes=(Node(id=ROOT, kind="model"), base), edges=(edge,))
    declared = list(declared_at_all(model, found))
    rules = [one.rule for one in doubts(rulings(model, found, declared, made_from, Use()))]
    assert "use.label-not-same-terms" in rules


@pytest.mark.parametrize(
    ("text", "teacher"),
    [
        ("It is distilled from GPT-4o.", "GPT-4o"),
        ("The answers were generated with Claude 3.5 Sonnet.", "Claude 3.5 Sonnet"),
        ("Synthetic data from Gemini 2.5 Pro was used.", "Gemini 2.5 Pro"),
        ("---\ndatasets: [tatsu-lab/alpaca]\n---\n", "openai/text-davinci-003"),
    ],
)
def test_a_teacher_of_which_nothing_is_known_is_told_and_changes_no_answer(text, teacher):
    head = "---\nlicense: mit\n---\n"
    given = text.replace("---\n", "---\nlicense: mit\n", 1) if "---" in text else head + text
    use = Use(commercial=True, distribute=True, publish=True)
    told, plain = look_at(use, README__md=given), look_at(use, README__md=head)
    (found,) = [one for one in told if getattr(one, "rule", "") == "use.teacher-unknown"]
    assert (str(found.severity), repr(teacher) in found.message) == ("low", True)
    watched = [
        one.value["text"]
        for one in told
        if isinstance(one, Fact) and one.name == "use.condition" and one.value["name"] == "teacher"
    ]
    assert len(watched) == 1 and repr(teacher) in watched[0]
    for action in ACTIONS:
        answers = [
            [one.value for one in claims if getattr(one, "name", "") == f"use.{action}"]
            for claims in (told, plain)
        ]
        assert answers[0] == answers[1]
