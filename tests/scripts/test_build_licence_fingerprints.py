# SPDX-License-Identifier: Apache-2.0
"""Building fingerprints from texts that are not kept here."""

import tomllib

import msgspec
import pytest

from steelyard import knowledge
from steelyard.detectors.licence_text import recognise
from tests.samples.licences import ROOT, prints, script

TERMS = " ".join(f"clause {n} says that word{n} holds for all who use it." for n in range(20))


def test_the_list_names_a_licence_and_a_source_for_every_text() -> None:
    listing = msgspec.convert(
        tomllib.loads((ROOT / "scripts/licence_texts.toml").read_text("utf-8")), script().Listing
    )
    known = {name for name, _ in knowledge.entries("licences")}
    for entry in listing.texts:
        ids = [entry.licence] if isinstance(entry.licence, str) else entry.licence
        assert set(ids) <= known
        assert entry.origin.partition(":")[0] in listing.sources


def test_the_same_texts_give_the_same_file(tmp_path) -> None:
    (tmp_path / "one").write_text(TERMS)
    listing = msgspec.convert(
        {
            "sources": {"own": {"name": "own", "date": "2026-01-01"}},
            "texts": [{"licence": "One", "from": "own:one"}],
        },
        script().Listing,
    )
    first, second = (script().build(listing, {"own": tmp_path}) for _ in range(2))
    assert first == second
    assert TERMS[:40].encode() not in first


def test_headings_may_be_left_out_and_holes_filled_by_each_copier(tmp_path) -> None:
    text = f"Example Licence 1.0\n\nFebruary 2026\n\n{TERMS} Neither the name of X nor it counts."
    entry = {
        "licence": "Example-1.0",
        "from": "own:text",
        "holes": [["neither the name of", "nor it counts"]],
    }
    own = prints(tmp_path, entry, text=text)
    copy = f"{TERMS} Neither the name of The Some Body Institute nor it counts."
    assert recognise(text, own).state == "exact"
    assert recognise(copy, own).state == "exact"
    longer = copy.replace("Some Body", "Some Body " * 20)
    assert recognise(longer, own).state == "variant"


def test_what_is_cut_off_adds_no_terms_and_may_be_missing(tmp_path) -> None:
    text = f"Who made this\n\nBefore it begins.\n\n{TERMS}\n\nEND OF TERMS\n\nHow to apply it."
    entry = {
        "licence": "Example-1.0",
        "from": "own:text",
        "start": "clause 0 says",
        "cuts": ["END OF TERMS", "How to apply"],
    }
    own = prints(tmp_path, entry, text=text)
    for copy in (text, TERMS, f"{TERMS}\nEND OF TERMS", f"{TERMS}\nHow to apply it."):
        assert recognise(copy, own).state == "exact"
    assert recognise(f"{TERMS}\nHow to sell it.", own).state == "variant"


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"start": "no such words"}, "does not stand in the text"),
        ({"licence": "Other"}, "the same words as the text of One"),
    ],
)
def test_a_list_that_does_not_fit_the_texts_is_refused(tmp_path, change, complaint) -> None:
    entry = {"licence": "One", "from": "own:one"}
    with pytest.raises(SystemExit, match=complaint):
        prints(tmp_path, entry, entry | change, one=TERMS)
