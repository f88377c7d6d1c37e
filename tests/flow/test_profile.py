# SPDX-License-Identifier: Apache-2.0
"""A use profile is read as it is meant, refused with help where it makes no sense, and written whole."""

import tomllib

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.core.errors import UsageError
from steelyard.core.use import Use
from steelyard.flow.profile import profile, profile_at
from steelyard.flow.profile_toml import with_profile
from steelyard.flow.settings import read, settings

words = st.text(st.characters(codec="utf-8"), min_size=1, max_size=20)
figures = st.one_of(st.none(), st.integers(0, 10**12))
flags = st.sampled_from([None, True, False])
profiles = st.builds(
    Use,
    commercial=flags,
    mau=figures,
    revenue_year_usd=figures,
    domicile=st.sampled_from([None, "DE", "US", "EU"]),
    serves=st.sampled_from([None, ("EU", "US"), ("WORLD",)]),
    name=st.one_of(st.none(), words),
    host=flags,
)


def refused(**values):
    with pytest.raises(UsageError) as caught:
        profile(values, "use.toml")
    return f"{caught.value.message} | {caught.value.hint}"


def test_a_key_that_is_left_out_is_not_known():
    assert profile({}, "x") == Use()
    assert profile({"mau": None, "name": "", "serves": []}, "x") == Use()
    assert profile({"mau": 0, "host": False}, "x") == Use(mau=0, host=False)


def test_places_and_fields_are_taken_in_the_words_people_use():
    made = profile({"domicile": "germany", "serves": "worldwide", "field": "Health care"}, "x")
    assert (made.domicile, made.serves, made.field) == ("DE", ("WORLD",), ("health_care",))
    assert profile({"serves": ["uk", "EU"]}, "x").serves == ("GB", "EU")
    assert profile({"entity": "Non-profit"}, "x").entity == "nonprofit"


@pytest.mark.parametrize(
    ("values", "help"),
    [
        ({"comercial": True}, "did you mean 'commercial'?"),
        ({"MAU": 3}, "did you mean 'mau'?"),
        ({"zzz": 1}, "its keys: commercial"),
        ({"mau": -1}, "missing is never zero"),
        ({"mau": float("inf")}, "is no figure"),
        ({"mau": float("nan")}, "is no figure"),
        ({"mau": "many"}, "mau"),
        ({"commercial": "yes"}, "commercial"),
        ({"domicile": "Germny"}, "did you mean 'germany'?"),
        ({"domicile": ["DE", "FR"]}, "domicile"),
        ({"serves": [1]}, "serves"),
    ],
)
def test_what_makes_no_sense_is_refused_with_help(values, help):
    assert help in refused(**values)


def test_a_file_may_hold_the_keys_bare_or_in_a_table(tmp_path):
    bare, table, js = (tmp_path / name for name in ("bare.toml", "table.toml", "use.json"))
    bare.write_text("mau = 5")
    table.write_text("[use]\nmau = 5")
    js.write_text('{"use": {"mau": 5, "dau": null}}')
    assert profile_at(bare) == profile_at(table) == profile_at(js) == Use(mau=5)


@pytest.mark.parametrize("data", [b"mau = ", b"\xff\xfe", b"use = 3"])
def test_a_file_that_is_none_is_refused(tmp_path, data):
    path = tmp_path / "use.toml"
    path.write_bytes(data)
    with pytest.raises(UsageError):
        profile_at(path)


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(UsageError, match="cannot read"):
        profile_at(tmp_path / "none.toml")


def test_the_settings_hold_a_profile(tmp_path):
    path = tmp_path / "steelyard.toml"
    path.write_text('[use]\ncommercial = true\ndomicile = "us"\n')
    assert settings(path).use == Use(commercial=True, domicile="US")
    with pytest.raises(UsageError, match="no table"):
        read(b"use = 1", "steelyard.toml")


@given(profiles, profiles)
def test_a_profile_that_is_written_is_read_as_it_was(first, second):
    once = with_profile("", first)
    twice = with_profile(once, second)
    for text, use in ((once, first), (twice, second)):
        given = {k: v for k, v in msgspec.to_builtins(use).items() if v is not None}
        assert profile(tomllib.loads(text)["use"], "x") == profile(given, "x")


@given(profiles)
def test_the_rest_of_a_document_stays(use):
    rest = '# mine\ntitle = "x"\n\n[a]\nb = 1\n\n'
    text = with_profile(rest + "[use]\nmau = 1\n# old\n\n[c]\nd = [2]\n", use)
    found = tomllib.loads(text)
    assert text.startswith(rest)
    assert (found["a"], found["c"]) == ({"b": 1}, {"d": [2]})
    assert "old" not in text
