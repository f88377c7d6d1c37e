# SPDX-License-Identifier: Apache-2.0
"""Literals of templates: addresses, markup, invisible characters, and instructions that lie in wait."""

import re
from collections.abc import Iterable, Iterator

from steelyard.formats.jinja_show import Node, show, show_constant
from steelyard.formats.jinja_state import Evaluator, State

_WORDS = 12  # words of a literal that make it an instruction rather than a marker
_RUN = 4  # zero-width characters in a row that hide something; an emoji has one or two

# Compiled when first needed: most models have no template.
_ADDRESS = r"(?i)(?:https?|ftp|wss?)://[^\s\"'<>\\\]})]+"
_MARKUP = (
    r"(?i)<\s?(?:script|iframe)\b|javascript:|data:text/html|<\s?(?:img|a|object|embed|link|form|svg"
    r"|meta|video|audio)\s[^<>]{0,200}(?:src|href|action|on\w{1,20})\s?="
)
_BIDIRECTIONAL = "[\u202a-\u202e\u2066-\u2069]"
_TAGS = "[\U000e0000-\U000e007f]"
_ZERO_WIDTH = (
    f"[\u200b-\u200f\u2060-\u2064\ufeff\u180e\ufe00-\ufe0f\U000e0100-\U000e01ef]{{{_RUN},}}"
)
_NATURAL = r"[^\W\d_][\w ,.'?!-]{2,}"  # words, no marker such as <think> or /think


def check_literals(state: State, tree: Node) -> None:
    """Remark on what the literals of a whole template say."""
    for node, text in literals([tree]):
        for pattern, what in (
            (_BIDIRECTIONAL, "characters that change the direction of writing"),
            (_TAGS, "tag characters, which nobody sees"),
            (_ZERO_WIDTH, "a run of characters without width"),
        ):
            if found := re.search(pattern, text):
                message = f"a literal has {what}: {show_constant(found[0])}"
                state.remark("invisible-text", node, message)
        if found := re.search(_MARKUP, text):
            state.remark("markup", node, f"a literal has active markup: {show_constant(found[0])}")
        if found := re.search(_ADDRESS, text):
            state.remark("address", node, f"a literal has an address: {show_constant(found[0])}")


def check_condition(evaluator: Evaluator, test: Node, body: Iterable[Node]) -> None:
    """Remark on text that is only emitted when a message says a certain word."""
    trigger = _trigger(evaluator, test)
    if trigger is None:
        return
    for node, text in literals(body):
        what = ""
        if re.search(_MARKUP, text) or re.search(_ADDRESS, text):
            what = "an address or active markup"
        elif re.fullmatch(_NATURAL, trigger) and len(text.split()) >= _WORDS:
            what = "an instruction"
        if what:
            evaluator.state.remark(
                "hidden-instruction",
                node,
                f"{what} is added only when a message says {show_constant(trigger)}",
                (f"if {show(test)}", f"then {show_constant(text)}"),
            )
            return


def literals(nodes: Iterable[Node]) -> Iterator[tuple[Node, str]]:
    """Yield every literal text of some syntax trees with its node, in order."""
    stack = list(nodes)[::-1]
    while stack:
        node = stack.pop()
        text = getattr(node, "data" if type(node).__name__ == "TemplateData" else "value", None)
        if isinstance(text, str):
            yield node, text
        stack += list(node.iter_child_nodes())[::-1]


def _trigger(evaluator: Evaluator, test: Node) -> str | None:
    """Return the literal that a message is compared with, or searched for."""
    stack = [test]
    while stack:
        node = stack.pop()
        kind = type(node).__name__
        if kind == "Compare":
            sides = [node.expr, *(operand.expr for operand in node.ops)]
        elif kind == "Call" and type(node.node).__name__ == "Getattr":
            sides = [node.node.node, *node.args]
        elif kind == "Test":
            sides = [node.node, *node.args]
        else:
            sides = []
        values = [evaluator.value(side) for side in sides]
        words = [
            word
            for value in values
            for held in value.constants
            for word in (held if isinstance(held, list | tuple) else [held])
            if isinstance(word, str) and word.strip()
        ]
        if words and any(value.message for value in values):
            return words[0]
        stack += list(node.iter_child_nodes())[::-1]
    return None
