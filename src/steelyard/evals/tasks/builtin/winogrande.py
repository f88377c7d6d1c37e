# SPDX-License-Identifier: Apache-2.0
"""WinoGrande: two beginnings of a sentence, each with a name in the gap, and one ending.

Source: Sakaguchi et al. 2020, WinoGrande, AAAI; partial evaluation after Trinh and Le 2018,
arXiv 1806.02847.
"""

from collections.abc import Mapping
from typing import Any


def right(row: Mapping[str, Any]) -> int:
    """Return which beginning is right, from 0."""
    return int(row["answer"]) - 1


def ending(row: Mapping[str, Any]) -> str:
    """Return what follows the gap."""
    return str(row["sentence"]).partition("_")[2].strip()


def beginnings(row: Mapping[str, Any]) -> list[str]:
    """Return the text up to the gap with either name in it."""
    before = str(row["sentence"]).partition("_")[0]
    return [before + row["option1"], before + row["option2"]]
