# SPDX-License-Identifier: Apache-2.0
"""Read a use profile: the table `[use]` of a TOML file, or a file of its own."""

from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec

from steelyard.core.errors import UsageError
from steelyard.core.use import Use
from steelyard.knowledge import territory

KEYS = Use.__struct_fields__
_HINT = "steelyard explain use names the keys of a profile"
_FIGURES = ("mau", "mau_at_release", "dau", *(key for key in KEYS if key.endswith("_usd")))

_NOTHING: tuple[object, ...] = (None, "", [])
_ENTITIES = {
    "company": {
        "business",
        "commercial",
        "commercial_entity",
        "corporation",
        "enterprise",
        "startup",
    },
    "nonprofit": {"non_profit", "ngo", "charity"},
    "university": {"academia", "academic", "research_institution", "research_institute"},
    "individual": {"person", "private_person", "hobbyist"},
    "end_user": {"consumer", "user"},
}


def profile_at(path: Path) -> Use:
    """Return the profile that a file holds: TOML or JSON, its keys bare or in a table `use`.

    Raises:
        UsageError: It cannot be read, or is no profile.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UsageError(
            f"cannot read {str(path)!r}: {error.strerror}", hint="check the path"
        ) from error
    found = _document(data, path)
    inner = found.get("use", found)
    if not isinstance(inner, dict):
        raise UsageError(f"{str(path)!r}: 'use' is no table", hint=_HINT)
    return profile(inner, str(path))


def profile(values: Mapping[str, object], origin: str) -> Use:
    """Return the profile that keys and values make.

    Args:
        values: By key; None is *not known*, as are an empty text or list, and a key that is not there.
        origin: Where they come from, for messages.

    Raises:
        UsageError: A key is unknown, or a value makes no sense.
    """
    given = {key: value for key, value in values.items() if value not in _NOTHING}
    for key in given:
        if key not in KEYS:
            raise UsageError(f"{origin!r}: a use profile has no key {key!r}", hint=_nearest(key))
    for key in ("domicile", "serves", "field"):
        if key in given:
            given[key] = _words(key, given[key], origin)
    if isinstance(given.get("entity"), str):
        given["entity"] = _entity(str(given["entity"]))
    try:
        use = msgspec.convert(given, Use)
    except msgspec.ValidationError as error:
        raise UsageError(f"{origin!r}: use profile: {error}", hint=_HINT) from error
    for key in _FIGURES:
        _sound(key, getattr(use, key), origin)
    return use


def _document(data: bytes, path: Path) -> dict[str, object]:
    import tomllib

    try:
        if path.suffix == ".json":
            return msgspec.json.decode(data, type=dict[str, object])
        return tomllib.loads(data.decode("utf-8"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, msgspec.MsgspecError) as error:
        raise UsageError(
            f"{str(path)!r} is no use profile: {error}",
            hint="write TOML, such as: commercial = true",
        ) from error


def _words(key: str, value: object, origin: str) -> object:
    """Return a value that may be one word or several in the one form there is of it."""
    listed = value if isinstance(value, list) else [value]
    words = [word for word in listed if isinstance(word, str)]
    if len(words) != len(listed):
        return value  # the conversion says what is wrong with it
    if key == "field":
        return [word.strip().lower().replace(" ", "_").replace("-", "_") for word in words]
    codes = [_region(key, word, origin) for word in words]
    return codes if key == "serves" else codes[0] if len(codes) == 1 else value


def _region(key: str, word: str, origin: str) -> str:
    code = territory.region(word)
    if code is None:
        import difflib

        near = difflib.get_close_matches(word.lower(), territory.names(), n=1)
        meant = f"did you mean {near[0]!r}? " if near else ""
        raise UsageError(
            f"{origin!r}: {key} = {word!r} is no country",
            hint=f"{meant}name it by two letters, such as DE or US; EU and WORLD will do too",
        )
    return code


def _entity(word: str) -> str:
    """Return what somebody is in the word that licences' facts have for it."""
    plain = word.strip().lower().replace("-", "_").replace(" ", "_")
    return next((name for name, words in _ENTITIES.items() if plain in words), plain)


def _sound(key: str, value: float | None, origin: str) -> None:
    if value is not None and not 0 <= value < float("inf"):
        raise UsageError(
            f"{origin!r}: {key} = {value} is no figure",
            hint="leave a figure out that is not known: missing is never zero",
        )


def _nearest(key: str, keys: Iterable[str] = KEYS) -> str:
    import difflib

    near = difflib.get_close_matches(key.lower().replace("-", "_"), list(keys), n=1)
    return f"did you mean {near[0]!r}?" if near else f"its keys: {', '.join(keys)}"
