# SPDX-License-Identifier: Apache-2.0
"""Models written as XML: OpenVINO's networks, PMML. Nothing that a document declares is expanded.

Source: XML 1.0 (W3C); OpenVINO 2025, IR format; PMML 4.4 (DMG).
"""

import re
from collections.abc import Iterator
from xml.parsers import expat

import msgspec

from steelyard.core.errors import LimitError, MalformedError
from steelyard.formats.flaws import FlawList
from steelyard.formats.paths import shown
from steelyard.formats.polyglot import other_views
from steelyard.formats.port import Budget, Content, Format, Glimpse, Member
from steelyard.formats.source import Source

_BLOCK = 256 << 10  # bytes that are parsed at a time
_DEEP = 1_000  # elements in each other
_KEPT = 20_000  # elements that are kept
_SEARCHED = 1 << 20  # bytes in which the root of a model is looked for
_ROOT = re.compile(rb"<(?:[\w.-]{1,40}:)?(?:PMML|net|CustomLayer)[\s/>]|<!DOCTYPE\s+(?:PMML|net)\b")
_ROOTS = frozenset({"PMML", "net", "CustomLayer"})
_TAGS = frozenset(
    ["CustomLayer", "Kernel", "Source", "Extension", "TableLocator", "include", "script", "Script"]
)
_ATTRIBUTES = frozenset({"library", "libraries", "extension", "extensions", "filename"})
_SPACES = b" \t\r\n"


class Element(msgspec.Struct, frozen=True):
    """An element that may reach outside of its document.

    Attributes:
        tag: Its name without a prefix.
        attributes: Names and values, those of any length cut.
        line: Where it begins.
    """

    tag: str
    attributes: tuple[tuple[str, str], ...]
    line: int


class Xml(Content, frozen=True, kw_only=True):
    """A model written as XML.

    Attributes:
        root: Name of the outermost element.
        count: How many elements there are.
        elements: Those that may reach outside.
    """

    root: str
    count: int
    elements: tuple[Element, ...]


class _Reading:
    """What is being found in a document."""

    def __init__(self) -> None:
        self.parser = expat.ParserCreate()
        self.parser.StartElementHandler = self.start
        self.parser.EndElementHandler = self.end
        self.parser.StartDoctypeDeclHandler = self.doctype
        self.parser.EntityDeclHandler = self.entity
        self.parser.ProcessingInstructionHandler = self.instruction
        self.root = ""
        self.count = 0
        self.depth = 0
        self.elements: list[Element] = []
        self.flaws = FlawList()

    def start(self, name: str, attributes: dict[str, str]) -> None:
        tag = name.rpartition(":")[2]
        self.root = self.root or tag
        self.count += 1
        self.depth += 1
        if self.depth > _DEEP:
            raise MalformedError(f"elements nested more than {_DEEP:,} deep", self._at)
        if self._is_notable(tag, attributes) and len(self.elements) < _KEPT:
            pairs = tuple((shown(key), shown(text)) for key, text in attributes.items())
            self.elements.append(Element(shown(tag), pairs[:50], self.parser.CurrentLineNumber))

    @property
    def _at(self) -> int:
        return max(0, self.parser.CurrentByteIndex)

    def _is_notable(self, tag: str, attributes: dict[str, str]) -> bool:
        if tag in _TAGS or not _ATTRIBUTES.isdisjoint(attributes):
            return True
        if tag == "layer":
            return attributes.get("version") == "extension"
        return tag == "Apply" and "." in attributes.get("function", "")

    def end(self, name: str) -> None:
        del name
        self.depth -= 1

    def doctype(self, name: str, system: str | None, public: str | None, internal: int) -> None:
        del internal
        self.root = self.root or name
        target = f" from {shown(system)!r}" if system else ""
        self.flaws.add("doctype", f"a document type is declared{target}", self._at)
        del public

    def entity(self, name: str, parameter: int, value: str | None, *rest: str | None) -> None:
        del parameter
        system = rest[1] if len(rest) > 1 else None
        what = f"read from {shown(system)!r}" if system else f"of {len(value or ''):,} characters"
        self.flaws.add("entity", f"the entity {shown(name)!r} is declared, {what}", self._at)
        raise LimitError("entities are declared, and never expanded here", self._at)

    def instruction(self, target: str, data: str) -> None:
        if target == "xml-stylesheet":
            self.flaws.add("stylesheet", f"a style sheet is asked for: {shown(data)}", self._at)


def read(source: Source, budget: Budget) -> Xml:
    """Parse a document up to its end, or up to the first entity it declares.

    Raises:
        MalformedError: It is not well-formed, or nested too deep.
        LimitError: Time is up.
    """
    reading = _Reading()
    missing = ""
    try:
        for at in range(0, source.size, _BLOCK):
            budget.check_time()
            reading.parser.Parse(source.read(at, _BLOCK), at + _BLOCK >= source.size)
    except LimitError as error:
        if not reading.flaws.all():
            raise
        missing = error.message
    except expat.ExpatError as error:
        if not reading.flaws.all():
            raise MalformedError(f"XML that is not well-formed: {error}", reading._at) from error
        missing = f"XML that is not well-formed: {error}"
    if len(reading.elements) >= _KEPT:
        missing = missing or f"more than {_KEPT:,} elements that may reach outside"
    return Xml(
        root=shown(reading.root),
        count=reading.count,
        elements=tuple(reading.elements),
        flaws=reading.flaws.all(),
        incomplete=missing,
    )


def members(content: Xml, source: Source, budget: Budget) -> Iterator[Member]:
    """Yield what other readers would make of the bytes."""
    del content
    yield from other_views(source, budget)


def _is_model(glimpse: Glimpse) -> bool:
    head = glimpse.head[:64].lstrip(b"\xef\xbb\xbf").lstrip(_SPACES)
    if not head.startswith((b"<", b"\xff\xfe<", b"\xfe\xff\0<", b"\0<")):
        return False
    data = glimpse.source.read(0, _SEARCHED)
    return _ROOT.search(data.replace(b"\0", b"")) is not None


XML = Format(id="xml", title="XML model", rank=31, matches=_is_model, read=read, members=members)
