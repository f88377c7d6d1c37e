# SPDX-License-Identifier: Apache-2.0
"""Prompts as turns of a conversation: put together as one text, or through a chat template.

Semantics: prompt construction of lm-eval 0.4.13 (`fewshot_context`, `build_qa_turn`).
"""

from collections.abc import Callable, Mapping, Sequence

import msgspec

Chat = Callable[[Sequence[Mapping[str, str]]], str]
"""Gives the text of a conversation, ready for its answer."""


class Turn(msgspec.Struct, frozen=True, kw_only=True):
    """What one side says.

    Attributes:
        role: system, user or assistant.
        content: What is said.
        gap: What follows it where the turns are put together as plain text.
    """

    role: str
    content: str
    gap: str = ""


def question(text: str, *, prefix: str, delimiter: str) -> tuple[Turn, ...]:
    """Return the turns of the question that is to be answered.

    Args:
        text: The question.
        prefix: Beginning of the answer, empty for none.
        delimiter: Between question and answer.
    """
    if not prefix:
        return (Turn(role="user", content=text),)
    apart = delimiter if text and not touches_space(text, prefix) else ""
    return (
        Turn(role="user", content=text, gap=apart),
        Turn(role="assistant", content=prefix),
    )


def example(text: str, answer: str, *, prefix: str, delimiter: str, after: str) -> tuple[Turn, ...]:
    """Return the turns of a question with its answer.

    Args:
        text: The question.
        answer: Its answer; an empty one leaves the question alone.
        prefix: Beginning of the answer, empty for none.
        delimiter: Between question and answer.
        after: What follows the answer.
    """
    if not answer:
        return question(text, prefix=prefix, delimiter=delimiter)
    apart = delimiter if not prefix or (text and not touches_space(text, prefix)) else ""
    return (
        Turn(role="user", content=text, gap=apart),
        Turn(role="assistant", content=delimited(prefix, answer, " "), gap=after),
    )


def touches_space(left: str, right: str) -> bool:
    """Tell whether there is white space where two texts, neither empty, would meet."""
    return left[-1].isspace() or right[0].isspace()


def delimited(left: str, right: str, delimiter: str) -> str:
    """Return two texts put together, apart unless there is white space already."""
    if not left or not right:
        return left or right
    return left + right if touches_space(left, right) else left + delimiter + right


def plain(turns: Sequence[Turn]) -> str:
    """Return turns put together as one text."""
    return "".join(turn.content + turn.gap for turn in turns)


def chatted(turns: Sequence[Turn], chat: Chat, *, multiturn: bool) -> str:
    """Return turns as a conversation by a chat template, ending where the answer goes on.

    Args:
        turns: At least one; a last one of the assistant is the beginning of the answer.
        chat: The template.
        multiturn: Whether examples stay turns; else they are one text with the question.
    """
    system = [turn for turn in turns[:1] if turn.role == "system"]
    rest = list(turns[len(system) :])
    begun = rest.pop().content if rest and rest[-1].role == "assistant" else ""
    if not multiturn and rest:
        last = msgspec.structs.replace(rest[-1], gap="")
        rest = [Turn(role="user", content=plain([*rest[:-1], last]))]
    said = [{"role": turn.role, "content": turn.content} for turn in (*system, *rest)]
    return chat(said) + begun
