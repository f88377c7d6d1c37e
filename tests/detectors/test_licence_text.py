# SPDX-License-Identifier: Apache-2.0
"""Recognising licence texts: exact, variant or unknown, and a likeness never becomes a licence."""

import random
import re
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steelyard import knowledge
from steelyard.core.texts import LicenceText, LicenceTexts
from steelyard.detectors.licence_prints import Prints
from steelyard.detectors.licence_shelf import Shelf
from steelyard.detectors.licence_text import UNSPOKEN, Recognition, recognise
from tests.samples.licences import APACHE, BSD_3, HOUSE_TERMS, MIT, prints

PRINTS = Prints.read(knowledge.entry("licence_texts", "prints"))
APPENDIX = APACHE[APACHE.index("   END OF TERMS") :]


def of(text: str) -> Recognition:
    return recognise(text, PRINTS)


@pytest.mark.parametrize(
    ("id", "text"), [("Apache-2.0", APACHE), ("MIT", MIT), ("BSD-3-Clause", BSD_3)]
)
def test_a_copy_is_exact_whoever_holds_the_copyright(id: str, text: str) -> None:
    found = of(text)
    assert (found.state, found.licences, found.changes) == ("exact", (id,), ())


@pytest.mark.parametrize(
    "text",
    [
        MIT.removeprefix("MIT License\n"),
        MIT.replace("MIT License", "# The MIT License (MIT)"),
        " ".join(MIT.split("\n\n", 2)[2].split()),
        MIT.replace('"', "“").upper(),
        "<p>" + MIT.replace("\n\n", "</p>\n<p>") + "</p>",
        MIT.replace(
            "Copyright (c) 2024 Some Body", "Copyright 2019 - 2024 A <a@b.org>\n(c) 2024 B"
        ),
    ],
)
def test_headings_holders_and_markup_make_no_difference(text: str) -> None:
    assert of(text).state == "exact"


def test_the_appendix_of_apache_may_be_left_out() -> None:
    assert of(APACHE.replace(APPENDIX, "")).state == "exact"


def test_a_text_known_from_its_middle_begins_where_its_terms_do() -> None:
    (match,) = of("\n\n\n" + MIT).matches
    assert match.line == 8
    assert match.record.source == "scancode"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("to any person", "to any person for research"),
        ("without restriction", "with restriction"),
        ("sublicense, and/or sell", "and/or sublicense"),
        ("copies or substantial portions of the Software.", "copies of the Software."),
        ("SOFTWARE.\n", "SOFTWARE.\n\nCommercial use needs written permission.\n"),
        ("MIT License\n", "MIT License, but not for sale\n"),
        ("Copyright (c) 2024 Some Body", "Copyright (c) 2024 Some Body. Non-commercial use only."),
    ],
)
def test_one_word_more_or_less_makes_it_a_variant(old: str, new: str) -> None:
    changed = MIT.replace(old, new, 1) if old != "SOFTWARE.\n" else MIT[: -len(old)] + new
    assert changed != MIT
    found = of(changed)
    assert found.state == "variant"
    assert found.changes
    assert found.decisive


def test_a_variant_shows_the_words_that_differ_and_their_line() -> None:
    (change,) = of(MIT.replace("free of charge", "paid in advance")).changes
    assert change.line == 5
    assert change.added == ("paid", "in", "advance")
    assert change.missing == 3


def test_a_sibling_that_differs_in_two_words_is_not_the_known_text(tmp_path) -> None:
    terms = " ".join(f"clause {n} says that word{n} holds for all who use it." for n in range(40))
    known = terms + " If you start patent litigation, this ends."
    sibling = terms + " If you start patent or copyright litigation, this ends."
    own = prints(tmp_path, {"licence": "One-1.0", "from": "own:one"}, one=known)
    assert recognise(known, own).state == "exact"
    found = recognise(sibling, own)
    assert found.state == "variant"
    assert [change.added for change in found.changes] == [("or", "copyright")]
    assert found.decisive


def test_of_two_siblings_the_right_one_is_exact(tmp_path) -> None:
    terms = " ".join(f"clause {n} says that word{n} holds for all who use it." for n in range(40))
    listed = [{"licence": "Free", "from": "own:free"}, {"licence": "Paid", "from": "own:paid"}]
    texts = {"free": terms + " Use it for anything.", "paid": terms + " Use it for research."}
    own = prints(tmp_path, *listed, **texts)
    assert recognise(texts["free"], own).licences == ("Free",)
    assert recognise(texts["paid"], own).licences == ("Paid",)


def test_a_licence_with_its_use_policy_behind_it_is_both(tmp_path) -> None:
    licence = " ".join(f"grant {n} lets you do thing{n} with the model." for n in range(20))
    policy = " ".join(f"rule {n} keeps you from evil{n} with the model." for n in range(20))
    own = prints(
        tmp_path,
        {"licence": "One", "from": "own:licence"},
        {"licence": "One", "from": "own:policy", "role": "policy"},
        licence=licence,
        policy=policy,
    )
    both = recognise(f"{licence}\n\n{policy}", own)
    assert both.state == "exact"
    assert [match.record.role for match in both.matches] == ["licence", "policy"]
    assert recognise(policy, own).licences == ()


def test_two_whole_licences_in_one_file_are_both_found() -> None:
    found = of(f"{MIT}\n\n{'-' * 60}\n\n{BSD_3}")
    assert (found.state, found.licences) == ("exact", ("BSD-3-Clause", "MIT"))


@pytest.mark.parametrize("text", ["", " \n", "See the website.", HOUSE_TERMS, "MIT", "Apache-2.0"])
def test_anything_else_is_unknown(text: str) -> None:
    found = of(text)
    assert (found.state, found.licences, found.matches) == ("unknown", (), ())


def test_half_a_licence_is_not_the_licence() -> None:
    assert of(APACHE[: len(APACHE) // 2]).state != "exact"


def test_a_long_text_takes_no_more_than_a_moment() -> None:
    chance = random.Random(1)
    words = APACHE.split()
    for text in (
        " ".join(chance.choices(words, k=20_000)),
        " ".join(words * 12),
        " ".join(word for word in words * 3 if chance.random() > 0.05),
    ):
        started = time.process_time()
        of(text)
        assert time.process_time() - started < 1


@given(st.integers(0, 1400), st.sampled_from(["not", "commercial", "research", "only", "xyzzy"]))
@settings(max_examples=25)
def test_a_word_put_anywhere_into_the_terms_is_noticed(at: int, word: str) -> None:
    words = APACHE.replace(APPENDIX, "").split()
    at = min(at, len(words) - 1)
    if at < 20:  # inside the heading and the address below it
        at += 20
    text = " ".join([*words[:at], word, *words[at:]])
    assert of(text).state != "exact"


@given(st.text(max_size=500))
@settings(max_examples=60)
def test_any_text_is_recognised_as_something(text: str) -> None:
    assert of(text).state in ("exact", "variant", "unknown")


def test_every_fingerprint_says_where_its_text_was_taken_from() -> None:
    for known in PRINTS.texts:
        source = PRINTS.sources[known.record.source]
        assert source.name and source.date
        assert known.record.digest.startswith("sha256:")
        assert known.record.words == len(known.indices)


def test_no_two_licences_share_a_fingerprint() -> None:
    seen: dict[bytes, tuple[str, ...]] = {}
    for known in PRINTS.texts:
        if known.record.role == "licence":
            assert seen.setdefault(known.indices.tobytes(), known.record.licences) == (
                known.record.licences
            )


HOT = (
    *(
        "not",
        "no",
        "never",
        "non",
        "only",
        "except",
        "without",
        "unless",
        "noncommercial",
        "research",
    ),
    *(
        "may",
        "must",
        "100",
        "(no)",
        "(eu)",
        "excluding",
        "commercial",
        "use",
        "software",
        "under",
    ),
)
CLAUSES = (
    "This licence does not permit commercial use.",
    "The foregoing does not extend to the European Union.",
    "Use of the model is under the original terms.",
    "Copyright 2024 Foo, academics alone",
    "Copyright (c) 2024 Foo: noncommercial",
    "Copyright (c) 2024 Foo. Selling is forbidden.",
    "© 2024 Foo, for personal use",
    "[For the original licence, see https://example.org, it is not for sale]",
)


def _spots(text: str) -> list[re.Match[str]]:
    """Return the words of the terms: no heading, no address, no line that names a holder."""
    start = text.index("Permission is") if text == MIT else text.index('"License" shall')
    return [
        word
        for word in re.finditer(r"\S+", text)
        if word.start() > start
        and re.search("[a-zA-Z]{2}", word[0])
        and "://" not in word[0]
        and "[yyyy]" not in text[text.rfind("\n", 0, word.start()) : text.find("\n", word.end())]
        and "APPENDIX" not in text[text.rfind("\n", 0, word.start()) : text.find("\n", word.end())]
    ]


TEXTS = {"MIT": MIT, "Apache": APACHE, "BSD": BSD_3}
SPOTS = {name: _spots(TEXTS[name]) for name in ("MIT", "Apache")}


def _edited(name: str, kind: str, at: int, word: str) -> str:
    text, spots = TEXTS[name], SPOTS[name]
    spot = spots[at % (len(spots) - 1)]
    after = spots[at % (len(spots) - 1) + 1]
    head, tail = text[: spot.start()], text[spot.end() :]
    return {
        "insert": f"{head}{word} {spot[0]}{tail}",
        "replace": f"{head}{word}{tail}",
        "delete": head + tail,
        "strike": f"{head}~~{spot[0]}~~{tail}",
        "comment": f"{head}<!-- {spot[0]} -->{tail}",
        "hide": f"{head}<span style='display:none'>{spot[0]}</span>{tail}",
        "reverse": f"{head}\u202e{spot[0]}\u202c{tail}",
        "letter": head + spot[0].translate(str.maketrans("aeocpi", "аеосрі")) + tail,  # noqa: RUF001
        "swap": head + after[0] + text[spot.end() : after.start()] + spot[0] + text[after.end() :],
    }[kind]


@given(
    st.sampled_from(sorted(SPOTS)),
    st.sampled_from(
        ["insert", "replace", "delete", "strike", "comment", "hide", "reverse", "letter", "swap"]
    ),
    st.integers(0, 5000),
    st.sampled_from(HOT),
)
@settings(max_examples=300, deadline=None)
def test_no_edit_of_one_word_leaves_a_text_exact(name: str, kind: str, at: int, word: str) -> None:
    edited, text = _edited(name, kind, at, word), TEXTS[name]
    assert _words(edited) == _words(text) or of(edited).state != "exact", (kind, at, word)


def _words(text: str) -> list[str]:
    """Return what a text says: not how its items are numbered, nor its signs and capitals."""
    words = re.sub(r"\((?:[ivx]+|[a-z])\)", " ", text.lower()).split()
    return [word.strip("().,;:\"'") for word in words]


@given(st.sampled_from(sorted(TEXTS)), st.sampled_from(CLAUSES), st.integers(0, 20_000))
@settings(max_examples=150, deadline=None)
def test_no_clause_can_be_hidden_in_a_licence(name: str, clause: str, at: int) -> None:
    text = TEXTS[name]
    breaks = [0, len(text), *(found.end() for found in re.finditer(r"\n\n| ", text))]
    spot = breaks[at % len(breaks)]
    assert of(f"{text[:spot]}\n\n{clause}\n\n{text[spot:]}").state != "exact"


@pytest.mark.parametrize(
    "text",
    [
        "\n".join(f"# {line}".rstrip() for line in MIT.splitlines()),
        "\n".join(f"> {line}" for line in MIT.splitlines()),
        "/*\n" + "\n".join(f" * {line}" for line in MIT.splitlines()) + "\n */",
        f"<!--\n{MIT}\n-->",
        MIT.replace('"', "&quot;").replace("Software", "S&#111;ftware"),
        MIT.replace("\n", "\r\n"),
        "[For the original copy, see https://example.org/mit]\n\n" + MIT,
        MIT.replace("Software", "Soft\u200bware").replace("fi", "ﬁ"),
    ],
)
def test_decoration_of_the_whole_makes_no_difference(text: str) -> None:
    assert of(text).state == "exact"


def test_what_hides_in_the_name_of_a_holder_is_seen() -> None:
    changed = BSD_3.replace("PROVIDED BY THE SOMEBODY INSTITUTE", "PROVIDED NOT BY THE INSTITUTE")
    assert of(changed).state == "variant"


def test_a_text_that_says_more_than_the_known_one_in_it_is_unknown() -> None:
    found = of(HOUSE_TERMS * 8 + "\nParts are under these terms:\n\n" + MIT)
    assert (found.state, found.licences) == ("unknown", ())
    assert [match.record.licences for match in found.matches] == [("MIT",)]


def test_the_words_that_are_gone_are_shown_where_they_stand_elsewhere_in_the_text() -> None:
    (change,) = of(MIT.replace("shall be included", "included")).changes
    assert (change.added, change.gone, change.missing) == ((), ("shall", "be"), 2)


def test_a_text_that_was_brought_shows_every_word_that_is_gone() -> None:
    changed = MIT.replace("NONINFRINGEMENT", "SUITABILITY")
    (without,) = of(changed).changes
    assert without.gone == (UNSPOKEN,)
    shelf = Shelf(
        LicenceTexts(origin="own", texts=(LicenceText(id="MIT", path="MIT.txt", text=MIT),))
    )
    (change,) = recognise(changed, PRINTS, shelf).changes
    assert change.gone == ("noninfringement",)


def test_a_text_that_was_brought_makes_a_copy_exact_under_its_own_name() -> None:
    text = "House Terms 1.0\n\n" + " ".join(
        f"Rule {n} binds whoever runs it{n}." for n in range(30)
    )
    own = LicenceText(id="house-1.0", path="house-1.0.txt", text=text)
    shelf = Shelf(LicenceTexts(origin="own", texts=(own,)))
    assert of(text).state == "unknown"
    found = recognise(f"# {text}", PRINTS, shelf)
    assert (found.state, found.licences) == ("exact", ("house-1.0",))
    assert recognise(text.replace("it7", "it7 not"), PRINTS, shelf).state == "variant"


REAL = sorted(Path("/usr/share/common-licenses").glob("*-*"))


@pytest.mark.skipif(not REAL, reason="Debian's copies of common licences are not on this machine")
@pytest.mark.parametrize(
    ("file", "id"),
    [
        ("Apache-2.0", "Apache-2.0"),
        ("CC0-1.0", "CC0-1.0"),
        ("GPL-2", "GPL-2.0-only"),
        ("GPL-3", "GPL-3.0-only"),
        ("LGPL-2.1", "LGPL-2.1-only"),
        ("LGPL-3", "LGPL-3.0-only"),
        ("MPL-2.0", "MPL-2.0"),
    ],
)
def test_copies_that_others_ship_are_exact(file: str, id: str) -> None:
    text = Path("/usr/share/common-licenses", file).read_text("utf-8")
    found = of(text)
    assert (found.state, found.licences) == ("exact", (id,)), found.changes
