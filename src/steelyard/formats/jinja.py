# SPDX-License-Identifier: Apache-2.0
"""Jinja templates: parsed to their syntax tree and walked, never rendered."""

from steelyard.core.errors import LimitError, MalformedError
from steelyard.formats.jinja_literals import check_literals
from steelyard.formats.jinja_show import Node
from steelyard.formats.jinja_state import Idioms, Remark, State
from steelyard.formats.jinja_statements import Statements

__all__ = ["LONGEST", "Idioms", "Remark", "parse", "remarks"]

LONGEST = 256 << 10  # characters; the longest templates of real models have 30,000
_NODES = 100_000  # of a syntax tree; the largest of real models have 10,000
_WORK = 1_000_000  # nodes walked until values settle; real templates are walked three or four times
_SETTLING = 6  # walks after which no further constants are told apart


def parse(text: str) -> Node:
    """Return the syntax tree of a template, as renderers of chat templates would parse it.

    Known are the tags `break`, `continue` and `do`, and the tag `generation` of transformers.

    Raises:
        MalformedError: It is no template.
        LimitError: It is too long, or nested too deep.

    Source:
        Jinja 3.1, template designer documentation; transformers 4.42, `apply_chat_template`.
    """
    if len(text) > LONGEST:
        raise LimitError(f"template of {len(text):,} characters, more than {LONGEST:,}")
    from jinja2 import Environment, TemplateError
    from jinja2.ext import Extension
    from jinja2.nodes import Scope
    from jinja2.parser import Parser

    class Generation(Extension):
        """The tag `generation`, around what the assistant says."""

        tags = {"generation"}  # noqa: RUF012 - Jinja's own interface

        def parse(self, parser: Parser) -> Scope:
            """Parse the block; nothing of it matters here but what is inside."""
            line = next(parser.stream).lineno
            body = parser.parse_statements(("name:endgeneration",), drop_needle=True)
            return Scope(body, lineno=line)

    environment = Environment(  # noqa: S701 - nothing is ever rendered
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.loopcontrols", "jinja2.ext.do", Generation],
    )
    try:
        return environment.parse(text)
    except TemplateError as error:
        line = getattr(error, "lineno", 0)
        raise MalformedError(f"no Jinja template: {error.message} (line {line})") from error
    except (ValueError, ArithmeticError, LookupError) as error:
        raise MalformedError("no Jinja template: a literal that cannot be read") from error
    except RecursionError as error:
        raise LimitError("template nested too deep to be parsed") from error


def remarks(text: str, idioms: Idioms) -> tuple[Remark, ...]:
    """Return whatever in a template real templates do not do, by line.

    Values are followed through variables, namespaces, macros and loops until nothing new turns up,
    so a name counts as what it comes to, however it is put together.

    Raises:
        MalformedError: It is no template.
        LimitError: It is too long, or nested too deep.
    """
    tree = parse(text)
    try:
        return _walked(tree, idioms)
    except RecursionError as error:
        raise LimitError("template nested too deep to be examined") from error


def _walked(tree: Node, idioms: Idioms) -> tuple[Remark, ...]:
    macros, count = _macros(tree)
    state = State(idioms, macros)
    statements = Statements(state)
    for walk in range(max(_SETTLING, _WORK // count)):
        state.settled = walk >= _SETTLING
        state.begin()
        statements.walk(tree.body)
        if not state.changed:
            check_literals(state, tree)
            return tuple(state.remarks())
    raise LimitError("template whose values do not settle")


def _macros(tree: Node) -> tuple[dict[str, list[Node]], int]:
    """Return the macros by name, and how many nodes the tree has."""
    macros: dict[str, list[Node]] = {}
    stack, count = [tree], 0
    while stack:
        node = stack.pop()
        count += 1
        if count > _NODES:
            raise LimitError(f"template of more than {_NODES:,} syntax nodes")
        if type(node).__name__ == "Macro":
            macros.setdefault(node.name, []).append(node)
        stack += node.iter_child_nodes()
    return macros, count
