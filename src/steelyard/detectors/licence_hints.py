# SPDX-License-Identifier: Apache-2.0
"""Clauses to look for in terms that nobody here has read. A hint says where to look, never what holds."""

import re
from collections.abc import Iterator

import msgspec

_LONGEST_TEXT = 1 << 20  # characters
_MOST = 3  # places that are named for each topic

_CLAUSES = {
    "non-commercial": r"non[\s-]?commercial|commercial(?:\s\w+){0,4}\s(?:not|prohibited|barred|forbidden)"
    r"|(?:not|no|never)(?:\s\w+){0,6}\scommercial|(?:not|never)(?:\s\w+){0,3}\ssell"
    r"|非商业|(?:不得|禁止|不可)[^。\n]{0,12}商(?:业|用)|商业(?:用途|使用)",
    "research-only": r"(?:research|academic|educational|evaluation)(?:\s\w+){0,3}\s(?:only|purposes?)"
    r"|(?:only|solely)(?:\s\w+){0,4}\s(?:research|academic|educational|evaluation)"
    r"|for\s(?:\w+\s){0,2}research|(?:仅|只)[^。\n]{0,10}(?:研究|学术)",
    "active-users": r"(?:monthly|daily)\sactive\susers?|月活|日活|活跃用户",
    "revenue": r"revenues?\b|营业额|年收入",
    "territory": r"欧盟|\bterritory\b|european\sunion|united\skingdom|south\skorea|domiciled",
    "outputs": r"outputs?\b(?:\s[\w,]+){0,14}\s(?:improve|train|distil)"
    r"|(?:improve|train|distil)\w*(?:\s\w+){0,8}\s(?:other|any|another)(?:\s\w+){0,4}\smodels?",
    "naming": r"built\swith\b|powered\sby\b|(?:beginning|start)\sof(?:\s\w+){0,5}\sname",
    "permission": r"书面(?:授权|许可|同意)|(?:written|prior)\s(?:permission|consent|authori[sz]ation)|\bregister\s(?:with|at)\b",
    "military": r"军事|武器|\bmilitary\b|\bwarfare\b|\bweapons?\b",
    "revocable": r"(?<!ir)\brevocable\b|terminate(?:\s\w+){0,4}\sat\sany\stime",
}


class Hint(msgspec.Struct, frozen=True, kw_only=True):
    """A place where a text seems to set a limit.

    Attributes:
        topic: What about, such as `non-commercial`.
        line: Where, from 1.
        words: The words that stand there.
    """

    topic: str
    line: int
    words: str


def clause_hints(text: str) -> tuple[Hint, ...]:
    """Return where a text seems to set limits, by line.

    Example:
        >>> [hint.topic for hint in clause_hints("For non-commercial use only.")]
        ['non-commercial']
    """
    return tuple(sorted(_hints(text[:_LONGEST_TEXT]), key=lambda hint: (hint.line, hint.topic)))


def _hints(text: str) -> Iterator[Hint]:
    for topic, clause in _CLAUSES.items():
        found = re.finditer(clause, text, re.IGNORECASE)
        for _, match in zip(range(_MOST), found, strict=False):
            line = text.count("\n", 0, match.start()) + 1
            yield Hint(topic=topic, line=line, words=" ".join(match[0].split()))
