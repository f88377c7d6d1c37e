# SPDX-License-Identifier: Apache-2.0
"""The answers for a use are right, or honestly unknown, and never a yes that the texts do not give."""

from collections import Counter

import pytest
from benchmarks.use_cases import Case, cases, outcome

ALL = list(cases())


@pytest.mark.parametrize("case", ALL, ids=lambda case: case.id)
def test_a_case_is_answered_as_the_texts_say(case: Case) -> None:
    result = outcome(case)
    assert (result.answer, result.wrong, result.kind) == (result.answer, (), "right"), case.why


def test_every_case_has_a_name_of_its_own_and_a_reason() -> None:
    assert [id for id, count in Counter(case.id for case in ALL).items() if count > 1] == []
    assert [case.id for case in ALL if len(case.why.split()) < 3] == []
