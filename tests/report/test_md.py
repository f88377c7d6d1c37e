# SPDX-License-Identifier: Apache-2.0
"""The Markdown comment: short, and proof against what the model's author wrote."""

import pytest
from markdown_it import MarkdownIt

from steelyard.report.md import code, render
from tests.samples import dossiers

GITHUB_LIMIT = 65_536  # characters of a comment


def tokens(text: str) -> list:
    made = MarkdownIt("commonmark").parse(text)
    return made + [child for token in made for child in token.children or ()]


@pytest.mark.parametrize("make", dossiers.ALL)
def test_nothing_of_the_model_becomes_markup(make) -> None:
    parsed = tokens(render(make()))
    html = {token.content.strip() for token in parsed if token.type.startswith("html")}
    assert all(tag.startswith("<details><summary>") or tag == "</details>" for tag in html)
    assert not {token.type for token in parsed} & {"image", "link_open", "fence", "code_block"}


def test_hostile_text_stands_in_code_spans_only() -> None:
    plain = [token.content for token in tokens(render(dossiers.hostile())) if token.type == "text"]
    assert not [text for text in plain if "@" in text or "://" in text or "#1" in text]


@pytest.mark.parametrize("text", ["a`b", "``", "`", "a``b`c", " ", "````````", "x|y\\|z", ""])
def test_a_code_span_holds_its_text(text) -> None:
    children = MarkdownIt("commonmark").parse(f"- {code(text)} after")[3].children
    assert [child.type for child in children] == ["code_inline", "text"]


def test_the_verdict_stands_first_and_then_the_reasons() -> None:
    lines = render(dossiers.poisoned()).splitlines()
    assert lines[0] == "### steelyard: fail"
    assert lines[2].startswith("`poisoned-neighbour` fails the policy `baseline`:")
    headings = [line for line in lines if line.startswith("#### ")]
    assert headings == [
        "#### Why",
        "#### Findings",
        "#### Not assessed",
        "#### Licence",
        "#### Footprint",
    ]


def test_a_finding_has_its_place_and_its_remedy() -> None:
    text = render(dossiers.poisoned())
    assert "`optimizer.bin!archive/data.pkl byte:412`: `loading calls posix.system(" in text
    assert "What to do: `Do not load this file" in text


def test_unknown_is_said_not_to_be_a_pass() -> None:
    assert "Unknown is not a pass" in render(dossiers.unknown())


def test_a_pass_says_what_it_does_not_mean() -> None:
    text = render(dossiers.sound())
    assert "not that the model is safe" in text
    assert "Findings: none; not assessed: nothing." in text


def test_a_comment_fits_github_whatever_the_dossier() -> None:
    wordy = dossiers.NASTY * 50
    files = [dossiers.artifact(f"{wordy}{number}") for number in range(60)]
    claims = [
        (
            "p",
            dossiers.Finding(
                rule=f"{number % 40}{wordy}",
                severity=dossiers.Severity.HIGH,
                where=f"{number}{wordy}",
                message=wordy,
                remedy=wordy,
            ),
        )
        for number in range(400)
    ]
    claims += [
        ("p", dossiers.Gap(name=wordy, reason=f"{n}{wordy}", where=wordy)) for n in range(60)
    ]
    claims += [
        ("p", dossiers.Fact(name=f"licence.{wordy}{n}", value=wordy, where=wordy))
        for n in range(60)
    ]
    rulings = [(f"{n}{wordy}", dossiers.Outcome.FAIL, wordy, ()) for n in range(60)]
    made = dossiers.dossier(wordy, files, claims, rulings, policy=wordy)
    assert len(render(made)) < GITHUB_LIMIT


def test_long_lists_are_cut_with_a_count() -> None:
    text = render(dossiers.crowded(2_000))
    assert "more kinds of findings, in the dossier document" in text
    assert "- and 984 more gaps, in the dossier document" in text


def test_scores_stand_in_a_table_with_their_intervals() -> None:
    text = render(dossiers.measured())
    assert "| `mmlu` | `acc` | `0.4512` | `0.4300 to 0.4700` | `14,042` |" in text
    assert "- engine: `llama.cpp 0.3.16 (threads=1, weights=Q4_1)`" in text
    assert "#### Scores" not in render(dossiers.sound())
