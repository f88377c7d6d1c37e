# SPDX-License-Identifier: Apache-2.0
"""The probe `licence`: what is declared where, and what follows from all of it together."""

import json
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steelyard.checks.licence import look
from steelyard.core.claim import Claim, Fact, Finding, Gap
from steelyard.core.evidence import Source, witness
from steelyard.flow.policies import policy
from tests.samples.licences import APACHE, BSD_3, HOUSE_TERMS, MIT, card
from tests.samples.weights import STRING, U32, claims, gguf, safetensors

ANSWERS = ("use", "commercial", "redistribute", "derivatives", "hosted")


def look_at(**files: bytes | str) -> list[Claim]:
    """Return the claims on some files; `__` in a name stands for a dot."""
    named = {
        name.replace("__", "."): data.encode() if isinstance(data, str) else data
        for name, data in files.items()
    }
    return claims(look, named)


def facts(found: list[Claim], name: str) -> list:
    return [claim.value for claim in found if isinstance(claim, Fact) and claim.name == name]


def rules(found: list[Claim]) -> list[str]:
    return [claim.rule for claim in found if isinstance(claim, Finding)]


def message(found: list[Claim], rule: str) -> str:
    (one,) = [c.message for c in found if isinstance(c, Finding) and c.rule == rule]
    return one


def gaps(found: list[Claim]) -> dict[str, str]:
    return {claim.name: claim.reason for claim in found if isinstance(claim, Gap)}


def answers(found: list[Claim]) -> list[str]:
    return [value for name in ANSWERS for value in facts(found, f"licence.{name}")]


def commercial(found: list[Claim]) -> str:
    (value,) = facts(found, "licence.commercial")
    return value


def test_a_tag_in_the_card_is_resolved_with_its_place() -> None:
    found = look_at(README__md=card(license="mit"))
    (claim,) = [c for c in found if isinstance(c, Fact) and c.name == "licence.declared"]
    assert claim.where == "README.md line:2"
    assert claim.value == {
        "about": "model",
        "by": "card",
        "candidates": ["MIT"],
        "id": "MIT",
        "raw": "mit",
    }
    assert answers(found) == ["yes"] * 5
    assert rules(found) == []


def test_the_terms_come_with_sections_read_level_and_date() -> None:
    (terms,) = facts(look_at(README__md=card(license="llama3.1")), "licence.terms")
    assert terms["id"] == "llama-3.1"
    assert terms["says"]["commercial"]["section"] == "1.a+2"
    assert terms["read"] == "grant, conditions, limits and outputs were read"
    assert terms["as_of"] == "2026-11-21"
    assert "Not legal advice" in terms["note"]
    assert any("700,000,000 monthly active users" in line for line in terms["thresholds"])
    assert any("Built with Llama" in line for line in terms["duties"])


@pytest.mark.parametrize(
    ("license", "name", "expected"),
    [
        ("apache-2.0", "", "yes"),
        ("llama3.1", "", "if"),
        ("other", "stabilityai-ai-community", "if"),
        ("other", "lfm1.0", "if"),
        ("cc-by-nc-4.0", "", "no"),
        ("other", "mrl", "no"),
        ("bigcode-openrail-m", "", "if"),
        ("other", "grok2-community", "if"),
        ("deepfloyd-if-license", "", "unknown"),
        ("other", "", "unknown"),
        ("other", "our-own-terms", "unknown"),
    ],
)
def test_commercial_use_follows_what_the_text_says(license: str, name: str, expected: str) -> None:
    fields = {"license": license} | ({"license_name": name} if name else {})
    assert commercial(look_at(README__md=card(**fields))) == expected


def test_no_declaration_is_a_gap_and_no_permission() -> None:
    found = look_at(README__md="A model.", config__json="{}")
    assert gaps(found) == {"licence.none": "no licence is declared; that is no permission"}
    assert facts(found, "licence.commercial") == []


def test_a_name_that_nothing_is_known_of_is_a_finding_and_unknown() -> None:
    found = look_at(README__md=card(license="other", license_name="our-own-terms"))
    assert message(found, "licence.unknown") == ("'our-own-terms' is a licence nothing is known of")
    assert answers(found) == ["unknown"] * 5


def test_the_tag_other_alone_names_nothing() -> None:
    found = look_at(README__md=card(license="other"))
    assert message(found, "licence.unknown") == "'other' names no licence"


def test_the_tag_other_beside_a_known_text_points_to_it() -> None:
    found = look_at(README__md=card(license="other"), LICENSE=APACHE)
    assert rules(found) == []
    assert commercial(found) == "yes"


def test_a_tag_that_covers_several_texts_keeps_all_as_candidates_and_the_worst_counts() -> None:
    found = look_at(README__md=card(license="other", license_name="modified-mit"))
    (_, declared) = facts(found, "licence.declared")
    assert declared["id"] is None
    assert declared["candidates"] == ["kimi-k2-modified-mit", "mistral-modified-mit-2026"]
    assert "licence.ambiguous" in rules(found)
    assert commercial(found) == "if"


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("MIT AND Apache-2.0", "yes"),
        ("MIT AND cc-by-nc-4.0", "no"),
        ("MIT OR cc-by-nc-sa-4.0", "yes"),
        ("(MIT OR Apache-2.0) AND llama3.1", "if"),
        ("MIT AND our-own-terms", "unknown"),
        ("MIT OR our-own-terms", "yes"),
        ("GPL-2.0 WITH Classpath-exception-2.0", "yes"),
        ("Apache-2.0 WITH Commons-Clause", "unknown"),
        ("MIT AND (", "unknown"),
        ("MIT AND " * 100 + "MIT", "unknown"),
    ],
)
def test_expressions_join_terms_by_and_and_or(expression: str, expected: str) -> None:
    assert commercial(look_at(README__md=card(license=f'"{expression}"'))) == expected


def test_a_licence_text_is_recognised_in_any_folder() -> None:
    found = claims(look, {"weights/LICENSE.txt": MIT.encode()})
    (declared,) = facts(found, "licence.declared")
    assert (declared["id"], declared["text"]) == ("MIT", "exact")


def test_a_card_that_contradicts_the_licence_file_is_a_finding_and_the_worst_counts() -> None:
    found = look_at(README__md=card(license="cc-by-nc-4.0"), LICENSE=APACHE)
    assert "licence.disagreement" in rules(found)
    assert "'LICENSE' (Apache-2.0) in LICENSE" in message(found, "licence.disagreement")
    assert commercial(found) == "no"


def test_two_licence_files_that_contradict_each_other_are_a_finding() -> None:
    found = look_at(LICENSE=MIT, LICENSE__txt=BSD_3)
    assert rules(found) == ["licence.disagreement"]


def test_a_card_and_a_file_that_agree_are_no_finding() -> None:
    assert rules(look_at(README__md=card(license="apache-2.0"), LICENSE=APACHE)) == []


def test_metadata_that_contradicts_the_card_is_a_finding() -> None:
    weights = gguf().key("general.license", STRING, "cc-by-nc-4.0").finish()
    found = look_at(README__md=card(license="mit"), model__gguf=weights)
    assert "licence.disagreement" in rules(found)
    assert commercial(found) == "no"


def test_a_notice_that_names_another_licence_contradicts_the_card() -> None:
    notice = (
        "Llama 3.1 is licensed under the Llama 3.1 Community License, Copyright (c) Meta Platforms,"
        " Inc. All Rights Reserved."
    )
    found = look_at(README__md=card(license="apache-2.0"), NOTICE=notice)
    assert "licence.disagreement" in rules(found)
    assert commercial(found) == "if"


def test_a_notice_of_anything_else_declares_nothing() -> None:
    found = look_at(README__md=card(license="mit"), NOTICE=f"This product includes\n\n{BSD_3}")
    assert rules(found) == []
    assert commercial(found) == "yes"


@pytest.mark.parametrize("name", ["LICENSE-CODE", "code/LICENSE", "third_party/x/LICENSE"])
def test_the_licence_of_code_is_told_apart_by_its_name_or_folder(name: str) -> None:
    found = claims(look, {"README.md": card(license="cc-by-nc-4.0"), name: APACHE.encode()})
    assert "licence.disagreement" not in rules(found)
    assert commercial(found) == "no"


def test_the_licence_of_code_alone_is_none_for_the_model() -> None:
    found = claims(look, {"LICENSE-CODE": MIT.encode()})
    assert gaps(found) == {
        "licence.none": "only the licence of code is declared; that is no permission"
    }


def test_a_file_named_for_the_model_puts_the_plain_one_in_doubt() -> None:
    files = {"LICENSE": APACHE.encode(), "MODEL_LICENSE": HOUSE_TERMS.encode()}
    found = claims(look, files)
    assert [value["about"] for value in facts(found, "licence.declared")] == ["unclear", "model"]
    assert rules(found) == ["licence.unknown-text"]
    assert commercial(found) == "unknown"


def test_a_changed_text_is_a_variant_that_shows_the_words_and_is_no_licence() -> None:
    changed = MIT.replace("to deal\nin the Software", "to study\nthe Software for research")
    found = look_at(LICENSE=changed)
    (finding,) = [claim for claim in found if isinstance(claim, Finding)]
    assert finding.rule == "licence.variant"
    assert any("study" in line for line in finding.trail)
    (declared,) = facts(found, "licence.declared")
    assert (declared["id"], declared["candidates"], declared["text"]) == (None, ["MIT"], "variant")
    assert answers(found) == ["unknown"] * 5


def test_an_unknown_text_gets_hints_with_line_numbers() -> None:
    found = look_at(README__md=card(license="mit"), LICENSE=HOUSE_TERMS)
    (finding,) = [c for c in found if isinstance(c, Finding) and c.rule == "licence.unknown-text"]
    assert "line 4: active-users: 'monthly active users'" in finding.trail
    assert commercial(found) == "unknown"


def test_a_use_policy_beside_a_free_licence_limits_the_use() -> None:
    found = look_at(README__md=card(license="mit"), USE_POLICY__md="Do no harm with this model.")
    assert commercial(found) == "if"


def test_a_use_policy_alone_grants_nothing() -> None:
    assert "licence.none" in gaps(look_at(USE_POLICY__md="Do no harm with this model."))


def test_terms_shown_before_access_count() -> None:
    prompt = "|\n  For non-commercial use only. You agree to this.\n"
    found = look_at(README__md=card(license="mit", extra_gated_prompt=prompt))
    assert commercial(found) == "if"
    polite = look_at(
        README__md=card(license="mit", extra_gated_prompt="Tell us who you are, please.")
    )
    assert commercial(polite) == "yes"


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("LICENSE", b"", "empty: it names no terms"),
        ("LICENSE", b" \n\n", "empty: it names no terms"),
        ("LICENSE.pdf", b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n", ""),
        ("LICENSE.rtf", b"{\\rtf1 MIT License}", "a document in RTF; its text was not looked at"),
        ("LICENSE.png", b"\x89PNG\r\n\x1a\n" + bytes(40), ""),
    ],
)
def test_a_licence_file_without_readable_text_is_a_gap(name, data, reason) -> None:
    found = claims(look, {"README.md": card(license="mit"), name: data})
    assert reason in gaps(found)["licence.unread"]


def test_a_licence_in_another_encoding_is_read() -> None:
    odd = MIT.replace("Some Body", "Jos\u00e9 M\u00fcller").encode("latin-1")
    (declared,) = facts(look_at(LICENSE=odd), "licence.declared")
    assert declared["id"] == "MIT"
    wide = MIT.encode("utf-16")
    (declared,) = facts(look_at(LICENSE=wide), "licence.declared")
    assert declared["id"] == "MIT"


def test_a_huge_licence_is_compared_in_part_and_leaves_a_gap() -> None:
    started = time.process_time()
    found = look_at(LICENSE=MIT + "more words\n" * 200_000)
    assert time.process_time() - started < 10
    assert "were compared" in gaps(found)["licence.unread"]
    assert commercial(found) != "yes"


@pytest.mark.parametrize(
    "front", ["license: [mit", "license: mit\n\t- x: [", "license: mit\nlicense: cc-by-nc-4.0"]
)
def test_a_broken_card_is_a_finding_and_no_crash(front: str) -> None:
    found = look_at(README__md=f"---\n{front}\n---\nx")
    assert "licence.card" in rules(found)


def test_a_licence_named_twice_in_the_card_counts_twice() -> None:
    assert commercial(look_at(README__md="---\nlicense: mit\nlicense: cc-by-nc-4.0\n---\n")) == "no"


def test_gguf_metadata_is_read_with_its_place() -> None:
    found = look_at(model__gguf=gguf().key("general.license", STRING, "apache-2.0").finish())
    (claim,) = [c for c in found if isinstance(c, Fact) and c.name == "licence.declared"]
    assert claim.where == "model.gguf /general.license"
    assert claim.value["id"] == "Apache-2.0"
    assert commercial(found) == "yes"


def test_gguf_metadata_of_the_wrong_type_says_nothing() -> None:
    found = look_at(model__gguf=gguf().key("general.license", U32, 7).finish())
    assert "licence.none" in gaps(found)


def test_a_licence_hidden_behind_another_in_the_metadata_counts() -> None:
    doubled = gguf().key("general.license", STRING, "mit")
    doubled.key("general.license", STRING, "cc-by-nc-4.0")
    assert commercial(look_at(model__gguf=doubled.finish())) == "no"


def test_shards_that_repeat_a_declaration_say_it_once() -> None:
    shard = gguf().key("general.license", STRING, "mit").finish()
    found = claims(look, {f"model-{n}.gguf": shard for n in range(5)})
    assert len(facts(found, "licence.declared")) == 1


def test_the_licence_of_a_package_is_that_of_code() -> None:
    package = {
        "pyproject.toml": b'[project]\nlicense = "MIT"\n',
        "package.json": b'{"license": "ISC"}',
    }
    found = claims(look, package)
    assert {value["about"] for value in facts(found, "licence.declared")} == {"code"}
    assert "licence.none" in gaps(found)


def test_a_label_looser_than_the_licence_of_the_base_is_a_finding() -> None:
    found = look_at(README__md=card(license="apache-2.0", base_model="meta-llama/Llama-3.1-8B"))
    assert message(found, "licence.looser-than-base") == (
        "declared Apache-2.0, which permits more than llama-3.1, presumed of the base"
        " 'meta-llama/Llama-3.1-8B'"
    )
    assert facts(found, "licence.presumed")[0]["id"] == "llama-3.1"
    assert commercial(found) == "if"


def test_a_base_under_the_same_licence_is_no_finding() -> None:
    found = look_at(README__md=card(license="llama3.1", base_model="meta-llama/Llama-3.1-8B"))
    assert rules(found) == []


def test_a_base_that_nothing_is_known_of_is_never_taken_for_free() -> None:
    found = look_at(README__md=card(license="mit", base_model="someone/something"))
    assert commercial(found) == "unknown"


@pytest.mark.parametrize("path", ["/data/models/llama", "./out/checkpoint-500", "C:\\models\\x"])
def test_a_path_as_base_puts_the_model_in_doubt(path: str) -> None:
    adapter = json.dumps({"base_model_name_or_path": path})
    found = look_at(README__md=card(license="mit"), adapter_config__json=adapter)
    assert commercial(found) == "unknown"


def test_a_stale_path_in_the_configuration_does_not_put_a_model_in_doubt() -> None:
    found = look_at(README__md=card(license="mit"), config__json='{"_name_or_path": "/fsx/x"}')
    assert commercial(found) == "yes"


def test_a_count_of_bases_that_cannot_be_does_not_hang() -> None:
    weights = gguf().key("general.base_model.count", U32, 4_000_000_000).finish()
    started = time.process_time()
    look_at(model__gguf=weights)
    assert time.process_time() - started < 1


def test_safetensors_metadata_is_read() -> None:
    weights = safetensors({"__metadata__": {"modelspec.license": "creativeml-openrail-m"}})
    found = look_at(model__safetensors=weights)
    (declared,) = facts(found, "licence.declared")
    assert (declared["by"], declared["id"]) == ("safetensors", "creativeml-openrail-m")


def test_an_answer_names_what_decides_it() -> None:
    found = look_at(README__md=card(license="mit"), LICENSE=HOUSE_TERMS)
    (because,) = facts(found, "licence.because")
    assert because["answers"]["commercial"] == {
        "licence": "",
        "may": "unknown",
        "section": "",
        "where": "LICENSE",
        "why": "nothing is known of 'LICENSE'",
    }


@pytest.mark.parametrize(
    ("fields", "outcome"),
    [
        ({"license": "mit"}, "pass"),
        ({"license": "llama3.1"}, "warn"),
        ({"license": "cc-by-nc-4.0"}, "fail"),
        ({"license": "our-own-terms"}, "unknown"),
        ({}, "unknown"),
    ],
)
def test_the_policy_commercial_rules_on_the_answer(fields, outcome) -> None:
    evidence = [
        witness("sha256:" + "0" * 64, claim, Source(probe="licence", version="1"), "now")
        for claim in look_at(README__md=card(**fields))
    ]
    (rule,) = [r for r in policy("commercial").rules if r.id == "commercial-use-is-granted"]
    assert rule.judge(evidence).outcome == outcome


names = st.sampled_from(
    ["mit", "other", "cc-by-nc-4.0", "x", "MIT AND x", "gemma", "", "llama3.1", "[a, b]", "{a: b}"]
)
texts = st.sampled_from([APACHE, MIT, BSD_3, HOUSE_TERMS, "", "x", "\x00\x01"])
ORDER = ("no", "unknown", "if", "yes")


@given(names, texts, names)
@settings(max_examples=40)
def test_another_declaration_never_improves_an_answer(name: str, text: str, more: str) -> None:
    before = look_at(README__md=card(license=name), LICENSE=text)
    after = look_at(
        README__md=card(license=name),
        LICENSE=text,
        model__gguf=gguf().key("general.license", STRING, more).finish(),
    )
    if answers(before) and more and name not in ("other", "") and "{" not in name:
        for old, new in zip(answers(before), answers(after), strict=True):
            assert ORDER.index(new) <= ORDER.index(old)


@given(st.binary(max_size=200), st.binary(max_size=200))
@settings(max_examples=40)
def test_any_bytes_end_in_the_same_claims_twice(readme: bytes, licence: bytes) -> None:
    files = {"README.md": b"---\nlicense: " + readme, "LICENSE": licence}
    assert claims(look, files) == claims(look, files)
