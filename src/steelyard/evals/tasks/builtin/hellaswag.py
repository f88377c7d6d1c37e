# SPDX-License-Identifier: Apache-2.0
"""HellaSwag: the beginning of a text and four endings, without what WikiHow left in them.

Source: Zellers et al. 2019, HellaSwag, ACL P19-1472; the marks `[title]`, `[header]`, `[step]` of
its WikiHow half are artefacts.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

_MARK = re.compile(r"\[.*?\]")


def prepare(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the rows with `query`, `choices` and `gold`."""
    return [
        {
            **row,
            "query": _clean(f"{row['activity_label']}: {row['ctx_a']} {row['ctx_b'].capitalize()}"),
            "choices": [_clean(ending) for ending in row["endings"]],
            "gold": int(row["label"]),
        }
        for row in rows
    ]


def _clean(text: str) -> str:
    without = _MARK.sub("", text.strip().replace(" [title]", ". "))
    return without.replace("  ", " ")
