# SPDX-License-Identifier: Apache-2.0
"""A YAML document from its events: no tag constructs anything, no alias expands without bound."""

from typing import Any

import msgspec

from steelyard.core.errors import LimitError
from steelyard.core.patterns import late
from steelyard.formats.port import Budget

DEPTH = 200  # levels of nesting
_TOO_DEEP = "exceeded maximum nesting depth"  # of libyaml from 0.2.6: 1,000, ahead of any event
_EXPANDED = 1_000_000  # values, aliases counted as often as they stand for something
_EVENTS = 4_096  # between looks at the clock
_SHADOWED = 10_000  # duplicate keys that are kept

_CORE = "tag:yaml.org,2002:"
_CORE_TYPES = frozenset(
    [
        "str",
        "int",
        "float",
        "bool",
        "null",
        "map",
        "seq",
        "set",
        "omap",
        "pairs",
        "binary",
        "timestamp",
        "merge",
        "value",
    ]
)
_NUMBER = late(r"[-+]?\d{1,300}")
_REAL = late(r"[-+]?(?:\d+\.\d*|\.\d+|\d+)(?:[eE][-+]?\d+)?")
_WORDS = {"null": None, "~": None, "": None, "true": True, "false": False}


class Tag(msgspec.Struct, frozen=True, kw_only=True):
    """A tag that is no core type of YAML.

    Attributes:
        name: The tag, such as `tag:yaml.org,2002:python/object/apply:os.system` or `!new:a.B`.
        line: Line it is on, from 1.
    """

    name: str
    line: int


class Built(msgspec.Struct):
    """What the events of a stream came to.

    Attributes:
        documents: One value each.
        tags: In order.
        shadowed: Key and value of members that a later member of the same name hides.
        broken: From where on it is no YAML; empty when all of it is.
    """

    documents: list[Any] = msgspec.field(default_factory=list)
    tags: list[Tag] = msgspec.field(default_factory=list)
    shadowed: list[tuple[str, Any]] = msgspec.field(default_factory=list)
    broken: str = ""


class _Open(msgspec.Struct):
    """A container that has not ended."""

    value: dict[str, Any] | list[Any]
    anchor: str | None
    weight: int = 1
    key: str | None = None


def build(text: str, budget: Budget) -> Built:
    """Return the documents of a text, as far as it is YAML.

    Raises:
        LimitError: It is nested too deep, or aliases expand to too much.
    """
    from yaml import CSafeLoader, YAMLError

    builder = _Builder()
    parser = CSafeLoader(text)
    try:
        count = 0
        while parser.check_event():
            builder.take(parser.get_event())
            count += 1
            if count % _EVENTS == 0:
                budget.check_time()
    except (YAMLError, ValueError) as error:
        if getattr(error, "problem", None) == _TOO_DEEP:
            raise _nested_too_deep() from error
        mark = getattr(error, "problem_mark", None)
        builder.built.broken = f"no YAML from line {mark.line + 1} on" if mark else "no YAML"
    finally:
        parser.dispose()
    return builder.built


class _Builder:
    def __init__(self) -> None:
        self.built = Built()
        self._open: list[_Open] = []
        self._anchors: dict[str, tuple[Any, int]] = {}

    def take(self, event: Any) -> None:  # noqa: ANN401 - PyYAML's events have no common interface
        kind = type(event).__name__
        if kind == "ScalarEvent":
            self._tag(event)
            self._put(_scalar(event), 1, event.anchor)
        elif kind == "AliasEvent":
            value, weight = self._anchors.get(event.anchor, (None, 1))
            self._put(value, weight, None)
        elif kind in ("MappingStartEvent", "SequenceStartEvent"):
            self._tag(event)
            self._begin({} if kind == "MappingStartEvent" else [], event.anchor)
        elif kind in ("MappingEndEvent", "SequenceEndEvent"):
            ended = self._open.pop()
            self._put(ended.value, ended.weight, ended.anchor)
        elif kind == "DocumentStartEvent":
            self._anchors.clear()

    def _tag(self, event: Any) -> None:  # noqa: ANN401 - as above
        name = event.tag
        if name and not (name.startswith(_CORE) and name[len(_CORE) :] in _CORE_TYPES):
            self.built.tags.append(Tag(name=name, line=event.start_mark.line + 1))

    def _begin(self, value: dict[str, Any] | list[Any], anchor: str | None) -> None:
        if len(self._open) >= DEPTH:
            raise _nested_too_deep()
        self._open.append(_Open(value=value, anchor=anchor))

    def _put(self, value: object, weight: int, anchor: str | None) -> None:
        """Put a value where it belongs: into the innermost container, or beside the documents."""
        if anchor is not None:
            self._anchors[anchor] = (value, weight)
        if not self._open:
            self.built.documents.append(value)
            return
        inside = self._open[-1]
        inside.weight += weight
        if inside.weight > _EXPANDED:
            raise LimitError(f"YAML of more than {_EXPANDED:,} values, aliases counted")
        if isinstance(inside.value, list):
            inside.value.append(value)
        elif inside.key is None:
            inside.key = value if isinstance(value, str) else repr(value)[:1000]
        else:
            self._member(inside.value, inside.key, value)
            inside.key = None

    def _member(self, mapping: dict[str, Any], key: str, value: object) -> None:
        if key in mapping and len(self.built.shadowed) < _SHADOWED:
            self.built.shadowed.append((key, mapping[key]))
        mapping[key] = value


def _scalar(event: Any) -> object:  # noqa: ANN401 - as above
    text = str(event.value)
    if event.style or not event.implicit[0]:
        return text
    word = text.lower()
    if word in _WORDS:
        return _WORDS[word]
    if _NUMBER.fullmatch(text):
        return int(text)
    return float(text) if len(text) < 300 and _REAL.fullmatch(text) else text


def _nested_too_deep() -> LimitError:
    return LimitError(f"YAML nested more than {DEPTH} levels deep")
