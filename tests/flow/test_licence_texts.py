# SPDX-License-Identifier: Apache-2.0
"""Licence texts that somebody brings."""

from pathlib import Path

import pytest

from steelyard.core.errors import UsageError
from steelyard.core.limits import Limits
from steelyard.core.ports import Silent
from steelyard.flow.check import check
from steelyard.flow.licence_texts import licence_texts
from steelyard.flow.policies import policy
from steelyard.flow.pools import Serial
from steelyard.flow.settings import NOTHING_SET, read, with_texts

HOUSE = " ".join(f"Rule {n} binds whoever runs it{n}." for n in range(30))


def test_a_text_is_named_by_its_front_matter_else_by_its_file(tmp_path: Path) -> None:
    (tmp_path / "house-1.0.txt").write_text("All may use it.")
    (tmp_path / "b.LICENSE").write_text("---\nkey: b\nspdx_license_key: Bee-2.0\n---\nNone may.")
    (tmp_path / "picture.png").write_bytes(b"\x89PNG")
    (tmp_path / "empty.txt").write_text(" \n")
    found = licence_texts(str(tmp_path))
    assert [(one.id, one.text) for one in found.texts] == [
        ("Bee-2.0", "None may."),
        ("house-1.0", "All may use it."),
    ]


@pytest.mark.parametrize("make", [False, True])
def test_a_place_without_texts_is_an_error_that_says_what_to_do(tmp_path: Path, make: bool) -> None:
    place = tmp_path / "texts"
    if make:
        place.mkdir()
    with pytest.raises(UsageError) as caught:
        licence_texts(str(place))
    assert caught.value.hint


def test_settings_name_a_folder_and_its_texts_take_part_in_their_digest(tmp_path: Path) -> None:
    text = tmp_path / "house.txt"
    text.write_text("one")
    data = f"licence_texts = {str(tmp_path)!r}".encode()
    one = read(data, "steelyard.toml")
    text.write_text("other")
    assert read(data, "steelyard.toml").digest != one.digest
    assert one.licence_texts is not None


def test_a_text_that_was_brought_names_a_file_and_leaves_its_terms_unknown(tmp_path: Path) -> None:
    model, own = tmp_path / "model", tmp_path / "own"
    model.mkdir()
    own.mkdir()
    (model / "LICENSE").write_text(HOUSE)
    (own / "house-1.0.txt").write_text(HOUSE)
    rules = {
        bool(texts): [
            item.claim.message
            for item in check(
                model,
                policy("baseline"),
                limits=Limits(),
                pool=Serial(),
                progress=Silent(),
                settings=with_texts(NOTHING_SET, texts) if texts else NOTHING_SET,
            ).evidence
            if getattr(item.claim, "rule", "").startswith("licence.")
        ]
        for texts in ("", str(own))
    }
    assert rules[True] == ["'house-1.0' is the text of a licence nothing more is known of"]
    assert "not known" in rules[False][0]
