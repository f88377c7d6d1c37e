# SPDX-License-Identifier: Apache-2.0
"""Scores that no task asks for."""

import msgspec

from steelyard.core.digest import digest_bytes
from steelyard.evals.derived import calibration, fertility, stability
from steelyard.evals.record import SampleRecord
from steelyard.evals.requests import Continuation, Likelihood
from steelyard.evals.tasks.sample import Sample


def sample(number: int, *, right: int = 0, **changes: object) -> Sample:
    digest = digest_bytes(str(number).encode())
    fields = {
        "task": "quiz",
        "index": number,
        "digest": digest,
        "origin": digest,
        "row": {},
        "target": right,
        "choices": ("yes", "no"),
        "requests": tuple(Continuation(context="?", text=text) for text in (" yes", " no")),
        "cluster": digest,
    }
    return Sample(**{**fields, **changes})


def answers(*logprobs: float, tokens: int = 1) -> tuple[Likelihood, ...]:
    return tuple(Likelihood(logprob=one, greedy=False, tokens=tokens) for one in logprobs)


def record(number: int, score: float) -> SampleRecord:
    digest = digest_bytes(str(number).encode())
    return SampleRecord(
        task="quiz", index=number, sample=digest, origin=digest, scores={"acc": score}
    )


def test_a_model_that_is_sure_and_wrong_is_badly_calibrated() -> None:
    samples = [sample(number, right=1) for number in range(4)]
    found = calibration(samples, [answers(-0.001, -20.0)] * 4)
    assert found is not None
    assert found.value > 0.99
    assert not found.higher_is_better


def test_a_task_without_options_has_no_calibration() -> None:
    assert calibration([sample(0, choices=())], [answers(-1.0)]) is None


def test_a_choice_that_is_not_right_by_its_likeliest_option_has_no_calibration() -> None:
    asked = [sample(number) for number in range(2)]
    given = [answers(-0.1, -2.0)] * 2
    assert calibration(asked, given, [1.0, 1.0]) is not None
    assert calibration(asked, given, [0.7, 1.0]) is None
    assert calibration(asked, given, [None, None]) is None


def test_answers_in_words_are_steady_where_they_come_to_the_same() -> None:
    def said(number: int, text: str) -> SampleRecord:
        return msgspec.structs.replace(record(number, 0.0), filtered={"number": text, "all": "x"})

    plain = [said(1, "4"), said(2, "5"), said(3, "6")]
    varied = [said(1, "4"), said(2, "7"), said(3, "6")]
    found = stability(plain, varied, moved=False)
    assert found is not None
    assert (round(found.value, 4), found.n) == (0.6667, 3)
    moved = stability(plain, varied, moved=True)
    assert moved is not None
    assert moved.value == 1.0


def test_questions_that_score_the_same_another_way_are_steady() -> None:
    plain = [record(number, 1.0) for number in range(4)]
    varied = [record(number, float(number != 0)) for number in range(4)]
    found = stability(plain, varied, moved=False)
    assert found is not None
    assert (found.value, found.n) == (0.75, 4)


def test_questions_that_were_not_asked_plainly_say_nothing_of_steadiness() -> None:
    assert stability([record(1, 1.0)], [record(2, 1.0)], moved=False) is None


def test_a_language_costs_its_tokens_by_character() -> None:
    samples = [sample(number, slices={"language": "et"}) for number in range(3)]
    found = fertility(samples, [answers(-1.0, -2.0, tokens=3)] * 3)
    assert found is not None
    assert found.value == round(6 / 7, 7)  # ' yes' and ' no' are seven characters


def test_a_task_in_several_languages_has_no_single_cost() -> None:
    samples = [sample(0, slices={"language": "et"}), sample(1, slices={"language": "it"})]
    assert fertility(samples, [answers(-1.0, -2.0)] * 2) is None
