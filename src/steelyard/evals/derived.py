# SPDX-License-Identifier: Apache-2.0
"""Scores that no task asks for and that say how far its own may be trusted."""

from collections.abc import Sequence

from steelyard.evals.record import Metric, SampleRecord
from steelyard.evals.requests import Answer, Continuation, Likelihood
from steelyard.evals.statistics.bootstrap import bootstrap
from steelyard.evals.statistics.calibration import confidences, expected_calibration_error
from steelyard.evals.statistics.intervals import estimate
from steelyard.evals.tasks.sample import Sample

_EXACT = 7  # decimal places
ECE, STABILITY, FERTILITY = "ece", "stability", "tokens_per_character"


def calibration(
    samples: Sequence[Sample],
    answers: Sequence[Sequence[Answer]],
    rights: Sequence[object] | None = None,
) -> Metric | None:
    """Return the expected calibration error of a multiple choice; None where there is none.

    Confidence is the share of the chosen option in the probability of all options. There is none
    for answers in words, whose probability is not known, and none where being right is not to have
    chosen the likeliest option: pairs of sentences without a right one, or several right answers
    that are weighed together.

    Args:
        samples: What was asked.
        answers: The answers to each.
        rights: For each, the accuracy that a function of the task gave it, or None; by default the
            targets tell.

    Source:
        Guo et al. 2017, arXiv 1706.04599; options as Kadavath et al. 2022, arXiv 2207.05221.
    """
    pairs: list[tuple[float, bool]] = []
    clusters = []
    for place, (sample, given) in enumerate(zip(samples, answers, strict=True)):
        logprobs = [one.logprob for one in given if isinstance(one, Likelihood)]
        logprobs = logprobs[: len(sample.choices)]
        golds = sample.target if isinstance(sample.target, list) else [sample.target]
        if len(logprobs) < 2 or not all(isinstance(gold, int) for gold in golds):
            return None
        shares = confidences(logprobs)
        best = max(range(len(shares)), key=shares.__getitem__)
        if rights is not None and rights[place] != float(best in golds):
            return None
        pairs.append((shares[best], best in golds))
        clusters.append(sample.cluster)
    if not pairs:
        return None
    value = _ece(pairs)
    found = bootstrap(pairs, _ece, clusters)
    low, high, error = found or (value, value, None)
    return Metric(
        name=ECE,
        value=value,
        low=round(min(low, value), _EXACT),
        high=round(max(high, value), _EXACT),
        n=len(pairs),
        error=None if error is None else round(error, _EXACT),
        higher_is_better=False,
    )


def stability(
    plain: Sequence[SampleRecord],
    varied: Sequence[SampleRecord],
    *,
    moved: bool,
) -> Metric | None:
    """Return the share of questions that come to the same when they are put another way.

    Args:
        plain: Samples of a task.
        varied: Samples of the same task with its options in another order, or other white space.
        moved: Whether options stand elsewhere, so that the right answer to a question is another:
            then those are steady that score the same. Else answers in words are that come to the
            same after the task's first filters, right or wrong.
    """
    known = {sample.origin: sample for sample in plain}
    same, clusters = [], []
    for sample in varied:
        before = known.get(sample.origin)
        if before is None or not sample.scores:
            continue
        in_words = sample.filtered and not moved
        held, found = (
            (before.filtered, sample.filtered) if in_words else (before.scores, sample.scores)
        )
        first = next(iter(found))
        same.append(float(held.get(first) == found[first]))
        clusters.append(sample.cluster or sample.origin)
    if not same:
        return None
    made = estimate(same, clusters)
    return Metric(
        name=STABILITY, value=made.value, low=made.low, high=made.high, n=made.n, error=made.error
    )


def fertility(samples: Sequence[Sample], answers: Sequence[Sequence[Answer]]) -> Metric | None:
    """Return how many tokens a character takes in the options of a task that is in one language.

    More tokens for the same text cost more time and money, and leave less room in the context:
    speakers of languages that a tokenizer was not made for pay for it. None where samples name no
    language, or several.

    Source:
        Petrov et al. 2023, arXiv 2305.15425; by characters, since not all scripts part words.
    """
    languages = {sample.slices.get("language", "") for sample in samples}
    if len(languages) != 1 or not languages.copy().pop():
        return None
    pairs, clusters = [], []
    for sample, given in zip(samples, answers, strict=True):
        for request, answer in zip(sample.requests, given, strict=True):
            if isinstance(answer, Likelihood) and isinstance(request, Continuation):
                pairs.append((float(answer.tokens), float(len(request.text))))
                clusters.append(sample.cluster)
    if not pairs:
        return None
    value = _ratio(pairs)
    low, high, error = bootstrap(pairs, _ratio, clusters) or (value, value, None)
    return Metric(
        name=FERTILITY,
        value=round(value, _EXACT),
        low=round(min(low, value), _EXACT),
        high=round(max(high, value), _EXACT),
        n=len(pairs),
        error=None if error is None else round(error, _EXACT),
        higher_is_better=False,
    )


def _ratio(pairs: Sequence[tuple[float, float]]) -> float:
    return sum(tokens for tokens, _ in pairs) / max(1.0, sum(length for _, length in pairs))


def _ece(pairs: Sequence[tuple[float, bool]]) -> float:
    return expected_calibration_error([sure for sure, _ in pairs], [hit for _, hit in pairs])
