# SPDX-License-Identifier: Apache-2.0
"""Hints at descent in the prose of cards: never more than a hint, for prose says many things."""

import re
from collections.abc import Iterator

from steelyard.checks.licence.graph import Relation
from steelyard.checks.licence.lineage.documents import readmes
from steelyard.checks.licence.lineage.said import Said, Saying
from steelyard.core.patterns import late
from steelyard.core.probe import place
from steelyard.core.subject import Model

_HINTS = 100  # of one card

# `[name](https://huggingface.co/org/model)`, the address alone, or `org/model` in backticks or by itself.
_HUB = r"https?://(?:www\.)?(?:huggingface\.co|hf\.co)/"
_SEGMENT = r"[\w.-]{1,96}"
# An address on the hub is that of a model when nothing follows but the pages of its repository.
_ADDRESS = rf"{_SEGMENT}(?:/{_SEGMENT})?(?![\w.-])(?!/(?!blob|raw|resolve|tree))"
_MODEL = (
    rf"(?:\[[^\]\n]{{0,200}}\]\(\s*{_HUB}(?P<link>{_ADDRESS})[^)\n]{{0,200}}\)"
    rf"|<?{_HUB}(?P<address>{_ADDRESS})"
    rf"|[`*\"']{{1,3}}(?P<marked>{_SEGMENT}/{_SEGMENT})[`*\"']"
    # A bare pair must look like a model: `CPU/GPU` and `and/or` are none.
    r"|(?P<bare>[A-Za-z][\w.-]{1,95}/(?=[\w.-]{0,90}\d)(?=[\w.-]{0,90}-)[A-Za-z0-9][\w.-]{1,95})(?![\w/]))"
)
# `Claude 3.5 Sonnet`, `gemini-2.5-flash-lite`: numbers and the names of editions, no further words.
_EDITION = (
    r"(?:[ -](?:v?\d[\w.]{0,11}|Pro|Flash|Ultra|Nano|Lite|Thinking|Advanced|Sonnet|Opus|Haiku|Instant)"
    r"(?![\w])){0,5}"
)
_TEACHER = late(
    r"(?:distill?ed|distill?ation|synthetic(?:ally)?|outputs?|generated|answers|responses|completions)"
    r"[^.\n]{0,60}?\b(?:from|of|by|with|using)\s+(?:the\s+|a\s+)?(?:"
    + _MODEL
    + r"|(?P<closed>(?:GPT-(?:3\.5|4(?:\.\d)?o?|5)(?:-turbo|-mini)?|ChatGPT|text-davinci-00[23]"
    rf"|(?:Claude|Gemini){_EDITION}|DeepSeek-(?:R1|V3(?:\.\d)?))(?![\w/-])))",
    re.IGNORECASE,
)
_PROCESSES = (
    ("quantized", r"quanti[sz]ed?|quanti[sz]ations?|GGUF|GPTQ|AWQ|EXL2|MLX"),
    ("adapter", r"LoRA|QLoRA|adapter"),
    ("merge", r"merge[ds]?"),
    ("finetune", r"fine-?\s?tun\w{1,6}|instruction-tuned|continued? pre-?train\w{0,5}|trained"),
)
_BASE = late(
    r"(?P<verb>"
    + "|".join(pattern for _, pattern in _PROCESSES)
    + r"|based|built|derived|initiali[sz]ed|original model|base model|converted)"
    r"(?P<gap>[^.\n\[`]{0,60}?)(?P<link_word>\bfrom\b|\bof\b|\bon top of\b|\bon\b|\bfor\b|:)[\s*]{0,4}(?:model\s*:?[\s*]{0,4})?(?:the\s+)?"
    + _MODEL,
    re.IGNORECASE,
)
_DATA = late(
    rf"\bon the [`*]{{0,3}}(?P<data>{_SEGMENT}/{_SEGMENT})[`*]{{0,3}} data\s?set\b", re.IGNORECASE
)
_MARKS = ("/", "gpt", "davinci", "claude", "gemini", "deepseek")
_WORDS = (
    "adapter", "answers", "awq", "base model", "based", "built", "completions", "converted", "dataset",
    "data set", "derived", "distil", "exl2", "generated", "gguf", "gptq", "initiali", "lora", "merge",
    "mlx", "original model", "output", "pretrain", "pre-train", "quanti", "responses", "synthetic",
    "train", "tun",
)  # fmt: skip
"""A name of a model has one of the marks, and whatever a pattern here looks for one of the words."""

_MERGED = late(r"following models were included in the merge:?\s{0,4}\n", re.IGNORECASE)
_BULLET = late(rf"[ \t]*[*-][ \t]+{_MODEL}(?:\s\+\s{_MODEL.replace('?P<', '?P<lora_')})?")
_UPON = frozenset({"based", "built"})
"""What follows `on` is a model after these; after `trained` it is a data set."""

_COPY = late(r"(?<![a-z])(?:awq|exl[23]|ggml|gguf|gptq|mlx)(?![a-z])", re.IGNORECASE)
"""What quantised copies have in their names, and what they were made of seldom has."""

_NO_MODELS = frozenset(
    {
        "datasets",
        "spaces",
        "papers",
        "docs",
        "blog",
        "collections",
        "learn",
        "models",
        "organizations",
    }
)


def prose(model: Model) -> Saying:
    """Yield what sentences of cards hint at: `fine-tuned from`, `quantised version of`, `distilled from`."""
    for part, text in readmes(model):
        body = _without_front_matter(text)
        offset = len(text) - len(body)
        seen: set[str] = set()
        for position, raw, relation, process in _hints(body):
            if raw not in seen and len(seen) < _HINTS:
                seen.add(raw)
                line = text.count("\n", 0, offset + position) + 1
                yield Said(
                    by="prose",
                    raw=raw,
                    where=place(part.where, line=line),
                    relation=relation,
                    process=process,
                    kind="dataset" if relation == "trained_on" else "model",
                )


def _hints(text: str) -> Iterator[tuple[int, str, Relation, str]]:
    for match in _MERGED.finditer(text):
        yield from _bullets(text, match.end())
    for position, line in _telling(text):
        for match in _TEACHER.finditer(line):
            if name := _name(match):
                yield position, name, "trained_on_outputs_of", ""
        for match in _BASE.finditer(line):
            name, process = _name(match), _process(match[0])
            if name and not _points_elsewhere(match, name, process):
                yield position, name, "derived_from", process
        for match in _DATA.finditer(line):
            yield position, match["data"], "trained_on", ""


def _telling(text: str) -> Iterator[tuple[int, str]]:
    """Yield position and text of the lines that may hint; most name no model, or say nothing of it."""
    position = 0
    for line in text.splitlines(keepends=True):
        lower = line.lower()
        if any(mark in lower for mark in _MARKS) and any(word in lower for word in _WORDS):
            yield position, line
        position += len(line)


def _points_elsewhere(match: re.Match[str], name: str, process: str) -> bool:
    """Tell whether a sentence names data, or a copy that others made of this model."""
    word = match["link_word"].lower()
    if word == "on":
        return match["verb"].lower() not in _UPON
    return process == "quantized" and (word in (":", "for") or bool(_COPY.search(name)))


def _bullets(text: str, position: int) -> Iterator[tuple[int, str, Relation, str]]:
    for line in text[position : position + 40_000].splitlines(keepends=True)[:_HINTS]:
        if line.strip():
            match = _BULLET.match(line)
            if match is None:
                return
            if name := _name(match):
                yield position, name, "derived_from", "merge"
        position += len(line)


def _name(match: re.Match[str]) -> str:
    """Return the model a match names; empty where the address is that of no model."""
    groups = match.groupdict()
    name = next(
        (groups[key] for key in ("link", "address", "marked", "bare", "closed") if groups.get(key)),
        "",
    )
    name = name.rstrip(".")
    owner = name.partition("/")[0].lower()
    return "" if owner in _NO_MODELS else name


def _process(words: str) -> str:
    for process, pattern in _PROCESSES:
        if re.match(pattern, words, re.IGNORECASE):
            return process
    return ""


def _without_front_matter(text: str) -> str:
    match = re.match(r"\s*---[ \t]*\r?\n", text)
    end = re.compile(r"^---[ \t]*\r?$", re.MULTILINE).search(text, match.end()) if match else None
    return text[end.end() :] if end else text
