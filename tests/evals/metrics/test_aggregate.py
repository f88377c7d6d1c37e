# SPDX-License-Identifier: Apache-2.0
"""Aggregations against values that scikit-learn, sacreBLEU and lm-eval 0.4.13 give."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.evals.metrics.aggregate import AGGREGATIONS
from steelyard.evals.metrics.bleu import corpus_bleu, words_international
from steelyard.evals.metrics.chrf import corpus_chrf
from steelyard.evals.metrics.ter import corpus_ter

ANSWERS = ["The cat sat on the mat.", "It cost $1,200.50 (then)", ""]
REFERENCES = [
    ["The cat is on the mat.", "On the mat sat the cat."],
    ["Then it cost $1,200.50.", "It cost 1,200.50 dollars"],
    ["Nothing", "was said"],
]
TEXTS = st.lists(st.text("ab c.,é", max_size=30), min_size=1, max_size=4)


@pytest.mark.parametrize(
    ("name", "values", "wanted"),
    [
        ("mean", [1.0, 0.0, 0.5], 0.5),
        ("median", [3.0, 1.0, 2.0, 4.0], 3.0),
        ("f1", [(1, 1), (1, 0), (0, 1), (0, 0), (1, 1)], 2 / 3),
        ("matthews_corrcoef", [(0, 0), (1, 1), (2, 1), (2, 2), (1, 0)], 0.4375),
        ("brier_score", [(0, (0.5, 0.5)), (1, (0.1, 0.9))], (0.5 + 0.02) / 2),
    ],
)
def test_an_aggregation_has_the_value_that_the_usual_libraries_give(
    name: str, values: list[object], wanted: float
) -> None:
    assert AGGREGATIONS[name](values) == pytest.approx(wanted)


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("“Half” of 1,200.50 is £600.25!", "“ Half ” of 1,200.50 is £ 600.25!"),
        ("In 2019. then...", "In 2019 . then . . ."),
        ("中、é-5%\n(x)", "中 、 é - 5 % ( x )"),
    ],
)
def test_international_tokens_are_those_of_sacrebleu_2_6(text: str, tokens: str) -> None:
    assert words_international(text) == tokens.split()


def test_translation_metrics_are_those_of_sacrebleu_2_6() -> None:
    assert corpus_bleu(REFERENCES, ANSWERS) == pytest.approx(36.20788671287914, abs=1e-9)
    assert corpus_chrf(REFERENCES, ANSWERS) == pytest.approx(61.699571723212266, abs=1e-9)
    assert corpus_chrf(REFERENCES, ANSWERS, words=2) == pytest.approx(57.92986294272027, abs=1e-9)
    assert corpus_ter(REFERENCES, ANSWERS) == pytest.approx(34.78260869565217, abs=1e-9)


@given(TEXTS)
def test_a_text_translates_itself_without_edits(texts: list[str]) -> None:
    assert corpus_ter([[text] for text in texts], texts) == 0.0


@given(TEXTS, TEXTS)
def test_scores_stay_in_their_range(answers: list[str], others: list[str]) -> None:
    count = min(len(answers), len(others))
    references = [[text] for text in others[:count]]
    assert 0 <= corpus_bleu(references, answers[:count]) <= 100.0001
    assert 0 <= corpus_chrf(references, answers[:count]) <= 100.0001
    assert corpus_ter(references, answers[:count]) >= 0
