# SPDX-License-Identifier: Apache-2.0
"""YAML documents: configurations of NeMo, Hydra, SpeechBrain; built from events, no tag is honoured."""

from typing import Any

from steelyard.core.patterns import late
from steelyard.formats.port import Budget, Content, Flaw, Format, Glimpse
from steelyard.formats.source import Source
from steelyard.formats.text import read as read_text
from steelyard.formats.yaml_events import Tag, build

WHOLE_BYTES = 4 << 20  # larger documents are only searched for what matters

_MATTERS = late(
    r"_target_|_component_|class_path|loader_module|target:|chat_template|auto_map|trust_remote_code|!!|!<|%TAG|!\w+:"
)


class YamlDocument(Content, frozen=True, kw_only=True):
    """What a YAML document says.

    Attributes:
        value: Dictionaries with texts as keys (in the order of the document), lists, texts, numbers,
            truth values and None; a list of documents where there are several or none. Aliases share
            what they stand for.
        tags: Every tag that is no core type of YAML, in order.
        shadowed: Key and value of every member that a later member of the same name hides.
        text: The characters, where not all of them are YAML; else empty.
    """

    value: Any = None
    tags: tuple[Tag, ...] = ()
    shadowed: tuple[tuple[str, Any], ...] = ()
    text: str = ""


def read(source: Source, budget: Budget) -> YamlDocument:
    """Read a document of up to `WHOLE_BYTES`; a larger one is incomplete if anything in it matters.

    Raises:
        LimitError: It is nested too deep, or its aliases expand without bound.

    Source:
        YAML 1.1, as PyYAML reads it; libyaml's parser.
    """
    text = read_text(source, budget)
    if source.size > WHOLE_BYTES:
        reason = f"YAML of {source.size:,} bytes, more than {WHOLE_BYTES:,}"
        missing = reason if text.incomplete or _matters(text.text) else ""
        return YamlDocument(text=text.text, incomplete=missing, incomplete_at=0 if missing else -1)
    built = build(text.text, budget)
    flaws = [
        Flaw(code="duplicate-key", message=f"a mapping has two members named {key!r}")
        for key in dict.fromkeys(key for key, _ in built.shadowed[:100])
    ]
    missing = built.broken if built.broken and _matters(text.text) else ""
    if built.broken:
        flaws.append(Flaw(code="not-yaml", message=built.broken))
    return YamlDocument(
        value=built.documents[0] if len(built.documents) == 1 else built.documents,
        tags=tuple(built.tags),
        shadowed=tuple(built.shadowed),
        text=text.text if built.broken else "",
        flaws=tuple(flaws),
        incomplete=missing,
        incomplete_at=0 if missing else -1,
    )


def _matters(text: str) -> bool:
    return _MATTERS.search(text) is not None


def _is_yaml(glimpse: Glimpse) -> bool:
    named = glimpse.suffix in {"yaml", "yml"} or glimpse.name == "MLmodel"
    return named and b"\0" not in glimpse.head and bool(glimpse.head)


YAML = Format(id="yaml", title="YAML", rank=40, matches=_is_yaml, read=read)

__all__ = ["YAML", "Tag", "YamlDocument", "read"]
